"""``caval centerline RUN --through X,Y X,Y``: the vein's course through these points."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from viewer.cli import EXIT_DONE, EXIT_PARTLY, EXIT_USAGE, complain, existing_path, print_json
from viewer.cli.decode import one_image_set
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from viewer.cli.opacify import Reading
    from viewer.imaging.vein_picture import VeinPicture
    from viewer.imaging.vein_trace import Trace
    from viewer.model.study import ImageSet

HELP = """Without --frame the vein is traced on the run's peak opacification. Where hardly any
contrast is to be seen the course is a guess, and listed in "guessed" as ranges of points (first,
last). diameter_mm is null where the edges are not sure, arc_mm is null without a scale. The file
is what caval sync takes as --centerline."""

STEP_PX = 0.98
"""Points are at most 1 px apart, rounding included."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.epilog = HELP
    parser.add_argument("run", type=existing_path, metavar="RUN", help="DICOM file of the venogram")
    parser.add_argument(
        "--through",
        type=_point,
        nargs="+",
        required=True,
        metavar="X,Y",
        help="two or more points of the vein in px, the central one first",
    )
    parser.add_argument(
        "--frame",
        type=int,
        metavar="N",
        help="frame to trace it on, counted from 0 (default: the run's peak opacification)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Trace the vein and print its course."""
    from viewer.cli.opacify import Reading
    from viewer.dicom.frames import open_frames

    image_set = one_image_set(args.run)
    wrong = _wrong(args, image_set)
    if wrong:
        complain(f"{args.run}: {wrong}")
        return EXIT_USAGE
    source = open_frames(image_set)
    if len(source.shape) != 2:
        source.close()
        raise UnreadableError(f"{args.run}: a colour image is no venogram", "give a grey X-ray run")
    reading = Reading(source, image_set)
    picture, frame, warnings = _picture(args, reading)
    source.close()
    answer = _answer(image_set, picture, frame, args.through)
    answer["warnings"] = [*warnings, *_warnings(image_set, answer)]
    if args.json:
        print_json(answer)
    else:
        _print(answer)
    return EXIT_PARTLY if reading.failed else EXIT_DONE


def _wrong(args: argparse.Namespace, image_set: ImageSet) -> str:
    """What can't be meant, empty when nothing."""
    if len(args.through) < 2:
        return "--through needs two or more points; give the other end of the vein too"
    if all(point == args.through[0] for point in args.through):
        return "--through names one point only; give the other end of the vein too"
    if args.frame is not None and not 0 <= args.frame < image_set.frames:
        return f"it has no frame {args.frame}; choose from 0 to {image_set.frames - 1}"
    right, low = image_set.columns - 1, image_set.rows - 1
    for x, y in args.through:
        if not (-0.5 <= x <= right + 0.5 and -0.5 <= y <= low + 0.5):
            return (
                f"the point {x:g},{y:g} lies outside the image; the vein can be traced from 0,0 to"
                f" {right},{low} only"
            )
    return ""


def _picture(args: argparse.Namespace, reading: Reading) -> tuple[VeinPicture, int, list[str]]:
    """The picture to trace on, the 0-based frame it stands for, and what to know about it."""
    from viewer.imaging.vein_picture import (
        VeinPicture,
        difference_shows_veins,
        peak_shows_veins,
    )

    item, mm_per_px = reading.image_set, reading.image_set.calibration.mm_per_px
    masks: tuple[int, ...] = ()
    if item.frames > 1:
        masks, brightest = _masks(reading)
        if args.frame is None:
            found, scale = _peak(reading, masks, brightest)
            if peak_shows_veins(found):
                frame = found.peak_frame_median
                return VeinPicture.of_peak(found, scale, mm_per_px), round(frame or 0), []
    frame = _fullest(reading) if args.frame is None else args.frame
    warnings = []
    if args.frame is None and item.frames > 1:
        warnings.append(
            f"no injection could be followed through the run; the vein is traced on frame {frame}"
        )
    stored = reading.stored(frame)
    if stored is None:
        raise UnreadableError(f"{args.run}: frame {frame} can't be read", "choose another --frame")
    wanted = args.frame is not None and frame not in masks
    difference = _difference(reading, stored, masks) if wanted else None
    if difference is not None and difference_shows_veins(difference):
        return VeinPicture.of_difference(difference, mm_per_px), frame, warnings
    return VeinPicture.of_frame(item.pixels, stored, mm_per_px), frame, warnings


def _fullest(reading: Reading) -> int:
    """The 0-based frame with the most contrast."""
    from viewer.imaging.log_domain import LogDomain
    from viewer.imaging.mask_choice import MaskFinder

    frames = range(reading.image_set.frames)
    finder = MaskFinder(frames, LogDomain.of(reading.image_set.pixels))
    for index in frames if len(frames) > 1 else ():
        finder.add(index, reading.stored(index))
    choice = finder.choice
    return 0 if choice is None else choice.peak_frame


def _masks(reading: Reading) -> tuple[tuple[int, ...], NDArray[Any]]:
    """The run's frames without contrast, header's or found, and each pixel's brightest value."""
    from viewer.imaging.log_domain import LogDomain
    from viewer.imaging.opacification import ContrastScale
    from viewer.imaging.quiet_frames import QuietFrames
    from viewer.imaging.window import to_modality

    item = reading.image_set
    scale, domain = ContrastScale.of(item.pixels), LogDomain.of(item.pixels)
    quiet = QuietFrames(range(item.frames), domain, scale)
    for index in range(item.frames):
        stored = reading.stored(index)
        if stored is not None:
            quiet.add(index, stored, to_modality(item.pixels, stored))
    if len(reading.failed) == item.frames:
        raise UnreadableError("none of the run's frames can be read", "ask for the file again")
    named = tuple(i for i in getattr(item, "mask_frames", ()) if 0 <= i < item.frames)
    return named or quiet.mask_frames(), quiet.brightest


def _peak(reading: Reading, masks: tuple[int, ...], brightest: NDArray[Any]) -> tuple[Any, Any]:
    """What the run shows of contrast, and the scale of its values."""
    import numpy as np

    from viewer.imaging.opacification import ContrastScale, Opacifier

    scale = ContrastScale.of(reading.image_set.pixels)
    known = [values for values in map(reading.values, masks) if values is not None]
    if known:
        opacifier = Opacifier(np.mean(known, axis=0), scale, len(known))
    else:
        opacifier = Opacifier(brightest, scale, averaged=True)
    for index in reversed(range(reading.image_set.frames)):
        values = reading.values(index)
        if values is not None:
            opacifier.add(index, values)
    return opacifier.result(), scale


def _difference(
    reading: Reading, stored: NDArray[Any], masks: tuple[int, ...]
) -> NDArray[Any] | None:
    """A frame less the run's mask, contrast negative; None without a mask."""
    import numpy as np

    from viewer.imaging.log_domain import LogDomain

    domain = LogDomain.of(reading.image_set.pixels)
    frames = [frame for frame in map(reading.stored, masks) if frame is not None]
    if not frames:
        return None
    mask = np.mean([domain.of_frame(frame) for frame in frames], axis=0)
    return np.asarray(domain.of_frame(stored) - mask)


def _answer(
    image_set: ImageSet, picture: VeinPicture, frame: int, through: list[tuple[float, float]]
) -> dict[str, Any]:
    import numpy as np

    from viewer.geometry.polyline import Polyline, spline_through
    from viewer.imaging.vein_trace import VeinTracer, stretches, trace_through
    from viewer.imaging.vessel_profile import vessel_profile

    trace = trace_through(VeinTracer(picture), through)
    smooth = spline_through([(float(x), float(y)) for x, y in trace.points_px])
    if smooth is None:
        raise UnreadableError("the points are one place", "give the other end of the vein too")
    count = math.ceil(smooth.length_px / STEP_PX) + 1
    points = smooth.at(np.linspace(0.0, smooth.length_px, count)).round(3)
    course = Polyline.from_points(points)
    if course is None:
        raise UnreadableError("the points are one place", "give the other end of the vein too")
    profile, scale = vessel_profile(picture, course), image_set.calibration
    width_px = profile.diameter_at(course.arc_px)
    width_px[_guessed_at(trace, course)] = np.nan
    sure = profile.confidence_at(course.arc_px)
    mm = scale.mm_per_px
    return {
        "run": image_set.uid,
        "frame": frame,
        "picture": picture.text,
        "points": course.points_px.tolist(),
        "arc_mm": None if mm is None else (course.arc_px * mm).round(4).tolist(),
        "arc_px": course.arc_px.round(4).tolist(),
        "diameter_mm": _numbers(width_px * mm if mm is not None else width_px * np.nan),
        "diameter_px": _numbers(width_px),
        "confidence": sure.round(3).tolist(),
        "guessed": [[a, b - 1] for a, b in stretches(_guessed_at(trace, course))],
        "mm_per_px": mm,
        "calibration": {
            "mm_per_px": mm,
            "source": scale.source.value,
            "uncertainty": scale.uncertainty,
        },
    }


def _guessed_at(trace: Trace, course: Any) -> NDArray[Any]:
    """Which points of the course lie on a guessed stretch, bool (n,)."""
    import numpy as np

    share = np.linspace(0.0, 1.0, len(trace.guessed))
    along = np.interp(course.arc_px / course.length_px, share, trace.guessed.astype(float))
    return np.asarray(along > 0.5)


def _numbers(values: NDArray[Any]) -> list[float | None]:
    return [round(v, 3) if math.isfinite(v) else None for v in values.tolist()]


def _warnings(image_set: ImageSet, answer: dict[str, Any]) -> list[str]:
    warnings = []
    if answer["mm_per_px"] is None:
        warnings.append("the run has no mm scale; lengths are in px")
    guessed = sum(b - a for a, b in answer["guessed"])
    if guessed:
        share = guessed / max(1, len(answer["points"]) - 1)
        warnings.append(f"{share:.0%} of the course is a guess: hardly any contrast there")
    if abs(image_set.pixels.aspect - 1.0) > 0.01:
        warnings.append("its pixels are not square; lengths may be wrong")
    return warnings


def _print(answer: dict[str, Any]) -> None:
    unit = "px" if answer["mm_per_px"] is None else "mm"
    arc, width = answer[f"arc_{unit}"], answer[f"diameter_{unit}"]
    for warning in answer["warnings"]:
        complain(f"warning: {warning}")
    print(f"# frame {answer['frame']}, traced on {answer['picture']}; {arc[-1]:.1f} {unit} long")
    print(f"x\ty\tarc_{unit}\tdiameter_{unit}")
    for (x, y), along, wide in zip(answer["points"], arc, width, strict=True):
        print(f"{x:.1f}\t{y:.1f}\t{along:.2f}\t{'' if wide is None else f'{wide:.2f}'}")


def _point(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise argparse.ArgumentTypeError(f"{text!r} is no point; give X,Y in px")
    return x, y
