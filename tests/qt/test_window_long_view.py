"""The re-timed long view and the 90 % band in the real window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from window_samples import Desk

from viewer.model.coregistration import SyncMode
from viewer.session import facts
from viewer.session.state import AxisKind


@pytest.fixture
def short(desk: Desk) -> Desk:
    """The tied case with a centerline that ends before the pullback does, by landmarks alone."""
    session = desk.session
    (line,), (tie,) = session.review.centerlines, session.review.coregistrations
    cut = replace(line, knots_px=line.knots_px[1:-1], courses=())
    marks = tie.landmarks[1:-1] if len(tie.landmarks) > 3 else tie.landmarks
    tied = replace(tie, mode=SyncMode.LANDMARKS, landmarks=marks)
    session.edit("Short", session.review.with_centerline(cut).with_coregistration(tied))
    desk.settle()
    return desk


def test_what_is_past_the_centerline_or_the_landmarks_is_hatched(short: Desk) -> None:
    position = short.session.position_map
    assert position is not None
    assert not position.inside.all()
    axis = short.session.placing.axis()
    assert axis.ends is not None
    assert axis.places.min() < axis.ends[0] or axis.places.max() > axis.ends[1]
    drawn = short.picture(short.canvas).astype(int)
    row = short.canvas._rows.long_view
    amber = (drawn[..., 0] > 190) & (drawn[..., 1] > 130) & (drawn[..., 2] < 110)
    end = axis.ends[0] if axis.places.min() < axis.ends[0] else axis.ends[1]
    x = round(short.canvas._scale.x(end))
    top, bottom = round(row.top()), round(row.bottom())
    assert amber[top:bottom, x - 2 : x + 3].any(axis=1).mean() > 0.3  # the dashed end


def test_the_axis_takes_the_frames_along_the_vein_in_time_or_one_by_one(desk: Desk) -> None:
    session = desk.session
    position = session.position_map
    assert position is not None
    for kind, unit in ((AxisKind.VEIN, "mm"), (AxisKind.TIME, "s"), (AxisKind.FRAMES, "")):
        desk.do(f"axis.{kind.value}")
        axis = session.placing.axis()
        assert (axis.kind, axis.unit) == (kind, unit)
        assert axis.sureness is not None
        assert len(axis.sureness.half_band) == len(axis.places) == len(position)
        assert np.array_equal(axis.sureness.extrapolated, ~position.solid)


def test_every_plus_minus_of_a_place_is_half_the_same_band(desk: Desk) -> None:
    session = desk.session
    session.set_pullback_frame(33)
    position = session.position_map
    assert position is not None
    low, high = session.placing.band(33)
    half = (float(position.high[33]) - float(position.low[33])) / 2
    assert (high - low) / 2 == pytest.approx(half)
    assert session.placing.text(33).endswith(f"mm ± {half:.1f}")
    assert facts.sigma_here(session).startswith(f"± {half:.1f} mm here")
    assert facts.tie_quality(session).worst == pytest.approx(
        float((position.high - position.low).max()) / 2
    )
    assert "90 % band" in desk.window.status.here.toolTip()
    arcs = session.placing.band_px(33)
    np.testing.assert_allclose(position.to_unit(arcs), [position.low[33], position.high[33]])


def test_the_band_is_drawn_at_its_true_ends_on_the_long_view(desk: Desk) -> None:
    session, canvas = desk.session, desk.canvas
    session.set_pullback_frame(33)
    desk.settle()
    ends = [canvas._scale.x(place) for place in session.placing.band(33)]
    y = round(canvas._rows.graph.top()) + 4
    shaded = desk.picture(canvas).astype(int)[y].sum(axis=1)
    session.set_pullback_frame(0)
    desk.settle()
    plain = desk.picture(canvas).astype(int)[y].sum(axis=1)
    lit = np.flatnonzero(shaded - plain > 30)
    lit = lit[(lit > ends[0] - 3) & (lit < ends[1] + 3)]
    assert lit.min() == pytest.approx(ends[0], abs=2)
    assert lit.max() == pytest.approx(ends[1], abs=2)
