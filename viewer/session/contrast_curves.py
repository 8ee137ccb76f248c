"""Contrast over time at the points of the shown run and along its vein, read and kept up to date.

Nothing is read until somebody looks (`show`); what comes from the workers is a few numbers a frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.errors import UnreadableError
from viewer.geometry.polyline import Polyline
from viewer.model.study import Run

if TYPE_CHECKING:
    from viewer.imaging.arrival_flags import Flag
    from viewer.imaging.density_curves import ArrivalProfile, Transit, WashIn
    from viewer.session.contrast_following import Made
    from viewer.session.contrast_views import ContrastViews
    from viewer.session.opacification import PointCurves
    from viewer.session.session import Session

DISC_MM, DISC_PX = 2.0, 5.0
"""Radius of the disc a curve is the mean of; px where there is no scale."""

STEP_MM, STEP_PX = 10.0, 40.0
"""Stretch of vein that has one arrival; px where there is no scale."""

PER_STEP = 4
"""Discs along each stretch."""

MOST_STATIONS = 400

ON_VEIN_PX = 40.0
"""Two points nearer to the centerline than this are measured along it."""


@dataclass(frozen=True, eq=False)
class PointReading:
    """One point's curve: `density` (frames,) and what it tells."""

    id: str
    number: int
    density: NDArray[np.float64]
    told: WashIn


@dataclass(frozen=True, eq=False)
class CurveReading:
    """Everything the panel shows of a run.

    Attributes
    ----------
    axis : tuple of float
        Where each frame lies, in `axis_unit` ("s" or "frames").
    unit : str
        Of the densities: "ln" or "grey".
    points : tuple of PointReading
    profile, flags
        Arrival along the vein and what is unusual; None and empty without a centerline. Its arc is
        counted from `zero_name`, in its own unit.
    between : tuple of int
        Numbers of the two points of `transit`; empty when there are fewer than two.
    transit : Transit or None
    way : str
        How their distance was measured.
    why_not : str
        Why there is no transit time or no speed.
    radius_px : float
        Of the discs.
    source : str
        What the numbers were taken from, for people.
    """

    run_uid: str
    frames: tuple[int, ...]
    axis: tuple[float, ...]
    axis_unit: str
    unit: str
    points: tuple[PointReading, ...]
    profile: ArrivalProfile | None
    flags: tuple[Flag, ...]
    between: tuple[int, ...]
    transit: Transit | None
    way: str
    why_not: str
    radius_px: float
    source: str
    zero: float = 0.0
    zero_name: str = "the central end"
    outward: float = 1.0

    @property
    def places(self) -> NDArray[np.float64]:
        """Where each stretch lies, from `zero_name`, peripheral positive, in the profile's unit."""
        if self.profile is None:
            return np.zeros(0)
        return self.outward * (self.profile.arc - self.zero)

    @property
    def step_text(self) -> str:
        """Length of a stretch: "10 mm"."""
        if self.profile is None or self.profile.unit == "mm":
            return f"{STEP_MM:.0f} mm"
        return f"{STEP_PX:.0f} px"

    def stretch(self, number: int) -> tuple[str, str, str]:
        """Place, arrival and what is unusual of one stretch, for people."""
        from viewer.session.contrast_words import time_text

        profile = self.profile
        if profile is None:
            return ("", "", "")
        place = f"{self.places[number]:.0f} {profile.unit}".replace("-", "−")
        when, sd = float(profile.arrival_s[number]), float(profile.sd_s[number])
        arrival = "not told" if when != when else time_text(when, self.axis_unit, sd)
        return place, arrival, self.flags[number].value


