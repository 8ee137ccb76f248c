"""``caval measure`` against a case whose clot, stenosis and stent are known."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viewer.cli import main
from viewer.cli.export import open_review
from viewer.dicom.index import index
from viewer.measure.clot import clot_course
from viewer.measure.clot_scores import burdens
from viewer.measure.lumen import figures_of
from viewer.measure.lumen_curve import LumenCurve
from viewer.measure.references import reference_values
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import FrameExtent, ReferenceFrame, Stenosis
from viewer.model.contour import Contour, ContourKind, ContourStatus
from viewer.model.review import ImageReference, Review
from viewer.model.rotation import PullbackRotation, RotationMark
from viewer.phantom.cases import write_case
from viewer.session.example_review import example_review
from viewer.session.pull_gathering import gather_positions
from viewer.session.review_figures import review_figures
from viewer.store import review_file

EVERY = 2
"""Contours on every second frame: pullbacks are rarely outlined in full."""


@dataclass(frozen=True)
class Known:
    folder: Path
    truth: dict[str, Any]
    review: Review
    uids: dict[str, str]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder = tmp_path_factory.mktemp("measure") / "images"
    written = write_case("lysis", folder)
    truth = json.loads(written.truth.read_text("utf-8"))
    sets = index(written.files).image_sets
    references = tuple(
        ImageReference(s.uid, s.series_uid, s.study_uid, s.role.value, s.description, s.frames)
        for s in sets
    )
    blank = Review("0a1b2c3d-0000-4000-8000-000000000007", "Reader A", images=references)
    uids = {item.paths[0].name: item.uid for item in sets}
    review = example_review(blank, written.truth, sets).with_contours(*contours(truth, uids))
    return Known(folder, truth, review, uids)


def contours(truth: dict[str, Any], uids: dict[str, str]) -> list[Contour]:
    made = []
    for pull in truth["pullbacks"]:
        stent = pull["stent_frames"] or (1, 0)
        for frame in range(0, pull["frames"], EVERY):
            kinds = [(ContourKind.LUMEN, "contours_px"), (ContourKind.FLOW, "flow_contours_px")]
            if stent[0] <= frame <= stent[1]:
                kinds.append((ContourKind.STENT, "contours_px"))
            for kind, key in kinds:
                points = np.array(pull[key][frame]).reshape(-1, 2).clip(0, 255)
                if np.ptp(points, axis=0).min() < 1.5:
                    continue  # nothing is free there to be drawn
                made.append(
                    Contour.of(
                        uids[pull["file"]], frame, points, kind,
                        status=ContourStatus.ACCEPTED, by="Reader A", at="2026-03-02T10:00:00",
                    )
                )  # fmt: skip
    return made


def measured(
    known: Known, review: Review, tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> dict[str, Any]:
    path = tmp_path / "r.caval.json"
    review_file.write(path, review)
    code = main(["measure", str(path), "--images", str(known.folder), "--json", *more])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    answer: dict[str, Any] = json.loads(captured.out)
    return answer


def with_pressed(known: Known) -> Review:
    """With references on either side and the rotation set at the narrowest frame."""
    uid = known.uids["pullback-1.dcm"]
    stenosis = next(s for s in known.review.segments if isinstance(s, Stenosis))
    first, last = known.truth["segments"][0]["frames"]["pullback-1.dcm"]
    outlined = [frame // EVERY * EVERY for frame in (first - 6, last + 14)]
    chosen = tuple(ReferenceFrame(uid, frame) for frame in outlined)
    pull = known.truth["pullbacks"][0]
    frame = known.truth["segments"][0]["min_frame"]["pullback-1.dcm"]
    turn = np.radians(pull["rotation_deg"][frame] - 90.0)
    at = (127.5, 127.5)
    to = (127.5 + 40 * float(np.cos(turn)), 127.5 + 40 * float(np.sin(turn)))
    return known.review.with_segment(replace(stenosis, references=chosen)).with_rotation(
        PullbackRotation(uid, (RotationMark("m", frame, at, to),))
    )


def test_the_stenosis_against_every_reference(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = measured(known, with_pressed(known), tmp_path, capsys)
    one = next(s for s in answer["segments"] if s["kind"] == "stenosis")
    truth = known.truth["segments"][0]
    figures = one["stenosis"]
    least = truth["min_area_mm2"]["pullback-1.dcm"]
    assert figures["area"]["value"] == pytest.approx(least, rel=0.03)
    assert figures["area"]["unit"] == "mm²"
    assert "frame" in figures["area"]["measured_on"]
    assert figures["area"]["accepted_by"] == "Reader A"
    found = {c["against"]: c for c in figures["comparisons"]}
    normative = found["normative"]["percent_area"]
    assert normative["value"] == pytest.approx(100 * (1 - least / 200), abs=2)
    assert normative["sigma"] > 0
    assert "PubMed" in found["normative"]["reference"]["label"]
    pull = known.truth["pullbacks"][0]
    frames = found["local"]["reference"]["frames"]
    mean = np.mean([pull["area_mm2"][frame] for frame in frames])
    assert found["local"]["percent_area"]["value"] == pytest.approx(100 * (1 - least / mean), abs=2)
    assert found["local, interpolated"]["percent_area"] is not None
    assert found["contralateral"]["percent_area"] is None
    assert found["contralateral"]["why_not"]
    assert one["length"]["value"] == pytest.approx(truth["stop_s_mm"] - truth["start_s_mm"], abs=6)
    assert one["compression"]["pattern"] == "from front to back"
    assert one["compression"]["ap"]["value"] < one["compression"]["lateral"]["value"]
    assert one["stent_plan"] is not None


def test_lengths_rest_on_the_positions_that_export_has(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = measured(known, known.review, tmp_path, capsys)["segments"]
    values = reference_values(None)
    session, _ = open_review(tmp_path / "r.caval.json", [known.folder])
    alone = review_figures(session, values).segments
    gather_positions(session)
    gathered = review_figures(session, values).segments
    spans = [one.span_mm for one in gathered]
    assert [one["start_mm"] for one in told] == pytest.approx([span[0] for span in spans])
    assert [one["end_mm"] for one in told] == pytest.approx([span[1] for span in spans])
    assert [one.span_mm for one in alone] != spans


def test_without_a_rotation_the_pattern_is_unknown(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = measured(known, known.review, tmp_path, capsys)
    one = next(s for s in answer["segments"] if s["kind"] == "stenosis")
    assert one["compression"]["pattern"] == "unknown: rotation not set"
    assert one["compression"]["ap"] is None


def test_clot_volumes_scores_and_clearance_are_the_true_ones(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = measured(known, known.review, tmp_path, capsys)
    assert answer["clot"]["passes"] == 2
    assert answer["clot"]["residual"] is True
    assert len(answer["phases"]) == len(known.truth["phases"])
    for told, true in zip(answer["phases"], known.truth["phases"], strict=True):
        assert (told["phase"], told["number"]) == (true["phase"], true["number"])
        limb = told["limbs"][0]
        volume = true["limb"]["volume_mm3"]
        assert limb["side"] == "left"
        # one view: the length is foreshortened by up to an eighth, and says so
        assert limb["volume"]["value"] == pytest.approx(volume, rel=0.25, abs=150)
        groups = {g["name"]: g["points"] for g in limb["marder"]["groups"]}
        for name, points in true["limb"]["marder"]["groups"].items():
            assert groups[name]["value"] == pytest.approx(points, abs=0.3)
        assert groups["popliteal"] is None
        if told["clearance"] is None:
            continue
        cleared = {(c["scope"], c["of"]): c for c in told["clearance"]["figures"]}
        for of, key in (("volume", "volume"), ("filled length", "filled"), ("Marder", "marder")):
            figure = cleared[("left limb", of)]["percent"]
            assert figure["value"] == pytest.approx(true["cleared_percent"][key], abs=5)
        for vein, gone in true["cleared_percent"]["veins"].items():
            one = cleared[(vein.replace("left", "L"), "volume")]
            assert one["percent"]["value"] == pytest.approx(gone["volume"], abs=6)
    last = answer["phases"][-1]["clearance"]
    volume = next(c for c in last["figures"] if (c["scope"], c["of"]) == ("left limb", "volume"))
    assert (volume["grade"], volume["residual"]) == ("II", True)
    patency = {change["vein"]: change for change in last["patency"]}
    assert patency["L CIV"] == {"vein": "L CIV", "before": "occluded", "after": "patent"}


def true_curve(pull: dict[str, Any], key: str) -> LumenCurve:
    """Contours of every other frame at their true positions; what is too small is not drawn."""
    frames = np.arange(0, pull["frames"], EVERY)
    made = np.array([np.array(pull[key][k]).reshape(-1, 2) for k in frames])
    area = figures_of(made).area_px2 * pull["mm_per_px"] ** 2
    s_mm, rest = np.array(pull["s_mm"])[frames], np.ones(len(frames))
    return LumenCurve(frames, area, rest, rest, "mm", s_mm, 0 * rest, 0.01).part(area > 3.0)


def test_volumes_by_contours_are_true_where_positions_are(known: Known) -> None:
    values = reference_values()
    for pull in known.truth["pullbacks"]:
        phase = next(p for p in known.truth["phases"] if pull["file"] in p["files"])
        lumen, flow = (true_curve(pull, key) for key in ("contours_px", "flow_contours_px"))
        parts = [
            clot_course(
                clot["age"], (clot["start_s_mm"], clot["stop_s_mm"]), values, side=Side.LEFT,
                vein=VeinSegment.EIV, by_hand=(clot["fraction"],), lumen=lumen, flow=flow,
                length_sigma=1.0,
            )
            for clot in phase["clots"]
        ]  # fmt: skip
        (burden,) = burdens(parts, (), values)
        assert burden.volume is not None
        true = phase["limb"]["volume_mm3"]
        assert burden.volume.value == pytest.approx(true, rel=0.05, abs=15)


def test_the_stent_is_measured_and_placed(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stent,) = measured(known, known.review, tmp_path, capsys)["stents"]
    true = known.truth["stent"]
    area = stent["stent"]["min_area"]["value"]
    assert area == pytest.approx(true["area_mm2"], rel=0.06)
    nominal = np.pi / 4 * true["nominal_diameter_mm"] ** 2
    assert stent["stent"]["expansion_nominal"]["value"] == pytest.approx(100 * area / nominal)
    assert stent["stent"]["restenosis"]["value"] == pytest.approx(0, abs=0.1)
    assert stent["into_ivc"]["value"] == pytest.approx(true["into_ivc_mm"], abs=3)
    cover = next(c for c in stent["coverage"] if c["lesion"] == "Stenosis 1")
    assert cover["uncovered_central"]["value"] == 0
    assert cover["uncovered_peripheral"]["value"] == 0


def test_without_contours_figures_are_null_and_say_so(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = replace(known.review, contours=())
    answer = measured(known, bare, tmp_path, capsys)
    one = next(s for s in answer["segments"] if s["kind"] == "stenosis")
    assert one["stenosis"] is None
    assert "no lumen border of it is edited or accepted" in one["warnings"][0]
    clot = answer["clot"]["segments"][0]["clot"]
    assert clot["volume"] is None
    assert clot["fraction"]["value"] == 100.0
    last = answer["phases"][-1]["clearance"]
    limb = {c["of"]: c for c in last["figures"] if c["scope"] == "left limb"}
    assert limb["volume"]["percent"] is None
    assert limb["Marder"]["percent"] is not None
    assert answer["stents"][0]["stent"]["min_area"] is None


def test_unchecked_borders_feed_no_figure(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    auto = tuple(
        replace(one, status=ContourStatus.AUTO, by="", at="") for one in known.review.contours
    )
    answer = measured(known, replace(known.review, contours=auto), tmp_path, capsys)
    one = next(s for s in answer["segments"] if s["kind"] == "stenosis")
    assert one["stenosis"] is None
    assert answer["stents"][0]["stent"]["min_area"] is None


def test_crossed_and_part_contours_are_mended_or_named(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uid = known.uids["pullback-1.dcm"]
    first, last = known.truth["segments"][0]["frames"]["pullback-1.dcm"]
    own = [c for c in known.review.contours_of(uid, ContourKind.LUMEN) if first <= c.frame <= last]
    crossed = own[2].points_px
    crossed[[5, 40]] = crossed[[40, 5]]
    broken = Contour.of(uid, own[2].frame, crossed, status=ContourStatus.EDITED, by="Reader A")
    review = known.review.without_contours(*own[5:]).with_contours(broken)
    answer = measured(known, review, tmp_path, capsys)
    one = next(s for s in answer["segments"] if s["kind"] == "stenosis")
    assert any(f"frame {own[2].frame + 1} mended" in word for word in one["warnings"])
    assert own[6].frame in one["stenosis"]["missing"]
    assert any("no contour on frames" in word for word in one["stenosis"]["warnings"])


def test_a_reference_inside_the_lesion_is_told(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uid = known.uids["pullback-1.dcm"]
    stenosis = next(s for s in known.review.segments if isinstance(s, Stenosis))
    inside = known.truth["segments"][0]["min_frame"]["pullback-1.dcm"] // EVERY * EVERY + EVERY
    review = known.review.with_segment(
        replace(stenosis, references=(ReferenceFrame(uid, inside),), side=Side.LEFT)
    )
    answer = measured(known, review, tmp_path, capsys)
    one = next(s for s in answer["segments"] if s["kind"] == "stenosis")
    local = next(c for c in one["stenosis"]["comparisons"] if c["against"] == "local")
    assert "inside the lesion" in local["reference"]["warnings"][0]


def test_two_readers_are_compared(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.caval.json"
    moved = [
        replace(
            c, points=Contour.of(c.pullback_uid, c.frame, 127 + 0.97 * (c.points_px - 127)).points
        )
        for c in known.review.contours
    ]
    second = replace(known.review, contours=(), reader="Reader B").with_contours(*moved)
    review_file.write(other, second)
    answer = measured(known, known.review, tmp_path, capsys, "--against", str(other))
    row = next(r for r in answer["agreement"] if (r["contour"], r["figure"]) == ("lumen", "area"))
    assert row["bias"] > 0
    assert row["limits"][0] < row["bias"] < row["limits"][1]
    assert 0.9 < row["icc"] < 1.0


def test_figures_go_into_a_table_with_source_and_reference(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.caval.json"
    review_file.write(path, known.review)
    words = ["export", str(path), "--to", str(tmp_path), "--formats", "csv"]
    assert main([*words, "--images", str(known.folder)]) == 0
    capsys.readouterr()
    text = next(tmp_path.glob("*figures.csv")).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    stenosis = [r for r in rows if r["figure"] == "area stenosis"]
    assert {r["reference"][:9] for r in stenosis} >= {"normative", "contralat"}
    assert any(r["figure"] == "cleared, volume" and r["remark"] for r in rows)
    for row in rows:
        assert row["value"] == "" or row["source"], row


def test_words_for_people_and_a_broken_site_file(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.caval.json"
    review_file.write(path, known.review)
    assert main(["measure", str(path), "--images", str(known.folder)]) == 0
    told = capsys.readouterr().out
    assert "% area" in told
    assert "Initial venogram to Completion IVUS" in told
    assert "healthy L CIV: 62 % area" in told
    site = tmp_path / "site.toml"
    site.write_text("version = 1\n[normal_area.CIV]\nvalue = 'wide'\n", encoding="utf-8")
    assert main(["measure", str(path), "--references", str(site)]) == 3
    assert "normal_area.CIV" in capsys.readouterr().err


def test_missing_images_are_named_and_nothing_is_made_up(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.caval.json"
    review_file.write(path, known.review)
    assert main(["measure", str(path), "--json"]) == 4
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert "were not found" in captured.err
    assert answer["phases"] == []
    one = next(s for s in answer["segments"] if s["kind"] == "stenosis")
    assert one["stenosis"] is None
    assert main(["measure", str(tmp_path / "gone.caval.json")]) == 3


def test_an_empty_review_has_no_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.caval.json"
    review_file.write(path, Review("0a1b2c3d-0000-4000-8000-000000000009", "Reader A"))
    assert main(["measure", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["segments"] == answer["stents"] == answer["phases"] == []
    assert answer["clot"]["residual"] is None
    lone = Review("0a1b2c3d-0000-4000-8000-000000000009", "Reader A").with_segment(
        Stenosis(id="s", name="S", extent=FrameExtent("gone", 3, 9))
    )
    review_file.write(path, lone)
    assert main(["measure", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["segments"][0]["stenosis"] is None


def outline_alone(points: np.ndarray[Any, Any]) -> tuple[float, float, float]:
    """Area and diameters of a polygon by plain loops, sharing nothing with the program."""
    n, twice, cx, cy = len(points), 0.0, 0.0, 0.0
    for i in range(n):
        (x0, y0), (x1, y1) = points[i], points[(i + 1) % n]
        part = x0 * y1 - x1 * y0
        twice, cx, cy = twice + part, cx + (x0 + x1) * part, cy + (y0 + y1) * part
    centre = np.array([cx, cy]) / (3.0 * twice)
    widths = []
    for degree in np.arange(0.0, 180.0, 0.5):
        way = np.array([np.cos(np.radians(degree)), np.sin(np.radians(degree))])
        cuts = []
        for i in range(n):
            a, b = points[i] - centre, points[(i + 1) % n] - centre
            edge = b - a
            cross = way[0] * edge[1] - way[1] * edge[0]
            if cross and 0.0 <= (a[0] * way[1] - a[1] * way[0]) / cross < 1.0:
                cuts.append((a[0] * edge[1] - a[1] * edge[0]) / cross)
        widths.append(max(cuts) - min(cuts))
    return abs(twice) / 2.0, min(widths), max(widths)


def test_figures_can_be_computed_again_from_the_reviews_contours(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = measured(known, known.review, tmp_path, capsys)
    told = next(one for one in answer["segments"] if one["kind"] == "stenosis")
    segment = next(one for one in known.review.segments if one.id == told["id"])
    assert isinstance(segment.extent, FrameExtent)
    uid, found = segment.extent.pullback_uid, told["stenosis"]
    scale = next(p["mm_per_px"] for p in known.truth["pullbacks"] if known.uids[p["file"]] == uid)
    own = known.review.contours_of(uid)
    here = [c for c in own if segment.extent.first <= c.frame <= segment.extent.last]
    alone = {c.frame: outline_alone(scale * c.points_px) for c in here}
    frame = min(alone, key=lambda k: alone[k][0])
    area, low, high = alone[frame]
    assert found["frame"] == frame
    assert found["area"]["value"] == pytest.approx(area, rel=1e-6)
    assert found["min_diameter"]["value"] == pytest.approx(low, abs=0.01)
    assert found["max_diameter"]["value"] == pytest.approx(high, abs=0.01)
    normal = next(c for c in found["comparisons"] if c["against"] == "normative")
    assert normal["percent_area"]["value"] == pytest.approx(100 * (1 - area / 200), abs=0.01)
    truth = next(p for p in known.truth["pullbacks"] if known.uids[p["file"]] == uid)["area_mm2"]
    least = min(truth[segment.extent.first : segment.extent.last + 1])
    assert found["area"]["value"] == pytest.approx(least, rel=0.02)
