"""``caval demo [NAME]``: the window on a built-in case; without a display, its picture."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from viewer.cli import EXIT_DONE, print_json
from viewer.cli.open import has_display
from viewer.errors import UnreadableError

PICTURE = "caval-demo.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("name", nargs="?", default="nivl", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the built-in cases")
    parser.add_argument("--json", action="store_true", help="with --list: print JSON")
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="PNG",
        help="draw the window to this picture, without a screen",
    )


def run(args: argparse.Namespace) -> int:
    """Open the window on the case, or draw it."""
    from viewer.phantom.cases import CASES

    if args.list:
        cases = [
            {"name": name, "title": case.title, "phases": list(case.phases)}
            for name, case in CASES.items()
        ]
        if args.json:
            print_json({"cases": cases})
        else:
            for case in cases:
                print(f"{case['name']:12} {case['title']}")
        return EXIT_DONE
    if args.name not in CASES:
        raise UnreadableError(
            f"there is no built-in case {args.name}", f"choose one of: {', '.join(CASES)}"
        )
    if args.picture is None and has_display():
        gc.disable()  # as `caval open` does
        from viewer import app

        return app.run((), args.name)
    return _draw(args.name, args.picture or Path(PICTURE))


def _draw(name: str, picture: Path) -> int:
    from viewer.phantom.built_in import built_in_case

    def progress(done: float, text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{100 * done:3.0f} %  {text:40}", end="", file=sys.stderr)

    folder = built_in_case(name, progress)
    from viewer.cli.render import draw

    draw(sorted(folder.glob("*.dcm")), picture, (1920, 1080))
    print(f"No display was found: the window was drawn to {picture.absolute()}")
    print(
        "Look at: the venogram (left) with the vein's centerline and landmarks, the IVUS frame "
        "(right), its position ± on the vein, and the pullback along the vein below."
    )
    return EXIT_DONE
