"""Built-in cases: synthetic ones, written once into the program's own folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from viewer import __version__, paths
from viewer.errors import UnreadableError
from viewer.phantom.cases import CASES, write_case

SEED = 1


def built_in_case(name: str, progress: Callable[[float, str], None] | None = None) -> Path:
    """The folder of a built-in case; written on first use and after an update.

    Parameters
    ----------
    progress : callable, optional
        ``progress(share done 0-1, what is being written)``, from the calling thread.

    Raises
    ------
    UnreadableError
        There is no built-in case of that name, or it can't be written.
    """
    if name not in CASES:
        known = ", ".join(CASES)
        raise UnreadableError(f"There is no built-in case {name}", f"choose one of: {known}")
    folder = paths.cases_dir() / f"{name}-{__version__}"
    if folder.is_dir():
        return folder
    try:
        paths.cases_dir().mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=paths.cases_dir()))
    except OSError as error:
        raise UnreadableError(
            f"{paths.cases_dir()} can't be written",
            "free some space, or set CAVAL_HOME to a folder that can be written",
            str(error),
        ) from error
    try:
        write_case(name, made, SEED, progress)
        made.replace(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder
