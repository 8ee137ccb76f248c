"""Lumen curves with figures chosen by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viewer.measure.lumen_curve import LumenCurve
from viewer.measure.references import reference_values

VALUES = reference_values()


def curve(
    area: Sequence[float] | np.ndarray,
    *,
    first: int = 0,
    step_mm: float | None = 1.0,
    aspect: float | Sequence[float] | np.ndarray = 1.0,
    unit: str = "mm",
    share: float | None = 0.0,
    by: str = "Reader A",
    what: str = "lumen",
    on: str = "pullback",
) -> LumenCurve:
    """One frame a figure; ellipses of the given min / max; positions every `step_mm`."""
    areas = np.asarray(area, np.float64)
    flat = np.broadcast_to(np.asarray(aspect, np.float64), areas.shape)
    longest = np.sqrt(4 * areas / (np.pi * flat))
    frames = first + np.arange(len(areas))
    along = None if step_mm is None else step_mm * frames.astype(np.float64)
    return LumenCurve(
        frames, areas, longest * flat, longest, "px" if unit == "px" else "mm", along,
        None if along is None else np.full(len(areas), 0.5), share, on, (by,) * len(areas), what,
    )  # fmt: skip
