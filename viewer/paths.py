"""Where settings, reviews, recovery files, logs and resources live.

``CAVAL_HOME`` moves everything the program writes of its own under one folder (tests, a USB stick);
otherwise the platform's usual places are used.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

RESOURCES = Path(__file__).resolve().parent.parent / "resources"


def data_dir() -> Path:
    """The folder for the program's own files; made on first use by whoever writes there."""
    home = os.environ.get("CAVAL_HOME")
    if home:
        return Path(home)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Caval"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "Caval"
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "caval"


def reviews_dir() -> Path:
    """Autosaved reviews, one file a review."""
    return data_dir() / "reviews"


def recovery_dir() -> Path:
    """Journals of sessions that are open now or ended badly."""
    return data_dir() / "recovery"


def cases_dir() -> Path:
    """Synthetic built-in cases, written on first use."""
    return data_dir() / "cases"


def log_file() -> Path:
    """The program's log, without patient data."""
    return data_dir() / "log" / "caval.log"


def settings_file() -> Path:
    """What the user chose."""
    return data_dir() / "settings.json"
