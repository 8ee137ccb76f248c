"""The transducer followed on a fluoroscopy that was stored during the pullback."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UnreadableError
from viewer.geometry.clock_offset import HEADER_SD_S, Offset, clock_offset, header_sd
from viewer.geometry.polyline import Polyline
from viewer.geometry.pull_clock import pull_clocks
from viewer.geometry.pull_evidence import Motion, TrackedPath
from viewer.imaging.filled_vein import fills_with_contrast
from viewer.imaging.log_domain import LogDomain
from viewer.imaging.tracking import Straightener, Tracked, track
from viewer.model.coregistration import Coregistration, TransducerMark
from viewer.model.study import Pullback, Run
from viewer.model.vessel import PointPx
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader
from viewer.session.identity import new_id

if TYPE_CHECKING:
    from viewer.session.pull_work import Basis
    from viewer.session.session import Session

MOST_FRAMES = 240
"""Frames of the fluoroscopy that are looked at: four a second of a minute."""

SAME_ANGLE_DEG = 3.0
KEPT_PATHS = 16

GUESSED_MM_PER_PX = 0.3
"""Where the run has no scale: only for how large a transducer is."""

_STRIPS, _WAY = "fluoro strips", "fluoro way"

_A_VENOGRAM = (
    "Contrast fills the vein on this run: it is a venogram, and not used. "
    "Choose the run stored while the catheter was pulled."
)


@dataclass(frozen=True, slots=True)
class FluoroRun:
    """A run that may have been stored during the pullback.

    Attributes
    ----------
    overlaps : bool
        Its acquisition times say that it was.
    remark : str
        What to look out for; empty when nothing.
    """

    run: Run
    overlaps: bool
    remark: str = ""


@dataclass(frozen=True, eq=False)
class _Strips:
    """A fluoroscopy straightened along a centerline."""

    key: tuple[object, ...]
    frames: NDArray[np.intp]
    strips: NDArray[np.float32]
    straight: Straightener
    course: Polyline
    ratio: float


class FluoroWork:
    """Straightens the chosen fluoroscopy along the vein, then follows the transducer on it.

    Parameters
    ----------
    changed : callable
        Called on the main thread when positions may change.
    """

    def __init__(self, session: Session, loader: FrameLoader, changed: Callable[[], None]) -> None:
        self._session, self._loader, self._changed = session, loader, changed
        self.progress: tuple[int, int] | None = None
        self.problem = ""
        self._strips: _Strips | None = None
        self._found: tuple[tuple[object, ...], Tracked | None] | None = None
        self._paths: dict[tuple[object, ...], TrackedPath] = {}
        self._offsets: dict[tuple[object, ...], Offset] = {}
        self._offset: Offset | None = None
        self._doing: tuple[object, ...] = ()
        self._cancelled: tuple[object, ...] = ()
        self._marking_for: tuple[str, str] | None = None

    # -- what can be chosen -------------------------------------------------------------------
    def candidates(self) -> tuple[FluoroRun, ...]:
        """Runs the transducer may be seen on, those made during the pullback first."""
        session, pullback, shown = self._session, self._session.pullback, self._session.run
        if pullback is None or shown is None:
            return ()
        found = [
            FluoroRun(run, self._overlaps(run, pullback), _remark(shown, run))
            for run in session.case.runs
            if run.frames >= 4 and run.pixels.samples == 1 and run.uid != shown.uid
        ]
        return tuple(sorted(found, key=lambda item: (not item.overlaps, bool(item.remark))))

    def _overlaps(self, run: Run, pullback: Pullback) -> bool:
        begun, pulled = run.acquired_at, pullback.acquired_at
        if begun is None or pulled is None:
            return False
        ends = []
        for item, start in ((run, begun), (pullback, pulled)):
            times_s = self._session.timing(item).times_s
            ends.append(start + timedelta(seconds=times_s[-1] if times_s else 0.0))
        return begun < ends[1] and pulled < ends[0]

    def header_offset_s(self) -> float | None:
        """When the pullback began, s after the fluoroscopy, by the headers' times."""
        run, pullback = self._chosen(), self._session.pullback
        if run is None or pullback is None:
            return None
        if run.acquired_at is None or pullback.acquired_at is None:
            return None
        return float((pullback.acquired_at - run.acquired_at).total_seconds())

    @property
    def offset(self) -> Offset | None:
        """The clock offset in force: the reader's, the one found, or the headers'; None unknown."""
        own, header = self._session.vessel.current_tie().clock_offset_s, self.header_offset_s()
        if own is not None:
            return Offset(own, "set by the reader")
        if self._offset is not None and self._found is not None and self._found[1] is not None:
            return self._offset
        return None if header is None else Offset(header, "acquisition times")

    def _chosen(self) -> Run | None:
        return self._session.case.run(self._session.vessel.current_tie().fluoro_run_uid)

    # -- what was found -----------------------------------------------------------------------
    @property
    def status(self) -> str:
        """What is under way, for people; empty when nothing is."""
        if not self._doing:
            return ""
        done = f" {self.progress[0]} of {self.progress[1]}" if self.progress else ""
        return f"Following the transducer…{done}"

    @property
    def way_px(self) -> NDArray[np.float64] | None:
        """Where the transducer was seen, (n, 2) on the shown run; None when nothing was."""
        tie, curve = self._session.vessel.current_tie(), self._session.current_polyline
        if self._found is None or curve is None or self._found[1] is None:
            return None
        if self._found[0][:2] != (tie.fluoro_run_uid, curve):
            return None
        return curve.at(self._found[1].arc_px)

    def tracked(self, basis: Basis, motion: Motion | None) -> TrackedPath | None:
        """The transducer's way on the pullback's clock; None until it is known."""
        tie = basis.tie
        run = self._session.case.run(tie.fluoro_run_uid)
        times_s = self._session.timing(run).times_s if run is not None else None
        if run is None or self._found is None or times_s is None or basis.times_s is None:
            return None
        if self._found[0] != (run.uid, basis.curve, tie.transducer) or self._found[1] is None:
            return None
        found = self._found[1]
        seconds = np.asarray(times_s)[found.frames] - times_s[0]
        offset = self._offset_of(basis, found, seconds, motion)
        key = (found, offset)
        if key not in self._paths:
            while len(self._paths) >= KEPT_PATHS:
                del self._paths[next(iter(self._paths))]
            since, sigma = seconds - offset.seconds, offset.sigma_s
            self._paths[key] = TrackedPath(since, found.arc_px, found.sigma_px, sigma)
        return self._paths[key]

    def _offset_of(
        self, basis: Basis, found: Tracked, seconds: NDArray[np.float64], motion: Motion | None
    ) -> Offset:
        """The reader's offset, else what headers, movement and landmarks agree on."""
        tie = basis.tie
        if tie.clock_offset_s is not None or basis.times_s is None:
            return Offset(tie.clock_offset_s or 0.0, "set by the reader")
        header = self.header_offset_s()
        key = (found, header, tie.landmarks, motion)
        if key not in self._offsets:
            clock = np.asarray(basis.times_s) - basis.times_s[0]
            travel = max(pull_clocks(clock, motion), key=lambda item: item.chance).run
            turn = 1.0 if found.arc_px[-1] >= found.arc_px[0] else -1.0
            marks = [mark for mark in tie.landmarks if mark.frame < len(clock)]
            places = [turn * float(basis.curve.project(mark.point_px)[0]) for mark in marks]
            known = (clock[[mark.frame for mark in marks]], np.array(places))
            mm = 1.0 / (basis.scale.mm_per_px or GUESSED_MM_PER_PX)
            path = (seconds, turn * found.arc_px)
            while len(self._offsets) >= KEPT_PATHS:
                del self._offsets[next(iter(self._offsets))]
            sd = self._header_sd_s()
            self._offsets[key] = clock_offset(header, path, (clock, travel), known, mm, sd)
        if tie == self._session.vessel.current_tie():
            self._offset = self._offsets[key]
        return self._offsets[key]

    def _header_sd_s(self) -> float:
        run, pullback = self._chosen(), self._session.pullback
        begun = None if run is None else run.acquired_at
        pulled = None if pullback is None else pullback.acquired_at
        return HEADER_SD_S if begun is None or pulled is None else header_sd(begun, pulled)

    # -- choosing and marking -----------------------------------------------------------------
    def choose(self, run_uid: str | None) -> None:
        """Take another run as the fluoroscopy, or none; its marks go with it."""
        tie = self._session.vessel.current_tie()
        if run_uid != tie.fluoro_run_uid:
            self._cancelled = ()
            tie = replace(tie, fluoro_run_uid=run_uid, transducer=(), clock_offset_s=None)
            self._edit("Choose fluoroscopy", tie)

    def set_offset(self, seconds: float | None) -> None:
        """Set the clock offset, s; None takes the headers' again."""
        tie = replace(self._session.vessel.current_tie(), clock_offset_s=seconds)
        self._edit("Set clock offset", tie)

    @property
    def is_marking(self) -> bool:
        """Whether the next click on the fluoroscopy marks the transducer."""
        return self._marking_for is not None

    def begin_marking(self) -> None:
        """Show the fluoroscopy: the next click on it is the transducer."""
        session, run = self._session, self._chosen()
        if run is None or session.cursor.run_uid is None or session.cursor.pullback_uid is None:
            return
        self._marking_for = (session.cursor.run_uid, session.cursor.pullback_uid)
        session.show(run.uid)
        hint = "Any frame that shows it will do; Esc goes back."
        session.notify("Click the IVUS transducer on the fluoroscopy", hint, about="fluoro")
        self._changed()

    def place_mark(self, point_px: PointPx) -> None:
        """Mark the transducer on the shown frame of the fluoroscopy, and go back to the vein."""
        session = self._session
        if self._marking_for is None:
            return
        tie, frame = session.vessel.tie_for(*self._marking_for), session.cursor.run_frame
        marks = [mark for mark in tie.transducer if mark.frame != frame]
        marks = sorted([*marks, TransducerMark(frame, point_px)], key=lambda mark: mark.frame)
        self._cancelled = ()
        self._edit("Mark transducer", replace(tie, transducer=tuple(marks)))
        self.end_marking()

    def end_marking(self) -> bool:
        """Go back to the run with the vein; whether there was anything to end."""
        if self._marking_for is None:
            return False
        run_uid, self._marking_for = self._marking_for[0], None
        self._session.show(run_uid)
        self._changed()
        return True

    def clear_marks(self) -> None:
        """Take the reader's marks away."""
        self._edit("Clear transducer", replace(self._session.vessel.current_tie(), transducer=()))

    @property
    def marks_here(self) -> tuple[TransducerMark, ...]:
        """The reader's marks on the frame that is shown."""
        if self._marking_for is None:
            return ()
        tie, frame = (
            self._session.vessel.tie_for(*self._marking_for), self._session.cursor.run_frame
        )  # fmt: skip
        return tuple(mark for mark in tie.transducer if mark.frame == frame)

    def _edit(self, label: str, tie: Coregistration) -> None:
        session = self._session
        if not tie.centerline_id:
            return
        stored = replace(tie, id=new_id()) if tie.id == "new" else tie
        session.edit(label, session.review.with_coregistration(stored))

    # -- following ----------------------------------------------------------------------------
    def cancel(self) -> None:
        """Stop; it is not begun again until something is changed."""
        self._cancelled = self._doing
        self._stop()
        self._changed()

    def _stop(self) -> None:
        for key in (_STRIPS, _WAY):
            self._loader.cancel_background(key)
        self._doing, self.progress = (), None

    def follow(self) -> None:
        """Have the transducer followed on the chosen run, unless that is done or under way."""
        session, run, curve = self._session, self._chosen(), self._session.current_polyline
        if run is None or curve is None or session.run is None:
            if self._doing and not self.is_marking:
                self._stop()
                self.problem = ""
            return
        key = (run.uid, curve, session.vessel.current_tie().transducer)
        known = self._found is not None and self._found[0] == key
        if session.in_gesture or known or key in (self._doing, self._cancelled):
            return
        self._stop()
        self.problem = ""
        times_s = session.timing(run).times_s
        if times_s is None:
            self.problem = "The fluoroscopy's frame times are unknown: set its rate (Ctrl R)."
            return
        self._doing = key
        if self._strips is not None and self._strips.key == key[:2]:
            self._find_way(key, run, self._strips, np.asarray(times_s))
        else:
            self._straighten(key, run, session.run, curve, np.asarray(times_s))

    def _straighten(
        self,
        key: tuple[object, ...],
        run: Run,
        venogram: Run,
        curve: Polyline,
        times_s: NDArray[np.float64],
    ) -> None:
        ratio = run.columns / venogram.columns
        course = Polyline.from_points(curve.points_px * ratio)
        if course is None:
            self._end(key, None, "The centerline is too short to follow anything along it.")
            return
        mm = self._session.calibration(venogram).mm_per_px or GUESSED_MM_PER_PX
        straight = Straightener(course, mm / ratio, (run.rows, run.columns))
        chosen = np.arange(0, run.frames, max(1, -(-run.frames // MOST_FRAMES)), dtype=np.intp)
        domain, lock = LogDomain.of(run.pixels), threading.Lock()
        made: dict[int, NDArray[np.float32]] = {}

        def visit(index: int, stored: Frame | UnreadableError) -> None:
            if isinstance(stored, UnreadableError) or stored.shape[:2] != (run.rows, run.columns):
                return
            strip = straight.of(-domain.of_frame(stored))
            with lock:
                made[index] = strip

        def progress(done: int, total: int) -> None:
            self.progress = (done, total)
            self._changed()

        def finished(error: UnreadableError | None) -> None:
            if self._doing != key:
                return
            if error is not None or len(made) < 4:
                self._end(key, None, "The fluoroscopy's frames can't be read.")
                return
            frames = np.array(sorted(made), dtype=np.intp)
            stack = np.stack([made[int(i)] for i in frames])
            self._strips = _Strips(key[:2], frames, stack, straight, course, ratio)
            self._find_way(key, run, self._strips, times_s)

        self._loader.submit_background(
            _STRIPS, run, chosen.tolist(), visit, finished=finished, progress=progress
        )
        self._changed()

    def _find_way(
        self,
        key: tuple[object, ...],
        run: Run,
        strips: _Strips,
        times_s: NDArray[np.float64],
    ) -> None:
        marks = [_mark(mark, strips) for mark in self._session.vessel.current_tie().transducer]
        answers: list[Tracked | None] = []
        filled: list[bool] = []

        def visit(_: int, _read: Frame | UnreadableError) -> None:
            filled.append(fills_with_contrast(strips.strips))
            if filled[0]:
                return
            arc_px = strips.straight.arc_px / strips.ratio
            found = track(strips.strips, times_s[strips.frames], arc_px, marks)
            if found is not None:  # frames of the run, not places among those looked at
                frames = strips.frames[found.frames]
                found = Tracked(frames, found.arc_px, found.sigma_px, found.distinct)
            answers.append(found)

        def finished(_: UnreadableError | None) -> None:
            if self._doing == key:
                why = "The transducer can't be told from its surroundings: mark it on a frame."
                if any(filled):
                    why = _A_VENOGRAM
                found = answers[0] if answers else None
                self._end(key, found, "" if found is not None else why)

        self._loader.submit_background(_WAY, run, (int(strips.frames[0]),), visit,
                                       finished=finished)  # fmt: skip
        self._changed()

    def _end(self, key: tuple[object, ...], found: Tracked | None, problem: str) -> None:
        self._doing, self.progress = (), None
        self._offset = None
        self._offsets.clear()
        self._paths.clear()
        self._found, self.problem = (key, found), problem
        self._changed()


def _mark(mark: TransducerMark, strips: _Strips) -> tuple[int, tuple[int, int]]:
    """A reader's mark as (place among the frames looked at, (row, column) of the strip)."""
    straight, (x, y) = strips.straight, mark.point_px
    arc, _ = strips.course.project((x, y))
    row = int(np.argmin(np.abs(straight.arc_px - float(arc))))
    column = int(np.argmin(np.hypot(straight.x[row] - x, straight.y[row] - y)))
    return int(np.argmin(np.abs(strips.frames - mark.frame))), (row, column)


def _remark(shown: Run, run: Run) -> str:
    """What makes the shown run's centerline doubtful on another run."""
    pairs = (
        (shown.primary_angle_deg, run.primary_angle_deg),
        (shown.secondary_angle_deg, run.secondary_angle_deg),
    )
    for one, other in pairs:
        if one is not None and other is not None and abs(one - other) > SAME_ANGLE_DEG:
            return "taken from another angle: the centerline may not fit it"
    return ""
