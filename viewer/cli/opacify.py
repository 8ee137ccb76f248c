"""``caval opacify RUN --out NPZ``: peak opacification, time to peak, arrival of the contrast."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.cli import (
    EXIT_DONE,
    EXIT_PARTLY,
    EXIT_USAGE,
    complain,
    existing_path,
    print_json,
)
from viewer.cli.decode import frame_slice, one_image_set
from viewer.cli.opacify_curves import Places, curves_answer, places_of, point
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from viewer.dicom.frames import FrameSource
    from viewer.imaging.opacification import ContrastScale, Opacification, Opacifier
    from viewer.model.study import ImageSet

HELP = """The file written holds: peak (float32, rows x columns: each pixel's value of most
contrast, in modality units, with --subtract in those of caval subtract), time_to_peak_s (float32,
s after the run's first frame, NaN where no contrast passes), arrival_s (contrast begins to rise),
half_peak_s (half of the peak reached), peak_frame (0-based, -1 none), threshold, mask_frames and
run_density (the run's own curve). Contrast counts where it exceeds the threshold, which follows
from the run's noise."""


@dataclass(slots=True)
class Reading:
    """A run's frames, one at a time; the bad ones are named once."""

    source: FrameSource
    image_set: ImageSet
    failed: dict[int, str] = field(default_factory=dict)

    def stored(self, index: int) -> NDArray[Any] | None:
        """Stored values of frame `index`, (rows, columns); None when it can't be read."""
        if index in self.failed:
            return None
        try:
            return self.source.frame(index)
        except UnreadableError as error:
            complain(error)
            self.failed[index] = error.what
            return None

    def values(self, index: int) -> NDArray[Any] | None:
        """Modality values of frame `index`, (rows, columns); None when it can't be read."""
        from viewer.imaging.window import to_modality

        stored = self.stored(index)
        return None if stored is None else to_modality(self.image_set.pixels, stored)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.epilog = HELP
    parser.add_argument("run", type=existing_path, metavar="RUN", help="a DICOM file")
    parser.add_argument("--out", type=existing_path, required=True, metavar="NPZ", help="result")
    parser.add_argument(
        "--frames",
        type=frame_slice,
        default=slice(None),
        metavar="A:B",
        help="frames A up to but without B, counted from 0 (default: all)",
    )
    parser.add_argument(
        "--mask",
        type=frame_slice,
        metavar="A:B",
        help="frames without contrast (default: the header's, else found from the run)",
    )
    parser.add_argument(
        "--subtract", action="store_true", help="take the mask from every frame first"
    )
    parser.add_argument(
        "--shift",
        choices=("auto", "none"),
        default="none",
        help="with --subtract: fit the mask to each frame, or not (default)",
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        metavar="HZ",
        help="frames a second, for a run that does not say, or says it wrong",
    )
    parser.add_argument(
        "--points",
        type=point,
        nargs="+",
        metavar="X,Y",
        help="give density over time at these places, px from the top left",
    )
    parser.add_argument(
        "--centerline",
        type=existing_path,
        metavar="FILE",
        help="give the arrival of the contrast every 10 mm along this centerline (JSON)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Read, follow the contrast, write."""
    from viewer.dicom.frames import open_frames

    image_set = one_image_set(args.run)
    wanted = range(*args.frames.indices(image_set.frames))
    if not wanted:
        complain(
            f"{args.run}: --frames asks for none of its {image_set.frames} frames;"
            f" choose from 0:{image_set.frames}"
        )
        return EXIT_USAGE
    times_s = _times_s(args.run, image_set, args.rate)
    places = places_of(args, image_set)
    source = open_frames(image_set)
    if len(source.shape) != 2:
        raise UnreadableError(
            f"{args.run}: a colour image shows no X-ray contrast", "Give a grey run."
        )
    begun = time.perf_counter()
    reading = Reading(source, image_set)
    result = _opacify(args, reading, wanted, places)
    found, masks = result.found, result.masks
    seconds = time.perf_counter() - begun
    source.close()
    _write(args.out, found, times_s, masks)
    answer = (
        _answer(found, times_s, masks)
        | result.curves(times_s)
        | {
            "frames": len(wanted) - sum(index in reading.failed for index in wanted),
            "first": wanted.start,
            "ms_per_frame": round(1000.0 * seconds / len(wanted), 3),
            "failed": [{"frame": i, "reason": why} for i, why in sorted(reading.failed.items())],
            "out": str(args.out),
        }
    )
    if args.json:
        print_json(answer)
    else:
        _print(answer)
    missing = image_set.frames_declared - image_set.frames
    if missing > 0:
        complain(
            f"{args.run}: the image data end early: the last {missing} of"
            f" {image_set.frames_declared} frames are missing; ask for the file again"
        )
    whole = not reading.failed and missing <= 0 and times_s is not None
    return EXIT_DONE if whole else EXIT_PARTLY


def _answer(
    found: Opacification, times_s: tuple[float, ...] | None, masks: tuple[int, ...]
) -> dict[str, Any]:
    return {
        "peak_frame_median": found.peak_frame_median,
        "time_to_peak_median_s": times_s and _median(found.time_to_peak_s(times_s)),
        "arrival_median_s": times_s and _median(found.arrival_s(times_s)),
        "opacified_percent": round(100.0 * float(found.opacified.mean()), 3),
        "mask_frames": list(masks),
        "noise": found.noise,
    }


def _rate(text: str) -> float:
    value = float(text)
    if not 0.01 <= value <= 1000.0:
        raise argparse.ArgumentTypeError("a frame rate is from 0.01 to 1000 a second")
    return value


def _times_s(path: Path, image_set: ImageSet, rate_hz: float | None) -> tuple[float, ...] | None:
    if rate_hz is not None:
        return tuple(index / rate_hz for index in range(image_set.frames))
    if image_set.timing.times_s is None:
        complain(
            f"{path}: its header does not say when the frames were taken, so times are left out"
            " and curves count frames; give the frames a second with --rate HZ"
        )
    return image_set.timing.times_s


@dataclass(frozen=True)
class Result:
    """What the wanted frames show, the mask frames, and means at the places of curves."""

    found: Opacification
    masks: tuple[int, ...]
    scale: ContrastScale
    places: Places | None
    samples: dict[int, NDArray[Any]]
    zero: NDArray[Any] | None
    unit: str

    def curves(self, times_s: tuple[float, ...] | None) -> dict[str, Any]:
        """What the answer says of curves; nothing when none was asked for."""
        if self.places is None or self.zero is None:
            return {}
        return curves_answer(
            self.places, self.samples, self.found, self.scale, self.zero, times_s, self.unit
        )


def _opacify(
    args: argparse.Namespace, reading: Reading, wanted: range, places: Places | None
) -> Result:
    """Follow the contrast; the last frame is taken in first."""
    from viewer.imaging.density_curves import DiscSampler
    from viewer.imaging.opacification import ContrastScale, Opacifier

    scale = ContrastScale.of(reading.image_set.pixels)
    baseline, masks = _baseline(args, reading, wanted, scale)
    values: Callable[[int], NDArray[Any] | None] = reading.values
    unit = "ln" if scale.by_ratio else "grey"
    if args.subtract:
        opacifier, values, scale, logarithm = _subtracted(args, reading, masks)
        unit = "ln" if logarithm else "grey"
    else:
        opacifier = Opacifier(baseline, scale, len(masks), averaged=not masks)
    sampler, samples, zero = None, {}, None
    if places is not None:
        rows, columns = reading.image_set.rows, reading.image_set.columns
        sampler = DiscSampler(places.xy_px, places.radius_px, rows, columns)
        flat = sampler.sample(baseline)
        zero = flat * 0.0 if args.subtract else flat
    for index in sorted(wanted, reverse=True):
        frame = values(index)
        if frame is not None:
            opacifier.add(index, frame)
            if sampler is not None:
                samples[index] = sampler.sample(frame)
    if all(index in reading.failed for index in wanted):
        raise UnreadableError(f"{args.run}: none of the frames asked for can be read")
    return Result(opacifier.result(), masks, scale, places, samples, zero, unit)


def _subtracted(
    args: argparse.Namespace, reading: Reading, masks: tuple[int, ...]
) -> tuple[Opacifier, Callable[[int], NDArray[Any] | None], ContrastScale, bool]:
    """What follows subtracted frames, what gives them, how they tell, and whether by logarithm."""
    import numpy as np

    from viewer.imaging.log_domain import LogDomain, why_not_subtracted
    from viewer.imaging.mask_shift import ShiftEstimator
    from viewer.imaging.opacification import SUBTRACTED_STEP, ContrastScale, Opacifier
    from viewer.imaging.subtraction import Subtraction, average_mask

    why, hint = why_not_subtracted(reading.image_set)
    if why:
        raise UnreadableError(f"{args.run}: {why}", hint)
    if not masks:
        raise UnreadableError(
            f"{args.run}: no frame without contrast was found", "name mask frames with --mask A:B"
        )
    domain, fits = LogDomain.of(reading.image_set.pixels), args.shift == "auto"
    stored = (reading.stored(index) for index in masks)
    images = [domain.of_frame(frame) for frame in stored if frame is not None]
    mask, _spread = average_mask(images, masks, align=fits, logarithm=domain.logarithm)
    estimator = ShiftEstimator(mask.image, logarithm=domain.logarithm) if fits else None
    subtraction = Subtraction(domain, mask)

    def difference(index: int) -> NDArray[Any] | None:
        frame = reading.stored(index)
        if frame is None:
            return None
        shift = estimator.estimate(domain.of_frame(frame)) if estimator else (0.0, 0.0)
        return subtraction.difference(frame, shift)

    scale = ContrastScale(resolution=SUBTRACTED_STEP if domain.logarithm else 1.0)
    flat = np.zeros(mask.image.shape, np.float32)
    follower = Opacifier(flat, scale, len(masks), background=mask.image)
    return follower, difference, scale, domain.logarithm


def _baseline(
    args: argparse.Namespace, reading: Reading, wanted: Iterable[int], scale: ContrastScale
) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Values without contrast, and the frames they are the mean of.

    Without mask frames it is each pixel's value of least contrast, and no frame is named.
    """
    import numpy as np

    from viewer.imaging.log_domain import LogDomain
    from viewer.imaging.quiet_frames import QuietFrames
    from viewer.imaging.window import to_modality

    frames = reading.image_set.frames
    if args.mask is not None:
        masks = tuple(range(*args.mask.indices(frames)))
        if not masks:
            raise UnreadableError(
                f"{args.run}: --mask names none of its {frames} frames", f"choose from 0:{frames}"
            )
    else:
        masks = tuple(getattr(reading.image_set, "mask_frames", ()))
        masks = tuple(index for index in masks if 0 <= index < frames)
    search = None
    if not masks:
        search = QuietFrames(tuple(wanted), LogDomain.of(reading.image_set.pixels), scale)
        for index in wanted:
            stored = reading.stored(index)
            if stored is not None:
                search.add(index, stored, to_modality(reading.image_set.pixels, stored))
        if all(index in reading.failed for index in wanted):
            raise UnreadableError(f"{args.run}: none of the frames asked for can be read")
        masks = search.mask_frames()
    known = [v for v in (reading.values(index) for index in masks) if v is not None]
    if known:
        good = tuple(index for index in masks if index not in reading.failed)
        return np.mean(known, axis=0), good
    if search is None:
        raise UnreadableError(
            f"{args.run}: its mask frames can't be read", "name others with --mask A:B"
        )
    return search.brightest, ()


def _write(
    path: Path, found: Opacification, times_s: tuple[float, ...] | None, masks: tuple[int, ...]
) -> None:
    import io

    import numpy as np

    from viewer.store.atomic import write_bytes

    unknown = np.full(found.peak.shape, np.nan, np.float32)
    packed = io.BytesIO()
    np.savez(
        packed,
        peak=found.peak,
        time_to_peak_s=unknown if times_s is None else found.time_to_peak_s(times_s),
        arrival_s=unknown if times_s is None else found.arrival_s(times_s),
        half_peak_s=unknown if times_s is None else found.half_peak_s(times_s),
        run_density=found.run_density,
        peak_frame=found.peak_frame,
        threshold=found.threshold,
        mask_frames=np.asarray(masks, np.int64),
    )
    write_bytes(path, packed.getvalue())


def _median(times_s: NDArray[Any]) -> float | None:
    import numpy as np

    known = times_s[np.isfinite(times_s)]
    value = float(np.median(known)) if known.size else math.nan
    return value if math.isfinite(value) else None


def _print_curves(answer: dict[str, Any]) -> None:
    if "curves" not in answer:
        return
    unit = answer["curves"]["axis_unit"]
    for number, told in enumerate(answer["curves"]["points"], 1):
        x, y = told["point"]
        arrival = "no arrival told"
        if told["arrival"] is not None:
            arrival = f"arrival {told['arrival']:.2f} ± {told['arrival_sd']:.2f} {unit}"
        print(f"point {number} at {x:g},{y:g}: {arrival}")
    for told in answer["transit"]:
        if told["seconds"] is not None:
            speed = ""
            if told["speed"] is not None:
                speed = f", {told['speed']:.0f} ± {told['speed_sd']:.0f} {told['unit']}/{unit}"
            places = f"point {told['from'] + 1} to {told['to'] + 1}"
            spread = f"{told['seconds']:.2f} ± {told['seconds_sd']:.2f} {unit}"
            print(f"{places}: {spread}{speed}")
    for told in answer.get("arrival_along", {}).get("stretches", ()):
        when = (
            "–" if told["arrival"] is None else f"{told['arrival']:.2f} ± {told['sd']:.2f} {unit}"
        )
        flag = f"  {told['flag']}" if told["flag"] else ""
        print(f"{told['arc']:.0f} {answer['arrival_along']['unit']}: {when}{flag}")


def _print(answer: dict[str, Any]) -> None:
    when = answer["time_to_peak_median_s"]
    if answer["peak_frame_median"] is None:
        print(f"{answer['frames']} frames: no contrast beyond the noise")
    else:
        print(
            f"{answer['frames']} frames: contrast over {answer['opacified_percent']:g} % of the"
            f" image, peak at frame {answer['peak_frame_median']:g} (counted from 0)"
            + (f", {when:.3g} s after the run's start" if when is not None else "")
        )
    _print_curves(answer)
    print(answer["out"])
