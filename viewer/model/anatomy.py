"""Vein segments, sides and landmarks, in the field's own names and codes.

Source: SNOMED CT codes as listed in pydicom 3.0.2's dictionaries; laterality from DICOM CID 244.
Where no standard code was found the private scheme 99CAVAL is used with its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: (value, scheme, meaning)."""

    value: str
    scheme: str
    meaning: str


class Side(StrEnum):
    """Laterality (CID 244)."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"
    NONE = ""

    @property
    def letter(self) -> str:
        """L, R, B or nothing, as written before a vein's short name."""
        return {"left": "L", "right": "R", "bilateral": "B"}.get(self.value, "")


class VeinSegment(StrEnum):
    """Deep veins, centre to periphery."""

    IVC = "IVC"
    CIV = "CIV"
    EIV = "EIV"
    IIV = "IIV"
    CFV = "CFV"
    FV = "FV"
    PROFUNDA = "PFV"
    POPLITEAL = "PV"
    POSTERIOR_TIBIAL = "PTV"
    ANTERIOR_TIBIAL = "ATV"
    PERONEAL = "PEV"
    GREAT_SAPHENOUS = "GSV"
    UNSET = ""

    @property
    def label(self) -> str:
        """The name shown to people."""
        return VEIN_NAMES[self]


VEIN_NAMES: dict[VeinSegment, str] = {
    VeinSegment.IVC: "inferior vena cava",
    VeinSegment.CIV: "common iliac v.",
    VeinSegment.EIV: "external iliac v.",
    VeinSegment.IIV: "internal iliac v.",
    VeinSegment.CFV: "common femoral v.",
    VeinSegment.FV: "femoral v.",
    VeinSegment.PROFUNDA: "profunda femoris v.",
    VeinSegment.POPLITEAL: "popliteal v.",
    VeinSegment.POSTERIOR_TIBIAL: "posterior tibial v.",
    VeinSegment.ANTERIOR_TIBIAL: "anterior tibial v.",
    VeinSegment.PERONEAL: "peroneal v.",
    VeinSegment.GREAT_SAPHENOUS: "great saphenous v.",
    VeinSegment.UNSET: "not set",
}

VEIN_CODES: dict[VeinSegment, Code] = {
    VeinSegment.IVC: Code("64131007", "SCT", "Inferior vena cava"),
    VeinSegment.CIV: Code("46027005", "SCT", "Common iliac vein"),
    VeinSegment.EIV: Code("63507001", "SCT", "External iliac vein"),
    VeinSegment.IIV: Code("40300007", "SCT", "Internal iliac vein"),
    VeinSegment.CFV: Code("397363009", "SCT", "Common femoral vein"),
    VeinSegment.FV: Code("397364003", "SCT", "Femoral vein"),
    VeinSegment.PROFUNDA: Code("23438002", "SCT", "Profunda femoris vein"),
    VeinSegment.POPLITEAL: Code("56849005", "SCT", "Popliteal vein"),
    VeinSegment.POSTERIOR_TIBIAL: Code("4258007", "SCT", "Posterior tibial vein"),
    VeinSegment.ANTERIOR_TIBIAL: Code("26703007", "SCT", "Anterior tibial vein"),
    VeinSegment.PERONEAL: Code("71758008", "SCT", "Peroneal vein"),
    VeinSegment.GREAT_SAPHENOUS: Code("60734001", "SCT", "Great saphenous vein"),
}

SIDE_CODES: dict[Side, Code] = {
    Side.LEFT: Code("7771000", "SCT", "Left"),
    Side.RIGHT: Code("24028007", "SCT", "Right"),
    Side.BILATERAL: Code("51440002", "SCT", "Right and left"),
}


@dataclass(frozen=True, slots=True)
class LandmarkKind:
    """A place both images can show; `borders` are the veins central and peripheral of it."""

    key: str
    name: str
    borders: tuple[VeinSegment, VeinSegment] | None = None


LANDMARK_KINDS: tuple[LandmarkKind, ...] = (
    LandmarkKind("hepatic", "Hepatic veins / right atrium"),
    LandmarkKind("renal", "Renal veins"),
    LandmarkKind("confluence", "Iliac confluence", (VeinSegment.IVC, VeinSegment.CIV)),
    LandmarkKind("artery_crossing", "Right common iliac artery crossing"),
    LandmarkKind("internal_iliac", "Internal iliac ostium", (VeinSegment.CIV, VeinSegment.EIV)),
    LandmarkKind("inguinal", "Inguinal ligament", (VeinSegment.EIV, VeinSegment.CFV)),
    LandmarkKind("saphenofemoral", "Saphenofemoral junction"),
    LandmarkKind("profunda", "Profunda confluence", (VeinSegment.CFV, VeinSegment.FV)),
)
"""Centre to periphery (domain.md); the order a set of landmarks must keep along a pullback."""


EVENT_NAMES = (
    "Side branch",
    "Stent, central edge",
    "Stent, peripheral edge",
    "Narrowing, central edge",
    "Narrowing, peripheral edge",
    "Clot, central face",
    "Clot, peripheral face",
)
"""Places of this patient that both views may show; as landmarks they pin every position model."""


def landmark_kind(name: str) -> LandmarkKind | None:
    """The kind a landmark's key or shown name stands for, None for a name of the reader's own."""
    wanted = name.strip().lower()
    return next((k for k in LANDMARK_KINDS if wanted in (k.key, k.name.lower())), None)


def vein_label(vein: VeinSegment, side: Side) -> str:
    """A vein as written in lists, e.g. ``L CIV``; the IVC has no side."""
    if vein is VeinSegment.UNSET:
        return "vein not set"
    return vein.value if vein is VeinSegment.IVC else f"{side.letter} {vein.value}".strip()
