"""When each frame was taken: read from the header or unknown, never assumed.

Source: PS3.3 C.7.6.5 (Cine), C.7.6.6 (Multi-frame), C.7.6.16.2.2 (Frame Content).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate, pairwise

from viewer.dicom.dates import parse_datetime, seconds_since_first
from viewer.dicom.header import Header
from viewer.model.study import FrameTiming

FRAME_TIME = 0x00181063
FRAME_TIME_VECTOR = 0x00181065
SINGLE = "single frame"
UNKNOWN_RATE = (
    "The header does not say when its frames were taken; set the frame rate by hand to play it."
)
FASTEST_HZ = 1000.0
"""Faster than any angiography or IVUS system; a rate beyond it is a wrong unit."""
RATES_AGREE = 0.1


def multi_frame_timing(header: Header, frames: int) -> tuple[FrameTiming, tuple[str, ...]]:
    """Timing of a multi-frame instance, and what to tell about it.

    Order: what Frame Increment Pointer names; per-frame acquisition times (enhanced objects);
    Frame Time Vector or Frame Time without a pointer; Cine Rate; Recommended Display Frame Rate.

    Parameters
    ----------
    frames : int
        Frames that can be shown.
    """
    if frames == 1:
        return FrameTiming((0.0,), SINGLE), ()
    warnings: list[str] = []
    pointers = _pointers(header)
    timing = None
    if FRAME_TIME_VECTOR in pointers:
        timing = _from_vector(header, frames, warnings)
    if timing is None and FRAME_TIME in pointers:
        timing = _from_frame_time(header, frames, warnings)
    if timing is None:
        timing = _from_functional_groups(header, frames, warnings)
    if timing is None and FRAME_TIME_VECTOR not in pointers:
        timing = _from_vector(header, frames, warnings)
    if timing is None and FRAME_TIME not in pointers:
        timing = _from_frame_time(header, frames, warnings)
    if timing is None:
        timing = _from_rate(header, frames, warnings)
    if timing is None:
        return FrameTiming(), (*warnings, UNKNOWN_RATE)
    warnings.extend(_disagreement(header, timing))
    return timing, tuple(warnings)


def stack_timing(
    moments: Sequence[datetime | None], pair: FrameTiming
) -> tuple[FrameTiming, tuple[str, ...]]:
    """Timing of single-frame instances in order.

    Parameters
    ----------
    moments : sequence of datetime or None
        When each was taken, as its own header says.
    pair : FrameTiming
        What a header of the stack says of two frames (`pair_timing`), used when the moments don't
        tell the frames apart.
    """
    frames = len(moments)
    if frames == 1:
        return FrameTiming((0.0,), SINGLE), ()
    known = tuple(moment for moment in moments if moment is not None)
    if len(known) == frames:
        times = seconds_since_first(known)
        if all(later > earlier for earlier, later in pairwise(times)):
            return FrameTiming(times, "acquisition time of each file"), ()
    if pair.frame_time_ms is not None:
        return _uniform(pair.frame_time_ms, frames, pair.source), ()
    return FrameTiming(), (UNKNOWN_RATE,)


def pair_timing(header: Header) -> tuple[FrameTiming, tuple[str, ...]]:
    """Timing of two successive frames by a single-frame header's Frame Time or rate."""
    warnings: list[str] = []
    timing = _from_frame_time(header, 2, warnings) or _from_rate(header, 2, warnings)
    return timing or FrameTiming(), tuple(warnings)


def trim(header: Header, frames: int) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """0-based first and last frame to be played, None for all, and what to tell about it.

    Source: Start Trim (0008,2142) and Stop Trim (0008,2143), frame numbers from 1.

    Parameters
    ----------
    frames : int
        Frames that can be shown.
    """
    if "StartTrim" not in header and "StopTrim" not in header:
        return None, ()
    first = header.integer("StartTrim") if "StartTrim" in header else 1
    last = header.integer("StopTrim") if "StopTrim" in header else frames
    if first is None or last is None or not 1 <= first <= last:
        shown = f"{header.text('StartTrim') or '-'} to {header.text('StopTrim') or '-'}"
        return None, (f"Start and Stop Trim are {shown}, which is no stretch; not used.",)
    if first > frames:
        return None, (f"Start Trim {first} is not one of {frames} frames; not used.",)
    whole = (first, min(last, frames)) == (1, frames)
    told = f"Stop Trim {last} is beyond the {frames} frames; all to the last are played."
    return None if whole else (first - 1, min(last, frames) - 1), (told,) if last > frames else ()


def sweeping(header: Header) -> bool:
    """Whether it is to be played forth and back: Preferred Playback Sequencing (0018,1244) is 1."""
    return header.integer("PreferredPlaybackSequencing") == 1


