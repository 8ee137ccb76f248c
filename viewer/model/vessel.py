"""The course of a vein on a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

PointPx = tuple[float, float]
"""(x, y) px, origin at the centre of the top-left pixel."""


class CourseBy(StrEnum):
    """How the vein's course between two knots came to be."""

    SPLINE = "spline"
    TRACED = "traced"
    WANTED = "wanted"


@dataclass(frozen=True, slots=True)
class Course:
    """The vein between two neighbouring knots.

    Attributes
    ----------
    by : CourseBy
        A spline alone; traced on the image; or to be traced, a spline until then.
    points_px : tuple of PointPx
        Between the knots, in drawing order, neither knot among them; a spline runs through them.
    guessed : tuple of (int, int)
        Stretches (first, last) of `points_px`, both included, where the image shows no vein.
    """

    by: CourseBy = CourseBy.SPLINE
    points_px: tuple[PointPx, ...] = ()
    guessed: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if any(not 0 <= a <= b < len(self.points_px) for a, b in self.guessed):
            raise ValueError("a guessed stretch lies outside its points")

    def reversed(self) -> Course:
        """The course from its other end."""
        last = len(self.points_px) - 1
        turned = tuple((last - b, last - a) for a, b in reversed(self.guessed))
        return Course(self.by, self.points_px[::-1], turned)


PLAIN = Course()
"""A spline from knot to knot."""


@dataclass(frozen=True, slots=True)
class Centerline:
    """A vein's course on one run: the reader's clicks, and what was traced between them.

    Attributes
    ----------
    knots_px : tuple of PointPx
        In drawing order; the curve through them and the courses is made by `geometry.polyline`.
    frame : int
        0-based frame it was drawn on.
    courses : tuple of Course
        One for each pair of neighbouring knots, or none when all are plain splines.
    unchecked : bool
        Copied from another run; the reader has not looked at it yet.
    """

    id: str
    run_uid: str
    knots_px: tuple[PointPx, ...] = ()
    frame: int = 0
    name: str = ""
    courses: tuple[Course, ...] = ()
    unchecked: bool = False

    def __post_init__(self) -> None:
        if self.courses and len(self.courses) != len(self.knots_px) - 1:
            raise ValueError("a centerline has one course for each pair of knots, or none")

    def course(self, piece: int) -> Course:
        """The vein between knot `piece` and the next."""
        return self.courses[piece] if self.courses else PLAIN

    @property
    def pieces(self) -> tuple[Course, ...]:
        """The course of every piece."""
        return self.courses or (PLAIN,) * max(0, len(self.knots_px) - 1)

    @property
    def course_px(self) -> tuple[PointPx, ...]:
        """Every point the curve runs through: the knots and what was traced between them."""
        if not self.courses:
            return self.knots_px
        points: list[PointPx] = []
        for knot, course in zip(self.knots_px, self.courses, strict=False):
            points += [knot, *course.points_px]
        return (*points, self.knots_px[-1])

    @property
    def wanted(self) -> bool:
        """Whether a piece of it is still to be traced."""
        return any(course.by is CourseBy.WANTED for course in self.courses)

    def with_pieces(self, knots_px: tuple[PointPx, ...], pieces: tuple[Course, ...]) -> Centerline:
        """The centerline with other knots and what lies between them."""
        plain = all(piece == PLAIN for piece in pieces)
        return replace(self, knots_px=knots_px, courses=() if plain else pieces)

    def with_knot(
        self, point_px: PointPx, at: int | None = None, by: CourseBy = CourseBy.SPLINE
    ) -> Centerline:
        """The centerline with a knot added at the end, or before knot `at`."""
        where = len(self.knots_px) if at is None else at
        knots = (*self.knots_px[:where], point_px, *self.knots_px[where:])
        pieces, new = self.pieces, Course(by)
        if not self.knots_px:
            return self.with_pieces(knots, ())
        if where == 0:
            return self.with_pieces(knots, (new, *pieces))
        if where == len(self.knots_px):
            return self.with_pieces(knots, (*pieces, new))
        return self.with_pieces(knots, (*pieces[: where - 1], new, new, *pieces[where:]))

    def with_moved_knot(
        self, index: int, point_px: PointPx, by: CourseBy = CourseBy.SPLINE
    ) -> Centerline:
        """The centerline with knot `index` elsewhere; the pieces beside it begin anew."""
        knots, pieces = list(self.knots_px), list(self.pieces)
        knots[index] = point_px
        for piece in (index - 1, index):
            if 0 <= piece < len(pieces):
                pieces[piece] = Course(by)
        return self.with_pieces(tuple(knots), tuple(pieces))

    def without_knot(self, index: int, by: CourseBy = CourseBy.SPLINE) -> Centerline:
        """The centerline without knot `index`; the pieces beside it become one."""
        knots = self.knots_px[:index] + self.knots_px[index + 1 :]
        pieces = self.pieces
        if index == 0:
            return self.with_pieces(knots, pieces[1:])
        if index == len(self.knots_px) - 1:
            return self.with_pieces(knots, pieces[:-1])
        return self.with_pieces(knots, (*pieces[: index - 1], Course(by), *pieces[index + 1 :]))

    def reversed(self) -> Centerline:
        """The centerline drawn from its other end."""
        pieces = tuple(piece.reversed() for piece in reversed(self.pieces))
        return self.with_pieces(self.knots_px[::-1], pieces)
