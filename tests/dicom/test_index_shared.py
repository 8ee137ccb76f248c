"""Every real file beside the project: what a person would expect to read in the list."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewer.dicom.index import IndexResult, index
from viewer.model.calibration import CalibrationSource
from viewer.model.study import ImageSet, Pullback, PullbackMode, Role, Run


@pytest.fixture(scope="module")
def everything(shared_data: Path) -> IndexResult:
    return index([shared_data])


def named(result: IndexResult, name: str) -> ImageSet:
    (found,) = [s for s in result.image_sets if s.paths[0].name == name]
    return found


@pytest.mark.parametrize(
    ("name", "role", "frames", "size", "ms"),
    [
        ("xa_coronary_96f_jpeg.dcm", Role.VENOGRAM, 96, (512, 512), 33),
        ("xa_catheter_12f_jpegll.dcm", Role.VENOGRAM, 12, (512, 512), 33),
        ("xa_head_1f_j2k.dcm", Role.VENOGRAM, 1, (1024, 1024), None),
        ("rf_cholangiogram_1f.dcm", Role.VENOGRAM, 1, (1024, 1024), None),
        ("rf_modality_lut_1f.dcm", Role.VENOGRAM, 1, (512, 464), None),
        ("ivus_coronary_800f.dcm", Role.PULLBACK, 800, (480, 480), 33.3333),
        ("ivus_large_vessel_100f.dcm", Role.PULLBACK, 100, (500, 500), 85.4701),
        ("ivus_traced_11f.dcm", Role.PULLBACK, 11, (500, 500), 769.2308),
        ("us_fragmented_vector_8f.dcm", Role.ULTRASOUND, 8, (320, 240), 44.2857),
        ("us_frametimevector_negative_delta_65f.dcm", Role.ULTRASOUND, 65, (576, 456), 38.1),
        ("us_nonsquare_two_regions_34f.dcm", Role.ULTRASOUND, 34, (480, 430), 30),
        ("us_palette_rle_10f.dcm", Role.ULTRASOUND, 10, (600, 430), 76),
        ("frames_1A.dcm", Role.OTHER, 15, (10, 10), None),
        ("wrong_transfer_syntax.dcm", Role.VOLUME, 1, (512, 512), None),
        ("no_file_meta.dcm", Role.VOLUME, 1, (128, 128), None),
        ("corrupt_jpeg.dcm", Role.VOLUME, 1, (512, 400), None),
        ("xa1_12bit_extended_jpeg.dcm", Role.VENOGRAM, 1, (1024, 1024), None),
    ],
)
def test_each_file(
    everything: IndexResult,
    name: str,
    role: Role,
    frames: int,
    size: tuple[int, int],
    ms: float | None,
) -> None:
    found = named(everything, name)
    assert (found.role, found.frames, found.columns, found.rows) == (role, frames, *size)
    assert found.frames_declared == frames
    if ms is None:
        assert found.timing.frame_time_ms is None
    else:
        assert found.timing.frame_time_ms == pytest.approx(ms, rel=1e-3)


def test_the_hostile_are_named_and_the_rest_goes_on(everything: IndexResult) -> None:
    reasons = {s.path.name: s.reason for s in everything.skipped}
    assert set(reasons) == {"declares_46341x46341.dcm", "no_rows.dcm"}
    assert "46341 x 46341" in reasons["declares_46341x46341.dcm"]
    assert "no Rows" in reasons["no_rows.dcm"]
    assert {s.path.suffix for s in everything.ignored} <= {".md", ".json"}
    assert everything.patients > 1


def test_the_same_image_in_eight_encodings(everything: IndexResult) -> None:
    names = {s.paths[0].name for s in everything.image_sets if s.paths[0].parent.name == "codecs"}
    assert len(names) == 8
    uids = [found.uid for found in everything.image_sets]
    assert len(set(uids)) == len(uids)


def test_the_head_run(everything: IndexResult) -> None:
    run = named(everything, "xa_head_1f_j2k.dcm")
    assert isinstance(run, Run)
    assert run.calibration.source is CalibrationSource.SID_SOD
    assert run.calibration.mm_per_px == pytest.approx(0.370908203125 * 810 / 1194)
    assert run.calibration.uncertainty == pytest.approx(50 / 810)
    assert (run.primary_angle_deg, run.secondary_angle_deg, run.kvp) == (-0.1, 0.1, 85)
    assert run.pixels.shutter is not None
    assert run.pixels.shutter.rectangle == (0, 117, 1023, 906)
    (window,) = run.pixels.windows
    assert (window.center, window.width) == (509, 683)


def test_a_mask_item_with_operation_none_is_no_mask(everything: IndexResult) -> None:
    run = named(everything, "xa_coronary_96f_jpeg.dcm")
    assert isinstance(run, Run)
    assert run.mask_frames == ()
    assert (run.primary_angle_deg, run.secondary_angle_deg) == (-32, 2)
    assert not run.calibration.known


def test_modality_lut(everything: IndexResult) -> None:
    table = named(everything, "rf_modality_lut_1f.dcm").pixels.modality_lut
    assert table is not None
    assert len(table.values) == 256
    assert table.first == 0


@pytest.mark.parametrize(
    ("name", "mode", "mm"),
    [
        ("ivus_coronary_800f.dcm", PullbackMode.MANUAL, 1 / 44.2),
        ("ivus_large_vessel_100f.dcm", PullbackMode.MANUAL, 5 / 71.6),
        ("ivus_traced_11f.dcm", PullbackMode.MOTOR, 0.02),
    ],
)
def test_pullbacks(everything: IndexResult, name: str, mode: PullbackMode, mm: float) -> None:
    found = named(everything, name)
    assert isinstance(found, Pullback)
    assert found.mode is mode
    assert found.calibration.mm_per_px == pytest.approx(mm, rel=2e-3)
    if mode is PullbackMode.MOTOR:
        assert (found.rate_mm_s, found.start_frame, found.stop_frame) == (0.5, 0, 10)


def test_ultrasound_scales(everything: IndexResult) -> None:
    square = named(everything, "us_frametimevector_negative_delta_65f.dcm")
    assert square.calibration.mm_per_px == pytest.approx(0.52478, rel=1e-4)
    assert square.calibration.region_px == (27, 48, 548, 391)
    not_square = named(everything, "us_nonsquare_two_regions_34f.dcm")
    assert not not_square.calibration.known
    assert not_square.pixels.aspect == pytest.approx(0.8)
    assert any("not square" in text for text in not_square.warnings)
