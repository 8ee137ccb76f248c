"""Centerlines from two clicks on made-up runs, against their exact truth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vein_scenes import Scene, Vessel, frames, scenes

from viewer.geometry.polyline import Polyline
from viewer.imaging.opacification import ContrastScale, Opacifier
from viewer.imaging.vein_picture import (
    VeinPicture,
    behind_collimator,
    difference_shows_veins,
    peak_shows_veins,
)
from viewer.imaging.vein_trace import Trace, VeinTracer, stretches, trace_through
from viewer.imaging.vessel_profile import vessel_profile
from viewer.model.study import PixelFormat

LIN = PixelFormat(bits_allocated=16, bits_stored=12, intensity_relationship="LIN")


@cache
def _scene(name: str, size: int) -> Scene:
    """A scene, drawn on fewer pixels to be quick."""
    scene = scenes()[name]
    if size == scene.size_px:
        return scene
    few = size / scene.size_px

    def smaller(item: Vessel) -> Vessel:
        return replace(item, course_px=item.course_px * few, half_px=item.half_px * few)

    return replace(
        scene,
        size_px=size,
        mm_per_px=scene.mm_per_px / few,
        vein=smaller(scene.vein),
        others=tuple(map(smaller, scene.others)),
        still=tuple(map(smaller, scene.still)),
        off_px=scene.off_px * few,
    )


@cache
def _picture(name: str, size: int = 512) -> VeinPicture:
    scene = _scene(name, size)
    stored = frames(scene, filled=3)
    scale = ContrastScale(dark=not scene.inverted, intensity=True)
    opacifier = Opacifier(stored[:3].astype(np.float32).mean(axis=0), scale, 3)
    for index in reversed(range(len(stored))):
        opacifier.add(index, stored[index].astype(np.float32))
    found = opacifier.result()
    assert peak_shows_veins(found)
    return VeinPicture.of_peak(found, scale, scene.mm_per_px)


def _distances_mm(trace: Trace, scene: Scene) -> np.ndarray:
    truth = Polyline.from_points(scene.truth_px())
    course = Polyline.from_points(trace.points_px)
    assert truth is not None
    assert course is not None
    places = course.at(np.arange(0, course.length_px, 1.0))
    return np.array([truth.project((x, y))[1] for x, y in places.tolist()]) * scene.mm_per_px


def _followed(trace: Trace, scene: Scene) -> float:
    """Share of the vein between the clicks that has the course within 2.5 mm."""
    course = Polyline.from_points(trace.points_px)
    truth = Polyline.from_points(scene.truth_px())
    assert truth is not None
    assert course is not None
    ends = sorted(truth.project(tuple(p))[0] for p in trace.points_px[[0, -1]].tolist())
    wanted = [s * truth.length_px for s in (scene.clicks[0] + 0.02, scene.clicks[-1] - 0.02)]
    assert ends[0] <= wanted[0]
    assert ends[1] >= wanted[1]
    places = truth.at(np.arange(wanted[0], wanted[1], 2.0))
    off = np.array([course.project((x, y))[1] for x, y in places.tolist()]) * scene.mm_per_px
    return float((off < 2.5).mean())


@pytest.mark.parametrize("name", scenes())
def test_two_clicks_follow_the_vein(name: str) -> None:
    scene = _scene(name, 512)
    trace = trace_through(VeinTracer(_picture(name)), scene.click_points())
    off_mm = _distances_mm(trace, scene)
    assert off_mm.mean() <= 0.5
    assert np.percentile(off_mm, 95) <= 1.5
    assert _followed(trace, scene) > 0.99


def test_full_size_and_many_clicks() -> None:
    scene = _scene("stenosis70", 1024)
    tracer = VeinTracer(_picture("stenosis70", 1024))
    for offset in range(3):
        off_mm = _distances_mm(trace_through(tracer, scene.click_points(offset)), scene)
        assert off_mm.mean() <= 0.3
        assert np.percentile(off_mm, 95) <= 1.0


def test_an_occlusion_is_a_guess_and_nothing_else_is() -> None:
    scene = _scene("occlusion", 512)
    trace = trace_through(VeinTracer(_picture("occlusion")), scene.click_points())
    assert len(stretches(trace.guessed)) == 1
    course = Polyline.from_points(scene.truth_px())
    assert course is not None
    arcs = np.array([course.project(tuple(p))[0] for p in trace.points_px[trace.guessed].tolist()])
    assert scene.gap_mm is not None
    low, high = np.array(scene.gap_mm) / scene.mm_per_px
    assert arcs.min() == pytest.approx(low, abs=5 / scene.mm_per_px)
    assert arcs.max() == pytest.approx(high, abs=5 / scene.mm_per_px)
    whole = trace_through(VeinTracer(_picture("wide")), _scene("wide", 512).click_points())
    assert not whole.guessed.any()


@pytest.mark.parametrize("name", ["wide", "narrow", "stenosis70", "streaming", "parallel"])
def test_widths_are_true(name: str) -> None:
    scene, picture = _scene(name, 512), _picture(name)
    trace = trace_through(VeinTracer(picture), scene.click_points())
    course = Polyline.from_points(trace.points_px)
    truth = Polyline.from_points(scene.truth_px())
    assert truth is not None
    assert course is not None
    profile = vessel_profile(picture, course)
    arcs = [truth.project(tuple(p))[0] for p in course.at(profile.arc_px).tolist()]
    true_mm = 2 * np.interp(arcs, scene.vein.arc_px, scene.vein.half_px) * scene.mm_per_px
    off_mm = profile.diameter_px * scene.mm_per_px - true_mm
    known = np.isfinite(off_mm)
    assert known.mean() > 0.85
    assert abs(np.median(off_mm[known])) < 0.5
    assert np.percentile(np.abs(off_mm[known]), 90) < 1.2


def test_an_occluded_stretch_has_no_width() -> None:
    scene, picture = _scene("occlusion", 512), _picture("occlusion")
    course = Polyline.from_points(scene.truth_px())
    assert course is not None
    assert scene.gap_mm is not None
    profile = vessel_profile(picture, course)
    arc_mm = profile.arc_px * scene.mm_per_px
    inside = (arc_mm > scene.gap_mm[0] + 3) & (arc_mm < scene.gap_mm[1] - 3)
    assert np.isnan(profile.diameter_px[inside]).all()
    assert np.isnan(profile.left_px[inside]).all()
    assert np.isfinite(profile.diameter_px[arc_mm < scene.gap_mm[0] - 8]).mean() > 0.9


def test_a_turned_run_gives_the_turned_course() -> None:
    scene, picture = _scene("narrow", 512), _picture("narrow")
    clicks = scene.click_points()
    straight = trace_through(VeinTracer(picture), clicks)
    turned_density = np.ascontiguousarray(picture.density.T)
    turned = VeinPicture(turned_density, picture.mm_per_px, "turned")
    other = trace_through(VeinTracer(turned), [(y, x) for x, y in clicks])
    course = Polyline.from_points(straight.points_px)
    assert course is not None
    off_px = [course.project((y, x))[1] for x, y in other.points_px.tolist()]
    assert max(off_px) * picture.mm_per_px < 0.7


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.floats(0, 511), st.floats(0, 511)),
    st.tuples(st.floats(0, 511), st.floats(0, 511)),
    st.tuples(st.booleans(), st.booleans()),
)
def test_any_two_clicks_give_a_course_inside_the_image(
    start: tuple[float, float], end: tuple[float, float], free: tuple[bool, bool]
) -> None:
    tracer = _tracer("wide")
    trace = tracer.trace(tracer.front(start).path_to(end), free, 1)
    assert np.isfinite(trace.points_px).all()
    assert trace.points_px.min() >= 0
    assert trace.points_px.max() <= 511
    assert len(trace.guessed) == len(trace.points_px)
    for fixed, point, place in zip(free, (start, end), (0, -1), strict=True):
        if not fixed:
            assert trace.points_px[place] == pytest.approx(point, abs=1e-6)


def test_short_courses_keep_their_ends() -> None:
    tracer = _tracer("wide")
    for length in (0.0, 0.5, 3.0, 9.0):
        start, end = (200.0, 200.0), (200.0 + length, 201.0)
        trace = tracer.trace(tracer.front(start).path_to(end), (False, False))
        assert trace.points_px[0] == pytest.approx(start, abs=1e-6)
        assert trace.points_px[-1] == pytest.approx(end, abs=1e-6)


@cache
def _tracer(name: str) -> VeinTracer:
    return VeinTracer(_picture(name))


def test_one_frame_alone_is_enough_without_the_collimator() -> None:
    scene = _scene("catheter", 512)
    stored = frames(scene, masks=1, filled=3)[2].copy()
    y, x = np.mgrid[:512, :512]
    rim = np.hypot(x - 256, y - 256) > 285
    stored[rim] = 3
    picture = VeinPicture.of_frame(LIN, stored, scene.mm_per_px)
    assert picture.hidden is not None
    assert (picture.hidden & ~rim).mean() < 0.03
    assert (rim & ~picture.hidden).mean() < 0.01
    clicks = replace(scene, clicks=(0.2, 0.8)).click_points()
    off_mm = _distances_mm(trace_through(VeinTracer(picture), clicks), scene)
    assert off_mm.mean() <= 1.0
    assert np.percentile(off_mm, 95) <= 2.5


def test_a_picture_without_collimator_hides_nothing() -> None:
    stored = frames(_scene("narrow", 512), masks=1, filled=0)[0]
    assert VeinPicture.of_frame(LIN, stored, 0.5).hidden is None
    grey = PixelFormat(bits_stored=8, intensity_relationship="DISP")
    assert VeinPicture.of_frame(grey, (stored // 16).astype(np.uint8), 0.5).hidden is None
    assert behind_collimator(np.full((64, 64), 5.0, np.float32), logarithm=True) is None


def test_a_mask_that_no_longer_fits_is_seen() -> None:
    scene = _scene("wide", 512)
    stored = np.log(frames(scene, masks=1, filled=2).astype(np.float32))
    assert difference_shows_veins(stored[1] - stored[0])
    moved = np.roll(stored[1], (25, 12), (0, 1))
    assert not difference_shows_veins(moved - stored[0])


def test_an_empty_picture_gives_a_guess_between_the_clicks() -> None:
    picture = VeinPicture(np.zeros((200, 300), np.float32), 0.5, "nothing")
    trace = trace_through(VeinTracer(picture), [(20.0, 30.0), (250.0, 150.0)])
    assert trace.guessed.all()
    assert trace.points_px[0] == pytest.approx((20, 30), abs=2)
    assert trace.points_px[-1] == pytest.approx((250, 150), abs=2)


def test_stretches_are_first_and_one_after_last() -> None:
    flags = np.array([True, True, False, True, False, False, True])
    assert stretches(flags) == [(0, 2), (3, 4), (6, 7)]
    assert stretches(np.zeros(3, bool)) == []
