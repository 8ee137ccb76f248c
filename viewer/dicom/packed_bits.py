"""Samples that are not whole bytes, one behind the other without gaps (PS3.5 8.1.1, Annex D).

The least significant bit of a sample comes first: in byte order of the file, bit 0 of the first
byte is bit 0 of the first sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def unpack(
    raw: NDArray[np.uint8], skipped_bits: int, count: int, bits: int
) -> NDArray[np.unsignedinteger]:
    """Unpack samples.

    Parameters
    ----------
    raw : ndarray
        (n,) bytes.
    skipped_bits : int
        Bits of `raw` before the first sample.
    count : int
        Samples wanted; `raw` holds as many.
    bits : int
        Bits of one sample, 1..63.

    Returns
    -------
    ndarray
        (count,) uint8, uint16, uint32 or uint64: the smallest that holds a sample.
    """
    if bits == 1:
        return np.unpackbits(raw, bitorder="little")[skipped_bits : skipped_bits + count]
    if bits == 12 and skipped_bits % 8 == 0:
        return _twelve(raw[skipped_bits // 8 :], count)
    size = next(size for size in (1, 2, 4, 8) if 8 * size >= bits)
    ones = np.unpackbits(raw, bitorder="little")[skipped_bits : skipped_bits + count * bits]
    wide = np.zeros((count, 8 * size), np.uint8)
    wide[:, :bits] = ones.reshape(count, bits)
    return np.packbits(wide, bitorder="little").view(f"<u{size}").astype(f"u{size}", copy=False)


def _twelve(raw: NDArray[np.uint8], count: int) -> NDArray[np.unsignedinteger]:
    """Two samples in three bytes, without a detour over single bits."""
    pairs = -(-count // 2)
    whole = raw[: 3 * pairs]
    if whole.size < 3 * pairs:  # an odd number of samples ends half-way through a byte
        whole = np.concatenate((whole, np.zeros(3 * pairs - whole.size, np.uint8)))
    low, middle, high = whole.reshape(pairs, 3).T.astype(np.uint16)
    out = np.empty((pairs, 2), np.uint16)
    out[:, 0] = low | (middle & 15) << 8
    out[:, 1] = middle >> 4 | high << 4
    return out.ravel()[:count]
