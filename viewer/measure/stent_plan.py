"""Before a stent: where its ends may land, and which size the vein there suggests.

A suggestion with its rule and its source, for a person to weigh; never an instruction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.measure.along_vein import VeinStretch, vein_at
from viewer.measure.lumen_curve import LumenCurve
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues
from viewer.model.anatomy import LANDMARK_KINDS, Side, VeinSegment

LOOK_MM = 80.0
"""How far from the lesion a landing zone is looked for."""

OSTIA = ("internal_iliac", "profunda", "saphenofemoral")
STEP_MM = 1.0


@dataclass(frozen=True, slots=True)
class LandingZone:
    """Healthy vein for one end of a stent: positions mm, frames 0-based, the vein's size there."""

    start_mm: float
    end_mm: float
    frames: tuple[int, int]
    vein: VeinSegment
    diameter: Quantity
    healthy_from: str


@dataclass(frozen=True, slots=True)
class StentPlan:
    """A suggestion.

    Attributes
    ----------
    central, peripheral : LandingZone or None
        None where no healthy vein was found within reach; then there is no length.
    ends_mm : (float, float) or None
        Where the stent would begin and end.
    diameter, length : Quantity or None
        With the rule and its source.
    pieces_mm : tuple of float
        Lengths on the shelf that make it up, with overlap.
    """

    central: LandingZone | None
    peripheral: LandingZone | None
    ends_mm: tuple[float, float] | None
    diameter: Quantity | None
    length: Quantity | None
    pieces_mm: tuple[float, ...]
    warnings: tuple[str, ...]
    why_not: str = ""


def plan_stent(
    curve: LumenCurve,
    lesion_mm: tuple[float, float],
    values: ReferenceValues,
    side: Side = Side.NONE,
    veins: Sequence[VeinStretch] = (),
    landmarks_mm: Mapping[str, float] | None = None,
    avoid_mm: Sequence[tuple[float, float]] = (),
    with_clot: bool = False,
) -> StentPlan:
    """Suggest where a stent over a lesion lands and how large it is.

    Parameters
    ----------
    curve : LumenCurve
        Lumen contours in mm with positions along the vein.
    lesion_mm : (float, float)
        Central and peripheral end of the lesion.
    landmarks_mm : mapping, optional
        Positions by landmark key (`model.anatomy.LANDMARK_KINDS`).
    avoid_mm : sequence of (float, float)
        Other diseased stretches: nothing lands there.
    with_clot : bool
        The lesion is clotted or post-thrombotic: the rule of the shortest stent is left out.
    """
    if curve.along is None or curve.unit != "mm" or not np.isfinite(curve.area).any():
        why = "it needs lumen contours in mm and positions along the vein"
        return StentPlan(None, None, None, None, None, (), (), why)
    low, high = sorted(lesion_mm)
    places, area = _even(curve)
    if not len(places):
        return StentPlan(None, None, None, None, None, (), (), "its contours lie on one place")
    bad = np.zeros(len(places), np.bool_)
    for start, end in ((low, high), *avoid_mm):
        bad |= (places >= start) & (places <= end)
    parts = curve, places, np.where(bad, np.nan, area), values, side, veins
    central = _zone(*parts, edge_mm=low, outward=-1)
    peripheral = _zone(*parts, edge_mm=high, outward=1)
    lacking = _no_zone(central, peripheral)
    zones = [zone for zone in (central, peripheral) if zone is not None]
    diameter = _diameter(zones, values) if zones else None
    if central is None or peripheral is None:
        return StentPlan(central, peripheral, None, diameter, None, (), lacking)
    ends = central.start_mm, peripheral.end_mm
    length, pieces = _length(curve, ends, values)
    told = (
        *_over_landmarks(ends, landmarks_mm or {}),
        *_short(pieces, values, with_clot),
    )
    return StentPlan(central, peripheral, ends, diameter, length, pieces, told)


