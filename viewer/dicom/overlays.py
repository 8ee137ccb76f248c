"""Overlay planes: one-bit graphics over the image (PS3.3 C.9.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.pixel_elements import PixelElements

_GROUPS = tuple(range(0x6000, 0x6020, 2))
_ROWS, _COLUMNS, _FRAMES, _ORIGIN = 0x10, 0x11, 0x15, 0x50
_FIRST_FRAME, _ALLOCATED, _BIT, _DATA = 0x51, 0x100, 0x102, 0x3000

OVERLAY_TAGS = frozenset(
    group << 16 | element
    for group in _GROUPS
    for element in (_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST_FRAME, _ALLOCATED, _BIT)
)
OVERLAY_DATA = tuple(group << 16 | _DATA for group in _GROUPS)


@dataclass(frozen=True, slots=True)
class OverlayPlane:
    """One group 60xx.

    Attributes
    ----------
    top, left : int
        0-based row and column of the image its first bit lies on; may be negative.
    frames : int or None
        Frames it has of its own; None for one plane meant for every frame.
    first_frame : int
        0-based frame of the image its first frame belongs to.
    offset, length : int
        Its bits in the file; `length` 0 when they are in the pixels at `bit`.
    """

    rows: int
    columns: int
    top: int
    left: int
    frames: int | None
    first_frame: int
    bit: int
    offset: int
    length: int
    swapped: bool

    def frame_of(self, index: int) -> int | None:
        """Its own frame for frame `index` of the image, None when it has nothing there."""
        if self.frames is None:
            return 0
        own = index - self.first_frame
        return own if 0 <= own < self.frames else None


def overlay_planes(elements: PixelElements, stream: BinaryIO) -> tuple[OverlayPlane, ...]:
    """The overlay planes a header describes; those without rows or bits are left out."""
    planes = []
    end = stream.seek(0, 2)
    for group in _GROUPS:
        base = group << 16
        rows = elements.integer(base | _ROWS, 0)
        columns = elements.integer(base | _COLUMNS, 0)
        allocated = elements.integer(base | _ALLOCATED, 1)
        data = elements.found.get(base | _DATA)
        bit = elements.integer(base | _BIT, 0)
        if rows < 1 or columns < 1 or (data is None and bit == 0 and allocated == 1):
            continue
        origin = tuple(v - 65536 if v > 32767 else v for v in elements.integers(base | _ORIGIN))
        top, left = origin if len(origin) == 2 else (1, 1)
        planes.append(
            OverlayPlane(
                rows=rows,
                columns=columns,
                top=top - 1,
                left=left - 1,
                frames=elements.integer_text(base | _FRAMES),
                first_frame=elements.integer(base | _FIRST_FRAME, 1) - 1,
                bit=bit,
                offset=data.offset if data else 0,
                length=max(0, min(data.length, end - data.offset)) if data else 0,
                swapped=bool(data and data.vr == b"OW" and not elements.little),
            )
        )
    return tuple(planes)


def separate_bits(
    plane: OverlayPlane, own_frame: int, stream: BinaryIO
) -> NDArray[np.bool_] | None:
    """Bits of one frame of a plane that are stored by themselves.

    Returns
    -------
    ndarray or None
        (plane rows, plane columns) bool; None when the file does not hold them all.
    """
    count = plane.rows * plane.columns
    first_bit = own_frame * count
    start, stop = first_bit // 16 * 2, -(-(first_bit + count) // 16) * 2
    if -(-(first_bit + count) // 8) > plane.length:
        return None
    stream.seek(plane.offset + start)
    data = np.frombuffer(stream.read(min(stop, plane.length) - start), np.uint8)
    if plane.swapped:
        data = data[: data.size // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    bits = np.unpackbits(data, bitorder="little")[first_bit - 8 * start :][:count]
    return bits.reshape(plane.rows, plane.columns).astype(bool)


def place_bits(canvas: NDArray[np.bool_], bits: NDArray[np.bool_], top: int, left: int) -> None:
    """Add `bits` to `canvas` (rows, columns) at (top, left), cutting off what lies outside."""
    rows, columns = canvas.shape
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(rows, top + bits.shape[0]), min(columns, left + bits.shape[1])
    if y1 > y0 and x1 > x0:
        canvas[y0:y1, x0:x1] |= bits[y0 - top : y1 - top, x0 - left : x1 - left]
