"""Outlines drawn on a pullback's frames, as curves of figures along the vein."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.measure.directions import chords
from viewer.measure.lumen_curve import LumenCurve
from viewer.model.annotation import Ellipse
from viewer.model.calibration import Calibration
from viewer.model.study import Pullback
from viewer.session.contents import image_title
from viewer.session.vein_places import VeinView, motor_along

if TYPE_CHECKING:
    from viewer.session.session import Session

TURNS = np.arange(0.0, 180.0, 2.0)
ELLIPSE_POINTS = 180


@dataclass(frozen=True, eq=False)
class Outline:
    """One closed border on one frame: kind, points (x, y) px, who accepted it."""

    kind: str
    frame: int
    points_px: NDArray[np.float64]
    accepted_by: str


def outlines_of(session: Session, pullback_uid: str) -> tuple[Outline, ...]:
    """Every outline the review holds for a pullback; of two on one frame the later counts.

    An ellipse a reader drew stands for the lumen where nothing finer was drawn.
    """
    found: dict[tuple[str, int], Outline] = {}
    for item in session.review.measurements:
        if isinstance(item, Ellipse) and item.image_uid == pullback_uid:
            by = session.review.reader
            found[("lumen", item.frame)] = Outline("lumen", item.frame, _round(item), by)
    return tuple(found.values())


def curves_of(session: Session, pullback: Pullback, view: VeinView | None) -> dict[str, LumenCurve]:
    """A curve for every kind of outline on a pullback: lumen, vessel, stent, flow."""
    by_kind: dict[str, list[Outline]] = defaultdict(list)
    for outline in outlines_of(session, pullback.uid):
        if 0 <= outline.frame < pullback.frames and len(outline.points_px) >= 3:
            by_kind[outline.kind].append(outline)
    places = view.along() if view is not None else None
    if places is None:
        places = motor_along(session, pullback)
    return {
        kind: _curve(session, pullback, kind, sorted(drawn, key=lambda one: one.frame), places)
        for kind, drawn in by_kind.items()
    }


def outline_on(
    session: Session, pullback_uid: str, frame: int, kind: str = "lumen"
) -> Outline | None:
    """The outline of a kind on a frame."""
    own = (o for o in outlines_of(session, pullback_uid) if (o.kind, o.frame) == (kind, frame))
    return next(own, None)


def _curve(
    session: Session,
    pullback: Pullback,
    kind: str,
    drawn: list[Outline],
    places: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
) -> LumenCurve:
    calibration, aspect = session.calibration(pullback), pullback.pixels.aspect
    scale = _one_scale(calibration, drawn)
    frames = np.array([one.frame for one in drawn], np.int64)
    size = scale if scale is not None else 1.0
    figures = np.array([_figures(one.points_px, aspect) for one in drawn])
    return LumenCurve(
        frames,
        figures[:, 0] * size**2,
        figures[:, 1] * size,
        figures[:, 2] * size,
        "px" if scale is None else "mm",
        None if places is None else places[0][frames],
        None if places is None else places[1][frames],
        calibration.uncertainty if scale is not None else None,
        image_title(pullback),
        tuple(one.accepted_by for one in drawn),
        kind,
    )


def _one_scale(calibration: Calibration, drawn: Iterable[Outline]) -> float | None:
    """The scale, when it holds for every point of every outline."""
    for one in drawn:
        ends = (*one.points_px.min(axis=0), *one.points_px.max(axis=0))
        corners = [(float(ends[i]), float(ends[j])) for i in (0, 2) for j in (1, 3)]
        if not calibration.holds_at(*corners):
            return None
    return calibration.mm_per_px


def _figures(points_px: NDArray[np.float64], aspect: float) -> tuple[float, float, float]:
    """Area, smallest and largest diameter in px of a row's width."""
    square = points_px * np.array([1.0, aspect])
    x, y = square.T
    area = 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y)))
    if not area > 0:
        return float("nan"), float("nan"), float("nan")
    widths = chords(square, TURNS)
    return area, float(widths.min()), float(widths.max())


def _round(ellipse: Ellipse) -> NDArray[np.float64]:
    turn = np.linspace(0.0, 2 * np.pi, ELLIPSE_POINTS, endpoint=False)
    a, b = ellipse.semi_axes_px
    angle = np.radians(ellipse.angle_deg)
    x, y = a * np.cos(turn), b * np.sin(turn)
    center = np.array(ellipse.center_px)
    along = np.stack([np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y])
    return np.asarray(along.T + center)