def _even(curve: LumenCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smoothed area every mm along the vein."""
    smooth, along = curve.smooth_area(), curve.along
    if along is None:
        raise ValueError("positions are needed")
    good = np.isfinite(smooth)
    places, inverse = np.unique(along[good], return_inverse=True)
    mean = np.bincount(inverse, smooth[good]) / np.bincount(inverse)
    grid = np.arange(np.ceil(places[0]), np.floor(places[-1]) + 1e-9, STEP_MM)
    return grid, np.asarray(np.interp(grid, places, mean))


def _zone(
    curve: LumenCurve,
    places: NDArray[np.float64],
    area: NDArray[np.float64],
    values: ReferenceValues,
    side: Side,
    veins: Sequence[VeinStretch],
    *,
    edge_mm: float,
    outward: int,
) -> LandingZone | None:
    """The nearest stretch beyond a lesion's edge that is as wide as healthy vein is."""
    beyond = (places - edge_mm) * outward
    near = (beyond >= 0) & (beyond <= LOOK_MM)
    order = np.flatnonzero(near)[::outward]
    share = values.number("stent.landing_share")
    healthy = _healthy(places, area, near, values, side, veins)
    fit = [bool(area[k] >= share * healthy[k][0]) for k in order]
    run = 0
    need = max(1, round(values.number("stent.landing") / STEP_MM))
    for n, good in enumerate(fit):
        run = run + 1 if good else 0
        if run < need:
            continue
        inside = order[n - need + 1 : n + 1]
        start, end = sorted((float(places[inside[0]]), float(places[inside[-1]])))
        size = 2.0 * float(np.sqrt(area[inside].mean() / np.pi))
        frames = _frames(curve, start, end)
        share_of = curve.area_share(values)
        sigma = None if share_of is None else size * share_of / 2
        on = f"{curve.what}, {curve.on}, frames {frames[0] + 1}-{frames[1] + 1}"
        mean = Quantity(size, "mm", sigma, "circle of the mean area", on)
        vein = vein_at(veins, 0.5 * (start + end))
        return LandingZone(start, end, frames, vein, mean, healthy[int(inside[0])][1])
    return None


def _healthy(
    places: NDArray[np.float64],
    area: NDArray[np.float64],
    near: NDArray[np.bool_],
    values: ReferenceValues,
    side: Side,
    veins: Sequence[VeinStretch],
) -> dict[int, tuple[float, str]]:
    """Healthy area at each place: the norm of its vein, else the open vein near it."""
    here = area[near & np.isfinite(area)]
    local = float(np.quantile(here, 0.8)) if len(here) else np.inf
    found = {}
    for k in np.flatnonzero(near):
        vein = vein_at(veins, float(places[k]))
        own = Side.NONE if vein is VeinSegment.IVC else side
        entry = values.for_vein("normal_area", vein, own) or values.for_vein(
            "healthy_area", vein, own
        )
        if entry is None:
            found[int(k)] = local, "the open vein near it"
        else:
            found[int(k)] = entry.value, f"{entry.value:g} mm², {entry.note}"
    return found


def _frames(curve: LumenCurve, start: float, end: float) -> tuple[int, int]:
    along = curve.along
    if along is None:
        raise ValueError("positions are needed")
    ends = [int(curve.frames[np.argmin(np.abs(along - place))]) for place in (start, end)]
    return min(ends), max(ends)


def _no_zone(central: LandingZone | None, peripheral: LandingZone | None) -> tuple[str, ...]:
    told = []
    if central is None:
        told.append(f"no healthy vein to land in within {LOOK_MM:.0f} mm central of the lesion")
    if peripheral is None:
        told.append(
            f"no healthy vein within {LOOK_MM:.0f} mm peripheral of the lesion: inflow is in doubt"
        )
    return tuple(told)


def _diameter(zones: Sequence[LandingZone], values: ReferenceValues) -> Quantity:
    """Mean diameter of the landing zones plus oversize, on the shelf and in the vein's range."""
    mean = sum(zone.diameter.value for zone in zones) / len(zones)
    more, shelf = values["stent.oversize"], values["stent.diameters"]
    wanted = mean * (1.0 + more.value)
    size = min(shelf.values, key=lambda one: (abs(one - wanted), one))
    rule = f"healthy vein {mean:.1f} mm + {more.value:.0%} ({more.note}), nearest of {shelf.note}"
    usual = [values.for_vein("stent_diameter", zone.vein, Side.NONE) for zone in zones]
    ranges = [entry for entry in usual if entry is not None]
    if ranges:
        low = min(entry.values[0] for entry in ranges)
        high = max(entry.values[1] for entry in ranges)
        rule += f"; usual here {low:g}-{high:g} mm ({ranges[0].note})"
        if not low <= size <= high:
            inside = [one for one in shelf.values if low <= one <= high]
            rule += f"; {size:g} mm lies outside of it"
            size = min(inside, key=lambda one: abs(one - wanted)) if inside else size
    on = "; ".join(zone.diameter.on for zone in zones)
    sigmas = [zone.diameter.sigma for zone in zones]
    sigma = None
    if all(one is not None for one in sigmas):
        sigma = float(np.sqrt(sum((one or 0.0) ** 2 for one in sigmas))) / len(zones)
    return Quantity(size, "mm", sigma, rule, on)


def _length(
    curve: LumenCurve, ends: tuple[float, float], values: ReferenceValues
) -> tuple[Quantity, tuple[float, ...]]:
    size = ends[1] - ends[0]
    sigma = None
    if curve.along is not None and curve.along_sigma is not None:
        at = [int(np.argmin(np.abs(curve.along - end))) for end in ends]
        sigma = float(np.hypot(*(curve.along_sigma[k] for k in at)))
    shelf, lap = values["stent.lengths"], values["stent.overlap"]
    pieces = [next((one for one in shelf.values if one >= size), shelf.values[-1])]
    while sum(pieces) - lap.value * (len(pieces) - 1) < size and shelf.values[-1] > lap.value:
        left = size - (sum(pieces) - lap.value * len(pieces))
        pieces.append(next((one for one in shelf.values if one >= left), shelf.values[-1]))
    rule = f"from landing zone to landing zone; {shelf.note}"
    if len(pieces) > 1:
        rule += f"; {lap.value:g} mm overlap ({lap.note})"
    return Quantity(size, "mm", sigma, rule, curve.on), tuple(pieces)


def _over_landmarks(ends: tuple[float, float], at: Mapping[str, float]) -> tuple[str, ...]:
    """What the stent would cross, cover or jail."""
    names = {kind.key: kind.name.lower() for kind in LANDMARK_KINDS}
    told = []
    confluence = at.get("confluence")
    if confluence is not None and ends[0] < confluence:
        told.append(
            f"it reaches {confluence - ends[0]:.0f} mm into the inferior vena cava: "
            "it can jail the other side's iliac vein"
        )
    for key in OSTIA:
        if key in at and ends[0] <= at[key] <= ends[1]:
            word = "inflow" if key == "profunda" else "side branch"
            told.append(f"it covers the {names[key]} ({word} behind struts)")
    inguinal = at.get("inguinal")
    if inguinal is not None and ends[1] > inguinal:
        told.append(f"it ends {ends[1] - inguinal:.0f} mm below the inguinal ligament")
    return tuple(told)


def _short(pieces: tuple[float, ...], values: ReferenceValues, with_clot: bool) -> tuple[str, ...]:
    least = values["stent.shortest"]
    if with_clot or len(pieces) != 1 or pieces[0] >= least.value:
        return ()
    return (f"shorter than {least.value:g} mm: {least.note}",)
