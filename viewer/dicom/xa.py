"""Geometry and mask of an XA or RF acquisition (PS3.3 C.8.7, enhanced objects C.8.19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from viewer.dicom.header import Header

_SUBTRACTING = ("AVG_SUB", "TID")


@dataclass(frozen=True, slots=True)
class Geometry:
    """C-arm angles in degrees (LAO and CRA positive), distances in mm, tube voltage in kV."""

    primary_angle_deg: float | None = None
    secondary_angle_deg: float | None = None
    sid_mm: float | None = None
    sod_mm: float | None = None
    kvp: float | None = None


def geometry(header: Header, groups: Sequence[Header]) -> tuple[Geometry, tuple[str, ...]]:
    """Read the geometry; `groups` are the first frame's functional groups of enhanced objects."""
    warnings: list[str] = []
    primary = _angle(header, groups, "PositionerPrimaryAngle", "PositionerIsocenterPrimaryAngle")
    secondary = _angle(
        header, groups, "PositionerSecondaryAngle", "PositionerIsocenterSecondaryAngle"
    )
    if any(angle is not None and abs(angle) > 360.0 for angle in (primary, secondary)):
        warnings.append(f"Positioner angles {primary}, {secondary} make no sense; not used.")
        primary = secondary = None
    sid = _distance(header, "DistanceSourceToDetector")
    sod = _distance(header, "DistanceSourceToPatient")
    for group in groups:
        place = group.item("XRayGeometrySequence")
        if place is not None:
            sid = sid or _distance(place, "DistanceSourceToDetector")
            sod = sod or _distance(place, "DistanceSourceToIsocenter")
    kvp = header.number("KVP")
    return Geometry(primary, secondary, sid, sod, kvp if kvp and kvp > 0 else None), tuple(warnings)


def mask_frames(header: Header, frames: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """0-based mask frames of the first mask item that subtracts, and what is wrong with them.

    AVG_SUB averages the frames named; TID subtracts an earlier frame, so it names none
    (PS3.3 C.7.6.10). Operation NONE means no mask.
    """
    for item in header.items("MaskSubtractionSequence"):
        operation = item.text("MaskOperation").upper()
        if operation not in _SUBTRACTING:
            continue
        numbers = item.numbers("MaskFrameNumbers")
        inside = tuple(int(n) - 1 for n in numbers if 1 <= n <= frames)
        if len(inside) < len(numbers):
            named = ", ".join(f"{n:g}" for n in numbers if not 1 <= n <= frames)
            return inside, (f"Mask frame {named} is not one of {frames} frames; not used.",)
        if inside or operation == "TID":
            return inside, ()
        return (), ("The header wants a mask subtracted but names no mask frame.",)
    return (), ()


def _angle(
    header: Header, groups: Sequence[Header], keyword: str, isocenter_keyword: str
) -> float | None:
    found = header.number(keyword)
    for group in groups:
        position = group.item("PositionerPositionSequence")
        if found is None and position is not None:
            found = position.number(keyword)
    for group in groups:
        reference = group.item("IsocenterReferenceSystemSequence")
        if found is None and reference is not None:
            found = reference.number(isocenter_keyword)
    return found


def _distance(header: Header, keyword: str) -> float | None:
    value = header.number(keyword)
    return value if value is not None and value > 0 else None
