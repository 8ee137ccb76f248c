"""Which frames make the mask: the last ones before contrast arrives, found from the run itself.

Each frame is reduced to about 128 px, where noise is small. A frame is laid onto a reference (so
breathing cancels), and cells that are darker than noise and residual movement explain are counted,
less the brighter ones: what moves leaves as much light as dark, contrast only dark.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.log_domain import LogDomain
from viewer.imaging.mask_shift import (
    DARK,
    ShiftEstimator,
    comparable,
    halved,
    shifted,
    softened,
)

Image = NDArray[np.float32]

REDUCED_PX = 128
"""Longest side of a reduced frame."""

MOST_FRAMES = 4
"""Frames averaged: noise of the mask is halved; more would only blur what breathes."""

SURE = 6.0
"""Standard deviations from which a cell (a mean of 5 x 5) counts as changed."""

LEAST_CELLS = 8
"""Net darkened cells that make contrast; of 16 384 at full size."""

MOVEMENT = 0.12
"""Movement left after laying on, reduced px: what edges may change without being contrast."""

SATURATED, PLATEAU_SHARE = 0.06, 0.004
"""Saturated: within this share of a standard deviation of the brightest, as many cells are."""

VESSEL_SHARE = 0.03
"""Share of the cells taken as vessels in a run whose brightness is not steady."""

TOGETHER = 0.33
"""Share of their own range by which such cells darken all at once when it is contrast."""

ARRIVED = 0.06
"""Share of the rise at which contrast counts as arrived in such a run."""

FROM_THE_START = "Contrast is there from the first frame on"

FIRST_LOOK = 48
"""Frames read before asking whether contrast was seen; doubled until it was."""


@dataclass(frozen=True, slots=True)
class MaskChoice:
    """The mask frames found, and why.

    Attributes
    ----------
    frames : tuple of int
        0-based, ascending.
    arrival_frame : int or None
        First frame that shows contrast; None when none was found.
    note : str
        What a person must know of it: no contrast found, or contrast from the start.
    peak_frame : int
        Frame with the most contrast.
    """

    frames: tuple[int, ...]
    arrival_frame: int | None
    note: str = ""
    peak_frame: int = 0


def reduced(image: Image) -> Image:
    """A frame, in the domain of subtraction, as means over boxes: at most 128 px long."""
    while max(image.shape) > REDUCED_PX and min(image.shape) >= 8:
        image = halved(image)
    return np.ascontiguousarray(image)


def looks(frames: int) -> list[int]:
    """How many frames to have read at each look: 48, 96, 192 … all."""
    counts = []
    count = FIRST_LOOK
    while count < frames:
        counts.append(count)
        count *= 2
    return [*counts, frames]


class MaskFinder:
    """Takes frames in, in any order and from several threads; the last one makes the choice.

    Parameters
    ----------
    order : sequence of int
        The 0-based frames it will be given, read or not.
    domain : LogDomain
        Of the run.
    """

    def __init__(self, order: Sequence[int], domain: LogDomain) -> None:
        self._domain = domain
        self._waiting = set(order)
        self._pictures: dict[int, Image] = {}
        self._choice: MaskChoice | None = None
        self._lock = threading.Lock()

    def add(self, index: int, stored: NDArray[Any] | None) -> None:
        """Take in a frame's stored values, (rows, columns); None when it can't be read."""
        picture = None if stored is None else reduced(self._domain.of_frame(stored))
        with self._lock:
            if picture is not None:
                self._pictures[index] = picture
            self._waiting.discard(index)
            if not self._waiting and self._pictures:
                self._choice = choose_of(self._pictures, self._domain)
                self._pictures = {}

    @property
    def choice(self) -> MaskChoice | None:
        """The choice of the frames taken in; made by the last one of them. None without frames."""
        with self._lock:
            if self._choice is None and self._pictures:
                self._choice = choose_of(self._pictures, self._domain)
            return self._choice

    @property
    def quiet_frames(self) -> tuple[int, ...]:
        """Mask frames that surely show no contrast; empty when there are none."""
        choice = self.choice
        return choice.frames if choice is not None and not choice.note else ()


def choose_of(
    pictures: Mapping[int, Image], domain: LogDomain, *, whole: bool = True
) -> MaskChoice | None:
    """As `choose_mask`, of reduced frames by their 0-based number; some may be missing."""
    numbers = sorted(pictures)
    ordered = [pictures[index] for index in numbers]
    choice = choose_mask(ordered, whole=whole, logarithm=domain.logarithm)
    if choice is None:
        return None
    arrival = None if choice.arrival_frame is None else numbers[choice.arrival_frame]
    frames = tuple(numbers[i] for i in choice.frames)
    return MaskChoice(frames, arrival, choice.note, numbers[choice.peak_frame])


def choose_mask(
    pictures: Sequence[Image], *, whole: bool = True, logarithm: bool = True
) -> MaskChoice | None:
    """The mask frames of a run.

    Parameters
    ----------
    pictures : sequence of ndarray, float32 (h, w)
        Reduced frames (see `reduced`) from the first one on, all of one shape.
    whole : bool
        Whether these are all frames of the run; else None may be the answer: read more.
    logarithm : bool
        Whether the values are natural logarithms: then collimated parts are told from anatomy.

    Returns
    -------
    MaskChoice or None
        Up to four frames that end two before the first with contrast: the frame next to it may
        hold a trace too thin to be told from noise. Where there is no room, fewer.
    """
    count = len(pictures)
    if count < 3:
        note = "The run is too short to find the contrast in it; the first frame is the mask."
        return MaskChoice((0,), None, note, count - 1)
    noise = _noise(pictures)
    collimated = _collimated(pictures[0]) if logarithm else np.zeros(pictures[0].shape, bool)
    collimated |= _saturated(pictures)
    before = _Before(pictures[0], noise, collimated)
    dark = before.all_darkened(pictures, 1)
    arrival = _onset(dark, before.needed, 1)
    peak, least = int(np.argmax(dark)), None
    if dark[:arrival].min() <= -2.0 * before.needed:  # the exposure runs in, or contrast washes out
        arrival, peak, least = _vessel_onset(pictures, before.used)
    elif arrival is not None and arrival > 3:
        quiet = range(max(0, arrival - 8), arrival - 1)
        calm = np.asarray(np.mean([pictures[i] for i in quiet], axis=0), np.float32)
        before = _Before(calm, noise, collimated)
        again = _onset(before.all_darkened(pictures, quiet[-1] + 1), before.needed, quiet[-1] + 1)
        arrival = arrival if again is None else min(arrival, again)
    if whole or (arrival is not None and arrival + 8 <= count):
        return _choice(arrival, peak, least, count)
    return None


def _choice(arrival: int | None, peak: int, brightest: int | None, count: int) -> MaskChoice:
    if arrival is not None and arrival <= 1:
        return MaskChoice((0,), 0, FROM_THE_START + "; the first frame is the mask.", peak)
    if arrival is not None:
        stop = arrival - 1
        return MaskChoice(tuple(range(max(0, stop - MOST_FRAMES), stop)), arrival, "", peak)
    if brightest is not None:
        first = min(max(0, brightest - MOST_FRAMES // 2), count - MOST_FRAMES)
        frames = tuple(range(max(0, first), min(count, max(0, first) + MOST_FRAMES)))
        note = FROM_THE_START + "; the frames with the least are the mask."
        return MaskChoice(frames, 0, note, 0)
    frames = tuple(range(min(MOST_FRAMES, count)))
    note = "No contrast was found in the run; its first frames are the mask."
    return MaskChoice(frames, None, note, count - 1)


def _noise(pictures: Sequence[Image]) -> Image:
    """Standard deviation of each cell from frame to frame, robust to what comes and goes."""
    from scipy import ndimage

    step = max(1, len(pictures) // 64)
    pairs = list(range(0, len(pictures) - 1, step))
    changes = []
    for i in pairs:
        change = pictures[i + 1] - pictures[i]
        changes.append(np.abs(change - np.float32(np.median(change))))
    middle = np.median(np.asarray(changes), axis=0) * (1.4826 / np.sqrt(2.0))
    smooth = ndimage.median_filter(middle, size=7, mode="nearest")
    floor = max(1e-3 * float(np.median(np.abs(pictures[0]))), 0.25 * float(np.median(smooth)), 1e-6)
    return np.asarray(np.maximum(smooth, floor), np.float32)


def _collimated(picture: Image) -> NDArray[np.bool_]:
    """Where the beam is shut off: far darker than the picture's middle tones."""
    return np.asarray(picture < np.median(picture) - DARK)


