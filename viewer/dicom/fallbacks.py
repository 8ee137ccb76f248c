"""Code streams of a kind that imagecodecs does not know: by Pillow or GDCM, where installed.

Never for damaged data: both are more tolerant, and would show what can't be right. The caller has
compared the size in the code stream with the header's before.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.pixel_header import PixelHeader

log = logging.getLogger(__name__)

PLUGINS = ("pillow", "gdcm")
"""pydicom's names of them, in the order they are tried."""


def is_unknown_kind(error: Exception) -> bool:
    """Whether an error says that the codec can't do this, not that the data are wrong."""
    text = str(error).lower()
    return isinstance(error, ImportError) or "support" in text or "not implemented" in text


def decode_elsewhere(header: PixelHeader, data: bytes) -> tuple[NDArray[Any], str] | None:
    """One compressed frame by the first of `PLUGINS` that can.

    Returns
    -------
    tuple or None
        (rows, columns) or (rows, columns, 3) as stored, and its Photometric Interpretation; None
        when none of them is installed and can.
    """
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder

    from viewer.dicom.pydicom_plugin import register

    register()
    try:
        decoder = get_decoder(header.transfer_syntax)
    except NotImplementedError:
        return None
    frame = encapsulate([data], has_bot=False)
    how: dict[str, Any] = {
        "number_of_frames": 1,
        "rows": header.rows,
        "columns": header.columns,
        "samples_per_pixel": header.samples,
        "bits_allocated": header.bits_allocated,
        "bits_stored": header.bits_stored,
        "pixel_representation": int(header.signed),
        "photometric_interpretation": header.photometric,
        "planar_configuration": 0,
        "pixel_keyword": "PixelData",
    }
    for name in PLUGINS:
        if name not in decoder.available_plugins:
            continue
        try:
            samples, told = decoder.as_array(frame, raw=True, decoding_plugin=name, **how)
        except Exception as error:  # noqa: BLE001 - whatever foreign decoders raise
            log.info("%s could not decode the frame either: %s", name, type(error).__name__)
            continue
        return np.asarray(samples), str(told["photometric_interpretation"])
    return None
