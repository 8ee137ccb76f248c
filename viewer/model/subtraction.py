"""How a run is subtracted: what its header says of masks, and what a reader set and is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

FARTHEST_PX = 64.0
"""Most a mask can be moved by hand."""


class MaskOperation(StrEnum):
    """Mask Operation (0028,6101) of operations that subtract."""

    AVERAGE = "AVG_SUB"
    INTERVAL = "TID"
    REVERSED_INTERVAL = "REV_TID"


class ShiftMode(StrEnum):
    """How the mask is laid onto frames.

    HEADER moves it as the header says, NONE not at all, AUTO to fit each frame as a whole, LOCAL
    place by place too (bowel, breathing), MANUAL by hand.
    """

    HEADER = "header"
    NONE = "none"
    AUTO = "auto"
    LOCAL = "local"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class HeaderMask:
    """One item of the Mask Subtraction Sequence (0028,6100), PS3.3 C.7.6.10.

    Attributes
    ----------
    operation : MaskOperation
    frames : tuple of int
        0-based Mask Frame Numbers (0028,6110), averaged; empty for intervals.
    ranges : tuple of (int, int)
        0-based first and last frame of each Applicable Frame Range (0028,6102), both included;
        empty for the whole run.
    shift_px : tuple of float
        (dx, dy) px the mask is moved to the right and down: Mask Sub-pixel Shift (0028,6114),
        which stands there as (vertical, horizontal).
    contrast_frames : int
        Frames averaged before subtraction, from the current one on (0028,6112).
    tid_offset : int
        TID Offset (0028,6120): how many frames before the current one the mask is.
    """

    operation: MaskOperation = MaskOperation.AVERAGE
    frames: tuple[int, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    shift_px: tuple[float, float] = (0.0, 0.0)
    contrast_frames: int = 1
    tid_offset: int = 1

    def applies_to(self, index: int) -> bool:
        """Whether the operation is meant for a frame."""
        return not self.ranges or any(first <= index <= last for first, last in self.ranges)

    def frames_for(self, index: int, count: int) -> tuple[int, ...]:
        """0-based mask frames of a frame of a run of `count` frames.

        An interval that leads out of the run takes the nearest frame of it.
        Source: PS3.3 C.7.6.10.1.1 (of REV_TID: MFN = (FCFN - TID Offset) - (CFN - FCFN)).
        """
        if self.operation is MaskOperation.AVERAGE:
            return self.frames
        mask = index - self.tid_offset
        if self.operation is MaskOperation.REVERSED_INTERVAL and self.ranges:
            first = self.ranges[0][0]
            mask = first - self.tid_offset - (index - first)
        return (min(max(mask, 0), count - 1),)


def mask_in_force(masks: tuple[HeaderMask, ...], index: int) -> HeaderMask | None:
    """The item a frame is subtracted by.

    A frame no item is meant for takes that of the nearest range before it, else the first item:
    a run that is shown subtracted does not flicker.
    """
    for mask in masks:
        if mask.applies_to(index):
            return mask
    ends = [
        (last, -number)
        for number, mask in enumerate(masks)
        for _, last in mask.ranges
        if last < index
    ]
    return masks[-max(ends)[1]] if ends else next(iter(masks), None)


@dataclass(frozen=True, slots=True)
class Remask:
    """Other mask frames from a frame on, both 0-based."""

    first: int
    frames: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.first < 0 or not self.frames or min(self.frames) < 0:
            raise ValueError("a mask needs frames, counted from 0")


@dataclass(frozen=True, slots=True)
class RunSubtraction:
    """How a reader has a run subtracted; kept in the review.

    Attributes
    ----------
    image_uid : str
        Of the run.
    shown : bool
        Whether its frames are shown less their mask.
    mask_frames : tuple of int or None
        0-based frames averaged; None takes those of the header, else finds them from the run.
    find : bool
        Find them from the run even when the header names some.
    remasks : tuple of Remask
        Ascending.
    shift_mode, shift_px
        How the mask is moved; (dx, dy) px to the right and down when by hand.
    landmarking, edges : float
        Share of the anatomy kept and of edge enhancement, 0 to 1.
    window : (float, float) or None
        Centre and width in units of the difference; None is an automatic one.
    inverted : bool
        Contrast white.
    """

    image_uid: str
    shown: bool = True
    mask_frames: tuple[int, ...] | None = None
    find: bool = False
    remasks: tuple[Remask, ...] = ()
    shift_mode: ShiftMode = ShiftMode.HEADER
    shift_px: tuple[float, float] = (0.0, 0.0)
    landmarking: float = 0.0
    edges: float = 0.0
    window: tuple[float, float] | None = None
    inverted: bool = False

    def __post_init__(self) -> None:
        if self.mask_frames is not None and (not self.mask_frames or min(self.mask_frames) < 0):
            raise ValueError("a mask needs frames, counted from 0")
        if not (0.0 <= self.landmarking <= 1.0 and 0.0 <= self.edges <= 1.0):
            raise ValueError("landmarking and edges are shares from 0 to 1")
        if max(map(abs, self.shift_px)) > FARTHEST_PX:
            raise ValueError(f"a mask is moved by {FARTHEST_PX:g} px at most")
        if self.window is not None and self.window[1] <= 0.0:
            raise ValueError("a window is wider than 0")

    @property
    def said(self) -> bool:
        """Whether more than looking was done."""
        return RunSubtraction(self.image_uid).looking_like(self) != self

    def looking_like(self, other: RunSubtraction | None) -> RunSubtraction:
        """The same, shown with another's window: on, window and inversion are no steps of undo."""
        if other is None:
            return replace(self, shown=False)
        return replace(self, shown=other.shown, window=other.window, inverted=other.inverted)
