"""``caval render PATH… --out PNG``: the real window, drawn without a screen."""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.cli import EXIT_DONE, EXIT_PARTLY, EXIT_USAGE, complain, existing_path, print_json
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from viewer.app import Application
    from viewer.model.study import ImageSet

LAYOUTS = ("review", "align", "compare", "library")
LATER = ("teach",)
PATIENCE_S = 120.0
POSITIONS_PATIENCE_S = 20.0
LARGEST_SIDE = 16_384
"""Pixels of a picture's side; more would take gigabytes to draw."""


class NoSuchFrameError(Exception):
    """A frame was asked for that the images don't have; the text says which there are."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that was written.

    Attributes
    ----------
    size : tuple of int
        (width, height) px: what was asked for, or the least the window needs.
    left_out : tuple of str
        What of the paths is not in it, a line each.
    """

    size: tuple[int, int]
    left_out: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("paths", nargs="*", type=existing_path, metavar="PATH")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG")
    parser.add_argument("--size", default="1920x1080", metavar="WxH")
    parser.add_argument("--layout", choices=LAYOUTS + LATER, default="review")
    parser.add_argument("--run-frame", type=int, metavar="N", help="0-based")
    parser.add_argument("--pullback-frame", type=int, metavar="N", help="0-based")
    parser.add_argument("--subtract", action="store_true", help="frames of the run less their mask")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Draw the window to a picture."""
    size = re.fullmatch(r"(\d{3,5})x(\d{3,5})", args.size)
    if size is None or max(int(size[1]), int(size[2])) > LARGEST_SIDE:
        complain(f"--size {args.size}: not a size; write it as 1920x1080")
        return EXIT_USAGE
    if args.layout in LATER:
        complain(f"--layout {args.layout} is not available yet; leave it out")
        return EXIT_USAGE
    for path in args.paths:
        if not path.exists():
            raise UnreadableError(f"{path}: there is no such file or folder", "check the path")
    wanted = (int(size[1]), int(size[2]))
    try:
        drawn = draw(
            args.paths,
            args.out,
            wanted,
            layout=args.layout,
            run_frame=args.run_frame,
            pullback_frame=args.pullback_frame,
            subtract=args.subtract,
        )
    except NoSuchFrameError as error:
        complain(str(error))
        return EXIT_USAGE
    for line in drawn.left_out:
        complain(line)
    if drawn.size != wanted:
        complain(f"--size {args.size}: the window needs {drawn.size[0]}x{drawn.size[1]}; used")
    if args.json:
        print_json({"png": str(args.out.absolute()), "size": list(drawn.size)})
    else:
        print(args.out.absolute())
    return EXIT_PARTLY if drawn.left_out else EXIT_DONE


def draw(
    wanted: Sequence[Path],
    out: Path,
    size: tuple[int, int],
    *,
    layout: str = "review",
    run_frame: int | None = None,
    pullback_frame: int | None = None,
    subtract: bool = False,
) -> Drawn:
    """Draw the window on paths to a PNG of `size` (width, height) px.

    Raises
    ------
    UnreadableError
        Nothing could be opened, or the picture can't be written.
    NoSuchFrameError
        `run_frame` or `pullback_frame` (0-based) is none of the images', or `subtract` is asked
        for and there is no run that can be subtracted.
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
        if subtract:
            _subtract(application)
        wait(application, lambda: application.is_complete)
        _wait_for_positions(application)
        picture = application.window.grab()
        if not picture.save(str(out), "PNG"):
            raise UnreadableError(f"{out}: the picture can't be written", "choose another folder")
        left_out = tuple(_left_out(application)) if wanted else ()
        return Drawn((picture.width(), picture.height()), left_out)
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
        _check_frame("--run-frame", run_frame, session.run)
        session.set_run_frame(run_frame)
    if pullback_frame is not None:
        _check_frame("--pullback-frame", pullback_frame, session.pullback)
        session.set_pullback_frame(pullback_frame)
    if layout in ("align", "compare"):
        session.set_workspace(Workspace(layout))


def _check_frame(option: str, frame: int, shown: ImageSet | None) -> None:
    if shown is None:
        raise NoSuchFrameError(f"{option} {frame}: no such images are shown; leave it out")
    if not 0 <= frame < shown.frames:
        raise NoSuchFrameError(f"{option} {frame}: choose from 0 to {shown.frames - 1}")


def _subtract(application: Application) -> None:
    run, contrast = application.session.run, application.window.contrast
    why_not = contrast.subtractions.why_not(run) if run is not None else "no run is shown"
    if run is None or why_not:
        raise NoSuchFrameError(f"--subtract: {why_not.rstrip('.')}; leave it out")
    contrast.toggle_subtraction(run)


def _left_out(application: Application) -> Iterator[str]:
    """What was asked for and can't be seen in the window, a line each."""
    session, contrast = application.session, application.window.contrast
    run = session.run
    if run is not None and contrast.dsa(run) is not None and contrast.note(run):
        yield f"{run.paths[0]}: {contrast.note(run)}"
    for item in session.case.held:
        yield (
            f"{item.paths[0]}: WARNING: of another patient, held and not shown; "
            "open one patient's images at a time"
        )
    for skipped in session.case.skipped:
        yield f"{skipped.path}: {skipped.reason}"
    for reference in session.missing_images():
        yield (
            f"{reference.description or reference.role} (series {reference.series_uid}): "
            "the review's images were not found; name their folder too"
        )


def _wait_for_positions(application: Application) -> None:
    """Let the frames find their last place; one that never comes is not waited for long."""
    pulls = application.session.pulls
    until = time.monotonic() + POSITIONS_PATIENCE_S
    while pulls is not None and not pulls.is_final and time.monotonic() < until:
        application.qt.processEvents()
        time.sleep(0.002)
    wait(application, lambda: application.is_complete)


def wait(application: Application, ready: Callable[[], bool]) -> None:
    """Let the window work until `ready()`."""
    until = time.monotonic() + PATIENCE_S
    while not ready():
        application.qt.processEvents()
        time.sleep(0.002)
        if time.monotonic() > until:
            raise UnreadableError("The window did not finish in two minutes", "try again")
    application.qt.processEvents()
