"""Frames as they lie in a file: uncompressed, or encapsulated; one is read at a time.

Every call opens a stream of its own, so any number of threads may read frames at once.
"""

from __future__ import annotations

import io
import logging
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.codestream import CodeStream, DamagedFrameError, read_code_stream
from viewer.dicom.colour import partial_to_full, widen_422
from viewer.dicom.decoders import Samples, Space, decode, decoder_name
from viewer.dicom.encapsulation import FramePlaces, read_places, scan_places
from viewer.dicom.packed_bits import unpack
from viewer.dicom.pixel_header import DEFLATED_FRAMES, RLE, PixelHeader
from viewer.errors import UnreadableError

log = logging.getLogger(__name__)


class FrameStore(Protocol):
    """Where the frames of one file come from.

    Attributes
    ----------
    decoder : str
        What decodes them, for people.
    code : CodeStream or None
        What the first frame's code stream says of itself; None when there is none.
    """

    decoder: str
    code: CodeStream | None

    @property
    def count(self) -> int:
        """Frames that can be found; some may still prove damaged."""

    def samples(self, index: int) -> Samples:
        """Frame `index` with the bits it is stored with.

        Raises
        ------
        DamagedFrameError
            It is not there, or can't be decoded.
        """


class NativeFrames:
    """Uncompressed frames, each read at its offset straight into its own array."""

    decoder = "native"
    code: CodeStream | None = None

    def __init__(self, header: PixelHeader) -> None:
        self._header = header
        self._bytes = max(0, min(header.length or 0, header.source.size - header.offset))
        if header.words_swapped:  # half a word says nothing
            self._bytes &= ~1
        if self.count < 1:
            raise UnreadableError(
                f"{header.source.name}: the image data end early: one frame takes"
                f" {header.native_frame_bits // 8:,} bytes, the file has {self._bytes:,}",
                "Ask for the file again.",
            )

    @property
    def count(self) -> int:
        """Whole frames in the file."""
        return self._bytes * 8 // self._header.native_frame_bits

    def samples(self, index: int) -> Samples:
        """See `FrameStore.samples`."""
        if index >= self.count:
            raise DamagedFrameError(f"the image data end early, after {self.count} frames")
        header = self._header
        bits = header.native_frame_bits
        shape = (header.rows, header.columns)
        raw, skipped_bits = self._read(index * bits, bits)
        if header.is_packed:
            count = bits // header.bits_allocated
            samples = unpack(raw, skipped_bits, count, header.bits_allocated).view(header.dtype)
        else:
            raw = raw[skipped_bits // 8 :][: bits // 8]
            if header.is_422:
                return self._from_422(raw)
            samples = raw.view(header.dtype.newbyteorder("<" if header.little else ">"))
            samples = samples.astype(header.dtype, copy=False)
        if header.samples == 1:
            return samples.reshape(shape), Space.STORED
        is_ybr = header.photometric.startswith("YBR_FULL")
        if header.planar:
            samples = np.moveaxis(samples.reshape(3, *shape), 0, -1)
        return samples.reshape(*shape, 3), Space.YBR if is_ybr else Space.RGB

    def _read(self, first_bit: int, bits: int) -> tuple[NDArray[np.uint8], int]:
        """Bytes that hold these bits, and how many bits before them come along."""
        header = self._header
        start, stop = first_bit // 8, -(-(first_bit + bits) // 8)
        if header.words_swapped:
            start, stop = start & ~1, (stop + 1) & ~1
        raw = np.empty(min(stop, self._bytes) - start, np.uint8)
        with header.source.open() as stream:
            stream.seek(header.offset + start)
            assert isinstance(stream, io.FileIO | io.BytesIO)  # noqa: S101 - both sources' kinds
            if stream.readinto(raw.data) != raw.size:
                raise DamagedFrameError("the file ends before it does")
        if header.words_swapped:
            raw = raw[: raw.size // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
        return raw, first_bit - 8 * start

    def _from_422(self, raw: NDArray[np.uint8]) -> Samples:
        header = self._header
        if header.columns % 2 or header.bits_allocated != 8:
            raise DamagedFrameError("4:2:2 colour needs an even number of columns and 8 bits")
        wide = widen_422(raw, header.rows, header.columns)
        partial = header.photometric.startswith("YBR_PARTIAL")
        return partial_to_full(wide) if partial else wide, Space.YBR


class EncapsulatedFrames:
    """Compressed frames, found when the file is opened.

    Parameters
    ----------
    header : PixelHeader
        Of the file.
    expected : int or None
        Frames that should be there, None when nobody says.
    """

    def __init__(self, header: PixelHeader, expected: int | None) -> None:
        self._header = header
        self._expected = expected
        self._lock = Lock()
        self._scanned = False
        self._scan: FramePlaces | None = None
        size = header.source.size
        try:
            with header.source.open() as stream:
                self._places = read_places(
                    stream, header.offset, size, expected, header.frame_offsets
                )
                head = self._places.head(stream)
        except DamagedFrameError as error:
            raise UnreadableError(
                f"{header.source.name}: {error}", "Ask for the file again."
            ) from error
        plain = header.transfer_syntax in (RLE, DEFLATED_FRAMES)
        self.code = None if plain else _peek(head)
        self.decoder = decoder_name(header, self.code)

    @property
    def count(self) -> int:
        """Frames found in the file."""
        return len(self._places.starts)

    def samples(self, index: int) -> Samples:
        """See `FrameStore.samples`."""
        places = self._places
        try:
            return self._decode(places, index)
        except DamagedFrameError as error:
            again = self._by_items()
            if again is None or again.starts == places.starts:
                raise
            try:
                samples = self._decode(again, index)
            except DamagedFrameError:
                raise error from None
        log.info("offset table not believed: frames found by their items")
        self._places = again
        return samples

    def _decode(self, places: FramePlaces, index: int) -> Samples:
        with self._header.source.open() as stream:
            data = places.read(stream, index, self._header.source.size)
        return decode(self._header, data)

    def _by_items(self) -> FramePlaces | None:
        """Where frames lie by their items alone, looked for once; None when nowhere."""
        with self._lock:
            if not self._scanned:
                self._scanned = True
                with self._header.source.open() as stream:
                    stream.seek(self._header.offset + 4)
                    first = self._header.offset + 8 + int.from_bytes(stream.read(4), "little")
                    size = self._header.source.size
                    try:
                        self._scan = scan_places(stream, first, size, self._expected)
                    except DamagedFrameError:
                        log.info("frames can't be found by their items")
            return self._scan


def _peek(head: memoryview) -> CodeStream | None:
    try:
        return read_code_stream(head)
    except DamagedFrameError:
        return None
