from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from header_samples import ENHANCED_XA, SC, US_MULTI, dataset, item, region, save

from viewer.dicom.index import index
from viewer.model.calibration import CalibrationSource
from viewer.model.study import ImageSet, Run


def read(tmp_path: Path, **values: Any) -> ImageSet:
    result = index([save(dataset(2, FrameTime=33, **values), tmp_path / "one.dcm")])
    assert result.skipped == ()
    (found,) = result.image_sets
    return found


DISTANCES = {"DistanceSourceToDetector": 1200, "DistanceSourceToPatient": 800}
IMAGER = {"ImagerPixelSpacing": [0.3, 0.3]}


@pytest.mark.parametrize(
    ("values", "mm", "source", "uncertainty"),
    [
        (IMAGER | DISTANCES, 0.2, CalibrationSource.SID_SOD, 50 / 800),
        (
            IMAGER | {"EstimatedRadiographicMagnificationFactor": 1.5},
            0.2,
            CalibrationSource.MAGNIFICATION_FACTOR,
            50 / 720,
        ),
        (
            IMAGER
            | DISTANCES
            | {"PixelSpacing": [0.21, 0.21], "PixelSpacingCalibrationType": "FIDUCIAL"},
            0.21,
            CalibrationSource.FIDUCIAL,
            0.19 / math.sqrt(12),
        ),
        (
            {"PixelSpacing": [0.22, 0.22], "PixelSpacingCalibrationType": "GEOMETRY"},
            0.22,
            CalibrationSource.GEOMETRY,
            50 / 720,
        ),
        (
            IMAGER | DISTANCES | {"PixelSpacing": [0.25, 0.25]},
            0.25,
            CalibrationSource.PIXEL_SPACING,
            50 / 800,
        ),
        (
            IMAGER | DISTANCES | {"PixelSpacing": [0.3, 0.3]},
            0.2,
            CalibrationSource.SID_SOD,
            50 / 800,
        ),
    ],
)
def test_scale_of_a_run(
    tmp_path: Path,
    values: dict[str, Any],
    mm: float,
    source: CalibrationSource,
    uncertainty: float,
) -> None:
    calibration = read(tmp_path, **values).calibration
    assert calibration.mm_per_px == pytest.approx(mm)
    assert calibration.source is source
    assert calibration.uncertainty == pytest.approx(uncertainty)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (IMAGER, "Only the detector's spacing"),
        ({"PixelSpacing": [0.3, 0.3]}, "does not say whether it is in the patient"),
        ({"ImagerPixelSpacing": [0.3, 0.4]} | DISTANCES, "not square (0.3 x 0.4 mm)"),
        (IMAGER | {"PixelSpacing": [0.3, 0.3]}, "Only the detector's spacing"),
        (
            IMAGER | {"PixelSpacing": [0.3, 0.3], "PixelSpacingCalibrationType": "GEOMETRY"},
            "equals the detector's spacing",
        ),
        (
            IMAGER | {"DistanceSourceToDetector": 800, "DistanceSourceToPatient": 1200},
            "distances make no sense",
        ),
        (DISTANCES, "No scale in the header"),
    ],
)
def test_px_rather_than_wrong_mm(tmp_path: Path, values: dict[str, Any], words: str) -> None:
    found = read(tmp_path, **values)
    assert not found.calibration.known
    assert any(words in text for text in found.warnings)


def test_geometry_and_mask_of_a_run(tmp_path: Path) -> None:
    mask = [item(MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2])]
    found = read(
        tmp_path,
        PositionerPrimaryAngle=-30.5,
        PositionerSecondaryAngle=2,
        KVP=77,
        MaskSubtractionSequence=mask,
        **IMAGER,
        **DISTANCES,
    )
    assert isinstance(found, Run)
    assert (found.primary_angle_deg, found.secondary_angle_deg) == (-30.5, 2)
    assert (found.sid_mm, found.sod_mm, found.kvp) == (1200, 800, 77)
    assert found.imager_spacing_mm == (0.3, 0.3)
    assert found.mask_frames == (0, 1)


