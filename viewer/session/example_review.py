"""A review to start from on a built-in case: its truth as a reader would have marked it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from viewer.model.anatomy import Side, VeinSegment, landmark_kind
from viewer.model.annotation import (
    AgeBasis,
    CenterlineExtent,
    Clot,
    ClotAge,
    Confidence,
    FrameExtent,
    Occlusion,
    Stenosis,
    StenosisCause,
    Stent,
)
from viewer.model.case import Phase
from viewer.model.contour import Contour, ContourKind, ContourStatus
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.review import PhaseOf, Review
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
    """`blank` with the centerlines, landmarks, stenosis, clots and stent of a synthetic case.

    The pullback is tied to the first run by a few landmarks only, as a reader would do it, so the
    positions in between are the program's and carry their ±.
    """
    truth: dict[str, Any] = json.loads(truth_path.read_text("utf-8"))
    by_name = {item.paths[0].name: item for item in image_sets}
    uids = {name: item.uid for name, item in by_name.items()}
    first_run, first_pullback = truth["runs"][0]["file"], truth["pullbacks"][0]["file"]
    if first_run not in uids or first_pullback not in uids:
        return blank
    review = replace(blank, title=truth["title"])
    several = truth.get("phases", [])
    lines: dict[str, Centerline] = {}
    for run in truth["runs"] if several else truth["runs"][:1]:
        if run["file"] in uids:
            line = Centerline(
                new_id(), uids[run["file"]], _knots(run), _best_frame(run), "Left iliofemoral vein"
            )
            lines[run["file"]] = line
            review = review.with_centerline(line)
    for pullback in truth["pullbacks"] if several else truth["pullbacks"][:1]:
        if pullback["file"] in uids:
            review = review.with_coregistration(
                _tie(truth, lines[first_run], first_run, pullback["file"], uids[pullback["file"]])
            )
    review = review.with_contours(*_contours(truth, uids, review))
    review = _with_stenoses(review, truth, first_pullback, uids[first_pullback])
    return _with_phases(review, truth, uids, lines)


def _tie(
    truth: dict[str, Any], line: Centerline, run_file: str, pullback_file: str, pullback_uid: str
) -> Coregistration:
    tie = Coregistration(new_id(), line.run_uid, pullback_uid, line.id)
    for mark in truth["landmarks"]:
        kind = landmark_kind(mark["name"])
        shown = mark["name"] in SHOWN_LANDMARKS
        if kind is None or not shown or pullback_file not in mark["frame"]:
            continue
        x, y = mark["xy_px"][run_file]
        frame = int(mark["frame"][pullback_file])
        tie = tie.with_landmark(Landmark(new_id(), kind.name, frame, (float(x), float(y))))
    return tie


def _contours(truth: dict[str, Any], uids: dict[str, str], review: Review) -> Iterator[Contour]:
    """The borders as a careful reader would have accepted them: lumen, flow in clot, stent."""
    how: dict[str, Any] = {
        "status": ContourStatus.ACCEPTED, "by": review.reader, "at": review.created_at,
    }  # fmt: skip
    for pullback in truth["pullbacks"]:
        uid = uids.get(pullback["file"])
        if uid is None:
            continue
        filled = pullback.get("clot_fraction") or []
        for frame, flat in enumerate(pullback["contours_px"]):
            points = np.reshape(flat, (-1, 2))
            yield Contour.of(uid, frame, points, **how)
            if frame < len(filled) and 0.0 < filled[frame] < 1.0:
                flow = np.reshape(pullback["flow_contours_px"][frame], (-1, 2))
                yield Contour.of(uid, frame, flow, ContourKind.FLOW, **how)
        stent = pullback.get("stent_frames")
        for frame in range(int(stent[0]), int(stent[1]) + 1) if stent else ():
            points = np.reshape(pullback["contours_px"][frame], (-1, 2))
            yield Contour.of(uid, frame, points, ContourKind.STENT, **how)


def _with_stenoses(
    review: Review, truth: dict[str, Any], pullback_file: str, pullback_uid: str
) -> Review:
    for number, segment in enumerate(truth["segments"], start=1):
        first, last = segment["frames"][pullback_file]
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


def _with_phases(
    review: Review, truth: dict[str, Any], uids: dict[str, str], lines: dict[str, Centerline]
) -> Review:
    """Phases with their numbers, the clot of each on its images, the stent on the last pullback."""
    number = 0
    for phase in truth.get("phases", []):
        for file in phase["files"]:
            if file not in uids:
                continue
            review = review.with_phase(
                PhaseOf(uids[file], Phase(phase["phase"]), int(phase["number"]))
            ).with_clot_checked(uids[file])
        shown = [file for file in phase["files"] if file in uids]
        pulled = [file for file in shown if file not in lines]
        for clot in phase["clots"] if shown else []:
            number += 1
            file = (pulled or shown)[0]
            extent = _clot_extent(clot, file, uids[file], lines.get(file))
            if extent is None:
                continue
            fraction = float(clot["fraction"])
            review = review.with_segment(
                Clot(
                    id=new_id(),
                    name=f"Clot {number}",
                    extent=extent,
                    side=Side.LEFT,
                    age=ClotAge(clot["age"]),
                    age_basis=AgeBasis.IVUS if pulled else AgeBasis.VENOGRAM,
                    occlusion=Occlusion.OCCLUSIVE if fraction >= 1.0 else Occlusion.PARTIAL,
                    occluded=(fraction,),
                )
            )
    return _with_stent(review, truth, uids)


def _clot_extent(
    clot: dict[str, Any], file: str, uid: str, line: Centerline | None
) -> FrameExtent | CenterlineExtent | None:
    if file in clot["frames"]:
        first, last = clot["frames"][file]
        return FrameExtent(uid, int(first), int(last))
    if line is None or file not in clot["ends_px"]:
        return None
    start, end = ((float(x), float(y)) for x, y in clot["ends_px"][file])
    return CenterlineExtent(uid, line.id, start, end)


def _with_stent(review: Review, truth: dict[str, Any], uids: dict[str, str]) -> Review:
    stent = truth.get("stent")
    shown = [p for p in truth["pullbacks"] if p.get("stent_frames") and p["file"] in uids]
    if stent is None or not shown:
        return review
    first, last = shown[-1]["stent_frames"]
    return review.with_segment(
        Stent(
            id=new_id(),
            name="Stent 1",
            extent=FrameExtent(uids[shown[-1]["file"]], int(first), int(last)),
            vein=VeinSegment.CIV,
            side=Side.LEFT,
            nominal_diameter_mm=float(stent["nominal_diameter_mm"]),
            nominal_length_mm=float(stent["nominal_length_mm"]),
        )
    )


def _knots(run: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    s_mm = np.asarray(run["centerline"]["s_mm"])
    points = np.asarray(run["centerline"]["xy_px"])
    wanted = np.linspace(s_mm[0], s_mm[-1], max(2, round((s_mm[-1] - s_mm[0]) / KNOT_EVERY_MM)))
    x, y = (np.interp(wanted, s_mm, points[:, axis]) for axis in (0, 1))
    return tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))


def _best_frame(run: dict[str, Any]) -> int:
    """A frame on which the whole vein is filled."""
    return min(int(max(run["contrast"]["arrival_frame"])) + 3, int(run["frames"]) - 1)
