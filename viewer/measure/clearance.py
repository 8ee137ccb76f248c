"""From phase to phase: how much clot was cleared, of what, and which grade that is.

% clearance = 100·(before - after) / before, of volume, of filled length and of the scores, by vein
and by limb. Only veins assessed in both phases are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from viewer.measure.clot_scores import (
    Patency,
    Score,
    VeinBurden,
    limbs_of,
    marder,
    svs,
)
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.case import Phase

UNITS_OF = ("volume", "filled length", "Marder", "SVS/ISCVS")

SEEN_LESS_MM, SEEN_LESS_SHARE = 5.0, 0.1
"""A later phase may show so much less of a vein and still be compared."""

BASELINES = (Phase.ACCESS, Phase.INITIAL_VENOGRAM, Phase.INITIAL_IVUS)
"""What they show was there before anything was done: none of them is cleared against another."""


@dataclass(frozen=True, slots=True)
class PhaseClot:
    """What one phase shows of clot.

    Attributes
    ----------
    number : int
        Of the pass or the stent; 0 where phases of the kind are not numbered.
    assessed : bool
        Clot was marked, or the reader said that there is none.
    images : tuple of str
        Names of its image sets.
    """

    phase: Phase
    number: int
    assessed: bool
    burdens: tuple[VeinBurden, ...]
    images: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``Thrombectomy 2``."""
        return f"{self.phase.value} {self.number}" if self.number else self.phase.value

    @property
    def order(self) -> tuple[int, int]:
        """Sorts phases as a procedure runs."""
        return list(Phase).index(self.phase), self.number


@dataclass(frozen=True, slots=True)
class LimbClot:
    """A limb in one phase."""

    side: Side
    volume: Quantity | None
    length: Quantity
    marder: Score
    marder_proximal: Score
    svs: Score


@dataclass(frozen=True, slots=True)
class Cleared:
    """One figure before and after.

    Attributes
    ----------
    scope : str
        ``L CIV``, or ``left limb``.
    of : str
        One of `UNITS_OF`.
    percent : Quantity or None
        None with `why_not`; negative when clot grew. Without ± where nothing was marked after: how
        much may have been overlooked is not known.
    grade : str
        I, II or III; empty without a percentage.
    """

    scope: str
    of: str
    before: Quantity | None
    after: Quantity | None
    percent: Quantity | None
    grade: str = ""
    residual: bool | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class PatencyChange:
    """A vein before and after."""

    vein: str
    before: Patency
    after: Patency


@dataclass(frozen=True, slots=True)
class Clearance:
    """Two phases compared."""

    before: str
    after: str
    figures: tuple[Cleared, ...]
    patency: tuple[PatencyChange, ...]

    def of(self, scope: str, of: str) -> Cleared | None:
        """One figure."""
        return next((f for f in self.figures if f.scope == scope and f.of == of), None)


def limb_clot(burdens: Sequence[VeinBurden], side: Side, values: ReferenceValues) -> LimbClot:
    """A limb's sums and scores; the cava is counted apart from both limbs."""
    own = [b for b in burdens if b.seen.side is side and b.seen.vein is not VeinSegment.IVC]
    volumes = [b.volume for b in own if b.clot_mm.value > 0]
    volume = None
    if all(one is not None for one in volumes):
        volume = total([one for one in volumes if one is not None], "mm³", "sum over the veins")
    length = total([b.clot_mm for b in own], "mm", "sum over the veins")
    return LimbClot(
        side,
        volume,
        length,
        marder(burdens, side, values),
        marder(burdens, side, values, proximal=True),
        svs(burdens, side, values),
    )


def total(parts: Sequence[Quantity], unit: str, source: str) -> Quantity:
    """Sum of independent figures; its ± is not told when one's is not."""
    sigma: float | None = None
    if parts and all(one.sigma is not None for one in parts):
        sigma = float(np.sqrt(sum((one.sigma or 0.0) ** 2 for one in parts)))
    on = ", ".join(dict.fromkeys(one.on for one in parts if one.on))
    by = {one.accepted_by for one in parts if one.value}
    who = "" if not by or "" in by else ", ".join(sorted(by))
    return Quantity(sum(one.value for one in parts), unit, sigma, source, on, who)


def grade(percent: float, values: ReferenceValues) -> str:
    """Lysis grade of a % cleared: I below the first cut point, III from the second."""
    low, high = values["lysis_grade.cut_points"].values
    if percent < low:
        return "I"
    return "III" if percent >= high else "II"


def compare(before: PhaseClot, after: PhaseClot, values: ReferenceValues) -> Clearance:
    """How much clot of `before` is gone in `after`, by vein and by limb."""
    pairs = _pairs(before, after)
    figures: list[Cleared] = []
    for old, new in pairs:
        if old.clot_mm.value > 0 or (new is not None and new.clot_mm.value > 0):
            figures += _vein(old, new, values)
    for side in limbs_of(before.burdens):
        figures += _limb(before, after, side, pairs, values)
    changes = tuple(
        PatencyChange(old.label, old.patency, Patency.UNKNOWN if new is None else new.patency)
        for old, new in pairs
    )
    return Clearance(before.label, after.label, tuple(figures), changes)


