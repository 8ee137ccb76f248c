"""The fluoroscopy of ``caval sync``: the transducer followed while it is pulled."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from viewer.geometry.polyline import Polyline
    from viewer.geometry.pull_evidence import Motion, TrackedPath
    from viewer.imaging.tracking import Tracked
    from viewer.model.coregistration import Landmark
    from viewer.model.study import ImageSet, Pullback

MOST_FRAMES = 240
SAME_ANGLE_DEG = 3.0
GUESSED_MM_PER_PX = 0.3
"""Where the run has no scale: only for how large a transducer is."""

Mark = tuple[int, float, float]


def tracked_path(
    args: argparse.Namespace,
    course: Polyline,
    venogram: ImageSet,
    pullback: Pullback,
    motion: Motion | None,
    landmarks: tuple[Landmark, ...],
    mm_per_px: float | None,
    notes: list[str],
) -> TrackedPath | None:
    """Where the transducer was seen, on the pullback's clock; None, and a note, when nowhere."""
    from viewer.geometry.clock_offset import HEADER_SD_S, Offset, clock_offset, header_sd
    from viewer.geometry.pull_clock import pull_clocks
    from viewer.geometry.pull_evidence import TrackedPath

    fluoro = _fluoro(args.fluoro, venogram, notes)
    times = fluoro.timing.times_s
    pull_times = pullback.timing.times_s
    if times is None or pull_times is None:
        which = args.fluoro if times is None else args.pullback
        raise UnreadableError(f"{which}: its frame times are unknown", "use another --mode")
    found, chosen = _followed(args, course, venogram, fluoro, np.asarray(times), mm_per_px)
    if found is None:
        notes.append(
            "the transducer can't be told from its surroundings on the fluoroscopy; mark it with "
            "--transducer FRAME,X,Y"
        )
        return None
    seconds = np.asarray(times)[chosen[found.frames]]
    seconds = seconds - times[0]
    clock = np.asarray(pull_times) - pull_times[0]
    travel = max(pull_clocks(clock, motion), key=lambda item: item.chance).run
    turn = 1.0 if found.arc_px[-1] >= found.arc_px[0] else -1.0
    known = _landmark_times(landmarks, course, clock, turn)
    if args.clock_offset is None:
        header = _header_offset(fluoro, pullback)
        mm = 1.0 / (mm_per_px or GUESSED_MM_PER_PX)
        begun, pulled = fluoro.acquired_at, pullback.acquired_at
        sd = HEADER_SD_S if begun is None or pulled is None else header_sd(begun, pulled)
        path = seconds, turn * found.arc_px
        offset = clock_offset(header, path, (clock, travel), known, mm, sd)
        notes.append(
            f"the pullback begins {offset.seconds:.2f} s after the fluoroscopy ({offset.source})"
        )
    else:
        offset = Offset(args.clock_offset, "set by the reader")
    return TrackedPath(seconds - offset.seconds, found.arc_px, found.sigma_px, offset.sigma_s)


def _fluoro(path: Path, venogram: ImageSet, notes: list[str]) -> ImageSet:
    from viewer.cli.decode import one_image_set

    fluoro = one_image_set(path)
    if fluoro.frames < 4:
        raise UnreadableError(f"{path}: too few frames to follow anything", "give the fluoroscopy")
    for name, which in (("primary_angle_deg", "LAO/RAO"), ("secondary_angle_deg", "CRA/CAU")):
        one, other = getattr(venogram, name, None), getattr(fluoro, name, None)
        if one is not None and other is not None and abs(one - other) > SAME_ANGLE_DEG:
            notes.append(
                f"the fluoroscopy was taken from another {which} angle ({other:.0f}° instead of "
                f"{one:.0f}°): the centerline may not fit it"
            )
    return fluoro


def _followed(
    args: argparse.Namespace,
    course: Polyline,
    venogram: ImageSet,
    fluoro: ImageSet,
    times: NDArray[np.float64],
    mm_per_px: float | None,
) -> tuple[Tracked | None, NDArray[np.intp]]:
    from concurrent.futures import ThreadPoolExecutor

    from viewer.dicom.frames import open_frames
    from viewer.geometry.polyline import Polyline
    from viewer.imaging.filled_vein import fills_with_contrast
    from viewer.imaging.log_domain import LogDomain
    from viewer.imaging.tracking import Straightener, track

    ratio = fluoro.columns / venogram.columns
    scaled = Polyline.from_points(course.points_px * ratio)
    if scaled is None:
        return None, np.empty(0, np.intp)
    source = open_frames(fluoro)
    if len(source.shape) != 2:
        source.close()
        raise UnreadableError(f"{args.fluoro}: a colour image is no fluoroscopy")
    rows, columns = source.shape
    straight = Straightener(scaled, (mm_per_px or GUESSED_MM_PER_PX) / ratio, (rows, columns))
    domain = LogDomain.of(fluoro.pixels)
    chosen = np.arange(0, fluoro.frames, max(1, -(-fluoro.frames // MOST_FRAMES)), dtype=np.intp)

    def strip(index: int) -> NDArray[np.float32] | None:
        try:
            return straight.of(-domain.of_frame(source.frame(index)))
        except UnreadableError:
            return None

    with ThreadPoolExecutor(max_workers=2) as pool:
        strips = list(pool.map(strip, chosen.tolist()))
    source.close()
    good = np.array([one is not None for one in strips])
    chosen = chosen[good]
    kept = [one for one in strips if one is not None]
    if len(kept) < 4:
        raise UnreadableError(f"{args.fluoro}: its frames can't be read", "ask for the file again")
    stack = np.stack(kept)
    if fills_with_contrast(stack):
        raise UnreadableError(
            f"{args.fluoro}: contrast fills the vein on it: a venogram, no fluoroscopy of the pull",
            "give the run stored while the catheter was pulled, or leave --fluoro out",
        )
    marks = [_mark(mark, scaled, straight, chosen, ratio) for mark in args.transducer or ()]
    found = track(stack, times[chosen], straight.arc_px / ratio, marks)
    return found, chosen


def _mark(
    mark: Mark, course: Polyline, straight: Any, chosen: NDArray[np.intp], ratio: float
) -> tuple[int, tuple[int, int]]:
    """A reader's mark as (place among the frames read, (row, column) of the strip)."""
    frame, x, y = mark
    arc, _ = course.project((x, y))
    row = int(np.argmin(np.abs(straight.arc_px - arc)))
    column = int(np.argmin(np.hypot(straight.x[row] - x, straight.y[row] - y)))
    return int(np.argmin(np.abs(chosen - frame))), (row, column)


def _header_offset(fluoro: ImageSet, pullback: Pullback) -> float | None:
    if fluoro.acquired_at is None or pullback.acquired_at is None:
        return None
    return (pullback.acquired_at - fluoro.acquired_at).total_seconds()


def _landmark_times(
    landmarks: tuple[Landmark, ...], course: Polyline, clock: NDArray[np.float64], turn: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times = [clock[mark.frame] for mark in landmarks if mark.frame < len(clock)]
    places = [
        turn * course.project(mark.point_px)[0] for mark in landmarks if mark.frame < len(clock)
    ]
    return np.array(times), np.array(places)
