"""The whole document of one reader: frozen; every edit returns a new one that shares the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from viewer.model import contour as contours_in_order
from viewer.model.annotation import AnySegment, Bookmark, FrameExtent, Measurement
from viewer.model.case import Phase
from viewer.model.contour import Contour, ContourKind
from viewer.model.contrast import ContrastPoint
from viewer.model.coregistration import Coregistration
from viewer.model.reader_calibration import ReaderCalibration
from viewer.model.rotation import PullbackRotation
from viewer.model.subtraction import RunSubtraction
from viewer.model.two_views import TrueLength
from viewer.model.vessel import Centerline

REVIEW_VERSION = 1
"""Version of the review file this program writes and the newest it reads."""


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image set a review speaks of, with enough to tell a person which one is missing."""

    uid: str
    series_uid: str
    study_uid: str
    role: str
    description: str
    frames: int


@dataclass(frozen=True, slots=True)
class PhaseOf:
    """The phase a reader gave an image set."""

    image_uid: str
    phase: Phase
    number: int = 0


@dataclass(frozen=True, slots=True)
class RateOverride:
    """A frame rate a reader set because the header's was missing or wrong."""

    image_uid: str
    rate_hz: float

    def __post_init__(self) -> None:
        if not 0.01 <= self.rate_hz <= 1000.0:
            raise ValueError(f"a frame rate of {self.rate_hz} Hz is not plausible")


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


HasId = TypeVar("HasId", bound=_Identified)


def _put(items: tuple[HasId, ...], item: HasId) -> tuple[HasId, ...]:
    """`items` with `item` in the place of the one with its id, or at the end."""
    if any(old.id == item.id for old in items):
        return tuple(item if old.id == item.id else old for old in items)
    return (*items, item)


def _without(items: tuple[HasId, ...], item_id: str) -> tuple[HasId, ...]:
    return tuple(item for item in items if item.id != item_id)


