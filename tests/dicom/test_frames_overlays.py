"""Overlay planes, stored by themselves or in unused bits of the pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from frame_samples import data_set, image_set, pattern, save
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.frames import open_frames

SHAPE = (10, 13)


def _bits(seed: int, frames: int = 1, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, (frames, *shape), np.uint8)


def _add(ds: Dataset, group: int, bits: NDArray[np.uint8], **more: Any) -> None:
    data = np.packbits(bits.ravel(), bitorder="little").tobytes()
    elements: dict[int, tuple[str, Any]] = {
        0x10: ("US", bits.shape[1]),
        0x11: ("US", bits.shape[2]),
        0x40: ("CS", "G"),
        0x50: ("SS", more.get("origin", [1, 1])),
        0x100: ("US", 1),
        0x102: ("US", 0),
        0x3000: ("OW", data + b"\0" * (len(data) % 2)),
    }
    if "frames" in more:
        elements[0x15] = ("IS", more["frames"])
        elements[0x51] = ("US", more.get("first", 1))
    for element, (vr, value) in elements.items():
        ds.add_new((group, element), vr, value)


def _set(ds: Dataset, path: Path, frames: int = 1) -> Any:
    return open_frames(image_set(save(ds, path), frames=frames))


def test_no_overlay_is_none(tmp_path: Path) -> None:
    assert _set(data_set(SHAPE, bytes(130)), tmp_path / "a.dcm").overlay(0) is None


def test_planes_are_united(tmp_path: Path) -> None:
    ds = data_set(SHAPE, bytes(130))
    first, second = _bits(1), _bits(2)
    _add(ds, 0x6000, first)
    _add(ds, 0x6004, second)
    overlay = _set(ds, tmp_path / "a.dcm").overlay(0)
    assert overlay.dtype == bool
    assert np.array_equal(overlay, (first | second)[0].astype(bool))


def test_a_plane_without_frames_lies_on_every_frame(tmp_path: Path) -> None:
    ds = data_set(SHAPE, bytes(260), frames=2)
    bits = _bits(3)
    _add(ds, 0x6000, bits)
    source = _set(ds, tmp_path / "a.dcm", 2)
    for index in range(2):
        assert np.array_equal(source.overlay(index), bits[0].astype(bool))


def test_frames_of_a_plane_begin_where_it_says(tmp_path: Path) -> None:
    ds = data_set(SHAPE, bytes(130 * 4), frames=4)
    bits = _bits(4, frames=2)
    _add(ds, 0x6000, bits, frames=2, first=2)
    source = _set(ds, tmp_path / "a.dcm", 4)
    assert source.overlay(0) is None
    assert np.array_equal(source.overlay(1), bits[0].astype(bool))
    assert np.array_equal(source.overlay(2), bits[1].astype(bool))
    assert source.overlay(3) is None


def test_an_origin_outside_cuts_the_plane(tmp_path: Path) -> None:
    ds = data_set(SHAPE, bytes(130))
    bits = np.ones((1, 4, 4), np.uint8)
    _add(ds, 0x6000, bits, origin=[-1, 12])
    overlay = _set(ds, tmp_path / "a.dcm").overlay(0)
    wanted = np.zeros(SHAPE, bool)
    wanted[:2, 11:13] = True
    assert np.array_equal(overlay, wanted)


def test_bits_that_are_not_all_there_are_left_out(tmp_path: Path) -> None:
    ds = data_set(SHAPE, bytes(130))
    _add(ds, 0x6000, _bits(5))
    ds[0x6000, 0x3000].value = bytes(4)
    assert _set(ds, tmp_path / "a.dcm").overlay(0) is None


def test_bits_embedded_in_the_pixels(tmp_path: Path) -> None:
    grey, bits = pattern(SHAPE, 12), _bits(6)[0]
    ds = data_set(
        SHAPE, (grey | bits.astype(np.uint16) << 14).tobytes(), BitsAllocated=16, BitsStored=12
    )
    for element, value in ((0x10, 10), (0x11, 13), (0x100, 16), (0x102, 14)):
        ds.add_new((0x6000, element), "US", value)
    source = _set(ds, tmp_path / "a.dcm")
    assert np.array_equal(source.overlay(0), bits.astype(bool))
    assert np.array_equal(source.frame(0), grey)
