"""Other frames a frame is drawn with, off the loader's cache, or fetched and told when there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from viewer.errors import UnreadableError
from viewer.model.study import ImageSet
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

KEPT = 8
"""Frames kept beside the loader's cache: those of one picture, or a few."""


class NearbyFrames:
    """Frames of one run, asked for on the main thread.

    Parameters
    ----------
    key : str
        Of the loader's job that fetches.
    changed : callable
        Called on the main thread when frames have come.
    """

    def __init__(
        self, loader: FrameLoader, run: ImageSet, key: str, changed: Callable[[], None]
    ) -> None:
        self._loader, self._run, self._key, self._changed = loader, run, key, changed
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._bad: set[int] = set()
        self._asked: set[int] = set()

    def get(self, index: int) -> Frame | None:
        """A frame that is there; None without asking for it."""
        near = self._loader.nearest_cached(self._run.uid, index)
        if near is not None and near[0] == index:
            return near[1]
        return self._kept.get(index)

    def want(self, indices: Iterable[int]) -> list[Frame] | None:
        """These frames, those that can't be read left out; None while they are fetched."""
        wanted = [index for index in indices if index not in self._bad]
        found = [self.get(index) for index in wanted]
        missing = {i for i, frame in zip(wanted, found, strict=True) if frame is None}
        if missing - self._asked:
            self._fetch(missing)
        return None if missing else [frame for frame in found if frame is not None]

    def cancel(self) -> None:
        """Fetch no more, and let go."""
        self._loader.cancel_background(self._key)
        self._kept.clear()
        self._asked.clear()

    def _fetch(self, missing: set[int]) -> None:
        self._asked = missing
        come: dict[int, Frame | UnreadableError] = {}

        def finished(error: UnreadableError | None) -> None:
            self._asked = set()
            for index in missing:
                frame = come.get(index)
                if frame is None or isinstance(frame, UnreadableError):
                    self._bad.add(index)
                else:
                    self._kept[index] = frame
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            self._changed()

        self._loader.submit_background(
            self._key, self._run, sorted(missing), come.__setitem__, finished=finished
        )
