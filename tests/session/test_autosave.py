from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from viewer.model.annotation import Bookmark
from viewer.model.review import Review
from viewer.session import autosave, recovery
from viewer.session.autosave import Autosave, SavedState
from viewer.store import review_file

PATIENCE_S = 30.0
EMPTY = Review(id="7c9e6679-7425-40de-944b-e07fc1f90ae7", reader="Reader A", title="Left iliac")


def with_marks(count: int) -> Review:
    return replace(EMPTY, bookmarks=tuple(Bookmark(f"b{n}", "run", n) for n in range(count)))


class Bench:
    """One open review and what is heard about it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "case.caval.json"
        self.recovery_dir = folder / "recovery"
        self.states: list[SavedState] = []
        self.heard = threading.Condition()
        self.opened: list[Autosave] = []

    def on_state(self, state: SavedState) -> None:
        with self.heard:
            self.states.append(state)
            self.heard.notify_all()

    def open(self, review: Review = EMPTY, **options: Any) -> Autosave:
        saver = Autosave(review, self.path, self.recovery_dir, self.on_state, **options)
        self.opened.append(saver)
        return saver

    def wait_for(self, wanted: Callable[[SavedState], bool]) -> SavedState:
        with self.heard:
            assert self.heard.wait_for(lambda: any(map(wanted, self.states)), PATIENCE_S), (
                self.states
            )
            return next(state for state in self.states if wanted(state))

    def journals(self) -> list[Path]:
        return sorted(self.recovery_dir.glob("*")) if self.recovery_dir.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for saver in bench.opened:
        saver.close()


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)


def test_nothing_changed_nothing_written(bench: Bench) -> None:
    saver = bench.open()
    assert saver.state == SavedState()
    assert saver.close()
    assert not bench.path.exists()
    assert bench.journals() == []


def test_a_change_is_in_the_journal_at_once_and_not_yet_in_the_file(bench: Bench) -> None:
    saver = bench.open()
    saver.changed(with_marks(1), "Add key frame")
    assert saver.flush(PATIENCE_S)
    assert len(bench.journals()) == 1
    assert not bench.path.exists()
    state = bench.wait_for(lambda s: s.unsaved_changes == 1)
    assert (state.saved_at, state.journaled, state.error) == (None, True, "")


def test_a_change_does_not_wait_for_the_disk_nor_the_journal_for_the_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, threads, waiting = threading.Event(), set[int](), set[int]()
    real = recovery.write_journal

    def held(left: recovery.Recovery) -> None:
        threads.add(threading.get_ident())
        assert gate.wait(PATIENCE_S)
        real(left)

    monkeypatch.setattr(recovery, "write_journal", held)
    saver = bench.open(period_s=3600.0)
    wait = saver._wake.wait

    def noted(timeout_s: float | None = None) -> bool:
        waiting.add(threading.get_ident())
        return wait(timeout_s)

    monkeypatch.setattr(saver._wake, "wait", noted)
    saver.changed(with_marks(1), "Add key frame")
    assert threading.get_ident() not in waiting
    assert bench.journals() == []  # it returned, and nothing is written yet
    assert not saver.state.journaled
    gate.set()
    for count in range(2, 12):
        saver.changed(with_marks(count), "Add key frame")
        assert saver.flush(PATIENCE_S)
        assert recovery._read_journal(bench.journals()[0])[1].review == with_marks(count)
    assert not bench.path.exists()
    assert threading.get_ident() not in threads


def test_the_file_follows_after_a_while_and_the_journal_goes(bench: Bench) -> None:
    saver = bench.open(period_s=0.05)
    saver.changed(with_marks(1), "Add key frame")
    saver.changed(with_marks(2), "Add key frame")
    state = bench.wait_for(lambda s: s.saved_at is not None and s.unsaved_changes == 0)
    assert state.error == ""
    assert review_file.read(bench.path) == with_marks(2)
    assert bench.journals() == []
    saver.changed(with_marks(3), "Add key frame")
    bench.wait_for(lambda s: s.saved_at is not None and s.saved_at > state.saved_at)
    assert review_file.read(bench.path) == with_marks(3)


def test_a_burst_is_written_once_and_ends_with_the_newest(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    gate = threading.Event()
    real = recovery.write_journal

    def slow(left: recovery.Recovery) -> None:
        gate.wait(PATIENCE_S)
        written.append(len(left.labels))
        real(left)

    monkeypatch.setattr(recovery, "write_journal", slow)
    saver = bench.open()
    for count in range(1, 101):
        saver.changed(with_marks(count), f"Change {count}")
    gate.set()
    assert saver.flush(PATIENCE_S)
    assert written[-1] == 100
    assert len(written) <= 2


def test_save_now_writes_and_returns_whether_it_did(bench: Bench) -> None:
    saver = bench.open()
    saver.changed(with_marks(1), "Add key frame")
    assert saver.save_now()
    assert review_file.read(bench.path) == with_marks(1)
    assert bench.journals() == []
    assert saver.state.unsaved_changes == 0


def test_save_now_makes_the_file_of_an_unchanged_review(bench: Bench) -> None:
    assert bench.open().save_now()
    assert review_file.read(bench.path) == EMPTY


def test_close_saves_and_refuses_later_changes(bench: Bench) -> None:
    saver = bench.open()
    saver.changed(with_marks(1), "Add key frame")
    assert saver.close()
    assert review_file.read(bench.path) == with_marks(1)
    assert bench.journals() == []
    with pytest.raises(RuntimeError):
        saver.changed(with_marks(2), "Add key frame")


def test_a_change_during_a_save_is_not_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()
    real = review_file.write

    def slow(path: Path, review: Review) -> None:
        inside.set()
        go_on.wait(PATIENCE_S)
        real(path, review)

    monkeypatch.setattr(review_file, "write", slow)
    saver = bench.open()
    saver.changed(with_marks(1), "First")
    saver.save_now(wait=False)
    assert inside.wait(PATIENCE_S)
    saver.changed(with_marks(2), "Second")
    go_on.set()
    assert saver.flush(PATIENCE_S)
    assert review_file.read(bench.path) == with_marks(1)
    assert saver.state.unsaved_changes == 1
    left = recovery._read_journal(bench.journals()[0])[1]
    assert (left.review, left.labels) == (with_marks(2), ("Second",))


def test_a_full_disk_is_told_and_nothing_is_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "RETRY_S", 0.02)
    saver = bench.open(period_s=0.05)
    saver.changed(with_marks(1), "First")
    assert saver.save_now()
    with monkeypatch.context() as disk:
        fill_disk(disk)
        saver.changed(with_marks(2), "Second")
        state = bench.wait_for(lambda s: "disk is full" in s.error and not s.journaled)
        assert "only in memory" in state.error
        assert state.unsaved_changes == 1
        assert not saver.flush(PATIENCE_S)
        assert not saver.save_now()
    bench.states.clear()
    bench.wait_for(lambda s: s.error == "" and s.unsaved_changes == 0)  # by itself
    assert review_file.read(bench.path) == with_marks(2)


def test_a_folder_that_goes_away_keeps_the_journal(bench: Bench) -> None:
    bench.path = bench.path.parent / "stick" / "case.caval.json"
    bench.path.parent.mkdir()
    saver = bench.open(period_s=0.05)
    bench.path.parent.rmdir()
    saver.changed(with_marks(1), "First")
    state = bench.wait_for(lambda s: bool(s.error))
    assert "the folder is not there" in state.error
    assert "kept in the recovery folder" in state.error
    assert state.journaled
    assert not saver.close()
    assert recovery._read_journal(bench.journals()[0])[1].review == with_marks(1)


def test_a_file_changed_by_another_window_is_kept(bench: Bench) -> None:
    saver = bench.open()
    saver.changed(with_marks(1), "First")
    assert saver.save_now()
    review_file.write(bench.path, replace(with_marks(9), title="the other window"))
    saver.changed(with_marks(2), "Second")
    assert saver.save_now()
    assert review_file.read(bench.path) == with_marks(2)
    (other,) = bench.path.parent.glob("case.other-*.caval.json")
    assert review_file.read(other).title == "the other window"
    assert other.name in saver.state.notice


def test_save_as_goes_on_in_the_new_file(bench: Bench) -> None:
    saver = bench.open()
    saver.changed(with_marks(1), "First")
    assert saver.save_now()
    assert saver.save_as(bench.path.with_name("copy"))
    assert saver.path.name == "copy.caval.json"
    saver.changed(with_marks(2), "Second")
    assert saver.close()
    assert review_file.read(bench.path) == with_marks(1)
    assert review_file.read(saver.path) == with_marks(2)


def test_a_save_as_that_fails_stays_with_the_old_file(bench: Bench) -> None:
    saver = bench.open()
    saver.changed(with_marks(1), "First")
    assert not saver.save_as(bench.path.parent / "nowhere" / "copy")
    assert "the folder is not there" in saver.state.error
    assert saver.path == bench.path
    assert saver.save_now()
    assert review_file.read(bench.path) == with_marks(1)


def test_what_was_written_is_passed_on(bench: Bench) -> None:
    got: list[tuple[Path, Review]] = []
    saver = bench.open(after_save=lambda path, review: got.append((path, review)))
    saver.changed(with_marks(1), "First")
    saver.save_now()
    assert got == [(bench.path, with_marks(1))]


def test_a_listener_that_fails_does_not_end_the_saving(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_state: SavedState) -> None:
        raise RuntimeError("a broken view")

    monkeypatch.setattr(bench, "on_state", broken)
    saver = bench.open()
    saver.changed(with_marks(1), "First")
    assert saver.save_now()
    saver.changed(with_marks(2), "Second")
    assert saver.save_now()
    assert review_file.read(bench.path) == with_marks(2)


def test_a_bug_while_saving_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: Path, _review: Review) -> None:
        raise TypeError("a bug")

    saver = bench.open()
    saver.changed(with_marks(1), "First")
    with monkeypatch.context() as patch:
        patch.setattr(review_file, "write", broken)
        assert not saver.save_now()
    assert "TypeError" in saver.state.error
    assert saver.save_now()
    assert saver.state.error == ""


# -- a process that is killed -------------------------------------------------------------------
EDITOR = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
from viewer.model.annotation import Bookmark
from viewer.model.review import Review
from viewer.session.autosave import Autosave

folder, period_s, pause_s = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])

def say(*words):
    os.write(1, (" ".join(map(str, words)) + chr(10)).encode())

review = Review(id="killed-one", reader="Reader A")
saver = Autosave(review, folder / "case.caval.json", folder / "recovery", lambda state: None,
                 period_s=period_s)
for number in range(int(sys.argv[4])):
    review = replace(review, bookmarks=(*review.bookmarks, Bookmark(str(number), "run", number)))
    saver.changed(review, f"Key frame {number + 1}")
    say("committed", number + 1)
    time.sleep(pause_s)
    if number % 7 == 0 and saver.flush(30.0):
        say("safe", number + 1)
saver.flush(30.0)
say("idle")
time.sleep(60)
"""


