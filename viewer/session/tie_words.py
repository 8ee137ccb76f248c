"""How good the tie of the shown pair is, and what to do about it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from viewer.geometry.position_map import BAND, PositionMap
from viewer.model.coregistration import Coregistration, Landmark, SyncMode
from viewer.session import facts
from viewer.session.pull_speed import foretold, half_bands

if TYPE_CHECKING:
    from viewer.session.session import Session

TRIAL = "trial"

MODEL_NAMES = {
    SyncMode.AUTO: "Automatic",
    SyncMode.CONSTANT: "Constant rate",
    SyncMode.LANDMARKS: "Hand pullback, landmarks",
    SyncMode.PROFILE: "Hand pullback, profile",
    SyncMode.TRACKED: "Tracked on fluoroscopy",
}

MODEL_TEXTS = {
    SyncMode.AUTO: "Takes the motor's rate when the file gives one, else landmarks, the movement "
    "seen in the IVUS and the vein's profile together.",
    SyncMode.CONSTANT: "Rate times time from the pullback's start to its stop, held to the "
    "landmarks and bent where the vein's width shows it shortened: for motorised pullbacks.",
    SyncMode.LANDMARKS: "A curve through the landmarks that never turns back and follows the "
    "pauses seen in the IVUS: for pullbacks by hand.",
    SyncMode.PROFILE: "Lays the lumen's size along the pullback over the vein's width on the "
    "venogram: places frames where landmarks are few.",
    SyncMode.TRACKED: "Follows the transducer on a fluoroscopy stored during the pullback and "
    "takes its place on the vein.",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Where a next landmark would help most.

    Attributes
    ----------
    frame : int
        To look at, 0-based.
    title, text : str
        What to place, and what it would bring.
    """

    frame: int
    title: str
    text: str


def suggestion(session: Session) -> Suggestion | None:
    """Where to look next; None without a pullback and a vein."""
    pullback = session.pullback
    gap = facts.largest_gap(session)
    if pullback is None or gap is None or session.current_polyline is None:
        return None
    position, count = session.position_map, len(session.vessel.landmarks)
    if position is None or len(position) != pullback.frames:
        return _first_ones(session, gap, count)
    frame = position.widest[0]
    frames = sorted({0, *(mark.frame for mark in session.vessel.landmarks), pullback.frames - 1})
    low = max(f for f in frames[:-1] if f <= frame)
    high = min((f for f in frames if f > low), default=pullback.frames - 1)
    if high - low < 3:
        return None
    worst = float(half_bands(position).max())
    digits = 1 if position.unit == "mm" else 0
    text = f"{'Largest gap, ' if (low, high) == gap else ''}{high - low} frames; ± is widest here."
    then = foretold(session, _with_trial(session, position, frame), TRIAL)
    if then is not None:
        best = float(half_bands(then).max())
        typical = (np.median(half_bands(position)), np.median(half_bands(then)))
        if best < 0.97 * worst:
            text = (
                f"{text[0].upper()}{text[1:].split(';')[0]}. Would bring ± {worst:.{digits}f} "
                f"to about ± {best:.{digits}f}."
            )
        elif typical[1] < 0.97 * typical[0]:
            text = (
                f"{text.split(';')[0]}. Would bring the typical ± {typical[0]:.{digits}f} "
                f"to about ± {typical[1]:.{digits}f}."
            )
    title = f"Anything between frames {low + 1} and {high + 1}"
    return Suggestion(frame, title, text)


def _first_ones(session: Session, gap: tuple[int, int], count: int) -> Suggestion:
    if count == 0:
        return Suggestion(
            0,
            "The most central place both images show",
            "The confluence, a side branch, the end of the pull. Two landmarks far apart link "
            "both views.",
        )
    middle = gap[0] if gap[0] not in {m.frame for m in session.vessel.landmarks} else gap[1]
    return Suggestion(middle, "One more, far from the first", "Two landmarks link both views.")


def _with_trial(session: Session, position: PositionMap, frame: int) -> Coregistration | None:
    curve = session.current_polyline
    if curve is None or session.in_gesture:
        return None
    arc_px = min(max(float(position.arc_px[frame]), 0.0), curve.length_px)
    x, y = curve.at(arc_px)
    return session.vessel.current_tie().with_landmark(
        Landmark(TRIAL, TRIAL, frame, (float(x), float(y)))
    )


def quality_notes(session: Session) -> tuple[tuple[str, str], ...]:
    """(tone, sentence) on the tie, the worst first; tone is "ok", "warn" or "info"."""
    position = session.position_map
    if position is None:
        state = facts.link_state(session)
        return (("warn", f"{state.text}. {state.tip}".strip()),)
    notes: list[tuple[str, str]] = []
    disagreeing = tuple(left for left in position.residuals if left.disagrees)
    if not disagreeing:
        notes += [("warn", text) for text in (_doubt(position),) if text]
    notes += [("warn", _sentence(text)) for text in position.problems]
    if len(session.vessel.landmarks) > 1 and not disagreeing:
        notes.insert(0, ("ok", f"Order is consistent. {_movement(position)}"))
    elif position.pauses:
        notes.append(("info", _movement(position)))
    warning = session.two_views.warning()
    if warning:
        notes.append(("info", warning))
    return tuple(dict.fromkeys(notes))


def _doubt(position: PositionMap) -> str:
    """The landmark farthest outside what the others expect of it, when that is worth a look."""
    told = [
        (abs(left.value), left)
        for left in position.residuals
        if left.value is not None and left.expected is not None
        and abs(left.value) > BAND * left.expected
    ]  # fmt: skip
    off, left = max(told, key=lambda item: item[0], default=(0.0, None))
    if left is None or position.unit != "mm" or off <= facts.ERROR_WARN_MM:
        return ""
    name = left.name or "A landmark"
    return (
        f"{name} is {off:.1f} mm from where its neighbours put it. Check the frame and the place."
    )


def _movement(position: PositionMap) -> str:
    pauses = position.pauses
    back = "nothing ran backwards"
    if position.backwards:
        count = len(position.backwards)
        back = f"it went back {'once' if count == 1 else f'{count} times'}"
    if not pauses:
        return "No pause or reversal found." if not position.backwards else f"No pause; {back}."
    first, last = pauses[0]
    more = f" and {len(pauses) - 1} more" if len(pauses) > 1 else ""
    return f"Pause at frames {first + 1} to {last + 1}{more}; {back}."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def model_line(session: Session) -> tuple[str, str]:
    """Which model places the shown frames, and what it rests on; empty when nothing is tied."""
    position = session.position_map
    if position is None:
        return "", ""
    names = {
        "constant": "Constant rate",
        "landmarks": "Hand pull, landmarks",
        "profile": "Hand pull, profile",
        "tracked": "Tracked",
        "auto": "Hand pull, all evidence",
    }
    return names.get(position.mode, position.mode), position.explanation
