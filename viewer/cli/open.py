"""``caval open PATH…``: the window, empty or on these files."""

from __future__ import annotations

import argparse
import gc
import os
import sys

from viewer.cli import EXIT_DONE, existing_path
from viewer.errors import UnreadableError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("paths", nargs="*", type=existing_path, metavar="PATH")


def run(args: argparse.Namespace) -> int:
    """Open the window."""
    for path in args.paths:
        if not path.exists():
            raise UnreadableError(f"{path}: there is no such file or folder", "check the path")
    if not has_display():
        raise UnreadableError(
            "there is no display to open a window on",
            "use a desktop session, or `caval render PATH… --out PICTURE.png`",
        )
    gc.disable()  # a tenth of the start would go into it; `app.run` lets it work again
    from viewer import app

    return app.run(args.paths) or EXIT_DONE


def has_display() -> bool:
    """Whether a window can be shown: always but on Linux without X11 or Wayland."""
    if os.environ.get("QT_QPA_PLATFORM"):
        return True
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
