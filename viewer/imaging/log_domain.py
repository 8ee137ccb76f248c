"""Stored X-ray values to the domain in which a mask is subtracted.

Attenuation adds up in the logarithm of the beam's intensity, so that is where anatomy cancels.
Source: PS3.3 C.8.7.1.1.2 and C.8.19.6.4.1.1 (Pixel Intensity Relationship): LIN values are
approximately proportional to the intensity, so their logarithm is taken; LOG values are a log
function already, and the Modality LUT such images carry leads *back* to intensity, so they are
taken as stored; of DISP, OTHER and images without the attribute nothing is known that could be
undone, so they are taken as stored too, and `LogDomain.text` says so.
C.8.11.3.1.2 (Pixel Intensity Relationship Sign): -1 means that higher values are less intensity.
C.7.6.3.1.2 (Photometric Interpretation): where no sign is given, MONOCHROME1 tells the same, for
its highest values are shown darkest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.model.study import ImageSet, PixelFormat

Image = NDArray[np.float32]

LEAST_INTENSITY = 1.0
"""Intensities below one stored step say nothing of the attenuation; they count as one step."""


class Scale(StrEnum):
    """What stored values are of the X-ray intensity at the detector."""

    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Relationship:
    """How stored values follow from the X-ray intensity: the one place where a header is judged.

    Attributes
    ----------
    scale : Scale
    falling : bool
        Whether higher stored values mean less intensity.
    """

    scale: Scale
    falling: bool

    @classmethod
    def of(cls, pixels: PixelFormat) -> Relationship:
        """The relationship a header states; an explicit sign counts more than the photometric."""
        known = {"LIN": Scale.LINEAR, "LOG": Scale.LOGARITHMIC}
        scale = known.get(pixels.intensity_relationship.strip().upper(), Scale.UNKNOWN)
        shown_dark = pixels.intensity_sign == 0 and pixels.photometric == "MONOCHROME1"
        return cls(scale, pixels.intensity_sign < 0 or shown_dark)


@dataclass(frozen=True, slots=True)
class LogDomain:
    """How one run's stored values become values that fall where contrast arrives.

    Attributes
    ----------
    logarithm : bool
        Whether the natural logarithm is taken; else values stay in stored grey levels.
    flip_at : float or None
        Where higher values mean less intensity: what stored values are taken away from.
    text : str
        In which domain the result is, for people.
    """

    logarithm: bool
    flip_at: float | None = None
    text: str = ""

    @classmethod
    def of(cls, pixels: PixelFormat) -> LogDomain:
        """The domain of a run, from its header."""
        relation = Relationship.of(pixels)
        top = float((1 << (pixels.bits_stored - int(pixels.signed))) - 1)
        flip_at = top if relation.falling else None
        if relation.scale is Scale.LINEAR:
            return cls(True, flip_at, "natural logarithm of linear values")
        if relation.scale is Scale.LOGARITHMIC:
            return cls(False, flip_at, "logarithmic as stored")
        word = pixels.intensity_relationship.strip().upper()
        named = f"{word} values" if word else "values of an unstated relationship"
        return cls(False, flip_at, f"{named} to the X-ray intensity, as stored")

    def of_frame(self, stored: NDArray[Any], out: Image | None = None) -> Image:
        """Values of a frame, or of any part of one.

        Parameters
        ----------
        stored : ndarray
            Stored values, any real dtype and shape.
        out : ndarray, float32, optional
            Of the same shape, to be filled.

        Returns
        -------
        ndarray, float32
            Same shape; natural logarithm of intensity, or stored grey levels. Falls where more
            is absorbed.
        """
        out = np.empty(stored.shape, np.float32) if out is None else out
        np.copyto(out, stored, casting="unsafe")
        if self.flip_at is not None:
            np.subtract(np.float32(self.flip_at), out, out=out)
        if self.logarithm:
            np.maximum(out, np.float32(LEAST_INTENSITY), out=out)
            np.log(out, out=out)
        return out


def why_not_subtracted(image_set: ImageSet) -> tuple[str, str]:
    """What keeps an image set from being subtracted, and what to do; empty when nothing does."""
    pixels = image_set.pixels
    if pixels.samples > 1 or pixels.photometric == "PALETTE COLOR":
        return "its frames are in colour", "subtraction needs the grey frames of an X-ray run"
    if image_set.frames < 2:
        return "it has one frame only, so there is no mask to subtract", "choose a run of frames"
    return "", ""
