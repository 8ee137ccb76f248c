"""Single pixels of uncompressed frames are those of the frames read whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless, generate_uid

from viewer.dicom.frames import FileFrames, open_frames
from viewer.dicom.index import index
from viewer.errors import UnreadableError

SHAPE = (5, 12, 9)


def _written(path: Path, pixels: np.ndarray, syntax: str, planar: int = 0, bits: int = 0) -> Path:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.Modality = "IVUS"
    data.NumberOfFrames, data.Rows, data.Columns = pixels.shape[:3]
    data.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    data.PhotometricInterpretation = "RGB" if pixels.ndim == 4 else "MONOCHROME2"
    if pixels.ndim == 4:
        data.PlanarConfiguration = planar
        pixels = np.moveaxis(pixels, -1, 1) if planar else pixels
    data.BitsAllocated = 8 * pixels.dtype.itemsize
    data.BitsStored = bits or data.BitsAllocated
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    raw = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB" if data.BitsAllocated == 8 else "OW"
    if syntax == RLELossless:
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.compress(RLELossless, encoding_plugin="pydicom")
    data.save_as(path, enforce_file_format=True)
    return path


def _opened(path: Path) -> FileFrames:
    source = open_frames(index([path]).image_sets[0])
    assert isinstance(source, FileFrames)
    return source


@pytest.mark.parametrize(
    ("dtype", "colour", "syntax", "bits"),
    [
        ("u1", False, ExplicitVRLittleEndian, 8),
        ("u2", False, ExplicitVRLittleEndian, 12),
        ("i2", False, ExplicitVRLittleEndian, 16),
        ("u2", False, ExplicitVRBigEndian, 16),
        ("u1", True, ExplicitVRLittleEndian, 8),
    ],
)
def test_pixels_are_those_of_the_frames(tmp_path, dtype, colour, syntax, bits):
    random = np.random.default_rng(1)
    shape = (*SHAPE, 3) if colour else SHAPE
    low = -(2 ** (bits - 1)) if dtype == "i2" else 0
    pixels = random.integers(low, low + 2**bits, shape).astype(dtype)
    source = _opened(_written(tmp_path / "a.dcm", pixels, syntax, bits=bits))
    flat = random.integers(0, SHAPE[1] * SHAPE[2], 40)
    got = source.pixels(flat)
    assert got is not None
    frames = np.stack([source.frame(i) for i in range(SHAPE[0])])
    np.testing.assert_array_equal(got, frames.reshape(SHAPE[0], -1, *shape[3:])[:, flat])
    assert got.dtype == frames.dtype


def test_frames_that_must_be_read_whole_say_so(tmp_path):
    pixels = np.zeros(SHAPE, np.uint8)
    assert _opened(_written(tmp_path / "r.dcm", pixels, RLELossless)).pixels(np.arange(3)) is None
    colour = np.zeros((*SHAPE, 3), np.uint8)
    planar = _opened(_written(tmp_path / "p.dcm", colour, ExplicitVRLittleEndian, planar=1))
    assert planar.pixels(np.arange(3)) is None


def test_a_file_that_shrank_is_named_not_mapped(tmp_path):
    path = _written(tmp_path / "s.dcm", np.zeros(SHAPE, np.uint8), ExplicitVRLittleEndian)
    source = _opened(path)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - 300)
    with pytest.raises(UnreadableError, match="changed while it was open"):
        source.pixels(np.arange(3))
