"""The width of a catheter, on exact tubes and on a real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.errors import ViewerError
from viewer.imaging.catheter_width import catheter_width
from viewer.imaging.shadow import sampled, shadow_of
from viewer.model.study import PixelFormat

CENTRE = (48.3, 47.8)
FINE = 5


def tube(
    width_px: float, angle_deg: float, *, emptied: float = 0.0, noise: float = 0.0, seed: int = 0
) -> NDArray[np.float64]:
    """The blurred shadow of a straight tube through CENTRE, 96 x 96, each pixel an exact mean."""
    at = (np.arange(96 * FINE) + 0.5) / FINE - 0.5
    x, y = np.meshgrid(at, at)
    angle = np.radians(angle_deg)
    off = (x - CENTRE[0]) * np.cos(angle) + (y - CENTRE[1]) * np.sin(angle)

    def chord(radius: float) -> NDArray[np.float64]:
        return 2 * np.sqrt(np.maximum(radius**2 - off**2, 0))

    fine = chord(width_px / 2) - emptied * chord(0.66 * width_px / 2)
    image = ndimage.gaussian_filter(fine.reshape(96, FINE, 96, FINE).mean(axis=(1, 3)), 0.9)
    image = image / image.max() + 0.002 * np.arange(96)
    return np.asarray(image + noise * np.random.default_rng(seed).standard_normal(image.shape))


def ends(width_px: float, angle_deg: float) -> tuple[tuple[float, float], tuple[float, float]]:
    angle, reach = np.radians(angle_deg), 1.3 * width_px
    dx, dy = reach * np.cos(angle), reach * np.sin(angle)
    return (CENTRE[0] - dx, CENTRE[1] - dy), (CENTRE[0] + dx, CENTRE[1] + dy)


@settings(max_examples=15, deadline=None)
@given(
    width_px=st.floats(6, 20),
    angle_deg=st.floats(0, 180),
    lean_deg=st.floats(-12, 12),
    brighter=st.booleans(),
)
def test_a_solid_tube_within_one_percent_however_the_line_leans(
    width_px: float, angle_deg: float, lean_deg: float, brighter: bool
) -> None:
    image = tube(width_px, angle_deg)
    found = catheter_width(
        -3.0 * image if brighter else image, *ends(width_px, angle_deg + lean_deg)
    )
    assert found.width_px == pytest.approx(width_px, rel=0.01)


@pytest.mark.parametrize(("width_px", "within"), [(8.0, 0.08), (12.0, 0.04), (20.0, 0.01)])
def test_a_hollow_tube_is_as_wide_as_its_wall(width_px: float, within: float) -> None:
    found = catheter_width(tube(width_px, 20, emptied=1.0), *ends(width_px, 20))
    assert found.width_px == pytest.approx(width_px, rel=within)


def test_noise_shows_in_the_standard_error() -> None:
    errors, told = [], []
    for seed in range(6):
        found = catheter_width(tube(10.0, 65, noise=0.05, seed=seed), *ends(10.0, 65))
        errors.append(abs(found.width_px - 10.0))
        told.append(found.sigma_px)
    assert max(errors) < 0.25
    assert 0.01 < np.mean(told) < 0.3


def test_edges_lie_on_the_drawn_line_a_width_apart() -> None:
    (x0, y0), (x1, y1) = catheter_width(tube(10.0, 0), *ends(10.0, 0)).edges_px
    assert y0 == pytest.approx(y1)
    assert (x0 + x1) / 2 == pytest.approx(CENTRE[0], abs=0.05)
    assert x1 - x0 == pytest.approx(10.0, rel=0.01)


@pytest.mark.parametrize(
    "line",
    [((48.0, 48.0), (50.0, 48.0)), ((5.0, 90.0), (25.0, 90.0)), ((-90.0, 0.0), (-50.0, 0.0))],
)
def test_no_catheter_there_is_said(line: tuple[tuple[float, float], tuple[float, float]]) -> None:
    image = np.random.default_rng(1).standard_normal((96, 96)) * 0.01
    image[:, 40:50] += 1.0
    with pytest.raises(ViewerError) as caught:
        catheter_width(image, *line)
    assert "line" in caught.value.what
    assert caught.value.hint


def test_a_real_tube_has_one_width_on_every_frame(shared_data: Path) -> None:
    (run,) = index([shared_data / "xa" / "xa_catheter_12f_jpegll.dcm"]).image_sets
    frames = open_frames(run)
    widths = []
    for frame in (0, 5, 11):
        shadow = shadow_of(frames.frame(frame), run.pixels)
        widths.append(catheter_width(shadow, (152.0, 236.0), (186.0, 233.0)).width_px)
    frames.close()
    assert 9.0 < min(widths) <= max(widths) < 14.0
    assert np.ptp(widths) < 0.8


def test_shadows_are_larger_where_more_was_absorbed() -> None:
    values = np.array([[100, 200], [50, 400]], np.uint16)
    linear = shadow_of(values, PixelFormat(intensity_relationship="LIN"))
    assert linear[0, 0] - linear[0, 1] == pytest.approx(np.log(2.0), rel=1e-5)
    plain = shadow_of(values, PixelFormat())
    assert plain.tolist() == [[-100, -200], [-50, -400]]
    inverted = shadow_of(values, PixelFormat(photometric="MONOCHROME1"))
    assert (inverted - inverted[0, 0]).tolist() == [[0, 100], [-50, 300]]
    colour = shadow_of(np.dstack([values] * 3), PixelFormat(samples=3, photometric="RGB"))
    assert colour.tolist() == plain.tolist()


def test_values_between_pixels() -> None:
    image = np.array([[0.0, 1.0], [2.0, 3.0]])
    at = np.array([[0.5, 0.5], [1.0, 0.25], [-3.0, 9.0]])
    assert sampled(image, at).tolist() == pytest.approx([1.5, 1.5, 2.0])


def test_a_lumen_full_of_contrast_hides_the_wall_less_when_it_is_said() -> None:
    off, said, unsaid = np.arange(3), [], []
    for k in off:
        image = tube(14.0 + k, 30 * k, emptied=-1.5)
        said.append(catheter_width(image, *ends(14.0 + k, 30 * k), filled=True).width_px)
        unsaid.append(catheter_width(image, *ends(14.0 + k, 30 * k)).width_px)
    assert said == pytest.approx(14.0 + off, rel=0.08)
    assert (np.array(unsaid) < 0.9 * (14.0 + off)).all()
