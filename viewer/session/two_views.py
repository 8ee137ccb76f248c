"""Two views of one vein: the run that makes a pair, guidance, the path in space, true length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import is_
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.geometry.carm import (
    LEAST_ANGLE_DEG,
    MissingGeometry,
    Projection,
    angle_between_deg,
    projection_of,
    view_name,
)
from viewer.geometry.epipolar import guidance_line
from viewer.geometry.polyline import Polyline
from viewer.geometry.reconstruction import (
    NoPath,
    Pair,
    Path3D,
    reconstruct,
    strong_foreshortening,
    view_line,
)
from viewer.model.calibration import Calibration
from viewer.model.case import Case
from viewer.model.review import Review
from viewer.model.study import Run
from viewer.model.two_views import TrueLength
from viewer.model.vessel import Centerline, PointPx
from viewer.session.identity import new_id
from viewer.session.state import Severity, Tool

if TYPE_CHECKING:
    from viewer.session.session import Session

Values = NDArray[np.float64]
BEST_ANGLE_DEG = 60.0
"""Of several runs the one this far off: depth is sure, and both still show the vein's length."""

KEPT_PATHS = 8
OnWorker = Callable[[Run, Callable[[], object], Callable[[object], None]], None]
"""Called with a run, what to make on a worker, and who takes it in on the main thread."""

_Held = tuple[Polyline, tuple[float, ...], Path3D, Review, Case]
"""A curve, the true length at its points, the path it is from, and what was open then."""


@dataclass(frozen=True, slots=True)
class Partner:
    """A run that could be the second view: the angle to the shown one, or why it can't be."""

    run: Run
    name: str
    angle_deg: float | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """A line on the shown run on which a place of the other run must lie."""

    start_px: PointPx
    end_px: PointPx
    label: str
    landmark: bool = False


@dataclass(frozen=True, eq=False)
class PathOf:
    """A path with the runs and centerlines it was made from, in order."""

    path: Path3D
    runs: tuple[Run, Run]
    lines: tuple[Centerline, Centerline]
    names: tuple[str, str]

    def which(self, run_uid: str | None) -> int:
        """0 or 1: which of both views a run is."""
        return 1 if self.runs[1].uid == run_uid else 0


