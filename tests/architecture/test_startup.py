"""What is imported when: the session without Qt, help and version without anything heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from viewer.cli import VERBS

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = {
    "PIL",
    "PySide6",
    "SimpleITK",
    "imagecodecs",
    "numpy",
    "psygnal",
    "pydantic",
    "pydicom",
    "pyqtgraph",
    "qtawesome",
    "scipy",
    "skimage",
}

CALL_CAVAL = """
import contextlib, io, json, sys
from viewer.cli import main
words = json.loads(sys.argv[1])
out = io.StringIO()
with contextlib.redirect_stdout(out):
    try:
        code = main(words)
    except SystemExit as end:
        code = end.code
top = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"code": code or 0, "out": out.getvalue(), "modules": top}))
"""

IMPORT_WITHOUT_QT = """
import importlib, pkgutil, sys
for blocked in ("PySide6", "shiboken6", "pyqtgraph", "qtawesome", "qtpy"):
    sys.modules[blocked] = None
import viewer.session
names = [m.name for m in pkgutil.walk_packages(viewer.session.__path__, "viewer.session.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def python(code: str, *words: str) -> str:
    """What a fresh interpreter prints for `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def caval(*words: str) -> dict[str, object]:
    """Exit code, output and top packages loaded by one call of the command line."""
    answer: dict[str, object] = json.loads(python(CALL_CAVAL, json.dumps(words)))
    return answer


def loaded(answer: dict[str, object]) -> set[str]:
    """The heavy packages among those a call has loaded."""
    modules = answer["modules"]
    assert isinstance(modules, list)
    return HEAVY & set(modules)


def test_every_module_of_the_session_imports_without_qt() -> None:
    assert int(python(IMPORT_WITHOUT_QT)) >= 5


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(word: str) -> None:
    answer = caval(word)
    assert answer["code"] == 0
    assert "caval" in str(answer["out"])
    assert loaded(answer) == set()


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_imports_nothing_heavy(verb: str) -> None:
    answer = caval(verb, "--help")
    assert answer["code"] == 0
    assert f"caval {verb}" in str(answer["out"])
    assert loaded(answer) <= {"numpy"}


def test_a_heavy_import_would_be_seen() -> None:
    code = CALL_CAVAL.replace("code = main(words)", "import pydicom; code = main(words)")
    assert "pydicom" in loaded(json.loads(python(code, '["--version"]')))
