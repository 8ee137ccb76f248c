"""Verbs on the courses of veins on a run: clicks, knots, several veins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from viewer.model.study import Run
from viewer.model.vessel import Centerline, CourseBy, PointPx
from viewer.session.identity import new_id
from viewer.session.state import Selection, Severity, Tool

if TYPE_CHECKING:
    from viewer.session.session import Session

ON_CURVE_PX = 12.0
"""A click this near to the drawn curve adds a knot inside it, farther away at its nearer end."""

NEXT_CLICK = "next click"
"""Stands for the centerline that the next click begins."""

SAME_SPOT_PX = 0.5
"""A click this near to a knot is the same click again (a double click), not another knot."""


class CenterlineEdits:
    """Centerline verbs of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._target = ""

    @property
    def lines(self) -> tuple[Centerline, ...]:
        """Every centerline of the shown run."""
        return self._session.review.centerlines_of(self._session.cursor.run_uid)

    @property
    def target(self) -> Centerline | None:
        """The centerline that clicks add to; None when the next click begins one."""
        if self._target == NEXT_CLICK:
            return None
        chosen = next((line for line in self.lines if line.id == self._target), None)
        return chosen or self._session.current_centerline

    def pick(self, line_id: str) -> None:
        """Draw on another centerline of the shown run from now on."""
        if line_id != self._target:
            self._target = line_id
            self._session.pending_changed.emit()

    def begin_new(self) -> None:
        """Let the next click begin another centerline of the shown run."""
        self._session.arm(Tool.CENTERLINE)
        self.pick(NEXT_CLICK)

    def _by(self, snap: bool) -> CourseBy:
        tracing = self._session.tracing
        return CourseBy.WANTED if snap and tracing is not None and tracing.snap else CourseBy.SPLINE

    def add_knot(
        self, point_px: PointPx, on_curve_px: float = ON_CURVE_PX, *, snap: bool = True
    ) -> None:
        """Add a click to the centerline of the shown run; the first click starts it.

        With `snap` the vein is followed to it where that can be done, else a spline goes there.
        """
        session = self._session
        run, line = session.run, self.target
        if run is None or not self._inside(run, point_px):
            return
        if line is None:
            name = "Vein" if not self.lines else f"Vein {len(self.lines) + 1}"
            line = Centerline(new_id(), run.uid, (), session.cursor.run_frame, name)
        if any(np.hypot(*np.subtract(point_px, knot)) < SAME_SPOT_PX for knot in line.knots_px):
            return
        where = self.knot_place(line, point_px, on_curve_px)
        line = line.with_knot(point_px, where, self._by(snap))
        if session.tracing is not None:
            line = session.tracing.at_once(line)
        self._target = line.id
        session.edit("Add centerline point", session.review.with_centerline(line))
        session.select(knot_selection(line.id, where))

    def _inside(self, run: Run, point_px: PointPx) -> bool:
        """Whether a click lies on the image; says so when it doesn't."""
        x, y = point_px
        if -0.5 <= x <= run.columns - 0.5 and -0.5 <= y <= run.rows - 0.5:
            return True
        self._session.notify(
            "The vein can't be drawn beyond the image",
            "Click where it leaves the image; nothing is known of it outside.",
            Severity.WARNING,
            about="vein",
        )
        return False

    def knot_place(self, line: Centerline, point_px: PointPx, on_curve_px: float) -> int:
        """Before which knot a click is put: inside the curve when on it, else at its nearer end."""
        curve = self._session.polyline(line)
        if curve is None:
            return len(line.knots_px)
        arc_px, distance_px = curve.project(point_px)
        if distance_px <= on_curve_px and 0.0 < arc_px < curve.length_px:
            knot_arcs = [float(curve.project(knot)[0]) for knot in line.knots_px]
            return int(np.searchsorted(knot_arcs, arc_px))
        to_first = np.hypot(*np.subtract(point_px, line.knots_px[0]))
        to_last = np.hypot(*np.subtract(point_px, line.knots_px[-1]))
        return 0 if to_first < to_last else len(line.knots_px)

    def live_from(self, point_px: PointPx, on_curve_px: float = ON_CURVE_PX) -> PointPx | None:
        """The knot a click here would go on from; None when it begins a vein or lies on it."""
        line = self.target
        if line is None or not line.knots_px:
            return None
        where = self.knot_place(line, point_px, on_curve_px)
        if where not in (0, len(line.knots_px)):
            return None
        return line.knots_px[0 if where == 0 else -1]

    def move_knot(self, index: int, point_px: PointPx, *, snap: bool = True) -> None:
        """Preview a knot elsewhere, inside a gesture; the vein beside it is followed afterwards."""
        line, run = self.target, self._session.run
        if line is not None and run is not None and 0 <= index < len(line.knots_px):
            x = min(max(point_px[0], 0.0), run.columns - 1.0)
            y = min(max(point_px[1], 0.0), run.rows - 1.0)
            moved = line.with_moved_knot(index, (x, y), self._by(snap))
            self._session.preview(self._session.review.with_centerline(moved))

    def remove_knot(self, index: int) -> None:
        """Take one knot out; the last one takes the centerline with it."""
        session = self._session
        line = self.target
        if line is None or not 0 <= index < len(line.knots_px):
            return
        if len(line.knots_px) == 1:
            self.remove_centerline()
            return
        shorter = line.without_knot(index, self._by(snap=True))
        review = session.review.with_centerline(shorter)
        session.edit("Remove centerline point", review, "Point of the vein removed")
        session.select(knot_selection(line.id, max(0, index - 1)))

    def knot_of(self, selection: Selection) -> int | None:
        """Which knot of the centerline being drawn is selected; None when none is."""
        line = self.target
        line_id, _, index = selection.id.rpartition(":")
        if selection.kind != "knot" or line is None or line.id != line_id:
            return None
        return int(index) if int(index) < len(line.knots_px) else None

    def remove_centerline(self) -> None:
        """Delete the centerline being drawn and the landmarks on it."""
        session = self._session
        line = self.target
        if line is not None:
            self._target = ""
            review = session.review.without_centerline(line.id)
            session.edit("Delete centerline", review, "Centerline and its landmarks deleted")
            session.select(session.selection)

    def reverse_centerline(self) -> None:
        """Swap the central and the peripheral end."""
        session = self._session
        line = self.target
        if line is not None:
            turned = line.reversed()
            session.edit("Swap ends of the vein", session.review.with_centerline(turned))

    def guessed_arcs(self, line: Centerline) -> tuple[tuple[float, float], ...]:
        """Stretches of a centerline, arc px from its start, where its run shows no vein."""
        curve = self._session.polyline(line)
        if curve is None:
            return ()
        arcs = []
        for knot, course in zip(line.knots_px, line.courses, strict=False):
            for first, last in course.guessed:
                before = course.points_px[first - 1] if first else knot
                ends = (before, course.points_px[last])
                start, end = (float(curve.project(point)[0]) for point in ends)
                arcs.append((start, end))
        return tuple(arcs)

    def sure_arcs(self, line: Centerline) -> tuple[tuple[float, float], ...]:
        """The rest of it: stretches where the vein is seen, or the reader drew it."""
        curve = self._session.polyline(line)
        if curve is None:
            return ()
        starts, ends = [0.0], []
        for first, last in self.guessed_arcs(line):
            ends.append(first)
            starts.append(last)
        ends.append(curve.length_px)
        return tuple((a, b) for a, b in zip(starts, ends, strict=True) if b - a > 1e-6)

    def name_centerline(self, name: str) -> None:
        """Say which vein the centerline being drawn is."""
        session, line = self._session, self.target
        if line is not None and name.strip():
            review = session.review.with_centerline(replace(line, name=name.strip()))
            session.edit("Name centerline", review, f"Centerline named “{name.strip()}”")

    def copy_to_others(self) -> None:
        """Copy the centerline being drawn to the runs of the same angles."""
        line, tracing = self.target, self._session.tracing
        if line is not None and tracing is not None:
            tracing.copies.copy(line)

    def accept_centerline(self) -> None:
        """The reader looked at a centerline that was copied here, and it is right."""
        session, line = self._session, self.target
        if line is not None and line.unchecked:
            review = session.review.with_centerline(replace(line, unchecked=False))
            session.edit("Accept centerline", review, "Centerline accepted")


def knot_selection(line_id: str, index: int) -> Selection:
    """The selection of one knot of a centerline."""
    return Selection("knot", f"{line_id}:{index}")
