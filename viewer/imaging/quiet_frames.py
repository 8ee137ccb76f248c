"""Frames of a run without contrast; where there are none, the least contrast of each pixel."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.log_domain import LogDomain
from viewer.imaging.mask_choice import MaskFinder
from viewer.imaging.opacification import ContrastScale, Grey, box_mean


class QuietFrames:
    """Takes frames in, in any order and from several threads, and names those without contrast.

    Parameters
    ----------
    order : sequence of int
        The 0-based frames it will be given.
    domain : LogDomain
        Of the run's stored values.
    scale : ContrastScale
        Of its modality values.
    """

    def __init__(self, order: Sequence[int], domain: LogDomain, scale: ContrastScale) -> None:
        self._finder = MaskFinder(order, domain)
        self._scale = scale
        self._brightest: Grey | None = None
        self._lock = threading.Lock()

    def add(self, index: int, stored: NDArray[Any], values: NDArray[Any]) -> None:
        """Take in frame `index` (0-based): its stored and its modality values, (rows, columns)."""
        smooth = box_mean(values)
        with self._lock:
            if self._brightest is None:
                self._brightest = smooth
            elif self._scale.dark:
                np.maximum(self._brightest, smooth, out=self._brightest)
            else:
                np.minimum(self._brightest, smooth, out=self._brightest)
        self._finder.add(index, stored)

    @property
    def brightest(self) -> Grey:
        """Value of least contrast of each pixel, of 3 x 3 px means: a baseline for want of a mask.

        Raises
        ------
        ValueError
            No frame was taken in.
        """
        if self._brightest is None:
            raise ValueError("no frame was taken in")
        return self._brightest

    def mask_frames(self) -> tuple[int, ...]:
        """The last frames before the contrast comes, 0-based; empty when they can't be told."""
        return self._finder.quiet_frames