class TwoViews:
    """What a session knows of pairs of runs. The session's own.

    `changed` tells of another partner or layer, `pointed` of another place pointed at.
    """

    changed = Signal()
    pointed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._chosen: dict[str, str] = {}
        self._clicked: dict[str, PointPx] = {}
        self._hovered: dict[str, PointPx] = {}
        self._paths: list[tuple[tuple[object, ...], Path3D | NoPath]] = []
        self._held: dict[str, _Held] = {}
        self._last: PathOf | None = None
        self._last_for: tuple[object, ...] = ()
        self._latest: dict[tuple[str, str], Path3D] = {}
        self._making: tuple[object, ...] = ()
        self.worker: OnWorker | None = None
        self.colours = False
        self.open = False

    def clear(self) -> None:
        """Forget what belongs to the case that was open."""
        self._chosen.clear()
        self._paths.clear()
        self._held.clear()
        self._latest.clear()
        self._making = ()
        self._last, self._last_for = None, ()
        self.colours = self.open = False
        self._clicked.clear()
        self._hovered.clear()

    # -- the pair -----------------------------------------------------------------------------
    def partners(self) -> tuple[Partner, ...]:
        """The other runs as second views of the shown one, usable ones first."""
        shown = self._session.run
        if shown is None:
            return ()
        found = [_partner(shown, run) for run in self._session.case.runs if run.uid != shown.uid]
        return tuple(sorted(found, key=lambda partner: bool(partner.why_not)))

    @property
    def partner(self) -> Partner | None:
        """The second view: the one chosen by hand, else the best there is."""
        shown, partners = self._session.run, self.partners()
        if shown is None:
            return None
        by_hand = self._chosen.get(shown.uid)
        for partner in partners:
            if partner.run.uid == by_hand:
                return partner
        usable = [partner for partner in partners if not partner.why_not]
        return min(usable, key=self._rank, default=None)

    def _rank(self, partner: Partner) -> tuple[bool, bool, float]:
        review, run = self._session.review, self._session.run
        mine = {line.id for line in review.centerlines_of(run.uid if run else None)}
        theirs = {line.id for line in review.centerlines_of(partner.run.uid)}
        used = any(
            {t.first_centerline_id, t.second_centerline_id} & mine
            and {t.first_centerline_id, t.second_centerline_id} & theirs
            for t in review.true_lengths
        )
        return not used, not theirs, abs((partner.angle_deg or 0.0) - BEST_ANGLE_DEG)

    def choose(self, uid: str) -> None:
        """Take a run as the second view of the shown one, and the other way round."""
        shown = self._session.run
        if shown is not None and uid != shown.uid and self._session.case.run(uid) is not None:
            self._chosen |= {shown.uid: uid, uid: shown.uid}
            self._last_for = ()
            self.changed.emit()

    def go_to_partner(self) -> None:
        """Show the second view; what was pointed at stays as a line on it."""
        partner = self.partner
        if partner is not None:
            shown = self._session.run
            if shown is not None:
                self._chosen |= {shown.uid: partner.run.uid, partner.run.uid: shown.uid}
            self._session.show(partner.run.uid)

    def why_not(self) -> str:
        """What a path in space still needs, for a person; empty when there is one."""
        session, partner = self._session, self.partner
        if session.run is None:
            return "needs a venogram"
        own = projection_of(session.run)
        if isinstance(own, MissingGeometry):
            return f"this run's header lacks {own.text}"
        if partner is None:
            return self._why_alone()
        if partner.why_not:
            return f"{partner.name}: {partner.why_not}"
        if session.current_polyline is None:
            return "needs a centerline on this run"
        if session.polyline(self._line_of(partner.run)) is None:
            return f"needs a centerline on {partner.name} too"
        found = self.result
        return "" if not isinstance(found, NoPath) else f"{found.reason}. {found.hint}"

    def _why_alone(self) -> str:
        partners = self.partners()
        if not partners:
            return "needs a second run from another angle"
        told = "; ".join(f"{partner.name} {partner.why_not}" for partner in partners[:3])
        return f"no other run can be the second view: {told}"

    @property
    def pointing(self) -> bool:
        """Whether guidance is drawn: while the pair is being worked on."""
        return self.open or self._session.tool in (Tool.CENTERLINE, Tool.LANDMARK)

    def set_open(self, is_open: bool) -> None:
        """Work on the pair, or stop."""
        if is_open != self.open:
            self.open = is_open
            self.changed.emit()

    # -- guidance -----------------------------------------------------------------------------
    def point_at(self, point_px: PointPx) -> None:
        """Remember a click on the shown run: the other view draws the line it lies on."""
        run = self._session.run
        if run is not None:
            self._clicked[run.uid] = point_px
            self._hovered.pop(run.uid, None)
            self.pointed.emit()

    def hover(self, point_px: PointPx | None) -> None:
        """Remember where the pointer is on the shown run; None when it left the image.

        It stands in for the last click, so that the other view shows the line of what was
        under the pointer when it was asked for.
        """
        run = self._session.run
        if run is None or not self.pointing:
            return
        if point_px is None:
            self._hovered.pop(run.uid, None)
        else:
            self._hovered[run.uid] = point_px

    @property
    def place(self) -> PointPx | None:
        """The place last clicked on the shown run, while it makes a pair."""
        run = self._session.run
        return self._clicked.get(run.uid) if run is not None and self.partner else None

    def guides(self) -> tuple[Guide, ...]:
        """Lines on the shown run for what is known on the other: the last place, landmarks."""
        session, partner = self._session, self.partner
        if partner is None or partner.why_not or session.run is None:
            return ()
        views = self._projections(partner.run, session.run)
        if views is None:
            return ()
        seen_by, drawn_on = views
        wanted: list[tuple[str, PointPx]] = []
        uid = partner.run.uid
        place = self._hovered.get(uid) or self._clicked.get(uid)
        if place is not None:
            wanted.append(("", place))
        here = {mark.name for mark in session.vessel.landmarks}
        wanted += [
            (name, point) for name, point in self._named(partner.run).items() if name not in here
        ]
        size = session.run.columns, session.run.rows
        found = []
        for label, point in wanted:
            line = guidance_line(seen_by, point, drawn_on, size)
            if line is not None:
                found.append(Guide(*line, label or f"from {partner.name}", landmark=bool(label)))
        return tuple(found)

    def _projections(self, first: Run, second: Run) -> tuple[Projection, Projection] | None:
        """Both projections; the second with the patient's shift when a path has told it."""
        a, b = projection_of(first), projection_of(second)
        if isinstance(a, MissingGeometry) or isinstance(b, MissingGeometry):
            return None
        made = self.made
        if made is None or {run.uid for run in made.runs} != {first.uid, second.uid}:
            return a, b
        if made.runs[0].uid == first.uid:
            return a, b.shifted(made.path.shift_mm)
        return a.shifted(made.path.shift_mm), b

    # -- the path -----------------------------------------------------------------------------
    @property
    def made(self) -> PathOf | None:
        """The path of the shown run and its partner; None while there is none.

        A drag keeps the one from before it: a path takes longer than a move of the pointer.
        """
        run, last = self._session.run, self._last
        if self._session.in_gesture:
            shown = last is not None and run is not None and run in last.runs
            return last if shown else None
        session = self._session
        known = session.review, session.case, session.cursor.run_uid, session.cursor.pullback_uid
        if len(self._last_for) == len(known) and all(map(is_, known, self._last_for)):
            return last
        self._last, self._last_for = self._made(last), known
        return self._last

    def _made(self, last: PathOf | None) -> PathOf | None:
        basis = self._basis()
        found = self._found(basis) if basis else None
        if basis is not None and found is None:  # better ones come from the worker
            kept = self._latest[_ids(basis)]
            same = last is not None and last.path is kept
            return last if same else PathOf(kept, basis.runs, basis.lines, basis.names)
        if basis is None or not isinstance(found, Path3D):
            return None
        if last is not None and last.path is found and last.lines == basis.lines:
            return last
        return PathOf(found, basis.runs, basis.lines, basis.names)

    @property
    def result(self) -> Path3D | NoPath | None:
        """The path, or why there is none; None while something is missing for it."""
        basis = self._basis()
        return (self._found(basis) or self._latest[_ids(basis)]) if basis else None

    @property
    def working(self) -> bool:
        """Whether a path is being made; the last one holds meanwhile."""
        return bool(self._making)

    def _basis(self) -> _Basis | None:
        session, partner = self._session, self.partner
        line = session.current_centerline
        if session.run is None or partner is None or partner.why_not or line is None:
            return None
        other = self._line_of(partner.run)
        return self._basis_of(line, other) if other is not None else None

    def _basis_of(self, line: Centerline, other: Centerline) -> _Basis | None:
        """What a path of two centerlines rests on, in the case's order of runs."""
        session = self._session
        order = [run.uid for run in session.case.runs]
        if line.run_uid not in order or other.run_uid not in order:
            return None
        first, second = sorted((line, other), key=lambda each: order.index(each.run_uid))
        runs = session.case.run(first.run_uid), session.case.run(second.run_uid)
        curves = session.polyline(first), session.polyline(second)
        if runs[0] is None or runs[1] is None or curves[0] is None or curves[1] is None:
            return None
        places = self._named(runs[0]), self._named(runs[1])
        pairs = tuple(
            (name, point, places[1][name]) for name, point in places[0].items() if name in places[1]
        )
        scales = session.calibration(runs[0]), session.calibration(runs[1])
        return _Basis(
            (runs[0], runs[1]), (first, second), (curves[0], curves[1]), pairs, scales,
            (run_view(runs[0]), run_view(runs[1])),
        )  # fmt: skip

    def _found(self, basis: _Basis, *, at_once: bool = False) -> Path3D | NoPath | None:
        """The path; None while a worker makes it and the last of the same veins holds."""
        key = (*basis.runs, *basis.curves, basis.pairs, *basis.scales)
        for known, kept in self._paths:
            if _same(known, key):
                return kept
        if self.worker is None or at_once or _ids(basis) not in self._latest:
            made = _path_of(basis)
            self._keep(key, basis, made)
            return made
        if not _same(self._making, key):
            self._making = key
            run, make = basis.runs[0], partial(_path_of, basis)
            self.worker(run, make, partial(self._come, key, basis))
        return None

    def _come(self, key: tuple[object, ...], basis: _Basis, made: object) -> None:
        """A path came from the worker."""
        if not isinstance(made, Path3D | NoPath) or not _same(self._making, key):
            return
        self._making = ()
        self._keep(key, basis, made)
        self._last_for = ()
        self.changed.emit()
        self._session.link_changed.emit()

    def _keep(self, key: tuple[object, ...], basis: _Basis, made: Path3D | NoPath) -> None:
        self._paths.insert(0, (key, made))
        del self._paths[KEPT_PATHS:]
        if isinstance(made, Path3D):
            self._latest[_ids(basis)] = made
        else:
            self._latest.pop(_ids(basis), None)

    def _line_of(self, run: Run) -> Centerline | None:
        return self._session.centerline_for(run.uid, self._session.cursor.pullback_uid)

    def _named(self, run: Run) -> dict[str, PointPx]:
        """Landmarks named on a run, whatever pullback they tie."""
        ties = (tie for tie in self._session.review.coregistrations if tie.run_uid == run.uid)
        return {mark.name: mark.point_px for tie in ties for mark in tie.landmarks}

    # -- foreshortening -----------------------------------------------------------------------
    def foreshortening(self) -> tuple[Polyline, Values] | None:
        """The shown centerline's curve and the percentage lost at each of its points."""
        made, run = self.made, self._session.run
        if made is None or run is None:
            return None
        which = made.which(run.uid)
        curve = self._session.polyline(made.lines[which])
        if curve is None:
            return None
        return curve, made.path.foreshortening_at(which, curve.arc_px)

    def warning(self) -> str:
        """What the shown view shortens by more than 20 %; empty when nothing."""
        made, run = self.made, self._session.run
        if made is None or run is None:
            return ""
        which = made.which(run.uid)
        told = strong_foreshortening(made.path.arc_mm, made.path.foreshortening[which])
        return f"{made.names[which]} {told}" if told else ""

    def toggle_colours(self) -> None:
        """Show or hide foreshortening along the centerline."""
        self.colours = not self.colours
        self.changed.emit()

    # -- true length --------------------------------------------------------------------------
    def in_force(self, line: Centerline | None) -> TrueLength | None:
        """The true length a centerline's positions run on."""
        if line is None:
            return None
        return next((t for t in self._session.review.true_lengths if t.rests_on(line.id)), None)

    def toggle_true_length(self) -> None:
        """Let positions on the shown pair run on true length, or on the images' scale again."""
        session, made = self._session, self.made
        used = self.in_force(session.current_centerline)
        if used is not None:
            review = session.review.without_true_length(used.id)
            session.edit("Stop using true length", review, "Lengths are those on the image again")
        elif made is None:
            session.notify(
                "No true length yet", f"It {self.why_not()}.", Severity.WARNING, about="tie"
            )
        else:
            used = TrueLength(new_id(), made.lines[0].id, made.lines[1].id)
            path = made.path
            session.edit(
                "Use true length",
                session.review.with_true_length(used),
                f"True length: {path.length_mm:.0f} ± {path.length_sigma_mm:.0f} mm from "
                f"{made.names[0]} and {made.names[1]}",
            )
        session.link_changed.emit()

    def true_mm(self, line: Centerline, curve: Polyline) -> tuple[float, ...] | None:
        """True length at each point of a centerline's curve, None when it is not in force.

        While the vein is being dragged the path is not made anew: the last one is stretched.
        """
        used = self.in_force(line)
        if used is None:
            self._held.pop(line.id, None)
            return None
        held = self._held.get(line.id)
        review, case = self._session.review, self._session.case
        if held is not None and held[0] is curve and held[3] is review and held[4] is case:
            return held[1]  # every repaint asks
        if self._session.in_gesture and held is not None and held[0] is not curve:
            return _stretched(held, curve)
        lines = [
            self._session.review.centerline(each)
            for each in (used.first_centerline_id, used.second_centerline_id)
        ]
        if lines[0] is None or lines[1] is None:
            return None
        basis = self._basis_of(lines[0], lines[1])
        found = self._found(basis, at_once=held is None) if basis is not None else None
        if basis is not None and found is None and held is not None:
            return held[1] if held[0] is curve else _stretched(held, curve)
        if basis is None or not isinstance(found, Path3D):
            return None
        which = 0 if basis.lines[0].id == line.id else 1
        same = held is not None and held[0] is curve and held[2] is found
        values = held[1] if held and same else tuple(found.true_mm(which).tolist())
        self._held[line.id] = curve, values, found, review, case
        return values

    def scale_for(self, line: Centerline, scale: Calibration) -> Calibration:
        """A scale with the ± of the true length in its place, when that is in force."""
        held = self._held.get(line.id)
        if held is None or self.in_force(line) is None or not scale.known:
            return scale
        return replace(scale, uncertainty=held[2].length_sigma_mm / held[2].length_mm)

    def status(self) -> tuple[str, str]:
        """Short text and tip of the true length in force; empty without one."""
        used = self.in_force(self._session.current_centerline)
        made = self.made
        if used is None:
            return "", ""
        if made is None:
            return "True length: not available", f"It {self.why_not()}."
        path = made.path
        text = (
            f"True length {path.length_mm:.0f} ± {path.length_sigma_mm:.0f} mm · "
            f"{made.names[0]} + {made.names[1]}"
        )
        return text, path.source


