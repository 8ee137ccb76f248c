"""Two phases of a procedure beside each other: which, and the one place both show.

Each side has a session of its own on the same case and review, in which nothing can be changed;
moving in one moves the other to the same place of the vein, and nothing in the session itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.geometry.carm import Projection, angle_between_deg, projection_of
from viewer.model.case import Phase
from viewer.model.study import Pullback, Run
from viewer.session.phases import guess_numbers

if TYPE_CHECKING:
    from viewer.model.study import ImageSet
    from viewer.session.figure_work import Figures
    from viewer.session.session import Session

Values = NDArray[np.float64]

WHOLE = {
    Phase.INITIAL_VENOGRAM: "Initial",
    Phase.INITIAL_IVUS: "Initial",
    Phase.COMPLETION_VENOGRAM: "Completion",
    Phase.COMPLETION_IVUS: "Completion",
}
"""Venogram and IVUS of the beginning, and of the end, are one step of the procedure."""

FAR_ANGLES_DEG = 20.0
"""From so far apart widths on two venograms can't be compared: 6 % foreshortening (domain.md)."""


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """One step of the procedure, as the strip shows it.

    Attributes
    ----------
    labels : tuple of str
        Names of its phases, as figures call them.
    """

    title: str
    time: str
    run_uid: str | None
    pullback_uid: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FlowCurve:
    """What blood can flow through along a vein.

    Attributes
    ----------
    places, area, sigma : ndarray, shape (n,)
        mm along the vein, rising; mm²; one standard deviation of the place.
    frames : ndarray of int64, shape (n,)
    """

    places: Values
    area: Values
    sigma: Values
    frames: NDArray[np.int64]

    def area_at(self, place: float) -> float | None:
        """Area at a place; None beyond what was seen."""
        if not len(self.places) or not self.places[0] <= place <= self.places[-1]:
            return None
        return float(np.interp(place, self.places, self.area))


