"""True length and foreshortening against veins whose course in space is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from vein_pair_samples import Sample, sample

from viewer.geometry.carm import Projection
from viewer.geometry.polyline import Polyline
from viewer.geometry.reconstruction import (
    NoPath,
    Pair,
    Path3D,
    ViewLine,
    reconstruct,
    strong_foreshortening,
)
from viewer.phantom.anatomy import nivl_anatomy
from viewer.phantom.carm import CArm


def path_of(made: Sample) -> Path3D:
    found = reconstruct(*made.views, made.pairs)
    assert isinstance(found, Path3D)
    return found


def lost_error(made: Sample, found: Path3D) -> float:
    """Mean difference of foreshortening along the vein, percentage points."""
    at = np.linspace(0, 1, 100)
    errors = []
    for estimated, true in zip(found.foreshortening, made.lost, strict=True):
        told = np.interp(at, found.arc_mm / found.length_mm, estimated)
        errors.append(np.abs(told - np.interp(at, made.common_mm / made.common_mm[-1], true)))
    return float(np.mean(errors))


def judged(count: int, **kind: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Length errors in percent, the same over their ±, foreshortening errors in points."""
    errors, scores, lost = [], [], []
    for seed in range(count):
        made = sample(seed, **kind)  # type: ignore[arg-type]
        found = path_of(made)
        off = found.length_mm - made.length_mm
        errors.append(100 * abs(off) / made.length_mm)
        scores.append(abs(off) / found.length_sigma_mm)
        lost.append(lost_error(made, found))
    return np.array(errors), np.array(scores), np.array(lost)


def test_exact_lines_of_one_stretch_give_its_length() -> None:
    errors, _, lost = judged(6, marks=0, table_mm=0.0, breath_mm=0.0, cut=0.0, noise_px=0.0)
    assert np.median(errors) < 0.7
    assert errors.max() < 2.0
    assert np.median(lost) < 1.0


def test_moved_tables_other_extents_and_clicks_with_two_landmarks() -> None:
    errors, scores, lost = judged(16, marks=2)
    assert np.median(errors) < 1.5
    assert np.mean(errors <= 3.0) >= 0.9
    assert errors.max() < 6.0
    assert np.mean(lost <= 5.0) >= 0.95
    assert np.mean(scores < 1.0) >= 0.5
    assert np.mean(scores < 2.0) >= 0.9


def test_views_that_turn_about_the_patient_are_surer_than_needed() -> None:
    errors, _, lost = judged(8, marks=2, angle=(30.0, 60.0), tilt=3.0)
    assert errors.max() < 4.0
    assert lost.max() < 5.0


def test_a_measured_scale_makes_the_length_surer() -> None:
    made = sample(3, marks=2, angle=(20.0, 30.0))
    plain = path_of(made)
    first = made.views[0]
    scale = float(first.view.mm_per_px(first.view.sod_mm))
    told = reconstruct(replace(first, mm_per_px=scale, relative=0.01), made.views[1], made.pairs)
    assert isinstance(told, Path3D)
    assert told.length_sigma_mm < 0.8 * plain.length_sigma_mm
    assert "measured on the image" in told.source


def nivl_views() -> tuple[ViewLine, ViewLine, np.ndarray]:
    anatomy = nivl_anatomy()
    path = anatomy.vein.at(np.arange(0.0, anatomy.path_length_mm, 1.0))
    views = []
    for primary in (0.0, 30.0):
        arm = CArm(1180.0, 810.0, 0.37, 1024, primary)
        line = Polyline.from_points(arm.project(path))
        assert line is not None
        view = Projection(primary, 0.0, 1180.0, 810.0, (0.37, 0.37), (511.5, 511.5))
        views.append(ViewLine(view, line, str(primary)))
    return views[0], views[1], path


def test_the_built_in_case() -> None:
    first, second, path = nivl_views()
    found = reconstruct(first, second)
    assert isinstance(found, Path3D)
    assert found.length_mm == pytest.approx(len(path) - 1.0, rel=0.015)
    assert found.angle_deg == pytest.approx(30.0)
    assert found.epipolar_error_mm < 0.5
    assert any("shortens" in text for text in found.warnings)
    until = f"name a landmark on both; until then the length is ± {found.length_sigma_mm:.0f} mm"
    assert any(until in text for text in found.warnings)


