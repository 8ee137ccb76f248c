"""Small DICOM files for the tests of the index."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

XA = "1.2.840.10008.5.1.4.1.1.12.1"
ENHANCED_XA = "1.2.840.10008.5.1.4.1.1.12.1.1"
US_MULTI = "1.2.840.10008.5.1.4.1.1.3.1"
SC = "1.2.840.10008.5.1.4.1.1.7"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"


def uid(name: str) -> str:
    """The same UID for the same name."""
    return str(generate_uid(entropy_srcs=[name]))


def dataset(frames: int = 1, **values: Any) -> Dataset:
    """An XA data set of 8 x 8 pixels; None removes an element, bytes are written as they are."""
    ds = Dataset()
    ds.SOPClassUID = XA
    ds.SOPInstanceUID = uid(str(sorted(map(str, values.items()))) + str(frames))
    ds.StudyDate, ds.StudyTime = "20260301", "101500"
    ds.Modality = "XA"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Test^Case", "P1", "19600102"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("study"), uid("series")
    ds.SeriesNumber = 3
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 8
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    if frames != 1:
        ds.NumberOfFrames = frames
    ds.PixelData = bytes(64 * frames)
    for keyword, value in values.items():
        if value is None:
            del ds[keyword]
        elif isinstance(value, bytes) and keyword != "PixelData":
            ds[keyword] = DataElement(keyword, "LO", value.decode())
        else:
            setattr(ds, keyword, value)
    return ds


def save(ds: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a DICOM file; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", XA)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", uid("none"))
    ds.save_as(path, enforce_file_format=True)
    for element in ds:
        if element.VR == "LO" and not element.tag.is_private and dictionary_VR(element.tag) != "LO":
            head = struct.pack("<HH", element.tag.group, element.tag.element)
            own = head + dictionary_VR(element.tag).encode()
            path.write_bytes(path.read_bytes().replace(head + b"LO", own))
    return path


def encapsulated(ds: Dataset, frames: list[bytes], *, table: bool = True) -> Dataset:
    """The data set with these fragments, one a frame."""
    ds.PixelData = encapsulate(frames, has_bot=table)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def item(**values: Any) -> Dataset:
    """A sequence item."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def region(**values: Any) -> Dataset:
    """An ultrasound region over columns 1..7 and rows 0..6, 0.2 mm square pixels."""
    standard = {
        "RegionSpatialFormat": 1,
        "RegionDataType": 1,
        "RegionFlags": 0,
        "RegionLocationMinX0": 1,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxX1": 7,
        "RegionLocationMaxY1": 6,
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": 0.02,
        "PhysicalDeltaY": 0.02,
    }
    return item(**(standard | values))
