"""From an image set to its frames: found when it is opened, decoded one at a time when asked for.

Nothing is kept but where frames lie; what was decoded is for the caller to remember.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.byte_source import ByteSource, ZipMembers, disk_bytes
from viewer.dicom.pixel_file import PixelFile
from viewer.errors import UnreadableError
from viewer.model.study import ImageSet

if TYPE_CHECKING:
    from viewer.model.study import FrameSpan

KEPT_HEADERS = 4096
"""Files whose pixel header is remembered; reading one again costs less than a millisecond."""


class FrameSource(Protocol):
    """The frames of one image set.

    Attributes
    ----------
    image_set : ImageSet
        What the frames are of.
    decoder : str
        What decodes them, for people ("native", "imagecodecs jpeg8").
    shape : tuple of int
        Of every frame: (rows, columns), or (rows, columns, 3) in colour.
    dtype : numpy.dtype
        Of every frame.
    """

    image_set: ImageSet
    decoder: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def frame(self, index: int) -> NDArray[Any]:
        """Decode one frame; any number of threads may ask at once.

        Parameters
        ----------
        index : int
            0-based frame of the image set.

        Returns
        -------
        ndarray
            Read-only, C order, of `shape` and `dtype`. Grey: stored values, before the Modality
            LUT, unused bits zero. Colour (RGB, YBR_*, PALETTE COLOR): RGB, uint8.

        Raises
        ------
        UnreadableError
            This frame can't be read; others may.
        IndexError
            The image set has no such frame.
        """

    def pixels(self, flat_px: NDArray[np.intp]) -> NDArray[Any] | None:
        """The same pixels of every frame, without decoding one.

        Parameters
        ----------
        flat_px : ndarray of int, shape (n,)
            Row * columns + column of each pixel.

        Returns
        -------
        ndarray or None
            (frames, n) or (frames, n, 3), values as `frame` gives them; None where frames have
            to be read whole (compressed, packed, many files).

        Raises
        ------
        UnreadableError
            The file is gone or no longer what was opened.
        """

    def overlay(self, index: int) -> NDArray[np.bool_] | None:
        """Union of the overlay planes 60xx at a frame, (rows, columns) bool; None without any."""

    def close(self) -> None:
        """Let go of what is held in memory; the source may still be used."""


class FileFrames:
    """A `FrameSource` on the files of an image set."""

    def __init__(self, image_set: ImageSet) -> None:
        if not image_set.spans or image_set.frames < 1:
            raise UnreadableError("This image set has no frames", "Open its files again.")
        self.image_set = image_set
        self._members = ZipMembers()
        self._files: OrderedDict[tuple[str, str], PixelFile] = OrderedDict()
        self._lock = Lock()
        first = self._first_usable()
        rows, columns = first.header.rows, first.header.columns
        self.shape: tuple[int, ...] = (rows, columns, 3) if first.is_colour else (rows, columns)
        self.dtype: np.dtype[Any] = first.dtype
        self.decoder = first.decoder

    def frame(self, index: int) -> NDArray[Any]:
        """See `FrameSource.frame`."""
        span, own = self.image_set.span_of(index)
        frame = self._file(span).frame(own)
        if frame.shape != self.shape or frame.dtype != self.dtype:
            raise UnreadableError(
                f"{span.path}: frame {index + 1} of {self.image_set.frames} can't be shown with"
                f" the others: it is {_form(frame.shape, frame.dtype)},"
                f" they are {_form(self.shape, self.dtype)}",
                "Open this file by itself.",
            )
        return frame

    def pixels(self, flat_px: NDArray[np.intp]) -> NDArray[Any] | None:
        """See `FrameSource.pixels`."""
        spans = self.image_set.spans
        if len(spans) != 1 or spans[0].first != 0 or spans[0].member:
            return None
        return self._file(spans[0]).pixels(flat_px, self.image_set.frames)

    def overlay(self, index: int) -> NDArray[np.bool_] | None:
        """See `FrameSource.overlay`."""
        span, own = self.image_set.span_of(index)
        return self._file(span).overlay(own)

    def close(self) -> None:
        """See `FrameSource.close`."""
        self._members.clear()
        with self._lock:
            self._files.clear()

    def _first_usable(self) -> PixelFile:
        """The first file that can be read; it says what all frames are like."""
        problem: UnreadableError | None = None
        for span in self.image_set.spans:
            try:
                return self._file(span)
            except UnreadableError as error:
                problem = problem or error
        raise problem or UnreadableError("This image set has no frames", "Open its files again.")

    def _file(self, span: FrameSpan) -> PixelFile:
        key = (str(span.path), span.member)
        with self._lock:
            known = self._files.get(key)
            if known is not None:
                return known
        found = PixelFile(self._bytes(span), span.first + span.count)
        with self._lock:
            self._files[key] = found
            while len(self._files) > KEPT_HEADERS:
                self._files.popitem(last=False)
        return found

    def _bytes(self, span: FrameSpan) -> ByteSource:
        if span.member:
            return self._members.source(span.path, span.member)
        return disk_bytes(span.path)


def open_frames(image_set: ImageSet) -> FrameSource:
    """Open an image set for decoding: frame places are found, nothing is decoded.

    Raises
    ------
    UnreadableError
        Not one of its files can be used.
    """
    if "pydicom.pixels.decoders.base" in sys.modules:
        from viewer.dicom.pydicom_plugin import register

        register()
    return FileFrames(image_set)


def _form(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    colour = "RGB" if len(shape) == 3 else "grey"
    return f"{shape[1]} x {shape[0]} {colour} {dtype.name}"
