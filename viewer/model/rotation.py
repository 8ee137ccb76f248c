"""How a pullback's image is turned against the patient, as its reader said it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from viewer.model.vessel import PointPx

SHORTEST_ARROW_PX = 2.0
"""An arrow shorter than this points nowhere."""


class Towards(StrEnum):
    """A direction across the vein; the value is the letter at the edge of the image."""

    ANTERIOR = "A"
    LEFT = "L"
    POSTERIOR = "P"
    RIGHT = "R"

    @property
    def word(self) -> str:
        """The word for people."""
        return self.name.lower()

    @property
    def from_anterior_deg(self) -> float:
        """Degrees from anterior, over the patient's left."""
        return 90.0 * list(Towards).index(self)


class Seen(StrEnum):
    """What a direction was told by."""

    ARTERY = "artery in front"
    BRANCH = "side branch"
    ARROW = "arrow"


class SeenFrom(StrEnum):
    """From which side one looks at the image.

    Intravascular images are drawn for somebody who stands proximal to the section, at the
    operator's end of the catheter (Thim and Falk, Cardiovascular Ultrasound 2012;10:12, measured
    on two IVUS systems and one OCT system). A catheter brought in at the leg is therefore seen
    from the feet, as CT is; one brought in at the neck from the head.
    """

    FEET = "feet"
    HEAD = "head"

    @property
    def left_is_clockwise(self) -> bool:
        """Whether the patient's left follows anterior clockwise on the screen."""
        return self is SeenFrom.FEET


@dataclass(frozen=True, slots=True)
class RotationMark:
    """An arrow on one frame whose direction in the patient is known.

    Attributes
    ----------
    frame : int
        0-based frame of the pullback.
    from_px, to_px : PointPx
        Its ends: mostly from the catheter, or the middle of the vein, to what was seen.
    """

    id: str
    frame: int
    from_px: PointPx
    to_px: PointPx
    towards: Towards = Towards.ANTERIOR
    seen: Seen = Seen.ARROW

    def __post_init__(self) -> None:
        ends = (*self.from_px, *self.to_px)
        if not all(math.isfinite(value) for value in ends):
            raise ValueError("a rotation mark lies nowhere")
        if math.dist(self.from_px, self.to_px) < SHORTEST_ARROW_PX:
            raise ValueError("a rotation mark is too short to point anywhere")


@dataclass(frozen=True, slots=True)
class PullbackRotation:
    """Where anterior and left are on the frames of one pullback.

    Attributes
    ----------
    marks : tuple of RotationMark
        In frame order, at most one a frame, at least one; several follow the catheter's drift.
    """

    image_uid: str
    marks: tuple[RotationMark, ...]
    seen_from: SeenFrom = SeenFrom.FEET

    def __post_init__(self) -> None:
        frames = [mark.frame for mark in self.marks]
        if not frames or frames != sorted(set(frames)):
            raise ValueError("a rotation has one mark or more, in the order of their frames")

    def with_mark(self, mark: RotationMark) -> PullbackRotation:
        """With a mark added, in place of one on its frame."""
        rest = [m for m in self.marks if m.frame != mark.frame and m.id != mark.id]
        marks = sorted([*rest, mark], key=lambda m: m.frame)
        return replace(self, marks=tuple(marks))

    def mark_on(self, frame: int) -> RotationMark | None:
        """The mark on a frame."""
        return next((mark for mark in self.marks if mark.frame == frame), None)
