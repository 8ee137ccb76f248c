"""Which process wrote something, so that a later one can tell whether it still runs."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process: a pid alone is used again after a while, its start is not.

    Attributes
    ----------
    host : str
        The computer, and on Linux the pid namespace (a container counts its own pids).
    started : str
        When it started, in the system's own words; empty when the system doesn't say.
    """

    pid: int
    started: str
    host: str


@cache
def this_process() -> ProcessMark:
    """The mark of the process that asks."""
    return ProcessMark(os.getpid(), _started(os.getpid()) or "", _host())


def is_running(mark: ProcessMark) -> bool | None:
    """Whether that process still runs; None when this computer can't know."""
    if mark.host != _host() or not mark.started:
        return None
    if mark == this_process():
        return True
    return _started(mark.pid) == mark.started


@cache
def _host() -> str:
    namespace = Path("/proc/self/ns/pid")
    try:
        return f"{platform.node()} {namespace.readlink()}"
    except OSError:
        return platform.node()


def _started(pid: int) -> str | None:
    """When a process started, None when there is none of that pid.

    Source: proc(5): field 22 of ``/proc/PID/stat``, clock ticks after boot, told apart between
    boots by the boot id; elsewhere ``ps -o lstart``, to the second. A zombie doesn't run.
    """
    if platform.system() == "Linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return None
        state, *rest = stat.rpartition(")")[2].split()
        return None if state in "ZX" else f"{boot} {rest[18]}"
    if platform.system() == "Windows":
        return None  # no such question without more libraries: the file's age decides
    answer = subprocess.run(  # noqa: S603 - fixed program, a number as its only argument
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None
