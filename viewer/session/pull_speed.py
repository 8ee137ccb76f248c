"""How fast a pullback went, and how sure its places are: what the graph under the images shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.position_map import PositionMap
from viewer.model.coregistration import Coregistration, Landmark

if TYPE_CHECKING:
    from viewer.session.session import Session

Values = NDArray[np.float64]

TARGET_MM = 3.0
"""± the window asks for: half of the length that a stent is landed with (5-6 mm)."""

SLOW_SHARE = 0.55
"""A pull that shows less of its mean speed is called slow."""

STILL_CHANCE = 0.5
LEAST_S = 0.4

PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Mark:
    """A landmark on the graph: its id (`PENDING` while it is placed), name and frame."""

    id: str
    name: str
    frame: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames first to last on which the catheter was "slow", in a "pause", or went "back?"."""

    first: int
    last: int
    word: str


@dataclass(frozen=True, eq=False)
class SpeedReading:
    """What the graph draws; arrays have one value a frame of the pullback.

    Attributes
    ----------
    x : ndarray
        Seconds after the first frame, else frame numbers from 1; `x_unit` "s" or "frames".
    marks : tuple of Mark
    steps : tuple of (int, int, float)
        Speed between two neighbouring landmarks.
    constant : float or None
        Mean speed over the whole pull.
    used : ndarray or None
        Speed the positions rest on.
    image : ndarray or None
        Speed the pictures show, scaled to the same mean.
    unit : str
        Of speeds: "mm/s", "px/s", "mm/frame", "px/frame".
    stretches : tuple of Stretch
    half_band : ndarray or None
        ± of every frame (half the 90 % band), in `length_unit`; with the landmark that is being
        placed, when what it would bring is known: then `before` is that without it.
    """

    x: Values
    x_unit: str
    marks: tuple[Mark, ...] = ()
    steps: tuple[tuple[int, int, float], ...] = ()
    constant: float | None = None
    used: Values | None = None
    image: Values | None = None
    unit: str = "mm/s"
    stretches: tuple[Stretch, ...] = ()
    half_band: Values | None = None
    before: Values | None = None
    length_unit: str = "mm"

    @property
    def usual(self) -> tuple[float, float] | None:
        """Speeds between which the pull is in force 90 % of the time; None where unknown."""
        if self.used is None or not self.used.size:
            return None
        low, high = np.percentile(self.used, (5.0, 95.0)).tolist()
        return low, high

    @property
    def fastest(self) -> float:
        """The largest speed drawn; 0 where none is known."""
        tops = [speed for _, _, speed in self.steps]
        tops += [self.constant] if self.constant is not None else []
        for curve in (self.used, self.image):
            if curve is not None and curve.size:
                tops.append(float(np.percentile(curve, 99.5)))
        return max(tops, default=0.0)


def half_bands(position: PositionMap) -> Values:
    """Half the 90 % band of every frame, shape (n,), in the map's unit."""
    return np.asarray((position.high - position.low) / 2.0)


def pending_tie(session: Session) -> Coregistration | None:
    """The shown pair's tie with the landmark that is being placed; None while none is."""
    pending, curve = session.vessel.pending, session.current_polyline
    if pending.point_px is None or curve is None or session.pullback is None:
        return None
    name = pending.name or session.vessel.free_name()
    mark = Landmark(PENDING, name, session.cursor.pullback_frame, pending.point_px)
    return session.vessel.current_tie().with_landmark(mark)


def foretold(session: Session, tie: Coregistration | None, what: str) -> PositionMap | None:
    """The positions another tie would give, when that is known and they could be placed."""
    if tie is None or session.pulls is None:
        return None
    made = session.pulls.foretell(tie, what)
    return made if isinstance(made, PositionMap) else None


