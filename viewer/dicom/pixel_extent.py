"""How many whole frames a file really holds, without reading its pixels.

Native frames are counted by arithmetic; encapsulated ones by their offset table or by stepping
from fragment to fragment (PS3.5 A.4), eight bytes each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

from viewer.dicom.codestream import (
    DamagedFrameError,
    is_rle_start,
    looks_like_start,
    read_code_stream,
)
from viewer.dicom.dicom_file import (
    EXPLICIT_LITTLE,
    NATIVE_SYNTAXES,
    SYNTAX_NAMES,
    FileHeader,
    PixelPlace,
)
from viewer.dicom.streams import Stream

_ITEM = b"\xfe\xff\x00\xe0"
_SEQUENCE_END = b"\xfe\xff\xdd\xe0"
_SNIFFED = {
    0xC0: "1.2.840.10008.1.2.4.50",
    0xC1: "1.2.840.10008.1.2.4.51",
    0xC3: "1.2.840.10008.1.2.4.70",
    0xF7: "1.2.840.10008.1.2.4.80",
}
_J2K = "1.2.840.10008.1.2.4.91"
CODE_STREAM_END = b"\xff\xd9"
END_SEARCHED = 64
"""The end of a JPEG or JPEG 2000 code stream, and within how many last bytes it is looked for."""
_COLOUR_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_COLOUR_READ = 4096
_VIDEO_PREFIX = "1.2.840.10008.1.2.4.10"
"""MPEG-2, MPEG-4 and HEVC: one stream for all frames, so fragments say nothing of frames."""


@dataclass(frozen=True, slots=True)
class FrameShape:
    """What of a header decides the size of a frame."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    photometric: str

    @property
    def native_bytes(self) -> float:
        """Bytes of one uncompressed frame (PS3.3 C.7.6.3.1.2: 4:2:2 shares its chroma)."""
        samples = self.samples
        if samples == 3 and self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422"):
            samples = 2
        return self.rows * self.columns * samples * self.bits_allocated / 8


@dataclass(frozen=True, slots=True)
class Extent:
    """Frames that can be read, and what to tell about them.

    Attributes
    ----------
    frames : int
        Whole frames.
    declared : int
        Frames the header announces (those found, when its number is no use).
    transfer_syntax_uid : str
        How the pixels are really stored.
    problem : str
        Why nothing can be shown; empty when something can.
    """

    frames: int
    declared: int
    transfer_syntax_uid: str
    warnings: tuple[str, ...] = ()
    problem: str = ""


def measure(file: FileHeader, stream: Stream, shape: FrameShape) -> Extent:
    """Count the frames of a file that has pixel data."""
    pixels = file.pixels
    if pixels is None:
        raise ValueError("no pixel data to measure")
    syntax = file.transfer_syntax_uid
    says_native = syntax in NATIVE_SYNTAXES
    if pixels.length is None:
        counted, cut = _encapsulated_frames(pixels, file, stream, _declared(file))
        if not says_native:
            notes = _colour_notes(pixels, stream, shape, syntax)
            return _answer(file, counted, cut, syntax, notes)
        found = _sniffed(pixels, stream)
        note = "The header says the pixels are uncompressed; they are compressed."
        return _answer(file, counted, cut, found or syntax, (note,))
    if says_native:
        return _native(file, pixels, shape, syntax, ())
    name = SYNTAX_NAMES.get(syntax, syntax)
    note = f"The header says the pixels are {name}; they are not compressed: read as they are."
    return _native(file, pixels, shape, EXPLICIT_LITTLE, (note,))


def _colour_notes(
    pixels: PixelPlace, stream: Stream, shape: FrameShape, syntax: str
) -> tuple[str, ...]:
    """What to tell when a JPEG's own colour model is not the one the header names."""
    if syntax not in _COLOUR_JPEG or shape.samples != 3 or not stream.seekable:
        return ()
    from viewer.dicom.decoders import Space, colour_of_jpeg

    table = stream.at(pixels.offset, 8)
    first = pixels.offset + 8 + int.from_bytes(table[4:8], "little")
    try:
        code = read_code_stream(stream.at(first + 8, _COLOUR_READ))
    except DamagedFrameError:
        return ()  # the frame itself will say what is wrong
    if code.components != 3:
        return ()
    found, says_rgb = colour_of_jpeg(code, shape.photometric), shape.photometric == "RGB"
    if (found is Space.RGB) == says_rgb:
        return ()
    name = "RGB" if found is Space.RGB else "YCbCr"
    return (
        f"The header says its colours are {shape.photometric}; its JPEG data are {name}:"
        " shown by the data.",
    )


