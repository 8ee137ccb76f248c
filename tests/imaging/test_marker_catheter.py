"""The marks of a marker catheter on synthetic runs with known marks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.errors import ViewerError
from viewer.imaging.marker_catheter import find_marks
from viewer.imaging.shadow import shadow_of
from viewer.measure.calibrating import by_marks
from viewer.phantom.cases import write_case


@dataclass(frozen=True)
class Seen:
    """A frame of a synthetic run, its marks and its true scales."""

    shadow: NDArray[np.float64]
    marks_px: NDArray[np.float64]
    vein_mean: float
    near_marks: float
    sod_mm: float


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    folder = tmp_path_factory.mktemp("markers")
    written = write_case("nivl-motor", folder)
    truth = json.loads(written.truth.read_text("utf-8"))
    sets = {item.uid: item for item in index(list(written.files)).image_sets}
    seen = []
    for run in truth["runs"]:
        item = sets[run["sop_instance_uid"]]
        frames = open_frames(item)
        marks = np.array(run["markers"]["xy_px"]) + run["motion_px"][0]
        edge = np.array([item.columns, item.rows]) - 9
        marks = marks[((marks > 8) & (marks < edge)).all(axis=1)]
        line = np.array(run["centerline"]["xy_px"])
        gaps = np.hypot(*np.diff(marks, axis=0).T)
        widest = int(np.argmax(np.convolve(gaps, np.ones(3), "valid"))) + 1
        near = np.argmin(np.hypot(*(line - marks[widest]).T))
        seen.append(
            Seen(
                shadow_of(frames.frame(0), item.pixels),
                marks,
                run["mm_per_px"]["vein_mean"],
                run["centerline"]["mm_per_px"][near],
                run["geometry"]["sod_mm"],
            )
        )
        frames.close()
    return seen


@pytest.mark.parametrize("which", [0, 1])
def test_every_mark_is_found_finer_than_a_pixel(runs: list[Seen], which: int) -> None:
    run, rng = runs[which], np.random.default_rng(which)
    clicks = [tuple(run.marks_px[k] + rng.uniform(-3, 3, 2)) for k in (0, -1)]
    found = find_marks(run.shadow, clicks)
    assert found.numbers == tuple(range(len(run.marks_px)))
    off = np.hypot(*(np.array(found.points_px) - run.marks_px).T)
    assert np.median(off) < 0.3
    assert off.max() < 1.0
    true_px = np.hypot(*np.diff(run.marks_px, axis=0).T).sum()
    assert found.arc_px[-1] == pytest.approx(true_px, rel=0.01)


@pytest.mark.parametrize("which", [0, 1])
def test_the_scale_is_right_where_the_catheter_lies_in_the_plane(
    runs: list[Seen], which: int
) -> None:
    run = runs[which]
    found = find_marks(run.shadow, [tuple(run.marks_px[0]), tuple(run.marks_px[-1])])
    scale = by_marks(found.arc_px, found.numbers, 10.0, run.sod_mm)
    assert scale.scale.mm_per_px == pytest.approx(run.near_marks, rel=0.025)
    assert abs(scale.scale.mm_per_px / run.vein_mean - 1) < 2 * scale.scale.uncertainty
    assert scale.residual_px < 0.5
    assert scale.foreshortened > 0.1


def test_a_hidden_mark_is_stepped_over(runs: list[Seen]) -> None:
    run = runs[0]
    shadow = run.shadow.copy()
    x, y = np.rint(run.marks_px[6]).astype(int)
    hole = np.s_[y - 5 : y + 6, x - 5 : x + 6]
    rim = np.ones((11, 11), bool)
    rim[1:-1, 1:-1] = False
    shadow[hole] = np.median(shadow[hole][rim])
    found = find_marks(shadow, [tuple(run.marks_px[0]), tuple(run.marks_px[-1])])
    assert found.numbers == tuple(k for k in range(len(run.marks_px)) if k != 6)


def test_other_ends_and_bends_of_a_path() -> None:
    rng = np.random.default_rng(5)
    t = np.linspace(0, np.pi, 9)
    marks = np.stack([100 + 60 * np.cos(t), 60 + 60 * np.sin(t)], axis=1)
    image = np.zeros((160, 200))
    for x, y in marks:
        yy, xx = np.mgrid[:160, :200]
        image += np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * 1.6**2))
    image += 0.03 * ndimage.gaussian_filter(rng.standard_normal(image.shape), 1.0)
    turned = find_marks(image, [tuple(marks[0]), tuple(marks[4]), tuple(marks[-1])])
    assert turned.numbers == tuple(range(9))
    np.testing.assert_allclose(turned.points_px, marks, atol=0.15)
    backwards = find_marks(image, [tuple(marks[4]), tuple(marks[0])])
    assert backwards.numbers == tuple(range(5))
    arc = 60 * np.pi / 8
    assert turned.arc_px[-1] == pytest.approx(8 * arc, rel=0.01)


def test_what_is_no_row_of_marks_is_said() -> None:
    noise = np.random.default_rng(3).standard_normal((120, 120))
    for clicks in (
        [(10.0, 10.0), (12.0, 11.0)],
        [(10.0, 10.0)],
        [(400.0, 400.0), (500.0, 500.0)],
    ):
        with pytest.raises(ViewerError) as caught:
            find_marks(noise, clicks)
        assert caught.value.hint
    blank = np.zeros((120, 120))
    with pytest.raises(ViewerError, match=r"[Mm]ark"):
        find_marks(blank, [(10.0, 10.0), (100.0, 100.0)])


def test_an_image_smaller_than_a_mark_is_refused() -> None:
    with pytest.raises(ViewerError, match="outside the image"):
        find_marks(np.ones((6, 6)), [(0.0, 0.0), (5.0, 30.0)])


def test_every_other_mark_is_not_taken_for_the_row() -> None:
    marks = np.stack([np.full(9, 60.0), 20 + 40.0 * np.arange(9)], axis=1)
    image = np.zeros((380, 120))
    yy, xx = np.mgrid[:380, :120]
    for k, (x, y) in enumerate(marks):
        if k not in (1, 7):  # hidden
            image += np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * 1.8**2)) * (
                0.65 + 0.3 * (k % 8 == 0)
            )
    image += 0.01 * ndimage.gaussian_filter(
        np.random.default_rng(4).standard_normal(image.shape), 1
    )
    found = find_marks(image, [(60.0, 20.0), (60.0, 340.0)])
    assert found.numbers == (0, 2, 3, 4, 5, 6, 8)


def test_no_marks_are_made_up_in_noise_and_on_real_runs(shared_data: Path) -> None:
    rng = np.random.default_rng(7)
    noise = ndimage.gaussian_filter(rng.standard_normal((400, 400)), 1.5)
    shadows = [noise]
    for name in ("xa_coronary_96f_jpeg.dcm", "xa_catheter_12f_jpegll.dcm", "xa_head_1f_j2k.dcm"):
        (run,) = index([shared_data / "xa" / name]).image_sets
        frames = open_frames(run)
        shadows.append(shadow_of(frames.frame(0), run.pixels))
        frames.close()
    for shadow in shadows:
        size = np.array(shadow.shape[::-1])
        for _ in range(8):
            start = rng.uniform(0.2, 0.8, 2) * size
            angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(80, 200)
            end = start + length * np.array([np.cos(angle), np.sin(angle)])
            end = np.clip(end, 12, size - 12)
            with pytest.raises(ViewerError, match=r"[Mm]ark|near") as caught:
                find_marks(shadow, [tuple(start), tuple(end)])
            assert caught.value.hint
