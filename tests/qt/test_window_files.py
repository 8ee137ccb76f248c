"""Opening, saving, recovering, and bad input, through the window."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from window_samples import CTRL, Desk, WrittenSample, broken_frame, native_run, other_patient

from viewer import paths
from viewer.app import application as app
from viewer.errors import ViewerError
from viewer.model.annotation import Caliper, Clot, Ellipse
from viewer.qt.start_page import RecoveryCard
from viewer.session import facts
from viewer.store import review_file

Key = Qt.Key
MakeDesk = Callable[..., Desk]


def mark_everything(desk: Desk, sample: WrittenSample) -> None:
    """One of everything, by hand where it is quick."""
    desk.show_example(sample)
    desk.focus(desk.ivus)
    desk.key(Key.Key_C)
    desk.drag_long(34, 46)
    desk.key(Key.Key_M)
    desk.drag(desk.ivus, (40.0, 100.0), (70.0, 60.0))
    desk.key(Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    desk.drag(desk.venogram, (40.0, 50.0), (80.0, 80.0))
    desk.key(Key.Key_Escape)
    desk.key(Key.Key_G)


def cards(desk: Desk) -> list[RecoveryCard]:
    found = desk.window.findChildren(RecoveryCard)
    return [card for card in found if card.isVisibleTo(desk.window) and not card.isHidden()]


def test_what_was_marked_is_there_when_opened_again(new_desk: MakeDesk, sample) -> None:
    desk = new_desk(*sample.files)
    mark_everything(desk, sample)
    kept = desk.session.review
    types = {type(item) for item in (*kept.segments, *kept.measurements)}
    assert {Clot, Caliper, Ellipse} <= types
    desk.key(Key.Key_S, CTRL)
    desk.wait(lambda: desk.application.autosave.state.unsaved_changes == 0, "for the save")
    path = desk.application.autosave.path
    desk.close()
    again = new_desk(sample.folder)
    opened = again.session.review
    for part in ("centerlines", "coregistrations", "segments", "measurements", "bookmarks"):
        assert getattr(opened, part) == getattr(kept, part)
    assert again.session.position_map is not None
    assert again.application.autosave.path == path
    assert cards(again) == []
    again.close()
    third = new_desk()
    assert [case.title for case in third.application.library.recent()]
    third.open(path)
    assert third.session.review.segments == kept.segments
    assert third.session.missing_images() == ()


def test_closing_without_saving_loses_nothing(new_desk: MakeDesk, sample) -> None:
    desk = new_desk(*sample.files)
    desk.show_example(sample)
    kept = desk.session.review
    desk.close()
    assert desk.application.autosave is None
    assert new_desk(*sample.files).session.review.coregistrations == kept.coregistrations


CRASH = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from PySide6.QtCore import Qt
from viewer.app import qt_application
from window_samples import Desk, read_sample
files = [Path(name) for name in sys.argv[3:]]
desk = Desk(qt_application())
desk.open(*files)
desk.show_example(read_sample(files, Path(sys.argv[2])))
desk.focus(desk.ivus)
desk.key(Qt.Key.Key_C)
desk.drag_long(34, 46)
desk.drag_long(20, 30)
desk.key(Qt.Key.Key_Escape)
desk.drag_long(46, 50, release=False)
print("editing", flush=True)
while True:
    desk.pump()
"""


def crash(sample: WrittenSample) -> None:
    """Another process edits the case and is killed in the middle of a drag."""
    tests = Path(__file__).resolve().parents[1]
    line = [sys.executable, "-W", "error", "-c", CRASH, tests, sample.truth_path, *sample.files]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "editing\n"
        os.kill(process.pid, signal.SIGKILL)


