"""Identity, frames and timing of what was acquired; never pixels.

An *image set* is what a person scrolls through: one multi-frame instance, or the single-frame
instances of one series put in order. `Run` and `Pullback` are the two Caval exists for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from viewer.model.calibration import UNCALIBRATED, Calibration
from viewer.model.subtraction import HeaderMask


class Role(StrEnum):
    """What an image set is to a reviewer."""

    VENOGRAM = "venogram"
    PULLBACK = "pullback"
    ULTRASOUND = "ultrasound"
    VOLUME = "volume"
    PRESENTATION = "presentation"
    REPORT = "report"
    OTHER = "other"


class PullbackMode(StrEnum):
    """IVUS Acquisition (0018,3100), both spellings folded."""

    MOTOR = "motor"
    MANUAL = "manual"
    GATED = "gated"
    SELECTIVE = "selective"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """`count` consecutive frames of one file, in the order of the image set."""

    path: Path
    first: int
    count: int
    sop_instance_uid: str
    member: str = ""  # name inside a zip, empty otherwise


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """When each frame was taken.

    Attributes
    ----------
    times_s : tuple of float or None
        Start of each frame, s after the first; None when the header does not say.
    source : str
        The DICOM attribute(s) the times come from, or "reader's override".
    """

    times_s: tuple[float, ...] | None = None
    source: str = ""

    @property
    def frame_time_ms(self) -> float | None:
        """Mean frame time in ms, None when unknown or for fewer than two frames."""
        if self.times_s is None or len(self.times_s) < 2:
            return None
        return 1000.0 * (self.times_s[-1] - self.times_s[0]) / (len(self.times_s) - 1)

    @property
    def rate_hz(self) -> float | None:
        """Mean frames per second, None when unknown."""
        ms = self.frame_time_ms
        return 1000.0 / ms if ms else None


@dataclass(frozen=True, slots=True)
class Patient:
    """Who the images say they are of; kept out of logs."""

    patient_id: str = ""
    name: str = ""
    birth_date: str = ""
    identity_removed: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What must agree for two image sets to be of one patient."""
        return (self.patient_id.strip(), self.name.strip().upper(), self.birth_date.strip())


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window: `function` is LINEAR, LINEAR_EXACT or SIGMOID (PS3.3 C.11.2.1.2)."""

    center: float
    width: float
    function: str = "LINEAR"
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A Modality or VOI LUT (PS3.3 C.11.1/C.11.2): `values[k]` stands for input `first + k`."""

    first: int
    bits: int
    values: tuple[int, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Shutter:
    """Display shutter (PS3.3 C.7.6.11): what is outside any given shape is not to be seen, px.

    `rectangle` is (left, upper, right, lower) edges, `circle` is (x, y, radius); 0-based.
    """

    rectangle: tuple[float, float, float, float] | None = None
    circle: tuple[float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How stored values are laid out and meant to be shown (PS3.3 C.7.6.3).

    `rescale` is (slope, intercept) or None. `windows` are the header's presets, best first.
    `aspect` is pixel height / width as displayed. Colour frames are decoded to RGB.
    `intensity_sign` is -1 where higher values mean less X-ray intensity (0028,1041), 1 where they
    mean more, 0 where the header does not say.
    """

    samples: int = 1
    bits_allocated: int = 8
    bits_stored: int = 8
    signed: bool = False
    photometric: str = "MONOCHROME2"
    rescale: tuple[float, float] | None = None
    windows: tuple[Window, ...] = ()
    modality_lut: LookupTable | None = None
    voi_luts: tuple[LookupTable, ...] = ()
    shutter: Shutter | None = None
    intensity_relationship: str = ""
    intensity_sign: int = 0
    aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class ImageSet:
    """One thing to scroll through.

    Attributes
    ----------
    uid : str
        SOP Instance UID of a multi-frame instance, else "<Series Instance UID>" of the stack.
    spans : tuple of FrameSpan
        Where the frames are, in order; their counts add up to `frames`.
    frames_declared : int
        Number of Frames as the header says, when more than could be found.
    orientation : tuple of str
        Patient Orientation (0020,0020): where rows and columns run to, e.g. ("L", "F"); "" unknown.
    phase_hint : str
        Words from the headers that help to guess the phase (descriptions, protocol).
    trim : (int, int) or None
        0-based first and last frame to be played: Start and Stop Trim (0008,2142/2143).
    sweep : bool
        To be played forth and back: Preferred Playback Sequencing (0018,1244) is 1.
    """

    uid: str
    series_uid: str
    study_uid: str
    patient: Patient
    modality: str
    role: Role
    description: str
    series_number: int | None
    acquired_at: datetime | None
    spans: tuple[FrameSpan, ...]
    frames: int
    frames_declared: int
    rows: int
    columns: int
    timing: FrameTiming = field(default_factory=FrameTiming)
    calibration: Calibration = UNCALIBRATED
    pixels: PixelFormat = field(default_factory=PixelFormat)
    transfer_syntax_uid: str = ""
    orientation: tuple[str, str] = ("", "")
    phase_hint: str = ""
    laterality: str = ""
    study_date: str = ""
    warnings: tuple[str, ...] = ()
    trim: tuple[int, int] | None = None
    sweep: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files behind the set, each once, in order."""
        return tuple(dict.fromkeys(span.path for span in self.spans))

    def span_of(self, index: int) -> tuple[FrameSpan, int]:
        """The span holding frame `index` and the frame's index inside its file.

        Raises
        ------
        IndexError
            `index` is outside 0..frames-1.
        """
        left = index
        if index >= 0:
            for span in self.spans:
                if left < span.count:
                    return span, span.first + left
                left -= span.count
        raise IndexError(f"frame {index} of {self.frames}")


@dataclass(frozen=True, slots=True)
class Run(ImageSet):
    """One XA/RF acquisition (a venogram).

    Attributes
    ----------
    primary_angle_deg, secondary_angle_deg : float or None
        Positioner Primary/Secondary Angle (0018,1510/1511): LAO and CRA positive.
    sid_mm, sod_mm : float or None
        Distance Source to Detector (0018,1110) and Source to Patient (0018,1111).
    imager_spacing_mm : tuple of float or None
        (row, column) spacing at the detector (0018,1164); not a scale in the patient.
    table_height_mm : float or None
        Table Height (0018,1130) as the file states it; its zero and sign differ between vendors.
    field_of_view_mm : tuple of float
        Field of View Dimensions at the detector (0018,1149): one or two values, or none.
    mask_frames : tuple of int
        0-based Mask Frame Numbers of the first Mask Subtraction item that averages frames.
    masks : tuple of HeaderMask
        The items of the Mask Subtraction Sequence that subtract, as far as their frames exist.
    """

    primary_angle_deg: float | None = None
    secondary_angle_deg: float | None = None
    sid_mm: float | None = None
    sod_mm: float | None = None
    imager_spacing_mm: tuple[float, float] | None = None
    mask_frames: tuple[int, ...] = ()
    kvp: float | None = None
    table_height_mm: float | None = None
    field_of_view_mm: tuple[float, ...] = ()
    masks: tuple[HeaderMask, ...] = ()


@dataclass(frozen=True, slots=True)
class Pullback(ImageSet):
    """One IVUS pullback.

    Attributes
    ----------
    mode : PullbackMode
        How the catheter was pulled.
    rate_mm_s : float or None
        IVUS Pullback Rate (0018,3101).
    start_frame, stop_frame : int or None
        0-based frames between which the pullback is linear in time (0018,3103/3104).
    """

    mode: PullbackMode = PullbackMode.UNKNOWN
    rate_mm_s: float | None = None
    start_frame: int | None = None
    stop_frame: int | None = None

    @property
    def motorised(self) -> bool:
        """Whether rate x time gives the position between start and stop."""
        return self.mode in (PullbackMode.MOTOR, PullbackMode.GATED) and bool(self.rate_mm_s)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not taken, and why, in words for a person."""

    path: Path
    reason: str
