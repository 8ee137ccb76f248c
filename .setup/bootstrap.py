"""Makes ``.venv`` from the pinned packages and checks the libraries Qt takes from the system.

Needs nothing but Python's own library. Called by ``setup.sh``; safe to call again: what is in place
stays, what changed (pins, project file, place of the checkout) is brought up to date.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".caval-setup"
CONSTRAINTS = ROOT / ".setup" / "constraints.txt"

# Read off the wheels of PySide6-Essentials 6.11.3 (readelf -d): what they need and don't bring.
DRAWING = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
X11_WINDOW = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND_WINDOW = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
OLDEST_GLIBC = {"x86_64": (2, 34), "aarch64": (2, 39)}


def say(text: str) -> None:
    """One line of progress."""
    print(f"setup: {text}", flush=True)


def stop(*lines: str) -> None:
    """What is wrong and what to do, then the end."""
    for line in lines:
        print(f"setup: {line}", file=sys.stderr)
    raise SystemExit(1)


def state() -> str:
    """What the stamp holds when the environment fits: a digest of all it was made from."""
    digest = hashlib.sha256(str(ROOT).encode())
    for part in (CONSTRAINTS, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(part.read_bytes())
    return digest.hexdigest()


def stamped() -> bool:
    """Whether the environment was made from exactly this state."""
    return STAMP.is_file() and STAMP.read_text().strip() == f"{ROOT} {state()}"


def loads(library: str) -> bool:
    """Whether the system's loader finds this library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages(libraries: dict[str, str]) -> list[str]:
    """Debian's names of the packages whose library is not here, each once."""
    if not sys.platform.startswith("linux"):
        return []
    return list(dict.fromkeys(p for lib, p in libraries.items() if not loads(lib)))


def window_libraries() -> dict[str, str]:
    """What a window needs on this display beyond drawing off-screen."""
    if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
        return WAYLAND_WINDOW
    return X11_WINDOW


def has_display() -> bool:
    """Whether a window can be shown at all."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def ready() -> bool:
    """Whether nothing is left to do."""
    if not stamped() or missing_packages(DRAWING):
        return False
    return not (has_display() and missing_packages(window_libraries()))


def check_machine() -> None:
    """Stop early, in words, where the wheels can't run."""
    libc, version = platform.libc_ver()
    oldest = OLDEST_GLIBC.get(platform.machine())
    if not sys.platform.startswith("linux") or oldest is None:
        return
    found = tuple(int(part) for part in version.split(".")[:2]) if libc == "glibc" else (0, 0)
    if found < oldest:
        stop(
            f"Qt's packages need glibc {oldest[0]}.{oldest[1]} or newer on {platform.machine()}; "
            f"this system has {version or 'another C library'}.",
            "Use Debian 12, Ubuntu 22.04 or newer (on ARM: Debian 13, Ubuntu 24.04 or newer).",
        )


def run(*command: str | Path, quiet: bool = False) -> None:
    """Run a command; on failure show what it said and stop."""
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=quiet, text=True, check=False
    )
    if done.returncode:
        said = "\n".join((done.stdout or "", done.stderr or "")).strip().splitlines()
        stop(*said[-25:], f"this failed: {' '.join(str(word) for word in command)}")


def make_environment() -> None:
    """Create ``.venv``, or anew when it belongs to another place or Python."""
    known = STAMP.read_text().split(" ")[0] if STAMP.is_file() else str(ROOT)
    works = (
        PYTHON.exists()
        and not subprocess.run(
            [str(PYTHON), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"],
            capture_output=True,
            check=False,
        ).returncode
    )
    if works and known == str(ROOT):
        return
    say(f"making .venv with Python {platform.python_version()}")
    shutil.rmtree(VENV, ignore_errors=True)
    run(sys.executable, "-m", "venv", VENV, quiet=True)


def install_packages() -> None:
    """Install the pins by hash, then the project itself in place."""
    say("installing the pinned packages (the first time about 200 MB to fetch)")
    pip = (PYTHON, "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "install")
    STAMP.unlink(missing_ok=True)
    run(*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", CONSTRAINTS)
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT, quiet=True)
    run(PYTHON, "-m", "compileall", "-q", "viewer")  # a start without it takes half as long again
    STAMP.write_text(f"{ROOT} {state()}\n")


def debian_like() -> bool:
    """Whether packages come from apt."""
    return shutil.which("apt-get") is not None


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages as root; whether that worked."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = shutil.which("apt-get") or "apt-get"
    steps = (
        [apt, "update", "-qq"],
        [apt, "install", "-y", "-qq", "--no-install-recommends", *packages],
    )
    for step in steps:
        done = subprocess.run(step, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-2000:], sep="\n", file=sys.stderr)
            return False
    return True


def check_libraries() -> None:
    """See that Qt finds its system libraries; as root on Debian install what is missing."""
    drawing = missing_packages(DRAWING)
    window = missing_packages(window_libraries())
    if not drawing and not window:
        return
    packages = [*drawing, *window]
    command = f"apt-get install {' '.join(packages)}"
    if debian_like() and os.geteuid() == 0:
        say(f"installing the libraries Qt needs: {' '.join(packages)}")
        if apt_install([*packages, "fonts-inter"]):
            return
        stop("they could not be installed; try:", f"  {command}")
    advice = (
        f"  sudo {command}"
        if debian_like()
        else f"  the packages of your system that hold what Debian calls: {' '.join(packages)}"
    )
    if drawing or has_display():
        stop("libraries Qt needs are missing here. Install them, then try again:", advice)
    say("no display here: pictures and tests work. To open a window some day, install:")
    say(advice)


def main() -> int:
    """Set up, or with ``--ready`` only tell by the exit code whether that is needed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ready", action="store_true", help="exit 0 when nothing is left to do")
    if parser.parse_args().ready:
        return 0 if ready() else 1
    check_machine()
    if not stamped():
        make_environment()
        install_packages()
    check_libraries()
    say("ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