class Compare:
    """What is compared. The session's own.

    Attributes
    ----------
    changed : Signal()
        Other steps, or another place.
    """

    changed = Signal()
    moved = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._chosen: tuple[str, str] | None = None
        self.sides: tuple[Session, Session] | None = None
        self.place: float | None = None
        self._following = False

    # -- steps ----------------------------------------------------------------------------------
    def steps(self) -> tuple[PhaseStep, ...]:
        """The procedure's steps that have a venogram or a pullback, in order."""
        session = self._session
        phases = session.phases
        numbers = guess_numbers(session.case, phases)
        groups: dict[tuple[int, int, str], list[ImageSet]] = {}
        order = list(Phase)
        for item in session.case.image_sets:
            phase = phases.get(item.uid)
            if phase is None or phase is Phase.OTHER or not isinstance(item, Run | Pullback):
                continue
            number = session.phase_number(item.uid) or numbers[item.uid]
            title = WHOLE.get(phase, f"{phase.value} {number}" if number else phase.value)
            rank = min(order.index(p) for p in Phase if WHOLE.get(p, p) == WHOLE.get(phase, phase))
            groups.setdefault((rank, number, title), []).append(item)
        return tuple(self._step(key[2], groups[key]) for key in sorted(groups))

    def _step(self, title: str, items: list[ImageSet]) -> PhaseStep:
        phases = self._session.phases
        times = [item.acquired_at for item in items if item.acquired_at is not None]
        labels = []
        for item in items:
            number = self._session.phase_number(item.uid)
            number = number or guess_numbers(self._session.case, phases)[item.uid]
            name = phases[item.uid].value
            labels.append(f"{name} {number}" if number else name)
        run = next((item.uid for item in items if isinstance(item, Run)), None)
        pulled = next((item.uid for item in items if isinstance(item, Pullback)), None)
        time = min(times).strftime("%H:%M") if times else ""
        return PhaseStep(title, time, run, pulled, tuple(dict.fromkeys(labels)))

    @property
    def shown(self) -> tuple[PhaseStep, PhaseStep] | None:
        """The steps before and after; by default the first and the last with a pullback."""
        steps = self.steps()
        if len(steps) < 2:
            return None
        by_title = {step.title: step for step in steps}
        if self._chosen is not None and all(title in by_title for title in self._chosen):
            return by_title[self._chosen[0]], by_title[self._chosen[1]]
        pulled = [step for step in steps if step.pullback_uid] or list(steps)
        return (pulled[0], pulled[-1]) if len(pulled) > 1 else (steps[0], steps[-1])

    def choose(self, side: int, title: str) -> None:
        """Show a step before (side 0) or after (side 1); the same on both sides swaps them."""
        shown = self.shown
        if shown is None or shown[side].title == title:
            return
        titles = [step.title for step in shown]
        if titles[1 - side] == title:
            titles.reverse()
        else:
            titles[side] = title
        self._chosen = (titles[0], titles[1])
        self._show_steps()

    def swap(self) -> None:
        """Exchange both sides."""
        shown = self.shown
        if shown is not None:
            self._chosen = (shown[1].title, shown[0].title)
            self._show_steps()

    # -- sides ----------------------------------------------------------------------------------
    def open(self) -> tuple[Session, Session]:
        """Sessions of both sides, showing what is to be compared; made when first asked for."""
        from viewer.session.exporting import second_session

        if self.sides is None:
            self.sides = (second_session(self._session), second_session(self._session))
            for side, copy in enumerate(self.sides):
                copy.frozen = True
                copy.cursor_changed.connect(lambda *_, side=side: self._follow(side))
        self.refresh()
        return self.sides

    def refresh(self) -> None:
        """Let both sides show the case and the review as they are now."""
        session = self._session
        for copy in self.sides or ():
            if copy.case is not session.case:
                copy.open_case(session.case, session.review)
            copy.placed.clear()
            copy.placed.update(session.placed)
            position = session.position
            if session.run is not None and session.pullback is not None and position is not None:
                copy.placed[session.run.uid, session.pullback.uid] = position
            copy.mirror(session.review)
        self._show_steps()

    def _show_steps(self) -> None:
        shown = self.shown
        if self.sides is not None and shown is not None:
            self._following = True
            for copy, step in zip(self.sides, shown, strict=True):
                copy.show_only(step.run_uid, step.pullback_uid)
            self._following = False
            self.go_to(self.place if self.place is not None else self._first_place())
        self.changed.emit()

    # -- the place ------------------------------------------------------------------------------
    @property
    def _figures(self) -> Figures | None:
        work = self._session.figures
        return work.figures if work is not None else None

    def _first_place(self) -> float | None:
        """Where the least of the first side's lumen is, else the middle of what it shows."""
        curve = self.flow(0) or self.flow(1)
        if curve is not None and len(curve.places):
            return float(curve.places[int(np.nanargmin(curve.area))])
        return None

    def go_to(self, place: float | None) -> None:
        """Show a place of the vein on both sides, mm from the confluence."""
        self.place = place
        figures, shown = self._figures, self.shown
        if figures is not None and shown is not None and self.sides is not None:
            self._following = True
            for copy, step in zip(self.sides, shown, strict=True):
                there = figures.places.get(step.pullback_uid or "")
                if there is not None and place is not None:
                    copy.set_pullback_frame(there.frame_at(place))
            self._following = False
        self.moved.emit()

    def _follow(self, side: int) -> None:
        """One side's frame was moved: the other goes to the same place."""
        figures, shown = self._figures, self.shown
        if self._following or figures is None or shown is None or self.sides is None:
            return
        there = figures.places.get(shown[side].pullback_uid or "")
        if there is None:
            return
        frame = self.sides[side].cursor.pullback_frame
        self.place = float(there.along[min(frame, len(there.along) - 1)])
        other = figures.places.get(shown[1 - side].pullback_uid or "")
        if other is not None:
            self._following = True
            self.sides[1 - side].set_pullback_frame(other.frame_at(self.place))
            self._following = False
        self.moved.emit()

    def sigma(self, side: int) -> float | None:
        """± (half the 90 % band) of the place on a side's pullback, mm."""
        figures, shown = self._figures, self.shown
        there = figures.places.get(shown[side].pullback_uid or "") if figures and shown else None
        if there is None or self.place is None:
            return None
        return 1.645 * float(there.sigma[there.frame_at(self.place)])

    # -- figures --------------------------------------------------------------------------------
    def flow(self, side: int) -> FlowCurve | None:
        """The flow lumen along a side's vein: the lumen, less clot where its border is drawn."""
        figures, shown = self._figures, self.shown
        if figures is None or shown is None:
            return None
        uid = shown[side].pullback_uid or ""
        curves = figures.review.curves.get(uid, {})
        lumen, flow, there = curves.get("lumen"), curves.get("flow"), figures.places.get(uid)
        if lumen is None or there is None or lumen.unit != "mm":
            return None
        places = there.along[lumen.frames]
        area = lumen.smooth_area() * (1.0 - _filled(figures, uid, places))
        if flow is not None:
            _, own, drawn = np.intersect1d(lumen.frames, flow.frames, return_indices=True)
            area[own] = flow.area[drawn]
        order = np.argsort(places, kind="stable")
        return FlowCurve(
            places[order], area[order], there.sigma[lumen.frames][order], lumen.frames[order]
        )

    def angle_deg(self) -> float | None:
        """Angle between the views of both runs; None where one does not tell its own."""
        runs = [copy.run for copy in self.sides or () if copy.run is not None]
        views = [view for run in runs if isinstance(view := projection_of(run), Projection)]
        return angle_between_deg(*views) if len(views) == 2 else None

    def warning(self) -> str:
        """What keeps both venograms from being compared; empty when nothing does."""
        angle = self.angle_deg()
        if angle is None or angle <= FAR_ANGLES_DEG:
            return ""
        return f"Views differ by {angle:.0f}°. Compare areas from IVUS, not widths on the venogram."


def _filled(figures: Figures, pullback_uid: str, places: Values) -> Values:
    """Share of the lumen that marked clot fills at places of a pullback, 0 to 1, same shape."""
    filled = np.zeros(len(places))
    for one in figures.review.segments:
        extent, course = one.segment.extent, one.course
        if course is None or extent.on != "pullback" or extent.pullback_uid != pullback_uid:
            continue
        middle = (course.edges[:-1] + course.edges[1:]) / 2
        known = np.isfinite(course.fraction)
        inside = (places >= course.edges[0]) & (places <= course.edges[-1])
        if known.any():
            share = np.interp(places, middle[known], course.fraction[known])
            filled = np.where(inside, np.maximum(filled, share), filled)
    return filled
