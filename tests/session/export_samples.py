"""A small synthetic case with a review that says one of each thing, on both of its runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.index import index
from viewer.model.anatomy import LANDMARK_KINDS
from viewer.model.annotation import (
    AgeBasis,
    Bookmark,
    Caliper,
    CenterlineExtent,
    Clot,
    ClotAge,
    Ellipse,
    FrameExtent,
    Stent,
)
from viewer.model.case import Case
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.review import ImageReference, Review
from viewer.model.study import ImageSet
from viewer.model.vessel import Centerline
from viewer.phantom.cases import write_case
from viewer.session.example_review import example_review
from viewer.session.session import Session

REVIEW_ID = "0a1b2c3d-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Sample:
    """A case on the disk, its truth, its image sets and a review of it."""

    folder: Path
    truth: dict[str, Any]
    image_sets: tuple[ImageSet, ...]
    review: Review

    def uid(self, file: str) -> str:
        """The uid of the image set in a file of the case."""
        return next(item.uid for item in self.image_sets if item.paths[0].name == file)

    def session(self) -> Session:
        """A session on all of it."""
        session = Session("Reader A")
        session.open_case(Case().with_sets(*self.image_sets), self.review)
        return session

    def place_mm(self, s_mm: float, run: int = 0) -> float:
        """True distance on a run's picture from the iliac confluence, mm at the isocentre."""
        line = self.truth["runs"][run]["centerline"]
        there = (s_mm, self.truth["anatomy"]["confluence_s_mm"])
        at, zero = np.interp(there, line["s_mm"], line["inplane_mm"])
        return float(at - zero)

    def true_points(self, run: int = 0) -> NDArray[np.float64]:
        """Where each pullback frame truly lies on a run, (frames, 2) px."""
        return np.array(self.truth["pullbacks"][0]["xy_px"][self.truth["runs"][run]["file"]])


def make_sample(folder: Path) -> Sample:
    """Write the case and make the review."""
    written = write_case("nivl-small", folder)
    truth = json.loads(written.truth.read_text("utf-8"))
    sets = index(written.files).image_sets
    known = tuple(
        ImageReference(s.uid, s.series_uid, s.study_uid, s.role.value, s.description, s.frames)
        for s in sets
    )
    blank = Review(REVIEW_ID, "Reader A", images=known)
    sample = Sample(folder, truth, sets, example_review(blank, written.truth, sets))
    return replace(sample, review=_marked(sample))


def _marked(sample: Sample) -> Review:
    run_1, run_2 = (sample.uid(run["file"]) for run in sample.truth["runs"])
    pullback = sample.uid("pullback-1.dcm")
    review = sample.review
    second = _second_tie(sample, run_2, pullback)
    review = review.with_centerline(second[0]).with_coregistration(second[1])
    ends = sample.truth["segments"][0]["ends_px"][sample.truth["runs"][1]["file"]]
    start_px, end_px = ((float(x), float(y)) for x, y in ends)
    on_run = CenterlineExtent(run_2, second[0].id, start_px, end_px)
    review = review.with_segment(
        Clot(id="clot", name="Clot 1", extent=on_run, age=ClotAge.ACUTE, age_basis=AgeBasis.IVUS)
    )
    review = review.with_segment(
        Stent(id="stent", name="Stent 1", extent=FrameExtent(pullback, 30, 40), hidden=True,
              product="=SUM(1)", nominal_diameter_mm=16.0, nominal_length_mm=90.0)
    )  # fmt: skip
    review = review.with_measurement(Caliper("c", run_1, 5, (10.0, 20.0), (40.0, 60.0)))
    review = review.with_measurement(Ellipse("e", pullback, 12, (64.0, 64.0), (20.0, 10.0), 30.0))
    review = review.with_bookmark(Bookmark("k1", pullback, 13, "narrowest, by eye"))
    return review.with_bookmark(Bookmark("k2", run_1, 11))


def _second_tie(sample: Sample, run_uid: str, pullback: str) -> tuple[Centerline, Coregistration]:
    run = sample.truth["runs"][1]
    points = np.array(run["centerline"]["xy_px"])[::20]
    line = Centerline("line 2", run_uid, tuple((float(x), float(y)) for x, y in points), 9)
    tie = Coregistration("tie 2", run_uid, pullback, line.id)
    names = {kind.key: kind.name for kind in LANDMARK_KINDS}
    for mark in sample.truth["landmarks"]:
        if mark["name"] in ("confluence", "internal_iliac", "inguinal", "profunda"):
            x, y = mark["xy_px"][run["file"]]
            frame = int(mark["frame"]["pullback-1.dcm"])
            tie = tie.with_landmark(
                Landmark(f"2 {mark['name']}", names[mark["name"]], frame, (float(x), float(y)))
            )
    return line, tie
