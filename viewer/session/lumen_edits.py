"""Verbs on the borders of a pullback's frames: drawn, bent, accepted, deleted, one step each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from viewer.geometry.contour_shape import (
    EVEN_POINTS,
    bent,
    between,
    evenly,
    handles,
    pushed,
    redrawn,
)
from viewer.measure.lumen import figures_of, quantities
from viewer.model.contour import Contour, ContourKind, ContourStatus, Points, mended
from viewer.model.vessel import PointPx
from viewer.session.lumen_checks import ContourCount, LumenCheckList, LumenChecks, doubtful
from viewer.session.state import Severity

if TYPE_CHECKING:
    from viewer.measure.quantity import Quantity
    from viewer.model.calibration import Calibration
    from viewer.model.study import Pullback
    from viewer.session.session import Session

BRUSH_SHARE = 0.03
"""Radius of the brush, a share of the frame's width: about 2 mm of a 60 mm field."""

FINE = 0.25
"""Share of the mouse's way an outline follows while Shift is held."""

GAP_FRAMES = 60
"""Between drawn frames farther apart nothing is filled in."""

EDIT = "Edit {}"


class LumenWay(StrEnum):
    """What a drag on the frame does."""

    POINTS = "drag points"
    ARC = "redraw an arc"
    BRUSH = "push with a brush"