def test_changes_are_offered_after_a_kill_and_kept(new_desk: MakeDesk, sample) -> None:
    crash(sample)
    on_start_page = new_desk()
    assert len(cards(on_start_page)) == 1
    on_start_page.close()
    desk = new_desk(*sample.files)
    assert desk.session.review.segments == ()
    (card,) = cards(desk)
    assert "3 changes" in card.accessibleName()
    assert card.height() < 48  # one line: the images keep their room
    card.compare.click()
    desk.pump()
    assert card.changes.isVisible()
    desk.after(card.keep.click)
    kinds = [segment.kind for segment in desk.session.review.segments]
    assert kinds == ["stenosis", "clot", "clot"]
    assert [segment.extent.last for segment in desk.session.review.segments][1:] == [46, 30]
    assert desk.session.position_map is not None
    assert cards(desk) == []
    assert list(paths.recovery_dir().glob("*.journal")) == []
    desk.focus(desk.ivus)
    desk.key(Key.Key_G)  # what comes after is kept as well
    kept = desk.session.review
    desk.close()
    assert new_desk(*sample.files).session.review.bookmarks == kept.bookmarks


def test_kept_changes_that_can_not_be_written_are_told_and_stay(
    new_desk: MakeDesk, sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(sample)
    desk = new_desk(*sample.files)

    def full(*_: object) -> None:
        raise ViewerError("The disk is full", "Make room.")

    monkeypatch.setattr("viewer.session.recovery.keep", full)
    (card,) = cards(desk)
    card.keep.click()
    desk.pump()
    assert desk.said("The disk is full")
    assert desk.application.autosave is not None  # what is open goes on being saved
    assert len(list(paths.recovery_dir().glob("*.journal"))) == 1
    (card,) = cards(desk)
    card.discard.click()
    desk.pump()
    assert cards(desk) == []


def test_save_as_goes_on_in_the_new_file(
    new_desk: MakeDesk, sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = new_desk(*sample.files)
    desk.show_example(sample)
    target = tmp_path / "mine.caval.json"
    monkeypatch.setattr(desk.application.dialogs, "ask_review_path", lambda now: target)
    desk.key(Key.Key_S, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert review_file.read(target).segments == desk.session.review.segments
    assert desk.application.autosave.path == target
    desk.focus(desk.ivus)
    desk.key(Key.Key_G)
    desk.close()
    assert len(review_file.read(target).bookmarks) == 1


def test_save_as_asks_before_another_review_is_lost(
    new_desk: MakeDesk, sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = new_desk(*sample.files)
    target = tmp_path / "other.caval.json"
    target.write_text("not a review")
    asked = []
    monkeypatch.setattr(desk.application.dialogs, "ask_review_path", lambda now: target)
    monkeypatch.setattr(
        desk.application.dialogs, "agrees_to_lose", lambda path, loss: asked.append(loss)
    )
    desk.do("file.save_as")
    assert len(asked) == 1
    assert target.read_text() == "not a review"


def test_a_review_of_a_newer_version_is_refused_untouched(
    new_desk: MakeDesk, sample, tmp_path: Path
) -> None:
    desk = new_desk(*sample.files)
    desk.show_example(sample)
    before = desk.session.review
    path = tmp_path / "newer.caval.json"
    document = json.loads(review_file.dump(before))
    document["version"] = 99
    path.write_text(json.dumps(document))
    stored = path.read_bytes()
    desk.open(path)
    assert path.read_bytes() == stored
    assert desk.session.review == before  # what was open stays open
    assert desk.said("newer")
    desk.close()
    start = new_desk()
    start.after(lambda: start.application.open([path]))
    assert start.window.pages.currentIndex() == 0
    assert start.window.toast.isVisible()
    assert "newer" in start.window.toast.accessibleName() + start.window.toast.text
    assert path.read_bytes() == stored


def test_a_review_without_its_images_opens_and_names_them(
    new_desk: MakeDesk, sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = new_desk(*sample.files)
    mark_everything(desk, sample)
    review = desk.session.review
    desk.close()
    monkeypatch.setenv("CAVAL_HOME", str(tmp_path / "elsewhere"))
    path = tmp_path / "travelled.caval.json"
    review_file.write(path, review)
    away = new_desk(path)
    assert away.window.pages.currentIndex() == 1
    assert away.session.review.segments == review.segments
    assert len(away.session.missing_images()) == 3
    assert away.said("L iliac, AP")
    issues = away.window.inspector.attention.attention.issues
    assert [issue.key for issue in issues] == ["missing"]  # said once, by the case itself
    assert facts.case_title(away.session).title == review.title
    away.after(lambda: away.application.open_or_add(list(sample.files)))
    assert away.session.missing_images() == ()
    assert away.session.review.segments == review.segments
    assert away.session.position_map is not None
    away.close()
    assert review_file.read(path).segments == review.segments


def test_another_patient_is_held_and_added_only_with_a_reason(
    new_desk: MakeDesk, sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = other_patient(sample.files[2], tmp_path / "other.dcm")
    desk = new_desk(*sample.files, other)
    session = desk.session
    assert len(session.case.image_sets) == 3
    assert len(session.case.held) == 1
    assert desk.said("another patient")
    assert not desk.window.inspector.isHidden()  # loud on a small screen too
    assert "another patient" in desk.window.toast.text
    reasons = iter(["", "Same person, wrong wrist band"])
    monkeypatch.setattr(desk.application.dialogs, "ask_reason", lambda: next(reasons))
    desk.window.rail.add_anyway_requested.emit()
    assert len(session.case.held) == 1  # no reason, not added
    desk.window.inspector.add_anyway_requested.emit()
    assert session.case.held == ()
    assert len(session.case.image_sets) == 4
    assert desk.said("wrong wrist band")
    cards = desk.window.inspector.attention.cards
    mixed = [card for card in cards if "2 patient IDs" in card.issue.title]
    assert len(mixed) == 1
    assert not mixed[0].buttons  # it can not be dismissed


def test_held_series_are_left_out_or_made_a_case_of_their_own(
    new_desk: MakeDesk, sample, tmp_path: Path
) -> None:
    other = other_patient(sample.files[0], tmp_path / "other.dcm")
    desk = new_desk(*sample.files)
    desk.after(lambda: desk.application.open_or_add([other]))
    assert len(desk.session.case.held) == 1
    desk.window.rail.leave_out_requested.emit()
    assert desk.session.case.held == ()
    desk.after(lambda: desk.application.open_or_add([other]))
    assert desk.window.venogram.empty.held.text() == "Review 1 held series"
    desk.window.rail.new_case_requested.emit()
    desk.settle()
    assert [item.patient.patient_id for item in desk.session.case.image_sets] == ["OTHER"]
    assert desk.session.case.held == ()


def test_a_hostile_folder_gives_one_message_each_and_work_goes_on(
    new_desk: MakeDesk, sample, shared_data: Path
) -> None:
    desk = new_desk(*sample.files)
    desk.show_example(sample)
    hostile = sorted((shared_data / "hostile").glob("*.dcm"))
    desk.after(lambda: desk.application.open_or_add([shared_data / "hostile"]))
    case = desk.session.case
    told = {item.path: item.reason for item in case.skipped}
    opened = [path for item in (*case.image_sets, *case.held) for path in item.paths]
    for path in hostile:
        assert [*told, *opened].count(path) == 1, path.name
        assert path in opened or told[path].strip()
    desk.focus(desk.ivus)
    desk.key(Key.Key_Right)
    desk.key(Key.Key_C)
    desk.drag_long(34, 46)
    assert len(desk.session.review.segments) == 2
    desk.settle()


def test_what_can_not_be_opened_says_why_and_leaves_the_case(
    new_desk: MakeDesk, sample, tmp_path: Path
) -> None:
    desk = new_desk(*sample.files)
    case = desk.session.case
    empty, text = tmp_path / "empty", tmp_path / "letter.txt"
    empty.mkdir()
    text.write_text("Dear colleague")
    for path in (empty, text, tmp_path / "gone.dcm"):
        desk.open(path)
        assert path.name in desk.window.toast.text
        assert desk.window.toast.isVisible()
        assert desk.session.case == case


def test_an_unexpected_problem_while_opening_is_told(
    new_desk: MakeDesk, sample, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = new_desk()

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("viewer.app.case_opener.open_paths", fails)
        desk.open(*sample.files)
    assert desk.said("could not be opened")
    assert desk.window.toast.isVisible()
    assert "opening failed" in caplog.text
    desk.open(*sample.files)
    assert desk.ivus.is_settled


def drop(desk: Desk, widget: QWidget, *files: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in files])
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(
        QPoint(20, 20), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none
    )
    desk.qt.sendEvent(widget, enter)
    assert enter.isAccepted()
    event = QDropEvent(
        QPointF(20, 20),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        none,
        QEvent.Type.Drop,
    )
    desk.qt.sendEvent(widget, event)
    assert event.isAccepted()


def test_files_dropped_open_and_more_are_added(new_desk: MakeDesk, sample) -> None:
    desk = new_desk()
    desk.after(lambda: drop(desk, desk.window, sample.files[0]))
    assert len(desk.session.case.image_sets) == 1
    assert desk.window.ivus.empty.isVisible()
    desk.after(lambda: drop(desk, desk.window, *sample.files[1:]))
    assert len(desk.session.case.image_sets) == 3
    assert not desk.window.ivus.empty.isVisible()
    assert desk.ivus.is_settled


def test_a_file_cut_short_shows_what_is_there_and_names_the_rest(
    new_desk: MakeDesk, tmp_path: Path
) -> None:
    path = native_run(tmp_path / "short.dcm", frames=6, whole=4)
    desk = new_desk(path)
    run = desk.session.run
    words = " ".join(run.warnings)
    assert run.frames == 4 or "4 of 6" in words
    assert "4" in words
    assert "6" in words
    for frame in range(4):
        desk.session.set_run_frame(frame)
        desk.settle()
        assert desk.venogram.message() == ""
        middle = desk.picture(desk.venogram.view)
        assert middle.max() > 0


def test_a_frame_that_can_not_be_decoded_says_so_and_the_rest_works(
    new_desk: MakeDesk, sample, tmp_path: Path
) -> None:
    path = broken_frame(sample.files[2], tmp_path / "broken.dcm", 7)
    desk = new_desk(sample.files[0], path)
    for frame, bad in ((6, False), (7, True), (8, False)):
        desk.session.set_pullback_frame(frame)
        desk.settle()
        assert (f"Frame {frame + 1} can't be shown" in desk.ivus.message()) is bad
        assert desk.ivus.view.has_image is not bad
    assert desk.canvas.long_view.bad.nonzero()[0].tolist() == [7]
    desk.session.set_pullback_frame(7)
    desk.settle()
    assert desk.picture(desk.ivus.view).any()  # the words
    desk.session.set_pullback_frame(0)
    desk.focus(desk.ivus)
    desk.ivus.set_speed(4.0)
    desk.key(Key.Key_Space)
    desk.wait(lambda: desk.frames()[1] > 9, "for cine past the bad frame")
    assert desk.ivus.playing


def test_marks_can_still_be_taken_hold_of_after_a_bad_frame(
    new_desk: MakeDesk, sample, tmp_path: Path
) -> None:
    path = native_run(tmp_path / "run.dcm", frames=3, whole=3)
    desk = new_desk(path)
    desk.focus(desk.venogram)
    desk.key(Key.Key_B)
    for point in ((30.0, 30.0), (60.0, 50.0), (90.0, 90.0)):
        desk.click(desk.venogram, point)
    handles = len(desk.venogram._overlay._handles)
    assert handles == 3
    desk.venogram.view.set_pixels(None)
    desk.picture(desk.venogram.view)
    assert desk.venogram._overlay._handles == []
    desk.venogram.view.set_pixels(np.zeros((128, 128), np.uint8))
    desk.picture(desk.venogram.view)
    assert len(desk.venogram._overlay._handles) == handles


def test_frames_on_their_way_say_so_and_stale_ones_are_not_shown(
    new_desk: MakeDesk, sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On and back again while the frame between is still being read."""
    gate, real_open, real_loader = threading.Event(), app.open_frames, app.FrameLoader

    class Slow:
        def __init__(self, source: Any) -> None:
            self._source = source

        def frame(self, index: int) -> object:
            gate.wait(30)
            return self._source.frame(index)

        def __getattr__(self, name: str) -> object:
            return getattr(self._source, name)

    monkeypatch.setattr(app, "open_frames", lambda item: Slow(real_open(item)))
    monkeypatch.setattr(
        app, "FrameLoader", lambda opens, post, budget: real_loader(opens, post, 100_000)
    )
    gate.set()
    desk = new_desk(sample.files[2])
    uid = desk.session.pullback.uid
    desk.session.set_pullback_frame(12)
    desk.settle()
    gate.clear()
    desk.session.set_pullback_frame(50)
    desk.pump()
    assert desk.ivus.message() == "Loading 51"
    assert not desk.ivus.is_settled
    desk.session.set_pullback_frame(12)
    gate.set()
    desk.settle()
    desk.pump()
    assert desk.ivus._shown == (uid, 12)
    assert desk.ivus.message() == ""


def test_closing_leaves_no_widget_and_no_thread(new_desk: MakeDesk, sample, qapp) -> None:
    before = set(qapp.topLevelWidgets())
    desk = new_desk(*sample.files)
    desk.show_example(sample)
    desk.key(Key.Key_Space)  # closed while it plays
    assert {type(widget).__name__ for widget in set(qapp.topLevelWidgets()) - before} >= {
        "MainWindow"
    }
    desk.application.close()
    desk._closed = True
    desk.qt.processEvents()
    desk.qt.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [type(widget).__name__ for widget in set(QApplication.topLevelWidgets()) - before]
    assert left == []
    names = [t.name for t in threading.enumerate() if t.name.startswith(("frames", "autosave"))]
    assert names == []


def test_pixel_data_of_the_files_are_never_touched(new_desk: MakeDesk, sample) -> None:
    before = {path: path.read_bytes() for path in sample.files}
    listing = sorted(sample.folder.iterdir())
    desk = new_desk(sample.folder)
    mark_everything(desk, sample)
    desk.close()
    assert {path: path.read_bytes() for path in sample.files} == before
    assert sorted(sample.folder.iterdir()) == listing
    assert pydicom.dcmread(sample.files[0]).NumberOfFrames == 12


def test_a_second_reader_never_writes_into_the_firsts_review(new_desk: MakeDesk, sample) -> None:
    desk = new_desk(*sample.files)
    desk.show_example(sample)
    first, path = desk.session.review, desk.application.autosave.path
    desk.after(lambda: desk.window.top_bar.reader_change_requested.emit("Reader B"))
    assert desk.session.review.reader == "Reader B"
    assert desk.session.review.segments == ()
    assert len(desk.session.case.image_sets) == 3
    desk.focus(desk.ivus)
    desk.key(Key.Key_G)
    assert desk.application.autosave.path != path
    assert review_file.read(path).segments == first.segments
    assert review_file.read(path).bookmarks == ()
    desk.after(lambda: desk.window.top_bar.reader_change_requested.emit(first.reader))
    assert desk.session.review.segments == first.segments
    assert desk.session.review.bookmarks == ()


def test_the_start_page_returns_and_the_case_opens_from_it(new_desk: MakeDesk, sample) -> None:
    desk = new_desk(*sample.files)
    desk.show_example(sample)
    segments = desk.session.review.segments
    desk.do("file.start")
    assert desk.window.pages.currentIndex() == 0
    assert not desk.window.actions_by_id["frame.next"].isEnabled()
    (recent,) = desk.application.library.recent()
    desk.after(lambda: desk.window.start_page.recent_chosen.emit(recent.path))
    assert desk.session.review.segments == segments
    assert desk.window.pages.currentIndex() == 1
    assert desk.qt.focusWidget() is desk.ivus.view


def test_an_overlay_of_the_header_goes_with_the_layers(new_desk: MakeDesk, tmp_path: Path) -> None:
    desk = new_desk(native_run(tmp_path / "drawn.dcm", frames=3, whole=3, overlay=True))
    desk.session.set_run_frame(1)
    desk.settle()
    desk.focus(desk.venogram)
    at = desk.screen(desk.venogram, (50.0, 50.0)).toPoint()

    def grey() -> int:
        return int(desk.picture(desk.venogram.view)[at.y(), at.x()].max())

    assert grey() == 255
    desk.key(Key.Key_O)
    desk.key(Key.Key_O)
    assert grey() < 200  # images only: at once, without going to another frame
    desk.key(Key.Key_O)
    assert grey() == 255


def test_a_built_in_case_that_can_not_be_written_is_told(
    new_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ViewerError("The case could not be written", "Make room on the disk.")

    monkeypatch.setattr("viewer.phantom.built_in.built_in_case", full)
    desk = new_desk()
    desk.do("file.demo")
    desk.wait(lambda: desk.said("could not be written"), "for the message")
    assert desk.window.toast.isVisible()
    assert desk.window.pages.currentIndex() == 0
