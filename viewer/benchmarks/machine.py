"""The machine the figures are of, and how busy it was."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from viewer import __version__

PACKAGES = ("PySide6-Essentials", "pyqtgraph", "numpy", "pydicom", "imagecodecs", "SimpleITK")


def machine() -> dict[str, object]:
    """Processor, cores, load (1, 5, 15 min averages), Python and versions."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_mb": _memory_mb(),
        "system": f"{platform.system()} {platform.release()}",
        "load": [round(part, 2) for part in os.getloadavg()],
        "python": platform.python_version(),
        "versions": {"caval": __version__} | {name: _version(name) for name in PACKAGES},
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_mb() -> int | None:
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
