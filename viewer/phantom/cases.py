"""The synthetic cases by name, and writing them to a folder.

A case is anatomy with exact truth, imaged twice by X-ray and once by IVUS. ``nivl`` is the
built-in case of the program, ``lysis`` a clot from its first venogram to its last pullback; the
two others are small and quick, for tests.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from viewer.phantom.anatomy import Anatomy
    from viewer.phantom.contrast import RunPlan
    from viewer.phantom.dicom_writing import Identity
    from viewer.phantom.thrombus import Thrombus
    from viewer.phantom.truth import PullbackMade, RunMade
    from viewer.phantom.venogram import Venogram

Item = TypeVar("Item")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]
TRUTH_FILE = "truth.json"


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """A case as people choose it.

    Attributes
    ----------
    text : str
        What it shows.
    """

    name: str
    title: str
    phases: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """What was written: the DICOM files in acquisition order, and the truth beside them."""

    files: tuple[Path, ...]
    truth: Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sizes of a case's images.

    Attributes
    ----------
    motor_mm_s : float or None
        Speed of a motorised pullback; None for one by hand with `ivus_frames` frames.
    """

    xa_size: int
    xa_frames: int
    xa_rate_hz: float
    mask_frames: int
    ivus_size: int
    ivus_frames: int
    ivus_rate_hz: float
    lines: tuple[int, int]
    motor_mm_s: float | None = None

    def plan(self, view: View) -> RunPlan:
        """How a run of the case is acquired from `view`."""
        from viewer.phantom.carm import CArm
        from viewer.phantom.contrast import RunPlan

        spacing = SPACING_AT_1024_MM * 1024 / self.xa_size
        carm = CArm(SID_MM, SOD_MM, spacing, self.xa_size, view.primary_deg)
        return RunPlan(carm, self.xa_frames, self.xa_rate_hz, self.mask_frames)


@dataclass(frozen=True, slots=True)
class View:
    """One run: series number, file, LAO angle, what it is called, time of day (HHMMSS)."""

    number: int
    file: str
    primary_deg: float
    text: str
    time: str
    protocol: str = "Initial venogram"


@dataclass(frozen=True, slots=True)
class PullbackText:
    """One pullback: series number, file, what it is called, its phase, time of day (HHMMSS)."""

    number: int
    file: str
    text: str
    protocol: str
    time: str


_PHASES = ("Initial venogram", "Initial IVUS")
_TEXT = (
    "The right common iliac artery presses the left common iliac vein flat against the spine "
    "(May-Thurner): 97 mm² over 27 mm, with contrast that thins over the narrowing, collaterals "
    "and streaming in the cava. Two venograms and a pullback by hand from the cava to the left "
    "common femoral vein. Synthetic: no patient exists."
)

CASES: dict[str, CaseInfo] = {
    "nivl": CaseInfo("nivl", "Left iliac vein compression", _PHASES, _TEXT),
    "nivl-motor": CaseInfo(
        "nivl-motor",
        "Left iliac vein compression, motorised pullback",
        _PHASES,
        "The same anatomy in smaller images, pulled by a motor at 5 mm/s.",
    ),
    "nivl-small": CaseInfo(
        "nivl-small",
        "Left iliac vein compression, few small frames",
        _PHASES,
        "The same anatomy in a few small frames, for quick tests.",
    ),
    "lysis": CaseInfo(
        "lysis",
        "Left iliofemoral thrombosis, cleared and stented",
        (
            "Initial venogram",
            "Initial IVUS",
            "Lysis check",
            "Thrombectomy 1",
            "Thrombectomy 2",
            "Stent",
            "Completion venogram",
            "Completion IVUS",
        ),
        "Subacute clot fills the left iliac veins below a compression, acute clot the groin. "
        "Lysis, two passes of thrombectomy and a stent that reaches into the cava; a rest stays. "
        "The truth of each phase's clot and of its clearance lies beside it. Synthetic: no "
        "patient exists.",
    ),
}

