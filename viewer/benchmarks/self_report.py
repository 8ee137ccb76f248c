"""What a measured process says of itself; imports nothing that would slow it down."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def resident_bytes() -> int:
    """Memory of this process that is in use now; on systems without /proc the most it ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return most_resident_bytes()


def most_resident_bytes() -> int:
    """The most memory this process ever had in use; of its own, not of who started it."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the parent held when it forked
        for line in status.read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def tell(**fields: object) -> None:
    """Print what a measured process has to say."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()
