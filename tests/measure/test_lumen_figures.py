"""Figures of closed borders against shapes whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.measure.directions import chords
from viewer.measure.lumen import calmed, curve_of, figures_of, quantities
from viewer.measure.lumen_curve import running_quantile
from viewer.model.calibration import UNCALIBRATED, Calibration, CalibrationSource
from viewer.model.contour import Contour, ContourStatus

RECTANGLE = np.array([[10.0, 20.0], [50.0, 20.0], [50.0, 40.0], [10.0, 40.0]])
SCALE = Calibration(0.1, CalibrationSource.ULTRASOUND_REGION, 0.02, "", (0.0, 0.0, 511.0, 511.0))


def ellipse(a: float, b: float, turn_deg: float, n: int = 720) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    x, y = a * np.cos(t), b * np.sin(t)
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return np.stack((200 + c * x - s * y, 180 + s * x + c * y), axis=1)


def test_a_rectangle_is_exact() -> None:
    one = figures_of(RECTANGLE[None])
    assert one.area_px2[0] == pytest.approx(800.0)
    assert one.perimeter_px[0] == pytest.approx(120.0)
    assert one.min_diameter_px[0] == pytest.approx(20.0)
    assert one.min_angle_deg[0] == 90.0
    assert one.max_diameter_px[0] == pytest.approx(np.hypot(40, 20), rel=6e-3)
    np.testing.assert_allclose(one.centroid_px[0], (30.0, 30.0))
    # second moments w²/12 and h²/12: b/a = h/w
    assert one.eccentricity[0] == pytest.approx(np.sqrt(1 - 0.25))


@given(st.floats(20, 90), st.floats(0.2, 1.0), st.floats(0, 180))
def test_an_ellipse(a: float, share: float, turn: float) -> None:
    one = figures_of(ellipse(a, a * share, turn)[None])
    assert one.area_px2[0] == pytest.approx(np.pi * a * a * share, rel=1e-3)
    assert one.min_diameter_px[0] == pytest.approx(2 * a * share, rel=2e-3)
    assert one.max_diameter_px[0] == pytest.approx(2 * a, rel=4e-3)
    assert one.equivalent_diameter_px[0] == pytest.approx(2 * a * np.sqrt(share), rel=1e-3)
    assert one.aspect[0] == pytest.approx(share, rel=6e-3)
    assert one.eccentricity[0] == pytest.approx(np.sqrt(1 - share**2), abs=5e-3)


def test_direction_of_drawing_does_not_matter_and_chords_agree() -> None:
    outline = ellipse(60, 22, 35.0, 64)
    both = figures_of(np.stack((outline, outline[::-1])))
    np.testing.assert_allclose(both.area_px2[0], both.area_px2[1])
    np.testing.assert_allclose(both.min_diameter_px[0], both.min_diameter_px[1])
    alone = chords(outline, np.arange(180.0))
    assert both.min_diameter_px[0] == pytest.approx(alone.min())
    assert both.max_diameter_px[0] == pytest.approx(alone.max())


def test_tall_pixels_count_as_tall() -> None:
    one = figures_of(RECTANGLE[None], aspect=2.0)
    assert one.area_px2[0] == pytest.approx(1600.0)
    assert one.min_diameter_px[0] == pytest.approx(40.0)


def test_quantities_in_mm_with_their_sigma() -> None:
    contour = Contour.of("u", 3, RECTANGLE, status=ContourStatus.ACCEPTED, by="Dr A")
    told = quantities(contour, SCALE, on="pullback 1")
    area = told["area"]
    assert area.value == pytest.approx(8.0)
    assert (area.unit, area.accepted_by) == ("mm²", "Dr A")
    # border 120 px x 1 px = 1.2 mm²; scale 2 x 2 % of 8 mm²
    assert area.sigma == pytest.approx(np.hypot(1.2, 0.32))
    assert "frame 4" in area.on
    low = told["min_diameter"]
    assert low.sigma == pytest.approx(np.hypot(0.2, 0.04))
    assert told["aspect"].unit == "min / max"


def test_no_scale_gives_pixels_without_sigma() -> None:
    told = quantities(Contour.of("u", 3, RECTANGLE), UNCALIBRATED)
    assert (told["area"].value, told["area"].unit, told["area"].sigma) == (800.0, "px²", None)
    off_region = Calibration(0.1, CalibrationSource.ULTRASOUND_REGION, 0.02, "", (0, 0, 45, 99))
    assert quantities(Contour.of("u", 3, RECTANGLE), off_region)["area"].unit == "px²"


def test_a_curve_is_calmed_of_single_beats_and_keeps_steps() -> None:
    contours = [
        Contour.of("u", k, ellipse(40 if k < 20 else 60, 30, 0.0, 64) * (1.15 if k == 9 else 1.0))
        for k in range(40)
    ]
    raw = curve_of(contours, SCALE)
    calm = calmed(raw)
    assert raw.unit == "mm"
    assert raw.area[9] > 1.25 * raw.area[8]
    assert calm.area[9] == pytest.approx(raw.area[8], rel=1e-6)
    assert calm.max_diameter[30] == pytest.approx(12.0, rel=5e-3)
    assert calmed(raw, cycle_frames=5).area[9] == pytest.approx(raw.area[8], rel=1e-6)
    assert len(curve_of([], SCALE)) == 0


@given(
    st.lists(
        st.tuples(st.floats(0, 60), st.one_of(st.just(np.nan), st.floats(1, 400))),
        min_size=1,
        max_size=60,
    ),
    st.floats(0.5, 20),
    st.sampled_from([0.0, 0.5, 0.8, 1.0]),
)
def test_running_quantiles_are_those_of_numpy_on_every_window(
    row: list[tuple[float, float]], reach: float, share: float
) -> None:
    at, values = (np.array(column) for column in zip(*row, strict=True))
    found = running_quantile(at, values, reach, share)
    for k, place in enumerate(at):
        window = values[(at >= place - reach) & (at <= place + reach)]
        window = window[np.isfinite(window)]
        if len(window):
            assert found[k] == pytest.approx(np.quantile(window, share), rel=1e-9)
        else:
            assert np.isnan(found[k])


def test_one_edited_border_leaves_the_figures_of_all_others() -> None:
    drawn = [Contour.of("u", frame, RECTANGLE) for frame in range(4)]
    first = curve_of(drawn, Calibration())
    moved = Contour.of("u", 2, RECTANGLE * 1.5)
    again = curve_of([*drawn[:2], moved, drawn[3]], Calibration())
    assert again.area[[0, 1, 3]].tolist() == first.area[[0, 1, 3]].tolist()
    assert again.area[2] == pytest.approx(2.25 * first.area[2], rel=1e-2)
    wide = curve_of(drawn, Calibration(), aspect=2.0)
    assert wide.area == pytest.approx(2.0 * first.area)
