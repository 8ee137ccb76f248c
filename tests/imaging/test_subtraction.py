from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.imaging.log_domain import LogDomain
from viewer.imaging.mask_shift import shifted
from viewer.imaging.subtraction import (
    Look,
    Mask,
    Subtraction,
    automatic_window,
    average_mask,
)
from viewer.model.study import PixelFormat, Window

LIN = PixelFormat(bits_allocated=16, bits_stored=12, intensity_relationship="LIN")
WINDOW = Window(-0.25, 1.0, "LINEAR_EXACT")


def lin_mask(level: int = 1000, shape: tuple[int, int] = (80, 96)) -> Mask:
    domain = LogDomain.of(LIN)
    return average_mask([domain.of_frame(np.full(shape, level, np.uint16))], [0])[0]


@given(
    intensity=st.integers(200, 4000),
    attenuation=st.floats(0.05, 2.0),
)
def test_contrast_is_negative_and_counts_the_same_whatever_lies_behind_it(
    intensity: int, attenuation: float
) -> None:
    behind = np.array([[intensity * 1000, intensity * 4000]], np.uint32)
    frame = np.rint(behind * np.exp(-attenuation)).astype(np.uint32)
    domain = LogDomain.of(LIN)
    mask, _ = average_mask([domain.of_frame(behind)], [0])
    result = Subtraction(domain, mask).difference(frame)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, -attenuation, atol=2e-4)


def test_logarithmic_and_processed_values_are_taken_as_stored() -> None:
    frame = np.array([[10, 200]], np.uint16)
    for relationship in ("LOG", "DISP", "", "OTHER"):
        domain = LogDomain.of(PixelFormat(intensity_relationship=relationship))
        assert domain.of_frame(frame).tolist() == [[10.0, 200.0]]
        assert not domain.logarithm
    assert "unstated" in LogDomain.of(PixelFormat()).text


def test_values_that_grow_with_what_is_absorbed_are_turned() -> None:
    frame = np.array([[1000, 2000]], np.uint16)
    falling = PixelFormat(bits_stored=12, intensity_relationship="LIN", intensity_sign=-1)
    result = LogDomain.of(falling).of_frame(frame)
    np.testing.assert_allclose(result, np.log([[3095.0, 2095.0]]), rtol=1e-6)
    inverse = PixelFormat(bits_stored=12, intensity_relationship="DISP", photometric="MONOCHROME1")
    assert LogDomain.of(inverse).of_frame(frame).tolist() == [[3095.0, 2095.0]]


def test_no_intensity_at_all_gives_a_number() -> None:
    result = LogDomain.of(LIN).of_frame(np.array([[0, 1, 2]], np.uint16))
    assert result.tolist() == [[0.0, 0.0, pytest.approx(np.log(2), rel=1e-6)]]


def test_a_mask_is_the_mean_of_its_frames_in_the_domain() -> None:
    domain = LogDomain.of(LIN)
    frames = [np.full((4, 4), v, np.uint16) for v in (500, 2000)]
    mask, _ = average_mask([domain.of_frame(f) for f in frames], (3, 7))
    np.testing.assert_allclose(mask.image, np.log(1000.0), rtol=1e-6)
    assert mask.frames == (3, 7)
    assert not mask.image.flags.writeable
    with pytest.raises(ValueError, match="at least one"):
        average_mask([], [])


def test_averaged_frames_can_be_laid_onto_each_other_first() -> None:
    rng = np.random.default_rng(5)
    from scipy import ndimage

    picture = ndimage.gaussian_filter(rng.standard_normal((200, 200)), 3.0).astype(np.float32)
    picture /= picture.std()
    moved = [shifted(picture, dx, 0.0) for dx in (-1.5, 0.0, 1.5)]
    plain, _ = average_mask(moved, (0, 1, 2))
    aligned, spread = average_mask(moved, (0, 1, 2), align=True)
    inner = (slice(20, -20), slice(20, -20))
    assert spread == pytest.approx(1.5, abs=0.05)
    assert np.abs(aligned.image - picture)[inner].max() < 0.05
    assert np.abs(plain.image - picture)[inner].max() > 0.2


