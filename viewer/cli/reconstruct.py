"""``caval reconstruct``: the vein in space from its centerlines on two runs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.cli import EXIT_DONE, complain, existing_path, print_json
from viewer.cli.decode import one_image_set
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from viewer.geometry.reconstruction import Pair, Path3D, ViewLine
    from viewer.model.study import Run

HELP = """points_mm are [x, y, z] from the isocentre of the first run: x to the patient's left, y to
the back, z to the head. arc_mm is the true length along them. foreshortening is the percentage of
length lost at each point of each centerline, null where the other run does not show the vein;
centerline_mm is the true length there. shift_mm is how far the patient lay from the first run on
the second: places that both files of --landmarks name tell it. The centerlines written by --write
carry the true length; caval sync works on it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``caval reconstruct`` takes."""
    parser.epilog = HELP
    parser.add_argument(
        "runs", metavar="RUN", nargs=2, type=existing_path, help="DICOM files of two venograms"
    )
    parser.add_argument(
        "--centerlines",
        required=True,
        nargs=2,
        metavar=("A", "B"),
        type=existing_path,
        help="JSON of the vein's course on each run, as caval centerline writes it",
    )
    parser.add_argument(
        "--landmarks",
        nargs=2,
        metavar=("A", "B"),
        type=existing_path,
        help="JSON of places named on each run: [{"
        '"name", "x", "y"}, …]; those of one name are paired',
    )
    parser.add_argument(
        "--write",
        nargs=2,
        metavar=("A", "B"),
        type=existing_path,
        help="write both centerlines anew, with the true length as their arc_mm",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Reconstruct and print."""
    from viewer.geometry.reconstruction import NoPath, reconstruct

    runs = [_run(path) for path in args.runs]
    views = [
        _view(run, path, line)
        for run, path, line in zip(runs, args.runs, args.centerlines, strict=True)
    ]
    pairs, notes = _pairs(args.landmarks) if args.landmarks else ((), [])
    answer = reconstruct(views[0], views[1], pairs)
    if isinstance(answer, NoPath):
        raise UnreadableError(f"{args.runs[0]} and {args.runs[1]}: {answer.reason}", answer.hint)
    warnings = [*notes, *answer.warnings]
    for k, path in enumerate(args.write or ()):
        _write(path, answer, k, views[k], runs[k], (*args.runs, *args.centerlines))
    if args.json:
        print_json(_answer(answer, views, runs, warnings))
        return EXIT_DONE
    for warning in warnings:
        complain(f"warning: {warning}")
    _print_text(answer)
    return EXIT_DONE


def _run(path: Path) -> Run:
    from viewer.model.study import Run

    found = one_image_set(path)
    if not isinstance(found, Run):
        raise UnreadableError(f"{path}: no X-ray run", "give the DICOM file of a venogram")
    return found


def _view(run: Run, path: Path, line_file: Path) -> ViewLine:
    from viewer.cli.sync_files import beyond_image, read_centerline
    from viewer.geometry.carm import MissingGeometry
    from viewer.geometry.reconstruction import view_line

    line = read_centerline(line_file)
    if line.run and line.run[:1].isdigit() and line.run not in (run.uid, run.series_uid):
        complain(f"warning: {line_file.name} names another run than {path.name}")
    for text in beyond_image(line_file, line, run):
        complain(f"warning: {text}")
    view = view_line(run, line.polyline, run.calibration)
    if isinstance(view, MissingGeometry):
        raise UnreadableError(
            f"{path}: its header lacks {view.text}", "two views need the C-arm's geometry"
        )
    return view


def _pairs(files: list[Path]) -> tuple[tuple[Pair, ...], list[str]]:
    """Places named in both files, and a note about the others."""
    from viewer.cli.named_places import read_places
    from viewer.geometry.reconstruction import Pair

    first, second = (read_places(path) for path in files)
    pairs = tuple(Pair(name, first[name], second[name]) for name in first if name in second)
    alone = sorted(first.keys() ^ second.keys())
    notes = [f"named on one run only, not used: {', '.join(alone)}"] if alone else []
    return pairs, notes


def _answer(
    path: Path3D, views: list[ViewLine], runs: list[Run], warnings: list[str]
) -> dict[str, object]:
    lost = [
        _with_nulls(path.foreshortening_at(k, view.line.arc_px), 3) for k, view in enumerate(views)
    ]
    return {
        "runs": [run.uid for run in runs],
        "views": [view.name for view in views],
        "points_mm": path.points_mm.round(4).tolist(),
        "arc_mm": path.arc_mm.round(4).tolist(),
        "foreshortening": lost,
        "foreshortening_unit": "% of the length lost, per point of each centerline",
        "foreshortening_along": [each.round(3).tolist() for each in path.foreshortening],
        "arc_px": [each.round(3).tolist() for each in path.arcs_px],
        "centerline_mm": [path.true_mm(k).round(4).tolist() for k in (0, 1)],
        "length_mm": round(path.length_mm, 3),
        "length_sigma_mm": round(path.length_sigma_mm, 3),
        "epipolar_error_mm": round(path.epipolar_error_mm, 4),
        "landmarks": [
            {"name": name, "gap_mm": round(gap, 3)} for name, gap in path.landmark_gaps_mm
        ],
        "shift_mm": path.shift_mm.round(3).tolist(),
        "shift_sigma_mm": path.shift_sigma_mm.round(3).tolist(),
        "angle_deg": round(path.angle_deg, 2),
        "uncertainty_source": path.source,
        "warnings": warnings,
    }


def _write(
    path: Path, answer: Path3D, which: int, view: ViewLine, run: Run, inputs: tuple[Path, ...]
) -> None:
    """A centerline file whose arc_mm is the true length."""
    if path in inputs:
        raise UnreadableError(f"{path}: an input is never written over", "choose another name")
    document = {
        "run": run.uid,
        "points": view.line.points_px.round(4).tolist(),
        "arc_mm": answer.true_mm(which).round(6).tolist(),
        "calibration": {
            "source": f"two views {answer.angle_deg:.0f} degrees apart",
            "uncertainty": round(answer.length_sigma_mm / answer.length_mm, 5),
        },
    }
    try:
        path.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "can't be written").lower()
        raise UnreadableError(f"{path}: {reason}", "choose another place") from error


def _with_nulls(values: NDArray[np.float64], digits: int) -> list[Any]:
    return [None if value != value else round(value, digits) for value in values.tolist()]


def _print_text(path: Path3D) -> None:
    print(f"# true length {path.length_mm:.1f} ± {path.length_sigma_mm:.1f} mm")
    print(f"# {path.source}")
    print(f"# rays of paired places pass each other at {path.epipolar_error_mm:.2f} mm")
    for name, gap in path.landmark_gaps_mm:
        print(f"# landmark {name}: {gap:.1f} mm")
    print("arc_mm\tx_mm\ty_mm\tz_mm\tlost_1_percent\tlost_2_percent")
    columns = zip(path.arc_mm, path.points_mm, *path.foreshortening, strict=True)
    print(
        "\n".join(
            f"{arc:.2f}\t{x:.2f}\t{y:.2f}\t{z:.2f}\t{one:.1f}\t{two:.1f}"
            for arc, (x, y, z), one, two in columns
        )
    )
