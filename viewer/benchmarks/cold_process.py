"""`caval decode` of one frame as a process of its own; says afterwards what memory it ever took."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys

from viewer.benchmarks.self_report import most_resident_bytes, tell


def main(path: str, frame: str) -> int:
    """Decode it the way the command line does."""
    sys.argv = ["caval", "decode", path, "--frames", f"{frame}:{int(frame) + 1}", "--json"]
    printed, code = io.StringIO(), 0
    with contextlib.redirect_stdout(printed):
        try:
            runpy.run_module("viewer", run_name="__main__")
        except SystemExit as ended:
            code = int(ended.code or 0)
    tell(most_resident=most_resident_bytes(), printed=len(printed.getvalue()))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
