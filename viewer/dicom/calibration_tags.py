"""The scale of projection images (XA, RF) and captures, from their headers.

Sources: PS3.3 10.7.1 (Pixel Spacing and its calibration type), C.8.7.3 (Imager Pixel Spacing is at
the detector), C.8.7.5 (distances), C.8.19.6.9 (enhanced XA calibration). Relative standard
uncertainties:

- depth: a vein 5 cm off the assumed plane changes the magnification by 50 mm / SOD, 7 % at the
  usual SOD of 720 mm (domain notes); taken as one standard deviation;
- fiducial: calibrating on a catheter read -15 % to +4 % by its filling; a rectangular
  distribution of that width has a standard deviation of 19 % / sqrt(12) = 5.5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from viewer.dicom.header import Header
from viewer.model.calibration import UNCALIBRATED, Calibration, CalibrationSource

OFF_PLANE_MM = 50.0
USUAL_SOD_MM = 720.0
FIDUCIAL_UNCERTAINTY = 0.19 / math.sqrt(12.0)
SQUARE_WITHIN = 0.01
SAME_WITHIN = 0.002
LARGEST_MAGNIFICATION = 5.0
BY_HAND = "lengths are in px until you calibrate on a known length"

Found = tuple[Calibration, tuple[str, ...]]


def depth_uncertainty(sod_mm: float | None) -> float:
    """Relative standard uncertainty of a scale that assumes the vein's depth."""
    return OFF_PLANE_MM / (sod_mm if sod_mm and sod_mm > OFF_PLANE_MM else USUAL_SOD_MM)


def projection_calibration(
    header: Header,
    groups: Sequence[Header],
    sid_mm: float | None,
    sod_mm: float | None,
) -> Found:
    """Scale of an XA or RF image in the patient, or px and the reason.

    Order: calibrated Pixel Spacing; enhanced Object Pixel Spacing in Center of Beam; Imager Pixel
    Spacing / Estimated Radiographic Magnification; Imager Pixel Spacing x SOD / SID. The detector's
    spacing alone is never a scale in the patient.

    Parameters
    ----------
    groups : sequence of Header
        Functional groups of the first frame, per-frame before shared; empty for classic objects.
    sid_mm, sod_mm : float or None
        Source to detector and source to patient, mm.
    """
    imager = imager_spacing(header, groups)
    warnings: list[str] = []
    found = _calibrated_pixel_spacing(header, imager, sod_mm, warnings)
    if found is None:
        found = _center_of_beam(groups, sod_mm, warnings)
    if found is None and imager is not None:
        found = _from_imager(header, imager, sid_mm, sod_mm, warnings)
    if found is None and not warnings:
        warnings.append(f"No scale in the header: {BY_HAND}.")
    return found or UNCALIBRATED, tuple(warnings)


def capture_calibration(header: Header) -> Found:
    """Scale of a secondary capture: only when it says it was calibrated (PS3.3 C.8.6.1, 10.7)."""
    kind = header.text("PixelSpacingCalibrationType").upper()
    spacing = pair(header, "PixelSpacing")
    if spacing is None or kind not in ("FIDUCIAL", "GEOMETRY"):
        there = spacing is not None or "NominalScannedPixelSpacing" in header
        why = "its spacing is not a scale in the patient" if there else "it has no scale"
        return UNCALIBRATED, (f"A secondary capture: {why}; {BY_HAND}.",)
    if not square(spacing):
        return UNCALIBRATED, (not_square("Pixel Spacing", spacing),)
    return _typed(kind, spacing, None), ()


def plain_calibration(header: Header) -> Found:
    """Scale of a cross-section (CT, MR …): Pixel Spacing is in the patient (PS3.3 C.7.6.2).

    Its uncertainty of 1 % is general knowledge, to be checked; no result rests on it yet.
    """
    spacing = pair(header, "PixelSpacing")
    if spacing is None:
        for group in functional_groups(header):
            measures = group.item("PixelMeasuresSequence")
            spacing = spacing or (pair(measures, "PixelSpacing") if measures else None)
    if spacing is None:
        return UNCALIBRATED, ()
    if not square(spacing):
        return UNCALIBRATED, (not_square("Pixel Spacing", spacing),)
    return _scale(spacing, CalibrationSource.PIXEL_SPACING, 0.01, "in the plane of the image"), ()


def functional_groups(header: Header) -> tuple[Header, ...]:
    """Functional groups that hold for the first frame: its own, then the shared ones."""
    own = header.item("PerFrameFunctionalGroupsSequence")
    shared = header.item("SharedFunctionalGroupsSequence")
    return tuple(group for group in (own, shared) if group is not None)


def imager_spacing(header: Header, groups: Sequence[Header]) -> tuple[float, float] | None:
    """(row, column) spacing at the detector in mm, None when absent or senseless."""
    found = pair(header, "ImagerPixelSpacing")
    for group in groups:
        properties = group.item("FramePixelDataPropertiesSequence")
        if found is None and properties is not None:
            found = pair(properties, "ImagerPixelSpacing")
    return found


def pair(header: Header, keyword: str) -> tuple[float, float] | None:
    """A (row, column) spacing in mm; one value stands for both; None unless positive."""
    values = header.numbers(keyword)
    if len(values) == 1:
        values = (values[0], values[0])
    if len(values) < 2 or not all(1e-4 <= value <= 100.0 for value in values[:2]):
        return None
    return values[0], values[1]


def square(spacing: tuple[float, float]) -> bool:
    """Whether both spacings agree within 1 %."""
    return abs(spacing[0] / spacing[1] - 1.0) <= SQUARE_WITHIN


def not_square(what: str, spacing: tuple[float, float]) -> str:
    """Why a scale with unequal spacings is not used."""
    rows, columns = spacing
    return f"{what} is not square ({rows:.4g} x {columns:.4g} mm): {BY_HAND}."


