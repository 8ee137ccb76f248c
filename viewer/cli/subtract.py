"""``caval subtract RUN``: digital subtraction of a whole run."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any

from viewer.cli import (
    EXIT_DONE,
    EXIT_PARTLY,
    EXIT_USAGE,
    complain,
    existing_path,
    print_json,
)

if TYPE_CHECKING:
    from viewer.model.study import ImageSet
    from viewer.model.subtraction import ShiftMode

HELP = """Frames are counted from 0. Without --mask the header's mask frames are taken, else the
last frames before contrast. The NPZ holds `frames` (float32, frames x rows x columns): natural
logarithms where the run's values are linear, grey levels as stored where they are logarithmic or
processed; contrast is negative. A frame that can't be read is NaN. Shifts are px to the right and
down. A header's Mask Sub-pixel Shift, frame ranges and intervals (TID) are followed where its masks
are taken; --landmarking and --edges change the values, without them they are the plain
difference."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.epilog = HELP
    # "--shift -1.5,2" is a value, not an option
    parser._negative_number_matcher = re.compile(r"^-[\d.][\d.,:eE+-]*$")
    parser.add_argument("run", type=existing_path, metavar="RUN", help="a DICOM file")
    parser.add_argument(
        "--mask",
        type=_mask,
        metavar="N|A:B|auto",
        help="the mask frame, frames A up to but without B averaged, or the last ones before"
        " contrast",
    )
    parser.add_argument(
        "--shift",
        type=_shift,
        default=None,
        metavar="auto|DX,DY|none|local",
        help="how the mask is moved: to fit each frame, by DX,DY px, not at all, or as --local;"
        " default: as the header says, where its mask is taken",
    )
    parser.add_argument(
        "--local",
        action="store_true",
        help="fit the mask place by place (breathing, bowel), after --shift auto; slower",
    )
    parser.add_argument(
        "--landmarking",
        type=_percent,
        default=0.0,
        metavar="PERCENT",
        help="share of the anatomy kept, 0 (default) to 100",
    )
    parser.add_argument(
        "--edges",
        type=_percent,
        default=0.0,
        metavar="PERCENT",
        help="edge enhancement, 0 (default) to 100",
    )
    parser.add_argument(
        "--out", type=existing_path, required=True, metavar="NPZ", help="the file to write"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Subtract and write."""
    from viewer.cli.decode import one_image_set
    from viewer.session.subtract_run import SubtractedRun

    image_set = one_image_set(args.run)
    problem = _misuse(args, image_set)
    if problem:
        complain(f"{args.run}: {problem}")
        return EXIT_USAGE
    frames = range(*args.mask.indices(image_set.frames)) if isinstance(args.mask, slice) else None
    work = SubtractedRun(
        image_set,
        mask_frames=None if frames is None else tuple(frames),
        find_mask=args.mask == "auto",
        shift=_how_moved(args),
        landmarking=args.landmarking,
        edges=args.edges,
        progress=_progress if sys.stderr.isatty() else None,
    )
    work.write(args.out)
    for text in (*work.notes, *work.failed.values()):
        complain(f"{args.run}: {text}")
    missing = image_set.frames_declared - image_set.frames
    if missing > 0:
        complain(f"{args.run}: the image data end early: the last {missing} frames are missing")
    answer = {
        "mask_frames": list(work.mask_frames),
        "shifts": [[round(dx, 4), round(dy, 4)] for dx, dy in work.shifts],
        "frames": image_set.frames,
        "domain": work.domain.text,
        "contrast_frame": work.arrival_frame,
        "mask_from": work.mask_from,
        "failed": sorted(work.failed),
        "warnings": list(work.notes),
    }
    if args.json:
        print_json(answer)
    else:
        _print(answer, args)
    return EXIT_PARTLY if work.failed or missing > 0 else EXIT_DONE


def _mask(text: str) -> slice | str:
    if text == "auto":
        return text
    first, colon, last = text.partition(":")
    try:
        if not colon:
            return slice(int(first), int(first) + 1)
        return slice(int(first) if first else 0, int(last) if last else None)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a frame, A:B or auto, for example 0:4"
        ) from None


def _shift(text: str) -> tuple[float, float] | str:
    if text in ("auto", "local"):
        return text
    if text == "none":
        return (0.0, 0.0)
    try:
        dx, dy = (float(part) for part in text.split(","))
    except ValueError:
        dx = dy = float("nan")
    if not (abs(dx) < 1e6 and abs(dy) < 1e6):
        raise argparse.ArgumentTypeError(f"{text!r} is not auto, none, local or DX,DY (0.5,-1)")
    return (dx, dy)


def _misuse(args: argparse.Namespace, image_set: ImageSet) -> str:
    """What is asked for that this run does not have; empty when all is well."""
    count = image_set.frames
    if isinstance(args.mask, slice):
        first, last = args.mask.start, count if args.mask.stop is None else args.mask.stop
        if not 0 <= first < last <= count:
            return f"--mask asks for frames that are not among its {count}; choose from 0:{count}"
    if args.local and args.shift not in (None, "auto", "local"):
        return "--local fits the mask by itself; leave --shift out or give --shift auto"
    if isinstance(args.shift, tuple):
        dx, dy = args.shift
        if abs(dx) >= image_set.columns or abs(dy) >= image_set.rows:
            size = f"{image_set.columns} x {image_set.rows}"
            return f"--shift moves the mask out of the {size} image; give px, for example 0.5,-1"
    return ""


def _how_moved(args: argparse.Namespace) -> tuple[float, float] | ShiftMode:
    from viewer.model.subtraction import ShiftMode

    if args.local or args.shift == "local":
        return ShiftMode.LOCAL
    if args.shift is None:
        return ShiftMode.HEADER
    return ShiftMode.AUTO if isinstance(args.shift, str) else args.shift


def _percent(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / 100.0
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage from 0 to 100")
    return share


def _progress(done: int, total: int, doing: str) -> None:
    end = "\n" if done == total else ""
    print(f"\r{doing}: {done} of {total}", end=end, file=sys.stderr, flush=True)


def _print(answer: dict[str, Any], args: argparse.Namespace) -> None:
    named = ", ".join(str(n) for n in answer["mask_frames"])
    print(f"{args.out}: {answer['frames']} frames less mask {named} ({answer['mask_from']})")
    print(f"    {answer['domain']}")
    moved = max((abs(v) for shift in answer["shifts"] for v in shift), default=0.0)
    if moved:
        print(f"    mask moved by up to {moved:g} px")
