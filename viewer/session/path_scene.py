"""What the small picture of the vein in space shows, and from where it is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.carm import Projection, projection_of, view_name
from viewer.model.annotation import SegmentKind

if TYPE_CHECKING:
    from viewer.session.session import Session

Values = NDArray[np.float64]

DISC_RADIUS_MM = 9.0
"""Size of the frame's disc: a usual iliac vein; it tells place and direction, not the lumen."""

LATERAL_DEG = 90.0
DEG_PER_PX = 0.5
STEEPEST_DEG = 89.0


@dataclass(frozen=True, slots=True)
class Orbit:
    """From where the vein is seen, told as a C-arm's angles: LAO and CRA positive."""

    primary_deg: float = 0.0
    secondary_deg: float = 0.0

    def turned(self, right_px: float, down_px: float) -> Orbit:
        """After a drag: the near side of the vein follows the pointer."""
        primary = (self.primary_deg - DEG_PER_PX * right_px + 180.0) % 360.0 - 180.0
        secondary = self.secondary_deg + DEG_PER_PX * down_px
        return Orbit(primary, float(np.clip(secondary, -STEEPEST_DEG, STEEPEST_DEG)))

    @property
    def axes(self) -> Values:
        """Unit vectors to the right, down and towards the onlooker, shape (3, 3), LPS."""
        view = _parallel(self)
        return np.vstack((view.axes, view.towards_detector))

    @property
    def name(self) -> str:
        """What the view is called: AP, lateral, LAO 30° CRA 10°."""
        if abs(self.primary_deg - LATERAL_DEG) < 0.5 and abs(self.secondary_deg) < 0.5:
            return "lateral"
        return view_name(_parallel(self))

    def seen(self, points_mm: Values) -> Values:
        """Right, down and towards the onlooker, mm, shape (n, 3); without perspective."""
        return np.asarray(points_mm @ self.axes.T)


@dataclass(frozen=True, eq=False)
class Stretch:
    """A segment along the path, shape (k, 3) mm."""

    kind: SegmentKind
    name: str
    points_mm: Values


@dataclass(frozen=True, eq=False)
class Disc:
    """The shown frame: where it lies, as the rim of a disc across the vein, shape (k, 3) mm."""

    center_mm: Values
    rim_mm: Values


@dataclass(frozen=True, eq=False)
class PathScene:
    """Everything drawn, in mm from the path's middle, LPS.

    Attributes
    ----------
    points_mm : ndarray, shape (n, 3)
    lost_percent : ndarray, shape (n,)
        Foreshortening on the shown run.
    radius_mm : float
        Of a ball about the middle that holds it all.
    """

    points_mm: Values
    lost_percent: Values
    stretches: tuple[Stretch, ...]
    landmarks: tuple[tuple[str, Values], ...]
    radius_mm: float
    middle_mm: Values


def scene_of(session: Session) -> PathScene | None:
    """The path of the shown pair with its segments and landmarks; None without a path."""
    made, run, line = session.two_views.made, session.run, session.current_centerline
    if made is None or run is None or line is None:
        return None
    which = made.which(run.uid)
    path = made.path
    middle = (path.points_mm.min(axis=0) + path.points_mm.max(axis=0)) / 2
    curve = session.polyline(line)
    stretches = []
    for segment in session.review.segments:
        arcs = None if segment.hidden else session.segments.arcs_of(segment)
        if arcs is None:
            continue
        points = path.points_at(which, np.linspace(*arcs, 40))
        points = points[np.isfinite(points).all(axis=1)] - middle
        if len(points) > 1:
            stretches.append(Stretch(SegmentKind(segment.kind), segment.name, points))
    marks = []
    for mark in session.vessel.landmarks:
        if curve is not None:
            arc = np.array([float(curve.project(mark.point_px)[0])])
            point = path.points_at(which, arc)[0] - middle
            if np.isfinite(point).all():
                marks.append((mark.name, point))
    radius = float(np.linalg.norm(path.points_mm - middle, axis=1).max()) + DISC_RADIUS_MM
    return PathScene(
        path.points_mm - middle,
        path.foreshortening[which],
        tuple(stretches),
        tuple(marks),
        radius,
        middle,
    )


def disc_of(session: Session, scene: PathScene) -> Disc | None:
    """The shown frame on the path; None while it isn't linked or lies beyond the path."""
    made, run, position = session.two_views.made, session.run, session.position_map
    if made is None or run is None or position is None or not session.linked:
        return None
    frame = min(session.cursor.pullback_frame, len(position) - 1)
    arc = float(position.arc_px[frame])
    which = made.which(run.uid)
    near = made.path.points_at(which, np.array([arc - 4.0, arc, arc + 4.0]))
    center = near[1] - scene.middle_mm
    along = near[2] - near[0]
    if not np.isfinite(along).all():
        nearest = (
            int(np.argmin(np.linalg.norm(scene.points_mm - center, axis=1)))
            if np.isfinite(center).all()
            else 0
        )
        along = np.gradient(scene.points_mm, axis=0)[nearest]
    if not np.isfinite(center).all():
        return None
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    side = np.cross(along, [0.0, 1.0, 0.0])
    if np.linalg.norm(side) < 0.1:
        side = np.cross(along, [1.0, 0.0, 0.0])
    side = side / np.linalg.norm(side)
    other = np.cross(along, side)
    turn = np.linspace(0.0, 2 * np.pi, 36, endpoint=False)[:, None]
    rim = center + DISC_RADIUS_MM * (np.cos(turn) * side + np.sin(turn) * other)
    return Disc(center, rim)


def orbits_of(session: Session) -> tuple[tuple[str, Orbit], ...]:
    """Where to see it from at a click: AP, lateral, and as both views do."""
    found = [("AP", Orbit()), ("Lateral", Orbit(LATERAL_DEG))]
    made = session.two_views.made
    for number, run in enumerate(made.runs if made is not None else (), 1):
        view = projection_of(run)
        if isinstance(view, Projection):
            found.append((f"View {number}", Orbit(view.primary_deg, view.secondary_deg)))
    return tuple(found)


_PLAIN = Projection(0.0, 0.0, 1000.0, 500.0, (1.0, 1.0), (0.0, 0.0))


def _parallel(orbit: Orbit) -> Projection:
    """The C-arm that looks from there; only its axes are used."""
    return replace(_PLAIN, primary_deg=orbit.primary_deg, secondary_deg=orbit.secondary_deg)
