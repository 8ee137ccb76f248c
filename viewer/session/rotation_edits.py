"""Where anterior is on the shown pullback: said on a frame, followed by pane and long view."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.rotation import UP_DEG, shortest, turn_deg
from viewer.model.rotation import (
    SHORTEST_ARROW_PX,
    PullbackRotation,
    RotationMark,
    Seen,
    SeenFrom,
    Towards,
)
from viewer.model.vessel import PointPx
from viewer.session.long_view import polar_grid_for
from viewer.session.state import Severity

if TYPE_CHECKING:
    from viewer.model.study import Pullback
    from viewer.session.session import Session

EDGES = ("top", "right", "bottom", "left")
"""Edges of a turned pane, clockwise from where anterior is."""

COMPASS_STEP_DEG = 45.0


@dataclass(frozen=True, slots=True)
class Saying:
    """What the next arrow or click will say."""

    seen: Seen = Seen.ARTERY
    towards: Towards = Towards.ANTERIOR


class RotationEdits:
    """The verbs that set how a pullback is turned. The session's own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.saying = Saying()
        self._seen_from = SeenFrom.FEET

    def clear(self) -> None:
        """Another case: nothing of what was chosen for the old one holds."""
        self.saying, self._seen_from = Saying(), SeenFrom.FEET

    # -- what is known ------------------------------------------------------------------------
    @property
    def current(self) -> PullbackRotation | None:
        """What is said of the shown pullback."""
        return self._session.review.rotation_of(self._session.cursor.pullback_uid)

    @property
    def seen_from(self) -> SeenFrom:
        """From which side the shown pullback is looked at."""
        return self.current.seen_from if self.current is not None else self._seen_from

    def turns_deg(self, frames: NDArray[np.intp]) -> NDArray[np.float64]:
        """Clockwise turn of frames so that anterior is up, deg, (n,); 0 while nobody said."""
        rotation, pullback = self.current, self._session.pullback
        if rotation is None or pullback is None:
            return np.zeros(np.shape(frames))
        return turn_deg(rotation, frames, pullback.pixels.aspect)

    def turn_at(self, frame: int) -> float:
        """Clockwise turn of one frame, deg."""
        return float(self.turns_deg(np.array([frame]))[0])

    def letters(self) -> dict[str, str]:
        """Directions at the edges of the turned pane; empty while nobody said."""
        if self.current is None:
            return {}
        letters = [towards.value for towards in Towards]
        if not self.seen_from.left_is_clockwise:
            letters = [letters[0], *reversed(letters[1:])]
        return dict(zip(EDGES, letters, strict=True))

    def compass(self, shown_deg: float) -> str:
        """Name of a direction on the turned pane (deg clockwise from +x): A, AL, L and so on."""
        sign = 1.0 if self.seen_from.left_is_clockwise else -1.0
        from_anterior = (sign * (shown_deg - UP_DEG)) % 360.0
        eighth = round(from_anterior / COMPASS_STEP_DEG) % 8
        return ("A", "AL", "L", "PL", "P", "PR", "R", "AR")[eighth]

    def cut_words(self, shown_deg: float) -> str:
        """The long view's cut for people: "Cut 90°", or "Cut A–P", "Cut A–P, 10° to L"."""
        if self.current is None:
            return f"Cut {-shown_deg % 360:.0f}°"
        sign = 1.0 if self.seen_from.left_is_clockwise else -1.0
        turned = sign * shortest(shown_deg - UP_DEG)
        side = turned if abs(turned) <= 90.0 else turned - math.copysign(180.0, turned)
        ends = "L–R" if math.isclose(abs(turned), 90.0, abs_tol=0.5) else "A–P"
        if ends == "L–R" or abs(side) < 0.5:
            return f"Cut {ends}"
        return f"Cut {ends}, {abs(side):.0f}° to {'L' if side > 0 else 'R'}"

    def text(self) -> str:
        """How it was set, in a line: "A up · 1 mark, frame 204 · seen from the feet"."""
        rotation = self.current
        if rotation is None:
            return "not set"
        frames = ", ".join(str(mark.frame + 1) for mark in rotation.marks[:3])
        more = "…" if len(rotation.marks) > 3 else ""
        first = rotation.marks[0]
        what = first.seen.value if len(rotation.marks) == 1 else f"{len(rotation.marks)} marks"
        plural = "s" if len(rotation.marks) > 1 else ""
        return f"{what}, frame{plural} {frames}{more} · seen from the {rotation.seen_from.value}"

    def drift_text(self) -> str:
        """How far the marks turn against each other; empty for one."""
        rotation = self.current
        if rotation is None or len(rotation.marks) < 2:
            return ""
        turns = self.turns_deg(np.array([mark.frame for mark in rotation.marks]))
        frames = f"frames {rotation.marks[0].frame + 1}–{rotation.marks[-1].frame + 1}"
        return f"Drift {np.ptp(turns):.0f}° over {frames}, even between the marks"

    def center_px(self, pullback: Pullback) -> PointPx:
        """The catheter's place on the frames: where a click is seen from."""
        return polar_grid_for(pullback).center_px

    # -- edits --------------------------------------------------------------------------------
    def say(self, seen: Seen | None = None, towards: Towards | None = None) -> None:
        """What the next arrow says, and the one on the shown frame; an artery lies in front."""
        if seen is not None:
            keeps = seen is not Seen.ARTERY
            ahead = self.saying.towards if keeps else Towards.ANTERIOR
            self.saying = Saying(seen, ahead)
        if towards is not None:
            self.saying = replace(self.saying, towards=towards)
        session, rotation = self._session, self.current
        mark = rotation.mark_on(session.cursor.pullback_frame) if rotation is not None else None
        if rotation is not None and mark is not None:
            changed = replace(mark, seen=self.saying.seen, towards=self.saying.towards)
            review = session.review.with_rotation(rotation.with_mark(changed))
            session.edit("Change rotation", review, self._told(changed))
        session.pending_changed.emit()

    def set_arrow(self, to_px: PointPx, from_px: PointPx | None = None) -> bool:
        """Say where the shown frame's arrow points, from the catheter unless it is said."""
        session, pullback = self._session, self._session.pullback
        if pullback is None:
            return False
        start = from_px if from_px is not None else self.center_px(pullback)
        if math.dist(start, to_px) < SHORTEST_ARROW_PX:
            session.notify(
                "That is the catheter itself",
                "Click what you know the side of, or drag an arrow towards it.",
                Severity.WARNING,
                about="rotation",
            )
            return False
        frame, saying = session.cursor.pullback_frame, self.saying
        mark = RotationMark(str(uuid.uuid4()), frame, start, to_px, saying.towards, saying.seen)
        rotation = self.current
        if rotation is None:
            rotation = PullbackRotation(pullback.uid, (mark,), self._seen_from)
        else:
            rotation = rotation.with_mark(mark)
        session.edit("Set rotation", session.review.with_rotation(rotation), self._told(mark))
        return True

    def _told(self, mark: RotationMark) -> str:
        return f"Frame {mark.frame + 1}: the {mark.seen.value} lies {mark.towards.word}" if (
            mark.seen is not Seen.ARROW
        ) else f"Frame {mark.frame + 1}: the arrow points {mark.towards.word}"  # fmt: skip

    def set_seen_from(self, seen_from: SeenFrom) -> None:
        """Look from the feet or from the head: left and right change sides."""
        self._seen_from = seen_from
        session, rotation = self._session, self.current
        if rotation is not None:
            review = session.review.with_rotation(replace(rotation, seen_from=seen_from))
            told = f"Seen from the {seen_from.value}: left and right changed sides"
            session.edit("Change side of view", review, told)
        session.pending_changed.emit()

    def toggle_seen_from(self) -> None:
        """Look from the other side."""
        other = SeenFrom.HEAD if self.seen_from is SeenFrom.FEET else SeenFrom.FEET
        self.set_seen_from(other)

    def remove_mark(self, frame: int) -> None:
        """Take the mark of one frame away; the last one takes the rotation with it."""
        session, rotation = self._session, self.current
        if rotation is None or rotation.mark_on(frame) is None:
            return
        rest = tuple(mark for mark in rotation.marks if mark.frame != frame)
        if not rest:
            self.remove()
            return
        review = session.review.with_rotation(replace(rotation, marks=rest))
        session.edit("Remove rotation mark", review, f"Rotation mark of frame {frame + 1} removed")

    def remove(self) -> None:
        """Show the pullback as it was taken."""
        session, rotation = self._session, self.current
        if rotation is not None:
            review = session.review.without_rotation(rotation.image_uid)
            session.edit("Remove rotation", review, "Rotation removed: frames as they were taken")
