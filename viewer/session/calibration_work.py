"""Measuring what was clicked on the frame loader's workers; only what is still wanted is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from viewer.errors import UnreadableError, ViewerError
from viewer.model.reader_calibration import ReaderCalibration
from viewer.model.study import ImageSet
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

Found = tuple[ReaderCalibration, str]
"""A calibration and what its ± consists of, for people."""

Measure = Callable[[Frame], Found]
Tell = Callable[[Found | ViewerError, bool], None]
"""Told the result, and whether a newer one is on its way already."""

KEY = "calibrating"


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    item: ImageSet
    frame: int
    measure: Measure
    tell: Tell


class CalibrationWork:
    """One measurement at a time; of those asked for meanwhile only the newest is done.

    Dragging a point thus never keeps more than one worker busy, and never fills a queue.
    """

    def __init__(self, loader: FrameLoader) -> None:
        self._loader = loader
        self._wanted: _Order | None = None
        self._running = False
        self._serial = 0

    def ask(self, item: ImageSet, frame: int, measure: Measure, tell: Tell) -> None:
        """Measure on a frame's stored values; `tell` is called on the main thread."""
        self._wanted = _Order(item, frame, measure, tell)
        if not self._running:
            self._start()

    def cancel(self) -> None:
        """Nothing that was asked for is told any more."""
        self._serial += 1
        self._wanted = None
        if not self._running:
            self._loader.cancel_background(KEY)

    def _start(self) -> None:
        order, self._wanted = self._wanted, None
        if order is None:
            return
        serial, answers = self._serial, list[Found | ViewerError]()

        def visit(_: int, pixels: Frame | UnreadableError) -> None:
            if serial != self._serial:
                return
            self._running = True
            try:
                answers.append(_measured(order, pixels))
            finally:
                self._running = False

        def finished(error: UnreadableError | None) -> None:
            newer = self._wanted is not None
            if serial == self._serial:
                order.tell(error or answers[0], newer)
            self._start()

        self._loader.submit_background(KEY, order.item, [order.frame], visit, finished=finished)


def _measured(order: _Order, pixels: Frame | UnreadableError) -> Found | ViewerError:
    if isinstance(pixels, UnreadableError):
        return pixels
    try:
        return order.measure(pixels)
    except ViewerError as error:
        return error
