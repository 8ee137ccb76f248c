"""The lumen along the pullback as a graph: area and diameters, smoothed and raw, and the norms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.measure.gating import Gate, gate_of
from viewer.measure.lumen_curve import MEDIAN_FRAMES, MEDIAN_MM, LumenCurve, running_quantile
from viewer.measure.references import ReferenceValues
from viewer.model.annotation import Against, FrameExtent, Stenosis
from viewer.model.contour import ContourKind
from viewer.model.study import Pullback
from viewer.session.contour_curves import curves_of
from viewer.session.vein_places import vein_views, view_of_image

if TYPE_CHECKING:
    from viewer.session.review_figures import ReviewFigures
    from viewer.session.session import Session

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LumenGraph:
    """Figures of every frame with a lumen border, for one pullback.

    Attributes
    ----------
    frames : ndarray of int64, shape (n,)
        0-based, rising.
    raw_area, area, min_diameter, max_diameter : ndarray, shape (n,)
        mm² and mm, or px² and px; all but `raw_area` by a running median over 3 mm of vein
        (9 frames where positions are not known), which takes breathing and pulsation off.
    checked : ndarray of bool, shape (n,)
        Whether a person stands behind the border.
    gate : Gate or str
        One frame a breath or beat, for motorised pulls; else why not.
    """

    pullback_uid: str
    unit: str
    frames: NDArray[np.int64]
    raw_area: Values
    area: Values
    min_diameter: Values
    max_diameter: Values
    checked: NDArray[np.bool_]
    gate: Gate | str

    def gated(self) -> LumenGraph:
        """The graph of the gated frames alone, as they are; itself where nothing can be gated."""
        if isinstance(self.gate, str):
            return self
        keep = np.isin(self.frames, self.gate.frames)
        raw = self.raw_area[keep]
        return replace(
            self,
            frames=self.frames[keep],
            raw_area=raw,
            area=raw,
            min_diameter=self.min_diameter[keep],
            max_diameter=self.max_diameter[keep],
            checked=self.checked[keep],
        )

    @property
    def aspect(self) -> Values:
        """Smallest over largest diameter, shape (n,)."""
        return np.asarray(self.min_diameter / np.maximum(self.max_diameter, 1e-9))


@dataclass(frozen=True, slots=True)
class NormLine:
    """The normal minimum of one vein: ends on the axis along the vein, area and words."""

    start: float
    end: float
    area_mm2: float
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class NarrowMark:
    """A marked narrowing on the graph.

    Attributes
    ----------
    first, last : int
        Its frames, 0-based.
    frame : int
        The narrowest.
    area : float
        There.
    text : str
        "MLA 98 mm²".
    reference : float or None
        Area of the reference its reader tells it by.
    local : tuple of int
        Frames of the local reference.
    local_text : str
        "Local ref 197".
    """

    first: int
    last: int
    frame: int
    area: float
    text: str
    reference: float | None
    local: tuple[int, ...]
    local_area: float | None
    local_text: str


def lumen_graph(session: Session) -> LumenGraph | None:
    """The graph of the shown pullback; None without lumen borders."""
    pullback = session.pullback
    if pullback is None or not session.review.contours_of(pullback.uid):
        return None
    view = view_of_image(vein_views(session), pullback.uid)
    curve = curves_of(session, pullback, view)[0].get("lumen")
    if curve is None or not len(curve):
        return None
    fixed = {one.frame for one in session.review.contours_of(pullback.uid) if one.fixed}
    return LumenGraph(
        pullback.uid,
        curve.unit,
        curve.frames,
        curve.area,
        _calm(curve, curve.area),
        _calm(curve, curve.min_diameter),
        _calm(curve, curve.max_diameter),
        np.array([frame in fixed for frame in curve.frames.tolist()], np.bool_),
        _gate(session, pullback, curve),
    )


def _gate(session: Session, pullback: Pullback, curve: LumenCurve) -> Gate | str:
    if not pullback.motorised:
        return "only a motorised pull can be gated: a hand's speed changes from beat to beat"
    times_s = session.timing(pullback).times_s
    if times_s is None:
        return "the frames' times are not known"
    return gate_of(curve.frames, curve.area, times_s)


def _calm(curve: LumenCurve, row: Values) -> Values:
    if curve.along is None:
        return running_quantile(curve.frames.astype(np.float64), row, MEDIAN_FRAMES / 2, 0.5)
    return running_quantile(curve.along, row, MEDIAN_MM / 2, 0.5)


def norm_lines(session: Session, values: ReferenceValues) -> tuple[NormLine, ...]:
    """Normal minimum areas of the veins along the shown pullback's axis."""
    found = []
    for item in session.placing.veins():
        entry = values.for_vein("normal_area", item.vein, session.side)
        if entry is not None:
            words = f"normal ≥ {entry.value:.0f}"
            found.append(NormLine(item.start, item.end, entry.value, words, entry.note))
    return tuple(found)


def narrow_marks(session: Session, figures: ReviewFigures) -> tuple[NarrowMark, ...]:
    """The marked narrowings of the shown pullback, with what they are held against."""
    found = []
    for one in figures.segments:
        segment, stenosis = one.segment, one.stenosis
        extent = segment.extent
        if (
            not isinstance(segment, Stenosis)
            or not isinstance(extent, FrameExtent)
            or extent.pullback_uid != session.cursor.pullback_uid
            or stenosis is None
            or stenosis.frame is None
            or stenosis.area is None
        ):
            continue
        by = {item.against: item.reference for item in stenosis.comparisons}
        chosen, local = by.get(segment.against), by.get(Against.LOCAL)
        found.append(
            NarrowMark(
                extent.first,
                extent.last,
                stenosis.frame,
                stenosis.area.value,
                f"MLA {stenosis.area.value:.0f} {stenosis.area.unit}",
                None if chosen is None else chosen.area.value,
                () if local is None else local.frames,
                None if local is None else local.area.value,
                "" if local is None else f"Local ref {local.area.value:.0f}",
            )
        )
    return tuple(found)


def kinds_drawn(session: Session) -> tuple[ContourKind, ...]:
    """Which kinds of border the shown pullback has."""
    uid = session.cursor.pullback_uid
    if uid is None:
        return ()
    return tuple(kind for kind in ContourKind if session.review.contours_of(uid, kind))
