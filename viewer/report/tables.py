"""A review as CSV tables: every number with its unit, its source and its uncertainty.

The caller measures and hands over rows; this module only writes. RFC 4180: comma, CRLF, quotes
where needed, UTF-8, the names of the columns first. The last column of every row says that it is
not for diagnostic use, so that the words stay with a row that is sorted or copied.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

NOTICE_COLUMN = "notice"
NOTICE = "Not for diagnostic use"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """A segment. Frames are 1-based, as on screen and in DICOM; None is an empty cell.

    `length_value` is in `length_unit` (mm, px or frames). `start` and `end` are positions along
    the vein of `run_uid` from `position_zero`, peripheral positive, the central end first; mm
    only where that run has a scale. Their ± is None for an end drawn on the run itself.
    """

    name: str
    kind: str
    vein: str
    side: str
    drawn_on: str
    first_frame_1based: int | None
    last_frame_1based: int | None
    start_mm: float | None
    end_mm: float | None
    start_sigma_mm: float | None = None
    end_sigma_mm: float | None = None
    start_px: float | None = None
    end_px: float | None = None
    start_sigma_px: float | None = None
    end_sigma_px: float | None = None
    position_zero: str
    length_value: float | None
    length_unit: str
    length_sigma: float | None
    length_source: str
    pull_length_mm: float | None = None
    pull_length_sigma_mm: float | None = None
    place_extrapolated: bool | None = None
    cause: str = ""
    clot_age: str = ""
    clot_age_scheme: str = ""
    clot_age_basis: str = ""
    occlusion: str = ""
    stent_product: str = ""
    stent_nominal_diameter_mm: float | None = None
    stent_nominal_length_mm: float | None = None
    confidence: str = ""
    note: str = ""
    hidden: bool = False
    segment_id: str = ""
    image_uid: str = ""
    run_uid: str = ""
    pullback_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkRow:
    """A landmark, and how far it lies from where the others put it."""

    name: str
    frame_1based: int
    x_px: float
    y_px: float
    position_mm: float | None
    position_px: float | None
    left_out_error_mm: float | None
    left_out_error_px: float | None
    expected_sigma_mm: float | None
    expected_sigma_px: float | None = None
    position_zero: str = ""
    source: str
    run_uid: str = ""
    pullback_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementRow:
    """A caliper's length or an ellipse's area, in `unit`."""

    kind: str
    image: str
    frame_1based: int
    value: float
    unit: str
    sigma: float | None
    source: str
    measurement_id: str = ""
    image_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """Where one frame of a pullback lies on a run.

    `arc` is the length along the centerline from its first point, `position` the distance from
    `position_zero`, peripheral positive; `x_px`, `y_px` the place on the run.
    """

    frame_1based: int
    frame_0based: int
    time_s: float | None
    arc_mm: float | None
    arc_px: float
    position_mm: float | None
    position_sigma_mm: float | None
    position_px: float
    position_sigma_px: float
    position_zero: str
    x_px: float
    y_px: float
    extrapolated: bool
    beyond_centerline: bool
    vein: str
    source: str
    uncertainty_source: str
    run_uid: str = ""
    pullback_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFrameRow:
    """A frame its reader starred; the position of a pullback's frame when it is tied to a run."""

    image: str
    frame_1based: int
    frame_0based: int
    time_s: float | None
    position_mm: float | None
    position_sigma_mm: float | None
    position_px: float | None
    position_sigma_px: float | None
    position_zero: str
    extrapolated: bool | None
    vein: str
    note: str
    bookmark_id: str = ""
    image_uid: str = ""
    run_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastRow:
    """Density at a contrast point on one frame, and what its whole curve tells.

    Times are s after the run's first frame; without frame times they are empty, and `arrival_frame`
    and `peak_frame` (0-based, between frames) still tell.
    """

    point: int
    x_px: float
    y_px: float
    frame_1based: int | None
    frame_0based: int | None
    time_s: float | None
    density: float | None
    density_unit: str
    arrival_s: float | None
    arrival_sigma_s: float | None
    peak_s: float | None
    arrival_frame: float | None
    peak_frame: float | None
    residual_percent: float | None
    disc_radius_px: float | None
    source: str
    point_id: str = ""
    run_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """A derived number: what it is of, against what, on what, how sure, and who accepted it.

    `value` is empty where it is not known; `remark` then says why.
    """

    subject: str
    kind: str
    vein: str
    side: str
    phase: str
    figure: str
    value: float | None
    unit: str
    sigma: float | None
    reference: str = ""
    measured_on: str = ""
    source: str = ""
    accepted_by: str = ""
    remark: str = ""
    segment_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LumenRow:
    """Figures of one border on one frame of a pullback.

    mm only where a scale holds at every point; `scale_sigma_percent` is its relative standard
    uncertainty. `status` is auto (unchecked), edited or accepted.
    """

    pullback: str
    border: str
    frame_1based: int
    position_mm: float | None
    position_sigma_mm: float | None
    area_mm2: float | None
    min_diameter_mm: float | None
    max_diameter_mm: float | None
    equivalent_diameter_mm: float | None
    perimeter_mm: float | None
    area_px2: float
    min_diameter_px: float
    max_diameter_px: float
    equivalent_diameter_px: float
    perimeter_px: float
    aspect_ratio: float
    eccentricity_ratio: float
    scale_sigma_percent: float | None
    status: str
    by: str
    at: str
    confidence_ratio: float | None
    note: str
    pullback_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContourPointRow:
    """One point of a border, px from the centre of the top-left pixel; the last joins the first."""

    border: str
    frame_1based: int
    point: int
    x_px: float
    y_px: float
    pullback_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VeinWidthRow:
    """Width of a vein on a venogram at one place of its centerline; empty where not seen.

    `contrast_ratio` is mean density inside less outside, natural logarithm (grey levels on runs
    that are not linear).
    """

    run: str
    vein: str
    arc_px: float
    position_mm: float | None
    width_px: float | None
    width_mm: float | None
    confidence_ratio: float
    contrast_ratio: float
    run_uid: str