def speed_reading(session: Session) -> SpeedReading | None:
    """What is known of the shown pullback's speed; None without a pullback."""
    pullback = session.pullback
    if pullback is None or pullback.frames < 2:
        return None
    times_s = session.timing(pullback).times_s
    if times_s is None:
        x, x_unit = np.arange(1, pullback.frames + 1, dtype=np.float64), "frames"
    else:
        x, x_unit = np.asarray(times_s, np.float64) - times_s[0], "s"
    tie = pending_tie(session)
    landmarks = (tie or session.vessel.current_tie()).landmarks
    marks = tuple(Mark(m.id, m.name, m.frame) for m in landmarks if 0 <= m.frame < pullback.frames)
    reading = SpeedReading(x, x_unit, marks)
    position = session.position_map
    if position is None or len(position) != pullback.frames:
        return reading
    after = foretold(session, tie, PENDING)
    shown = after or position
    per = "s" if x_unit == "s" else "frame"
    used = _used_speed(shown, x)
    return replace(
        reading,
        steps=_steps(session, landmarks, position, x),
        constant=_mean_speed(shown, x),
        used=used,
        image=_image_speed(session, used),
        unit=f"{shown.unit}/{per}",
        stretches=_stretches(session, shown, x),
        half_band=half_bands(shown),
        before=half_bands(position) if after is not None else None,
        length_unit=shown.unit,
    )


def _mean_speed(position: PositionMap, x: Values) -> float | None:
    span = float(x[-1] - x[0])
    return abs(float(position.arc[-1] - position.arc[0])) / span if span > 0 else None


def _used_speed(position: PositionMap, x: Values) -> Values:
    speed = position.speed
    if speed is not None:
        return speed
    wide = max(1, len(x) // 100)
    gone = np.abs(np.gradient(position.arc, x))
    return np.convolve(np.pad(gone, wide, mode="edge"), np.ones(2 * wide + 1) / (2 * wide + 1),
                       mode="valid")  # fmt: skip


def _steps(
    session: Session, landmarks: tuple[Landmark, ...], position: PositionMap, x: Values
) -> tuple[tuple[int, int, float], ...]:
    curve = session.current_polyline
    if curve is None:
        return ()
    inside = [mark for mark in landmarks if 0 <= mark.frame < len(x)]
    arcs = {m.id: float(position.to_unit(float(curve.project(m.point_px)[0]))) for m in inside}
    return tuple(
        (a.frame, b.frame, abs(arcs[b.id] - arcs[a.id]) / float(x[b.frame] - x[a.frame]))
        for a, b in pairwise(inside)
        if x[b.frame] > x[a.frame]
    )


def _image_speed(session: Session, used: Values) -> Values | None:
    pullback, pulls = session.pullback, session.pulls
    look = pulls.look(pullback) if pulls is not None and pullback is not None else None
    if look is None or look.motion is None or look.motion.speed is None:
        return None
    speed = look.motion.speed * (1.0 - look.motion.stillness)
    mean = float(speed.mean())
    return np.asarray(speed * (float(used.mean()) / mean)) if mean > 0 else None


def _stretches(session: Session, position: PositionMap, x: Values) -> tuple[Stretch, ...]:
    """Pauses the positions rest on, slow stretches and ways back that the pictures show."""
    found = [Stretch(first, last, "pause") for first, last in position.pauses]
    pullback, pulls = session.pullback, session.pulls
    look = pulls.look(pullback) if pulls is not None and pullback is not None else None
    if look is not None and look.motion is not None:
        motion = look.motion
        found += [Stretch(first, last, "back?") for first, last in motion.backwards]
        if not position.pauses and motion.still_trust > STILL_CHANCE:
            still = motion.stillness > STILL_CHANCE
            found += [Stretch(a, b, "pause") for a, b in _runs(still, x)]
        if motion.speed is not None:
            slow = (motion.speed < SLOW_SHARE) & (motion.stillness <= STILL_CHANCE)
            found += [Stretch(a, b, "slow") for a, b in _runs(slow, x)]
    kept: list[Stretch] = []
    for item in found:  # what was found first is the stronger word
        if all(item.last < other.first or item.first > other.last for other in kept):
            kept.append(item)
    return tuple(sorted(kept, key=lambda item: item.first))


def _runs(flags: NDArray[np.bool_], x: Values) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    least = LEAST_S if x[-1] - x[0] < len(x) - 1.5 else 10.0
    spans = zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
    return [(a, b) for a, b in spans if x[b] - x[a] >= least]
