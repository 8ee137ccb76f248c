"""``caval reconstruct`` on values in place of DICOM files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viewer.cli import main, reconstruct
from viewer.model.calibration import Calibration, CalibrationSource
from viewer.model.study import Patient, Role, Run
from viewer.phantom.anatomy import nivl_anatomy
from viewer.phantom.carm import CArm

Caval = Callable[..., tuple[int, str, str]]
ANATOMY = nivl_anatomy()
PATH = ANATOMY.vein.at(np.arange(0.0, ANATOMY.path_length_mm, 2.0))


def run_at(primary: float | None, sod_mm: float | None = 810.0) -> Run:
    return Run(
        f"1.9.{primary}", "1.2", "1.3", Patient(), "XA", Role.VENOGRAM, "", 1, None, (), 10, 10,
        1024, 1024, calibration=Calibration(0.254, CalibrationSource.SID_SOD, 0.06),
        primary_angle_deg=primary, secondary_angle_deg=0.0, sid_mm=1180.0, sod_mm=sod_mm,
        imager_spacing_mm=(0.37, 0.37),
    )  # fmt: skip


def seen(primary: float) -> list[list[float]]:
    points: list[list[float]] = CArm(1180.0, 810.0, 0.37, 1024, primary).project(PATH).tolist()
    return points


@pytest.fixture
def caval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Caval:
    def call(
        *words: str,
        runs: tuple[Run, Run] = (run_at(0.0), run_at(30.0)),
        lines: tuple[Any, Any] = ({"points": seen(0.0)}, {"points": seen(30.0)}),
        marks: tuple[Any, Any] | None = None,
    ) -> tuple[int, str, str]:
        by_name = {"a.dcm": runs[0], "b.dcm": runs[1]}
        monkeypatch.setattr(reconstruct, "one_image_set", lambda path: by_name[path.name])
        files = []
        for stem, pair in (("line", lines), ("mark", marks)):
            for k, document in enumerate(pair or ()):
                file = tmp_path / f"{stem}{k}.json"
                file.write_text(json.dumps(document), encoding="utf-8")
                files.append(str(file))
        given = [str(tmp_path / "a.dcm"), str(tmp_path / "b.dcm"), "--centerlines", *files[:2]]
        if marks is not None:
            given += ["--landmarks", *files[2:]]
        code = main(["reconstruct", *given, *words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_json_holds_the_path_and_what_each_view_loses(caval: Caval) -> None:
    code, out, _ = caval("--json")
    answer = json.loads(out)
    assert code == 0
    points, arc = np.array(answer["points_mm"]), np.array(answer["arc_mm"])
    assert points.shape == (len(arc), 3)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(np.cumsum(steps), arc[1:], atol=0.1)
    assert arc[-1] == pytest.approx(2.0 * (len(PATH) - 1), rel=0.03)
    assert answer["length_mm"] == pytest.approx(arc[-1], abs=0.01)
    assert answer["length_sigma_mm"] > 0
    assert [len(each) for each in answer["foreshortening"]] == [len(PATH)] * 2
    assert [len(each) for each in answer["centerline_mm"]] == [len(PATH)] * 2
    assert max(v for v in answer["foreshortening"][1] if v is not None) > 20
    assert answer["views"] == ["AP", "LAO 30°"]
    assert answer["epipolar_error_mm"] < 0.5


def test_where_only_one_run_shows_the_vein_the_loss_is_null(caval: Caval) -> None:
    code, out, _ = caval("--json", lines=({"points": seen(0.0)}, {"points": seen(30.0)[:80]}))
    answer = json.loads(out)
    assert code == 0
    assert answer["foreshortening"][0][-1] is None
    assert answer["foreshortening"][1][5] is not None


def test_places_named_on_both_are_paired_and_the_others_named(caval: Caval) -> None:
    marks = (
        [{"name": "confluence", "x": seen(0.0)[19][0], "y": seen(0.0)[19][1]}],
        [
            {"name": "confluence", "x": seen(30.0)[19][0], "y": seen(30.0)[19][1]},
            {"name": "profunda", "x": 1, "y": 2},
        ],
    )
    code, out, _ = caval("--json", marks=marks)
    answer = json.loads(out)
    assert code == 0
    assert [mark["name"] for mark in answer["landmarks"]] == ["confluence"]
    assert answer["warnings"][0] == "named on one run only, not used: profunda"


def test_written_centerlines_carry_the_true_length(caval: Caval, tmp_path: Path) -> None:
    from viewer.cli.sync_files import read_centerline

    code, out, _ = caval("--json", "--write", str(tmp_path / "w0.json"), str(tmp_path / "w1.json"))
    assert code == 0
    line = read_centerline(tmp_path / "w1.json")
    assert line.arc_mm is not None
    np.testing.assert_allclose(line.arc_mm, json.loads(out)["centerline_mm"][1], atol=1e-3)
    assert line.run == "1.9.30.0"


def test_an_input_is_never_written_over(caval: Caval, tmp_path: Path) -> None:
    code, _, err = caval("--write", str(tmp_path / "line0.json"), str(tmp_path / "w1.json"))
    assert code == 3
    assert "never written over" in err


def test_as_text_it_tells_length_and_warnings(caval: Caval) -> None:
    code, out, err = caval()
    assert code == 0
    assert out.startswith("# true length 2")
    assert "warning: LAO 30° shortens" in err


def test_missing_geometry_is_named(caval: Caval) -> None:
    code, _, err = caval(runs=(run_at(0.0), run_at(30.0, sod_mm=None)))
    assert code == 3
    assert "b.dcm: its header lacks the distance source to patient (SOD)" in err


def test_views_too_close_are_refused(caval: Caval) -> None:
    code, _, err = caval(runs=(run_at(0.0), run_at(11.0)))
    assert code == 3
    assert "11° apart" in err


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"no": 1}, "no list of places"),
        ([{"x": 1, "y": 2}], "has no name"),
        ([{"name": "a", "x": "one", "y": 2}], "x or y is no number"),
        ([{"name": "a", "x": 1, "y": 2}] * 2, "a stands twice"),
    ],
)
def test_bad_places_are_refused(caval: Caval, document: object, told: str) -> None:
    code, _, err = caval(marks=(document, [{"name": "a", "x": 1, "y": 2}]))
    assert code == 3
    assert told in err
