from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from viewer.app import Application
from viewer.cli import main
from viewer.cli.render import wait
from viewer.dicom.index import index
from viewer.model.annotation import Bookmark
from viewer.model.case import Case
from viewer.model.review import ImageReference, Review
from viewer.phantom.cases import write_case
from viewer.qt import tokens
from viewer.report.tables import TABLES
from viewer.session import exporting
from viewer.session.example_review import example_review
from viewer.session.session import Session
from viewer.store import review_file

PICTURES = [
    "12345678-window.png",
    "12345678-segment-1-stenosis-venogram.png",
    "12345678-segment-1-stenosis-ivus.png",
    "12345678-key-frame-1-venogram.png",
]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    written = write_case("nivl-small", folder / "images")
    sets = index(written.files).image_sets
    known = tuple(
        ImageReference(s.uid, s.series_uid, s.study_uid, s.role.value, s.description, s.frames)
        for s in sets
    )
    blank = Review("12345678-0000-4000-8000-000000000000", "Dr. Other", images=known)
    review = example_review(blank, written.truth, sets)
    review = review.with_bookmark(Bookmark("k", review.coregistrations[0].run_uid, 3))
    review_file.write(folder / "review.caval.json", review)
    return folder


@pytest.fixture
def application(qapp: QApplication, case: Path) -> Iterator[Application]:
    """A window on the case, with its review."""
    application = Application(qapp)
    application.window.resize(1280, 720)
    application.window.show()
    review = review_file.read(case / "review.caval.json")
    sets = index([case / "images"]).image_sets
    application.session.open_case(Case().with_sets(*sets), review)
    wait(application, lambda: application.is_complete)
    yield application
    application.close()
    application.window.close()
    application.window.deleteLater()


def pixels(path: Path) -> NDArray[np.uint8]:
    """A picture as (rows, columns, RGB)."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), dtype=np.uint8)
    rows = flat.reshape(image.height(), image.bytesPerLine())
    # a copy: the image's own memory goes with it
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def near(picture: NDArray[np.uint8], color: str) -> int:
    """How many pixels have about this colour, "#rrggbb"."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(picture.astype(int) - wanted).max(axis=2) < 24).sum())


def test_the_verb_draws_the_window_and_every_mark(
    qapp: QApplication, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(case / "review.caval.json"), "--to", str(tmp_path), "--formats", "png"]
    code = main([*words, "--images", str(case / "images")])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert [Path(line).name for line in out.splitlines()] == PICTURES
    assert pixels(tmp_path / PICTURES[0]).shape == (1080, 1920, 3)
    for name in PICTURES[1:]:
        picture = pixels(tmp_path / name)
        strip, image = picture[-30:], picture[:-32]
        assert near(strip, tokens.WARN) > 100, f"{name} does not say what it is not for"
        assert np.ptp(image.mean(axis=2)) > 150, f"{name} shows no image"
    assert near(pixels(tmp_path / PICTURES[1])[:-32], tokens.SEGMENT_COLORS["stenosis"]) > 100


def test_without_images_the_window_says_which_are_missing(
    qapp: QApplication, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(case / "review.caval.json"), "--to", str(tmp_path), "--formats", "png"]
    code = main(words)
    out, err = capsys.readouterr()
    assert code == 4
    assert [Path(line).name for line in out.splitlines()] == PICTURES[:1]
    assert err.count("caval: ") == err.count("\n") == 3
    assert near(pixels(tmp_path / PICTURES[0]), tokens.WARN) > 300


def test_the_window_stays_as_it_is(application: Application, tmp_path: Path) -> None:
    session = application.session
    session.set_pullback_frame(41)
    before = (session.cursor, session.selection, session.review)
    moves: list[object] = []
    session.cursor_changed.connect(moves.append)
    told: list[str] = []
    written = application.export_to(tmp_path, ("csv", "png"), told.append)
    assert (session.cursor, session.selection, session.review) == before
    assert moves == told == []
    assert [what for what, _ in written] == ["csv"] * len(TABLES) + ["png"] * len(PICTURES)
    assert sorted(path for _, path in written) == sorted(tmp_path.iterdir())
    assert pixels(tmp_path / PICTURES[0]).shape == (720, 1280, 3)


def test_the_menu_tells_what_keeps_it_from_writing(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("mine", encoding="utf-8")
    monkeypatch.setattr(application.dialogs, "ask_export_folder", lambda: in_the_way)
    notices = []
    application.session.noticed.connect(notices.append)
    application.exports.export()
    wait(application, lambda: bool(notices))
    assert [notice.about for notice in notices] == ["export"]
    assert "can't be made" in notices[0].text


def test_the_menu_writes_all_and_the_tables_beside_the_window(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers: list[str] = []
    write_tables = exporting.write_tables

    def noted(session: Session, folder: Path) -> list[exporting.Written]:
        writers.append(threading.current_thread().name)
        return write_tables(session, folder)

    monkeypatch.setattr(exporting, "write_tables", noted)
    monkeypatch.setattr(application.dialogs, "ask_export_folder", lambda: tmp_path)
    notices = []
    application.session.noticed.connect(notices.append)
    application.exports.export()
    wait(application, lambda: bool(notices))
    count = len(list(tmp_path.iterdir()))
    assert count == len(TABLES) + len(PICTURES)
    assert [notice.text for notice in notices] == [f"{count} files written to {tmp_path.name}"]
    assert writers == ["export"]


def damaged(case: Path, folder: Path, change: Callable[[bytes], bytes]) -> Case:
    """The case with its runs' files changed."""
    for path in sorted((case / "images").glob("*.dcm")):
        data = path.read_bytes()
        (folder / path.name).write_bytes(change(data) if "run" in path.name else data)
    return Case().with_sets(*index([folder]).image_sets)


def test_a_frame_that_is_not_there_is_told_not_another_drawn(
    application: Application, case: Path, tmp_path: Path
) -> None:
    short = damaged(case, tmp_path, lambda data: data[: len(data) // 8])
    application.session.open_case(short, application.session.review)
    told: list[str] = []
    written = application.export_to(tmp_path / "out", ("png",), told.append)
    assert [path.name for _, path in written] == PICTURES[:3]
    assert told == ["key-frame-1-venogram.png was left out: frame 4 is not there"]


def test_a_frame_that_cannot_be_decoded_is_told(
    application: Application, case: Path, tmp_path: Path
) -> None:
    """Both panes' marks: the one that can be drawn is, the other is named."""
    head = b"\xff\xd8\xff"
    spoilt = damaged(case, tmp_path, lambda data: data.replace(head, b"\xff\xd8\x00"))
    application.session.open_case(spoilt, application.session.review)
    told: list[str] = []
    written = application.export_to(tmp_path / "out", ("png",), told.append)
    assert [path.name for _, path in written] == [PICTURES[0], PICTURES[2]]
    assert [text.split(": ")[0] for text in told] == [
        "segment-1-stenosis-venogram.png was left out",
        "key-frame-1-venogram.png was left out",
    ]