@given(kept=st.floats(0.0, 1.0))
def test_landmarking_keeps_that_share_of_the_anatomy(kept: float) -> None:
    domain = LogDomain.of(LIN)
    anatomy = np.array([[800, 1200], [1000, 1000]], np.uint16).repeat(8, 0).repeat(8, 1)
    mask, _ = average_mask([domain.of_frame(anatomy)], [0])
    result = Subtraction(domain, mask).difference(anatomy, landmarking=kept)
    expected = kept * (np.log(anatomy) - mask.level)
    np.testing.assert_allclose(result, expected, atol=2e-5)


@settings(max_examples=40)
@given(
    dx=st.floats(-8, 8),
    dy=st.floats(-8, 8),
    kept=st.sampled_from((0.0, 0.3)),
    rows=st.integers(5, 150),
    inverted=st.booleans(),
)
def test_what_is_shown_is_the_difference_through_the_window(
    dx: float, dy: float, kept: float, rows: int, inverted: bool
) -> None:
    rng = np.random.default_rng(3)
    frame = rng.integers(300, 3000, (rows, 40)).astype(np.uint16)
    domain = LogDomain.of(LIN)
    mask, _ = average_mask([domain.of_frame(np.roll(frame, 2, axis=1))], [0])
    work = Subtraction(domain, mask)
    shown = work.show(frame, (dx, dy), Look(WINDOW, kept, inverted=inverted))
    levels = (work.difference(frame, (dx, dy), kept) - WINDOW.center) / WINDOW.width * 255 + 127.5
    levels = 255 - levels if inverted else levels
    assert shown.dtype == np.uint8
    assert np.abs(shown - np.clip(np.rint(levels), 0, 255)).max() <= 1


def test_edges_are_enhanced_and_flat_parts_are_not() -> None:
    domain, mask = LogDomain.of(LIN), lin_mask()
    frame = np.full(mask.image.shape, 1000, np.uint16)
    frame[:, 48:] = 800
    work = Subtraction(domain, mask)
    plain = work.show(frame, (0.0, 0.0), Look(WINDOW)).astype(int)
    sharp = work.show(frame, (0.0, 0.0), Look(WINDOW, edges=1.0)).astype(int)
    assert (sharp[:, :40] == plain[:, :40]).all()
    assert (sharp[:, 56:] == plain[:, 56:]).all()
    step = plain[0, 40] - plain[0, 60]
    assert (sharp[:, 47] - sharp[:, 48] > 1.5 * step).all()


def test_a_frame_of_another_size_is_refused() -> None:
    work = Subtraction(LogDomain.of(LIN), lin_mask())
    with pytest.raises(ValueError, match="does not fit"):
        work.difference(np.zeros((10, 10), np.uint16))


def test_the_automatic_window_has_contrast_dark_and_background_light() -> None:
    rng = np.random.default_rng(0)
    picture = rng.normal(0.0, 0.03, (128, 128)).astype(np.float32)
    picture[40:60] -= 0.8
    window = automatic_window(picture)
    grey = ((picture - window.center) / window.width + 0.5) * 255
    assert np.median(grey[40:60]) < 40
    assert 170 < np.median(grey[80:]) < 250
    flat = automatic_window(np.zeros((8, 8), np.float32))
    assert flat.width > 0


@given(dx=st.integers(-30, 30), dy=st.integers(-30, 30))
def test_a_shift_by_whole_pixels_moves_values_exactly(dx: int, dy: int) -> None:
    rng = np.random.default_rng(8)
    picture = rng.random((70, 24)).astype(np.float32)
    y = np.clip(np.arange(70) - dy, 0, 69)
    x = np.clip(np.arange(24) - dx, 0, 23)
    np.testing.assert_array_equal(shifted(picture, dx, dy), picture[np.ix_(y, x)])


@given(dx=st.floats(-3, 3), dy=st.floats(-3, 3))
def test_a_shift_by_parts_of_a_pixel_moves_waves_by_that_much(dx: float, dy: float) -> None:
    y, x = np.mgrid[0:90, 0:80].astype(np.float64)

    def waves(by_x: float, by_y: float) -> np.ndarray:
        return np.sin((x - by_x) / 5) + np.cos((y - by_y) / 4)

    result = shifted(waves(0, 0).astype(np.float32), dx, dy)
    inner = (slice(6, -6), slice(6, -6))
    np.testing.assert_allclose(result[inner], waves(dx, dy)[inner], atol=4e-3)
