"""The lumen's border: where it lies, what is left alone, and frames that show none."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from lumen_samples import dice, scene

from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.errors import UnreadableError
from viewer.imaging.closed_path import between_depths, closed_path, closed_path_steep
from viewer.imaging.frame_blocks import SearchCancelledError
from viewer.imaging.ivus_field import ivus_field
from viewer.imaging.lumen import POINTS, LumenBorders, LumenFinder
from viewer.imaging.lumen_trust import NOT_SEEN, UNREADABLE
from viewer.imaging.side_branches import across_mouths, cut_waists, evenly, without_spikes


def found(frames: np.ndarray) -> LumenBorders:
    return LumenFinder(len(frames), lambda k: np.asarray(frames[k])).find()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"half_axes": (70.0, 15.0), "offset": (40.0, 0.0)},
        {"offset": (30.0, 5.0)},
        {"center": (118.0, 140.0), "field": 100.0},
        {"marks": True},
        {"size": 512, "half_axes": (80.0, 60.0), "n": 12},
    ],
    ids=["usual", "flat", "catheter at the wall", "off-centre image", "burned-in marks", "large"],
)
def test_border_lies_on_the_truth(asked: dict[str, object]) -> None:
    made = scene(**asked)  # type: ignore[arg-type]
    borders = found(made.frames)
    size = made.frames.shape[1]
    overlap = [dice(p, t, size) for p, t in zip(borders.points_px, made.truth, strict=True)]
    assert borders.points_px.shape == (len(made.frames), POINTS, 2)
    assert np.median(overlap) > 0.96
    assert min(overlap) > 0.93


def test_a_lumen_filled_with_clot_is_bounded_by_the_wall() -> None:
    made = scene(n=24)
    frames, size = made.frames.astype(np.float64), made.frames.shape[1]
    y, x = np.mgrid[:size, :size]
    clot = np.random.default_rng(3).normal(45.0, 6.0, frames.shape)
    from_catheter = np.hypot(x - made.center_px[0], y - made.center_px[1])
    for k in range(8, 24):
        middle = made.truth[k].mean(axis=0)
        half = np.ptp(made.truth[k], axis=0) / 2
        inside = np.hypot((x - middle[0]) / half[0], (y - middle[1]) / half[1]) < 0.98
        frames[k] += np.where(inside & (from_catheter > 9.0), clot[k], 0.0)
    borders = found(np.clip(frames, 0, 255).astype(np.uint8))
    overlap = [dice(p, t, size) for p, t in zip(borders.points_px, made.truth, strict=True)]
    assert np.median(overlap[8:]) > 0.95
    assert min(overlap) > 0.90


def test_lumen_beyond_the_field_ends_at_its_rim() -> None:
    made = scene(half_axes=(130.0, 60.0), offset=(40.0, 0.0), field=110.0)
    borders = found(made.frames)
    away = np.hypot(*np.moveaxis(borders.points_px - np.array(made.center_px), -1, 0))
    assert away.max() < 113.0
    assert away.max(axis=1).min() > 105.0


def test_catheter_and_field_of_an_off_centre_image() -> None:
    made = scene(center=(118.0, 140.0), field=100.0)
    field = ivus_field(list(made.frames))
    assert np.hypot(*(np.array(field.center_px) - made.center_px)) < 1.5
    assert field.radius_px == pytest.approx(100.0, abs=2.0)
    assert 6.0 < field.catheter_px < 16.0


def test_drawn_marks_are_painted_over() -> None:
    made = scene(marks=True)
    field = ivus_field(list(made.frames))
    cleaned = field.clean(made.frames[0])
    row, column = int(made.center_px[1]), int(made.center_px[0]) + 21
    assert made.frames[0][row, column] == 250
    assert cleaned[row, column] < 130


def test_hand_traced_frames(shared_data: Path) -> None:
    path = shared_data / "ivus" / "ivus_traced_11f.dcm"
    traced = json.loads(path.with_name("ivus_traced_11f.contours.json").read_text())
    source = open_frames(index([path]).image_sets[0])
    frames = np.stack([source.frame(k) for k in range(11)])
    borders = found(frames)
    overlap = [
        dice(borders.points_px[one["frame"]], np.array(one["lumen"]), 500)
        for one in traced["frames"]
    ]
    assert np.median(overlap) > 0.96
    assert min(overlap) > 0.87


def test_fixed_borders_stay_and_pull_their_neighbours() -> None:
    made = scene(n=40)
    finder = LumenFinder(40, made.read)
    before = finder.find()
    middle = made.truth[20].mean(axis=0)
    drawn = (middle + (made.truth[20] - middle) * 1.25).astype(np.float32)
    after = finder.find(fixed={20: drawn})
    size = {k: np.ptp(after.points_px[k], axis=0).sum() for k in range(40)}
    was = {k: np.ptp(before.points_px[k], axis=0).sum() for k in range(40)}
    assert dice(after.points_px[20], drawn, 256) > 0.995
    assert size[21] > 1.03 * was[21]
    assert size[19] > 1.03 * was[19]
    np.testing.assert_allclose(after.points_px[0], before.points_px[0])
    assert after.confidence[20] == 1.0


def test_a_local_search_never_returns_fixed_frames() -> None:
    made = scene(n=40)
    finder = LumenFinder(40, made.read)
    fixed = {k: made.truth[k].astype(np.float32) for k in (15, 20, 23)}
    near = finder.around(20, fixed)
    assert near.frames.tolist() == [16, 17, 18, 19, 21, 22]
    assert finder.around(0, {0: fixed[15]}).frames.tolist() == list(range(1, 11))
    assert len(finder.around(20, dict.fromkeys((19, 20, 21), fixed[15])).frames) == 0


def test_progress_rises_and_a_cancel_is_heard() -> None:
    made = scene(n=60)
    told: list[float] = []
    LumenFinder(60, made.read).find(progress=told.append)
    assert all(a <= b for a, b in pairwise(told))
    assert told[-1] == pytest.approx(1.0)
    with pytest.raises(SearchCancelledError):
        LumenFinder(60, made.read).find(cancelled=lambda: True)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_even_picture_has_no_lumen(grey: int) -> None:
    borders = found(np.full((6, 128, 128), grey, np.uint8))
    assert (borders.confidence == 0).all()
    assert set(borders.reason) == {NOT_SEEN}
    assert np.isnan(borders.points_px).all()


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 17, 40), (2, 300, 20)])
def test_tiny_pictures_are_survived(shape: tuple[int, int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    borders = found(frames)
    seen = borders.points_px[np.isfinite(borders.points_px).all(axis=(1, 2))]
    assert ((seen >= 0) & (seen <= (shape[2] - 1, shape[1] - 1))).all()


def test_frames_too_small_are_refused() -> None:
    with pytest.raises(UnreadableError, match="too small"):
        found(np.zeros((3, 8, 9), np.uint8))


def test_black_and_unreadable_frames_among_good_ones() -> None:
    made = scene(n=30)
    frames = made.frames.copy()
    frames[10] = 0

    def read(k: int) -> np.ndarray:
        if k == 20:
            raise UnreadableError("bad", "ask again")
        return np.asarray(frames[k])

    borders = LumenFinder(30, read).find()
    assert borders.reason[20] == UNREADABLE
    assert borders.reason[10] == NOT_SEEN
    good = [k for k in range(30) if k not in (10, 20)]
    overlap = [dice(borders.points_px[k], made.truth[k], 256) for k in good]
    assert min(overlap) > 0.93


def test_nothing_readable_is_said() -> None:
    def read(_: int) -> np.ndarray:
        raise UnreadableError("bad", "ask again")

    with pytest.raises(UnreadableError, match="can't be read"):
        LumenFinder(5, read)


def test_frames_without_a_lumen_come_first() -> None:
    made = scene(n=30)
    frames = made.frames.copy()
    rng = np.random.default_rng(3)
    spoiled = [4, 17]
    for k in spoiled:
        frames[k] = np.where(frames[k] > 0, rng.integers(60, 200, frames[k].shape), 0)
    borders = found(frames)
    assert set(np.argsort(borders.confidence, kind="stable")[:2].tolist()) == set(spoiled)


def test_closed_path_follows_a_valley_and_closes() -> None:
    depth = 20 + np.rint(6 * np.cos(2 * np.pi * np.arange(60) / 60)).astype(int)
    cost = np.abs(np.arange(40)[None, None, :] - depth[None, :, None]).astype(np.float32)
    np.testing.assert_array_equal(closed_path(cost, 0.1, 3)[0], depth)
    np.testing.assert_array_equal(closed_path_steep(cost, 0.1)[0], depth)


def test_between_depths_finds_the_low_point_of_a_parabola() -> None:
    cost = ((np.arange(30) - 12.3) ** 2).astype(np.float32)[None, None]
    exact = between_depths(cost, np.array([[12]]))
    assert exact[0, 0] == pytest.approx(12.3, abs=1e-3)


def _ellipse(a: float, b: float, middle: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = np.stack((middle[0] + a * np.cos(turn), middle[1] + b * np.sin(turn)), axis=1)
    outline: np.ndarray = evenly(points[None].astype(np.float32), 96)[0]
    return outline


def test_a_lobe_beyond_a_waist_is_cut_on_the_side_away_from_the_catheter() -> None:
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius = 40 * np.sqrt(np.cos(turn) ** 2 + 0.15)  # two lobes along x
    eight = np.stack((radius * np.cos(turn), radius * np.sin(turn)), axis=1)[None]
    outline = evenly(eight.astype(np.float32), 96)
    kept, cut = cut_waists(outline, (20.0, 0.0))
    assert cut.any()
    assert kept[0, :, 0].min() > -12.0
    assert kept[0, :, 0].max() == pytest.approx(outline[0, :, 0].max())
    _, none = cut_waists(_ellipse(60.0, 12.0)[None], (0.0, 0.0))
    assert not none.any()


def test_a_leak_through_the_wall_is_no_lumen_and_a_flat_tip_is() -> None:
    turn = np.arange(96) * 2 * np.pi / 96
    tip = 200 * np.cos(turn) / (np.cos(turn) ** 2 + 25 * np.sin(turn) ** 2)
    flat = np.maximum(tip, 8.0).astype(np.float32)[None]
    np.testing.assert_array_equal(without_spikes(flat), flat)
    leaking = np.full((1, 96), 40.0, np.float32)
    leaking[0, 94:] = leaking[0, :2] = 90.0
    assert without_spikes(leaking).max() == 40.0


def test_a_bulge_that_lasts_is_the_vein_and_one_that_does_not_is_a_mouth() -> None:
    even = np.stack([_ellipse(40.0, 30.0) for _ in range(60)])
    bulged = even.copy()
    for k in range(28, 32):
        x, y = bulged[k].T
        bulged[k] = evenly(
            np.stack((x + np.where(x > 0, 22 * np.exp(-((y / 12) ** 2)), 0), y), 1)[None], 96
        )[0]
    kept, cut = across_mouths(bulged)
    assert cut[28:32].any(axis=1).all()
    assert kept[29:31, :, 0].max() < 50.0
    lasting = np.concatenate((even[:30], np.stack([_ellipse(55.0, 41.0)] * 30)))
    assert not across_mouths(lasting)[1].any()
