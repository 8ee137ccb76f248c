"""A calibration by hand used on other runs of the same geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.measure.same_geometry import carried_share, why_other_geometry
from viewer.model.reader_calibration import ReaderCalibration
from viewer.model.study import Run
from viewer.session.contents import image_title

if TYPE_CHECKING:
    from viewer.session.session import Session


@dataclass(frozen=True, slots=True)
class CarryOffer:
    """Where a run's calibration could be used too.

    Attributes
    ----------
    made_on : Run
        The run it was made on.
    ready : tuple of Run
        Runs of the same geometry that do not have it yet.
    refused : tuple of (Run, str)
        Other runs, and why not.
    """

    made_on: Run
    ready: tuple[Run, ...]
    refused: tuple[tuple[Run, str], ...]

    @property
    def ready_text(self) -> str:
        """The runs it could be used on, e.g. "Also use on Run 3, same geometry"."""
        names = _listed([image_title(run) for run in self.ready])
        return f"Also use on {names}, same geometry." if names else ""

    @property
    def refused_text(self) -> str:
        """The runs it does not hold on, and why."""
        return "; ".join(f"not on {image_title(run)}: {why}" for run, why in self.refused)


class CalibrationCarry:
    """Uses the shown run's calibration by hand on other runs.

    Attributes
    ----------
    offered_uid : str
        The run that was calibrated last, for which it is offered; empty when it is not.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.offered_uid = ""

    def offer(self) -> CarryOffer | None:
        """Where the shown run's own calibration could be used; None when it has none of its own."""
        session, run = self._session, self._session.run
        made = session.review.calibration_of(run.uid) if run is not None else None
        if run is None or made is None or made.carried_from:
            return None
        ready, refused = [], []
        for other in session.case.runs:
            if other.uid == run.uid:
                continue
            has = session.review.calibration_of(other.uid)
            why = why_other_geometry(run, other)
            if has is not None and not has.carried_from:
                refused.append((other, "it has a calibration of its own"))
            elif why:
                refused.append((other, why))
            elif has != _carried(made, run, other):
                ready.append(other)
        return CarryOffer(run, tuple(ready), tuple(refused))

    def why_not(self) -> str:
        """What is missing to use it on another run; empty when nothing is."""
        offer = self.offer()
        if offer is None:
            return "needs a run calibrated by hand"
        if offer.ready:
            return ""
        told = f" ({offer.refused_text})" if offer.refused else ""
        return f"needs another run of the same geometry{told}"

    def use(self) -> bool:
        """Use it on every run of the same geometry, as one step of undo."""
        session, offer = self._session, self.offer()
        made = session.review.calibration_of(offer.made_on.uid) if offer else None
        if offer is None or made is None or not offer.ready:
            return False
        review = session.review
        for other in offer.ready:
            review = review.with_calibration(_carried(made, offer.made_on, other))
        names = _listed([image_title(run) for run in offer.ready])
        session.edit("Use calibration", review, f"Calibration used on {names} too")
        return True


def _carried(made: ReaderCalibration, made_on: Run, other: Run) -> ReaderCalibration:
    """The same scale on another run, with the ± that carrying it over adds."""
    where = made.validity or "at the depth of what was measured"
    return replace(
        made,
        image_uid=other.uid,
        uncertainty=math.hypot(made.uncertainty, carried_share(made_on, other)),
        validity=f"{where}; carried over from {image_title(made_on)}, same geometry",
        carried_from=made_on.uid,
    )


def _listed(names: list[str]) -> str:
    """Names as a person lists them."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