def _saturated(pictures: Sequence[Image]) -> NDArray[np.bool_]:
    """Where the detector is at its limit on some frame: more exposure does not brighten it."""
    brightest = np.max(np.asarray(pictures[:: max(1, len(pictures) // 64)]), axis=0)
    top = float(brightest.max())
    at_limit = brightest > top - SATURATED * float(brightest.std() or 1.0)
    if at_limit.mean() < PLATEAU_SHARE:
        return np.zeros(brightest.shape, bool)
    from scipy import ndimage

    return np.asarray(ndimage.binary_dilation(at_limit, iterations=2))


class _Before:
    """What the run looks like before contrast, and how much another frame is darker.

    Parameters
    ----------
    reference, noise : ndarray, float32 (h, w)
        The look, and the standard deviation of its cells from frame to frame.
    """

    def __init__(self, reference: Image, noise: Image, collimated: NDArray[np.bool_]) -> None:
        self._reference = reference
        seen = ~collimated
        self._estimator = ShiftEstimator(reference, seen, logarithm=False)
        self._tolerance = np.hypot(noise, _unsteady(reference))
        self.used = comparable(reference, seen) > 0
        self._basis = _exposure(reference, self.used)
        self.needed = max(4.0, LEAST_CELLS * float(self.used.sum()) / REDUCED_PX**2)

    def all_darkened(self, pictures: Sequence[Image], first: int) -> NDArray[np.float64]:
        """`darkened` of each picture; 0 of those before `first`, known to be without contrast."""
        dark = np.zeros(len(pictures))
        for i in range(first, len(pictures)):
            dark[i] = self.darkened(pictures[i])
        return dark

    def darkened(self, picture: Image) -> float:
        """Cells darker than can be explained, less those brighter."""
        dx, dy = self._estimator.estimate(picture)
        change = picture - shifted(self._reference, dx, dy)
        sigmas = np.zeros_like(change)
        tolerance = np.hypot(self._tolerance, _unsteady(picture))[self.used]
        sigmas[self.used] = _unexplained(change[self.used], self._basis, tolerance) / tolerance
        local = _summed(sigmas)[self.used]
        spread = 1.4826 * float(np.median(np.abs(local)))
        level = SURE * max(1.0, spread)
        return float(np.count_nonzero(local < -level) - np.count_nonzero(local > level))


def _unsteady(picture: Image) -> Image:
    """What a little movement changes in each cell of a picture."""
    along_y, along_x = np.gradient(softened(picture))
    return np.asarray(np.float32(MOVEMENT) * np.hypot(along_y, along_x), np.float32)


def _exposure(reference: Image, used: NDArray[np.bool_]) -> Image:
    """What a change of the exposure looks like, (cells used, 8): smooth, or with the brightness."""
    rows, columns = reference.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    level = reference - np.median(reference[used])
    level = level / (float(np.std(level[used])) or 1.0)
    terms = (np.ones_like(x), x, y, x * x, x * y, y * y, level, level * level)
    return np.stack([term[used] for term in terms], axis=1).astype(np.float32)


def _unexplained(change: Image, basis: Image, tolerance: Image) -> Image:
    """What a robust fit of the exposure leaves of a change."""
    rest = change - np.float32(np.median(change))
    for _ in range(4):
        ratio = rest / tolerance
        spread = 1.4826 * float(np.median(np.abs(ratio))) or 1.0
        weight = np.square(np.maximum(1.0 - np.square(ratio / (4.685 * spread)), 0.0))
        weighted = basis * (weight / np.square(tolerance))[:, None]
        normal = (weighted.T @ basis).astype(np.float64)
        normal[np.diag_indices_from(normal)] *= 1.0 + 1e-6
        right = (weighted.T @ change).astype(np.float64)
        rest = change - basis @ np.linalg.lstsq(normal, right, rcond=None)[0].astype(np.float32)
    return np.asarray(rest, np.float32)


def _summed(sigmas: Image) -> Image:
    """Sums over 5 x 5 cells in standard deviations of such a sum, borders left out (0)."""
    from scipy import ndimage

    out: Image = ndimage.uniform_filter(sigmas, 5, mode="nearest") * np.float32(5.0)
    margin = 3
    out[:margin] = out[-margin:] = 0.0
    out[:, :margin] = out[:, -margin:] = 0.0
    return out


def _onset(dark: NDArray[np.float64], needed: float, first: int) -> int | None:
    """First frame from which contrast stays for two frames, and grows to be beyond doubt."""
    over = dark >= needed
    for i in range(first, len(dark)):
        stays = over[i] and (i + 1 == len(dark) or over[i + 1])
        if stays and dark[i : i + 24].max() >= 3 * needed:
            return i
    return None


def _vessel_onset(
    pictures: Sequence[Image], used: NDArray[np.bool_]
) -> tuple[int | None, int, int | None]:
    """Arrival, frame of most contrast, frame of least when contrast does not arrive but leaves.

    For runs whose brightness is not steady: the cells that darken most against their surroundings
    at any time are the vessels; their mean darkness over time tells when contrast comes.
    """
    curve, swing = _vessel_curve(pictures, used)
    curve = _smoothed_in_time(curve)
    lowest = np.minimum.accumulate(curve)
    rise = curve - lowest
    peak = int(np.argmax(rise))
    span = float(curve.max() - curve.min())
    if span < TOGETHER * swing or span <= 0.0:  # tools that move darken here and there by turns
        return None, peak, None
    if rise[peak] < 0.5 * span:
        return None, peak, int(np.argmin(curve))
    base = int(np.argmin(curve[: peak + 1]))
    quiet = curve[: base + 1]
    level = max(curve[base] + ARRIVED * rise[peak], float(np.percentile(quiet, 75)))
    later = np.flatnonzero(curve[base : peak + 1] > level)
    return base + int(later[0]), peak, None


def _vessel_curve(
    pictures: Sequence[Image], used: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float]:
    """Darkness of the vessels against what is around them, one a frame; mean range of a cell."""
    from scipy import ndimage

    inside = used.astype(np.float32)
    around = np.maximum(ndimage.gaussian_filter(inside, 8.0), 0.05)
    fine = np.empty((len(pictures), int(used.sum())), np.float32)
    for i, picture in enumerate(pictures):
        wide = ndimage.gaussian_filter(picture * inside, 8.0) / around
        fine[i] = (ndimage.gaussian_filter(picture, 1.0) - wide)[used]
    low, high = np.percentile(fine, (5, 95), axis=0)
    swing = np.where(low < 0, high - low, 0.0)
    count = max(1, round(VESSEL_SHARE * swing.size))
    vessels = swing >= np.partition(swing, -count)[-count]
    curve = np.asarray(-fine[:, vessels].mean(axis=1), np.float64)
    return curve, float(swing[vessels].mean())


def _smoothed_in_time(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of three, the ends kept."""
    out = curve.copy()
    if curve.size >= 3:
        out[1:-1] = np.median([curve[:-2], curve[1:-1], curve[2:]], axis=0)
    return out
