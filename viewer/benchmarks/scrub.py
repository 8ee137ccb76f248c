"""One step of scrubbing: from the key to both panes and the long view painted."""

from __future__ import annotations

from statistics import quantiles

from viewer.benchmarks.child import middle, own_home, python_module
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_case

TARGET_MS = 12.0
TARGET_P95_MS = 16.0
TURNS = 2
PEER = "two pyqtgraph ImageViews holding the whole arrays"


def measure(scale: Scale, say: Say) -> list[Result]:
    """Press the key in the real window and step the peer, in turns."""
    case = sample_case(scale, say)
    words = (scale.steps // TURNS, case.run, case.pullback)
    patience_s = scale.patience_s
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(TURNS):
        say(f"scrub: {scale.steps // TURNS} steps in the window, then in the peer ({turn + 1})")
        with own_home(scale.folder) as home:
            window = python_module("scrub_process", *words, patience_s=patience_s, home=home).said
        plain = python_module("scrub_peer_process", *words, patience_s=patience_s).said
        ours += window["steps_ms"]
        theirs += plain["steps_ms"]
    note = (
        f"{len(ours)} steps, frames cached, tied case with segments; the peer took "
        f"{plain['loaded_s']:.1f} s and {plain['resident'] / 1e6:.0f} MB to load"
    )
    return [
        Result("scrub.median", middle(ours), "ms", PEER, middle(theirs), TARGET_MS, note=note),
        Result("scrub.p95", _p95(ours), "ms", PEER, _p95(theirs), TARGET_P95_MS, note=note),
    ]


def _p95(values: list[float]) -> float:
    return float(quantiles(values, n=20, method="inclusive")[-1])