_RECIPES = {
    "nivl": Recipe(1024, 48, 7.5, 7, 512, 930, 30.0, (320, 256)),
    "nivl-motor": Recipe(512, 16, 2.5, 2, 256, 0, 6.0, (200, 128), motor_mm_s=5.0),
    "nivl-small": Recipe(256, 12, 1.875, 2, 128, 60, 2.0, (120, 64)),
    "lysis": Recipe(512, 14, 2.5, 2, 256, 300, 10.0, (200, 128)),
}

VIEWS = (
    View(1, "run-1-ap.dcm", 0.0, "L iliac, AP", "101500"),
    View(2, "run-2-lao30.dcm", 30.0, "L iliac, LAO 30", "101730"),
)
_PULLBACK = PullbackText(3, "pullback-1.dcm", "L iliac pullback 1", "Initial IVUS", "102200")
FIELD_MM = 50.0
SID_MM, SOD_MM, SPACING_AT_1024_MM = 1180.0, 810.0, 0.37


def write_case(
    name: str, out: Path, seed: int = 0, progress: Progress | None = None
) -> WrittenCase:
    """Write a synthetic case.

    Parameters
    ----------
    name : str
        A key of `CASES`.
    out : Path
        Folder, made when absent. Only the case's files are written into it; ``truth.json`` comes
        last, so a folder with it holds a whole case.
    seed : int
        Same seed, same bytes.
    progress : callable, optional
        Told the share done, 0 to 1, and what is being made; called in the caller's thread.

    Raises
    ------
    UnreadableError
        The name is not known, or the folder can't be written to.
    """
    if name not in CASES:
        raise UnreadableError(
            f"{name}: there is no synthetic case of this name", f"choose from {', '.join(CASES)}"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / TRUTH_FILE).unlink(missing_ok=True)
        return _write(name, out, seed, progress or (lambda share, text: None))
    except OSError as error:
        reason = error.strerror or "it can't be written to"
        raise UnreadableError(
            f"{out}: the case could not be written ({reason})",
            "choose another folder with room for about 150 MB",
        ) from error


def _write(name: str, out: Path, seed: int, progress: Progress) -> WrittenCase:
    from viewer.phantom.anatomy import nivl_anatomy
    from viewer.phantom.dicom_writing import Identity
    from viewer.phantom.truth import case_truth

    progress(0.0, "anatomy")
    recipe, anatomy = _RECIPES[name], nivl_anatomy()
    identity = Identity(f"{name} {seed}", f"DEMO-{name.upper()}-01", CASES[name].title)
    head = {"case": name, "seed": seed, "title": CASES[name].title, "text": CASES[name].text}
    if name == "lysis":
        from viewer.phantom.lysis import write_lysis

        files, truth = write_lysis(recipe, identity, out, seed, head, progress)
        return _finished(name, out, seed, files, truth, progress)
    runs = _write_runs(recipe, anatomy, identity, out, seed, progress)

    def tell(share: float) -> None:
        progress(0.7 + 0.28 * share, "pullback")

    pullback = write_pullback(_PULLBACK, recipe, anatomy, identity, out, seed, tell)
    progress(0.99, "truth")
    truth = case_truth(head, anatomy, runs, [pullback])
    files = (*(out / run.file for run in runs), out / pullback.file)
    return _finished(name, out, seed, files, truth, progress)


def _finished(
    name: str,
    out: Path,
    seed: int,
    files: tuple[Path, ...],
    truth: dict[str, object],
    progress: Progress,
) -> WrittenCase:
    """The truth written last."""
    (out / TRUTH_FILE).write_text(json.dumps(truth, separators=(",", ":")), encoding="utf-8")
    progress(1.0, "done")
    log.info("synthetic case %s, seed %d: %d files", name, seed, len(files))
    return WrittenCase(files, out / TRUTH_FILE)


