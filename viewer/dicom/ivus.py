"""How an IVUS catheter was pulled (PS3.3 C.8.5.6: Intravascular Ultrasound)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from viewer.dicom.header import Header
from viewer.model.coregistration import FASTEST_PULL_MM_S
from viewer.model.study import PullbackMode

_MODES = (
    ("MOTOR", PullbackMode.MOTOR),
    ("MANUAL", PullbackMode.MANUAL),
    ("GATED", PullbackMode.GATED),
    ("SELECTIVE", PullbackMode.SELECTIVE),
)


@dataclass(frozen=True, slots=True)
class Pull:
    """Mode, rate and linear stretch (0-based frames) of a pullback."""

    mode: PullbackMode = PullbackMode.UNKNOWN
    rate_mm_s: float | None = None
    start_frame: int | None = None
    stop_frame: int | None = None


def pull(header: Header) -> tuple[Pull, tuple[str, ...]]:
    """Read the pull; MOTOR_PULLBACK and MOTORIZED_PULLBACK (newer IODs) mean the same.

    Start and stop are as the header says; `within` checks them against the frames there are.
    """
    warnings: list[str] = []
    mode = _mode(header, warnings)
    rate = header.number("IVUSPullbackRate")
    if "IVUSPullbackRate" in header and (rate is None or not 0 < rate <= FASTEST_PULL_MM_S):
        shown = header.text("IVUSPullbackRate")
        warnings.append(f"Pullback rate is {shown!r} mm/s, which can't be; not used.")
        rate = None
    if mode is PullbackMode.MOTOR and rate is None:
        warnings.append("A motorised pullback without a rate: tie it with landmarks.")
    start = _frame(header, "IVUSPullbackStartFrameNumber", "start", warnings)
    stop = _frame(header, "IVUSPullbackStopFrameNumber", "stop", warnings)
    return Pull(mode, rate, start, stop), tuple(warnings)


def within(found: Pull, frames: int) -> tuple[Pull, tuple[str, ...]]:
    """The pull with start and stop that lie inside `frames` and in order, else without them."""
    warnings: list[str] = []
    start, stop = found.start_frame, found.stop_frame
    if start is not None and not 0 <= start < frames:
        warnings.append(_outside("start", start, frames))
        start = None
    if stop is not None and not 0 <= stop < frames:
        warnings.append(_outside("stop", stop, frames))
        stop = None
    if start is not None and stop is not None and stop <= start:
        warnings.append(
            f"The pullback stops at frame {stop + 1}, not after its start at frame {start + 1}; "
            "neither is used."
        )
        start = stop = None
    return replace(found, start_frame=start, stop_frame=stop), tuple(warnings)


def _mode(header: Header, warnings: list[str]) -> PullbackMode:
    written = header.text("IVUSAcquisition").upper()
    for beginning, mode in _MODES:
        if written.startswith(beginning):
            return mode
    if written:
        warnings.append(f"IVUS Acquisition is {written!r}, which is not known; mode unknown.")
    return PullbackMode.UNKNOWN


def _frame(header: Header, keyword: str, name: str, warnings: list[str]) -> int | None:
    """A frame number of the header (from 1) as an index; None when absent or no number."""
    if keyword not in header:
        return None
    number = header.integer(keyword)
    if number is None:
        shown = header.text(keyword)
        warnings.append(f"Pullback {name} frame is {shown!r}, which is no number; not used.")
        return None
    return number - 1


def _outside(name: str, frame: int, frames: int) -> str:
    return f"Pullback {name} frame {frame + 1} is not one of {frames} frames; not used."
