from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewer.cli import main, sync
from viewer.errors import UnreadableError
from viewer.model.calibration import UNCALIBRATED, Calibration, CalibrationSource
from viewer.model.reader_calibration import CalibrationMethod, ReaderCalibration
from viewer.model.study import (
    FrameTiming,
    ImageSet,
    Patient,
    Pullback,
    PullbackMode,
    Role,
    Run,
)
from viewer.session.review_steps import new_review
from viewer.store import review_file

FRAMES = 301
SCALE = Calibration(0.5, CalibrationSource.SID_SOD, 0.07)
TIMES = FrameTiming(tuple(i / 10 for i in range(FRAMES)), "FrameTime")
BASE = ("1.2.3", "1.2.4", Patient())


def venogram(calibration: Calibration = SCALE) -> Run:
    return Run(
        "1.9", *BASE, "XA", Role.VENOGRAM, "", 1, None, (), 10, 10, 512, 512,
        calibration=calibration,
    )  # fmt: skip


def pullback(**more: object) -> Pullback:
    return Pullback(
        "1.8", *BASE, "IVUS", Role.PULLBACK, "", 2, None, (), FRAMES, FRAMES, 512, 512,
        timing=TIMES, **more,  # type: ignore[arg-type]
    )  # fmt: skip


MOTOR = pullback(mode=PullbackMode.MOTOR, rate_mm_s=5.0)
LANDMARKS = [
    {"name": "Iliac confluence", "frame": 30, "x": 100.0, "y": 80.0},
    {"name": "Internal iliac ostium", "frame": 150, "x": 103.0, "y": 200.0},
    {"name": "Inguinal ligament", "frame": 270, "x": 100.0, "y": 320.0},
]
POINTS = [[100.0, float(y)] for y in range(50, 351)]


