"""A measured number with its unit, its uncertainty and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

HALF_90 = 1.645
"""Half a 90 % band in standard deviations of a Gaussian: its 95th percentile."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What was measured.

    Attributes
    ----------
    value : float
    unit : str
        mm, mm², mm³, px, px², %, points or frames; never mm without a scale.
    sigma : float or None
        One standard deviation, same unit; None when it can't be told.
    source : str
        What value and ± rest on, for people.
    on : str
        What it was measured on: image and frames, for people; empty when `source` says it.
    accepted_by : str
        The reader who accepted what it was measured on; empty while nobody did.
    """

    value: float
    unit: str
    sigma: float | None = None
    source: str = ""
    on: str = ""
    accepted_by: str = ""

    @property
    def band_text(self) -> str:
        """`text` with half a 90 % band after ±, as places along the vein are written."""
        sigma = None if self.sigma is None else HALF_90 * self.sigma
        return replace(self, sigma=sigma).text

    @property
    def text(self) -> str:
        """As written beside a mark: ``27 ± 3 mm``, ``8.4 mm``, ``41 px``, ``120 frames``."""
        if self.unit == "frames":
            return f"{self.value:.0f} frame{'' if round(self.value) == 1 else 's'}"
        digits = 0 if self.unit.startswith("px") else _digits(self.value, self.sigma)
        if self.sigma is None or self.unit.startswith("px"):
            return f"{_fixed(self.value, digits)} {self.unit}"
        return f"{_fixed(self.value, digits)} ± {self.sigma:.{digits}f} {self.unit}"


def _fixed(value: float, digits: int) -> str:
    """With so many decimals, and never -0."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _digits(value: float, sigma: float | None) -> int:
    """One decimal where the ± deserves it, none where it would pretend."""
    if sigma is None:
        return 1 if abs(value) < 100 else 0
    return 1 if sigma < 2 and abs(value) < 1000 else 0
