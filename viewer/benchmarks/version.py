"""How long `caval --version` takes, the whole process."""

from __future__ import annotations

import sys
from pathlib import Path

from viewer.benchmarks.child import ask, middle
from viewer.benchmarks.result import Result, Say, Scale

TARGET_S = 0.15


def measure(scale: Scale, say: Say) -> list[Result]:
    """Time the command beside a Python that does nothing."""
    say("version: starting the command and an empty Python in turns")
    script = Path(sys.executable).with_name("caval")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "viewer"]
    nothing, patience_s = [sys.executable, "-c", "pass"], scale.patience_s
    ours, theirs = [], []
    for _ in range(2 * scale.repeats + 1):
        ours.append(ask([*command, "--version"], patience_s=patience_s).seconds)
        theirs.append(ask(nothing, patience_s=patience_s).seconds)
    return [
        Result(
            "version",
            middle(ours),
            "s",
            peer="python -c pass",
            peer_value=middle(theirs),
            target=TARGET_S,
            note=f"median of {len(ours)}",
        )
    ]