def killed(folder: Path, period_s: float, pause_s: float, changes: int, at: str) -> list[str]:
    """What an editing process said until it was killed at the line that starts with `at`."""
    said: list[str] = []
    args = [sys.executable, "-c", EDITOR, str(folder), str(period_s), str(pause_s), str(changes)]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.strip())
            if line.startswith(at):
                break
        os.kill(process.pid, signal.SIGKILL)
        said += [line.strip() for line in process.stdout]
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_after_a_kill_every_change_is_offered(tmp_path: Path) -> None:
    killed(tmp_path, 60.0, 0.0, 14, at="idle")
    (left,) = recovery.recoveries(tmp_path / "recovery")
    assert left.labels == tuple(f"Key frame {n}" for n in range(1, 15))
    assert [b.frame for b in left.review.bookmarks] == list(range(14))
    assert left.text == "14 changes to a review that had not been saved yet were kept."
    assert recovery.keep(left) == tmp_path / "case.caval.json"
    assert review_file.read(tmp_path / "case.caval.json") == left.review
    assert recovery.recoveries(tmp_path / "recovery") == ()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("at", [3, 6])
def test_soon_after_a_change_a_kill_no_longer_hurts_it(tmp_path: Path, at: int) -> None:
    killed(tmp_path, 60.0, 0.2, 20, at=f"committed {at}")
    (left,) = recovery.recoveries(tmp_path / "recovery")
    assert len(left.review.bookmarks) >= at - 1  # the last one had no time at all


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("at", [5, 40, 111])
def test_killed_amid_saves_nothing_that_was_safe_is_gone(tmp_path: Path, at: int) -> None:
    said = killed(tmp_path, 0.01, 0.003, 400, at=f"committed {at}")
    safe = max((int(line.split()[1]) for line in said if line.startswith("safe")), default=0)
    path = tmp_path / "case.caval.json"
    in_file = len(review_file.read(path).bookmarks) if path.exists() else 0
    lefts = recovery.recoveries(tmp_path / "recovery")
    in_journal = max((len(left.review.bookmarks) for left in lefts), default=0)
    assert max(in_file, in_journal) >= safe >= at - 7
    for left in lefts:
        recovery.keep(left)
        assert len(review_file.read(path).bookmarks) == in_journal >= in_file