class LumenEdits:
    """The contours of the shown pullback. The session's own.

    Attributes
    ----------
    kind : ContourKind
        Which border is edited.
    way : LumenWay
        What a drag does.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._checks = LumenCheckList(session)
        self.kind = ContourKind.LUMEN
        self.way = LumenWay.POINTS
        self._start: Points | None = None
        self._stroke: list[PointPx] = []

    # -- what there is --------------------------------------------------------------------------
    @property
    def current(self) -> Contour | None:
        """The contour of the edited kind on the shown frame."""
        cursor = self._session.cursor
        if cursor.pullback_uid is None:
            return None
        return self._session.review.contour(cursor.pullback_uid, cursor.pullback_frame, self.kind)

    def on_frame(self) -> tuple[Contour, ...]:
        """Every contour of the shown frame."""
        cursor, review = self._session.cursor, self._session.review
        if cursor.pullback_uid is None or not review.contours:
            return ()
        uid, frame = cursor.pullback_uid, cursor.pullback_frame
        found = (review.contour(uid, frame, kind) for kind in ContourKind)
        return tuple(one for one in found if one is not None)

    @property
    def stroke(self) -> tuple[PointPx, ...]:
        """The freehand line being drawn."""
        return tuple(self._stroke)

    def of_pullback(self) -> tuple[Contour, ...]:
        """Every contour of the edited kind on the shown pullback, by frame."""
        uid = self._session.cursor.pullback_uid
        return self._session.review.contours_of(uid, self.kind) if uid else ()

    def count(self) -> ContourCount:
        """How many there are of the edited kind."""
        return self._checks.of(self.kind).count

    def to_check(self) -> tuple[Contour, ...]:
        """Automatic contours that should be looked at, the least sure first."""
        return self._checks.of(self.kind).to_check

    def checks(self, kind: ContourKind = ContourKind.LUMEN) -> LumenChecks:
        """Counts and stretches to check of a kind of border on the shown pullback."""
        return self._checks.of(kind)

    def figures(self, contour: Contour) -> dict[str, Quantity]:
        """Area, diameters and shape of a contour, with ± and unit; see `measure.lumen`."""
        pullback = self._session.case.pullback(contour.pullback_uid)
        if pullback is None:
            return {}
        return _figures(contour, self._session.calibration(pullback), pullback.pixels.aspect)

    def figure_text(self, contour: Contour, key: str, *, sigma: bool = True) -> str:
        """One of `figures` in words, with or without its ±; empty when it is not known."""
        quantity = self.figures(contour).get(key)
        if quantity is None:
            return ""
        return quantity.text if sigma else replace(quantity, sigma=None).text

    def outline(self, contour: Contour) -> Points:
        """A contour's points as a drag sees them: even, shape (64, 2) px."""
        return evenly(contour.points_px)

    def handle_points(self, contour: Contour) -> Points:
        """The points a contour is shown with handles at, px."""
        return self.outline(contour)[handles(EVEN_POINTS)]

    def chords(self, contour: Contour) -> dict[str, Points]:
        """Ends of the shortest and longest chord through the centroid, each (2, 2) px."""
        pullback = self._session.case.pullback(contour.pullback_uid)
        return _chords(contour, pullback.pixels.aspect if pullback else 1.0)

    # -- choosing -----------------------------------------------------------------------------
    def set_kind(self, kind: ContourKind) -> None:
        """Edit another kind of border."""
        if kind is not self.kind:
            self.kind = kind
            self._session.pending_changed.emit()

    def set_way(self, way: LumenWay) -> None:
        """Let a drag do something else."""
        if way is not self.way:
            self.way = way
            self._session.pending_changed.emit()

    def step_to_check(self, step: int) -> None:
        """Go to the next (1) or previous (-1) frame that should be looked at, by frame."""
        session = self._session
        here = session.cursor.pullback_frame
        frames = sorted(one.frame for one in self.to_check())
        ahead = [k for k in frames if (k > here if step > 0 else k < here)]
        if ahead or frames:
            session.set_pullback_frame((ahead or frames)[0 if step > 0 else -1])
        else:
            session.notify(f"No {self.kind.value} border is left to check", about="lumen")

    # -- gestures -------------------------------------------------------------------------------
    def begin(self, at_px: PointPx) -> bool:
        """Start a drag on the shown frame; False when it does nothing there."""
        contour = self.current
        if self._session.pullback is None:
            return False
        self._session.begin(EDIT.format(self.kind.value))
        self._start = None if contour is None else evenly(contour.points_px)
        self._stroke = [at_px] if contour is None or self.way is LumenWay.ARC else []
        return True

    def bend(self, index: int, from_px: PointPx, to_px: PointPx, fine: bool = False) -> None:
        """Show the outline with one of its points moved."""
        if self._start is not None:
            share = FINE if fine else 1.0
            way = (np.asarray(to_px) - np.asarray(from_px)) * share
            self._show(bent(self._start, index, self._start[index] + way))

    def push(self, at_px: PointPx) -> None:
        """Show the outline pushed away by the brush at a place."""
        contour, pullback = self.current, self._session.pullback
        if contour is not None and pullback is not None:
            radius = self.brush_px(pullback)
            fine = evenly(contour.points_px, 2 * EVEN_POINTS)
            self._show(evenly(pushed(fine, at_px, radius)))

    def draw(self, at_px: PointPx) -> None:
        """Go on with a freehand stroke."""
        if self._stroke and np.hypot(*np.subtract(at_px, self._stroke[-1])) >= 1.0:
            self._stroke.append(at_px)
            self._session.pending_changed.emit()

    def finish(self, snap: bool = True) -> None:
        """End the drag as one step; what can't be an outline is refused with the reason."""
        session, stroke = self._session, self._stroke
        before, self._start, self._stroke = self._start, None, []
        if stroke:
            if len(stroke) < 3:
                session.abort()
                return
            self._show(redrawn(before, stroke))
        contour, pullback = self.current, session.pullback
        if contour is None or pullback is None or not session.in_gesture:
            session.abort()
            return
        try:
            sound = mended(contour.points_px, pullback.columns, pullback.rows)
        except ValueError as error:
            session.abort()
            session.notify(f"{error}", "The border is as it was.", Severity.WARNING, about="lumen")
            return
        self._show(evenly(sound))
        frame = contour.frame
        session.commit(f"{self.kind.value.capitalize()} of frame {frame + 1} edited")
        if session.lumen_work is not None and self.kind is ContourKind.LUMEN:
            session.lumen_work.follow_edit(pullback, frame, before if snap else None, snap)

    def forget(self) -> None:
        """Drop a stroke that was given up."""
        self._start, self._stroke = None, []

    def brush_px(self, pullback: Pullback) -> float:
        """Radius of the brush, stored px."""
        return BRUSH_SHARE * pullback.columns

    # -- verbs --------------------------------------------------------------------------------
    def accept(self) -> None:
        """Stand behind the contour of the shown frame."""
        contour = self.current
        if contour is None:
            self._session.notify(
                f"No {self.kind.value} border on this frame",
                "Draw one, or have it found on all frames.",
                about="lumen",
            )
        elif contour.status is not ContourStatus.ACCEPTED:
            self._accept((contour,), f"{self.kind.value.capitalize()} of frame "
                         f"{contour.frame + 1} accepted")  # fmt: skip

    def accept_stretch(self, first: int, last: int, name: str = "") -> None:
        """Stand behind every contour of frames `first`..`last`."""
        open_ones = [
            one
            for one in self.of_pullback()
            if first <= one.frame <= last and one.status is not ContourStatus.ACCEPTED
        ]
        where = f" in {name}" if name else ""
        self._accept(open_ones, f"{len(open_ones)} borders accepted{where}")

    def accept_sure(self) -> None:
        """Stand behind every contour nothing speaks against."""
        sure = [
            one
            for one in self.of_pullback()
            if one.status is not ContourStatus.ACCEPTED and not doubtful(one)
        ]
        self._accept(sure, f"{len(sure)} borders accepted")

    def delete(self) -> None:
        """Delete the contour of the shown frame."""
        contour = self.current
        if contour is not None:
            review = self._session.review.without_contours(contour)
            word = f"{self.kind.value} border"
            self._session.edit(f"Delete {word}", review, f"{word.capitalize()} deleted")

    def start_from_lumen(self) -> None:
        """Give the shown frame the lumen's outline as a start for another kind."""
        session, cursor = self._session, self._session.cursor
        if cursor.pullback_uid is None or self.kind is ContourKind.LUMEN:
            return
        lumen = session.review.contour(cursor.pullback_uid, cursor.pullback_frame)
        if lumen is None:
            session.notify("No lumen border on this frame to start from", about="lumen")
            return
        made = Contour.of(
            lumen.pullback_uid, lumen.frame, lumen.points_px, self.kind,
            status=ContourStatus.EDITED, by=session.reader, at=_now(),
        )  # fmt: skip
        review = session.review.with_contours(made)
        session.edit(f"Draw {self.kind.value}", review, f"{self.kind.value.capitalize()} drawn")

    def fill_between(self) -> None:
        """Fill frames between drawn ones of the edited kind by what lies between them."""
        session, drawn = self._session, [one for one in self.of_pullback() if one.fixed]
        made = [
            contour
            for one, other in pairwise(drawn)
            if 1 < other.frame - one.frame <= GAP_FRAMES
            for contour in _between(one, other)
        ]
        if not made:
            session.notify(
                f"Draw the {self.kind.value} on two frames at most {GAP_FRAMES} apart first",
                about="lumen",
            )
            return
        review = session.review.with_contours(*made)
        session.edit(f"Fill {self.kind.value}", review, f"{len(made)} frames filled in")

    def _accept(self, contours: Sequence[Contour], notice: str) -> None:
        if not contours:
            self._session.notify("Nothing is left to accept", about="lumen")
            return
        at, by = _now(), self._session.reader
        review = self._session.review.with_contours(*(one.accepted(by, at) for one in contours))
        self._session.edit(f"Accept {self.kind.value}", review, notice)

    def _show(self, points_px: Points) -> None:
        session, cursor = self._session, self._session.cursor
        pullback = session.pullback
        if pullback is None or cursor.pullback_uid is None:
            return
        inside = np.clip(points_px, 0.0, (pullback.columns - 1, pullback.rows - 1))
        made = Contour.of(
            cursor.pullback_uid, cursor.pullback_frame, inside, self.kind,
            status=ContourStatus.EDITED, by=session.reader, at=_now(),
        )  # fmt: skip
        session.preview(session.review.with_contours(made))


