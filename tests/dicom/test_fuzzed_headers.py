"""Damaged files end in one clear message, wherever the damage is."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from frame_samples import data_set, image_set, save, save_fragments
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.errors import UnreadableError
from viewer.model.study import ImageSet


def _palette(red_entries: int) -> Dataset:
    ds = data_set((8, 8), bytes(64), PhotometricInterpretation="PALETTE COLOR")
    for colour, entries in (("Red", red_entries), ("Green", 16), ("Blue", 16)):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [entries, 0, 16])
        setattr(ds, f"{colour}PaletteColorLookupTableData", bytes(2 * entries))
    return ds


def test_palettes_of_different_length_are_told(tmp_path: Path) -> None:
    path = save(_palette(12), tmp_path / "a.dcm")
    with pytest.raises(UnreadableError, match="more of one colour than of another"):
        open_frames(image_set(path))


def test_a_character_set_that_is_no_text_is_passed_over(tmp_path: Path) -> None:
    ds = data_set((8, 8), bytes(64), PatientName="Mueller")
    data = save(ds, tmp_path / "a.dcm").read_bytes()
    # (0010,0010) in bytes beyond ASCII, and a character set with a NUL inside
    data = data.replace(b"Mueller ", b"M\xfcll\xe9r\xff ")
    at = data.index(b"\x08\x00\x16\x00UI")
    broken = b"\x08\x00\x05\x00CS\x08\x00ISO\x00_X 1"
    (tmp_path / "b.dcm").write_bytes(data[:at] + broken + data[at:])
    (found,) = index([tmp_path / "b.dcm"]).image_sets
    assert found.patient.name == "Müllérÿ"


def test_half_a_big_endian_word_is_no_frame(tmp_path: Path) -> None:
    ds = data_set((7, 9), np.arange(63, dtype=np.uint8).tobytes())
    ds["PixelData"].VR = "OW"
    path = save(ds, tmp_path / "a.dcm", ExplicitVRBigEndian)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UnreadableError, match="end early"):
        open_frames(image_set(path))


@pytest.mark.parametrize("seed", range(4))
def test_any_damage_is_told_and_never_ends_the_program(tmp_path: Path, seed: int) -> None:
    chance = np.random.default_rng(seed)
    ds = _palette(16)
    ds.NumberOfFrames, ds.PixelData = 3, bytes(192)
    whole = np.frombuffer(save(ds, tmp_path / "whole.dcm").read_bytes(), np.uint8)
    path = tmp_path / "damaged.dcm"
    for _ in range(150):
        data = whole.copy()
        where = chance.integers(0, len(data), chance.choice([0, 1, 3, 10]))
        data[where] = chance.integers(0, 256, len(where))
        end = chance.integers(0, len(data)) if chance.random() < 0.4 else len(data)
        path.write_bytes(data[:end].tobytes())
        result = index([path])
        assert result.image_sets or result.skipped
        for found in result.image_sets:
            with contextlib.suppress(UnreadableError):
                _decode(found)


def _decode(found: ImageSet) -> None:
    if found.frames:
        source = open_frames(found)
        for k in range(min(3, found.frames)):
            assert source.frame(k).shape == source.shape


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_cut_file_without_a_table_counts_its_whole_frames(tmp_path: Path, pieces: int) -> None:
    frames = [
        b"\xff\x4f\xff\x51" + bytes([k]) * 290 + b"\xff\xd9" for k in (1, 2, 3, 4)
    ]  # as long as a fragment's header doesn't lie: the index looks no deeper
    ds = data_set((8, 8), b"", frames=4)
    path = save_fragments(
        ds, frames, tmp_path / "a.dcm", "1.2.840.10008.1.2.4.90", table=False, pieces=pieces
    )
    whole = path.read_bytes()
    for count in (1, 2, 3):
        behind = whole.index(bytes([count]) * 20) + 290  # inside the last fragment of frame count
        ends = whole.index(b"\xff\xd9", behind - 4) + 2
        for cut, expected in ((ends + 40, count), (ends - 20, count - 1)):
            path.write_bytes(whole[:cut])
            result = index([path])
            assert [found.frames for found in result.image_sets] == [expected][: expected > 0]
            if expected:
                assert f"{expected} of 4 frames are present" in result.image_sets[0].warnings[0]
