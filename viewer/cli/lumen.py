"""``caval lumen PULLBACK``: the lumen's border and its figures on every frame."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.cli import (
    EXIT_DONE,
    EXIT_PARTLY,
    EXIT_UNREADABLE,
    EXIT_USAGE,
    complain,
    existing_path,
    print_json,
)
from viewer.errors import UnreadableError, ViewerError

if TYPE_CHECKING:
    from viewer.imaging.lumen import LumenBorders
    from viewer.measure.lumen import Figures
    from viewer.model.study import ImageSet

HELP = """Contours are closed polygons, pixels [x, y]. Millimetres are null where the pullback has
no scale or the contour leaves the part of the image it holds for; pixel figures always stand
beside them. A low confidence says: look at this frame first."""

COLUMNS = (
    "frame",
    "area_mm2",
    "min_diameter_mm",
    "max_diameter_mm",
    "equivalent_diameter_mm",
    "perimeter_mm",
    "area_px2",
    "min_diameter_px",
    "max_diameter_px",
    "aspect",
    "eccentricity",
    "confidence",
    "reason",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.epilog = HELP
    parser.add_argument("pullback", type=existing_path, metavar="PULLBACK", help="a DICOM file")
    parser.add_argument(
        "--frames",
        type=stepped_slice,
        default=slice(None),
        metavar="A:B[:STEP]",
        help="frames A up to but without B, counted from 0, every STEP-th; A and B may be left out"
        " and may be negative, counting from the end",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the figures as a table")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def stepped_slice(text: str) -> slice:
    """A:B or A:B:STEP of the command line."""
    try:
        parts = [int(part) if part.strip() else None for part in text.split(":")]
    except ValueError:
        parts = []
    step = parts[2] if len(parts) == 3 else None
    if len(parts) not in (2, 3) or (step is not None and step < 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not A:B or A:B:STEP, for example 0:300:10")
    return slice(*parts)


def run(args: argparse.Namespace) -> int:
    """Find, measure, print."""
    from viewer.cli.decode import one_image_set
    from viewer.model.study import Role

    image_set = one_image_set(args.pullback)
    if image_set.role is Role.VENOGRAM:
        raise UnreadableError(f"{args.pullback}: is a venogram", "Give an IVUS pullback.")
    wanted = range(*args.frames.indices(image_set.frames))
    if not wanted:
        complain(
            f"{args.pullback}: --frames asks for none of its {image_set.frames} frames;"
            f" choose from 0:{image_set.frames}"
        )
        return EXIT_USAGE
    borders, center = _borders(image_set, wanted, args.json)
    answer = _answer(image_set, borders, center)
    lost = [int(k) for k, why in zip(borders.frames, borders.reason, strict=True) if _unread(why)]
    if len(lost) == len(wanted):
        complain(f"{args.pullback}: none of the frames can be read; ask for the file again")
        return EXIT_UNREADABLE
    if args.csv is not None:
        _write_csv(args.csv, answer)
    if args.json:
        print_json(answer)
    else:
        _print(answer)
    if lost:
        numbers = ", ".join(map(str, lost[:8])) + (" and more" if len(lost) > 8 else "")
        complain(f"{args.pullback}: frames {numbers} can't be read")
        return EXIT_PARTLY
    return EXIT_DONE


def _unread(reason: str) -> bool:
    from viewer.imaging.lumen_trust import UNREADABLE

    return reason == UNREADABLE


def _borders(
    image_set: ImageSet, wanted: range, quiet: bool
) -> tuple[LumenBorders, tuple[float, float]]:
    from viewer.session.lumen_search import borders_of

    def progress(share: float) -> None:
        if sys.stderr.isatty() and not quiet:
            print(f"\r{share:4.0%}", end="" if share < 1 else "\n", file=sys.stderr, flush=True)

    return borders_of(image_set, list(wanted), progress)


def _answer(
    image_set: ImageSet, borders: LumenBorders, center: tuple[float, float]
) -> dict[str, Any]:
    import numpy as np

    from viewer.measure.lumen import figures_of, scale_of

    calibration = image_set.calibration
    seen = np.asarray(np.isfinite(borders.points_px).all(axis=(1, 2)))
    points = np.where(seen[:, None, None], borders.points_px, 0.0)
    figures = figures_of(points, image_set.pixels.aspect)
    rows = []
    for k, frame in enumerate(borders.frames.tolist()):
        mm = scale_of(points[k].astype(float), calibration) if seen[k] else None
        contour = np.round(points[k].astype(float), 2).tolist() if seen[k] else None
        rows.append(
            {
                "frame": frame,
                "contour": contour,
                **_row(figures if seen[k] else None, k, mm),
                "confidence": round(float(borders.confidence[k]), 3),
                "reason": borders.reason[k] or None,
            }
        )
    return {
        "pullback": image_set.uid,
        "mm_per_px": calibration.mm_per_px,
        "calibration": {
            "mm_per_px": calibration.mm_per_px,
            "source": calibration.source.value,
            "uncertainty": calibration.uncertainty,
        },
        "catheter": [round(center[0], 2), round(center[1], 2)],
        "frames": rows,
    }


def _row(figures: Figures | None, k: int, mm: float | None) -> dict[str, float | None]:
    """Figures of one frame; None where there is no border, or no scale."""
    if figures is None:
        return dict.fromkeys(
            name for name in COLUMNS if name not in ("frame", "confidence", "reason")
        )
    area, low, high = figures.area_px2[k], figures.min_diameter_px[k], figures.max_diameter_px[k]
    across, around = figures.equivalent_diameter_px[k], figures.perimeter_px[k]

    def scaled(value: float, power: int) -> float | None:
        return None if mm is None else round(float(value) * mm**power, 4)

    return {
        "area_mm2": scaled(area, 2),
        "min_diameter_mm": scaled(low, 1),
        "max_diameter_mm": scaled(high, 1),
        "equivalent_diameter_mm": scaled(across, 1),
        "perimeter_mm": scaled(around, 1),
        "area_px2": round(float(area), 2),
        "min_diameter_px": round(float(low), 3),
        "max_diameter_px": round(float(high), 3),
        "aspect": round(float(figures.aspect[k]), 4),
        "eccentricity": round(float(figures.eccentricity[k]), 4),
    }


def _write_csv(path: Path, answer: dict[str, Any]) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            table.writeheader()
            table.writerows(answer["frames"])
    except OSError as error:
        raise ViewerError(
            f"{path}: can't be written: {error.strerror or type(error).__name__}",
            "Choose another place.",
        ) from error


def _print(answer: dict[str, Any]) -> None:
    mm = answer["mm_per_px"]
    size = f"{mm:.4g} mm/px, {answer['calibration']['source']}" if mm else "no mm scale: px"
    print(f"{len(answer['frames'])} frames, {size}")
    print(" frame      area   min d   max d  sure")
    unit = "_mm" if mm else "_px"
    for row in answer["frames"]:
        if row["contour"] is None:
            print(f"{row['frame']:6d}  {row['reason']}")
            continue
        area = row["area_mm2"] if mm else row["area_px2"]
        sizes = area, row[f"min_diameter{unit}"], row[f"max_diameter{unit}"]
        numbers = " ".join("      –" if size is None else f"{size:7.1f}" for size in sizes)
        print(
            f"{row['frame']:6d}  {numbers}  {row['confidence']:.2f}  {row['reason'] or ''}".rstrip()
        )
