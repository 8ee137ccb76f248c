"""The review of the measured case: a centerline, four landmarks and a few segments."""

from __future__ import annotations

from viewer.model.annotation import Clot, FrameExtent, Stenosis, Stent
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.review import Review
from viewer.model.study import Pullback, Run
from viewer.model.vessel import Centerline, PointPx

KNOTS = 10
LANDMARKS = {"Iliac confluence": 1, "Internal iliac ostium": 3, "Inguinal ligament": 6}
LAST_LANDMARK = "Profunda confluence"


def marked(review: Review, run: Run, pullback: Pullback) -> Review:
    """`review` with the pullback tied to the run and three segments on it."""
    knots = tuple(_along(run, n / (KNOTS - 1)) for n in range(KNOTS))
    line = Centerline("bench-line", run.uid, knots, run.frames // 2, "Vein")
    tie = Coregistration("bench-tie", run.uid, pullback.uid, line.id)
    places = {**LANDMARKS, LAST_LANDMARK: KNOTS - 2}
    for name, knot in places.items():
        frame = round(knot / (KNOTS - 1) * (pullback.frames - 1))
        tie = tie.with_landmark(Landmark(f"bench-{knot}", name, frame, knots[knot]))
    review = review.with_centerline(line).with_coregistration(tie)
    for segment in (
        Stenosis(id="bench-s", name="Stenosis 1", extent=_extent(pullback, 0.42, 0.56)),
        Clot(id="bench-c", name="Clot 1", extent=_extent(pullback, 0.52, 0.70)),
        Stent(id="bench-t", name="Stent 1", extent=_extent(pullback, 0.30, 0.60)),
    ):
        review = review.with_segment(segment)
    return review


def _along(run: Run, share: float) -> PointPx:
    """A gently bent course from the top to the bottom of the run's frames."""
    x = 0.5 + 0.1 * (share - 0.5) - 0.3 * share * (1.0 - share)
    return (x * (run.columns - 1), (0.08 + 0.84 * share) * (run.rows - 1))


def _extent(pullback: Pullback, first: float, last: float) -> FrameExtent:
    end = pullback.frames - 1
    return FrameExtent(pullback.uid, round(first * end), round(last * end))
