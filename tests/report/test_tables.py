from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.report.tables import (
    NOTICE,
    NOTICE_COLUMN,
    TABLES,
    LandmarkRow,
    MeasurementRow,
    PositionRow,
    Row,
    SegmentRow,
    table_bytes,
    table_text,
)


def measurement(image: str = "IVUS pullback", value: float = 98.25) -> MeasurementRow:
    return MeasurementRow(
        kind="ellipse", image=image, frame_1based=255, value=value, unit="mm²", sigma=2.0,
        source="ultrasound region",
    )  # fmt: skip


def read_back(text: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert all(row[NOTICE_COLUMN] == NOTICE for row in rows)
    return rows


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_is_its_header(name: str) -> None:
    text = table_text(name, [])
    assert text.endswith(f",{NOTICE_COLUMN}\r\n")
    assert text.count("\n") == 1


def test_every_line_has_as_many_cells_as_the_header() -> None:
    text = table_text("measurements.csv", [measurement(), measurement('a, "b"\nc')])
    assert {len(cells) for cells in csv.reader(io.StringIO(text, newline=""))} == {
        text.split("\r\n", 1)[0].count(",") + 1
    }


def test_every_number_is_read_back() -> None:
    segment = SegmentRow(
        name='Stenosis 1, "tight"', kind="stenosis", vein="CIV", side="left", drawn_on="pullback",
        first_frame_1based=101, last_frame_1based=181, start_mm=4.12345, end_mm=31.0,
        position_zero="iliac confluence", length_value=26.87655, length_unit="mm",
        length_sigma=3.0, length_source="along the vein", place_extrapolated=False,
        note="zwei\nZeilen, µ",
    )  # fmt: skip
    (row,) = read_back(table_text("segments.csv", [segment]))
    assert row["name"] == 'Stenosis 1, "tight"'
    assert row["note"] == "zwei\nZeilen, µ"
    assert (row["start_mm"], row["end_mm"]) == ("4.1235", "31")
    assert row["length_unit"] == "mm"
    assert row["pull_length_mm"] == ""
    assert row["place_extrapolated"] == "no"
    assert row["first_frame_1based"] == "101"


def test_a_landmark_and_a_position() -> None:
    landmark = LandmarkRow(
        name="Iliac confluence", frame_1based=143, x_px=101.25, y_px=-0.00001, position_mm=0.0,
        position_px=0.0, left_out_error_mm=None, left_out_error_px=None, expected_sigma_mm=None,
        source="reader",
    )  # fmt: skip
    (row,) = read_back(table_text("landmarks.csv", [landmark]))
    assert (row["x_px"], row["y_px"], row["left_out_error_mm"]) == ("101.25", "0", "")
    position = PositionRow(
        frame_1based=1, frame_0based=0, time_s=0.0, arc_mm=4.0, arc_px=14.0, position_mm=-68.5,
        position_sigma_mm=2.1, position_px=12.0, position_sigma_px=7.0,
        position_zero="iliac confluence", x_px=1.0, y_px=2.0, extrapolated=True,
        beyond_centerline=False, vein="IVC", source="PCHIP", uncertainty_source="bridge",
    )  # fmt: skip
    (row,) = read_back(table_text("positions.csv", [position]))
    assert (row["position_mm"], row["extrapolated"]) == ("-68.5", "yes")


def test_the_bytes_are_utf8() -> None:
    raw = table_bytes("measurements.csv", [measurement()])
    assert "mm²" in raw.decode("utf-8")
    assert raw.startswith(b"kind,")


def test_a_name_never_becomes_a_formula() -> None:
    (row,) = read_back(table_text("measurements.csv", [measurement("=HYPERLINK(1)")]))
    assert row["image"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="numbers or nothing"):
        table_text("measurements.csv", [measurement(value=value)])


def test_a_row_of_another_table_is_refused() -> None:
    rows: list[Row] = [measurement()]
    with pytest.raises(TypeError, match="MeasurementRow"):
        table_text("segments.csv", rows)


def test_every_column_of_a_number_names_its_unit() -> None:
    counted = {"frame", "first_frame", "last_frame"}
    for kind in TABLES.values():
        for column, note in kind.__annotations__.items():
            if not any(number in str(note) for number in ("float", "int")):
                continue
            ends = ("_mm", "_px", "_s", "_1based", "_0based", "_frame", "_percent")
            unit = column.endswith((*ends, "_mm2", "_px2", "_ratio"))
            in_own_column = column in ("value", "sigma", "length_value", "length_sigma", "density")
            assert unit or in_own_column or column == "point", column
            if column.endswith("based"):
                assert column[: -len("_1based")] in counted


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_is_read_back(text: str) -> None:
    (row,) = read_back(table_text("measurements.csv", [measurement(text)]))
    assert row["image"].removeprefix("'") == text.removeprefix("'")
