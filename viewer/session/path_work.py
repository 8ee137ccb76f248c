"""The vein in space is made on the window's workers: an edit does not wait for it."""

from __future__ import annotations

from collections.abc import Callable

from viewer.errors import UnreadableError
from viewer.model.study import Run
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

_KEY = "vein in space"


def paths_on_workers(
    loader: FrameLoader,
) -> Callable[[Run, Callable[[], object], Callable[[object], None]], None]:
    """What `TwoViews.worker` is in a window: of what is asked for, the newest comes."""

    def order(run: Run, make: Callable[[], object], done: Callable[[object], None]) -> None:
        answers: list[object] = []

        def visit(_: int, _read: Frame | UnreadableError) -> None:
            answers.append(make())

        def finished(_: UnreadableError | None) -> None:
            done(answers[0] if answers else make())

        loader.submit_background(_KEY, run, (0,), visit, finished=finished)

    return order
