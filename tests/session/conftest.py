"""What the tests of the session may ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from viewer.dicom.index import index
from viewer.model.case import Case
from viewer.phantom.cases import write_case


@dataclass(frozen=True)
class SmallCase:
    """The small synthetic case as opened, with its truth."""

    folder: Path
    case: Case
    truth: dict[str, Any]


@pytest.fixture(scope="session")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> SmallCase:
    """Left iliac vein compression in a few small frames, written once."""
    folder = tmp_path_factory.mktemp("nivl-small")
    written = write_case("nivl-small", folder)
    found = index(list(written.files))
    truth = json.loads(written.truth.read_text("utf-8"))
    return SmallCase(folder, Case().with_sets(*found.image_sets), truth)
