"""The case of a thrombosis that is dissolved, aspirated and stented, with the truth of each phase.

Volumes are integrals of share filled x mean lumen area over the true course of the vein (no
breath, no pulse), on steps of 0.05 mm; the area is that of the phase's own anatomy. Marder points
are weight x filled length / vein length, for groups that lie wholly inside the pulled path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer.phantom.anatomy import Anatomy, Opened, nivl_anatomy
from viewer.phantom.cases import PullbackText, Recipe, View, write_pullback, write_run
from viewer.phantom.thrombus import RAMP_MM, ClotPart, Thrombus
from viewer.phantom.truth import Json, PullbackMade, RunMade, case_truth

if TYPE_CHECKING:
    from viewer.phantom.dicom_writing import Identity

STEP_MM = 0.05
STENT_NOMINAL_MM, STENT_LENGTH_MM = 16.0, 60.0
STENT_AREA_SHARE, STENT_ASPECT = 0.93, 0.88
STENT_INTO_IVC_MM = 5.0
OCCLUDED = 0.95
MARDER = {"iliac": (6.0, ("CIV", "EIV")), "common_femoral": (4.0, ("CFV",))}


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A phase: its name and number in `viewer.model.case`, its series, its clot."""

    phase: str
    number: int
    view: View | None
    pullback: PullbackText | None
    thrombus: Thrombus
    stented: bool = False


def plan_of(anatomy: Anatomy) -> tuple[PhasePlan, ...]:
    """The phases in order."""
    marks = anatomy.landmarks_s_mm
    top, split, groin = marks["confluence"], marks["internal_iliac"], marks["inguinal"]
    fork, end = marks["profunda"], anatomy.path_length_mm

    def clot(*parts: tuple[str, float, float, float]) -> Thrombus:
        return Thrombus(_joined(tuple(ClotPart(*part) for part in parts)))

    old = ("chronic", groin + 4, groin + 16)
    before = clot(
        ("subacute", top + 8, split + 35, 1.0),
        ("acute", split + 35, groin + 4, 1.0),
        (*old, 0.7),
        ("acute", groin + 16, fork, 0.7),
        ("acute", fork, end - 4, 0.5),
    )
    checked = clot(
        ("subacute", top + 8, split + 10, 1.0),
        ("subacute", split + 10, split + 35, 0.75),
        ("acute", split + 35, groin + 4, 0.5),
        (*old, 0.4),
        ("acute", groin + 16, fork, 0.35),
    )
    once = clot(
        ("subacute", top + 10, split + 5, 0.7),
        ("subacute", split + 5, split + 35, 0.45),
        ("acute", split + 35, groin + 4, 0.2),
        (*old, 0.3),
    )
    twice = clot(
        ("subacute", top + 12, split, 0.35), ("subacute", split + 5, split + 30, 0.2), (*old, 0.28)
    )
    rest = clot(("subacute", split + 8, split + 28, 0.15), (*old, 0.25))
    last = clot(("subacute", split + 10, split + 24, 0.12), (*old, 0.22))

    def run(number: int, text: str, time: str) -> View:
        return View(number, f"run-{number}.dcm", 0.0, f"L iliac AP, {text.lower()}", time, text)

    def pull(number: int, file: int, text: str, time: str) -> PullbackText:
        return PullbackText(number, f"pullback-{file}.dcm", f"L iliac pullback {file}", text, time)

    return (
        PhasePlan("Initial venogram", 0, run(1, "Initial venogram", "101500"), None, before),
        PhasePlan("Initial IVUS", 0, None, pull(2, 1, "Initial IVUS", "102200"), before),
        PhasePlan("Lysis check", 0, run(3, "Lysis check", "151000"), None, checked),
        PhasePlan("Thrombectomy", 1, run(4, "Thrombectomy pass 1", "153000"), None, once),
        PhasePlan(
            "Thrombectomy",
            2,
            run(5, "Thrombectomy pass 2", "154200"),
            pull(6, 2, "Thrombectomy pass 2", "154800"),
            twice,
        ),
        PhasePlan("Stent", 1, run(7, "Stent 1", "160500"), None, rest, True),
        PhasePlan(
            "Completion venogram", 0, run(8, "Completion venogram", "162000"), None, last, True
        ),
        PhasePlan("Completion IVUS", 0, None, pull(9, 3, "Completion IVUS", "162600"), last, True),
    )


def _joined(parts: tuple[ClotPart, ...]) -> tuple[ClotPart, ...]:
    """Parts that touch run into one another by a ramp, so that no gap opens between them."""
    stops = {part.stop_s_mm for part in parts}
    starts = {part.start_s_mm for part in parts}
    return tuple(
        replace(
            part,
            start_s_mm=part.start_s_mm - RAMP_MM * (part.start_s_mm in stops),
            stop_s_mm=part.stop_s_mm + RAMP_MM * (part.stop_s_mm in starts),
        )
        for part in parts
    )


