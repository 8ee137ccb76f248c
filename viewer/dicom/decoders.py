"""One compressed frame to samples, by imagecodecs called directly.

imagecodecs' codecs release the interpreter lock, so frames decode side by side on threads; each
codec is imported when its first frame is asked for. JPEG lossless 1024 x 1024 takes 7 ms by
`jpeg8_decode` (libjpeg-turbo 3), 12 ms by `ljpeg_decode`, 31 ms by gdcm (measured, 2 cores).
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.byte_source import inflate
from viewer.dicom.codestream import Codec, CodeStream, DamagedFrameError, has_end, read_code_stream
from viewer.dicom.fallbacks import decode_elsewhere, is_unknown_kind
from viewer.dicom.free_memory import largest_block
from viewer.dicom.htj2k import decode_htj2k
from viewer.dicom.packed_bits import unpack
from viewer.dicom.pixel_header import DEFLATED_FRAMES, RLE, PixelHeader
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

_END = b"\xff\xd9"
_FILLER = b"\x55" * 64
_RLE_LARGEST_RATIO = 64
"""Two bytes stand for 128 at most (PS3.5 G.3.1)."""
_CALLED_RGB = ((0x52, 0x47, 0x42), (0x72, 0x67, 0x62))
"""Component identifiers that spell RGB or rgb."""

NAMES = {
    Codec.JPEG: "imagecodecs jpeg8",
    Codec.JPEG_LOSSLESS: "imagecodecs jpeg8",
    Codec.JPEG_LS: "imagecodecs jpegls",
    Codec.JPEG_2000: "imagecodecs jpeg2k",
    Codec.HTJ2K: "imagecodecs htj2k",
    Codec.JPEG_XL: "imagecodecs jpegxl",
}
"""What decodes a family, as told to people."""


class Space(Enum):
    """What the samples of a decoded frame mean."""

    STORED = "stored values"
    RGB = "RGB"
    YBR = "YBR_FULL"


Samples = tuple[NDArray[Any], Space]
"""(rows, columns) or (rows, columns, 3), of the stored bits; and what they mean."""


def decode(header: PixelHeader, data: memoryview) -> Samples:
    """Decode one compressed frame.

    Parameters
    ----------
    header : PixelHeader
        Of the file the frame is from.
    data : memoryview
        The whole compressed frame.

    Raises
    ------
    DamagedFrameError
        It can't be decoded, or not to what the header promises.
    """
    if header.transfer_syntax == RLE:
        return _decode_rle(header, data), _colour_space(header)
    if header.transfer_syntax == DEFLATED_FRAMES:
        return _decode_deflated(header, data), _colour_space(header)
    stream = read_code_stream(data)
    check_size(header, stream)
    try:
        samples, space = _DECODERS[stream.codec](header, stream, data)
    except (RuntimeError, ValueError, TypeError, MemoryError, OverflowError, ImportError) as error:
        other = decode_elsewhere(header, bytes(data)) if is_unknown_kind(error) else None
        if other is not None:
            return other[0], _space(*other)
        log.info("%s frame not decoded: %s", stream.codec.value, error)
        raise DamagedFrameError(f"its {stream.codec.value} data are damaged") from error
    channels = (3,) if stream.components == 3 else ()
    if samples.shape != (stream.rows, stream.columns, *channels):
        raise DamagedFrameError(f"its {stream.codec.value} data are of an unexpected form")
    return samples, space


def decoder_name(header: PixelHeader, code: CodeStream | None) -> str:
    """What decodes the frames of a file, judged by the code stream of its first."""
    if header.transfer_syntax == RLE:
        return "imagecodecs dicomrle"
    if header.transfer_syntax == DEFLATED_FRAMES:
        return "zlib"
    if code and code.codec is Codec.HTJ2K and code.lossy:
        return NAMES[Codec.JPEG_2000]
    return NAMES[code.codec] if code else "imagecodecs"


def check_size(header: PixelHeader, stream: CodeStream) -> None:
    """Refuse a code stream of another size than the header's, before room is made for it.

    Raises
    ------
    DamagedFrameError
        The sizes differ, or the samples are not 1 or 3.
    """
    if (stream.rows, stream.columns) != (header.rows, header.columns):
        raise DamagedFrameError(
            f"its compressed data are {stream.columns} x {stream.rows},"
            f" the header says {header.columns} x {header.rows}"
        )
    size = stream.rows * stream.columns * stream.components * (1 if stream.bits <= 8 else 2)
    if stream.components not in (1, 3):
        raise DamagedFrameError(f"its compressed data have {stream.components} channels")
    if size > largest_block():
        raise DamagedFrameError(f"its {size / 2**20:.0f} MB do not fit in the memory that is free")


def colour_of_jpeg(stream: CodeStream, photometric: str) -> Space:
    """What three JPEG components are: the code stream's own word first, then the header's.

    The order is libjpeg's (JFIF, Adobe, component ids 'RGB'); subsampled chroma can't be RGB.
    Only a code stream that says nothing leaves the word to Photometric Interpretation.
    """
    if stream.subsampled or stream.jfif:
        return Space.YBR
    if stream.adobe is not None:
        return Space.YBR if stream.adobe == 1 else Space.RGB
    if stream.ids in _CALLED_RGB:
        return Space.RGB
    return Space.RGB if photometric == "RGB" else Space.YBR


def _decode_jpeg(header: PixelHeader, stream: CodeStream, data: memoryview) -> Samples:
    """Baseline, extended and progressive JPEG; the codec turns YCbCr into RGB itself."""
    if stream.components == 1:
        return _whole_jpeg(data, {}), Space.STORED
    space = colour_of_jpeg(stream, header.photometric)
    source = "YCBCR" if space is Space.YBR else "RGB"
    return _whole_jpeg(data, {"colorspace": source, "outcolorspace": "RGB"}), Space.RGB


def _decode_jpeg_lossless(header: PixelHeader, stream: CodeStream, data: memoryview) -> Samples:
    """JPEG lossless never transforms colours: its samples are what the header says.

    Unless its components are called R, G and B, which is more than a word of the header.
    """
    options = {} if stream.components == 1 else {"colorspace": "RGB", "outcolorspace": "RGB"}
    samples = _whole_jpeg(data, options)
    if stream.bits < 8 * samples.dtype.itemsize and samples.max() >> stream.bits:
        raise DamagedFrameError("its JPEG lossless data are damaged")
    if stream.components == 3:
        return samples, Space.RGB if stream.ids in _CALLED_RGB else _colour_space(header)
    return samples, Space.STORED


def _whole_jpeg(data: memoryview, options: dict[str, str]) -> NDArray[Any]:
    """Decode, making sure that no part is missing.

    libjpeg fills what is missing with grey and says nothing. Without an end marker a frame is
    decoded twice with different bytes behind it: if these change the picture, it lacked some.
    """
    jpeg = _codecs().jpeg8_decode
    if has_end(data):
        return np.asarray(jpeg(data, **options))
    samples = jpeg(bytes(data) + _END, **options)
    if not np.array_equal(samples, jpeg(bytes(data) + _FILLER + _END, **options)):
        raise DamagedFrameError("its JPEG data end early")
    return np.asarray(samples)


def _decode_jpeg_ls(header: PixelHeader, stream: CodeStream, data: memoryview) -> Samples:
    """JPEG-LS; CharLS takes 3 s to refuse a frame without an end, so that is looked at first."""
    if not has_end(data):
        raise DamagedFrameError("its JPEG-LS data end early")
    samples = np.asarray(_codecs().jpegls_decode(data))
    return samples, _colour_space(header) if stream.components == 3 else Space.STORED


def _decode_jpeg_2000(header: PixelHeader, stream: CodeStream, data: memoryview) -> Samples:
    samples = np.asarray(_codecs().jpeg2k_decode(data))
    return samples, _colour_of_j2k(header, stream)


def _decode_htj2k(header: PixelHeader, stream: CodeStream, data: memoryview) -> Samples:
    return decode_htj2k(stream, data), _colour_of_j2k(header, stream)


def _decode_jpeg_xl(header: PixelHeader, stream: CodeStream, data: memoryview) -> Samples:
    """JPEG XL; the codec gives RGB whatever the code stream works in."""
    samples = np.asarray(_codecs().jpegxl_decode(bytes(data)))
    return samples, Space.RGB if stream.components == 3 else Space.STORED


def _colour_of_j2k(header: PixelHeader, stream: CodeStream) -> Space:
    """The codec has undone RCT and ICT; only samples without them can still be YBR."""
    if stream.components == 1:
        return Space.STORED
    return Space.RGB if stream.transformed else _colour_space(header)


def _colour_space(header: PixelHeader) -> Space:
    """What the header says of samples that come as they were stored."""
    if header.samples == 1:
        return Space.STORED
    return Space.YBR if header.photometric.startswith("YBR_FULL") else Space.RGB


def _space(samples: NDArray[Any], photometric: str) -> Space:
    """What samples are by the Photometric Interpretation of whoever decoded them."""
    if samples.ndim == 2:
        return Space.STORED
    return Space.YBR if photometric.startswith("YBR_FULL") else Space.RGB


def _decode_rle(header: PixelHeader, data: memoryview) -> NDArray[Any]:
    """RLE (PS3.5 G): one plane of bytes a segment, most significant first."""
    segments = header.samples * header.dtype.itemsize
    if len(data) < 64 or int.from_bytes(data[:4], "little") != segments:
        raise DamagedFrameError("its RLE data are damaged")
    dtype = header.dtype.newbyteorder("<")
    shape = (header.rows, header.columns)
    size = header.rows * header.columns * header.samples * dtype.itemsize
    if size > _RLE_LARGEST_RATIO * len(data):  # before room is made for it
        raise DamagedFrameError("its RLE data end early")
    try:
        plain = _codecs().dicomrle_decode(data, dtype, out=size)
    except (RuntimeError, ValueError) as error:
        raise DamagedFrameError("its RLE data are damaged") from error
    if len(plain) < size:
        raise DamagedFrameError("its RLE data end early")
    samples = np.frombuffer(plain, dtype, size // dtype.itemsize)
    if header.samples == 1:
        return samples.reshape(shape)
    return np.ascontiguousarray(np.moveaxis(samples.reshape(header.samples, *shape), 0, -1))


def _decode_deflated(header: PixelHeader, data: memoryview) -> NDArray[Any]:
    """Deflated Image Frame Compression (PS3.5 A.4.11): native bytes of one frame, deflated."""
    size = -(-header.native_frame_bits // 8)
    try:
        plain = inflate(bytes(data), header.source.name, size + 1)
    except UnreadableError as error:
        raise DamagedFrameError("its deflated data are damaged") from error
    if not size <= len(plain) <= size + 1:
        raise DamagedFrameError("its deflated data end early")
    shape = (header.rows, header.columns, header.samples)
    count = header.rows * header.columns * header.samples
    if header.is_packed:
        raw = np.frombuffer(plain, np.uint8)
        samples = unpack(raw, 0, count, header.bits_allocated).view(header.dtype)
    else:
        samples = np.frombuffer(plain, header.dtype.newbyteorder("<"), count)
    samples = samples.reshape(shape)
    return samples if header.samples == 3 else samples[..., 0]


_DECODERS = {
    Codec.JPEG: _decode_jpeg,
    Codec.JPEG_LOSSLESS: _decode_jpeg_lossless,
    Codec.JPEG_LS: _decode_jpeg_ls,
    Codec.JPEG_2000: _decode_jpeg_2000,
    Codec.HTJ2K: _decode_htj2k,
    Codec.JPEG_XL: _decode_jpeg_xl,
}


def _codecs() -> ModuleType:
    """imagecodecs, which loads each codec when its function is first asked for."""
    import imagecodecs

    return imagecodecs
