"""pydicom's users get our decoders; code streams of an unknown kind go to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frame_samples import (
    HTJ2K,
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    JPEG_LS,
    data_set,
    image_set,
    pattern,
    save_fragments,
)
from imagecodecs import htj2k_encode, jpeg2k_encode, jpeg8_encode, jpegls_encode
from pydicom import dcmread
from pydicom.pixels.utils import pixel_array

from viewer.dicom import decoders
from viewer.dicom.codestream import Codec
from viewer.dicom.frames import open_frames
from viewer.dicom.pydicom_plugin import LABEL, is_available, register
from viewer.errors import UnreadableError

GREY = pattern((40, 48), 12)
STREAMS = {
    JPEG_LOSSLESS: bytes(jpeg8_encode(GREY, lossless=True, bitspersample=12)),
    JPEG_LS: bytes(jpegls_encode(GREY)),
    JPEG_2000: bytes(jpeg2k_encode(GREY, reversible=True, codecformat="j2k", level=0)),
    HTJ2K: bytes(htj2k_encode(GREY, reversible=True)),
}


@pytest.mark.parametrize("syntax", STREAMS)
def test_pydicom_reads_by_the_plugin(tmp_path: Path, syntax: str) -> None:
    register()
    register()
    ds = data_set(GREY.shape, b"", BitsAllocated=16, BitsStored=12)
    path = save_fragments(ds, [STREAMS[syntax]], tmp_path / "a.dcm", syntax)
    assert is_available(syntax)
    assert np.array_equal(pixel_array(dcmread(path), decoding_plugin=LABEL), GREY)


def test_pydicom_gets_colour_as_we_show_it(tmp_path: Path) -> None:
    register()
    stream = bytes(jpeg8_encode(pattern((32, 32, 3)), level=95, subsampling="422"))
    ds = data_set((32, 32, 3), b"", PhotometricInterpretation="YBR_FULL_422")
    path = save_fragments(ds, [stream], tmp_path / "a.dcm", JPEG_BASELINE)
    theirs = pixel_array(dcmread(path), decoding_plugin=LABEL)
    assert np.array_equal(theirs, open_frames(image_set(path)).frame(0))


def test_damage_is_an_error_in_pydicom_too(tmp_path: Path) -> None:
    register()
    ds = data_set(GREY.shape, b"", BitsAllocated=16, BitsStored=12)
    path = save_fragments(ds, [STREAMS[JPEG_LS][:200]], tmp_path / "a.dcm", JPEG_LS)
    with pytest.raises(RuntimeError, match="end early"):
        pixel_array(dcmread(path), decoding_plugin=LABEL)


def _failing(error: Exception) -> Any:
    def decode(*_: object) -> None:
        raise error

    return decode


def test_a_kind_the_codec_lacks_goes_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("PIL")
    stream = bytes(jpeg8_encode(pattern((32, 32)), level=95))
    path = save_fragments(data_set((32, 32), b""), [stream], tmp_path / "a.dcm", JPEG_BASELINE)
    usual = open_frames(image_set(path)).frame(0)
    unknown = _failing(ValueError("Unsupported JPEG process"))
    monkeypatch.setitem(decoders._DECODERS, Codec.JPEG, unknown)
    assert np.array_equal(open_frames(image_set(path)).frame(0), usual)
    monkeypatch.setitem(decoders._DECODERS, Codec.JPEG, _failing(ValueError("broken data")))
    with pytest.raises(UnreadableError, match="its JPEG data are damaged"):
        open_frames(image_set(path)).frame(0)
