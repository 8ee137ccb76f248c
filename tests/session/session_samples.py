"""Sessions made by hand for the tests: one run, one pullback, a vein, landmarks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from viewer.geometry.polyline import Polyline
from viewer.model.annotation import SegmentKind
from viewer.model.calibration import Calibration, CalibrationSource
from viewer.model.case import Case
from viewer.model.study import (
    FrameTiming,
    ImageSet,
    Patient,
    PixelFormat,
    Pullback,
    PullbackMode,
    Role,
    Run,
)
from viewer.session.session import Session
from viewer.session.state import Notice, Severity

ANNA = Patient("1", "DEMO^ANNA", "19700101")
BERTA = Patient("2", "DEMO^BERTA", "19650505")
KNOTS = ((500.0, 100.0), (540.0, 300.0), (500.0, 520.0), (560.0, 900.0))
LANDMARKS = (
    (10, 0.1, "Iliac confluence"),
    (50, 0.45, "Internal iliac ostium"),
    (90, 0.9, "Inguinal ligament"),
)
"""Frame, share of the centerline, name."""

SIGNALS = (
    "case_changed", "cursor_changed", "review_changed", "committed", "selection_changed",
    "tool_changed", "workspace_changed", "layers_changed", "axis_changed", "link_changed",
    "pending_changed", "noticed",
)  # fmt: skip


def scale(mm_per_px: float | None = 0.25) -> Calibration:
    if mm_per_px is None:
        return Calibration()
    return Calibration(mm_per_px, CalibrationSource.SID_SOD, 0.07)


def _timing(frames: int, rate_hz: float | None) -> FrameTiming:
    if rate_hz is None:
        return FrameTiming()
    return FrameTiming(tuple((np.arange(frames) / rate_hz).tolist()), "Frame Time")


def run(
    uid: str = "run",
    *,
    mm_per_px: float | None = 0.25,
    frames: int = 48,
    patient: Patient = ANNA,
    rate_hz: float | None = 7.5,
    **more: Any,
) -> Run:
    return Run(
        uid, f"{uid}.series", "study", patient, "XA", Role.VENOGRAM, f"Run {uid}", 1, None, (),
        frames, frames, 1024, 1024, _timing(frames, rate_hz), scale(mm_per_px), **more,
    )  # fmt: skip


def pullback(
    uid: str = "pull",
    *,
    frames: int = 100,
    patient: Patient = ANNA,
    rate_hz: float | None = 30.0,
    **more: Any,
) -> Pullback:
    return Pullback(
        uid, f"{uid}.series", "study", patient, "IVUS", Role.PULLBACK, f"L iliac {uid}", 2, None,
        (), frames, frames, 512, 512, _timing(frames, rate_hz), scale(0.1), PixelFormat(),
        **{"mode": PullbackMode.MANUAL, **more},
    )  # fmt: skip


def motor(uid: str = "pull", **more: Any) -> Pullback:
    return pullback(uid, mode=PullbackMode.MOTOR, rate_mm_s=50.0, **more)


def session_of(*sets: ImageSet, reader: str = "Reader A") -> Session:
    """A session with these images open and an empty review."""
    session = Session(reader)
    session.open_case(Case().with_sets(*sets), None)
    return session


def draw_vein(session: Session, knots: tuple[tuple[float, float], ...] = KNOTS) -> Polyline:
    """Click along the vein, centre first; its curve."""
    for knot in knots:
        session.vessel.add_knot(knot)
    return curve_of(session)


def curve_of(session: Session) -> Polyline:
    curve = session.current_polyline
    assert curve is not None
    return curve


def point_at(session: Session, share: float) -> tuple[float, float]:
    """The point of the shown centerline at a share of its length."""
    curve = curve_of(session)
    x, y = curve.at(share * curve.length_px)
    return float(x), float(y)


def place(session: Session, frame: int, share: float, name: str) -> bool:
    """Place a landmark as a reader does: frame, click, Enter."""
    session.set_pullback_frame(frame)
    session.vessel.name_pending(name)
    session.vessel.place_pending(point_at(session, share))
    return session.vessel.accept_pending()


def tie(session: Session, backwards: bool = False) -> Session:
    """Draw the vein and place three landmarks; `backwards` for a pull towards the centre."""
    draw_vein(session)
    for frame, share, name in LANDMARKS:
        assert place(session, 100 - frame if backwards else frame, share, name)
    return session


def tied_session(*, backwards: bool = False) -> Session:
    return tie(session_of(run(), pullback()), backwards)


def draw_frames(session: Session, first: int, last: int, kind: str = "stenosis") -> str:
    """Draw a segment over pullback frames, as one drag; its id."""
    session.segments.draw_frames(SegmentKind(kind), first, first)
    session.segments.draw_frames(SegmentKind(kind), first, last)
    session.segments.finish_drawing()
    return session.review.segments[-1].id


def draw_along(session: Session, start: float, end: float, kind: str = "clot") -> str:
    """Draw a segment along the centerline between two shares of it, as one drag; its id."""
    here = point_at(session, start)
    session.segments.draw_points(SegmentKind(kind), here, here)
    session.segments.draw_points(SegmentKind(kind), here, point_at(session, end))
    session.segments.finish_drawing()
    return session.review.segments[-1].id


@dataclass(frozen=True)
class SmallCase:
    """The small synthetic case as opened, with its truth."""

    folder: Path
    case: Case
    truth: dict[str, Any]


class Heard:
    """Counts what a session tells."""

    def __init__(self, session: Session) -> None:
        self.counts: Counter[str] = Counter()
        self.notices: list[Notice] = []
        for name in SIGNALS:
            getattr(session, name).connect(self._counter(name))
        session.noticed.connect(self.notices.append)

    def _counter(self, name: str) -> Any:
        def slot(*_: object) -> None:
            self.counts[name] += 1

        return slot

    def take(self) -> dict[str, int]:
        """What was heard since the last time, notices apart."""
        heard = {name: n for name, n in self.counts.items() if n and name != "noticed"}
        self.counts.clear()
        return heard

    @property
    def warnings(self) -> list[Notice]:
        return [notice for notice in self.notices if notice.severity is not Severity.INFO]
