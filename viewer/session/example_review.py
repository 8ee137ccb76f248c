"""A review to start from on a built-in case: its truth as a reader would have marked it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from viewer.model.anatomy import Side, VeinSegment, landmark_kind
from viewer.model.annotation import Confidence, FrameExtent, Stenosis, StenosisCause
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.review import Review
from viewer.model.study import ImageSet
from viewer.model.vessel import Centerline
from viewer.session.identity import new_id

KNOT_EVERY_MM = 22.0
SHOWN_LANDMARKS = ("confluence", "internal_iliac", "inguinal", "profunda")


def truth_beside(image_sets: tuple[ImageSet, ...]) -> Path | None:
    """The truth file of a synthetic case, lying beside its images; None for real ones."""
    folders = {path.parent for item in image_sets for path in item.paths}
    found = (folder / "truth.json" for folder in folders)
    return next((path for path in found if path.is_file()), None)


def example_review(blank: Review, truth_path: Path, image_sets: tuple[ImageSet, ...]) -> Review:
    """`blank` with the centerline, landmarks and stenosis of a synthetic case.

    The pullback is tied to the first run by a few landmarks only, as a reader would do it, so the
    positions in between are the program's and carry their ±.
    """
    truth: dict[str, Any] = json.loads(truth_path.read_text("utf-8"))
    by_name = {item.paths[0].name: item for item in image_sets}
    run, pullback = truth["runs"][0], truth["pullbacks"][0]
    if run["file"] not in by_name or pullback["file"] not in by_name:
        return blank
    run_uid, pullback_uid = by_name[run["file"]].uid, by_name[pullback["file"]].uid
    line = Centerline(new_id(), run_uid, _knots(run), _best_frame(run), "Left iliofemoral vein")
    tie = Coregistration(new_id(), run_uid, pullback_uid, line.id)
    for mark in truth["landmarks"]:
        kind = landmark_kind(mark["name"])
        shown = mark["name"] in SHOWN_LANDMARKS
        if kind is None or not shown or pullback["file"] not in mark["frame"]:
            continue
        x, y = mark["xy_px"][run["file"]]
        frame = int(mark["frame"][pullback["file"]])
        tie = tie.with_landmark(Landmark(new_id(), kind.name, frame, (float(x), float(y))))
    review = replace(blank, title=truth["title"])
    review = review.with_centerline(line).with_coregistration(tie)
    for number, segment in enumerate(truth["segments"], start=1):
        first, last = segment["frames"][pullback["file"]]
        review = review.with_segment(
            Stenosis(
                id=new_id(),
                name=f"Stenosis {number}",
                extent=FrameExtent(pullback_uid, int(first), int(last)),
                vein=VeinSegment(segment["vein"]),
                side=Side(segment["side"]),
                cause=StenosisCause(segment["cause"]),
                confidence=Confidence.HIGH,
            )
        )
    return review


def _knots(run: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    s_mm = np.asarray(run["centerline"]["s_mm"])
    points = np.asarray(run["centerline"]["xy_px"])
    wanted = np.linspace(s_mm[0], s_mm[-1], max(2, round((s_mm[-1] - s_mm[0]) / KNOT_EVERY_MM)))
    x, y = (np.interp(wanted, s_mm, points[:, axis]) for axis in (0, 1))
    return tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))


def _best_frame(run: dict[str, Any]) -> int:
    """A frame on which the whole vein is filled."""
    return min(int(max(run["contrast"]["arrival_frame"])) + 3, int(run["frames"]) - 1)
