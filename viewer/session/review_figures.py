"""Every derived number of a review: stenoses, clot by phase, clearance, stents.

The window and ``caval measure`` read the same values from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from viewer.geometry.rotation import anterior_deg
from viewer.measure.clearance import Clearance, LimbClot, PhaseClot, clearances, limb_clot, passes
from viewer.measure.clot import AreaEstimate, ClotCourse, ClotFigures, clot_course, clot_figures
from viewer.measure.clot_scores import burdens, limbs_of
from viewer.measure.directions import Compression, compression_of
from viewer.measure.extents import Stretch
from viewer.measure.lumen_curve import LumenCurve
from viewer.measure.narrowings import Candidate, candidates
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues, reference_values
from viewer.measure.stenosis import StenosisFigures, stenosis_figures
from viewer.measure.stent import Coverage, Overlap, StentFigures, stent_figures
from viewer.measure.stent_plan import StentPlan, plan_stent
from viewer.measure.venography import VenogramFigures
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import (
    AnySegment,
    Clot,
    FrameExtent,
    ReferenceFrame,
    Stenosis,
    StenosisCause,
    Stent,
)
from viewer.model.case import Phase
from viewer.model.study import ImageSet, Pullback, Run
from viewer.session.contents import image_title
from viewer.session.contour_curves import Unsound, border_on, curves_of
from viewer.session.phases import guess_numbers
from viewer.session.seen_veins import seen_veins, whole_lengths
from viewer.session.stent_edges import StentEdges, stent_edges
from viewer.session.vein_places import (
    VeinView,
    first_is_peripheral,
    vein_views,
    view_for,
    view_of_image,
)
from viewer.session.vein_widths import on_venogram

if TYPE_CHECKING:
    from viewer.session.session import Session


@dataclass(frozen=True, eq=False)
class SegmentFigures:
    """One segment and all that is told of it; None where that is not of its kind, or not known.

    Attributes
    ----------
    phase, number : Phase, int
        Of the image it was drawn on.
    span_mm : (float, float) or None
        Central and peripheral end along the vein, from `zero`.
    course : ClotCourse or None
        Its clot mm by mm, for bars and per-cm figures.
    """

    segment: AnySegment
    phase: Phase | None
    number: int
    side: Side
    stretch: Stretch | None
    span_mm: tuple[float, float] | None
    zero: str
    stenosis: StenosisFigures | None = None
    compression: Compression | None = None
    plan: StentPlan | None = None
    clot: ClotFigures | None = None
    course: ClotCourse | None = None
    stent: StentFigures | None = None
    venogram: VenogramFigures | None = None
    edges: StentEdges | None = None
    warnings: tuple[str, ...] = ()

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """How a stent lies over each lesion."""
        return () if self.edges is None else self.edges.coverage

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        """What a stent shares with other stents."""
        return () if self.edges is None else self.edges.overlaps


@dataclass(frozen=True, eq=False)
class ReviewFigures:
    """All numbers of a review.

    Attributes
    ----------
    phases : tuple of PhaseClot
        In the order of a procedure, also those without clot.
    limbs : mapping of phase label to tuple of LimbClot
    clearances : tuple of Clearance
        Every later assessed phase against the first with clot.
    curves : mapping of pullback uid to curves by kind
    """

    values: ReferenceValues
    segments: tuple[SegmentFigures, ...]
    phases: tuple[PhaseClot, ...]
    limbs: Mapping[str, tuple[LimbClot, ...]]
    clearances: tuple[Clearance, ...]
    passes: int
    curves: Mapping[str, Mapping[str, LumenCurve]]

    def of(self, segment_id: str) -> SegmentFigures | None:
        """The figures of one segment."""
        return next((one for one in self.segments if one.segment.id == segment_id), None)


def review_figures(session: Session, values: ReferenceValues | None = None) -> ReviewFigures:
    """Measure everything the open review says.

    Raises
    ------
    UnreadableError
        The site's reference values are broken.
    """
    return _Measuring(session, values or reference_values()).all()


def suggested_narrowings(
    session: Session, pullback: Pullback, values: ReferenceValues | None = None
) -> tuple[Candidate, ...]:
    """Narrowings the lumen of a pullback suggests, less those marked or rejected."""
    view = view_of_image(vein_views(session), pullback.uid)
    curve = curves_of(session, pullback, view)[0].get("lumen")
    if curve is None:
        return ()
    extents = [s.extent for s in session.review.segments if isinstance(s, Stenosis)]
    known = [
        (extent.first, extent.last)
        for extent in (*extents, *session.review.rejected_narrowings)
        if isinstance(extent, FrameExtent) and extent.pullback_uid == pullback.uid
    ]
    return candidates(curve, values or reference_values(), known)


class _Measuring:
    """One pass over a review."""

    def __init__(self, session: Session, values: ReferenceValues) -> None:
        self.session, self.values = session, values
        self.review = session.review
        self.views = vein_views(session)
        self.phases = session.phases
        guessed = guess_numbers(session.case, self.phases)
        self.numbers = {uid: session.phase_number(uid) or guessed[uid] for uid in guessed}
        self.curves: dict[str, dict[str, LumenCurve]] = {}
        self.unsound: dict[str, tuple[Unsound, ...]] = {}
        for pullback in session.case.pullbacks:
            view = view_of_image(self.views, pullback.uid)
            self.curves[pullback.uid], self.unsound[pullback.uid] = curves_of(
                session, pullback, view, checked=True
            )

    def all(self) -> ReviewFigures:
        """Every segment, then what they say together."""
        segments = tuple(self._segment(segment) for segment in self.review.segments)
        phases = self._phase_clots(segments)
        limbs = {
            phase.label: tuple(
                limb_clot(phase.burdens, side, self.values) for side in limbs_of(phase.burdens)
            )
            for phase in phases
            if phase.assessed
        }
        return ReviewFigures(
            self.values,
            segments,
            phases,
            limbs,
            clearances(phases, self.values),
            passes(phases),
            self.curves,
        )

    # -- segments ---------------------------------------------------------------------------
    def _segment(self, segment: AnySegment) -> SegmentFigures:
        view, stretch = view_for(self.session, self.views, segment)
        uid = _image_of(segment)
        span = None if view is None else view.span_mm(stretch)
        shown = self._on_pullback(segment, stretch, view)
        basic = SegmentFigures(
            segment,
            self.phases.get(uid),
            self.numbers.get(uid, 0),
            self._side(segment),
            stretch,
            span,
            "" if view is None else view.zero,
            warnings=self._doubts(shown),
        )
        if isinstance(segment, Stenosis):
            found = on_venogram(self.session, view, segment.id, stretch)
            return replace(self._stenosis(basic, segment, view), venogram=found)
        if isinstance(segment, Clot):
            return self._clot(basic, segment, view)
        return self._stent(basic, segment, view)

    def _side(self, segment: AnySegment) -> Side:
        """The reader's side, else that of the image, else the only one the review speaks of."""
        if segment.side is not Side.NONE or segment.vein is VeinSegment.IVC:
            return segment.side
        item = self.session.case.find(_image_of(segment))
        told = {"L": Side.LEFT, "R": Side.RIGHT}.get(item.laterality if item else "")
        sides = {s.side for s in self.review.segments} - {Side.NONE, Side.BILATERAL}
        return told or (sides.pop() if len(sides) == 1 else Side.NONE)

    def _doubts(self, shown: tuple[str, tuple[int, int]] | None) -> tuple[str, ...]:
        """Borders on a segment's frames that were mended or left out."""
        if shown is None:
            return ()
        uid, (first, last) = shown
        return tuple(
            f"{one.kind.value} on frame {one.frame + 1} {one.why}"
            for one in self.unsound.get(uid, ())
            if first <= one.frame <= last
        )

    def _on_pullback(
        self, segment: AnySegment, stretch: Stretch | None, view: VeinView | None
    ) -> tuple[str, tuple[int, int]] | None:
        """The pullback and frames that show a segment."""
        if isinstance(segment.extent, FrameExtent):
            return segment.extent.pullback_uid, (segment.extent.first, segment.extent.last)
        pullback = view.pair.pullback if view is not None else None
        if pullback is None or stretch is None or stretch.frames is None:
            return None
        return pullback.uid, stretch.frames

    def _stenosis(
        self, basic: SegmentFigures, segment: Stenosis, view: VeinView | None
    ) -> SegmentFigures:
        shown = self._on_pullback(segment, basic.stretch, view)
        curve = None if shown is None else self.curves.get(shown[0], {}).get("lumen")
        if shown is None or curve is None:
            why = "no lumen border of it is edited or accepted: its areas are not told"
            return replace(basic, warnings=(*basic.warnings, why))
        (uid, frames), veins = shown, () if view is None else view.veins
        local = [ref.frame for ref in segment.references if ref.pullback_uid == uid]
        figures = stenosis_figures(
            curve,
            *frames,
            self.values,
            segment.vein,
            basic.side,
            local,
            self._contralateral(segment.references, uid),
            veins,
            self._others(segment, uid),
        )
        return replace(
            basic,
            stenosis=figures,
            compression=self._compression(uid, figures),
            plan=self._plan(basic, segment, curve, view),
        )

    def _contralateral(
        self, references: Sequence[ReferenceFrame], uid: str
    ) -> tuple[LumenCurve, list[int]] | None:
        others = [ref for ref in references if ref.pullback_uid != uid]
        curve = self.curves.get(others[0].pullback_uid, {}).get("lumen") if others else None
        if curve is None:
            return None
        own = others[0].pullback_uid
        return curve, [ref.frame for ref in others if ref.pullback_uid == own]

    def _others(self, segment: AnySegment, uid: str) -> list[tuple[int, int]]:
        """Frames of other marked stretches on a pullback."""
        extents = [s.extent for s in self.review.segments if s.id != segment.id]
        return [
            (extent.first, extent.last)
            for extent in extents
            if isinstance(extent, FrameExtent) and extent.pullback_uid == uid
        ]

    def _compression(self, uid: str, figures: StenosisFigures) -> Compression | None:
        pullback = self.session.case.pullback(uid)
        if figures.frame is None or pullback is None:
            return None
        outline = border_on(self.session, pullback, figures.frame)
        if outline is None:
            return None
        rotation, aspect = self.review.rotation_of(uid), pullback.pixels.aspect
        anterior = None
        if rotation is not None:
            anterior = float(anterior_deg(rotation, [figures.frame], aspect)[0])
        calibration = self.session.calibration(pullback)
        curve = self.curves[uid]["lumen"]
        return compression_of(
            outline.points_px * np.array([1.0, aspect]),
            self.values,
            anterior,
            calibration.mm_per_px if curve.unit == "mm" else None,
            calibration.uncertainty,
            figures.area.on if figures.area is not None else "",
            figures.area.accepted_by if figures.area is not None else "",
        )

    def _plan(
        self, basic: SegmentFigures, segment: Stenosis, curve: LumenCurve, view: VeinView | None
    ) -> StentPlan | None:
        if view is None or basic.span_mm is None:
            return None
        diseased = []
        for other in self.review.segments:
            where, stretch = view_for(self.session, self.views, other)
            span = None if where is None or where.zero != view.zero else where.span_mm(stretch)
            if other.id != segment.id and not isinstance(other, Stent) and span is not None:
                diseased.append(span)
        low, high = basic.span_mm
        clotted = segment.cause is StenosisCause.POST_THROMBOTIC or any(
            a < high and b > low for a, b in diseased
        )
        return plan_stent(
            curve,
            basic.span_mm,
            self.values,
            basic.side,
            view.veins,
            view.landmarks_mm,
            diseased,
            clotted,
        )

    # -- clot -------------------------------------------------------------------------------
    def _clot(self, basic: SegmentFigures, segment: Clot, view: VeinView | None) -> SegmentFigures:
        if view is None or basic.span_mm is None:
            why = "its place along the vein is not known in mm: no volume, no scores"
            return replace(basic, warnings=(*basic.warnings, why))
        uid = _image_of(segment)
        hand = segment.occluded[::-1] if first_is_peripheral(view, segment) else segment.occluded
        shown = self.curves.get(uid, {})
        item = self.session.case.find(uid)
        length = basic.stretch.length if basic.stretch is not None else None
        course = clot_course(
            segment.id,
            basic.span_mm,
            self.values,
            side=basic.side,
            vein=segment.vein,
            veins=view.veins,
            zero=view.zero,
            occlusion=segment.occlusion,
            by_hand=hand,
            lumen=shown.get("lumen"),
            flow=shown.get("flow"),
            estimate=self._area_elsewhere(uid, view),
            length_sigma=None if length is None else length.sigma,
            on=image_title(item) if item is not None else "",
            accepted_by=self.review.reader,
        )
        figures = clot_figures(course)
        told = ("landmarks are those of another run of the same view",) if view.borrowed else ()
        return replace(basic, clot=figures, course=course, warnings=(*basic.warnings, *told))

    def _area_elsewhere(self, uid: str, view: VeinView) -> AreaEstimate | None:
        """Areas of the same vein from another phase's pullback, the earliest first."""
        for pullback in self.session.case.pullbacks:
            curve = self.curves[pullback.uid].get("lumen")
            other = view_of_image(self.views, pullback.uid)
            if pullback.uid == uid or curve is None or other is None or other.zero != view.zero:
                continue
            if curve.along is None or curve.unit != "mm":
                continue
            share = curve.area_share(self.values)
            if share is not None:
                source = f"areas of lumen contours of another phase, {curve.on}"
                return AreaEstimate(curve.along, curve.smooth_area(), share, source)
        return None

    def _phase_clots(self, segments: Sequence[SegmentFigures]) -> tuple[PhaseClot, ...]:
        groups: dict[tuple[Phase, int], list[ImageSet]] = defaultdict(list)
        for item in self.session.case.image_sets:
            if isinstance(item, Run | Pullback):
                groups[(self.phases[item.uid], self.numbers[item.uid])].append(item)
        lengths = whole_lengths(self.views, segments, self.values)
        found = []
        for (phase, number), items in groups.items():
            uids = {item.uid for item in items}
            clots = [
                one
                for one in segments
                if isinstance(one.segment, Clot) and _image_of(one.segment) in uids
            ]
            assessed = bool(clots) or any(uid in self.review.clot_checked for uid in uids)
            seen = seen_veins(self.session, self.views, uids, clots, lengths, segments)
            courses = [one.course for one in clots if one.course is not None]
            names = tuple(image_title(item) for item in items)
            made = burdens(courses, seen, self.values) if assessed else ()
            found.append(PhaseClot(phase, number, assessed, made, names))
        return tuple(sorted(found, key=lambda one: one.order))

    # -- stents -----------------------------------------------------------------------------
    def _stent(
        self, basic: SegmentFigures, segment: Stent, view: VeinView | None
    ) -> SegmentFigures:
        shown = self._on_pullback(segment, basic.stretch, view)
        figures = None
        if shown is not None and not segment.planned:
            curves = self.curves.get(shown[0], {})
            figures = stent_figures(
                *shown[1],
                self.values,
                curves.get("stent"),
                curves.get("lumen"),
                segment.nominal_diameter_mm,
                self._stent_reference(segment, shown[0]),
            )
        edges = stent_edges(self.session, self.views, segment, view, basic.stretch, self.values)
        return replace(basic, stent=figures, edges=edges)

    def _stent_reference(self, segment: Stent, uid: str) -> Quantity | None:
        """Mean area of the reader's reference frames on the stent's own pullback."""
        curve = self.curves.get(uid, {}).get("lumen")
        frames = [ref.frame for ref in segment.references if ref.pullback_uid == uid]
        if curve is None:
            return None
        known = [k for k in (curve.index_of(frame) for frame in frames) if k is not None]
        if not known:
            return None
        area, share = float(curve.area[known].mean()), curve.area_share(self.values)
        sigma = None if share is None else share * area
        words = ", ".join(str(int(curve.frames[k]) + 1) for k in known)
        source = f"reference frames {words}"
        return Quantity(area, f"{curve.unit}²", sigma, source, curve.on, curve.who(known))


def _image_of(segment: AnySegment) -> str:
    extent = segment.extent
    return extent.pullback_uid if isinstance(extent, FrameExtent) else extent.run_uid