def test_lines_drawn_differently_far_are_tied_where_both_show_the_vein() -> None:
    first, second, _ = nivl_views()
    part = replace(first, line=_part(first.line, 60, 190))
    other = replace(second, line=_part(second.line, 20, 150))
    marks = [Pair(str(k), _at(first.line, k), _at(second.line, k)) for k in (80, 130)]
    found = reconstruct(part, other, marks)
    assert isinstance(found, Path3D)
    assert found.length_mm == pytest.approx(90.0, rel=0.03)
    true = found.true_mm(0)
    assert len(true) == len(part.line.points_px)
    assert (np.diff(true) > 0).all()
    assert true[90] == pytest.approx(90.0, rel=0.04)
    lost = found.foreshortening_at(0, part.line.arc_px)
    assert np.isfinite(lost[:85]).all()
    assert np.isnan(lost[100:]).all()


def test_a_line_drawn_the_other_way_is_turned_over() -> None:
    first, second, _ = nivl_views()
    plain = reconstruct(first, second)
    turned_line = Polyline.from_points(second.line.points_px[::-1])
    assert turned_line is not None
    turned = reconstruct(first, replace(second, line=turned_line))
    assert isinstance(plain, Path3D)
    assert isinstance(turned, Path3D)
    assert turned.length_mm == pytest.approx(plain.length_mm, rel=1e-3)
    assert any("turned over" in text for text in turned.warnings)
    np.testing.assert_allclose(
        turned.true_mm(1), plain.true_mm(1)[-1] - plain.true_mm(1)[::-1], atol=0.6
    )


def test_the_patient_s_shift_is_found_from_landmarks() -> None:
    first, second, path = nivl_views()
    arm = CArm(1180.0, 810.0, 0.37, 1024, 30.0)
    line = Polyline.from_points(arm.project(path + np.array([0.0, 0.0, 15.0])))
    assert line is not None
    moved = replace(second, line=line)
    marks = [Pair(str(k), _at(first.line, k), _at(line, k)) for k in (40, 200)]
    found = reconstruct(first, moved, marks)
    assert isinstance(found, Path3D)
    assert found.shift_mm[2] == pytest.approx(15.0, abs=1.5)
    assert found.shift_sigma_mm[2] < 2.0
    assert found.length_mm == pytest.approx(len(path) - 1.0, rel=0.02)


def test_a_landmark_that_is_another_place_is_pointed_at() -> None:
    first, second, _ = nivl_views()
    marks = [Pair(f"mark {k}", _at(first.line, k), _at(second.line, k)) for k in (30, 90, 220)]
    wrong = Pair("mark 150", _at(first.line, 150), _at(second.line, 180))
    found = reconstruct(first, second, [*marks, wrong])
    assert isinstance(found, Path3D)
    assert any("mark 150" in text for text in found.warnings)


def test_views_too_near_to_one_another_are_refused_in_words() -> None:
    first, second, _ = nivl_views()
    near = replace(second, view=replace(second.view, primary_deg=12.0))
    found = reconstruct(first, near)
    assert found == NoPath(
        "The views are 12° apart; depth needs at least 20°", "Choose a run from another angle."
    )


def test_lines_of_no_common_stretch_are_refused() -> None:
    first, second, _ = nivl_views()
    found = reconstruct(
        replace(first, line=_part(first.line, 0, 40)),
        replace(second, line=_part(second.line, 180, 250)),
    )
    assert isinstance(found, NoPath)


def test_strong_foreshortening_is_told_with_its_place() -> None:
    arc = np.arange(0.0, 100.0)
    text = strong_foreshortening(arc, np.where((arc > 30) & (arc < 51), 29.0, 3.0))
    assert text.startswith("shortens 20 mm of the vein by more than 20 %")
    assert strong_foreshortening(arc, np.full(100, 19.9)) == ""


def _part(line: Polyline, first: int, last: int) -> Polyline:
    cut = Polyline.from_points(line.points_px[first : last + 1])
    assert cut is not None
    return cut


def _at(line: Polyline, index: int) -> tuple[float, float]:
    x, y = line.points_px[index].tolist()
    return x, y