@dataclass(frozen=True, eq=False)
class _Basis:
    """What a path is made from."""

    runs: tuple[Run, Run]
    lines: tuple[Centerline, Centerline]
    curves: tuple[Polyline, Polyline]
    pairs: tuple[tuple[str, PointPx, PointPx], ...]
    scales: tuple[Calibration, Calibration]
    names: tuple[str, str]


def _ids(basis: _Basis) -> tuple[str, str]:
    return basis.lines[0].id, basis.lines[1].id


def _same(known: tuple[object, ...], key: tuple[object, ...]) -> bool:
    if len(known) != len(key):
        return False
    return all(a is b or a == b for a, b in zip(known, key, strict=True))


def _stretched(held: _Held, curve: Polyline) -> tuple[float, ...]:
    """The last true length, over a curve that is another now."""
    grown = curve.length_px / held[0].length_px
    stretched = np.interp(curve.arc_px / grown, held[0].arc_px, held[1]) * grown
    return tuple(stretched.tolist())


def _path_of(basis: _Basis) -> Path3D | NoPath:
    first, second = (
        view_line(run, curve, scale)
        for run, curve, scale in zip(basis.runs, basis.curves, basis.scales, strict=True)
    )
    if isinstance(first, MissingGeometry) or isinstance(second, MissingGeometry):
        return NoPath("A run has no C-arm geometry", "Choose another second view.")
    return reconstruct(first, second, [Pair(*pair) for pair in basis.pairs])


def run_view(run: Run) -> str:
    """What people call a run's view; its description when the angles are unknown."""
    view = projection_of(run)
    return view_name(view) if isinstance(view, Projection) else run.description or "a run"


def _partner(shown: Run, run: Run) -> Partner:
    mine, theirs = projection_of(shown), projection_of(run)
    if isinstance(theirs, MissingGeometry):
        return Partner(run, run_view(run), None, f"its header lacks {theirs.text}")
    if isinstance(mine, MissingGeometry):
        return Partner(run, run_view(run), None, f"this run's header lacks {mine.text}")
    angle = angle_between_deg(mine, theirs)
    near = angle < LEAST_ANGLE_DEG
    why = f"only {angle:.0f}° away, at least {LEAST_ANGLE_DEG:.0f}° are needed" if near else ""
    return Partner(run, run_view(run), angle, why)