def _same(one: tuple[float, float], other: tuple[float, float] | None) -> bool:
    return other is not None and all(
        abs(a / b - 1.0) <= SAME_WITHIN for a, b in zip(one, other, strict=True)
    )


def _scale(
    spacing: tuple[float, float], source: CalibrationSource, uncertainty: float, validity: str
) -> Calibration:
    mm_per_px = math.sqrt(spacing[0] * spacing[1])
    if not 1e-4 <= mm_per_px <= 100.0:
        return UNCALIBRATED
    return Calibration(mm_per_px, source, uncertainty, validity)


def _typed(kind: str, spacing: tuple[float, float], sod_mm: float | None) -> Calibration:
    if kind == "FIDUCIAL":
        where = "at the depth of the calibration object"
        return _scale(spacing, CalibrationSource.FIDUCIAL, FIDUCIAL_UNCERTAINTY, where)
    where = "at the depth the system assumed"
    return _scale(spacing, CalibrationSource.GEOMETRY, depth_uncertainty(sod_mm), where)


def _calibrated_pixel_spacing(
    header: Header,
    imager: tuple[float, float] | None,
    sod_mm: float | None,
    warnings: list[str],
) -> Calibration | None:
    """Pixel Spacing when it was calibrated (PS3.3 10.7.1.1).

    Equal to the detector's spacing it was not; different from it, it was. Alone and without a
    type "it cannot be determined", so it isn't used.
    """
    spacing = pair(header, "PixelSpacing")
    if spacing is None:
        return None
    kind = header.text("PixelSpacingCalibrationType").upper()
    nominal = pair(header, "NominalScannedPixelSpacing")
    if _same(spacing, imager) or _same(spacing, nominal):
        if kind:
            warnings.append(
                f"Pixel Spacing says {kind} but equals the detector's spacing; "
                "it is not used as a scale in the patient."
            )
        return None
    if not square(spacing):
        warnings.append(not_square("Pixel Spacing", spacing))
        return None
    if kind in ("FIDUCIAL", "GEOMETRY"):
        return _typed(kind, spacing, sod_mm)
    if imager is None and nominal is None:
        warnings.append(
            f"Pixel Spacing ({spacing[0]:.4g} mm) does not say whether it is in the patient or "
            f"at the detector: {BY_HAND}."
        )
        return None
    return _scale(
        spacing,
        CalibrationSource.PIXEL_SPACING,
        depth_uncertainty(sod_mm),
        "at an unstated depth",
    )


def _center_of_beam(
    groups: Sequence[Header], sod_mm: float | None, warnings: list[str]
) -> Calibration | None:
    for group in groups:
        item = group.item("ProjectionPixelCalibrationSequence")
        spacing = pair(item, "ObjectPixelSpacingInCenterOfBeam") if item else None
        if spacing is None:
            continue
        if not square(spacing):
            warnings.append(not_square("Object Pixel Spacing in Center of Beam", spacing))
            return None
        return _scale(
            spacing,
            CalibrationSource.ENHANCED_ISOCENTER,
            depth_uncertainty(sod_mm),
            _beam_centre(item),
        )
    return None


def _beam_centre(item: Header | None) -> str:
    """Where Object Pixel Spacing in Center of Beam holds: at an object that far above the table."""
    above = item.number("DistanceObjectToTableTop") if item is not None else None
    depth = "at the depth the system assumed"
    if above is not None:
        depth = f"{above:g} mm above the table top"
    return f"in the centre of the beam, {depth}"


def _from_imager(
    header: Header,
    imager: tuple[float, float],
    sid_mm: float | None,
    sod_mm: float | None,
    warnings: list[str],
) -> Calibration | None:
    """Detector spacing brought into the patient by the magnification."""
    if not square(imager):
        warnings.append(not_square("Imager Pixel Spacing", imager))
        return None
    stated = header.number("EstimatedRadiographicMagnificationFactor")
    if stated is not None and not 1.0 < stated <= LARGEST_MAGNIFICATION:
        warnings.append(f"Estimated Radiographic Magnification is {stated:g}; not used.")
        stated = None
    by_distance = sid_mm / sod_mm if sid_mm and sod_mm and 0 < sod_mm < sid_mm else None
    if by_distance is not None and by_distance > LARGEST_MAGNIFICATION:
        by_distance = None
    if by_distance is None and sid_mm is not None and sod_mm is not None:
        warnings.append(
            f"Source distances make no sense (to detector {sid_mm:g} mm, to patient "
            f"{sod_mm:g} mm); not used."
        )
    magnification = stated or by_distance
    if magnification is None:
        warnings.append(
            f"Only the detector's spacing ({imager[0]:.4g} mm) is given, which is no scale in the "
            f"patient: {BY_HAND}."
        )
        return None
    if stated and by_distance and abs(stated / by_distance - 1.0) > 0.05:
        warnings.append(
            f"Stated magnification {stated:.3g} and SID/SOD {by_distance:.3g} disagree; "
            "the stated one is used, check on a known length."
        )
    spacing = (imager[0] / magnification, imager[1] / magnification)
    source = CalibrationSource.MAGNIFICATION_FACTOR if stated else CalibrationSource.SID_SOD
    return _scale(spacing, source, depth_uncertainty(sod_mm), _isocentre(header, sod_mm))


def _isocentre(header: Header, sod_mm: float | None) -> str:
    """Where the header's distances hold: Distance Source to Patient ends at the isocentre."""
    away = f", {sod_mm:g} mm from the source" if sod_mm else ""
    table = header.number("TableHeight")
    height = f" (table height stated as {table:g} mm)" if table is not None else ""
    return f"at the isocentre{away}{height}"
