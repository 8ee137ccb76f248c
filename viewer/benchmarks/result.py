"""What a measurement gives: a figure, the peer's figure, and how large the work is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

Say = Callable[[str], None]
"""Tells a person what is being measured."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.

    Attributes
    ----------
    peer : str or None
        What the figure is compared with, None when it is not installed here.
    peer_value : float or None
        The peer's figure in the same unit, from the same run.
    target : float or None
        The figure to reach: at most this, or at least when `more_is_better`.
    target_ratio : float or None
        The same for `ratio`.
    """

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    target: float | None = None
    more_is_better: bool = False
    note: str = ""
    target_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """The figure over the peer's, None without one."""
        return self.value / self.peer_value if self.peer_value else None

    @property
    def reached(self) -> bool | None:
        """Whether every target that can be judged is reached, None without one."""
        found = [
            figure >= limit if self.more_is_better else figure <= limit
            for figure, limit in ((self.value, self.target), (self.ratio, self.target_ratio))
            if figure is not None and limit is not None
        ]
        return all(found) if found else None

    def as_json(self) -> dict[str, object]:
        """The fields as printed; figures to four digits."""
        fields = asdict(self)
        for name in ("value", "peer_value"):
            fields[name] = None if fields[name] is None else _short(fields[name])
        ratio = self.ratio
        fields["ratio"] = None if ratio is None else _short(ratio)
        fields["reached"] = self.reached
        return fields


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the work is: the whole of it, or little enough for a test.

    Attributes
    ----------
    folder : Path
        Where the images are kept between runs.
    repeats : int
        How often each process is started; the median counts.
    run_px, pullback_px : int
        Rows and columns of the square frames.
    steps : int
        Key presses measured.
    files : int
        Small files to index.
    patience_s : float
        How long a measured process may take before it is given up.
    cine_s : float
        How long both panes play.
    large_bytes : int
        Size of the case that is far larger than memory's share.
    peer_python : str
        Interpreter the decoding peers run in; empty for this one. One with pydicom, python-gdcm
        and pylibjpeg shows what pydicom does by default.
    """

    folder: Path
    repeats: int = 5
    run_frames: int = 150
    run_px: int = 1024
    pullback_frames: int = 2000
    pullback_px: int = 512
    steps: int = 400
    files: int = 3000
    patience_s: float = 300.0
    cine_s: float = 60.0
    large_bytes: int = 5 * 10**9
    peer_python: str = ""


def _short(value: float) -> float:
    return float(f"{value:.4g}")
