"""``caval bench``: measure the program on this machine, each figure beside a peer's."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from viewer.cli import EXIT_DONE, EXIT_USAGE, complain, print_json

if TYPE_CHECKING:
    from viewer.benchmarks.result import Result

NAMES = (
    "version",
    "start",
    "scrub",
    "index",
    "decode",
    "cold",
    "long_view",
    "shift",
    "cine",
    "memory",
)

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
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="how long cine plays (default 60)",
    )
    parser.add_argument(
        "--peer-python",
        default="",
        metavar="PYTHON",
        help="an interpreter with pydicom, python-gdcm and pylibjpeg for the decoding peers;"
        " without it this one's own decoders are the peer",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from viewer import paths
    from viewer.benchmarks.machine import machine
    from viewer.benchmarks.result import Scale
    from viewer.benchmarks.run import measure

    about = machine()
    if not args.seconds > 0:
        complain("--seconds is how long cine plays: more than 0")
        return EXIT_USAGE
    if args.peer_python and shutil.which(args.peer_python) is None:
        complain(f"--peer-python {args.peer_python}: there is no such program")
        return EXIT_USAGE
    scale = Scale(paths.data_dir() / "bench", cine_s=args.seconds, peer_python=args.peer_python)
    results = measure(args.only or NAMES, scale, _say)
    if args.json:
        print_json({"machine": about, "results": [result.as_json() for result in results]})
    else:
        _print(about, results)
    return EXIT_DONE


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _print(about: dict[str, object], results: list[Result]) -> None:
    print(f"{about['cpu']}, {about['cores']} cores, load {about['load']}, Python {about['python']}")
    print(f"{'':38} {'value':>9} {'':7} {'target':>9} {'peer':>9} {'ratio':>6} {'target':>7}")
    for result in results:
        sign = "≥" if result.more_is_better else "≤"
        target = "" if result.target is None else f"{sign} {result.target:.4g}"
        wanted = "" if result.target_ratio is None else f"{sign} {result.target_ratio:.2g}"
        word = {True: "yes", False: "NO", None: ""}[result.reached]
        peer = "" if result.peer_value is None else f"{result.peer_value:.4g}"
        ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
        print(
            f"{result.name:38} {result.value:9.4g} {result.unit:7} {target:>9} {peer:>9}"
            f" {ratio:>6} {wanted:>7} {word}"
        )
        against = f"against {result.peer}; " if result.peer else ""
        print(f"    {against}{result.note}")
