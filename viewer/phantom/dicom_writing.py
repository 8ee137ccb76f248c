"""The synthetic case as DICOM: an XA multi-frame a run, an Ultrasound multi-frame a pullback.

Same seed, same bytes: UIDs come from the case's name and seed, dates are fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import Tag
from pydicom.uid import (
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    UltrasoundMultiFrameImageStorage,
    XRayAngiographicImageStorage,
    generate_uid,
)

from viewer.phantom.contrast import RunPlan
from viewer.phantom.ivus import ScanPlan
from viewer.phantom.pull import Pull
from viewer.phantom.venogram import MEDIAN_VALUE

JPEG_QUALITY = 82
STUDY_DATE = "20260301"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and what a file belongs to.

    Attributes
    ----------
    key : str
        Case and seed: what every UID is made from.
    """

    key: str
    patient: str
    study_description: str

    def uid(self, *words: str) -> str:
        """A UID that is the same each time."""
        return str(generate_uid(entropy_srcs=["caval phantom", self.key, *words]))


@dataclass(frozen=True, slots=True)
class SeriesText:
    """What people read about a series."""

    number: int
    description: str
    protocol: str
    time: str


def encode_lossless(frame: NDArray[np.uint16]) -> bytes:
    """JPEG Lossless, first-order prediction, 12 bit: what angiography systems send."""
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(frame, lossless=True, predictor=1, bitspersample=12))


def encode_baseline(frame: NDArray[np.uint8]) -> bytes:
    """JPEG baseline, 8 bit grey: what IVUS consoles send."""
    import imagecodecs

    return bytes(
        imagecodecs.jpeg8_encode(
            frame, level=JPEG_QUALITY, colorspace="GRAYSCALE", outcolorspace="GRAYSCALE"
        )
    )


def _common(identity: Identity, text: SeriesText, modality: str, sop_class: str) -> Dataset:
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = sop_class
    data.SOPInstanceUID = identity.uid("instance", str(text.number))
    data.StudyInstanceUID = identity.uid("study")
    data.SeriesInstanceUID = identity.uid("series", str(text.number))
    data.FrameOfReferenceUID = identity.uid("frame of reference")
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = STUDY_DATE
    data.StudyTime = "101200"
    data.SeriesTime = data.AcquisitionTime = data.ContentTime = text.time
    data.PatientName = data.PatientID = identity.patient
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "", "F", "041Y"
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "Synthetic: no patient exists"
    data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = "1", "", ""
    data.StudyDescription = identity.study_description
    data.Modality = modality
    data.Manufacturer, data.ManufacturerModelName = "Caval", "Synthetic case"
    data.SeriesNumber, data.InstanceNumber, data.AcquisitionNumber = text.number, 1, 1
    data.SeriesDescription, data.ProtocolName = text.description, text.protocol
    data.BodyPartExamined, data.Laterality = "PELVIS", "L"
    data.BurnedInAnnotation = "NO"
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.PixelRepresentation = 0
    return data


def _timing(data: Dataset, frames: int, rate_hz: float) -> None:
    data.NumberOfFrames = frames
    data.FrameTime = f"{1000.0 / rate_hz:.6f}"
    data.FrameIncrementPointer = Tag(0x0018, 0x1063)
    if rate_hz == round(rate_hz):  # both hold whole numbers only
        data.CineRate = data.RecommendedDisplayFrameRate = round(rate_hz)
    data.StartTrim, data.StopTrim = 1, frames


def run_dataset(identity: Identity, text: SeriesText, plan: RunPlan) -> Dataset:
    """Header of one XA run."""
    carm = plan.carm
    data = _common(identity, text, "XA", XRayAngiographicImageStorage)
    data.ImageType = ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    _timing(data, plan.frames, plan.rate_hz)
    data.PatientPosition = "HFS"
    data.PatientOrientation = ["L" if abs(carm.primary_deg) < 0.5 else "LP", "F"]
    data.KVP, data.RadiationSetting, data.XRayTubeCurrent = "80", "GR", 320
    data.AveragePulseWidth = "8.0"
    data.ContrastBolusAgent = "Iodinated contrast, hand injection"
    data.PositionerMotion = "STATIC"
    data.PositionerPrimaryAngle = f"{carm.primary_deg:g}"
    data.PositionerSecondaryAngle = f"{carm.secondary_deg:g}"
    data.DistanceSourceToDetector = f"{carm.sid_mm:g}"
    data.DistanceSourceToPatient = f"{carm.sod_mm:g}"
    data.EstimatedRadiographicMagnificationFactor = f"{carm.sid_mm / carm.sod_mm:.6f}"
    data.ImagerPixelSpacing = [f"{carm.imager_spacing_mm:g}"] * 2
    data.Rows = data.Columns = carm.size_px
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelIntensityRelationship, data.PixelIntensityRelationshipSign = "LIN", 1
    data.WindowCenter, data.WindowWidth = f"{MEDIAN_VALUE - 100:g}", "2700"
    data.LossyImageCompression = "00"
    data.RecommendedViewingMode = "SUB"
    mask = Dataset()
    mask.MaskOperation = "AVG_SUB"
    mask.MaskFrameNumbers = list(range(1, plan.mask_frames + 1))
    mask.ContrastFrameAveraging = 1
    mask.ApplicableFrameRange = [plan.mask_frames + 1, plan.frames]
    data.MaskSubtractionSequence = DicomSequence([mask])
    return data


def pullback_dataset(identity: Identity, text: SeriesText, scan: ScanPlan, pull: Pull) -> Dataset:
    """Header of one pullback."""
    data = _common(identity, text, "IVUS", UltrasoundMultiFrameImageStorage)
    data.ImageType = ["ORIGINAL", "PRIMARY", "INTRAVASCULAR", "0001"]
    _timing(data, pull.frames, pull.rate_hz)
    data.Rows = data.Columns = scan.size_px
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.LossyImageCompression, data.LossyImageCompressionMethod = "01", "ISO_10918_1"
    data.IVUSAcquisition = "MANUAL_PULLBACK"
    if pull.speed_mm_s is not None and pull.start_frame is not None and pull.stop_frame is not None:
        data.IVUSAcquisition = "MOTOR_PULLBACK"
        data.IVUSPullbackRate = f"{pull.speed_mm_s:g}"
        data.IVUSPullbackStartFrameNumber = pull.start_frame + 1
        data.IVUSPullbackStopFrameNumber = pull.stop_frame + 1
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1 = region.RegionLocationMaxY1 = scan.size_px - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = scan.mm_per_px / 10.0
    region.TransducerFrequency = 10000
    data.SequenceOfUltrasoundRegions = DicomSequence([region])
    data.DepthOfScanField = round(scan.field_mm / 2)
    return data


def write_frames(path: Path, data: Dataset, frames: Sequence[bytes]) -> None:
    """Write compressed frames with a filled offset table; lossless for 16-bit data."""
    lossy = data.BitsAllocated == 8
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = JPEGBaseline8Bit if lossy else JPEGLosslessSV1
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta = meta
    if lossy:
        ratio = int(data.Rows) * int(data.Columns) * len(frames) / sum(map(len, frames))
        data.LossyImageCompressionRatio = f"{ratio:.2f}"
    data.PixelData = encapsulate(list(frames), has_bot=True)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    data.save_as(path, enforce_file_format=True)
