"""House rules no linter knows: docstrings, names, sizes, what each layer may take from outside."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
MODULES = sorted((PROJECT / "viewer").rglob("*.py"))

# layer -> the packages from outside it may import; the standard library is free to all
OUTSIDE: dict[str, set[str]] = {
    "": set(),
    "model": {"numpy"},
    "dicom": {
        "av",
        "numpy",
        "pydicom",
        "imagecodecs",
        "highdicom",
        "pynetdicom",
        "dicomweb_client",
    },
    "store": {"numpy", "pydantic"},
    "imaging": {"numpy", "scipy", "SimpleITK", "skimage"},
    "geometry": {"numpy", "scipy"},
    "measure": {"numpy", "scipy"},
    "report": {"numpy", "PIL", "av"},
    "phantom": {"numpy", "scipy", "pydicom", "imagecodecs", "highdicom"},
    "session": {"numpy", "psygnal"},
    "qt": {"numpy", "psygnal", "PySide6", "shiboken6", "pyqtgraph", "qtawesome", "superqt"},
    "app": {"PySide6", "psygnal"},
    "benchmarks": {"numpy", "pydicom", "imagecodecs", "SimpleITK", "PySide6", "pyqtgraph"},
    "cli": {"numpy", "scipy", "PySide6"},
}
SHAPELESS_NAMES = {"utils", "util", "misc", "helpers", "helper", "common", "tools", "stuff"}
LONGEST_MODULE = 600
USUAL_MODULE = 450  # nine in ten stay under this

MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(?:root|work|opt|tmp|home/\w+|Users/\w+)/")
INDEX_ADDRESS = re.compile(r"https?://\S*/simple\b|pypi\.org|extra-index|find-links=")


def name_of(path: Path) -> str:
    """A module's path from the project, for messages."""
    return path.relative_to(PROJECT).as_posix()


def layer_of(path: Path) -> str:
    """The layer a module belongs to; empty for the loose modules at the bottom."""
    parts = path.relative_to(PROJECT / "viewer").parts
    if len(parts) > 1:
        return parts[0]
    return "app" if path.stem == "app" else ""


def outside_imports(tree: ast.AST) -> set[str]:
    """Top packages imported anywhere in a module that are neither ours nor Python's."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"viewer"}


@cache
def project_files() -> list[Path]:
    """Text files the project would commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of the project's files")
    paths = [PROJECT / name for name in listed.stdout.split("\0") if name]
    binary = {".png", ".svg", ".dcm", ".npz", ".zip"}
    return [path for path in paths if path.is_file() and path.suffix not in binary]


def matching_lines(pattern: re.Pattern[str]) -> list[str]:
    """`file:line` of every match in the project's text, this file aside."""
    return [
        f"{name_of(path)}:{number}: {line.strip()[:80]}"
        for path in project_files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_every_layer_has_its_list_of_packages() -> None:
    layers = {path.parent.name for path in (PROJECT / "viewer").glob("*/__init__.py")}
    assert layers <= set(OUTSIDE)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "every module says in its first line what it is"
    assert outside_imports(tree) <= OUTSIDE[layer_of(path)]
    assert path.stem not in SHAPELESS_NAMES
    assert path.parent.name not in SHAPELESS_NAMES
    assert len(text.splitlines()) <= LONGEST_MODULE, "split it: one module, one subject"


def test_nine_modules_in_ten_are_short() -> None:
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES)
    assert lengths[len(lengths) * 9 // 10] < USUAL_MODULE


def test_outside_imports_are_seen_wherever_they_hide() -> None:
    source = "import os\ndef f():\n    from scipy.ndimage import zoom\n    import viewer.model\n"
    assert outside_imports(ast.parse(source)) == {"scipy"}


def test_no_file_names_a_place_on_one_machine() -> None:
    assert matching_lines(MACHINE_PATH) == []


def test_no_file_holds_a_package_index_address() -> None:
    assert matching_lines(INDEX_ADDRESS) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("path = '" + "/".join(("", "work", "main", "x")) + "'", True),
        ("open('/tmp/a')", True),
        ("#!/usr/bin/env python3", False),
        ("shared/tmp/x", False),
        ("$HOME/pictures/x", False),
    ],
)
def test_machine_paths_are_recognised(line: str, *, found: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) is found


def test_index_addresses_are_recognised() -> None:
    assert INDEX_ADDRESS.search("--index-url https://mirror.example/simple")
    assert not INDEX_ADDRESS.search("https://mirror.example/simpler-is-better")
