"""``caval render PATH… --out PNG``: the real window, drawn without a screen."""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.cli import EXIT_DONE, EXIT_USAGE, complain, existing_path, print_json
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from viewer.app import Application

LAYOUTS = ("review", "align", "library")
LATER = ("compare", "teach")
PATIENCE_S = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("paths", nargs="*", type=existing_path, metavar="PATH")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG")
    parser.add_argument("--size", default="1920x1080", metavar="WxH")
    parser.add_argument("--layout", choices=LAYOUTS + LATER, default="review")
    parser.add_argument("--run-frame", type=int, metavar="N", help="0-based")
    parser.add_argument("--pullback-frame", type=int, metavar="N", help="0-based")
    parser.add_argument("--subtract", action="store_true", help="not available yet")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Draw the window to a picture."""
    size = re.fullmatch(r"(\d{3,5})x(\d{3,5})", args.size)
    if size is None:
        complain(f"--size {args.size}: not a size; write it as 1920x1080")
        return EXIT_USAGE
    if args.layout in LATER or args.subtract:
        what = "--subtract" if args.subtract else f"--layout {args.layout}"
        complain(f"{what} is not available yet; leave it out")
        return EXIT_USAGE
    for path in args.paths:
        if not path.exists():
            raise UnreadableError(f"{path}: there is no such file or folder", "check the path")
    wanted = (int(size[1]), int(size[2]))
    draw(
        args.paths,
        args.out,
        wanted,
        layout=args.layout,
        run_frame=args.run_frame,
        pullback_frame=args.pullback_frame,
    )
    if args.json:
        print_json({"png": str(args.out.absolute()), "size": list(wanted)})
    else:
        print(args.out.absolute())
    return EXIT_DONE


def draw(
    wanted: Sequence[Path],
    out: Path,
    size: tuple[int, int],
    *,
    layout: str = "review",
    run_frame: int | None = None,
    pullback_frame: int | None = None,
) -> None:
    """Draw the window on paths to a PNG of `size` (width, height) px.

    Raises
    ------
    UnreadableError
        Nothing could be opened, or the picture can't be written.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from viewer.app import Application, qt_application

    application = Application(qt_application(), remembers=False)
    try:
        application.window.resize(*size)
        application.window.show()
        if wanted and layout != "library":
            _open_and_wait(application, wanted)
            _place(application, layout, run_frame, pullback_frame)
        wait(application, lambda: application.is_complete)
        if not application.window.grab().save(str(out), "PNG"):
            raise UnreadableError(f"{out} can't be written", "choose another folder")
    finally:
        application.close()


def _open_and_wait(application: Application, wanted: Sequence[Path]) -> None:
    done: list[bool] = []
    application.on_opened = lambda: done.append(True)
    application.open(wanted)
    wait(application, lambda: bool(done))
    session = application.session
    if not session.case.image_sets and not session.review.images:
        names = ", ".join(str(path) for path in wanted)
        raise UnreadableError(f"{names}: nothing to review in it", "see `caval index`")


def _place(
    application: Application,
    layout: str,
    run_frame: int | None,
    pullback_frame: int | None,
) -> None:
    from viewer.session.state import Workspace

    session = application.session
    if run_frame is not None:
        session.set_run_frame(run_frame)
    if pullback_frame is not None:
        session.set_pullback_frame(pullback_frame)
    if layout == "align":
        session.set_workspace(Workspace.ALIGN)


def wait(application: Application, ready: Callable[[], bool]) -> None:
    """Let the window work until `ready()`."""
    until = time.monotonic() + PATIENCE_S
    while not ready():
        application.qt.processEvents()
        time.sleep(0.002)
        if time.monotonic() > until:
            raise UnreadableError("The window did not finish in two minutes", "try again")
    application.qt.processEvents()
