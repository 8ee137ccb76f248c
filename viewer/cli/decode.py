"""``caval decode FILE``: decode frames and print their checksums."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
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
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from viewer.dicom.frames import FrameSource
    from viewer.model.study import ImageSet

HELP = """Checksums are SHA-256 of each frame's bytes: C order, little endian; grey frames hold
stored values before any lookup table, colour frames RGB of 8 bits whatever the file's colour
model."""


@dataclass(slots=True)
class Decoded:
    """What came of the frames asked for; `sha256` is None where a frame was bad."""

    sha256: list[str | None] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> int:
        """Number of frames decoded."""
        return len(self.sha256) - len(self.failed)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.epilog = HELP
    parser.add_argument("file", type=existing_path, metavar="FILE", help="a DICOM file")
    parser.add_argument(
        "--frames",
        type=frame_slice,
        default=slice(None),
        metavar="A:B",
        help="frames A up to but without B, counted from 0; either may be left out and may be"
        " negative, counting from the end (--frames=-5: is the last five)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Decode and print."""
    from viewer.dicom.frames import open_frames

    image_set = one_image_set(args.file)
    wanted = range(*args.frames.indices(image_set.frames))
    if not wanted:
        complain(
            f"{args.file}: --frames asks for none of its {image_set.frames} frames;"
            f" choose from 0:{image_set.frames}"
        )
        return EXIT_USAGE
    source = open_frames(image_set)
    result = _decode(source, wanted)
    missing = image_set.frames_declared - image_set.frames
    if missing > 0:
        complain(
            f"{args.file}: the image data end early: the last {missing} of"
            f" {image_set.frames_declared} frames are missing; ask for the file again"
        )
    answer = _answer(source, image_set, wanted, result)
    source.close()
    if not result.good:
        return EXIT_UNREADABLE
    if args.json:
        print_json(answer)
    else:
        _print(answer)
    return EXIT_PARTLY if result.failed or missing > 0 else EXIT_DONE


def frame_slice(text: str) -> slice:
    """A:B of the command line, either end left out or negative."""
    parts = text.split(":")
    try:
        first, last = (int(part) if part.strip() else None for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not A:B, for example 0:10") from None
    return slice(first, last)


def one_image_set(path: Path) -> ImageSet:
    """The one image set of a file.

    Raises
    ------
    UnreadableError
        There is none, or more than one.
    """
    from viewer.dicom.index import index

    found = index([path])
    if len(found.image_sets) == 1:
        return found.image_sets[0]
    if found.image_sets:
        raise UnreadableError(
            f"{path}: holds {len(found.image_sets)} series", "Give one of its files."
        )
    reason = found.skipped[0].reason if found.skipped else "holds no images"
    raise UnreadableError(f"{path}: {reason}")


def _decode(source: FrameSource, wanted: range) -> Decoded:
    """Decode frame by frame, naming the bad ones; nothing is kept but checksums."""
    result = Decoded()
    for index in wanted:
        begun = time.perf_counter()
        try:
            frame = source.frame(index)
        except UnreadableError as error:
            complain(error)
            result.sha256.append(None)
            result.failed.append({"frame": index, "reason": error.what})
            continue
        result.seconds += time.perf_counter() - begun
        result.sha256.append(_checksum(frame))
    return result


def _checksum(frame: NDArray[Any]) -> str:
    import hashlib

    if sys.byteorder == "big":
        frame = frame.astype(frame.dtype.newbyteorder("<"))
    return hashlib.sha256(frame.data.cast("B")).hexdigest()


def _answer(
    source: FrameSource, image_set: ImageSet, wanted: range, result: Decoded
) -> dict[str, Any]:
    return {
        "frames": result.good,
        "first": wanted.start,
        "shape": list(source.shape),
        "dtype": source.dtype.name,
        "sha256": result.sha256,
        "ms_per_frame": round(1000.0 * result.seconds / result.good, 3) if result.good else None,
        "decoder": source.decoder,
        "failed": result.failed,
        "frames_in_file": image_set.frames,
        "frames_declared": image_set.frames_declared,
        "warnings": list(image_set.warnings),
    }


def _print(answer: dict[str, Any]) -> None:
    size = " x ".join(str(n) for n in answer["shape"])
    print(
        f"{answer['frames']} frames of {size} {answer['dtype']}, {answer['decoder']},"
        f" {answer['ms_per_frame']} ms a frame"
    )
    for warning in answer["warnings"]:
        print(f"    ! {warning}")
    for number, digest in enumerate(answer["sha256"], start=answer["first"]):
        print(f"{number:6d}  {digest or 'unreadable'}")
