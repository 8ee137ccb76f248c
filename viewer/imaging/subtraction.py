"""Digital subtraction: a frame less its mask, in the domain where anatomy cancels.

The result is float32 and falls where contrast is: natural logarithms of the share of the beam let
through, or grey levels where values are taken as stored (see `log_domain`). Work goes by stripes of
rows that stay in the processor's cache; a 1024 x 1024 frame to 8 bits costs under 3 ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.log_domain import LogDomain
from viewer.imaging.mask_shift import BLOCK_ROWS, Shift, ShiftEstimator, shifted
from viewer.model.study import Window

Image = NDArray[np.float32]

EDGE_GAIN = 2.5
"""What full edge enhancement adds of a frame's detail (unsharp mask, binomial of 5 x 5)."""

NOISE_SHARE, CONTRAST_SHARE = 97.0, 0.4
"""Percentiles an automatic window spans: nearly all of the noise above, the contrast below."""

NARROWEST = 1e-3


@dataclass(frozen=True)
class Mask:
    """The mask of a run.

    Attributes
    ----------
    image : ndarray, float32 (rows, columns)
        Mean of the mask frames in the domain of subtraction; read-only.
    frames : tuple of int
        0-based frames it was made of.
    """

    image: Image
    frames: tuple[int, ...]

    @property
    def level(self) -> float:
        """Middle tone of the mask: what stays when all of its anatomy is taken away."""
        return _middle(self.image)


def _middle(image: Image) -> float:
    return float(np.median(image[::4, ::4]))


