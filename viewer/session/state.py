"""What is current: small frozen values the session replaces and the window paints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from viewer.model.annotation import SegmentKind
from viewer.model.study import Window

Edge = Literal["start", "end"]
"""Which end of a segment: the one with the lower frame or arc, or the other."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The only "current": which run and pullback are shown, and at which 0-based frames."""

    run_uid: str | None = None
    run_frame: int = 0
    pullback_uid: str | None = None
    pullback_frame: int = 0


class Tool(StrEnum):
    """What the left button does on an image; one is armed at a time."""

    SELECT = "select"
    CENTERLINE = "centerline"
    LANDMARK = "landmark"
    STENOSIS = "stenosis"
    CLOT = "clot"
    STENT = "stent"
    CALIPER = "caliper"
    ELLIPSE = "ellipse"
    CALIBRATE = "calibrate"
    CONTRAST = "contrast"
    ROTATION = "rotation"
    LUMEN = "lumen"

    @property
    def segment_kind(self) -> SegmentKind | None:
        """The kind of segment the tool draws, None for other tools."""
        return SegmentKind(self.value) if self.value in set(SegmentKind) else None


class Workspace(StrEnum):
    """What the window is arranged for."""

    REVIEW = "review"
    ALIGN = "align"
    COMPARE = "compare"


class Layers(StrEnum):
    """How much is drawn over the images; `O` cycles."""

    ALL = "all layers"
    NO_TEXT = "no text"
    IMAGES_ONLY = "images only"


class AxisKind(StrEnum):
    """What the axis along the vein counts."""

    VEIN = "vein"
    FRAMES = "frames"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Selection:
    """The one selected thing: a kind of mark and its id, or nothing."""

    kind: str = ""
    """ "segment", "landmark", "measurement", "centerline", "knot", "bookmark", "contrast" or ""."""

    id: str = ""

    def __bool__(self) -> bool:
        return bool(self.id)


@dataclass(frozen=True, slots=True)
class Display:
    """How one image set is shown; None window means the header's or an automatic one."""

    window: Window | None = None
    inverted: bool = False


class Severity(StrEnum):
    """How loud a notice is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the person: a toast, or a card when it is a warning or an error."""

    text: str
    hint: str = ""
    severity: Severity = Severity.INFO
    undoable: bool = False
    about: str = ""  # what it is about; a newer notice about the same thing replaces it


@dataclass(frozen=True, slots=True)
class PendingLandmark:
    """A landmark being placed: its name, and the place on the vein once clicked."""

    name: str = ""
    point_px: tuple[float, float] | None = None
