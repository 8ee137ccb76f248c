"""One frame from the middle of a long file, by a process that has just started."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from viewer.benchmarks.child import ask, middle, python_module
from viewer.benchmarks.decode_peer import NONE
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_case
from viewer.benchmarks.samples_encoded import sample_native_pullback

TARGET_S = 0.4
TARGET_MB = 150.0
PEER = "pydicom, whole process: pixel_array(path, index=n)"
_BY_PYDICOM = (
    "import sys; from pydicom.pixels.utils import pixel_array;"
    "pixel_array(sys.argv[1], index=int(sys.argv[2]))"
)


def measure(scale: Scale, say: Say) -> list[Result]:
    """Start ours and the peer in turns, for an uncompressed and a JPEG file."""
    files = {
        "native": sample_native_pullback(scale, say),
        "jpeg": sample_case(scale, say).pullback,
    }
    frame = scale.pullback_frames // 2
    results = []
    for name, path in files.items():
        say(f"cold: frame {frame} of {path}")
        results += _cold(f"cold.{name}", path, frame, scale)
    return results


def _cold(name: str, path: Path, frame: int, scale: Scale) -> list[Result]:
    words = ["decode", str(path), "--frames", f"{frame}:{frame + 1}", "--json"]
    command = [sys.executable, "-m", "viewer", *words]
    ours, theirs, peaks_mb = [], [], []
    for _ in range(scale.repeats + 1):
        ours.append(ask(command, patience_s=scale.patience_s).seconds)
        said = python_module("cold_process", path, frame, patience_s=scale.patience_s).said
        peaks_mb.append(said["most_resident"] / 1e6)
        seconds = _pydicom_s(path, frame, scale)
        if seconds is not None:
            theirs.append(seconds)
    note = f"frame {frame} of {scale.pullback_frames}, {scale.pullback_px} px; median of"
    note += f" {scale.repeats} processes after a first"
    peer = PEER if theirs else None
    value = middle(theirs[1:]) if theirs[1:] else None
    return [
        Result(
            name,
            middle(ours[1:]),
            "s",
            peer,
            value,
            TARGET_S,
            note=note if peer else f"{note}; {NONE}",
        ),
        Result(f"{name}.memory", middle(peaks_mb), "MB", target=TARGET_MB, note="the most ever"),
    ]


def _pydicom_s(path: Path, frame: int, scale: Scale) -> float | None:
    """Seconds of the peer's process; None when it can't decode the file."""
    python = scale.peer_python or sys.executable
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603  the command is ours or the caller's own
        [python, "-I", "-c", _BY_PYDICOM, str(path), str(frame)],
        capture_output=True,
        timeout=scale.patience_s,
        check=False,
    )
    seconds = time.perf_counter() - begun
    return seconds if done.returncode == 0 else None
