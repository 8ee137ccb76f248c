"""What the profile model compared: the lumen on the IVUS laid over the vein on the venogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.model.coregistration import SyncMode

if TYPE_CHECKING:
    from viewer.session.session import Session

Values = NDArray[np.float64]

SURE_CHANCE, LIKELY_CHANCE = 0.9, 0.5
"""From here on a match is called better than chance, or possible; below, it is not used much."""


@dataclass(frozen=True, eq=False)
class ProfileReading:
    """Both profiles along the vein.

    Attributes
    ----------
    vein_places, vein : ndarray of float64, shape (k,)
        Places on the axis along the vein, rising, and its width there; NaN where unknown.
    frames : ndarray of int, shape (m,)
        Frames whose lumen was found, 0-based.
    lumen_places, lumen : ndarray of float64, shape (m,)
        Where these frames lie, and the size of their lumen scaled to the vein's width.
    unit : str
        Of places and widths: mm or px.
    shown_as : str
        Which size of the lumen is drawn.
    words : str
        How well they go together, in a sentence.
    """

    vein_places: Values
    vein: Values
    frames: NDArray[np.intp]
    lumen_places: Values
    lumen: Values
    unit: str
    shown_as: str
    words: str

    @property
    def reach(self) -> tuple[float, float]:
        """The first and the last place that either profile has."""
        both = np.concatenate((self.vein_places, self.lumen_places))
        return float(both.min()), float(both.max())

    @property
    def widest(self) -> float:
        """The largest width of both; 0 where none is known."""
        both = np.concatenate((self.vein, self.lumen))
        known = both[np.isfinite(both)]
        return float(known.max()) if known.size else 0.0


def profile_reading(session: Session) -> ProfileReading | None:
    """What was compared for the shown pair; None where no profile took part (see `why_none`)."""
    position, axis, run = session.position_map, session.placing.vein_axis, session.run
    matched = position.profiles if position is not None else None
    if position is None or axis is None or run is None or matched is None:
        return None
    scale = session.calibration(run).mm_per_px
    per_px = scale if position.unit == "mm" and scale else 1.0
    vein_places = axis.outward * (position.to_unit(matched.vein_arc_px) - axis.zero)
    order = np.argsort(vein_places, kind="stable")
    lumen_places = axis.outward * (position.arc[matched.frames] - axis.zero)
    return ProfileReading(
        vein_places[order],
        matched.vein[order] * per_px,
        matched.frames,
        lumen_places,
        matched.lumen * per_px,
        position.unit,
        matched.shown_as,
        _words(matched.chance, len(session.vessel.landmarks)),
    )


def _words(chance: float, landmarks: int) -> str:
    """How far a match may be trusted: the figure is one among the explanations compared."""
    if chance < LIKELY_CHANCE:
        return "Both hardly go together: the profile counts for little here."
    if landmarks < 2:
        return "The best of the ways to lay them over each other; tie two landmarks to be sure."
    if chance < SURE_CHANCE:
        return "Both may go together: the profile counts for a part."
    return "Both go together better than by chance."


def why_none(session: Session) -> str:
    """Why no profiles are shown, for a person."""
    if session.pullback is None or session.current_centerline is None:
        return "Profiles show once a vein is drawn on the venogram beside an IVUS pullback."
    pulls, tie = session.pulls, session.vessel.current_tie()
    basis = session.basis_for(session.run, session.pullback)
    if basis is not None and (basis.steady or not basis.compares):
        named = {
            SyncMode.LANDMARKS: "landmarks alone",
            SyncMode.TRACKED: "the fluoroscopy",
        }.get(tie.mode, "the constant rate, which the profile may bend between two landmarks")
        return f"Places come from {named}: choose Automatic or profile to compare both."
    if pulls is not None and pulls.busy:
        return pulls.status
    look = pulls.look(session.pullback) if pulls is not None else None
    if look is not None and look.lumen is None:
        return "The lumen is not found on the IVUS, so there is nothing to compare."
    return "The vein's width is not known here, so there is nothing to compare."
