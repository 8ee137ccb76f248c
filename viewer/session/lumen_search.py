"""Finding the lumen on every frame of a pullback, in a process of its own.

Long numpy work in a thread would hold the window up by Python's lock; a process does not, and
cancelling ends it at once.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.errors import UnreadableError, ViewerError
from viewer.imaging.lumen import LumenBorders, LumenFinder
from viewer.model.contour import Contour, Points

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from viewer.model.study import ImageSet
    from viewer.session.background import FrameSource

_log = logging.getLogger(__name__)

Post = Callable[[Callable[[], None]], None]
"""Runs something on the main thread, soon."""

STEP = 0.02
"""Progress is told in steps of so much."""

PROCESSES = 2
LEAST_SHARED = 200
"""Fewer frames are not worth a second process."""

MARGIN = 12
"""Frames a part sees beyond its own."""

Found = tuple[LumenBorders, tuple[float, float]]
"""Borders, and the catheter's place (x, y), px."""


def finder_for(image_set: ImageSet, source: FrameSource) -> LumenFinder:
    """A finder of the borders of an opened image set.

    Raises
    ------
    UnreadableError
        No frame can be read, or they are too small.
    """
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


@dataclass(frozen=True, eq=False)
class _Part:
    """Frames one process looks at, and those of them whose borders are kept."""

    wanted: tuple[int, ...]
    kept: range


def _parts(wanted: Sequence[int]) -> tuple[_Part, ...]:
    """Frames shared out; each part sees some more on either side, for its neighbours' pull."""
    count = min(PROCESSES, os.cpu_count() or 1)
    if len(wanted) < LEAST_SHARED or count < 2:
        return (_Part(tuple(wanted), range(len(wanted))),)
    cuts = [len(wanted) * k // count for k in range(count + 1)]
    found = []
    for first, last in pairwise(cuts):
        low, high = max(0, first - MARGIN), min(len(wanted), last + MARGIN)
        found.append(_Part(tuple(wanted[low:high]), range(first - low, last - low)))
    return tuple(found)


def _joined(found: Sequence[Found]) -> Found:
    borders = [one for one, _ in found]
    return LumenBorders(
        np.concatenate([one.frames for one in borders]),
        np.concatenate([one.points_px for one in borders]),
        np.concatenate([one.confidence for one in borders]),
        tuple(word for one in borders for word in one.reason),
    ), found[0][1]


class BorderSearch:
    """Borders of many frames by processes of their own, two where there are two cores.

    Parameters
    ----------
    wanted : sequence of int
        0-based frames, rising.
    fixed : mapping of int to ndarray (k, 2)
        Outlines a person stands behind, stored px.
    told, done : callable
        From threads of its own: the share done, 0 to 1; at the end the borders with the catheter's
        place, or what went wrong. Neither after `cancel`.
    """

    def __init__(
        self,
        image_set: ImageSet,
        wanted: Sequence[int],
        fixed: Mapping[int, Points],
        told: Callable[[float], None],
        done: Callable[[Found | ViewerError], None],
    ) -> None:
        alone = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("fork" if alone else "spawn")
        parts = _parts(wanted)
        self._told, self._done = told, done
        self._shares = [0.0] * len(parts)
        self._found: list[Found | None] = [None] * len(parts)
        self._lock, self._over = threading.Lock(), False
        self._processes = []
        pipes = []
        for part in parts:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_search, args=(theirs, image_set, dict(fixed), part), daemon=True
            )
            process.start()
            theirs.close()
            self._processes.append(process)
            pipes.append(ours)
        self._threads = [
            threading.Thread(target=self._listen, args=(n, pipe), daemon=True)
            for n, pipe in enumerate(pipes)
        ]
        for thread in self._threads:
            thread.start()

    def cancel(self) -> None:
        """End it; nothing more is told."""
        with self._lock:
            self._over = True
        for process in self._processes:
            process.kill()

    def wait(self) -> None:
        """Until it is over."""
        for thread in self._threads:
            thread.join()

    def _listen(self, n: int, messages: Connection) -> None:
        answer: Found | ViewerError = UnreadableError(
            "The search for the lumen ended early", "Try again; details are in the log."
        )
        try:
            while True:
                kind, what = messages.recv()
                if kind == "done":
                    answer = what
                    break
                if kind == "failed":
                    answer = UnreadableError(*what)
                    break
                self._tell(n, float(what))
        except EOFError:
            if not self._over:
                _log.warning("the search for the lumen ended without an answer")
        finally:
            messages.close()
        self._processes[n].join()
        self._take(n, answer)

    def _tell(self, n: int, share: float) -> None:
        with self._lock:
            self._shares[n] = share
            told = None if self._over else float(np.mean(self._shares))
        if told is not None:
            self._told(told)

    def _take(self, n: int, answer: Found | ViewerError) -> None:
        whole: Found | ViewerError | None = None
        with self._lock:
            if self._over:
                return
            if isinstance(answer, ViewerError):
                self._over, whole = True, answer
            else:
                self._found[n] = answer
                known = [one for one in self._found if one is not None]
                if len(known) == len(self._found):
                    self._over, whole = True, _joined(known)
        if isinstance(whole, ViewerError):
            for process in self._processes:
                process.kill()
        if whole is not None:
            self._done(whole)


class LumenSearch:
    """A search of every frame of a pullback for the window: told on its main thread."""

    def __init__(
        self,
        image_set: ImageSet,
        fixed: Mapping[int, Points],
        post: Post,
        told: Callable[[float], None],
        done: Callable[[Sequence[Contour] | ViewerError], None],
    ) -> None:
        self._uid, self._post, self._over = image_set.uid, post, False
        self._told, self._done = told, done
        self._search = BorderSearch(
            image_set, range(image_set.frames), fixed, self._progress, self._found
        )

    def cancel(self) -> None:
        """End it; nothing more is told."""
        self._over = True
        self._search.cancel()

    def _progress(self, share: float) -> None:
        self._post(lambda: None if self._over else self._told(share))

    def _found(self, found: Found | ViewerError) -> None:
        answer: Sequence[Contour] | ViewerError
        answer = found if isinstance(found, ViewerError) else contours_from(found[0], self._uid)
        self._post(lambda: None if self._over else self._done(answer))


def borders_of(image_set: ImageSet, wanted: Sequence[int], told: Callable[[float], None]) -> Found:
    """Borders of frames and the catheter's place (x, y) px, waited for.

    Raises
    ------
    UnreadableError
        No frame can be read, or they are too small.
    """
    answers: list[Found | ViewerError] = []
    BorderSearch(image_set, wanted, {}, told, answers.append).wait()
    if isinstance(answers[0], ViewerError):
        raise answers[0]
    return answers[0]


def _search(
    messages: Connection, image_set: ImageSet, fixed: Mapping[int, Points], part: _Part
) -> None:
    """What another process does."""
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
            outlines = {frame: points.astype(np.float32) for frame, points in fixed.items()}
            found = finder.find(part.wanted, outlines, progress)
            keep = slice(part.kept.start, part.kept.stop)
            kept = LumenBorders(
                found.frames[keep], found.points_px[keep], found.confidence[keep],
                found.reason[keep],
            )  # fmt: skip
            messages.send(("done", (kept, finder.field.center_px)))
        finally:
            source.close()
    except ViewerError as error:
        messages.send(("failed", (error.what, error.hint)))
    except BrokenPipeError:
        _log.info("whoever asked for the lumen is gone")
