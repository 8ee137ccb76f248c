"""``caval phantom NAME --out DIR [--seed N]``: write a synthetic case with its exact truth."""

from __future__ import annotations

import argparse
import sys

from viewer.cli import EXIT_DONE, EXIT_USAGE, complain, existing_path, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="which case; --list names them")
    parser.add_argument("--out", metavar="DIR", type=existing_path, help="folder, made when absent")
    parser.add_argument(
        "--seed", metavar="N", type=_seed, default=0, help="same seed, same bytes (default: 0)"
    )
    parser.add_argument("--list", action="store_true", help="list the cases and write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("a seed is a whole number, 0 or more")
    return value


def run(args: argparse.Namespace) -> int:
    """Write the case, or list the cases."""
    from viewer.phantom.cases import CASES, write_case

    if args.list:
        return _list(args.json)
    if args.name is None or args.out is None:
        complain("name a case and a folder: caval phantom NAME --out DIR; --list names the cases")
        return EXIT_USAGE
    if args.name not in CASES:
        complain(f"{args.name}: there is no such case; choose from {', '.join(CASES)}")
        return EXIT_USAGE
    bar = sys.stderr.isatty()
    written = write_case(args.name, args.out, args.seed, _draw_bar if bar else None)
    if bar:
        print(file=sys.stderr)
    if args.json:
        print_json({"files": [str(f) for f in written.files], "truth": str(written.truth)})
    else:
        for path in (*written.files, written.truth):
            print(path)
    return EXIT_DONE


def _list(as_json: bool) -> int:
    from viewer.phantom.cases import CASES

    if as_json:
        print_json(
            {
                "cases": [
                    {"name": c.name, "title": c.title, "phases": list(c.phases), "text": c.text}
                    for c in CASES.values()
                ]
            }
        )
    else:
        for case in CASES.values():
            print(f"{case.name:12} {case.title} ({', '.join(case.phases)})")
    return EXIT_DONE


def _draw_bar(share: float, text: str) -> None:
    filled = round(30 * share)
    print(f"\r[{'#' * filled}{' ' * (30 - filled)}] {text:24.24}", end="", file=sys.stderr)
