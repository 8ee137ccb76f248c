"""One file of a study: what is needed to put files together."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from viewer.dicom import dates, roles, xa
from viewer.dicom.calibration_tags import functional_groups
from viewer.dicom.dicom_file import DIRECTORY_CLASS, FileHeader, HeaderError, read_header
from viewer.dicom.header import Header
from viewer.dicom.pixel_extent import Extent, FrameShape, measure
from viewer.dicom.pixel_format import frame_shape
from viewer.dicom.sources import Source
from viewer.dicom.streams import Stream
from viewer.model.study import Role

EXPORT_AGAIN = "export it again"
_SCALE_TAGS = ("PixelSpacing", "ImagerPixelSpacing", "SequenceOfUltrasoundRegions")


@dataclass(frozen=True, slots=True)
class Reading:
    """One file that was understood.

    Attributes
    ----------
    warnings : tuple of str
        What was wrong with the file itself.
    """

    source: Source
    file: FileHeader
    class_uid: str
    modality: str
    role: Role
    shape: FrameShape
    extent: Extent
    instance_uid: str
    series_uid: str
    warnings: tuple[str, ...]

    @property
    def header(self) -> Header:
        """The data set's header."""
        return self.file.header

    @property
    def stands_alone(self) -> bool:
        """A multi-frame instance or an object without frames: an image set by itself."""
        return self.extent.frames == 0 or max(self.extent.frames, self.extent.declared) > 1

    @property
    def alike(self) -> tuple[object, ...]:
        """What single frames of a series must have in common to be one stack."""
        shape = self.shape
        scale = b"|".join(self.header.raw(keyword) for keyword in _SCALE_TAGS)
        return (
            (shape.rows, shape.columns),
            (shape.samples, shape.bits_allocated, shape.photometric),
            self.extent.transfer_syntax_uid,
            self.role.value,
            zlib.crc32(scale),
        )


class Instance(NamedTuple):
    """What stays of a file that is one frame of a stack, or a set by itself.

    Attributes
    ----------
    position : xa.Position
        Where the C-arm stood, for a venogram's single frame.
    size : int
        Length of the file, bytes.
    """

    source: Source
    instance_uid: str
    series_uid: str
    alike: tuple[object, ...]
    stands_alone: bool
    number: int | None
    moment: datetime | None
    frames: int
    position: xa.Position
    size: int
    warnings: tuple[str, ...]


def read(stream: Stream, source: Source) -> Reading | None:
    """Read one file's header; None for a DICOMDIR, which is no instance.

    Raises
    ------
    NotDicomError
        The file is no DICOM.
    HeaderError
        It is, but can't be used; the text says why.
    """
    file = read_header(stream)
    header = file.header
    class_uid = roles.sop_class(header, file.media_class_uid)
    if class_uid == DIRECTORY_CLASS:
        return None
    modality = roles.modality(header, class_uid)
    shape = frame_shape(header)
    extent = _extent(file, stream, shape, modality)
    instance_uid, series_uid, complaints = _identity(file)
    return Reading(
        source=source,
        file=file,
        class_uid=class_uid,
        modality=modality,
        role=roles.role(header, modality, class_uid),
        shape=shape,
        extent=extent,
        instance_uid=instance_uid,
        series_uid=series_uid,
        warnings=(*file.notes, *complaints, *extent.warnings),
    )


def summary(reading: Reading) -> Instance:
    """The part of a reading that putting files together needs."""
    header = reading.header
    alone = reading.stands_alone
    position: xa.Position = (None,) * 4
    if reading.role is Role.VENOGRAM and not alone:
        position = xa.position(header, functional_groups(header))
    return Instance(
        source=reading.source,
        instance_uid=reading.instance_uid,
        series_uid=reading.series_uid,
        alike=reading.alike,
        stands_alone=alone,
        number=header.integer("InstanceNumber"),
        moment=dates.frame_moment(header),
        frames=reading.extent.frames,
        position=position,
        size=reading.file.size,
        warnings=reading.warnings,
    )


def _extent(file: FileHeader, stream: Stream, shape: FrameShape, modality: str) -> Extent:
    """Frames of the file; 0 for an object that has none by nature.

    Raises
    ------
    HeaderError
        It should have frames and has none that can be shown.
    """
    header = file.header
    if file.cut_off:
        raise HeaderError("the file ends inside its header; copy or export it again")
    if file.pixels is None:
        says_image = shape.rows or shape.columns or "NumberOfFrames" in header
        if says_image or modality in roles.IMAGE_MODALITIES:
            raise HeaderError(f"it holds no pixel data; {EXPORT_AGAIN}, with its images")
        if not (header.text("SOPInstanceUID") or file.media_instance_uid):
            raise HeaderError(f"it holds neither an image nor a report; {EXPORT_AGAIN}")
        return Extent(0, 0, file.transfer_syntax_uid)
    missing = [name for name in ("Rows", "Columns") if not getattr(shape, name.lower())]
    if missing:
        what = " and no ".join(missing)
        raise HeaderError(
            f"its header has no {what}: the size of its frames is unknown; {EXPORT_AGAIN}"
        )
    extent = measure(file, stream, shape)
    if extent.problem:
        raise HeaderError(extent.problem)
    return extent


def _identity(file: FileHeader) -> tuple[str, str, list[str]]:
    """Instance and series UID; made from the header's bytes when a file has none."""
    header = file.header
    complaints = []
    instance_uid = header.text("SOPInstanceUID") or file.media_instance_uid
    if not instance_uid:
        digest = hashlib.blake2b(header.wanted_bytes(), digest_size=15).digest()
        instance_uid = f"2.25.{int.from_bytes(digest, 'big')}"
        complaints.append("It has no SOP Instance UID; one was made from its header.")
    series_uid = header.text("SeriesInstanceUID")
    if not series_uid:
        series_uid = instance_uid
        complaints.append("It has no Series Instance UID; taken as a series of its own.")
    return instance_uid, series_uid, complaints
