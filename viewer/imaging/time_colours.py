"""Times as colours: even steps of time look like even steps of colour.

Source: viridis by S. van der Walt and N. Smith (CC0), sampled at eleven even places: perceptually
uniform, rising in lightness, told apart by colour-blind readers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rgb = tuple[int, int, int]

_VIRIDIS = np.array(
    [
        (68, 1, 84),
        (72, 36, 117),
        (65, 68, 135),
        (53, 95, 141),
        (42, 120, 142),
        (33, 145, 140),
        (34, 168, 132),
        (68, 191, 112),
        (122, 209, 81),
        (189, 223, 38),
        (253, 231, 37),
    ],
    np.float64,
)

DIMMED = 0.45
"""How bright the image is under the colours, where no contrast passes."""


def _table() -> npt.NDArray[np.uint8]:
    places = np.linspace(0.0, len(_VIRIDIS) - 1.0, 256)
    channels = [np.interp(places, np.arange(len(_VIRIDIS)), _VIRIDIS[:, k]) for k in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


COLOURS = _table()
"""RGB, uint8 (256, 3), from early to late."""


def time_range_s(times_s: npt.NDArray[np.float32]) -> tuple[float, float] | None:
    """The span of times to colour: from the 2nd to the 98th percentile; None when none is known."""
    known = times_s[np.isfinite(times_s)]
    if known.size == 0:
        return None
    low, high = np.percentile(known, (2.0, 98.0)).tolist()
    return (low, high) if high > low else (low, low + 1.0)


def time_picture(
    times_s: npt.NDArray[np.float32],
    span_s: tuple[float, float],
    under: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """A map of times in colour.

    Parameters
    ----------
    times_s : ndarray (rows, columns)
        NaN where there is none.
    span_s : tuple of float
        Times of the first and last colour; beyond them the colour stays.
    under : ndarray, uint8 (rows, columns), optional
        Grey image shown, dimmed, where there is no time; black without it.

    Returns
    -------
    ndarray, uint8 (rows, columns, 3)
    """
    low, high = span_s
    if not high > low:
        raise ValueError("a span of times must rise")
    known = np.isfinite(times_s)
    place = np.clip((np.where(known, times_s, low) - low) / (high - low), 0.0, 1.0)
    picture = COLOURS[np.rint(place * 255.0).astype(np.uint8)]
    if under is None:
        picture[~known] = 0
    else:
        picture[~known] = (under[~known] * DIMMED).astype(np.uint8)[:, None]
    return picture


def legend(span_s: tuple[float, float], steps: int = 5) -> tuple[tuple[float, Rgb], ...]:
    """Times and their colours, from early to late, evenly spread over the span."""
    places = np.linspace(0.0, 1.0, max(2, steps))
    colours = COLOURS[np.rint(places * 255.0).astype(np.uint8)].tolist()
    times = (span_s[0] + places * (span_s[1] - span_s[0])).tolist()
    return tuple((t, (c[0], c[1], c[2])) for t, c in zip(times, colours, strict=True))
