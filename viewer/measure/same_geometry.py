"""Whether a scale found on one run holds on another: the C-arm, table and detector as they were.

Two runs share a scale at the depth of the vein when source, isocentre, detector and table stood
alike and the beam ran through the patient in nearly the same direction. Limits (general knowledge,
to be checked): distances within 0.5 %, the table within 5 mm, the beam within 5 degrees. Turning by
5 degrees about the isocentre moves a vein 100 mm from it by 9 mm in depth; that, and what the
limits leave open, is stated as 10 mm of depth, 20 mm when no table height is given.
"""

from __future__ import annotations

import math

from viewer.measure.calibrating import USUAL_SOD_MM
from viewer.model.study import Run

SAME_SHARE = 0.005
SAME_TABLE_MM = 5.0
SAME_ANGLE_DEG = 5.0
CARRIED_DEPTH_MM = 10.0
UNSTATED_TABLE_DEPTH_MM = 20.0


def why_other_geometry(one: Run, other: Run) -> str:
    """What forbids using one run's scale on the other, for people; "" when nothing does."""
    checks = (_study, _matrix, _source_distances, _field, _table, _beam)
    return next((why for why in (check(one, other) for check in checks) if why), "")


def carried_share(one: Run, other: Run) -> float:
    """Relative standard uncertainty that carrying a scale over adds."""
    stated = one.table_height_mm is not None and other.table_height_mm is not None
    sod_mm = other.sod_mm or USUAL_SOD_MM
    return (CARRIED_DEPTH_MM if stated else UNSTATED_TABLE_DEPTH_MM) / sod_mm


def _study(one: Run, other: Run) -> str:
    return "" if one.study_uid == other.study_uid else "it is of another study"


def _matrix(one: Run, other: Run) -> str:
    if (one.rows, one.columns) == (other.rows, other.columns):
        return ""
    return f"{other.columns} × {other.rows} pixels, not {one.columns} × {one.rows}"


def _source_distances(one: Run, other: Run) -> str:
    if one.sid_mm is None or other.sid_mm is None:
        return "the files do not state the distance from source to detector"
    if not _alike(one.sid_mm, other.sid_mm):
        return f"detector {other.sid_mm:.0f} mm from the source, not {one.sid_mm:.0f} mm"
    if one.sod_mm is None or other.sod_mm is None:
        if one.table_height_mm is None or other.table_height_mm is None:
            return "the files state neither the patient's distance nor the table's height"
        return ""
    if not _alike(one.sod_mm, other.sod_mm):
        return f"patient {other.sod_mm:.0f} mm from the source, not {one.sod_mm:.0f} mm"
    return ""


def _field(one: Run, other: Run) -> str:
    a, b = one.imager_spacing_mm, other.imager_spacing_mm
    if a is not None and b is not None:
        if all(_alike(x, y) for x, y in zip(a, b, strict=True)):
            return ""
        return f"another zoom: detector pixels of {b[1]:.3g} mm, not {a[1]:.3g} mm"
    c, d = one.field_of_view_mm, other.field_of_view_mm
    if not c or not d:
        return "the files do not state the detector's field of view"
    if len(c) == len(d) and all(_alike(x, y) for x, y in zip(c, d, strict=True)):
        return ""
    return f"another field of view: {_sizes(d)} mm, not {_sizes(c)} mm"


def _table(one: Run, other: Run) -> str:
    a, b = one.table_height_mm, other.table_height_mm
    if a is None or b is None or abs(a - b) <= SAME_TABLE_MM:
        return ""
    return f"the table stood {abs(a - b):.0f} mm higher or lower"


def _beam(one: Run, other: Run) -> str:
    a, b = _direction(one), _direction(other)
    if a is None or b is None:
        return "the files do not state the C-arm's angles"
    apart_deg = math.degrees(
        math.acos(max(-1.0, min(1.0, sum(x * y for x, y in zip(a, b, strict=True)))))
    )
    return "" if apart_deg <= SAME_ANGLE_DEG else f"the views differ by {apart_deg:.0f}°"


def _direction(run: Run) -> tuple[float, float, float] | None:
    """Unit vector of the beam from the positioner's angles (PS3.3 C.8.7.5.1.2)."""
    if run.primary_angle_deg is None or run.secondary_angle_deg is None:
        return None
    p, s = math.radians(run.primary_angle_deg), math.radians(run.secondary_angle_deg)
    return math.sin(p) * math.cos(s), math.cos(p) * math.cos(s), math.sin(s)


def _alike(a: float, b: float) -> bool:
    return abs(a - b) <= SAME_SHARE * max(abs(a), abs(b))


def _sizes(values: tuple[float, ...]) -> str:
    return " × ".join(f"{value:g}" for value in values)
