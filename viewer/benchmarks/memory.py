"""A case of 5 GB beside a small one: memory over what images may take."""

from __future__ import annotations

from viewer.benchmarks.child import python_module
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_case
from viewer.benchmarks.samples_encoded import sample_large

MB = 1e6
WORKING_MB = 64.0
"""Frames in the workers' hands and what decoding takes, beside the images that are kept."""


def measure(scale: Scale, say: Say) -> list[Result]:
    """Read all over both cases, each in a process of its own."""
    case = sample_case(scale, say)
    large = sample_large(scale, say)
    say(f"memory: {sum(path.stat().st_size for path in large) / 1e9:.1f} GB, then the small case")
    ours = python_module("memory_process", *large, patience_s=scale.patience_s).said
    small = python_module(
        "memory_process", case.run, case.pullback, patience_s=scale.patience_s
    ).said
    budget_mb = ours["budget"] / MB
    return [
        Result(
            "memory.images",
            ours["most_images"] / MB,
            "MB",
            "the small case",
            small["most_images"] / MB,
            budget_mb,
            note=f"the most the status bar would show; its budget is {budget_mb:.0f} MB",
        ),
        Result(
            "memory.over_start",
            (ours["most_resident"] - ours["before"]) / MB,
            "MB",
            "the small case",
            (small["most_resident"] - small["before"]) / MB,
            budget_mb + WORKING_MB,
            note=f"{ours['frames']} frames; the most ever resident less what it took before",
        ),
    ]
