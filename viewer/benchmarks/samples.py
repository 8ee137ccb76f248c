"""The images that are measured on: written once, the same on every machine, then used again.

A 12-bit angiography run as JPEG lossless, an 8-bit pullback as JPEG baseline, and a folder of
small files. They are plain patterns with noise: as hard to decode as real images, not like them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.benchmarks.result import Say, Scale

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

VERSION = 3
"""Part of the names: raise it when what is written changes."""

README = """Images made by `caval bench` to measure with. They are synthetic, of nobody, and
can be deleted at any time: they are written again when they are needed.
"""
SEED = 20260301
TEXTURES = 16


@dataclass(frozen=True, slots=True)
class SampleCase:
    """The two files of the measured case."""

    run: Path
    pullback: Path


def sample_case(scale: Scale, say: Say) -> SampleCase:
    """The run and the pullback, written when they are not there yet."""
    size = f"{scale.run_frames}x{scale.run_px}-{scale.pullback_frames}x{scale.pullback_px}"
    folder = kept(scale.folder, f"case-{VERSION}-{size}", lambda at: _write_case(at, scale), say)
    return SampleCase(folder / "run.dcm", folder / "pullback.dcm")


def sample_files(scale: Scale, say: Say) -> Path:
    """A folder of small files, ten series of single frames."""
    name = f"files-{VERSION}-{scale.files}"
    return kept(scale.folder, name, lambda at: _write_files(at, scale.files), say)


def kept(base: Path, name: str, write: Callable[[Path], None], say: Say) -> Path:
    """The folder of that name, written when it is not there yet; whole or not at all."""
    folder = base / name
    if not folder.is_dir():
        say(f"writing images to measure with to {folder}")
        base.mkdir(parents=True, exist_ok=True)
        (base / "README.txt").write_text(README, "utf-8")
        half = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
        try:
            write(half)
            half.rename(folder)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return folder


def _write_case(folder: Path, scale: Scale) -> None:
    from viewer.phantom.dicom_writing import encode_baseline, encode_lossless, write_frames

    run = header("XA", scale.run_px, scale.run_frames, number=1)
    frames = [encode_lossless(f) for f in run_frames(scale.run_frames, scale.run_px)]
    write_frames(folder / "run.dcm", run, frames)
    pullback = header("IVUS", scale.pullback_px, scale.pullback_frames, number=2)
    frames = [
        encode_baseline(f) for f in _pullback_frames(scale.pullback_frames, scale.pullback_px)
    ]
    write_frames(folder / "pullback.dcm", pullback, frames)


def _write_files(folder: Path, files: int) -> None:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    rng = np.random.default_rng(SEED)
    for number in range(files):
        data = header("XA", 16, 1, number=1 + number % 10, instance=1 + number // 10)
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.PixelData = rng.integers(0, 4096, (16, 16), np.uint16).tobytes()
        part = folder / f"series{1 + number % 10:02d}"
        part.mkdir(exist_ok=True)
        data.save_as(part / f"image{1 + number // 10:04d}.dcm", enforce_file_format=True)


def run_frames(frames: int, px: int) -> Iterator[NDArray[np.uint16]]:
    """Dark vein on a bright ground, quantum noise of a few grey values; never two alike."""
    rng = np.random.default_rng(SEED)
    y, x = np.mgrid[0:px, 0:px] / px
    ground = 2600.0 + 500.0 * np.cos(5.0 * x) * np.sin(4.0 * y)
    ground -= 900.0 * np.exp(-(((x - 0.5 - 0.15 * np.sin(5.0 * y)) / 0.03) ** 2))
    noise = rng.normal(0.0, 22.0, (TEXTURES, px, px))
    for number in range(frames):
        grain = np.roll(noise[number % TEXTURES], 37 * number, axis=(0, 1))
        yield np.clip(ground + grain, 0, 4095).astype(np.uint16)


def _pullback_frames(frames: int, px: int) -> Iterator[NDArray[np.uint8]]:
    """Speckle around a dark lumen that widens and narrows along the pullback."""
    rng = np.random.default_rng(SEED + 1)
    speckle = rng.rayleigh(38.0, (TEXTURES, px // 2, px // 2)).repeat(2, axis=1).repeat(2, axis=2)
    y, x = np.mgrid[0:px, 0:px] / px - 0.5
    radius = np.hypot(x, y)
    outside = 1.0 / (1.0 + np.exp((radius - 0.47) * 200.0))
    for number in range(frames):
        lumen = 0.2 + 0.06 * np.sin(number / 40.0)
        wall = 1.0 / (1.0 + np.exp((lumen - radius) * 120.0))
        grain = np.roll(speckle[number % TEXTURES], 11 * number, axis=(0, 1))
        yield np.clip(grain * (0.25 + wall) * outside, 0, 255).astype(np.uint8)


def header(modality: str, px: int, frames: int, *, number: int, instance: int = 1) -> Dataset:
    """Header of a frame or of a multi-frame: some eighty elements, as such systems send."""
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag
    from pydicom.uid import (
        UltrasoundMultiFrameImageStorage,
        XRayAngiographicImageStorage,
        generate_uid,
    )

    run = modality == "XA"
    words = ["caval bench", modality, str(number)]
    data = Dataset()
    data.SOPClassUID = XRayAngiographicImageStorage if run else UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = generate_uid(entropy_srcs=[*words, str(instance), str(px), str(frames)])
    data.StudyInstanceUID = generate_uid(entropy_srcs=words[:1])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[*words, "series"])
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = f"10{number:02d}00"
    data.Modality = modality
    data.SeriesNumber, data.InstanceNumber = number, instance
    _describe(data, frames)
    data.Rows = data.Columns = px
    data.NumberOfFrames = frames
    data.FrameTime, data.FrameIncrementPointer = "33.333333", Tag(0x0018, 0x1063)
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.PixelRepresentation = 0
    if run:
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
        data.WindowCenter, data.WindowWidth = "2300", "2800"
        data.PositionerPrimaryAngle, data.PositionerSecondaryAngle = "20", "0"
        data.DistanceSourceToDetector, data.DistanceSourceToPatient = "1100", "780"
        data.ImagerPixelSpacing = ["0.3", "0.3"]
    else:
        data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
        data.IVUSAcquisition = "MANUAL_PULLBACK"
        data.SequenceOfUltrasoundRegions = [_region(px)]
    return data


def _describe(data: Dataset, frames: int) -> None:
    """What every image carries that says nothing about its pixels."""
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    data.SpecificCharacterSet, data.ImageType = "ISO_IR 192", ["ORIGINAL", "PRIMARY"]
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = "20260301"
    data.ContentTime, data.AccessionNumber, data.StudyID = "100000", "1", "1"
    data.PatientName = data.PatientID = "BENCH"
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "", "O", "050Y"
    data.Manufacturer, data.ManufacturerModelName = "Caval", "Images to measure with"
    data.DeviceSerialNumber, data.SoftwareVersions, data.StationName = "1", "1", "NONE"
    data.InstitutionName, data.ReferringPhysicianName, data.OperatorsName = "None", "", ""
    data.StudyDescription = data.SeriesDescription = "Images to measure with"
    data.ProtocolName, data.BodyPartExamined, data.PatientPosition = "Bench", "PELVIS", "HFS"
    data.KVP, data.ExposureTime, data.XRayTubeCurrent, data.Exposure = "80", "8", "320", "3"
    data.RadiationSetting, data.FieldOfViewShape, data.IntensifierSize = "GR", "ROUND", "300"
    data.AveragePulseWidth, data.TableHeight, data.PixelIntensityRelationship = "8", "0", "LIN"
    data.AcquisitionNumber, data.PatientOrientation, data.BurnedInAnnotation = 1, "", "NO"
    data.LossyImageCompression, data.RecommendedDisplayFrameRate = "00", "30"
    data.CineRate, data.StartTrim, data.StopTrim = "30", 1, frames
    data.PerformedProcedureStepStartDate = "20260301"
    data.PerformedProcedureStepStartTime, data.PerformedProcedureStepID = "100000", "1"
    for keyword in ("ReferencedStudySequence", "ReferencedPerformedProcedureStepSequence"):
        item = Dataset()
        item.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
        item.ReferencedSOPInstanceUID = generate_uid(entropy_srcs=["caval bench", keyword])
        setattr(data, keyword, [item])
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "64131007", "SCT", "Vena cava"
    data.AnatomicRegionSequence = data.ProcedureCodeSequence = [code]
    block = data.private_block(0x0019, "CAVAL BENCH", create=True)
    for element in range(24):
        block.add_new(element, "LO", f"private text {element}")


def _region(px: int) -> Dataset:
    """The whole frame, 60 mm across."""
    from pydicom.dataset import Dataset

    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1 = region.RegionLocationMaxY1 = px - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 6.0 / px
    return region
