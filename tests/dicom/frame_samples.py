"""Small DICOM files with known pixels, for the tests of frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from viewer.model.study import FrameSpan, ImageSet, Patient, Role

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.201"
RLE = "1.2.840.10008.1.2.5"
INSTANCE = "1.2.826.0.1.3680043.10.1.1"


def pattern(shape: tuple[int, ...], bits: int = 8, *, seed: int = 1) -> NDArray[Any]:
    """Smooth shapes with a little noise, using `bits`; last axis of 3 is colour."""
    rng = np.random.default_rng(seed)
    rows, columns = shape[:2]
    y, x = np.mgrid[:rows, :columns]
    top = (1 << bits) - 1
    wave = 0.5 + 0.4 * np.sin(x / 5.0 + seed) * np.cos(y / 7.0)
    grey = wave * top + rng.integers(-2, 3, (rows, columns))
    grey = np.clip(grey, 0, top).astype(np.uint8 if bits <= 8 else np.uint16)
    if len(shape) == 2:
        return grey
    return np.stack([grey, np.roll(grey, 9, 1), top - grey], axis=-1)


def data_set(shape: tuple[int, ...], data: bytes, *, frames: int = 1, **values: Any) -> Dataset:
    """A data set of frames of `shape` whose pixel data are `data`."""
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
    ds.SOPInstanceUID = INSTANCE
    ds.Modality = "XA"
    ds.PatientID = "P1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{INSTANCE}.2", f"{INSTANCE}.3"
    ds.SamplesPerPixel = 3 if len(shape) == 3 else 1
    ds.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if len(shape) == 3:
        ds.PlanarConfiguration = 0
    if frames != 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = shape[:2]
    ds.BitsAllocated = ds.BitsStored = 8
    ds.PixelRepresentation = 0
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    if "HighBit" not in values:
        ds.HighBit = ds.BitsStored - 1
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"
    return ds


def save(ds: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a DICOM file as it is."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    if syntax == ExplicitVRBigEndian:
        ds.save_as(path, implicit_vr=False, little_endian=False, enforce_file_format=True)
    else:
        ds.save_as(path, enforce_file_format=True)
    return path


def save_fragments(
    ds: Dataset,
    frames: list[bytes],
    path: Path,
    syntax: str,
    *,
    table: bool = True,
    pieces: int = 1,
) -> Path:
    """Write compressed frames, each in `pieces` fragments."""
    ds.PixelData = encapsulate(frames, has_bot=table, fragments_per_frame=pieces)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return save(ds, path, syntax)


def image_set(*paths: Path, frames: int = 1, member: str = "") -> ImageSet:
    """An image set of these files, `frames` in each."""
    spans = tuple(FrameSpan(path, 0, frames, INSTANCE, member) for path in paths)
    return ImageSet(
        uid=INSTANCE,
        series_uid=f"{INSTANCE}.3",
        study_uid=f"{INSTANCE}.2",
        patient=Patient("P1"),
        modality="XA",
        role=Role.VENOGRAM,
        description="",
        series_number=None,
        acquired_at=None,
        spans=spans,
        frames=frames * len(paths),
        frames_declared=frames * len(paths),
        rows=0,
        columns=0,
    )
