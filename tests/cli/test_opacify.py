"""`caval opacify`: what it writes, times by hand, runs it can't use."""

from __future__ import annotations

import json

import numpy as np
import pytest

from viewer.cli import main
from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.phantom.cases import write_case


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """The small synthetic case: folder and truth."""
    folder = tmp_path_factory.mktemp("small")
    write_case("nivl-small", folder)
    return folder, json.loads((folder / "truth.json").read_text())


def opacify(capsys, *words) -> tuple[int, dict, str]:
    code = main(["opacify", *map(str, words), "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out or "{}"), said.err


def test_writes_peak_and_times_that_follow_the_truth(case, tmp_path, capsys):
    folder, truth = case
    run = truth["runs"][0]
    path, out = folder / run["file"], tmp_path / "o.npz"
    code, answer, err = opacify(capsys, path, "--out", out)
    assert (code, err) == (0, "")
    assert answer["mask_frames"] == run["mask_frames"]
    frames = open_frames(index([path]).image_sets[0])
    stack = np.array([frames.frame(i) for i in range(run["frames"])])
    with np.load(out) as made:
        peak, time_s, arrival_s = (made[k] for k in ("peak", "time_to_peak_s", "arrival_s"))
        peak_frame = made["peak_frame"]
    assert peak.dtype == time_s.dtype == arrival_s.dtype == np.float32
    assert (peak == stack.min(axis=0)).all()
    known = np.isfinite(time_s)
    np.testing.assert_allclose(time_s[known], peak_frame[known] / run["rate_hz"], rtol=1e-5)
    assert answer["peak_frame_median"] == np.median(peak_frame[known])
    x, y = np.rint(run["centerline"]["xy_px"]).astype(int).T
    error = (arrival_s[y, x] - run["contrast"]["arrival_s"]) * run["rate_hz"]
    assert np.median(np.abs(error)) <= 1.0


def test_frames_and_mask_can_be_chosen(case, tmp_path, capsys):
    folder, truth = case
    path, out = folder / truth["runs"][1]["file"], tmp_path / "o.npz"
    code, answer, _ = opacify(capsys, path, "--out", out, "--frames", "3:6", "--mask", "1:2")
    assert code == 0
    assert (answer["frames"], answer["first"], answer["mask_frames"]) == (3, 3, [1])
    frames = open_frames(index([path]).image_sets[0])
    with np.load(out) as made:
        assert (made["peak"] == np.min([frames.frame(i) for i in (3, 4, 5)], axis=0)).all()
    assert opacify(capsys, path, "--out", out, "--frames", "9:9")[0] == 2
    assert opacify(capsys, path, "--out", out, "--mask", "90:")[0] == 3


def test_unknown_frame_times_leave_times_out_and_count_frames(case, tmp_path, capsys):
    import pydicom

    folder, truth = case
    data = pydicom.dcmread(folder / truth["runs"][0]["file"])
    for name in ("FrameTime", "CineRate", "RecommendedDisplayFrameRate", "FrameIncrementPointer"):
        if name in data:
            delattr(data, name)
    path, out = tmp_path / "untimed.dcm", tmp_path / "o.npz"
    data.save_as(path)
    x, y = truth["runs"][0]["centerline"]["xy_px"][30]
    code, answer, err = opacify(capsys, path, "--out", out, "--points", f"{x},{y}")
    assert code == 4
    assert "--rate" in err
    assert answer["time_to_peak_median_s"] is answer["arrival_median_s"] is None
    assert answer["curves"]["axis_unit"] == "frames"
    assert answer["curves"]["axis"] == list(range(truth["runs"][0]["frames"]))
    with np.load(out) as packed:
        assert np.isnan(packed["time_to_peak_s"]).all()
        assert (packed["peak_frame"] >= 0).any()
    code, answer, _ = opacify(capsys, path, "--out", out, "--rate", "5")
    assert code == 0
    assert answer["time_to_peak_median_s"] == pytest.approx(answer["peak_frame_median"] / 5)


def test_a_folder_that_is_not_there_is_said(case, tmp_path, capsys):
    folder, truth = case
    path = folder / truth["runs"][0]["file"]
    code, _, err = opacify(capsys, path, "--out", tmp_path / "no" / "o.npz")
    assert code == 3
    assert "o.npz" in err


@pytest.mark.parametrize("shift", ["none", "auto"])
def test_subtracted_peak_is_the_most_negative_of_the_subtracted_frames(
    case, tmp_path, capsys, shift
):
    folder, truth = case
    run = truth["runs"][0]
    path, out, frames = folder / run["file"], tmp_path / "o.npz", tmp_path / "s.npz"
    code, answer, err = opacify(capsys, path, "--subtract", "--shift", shift, "--out", out)
    assert (code, err) == (0, "")
    assert main(["subtract", str(path), "--shift", shift, "--out", str(frames)]) == 0
    with np.load(out) as made, np.load(frames) as subtracted:
        least = subtracted["frames"].min(axis=0)
        np.testing.assert_allclose(made["peak"], least, atol=1e-5)
        arrived, opacified = made["arrival_s"], made["peak_frame"] >= 0
    assert answer["mask_frames"] == run["mask_frames"]
    x, y = np.rint(run["centerline"]["xy_px"]).astype(int).T
    error = (arrived[y, x] - run["contrast"]["arrival_s"]) * run["rate_hz"]
    assert np.median(np.abs(error)) <= 1.0
    assert opacified.mean() < 0.2


def test_a_real_run_without_mask_frames(shared_data, tmp_path, capsys):
    path, out = shared_data / "xa" / "xa_coronary_96f_jpeg.dcm", tmp_path / "o.npz"
    code, answer, err = opacify(capsys, path, "--out", out)
    assert (code, err) == (0, "")
    assert answer["mask_frames"]
    assert max(answer["mask_frames"]) < 20
    with np.load(out) as made:
        assert made["peak"].shape == made["time_to_peak_s"].shape == (512, 512)
        arrived = made["arrival_s"]
        # the right coronary artery fills from its ostium (top) to the crux (bottom)
        top = np.nanmedian(arrived[140:180, 150:240])
        bottom = np.nanmedian(arrived[360:400, 190:260])
        assert made["peak"].min() >= 0
    assert 0.2 < top < bottom < 2.5


def test_a_real_colour_run_is_refused(shared_data, tmp_path, capsys):
    path = shared_data / "ivus" / "ivus_coronary_800f.dcm"
    code, _, err = opacify(capsys, path, "--out", tmp_path / "o.npz", "--rate", "30")
    assert code == 3
    assert "colour" in err


def test_curves_arrivals_and_transit_follow_the_truth(case, tmp_path, capsys):
    import json

    folder, truth = case
    run = truth["runs"][0]
    line = np.array(run["centerline"]["xy_px"])
    file = tmp_path / "line.json"
    file.write_text(json.dumps({"points": line.tolist()}), encoding="utf-8")
    inside = [n for n, (x, y) in enumerate(line) if 8 < x < 246 and 8 < y < 246]
    near, far = inside[len(inside) // 3], inside[-8]
    points = [f"{line[n][0]:.2f},{line[n][1]:.2f}" for n in (near, far)]
    code, answer, err = opacify(
        capsys,
        folder / run["file"],
        "--out",
        tmp_path / "o.npz",
        "--points",
        *points,
        "--centerline",
        file,
    )
    assert (code, err) == (0, "")
    curves = answer["curves"]
    assert (curves["axis_unit"], curves["density_unit"]) == ("s", "ln")
    assert len(curves["points"]) == 2
    rate_hz = run["rate_hz"]
    for told, n in zip(curves["points"], (near, far), strict=True):
        assert len(told["density"]) == run["frames"]
        assert told["arrival"] == pytest.approx(run["contrast"]["arrival_s"][n], abs=0.7 / rate_hz)
        assert 0 < told["arrival_sd"] < 0.3
    (transit,) = answer["transit"]
    first, second = (point["arrival"] for point in curves["points"])
    assert transit["seconds"] == pytest.approx(second - first)
    assert (transit["from"], transit["to"], transit["unit"]) == (0, 1, "mm")
    assert transit["distance_along"] == "along the vein"
    along = answer["arrival_along"]
    assert (along["unit"], along["step"]) == ("mm", 10.0)
    known = [stretch for stretch in along["stretches"] if stretch["arrival"] is not None]
    assert len(known) > 0.7 * len(along["stretches"])
    assert known[0]["arrival"] > known[-1]["arrival"]


def test_points_off_the_image_and_no_points_are_told(case, tmp_path, capsys):
    folder, truth = case
    path, out = folder / truth["runs"][0]["file"], tmp_path / "o.npz"
    code, _, err = opacify(capsys, path, "--out", out, "--points", "900,10")
    assert code == 3
    assert "900,10" in err
    with pytest.raises(SystemExit) as wrong:
        opacify(capsys, path, "--out", out, "--points", "12")
    assert wrong.value.code == 2
    assert "X,Y" in capsys.readouterr().err
    code, answer, _ = opacify(capsys, path, "--out", out)
    assert code == 0
    assert not {"curves", "transit", "arrival_along"} & answer.keys()