def stented(anatomy: Anatomy) -> Anatomy:
    """The anatomy with the stent: from inside the cava over the compression."""
    start = anatomy.landmarks_s_mm["confluence"] - STENT_INTO_IVC_MM
    area = STENT_AREA_SHARE * np.pi / 4 * STENT_NOMINAL_MM**2
    return replace(
        anatomy, opened=Opened(start, start + STENT_LENGTH_MM, float(area), STENT_ASPECT)
    )


def write_lysis(
    recipe: Recipe,
    identity: Identity,
    out: Path,
    seed: int,
    head: dict[str, object],
    progress: Callable[[float, str], None],
) -> tuple[tuple[Path, ...], Json]:
    """Write every series of the case.

    Returns
    -------
    files : tuple of Path
        In acquisition order.
    truth : dict
        The document of ``truth.json``.
    """
    from viewer.phantom.bones import bone_dust

    bare = nivl_anatomy()
    opened, plans = stented(bare), plan_of(bare)
    dust = bone_dust(seed, density=min(1.0, 1.5 * (recipe.xa_size / 1024) ** 2))
    series = sum((plan.view is not None) + (plan.pullback is not None) for plan in plans)
    runs: list[tuple[PhasePlan, RunMade]] = []
    pulls: list[tuple[PhasePlan, PullbackMade]] = []
    files: list[Path] = []
    for plan in plans:
        anatomy = opened if plan.stented else bare

        def tell(share: float, text: str = plan.phase) -> None:
            progress(0.05 + 0.93 * (len(files) + share) / series, text)

        if plan.view is not None:
            run = _run(plan, recipe, anatomy, dust, identity, out, seed, tell)
            runs.append((plan, run))
            files.append(out / run.file)
        if plan.pullback is not None:
            own = seed + 1000 * len(pulls)  # another pull by hand, the same vein
            made = write_pullback(
                plan.pullback, recipe, anatomy, identity, out, own, tell, plan.thrombus
            )
            pulls.append((plan, made))
            files.append(out / made.file)
    progress(0.99, "truth")
    truth = case_truth(
        head, bare, [run for _, run in runs], [made for _, made in pulls], stenosis_on=1
    )
    truth["stent"] = _stent_truth(opened)
    truth["phases"] = _phases_truth(plans, bare, opened, runs, pulls)
    return tuple(files), truth


def _run(
    plan: PhasePlan,
    recipe: Recipe,
    anatomy: Anatomy,
    dust: tuple[np.ndarray, np.ndarray],
    identity: Identity,
    out: Path,
    seed: int,
    tell: Callable[[float], None],
) -> RunMade:
    from viewer.phantom.venogram import Venogram

    view = plan.view
    if view is None:
        raise ValueError(f"{plan.phase} has no run")
    made = Venogram(recipe.plan(view), anatomy, dust, seed, plan.thrombus, take=view.number)
    return write_run(view, made, identity, out, tell)


# -- truth --------------------------------------------------------------------------------------
def _stent_truth(anatomy: Anatomy) -> Json | None:
    opened = anatomy.opened
    if opened is None:
        return None
    return {
        "start_s_mm": round(opened.start_s_mm, 3),
        "stop_s_mm": round(opened.stop_s_mm, 3),
        "nominal_diameter_mm": STENT_NOMINAL_MM,
        "nominal_length_mm": STENT_LENGTH_MM,
        "area_mm2": round(opened.area_mm2, 2),
        "into_ivc_mm": STENT_INTO_IVC_MM,
    }


def _borders(anatomy: Anatomy) -> dict[str, tuple[float, float, float | None]]:
    """Start, stop and whole length of the veins on the path; None where it leaves the path."""
    marks = anatomy.landmarks_s_mm
    top, split, groin, fork = (
        marks[key] for key in ("confluence", "internal_iliac", "inguinal", "profunda")
    )
    return {
        "CIV": (top, split, split - top),
        "EIV": (split, groin, groin - split),
        "CFV": (groin, fork, fork - groin),
        "FV": (fork, anatomy.path_length_mm, None),
    }


def _phases_truth(
    plans: Sequence[PhasePlan],
    bare: Anatomy,
    opened: Anatomy,
    runs: Sequence[tuple[PhasePlan, RunMade]],
    pulls: Sequence[tuple[PhasePlan, PullbackMade]],
) -> list[Json]:
    told: list[Json] = []
    for plan in plans:
        anatomy = opened if plan.stented else bare
        own_runs = [run for owner, run in runs if owner is plan]
        own_pulls = [made for owner, made in pulls if owner is plan]
        veins = _veins_truth(plan.thrombus, anatomy)
        told.append(
            {
                "phase": plan.phase,
                "number": plan.number,
                "files": [run.file for run in own_runs] + [made.file for made in own_pulls],
                "clots": [
                    _clot_truth(part, anatomy, own_runs, own_pulls) for part in plan.thrombus.parts
                ],
                "veins": veins,
                "limb": _limb_truth(veins),
                "cleared_percent": _cleared(told[0], veins) if told else None,
            }
        )
    return told