def _pointers(header: Header) -> set[int]:
    """The tags Frame Increment Pointer names."""
    halves = [int(value) for value in header.numbers("FrameIncrementPointer")]
    return {
        group << 16 | element for group, element in zip(halves[::2], halves[1::2], strict=False)
    }


def _uniform(step_ms: float, frames: int, source: str) -> FrameTiming:
    return FrameTiming(tuple(k * step_ms / 1000.0 for k in range(frames)), source)


def _from_frame_time(header: Header, frames: int, warnings: list[str]) -> FrameTiming | None:
    if "FrameTime" not in header:
        return None
    step_ms = header.number("FrameTime")
    if step_ms is None or step_ms <= 0 or step_ms < 1000.0 / FASTEST_HZ:
        shown = header.text("FrameTime")
        warnings.append(f"Frame Time is {shown!r}, which can't be a time in ms; not used.")
        return None
    return _uniform(step_ms, frames, "Frame Time (0018,1063)")


def _from_vector(header: Header, frames: int, warnings: list[str]) -> FrameTiming | None:
    """Times from the vector, whose first value is the delay before the first frame."""
    if "FrameTimeVector" not in header:
        return None
    steps = header.numbers("FrameTimeVector")
    source = "Frame Time Vector (0018,1065)"
    if not steps:
        warnings.append("Frame Time Vector holds something that is no number; not used.")
        return None
    declared = header.integer("NumberOfFrames") or frames
    if len(steps) == frames - 1 and declared == frames:
        warnings.append(
            f"Frame Time Vector has {len(steps)} values for {frames} frames; "
            "read as the times between them."
        )
        between = steps
    elif len(steps) < frames:
        warnings.append(f"Frame Time Vector has {len(steps)} values for {frames} frames; not used.")
        return None
    else:
        if len(steps) > max(declared, frames):
            warnings.append(
                f"Frame Time Vector has {len(steps)} values for {frames} frames; "
                f"the first {frames} are used."
            )
        between = steps[1:frames]
    if min(between) <= 0:
        warnings.append("Frame Time Vector has steps of zero or less; not used.")
        return None
    mean_ms = sum(between) / len(between)
    if mean_ms < 1000.0 / FASTEST_HZ:
        warnings.append(f"Frame Time Vector steps by {mean_ms:.3g} ms on average; not used.")
        return None
    return FrameTiming(tuple(ms / 1000.0 for ms in accumulate(between, initial=0.0)), source)


def _from_functional_groups(header: Header, frames: int, warnings: list[str]) -> FrameTiming | None:
    """Times from each frame's Frame Acquisition (or Reference) DateTime."""
    groups = header.items("PerFrameFunctionalGroupsSequence")
    if len(groups) < frames:
        return None
    contents = [group.item("FrameContentSequence") for group in groups[:frames]]
    for keyword, name in (
        ("FrameAcquisitionDateTime", "Frame Acquisition DateTime (0018,9074)"),
        ("FrameReferenceDateTime", "Frame Reference DateTime (0018,9151)"),
    ):
        moments = tuple(
            parse_datetime(content.text(keyword)) if content else None for content in contents
        )
        known = tuple(moment for moment in moments if moment is not None)
        if len(known) < frames:
            continue
        times = seconds_since_first(known)
        if all(later > earlier for earlier, later in pairwise(times)):
            return FrameTiming(times, name)
        warnings.append(f"{name} does not increase from frame to frame; not used.")
    return None


def _from_rate(header: Header, frames: int, warnings: list[str]) -> FrameTiming | None:
    for keyword, name in (
        ("CineRate", "Cine Rate (0018,0040)"),
        ("RecommendedDisplayFrameRate", "Recommended Display Frame Rate (0008,2144)"),
    ):
        if keyword not in header:
            continue
        rate_hz = header.number(keyword)
        if rate_hz is not None and 0 < rate_hz <= FASTEST_HZ:
            return _uniform(1000.0 / rate_hz, frames, name)
        warnings.append(f"{name} is {header.text(keyword)!r}, which can't be a rate; not used.")
    return None


def _disagreement(header: Header, timing: FrameTiming) -> tuple[str, ...]:
    """A warning when Cine Rate tells another speed than the frame times (some vendors)."""
    cine_hz, rate_hz = header.number("CineRate"), timing.rate_hz
    if not cine_hz or cine_hz <= 0 or not rate_hz or timing.source.startswith("Cine"):
        return ()
    if abs(cine_hz / rate_hz - 1) <= RATES_AGREE:
        return ()
    return (
        f"{timing.source} gives {rate_hz:.3g} frames/s, Cine Rate {cine_hz:.3g}; "
        "check the speed and set it by hand if it is wrong.",
    )
