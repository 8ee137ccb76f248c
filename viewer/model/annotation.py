"""What a reader marks: segments of vessel, measurements, notes.

A segment stays where its reader drew it. Its extent is in frames when drawn on the pullback, and
two points of a centerline when drawn on the venogram; the coregistration only projects it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from viewer.model.anatomy import Side, VeinSegment
from viewer.model.vessel import PointPx


@dataclass(frozen=True, slots=True)
class FrameExtent:
    """A stretch of a pullback: frames `first`..`last`, 0-based, both included."""

    pullback_uid: str
    first: int
    last: int
    on: Literal["pullback"] = "pullback"

    def __post_init__(self) -> None:
        if self.first < 0 or self.last < self.first:
            raise ValueError(f"frames {self.first}..{self.last} are not a stretch of a pullback")


@dataclass(frozen=True, slots=True)
class CenterlineExtent:
    """A stretch of a centerline between two of its points, px: it survives edits of the knots."""

    run_uid: str
    centerline_id: str
    start_px: PointPx
    end_px: PointPx
    on: Literal["run"] = "run"


Extent = FrameExtent | CenterlineExtent


class SegmentKind(StrEnum):
    """What a segment marks."""

    STENOSIS = "stenosis"
    CLOT = "clot"
    STENT = "stent"


class StenosisCause(StrEnum):
    """Likely cause of a narrowing."""

    UNSET = ""
    EXTERNAL_COMPRESSION = "external compression"
    POST_THROMBOTIC = "post-thrombotic"
    IN_STENT = "in-stent restenosis"
    STENT_COMPRESSION = "stent compression"
    POSTURE_OR_BREATHING = "posture or breathing"
    OTHER = "other"


class ClotAge(StrEnum):
    """Interventional scheme: acute up to 14 d, subacute 15-28 d, chronic over 28 d (domain.md)."""

    UNSET = ""
    ACUTE = "acute"
    SUBACUTE = "subacute"
    CHRONIC = "chronic"
    MIXED = "mixed"


class AgeBasis(StrEnum):
    """What the age of a clot rests on."""

    UNSET = ""
    HISTORY = "history"
    VENOGRAM = "venogram"
    IVUS = "IVUS"
    SPECIMEN = "specimen"


class Occlusion(StrEnum):
    """Whether a clot fills the lumen."""

    UNSET = ""
    OCCLUSIVE = "occlusive"
    PARTIAL = "partial"


class Confidence(StrEnum):
    """How sure the reader is."""

    UNSET = ""
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Against(StrEnum):
    """What a narrowing is compared with."""

    NORMATIVE = "normative"
    LOCAL = "local"
    INTERPOLATED = "local, interpolated"
    CONTRALATERAL = "contralateral"


@dataclass(frozen=True, slots=True)
class ReferenceFrame:
    """A frame its reader holds a segment against; on another pullback it is the other side's."""

    pullback_uid: str
    frame: int

    def __post_init__(self) -> None:
        if self.frame < 0:
            raise ValueError("a reference frame counts from 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What every stretch of vessel has in common."""

    id: str
    name: str
    extent: FrameExtent | CenterlineExtent = field()
    vein: VeinSegment = VeinSegment.UNSET
    side: Side = Side.NONE
    confidence: Confidence = Confidence.UNSET
    note: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stenosis(Segment):
    """A narrowing; without `references` of its reader's, the program proposes some.

    Attributes
    ----------
    against : Against
        The reference its reader tells it by; all are shown side by side.
    """

    kind: Literal["stenosis"] = "stenosis"
    cause: StenosisCause = StenosisCause.UNSET
    references: tuple[ReferenceFrame, ...] = ()
    against: Against = Against.NORMATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Clot(Segment):
    """Thrombus; its age carries its scheme and its basis.

    Attributes
    ----------
    occluded : tuple of float
        Share of the lumen it fills, 0 to 1, as the reader judged it: in equal parts from the
        start of the extent to its end; none while nobody did.
    """

    kind: Literal["clot"] = "clot"
    age: ClotAge = ClotAge.UNSET
    age_scheme: str = "interventional: acute <= 14 d, subacute 15-28 d, chronic > 28 d"
    age_basis: AgeBasis = AgeBasis.UNSET
    occlusion: Occlusion = Occlusion.UNSET
    occluded: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not all(0.0 <= share <= 1.0 for share in self.occluded):
            raise ValueError("the share of the lumen a clot fills lies between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stent(Segment):
    """A stent; nominal figures as on its label.

    Attributes
    ----------
    planned : bool
        Not placed yet: where it could go, nothing of it is measured.
    """

    kind: Literal["stent"] = "stent"
    planned: bool = False
    product: str = ""
    nominal_diameter_mm: float | None = None
    nominal_length_mm: float | None = None
    references: tuple[ReferenceFrame, ...] = ()


AnySegment = Stenosis | Clot | Stent

SEGMENT_TYPES: dict[SegmentKind, type[Stenosis] | type[Clot] | type[Stent]] = {
    SegmentKind.STENOSIS: Stenosis,
    SegmentKind.CLOT: Clot,
    SegmentKind.STENT: Stent,
}


@dataclass(frozen=True, slots=True)
class Caliper:
    """A straight distance between two points of one frame."""

    id: str
    image_uid: str
    frame: int
    start_px: PointPx
    end_px: PointPx
    kind: Literal["caliper"] = "caliper"


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse on one frame: centre, half axes (first along the angle), angle from x to y."""

    id: str
    image_uid: str
    frame: int
    center_px: PointPx
    semi_axes_px: tuple[float, float]
    angle_deg: float = 0.0
    kind: Literal["ellipse"] = "ellipse"

    def __post_init__(self) -> None:
        if min(self.semi_axes_px) <= 0:
            raise ValueError("an ellipse needs two half axes greater than zero")


Measurement = Caliper | Ellipse


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A key frame of one image set."""

    id: str
    image_uid: str
    frame: int
    text: str = ""
