"""What figure cards are made of: a key figure, a line, a reference, each with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from viewer.measure.quantity import Quantity
from viewer.model.annotation import Against, ReferenceFrame

SPREAD = "± is one standard deviation"


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure with a caption; the tip tells source, what it was measured on, who accepted it."""

    caption: str
    number: str
    unit: str
    tip: str


@dataclass(frozen=True, slots=True)
class AgainstRow:
    """One reference beside the others.

    Attributes
    ----------
    primary : bool
        The one its reader tells the narrowing by.
    detail : str
        "200 mm² · 16.0 mm", or why there is none.
    warning : str
        What is wrong with its frames; empty when nothing is.
    """

    against: Against
    name: str
    detail: str
    area: str
    diameter: str
    primary: bool
    usable: bool
    tip: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class HeldFrame:
    """A reference frame its reader chose: where it is, in words, and what is wrong with it."""

    reference: ReferenceFrame
    text: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A name and what is said; `frame` is a frame of the pullback `uid` it leads to.

    `uid` is empty for the shown pullback. `tone` is "" or "warn".
    """

    name: str
    text: str
    tip: str = ""
    frame: int | None = None
    uid: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The same place on another pullback: its narrowest there, as a bar beside the others.

    `share` is of the widest of them, 0 to 1.
    """

    title: str
    detail: str
    area: str
    share: float
    uid: str
    frame: int
    is_stent: bool
    tip: str


def key(caption: str, quantity: Quantity | None, why_not: str = "Not known yet") -> KeyFigure:
    """A key figure with its ±, one standard deviation as areas and diameters carry it."""
    if quantity is None:
        return KeyFigure(caption, "", "", why_not)
    number, _, unit = quantity.text.partition(" ")
    return KeyFigure(caption, number, unit, tip_of(quantity))


def tip_of(quantity: Quantity) -> str:
    """Source, what it was measured on, who accepted that, and what its ± is."""
    told = [quantity.source, quantity.on]
    told += [f"accepted by {quantity.accepted_by}"] if quantity.accepted_by else []
    told += [SPREAD] if quantity.sigma is not None else []
    return "\n".join(word for word in told if word)


def line(name: str, quantity: Quantity, frame: int | None = None) -> Line:
    """A figure in words."""
    return Line(name, quantity.text, tip_of(quantity), frame)


def percent(quantity: Quantity | None) -> str:
    """Without its unit's words, which the column says: ``52 ± 4 %``."""
    if quantity is None:
        return "–"
    sigma = "" if quantity.sigma is None else f" ± {quantity.sigma:.0f}"
    return f"{quantity.value:.0f}{sigma} %".replace("-", "−")
