"""Overlay planes: one-bit graphics over the image (PS3.3 C.9.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.header import Header
from viewer.dicom.tags import OVERLAY_GROUPS


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


def overlay_planes(header: Header, little: bool) -> tuple[OverlayPlane, ...]:
    """The overlay planes a header describes; those without rows or bits are left out.

    Parameters
    ----------
    little : bool
        The data set is little endian.
    """
    planes = []
    for group in (f"{number:04X}" for number in OVERLAY_GROUPS):
        rows = header.integer(f"OverlayRows{group}") or 0
        columns = header.integer(f"OverlayColumns{group}") or 0
        data = header.place(f"OverlayData{group}")
        allocated = header.integer(f"OverlayBitsAllocated{group}") or 1
        bit = header.integer(f"OverlayBitPosition{group}") or 0
        if rows < 1 or columns < 1 or (data is None and bit == 0 and allocated == 1):
            continue
        origin = [int(value) for value in header.numbers(f"OverlayOrigin{group}")]
        top, left = origin if len(origin) == 2 else (1, 1)
        planes.append(
            OverlayPlane(
                rows=rows,
                columns=columns,
                top=top - 1,
                left=left - 1,
                frames=header.integer(f"NumberOfFramesInOverlay{group}"),
                first_frame=(header.integer(f"ImageFrameOrigin{group}") or 1) - 1,
                bit=bit,
                offset=data.start if data else 0,
                length=data.end - data.start if data else 0,
                swapped=data is not None and data.vr == "OW" and not little,
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
    if bits.size < count:
        return None
    return bits.reshape(plane.rows, plane.columns).astype(bool)


def place_bits(canvas: NDArray[np.bool_], bits: NDArray[np.bool_], top: int, left: int) -> None:
    """Add `bits` to `canvas` (rows, columns) at (top, left), cutting off what lies outside."""
    rows, columns = canvas.shape
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(rows, top + bits.shape[0]), min(columns, left + bits.shape[1])
    if y1 > y0 and x1 > x0:
        canvas[y0:y1, x0:x1] |= bits[y0 - top : y1 - top, x0 - left : x1 - left]
