from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from export_samples import REVIEW_ID, Sample, make_sample
from hypothesis import given
from hypothesis import strategies as st

from viewer.errors import ViewerError
from viewer.model.calibration import UNCALIBRATED
from viewer.model.case import Case
from viewer.model.review import RateOverride, Review
from viewer.model.study import Run
from viewer.session import exporting
from viewer.session.session import Session
from viewer.session.state import Cursor

Rows = list[dict[str, str]]
TABLE_NAMES = (
    "segments",
    "landmarks",
    "measurements",
    "positions",
    "key-frames",
    "contrast",
    "figures",
    "lumen",
    "contours",
    "vein-widths",
)
CLICK_AND_SCALE_MM = 4.0  # what exact landmarks leave between them, on a quick pullback by hand


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make_sample(tmp_path_factory.mktemp("case"))


def tables(session: Session, folder: Path) -> dict[str, Rows]:
    """Every table as it is read back by who gets the files."""
    found = {}
    for what, path in exporting.write_tables(session, folder):
        assert what == "csv"
        text = path.read_bytes().decode("utf-8")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert {len(line) for line in lines} == {len(lines[0])}
        rest = path.name.removeprefix("0a1b2c3d-")
        assert rest != path.name
        found[rest.removesuffix(".csv")] = [
            dict(zip(lines[0], line, strict=True)) for line in lines[1:]
        ]
    assert tuple(found) == TABLE_NAMES
    return found


