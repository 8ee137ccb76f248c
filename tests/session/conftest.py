"""What the tests of the session may ask for."""

from __future__ import annotations

import json

import pytest
from session_samples import SmallCase

from viewer.dicom.index import index
from viewer.model.case import Case
from viewer.phantom.cases import write_case


@pytest.fixture(scope="session")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> SmallCase:
    """Left iliac vein compression in a few small frames, written once."""
    folder = tmp_path_factory.mktemp("nivl-small")
    written = write_case("nivl-small", folder)
    found = index(list(written.files))
    truth = json.loads(written.truth.read_text("utf-8"))
    return SmallCase(folder, Case().with_sets(*found.image_sets), truth)
