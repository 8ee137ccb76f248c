"""What a pullback's pictures say about pauses, speed and the lumen, against made truth."""

from __future__ import annotations

import numpy as np
import pytest
from pullback_samples import DEPTH_MM, MadePullback, made_pullback

from viewer.errors import UnreadableError
from viewer.geometry.pull_evidence import Motion
from viewer.imaging.longitudinal import PolarGrid
from viewer.imaging.pullback_look import (
    MOST_FRAMES,
    MOST_SLOW_FRAMES,
    Looked,
    frames_to_look_at,
    look_through,
    lumen_of,
    motion_of,
)


def looked(made: MadePullback) -> Looked:
    return Looked(np.arange(len(made.stack)), made.stack)


def motion(made: MadePullback) -> Motion:
    look = looked(made)
    found = motion_of(look, len(made.stack), made.times_s, DEPTH_MM, lumen_of(look, DEPTH_MM))
    assert found is not None
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_pauses_are_seen_and_their_ends(seed: int) -> None:
    made = made_pullback(seed)
    found = motion(made)
    stands = found.stillness > 0.5
    assert found.still_trust > 0.9
    assert stands[made.still].mean() > 0.85
    assert stands[~made.still].mean() < 0.05


def test_speed_is_read_from_speckle_of_the_tissue() -> None:
    made = made_pullback(3)
    found = motion(made)
    assert found.speed is not None
    moving = ~made.still
    box = np.ones(15) / 15
    seen, true = (np.convolve(v, box, mode="same")[moving] for v in (found.speed, made.speed))
    assert np.corrcoef(seen, true)[0, 1] > 0.6


@pytest.mark.parametrize("seed", [3, 9])
def test_speed_is_read_where_speckle_has_nearly_faded_from_frame_to_frame(seed: int) -> None:
    made = made_pullback(seed)
    every = max(1, round(0.1 / float(np.median(np.diff(made.times_s)))))
    at = np.arange(0, len(made.stack), every)
    look = Looked(np.arange(len(at)), made.stack[at])
    found = motion_of(look, len(at), made.times_s[at], DEPTH_MM, lumen_of(look, DEPTH_MM))
    assert found is not None
    assert found.speed is not None
    moving = ~made.still[at]
    box = np.ones(5) / 5
    seen, true = (np.convolve(v, box, mode="same")[moving] for v in (found.speed, made.speed[at]))
    assert np.corrcoef(seen, true)[0, 1] > 0.6


@pytest.mark.parametrize("speckle", ["new", "fixed"])
def test_speckle_that_says_nothing_gives_no_speed_and_less_trust(speckle: str) -> None:
    found = motion(made_pullback(4, speckle))
    assert found.speed is None
    assert found.still_trust <= 0.6


@pytest.mark.parametrize("speckle", ["tissue", "new", "fixed"])
@pytest.mark.parametrize("seed", [5, 6])
def test_the_lumen_is_found_rough_but_right(speckle: str, seed: int) -> None:
    made = made_pullback(seed, speckle)
    found = lumen_of(looked(made), DEPTH_MM)
    true = made.diameter_mm[found.frames]
    error = found.sizes[:, 0] - true
    assert abs(np.median(error)) < 1.2
    assert np.percentile(np.abs(error - np.median(error)), 95) < 2.0
    assert np.corrcoef(found.sizes[:, 0], true)[0, 1] > 0.95
    assert (found.sizes[:, 1:].min(axis=1) <= found.sizes[:, 0] + 0.5).all()


def test_a_flat_vein_has_a_wide_and_a_narrow_side() -> None:
    made = made_pullback(7)
    found = lumen_of(looked(made), DEPTH_MM)
    flattest = int(np.argmin(made.diameter_mm[found.frames][: len(found.frames) // 2]))
    widths = found.sizes[flattest, 1:]
    assert widths.max() > 1.4 * widths.min()


def test_without_a_scale_the_lumen_is_right_up_to_a_factor() -> None:
    made = made_pullback(8)
    with_scale, without = (lumen_of(looked(made), depth) for depth in (DEPTH_MM, None))
    assert np.corrcoef(with_scale.sizes[:, 0], without.sizes[:, 0])[0, 1] > 0.999


def test_too_short_a_pullback_says_nothing() -> None:
    made = made_pullback(1)
    assert motion_of(Looked(np.arange(8), made.stack[:8]), 8, made.times_s[:8], None) is None


def test_how_many_frames_are_looked_at() -> None:
    assert len(frames_to_look_at(900)) == 900
    assert len(frames_to_look_at(3000, "imagecodecs jpeg8")) == MOST_FRAMES
    assert len(frames_to_look_at(3000, "imagecodecs jpeg2k")) <= MOST_SLOW_FRAMES
    assert frames_to_look_at(1).tolist() == [0]


def test_bad_frames_are_left_out_and_nothing_but_bad_ones_is_told() -> None:
    def read(index: int) -> np.ndarray:
        if index % 2:
            raise UnreadableError("this frame ends early")
        return np.full((64, 64), index, np.uint8)

    grid = PolarGrid.centered(64, 64)
    found = look_through(np.arange(10), read, grid)
    assert found.frames.tolist() == [0, 2, 4, 6, 8]
    assert found.stack[2].max() == 4
    with pytest.raises(UnreadableError, match="can't be read"):
        look_through(np.arange(1, 10, 2), read, grid)


@pytest.mark.parametrize("hz", [10.0, 15.0])
def test_long_pauses_are_seen_where_speckle_is_new_on_every_frame(hz: float) -> None:
    seen, wrong = [], []
    for seed in (1, 2, 3):
        made = made_pullback(seed, "new", frames=int(30 * hz), hz=hz, pauses_s=(4.0, 6.0))
        found = motion(made)
        assert found.speed is None
        assert 0 < found.still_trust <= 0.6
        seen.append(found.stillness[made.still].mean())
        wrong.append(found.stillness[~made.still].mean())
        assert seen[-1] > 1.5 * wrong[-1]
    assert np.mean(seen) > 0.8
    assert np.mean(wrong) < 0.4  # long straight stretches of this vein look like a pause