def clearances(phases: Sequence[PhaseClot], values: ReferenceValues) -> tuple[Clearance, ...]:
    """Every later assessed phase against the first with clot.

    What was done is compared, not the first images with one another.
    """
    ordered = [p for p in sorted(phases, key=lambda p: p.order) if p.assessed]
    first = next((p for p in ordered if any(b.clot_mm.value > 0 for b in p.burdens)), None)
    if first is None:
        return ()
    later = ordered[ordered.index(first) + 1 :]
    return tuple(compare(first, one, values) for one in later if one.phase not in BASELINES)


def passes(phases: Sequence[PhaseClot]) -> int:
    """Thrombectomy passes: the highest number given, or as many as there are phases."""
    own = [p for p in phases if p.phase is Phase.THROMBECTOMY]
    return max([len(own), *(p.number for p in own)]) if own else 0


def _pairs(before: PhaseClot, after: PhaseClot) -> list[tuple[VeinBurden, VeinBurden | None]]:
    """Veins of both phases; None where the later phase does not show the vein."""
    later = {(b.seen.vein, b.seen.side): b for b in after.burdens}
    return [(old, later.get((old.seen.vein, old.seen.side))) for old in before.burdens]


def _vein(old: VeinBurden, new: VeinBurden | None, values: ReferenceValues) -> tuple[Cleared, ...]:
    if not _comparable(old, new) or new is None:
        why = "not assessed in both phases"
        return tuple(
            Cleared(old.label, of, figure, None, None, why_not=why)
            for of, figure in (("volume", old.volume), ("filled length", old.filled_mm))
        )
    return (
        _cleared(old.label, "volume", old.volume, new.volume, values),
        _cleared(old.label, "filled length", old.filled_mm, new.filled_mm, values),
    )


def _comparable(old: VeinBurden, new: VeinBurden | None) -> bool:
    """The later phase shows as much of the vein as the earlier, but for its end."""
    if new is None:
        return False
    least = old.seen.seen_mm - max(SEEN_LESS_MM, SEEN_LESS_SHARE * old.seen.seen_mm)
    return new.seen.assessed or new.seen.seen_mm >= max(least, 1e-9)


def _limb(
    before: PhaseClot,
    after: PhaseClot,
    side: Side,
    pairs: Sequence[tuple[VeinBurden, VeinBurden | None]],
    values: ReferenceValues,
) -> tuple[Cleared, ...]:
    own = [
        (old, new)
        for old, new in pairs
        if old.seen.side is side and old.seen.vein is not VeinSegment.IVC
    ]
    clotted = [(old, new) for old, new in own if old.clot_mm.value > 0]
    lost = [old.label for old, new in clotted if not _comparable(old, new)]
    scope = f"{side.value} limb".strip()
    whole = tuple(new for old, new in own if new is not None and _comparable(old, new))
    first = tuple(old for old, new in own if _comparable(old, new))
    old_limb, new_limb = limb_clot(first, side, values), limb_clot(whole, side, values)
    filled = _filled(first), _filled(whole)
    rows = (
        ("volume", old_limb.volume, new_limb.volume),
        ("filled length", *filled),
        ("Marder", old_limb.marder.points, new_limb.marder.points),
        ("SVS/ISCVS", old_limb.svs.points, new_limb.svs.points),
    )
    if lost:
        why = f"not assessed in both phases: {', '.join(lost)}"
        return tuple(Cleared(scope, of, a, None, None, why_not=why) for of, a, _ in rows)
    return tuple(_cleared(scope, of, a, b, values) for of, a, b in rows)


def _filled(burdens: Sequence[VeinBurden]) -> Quantity | None:
    parts = [b.filled_mm for b in burdens]
    if any(one is None for one in parts):
        return None
    return total([one for one in parts if one is not None], "mm", "length x fraction occluded")


def _cleared(
    scope: str,
    of: str,
    before: Quantity | None,
    after: Quantity | None,
    values: ReferenceValues,
) -> Cleared:
    if before is None or after is None:
        when = "before" if before is None else "after"
        return Cleared(scope, of, before, after, None, why_not=f"{of} is not known {when}")
    residual = after.value > 0
    if before.value <= 0:
        why = "there was none before"
        return Cleared(scope, of, before, after, None, residual=residual, why_not=why)
    left = after.value / before.value
    percent = 100.0 * (1.0 - left)
    sigma = None
    if before.sigma is not None and after.sigma is not None and residual:
        parts = after.sigma / before.value, left * before.sigma / before.value
        sigma = 100.0 * float(np.hypot(*parts))
    source = f"100 x (before - after) / before of {of}; {values['lysis_grade.cut_points'].note}"
    by = before.accepted_by if before.accepted_by == after.accepted_by else ""
    on = " and ".join(dict.fromkeys(one.on for one in (before, after) if one.on))
    figure = Quantity(percent, "% cleared", sigma, source, on, by)
    return Cleared(scope, of, before, after, figure, grade(percent, values), residual)