@pytest.mark.parametrize(
    ("operation", "numbers", "frames", "warned"),
    [("NONE", [1], (), False), ("AVG_SUB", [2, 9], (1,), True), ("TID", [], (), False)],
)
def test_mask_frames_that_cannot_be(
    tmp_path: Path, operation: str, numbers: list[int], frames: tuple[int, ...], warned: bool
) -> None:
    mask = item(MaskOperation=operation)
    if numbers:
        mask.MaskFrameNumbers = numbers
    found = read(tmp_path, MaskSubtractionSequence=[mask])
    assert isinstance(found, Run)
    assert found.mask_frames == frames
    assert any("Mask frame 9" in text for text in found.warnings) == warned


def test_enhanced_geometry_from_functional_groups(tmp_path: Path) -> None:
    shared = item(
        FramePixelDataPropertiesSequence=[item(ImagerPixelSpacing=[0.3, 0.3])],
        XRayGeometrySequence=[item(DistanceSourceToDetector=1200, DistanceSourceToIsocenter=800.0)],
    )
    own = item(
        PositionerPositionSequence=[item(PositionerPrimaryAngle=20, PositionerSecondaryAngle=-5)]
    )
    groups = {"SharedFunctionalGroupsSequence": [shared]}
    groups["PerFrameFunctionalGroupsSequence"] = [own, own]
    found = read(tmp_path, SOPClassUID=ENHANCED_XA, **groups)
    assert isinstance(found, Run)
    assert (found.primary_angle_deg, found.secondary_angle_deg) == (20, -5)
    assert found.calibration.mm_per_px == pytest.approx(0.2)
    beam = item(ObjectPixelSpacingInCenterOfBeam=[0.19, 0.19])
    shared.ProjectionPixelCalibrationSequence = [beam]
    found = read(tmp_path, SOPClassUID=ENHANCED_XA, **groups)
    assert found.calibration.mm_per_px == pytest.approx(0.19, rel=1e-6)
    assert found.calibration.source is CalibrationSource.ENHANCED_ISOCENTER


def ultrasound(tmp_path: Path, *regions: Any, **values: Any) -> ImageSet:
    sequence = {"SequenceOfUltrasoundRegions": list(regions)} if regions else {}
    return read(tmp_path, SOPClassUID=US_MULTI, Modality="US", **sequence, **values)


def test_the_tissue_region_not_just_the_first(tmp_path: Path) -> None:
    first = region(RegionSpatialFormat=3, RegionDataType=3, PhysicalDeltaX=0.5)
    second = region(RegionLocationMaxX1=3, PhysicalDeltaX=0.09, PhysicalDeltaY=0.09)
    third = region(PhysicalDeltaX=-0.02)
    found = ultrasound(tmp_path, first, second, third)
    assert found.calibration.mm_per_px == pytest.approx(0.2)
    assert found.calibration.source is CalibrationSource.ULTRASOUND_REGION
    assert found.calibration.region_px == (1, 0, 7, 6)
    assert found.calibration.holds_at((2, 2))
    assert not found.calibration.holds_at((2, 2), (0, 2))
    assert any("different scales" in text for text in found.warnings)


def test_a_region_is_clipped_to_the_image(tmp_path: Path) -> None:
    found = ultrasound(tmp_path, region(RegionLocationMaxX1=900, RegionLocationMaxY1=900))
    assert found.calibration.region_px == (1, 0, 7, 7)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"PhysicalDeltaX": 0.0031, "PhysicalDeltaY": 0.004}, "not square (0.04 x 0.031 mm)"),
        ({"PhysicalUnitsYDirection": 4}, "not in cm"),
        ({"RegionLocationMinX0": 50, "RegionLocationMaxX1": 60}, "outside the image"),
        ({"PhysicalDeltaX": 0.0}, "no usable pixel size"),
    ],
)
def test_a_region_that_does_not_count(tmp_path: Path, values: dict[str, Any], words: str) -> None:
    found = ultrasound(tmp_path, region(**values))
    assert not found.calibration.known
    assert any(words in text for text in found.warnings)


def test_pixel_aspect_of_pixels_that_are_not_square(tmp_path: Path) -> None:
    found = ultrasound(tmp_path, region(PhysicalDeltaX=0.04, PhysicalDeltaY=0.02))
    assert found.pixels.aspect == pytest.approx(0.5)


