"""All measurements, by name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from viewer.benchmarks.result import Result, Say, Scale

MEASUREMENTS = {
    "version": "version",
    "start": "start",
    "scrub": "scrub",
    "index": "indexing",
    "decode": "decoding",
    "cold": "cold",
    "long_view": "long_view",
    "shift": "shift",
    "cine": "cine",
    "memory": "memory",
}
"""Name on the command line, and the module that measures it."""


def measure(names: Iterable[str], scale: Scale, say: Say) -> list[Result]:
    """Take the named measurements, one after another."""
    results: list[Result] = []
    for name in names:
        module = importlib.import_module(f"viewer.benchmarks.{MEASUREMENTS[name]}")
        results += module.measure(scale, say)
    return results
