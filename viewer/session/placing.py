"""Where a frame or a place on the centerline lies along the vein, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from operator import is_
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.measure.along_vein import VeinAxis, VeinStretch, vein_at, vein_axis, veins_along
from viewer.model.anatomy import Side, VeinSegment, vein_label
from viewer.session.state import AxisKind

if TYPE_CHECKING:
    from viewer.geometry.position import PositionMap
    from viewer.session.session import Session


@dataclass(frozen=True, slots=True)
class NamedStretch:
    """A stretch of the axis that is one vein, with its name as shown."""

    start: float
    end: float
    label: str


@dataclass(frozen=True, eq=False)
class Sureness:
    """How sure the places of a pullback's frames along the vein are; arrays of shape (frames,).

    Attributes
    ----------
    half_band : ndarray of float64
        Half the 90 % band, in `unit` (mm or px).
    extrapolated, beyond : ndarray of bool
        Frames outside the landmarks; frames past an end of the centerline.
    """

    unit: str
    half_band: NDArray[np.float64]
    extrapolated: NDArray[np.bool_]
    beyond: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Axis:
    """The axis along the vein: a place for every frame.

    Attributes
    ----------
    kind : AxisKind
        What it counts; VEIN only when both views are tied together.
    unit : str
        mm, px, s or "" (frames).
    title : str
        What the axis says it counts.
    places : ndarray of float64, shape (frames,)
        Place of every frame, rising or falling with the frames but never turning.
    sureness : Sureness or None
        How sure the frames' places along the vein are; None when they have none.
    ends : tuple of float or None
        Where the centerline begins and ends, on an axis that counts along the vein.
    """

    kind: AxisKind
    unit: str
    title: str
    places: NDArray[np.float64]
    sureness: Sureness | None = None
    ends: tuple[float, float] | None = None

    def frame_at(self, place: float, near: int = 0) -> int:
        """The frame nearest to a place; of several there, the one nearest to `near`."""
        gaps = np.abs(self.places - place)
        best = np.flatnonzero(gaps <= float(gaps.min()) + 1e-9)
        return int(best[np.argmin(np.abs(best - near))])


class Placing:
    """Positions of a session along the vein: zero at the iliac confluence when it is known."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._basis: tuple[object, ...] = ()
        self._axis: VeinAxis | None = None
        self._along: tuple[VeinStretch, ...] | None = None

    @property
    def vein_axis(self) -> VeinAxis | None:
        """The axis of the shown centerline, None without one."""
        session, curve, run = self._session, self._session.current_polyline, self._session.run
        if curve is None or run is None:
            return None
        position, landmarks = session.position_map, session.vessel.landmarks
        scale = session.calibration(run)
        basis = (curve, run, scale, position, landmarks)
        if len(self._basis) != len(basis) or not all(map(is_, self._basis, basis)):
            self._basis, self._along = basis, None
            self._axis = vein_axis(curve, landmarks, position, scale.mm_per_px)
        return self._axis

    @property
    def zero_arc_px(self) -> float:
        """Arc length px of the axis' zero."""
        axis, position = self.vein_axis, self._session.position_map
        if axis is None:
            return 0.0
        if position is not None:
            return float(position.to_px(axis.zero))
        scale = self._session.calibration(self._session.run).mm_per_px
        return axis.zero / scale if scale else axis.zero

    def place_of_arc(self, arc_px: float) -> float | None:
        """Distance from the zero along the vein, in the axis' unit; peripheral is positive."""
        axis, position = self.vein_axis, self._session.position_map
        if axis is None:
            return None
        if position is not None:
            return axis.position(float(position.to_unit(arc_px)))
        scale = self._session.calibration(self._session.run).mm_per_px
        return axis.position(arc_px * (scale or 1.0))

    def text(self, frame: int) -> str:
        """Place of a frame with half its 90 % band, e.g. "16.7 mm ± 2.1"."""
        position, axis = self._session.position_map, self.vein_axis
        if position is None or axis is None or not 0 <= frame < len(position):
            return "not linked"
        place = axis.position(float(position.arc[frame]))
        half = half_band(position, frame)
        if position.unit == "mm":
            return f"{_signed(place, 1)} mm ± {half:.1f}"
        return f"{_signed(place, 0)} px ± {half:.0f}"

    def band(self, frame: int) -> tuple[float, float] | None:
        """The 90 % band of a frame's place, low and high on the axis; None while not tied."""
        position, axis = self._session.position_map, self.vein_axis
        if position is None or axis is None or not 0 <= frame < len(position):
            return None
        ends = (float(position.low[frame]), float(position.high[frame]))
        low, high = sorted(map(axis.position, ends))
        return low, high

    def band_px(self, frame: int) -> tuple[float, float] | None:
        """The same as arc lengths px along the centerline, rising."""
        position = self._session.position_map
        if position is None or not 0 <= frame < len(position):
            return None
        low, high = np.sort(position.to_px([position.low[frame], position.high[frame]]))
        return float(low), float(high)

    def veins(self) -> tuple[VeinStretch, ...]:
        """Which vein lies where along the axis, by the landmarks."""
        session, axis = self._session, self.vein_axis
        curve, run = session.current_polyline, session.run
        if axis is None or curve is None or run is None:
            return ()
        if self._along is None:
            marks, scale = session.vessel.landmarks, session.calibration(run).mm_per_px
            self._along = veins_along(curve, marks, axis, session.position_map, scale)
        return self._along

    def vein_at(self, arc_px: float) -> VeinSegment:
        """The vein at a place on the centerline, from the landmarks that border it."""
        place = self.place_of_arc(arc_px)
        return VeinSegment.UNSET if place is None else vein_at(self.veins(), place)

    def stretches(self) -> tuple[NamedStretch, ...]:
        """The veins along the axis, in the map's unit from the zero."""
        side = self._session.side.letter
        return tuple(
            NamedStretch(item.start, item.end, _vein_name(item.vein, side))
            for item in self.veins()
            if item.vein is not VeinSegment.UNSET
        )

    def vein_text(self, frame: int) -> str:
        """Short name of the vein at a frame, empty when landmarks don't say."""
        position = self._session.position_map
        if position is None or not 0 <= frame < len(position):
            return ""
        vein = self.vein_at(float(position.arc_px[frame]))
        return "" if vein is VeinSegment.UNSET else vein_label(vein, self._session.side)

    def axis(self) -> Axis | None:
        """The axis of the shown pullback in the chosen unit, or the nearest that can be had."""
        session = self._session
        pullback, position, axis = session.pullback, session.position_map, self.vein_axis
        if pullback is None:
            return None
        if session.axis is AxisKind.VEIN and position is not None and axis is not None:
            title = f"{position.unit} from the {axis.zero_name}"
            places = axis.outward * (position.arc - axis.zero)
            low, high = sorted(map(axis.position, position.centerline_span))
            sure = _sureness(position)
            return Axis(AxisKind.VEIN, position.unit, title, places, sure, (low, high))
        sureness = _sureness(position) if position is not None else None
        times_s = session.timing(pullback).times_s
        if session.axis is AxisKind.TIME and times_s is not None:
            title = "seconds from the first frame"
            return Axis(AxisKind.TIME, "s", title, np.asarray(times_s), sureness)
        numbers = np.arange(1, pullback.frames + 1, dtype=np.float64)
        waiting = session.axis is AxisKind.VEIN
        title = "frames, until both views are linked" if waiting else "frames"
        return Axis(AxisKind.FRAMES, "", title, numbers, sureness)

    def side_from_text(self) -> Side:
        """The side as the headers' laterality or descriptions say it."""
        items = [item for item in (self._session.pullback, self._session.run) if item]
        for item in items:
            if item.laterality.upper().startswith("L"):
                return Side.LEFT
            if item.laterality.upper().startswith("R"):
                return Side.RIGHT
        words = {
            word.strip(",.;:()").lower()
            for item in items
            for word in f"{item.description} {item.phase_hint}".split()
        }
        left, right = bool(words & {"l", "left"}), bool(words & {"r", "right"})
        return Side.LEFT if left and not right else Side.RIGHT if right and not left else Side.NONE


def half_band(position: PositionMap, frame: int) -> float:
    """What is written after ± for a place along the vein: half its 90 % band, `position.unit`."""
    return float(position.high[frame] - position.low[frame]) / 2.0


def _sureness(position: PositionMap) -> Sureness:
    half = (position.high - position.low) / 2.0
    return Sureness(position.unit, half, ~position.solid, ~position.inside)


def _signed(value: float, digits: int) -> str:
    """A number with a true minus sign, and none before a zero."""
    text = f"{value:.{digits}f}".replace("-", "−")
    return text.lstrip("−") if not text.strip("−0.") else text


def _vein_name(vein: VeinSegment, side: str) -> str:
    return "IVC" if vein is VeinSegment.IVC else f"{side} {vein.label}".strip()