def average_mask(
    images: Iterable[Image],
    frames: Sequence[int],
    *,
    align: bool = False,
    logarithm: bool = True,
) -> tuple[Mask, float]:
    """The mask of several frames, and how far they moved among themselves.

    Parameters
    ----------
    images : iterable of ndarray, float32 (rows, columns)
        The mask frames in the domain of subtraction, in the order of `frames`.
    align : bool
        Lay them onto their mean place before averaging, so that breathing does not blur them.
    logarithm : bool
        Whether the values are natural logarithms (see `ShiftEstimator`).

    Returns
    -------
    mask : Mask
    spread_px : float
        Largest distance of a mask frame from their mean place, px; 0 when they were not aligned.

    Raises
    ------
    ValueError
        There is not one frame.
    """
    if not align:
        total: Image | None = None
        count = 0
        for image in images:
            total = image.copy() if total is None else np.add(total, image, out=total)
            count += 1
        if total is None:
            raise ValueError("a mask needs at least one frame")
        total *= np.float32(1.0 / count)
        return _mask(total, frames), 0.0
    kept = list(images)
    if not kept:
        raise ValueError("a mask needs at least one frame")
    estimator = ShiftEstimator(kept[len(kept) // 2], logarithm=logarithm)
    places = np.array([estimator.estimate(image) for image in kept])
    places -= places.mean(axis=0)
    moved = [shifted(image, -dx, -dy) for image, (dx, dy) in zip(kept, places, strict=True)]
    mean = np.asarray(np.mean(moved, axis=0), np.float32)
    return _mask(mean, frames), float(np.hypot(*places.T).max())


def _mask(image: Image, frames: Sequence[int]) -> Mask:
    image.setflags(write=False)
    return Mask(image, tuple(frames))


@dataclass(frozen=True, slots=True)
class Look:
    """How a subtracted frame is shown.

    Attributes
    ----------
    window : Window
        In units of the difference; contrast is below its centre.
    landmarking : float
        Share of the anatomy kept, 0 to 1.
    edges : float
        Edge enhancement, 0 to 1.
    inverted : bool
        Show contrast white.
    """

    window: Window
    landmarking: float = 0.0
    edges: float = 0.0
    inverted: bool = False


class Subtraction:
    """One mask taken from frames; the mask is shifted once a shift, not once a frame.

    Not for several threads at once: each makes its own (the mask is shared, not copied).

    Parameters
    ----------
    domain : LogDomain
        Of the run.
    mask : Mask
        Its mask.
    """

    def __init__(self, domain: LogDomain, mask: Mask) -> None:
        self.domain = domain
        self.mask = mask
        self._level = mask.level
        self._laid: tuple[tuple[float, float, float], Image] | None = None
        self._buffer: Image | None = None

    def difference(
        self, frame: NDArray[Any], shift: Shift = (0.0, 0.0), landmarking: float = 0.0
    ) -> Image:
        """A frame less the mask.

        Parameters
        ----------
        frame : ndarray (rows, columns)
            Stored values.
        shift : tuple of float
            (dx, dy) px the mask is moved to the right and down.
        landmarking : float
            Share of the anatomy kept, 0 to 1.

        Returns
        -------
        ndarray, float32 (rows, columns)
            Negative where contrast is.

        Raises
        ------
        ValueError
            The frame has another shape than the mask.
        """
        taken = self._taken(frame, shift, landmarking)
        out: Image = np.empty_like(taken)
        for rows in _stripes(len(out)):
            self.domain.of_frame(frame[rows], out[rows])
            np.subtract(out[rows], taken[rows], out=out[rows])
        return out

    def show(
        self, frame: NDArray[Any], shift: Shift, look: Look, laid: Image | None = None
    ) -> NDArray[np.uint8]:
        """A frame less the mask through its window.

        `laid` is the mask as it fits this frame place by place, in place of a shifted one.

        Returns
        -------
        ndarray, uint8 (rows, columns)
            Contrast dark, or white when `look` is inverted.
        """
        if laid is None:
            taken = self._taken(frame, shift, look.landmarking)
        else:
            taken = self.less_landmarks(laid, look.landmarking)
        slope, offset = _ramp(look)
        shown = np.empty(taken.shape, np.uint8)
        rows_in_all, columns = len(taken), taken.size // len(taken)
        halo = 2 if look.edges > 0 else 0
        room: Image = np.empty((BLOCK_ROWS + 2 * halo, columns), np.float32)
        for rows in _stripes(rows_in_all):
            reach = slice(max(0, rows.start - halo), min(rows_in_all, rows.stop + halo))
            part = room[: reach.stop - reach.start]
            self.domain.of_frame(frame[reach], part)
            np.subtract(part, taken[reach], out=part)
            if halo:
                part = sharpened(part, look.edges)[rows.start - reach.start :]
                part = part[: rows.stop - rows.start]
            np.multiply(part, slope, out=part)
            np.add(part, offset, out=part)
            np.clip(part, 0.0, 255.0, out=part)
            np.copyto(shown[rows], part, casting="unsafe")
        return shown

    def less_landmarks(self, laid: Image, kept: float) -> Image:
        """A mask that was laid on, without the share of the anatomy that stays in view."""
        if kept > 0.0:
            np.multiply(laid, np.float32(1.0 - kept), out=laid)
            np.add(laid, np.float32(kept * self._level), out=laid)
        return laid

    def _taken(self, frame: NDArray[Any], shift: Shift, landmarking: float) -> Image:
        """What is taken away: the shifted mask, and of it only what is not to be kept."""
        if frame.shape != self.mask.image.shape:
            raise ValueError(f"a {frame.shape} frame does not fit a {self.mask.image.shape} mask")
        kept = min(max(landmarking, 0.0), 1.0)
        key = (float(shift[0]), float(shift[1]), kept)
        if self._laid is not None and self._laid[0] == key:
            return self._laid[1]
        if key == (0.0, 0.0, 0.0):
            return self.mask.image
        if self._buffer is None:
            self._buffer = np.empty(self.mask.image.shape, np.float32)
        laid = shifted(self.mask.image, key[0], key[1], out=self._buffer)
        self.less_landmarks(laid, kept)
        self._laid = (key, laid)
        return laid


def _stripes(rows: int) -> Iterable[slice]:
    for first in range(0, rows, BLOCK_ROWS):
        yield slice(first, min(rows, first + BLOCK_ROWS))


@lru_cache(maxsize=8)
def _ramp(look: Look) -> tuple[np.float32, np.float32]:
    """Slope and offset from differences to grey levels (PS3.3 C.11.2.1.3.2, LINEAR_EXACT)."""
    slope = 255.0 / max(look.window.width, NARROWEST)
    offset = 127.5 - look.window.center * slope
    if look.inverted:
        slope, offset = -slope, 255.0 - offset
    return np.float32(slope), np.float32(offset + 0.5)


def sharpened(part: Image, share: float) -> Image:
    """A picture with its detail added: itself less its blur by (1 4 6 4 1) / 16 both ways.

    Parameters
    ----------
    part : ndarray, float32 (rows, columns)
        A difference, or a stripe of one.
    share : float
        Of full edge enhancement, 0 to 1.
    """
    blur = part
    for axis in (0, 1):
        padded = np.pad(blur, [(2, 2) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        size = part.shape[axis]
        cut = [padded[k : k + size] if axis == 0 else padded[:, k : k + size] for k in range(5)]
        blur = cut[0] + cut[4]
        blur += (cut[1] + cut[3]) * np.float32(4.0)
        blur += cut[2] * np.float32(6.0)
        blur *= np.float32(1.0 / 16.0)
    detail = part - blur
    detail *= np.float32(share * EDGE_GAIN)
    detail += part
    return detail


def automatic_window(difference: Image) -> Window:
    """A window in which a frame's contrast is nearly black and its background light grey.

    Parameters
    ----------
    difference : ndarray, float32 (rows, columns)
        A subtracted frame with much contrast, whole or reduced.
    """
    values = difference[np.isfinite(difference)]
    if values.size == 0:
        return Window(-0.25, 1.0, "LINEAR_EXACT", "automatic")
    low, middle, high = np.percentile(values, (CONTRAST_SHARE, 50.0, NOISE_SHARE)).tolist()
    above = max(high - middle, 0.2 * (middle - low), NARROWEST)
    top, bottom = middle + 1.5 * above, min(low, middle - above)
    return Window((top + bottom) / 2.0, top - bottom, "LINEAR_EXACT", "automatic")
