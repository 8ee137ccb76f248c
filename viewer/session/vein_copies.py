"""Copying a centerline to other runs of the same angles, moved as the patient moved."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.errors import UnreadableError
from viewer.imaging.log_domain import Image, LogDomain
from viewer.imaging.run_registration import Motion, find_motion
from viewer.model.study import Run
from viewer.model.vessel import Centerline, Course, PointPx
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader
from viewer.session.identity import new_id
from viewer.session.state import Severity

if TYPE_CHECKING:
    from viewer.session.session import Session

SAME_ANGLES_DEG = 5.0
"""Runs within this of one another show the vein on nearly the same course: foreshortening differs
by less than 1 %."""


def same_angles(first: Run, other: Run) -> bool:
    """Whether both runs were taken from the same direction, as far as their headers tell."""
    pairs = (
        (first.primary_angle_deg, other.primary_angle_deg),
        (first.secondary_angle_deg, other.secondary_angle_deg),
    )
    return all(a is not None and b is not None and abs(a - b) <= SAME_ANGLES_DEG for a, b in pairs)


class VeinCopies:
    """Copies centerlines; each copy is one step of undo, and says that it is to be checked."""

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        self._session, self._loader = session, loader

    def copy(self, line: Centerline) -> None:
        """Copy a centerline to every other run of the same angles."""
        session = self._session
        run = session.case.run(line.run_uid)
        if run is None:
            return
        others = [r for r in session.case.runs if r.uid != run.uid and same_angles(run, r)]
        if not others:
            session.notify(
                "No other run was taken at these C-arm angles",
                f"A centerline can be copied to runs within {SAME_ANGLES_DEG:g}° of its own."
                " Draw it anew there.",
                Severity.INFO,
                about="vein",
            )
            return
        kept: list[Image] = []

        def visit(_: int, read: Frame | UnreadableError) -> None:
            if not isinstance(read, UnreadableError):
                kept.append(LogDomain.of(run.pixels).of_frame(read))

        def finished(error: UnreadableError | None) -> None:
            if error is not None or not kept:
                self._failed(run, error.what if error is not None else "its frame can't be read")
                return
            for other in others:
                self._onto(line, run, kept[0], other)

        self._loader.submit_background(
            f"vein copy {run.uid}", run, (_quiet(run),), visit, finished=finished
        )

    def _onto(self, line: Centerline, run: Run, first: Image, other: Run) -> None:
        scale, to_scale = (self._session.calibration(item).mm_per_px for item in (run, other))
        found: list[Motion] = []

        def visit(_: int, read: Frame | UnreadableError) -> None:
            if not isinstance(read, UnreadableError):
                frame = LogDomain.of(other.pixels).of_frame(read)
                found.append(find_motion(first, frame, scale, to_scale))

        def finished(error: UnreadableError | None) -> None:
            if error is not None or not found:
                self._failed(other, error.what if error is not None else "it can't be read")
            elif not found[0].is_believable:
                self._failed(other, "the two runs do not look alike")
            else:
                self._put(line, other, found[0])

        self._loader.submit_background(
            f"vein copy {other.uid}", other, (_quiet(other),), visit, finished=finished
        )

    def _failed(self, run: Run, why: str) -> None:
        name = run.description or "another run"
        self._session.notify(
            f"The centerline was not copied to {name}: {why}",
            "Draw it anew there.",
            Severity.WARNING,
            about=f"vein copy {run.uid}",
        )

    def _put(self, line: Centerline, other: Run, motion: Motion) -> None:
        session = self._session
        if session.review.centerline(line.id) is None or session.case.run(other.uid) is None:
            return
        made = carried(line, other, motion)
        moved_mm = math.hypot(*motion.shift_mm)
        session.edit(
            "Copy centerline",
            session.review.with_centerline(made),
            f"“{line.name}” copied to {other.description or 'another run'}, moved by"
            f" {moved_mm:.0f} mm. Check it there",
        )


def carried(line: Centerline, other: Run, motion: Motion) -> Centerline:
    """The centerline as it lies on another run, not yet checked by the reader."""

    def place(point_px: PointPx) -> PointPx:
        x, y = motion.carried(point_px)
        right, low = other.columns - 1.0, other.rows - 1.0
        return round(min(max(x, 0.0), right), 2), round(min(max(y, 0.0), low), 2)

    pieces = tuple(
        Course(piece.by, tuple(map(place, piece.points_px)), piece.guessed) for piece in line.pieces
    )
    moved = replace(line, id=new_id(), run_uid=other.uid, frame=0, unchecked=True)
    return moved.with_pieces(tuple(map(place, line.knots_px)), pieces)


def _quiet(run: Run) -> int:
    """A 0-based frame before contrast, as far as is known."""
    return next((i for i in run.mask_frames if 0 <= i < run.frames), 0)
