"""All that one file's header tells, as an image set of that file alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from viewer.dicom import dates, ivus, roles, timing, xa
from viewer.dicom.calibration_tags import (
    Found,
    capture_calibration,
    functional_groups,
    imager_spacing,
    plain_calibration,
    projection_calibration,
)
from viewer.dicom.header import Header
from viewer.dicom.instance import Reading
from viewer.dicom.mask_items import header_masks
from viewer.dicom.pixel_format import pixel_format
from viewer.dicom.ultrasound_regions import region_aspect, ultrasound_calibration
from viewer.model.calibration import UNCALIBRATED
from viewer.model.study import FrameSpan, FrameTiming, ImageSet, Patient, Pullback, Role, Run
from viewer.model.subtraction import HeaderMask

_PLAYED = (Role.VENOGRAM, Role.PULLBACK, Role.ULTRASOUND)


def describe(reading: Reading) -> ImageSet:
    """The image set of one file.

    A single frame's timing is that of two such frames one after the other
    (`timing.pair_timing`), and its pull is unchecked: both are settled when its stack is known.
    """
    header = reading.header
    groups = functional_groups(header)
    warnings = list(reading.warnings)
    moments = _timing(reading, warnings)
    common = _common(reading, groups) | {"timing": moments} | _playback(reading, warnings)
    if reading.extent.frames == 0:
        return ImageSet(**common, warnings=tuple(warnings))
    if reading.role is Role.VENOGRAM:
        return _run(reading, groups, common, warnings)
    calibration, told = _calibration(reading)
    warnings.extend(told)
    common["calibration"] = calibration
    if reading.role is Role.PULLBACK:
        pull, told = ivus.pull(header)
        warnings.extend(told)
        if reading.stands_alone:
            pull, told = ivus.within(pull, reading.extent.frames)
            warnings.extend(told)
        return Pullback(
            **common,
            mode=pull.mode,
            rate_mm_s=pull.rate_mm_s,
            start_frame=pull.start_frame,
            stop_frame=pull.stop_frame,
            warnings=tuple(warnings),
        )
    return ImageSet(**common, warnings=tuple(warnings))


def _common(reading: Reading, groups: tuple[Header, ...]) -> dict[str, Any]:
    """What every kind of image set has."""
    header, extent, source = reading.header, reading.extent, reading.source
    span = FrameSpan(source.path, 0, extent.frames, reading.instance_uid, source.member)
    aspect = region_aspect(header, reading.shape.rows, reading.shape.columns)
    day = dates.parse_date(header.text("StudyDate"))
    return {
        "uid": reading.instance_uid if reading.stands_alone else reading.series_uid,
        "series_uid": reading.series_uid,
        "study_uid": header.text("StudyInstanceUID"),
        "patient": _patient(header),
        "modality": reading.modality,
        "role": reading.role,
        "description": header.text("SeriesDescription") or header.text("ProtocolName"),
        "series_number": header.integer("SeriesNumber"),
        "acquired_at": dates.acquired_at(header),
        "spans": (span,),
        "frames": extent.frames,
        "frames_declared": extent.declared,
        "rows": reading.shape.rows,
        "columns": reading.shape.columns,
        "pixels": pixel_format(header, groups, aspect),
        "transfer_syntax_uid": extent.transfer_syntax_uid,
        "orientation": _orientation(header),
        "phase_hint": roles.phase_hint(header),
        "laterality": _laterality(header, groups),
        "study_date": day.isoformat() if day else "",
    }


def _orientation(header: Header) -> tuple[str, str]:
    """Patient Orientation (0020,0020): where a row and where a column runs to."""
    ways = header.texts("PatientOrientation")
    return (ways[0], ways[1]) if len(ways) == 2 else ("", "")


def _patient(header: Header) -> Patient:
    birth = dates.parse_date(header.text("PatientBirthDate"))
    return Patient(
        patient_id=header.text("PatientID"),
        identity_removed=header.text("PatientIdentityRemoved").upper() == "YES",
        name=header.text("PatientName").rstrip("^ "),
        birth_date=birth.isoformat() if birth else header.text("PatientBirthDate"),
    )


def _laterality(header: Header, groups: tuple[Header, ...]) -> str:
    """L, R, B or nothing."""
    found = header.text("Laterality") or header.text("ImageLaterality")
    for group in groups:
        anatomy = group.item("FrameAnatomySequence")
        if not found and anatomy is not None:
            found = anatomy.text("FrameLaterality")
    return found.upper() if found.upper() in ("L", "R", "B") else ""


def _timing(reading: Reading, warnings: list[str]) -> FrameTiming:
    if reading.extent.frames == 0 or reading.role not in _PLAYED:
        return FrameTiming()
    if not reading.stands_alone:
        moments, told = timing.pair_timing(reading.header)
    else:
        moments, told = timing.multi_frame_timing(reading.header, reading.extent.frames)
    warnings.extend(told)
    return moments


def _playback(reading: Reading, warnings: list[str]) -> dict[str, Any]:
    """Which frames are to be played, and how."""
    frames = reading.extent.frames
    if frames < 2 or reading.role not in _PLAYED or not reading.stands_alone:
        return {}
    played, told = timing.trim(reading.header, frames)
    warnings.extend(told)
    return {"trim": played, "sweep": timing.sweeping(reading.header)}


def _calibration(reading: Reading) -> Found:
    """Scale of what is no projection image."""
    header = reading.header
    if "SequenceOfUltrasoundRegions" in header or reading.modality in ("US", "IVUS"):
        found = ultrasound_calibration(header, reading.shape.rows, reading.shape.columns)
        if found[0].known or not roles.is_secondary_capture(reading.class_uid):
            return found
    if roles.is_secondary_capture(reading.class_uid):
        return capture_calibration(header)
    if reading.role is Role.OTHER:
        return UNCALIBRATED, ()
    return plain_calibration(header)


def _run(
    reading: Reading,
    groups: tuple[Header, ...],
    common: dict[str, Any],
    warnings: list[str],
) -> Run:
    header = reading.header
    place, told = xa.geometry(header, groups)
    warnings.extend(told)
    if roles.is_secondary_capture(reading.class_uid):
        calibration, told = capture_calibration(header)
    else:
        calibration, told = projection_calibration(header, groups, place.sid_mm, place.sod_mm)
    warnings.extend(told)
    masks: tuple[HeaderMask, ...] = ()
    if reading.stands_alone:
        masks, told = header_masks(header, reading.extent.frames)
        warnings.extend(told)
    if header.text("TableMotion").upper() == "DYNAMIC":
        warnings.append(xa.TABLE_MOVES)
    run = Run(
        **common,
        calibration=calibration,
        primary_angle_deg=place.primary_angle_deg,
        secondary_angle_deg=place.secondary_angle_deg,
        sid_mm=place.sid_mm,
        sod_mm=place.sod_mm,
        imager_spacing_mm=imager_spacing(header, groups),
        mask_frames=next((mask.frames for mask in masks if mask.frames), ()),
        masks=masks,
        kvp=place.kvp,
        table_height_mm=header.number("TableHeight"),
        field_of_view_mm=xa.field_of_view(header),
    )
    if reading.stands_alone:
        where = xa.positions(header, reading.extent.frames)
        run, told = xa.at_rest(run, where, "run")
        warnings.extend(told)
    return replace(run, warnings=tuple(warnings))
