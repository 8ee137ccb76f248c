"""``caval bench``: measure the program on this machine, each figure beside a peer's."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from viewer.cli import EXIT_DONE, print_json

if TYPE_CHECKING:
    from viewer.benchmarks.result import Result

NAMES = ("version", "start", "scrub", "index", "decode")

HELP = """Ratios are the program's figure over the peer's of the same run; absolute figures depend
on the machine and on what else it does. The images to measure with are written on first use, into
the program's own folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.epilog = HELP
    parser.add_argument(
        "--only",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"one measurement, may be given again: {', '.join(NAMES)}",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from viewer import paths
    from viewer.benchmarks.machine import machine
    from viewer.benchmarks.result import Scale
    from viewer.benchmarks.run import measure

    about = machine()
    results = measure(args.only or NAMES, Scale(paths.data_dir() / "bench"), _say)
    if args.json:
        print_json({"machine": about, "results": [result.as_json() for result in results]})
    else:
        _print(about, results)
    return EXIT_DONE


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _print(about: dict[str, object], results: list[Result]) -> None:
    print(f"{about['cpu']}, {about['cores']} cores, load {about['load']}, Python {about['python']}")
    print(f"{'':30} {'value':>9} {'':7} {'target':>9} {'':4} {'peer':>9} {'ratio':>6}")
    for result in results:
        sign = "≥" if result.more_is_better else "≤"
        target = "" if result.target is None else f"{sign} {result.target:g}"
        word = {True: "yes", False: "NO", None: ""}[result.reached]
        peer = "" if result.peer_value is None else f"{result.peer_value:.4g}"
        ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
        print(
            f"{result.name:30} {result.value:9.4g} {result.unit:7} {target:>9} {word:4} {peer:>9}"
            f" {ratio:>6}"
        )
        against = f"against {result.peer}; " if result.peer else ""
        print(f"    {against}{result.note}")