Row = (
    SegmentRow
    | LandmarkRow
    | MeasurementRow
    | PositionRow
    | KeyFrameRow
    | ContrastRow
    | FigureRow
    | LumenRow
    | ContourPointRow
    | VeinWidthRow
)

TABLES: dict[str, type[Row]] = {
    "segments.csv": SegmentRow,
    "landmarks.csv": LandmarkRow,
    "measurements.csv": MeasurementRow,
    "positions.csv": PositionRow,
    "key-frames.csv": KeyFrameRow,
    "contrast.csv": ContrastRow,
    "figures.csv": FigureRow,
    "lumen.csv": LumenRow,
    "contours.csv": ContourPointRow,
    "vein-widths.csv": VeinWidthRow,
}
"""The tables of a review: file name and what a row of it is."""

DECIMALS = 4


def table_text(name: str, rows: Sequence[Row]) -> str:
    """One table as CSV text; without rows its header alone.

    Raises
    ------
    KeyError
        `name` is none of `TABLES`.
    TypeError
        A row belongs to another table.
    """
    kind = TABLES[name]
    columns = [field.name for field in fields(kind)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*columns, NOTICE_COLUMN])
    for row in rows:
        if not isinstance(row, kind):
            raise TypeError(f"a {type(row).__name__} is no row of {name}")
        writer.writerow([*(_cell(getattr(row, column)) for column in columns), NOTICE])
    return text.getvalue()


def table_bytes(name: str, rows: Sequence[Row]) -> bytes:
    """One table as the bytes of its file: UTF-8, no byte order mark."""
    return table_text(name, rows).encode("utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a table holds numbers or nothing")
        shortest = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
        return "0" if shortest == "-0" else shortest
    text = str(value)
    # A spreadsheet would run these as formulas; the quote keeps a name a name.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
