"""Both panes playing for a minute: frames left out, and what the main thread has to do."""

from __future__ import annotations

from viewer.benchmarks.child import own_home, python_module
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_case

TARGET_SKIPPED = 0.0
TARGET_SHARE = 50.0
PEER = "two pyqtgraph ImageViews holding the whole arrays, not subtracted"
PEER_S = 10.0


def measure(scale: Scale, say: Say) -> list[Result]:
    """Play in the real window, then (shorter) in the peer."""
    case = sample_case(scale, say)
    files = (case.run, case.pullback)
    patience_s = scale.patience_s + scale.cine_s
    say(f"cine: both panes for {scale.cine_s:g} s")
    with own_home(scale.folder) as home:
        ours = python_module(
            "cine_process", scale.cine_s, *files, patience_s=patience_s, home=home
        ).said
    peer_s = min(PEER_S, scale.cine_s)
    say(f"cine: the peer for {peer_s:g} s")
    theirs = python_module("cine_peer_process", peer_s, *files, patience_s=patience_s).said
    shown = " and ".join(str(count) for count in ours["shown"])
    note = f"{scale.cine_s:g} s, {shown} frames shown, {scale.run_px} px run subtracted and shifted"
    return [
        Result(
            "cine.skipped",
            float(ours["skipped"]),
            "frames",
            PEER,
            theirs["skipped"] * scale.cine_s / peer_s,
            TARGET_SKIPPED,
            note=f"{note}; the peer's are scaled from {peer_s:g} s",
        ),
        Result(
            "cine.main_thread",
            100.0 * ours["main_thread"],
            "% core",
            PEER,
            100.0 * theirs["main_thread"],
            TARGET_SHARE,
            note=f"all threads {100.0 * ours['process']:.0f} %",
        ),
        Result(
            "cine.longest_block",
            ours["longest_ms"],
            "ms",
            PEER,
            theirs["longest_ms"],
            note="the longest the event loop of the window stood still",
        ),
    ]