@dataclass(frozen=True, slots=True)
class Review:
    """Everything one reader said about one case.

    Attributes
    ----------
    id : str
        Identity of the document, a UUID.
    reader : str
        Whose it is; two readers never share a review.
    clot_checked : tuple of str
        Image sets the reader looked through for clot: what is not marked there is not there.
    rejected_narrowings : tuple of FrameExtent
        Suggested narrowings the reader said no to.
    """

    id: str
    reader: str
    title: str = ""
    version: int = REVIEW_VERSION
    program: str = ""
    created_at: str = ""
    modified_at: str = ""
    images: tuple[ImageReference, ...] = ()
    phases: tuple[PhaseOf, ...] = ()
    rates: tuple[RateOverride, ...] = ()
    calibrations: tuple[ReaderCalibration, ...] = ()
    centerlines: tuple[Centerline, ...] = ()
    coregistrations: tuple[Coregistration, ...] = ()
    segments: tuple[AnySegment, ...] = field(default=())
    measurements: tuple[Measurement, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    subtractions: tuple[RunSubtraction, ...] = ()
    contrast_points: tuple[ContrastPoint, ...] = ()
    rotations: tuple[PullbackRotation, ...] = ()
    true_lengths: tuple[TrueLength, ...] = ()
    clot_checked: tuple[str, ...] = ()
    rejected_narrowings: tuple[FrameExtent, ...] = ()
    contours: tuple[Contour, ...] = ()

    # -- look up ------------------------------------------------------------------------------
    def centerline(self, centerline_id: str | None) -> Centerline | None:
        """The centerline of that id."""
        return next((c for c in self.centerlines if c.id == centerline_id), None)

    def centerlines_of(self, run_uid: str | None) -> tuple[Centerline, ...]:
        """The centerlines drawn on a run."""
        return tuple(c for c in self.centerlines if c.run_uid == run_uid)

    def coregistration(
        self, run_uid: str | None, pullback_uid: str | None
    ) -> Coregistration | None:
        """What ties that pullback to that run."""
        return next(
            (
                c
                for c in self.coregistrations
                if c.run_uid == run_uid and c.pullback_uid == pullback_uid
            ),
            None,
        )

    def segment(self, segment_id: str | None) -> AnySegment | None:
        """The segment of that id."""
        return next((s for s in self.segments if s.id == segment_id), None)

    def measurement(self, measurement_id: str | None) -> Measurement | None:
        """The caliper or ellipse of that id."""
        return next((m for m in self.measurements if m.id == measurement_id), None)

    def phase_of(self, image_uid: str) -> PhaseOf | None:
        """The phase the reader gave an image set, None when only guessed."""
        return next((p for p in self.phases if p.image_uid == image_uid), None)

    def contrast_points_of(self, run_uid: str | None) -> tuple[ContrastPoint, ...]:
        """The contrast points of a run, by number."""
        here = (p for p in self.contrast_points if p.run_uid == run_uid)
        return tuple(sorted(here, key=lambda p: p.number))

    def rate_of(self, image_uid: str) -> float | None:
        """The reader's frame rate for an image set, Hz."""
        return next((r.rate_hz for r in self.rates if r.image_uid == image_uid), None)

    def calibration_of(self, image_uid: str) -> ReaderCalibration | None:
        """The scale the reader set for an image set, None when the header's holds."""
        return next((c for c in self.calibrations if c.image_uid == image_uid), None)

    def rotation_of(self, pullback_uid: str | None) -> PullbackRotation | None:
        """How a pullback is turned against the patient, None while nobody said."""
        return next((r for r in self.rotations if r.image_uid == pullback_uid), None)

    def subtraction_of(self, run_uid: str) -> RunSubtraction | None:
        """How the reader had a run subtracted, None when never."""
        return next((s for s in self.subtractions if s.image_uid == run_uid), None)

    @property
    def empty(self) -> bool:
        """Whether nothing has been said yet."""
        return not (
            self.phases
            or self.rates
            or self.calibrations
            or self.centerlines
            or self.coregistrations
            or self.segments
            or self.measurements
            or self.bookmarks
            or any(subtraction.said for subtraction in self.subtractions)
            or self.contrast_points
            or self.rotations
            or self.contours
            or self.true_lengths
            or self.clot_checked
            or self.rejected_narrowings
        )

    def contour(
        self, pullback_uid: str, frame: int, kind: ContourKind = ContourKind.LUMEN
    ) -> Contour | None:
        """The contour of a kind on a frame."""
        return contours_in_order.found(self.contours, (pullback_uid, kind.value, frame))

    def contours_of(
        self, pullback_uid: str, kind: ContourKind = ContourKind.LUMEN
    ) -> tuple[Contour, ...]:
        """All contours of a kind on a pullback, by frame."""
        return contours_in_order.stretch(self.contours, pullback_uid, kind)

    # -- edits --------------------------------------------------------------------------------
    def with_centerline(self, centerline: Centerline) -> Review:
        """With the centerline added or replaced."""
        return replace(self, centerlines=_put(self.centerlines, centerline))

    def without_centerline(self, centerline_id: str) -> Review:
        """Without the centerline, and without the coregistrations that rest on it."""
        return replace(
            self,
            centerlines=_without(self.centerlines, centerline_id),
            coregistrations=tuple(
                c for c in self.coregistrations if c.centerline_id != centerline_id
            ),
            true_lengths=tuple(t for t in self.true_lengths if not t.rests_on(centerline_id)),
        )

    def with_true_length(self, used: TrueLength) -> Review:
        """With positions on two centerlines on true length; a centerline rests on one at most."""
        ids = (used.first_centerline_id, used.second_centerline_id)
        rest = tuple(t for t in self.true_lengths if not any(map(t.rests_on, ids)))
        return replace(self, true_lengths=(*rest, used))

    def without_true_length(self, used_id: str) -> Review:
        """Back to the images' own scale."""
        return replace(self, true_lengths=_without(self.true_lengths, used_id))

    def with_coregistration(self, coregistration: Coregistration) -> Review:
        """With the coregistration added or replaced."""
        return replace(self, coregistrations=_put(self.coregistrations, coregistration))

    def with_segment(self, segment: AnySegment) -> Review:
        """With the segment added or replaced."""
        return replace(self, segments=_put(self.segments, segment))

    def without_segment(self, segment_id: str) -> Review:
        """Without the segment."""
        return replace(self, segments=_without(self.segments, segment_id))

    def with_measurement(self, measurement: Measurement) -> Review:
        """With the caliper or ellipse added or replaced."""
        return replace(self, measurements=_put(self.measurements, measurement))

    def without_measurement(self, measurement_id: str) -> Review:
        """Without the caliper or ellipse."""
        return replace(self, measurements=_without(self.measurements, measurement_id))

    def with_bookmark(self, bookmark: Bookmark) -> Review:
        """With the key frame added or replaced."""
        return replace(self, bookmarks=_put(self.bookmarks, bookmark))

    def without_bookmark(self, bookmark_id: str) -> Review:
        """Without the key frame."""
        return replace(self, bookmarks=_without(self.bookmarks, bookmark_id))

    def with_contours(self, *new: Contour) -> Review:
        """With contours, each in place of the one of its kind on its frame."""
        return replace(self, contours=contours_in_order.placed(self.contours, new))

    def without_contours(self, *gone: Contour) -> Review:
        """Without these contours, whatever has become of them."""
        keys = {one.key for one in gone}
        return replace(self, contours=tuple(c for c in self.contours if c.key not in keys))

    def with_contrast_point(self, point: ContrastPoint) -> Review:
        """With the contrast point added or replaced."""
        return replace(self, contrast_points=_put(self.contrast_points, point))

    def without_contrast_points(self, *point_ids: str) -> Review:
        """Without these contrast points."""
        kept = tuple(p for p in self.contrast_points if p.id not in point_ids)
        return replace(self, contrast_points=kept)

    def with_phase(self, phase_of: PhaseOf) -> Review:
        """With the phase of an image set, in place of the one it had."""
        rest = tuple(p for p in self.phases if p.image_uid != phase_of.image_uid)
        return replace(self, phases=(*rest, phase_of))

    def with_clot_checked(self, image_uid: str, checked: bool = True) -> Review:
        """With whether an image set was looked through for clot."""
        rest = tuple(uid for uid in self.clot_checked if uid != image_uid)
        return replace(self, clot_checked=(*rest, image_uid) if checked else rest)

    def with_rejected_narrowing(self, extent: FrameExtent) -> Review:
        """With a suggested narrowing rejected."""
        rest = tuple(one for one in self.rejected_narrowings if one != extent)
        return replace(self, rejected_narrowings=(*rest, extent))

    def without_rejected_narrowings(self, pullback_uid: str) -> Review:
        """With every narrowing of a pullback suggested again."""
        rest = (one for one in self.rejected_narrowings if one.pullback_uid != pullback_uid)
        return replace(self, rejected_narrowings=tuple(rest))

    def with_rate(self, override: RateOverride) -> Review:
        """With a reader's frame rate, in place of an earlier one."""
        rest = tuple(r for r in self.rates if r.image_uid != override.image_uid)
        return replace(self, rates=(*rest, override))

    def without_rate(self, image_uid: str) -> Review:
        """Back to the header's frame times."""
        return replace(self, rates=tuple(r for r in self.rates if r.image_uid != image_uid))

    def with_calibration(self, calibration: ReaderCalibration) -> Review:
        """With a reader's scale for an image set, in place of an earlier one."""
        rest = tuple(c for c in self.calibrations if c.image_uid != calibration.image_uid)
        return replace(self, calibrations=(*rest, calibration))

    def with_rotation(self, rotation: PullbackRotation) -> Review:
        """With how a pullback is turned, in place of what was said of it."""
        return replace(
            self, rotations=(*self.without_rotation(rotation.image_uid).rotations, rotation)
        )

    def without_rotation(self, pullback_uid: str) -> Review:
        """The pullback as it was taken."""
        rest = tuple(r for r in self.rotations if r.image_uid != pullback_uid)
        return replace(self, rotations=rest)

    def with_subtraction(self, subtraction: RunSubtraction) -> Review:
        """With how a run is subtracted, in place of what was said of it."""
        rest = tuple(s for s in self.subtractions if s.image_uid != subtraction.image_uid)
        return replace(self, subtractions=(*rest, subtraction))

    def looking_like(self, other: Review) -> Review:
        """The same, its runs shown as in another: what is merely looked at is no step of undo."""
        known = tuple(s.looking_like(other.subtraction_of(s.image_uid)) for s in self.subtractions)
        here = {s.image_uid for s in known}
        seen = tuple(
            RunSubtraction(s.image_uid).looking_like(s)
            for s in other.subtractions
            if s.image_uid not in here
        )
        return replace(self, subtractions=(*known, *seen))

    def without_calibration(self, image_uid: str) -> Review:
        """Back to the header's scale."""
        rest = tuple(c for c in self.calibrations if c.image_uid != image_uid)
        return replace(self, calibrations=rest)
