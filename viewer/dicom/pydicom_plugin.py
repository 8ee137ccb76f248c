"""Our decoders for those who read pixels with pydicom: the decoding plugin "imagecodecs".

The viewer itself decodes without pydicom. ``open_frames`` registers the plugin as soon as pydicom's
decoders are loaded in the process, and so do the fall-backs, which load them; loading them for it
alone would cost every start a tenth of a second. Who uses pydicom before that calls ``register()``.
Then ``pixel_array(data_set)`` uses it where no plugin that pydicom brings is installed for the
transfer syntax, and ``pixel_array(data_set, decoding_plugin="imagecodecs")`` always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from viewer.dicom.byte_source import MemoryBytes
from viewer.dicom.codestream import DamagedFrameError
from viewer.dicom.decoders import Space, decode
from viewer.dicom.free_memory import largest_block
from viewer.dicom.pixel_header import PixelHeader

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

LABEL = "imagecodecs"

DECODER_DEPENDENCIES = dict.fromkeys(
    (
        "1.2.840.10008.1.2.4.50",
        "1.2.840.10008.1.2.4.51",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.81",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.91",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
        "1.2.840.10008.1.2.4.203",
        "1.2.840.10008.1.2.5",
    ),
    ("numpy", "imagecodecs"),
)
"""What pydicom asks a plugin for: transfer syntaxes, and what they need."""


def is_available(transfer_syntax: str) -> bool:
    """Whether frames of a transfer syntax can be decoded; pydicom asks when it registers."""
    return transfer_syntax in DECODER_DEPENDENCIES


def register() -> None:
    """Make the plugin known to pydicom; a second call changes nothing."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    for syntax in DECODER_DEPENDENCIES:
        decoder = get_decoder(UID(syntax))
        if LABEL not in decoder.available_plugins:
            decoder.add_plugin(LABEL, (__name__, "decode_frame"))


def decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """One frame, as pydicom's plugins give it: samples by pixel, little endian.

    Raises
    ------
    ValueError
        It is damaged, or not what the data set says.
    """
    header = _header(runner)
    if header.rows * header.columns * header.samples * header.dtype.itemsize > largest_block():
        raise ValueError(f"a frame of {header.columns} x {header.rows} is too large")
    try:
        samples, space = decode(header, memoryview(source))
    except DamagedFrameError as error:
        raise ValueError(str(error)) from error
    runner.set_option("bits_allocated", 8 * samples.dtype.itemsize)
    if samples.ndim == 3:
        runner.set_option("planar_configuration", 0)
    if space is not Space.STORED:
        runner.set_option("photometric_interpretation", space.value)
    ordered = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(ordered).tobytes()


def _header(runner: DecodeRunner) -> PixelHeader:
    allocated, stored = runner.bits_allocated, runner.bits_stored
    return PixelHeader(
        source=MemoryBytes("frame", b""),
        transfer_syntax=str(runner.transfer_syntax),
        rows=runner.rows,
        columns=runner.columns,
        samples=runner.samples_per_pixel,
        photometric=str(runner.photometric_interpretation),
        planar=False,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1,
        signed=runner.pixel_representation == 1,
        floating=False,
        little=True,
        words_swapped=False,
        frames=1,
        offset=0,
        length=None,
    )
