"""Sub-pixel shift of a mask: applying one, and finding the one that fits a frame.

The fit is a robust translation: Gauss-Newton steps on halved pictures from coarse to fine, with
Tukey's biweight, so that contrast, bowel gas and tools, which differ or move by themselves, do not
pull. A cross-correlation at the coarsest level gives a start for large movements.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

BLOCK_ROWS = 64
"""Rows worked on at once, so that what is between two steps stays in the processor's cache."""

FINEST_PX = 512
"""Longest side at which shifts are estimated; larger pictures are halved first."""

COARSEST_PX = 96

TUKEY = 4.685
"""Cut of the biweight in standard deviations (95 % efficiency, Beaton and Tukey 1974)."""

STEPS = 12
CLOSE_ENOUGH_PX = 0.008

DARK = 3.0
"""Collimated: this many natural log units (a factor of 20) below the median intensity."""


def shifted(image: Image, dx_px: float, dy_px: float, out: Image | None = None) -> Image:
    """An image moved by a part of a pixel.

    Parameters
    ----------
    image : ndarray, float32 (rows, columns)
    dx_px, dy_px : float
        Movement to the right and down, px.
    out : ndarray, float32 (rows, columns), optional
        To be filled; not `image` itself.

    Returns
    -------
    ndarray, float32 (rows, columns)
        ``result[y, x] = image[y - dy, x - dx]`` by cubic convolution (Keys 1981, a = -1/2), the
        edge repeated outwards. The image itself when there is nothing to move.
    """
    if dx_px == 0.0 and dy_px == 0.0 and out is None:
        return image
    rows, columns = image.shape
    out = np.empty_like(image) if out is None else out
    (x0, along_x), (y0, along_y) = _taps(dx_px, columns), _taps(dy_px, rows)
    reach_x = np.clip(np.arange(x0, x0 + columns + len(along_x) - 1), 0, columns - 1)
    reach_y = np.clip(np.arange(y0, y0 + rows + len(along_y) - 1), 0, rows - 1)
    left, right = int(np.searchsorted(reach_x, 1)), int(np.searchsorted(reach_x, columns - 1))
    middle = slice(reach_x[left], reach_x[left] + right - left) if left < right else slice(0, 0)
    right = max(left, right)
    for first in range(0, rows, BLOCK_ROWS):
        height = min(BLOCK_ROWS, rows - first)
        lines = reach_y[first : first + height + len(along_y) - 1]
        wide = np.empty((len(lines), reach_x.size), np.float32)
        part = _lines(image, lines)
        wide[:, left:right] = part[:, middle]
        wide[:, :left] = part[:, :1]
        wide[:, right:] = part[:, -1:]
        across = _weighted([wide[:, k : k + columns] for k in range(len(along_x))], along_x)
        down = [across[k : k + height] for k in range(len(along_y))]
        out[first : first + height] = _weighted(down, along_y)
    return out


def _taps(shift_px: float, size: int) -> tuple[int, list[float]]:
    """Offset of the first sample used for pixel 0, and the samples' weights."""
    shift_px = float(np.clip(shift_px, -size, size))
    whole = int(np.floor(-shift_px))
    t = -shift_px - whole
    if t < 1e-6:
        return whole, [1.0]
    return whole - 1, [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]


def _lines(image: Image, lines: NDArray[np.intp]) -> Image:
    first, last = int(lines[0]), int(lines[-1])
    if last - first == len(lines) - 1:
        return image[first : last + 1]
    return image[lines]


def _weighted(parts: list[Image], weights: list[float]) -> Image:
    if len(parts) == 1:
        return parts[0]
    total = parts[0] * np.float32(weights[0])
    term = np.empty_like(total)
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        np.multiply(part, np.float32(weight), out=term)
        total += term
    return total


def halved(image: Image) -> Image:
    """Means over 2 x 2 pixels; an odd last row or column is left out."""
    rows, columns = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    top, below = image[0:rows:2], image[1:rows:2]
    pair = top + below
    small: Image = pair[:, 0:columns:2] + pair[:, 1:columns:2]
    small *= np.float32(0.25)
    return small


def softened(image: Image) -> Image:
    """Blurred by (1 2 1) / 4 along both axes, edges kept."""
    out = image.copy()
    out[1:-1] = (image[:-2] + image[2:]) * np.float32(0.25) + image[1:-1] * np.float32(0.5)
    across = out.copy()
    across[:, 1:-1] = (out[:, :-2] + out[:, 2:]) * np.float32(0.25)
    across[:, 1:-1] += out[:, 1:-1] * np.float32(0.5)
    return across


