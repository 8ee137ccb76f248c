"""Starts the processes that are measured, and listens to the one JSON object each prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from viewer.errors import UnreadableError


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said, and the moments it was started and had ended.

    Times are of `time.perf_counter`, which all processes of one machine share.
    """

    said: dict[str, Any]
    begun_s: float
    ended_s: float

    @property
    def seconds(self) -> float:
        """From its start to its end."""
        return self.ended_s - self.begun_s


def python_module(name: str, *words: object, patience_s: float, home: Path | None = None) -> Answer:
    """Run a module of `viewer.benchmarks` in a fresh interpreter, without a screen."""
    command = [sys.executable, "-m", f"viewer.benchmarks.{name}", *map(str, words)]
    return ask(command, patience_s=patience_s, home=home)


def ask(command: Sequence[str], *, patience_s: float, home: Path | None = None) -> Answer:
    """Run a command to its end; it is killed after `patience_s`.

    Raises
    ------
    UnreadableError
        It failed or took too long.
    """
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs are compiled once, not each start
    if home is not None:
        env["CAVAL_HOME"] = str(home)
    begun_s = time.perf_counter()
    try:
        done = subprocess.run(  # noqa: S603  the command is ours
            command, env=env, capture_output=True, text=True, timeout=patience_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableError(f"{command[-1]} took longer than {patience_s:g} s") from error
    ended_s = time.perf_counter()
    lines = done.stdout.strip().splitlines()
    if done.returncode:
        raise UnreadableError(
            f"a measured process ended with {done.returncode}", detail=done.stderr[-2000:]
        )
    said = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Answer(said, begun_s, ended_s)


@contextmanager
def own_home(base: Path) -> Iterator[Path]:
    """A home for the measured window, so that a person's settings and reviews stay out of it."""
    base.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="home-", dir=base))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(median(values))
