"""A centerline's pieces traced on its run: from pixels' points to the review's compact form."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.minimal_path import Front
from viewer.imaging.vein_trace import ROUNDS, Trace, VeinTracer, stretches
from viewer.model.vessel import Centerline, Course, CourseBy, PointPx

POINT_MM = 2.0
"""Traced points are kept so far apart; the spline through them is smooth over 3 mm anyway."""

DIGITS = 2

FrontFrom = Callable[[PointPx], Front]


def traced(
    line: Centerline, tracer: VeinTracer, front: FrontFrom, rounds: int = ROUNDS
) -> Centerline:
    """The centerline with every wanted piece traced; its knots there moved to the vein's middle."""
    for first, last in _wanted(line):
        line = _traced_stretch(line, first, last, tracer, front, rounds)
    return line


def _wanted(line: Centerline) -> list[tuple[int, int]]:
    """Stretches of wanted pieces: the first, and the one after the last."""
    flags = np.array([piece.by is CourseBy.WANTED for piece in line.pieces], bool)
    return stretches(flags)


def _traced_stretch(
    line: Centerline, first: int, last: int, tracer: VeinTracer, front: FrontFrom, rounds: int
) -> Centerline:
    knots = list(line.knots_px)
    legs = [_leg(a, b, front) for a, b in pairwise(knots[first : last + 1])]
    path = np.vstack([legs[0], *(leg[1:] for leg in legs[1:])])
    trace = tracer.trace(path, (first == 0, last == len(knots) - 1), rounds)
    places = _places(trace, knots[first : last + 1])
    pieces = list(line.pieces)
    step = max(1, round(POINT_MM / tracer.row_mm))
    for number, (start, end) in enumerate(pairwise(places)):
        pieces[first + number] = _course(trace, start, end, step)
    for number, place in enumerate(places):
        if 0 < first + number < len(knots) - 1 and number in (0, len(places) - 1):
            continue  # a piece that stays hangs on this knot
        knots[first + number] = _point(trace.points_px[place])
    return line.with_pieces(tuple(knots), tuple(pieces))


def _leg(start: PointPx, end: PointPx, front: FrontFrom) -> NDArray[np.float64]:
    return front(start).path_to(end)


def _places(trace: Trace, knots: list[PointPx]) -> list[int]:
    """Which traced point each knot becomes, rising; the ends are the ends."""
    count, places = len(trace.points_px), [0]
    for number, knot in enumerate(knots[1:-1], 1):
        away = np.hypot(*(trace.points_px - np.asarray(knot)).T)
        low, high = places[-1] + 1, count - (len(knots) - 1 - number)
        places.append(low + int(np.argmin(away[low:high])) if high > low else min(low, count - 1))
    return [*places, count - 1]


def _course(trace: Trace, start: int, end: int, step: int) -> Course:
    """The points between two places, and where they are guesses."""
    inner = np.arange(start + 1, end)
    kept = inner[(inner - start) % step == 0] if step > 1 else inner
    if kept.size and end - kept[-1] < step:
        kept = kept[:-1]  # too near to the knot
    points = tuple(_point(point) for point in trace.points_px[kept])
    guessed = tuple((a, b - 1) for a, b in stretches(trace.guessed[kept]))
    return Course(CourseBy.TRACED, points, guessed)


def _point(point: NDArray[np.float64]) -> PointPx:
    return round(float(point[0]), DIGITS), round(float(point[1]), DIGITS)
