"""The lumen's border on every frame of a pullback.

Three trips: every frame is read once, cleaned, and its border found coarsely; the borders are
compared along the vein (side branches, outliers, frames a person has drawn); each is then found
finely, its neighbours pulling on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.errors import UnreadableError
from viewer.imaging.frame_blocks import Cancelled, Progress, Teller, in_threads
from viewer.imaging.ivus_field import IvusField, ToGrey, ivus_field
from viewer.imaging.lumen_drawn import towards_drawn
from viewer.imaging.lumen_search import (
    ANGLES,
    Levels,
    coarse_border,
    fine_border,
    levels_of,
    outline_of,
    within_field,
)
from viewer.imaging.lumen_trust import Traits, trust
from viewer.imaging.polar_sampling import Rays, outline_moments, rays_from
from viewer.imaging.side_branches import across_mouths, cut_waists, evenly, without_spikes

Pixels = np.ndarray[Any, np.dtype[Any]]
Map = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Frames = npt.NDArray[np.intp]

POINTS = 64
"""Points of a border."""

SAMPLED_FRAMES = 24
"""Frames by which catheter, ring-down and grey levels are found."""

BLOCK = 24
"""Frames a thread takes at once: a cancel waits for no more."""

SECTION = 2000
"""Frames held cleaned at once (64 KB each at 256²)."""

LEAST_PX = 16
"""Rows or columns below which nothing is looked for."""

LEAST_HALF_AXIS_PX = 5.0
REACH_FRAMES = 10
"""Frames on either side of an edited one that it pulls along."""


@dataclass(frozen=True, eq=False)
class LumenBorders:
    """Borders of some frames.

    Attributes
    ----------
    frames : ndarray of int, shape (n,)
        0-based.
    points_px : ndarray of float32, shape (n, POINTS, 2)
        (x, y), stored px, clockwise on screen; NaN where there is no border.
    confidence : ndarray of float32, shape (n,)
        0 to 1: how likely no edit is needed; 0 where there is no border.
    reason : tuple of str, length n
        Why a frame should be looked at, for people; empty where nothing speaks against it.
    """

    frames: Frames
    points_px: Map
    confidence: Map
    reason: tuple[str, ...]


class LumenFinder:
    """Finds the borders of one pullback; what it learned of its picture serves later searches.

    Parameters
    ----------
    total : int
        Frames of the pullback.
    read : callable
        0-based frame -> stored values; asked from several threads.
    to_grey : callable, optional
        Stored values (any shape) -> uint8; needed for grey frames that are not uint8.
    aspect : float
        Height of a pixel divided by its width.

    Raises
    ------
    UnreadableError
        No frame can be read, or they are too small.
    """

    def __init__(
        self,
        total: int,
        read: Callable[[int], Pixels],
        to_grey: ToGrey | None = None,
        aspect: float = 1.0,
    ) -> None:
        self.total, self._read, self._to_grey = total, read, to_grey
        wanted = np.unique(np.linspace(0, max(total - 1, 0), SAMPLED_FRAMES).astype(int)).tolist()
        sampled = [frame for frame in map(self._frame, wanted) if frame is not None]
        sampled = [frame for frame in sampled if frame.shape == sampled[0].shape]
        if not sampled:
            raise UnreadableError("The pullback's frames can't be read", "Ask for the files again.")
        if min(sampled[0].shape[:2]) < LEAST_PX:
            rows, columns = sampled[0].shape[:2]
            raise UnreadableError(
                f"Frames of {columns} x {rows} px are too small to show a lumen",
                "Give the pullback at its full size.",
            )
        self.field: IvusField = ivus_field(sampled, to_grey, aspect)
        clean = np.stack([self.field.clean(frame, to_grey) for frame in sampled])
        self.levels: Levels = levels_of(clean, self.field)

    def _frame(self, index: int) -> Pixels | None:
        try:
            return self._read(int(index))
        except (UnreadableError, ValueError):
            return None

    # -- all frames ---------------------------------------------------------------------------
    def find(
        self,
        frames: Sequence[int] | None = None,
        fixed: Mapping[int, Map] | None = None,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> LumenBorders:
        """Borders of many frames, jointly.

        Parameters
        ----------
        frames : sequence of int, optional
            0-based, rising; all without it.
        fixed : mapping of int to ndarray (k, 2), optional
            Borders a person has drawn or accepted, stored px: returned as they are, and pulling
            on their neighbours.
        progress : callable, optional
            Told the share done, 0 to 1, from worker threads, never backwards.
        cancelled : callable, optional
            Asked between blocks.

        Raises
        ------
        SearchCancelledError
            `cancelled` said so.
        """
        wanted = np.arange(self.total) if frames is None else np.asarray(frames, np.intp)
        teller = Teller(len(wanted), progress, cancelled)
        drawn = dict(fixed or {})
        parts = [
            self._section(wanted[start : start + SECTION], drawn, teller)
            for start in range(0, len(wanted), SECTION)
        ]
        if not parts:
            nothing = np.zeros(0, np.float32)
            return LumenBorders(wanted, np.zeros((0, POINTS, 2), np.float32), nothing, ())
        return LumenBorders(
            wanted,
            np.concatenate([p.points_px for p in parts]),
            np.concatenate([p.confidence for p in parts]),
            tuple(word for p in parts for word in p.reason),
        )

    def around(
        self, frame: int, fixed: Mapping[int, Map], known: Mapping[int, Map] | None = None
    ) -> LumenBorders:
        """Borders between the fixed ones on either side of `frame`, after it was edited.

        Parameters
        ----------
        frame : int
            The edited frame; must be in `fixed`.
        fixed : mapping of int to ndarray (k, 2)
            All borders edited or accepted, stored px.
        known : mapping of int to ndarray (k, 2), optional
            Automatic borders so far; they are the start, so that nothing far off changes.

        Returns
        -------
        LumenBorders
            Of the frames that may change, without the fixed ones.
        """
        before = max((k for k in fixed if k < frame), default=-1)
        behind = min((k for k in fixed if k > frame), default=self.total)
        first = max(before + 1, frame - REACH_FRAMES, 0)
        last = min(behind - 1, frame + REACH_FRAMES, self.total - 1)
        wanted = np.arange(first, last + 1)
        ends = [k for k in (before, behind) if 0 <= k < self.total]
        near = {k: fixed[k] for k in (frame, *ends) if abs(k - frame) <= 3 * REACH_FRAMES}
        found = self._section(wanted, near, Teller(len(wanted), None, None), known)
        free = np.asarray([int(k) not in fixed for k in wanted], np.bool_)
        words = tuple(word for word, keep in zip(found.reason, free, strict=True) if keep)
        return LumenBorders(wanted[free], found.points_px[free], found.confidence[free], words)

    def snapped(self, frame: int, points_px: Map) -> Map:
        """An outline a person drew, led to the edge near it.

        Parameters
        ----------
        points_px : ndarray (k, 2)
            Stored px.

        Returns
        -------
        ndarray of float32, shape (POINTS, 2)
            Stored px; what was given where the frame can't be read.
        """
        pixels = self._frame(frame)
        if pixels is None:
            return np.asarray(evenly(np.asarray(points_px, np.float32)[None], POINTS)[0])
        stack = self.field.clean(pixels, self._to_grey)[None]
        start = evenly(self.field.to_cleaned(np.asarray(points_px, np.float32))[None], ANGLES)
        prior = _Prior(start, np.ones((1, ANGLES), np.float32), np.full(1, 0.5, np.float32))
        outlines, _ = self._fine(stack, prior, Teller(1, None, None))
        found = _inside_image(evenly(self.field.to_stored(outlines), POINTS), self.field)
        return np.asarray(found[0])

    # -- the three trips ----------------------------------------------------------------------
    def _section(
        self,
        wanted: Frames,
        drawn: Mapping[int, Map],
        teller: Teller,
        known: Mapping[int, Map] | None = None,
    ) -> LumenBorders:
        stack, radius, good = self._coarse(wanted, teller)
        prior = self._joined(wanted, radius, good, drawn, known)
        outlines, traits = self._fine(stack, prior, teller)
        return self._told(wanted, outlines, traits, good, drawn)

    def _coarse(self, wanted: Frames, teller: Teller) -> tuple[U8, Map, npt.NDArray[np.bool_]]:
        """Cleaned frames, their coarse radii, and which could be read."""
        field, n = self.field, len(wanted)
        stack = np.zeros((n, *field.ring.shape), np.uint8)
        radius = np.zeros((n, ANGLES), np.float32)
        good = np.zeros(n, np.bool_)

        def take(start: int) -> None:
            teller.ask()
            block = slice(start, min(start + BLOCK, n))
            for at in range(block.start, block.stop):
                frame = self._frame(int(wanted[at]))
                if frame is not None and frame.shape[:2] == (field.rows, field.columns):
                    stack[at] = field.clean(frame, self._to_grey)
                    good[at] = True
            radius[block] = coarse_border(stack[block], field, self.levels)
            teller.tell(0.6 * (block.stop - block.start))

        in_threads(take, range(0, n, BLOCK))
        return stack, radius, good

    def _joined(
        self,
        wanted: Frames,
        radius: Map,
        good: npt.NDArray[np.bool_],
        drawn: Mapping[int, Map],
        known: Mapping[int, Map] | None,
    ) -> _Prior:
        """Where each border is expected, from its own frame and those around it."""
        field = self.field
        if not good.all() and good.any():  # an unreadable frame is taken from its neighbours
            at = np.arange(len(wanted))
            source = np.flatnonzero(good)
            radius = radius[source[np.abs(at[:, None] - source).argmin(axis=1)]]
        outlines = evenly(outline_of(without_spikes(radius), field), ANGLES)
        outlines, waists = cut_waists(outlines, field.center)
        outlines, mouths = across_mouths(outlines)
        known = known or {}
        for k, frame in enumerate(wanted):
            if int(frame) in known and int(frame) not in drawn:
                start = field.to_cleaned(np.asarray(known[int(frame)], np.float32))
                outlines[k] = evenly(start[None], ANGLES)[0]
        held = np.where(waists | mouths, 5.0, 1.0).astype(np.float32)
        pull = np.zeros(len(wanted), np.float32)
        if drawn:
            outlines, pull = towards_drawn(wanted, outlines, drawn, field)
        return _Prior(outlines, held, pull)

    def _fine(self, stack: U8, prior: _Prior, teller: Teller) -> tuple[Map, Traits]:
        n, field = len(stack), self.field
        outlines = np.zeros((n, ANGLES, 2), np.float32)
        edges, contrast = np.zeros((n, ANGLES), np.float32), np.zeros(n, np.float32)
        center, moments = _steadied(*outline_moments(prior.outlines))

        def take(start: int) -> None:
            teller.ask()
            block = slice(start, min(start + BLOCK, n))
            here, held = prior.outlines[block], prior.held[block]
            mid, size = center[block], moments[block]
            for last in (False, True):
                rays = rays_from(mid, size, ANGLES, field.aspect, LEAST_HALF_AXIS_PX)
                depth, extra = rays.depths_of(here, held)
                strength = np.where(extra > 2.0, extra, 1.0 + prior.pull[block, None] * 6.0)
                found = fine_border(stack[block], field, self.levels, rays, depth, strength)
                inside = within_field(rays.points(found.depth), field)
                here, waists = cut_waists(evenly(inside, ANGLES), field.center)
                held = np.where(waists, 5.0, _carried(extra, rays, here))
                mid, size = outline_moments(here)
                if last:
                    outlines[block], edges[block] = here, found.edge
                    contrast[block] = found.contrast
            teller.tell(0.4 * (block.stop - block.start))

        in_threads(take, range(0, n, BLOCK))
        return outlines, Traits.of(outlines, edges, contrast, prior.outlines, prior.held, field)

    def _told(
        self,
        wanted: Frames,
        outlines: Map,
        traits: Traits,
        good: npt.NDArray[np.bool_],
        drawn: Mapping[int, Map],
    ) -> LumenBorders:
        confidence, reasons = trust(traits, good)
        points = evenly(self.field.to_stored(outlines), POINTS)
        points = _inside_image(points, self.field)
        words = list(reasons)
        for k, frame in enumerate(wanted.tolist()):
            if frame in drawn:
                points[k] = evenly(np.asarray(drawn[frame], np.float32)[None], POINTS)[0]
                confidence[k], words[k] = 1.0, ""
            elif confidence[k] <= 0.0:
                points[k] = np.nan
        return LumenBorders(wanted, points, confidence, tuple(words))


@dataclass(frozen=True, eq=False)
class _Prior:
    """Expected outlines (n, ANGLES, 2), where they are held (n, ANGLES), and a pull (n,)."""

    outlines: Map
    held: Map
    pull: Map


def _carried(extra: Map, rays: Rays, points: Map) -> Map:
    """What is known at the rays' angles, at points."""
    offset = points - rays.center[:, None, :]
    quarter = rays.reach.shape[1] // 4
    basis = np.stack((rays.reach[:, 0], rays.reach[:, quarter]), axis=2).astype(np.float64)
    round_ = np.einsum("nij,npj->npi", np.linalg.inv(basis), offset)
    angles = extra.shape[1]
    turn = np.arctan2(round_[..., 1], round_[..., 0]) / (2 * np.pi) * angles
    at = np.rint(turn).astype(np.intp) % angles
    return np.asarray(np.take_along_axis(extra, at, axis=1), np.float32)


def _steadied(
    center: npt.NDArray[np.float64], moments: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Medians over five frames: one frame's outlier does not turn its rays."""
    n = len(center)
    if n < 20:
        return center, moments
    at = np.clip(np.arange(n)[:, None] + np.arange(-2, 3), 0, n - 1)
    return np.median(center[at], axis=1), np.median(moments[at], axis=1)


def _inside_image(points: Map, field: IvusField) -> Map:
    """No point off the image."""
    last = np.array([field.columns - 1, field.rows - 1], np.float32)
    return np.clip(points, 0.0, last)