@dataclass(frozen=True)
class _Level:
    """The mask at one size: its picture, and where it may be compared (0 or 1)."""

    image: Image
    allowed: Image

    @cached_property
    def gradient(self) -> tuple[Image, Image]:
        """Slopes along x and y, per px."""
        gx, gy = np.zeros_like(self.image), np.zeros_like(self.image)
        gx[:, 1:-1] = (self.image[:, 2:] - self.image[:, :-2]) * np.float32(0.5)
        gy[1:-1] = (self.image[2:] - self.image[:-2]) * np.float32(0.5)
        return gx, gy


class ShiftEstimator:
    """Finds how far a mask must be moved to fit frames; any number of threads may ask at once.

    Parameters
    ----------
    mask : ndarray, float32 (rows, columns)
        In the domain of subtraction.
    seen : ndarray, bool (rows, columns), optional
        False where nothing is to be compared (a shutter).
    logarithm : bool
        Whether the values are natural logarithms: then what is collimated is left out, for its
        edge does not move with the patient.
    finest_px : int
        Longest side at which shifts are estimated.
    """

    def __init__(
        self,
        mask: Image,
        seen: NDArray[np.bool_] | None = None,
        *,
        logarithm: bool = True,
        finest_px: int = FINEST_PX,
    ) -> None:
        self._finest_px = finest_px
        if logarithm:
            lit = mask >= np.median(mask[::4, ::4]) - DARK
            seen = lit if seen is None else seen & lit
        allowed = comparable(mask, seen)
        pictures, weights = _pyramid(mask, finest_px), _pyramid(allowed, finest_px)
        self._levels = [
            _Level(softened(picture), (weight > 0.999).astype(np.float32))
            for picture, weight in zip(pictures, weights, strict=True)
        ]
        self._scale = 2 ** round(np.log2(max(1.0, mask.shape[1] / pictures[0].shape[1])))
        self._coarse_spectrum = np.conj(np.fft.rfft2(_detail(self._levels[-1])))

    def estimate(self, frame: Image, start_px: tuple[float, float] | None = None) -> Shift:
        """The shift of the mask that fits a frame.

        Parameters
        ----------
        frame : ndarray, float32 (rows, columns)
            In the domain of the mask.
        start_px : tuple of float, optional
            Where to start from, e.g. the shift of the frame before.

        Returns
        -------
        Shift
            (dx, dy) in px of the frame, to the right and down. Zero when nothing can be compared.
        """
        pictures = [softened(picture) for picture in _pyramid(frame, self._finest_px)]
        factor = self._scale * 2 ** (len(pictures) - 1)
        starts = [(0.0, 0.0), self._correlated(pictures[-1])]
        if start_px is not None:
            starts.append((start_px[0] / factor, start_px[1] / factor))
        coarse = self._levels[-1]
        dx, dy = min(starts, key=lambda s: _misfit(coarse, pictures[-1], s))
        for depth in range(len(pictures) - 1, -1, -1):
            dx, dy = _refined(self._levels[depth], pictures[depth], (dx, dy))
            if depth:
                dx, dy = 2.0 * dx, 2.0 * dy
        return (dx * self._scale, dy * self._scale)

    def _correlated(self, picture: Image) -> Shift:
        """Whole-pixel shift of the coarsest picture by cross-correlation."""
        level = self._levels[-1]
        spectrum = np.fft.rfft2(_detail(_Level(picture, level.allowed)))
        product = spectrum * self._coarse_spectrum
        product /= np.sqrt(np.abs(product)) + 1e-9  # between plain and phase correlation
        surface = np.fft.irfft2(product, picture.shape)
        rows, columns = surface.shape
        y, x = divmod(int(np.argmax(surface)), columns)
        return (
            float(x - columns if x > columns // 2 else x),
            float(y - rows if y > rows // 2 else y),
        )


Shift = tuple[float, float]
"""(dx, dy) px: how far the mask is moved to the right and down."""


def _pyramid(image: Image, finest_px: int) -> list[Image]:
    """The picture at most `finest_px` long and its halves down to `COARSEST_PX`, finest first."""
    while max(image.shape) > finest_px and min(image.shape) >= 8:
        image = halved(image)
    levels = [image]
    while max(image.shape) >= 2 * COARSEST_PX and min(image.shape) >= 32:
        image = halved(image)
        levels.append(image)
    return levels


def comparable(mask: Image, seen: NDArray[np.bool_] | None) -> Image:
    """1 where a mask shows moving anatomy; 0 at its borders and near what is not to be seen."""
    rows, columns = mask.shape
    allowed = np.zeros(mask.shape, np.float32)
    y, x = max(2, rows // 40), max(2, columns // 40)
    allowed[y : rows - y, x : columns - x] = 1.0
    shut = np.zeros(mask.shape, bool) if seen is None else ~seen
    if shut.mean() < 0.002:  # stray dark pixels are no collimator
        return allowed
    near = max(3, min(rows, columns) // 64)
    wide = shut.copy()
    for axis in (0, 1):
        run = np.cumsum(wide, axis=axis, dtype=np.int32)
        ends = np.clip(np.arange(wide.shape[axis]) + near, 0, wide.shape[axis] - 1)
        begins = np.arange(wide.shape[axis]) - near - 1
        before = np.take(run, np.clip(begins, 0, None), axis=axis)
        outside = begins < 0
        if axis == 0:
            before[outside] = 0
        else:
            before[:, outside] = 0
        wide = np.take(run, ends, axis=axis) > before
    if wide.mean() < 0.8:
        allowed[wide] = 0.0
    return allowed


def _detail(level: _Level) -> Image:
    """What correlates: slopes' size without the brightness, fading out towards the borders."""
    gx, gy = level.gradient
    size = np.hypot(gx, gy) * level.allowed
    size = size - size.mean()
    rows, columns = size.shape
    return np.asarray(size * np.hanning(rows)[:, None] * np.hanning(columns), np.float32)


def _residual(level: _Level, picture: Image, shift: Shift) -> Image:
    """Mask less the frame moved back onto it, its median taken away."""
    rest = level.image - shifted(picture, -shift[0], -shift[1])
    inside = rest[level.allowed > 0]
    if inside.size:
        rest -= np.float32(np.median(inside[:: max(1, inside.size // 8192)]))
    return rest


def _spread(level: _Level, rest: Image) -> float:
    inside = np.abs(rest[level.allowed > 0])
    if inside.size == 0:
        return 0.0
    return 1.4826 * float(np.median(inside[:: max(1, inside.size // 8192)]))


def _misfit(level: _Level, picture: Image, shift: Shift) -> float:
    """Typical residual at a start; far starts that leave little to compare count as bad."""
    rows, columns = picture.shape
    if abs(shift[0]) > columns / 3 or abs(shift[1]) > rows / 3:
        return float("inf")
    rest = _residual(level, picture, shift)
    return _spread(level, rest) + 1e-6 * (abs(shift[0]) + abs(shift[1]))


def _refined(level: _Level, picture: Image, shift: Shift) -> Shift:
    """Gauss-Newton steps at one level; the slopes of the mask serve all of them."""
    gx, gy = level.gradient
    dx, dy = shift
    limit_x, limit_y = picture.shape[1] / 3, picture.shape[0] / 3
    for _ in range(STEPS):
        rest = _residual(level, picture, (dx, dy))
        spread = _spread(level, rest)
        if spread <= 0.0:
            break
        weight = rest * np.float32(1.0 / (TUKEY * spread))
        np.square(weight, out=weight)
        np.subtract(np.float32(1.0), weight, out=weight)
        np.maximum(weight, np.float32(0.0), out=weight)
        np.square(weight, out=weight)
        weight *= level.allowed
        wx, wy = (weight * gx).ravel(), (weight * gy).ravel()
        xx, xy, yy = wx @ gx.ravel(), wx @ gy.ravel(), wy @ gy.ravel()
        bx, by = wx @ rest.ravel(), wy @ rest.ravel()
        determinant = float(xx * yy - xy * xy)
        if determinant <= 1e-6 * float(xx + yy) ** 2 or determinant <= 0.0:
            break  # stripes or nothing at all: no shift can be told
        # mask = frame moved back: where the mask is brighter along its slope, move on by -step
        step_x = float(yy * bx - xy * by) / determinant
        step_y = float(xx * by - xy * bx) / determinant
        dx, dy = dx + float(np.clip(step_x, -2, 2)), dy + float(np.clip(step_y, -2, 2))
        if abs(dx) > limit_x or abs(dy) > limit_y:
            return shift
        if max(abs(step_x), abs(step_y)) < CLOSE_ENOUGH_PX:
            break
    return dx, dy
