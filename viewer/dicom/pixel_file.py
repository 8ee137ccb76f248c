"""The frames of one file: where they are, how they become arrays.

Frames are numbered from 0 in the file; any number of threads may ask at once.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.byte_source import ByteSource
from viewer.dicom.codestream import DamagedFrameError
from viewer.dicom.colour import through_palette, to_eight_bits, ybr_full_to_rgb
from viewer.dicom.decoders import Space
from viewer.dicom.frame_stores import EncapsulatedFrames, FrameStore, NativeFrames
from viewer.dicom.overlays import OverlayPlane, place_bits, separate_bits
from viewer.dicom.pixel_header import VIDEO_PREFIX, PixelHeader, read_pixel_header
from viewer.dicom.scattered import can_scatter, scattered
from viewer.errors import UnreadableError

log = logging.getLogger(__name__)

_AGAIN = "Ask for the file again."


class PixelFile:
    """Frames of one file, decoded one at a time.

    Parameters
    ----------
    source : ByteSource
        The file.
    at_least : int
        Frames somebody expects of it, for a header that does not say how many there are.

    Attributes
    ----------
    is_colour : bool
        Frames come as RGB.
    dtype : numpy.dtype
        uint8 for colour, else the type of the stored values.

    Raises
    ------
    UnreadableError
        There are no pixel data, they can't be right, or not one frame can be found.
    """

    def __init__(self, source: ByteSource, at_least: int = 1) -> None:
        self.header = header = read_pixel_header(source)
        self._expected = max(header.frames or 0, at_least)
        said = self._expected if header.frames is not None or at_least > 1 else None
        self._store = _store(header, said)
        self.decoder = self._store.decoder
        code = self._store.code
        self._code_bits = code.bits if code else 0
        self._overshoots = code is not None and code.lossy
        self.is_colour = (
            header.palette is not None
            or header.samples == 3
            or (code is not None and code.components == 3)
        )
        self._stored, self._bits = header.dtype, header.bits_stored
        if header.bits_allocated <= 8 < self._code_bits:  # the header says less than is there
            self._stored = np.dtype(np.int16 if header.signed else np.uint16)
            self._bits = self._code_bits
        self.dtype = np.dtype(np.uint8) if self.is_colour else self._stored

    @property
    def count(self) -> int:
        """Frames that can be found in the file; some may still prove damaged."""
        return self._store.count

    def frame(self, index: int) -> NDArray[Any]:
        """Frame `index` as `FrameSource.frame` promises it.

        Raises
        ------
        UnreadableError
            The frame is not there or can't be decoded.
        """
        try:
            frame = self._finish(*self._store.samples(index))
        except (DamagedFrameError, OSError) as error:
            raise self._bad(index, error) from error
        frame = np.ascontiguousarray(frame)
        frame.flags.writeable = False
        return frame

    def pixels(self, flat_px: NDArray[np.intp], frames: int) -> NDArray[Any] | None:
        """As `FrameSource.pixels`, of the file's first `frames` frames."""
        header = self.header
        if not can_scatter(header) or frames > self.count:
            return None
        try:
            values = self._finish(*scattered(header, frames, flat_px))
        except OSError as error:
            log.warning("%s can't be mapped: %s", header.source.name, error.strerror)
            return None
        return np.ascontiguousarray(values)

    def overlay(self, index: int) -> NDArray[np.bool_] | None:
        """Union of the overlay planes at frame `index`, (rows, columns) bool; None without any.

        Raises
        ------
        UnreadableError
            Planes embedded in the pixels: the frame is not there or can't be decoded.
        """
        canvas = np.zeros((self.header.rows, self.header.columns), bool)
        some = False
        for plane in self.header.overlays:
            own = plane.frame_of(index)
            bits = None if own is None else self._bits_of(plane, own, index)
            if bits is not None:
                place_bits(canvas, bits, plane.top, plane.left)
                some = True
        return canvas if some else None

    def _bits_of(self, plane: OverlayPlane, own: int, index: int) -> NDArray[np.bool_] | None:
        try:
            if plane.length:
                with self.header.source.open() as stream:
                    return separate_bits(plane, own, stream)
            samples, space = self._store.samples(index)
        except (DamagedFrameError, OSError) as error:
            raise self._bad(index, error) from error
        if space is not Space.STORED or samples.dtype.kind == "f":
            return None
        return np.asarray((samples >> plane.bit) & 1, dtype=bool)

    def _finish(self, samples: NDArray[Any], space: Space) -> NDArray[Any]:
        """Decoded samples to what a frame is: clean stored values, or RGB of 8 bits."""
        header = self.header
        if space is Space.STORED:
            stored = self._clean(samples)
            if header.palette is not None:
                return through_palette(stored, header.palette, header.palette_first)
            if self.is_colour:  # a grey code stream in a colour image
                return np.repeat(to_eight_bits(stored, self._bits)[..., None], 3, axis=2)
            return stored
        if not self.is_colour:
            raise DamagedFrameError("it is in colour, the first frame is grey")
        frame = to_eight_bits(samples, max(self._bits, self._code_bits))
        return ybr_full_to_rgb(frame) if space is Space.YBR else frame

    def _clean(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Stored values alone: bits beyond Bits Stored taken out, the sign extended."""
        header = self.header
        if header.floating or header.bits_allocated == 1:
            return samples
        target = self._stored
        if samples.dtype.itemsize > target.itemsize:
            raise DamagedFrameError("its pixels are deeper than those of the first frame")
        if samples.dtype.itemsize < target.itemsize:
            samples = samples.astype(target)
        same_sign = (samples.dtype.kind == "i") == header.signed
        if self._overshoots and same_sign and self._bits < 8 * target.itemsize:
            return _limited(samples, self._bits, header.signed).astype(target, copy=False)
        word = samples.view(f"u{target.itemsize}")
        low = header.high_bit + 1 - header.bits_stored
        if low > 0 and (self._code_bits == 0 or self._code_bits > header.high_bit):
            word = word >> low
        if self._bits < 8 * target.itemsize:
            word = _masked(word, self._bits, header.signed)
        return word.view(target)

    def _bad(self, index: int, error: Exception) -> UnreadableError:
        total = max(self._expected, self.count)
        known = isinstance(error, DamagedFrameError)
        reason = str(error) if known else "the file could not be read"
        return UnreadableError(
            f"{self.header.source.name}: frame {index + 1} of {total} can't be read: {reason}",
            f"The other frames can be used. {_AGAIN}" if total > 1 else _AGAIN,
            detail=f"transfer syntax {self.header.transfer_syntax}, {self.decoder}",
        )


def _store(header: PixelHeader, frames: int | None) -> FrameStore:
    """What reads the frames of a file; None frames: nobody says how many."""
    if header.length is not None:
        return NativeFrames(header)
    if header.transfer_syntax.startswith(VIDEO_PREFIX):
        from viewer.dicom.video import VideoFrames

        return VideoFrames(header, frames)
    return EncapsulatedFrames(header, frames)


def _limited(samples: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    """Lossy samples kept within `bits`: the bits above would turn white into black."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return np.asarray(np.clip(samples, low, high))


def _masked(word: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    """The low `bits` of unsigned words; two's complement of them when `signed`."""
    width = 8 * word.dtype.itemsize
    if not signed:
        limit = (1 << bits) - 1
        return word & word.dtype.type(limit) if word.max() > limit else word
    number = word.view(np.dtype(f"i{word.dtype.itemsize}"))
    half = 1 << (bits - 1)
    if number.min() >= -half and number.max() < half:
        return word
    return ((number << (width - bits)) >> (width - bits)).view(word.dtype)
