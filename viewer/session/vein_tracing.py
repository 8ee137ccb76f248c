"""Following the vein between clicks while they are made: live path, tracing, widths.

Everything that takes long is made on the loader's workers; what is asked for meanwhile is answered
with None, and `changed` tells when it is worth asking again.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.errors import UnreadableError
from viewer.imaging.minimal_path import Front
from viewer.imaging.vein_trace import VeinTracer
from viewer.imaging.vessel_profile import VesselProfile, vessel_profile
from viewer.model.study import Run
from viewer.model.vessel import Centerline, PointPx
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader
from viewer.session.state import Severity, Tool
from viewer.session.vein_copies import VeinCopies
from viewer.session.vein_courses import traced
from viewer.session.vein_pictures import NoPicture, VeinPictures

if TYPE_CHECKING:
    from viewer.session.contrast_views import ContrastViews
    from viewer.session.session import Session

Answer = TypeVar("Answer")

KEPT_FRONTS = 6
"""Costs from points that are kept; one of a 1024 x 1024 run takes 1.5 MB."""

KEPT_PROFILES = 12

RESCALED = 0.05
"""A scale that changes by more has the widths that are looked for change."""

WAIT_SHOWN_S = 0.3
"""What takes less is not worth a word."""


@dataclass(frozen=True, eq=False)
class LivePath:
    """The vein from the last click to the mouse.

    Attributes
    ----------
    points_px : ndarray, float64 (n, 2)
    guessed : ndarray, bool (n,)
        Where the image shows no vein.
    """

    points_px: NDArray[np.float64]
    guessed: NDArray[np.bool_]


class VeinTracing:
    """What the window's vein tool follows veins with.

    Parameters
    ----------
    contrast : ContrastViews
        The window's, whose peaks are shared.

    Attributes
    ----------
    changed : Signal()
        Something that was asked for has come, or another is under way.
    snap : bool
        Whether clicks follow the vein; else a spline runs through them.
    edges : bool
        Whether the vein's edges are shown.
    live : LivePath or None
        The vein from the last click to the mouse.
    """

    changed = Signal()

    def __init__(self, session: Session, loader: FrameLoader, contrast: ContrastViews) -> None:
        self._session, self._loader = session, loader
        self.snap = True
        self.edges = False
        self.copies = VeinCopies(session, loader)
        self.live: LivePath | None = None
        self._pictures = VeinPictures(session, loader, contrast, self._on_picture)
        self._fronts: OrderedDict[tuple[VeinTracer, PointPx], Front] = OrderedDict()
        self._profiles: OrderedDict[tuple[object, ...], VesselProfile] = OrderedDict()
        self._jobs: dict[str, float] = {}
        self._told: set[str] = set()
        self._asked: tuple[PointPx | None, PointPx] | None = None
        session.tool_changed.connect(self._on_tool)
        session.review_changed.connect(self._on_review)
        session.cursor_changed.connect(self._on_review)
        session.case_changed.connect(self._on_case)

    # -- what it works with -------------------------------------------------------------------
    def set_snap(self, snap: bool) -> None:
        """Let clicks follow the vein, or not."""
        if snap != self.snap:
            self.snap = snap
            self.live = None
            self._warm()
            self.changed.emit()

    def show_edges(self, on: bool) -> None:
        """Draw the vein's edges along its course, or not."""
        if on != self.edges:
            self.edges = on
            self.changed.emit()

    def tracer(self, run: Run | None) -> VeinTracer | None:
        """What follows veins on a run; None until it is made, or when it can't be."""
        made = self._pictures.get(run) if run is not None else None
        return made if isinstance(made, VeinTracer) else None

    def shows_no_vein(self, run: Run) -> bool:
        """Whether it is known that veins can't be followed, nor measured, on a run."""
        return isinstance(self._pictures.get(run), NoPicture)

    @property
    def waiting_s(self) -> float:
        """How long the shown run's picture, or a course, has been waited for; 0 when nothing is."""
        return max((time.monotonic() - since for since in self._jobs.values()), default=0.0)

    @property
    def status(self) -> str:
        """What is under way, for people; empty when nothing takes long."""
        if self.waiting_s < WAIT_SHOWN_S:
            return ""
        return "Preparing the vein…" if "picture" in self._jobs else "Following the vein…"

    def _on_tool(self, tool: Tool) -> None:
        if tool is not Tool.CENTERLINE:
            self.end_live()
        self._warm()

    def _warm(self) -> None:
        """Have the shown run's picture made once somebody is about to draw on it."""
        run = self._session.run
        if run is not None and self._session.tool is Tool.CENTERLINE and self.snap:
            self._want_picture(run)

    def _want_picture(self, run: Run) -> None:
        if self._pictures.get(run) is None:
            self._jobs.setdefault("picture", time.monotonic())
            self._pictures.want(run)

    def _on_picture(self, uid: str) -> None:
        self._jobs.pop("picture", None)
        run = self._session.case.run(uid)
        made = self._pictures.get(run) if run is not None else None
        if isinstance(made, NoPicture) and made.why and uid not in self._told:
            self._told.add(uid)
            hint = "Your clicks are joined by a smooth curve instead."
            self._session.notify(
                f"The vein can't be followed: {made.why}", hint, Severity.INFO, about="vein"
            )
        self._settle()
        self.changed.emit()

    def _on_case(self) -> None:
        """Jobs on runs that are gone are never told of again."""
        for kind in self._jobs:
            self._loader.cancel_background(_key(kind))
        self._jobs.clear()
        self._fronts.clear()
        self._profiles.clear()
        self._told.clear()
        self.live = None
        self._on_review()

    def _on_review(self, *_: object) -> None:
        run = self._session.run
        tracer = self.tracer(run)
        scale = self._session.calibration(run).mm_per_px
        if run is not None and tracer is not None and scale is not None:
            ratio = tracer.picture.mm_per_px / scale
            if abs(ratio - 1.0) > RESCALED and not self._session.in_gesture:
                self._pictures.forget(run.uid)
        self._warm()
        self._settle()

    # -- the live path ------------------------------------------------------------------------
    def hover(self, start_px: PointPx | None, point_px: PointPx) -> None:
        """Follow the vein from a knot to the mouse, as far as its costs are there already."""
        run = self._session.run
        tracer = self.tracer(run)
        self._asked = (start_px, point_px)
        if run is None or tracer is None or start_px is None or not self.snap:
            self._show(None)
            return
        front = self._fronts.get((tracer, start_px))
        if front is None:
            self._want_front(run, tracer, start_px)
            self._show(None)
            return
        trace = tracer.trace(front.path_to(point_px), (False, True), 1)
        self._show(LivePath(trace.points_px, trace.guessed))

    def end_live(self) -> None:
        """Show no live path."""
        self._asked = None
        self._show(None)

    def _show(self, live: LivePath | None) -> None:
        if live is not None or self.live is not None:
            self.live = live
            self.changed.emit()

    def _want_front(self, run: Run, tracer: VeinTracer, start_px: PointPx) -> None:
        def make() -> Front:
            return tracer.front(start_px)

        def done(front: Front) -> None:
            self._keep_front(tracer, start_px, front)
            if self._asked is not None:  # the mouse stands where it asked
                self.hover(*self._asked)

        self._on_worker("front", run, make, done)

    def _keep_front(self, tracer: VeinTracer, start_px: PointPx, front: Front) -> None:
        self._fronts[tracer, start_px] = front
        while len(self._fronts) > KEPT_FRONTS:
            self._fronts.popitem(last=False)

    # -- tracing ------------------------------------------------------------------------------
    def at_once(self, line: Centerline) -> Centerline:
        """The centerline traced, when everything that takes long is there; else as it is."""
        run = self._session.case.run(line.run_uid)
        tracer = self.tracer(run)
        if tracer is None or not line.wanted:
            return line
        try:
            return traced(line, tracer, lambda start: self._fronts[tracer, start])
        except KeyError:
            return line

    def _settle(self) -> None:
        """Have the next centerline of the shown run traced that is still to be."""
        session, run = self._session, self._session.run
        if run is None or session.in_gesture or "trace" in self._jobs:
            return
        line = next((item for item in session.review.centerlines_of(run.uid) if item.wanted), None)
        if line is None:
            return
        tracer = self.tracer(run)
        if tracer is None:
            self._want_picture(run)
            return
        wanted = line

        def make() -> tuple[Centerline, list[tuple[PointPx, Front]]]:
            fronts: list[tuple[PointPx, Front]] = []

            def front(start_px: PointPx) -> Front:
                known = self._fronts.get((tracer, start_px))
                fronts.append((start_px, known or tracer.front(start_px)))
                return fronts[-1][1]

            return traced(wanted, tracer, front), fronts

        def done(answer: tuple[Centerline, list[tuple[PointPx, Front]]]) -> None:
            now, fronts = answer
            for start_px, front in fronts:
                self._keep_front(tracer, start_px, front)
            self._take(wanted, now)

        self._on_worker("trace", run, make, done)

    def _take(self, wanted: Centerline, now: Centerline) -> None:
        """Put a traced centerline in the place of the one it was made of, if that still stands."""
        session = self._session
        if session.in_gesture or session.review.centerline(wanted.id) != wanted:
            self._settle()
            return
        session.look_at(session.review.with_centerline(now))
        self.changed.emit()

    # -- widths -------------------------------------------------------------------------------
    def profile(self, run: Run, line: Centerline) -> VesselProfile | None:
        """Edges and widths along a centerline; None until they are made, which this asks for.

        `Session.profile_changed` tells the centerline's id when they are there.
        """
        course = self._session.polyline(line)
        if course is None or line.wanted:
            return None
        tracer = self.tracer(run)
        if tracer is None:
            if self._pictures.get(run) is None and not self._session.in_gesture:
                self._want_picture(run)
            return None
        key = (tracer, line.course_px)
        found = self._profiles.get(key)
        if found is None and not self._session.in_gesture:

            def done(made: VesselProfile) -> None:
                self._profiles[key] = made
                while len(self._profiles) > KEPT_PROFILES:
                    self._profiles.popitem(last=False)
                self._session.profile_changed.emit(line.id)
                self.changed.emit()

            picture = tracer.picture
            self._on_worker(
                f"profile {line.id}", run, lambda: vessel_profile(picture, course), done
            )
        return found

    # -- workers ------------------------------------------------------------------------------
    def _on_worker(
        self, kind: str, run: Run, make: Callable[[], Answer], done: Callable[[Answer], None]
    ) -> None:
        """Make something on a worker, one of a kind at a time, and hand it over on this thread."""
        if kind in self._jobs:
            return
        self._jobs[kind] = time.monotonic()
        answers: list[Answer] = []

        def visit(_: int, _read: Frame | UnreadableError) -> None:
            answers.append(make())

        def finished(_: UnreadableError | None) -> None:
            self._jobs.pop(kind, None)
            if answers:
                done(answers[0])

        frame = min(max(0, self._session.cursor.run_frame), run.frames - 1)
        self._loader.submit_background(_key(kind), run, (frame,), visit, finished=finished)


def _key(kind: str) -> str:
    return f"vein {kind}"