def _between(one: Contour, other: Contour) -> list[Contour]:
    """Outlines of the frames between two drawn ones, automatic."""
    gap = other.frame - one.frame
    note = f"between frames {one.frame + 1} and {other.frame + 1}"
    return [
        Contour.of(
            one.pullback_uid,
            one.frame + k,
            between(one.points_px, other.points_px, k / gap),
            one.kind,
            note=note,
        )
        for k in range(1, gap)
    ]


@lru_cache(maxsize=64)
def _figures(contour: Contour, calibration: Calibration, aspect: float) -> dict[str, Quantity]:
    return quantities(contour, calibration, aspect)


@lru_cache(maxsize=64)
def _chords(contour: Contour, aspect: float) -> dict[str, Points]:
    points = contour.points_px
    one = figures_of(points[None], aspect)
    center = one.centroid_px[0]
    ends = {}
    for name, degree in (("min", one.min_angle_deg[0]), ("max", one.max_angle_deg[0])):
        along = np.array([np.cos(np.radians(degree)), np.sin(np.radians(degree)) / aspect])
        ends[name] = _cut(points, center, along)
    return ends


def _cut(points: Points, center: Points, along: Points) -> Points:
    """Where a line through `center` leaves an outline on both sides, (2, 2)."""
    seen = points - center
    across = seen[:, 1] * along[0] - seen[:, 0] * along[1]
    forth = seen @ along / float(along @ along)
    after, forth_after = np.roll(across, -1), np.roll(forth, -1)
    cuts = (across <= 0) != (after <= 0)
    step = np.where(cuts, after - across, 1.0)
    at = (forth - across * (forth_after - forth) / step)[cuts]
    if not len(at):
        return np.stack((center, center))
    return np.stack((center + at.min() * along, center + at.max() * along))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
