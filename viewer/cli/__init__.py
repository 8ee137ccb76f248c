"""The command line: one module a verb, imported when the verb is asked for.

A verb module offers ``add_arguments(parser)`` and ``run(args) -> int``; what it needs to work it
imports inside ``run``, so that help and version answer without Qt, SciPy or pydicom.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from viewer import __version__
from viewer.errors import ViewerError

EXIT_DONE = 0
EXIT_USAGE = 2
EXIT_UNREADABLE = 3
EXIT_PARTLY = 4

VERBS: dict[str, str] = {
    "open": "open the window, empty or on these files",
    "demo": "open the window on a built-in case",
    "index": "read headers and list what there is to review",
    "decode": "decode frames and print their checksums",
    "subtract": "digital subtraction: frames less their mask",
    "opacify": "where contrast goes and when: peak, time to peak",
    "centerline": "the vein's course on a run, through points on it",
    "reconstruct": "the vein in space and its true length, from two runs",
    "lumen": "the lumen's border and its figures on every pullback frame",
    "sync": "position of every pullback frame along the vein",
    "render": "draw the real window to a picture, without a screen",
    "measure": "every number of a review: stenoses, clot and clearance, stents",
    "export": "write a review's tables and pictures",
    "phantom": "write a synthetic case with its exact truth",
    "bench": "measure the program on this machine",
}


def _parser(verb: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="caval",
        description="Review and teaching of deep-venous procedures. Not for diagnostic use.",
    )
    parser.add_argument("--version", action="version", version=f"caval {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, text in VERBS.items():
        sub = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == verb:
            importlib.import_module(f"viewer.cli.{name}").add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; without one, open the window.

    Returns
    -------
    int
        0 done, 2 usage, 3 an input can't be read or used, 4 done in part.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words:
        words = ["open"]
    verb = next((word for word in words if not word.startswith("-")), None)
    _print_whatever_comes()
    args = _parser(verb).parse_args(words)
    _log_quietly()
    try:
        return int(importlib.import_module(f"viewer.cli.{args.verb}").run(args))
    except ViewerError as error:
        complain(error)
        return EXIT_UNREADABLE
    except BrokenPipeError:
        return EXIT_DONE
    except KeyboardInterrupt:
        print("caval: stopped", file=sys.stderr)
        return 130
    except Exception as error:  # noqa: BLE001 - the last stop: told in a line, kept in the log
        return _unexpected(args.verb, error)


def _log_quietly() -> None:
    """Keep log lines off stderr, which is for what `complain` says; the window keeps its log."""
    import logging

    logger = logging.getLogger("viewer")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _print_whatever_comes() -> None:
    """Let a name that the terminal can't show be printed escaped, never end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _unexpected(verb: str, error: Exception) -> int:
    """Say that the program failed, and keep where in the log (no values, no patient data)."""
    import traceback

    from viewer import paths

    kept = paths.log_file()
    where = "".join(traceback.format_tb(error.__traceback__))
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="utf-8") as log:
            log.write(f"caval {verb}: {type(error).__name__}\n{where}")
        hint = f"{kept} says where"
    except OSError:
        hint = f"{where.strip().splitlines()[-2].strip()}, and no log can be written"
    complain(f"{verb}: a problem the program did not expect ({type(error).__name__}); {hint}")
    return EXIT_UNREADABLE


def complain(problem: ViewerError | str) -> None:
    """One line on stderr, in the form ``caval: PATH: what is wrong; what to do``."""
    print(f"caval: {problem}", file=sys.stderr)


def print_json(answer: Mapping[str, object]) -> None:
    """Exactly one JSON object on stdout; unknown is null, never NaN.

    Beyond ASCII it is escaped: any terminal can take it, and so can a file name that is no text.
    """
    print(json.dumps(answer, allow_nan=False))


def existing_path(text: str) -> Path:
    """A path given on the command line, made absolute; whether it exists is the verb's matter.

    A name that only begins with ``~`` is a name: the shell has put in homes already.
    """
    if not text:
        raise argparse.ArgumentTypeError("a path is empty; give a file or a folder")
    path = Path(text)
    return (path.expanduser() if path.parts[:1] == ("~",) else path).absolute()
