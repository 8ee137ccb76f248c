"""Real images by others: all decode, or say in one message why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from frame_samples import image_set
from imagecodecs import jpeg8_decode
from pydicom.encaps import generate_frames

from viewer.dicom.frames import FrameSource, open_frames
from viewer.dicom.index import index
from viewer.errors import UnreadableError

HOSTILE = {
    "corrupt_jpeg.dcm": "frame 1 of 1 can't be read: its data are no JPEG",
    "declares_46341x46341.dcm": "one frame of 46341 x 46341 would take 4096 MB",
    "no_rows.dcm": "does not say how many rows",
}


def _open(path: Path) -> FrameSource:
    (found,) = index([path]).image_sets
    return open_frames(found)


@pytest.mark.parametrize("name", ["RLE", "J2KR", "JPLL", "JLSL", "JPH"])
def test_lossless_encodings_of_one_frame_are_equal(shared_data: Path, name: str) -> None:
    plain = _open(shared_data / "codecs" / "xa1_UNC.dcm").frame(0)
    frame = _open(shared_data / "codecs" / f"xa1_{name}.dcm").frame(0)
    assert frame.dtype == plain.dtype
    assert np.array_equal(frame, plain)


@pytest.mark.parametrize(("name", "within"), [("JLSN", 4), ("J2KI", 8)])
def test_lossy_encodings_are_near(shared_data: Path, name: str, within: int) -> None:
    plain = _open(shared_data / "codecs" / "xa1_UNC.dcm").frame(0).astype(int)
    assert (
        np.abs(_open(shared_data / "codecs" / f"xa1_{name}.dcm").frame(0) - plain).max() <= within
    )


def test_twelve_bit_extended_jpeg_resembles_its_original(shared_data: Path) -> None:
    plain = _open(shared_data / "codecs" / "xa1_UNC.dcm").frame(0).astype(int)
    frame = _open(shared_data / "hostile" / "xa1_12bit_extended_jpeg.dcm").frame(0)
    assert np.abs(frame - plain).mean() < 3.0


@pytest.mark.parametrize("folder", ["xa", "ivus", "us"])
def test_first_middle_and_last_frame_of_every_file(shared_data: Path, folder: str) -> None:
    paths = sorted((shared_data / folder).glob("*.dcm"))
    assert paths
    for path in paths:
        (found,) = index([path]).image_sets
        source = open_frames(found)
        for number in {0, found.frames // 2, found.frames - 1}:
            frame = source.frame(number)
            assert frame.shape == source.shape
            assert frame.shape[:2] == (found.rows, found.columns)
            assert frame.dtype == source.dtype
            assert np.ptp(frame) > 20


def test_a_grey_pullback_in_colour_stays_rgb(shared_data: Path) -> None:
    frame = _open(shared_data / "ivus" / "ivus_large_vessel_100f.dcm").frame(50)
    assert frame.shape == (500, 500, 3)


def test_44_fragments_make_8_frames(shared_data: Path) -> None:
    path = shared_data / "us" / "us_fragmented_vector_8f.dcm"
    source = _open(path)
    with pytest.warns(UserWarning, match="Specific Character Set"):
        whole = generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=8)
    for number, stream in enumerate(whole):
        assert np.array_equal(source.frame(number), jpeg8_decode(stream))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_one_clear_message(shared_data: Path, name: str) -> None:
    path = shared_data / "hostile" / name
    with pytest.raises(UnreadableError, match=HOSTILE[name]) as caught:
        open_frames(image_set(path)).frame(0)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.hint


def test_what_the_index_counts_can_be_decoded(shared_data: Path) -> None:
    found = index([shared_data / "hostile"]).image_sets
    assert found
    for item in found:
        if item.paths[0].name != "corrupt_jpeg.dcm":
            source = open_frames(item)
            assert source.frame(item.frames - 1).shape == source.shape
