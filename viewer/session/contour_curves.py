"""Borders drawn on a pullback's frames, as curves of figures along the vein."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.measure.lumen import curve_of
from viewer.measure.lumen_curve import LumenCurve
from viewer.model.annotation import Ellipse
from viewer.model.contour import Contour, ContourKind, ContourStatus, mended, packed, unpacked
from viewer.model.study import Pullback
from viewer.session.contents import image_title
from viewer.session.vein_places import VeinView, motor_along

if TYPE_CHECKING:
    from viewer.session.session import Session

ELLIPSE_POINTS = 180


@dataclass(frozen=True, slots=True)
class Unsound:
    """A border that was mended for its figures, or refused: kind, 0-based frame, and why."""

    kind: ContourKind
    frame: int
    why: str


def borders_of(
    session: Session, pullback: Pullback, *, checked: bool = False
) -> tuple[tuple[Contour, ...], list[Unsound]]:
    """Every border figures are taken of, and what was mended or left out.

    Of two on one frame the contour counts; an ellipse a reader drew stands for the lumen where
    there is none. With `checked` only what a person stands behind.
    """
    drawn = [
        contour
        for kind in ContourKind
        for contour in session.review.contours_of(pullback.uid, kind)
        if contour.fixed or not checked
    ]
    told: list[Unsound] = []
    lumens = {one.frame for one in drawn if one.kind is ContourKind.LUMEN}
    for item in session.review.measurements:
        if (
            isinstance(item, Ellipse)
            and item.image_uid == pullback.uid
            and item.frame not in lumens
        ):
            made = _of_ellipse(item, session.review.reader, told)
            drawn = [*drawn, made] if made is not None else drawn
    sound = []
    for contour in drawn:
        if contour.frame >= pullback.frames:
            told.append(Unsound(contour.kind, contour.frame, "the pullback has no such frame"))
            continue
        points, why = _sound(contour.points, pullback.columns, pullback.rows)
        if why:
            told.append(Unsound(contour.kind, contour.frame, why))
        if points == contour.points:
            sound.append(contour)
        elif points:
            sound.append(_with_points(contour, points))
    return tuple(sound), told


def curves_of(
    session: Session, pullback: Pullback, view: VeinView | None, *, checked: bool = False
) -> tuple[dict[str, LumenCurve], tuple[Unsound, ...]]:
    """A curve for every kind of border on a pullback (lumen, vessel, stent, flow), and doubts.

    With `checked` only of borders a person stands behind: nothing else feeds a reported figure.
    """
    borders, told = borders_of(session, pullback, checked=checked)
    places = view.along() if view is not None else None
    if places is None:
        places = motor_along(session, pullback)
    along, sigma = (None, None) if places is None else places
    calibration, aspect = session.calibration(pullback), pullback.pixels.aspect
    curves = {}
    for kind in ContourKind:
        own = {one.frame: one for one in borders if one.kind is kind}
        if own:
            curves[kind.value] = curve_of(
                list(own.values()), calibration, aspect, image_title(pullback), along, sigma
            )
    return curves, tuple(told)


def border_on(session: Session, pullback: Pullback, frame: int) -> Contour | None:
    """The lumen on a frame."""
    own = (
        one
        for one in borders_of(session, pullback)[0]
        if (one.kind, one.frame) == (ContourKind.LUMEN, frame)
    )
    return next(own, None)


@lru_cache(maxsize=16384)
def _sound(points: str, columns: int, rows: int) -> tuple[str, str]:
    """Points as they can be measured, and what is wrong; no points when nothing is left."""
    given = unpacked(points)
    try:
        better = mended(given, columns, rows)
    except ValueError as error:
        return "", f"left out: {error}"
    if better.shape == given.shape and np.array_equal(better, given):
        return points, ""
    why = "leaves the image" if better.shape == given.shape else "crosses itself"
    return packed(better), f"mended: it {why}"


def _with_points(contour: Contour, points: str) -> Contour:
    return Contour(
        contour.pullback_uid, contour.frame, contour.kind, points, contour.status, contour.by
    )


def _of_ellipse(item: Ellipse, reader: str, told: list[Unsound]) -> Contour | None:
    """An ellipse as the lumen its reader accepted by drawing it."""
    try:
        return Contour.of(
            item.image_uid, item.frame, _round(item), status=ContourStatus.ACCEPTED, by=reader
        )
    except ValueError as error:
        told.append(Unsound(ContourKind.LUMEN, item.frame, f"left out: {error}"))
        return None


def _round(ellipse: Ellipse) -> NDArray[np.float64]:
    turn = np.linspace(0.0, 2 * np.pi, ELLIPSE_POINTS, endpoint=False)
    a, b = ellipse.semi_axes_px
    angle = np.radians(ellipse.angle_deg)
    x, y = a * np.cos(turn), b * np.sin(turn)
    along = np.stack([np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y])
    return np.asarray(along.T + np.array(ellipse.center_px))
