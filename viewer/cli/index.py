"""``caval index PATH…``: what there is to review, from headers alone."""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from viewer.cli import (
    EXIT_DONE,
    EXIT_PARTLY,
    EXIT_UNREADABLE,
    complain,
    existing_path,
    print_json,
)

if TYPE_CHECKING:
    from viewer.dicom.index import IndexResult
    from viewer.model.calibration import Calibration
    from viewer.model.study import FrameTiming, ImageSet

UNIFORM_WITHIN = 1e-3
BAR_WIDTH = 30
SHOWN_IGNORED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument(
        "paths", nargs="+", type=existing_path, metavar="PATH", help="file, folder, DICOMDIR or zip"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--processes", type=_at_least_one, default=2, metavar="N", help="at most N (default 2)"
    )


def run(args: argparse.Namespace) -> int:
    """Read headers and print them."""
    from viewer.dicom.index import index

    show = _bar if sys.stderr.isatty() else None
    result = index(args.paths, processes=args.processes, progress=show)
    if show is not None:
        print("\r\x1b[K", end="", file=sys.stderr)
    for skipped in result.skipped:
        complain(f"{skipped.path}: {skipped.reason}")
    if result.patients > 1:
        complain(
            f"WARNING: these images are of {result.patients} different patients; "
            "open one patient's images at a time"
        )
    if args.json:
        print_json(as_json(result))
    else:
        print(as_table(result))
    if not result.image_sets:
        return EXIT_UNREADABLE
    return EXIT_PARTLY if result.skipped else EXIT_DONE


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one process is needed")
    return number


def _bar(done: int, total: int) -> None:
    filled = BAR_WIDTH * done // max(total, 1)
    bar = "#" * filled + "-" * (BAR_WIDTH - filled)
    print(f"\r[{bar}] {done}/{total} files", end="", file=sys.stderr, flush=True)


def as_json(result: IndexResult) -> dict[str, Any]:
    """The verb's answer."""
    others = [{"path": str(s.path), "reason": s.reason} for s in (*result.skipped, *result.ignored)]
    return {
        "series": [series_json(image_set) for image_set in result.image_sets],
        "skipped": others,
        "files": result.files,
        "seconds": round(result.seconds, 4),
        "patients": result.patients,
        "warnings": _patients_warning(result.patients),
    }


def _patients_warning(patients: int) -> list[str]:
    return [f"images of {patients} different patients"] if patients > 1 else []


def series_json(image_set: ImageSet) -> dict[str, Any]:
    """One image set; unknown is None."""
    from viewer.model.study import Pullback, Run

    pullback = angles = None
    more: dict[str, Any] = {}
    if isinstance(image_set, Pullback):
        pullback = {
            "mode": image_set.mode.value,
            "rate_mm_s": image_set.rate_mm_s,
            "start_frame": image_set.start_frame,
            "stop_frame": image_set.stop_frame,
        }
    if isinstance(image_set, Run):
        primary, secondary = image_set.primary_angle_deg, image_set.secondary_angle_deg
        if primary is not None or secondary is not None:
            angles = {"primary": primary, "secondary": secondary}
        more = {
            "sid_mm": image_set.sid_mm,
            "sod_mm": image_set.sod_mm,
            "imager_spacing_mm": image_set.imager_spacing_mm,
            "mask_frames": list(image_set.mask_frames),
        }
    times = image_set.timing.times_s
    return {
        "uid": image_set.uid,
        "series_uid": image_set.series_uid,
        "study_uid": image_set.study_uid,
        "patient_id": image_set.patient.patient_id,
        "modality": image_set.modality,
        "role": image_set.role.value,
        "description": image_set.description,
        "files": _files(image_set),
        "frames": image_set.frames,
        "frames_declared": image_set.frames_declared,
        "rows": image_set.rows,
        "columns": image_set.columns,
        "frame_time_ms": uniform_frame_time_ms(image_set.timing),
        "frame_times_s": [round(t, 9) for t in times] if times is not None else None,
        "timing_source": image_set.timing.source or None,
        "calibration": _calibration(image_set.calibration),
        "pullback": pullback,
        "angles": angles,
        **more,
        "pixel_aspect": image_set.pixels.aspect,
        "photometric": image_set.pixels.photometric,
        "transfer_syntax": image_set.transfer_syntax_uid,
        "acquired_at": image_set.acquired_at.isoformat() if image_set.acquired_at else None,
        "warnings": list(image_set.warnings),
    }


def uniform_frame_time_ms(timing: FrameTiming) -> float | None:
    """The mean frame time when every one is within 0.1 % of it, else None: see the list then."""
    mean = timing.frame_time_ms
    times = timing.times_s
    if mean is None or times is None:
        return None
    steps = (1000.0 * (b - a) for a, b in pairwise(times))
    if any(abs(step - mean) > UNIFORM_WITHIN * mean for step in steps):
        return None
    return round(mean, 6)


def _files(image_set: ImageSet) -> list[str]:
    names = (str(s.path / s.member) if s.member else str(s.path) for s in image_set.spans)
    return list(dict.fromkeys(names))


def _calibration(calibration: Calibration) -> dict[str, Any]:
    return {
        "mm_per_px": calibration.mm_per_px,
        "source": calibration.source.value,
        "uncertainty": calibration.uncertainty,
        "validity": calibration.validity or None,
        "region_px": calibration.region_px,
    }


def as_table(result: IndexResult) -> str:
    """What was found, for reading."""
    head = ("role", "modality", "frames", "size", "rate", "scale", "description")
    rows = [head, *(_row(image_set) for image_set in result.image_sets)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = []
    for place, row in enumerate(rows):
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
        if place:
            lines += [f"    ! {text}" for text in result.image_sets[place - 1].warnings]
    if not result.image_sets:
        lines = []
    sets = len(result.image_sets)
    lines.append(f"{result.files} files, {sets} image sets, {result.seconds:.2f} s")
    if result.ignored:
        names = ", ".join(s.path.name for s in result.ignored[:SHOWN_IGNORED])
        dots = " …" if len(result.ignored) > SHOWN_IGNORED else ""
        lines.append(f"passed over {len(result.ignored)}: {names}{dots}")
    return "\n".join(lines)


def _row(image_set: ImageSet) -> tuple[str, ...]:
    rate = image_set.timing.rate_hz
    calibration = image_set.calibration
    scale = "px"
    if calibration.mm_per_px is not None and calibration.uncertainty is not None:
        scale = f"{calibration.mm_per_px:.4f} mm/px ±{100 * calibration.uncertainty:.0f} %"
    short = image_set.frames_declared > image_set.frames
    frames = f"{image_set.frames}/{image_set.frames_declared}" if short else str(image_set.frames)
    return (
        image_set.role.value,
        image_set.modality or "?",
        frames,
        f"{image_set.columns} x {image_set.rows}",
        f"{rate:.1f}/s" if rate else "-",
        scale,
        image_set.description,
    )