@pytest.fixture(scope="module")
def read(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    return tables(sample.session(), tmp_path_factory.mktemp("out"))


# -- values against the truth -----------------------------------------------------------------
def test_a_segment_lies_where_the_vein_is_narrow(read: dict[str, Rows], sample: Sample) -> None:
    truth, row = sample.truth["segments"][0], read["segments"][0]
    assert (row["name"], row["kind"], row["vein"], row["side"]) == (
        "Stenosis 1", "stenosis", "CIV", "left",
    )  # fmt: skip
    assert (row["cause"], row["drawn_on"], row["hidden"]) == (
        "external compression", "pullback", "no",
    )  # fmt: skip
    first, last = truth["frames"]["pullback-1.dcm"]
    assert (row["first_frame_1based"], row["last_frame_1based"]) == (str(first + 1), str(last + 1))
    s_mm = sample.truth["pullbacks"][0]["s_mm"]
    ends = [sample.place_mm(s_mm[frame]) for frame in (first, last)]
    for name, true_mm in zip(("start", "end"), ends, strict=True):
        sigma = float(row[f"{name}_sigma_mm"])
        assert 0 < sigma < 8
        assert float(row[f"{name}_mm"]) == pytest.approx(true_mm, abs=CLICK_AND_SCALE_MM)
    assert row["position_zero"] == "iliac confluence"
    assert row["length_unit"] == "mm"
    length = float(row["end_mm"]) - float(row["start_mm"])
    assert float(row["length_value"]) == pytest.approx(length, abs=1e-3)
    assert float(row["length_value"]) == pytest.approx(ends[1] - ends[0], abs=CLICK_AND_SCALE_MM)
    assert float(row["length_sigma"]) > 0
    assert "foreshortening is not corrected" in row["length_source"]
    assert row["place_extrapolated"] == "no"


def test_a_segment_of_a_run_that_is_not_shown_is_placed_by_its_own_tie(
    read: dict[str, Rows], sample: Sample
) -> None:
    row, run_2 = read["segments"][1], sample.uid("run-2-lao30.dcm")
    assert sample.session().cursor.run_uid != run_2
    assert (row["name"], row["drawn_on"], row["image_uid"]) == ("Clot 1", "run", run_2)
    assert (row["run_uid"], row["pullback_uid"]) == (run_2, sample.uid("pullback-1.dcm"))
    truth = sample.truth["segments"][0]
    for name, key in (("start", "start_s_mm"), ("end", "stop_s_mm")):
        true_mm = sample.place_mm(truth[key], run=1)
        assert float(row[f"{name}_mm"]) == pytest.approx(true_mm, abs=1.0)
        assert row[f"{name}_sigma_mm"] == ""  # drawn there, not projected
    first, last = truth["frames"]["pullback-1.dcm"]
    assert abs(int(row["first_frame_1based"]) - 1 - first) <= 1
    assert abs(int(row["last_frame_1based"]) - 1 - last) <= 1
    assert (row["clot_age"], row["clot_age_basis"]) == ("acute", "IVUS")
    assert row["clot_age_scheme"].startswith("interventional")


def test_a_hidden_stent_is_in_the_table_and_its_name_is_no_formula(read: dict[str, Rows]) -> None:
    row = read["segments"][2]
    assert (row["kind"], row["hidden"], row["stent_product"]) == ("stent", "yes", "'=SUM(1)")
    assert (row["stent_nominal_diameter_mm"], row["stent_nominal_length_mm"]) == ("16", "90")
    assert row["clot_age_scheme"] == ""


@pytest.mark.parametrize("run", [0, 1])
def test_every_frame_of_every_tie_lies_on_the_vein(
    read: dict[str, Rows], sample: Sample, run: int
) -> None:
    uid = sample.uid(sample.truth["runs"][run]["file"])
    rows = [row for row in read["positions"] if row["run_uid"] == uid]
    true_px = sample.true_points(run)
    assert [int(row["frame_0based"]) for row in rows] == list(range(len(true_px)))
    assert [int(row["frame_1based"]) for row in rows] == list(range(1, len(true_px) + 1))
    rate_hz = sample.truth["pullbacks"][0]["rate_hz"]
    times_s = [float(row["time_s"]) for row in rows]
    np.testing.assert_allclose(times_s, np.arange(len(rows)) / rate_hz, atol=1e-3)
    found_px = np.array([[float(row["x_px"]), float(row["y_px"])] for row in rows])
    between = np.array([row["extrapolated"] == "no" for row in rows])
    assert between.sum() > 40
    assert not between[0]
    off_mm = np.hypot(*(found_px - true_px)[between].T)  # about 1 mm a px
    assert np.median(off_mm) < 3.0
    sigma_mm = np.array([float(row["position_sigma_mm"]) for row in rows])
    assert np.mean(off_mm < 3 * sigma_mm[between] + 1.0) > 0.95
    s_mm = sample.truth["pullbacks"][0]["s_mm"]
    places = np.array([float(row["position_mm"]) for row in rows])
    true_mm = np.array([sample.place_mm(s, run) for s in s_mm])
    assert np.median(np.abs(places - true_mm)[between]) < CLICK_AND_SCALE_MM
    arcs = np.array([float(row["arc_mm"]) for row in rows])
    np.testing.assert_allclose(np.diff(arcs), np.diff(places), atol=2e-4)
    assert {row["vein"] for row in rows} >= {"IVC", "CIV", "EIV", "CFV"}


def test_landmarks_stand_where_they_were_placed(read: dict[str, Rows], sample: Sample) -> None:
    run_1 = sample.uid("run-1-ap.dcm")
    rows = {row["name"]: row for row in read["landmarks"] if row["run_uid"] == run_1}
    assert len(read["landmarks"]) == 8
    for mark in sample.truth["landmarks"]:
        if mark["label"] not in rows:
            continue
        row = rows[mark["label"]]
        x_px, y_px = mark["xy_px"]["run-1-ap.dcm"]
        assert (float(row["x_px"]), float(row["y_px"])) == pytest.approx((x_px, y_px), abs=1e-3)
        assert int(row["frame_1based"]) == mark["frame"]["pullback-1.dcm"] + 1
        assert float(row["position_mm"]) == pytest.approx(sample.place_mm(mark["s_mm"]), abs=1.5)
    middle = rows["Internal iliac ostium"]
    assert abs(float(middle["left_out_error_mm"])) < 3 * float(middle["expected_sigma_mm"])
    assert rows["Iliac confluence"]["left_out_error_mm"] == ""  # an end: the others can't tell
    assert middle["left_out_error_px"] == ""


def test_measurements_carry_unit_source_and_uncertainty(
    read: dict[str, Rows], sample: Sample
) -> None:
    caliper, ellipse = read["measurements"]
    scale = sample.truth["runs"][0]["mm_per_px"]["isocentre"]
    assert (caliper["kind"], caliper["unit"], caliper["frame_1based"]) == ("caliper", "mm", "6")
    assert float(caliper["value"]) == pytest.approx(50.0 * scale, rel=1e-3)
    assert 0.01 < float(caliper["sigma"]) / float(caliper["value"]) < 0.15
    assert "magnification" in caliper["source"]
    area_mm2 = np.pi * 200 * sample.truth["pullbacks"][0]["mm_per_px"] ** 2
    assert (ellipse["unit"], ellipse["image"]) == ("mm²", "L iliac pullback 1")
    assert float(ellipse["value"]) == pytest.approx(area_mm2, rel=1e-3)


def test_key_frames_have_a_place_where_there_is_one(read: dict[str, Rows]) -> None:
    on_pullback, on_run = read["key-frames"]
    position = next(row for row in read["positions"] if row["frame_1based"] == "14")
    assert on_pullback["frame_0based"] == "13"
    assert on_pullback["position_mm"] == position["position_mm"]
    assert on_pullback["position_sigma_mm"] == position["position_sigma_mm"]
    assert (on_pullback["vein"], on_pullback["note"]) == ("CIV", "narrowest, by eye")
    assert (on_run["image"], on_run["position_mm"]) == ("L iliac, AP", "")


# -- what is not known is empty ---------------------------------------------------------------
def test_without_a_scale_there_is_no_mm(sample: Sample, tmp_path: Path) -> None:
    session = Session("Reader A")
    sets = [
        replace(item, calibration=UNCALIBRATED) if isinstance(item, Run) else item
        for item in sample.image_sets
    ]
    session.open_case(Case().with_sets(*sets), sample.review)
    read = tables(session, tmp_path)
    for name in ("segments", "landmarks", "positions"):
        for row in read[name]:
            nominal = ("stent_nominal_diameter_mm", "stent_nominal_length_mm")
            filled = [c for c in row if c.endswith("_mm") and c not in nominal and row[c]]
            assert filled == []
    segment, position = read["segments"][0], read["positions"][20]
    assert segment["length_unit"] == "px"
    assert float(segment["end_px"]) - float(segment["start_px"]) == pytest.approx(
        float(segment["length_value"]), abs=1e-3
    )
    assert float(segment["start_sigma_px"]) > 0
    assert float(position["position_sigma_px"]) > 0
    assert read["measurements"][0]["unit"] == "px"


def test_without_its_images_a_review_keeps_its_words(sample: Sample, tmp_path: Path) -> None:
    session = Session("Reader A")
    session.open_case(Case(), sample.review)
    read = tables(session, tmp_path)
    assert len(session.missing_images()) == 3
    first, last = sample.truth["segments"][0]["frames"]["pullback-1.dcm"]
    stenosis, clot, _ = read["segments"]
    assert (stenosis["length_value"], stenosis["length_unit"]) == (str(last - first + 1), "frames")
    assert (stenosis["length_sigma"], stenosis["start_mm"], stenosis["position_zero"]) == ("",) * 3
    assert clot["length_unit"] == "px"
    assert len(read["landmarks"]) == 8
    assert {row["position_mm"] for row in read["landmarks"]} == {""}
    assert read["positions"] == []
    assert {row["source"] for row in read["measurements"]} == {"the images were not found"}
    assert [row["image"] for row in read["key-frames"]] == ["L iliac pullback 1", "L iliac, AP"]
    assert exporting.pictures_of(session) == ()


def test_a_segment_outlives_its_centerline(sample: Sample, tmp_path: Path) -> None:
    session = Session("Reader A")
    review = sample.review.without_centerline("line 2")
    session.open_case(Case().with_sets(*sample.image_sets), review)
    row = tables(session, tmp_path)["segments"][1]
    assert (row["length_value"], row["length_source"]) == (
        "", "the centerline it was drawn on is gone",
    )  # fmt: skip


def test_the_readers_own_rate_counts(sample: Sample, tmp_path: Path) -> None:
    session = sample.session()
    rate = RateOverride(sample.uid("pullback-1.dcm"), 10.0)
    session.open_case(session.case, session.review.with_rate(rate))
    assert tables(session, tmp_path)["positions"][20]["time_s"] == "2"


# -- files ------------------------------------------------------------------------------------
def test_an_export_replaces_its_own_files_and_no_others(sample: Sample, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "for it"
    first = exporting.write_tables(sample.session(), folder)
    other = folder / "ffffffff-segments.csv"
    other.write_text("mine", encoding="utf-8")
    before = first[0][1].read_bytes()
    first[0][1].write_bytes(b"older")
    again = exporting.write_tables(sample.session(), folder)
    assert again == first
    assert first[0][1].read_bytes() == before
    assert other.read_text(encoding="utf-8") == "mine"
    assert len(list(folder.iterdir())) == len(TABLE_NAMES) + 1


def test_a_file_in_the_way_of_the_folder_is_told(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(ViewerError, match="can't be made"):
        exporting.write_tables(sample.session(), tmp_path / "out")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_id_gives_a_plain_file_name(review_id: str) -> None:
    name = exporting.file_name(Review(review_id, "Reader A"), "segments.csv")
    assert re.fullmatch(r"[0-9a-f]{8}-segments\.csv", name)


def test_ids_alike_at_their_start_give_names_apart() -> None:
    names = {exporting.file_name(Review(f"review-1{n}", "R"), "a.csv") for n in range(20)}
    assert len(names) == 20
    assert exporting.file_name(Review(REVIEW_ID, "R"), "a.csv") == "0a1b2c3d-a.csv"


# -- pictures ---------------------------------------------------------------------------------
def test_each_mark_that_is_shown_gets_its_picture(sample: Sample) -> None:
    pictures = {picture.name: picture for picture in exporting.pictures_of(sample.session())}
    assert list(pictures) == ["segment-1-stenosis", "segment-2-clot", "key-frame-1", "key-frame-2"]
    run_1, run_2 = sample.uid("run-1-ap.dcm"), sample.uid("run-2-lao30.dcm")
    pullback = sample.uid("pullback-1.dcm")
    first, last = sample.truth["segments"][0]["frames"]["pullback-1.dcm"]
    stenosis = pictures["segment-1-stenosis"]
    drawn_on = sample.review.centerlines[0].frame
    assert stenosis.cursor == Cursor(run_1, drawn_on, pullback, (first + last) // 2)
    assert stenosis.panes == ("venogram", "ivus")
    assert pictures["segment-2-clot"].cursor.run_uid == run_2
    assert pictures["key-frame-1"].cursor.pullback_frame == 13
    assert pictures["key-frame-2"].panes == ("venogram",)
    assert pictures["key-frame-2"].cursor.run_frame == 11


def test_a_second_session_looks_alike_and_moves_alone(sample: Sample) -> None:
    session = sample.session()
    run = session.run
    assert run is not None
    session.displays.toggle_inverted(run)
    other = exporting.second_session(session)
    assert other.displays.of(run.uid) == session.displays.of(run.uid)
    before = session.cursor
    other.set_pullback_frame(33)
    other.show(sample.uid("run-2-lao30.dcm"))
    assert session.cursor == before
    assert session.review == other.review


def test_areas_are_those_of_the_exported_points(read: dict[str, Rows]) -> None:
    """Polygon areas worked out anew from one table are the figures of the other."""
    corners: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for row in read["contours"]:
        key = row["pullback_uid"], row["border"], row["frame_1based"]
        corners.setdefault(key, []).append((float(row["x_px"]), float(row["y_px"])))
    assert read["lumen"]
    for row in read["lumen"][::5]:
        points = np.array(corners[row["pullback_uid"], row["border"], row["frame_1based"]])
        x, y = points.T
        area_px2 = 0.5 * abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
        around_px = np.hypot(*np.diff(np.vstack((points, points[:1])), axis=0).T).sum()
        scale = float(row["perimeter_mm"]) / around_px
        assert float(row["area_px2"]) == pytest.approx(area_px2, rel=1e-4)
        assert float(row["area_mm2"]) == pytest.approx(area_px2 * scale**2, rel=1e-4)
        sizes = [float(row[f"{name}_diameter_mm"]) for name in ("min", "equivalent", "max")]
        assert sizes == sorted(sizes)
        assert row["status"] == "accepted"
