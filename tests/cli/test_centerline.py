"""``caval centerline`` on the small synthetic case, whose vein's course is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viewer.cli import main
from viewer.geometry.polyline import Polyline
from viewer.phantom.cases import write_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("case")
    written = write_case("nivl-small", folder)
    truth = json.loads(written.truth.read_text())
    return folder / truth["runs"][0]["file"], truth["runs"][0]


def _ends(truth: dict[str, Any]) -> list[str]:
    xy = np.array(truth["centerline"]["xy_px"])
    size = truth["geometry"]["size_px"]
    seen = xy[((xy > 8) & (xy < size - 8)).all(axis=1)]
    return [f"{x + 1.3:.1f},{y - 1:.1f}" for x, y in seen[[3, -4]].tolist()]


def _json(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["centerline", *map(str, words), "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("frame", [None, "late"])
def test_course_is_the_vein(
    case: tuple[Path, dict[str, Any]], frame: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    run, truth = case
    words = ["--frame", truth["frames"] - 3] if frame else []
    answer = _json(capsys, run, "--through", *_ends(truth), *words)
    points = np.array(answer["points"])
    assert np.hypot(*np.diff(points, axis=0).T).max() <= 1.0
    course = Polyline.from_points(np.array(truth["centerline"]["xy_px"]))
    assert course is not None
    off_mm = np.array([course.project((x, y))[1] for x, y in points.tolist()])
    off_mm *= truth["mm_per_px"]["vein_mean"]
    assert off_mm.mean() <= 0.6
    assert np.percentile(off_mm, 95) <= 2.0
    assert answer["run"] == truth["sop_instance_uid"]
    assert 0 <= answer["frame"] < truth["frames"]
    if frame:
        assert answer["frame"] == truth["frames"] - 3


def test_lengths_and_widths(
    case: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    run, truth = case
    answer = _json(capsys, run, "--through", *_ends(truth))
    points, arc_mm = np.array(answer["points"]), np.array(answer["arc_mm"])
    legs = np.hypot(*np.diff(points, axis=0).T) * answer["mm_per_px"]
    assert arc_mm[0] == 0
    assert arc_mm == pytest.approx(np.concatenate(([0], np.cumsum(legs))), abs=0.01)
    assert len(answer["diameter_mm"]) == len(points) == len(answer["confidence"])
    known = [width for width in answer["diameter_mm"] if width is not None]
    assert len(known) > 0.7 * len(points)
    assert 4 < min(known) <= max(known) < 30
    assert answer["calibration"]["mm_per_px"] == answer["mm_per_px"]
    assert answer["calibration"]["source"]
    assert answer["guessed"] == []


def test_sync_takes_what_centerline_writes(
    case: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, truth = case
    kept = tmp_path / "line.json"
    kept.write_text(json.dumps(_json(capsys, run, "--through", *_ends(truth))))
    marks = tmp_path / "marks.json"
    answer = json.loads(kept.read_text())
    (x0, y0), (x1, y1) = answer["points"][5], answer["points"][-5]
    marks.write_text(
        json.dumps(
            [
                {"name": "a", "frame": 0, "x": x0, "y": y0},
                {"name": "b", "frame": 10, "x": x1, "y": y1},
            ]
        )
    )
    pullback = run.parent / "pullback-1.dcm"
    words = ["sync", run, pullback, "--centerline", kept, "--landmarks", marks, "--json"]
    assert main([str(word) for word in words]) == 0
    placed = json.loads(capsys.readouterr().out)
    assert placed["frames"][0]["arc_mm"] is not None
    assert not any("differ" in text for text in placed["warnings"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--through", "10,10"], "two or more points"),
        (["--through", "10,10", "10,10"], "one point only"),
        (["--through", "10,10", "9000,10"], "outside the image"),
        (["--through", "10,10", "90,90", "--frame", "500"], "no frame 500"),
        (["--through", "10;10", "90,90"], "is no point"),
        (["--through", "nan,10", "90,90"], "is no point"),
    ],
)
def test_what_can_not_be_meant_is_explained(
    case: tuple[Path, dict[str, Any]],
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        code = main(["centerline", str(case[0]), *words])
    except SystemExit as stopped:  # argparse
        code = int(str(stopped.code))
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_pullback_in_colour_or_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["centerline", str(tmp_path / "gone.dcm"), "--through", "1,1", "5,5"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_a_table(case: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    run, truth = case
    assert main(["centerline", str(run), "--through", *_ends(truth)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("# frame")
    assert lines[1].split("\t") == ["x", "y", "arc_mm", "diameter_mm"]
    assert len(lines[5].split("\t")) == 4


def test_real_run_without_scale(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = shared_data / "xa" / "xa_coronary_96f_jpeg.dcm"
    answer = _json(capsys, run, "--through", "245,108", "255,387", "--frame", 48)
    assert answer["mm_per_px"] is None
    assert answer["arc_mm"] is None
    assert all(width is None for width in answer["diameter_mm"])
    assert any(width is not None for width in answer["diameter_px"])
    points = np.array(answer["points"])
    assert points[:, 0].min() < 140  # round the left bend, not straight across
    assert any("no mm scale" in text for text in answer["warnings"])
