"""``caval sync``: position of every pullback frame along the vein."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.cli import EXIT_DONE, EXIT_USAGE, complain, existing_path, print_json
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from viewer.cli.sync_files import CenterlineFile, ScaleUsed
    from viewer.geometry.position_map import PositionMap
    from viewer.model.study import ImageSet, Pullback

MODES = ("auto", "constant", "landmarks", "profile", "tracked")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``caval sync`` takes."""
    parser.add_argument("run", metavar="RUN", type=existing_path, help="DICOM file of the venogram")
    parser.add_argument(
        "pullback", metavar="PULLBACK", type=existing_path, help="DICOM file of the IVUS pullback"
    )
    parser.add_argument(
        "--centerline",
        required=True,
        metavar="FILE",
        type=existing_path,
        help="JSON of the vein's course on the run, as caval centerline writes it",
    )
    parser.add_argument(
        "--landmarks",
        metavar="FILE",
        type=existing_path,
        help='JSON: [{"name", "frame", "x", "y"}, …], frames counted from 0',
    )
    parser.add_argument(
        "--mode",
        choices=MODES,
        default="auto",
        help="auto: constant when the rate is known, else everything fused (default: %(default)s)",
    )
    parser.add_argument(
        "--rate", metavar="MM_S", type=_rate, help="pullback rate in mm/s, in place of the header's"
    )
    parser.add_argument(
        "--review",
        metavar="REVIEW",
        type=existing_path,
        help="review whose calibration by hand of RUN is used when the centerline has no scale",
    )
    add_fluoro_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Place every frame and print where it lies."""
    if args.mode == "tracked" and args.fluoro is None:
        complain("--mode tracked needs --fluoro RUN, the run stored during the pullback")
        return EXIT_USAGE
    from viewer.cli.sync_answer import answer, print_table
    from viewer.cli.sync_files import beyond_image, read_centerline

    line = read_centerline(args.centerline)
    venogram, notes = _image_set(args.run)
    pullback, more = _pullback(args.pullback)
    scale = _scale(args.review, line, venogram)
    beyond = beyond_image(args.centerline, line, venogram)
    warnings = [*notes, *more, *line.warnings, *beyond, *_scale_warnings(line, venogram, scale)]
    position = _position(args, line, scale, venogram, pullback, warnings)
    warnings += position.problems
    if args.json:
        print_json(answer(position, warnings) | {"calibration": scale.as_json})
        return EXIT_DONE
    for warning in warnings:
        complain(f"warning: {warning}")
    print(f"# {scale.text}")
    print_table(position)
    return EXIT_DONE


def _scale(review: Path | None, line: CenterlineFile, venogram: ImageSet) -> ScaleUsed:
    """The scale in force: the centerline file's, else the review's by hand, else the header's."""
    from viewer.cli.sync_files import ScaleUsed, calibration_in

    own = venogram.calibration
    by_hand = calibration_in(review, venogram.uid) if review is not None else None
    if line.arc_mm is not None or line.mm_per_px is not None:
        return ScaleUsed("centerline", line.mm_per_px, line.source, line.uncertainty)
    if by_hand is not None:
        source = f"{by_hand.source.value}, {by_hand.validity}"
        return ScaleUsed("review", by_hand.mm_per_px, source, by_hand.uncertainty)
    return ScaleUsed(
        "run header" if own.known else "none", own.mm_per_px, own.source.value, own.uncertainty
    )


def _position(
    args: argparse.Namespace,
    line: CenterlineFile,
    scale: ScaleUsed,
    venogram: ImageSet,
    pullback: Pullback,
    warnings: list[str],
) -> PositionMap:
    from viewer.cli.sync_evidence import gather
    from viewer.cli.sync_files import marks_on_image, read_landmarks
    from viewer.geometry.position_map import Unlinked, position_map
    from viewer.model.coregistration import Coregistration, SyncMode

    marks = read_landmarks(args.landmarks, pullback.frames) if args.landmarks else ()
    marks_on_image(args.landmarks, marks, venogram)
    tie = Coregistration(
        id="sync",
        run_uid=venogram.uid,
        pullback_uid=pullback.uid,
        centerline_id="",
        landmarks=marks,
        mode=SyncMode(args.mode),
        rate_mm_s=args.rate,
    )
    evidence = gather(args, line, venogram, pullback, marks, scale.mm_per_px, warnings)
    unsure = venogram.calibration.uncertainty if scale.uncertainty is None else scale.uncertainty
    answer = position_map(
        line.polyline,
        scale.mm_per_px,
        unsure,
        pullback,
        pullback.timing.times_s,
        tie,
        line.arc_mm,
        evidence,
    )
    if isinstance(answer, Unlinked):
        path = args.landmarks if answer.landmark_ids else args.pullback
        raise UnreadableError(f"{path}: {answer.reason}", answer.hint)
    return answer


def _image_set(path: Path) -> tuple[ImageSet, list[str]]:
    """The image set of a file, with the most frames when it holds several."""
    from viewer.dicom.index import index

    found = index([path])
    if not found.image_sets:
        reason = found.skipped[0].reason if found.skipped else "no images in it"
        raise UnreadableError(f"{path}: {reason}", "give a DICOM file with image frames")
    best = max(found.image_sets, key=lambda item: item.frames)
    notes = [f"{path.name}: {text}" for text in best.warnings]
    if len(found.image_sets) > 1:
        notes.append(f"{path.name} holds {len(found.image_sets)} image sets; the longest is used")
    return best, notes


def _pullback(path: Path) -> tuple[Pullback, list[str]]:
    """The pullback of a file; a multi-frame that was not filed as one is taken for it."""
    from dataclasses import fields

    from viewer.model.study import ImageSet, Pullback

    item, notes = _image_set(path)
    if isinstance(item, Pullback):
        return item, notes
    if item.frames < 2:
        raise UnreadableError(f"{path}: a single image, no pullback", "give the IVUS pullback")
    notes.append(f"{path.name} is filed as {item.role.value}; it is taken for a pullback")
    return Pullback(**{f.name: getattr(item, f.name) for f in fields(ImageSet)}), notes


def _scale_warnings(line: CenterlineFile, venogram: ImageSet, scale: ScaleUsed) -> list[str]:
    warnings = []
    if line.run and line.run[:1].isdigit() and line.run not in (venogram.uid, venogram.series_uid):
        warnings.append("the centerline names another run than RUN")
    if scale.origin == "none":
        warnings.append("no mm scale on the run or the centerline; lengths are in px")
    return warnings


def _rate(text: str) -> float:
    from viewer.model.coregistration import FASTEST_PULL_MM_S

    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate <= FASTEST_PULL_MM_S:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no rate in mm/s above 0 and up to {FASTEST_PULL_MM_S:g}"
        )
    return rate


def add_fluoro_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the mode ``tracked`` takes."""
    parser.add_argument(
        "--fluoro", metavar="RUN", type=existing_path, help="run stored during the pullback"
    )
    parser.add_argument(
        "--transducer",
        metavar="FRAME,X,Y",
        type=_mark,
        action="append",
        help="where the transducer is seen on it, in px; found by itself without",
    )
    parser.add_argument(
        "--clock-offset",
        metavar="S",
        type=_seconds,
        help="begin of the pullback, s after the fluoroscopy's (default: acquisition times)",
    )


def _mark(text: str) -> tuple[int, float, float]:
    try:
        frame, x, y = text.split(",")
        return int(frame), float(x), float(y)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no FRAME,X,Y") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds")
    return seconds