def _clot_truth(
    part: ClotPart,
    anatomy: Anatomy,
    runs: Sequence[RunMade],
    pulls: Sequence[PullbackMade],
) -> Json:
    start, stop = part.start_s_mm, part.stop_s_mm
    ends = anatomy.vein.at(np.array([start, stop]))
    veins = [name for name, (a, b, _) in _borders(anatomy).items() if start < b and stop > a]
    return {
        "age": part.age,
        "start_s_mm": round(start, 3),
        "stop_s_mm": round(stop, 3),
        "fraction": part.fraction,
        "veins": veins,
        "length_mm": round(stop - start, 3),
        "volume_mm3": round(_filled(Thrombus((part,)), anatomy, start, stop)[2], 1),
        "frames": {m.file: [m.nearest_frame(start), m.nearest_frame(stop)] for m in pulls},
        "ends_px": {run.file: np.round(run.plan.carm.project(ends), 3).tolist() for run in runs},
    }


def _filled(
    thrombus: Thrombus, anatomy: Anatomy, start: float, stop: float
) -> tuple[float, float, float, float]:
    """Length with clot, length x share, volume and occluded length between two arc lengths."""
    edges = np.linspace(start, stop, max(2, round((stop - start) / STEP_MM) + 1))
    s, step = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    share = thrombus.fraction_at(s)
    volume = float((step * share * anatomy.section_at(s)[0]).sum())
    shut = float(step[share >= OCCLUDED].sum())
    return float(step[share > 0].sum()), float((step * share).sum()), volume, shut


def _veins_truth(thrombus: Thrombus, anatomy: Anatomy) -> list[Json]:
    told: list[Json] = []
    for name, (start, stop, whole) in _borders(anatomy).items():
        clot, filled, volume, shut = _filled(thrombus, anatomy, start, stop)
        told.append(
            {
                "vein": name,
                "side": "left",
                "length_mm": None if whole is None else round(whole, 3),
                "clot_mm": round(clot, 2),
                "filled_mm": round(filled, 2),
                "volume_mm3": round(volume, 1),
                "patency": "occluded" if shut > 0 else "partial" if clot > 0 else "patent",
            }
        )
    return told


def _number(entry: Json, key: str) -> float:
    value = entry[key]
    if not isinstance(value, int | float):
        raise TypeError(f"{key} is no number")
    return float(value)


def _limb_truth(veins: Sequence[Json]) -> Json:
    by_name = {str(vein["vein"]): vein for vein in veins}
    groups = {}
    for group, (weight, names) in MARDER.items():
        own = [by_name[name] for name in names]
        length = sum(_number(vein, "length_mm") for vein in own)
        groups[group] = round(weight * sum(_number(v, "filled_mm") for v in own) / length, 3)
    return {
        "volume_mm3": round(sum(_number(vein, "volume_mm3") for vein in veins), 1),
        "filled_mm": round(sum(_number(vein, "filled_mm") for vein in veins), 2),
        "marder": {
            "points": round(sum(groups.values()), 3),
            "of": sum(weight for weight, _ in MARDER.values()),
            "groups": groups,
        },
    }


def _cleared(first: Json, veins: Sequence[Json]) -> Json:
    """% of the first phase's clot that is gone."""

    def gone(before: float, after: float) -> float | None:
        return None if before <= 0 else round(100.0 * (1.0 - after / before), 2)

    old_veins, old, new = first["veins"], first["limb"], _limb_truth(veins)
    if not isinstance(old_veins, list) or not isinstance(old, dict):
        raise TypeError("the first phase has no veins")
    by_vein = {}
    for before, after in zip(old_veins, veins, strict=True):
        by_vein[f"left {after['vein']}"] = {
            "volume": gone(_number(before, "volume_mm3"), _number(after, "volume_mm3")),
            "filled": gone(_number(before, "filled_mm"), _number(after, "filled_mm")),
        }
    points = [limb["marder"] for limb in (old, new)]
    return {
        "volume": gone(_number(old, "volume_mm3"), _number(new, "volume_mm3")),
        "filled": gone(_number(old, "filled_mm"), _number(new, "filled_mm")),
        "marder": gone(*(_number(one, "points") for one in points if isinstance(one, dict))),
        "veins": by_vein,
    }
