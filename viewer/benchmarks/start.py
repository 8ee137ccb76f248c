"""From the start of the process to the first image in both panes, and the memory it takes."""

from __future__ import annotations

from pathlib import Path

from viewer.benchmarks.child import middle, own_home, python_module
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import SampleCase, sample_case

TARGET_S = 1.3
TARGET_MB = 400.0
TARGET_ALL_MB = 900.0
PEER = "Qt, pydicom header, imagecodecs: one frame of each painted, nothing else"
MB = 1e6


def measure(scale: Scale, say: Say) -> list[Result]:
    """Start both in turns; then once more to show every frame."""
    case = sample_case(scale, say)
    files = (case.run, case.pullback)
    patience_s = scale.patience_s
    with own_home(scale.folder) as home:
        ours, theirs = _in_turns(case, scale, home, say)
        say("start: showing every frame of both")
        after = python_module("start_process", "all", *files, patience_s=patience_s, home=home).said
    note = f"median of {len(ours)}, {scale.run_frames} + {scale.pullback_frames} frames"
    most = f"at most {after['most_resident'] / MB:.0f} MB on the way"
    return [
        Result(
            "start.first_images",
            middle([s for s, _ in ours]),
            "s",
            peer=PEER,
            peer_value=middle([s for s, _ in theirs]),
            target=TARGET_S,
            note=note,
        ),
        Result(
            "start.memory",
            middle([mb for _, mb in ours]),
            "MB",
            peer=PEER,
            peer_value=middle([mb for _, mb in theirs]),
            target=TARGET_MB,
            note="resident when both images are painted",
        ),
        Result(
            "start.memory_all_frames",
            after["resident_all"] / MB,
            "MB",
            target=TARGET_ALL_MB,
            note=f"resident after every frame of both was shown and the long view is built; {most}",
        ),
    ]


def _in_turns(
    case: SampleCase, scale: Scale, home: Path, say: Say
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Seconds and MB of each start; the first of both only warms the machine."""
    files = (case.run, case.pullback)
    patience_s = scale.patience_s
    ours, theirs = [], []
    for turn in range(scale.repeats + 1):
        say(f"start: {turn} of {scale.repeats}")
        window = python_module("start_process", "first", *files, patience_s=patience_s, home=home)
        plain = python_module("start_peer_process", *files, patience_s=patience_s)
        ours.append((window.said["painted_s"] - window.begun_s, window.said["resident"] / MB))
        theirs.append((plain.said["painted_s"] - plain.begun_s, plain.said["resident"] / MB))
    return ours[1:], theirs[1:]
