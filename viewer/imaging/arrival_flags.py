"""Where along a vein contrast stands still, comes by another way, or never comes."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise

import numpy as np

from viewer.imaging.density_curves import ArrivalProfile, Floats

STILL = 3.0
"""Times as slow as the vein's middle stretch: contrast stands still there."""

SURE = 2.0
"""Standard deviations by which two arrivals must differ to tell which comes first."""


class Flag(StrEnum):
    """What is unusual about a stretch of vein."""

    NONE = ""
    STILL = "stands still"
    OTHER_WAY = "comes before its upstream neighbour: by another way (collateral)"
    NEVER = "no contrast arrives"


def upstream_first(profile: ArrivalProfile) -> list[int]:
    """Stretches in the order of the flow: the end contrast reaches first comes first.

    Told by the two halves of the vein; where they can't tell, contrast comes from the peripheral
    end, as in a venogram from the leg.
    """
    order = list(range(profile.arc.size))
    known = np.flatnonzero(np.isfinite(profile.arrival_s))
    if known.size >= 2:
        half = known.size // 2
        central = float(np.median(profile.arrival_s[known[:half]]))
        peripheral = float(np.median(profile.arrival_s[known[-half:]]))
        spread = float(np.median(profile.sd_s[known]))
        if central + SURE * spread < peripheral:
            return order
    return order[::-1]


def arrival_flags(profile: ArrivalProfile) -> tuple[Flag, ...]:
    """One flag for each stretch of the profile; what the frames can't tell is not flagged."""
    flags = [Flag.NONE] * profile.arc.size
    order = upstream_first(profile)
    when, sd = profile.arrival_s, profile.sd_s
    known = [n for n in order if np.isfinite(when[n])]
    for n in order:
        if not np.isfinite(when[n]) and known and order.index(n) > order.index(known[0]):
            flags[n] = Flag.NEVER
    paces = _paces(known, profile.arc, when)
    usual = float(np.median(np.abs(paces))) if paces.size >= 3 else np.nan
    for (before, here), pace in zip(pairwise(known), paces, strict=True):
        seconds, spread = when[here] - when[before], float(np.hypot(sd[before], sd[here]))
        expected = usual * abs(profile.arc[here] - profile.arc[before])
        if seconds < -SURE * spread:
            flags[here] = Flag.OTHER_WAY
        elif pace > STILL * usual and seconds - expected > SURE * spread:
            flags[here] = Flag.STILL
    return tuple(flags)


def _paces(known: list[int], arc: Floats, when: Floats) -> Floats:
    """Time per length from each stretch to the next one downstream."""
    return np.array([(when[b] - when[a]) / abs(arc[b] - arc[a]) for a, b in pairwise(known)])
