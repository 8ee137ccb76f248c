"""The veins that are drawn on the shown run, as rows for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.model.vessel import Centerline

if TYPE_CHECKING:
    from viewer.session.session import Session

VEIN_NAMES = ("Left", "Right", "IVC")
"""Names offered first; a reader may give any other."""


@dataclass(frozen=True, slots=True)
class VeinFact:
    """One centerline of the shown run.

    Attributes
    ----------
    detail : str
        How long it is, and what to know of it.
    chosen : bool
        Clicks with the Vein tool add to it.
    tied : bool
        The shown pullback's frames lie on it.
    unchecked : bool
        It was copied from another run and nobody has looked at it yet.
    """

    id: str
    name: str
    detail: str
    chosen: bool
    tied: bool
    unchecked: bool


def vein_facts(session: Session) -> tuple[VeinFact, ...]:
    """Every centerline of the shown run, in the order they were drawn."""
    target, tied = session.vessel.target, session.current_centerline
    return tuple(
        VeinFact(
            line.id,
            line.name or "Vein",
            _detail(session, line),
            target is not None and target.id == line.id,
            session.pullback is not None and tied is not None and tied.id == line.id,
            line.unchecked,
        )
        for line in session.vessel.lines
    )


def _detail(session: Session, line: Centerline) -> str:
    curve = session.polyline(line)
    if curve is None:
        return "one point: click its other end"
    scale = session.calibration(session.run).mm_per_px
    length = f"{curve.length_px * scale:.0f} mm" if scale else f"{curve.length_px:.0f} px"
    guessed = sum(end - start for start, end in session.vessel.guessed_arcs(line))
    parts = [length]
    if guessed > 0.5:
        share = round(100 * guessed / curve.length_px)
        parts.append(f"{max(share, 1)} % guessed (dashed)")
    if line.unchecked:
        parts.append("copied: check it")
    return " · ".join(parts)
