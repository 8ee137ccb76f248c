"""Fixtures of every test that drives the real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from window_samples import Desk, WrittenSample, read_sample

from viewer.model.review import Review
from viewer.phantom.cases import write_case


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> WrittenSample:
    """The small synthetic case, written once."""
    written = write_case("nivl-small", tmp_path_factory.mktemp("window-case"))
    return read_sample(written.files, written.truth)


@pytest.fixture
def new_desk(qapp: QApplication) -> Iterator[Callable[..., Desk]]:
    """Makes windows; each is closed at the end."""
    made: list[Desk] = []

    def make(*paths: Path, size: tuple[int, int] = (1500, 900)) -> Desk:
        desk = Desk(qapp, size)
        made.append(desk)
        if paths:
            desk.open(*paths)
            desk.focus(desk.ivus)
        return desk

    yield make
    for desk in made:
        desk.close()


@pytest.fixture(scope="module")
def shared_desk(
    qapp: QApplication, sample: WrittenSample, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Desk, Review, Review]]:
    """One window on the small case for a whole module; its empty and its example review."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAVAL_HOME", str(tmp_path_factory.mktemp("module-home")))
        desk = Desk(qapp)
        desk.open(*sample.files)
        empty = desk.session.review
        desk.show_example(sample)
        yield desk, empty, desk.session.review
        desk.close()


@pytest.fixture
def desk(shared_desk: tuple[Desk, Review, Review]) -> Desk:
    """The module's window on the case with its example review, as new."""
    shared_desk[0].start_over(shared_desk[2])
    return shared_desk[0]


@pytest.fixture
def bare_desk(shared_desk: tuple[Desk, Review, Review]) -> Desk:
    """The module's window on the case without any mark, as new."""
    shared_desk[0].start_over(shared_desk[1])
    return shared_desk[0]
