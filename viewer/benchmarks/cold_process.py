"""`caval decode` of one frame as a process of its own; says afterwards what memory it ever took."""

from __future__ import annotations

import contextlib
import io
import sys

from viewer.benchmarks.self_report import most_resident_bytes, tell


def main(path: str, frame: int) -> int:
    """Decode it the way the command line does."""
    from viewer.cli import main as caval

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = caval(["decode", path, "--frames", f"{frame}:{frame + 1}", "--json"])
    tell(most_resident=most_resident_bytes(), printed=len(printed.getvalue()))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
