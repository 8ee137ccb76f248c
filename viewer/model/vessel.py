"""The course of a vein on a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

PointPx = tuple[float, float]
"""(x, y) px, origin at the centre of the top-left pixel."""


@dataclass(frozen=True, slots=True)
class Centerline:
    """A vein's course on one run: a spline through the reader's clicks.

    Attributes
    ----------
    knots_px : tuple of PointPx
        In drawing order; the curve between them is made by `geometry.polyline`.
    frame : int
        0-based frame it was drawn on.
    """

    id: str
    run_uid: str
    knots_px: tuple[PointPx, ...] = ()
    frame: int = 0
    name: str = ""

    def with_knot(self, point_px: PointPx, at: int | None = None) -> Centerline:
        """The centerline with a knot added at the end, or before knot `at`."""
        where = len(self.knots_px) if at is None else at
        knots = (*self.knots_px[:where], point_px, *self.knots_px[where:])
        return replace(self, knots_px=knots)

    def with_moved_knot(self, index: int, point_px: PointPx) -> Centerline:
        """The centerline with knot `index` elsewhere."""
        knots = list(self.knots_px)
        knots[index] = point_px
        return replace(self, knots_px=tuple(knots))

    def without_knot(self, index: int) -> Centerline:
        """The centerline without knot `index`."""
        return replace(self, knots_px=self.knots_px[:index] + self.knots_px[index + 1 :])