class ContrastCurves:
    """Orders and reads curves of the shown run.

    Attributes
    ----------
    changed : Signal
        There is something else to show.
    """

    changed = Signal()

    def __init__(self, session: Session, contrast: ContrastViews) -> None:
        self._session, self._contrast = session, contrast
        self._shown = False
        self._pair: tuple[str, str] = ("", "")
        self._key: tuple[Any, ...] = ()
        self._curves: PointCurves | None = None
        self._arcs: NDArray[np.float64] = np.zeros(0)
        self._ids: tuple[str, ...] = ()
        self._made: Made | None = None
        self._error = ""
        self._ordered = self._again = False
        self._done = 0.0
        self._reading: CurveReading | None = None
        for signal in (session.case_changed, session.review_changed, session.link_changed):
            signal.connect(self.refresh)
        session.cursor_changed.connect(self._on_cursor)
        contrast.changed.connect(self._on_contrast)

    # -- who looks ----------------------------------------------------------------------------
    def show(self, shown: bool) -> None:
        """Keep the curves up to date, or leave them alone."""
        if shown == self._shown:
            return
        self._shown = shown
        run = self._session.run
        if shown:
            self.refresh()
        elif run is not None:
            self._contrast.unfollow(run.uid)

    def _on_cursor(self, *_: object) -> None:
        run = self._session.run
        if (run.uid if run is not None else "") != (self._key[0] if self._key else ""):
            self.refresh()

    def _on_contrast(self, uid: str) -> None:
        run = self._session.run
        if run is not None and run.uid == uid:
            self.refresh()

    # -- what is known ------------------------------------------------------------------------
    @property
    def reading(self) -> CurveReading | None:
        """The numbers of the shown run; None until they are read, `note` says why."""
        return self._reading

    @property
    def done(self) -> float | None:
        """How far reading is, 0 to 1; None when nothing is being read."""
        if not self._shown or self._session.run is None:
            return None
        making = self._contrast.opacifications.making
        if making is not None and making.error is None:
            return 0.7 * making.done
        return 0.7 + 0.3 * self._done if self._ordered else None

    def note(self) -> str:
        """Why nothing is shown, or what to do; "" when curves are shown."""
        run = self._session.run
        if run is None:
            return "Contrast over time needs a venogram."
        if self._error:
            return self._error
        if self.done is not None and self._reading is None:
            return f"Following the contrast… {100 * self.done:.0f} %"
        if self._reading is None:
            return self._contrast.note(run)
        if not self._reading.points and self._reading.profile is None:
            return "Press Q and click places on the venogram, or draw the vein (B)."
        return ""

    def cancel(self) -> None:
        """Stop reading; what was read stays."""
        run = self._session.run
        self._ordered = self._again = False
        if run is not None:
            self._contrast.unfollow(run.uid)
            self._contrast.opacifications.cancel_curves(run.uid)
            self._contrast.opacifications.cancel()
            self._error = "Stopped. Show the panel again to follow the contrast."
        self.changed.emit()

    # -- choosing two points ------------------------------------------------------------------
    def choose(self, start: int, end: int) -> None:
        """Measure transit from the point of one number to that of another."""
        by_number = {p.number: p.id for p in self._session.contrast_points.shown}
        self._pair = (by_number.get(start, ""), by_number.get(end, ""))
        self._read()

    def _between(self) -> tuple[str, ...]:
        known = [p.id for p in self._session.contrast_points.shown]
        if len(known) < 2:
            return ()
        if len({*self._pair} & {*known}) == 2:
            return self._pair
        return (known[0], known[-1])

    # -- reading ------------------------------------------------------------------------------
    def refresh(self, *_: object) -> None:
        """Order what is missing, read what is there."""
        run = self._session.run
        if not self._shown:
            return
        if run is None:
            self._key, self._curves, self._made, self._reading = (), None, None, None
            self.changed.emit()
            return
        self._error = ""
        why = self._contrast.subtractions.why_not(run) if run.pixels.samples != 1 else ""
        made = None if why or run.frames < 2 else self._contrast.follow(run)
        if why or run.frames < 2:
            self._error = why or "Contrast over time needs a run with at least two frames."
        if made is None:
            self._key, self._reading, self._curves = (run.uid,), None, None
            making = self._contrast.opacifications.making
            if making is not None and making.error is not None:
                self._error = str(making.error)
            self.changed.emit()
            return
        self._order(run, made)

    @property
    def _scale(self) -> tuple[float | None, float | None]:
        scale = self._session.calibration(self._session.run)
        return scale.mm_per_px, scale.uncertainty

    @property
    def radius_px(self) -> float:
        """Of the discs that curves are means of, px."""
        return disc_radius_px(self._scale[0])

    def _stations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places along the vein, (n, 2), and their arc lengths, px."""
        line = self._session.current_polyline
        if line is None:
            return np.zeros((0, 2)), np.zeros(0)
        mm_per_px = self._scale[0]
        step_px = (STEP_MM / mm_per_px if mm_per_px else STEP_PX) / PER_STEP
        step_px = max(step_px, line.length_px / MOST_STATIONS)
        arcs = np.arange(0.5 * step_px, line.length_px, step_px)
        return line.at(arcs), arcs

    def _order(self, run: Run, made: Made) -> None:
        points = self._session.contrast_points.shown
        stations, arcs = self._stations()
        placed = np.array([p.point_px for p in points], np.float64).reshape(-1, 2)
        places = np.concatenate((placed, stations))
        ids = tuple(p.id for p in points)
        key = (run.uid, made.wanted, ids, places.tobytes(), self.radius_px)
        if key == self._key and self._curves is not None:
            self._read()
            return
        if self._ordered and self._key[:1] == key[:1]:
            self._again = True  # a point is being dragged: one job after the other
            return
        self._key, self._ordered, self._again, self._done = key, True, False, 0.0

        def deliver(read: PointCurves | UnreadableError) -> None:
            self._ordered = False
            if self._key != key:
                self.refresh()
                return
            if isinstance(read, UnreadableError):
                self._error, self._curves, self._reading = str(read), None, None
                self.changed.emit()
                return
            self._curves, self._arcs, self._ids, self._made = read, arcs, ids, made
            self._read()
            if self._again:
                self.refresh()

        def told(visited: int, total: int) -> None:
            self._done = visited / max(1, total)
            self.changed.emit()

        self._contrast.opacifications.order_curves(run, made, places, self.radius_px, deliver, told)

    def _read(self) -> None:
        """Put what the curves tell into words and numbers, with times and scale as they are now."""
        from viewer.imaging.arrival_flags import arrival_flags
        from viewer.imaging.density_curves import arrival_profile

        run, curves, made = self._session.run, self._curves, self._made
        if run is None or curves is None or made is None:
            return
        all_times = self._session.timing(run).times_s
        times = None if all_times is None else tuple(all_times[index] for index in curves.frames)
        curves = self._curves = replace(curves, times_s=times)
        told = curves.wash_ins()
        numbers = {p.id: p.number for p in self._session.contrast_points.shown}
        points = tuple(
            PointReading(one, numbers[one], curves.density[:, n], told[n])
            for n, one in enumerate(self._ids)
            if one in numbers
        )
        mm_per_px, spread = self._scale
        profile = None
        if self._arcs.size:
            step = STEP_MM if mm_per_px else STEP_PX
            profile = arrival_profile(self._arcs, told[len(self._ids) :], mm_per_px, spread, step)
        between, transit, way, why_not = self._transit(points)
        self._reading = CurveReading(
            run_uid=run.uid,
            frames=curves.frames,
            axis=curves.axis,
            axis_unit=curves.axis_unit,
            unit="ln" if curves.unit == "ln" else "grey",
            points=points,
            profile=profile,
            flags=arrival_flags(profile) if profile is not None else (),
            between=between,
            transit=transit,
            way=way,
            why_not=why_not,
            radius_px=self.radius_px,
            source=self._source(run, made),
            **self._zero(mm_per_px),
        )
        self.changed.emit()

    def _zero(self, mm_per_px: float | None) -> dict[str, Any]:
        """Where lengths along the vein are counted from, as on the axis along the vein."""
        axis = self._session.placing.vein_axis
        if axis is None:
            return {}
        zero = self._session.placing.zero_arc_px * (mm_per_px or 1.0)
        return {"zero": zero, "zero_name": axis.zero_name, "outward": float(axis.outward)}

    def _transit(
        self, points: tuple[PointReading, ...]
    ) -> tuple[tuple[int, ...], Transit | None, str, str]:
        from viewer.imaging.density_curves import transit

        chosen = [p for one in self._between() for p in points if p.id == one]
        if len(chosen) < 2:
            return (), None, "", "Place a second point to measure the transit."
        start, end = chosen
        between = (start.number, end.number)
        for one in chosen:
            if one.told.arrival_s is None:
                why = "has no contrast" if one.told.peak is None else "has no known arrival"
                return between, None, "", f"No transit: point {one.number} {why}."
        by_id = {p.id: p.point_px for p in self._session.contrast_points.shown}
        apart_px, way = distance_px(self._session.current_polyline, by_id[start.id], by_id[end.id])
        found = transit(start.told, end.told, apart_px, *self._scale)
        why_not = ""
        if found is not None and found.speed is None:
            why_not = "The frames are too far apart to tell a speed."
        return between, found, way, why_not

    def _source(self, run: Run, made: Made) -> str:
        from viewer.session.subtracted_views import frames_text

        what = "subtracted frames" if made.differences is not None else "frames as taken"
        masks = made.mask_frames
        base = f"mask {frames_text(masks)}" if masks else "least contrast of each place as zero"
        drifting = sum(not drift.none for drift in made.found.drifts)
        note = f"{what} · {base}"
        if drifting:
            note += f" · exposure evened out on {drifting} frames"
        if made.unreadable:
            note += f" · without unreadable frames {frames_text(made.unreadable)}"
        if self._session.timing(run).times_s is None:
            note += " · frame times unknown: time in frames (set the rate with Ctrl+R)"
        return note


def disc_radius_px(mm_per_px: float | None) -> float:
    """Radius of the discs that curves are means of, px: `DISC_MM` where there is a scale."""
    return min(max(DISC_MM / mm_per_px, 1.5), 20.0) if mm_per_px else DISC_PX


def distance_px(
    line: Polyline | None, start_px: tuple[float, float], end_px: tuple[float, float]
) -> tuple[float, str]:
    """Distance between two points and how it was measured: along the vein when both are on it."""
    if line is not None:
        (start, off), (end, far) = line.project(start_px), line.project(end_px)
        if max(off, far) <= ON_VEIN_PX:
            return abs(end - start), "along the vein"
    return float(np.hypot(end_px[0] - start_px[0], end_px[1] - start_px[1])), "straight"
