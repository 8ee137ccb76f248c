"""Finding the lumen on every frame of a pullback, in a process of its own.

Long numpy work in a thread would hold the window up by Python's lock; a process does not, and
cancelling ends it at once.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.errors import UnreadableError, ViewerError
from viewer.model.contour import Contour, Points

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from viewer.imaging.lumen import LumenBorders, LumenFinder
    from viewer.model.study import ImageSet
    from viewer.session.background import FrameSource

_log = logging.getLogger(__name__)

Post = Callable[[Callable[[], None]], None]
"""Runs something on the main thread, soon."""

STEP = 0.02
"""Progress is told in steps of so much."""


def finder_for(image_set: ImageSet, source: FrameSource) -> LumenFinder:
    """A finder of the borders of an opened image set.

    Raises
    ------
    UnreadableError
        No frame can be read, or they are too small.
    """
    from viewer.imaging.lumen import LumenFinder
    from viewer.imaging.window import apply_display, auto_window, display_lut

    first = np.asarray(source.frame(0))
    to_grey = None
    if first.ndim == 2 and first.dtype.name != "uint8":
        table = display_lut(image_set.pixels, first.dtype, auto_window(image_set.pixels, first))

        def to_grey(values: Any) -> Any:
            return apply_display(values, table)

    return LumenFinder(image_set.frames, source.frame, to_grey, image_set.pixels.aspect)


def contours_from(borders: LumenBorders, pullback_uid: str) -> tuple[Contour, ...]:
    """Borders that were found, as automatic contours; frames without one are left out."""
    made = []
    for frame, points, sure, why in zip(
        borders.frames.tolist(), borders.points_px, borders.confidence, borders.reason, strict=True
    ):
        if np.isfinite(points).all():
            confidence = float(np.clip(sure, 0.0, 1.0))
            contour = Contour.of(
                pullback_uid, frame, points, confidence=round(confidence, 3), note=why
            )
            made.append(contour)
    return tuple(made)


class LumenSearch:
    """One search under way.

    Parameters
    ----------
    fixed : mapping of int to ndarray (k, 2)
        Outlines a person stands behind, stored px.
    told, done : callable
        On the main thread: the share done, 0 to 1; at the end the contours or what went wrong.
        Neither after `cancel`.
    """

    def __init__(
        self,
        image_set: ImageSet,
        fixed: Mapping[int, Points],
        post: Post,
        told: Callable[[float], None],
        done: Callable[[Sequence[Contour] | ViewerError], None],
    ) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        self._uid, self._post = image_set.uid, post
        self._told, self._done = told, done
        self._over = False
        self._process = context.Process(
            target=_search, args=(theirs, image_set, dict(fixed)), daemon=True
        )
        self._process.start()
        theirs.close()
        self._thread = threading.Thread(target=self._listen, args=(ours,), daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End it; nothing more is told."""
        self._over = True
        self._process.kill()

    def _listen(self, messages: Connection) -> None:
        answer: Sequence[Contour] | ViewerError = UnreadableError(
            "The search for the lumen ended early", "Try again; details are in the log."
        )
        try:
            while True:
                kind, what = messages.recv()
                if kind == "done":
                    answer = contours_from(what, self._uid)
                    break
                if kind == "failed":
                    answer = UnreadableError(*what)
                    break
                self._post(partial(self._tell, float(what)))
        except EOFError:
            if not self._over:
                _log.warning("the search for the lumen ended without an answer")
        finally:
            messages.close()
        self._process.join()
        self._post(lambda: self._end(answer))

    def _tell(self, share: float) -> None:
        if not self._over:
            self._told(share)

    def _end(self, answer: Sequence[Contour] | ViewerError) -> None:
        if not self._over:
            self._over = True
            self._done(answer)


def _search(messages: Connection, image_set: ImageSet, fixed: Mapping[int, Points]) -> None:
    """What the other process does."""
    from viewer.dicom.frames import open_frames

    last = [0.0]

    def progress(share: float) -> None:
        if share >= last[0] + STEP or share >= 1.0:
            last[0] = share
            messages.send(("share", share))

    try:
        source = open_frames(image_set)
        try:
            finder = finder_for(image_set, source)
            kept = {frame: points.astype(np.float32) for frame, points in fixed.items()}
            messages.send(("done", finder.find(None, kept, progress)))
        finally:
            source.close()
    except ViewerError as error:
        messages.send(("failed", (error.what, error.hint)))
    except BrokenPipeError:
        _log.info("the window that asked for the lumen is gone")
