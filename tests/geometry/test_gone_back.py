"""Positions of a catheter that went back and came forward again, against truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pull_samples import made_pull

from viewer.geometry.position_map import PositionMap, position_map
from viewer.geometry.pull_evidence import Motion, PullEvidence
from viewer.model.coregistration import Landmark, SyncMode

BACK, DEPTH = 12.0, 30


def test_positions_follow_the_way_back_and_are_less_sure_there() -> None:
    made = made_pull(2)
    at = int(np.searchsorted(made.arc, made.arc[0] + 60.0))
    down = np.arange(1, DEPTH + 1)
    order = np.concatenate((np.arange(at + 1), at - down, at - DEPTH + down,
                            np.arange(at + 1, len(made.arc))))  # fmt: skip
    arc, count = made.arc[order], len(order)
    same = np.arange(count, dtype=np.float64)
    first, last = at, at + 2 * DEPTH
    same[first : last + 1] = np.minimum(np.abs(np.arange(2 * DEPTH + 1) - DEPTH) - DEPTH + at, at)
    motion = Motion(made.still[order].astype(float), 0.95, None, 0.0, ((first, last),), same)
    marks = tuple(
        Landmark(str(f), str(f), f, (0.0, float(arc[f]))) for f in (5, first + DEPTH, count - 5)
    )
    made = replace(made, arc=arc, times_s=np.arange(count) / 15.0)
    tie = made.tie(marks, SyncMode.LANDMARKS)
    found = position_map(
        made.line, 1.0, 0.05, made.pullback, made.times_s.tolist(), tie,
        evidence=PullEvidence(motion),
    )  # fmt: skip
    assert isinstance(found, PositionMap), found
    assert found.backwards == ((first, last),)
    turned = found.arc[first] - found.arc[first + DEPTH]
    assert abs(turned - (arc[first] - arc[first + DEPTH])) <= 5.0
    assert abs(found.arc[first + DEPTH] - arc[first + DEPTH]) <= 1.5
    assert np.mean((arc >= found.low) & (arc <= found.high)) >= 0.8
    assert found.sigma[first + DEPTH] > found.sigma[round(same[first + DEPTH])]
    assert any("went back" in text for text in found.problems)
    middle = first + DEPTH // 2
    assert abs(found.frame_at(float(found.arc_px[middle]), near=middle) - middle) <= 1
