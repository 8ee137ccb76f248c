"""Video in DICOM: every frame is the one asked for, in any order, in every wrapping."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from frame_samples import data_set, image_set, save_fragments

from viewer.dicom.frames import FrameSource, open_frames
from viewer.dicom.index import index
from viewer.dicom.video import _places
from viewer.errors import UnreadableError

FRAMES = 40
MPEG2, H264, HEVC = (f"1.2.840.10008.1.2.4.{code}" for code in (100, 102, 107))
KINDS = [
    ("mpeg2video", "mpegts", MPEG2),
    ("mpeg2video", "mpeg", MPEG2),
    ("mpeg2video", "mpeg2video", MPEG2),
    ("libx264", "mp4", H264),
    ("libx264", "mpegts", H264),
    ("libx264", "h264", H264),
    ("libx265", "mp4", HEVC),
    ("libx265", "hevc", HEVC),
]


def _picture(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Its number in bars, a colour of its own."""
    rgb = np.full((64, 96, 3), (40, 4 * number + 40, 90), np.uint8)
    for bit in range(8):
        rgb[24:56, 8 + 10 * bit : 16 + 10 * bit] = 255 if number >> bit & 1 else 0
    return rgb


@cache
def _video(codec: str, container: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        stream = target.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.gop_size, stream.codec_context.max_b_frames = 12, 2
        stream.bit_rate = 2_000_000
        for number in range(FRAMES):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(_picture(number), "rgb24")))
        target.mux(stream.encode(None))
    return out.getvalue()


def _save(path: Path, data: bytes, syntax: str, frames: int = FRAMES, **values: Any) -> Path:
    values = {"PhotometricInterpretation": "YBR_PARTIAL_420", **values}
    ds = data_set((64, 96, 3), b"", frames=frames, **values)
    return save_fragments(ds, [data], path, syntax, table=False, pieces=3)


def _number(rgb: np.ndarray[Any, Any]) -> int:
    return sum(int(rgb[40, 12 + 10 * bit].mean() > 128) << bit for bit in range(8))


def _check(source: FrameSource, order: list[int]) -> None:
    for number in order:
        assert _number(source.frame(number)) == number


@pytest.mark.parametrize(("codec", "container", "syntax"), KINDS)
def test_every_frame_in_any_order(tmp_path: Path, codec: str, container: str, syntax: str) -> None:
    (found,) = index([_save(tmp_path / "a.dcm", _video(codec, container), syntax)]).image_sets
    source = open_frames(found)
    assert source.decoder.startswith("PyAV ")
    assert source.shape == (64, 96, 3)
    assert found.frames == FRAMES
    shuffled = np.random.default_rng(2).permutation(FRAMES).tolist()
    _check(source, [FRAMES - 1, *shuffled, *range(FRAMES), *range(FRAMES - 1, -1, -1)])


def test_colours_are_right(tmp_path: Path) -> None:
    source = open_frames(
        image_set(_save(tmp_path / "a.dcm", _video("libx264", "mp4"), H264), frames=FRAMES)
    )
    for number in (0, 20, 39):
        wanted = _picture(number)[4:16, 40]
        assert np.abs(source.frame(number)[4:16, 40].astype(int) - wanted).max() <= 6


def test_a_header_that_counts_wrong_moves_no_frame(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.dcm", _video("libx264", "mpegts"), H264, frames=FRAMES - 1)
    _check(open_frames(image_set(path, frames=FRAMES - 1)), [30, 3, 38, 0])


def test_missing_packets_are_named_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    stream = bytearray(_video("libx264", "mpegts"))
    middle = len(stream) // 2 // 188 * 188
    del stream[middle : middle + 188 * 40]
    source = open_frames(image_set(_save(tmp_path / "a.dcm", bytes(stream), H264), frames=FRAMES))
    good, bad = [], []
    for number in range(FRAMES):
        try:
            good.append((number, _number(source.frame(number))))
        except UnreadableError as error:
            bad.append(f"frame {number + 1} of {FRAMES} can't be read" in str(error))
    before = [seen for seen in good if seen[0] < 10]
    after = [seen for seen in good if seen[0] >= FRAMES - 4]
    assert before == [(number, number) for number in range(10)]
    assert after == [(number, number) for number in range(FRAMES - 4, FRAMES)]
    assert bad
    assert all(bad)


def test_grey_video_gives_luma(tmp_path: Path) -> None:
    ds = data_set((64, 96), b"", frames=FRAMES)
    path = save_fragments(ds, [_video("libx264", "mp4")], tmp_path / "a.dcm", H264, table=False)
    source = open_frames(image_set(path, frames=FRAMES))
    assert source.shape == (64, 96)
    assert source.dtype == np.uint8
    assert np.ptp(source.frame(7)) > 150


@pytest.mark.parametrize(
    ("data", "values", "message"),
    [
        (b"\0\0\1" + bytes(range(256)) * 8, {}, "its video can't be read"),
        (None, {"Rows": 16}, "its video is 96 x 64 with 40 frames, the header says 96 x 16"),
    ],
)
def test_what_is_no_such_video_is_told(
    tmp_path: Path, data: bytes | None, values: dict[str, Any], message: str
) -> None:
    path = _save(tmp_path / "a.dcm", data or _video("libx264", "mp4"), H264, **values)
    with pytest.raises(UnreadableError, match=message):
        open_frames(image_set(path, frames=FRAMES))


def test_more_frames_announced_than_bytes_are_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.dcm", _video("libx264", "mp4"), H264, frames=2**30)
    found = index([path])
    assert not found.image_sets
    assert "1,073,741,824 frames" in found.skipped[0].reason


def test_places_by_time() -> None:
    assert _places([0, 30, 10, 20], 4) == {0: 0, 1: 3, 2: 1, 3: 2}
    assert _places([0, 10, 40, 50], 6) == {0: 0, 1: 1, 2: 4, 3: 5}  # two are missing
    assert _places([0, 10, 10, 30], 4) == {}
    assert _places([0, None, 20, 30], 4) == {}
    assert _places([0, 5, 10, 15, 20, 25, 30, 35], 4) == {}  # fields
    assert _places([0, 10, 24, 33, 46], 9) == {}  # uneven