@pytest.fixture
def caval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`caval sync` on values in place of DICOM files; every argument after is a word."""

    def run(
        centerline: object,
        *words: str,
        landmarks: object = None,
        item: ImageSet = MOTOR,
        venogram_: Run | None = None,
    ) -> tuple[int, str, str]:
        sets: dict[str, ImageSet] = {"run.dcm": venogram_ or venogram(), "pull.dcm": item}
        monkeypatch.setattr(sync, "_image_set", lambda path: (sets[path.name], []))
        text = centerline if isinstance(centerline, str) else json.dumps(centerline)
        (tmp_path / "line.json").write_text(text, encoding="utf-8")
        call = ["sync", str(tmp_path / "run.dcm"), str(tmp_path / "pull.dcm")]
        call += ["--centerline", str(tmp_path / "line.json")]
        if landmarks is not None:
            text = landmarks if isinstance(landmarks, str) else json.dumps(landmarks)
            (tmp_path / "marks.json").write_text(text, encoding="utf-8")
            call += ["--landmarks", str(tmp_path / "marks.json")]
        code = main([*call, *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


Caval = Callable[..., tuple[int, str, str]]


def answer_of(result: tuple[int, str, str]) -> dict[str, list[dict[str, float]]]:
    code, out, err = result
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    answer: dict[str, list[dict[str, float]]] = json.loads(out)
    return answer


def column(answer: dict[str, list[dict[str, float]]], name: str) -> np.ndarray:
    return np.array([frame[name] for frame in answer["frames"]])


def test_a_motor_pullback_held_to_landmarks(caval: Caval) -> None:
    answer = answer_of(caval({"points": POINTS}, "--json", landmarks=LANDMARKS))
    assert answer["mode"] == "constant"
    assert answer["unit"] == "mm"
    assert [f["frame"] for f in answer["frames"]] == list(range(FRAMES))
    np.testing.assert_allclose(column(answer, "arc_mm"), np.arange(FRAMES) * 0.5, atol=0.1)
    np.testing.assert_allclose(column(answer, "x"), 100.0, atol=1e-3)
    np.testing.assert_allclose(column(answer, "y"), 50.0 + np.arange(FRAMES), atol=0.2)
    assert (column(answer, "sigma_mm") > 0.5).all()
    assert [entry["landmark"] for entry in answer["residuals"]] == [m["name"] for m in LANDMARKS]
    assert all(abs(entry["mm"]) < 0.2 for entry in answer["residuals"])
    assert answer["explanation"]
    assert answer["uncertainty_source"]
    assert all("has no frames" in text for text in answer["warnings"])  # headers without pixels


def test_a_hand_pullback_through_landmarks(caval: Caval) -> None:
    answer = answer_of(caval(POINTS, "--json", landmarks={"landmarks": LANDMARKS}, item=pullback()))
    assert answer["mode"] == "landmarks"
    np.testing.assert_allclose(column(answer, "arc_mm")[[30, 150, 270]], [15, 75, 135], atol=0.01)
    hollow = column(answer, "extrapolated").astype(bool)
    assert hollow[:30].all()
    assert hollow[271:].all()
    assert not hollow[30:271].any()
    assert [entry["mm"] is None for entry in answer["residuals"]] == [True, False, True]


def test_the_given_mode_and_rate_win(caval: Caval) -> None:
    rated = answer_of(caval({"points": POINTS}, "--json", "--rate", "2", item=pullback()))
    assert rated["mode"] == "constant"
    np.testing.assert_allclose(column(rated, "arc_mm"), np.arange(FRAMES) * 0.2, atol=1e-3)
    by_marks = caval({"points": POINTS}, "--json", "--mode", "landmarks", landmarks=LANDMARKS)
    assert answer_of(by_marks)["mode"] == "landmarks"


def test_knots_are_made_a_curve_and_points_are_not(caval: Caval) -> None:
    bent = [[0.0, 0.0], [100.0, 100.0], [200.0, 0.0]]
    rated = ("--json", "--rate", "1")
    chords = answer_of(caval({"points": bent, "mm_per_px": 0.1}, *rated, item=pullback()))
    curve = answer_of(caval({"knots": bent, "mm_per_px": 0.1}, *rated, item=pullback()))
    x, y = column(chords, "x"), column(chords, "y")
    np.testing.assert_allclose(y, 100 - np.abs(x - 100), atol=1e-3)
    assert abs(column(curve, "y")[100] - y[100]) > 0.5


def test_the_files_own_millimetres_come_first(caval: Caval) -> None:
    own = [5.0 + 0.4 * i for i in range(len(POINTS))]
    line = {"points": POINTS, "arc_mm": own, "mm_per_px": 0.4, "run": "1.9"}
    answer = answer_of(caval(line, "--json", landmarks=LANDMARKS, item=pullback()))
    np.testing.assert_allclose(column(answer, "arc_mm")[[30, 150]], [17.0, 65.0], atol=0.01)
    np.testing.assert_allclose(column(answer, "arc_px")[[30, 150]], [30.0, 150.0], atol=0.05)
    stated = answer_of(
        caval({"points": POINTS, "mm_per_px": 0.4}, "--json", landmarks=LANDMARKS, item=pullback())
    )
    np.testing.assert_allclose(column(stated, "arc_mm")[150], 60.0, atol=0.01)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"arc_mm": [1.0, 2.0]}, "does not fit"),
        ({"arc_mm": [3.0] * len(POINTS)}, "does not fit"),
        ({"arc_mm": [0.4 * i for i in range(len(POINTS))], "mm_per_px": 0.5}, "differ by 20%"),
        ({"run": "1.7.7"}, "another run"),
    ],
)
def test_what_does_not_agree_is_told(caval: Caval, more: dict[str, object], words: str) -> None:
    answer = answer_of(caval({"points": POINTS} | more, "--json", landmarks=LANDMARKS))
    assert any(words in str(text) for text in answer["warnings"])


def test_without_a_scale_lengths_are_px_and_mm_null(caval: Caval) -> None:
    answer = answer_of(
        caval(POINTS, "--json", landmarks=LANDMARKS, venogram_=venogram(UNCALIBRATED))
    )
    frame = answer["frames"][150]
    assert answer["unit"] == "px"
    assert frame["arc_mm"] is None
    assert frame["sigma_mm"] is None
    assert frame["arc_px"] == pytest.approx(150.0, abs=1.0)
    assert frame["sigma_px"] > 0
    assert answer["residuals"][1]["mm"] is None
    assert abs(answer["residuals"][1]["px"]) < 2
    assert any("px" in str(text) for text in answer["warnings"])


def test_frames_past_the_end_stay_at_it_and_say_by_how_much(caval: Caval) -> None:
    answer = answer_of(caval(POINTS[:100], "--json", "--rate", "5", item=pullback()))
    last = answer["frames"][-1]
    assert (last["arc_mm"], last["y"]) == (49.5, 149.0)
    assert last["overhang_mm"] == pytest.approx(100.5)
    assert any("beyond the ends" in str(text) for text in answer["warnings"])


def test_a_file_not_filed_as_a_pullback_is_taken_for_one(caval: Caval) -> None:
    plain = ImageSet(
        "1.7", *BASE, "US", Role.ULTRASOUND, "", 2, None, (), FRAMES, FRAMES, 512, 512, timing=TIMES
    )
    answer = answer_of(caval(POINTS, "--json", landmarks=LANDMARKS, item=plain))
    assert any("filed as ultrasound" in str(text) for text in answer["warnings"])
    still = ImageSet("1.7", *BASE, "US", Role.OTHER, "", 2, None, (), 1, 1, 512, 512)
    code, _, err = caval(POINTS, "--json", item=still)
    assert code == 3
    assert "no pullback" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "not JSON"),
        ("{}", "no centerline"),
        ('"text"', "no centerline"),
        ('{"points": 5}', "no list"),
        ("[[1, 2], [3, NaN]]", "points[1] is not a pair"),
        ("[[1, 2], [3]]", "points[1] is not a pair"),
        ('{"knots": [[1, 2], [1e9, 4]]}', "knots[1] is not a pair"),
        ("[[1, 2], [1, 2]]", "fewer than two"),
        ("[]", "fewer than two"),
        ('{"points": [[1, 2], [3, 4]], "mm_per_px": -1}', "mm_per_px"),
        ('{"points": [[1, 2], [true, 4]]}', "points[1] is not a pair"),
    ],
)
def test_a_centerline_that_can_not_be_used(caval: Caval, text: str, words: str) -> None:
    code, out, err = caval(text, "--json")
    assert (code, out) == (3, "")
    assert words in err
    assert "line.json" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "a", "frame": 5, "x": 1.0}, "has no y"),
        ({"name": "a", "frame": FRAMES, "x": 1.0, "y": 2.0}, "frames 0 to 300"),
        ({"name": "a", "frame": -1, "x": 1.0, "y": 2.0}, "frames 0 to 300"),
        ({"name": "a", "frame": 2.5, "x": 1.0, "y": 2.0}, "whole number"),
        ({"name": "a", "frame": 5, "x": "1", "y": 2.0}, "x or y"),
        ({"name": "a", "frame": 5, "x": float("nan"), "y": 2.0}, "x or y"),
        ([1, 2], "no object"),
    ],
)
def test_a_landmark_that_can_not_be_used(caval: Caval, entry: object, words: str) -> None:
    code, out, err = caval(POINTS, "--json", landmarks=[entry])
    assert (code, out) == (3, "")
    assert words in err
    assert "marks.json: landmark 1" in err


def test_landmarks_running_backwards_are_named(caval: Caval) -> None:
    turned = [LANDMARKS[0], LANDMARKS[1] | {"frame": 290}, LANDMARKS[2]]
    code, _, err = caval(POINTS, landmarks=turned, item=pullback())
    assert code == 3
    assert "marks.json" in err
    assert "Internal iliac ostium" in err
    assert "Inguinal ligament" in err


def test_a_landmark_far_off_the_line_is_told(caval: Caval) -> None:
    off = [*LANDMARKS[:2], LANDMARKS[2] | {"x": 160.0}]
    answer = answer_of(caval(POINTS, "--json", landmarks=off))
    assert any("30 mm off the centerline" in str(text) for text in answer["warnings"])


def test_a_centerline_that_leaves_the_image_is_told(caval: Caval) -> None:
    answer = answer_of(caval([*POINTS, [100.0, 600.0]], "--json", landmarks=LANDMARKS))
    assert any("outside the image (512 x 512 px)" in str(text) for text in answer["warnings"])


def test_a_centerline_of_another_image_is_refused(caval: Caval) -> None:
    code, out, err = caval([[x + 500.0, y] for x, y in POINTS], "--json", landmarks=LANDMARKS)
    assert (code, out) == (3, "")
    assert "100% of the centerline lies outside the image" in err


def test_a_landmark_off_the_image_is_refused(caval: Caval) -> None:
    off = [*LANDMARKS[:2], LANDMARKS[2] | {"x": -300.0}]
    code, out, err = caval(POINTS, "--json", landmarks=off)
    assert (code, out) == (3, "")
    assert "Inguinal ligament at -300,320 lies outside the image" in err


def test_two_landmarks_on_one_frame_are_named(caval: Caval) -> None:
    same = [LANDMARKS[0], LANDMARKS[1] | {"frame": 30}, LANDMARKS[2]]
    code, out, err = caval(POINTS, landmarks=same, item=pullback())
    assert (code, out) == (3, "")
    assert "Iliac confluence and Internal iliac ostium share frame 31" in err


def test_no_landmark_in_the_file_is_as_good_as_no_file(caval: Caval) -> None:
    code, out, err = caval(POINTS, landmarks=[], item=pullback())
    assert (code, out) == (3, "")
    assert "landmark" in err
    assert "pull.dcm" in err


def test_a_single_landmark_says_what_it_fixes(caval: Caval) -> None:
    answer = answer_of(
        caval(POINTS, "--json", "--mode", "landmarks", landmarks=LANDMARKS[:1], item=pullback())
    )
    assert any("One landmark fixes one place" in str(text) for text in answer["warnings"])
    assert np.ptp(column(answer, "sigma_mm")) > 1.0


def test_a_hand_pullback_without_landmarks_says_what_to_do(caval: Caval) -> None:
    code, _, err = caval(POINTS, item=pullback())
    assert code == 3
    assert "landmark" in err
    assert "pull.dcm" in err


def test_tracked_needs_the_fluoroscopy(caval: Caval) -> None:
    code, out, err = caval(POINTS, "--mode", "tracked")
    assert (code, out) == (2, "")
    assert "--fluoro" in err


def test_a_profile_without_pictures_is_told(caval: Caval) -> None:
    code, out, err = caval(POINTS, "--mode", "profile", item=pullback())
    assert (code, out) == (3, "")
    assert "lumen's size along the pullback is not known" in err


@pytest.mark.parametrize(
    "words", [("--transducer", "3,4"), ("--transducer", "a,b,c"), ("--clock-offset", "nan")]
)
def test_wrong_words_about_the_fluoroscopy_are_usage(caval: Caval, words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as stop:
        caval(POINTS, *words)
    assert stop.value.code == 2


@pytest.mark.parametrize(
    "words", [("--rate", "0"), ("--rate", "101"), ("--rate", "fast"), ("--mode", "other")]
)
def test_wrong_words_are_usage(caval: Caval, words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as stop:
        caval(POINTS, *words)
    assert stop.value.code == 2


def test_the_table_for_people(caval: Caval) -> None:
    code, out, err = caval(POINTS, landmarks=LANDMARKS, item=pullback())
    assert code == 0
    assert all("pictures are not used" in line or "can't be measured" in line
               for line in err.splitlines())  # fmt: skip
    lines = [line for line in out.splitlines() if not line.startswith("#")]
    assert lines[0].split("\t") == ["frame", "arc_mm", "sigma_mm", "x", "y", "extrapolated"]
    assert len(lines) == FRAMES + 1
    assert lines[151].startswith("150\t75.00\t1.00\t100.00\t200.00")


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = str(tmp_path / "gone")
    assert main(["sync", gone, gone, "--centerline", gone]) == 3
    assert "no such file" in capsys.readouterr().err
    with pytest.raises(UnreadableError):
        sync.run(sync_args(gone))


def sync_args(path: str) -> object:
    import argparse

    parser = argparse.ArgumentParser()
    sync.add_arguments(parser)
    return parser.parse_args([path, path, "--centerline", path])


def test_real_files_from_their_headers(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "line.json").write_text(json.dumps({"knots": [[200, 60], [240, 250], [210, 460]]}))
    marks = [
        {"name": "first branch", "frame": 100, "x": 214, "y": 120},
        {"name": "second branch", "frame": 700, "x": 230, "y": 380},
    ]
    (tmp_path / "marks.json").write_text(json.dumps(marks))
    run_file = shared_data / "xa" / "xa_coronary_96f_jpeg.dcm"
    pull_file = shared_data / "ivus" / "ivus_coronary_800f.dcm"
    files = [
        "--centerline",
        str(tmp_path / "line.json"),
        "--landmarks",
        str(tmp_path / "marks.json"),
    ]
    assert main(["sync", str(run_file), str(pull_file), *files, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["frames"]) == 800
    assert answer["unit"] == "px"  # this run has no spacing at all
    assert answer["frames"][100]["arc_mm"] is None
    assert np.hypot(answer["frames"][700]["x"] - 230, answer["frames"][700]["y"] - 380) < 10


def test_a_file_that_is_no_dicom(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = tmp_path / "line.json"
    line.write_text("[[0, 0], [0, 100]]")
    pull_file = str(shared_data / "ivus" / "ivus_coronary_800f.dcm")
    assert main(["sync", str(line), pull_file, "--centerline", str(line)]) == 3
    assert "line.json" in capsys.readouterr().err


def test_which_scale_was_used_is_said(caval: Caval, tmp_path: Path) -> None:
    _, out, _ = caval({"points": POINTS}, "--json")
    used = json.loads(out)["calibration"]
    assert used["from"] == "run header"
    assert (used["mm_per_px"], used["uncertainty"]) == (0.5, 0.07)
    by_hand = {"mm_per_px": 0.4, "source": "manual", "uncertainty": 0.03}
    _, out, _ = caval({"points": POINTS, "calibration": by_hand}, "--json")
    assert json.loads(out)["calibration"] == {"from": "centerline", **by_hand}
    bare = {"venogram_": venogram(UNCALIBRATED), "item": pullback(), "landmarks": LANDMARKS}
    _, out, _ = caval({"points": POINTS}, "--json", **bare)
    assert json.loads(out)["calibration"]["from"] == "none"
    _, out, _ = caval({"points": POINTS, "calibration": by_hand})
    assert "# scale: 0.4 mm/px ± 3.0 %, from the centerline (manual)" in out


def test_a_reviews_calibration_by_hand_is_used(caval: Caval, tmp_path: Path) -> None:
    made = ReaderCalibration(
        "1.9", CalibrationMethod.MARKERS, ((0.0, 0.0), (40.0, 0.0)), 0, 10.0, 0.25, 0.03,
        validity="at the depth of the catheter",
    )  # fmt: skip
    path = tmp_path / "a.caval.json"
    path.write_bytes(review_file.dump(new_review("Reader A").with_calibration(made)))
    _, header, _ = caval({"points": POINTS}, "--json")
    _, out, _ = caval({"points": POINTS}, "--review", str(path), "--json")
    answer = json.loads(out)
    assert answer["calibration"]["from"] == "review"
    assert answer["calibration"]["mm_per_px"] == 0.25
    assert "marker catheter" in answer["calibration"]["source"]
    assert answer["frames"][10]["arc_px"] == pytest.approx(
        2 * json.loads(header)["frames"][10]["arc_px"], rel=1e-3
    )
    _, out, _ = caval({"points": POINTS, "mm_per_px": 0.4}, "--review", str(path), "--json")
    assert json.loads(out)["calibration"]["from"] == "centerline"
    code, _, err = caval({"points": POINTS}, "--review", str(tmp_path / "line.json"), "--json")
    assert code == 3
    assert "not a Caval review" in err