def _declared(file: FileHeader) -> int | None:
    """Number of Frames; 1 when absent; None when it is no number or not positive."""
    if "NumberOfFrames" not in file.header:
        return 1
    count = file.header.integer("NumberOfFrames")
    return count if count is not None and count > 0 else None


def _native(
    file: FileHeader, pixels: PixelPlace, shape: FrameShape, syntax: str, notes: tuple[str, ...]
) -> Extent:
    there = min(pixels.length or 0, max(file.size - pixels.offset, 0))
    each = shape.native_bytes
    whole = int(there // each) if each > 0 else 0
    extent = _answer(file, whole, False, syntax, notes)
    if extent.problem and there:
        size = f"{shape.columns} x {shape.rows}"
        return Extent(
            0,
            extent.declared,
            syntax,
            problem=f"a frame of {size} pixels needs {int(each):,} bytes and the file holds "
            f"{there:,}; it is damaged or not what it says, export it again",
        )
    return extent


def _answer(
    file: FileHeader, whole: int | None, cut: bool, syntax: str, notes: tuple[str, ...]
) -> Extent:
    """Frames declared against frames found; `whole` None when they can't be counted."""
    declared = _declared(file)
    written = file.header.text("NumberOfFrames")
    if declared is None:
        count = whole or 0
        if count == 0:
            return Extent(
                0,
                0,
                syntax,
                problem=f"Number of Frames is {written!r} and it holds no whole frame; "
                "export it again",
            )
        note = f"Number of Frames is {written!r}; {_frames(count)} found in the pixel data."
        return Extent(count, count, syntax, (*notes, note))
    if "NumberOfFrames" not in file.header and whole is not None and whole > 1 and not cut:
        note = f"The header gives no Number of Frames; {_frames(whole)} found in the pixel data."
        return Extent(whole, whole, syntax, (*notes, note))
    if whole is None and declared > file.size:  # not even a byte each
        problem = f"it announces {declared:,} frames in {file.size:,} bytes; export it again"
        return Extent(0, declared, syntax, problem=problem)
    if whole is not None and whole > declared and file.pixels and file.pixels.length is None:
        note = (
            f"The header says {_frames(declared)}; {whole} are in the file: the rest is left out."
        )
        return Extent(declared, declared, syntax, (*notes, note))
    if whole is None or whole >= declared:
        return Extent(declared, declared, syntax, notes)
    if whole == 0:
        problem = "its pixel data hold no whole frame; copy or export it again"
        return Extent(0, declared, syntax, problem=problem)
    note = f"{whole} of {declared} frames are present; the file is shorter than its header says."
    return Extent(whole, declared, syntax, (*notes, note))


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"


def _encapsulated_frames(
    pixels: PixelPlace, file: FileHeader, stream: Stream, declared: int | None
) -> tuple[int | None, bool]:
    """Whole frames (None when they can't be counted) and whether the file is cut off."""
    if file.transfer_syntax_uid.startswith(_VIDEO_PREFIX):
        return None, False
    table_head = stream.at(pixels.offset, 8)
    if table_head[:4] != _ITEM or len(table_head) < 8:
        return 0, True
    table_bytes = struct.unpack("<I", table_head[4:])[0]
    entries = pixels.extended_frames or table_bytes // 4
    if not stream.seekable:
        return (entries or None), False
    if entries and entries == declared and _ends_properly(file.size, stream):
        return entries, False
    if declared is not None and entries < declared:  # not of all frames: no use
        entries = 0
    fragments, cut = _fragments(stream, pixels.offset + 8 + table_bytes, file.size)
    if not entries and cut and declared is not None and declared > 1:
        return _whole_without_table(stream, fragments, declared), True
    if not entries:
        # Several fragments may make one frame: only fewer fragments than frames is a shortage.
        if declared is not None and len(fragments) > declared and not cut:
            return max(declared, _code_streams(stream, fragments)), cut
        return len(fragments), cut
    if not cut:
        return entries, False
    return _before(stream, pixels, fragments, entries), True


def _ends_properly(size: int, stream: Stream) -> bool:
    """Whether the last bytes close the pixel data (elements after them are rare)."""
    return stream.at(max(size - 8, 0), 8) == _SEQUENCE_END + b"\0\0\0\0"


def _fragments(stream: Stream, pos: int, size: int) -> tuple[list[int], bool]:
    """Offsets of the whole fragments from `pos`, and whether the file ends before the last."""
    found: list[int] = []
    while pos + 8 <= size:
        head = stream.at(pos, 8)
        if head[:4] != _ITEM:
            return found, head[:4] != _SEQUENCE_END
        after = pos + 8 + int(struct.unpack("<I", head[4:])[0])
        if after > size:
            return found, True
        found.append(pos)
        pos = after
    return found, True


def _whole_without_table(stream: Stream, fragments: list[int], declared: int) -> int:
    """Whole frames of a cut-off file without offset table, told by where code streams begin.

    The last one begun counts when its last fragment holds the code stream's end. Where no
    fragment shows a beginning each is a frame.
    """
    heads = [stream.at(start + 8, 8) for start in fragments]
    begins = [k for k, head in enumerate(heads) if looks_like_start(head)]
    begun = len(begins)
    if not begun:
        return min(len(fragments), declared)
    if is_rle_start(heads[begins[-1]]):  # has no end marker: whole if as long as the one before
        lengths = [after - k for k, after in pairwise([*begins, len(fragments)])]
        return min(begun if lengths[-1] == max(lengths) else begun - 1, declared)
    return min(begun if _has_end(stream, fragments[-1]) else begun - 1, declared)


def _code_streams(stream: Stream, fragments: list[int]) -> int:
    """Code streams that begin where a fragment does, behind the end of the one before."""
    return sum(
        is_rle_start(head) or (looks_like_start(head) and (k == 0 or _has_end(stream, before)))
        for k, (before, start) in enumerate(pairwise([0, *fragments]))
        if (head := stream.at(start + 8, 8))
    )


def _has_end(stream: Stream, fragment: int) -> bool:
    """Whether the fragment at this offset holds the end of a code stream in its last bytes."""
    length: int = struct.unpack("<I", stream.at(fragment + 4, 4))[0]
    tail = stream.at(fragment + 8 + max(0, length - END_SEARCHED), min(length, END_SEARCHED))
    return CODE_STREAM_END in tail


def _before(stream: Stream, pixels: PixelPlace, fragments: list[int], entries: int) -> int:
    """Frames of a cut-off file that are whole: those whose next frame has begun."""
    if pixels.extended_frames or not fragments:
        return min(len(fragments), entries)
    table = stream.at(pixels.offset + 8, entries * 4)
    offsets = struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])
    first = pixels.offset + 8 + entries * 4
    begun: int = sum(first + offset <= fragments[-1] for offset in offsets)
    length: int = struct.unpack("<I", stream.at(fragments[-1] + 4, 4))[0]
    after_last = fragments[-1] + 8 + length
    next_starts = begun < len(offsets) and first + offsets[begun] == after_last
    return begun if next_starts or begun == len(offsets) else begun - 1


def _sniffed(pixels: PixelPlace, stream: Stream) -> str:
    """Transfer syntax told by the first fragment's own markers, empty when unknown."""
    head = stream.at(pixels.offset, 4096)
    start = head.find(b"\xff\xd8\xff")
    if start < 0:
        return _J2K if b"\xff\x4f\xff\x51" in head else ""
    pos = start + 2
    while pos + 4 <= len(head) and head[pos] == 0xFF:
        if head[pos + 1] in _SNIFFED:
            return _SNIFFED[head[pos + 1]]
        pos += 2 + int(struct.unpack(">H", head[pos + 2 : pos + 4])[0])
    return ""
