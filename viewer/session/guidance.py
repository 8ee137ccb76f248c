"""The next step toward linked views, and what is wrong with the shown images, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.geometry.position_map import PositionMap
from viewer.session.calibrating import can_calibrate
from viewer.session.state import Severity, Tool

if TYPE_CHECKING:
    from viewer.session.session import Session


@dataclass(frozen=True, slots=True)
class Advice:
    """A line under the venogram's header: what, what to do, and the action that does it."""

    what: str
    more: str = ""
    action_id: str = ""
    severity: Severity = Severity.INFO
    button: str = ""  # its words in place of the action's own


def advice_for(session: Session) -> Advice | None:
    """What a reader should know or do next on the shown run; None when all is well.

    While the tool it names is armed it stays, without naming it: the image must not jump.
    """
    if session.frozen:
        return None  # here nothing can be done
    if session.tool in (Tool.CALIBRATE, Tool.ROTATION):
        return None  # their strip says what to do, and images need the room
    advice = _advice(session)
    if advice is not None and advice.action_id == f"tool.{session.tool.value}":
        return replace(advice, action_id="")
    return advice


def _advice(session: Session) -> Advice | None:
    run = session.run
    if run is None:
        return None
    if (carrying := _about_carrying(session)) is not None:
        return carrying
    if session.pullback is None:
        return _about_scale(session)
    curve = session.current_polyline
    if curve is None:
        return Advice(
            "Not linked yet.", "Draw the vein on the venogram, centre first.", "tool.centerline"
        )
    position = session.position
    if isinstance(position, PositionMap):
        return _about_scale(session)
    if not session.vessel.landmarks:
        return Advice("Not linked yet.", position.hint, "tool.landmark")
    return Advice(f"Not linked: {_lower(position.reason)}.", position.hint, "tool.landmark")


def _about_scale(session: Session) -> Advice | None:
    if session.run is None:
        return None
    if session.calibration(session.run).known:
        return _about_foreshortening(session)
    action_id = "tool.calibrate" if can_calibrate(session.run) else ""
    return Advice(
        "No calibration.", "Lengths on this run are in pixels.", action_id, Severity.WARNING
    )


def _about_foreshortening(session: Session) -> Advice | None:
    """The shown view makes the vein look shorter than it is, and true length isn't used."""
    views = session.two_views
    if session.in_gesture or views.in_force(session.current_centerline) is not None:
        return None
    told = views.warning()
    if not told:
        return None
    return Advice(
        f"{told[0].upper()}{told[1:]}.",
        "Lengths there read too short.",
        "views.true_length",
        Severity.WARNING,
        button="Use true length",
    )


def _about_carrying(session: Session) -> Advice | None:
    """Just calibrated: other runs of the same geometry could have the scale too."""
    carry = session.calibrating.carry
    offer = carry.offer() if session.cursor.run_uid == carry.offered_uid else None
    if offer is None or not offer.ready:
        return None
    rest = offer.refused_text
    more = f"{rest[0].upper()}{rest[1:]}." if rest else ""
    return Advice(offer.ready_text, more, "calibrate.carry", button="Use there too")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
