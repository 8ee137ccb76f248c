"""What ties a pullback to a run: landmarks on a centerline, and how to fill in between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from viewer.model.vessel import PointPx

FASTEST_PULL_MM_S = 100.0
"""Motors pull at 0.5 to 10 mm/s; a rate beyond this is a wrong unit or a slip of the keyboard."""


class SyncMode(StrEnum):
    """Position models; the names are those of ``caval sync --mode``."""

    AUTO = "auto"
    CONSTANT = "constant"
    LANDMARKS = "landmarks"
    PROFILE = "profile"
    TRACKED = "tracked"


@dataclass(frozen=True, slots=True)
class Landmark:
    """A named place seen on both: a point on the centerline and a 0-based pullback frame."""

    id: str
    name: str
    frame: int
    point_px: PointPx


@dataclass(frozen=True, slots=True)
class TransducerMark:
    """Where a reader saw the IVUS transducer on a frame (0-based) of a fluoroscopy."""

    frame: int
    point_px: PointPx


@dataclass(frozen=True, slots=True)
class Coregistration:
    """One pullback tied to one centerline of one run.

    Attributes
    ----------
    landmarks : tuple of Landmark
        Kept in frame order.
    rate_mm_s : float or None
        The reader's pull rate, for pullbacks whose header gives none.
    central_first : bool or None
        Whether frame 0 is the most central; None lets the landmarks decide (default: it is).
    fluoro_run_uid : str or None
        The run stored during the pullback, on which the transducer is followed.
    clock_offset_s : float or None
        When the pullback's first frame was taken, s after the fluoroscopy's first; None takes
        the acquisition times of both.
    transducer : tuple of TransducerMark
        Where the transducer was marked on it, in frame order.
    """

    id: str
    run_uid: str
    pullback_uid: str
    centerline_id: str
    landmarks: tuple[Landmark, ...] = ()
    mode: SyncMode = SyncMode.AUTO
    rate_mm_s: float | None = None
    central_first: bool | None = None
    fluoro_run_uid: str | None = None
    clock_offset_s: float | None = None
    transducer: tuple[TransducerMark, ...] = ()

    def __post_init__(self) -> None:
        if self.rate_mm_s is not None and not 0 < self.rate_mm_s <= FASTEST_PULL_MM_S:
            raise ValueError(f"a pull rate of {self.rate_mm_s:g} mm/s is not plausible")

    def with_landmark(self, landmark: Landmark) -> Coregistration:
        """With `landmark` added, or put in place of the one of the same id."""
        others = [mark for mark in self.landmarks if mark.id != landmark.id]
        marks = sorted([*others, landmark], key=lambda mark: mark.frame)
        return replace(self, landmarks=tuple(marks))

    def without_landmark(self, landmark_id: str) -> Coregistration:
        """Without the landmark of that id."""
        return replace(self, landmarks=tuple(m for m in self.landmarks if m.id != landmark_id))
