"""Geometry of an XA or RF acquisition (PS3.3 C.8.7, enhanced objects C.8.19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from viewer.dicom.header import Header
from viewer.model.calibration import UNCALIBRATED, CalibrationSource
from viewer.model.study import Run

Position = tuple[float | None, float | None, float | None, float | None]
"""Primary and secondary angle in degrees, SID and SOD in mm, of one frame."""

ANGLE_CHANGES_DEG = 0.5
DISTANCE_CHANGES = 0.01
"""Less than this (degrees; a share of the distance) is the C-arm at rest."""

TABLE_MOVES = (
    "The table moves during this run: one place of the vein lies elsewhere on other frames; "
    "draw the centerline and the landmarks on one frame."
)
_GEOMETRIC = (
    CalibrationSource.SID_SOD,
    CalibrationSource.MAGNIFICATION_FACTOR,
    CalibrationSource.GEOMETRY,
    CalibrationSource.ENHANCED_ISOCENTER,
)


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


def field_of_view(header: Header) -> tuple[float, ...]:
    """Field of View Dimensions at the detector, mm: one value for a round one, two for others."""
    found = header.numbers("FieldOfViewDimensions")[:2]
    return found if all(0 < value < 10_000 for value in found) else ()


def position(header: Header, groups: Sequence[Header]) -> Position:
    """Where the C-arm stood for the frame whose functional groups are `groups`."""
    place, _ = geometry(header, groups)
    return place.primary_angle_deg, place.secondary_angle_deg, place.sid_mm, place.sod_mm


def positions(header: Header, frames: int) -> tuple[Position, ...]:
    """Where the C-arm stood, frame by frame, as far as a multi-frame header says.

    Enhanced objects say it in their per-frame functional groups, classic ones by Positioner
    Primary and Secondary Angle Increment (0018,1520/1521): degrees from the first frame's angle.
    """
    own = header.items("PerFrameFunctionalGroupsSequence")[:frames]
    shared = header.items("SharedFunctionalGroupsSequence", 1)
    if own:
        return tuple(position(header, (group, *shared)) for group in own)
    primary, secondary, sid, sod = position(header, shared)
    turns = zip_longest(
        header.numbers("PositionerPrimaryAngleIncrement")[:frames] or (0.0,),
        header.numbers("PositionerSecondaryAngleIncrement")[:frames] or (0.0,),
        fillvalue=0.0,
    )
    return tuple(((primary or 0.0) + a, (secondary or 0.0) + b, sid, sod) for a, b in turns)


def at_rest(run: Run, where: Sequence[Position], of_what: str) -> tuple[Run, tuple[str, ...]]:
    """The run without angles or scale that change from frame to frame, and what to tell.

    Parameters
    ----------
    where : sequence of Position
        Of its frames, one or more.
    of_what : str
        What moves, for people: a run or a series.
    """
    warnings = []
    primary, secondary, sid, sod = zip(*where, strict=True)
    if _changes(primary, ANGLE_CHANGES_DEG) or _changes(secondary, ANGLE_CHANGES_DEG):
        warnings.append(f"The C-arm's angles change during this {of_what}; none is given.")
        run = replace(run, primary_angle_deg=None, secondary_angle_deg=None)
    if any(_changes(values, DISTANCE_CHANGES * (values[0] or 1.0)) for values in (sid, sod)):
        warnings.append(f"The C-arm's distances change during this {of_what}; no scale is given.")
        run = replace(run, sid_mm=None, sod_mm=None)
        if run.calibration.source in _GEOMETRIC:
            run = replace(run, calibration=UNCALIBRATED)
    return run, tuple(warnings)


def _changes(values: tuple[float | None, ...], tolerance: float) -> bool:
    known = [value for value in values if value is not None]
    return len(known) > 1 and max(known) - min(known) > tolerance


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