def test_a_capture_has_no_scale_unless_calibrated(tmp_path: Path) -> None:
    values: dict[str, Any] = {"SOPClassUID": SC, "Modality": "OT", "PixelSpacing": [0.5, 0.5]}
    plain = read(tmp_path, **values)
    assert not plain.calibration.known
    assert any("not a scale in the patient" in text for text in plain.warnings)
    calibrated = read(tmp_path, PixelSpacingCalibrationType="FIDUCIAL", **values)
    assert calibrated.calibration.mm_per_px == 0.5


def enhanced(tmp_path: Path, *frames: dict[str, float]) -> Run:
    """An enhanced XA whose frames have their own angles and distances."""
    groups = [
        item(
            PositionerPositionSequence=[
                item(PositionerPrimaryAngle=own["primary"], PositionerSecondaryAngle=0.0)
            ],
            XRayGeometrySequence=[
                item(DistanceSourceToDetector=1100.0, DistanceSourceToIsocenter=own["sod"])
            ],
            FramePixelDataPropertiesSequence=[item(ImagerPixelSpacing=[0.3, 0.3])],
        )
        for own in frames
    ]
    found = read(tmp_path, SOPClassUID=ENHANCED_XA, PerFrameFunctionalGroupsSequence=groups)
    assert isinstance(found, Run)
    return found


def test_a_c_arm_at_rest_keeps_its_angles_and_scale(tmp_path: Path) -> None:
    run = enhanced(tmp_path, {"primary": 30.0, "sod": 750.0}, {"primary": 30.2, "sod": 751.0})
    assert (run.primary_angle_deg, run.sod_mm) == (30.0, 750.0)
    assert run.calibration.mm_per_px == pytest.approx(0.3 * 750 / 1100)
    assert run.warnings == ()


def test_a_c_arm_that_turns_has_no_one_angle(tmp_path: Path) -> None:
    run = enhanced(tmp_path, {"primary": 30.0, "sod": 750.0}, {"primary": 40.0, "sod": 750.0})
    assert run.primary_angle_deg is None
    assert run.calibration.known
    assert run.warnings == ("The C-arm's angles change during this run; none is given.",)


def test_a_c_arm_that_moves_away_has_no_one_scale(tmp_path: Path) -> None:
    run = enhanced(tmp_path, {"primary": 0.0, "sod": 700.0}, {"primary": 0.0, "sod": 760.0})
    assert (run.sid_mm, run.sod_mm) == (None, None)
    assert not run.calibration.known
    assert run.warnings == ("The C-arm's distances change during this run; no scale is given.",)


@pytest.mark.parametrize("turned", [[0, 25], [-15, 0]])
def test_angle_increments_of_a_classic_run(tmp_path: Path, turned: list[int]) -> None:
    run = read(
        tmp_path,
        **IMAGER,
        **DISTANCES,
        PositionerPrimaryAngle=5,
        PositionerSecondaryAngle=0,
        PositionerPrimaryAngleIncrement=turned,
        PositionerSecondaryAngleIncrement=[0, 0],
    )
    assert isinstance(run, Run)
    assert run.primary_angle_deg is None
    assert run.calibration.known


def test_a_moving_table_is_told(tmp_path: Path) -> None:
    run = read(tmp_path, **IMAGER, **DISTANCES, TableMotion="DYNAMIC")
    assert any("table moves" in text for text in run.warnings)


def test_where_a_scale_holds_is_stated(tmp_path: Path) -> None:
    plain = read(tmp_path, **IMAGER, **DISTANCES)
    assert plain.calibration.validity == "at the isocentre, 800 mm from the source"
    raised = read(tmp_path, **IMAGER, **DISTANCES, TableHeight=-120)
    assert raised.calibration.validity.endswith("(table height stated as -120 mm)")
    beam = item(ObjectPixelSpacingInCenterOfBeam=[0.19, 0.19], DistanceObjectToTableTop=90.0)
    shared = item(ProjectionPixelCalibrationSequence=[beam])
    groups = {"SharedFunctionalGroupsSequence": [shared]}
    enhanced = read(tmp_path, SOPClassUID=ENHANCED_XA, **groups)
    assert enhanced.calibration.validity == "in the centre of the beam, 90 mm above the table top"
