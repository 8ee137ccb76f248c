"""The layer contracts bite: each breach, planted in a copy of the tree, has to be named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]

# contract -> (module to plant, its text, what the report has to say under that contract)
PLANTS: dict[str, list[tuple[str, str, str]]] = {
    "layers": [
        ("model.planted_up", "import viewer.session", "viewer.model.planted_up -> viewer.session"),
        (
            "session.planted_typing",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import viewer.qt",
            "viewer.session.planted_typing -> viewer.qt",
        ),
        (
            "measure.planted_sideways",
            "def late():\n    import viewer.imaging",
            "viewer.measure.planted_sideways -> viewer.imaging",
        ),
        ("dicom.planted_beside", "import viewer.geometry", "viewer.dicom is not allowed to import"),
        ("qt.planted_top", "import viewer.cli", "viewer.qt.planted_top -> viewer.cli"),
        ("planted_layer", "", "viewer.planted_layer"),
    ],
    "geometry-users": [
        ("phantom.planted_map", "import viewer.geometry", "viewer.phantom.planted_map"),
        ("report.planted_map", "import viewer.geometry", "viewer.report.planted_map"),
    ],
    "dicom-users": [
        ("imaging.planted_tags", "import viewer.dicom", "viewer.imaging.planted_tags"),
        ("store.planted_tags", "import viewer.dicom", "viewer.store.planted_tags"),
    ],
    "qt-paints": [
        ("qt.planted_reader", "import viewer.dicom", "viewer.qt.planted_reader -> viewer.dicom"),
        ("qt.planted_maths", "import scipy.interpolate", "viewer.qt.planted_maths -> scipy"),
    ],
    "qt-below": [
        ("session.planted_qt", "import PySide6.QtCore", "viewer.session.planted_qt -> PySide6"),
        ("imaging.planted_plot", "import pyqtgraph", "viewer.imaging.planted_plot -> pyqtgraph"),
    ],
    "model-numpy": [
        ("model.planted_dicom", "import pydicom", "viewer.model.planted_dicom -> pydicom"),
        ("model.planted_file", "import pydantic", "viewer.model.planted_file -> pydantic"),
    ],
    "dicom-toolkits": [
        ("session.planted_dcm", "import pydicom", "viewer.session.planted_dcm -> pydicom"),
        ("cli.planted_codec", "import imagecodecs", "viewer.cli.planted_codec -> imagecodecs"),
    ],
    "image-toolkits": [
        ("measure.planted_itk", "import SimpleITK", "viewer.measure.planted_itk -> SimpleITK"),
        ("geometry.planted_sk", "import skimage.graph", "viewer.geometry.planted_sk -> skimage"),
    ],
    "validation": [
        ("session.planted_check", "import pydantic", "viewer.session.planted_check -> pydantic"),
    ],
    "events": [
        ("store.planted_event", "import psygnal", "viewer.store.planted_event -> psygnal"),
    ],
    "panes": [
        (
            "qt.venogram_view",
            "def late():\n    import viewer.qt.ivus_view",
            "viewer.qt.venogram_view -> viewer.qt.ivus_view",
        ),
        (
            "qt.ivus_view",
            "import viewer.qt.status_bar",
            "viewer.qt.ivus_view -> viewer.qt.status_bar",
        ),
    ],
    "panels": [
        (
            "qt.segment_panel",
            "import viewer.qt.facts_panel",
            "viewer.qt.segment_panel -> viewer.qt.facts_panel",
        ),
    ],
}

# Packages a contract may name before the issue that brings them in.
NOT_YET_INSTALLED = {
    "SimpleITK",
    "dicomweb_client",
    "highdicom",
    "pynetdicom",
    "skimage",
    "superqt",
}


def contracts() -> list[dict[str, Any]]:
    """The contracts as pyproject.toml states them."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        return list(tomllib.load(file)["tool"]["importlinter"]["contracts"])


def copy_of_the_tree(folder: Path) -> Path:
    """`viewer` and its contracts in another folder."""
    shutil.copy(PROJECT / "pyproject.toml", folder)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "viewer", folder / "viewer", ignore=ignore)
    return folder


def lint_imports(folder: Path) -> tuple[int, str]:
    """Exit code and report of the linter on the tree in `folder`."""
    code = "import sys; from importlinter.cli import lint_imports_command as go; go()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "300", "NO_COLOR": "1", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def broken_sections(report: str) -> dict[str, str]:
    """What the report says under the name of each broken contract."""
    _, _, tail = report.partition("Broken contracts")
    names = "|".join(re.escape(contract["name"]) for contract in contracts())
    parts = re.split(rf"^({names})\n-+$", tail, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def breaches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Report on a tree with every breach planted, by contract id."""
    folder = copy_of_the_tree(tmp_path_factory.mktemp("planted"))
    for plants in PLANTS.values():
        for module, text, _ in plants:
            path = folder / "viewer" / Path(*module.split(".")).with_suffix(".py")
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            path.write_text(f"{before}\n{text}\n", encoding="utf-8")
    code, report = lint_imports(folder)
    assert code == 1, report
    assert "Broken contracts" in report, report
    sections = broken_sections(report)
    return {c["id"]: sections.get(c["name"], "") for c in contracts()}


def test_the_tree_keeps_every_contract(tmp_path: Path) -> None:
    code, report = lint_imports(copy_of_the_tree(tmp_path))
    assert code == 0, report
    assert f"{len(contracts())} kept, 0 broken" in report


def test_every_contract_has_a_planted_breach() -> None:
    assert {contract["id"] for contract in contracts()} == set(PLANTS)


@pytest.mark.parametrize(
    ("contract", "said"),
    [(contract, plant[2]) for contract, plants in PLANTS.items() for plant in plants],
)
def test_a_planted_breach_is_named(breaches: dict[str, str], contract: str, said: str) -> None:
    assert said in breaches[contract]


def test_contracts_name_packages_that_exist() -> None:
    """A contract about a misspelt package would stay green for ever."""
    named = {
        module
        for contract in contracts()
        for module in contract.get("forbidden_modules", [])
        if not module.startswith("viewer.")
    }
    known = set(packages_distributions()) | NOT_YET_INSTALLED
    assert named - known == set()


def test_every_pane_is_held_apart() -> None:
    """A module of the window named like a pane is one, unless it is a part that panes share."""
    parts = {"cine_bar", "frame_view"}
    ends = ("_bar", "_panel", "_rail", "_strip", "_view", "inspector")
    window = {path.stem for path in (PROJECT / "viewer" / "qt").rglob("*.py")}
    panes = {name for name in window - parts if name.endswith(ends)}
    lists = [c["modules"] for c in contracts() if c["type"] == "independence"]
    held = {module.rpartition(".")[2] for modules in lists for module in modules}
    assert panes - held == set()
