"""How much memory one thing may take: decided by what is free, asked each time."""

from __future__ import annotations

import os
from pathlib import Path

SHARE = 4
"""A quarter of what is free goes to one frame or one unpacked file: it is held twice at times."""
UNKNOWN = 2 * 2**30
"""Taken as free where the system does not tell."""
LARGEST = 2**31 - 1
"""Bytes beyond which codecs count wrong (32-bit sizes), whatever is free."""

_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def largest_block() -> int:
    """Bytes one frame, or one unpacked file, may take now."""
    return min(LARGEST, free_bytes() // SHARE)


def free_bytes() -> int:
    """Bytes this process could still get without pushing others out, as far as the system tells."""
    found = [free for free in (_system_free(), _group_free()) if free is not None]
    return min(found, default=UNKNOWN)


def _system_free() -> int | None:
    try:
        for line in _MEMINFO.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass  # not Linux: the next way
    if {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= set(getattr(os, "sysconf_names", {})):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _group_free() -> int | None:
    """What the container's limit leaves (cgroup v2); None without a limit."""
    try:
        limit = int((_GROUP / "memory.max").read_text("ascii"))
        return max(0, limit - int((_GROUP / "memory.current").read_text("ascii")))
    except (OSError, ValueError):  # no such file, or "max"
        return None
