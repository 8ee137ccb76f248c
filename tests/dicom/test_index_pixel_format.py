from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from header_samples import dataset, item, save

from viewer.dicom.index import index
from viewer.model.study import LookupTable, PixelFormat, Window


def read(tmp_path: Path, **values: Any) -> PixelFormat:
    ds = dataset(2, FrameTime=33, **values)
    (found,) = index([save(ds, tmp_path / "one.dcm")]).image_sets
    return found.pixels


def test_windows_with_names_and_function(tmp_path: Path) -> None:
    pixels = read(
        tmp_path,
        WindowCenter=[40, 100, 7],
        WindowWidth=[400, 0, 20],
        WindowCenterWidthExplanation=["VEIN", "BAD", "CLOT"],
        VOILUTFunction="SIGMOID",
    )
    assert pixels.windows == (
        Window(40, 400, "SIGMOID", "VEIN"),
        Window(7, 20, "SIGMOID", "CLOT"),
    )


@pytest.mark.parametrize(
    ("values", "rescale"),
    [
        ({}, None),
        ({"RescaleSlope": 1, "RescaleIntercept": 0}, None),
        ({"RescaleSlope": 2, "RescaleIntercept": -5}, (2, -5)),
        ({"RescaleIntercept": -5}, (1, -5)),
        ({"RescaleSlope": 0, "RescaleIntercept": -5}, (1, -5)),
        ({"RescaleSlope": b"x", "RescaleIntercept": b"y"}, None),
    ],
)
def test_rescale(tmp_path: Path, values: dict[str, Any], rescale: Any) -> None:
    assert read(tmp_path, **values).rescale == rescale


def table(descriptor: list[int], data: bytes) -> Any:
    found = item(LUTExplanation="T")
    found.add_new("LUTDescriptor", "US", descriptor)
    found.add_new("LUTData", "OW", data)
    return found


def test_lookup_tables(tmp_path: Path) -> None:
    pixels = read(
        tmp_path,
        BitsAllocated=16,
        PixelRepresentation=1,
        PixelData=bytes(256),
        ModalityLUTSequence=[table([3, 65534, 16], b"\1\0\2\0\xff\xff")],
        VOILUTSequence=[
            table([4, 0, 8], b"\1\2\3\4"),
            table([4, 0, 16], b"\1\0"),
            table([2, 0, 12], b"\5\0\6\0"),
        ],
    )
    assert pixels.signed
    assert pixels.modality_lut == LookupTable(-2, 16, (1, 2, 65535), "T")
    assert pixels.voi_luts == (
        LookupTable(0, 8, (1, 2, 3, 4), "T"),
        LookupTable(0, 12, (5, 6), "T"),
    )


def test_a_table_of_65536_entries(tmp_path: Path) -> None:
    pixels = read(tmp_path, ModalityLUTSequence=[table([0, 0, 16], bytes(131072))])
    assert pixels.modality_lut is not None
    assert len(pixels.modality_lut.values) == 65536


def test_shutters_count_from_zero(tmp_path: Path) -> None:
    pixels = read(
        tmp_path,
        ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"],
        ShutterLeftVerticalEdge=2,
        ShutterRightVerticalEdge=7,
        ShutterUpperHorizontalEdge=3,
        ShutterLowerHorizontalEdge=6,
        CenterOfCircularShutter=[4, 5],
        RadiusOfCircularShutter=3,
        VerticesOfThePolygonalShutter=[1, 2, 3, 4, 5, 6],
    )
    assert pixels.shutter is not None
    assert pixels.shutter.rectangle == (1, 2, 6, 5)
    assert pixels.shutter.circle == (4, 3, 3)
    assert pixels.shutter.polygon == ((1, 0), (3, 2), (5, 4))


def test_shutters_that_make_no_sense(tmp_path: Path) -> None:
    values = {"ShutterLeftVerticalEdge": 7, "ShutterRightVerticalEdge": 2}
    assert read(tmp_path, ShutterShape="RECTANGULAR", **values).shutter is None
    assert read(tmp_path, ShutterShape="CIRCULAR").shutter is None


def test_layout_and_aspect(tmp_path: Path) -> None:
    pixels = read(
        tmp_path,
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
        PixelData=bytes(384),
        PixelAspectRatio=[4, 5],
        PixelIntensityRelationship="LOG",
    )
    assert (pixels.samples, pixels.photometric, pixels.bits_stored) == (3, "RGB", 8)
    assert pixels.aspect == pytest.approx(0.8)
    assert pixels.intensity_relationship == "LOG"


def test_names_in_other_alphabets(tmp_path: Path) -> None:
    for character_set, name in (
        ("ISO_IR 100", "Müller^Jürg"),
        ("ISO_IR 192", "Ångström^Å"),
        ("ISO_IR 144", "Люкceмбypг"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
    ):
        ds = dataset(2, FrameTime=33, SpecificCharacterSet=character_set, PatientName=name)
        (found,) = index([save(ds, tmp_path / "one.dcm")]).image_sets
        assert found.patient.name == name