def _write_runs(
    recipe: Recipe, anatomy: Anatomy, identity: Identity, out: Path, seed: int, progress: Progress
) -> list[RunMade]:
    from viewer.phantom.bones import bone_dust
    from viewer.phantom.venogram import Venogram

    dust = bone_dust(seed, density=min(1.0, 1.5 * (recipe.xa_size / 1024) ** 2))
    progress(0.08, "anatomy in two views")

    def make(view: View) -> Venogram:
        return Venogram(recipe.plan(view), anatomy, dust, seed)

    made = []
    for k, (view, venogram) in enumerate(zip(VIEWS, _in_threads(make, VIEWS), strict=True)):
        start = 0.2 + 0.25 * k

        def tell(share: float, start: float = start, text: str = view.text) -> None:
            progress(start + 0.25 * share, text)

        made.append(write_run(view, venogram, identity, out, tell))
    return made


def write_run(
    view: View, venogram: Venogram, identity: Identity, out: Path, tell: Callable[[float], None]
) -> RunMade:
    """Make and write one run; `tell` hears the share done."""
    from viewer.phantom.dicom_writing import SeriesText, encode_lossless, run_dataset, write_frames
    from viewer.phantom.truth import RunMade

    plan = venogram.plan

    def make(index: int) -> bytes:
        return encode_lossless(venogram.frame(index))

    frames: list[bytes] = []
    for data in _in_threads(make, range(plan.frames)):
        frames.append(data)
        tell(len(frames) / plan.frames)
    text = SeriesText(view.number, view.text, view.protocol, view.time)
    header = run_dataset(identity, text, plan)
    write_frames(out / view.file, header, frames)
    uids = str(header.SOPInstanceUID), str(header.SeriesInstanceUID)
    return RunMade(view.file, *uids, plan, venogram.motion_px, venogram.markers_mm)


def write_pullback(
    what: PullbackText,
    recipe: Recipe,
    anatomy: Anatomy,
    identity: Identity,
    out: Path,
    seed: int,
    tell: Callable[[float], None],
    thrombus: Thrombus | None = None,
) -> PullbackMade:
    """Make and write one pullback; `tell` hears the share done."""
    from viewer.phantom.dicom_writing import (
        SeriesText,
        encode_baseline,
        pullback_dataset,
        write_frames,
    )
    from viewer.phantom.echoes import PolarGrid
    from viewer.phantom.ivus import Pullback, ScanPlan
    from viewer.phantom.pull import hand_pull, motor_pull
    from viewer.phantom.sections import sections_of
    from viewer.phantom.thrombus import CLEAR
    from viewer.phantom.truth import PullbackMade

    length, rate = anatomy.path_length_mm, recipe.ivus_rate_hz
    if recipe.motor_mm_s is None:
        pull = hand_pull(length, recipe.ivus_frames, rate, seed)
    else:
        pull = motor_pull(length, recipe.motor_mm_s, rate, wait_frames=8)
    scan = ScanPlan(
        recipe.ivus_size,
        round(0.1 * 512 / recipe.ivus_size, 6),
        FIELD_MM,
        PolarGrid(*recipe.lines, FIELD_MM / 2),
    )
    sections = sections_of(anatomy, pull, seed)
    clot, opened = thrombus or CLEAR, anatomy.opened
    stent = None if opened is None else (opened.start_s_mm, opened.stop_s_mm)
    maker = Pullback(scan, pull, sections, seed, clot, stent)

    def make(index: int) -> bytes:
        return encode_baseline(maker.frame(index))

    frames: list[bytes] = []
    for data in _in_threads(make, range(pull.frames)):
        frames.append(data)
        if len(frames) % 20 == 0:
            tell(len(frames) / pull.frames)
    text = SeriesText(what.number, what.text, what.protocol, what.time)
    header = pullback_dataset(identity, text, scan, pull)
    write_frames(out / what.file, header, frames)
    uids = str(header.SOPInstanceUID), str(header.SeriesInstanceUID)
    return PullbackMade(what.file, *uids, scan, pull, sections, clot, stent)


def _in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results of `work` in the order of `items`, on as many threads as there are cores."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        yield from pool.map(work, items)
