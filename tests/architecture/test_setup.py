"""The set-up: pins with hashes for every dependency, clear words when something is missing."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SETUP = PROJECT / ".setup"


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """The set-up program of a copy of the project."""
    shutil.copytree(SETUP, tmp_path / ".setup", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    (tmp_path / ".venv").mkdir()
    path = tmp_path / ".setup" / "bootstrap.py"
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pins() -> dict[str, str]:
    """Each pinned package and the text of its pin."""
    text = (SETUP / "constraints.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return {re.split(r"[=\[ ;]", block, maxsplit=1)[0].lower(): block for block in blocks}


def bare(requirement: str) -> str:
    """The normalised name a requirement begins with."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return match.group().lower().replace("_", "-").replace(".", "-")


def test_every_dependency_is_pinned_by_hash() -> None:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = pins()
    assert {bare(requirement) for requirement in wanted} <= set(pinned)
    for name, block in pinned.items():
        assert re.match(rf"{re.escape(name)}==\S+", block, re.IGNORECASE), block[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), f"{name} has no hash"


def test_the_stamp_fits_until_something_it_was_made_from_changes(bootstrap: ModuleType) -> None:
    assert not bootstrap.stamped()
    bootstrap.STAMP.write_text(f"{bootstrap.ROOT} {bootstrap.state()}\n")
    assert bootstrap.stamped()
    with bootstrap.CONSTRAINTS.open("a") as file:
        file.write("# another day\n")
    assert not bootstrap.stamped()


def test_missing_libraries_become_package_names(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "loads", lambda library: "xcb-cursor" not in library)
    assert bootstrap.missing_packages(bootstrap.X11_WINDOW) == ["libxcb-cursor0"]
    monkeypatch.setattr(bootstrap.sys, "platform", "darwin")
    assert bootstrap.missing_packages(bootstrap.X11_WINDOW) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the loader's names are Linux's")
def test_the_loader_is_asked(bootstrap: ModuleType) -> None:
    assert bootstrap.loads("libc.so.6")
    assert not bootstrap.loads("libcaval-does-not-exist.so.1")


def test_a_person_is_told_the_install_command(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "loads", lambda library: "GL" not in library)
    monkeypatch.setattr(bootstrap, "debian_like", lambda: True)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit):
        bootstrap.check_libraries()
    assert "sudo apt-get install libegl1 libgl1" in capsys.readouterr().err


def test_root_on_debian_installs_what_is_missing(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def install(packages: list[str]) -> bool:
        asked.extend(packages)
        return True

    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "loads", lambda library: "dbus" not in library)
    monkeypatch.setattr(bootstrap, "debian_like", lambda: True)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap, "apt_install", install)
    bootstrap.check_libraries()
    assert asked == ["libdbus-1-3", "fonts-inter"]


def test_without_a_display_window_libraries_are_only_mentioned(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "loads", lambda library: "xcb" not in library)
    monkeypatch.setattr(bootstrap, "debian_like", lambda: True)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    bootstrap.check_libraries()
    assert "libxcb-cursor0" in capsys.readouterr().out
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(SystemExit):
        bootstrap.check_libraries()


def run_setup(tmp_path: Path, python_says: str) -> subprocess.CompletedProcess[str]:
    """The set-up on a machine whose only Python answers every question with `python_says`."""
    shutil.copytree(SETUP, tmp_path / "project" / ".setup")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dirname", "id"):
        (programs / name).symlink_to(shutil.which(name) or name)
    fake = programs / "python3"
    fake.write_text(f"#!/bin/sh\n{python_says}\n")
    fake.chmod(0o755)
    return subprocess.run(
        [shutil.which("sh") or "sh", "project/.setup/setup.sh"],
        cwd=tmp_path,
        env={"PATH": str(programs), "LC_ALL": "C", "HOME": os.environ.get("HOME", "")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_old_python_is_explained(tmp_path: Path) -> None:
    done = run_setup(tmp_path, "exit 1")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr


def test_debians_missing_venv_module_is_explained(tmp_path: Path) -> None:
    done = run_setup(tmp_path, 'case "$*" in *ensurepip*) exit 1;; *) exit 0;; esac')
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
