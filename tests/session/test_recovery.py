from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viewer.errors import ViewerError
from viewer.model.annotation import Bookmark, Caliper, Clot, FrameExtent, Stenosis
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.review import Review
from viewer.model.vessel import Centerline
from viewer.session import recovery
from viewer.session.process_mark import ProcessMark, is_running, this_process
from viewer.session.recovery import Recovery
from viewer.session.review_changes import differences
from viewer.store import review_file

STENOSIS = Stenosis(id="s", name="Stenosis 1", extent=FrameExtent("pull", 1, 9))
TIE = Coregistration(
    "t", "run", "pull", "line", (Landmark("m", "Iliac confluence", 40, (1.0, 2.0)),)
)
REVIEW = Review(
    id="r1",
    reader="Reader A",
    centerlines=(Centerline("line", "run", ((0.0, 0.0), (1.0, 1.0)), name="left"),),
    coregistrations=(TIE,),
    segments=(STENOSIS,),
)


@pytest.fixture
def dead() -> ProcessMark:
    """The mark of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mark = ProcessMark(process.pid, "", this_process().host)
        from viewer.session import process_mark

        mark = replace(mark, started=process_mark._started(process.pid) or "")
        assert is_running(mark)
    assert is_running(mark) is False
    return mark


def leave(
    folder: Path, process: ProcessMark, review: Review = REVIEW, name: str = "r1.1-aa"
) -> Recovery:
    left = Recovery(
        review=review,
        review_path=folder / "case.caval.json",
        saved_at=datetime.now(UTC),
        labels=("Move stenosis edge", "Delete clot"),
        journal_path=folder / "recovery" / f"{name}.journal",
        saved_digest=recovery.digest_of(folder / "case.caval.json"),
    )
    recovery.write_journal(left, process)
    return left


def test_a_journal_comes_back_as_it_was_written(tmp_path: Path, dead: ProcessMark) -> None:
    left = leave(tmp_path, dead)
    assert recovery.recoveries(tmp_path / "recovery") == (left,)


def test_a_living_window_keeps_its_journal(tmp_path: Path) -> None:
    left = leave(tmp_path, this_process())
    assert recovery.recoveries(tmp_path / "recovery") == ()
    assert left.journal_path.exists()


def test_a_pid_used_again_is_not_the_same_process(tmp_path: Path) -> None:
    mine = this_process()
    assert is_running(mine)
    assert is_running(replace(mine, started=mine.started + "1")) is False
    leave(tmp_path, replace(mine, started="another start"))
    assert len(recovery.recoveries(tmp_path / "recovery")) == 1


def test_another_computers_journal_is_offered_once_it_is_silent(tmp_path: Path) -> None:
    left = leave(tmp_path, ProcessMark(1, "some time", "another computer"))
    assert recovery.recoveries(tmp_path / "recovery") == ()
    long_ago = time.time() - recovery.SILENT_S - 1
    os.utime(left.journal_path, (long_ago, long_ago))
    assert recovery.recoveries(tmp_path / "recovery") == (left,)


def test_changes_the_file_already_has_are_not_offered(tmp_path: Path, dead: ProcessMark) -> None:
    left = leave(tmp_path, dead)
    review_file.write(left.review_path, REVIEW)
    assert recovery.recoveries(tmp_path / "recovery") == ()
    assert not left.journal_path.exists()


def test_several_come_newest_first(tmp_path: Path, dead: ProcessMark) -> None:
    old = leave(tmp_path, dead, name="a")
    new = leave(tmp_path, dead, replace(REVIEW, id="r2"), name="b")
    os.utime(old.journal_path, (1000.0, 1000.0))
    assert recovery.recoveries(tmp_path / "recovery") == (new, old)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: b"",
        lambda text: b"[]",
        lambda text: text.replace(b"Stenosis 1", b"Stenosis\xff1"),
        lambda text: text.replace(b'"stenosis"', b'"web"'),
        lambda text: text.replace(b'"labels"', b'"babels"'),
    ],
)
def test_an_unreadable_journal_is_told_and_kept(
    tmp_path: Path, dead: ProcessMark, damage: object
) -> None:
    left = leave(tmp_path, dead)
    broken = damage(left.journal_path.read_bytes())  # type: ignore[operator]
    left.journal_path.write_bytes(broken)
    told: list[str] = []
    assert recovery.recoveries(tmp_path / "recovery", told.append) == ()
    assert len(told) == 1
    assert "not deleted" in told[0]
    (kept,) = (tmp_path / "recovery").iterdir()
    assert kept.read_bytes() == broken
    assert recovery.recoveries(tmp_path / "recovery", told.append) == ()
    assert len(told) == 1


def test_a_newer_journal_is_told_and_left_alone(tmp_path: Path, dead: ProcessMark) -> None:
    left = leave(tmp_path, dead)
    document = json.loads(left.journal_path.read_bytes())
    left.journal_path.write_text(json.dumps({**document, "version": 2}))
    told: list[str] = []
    assert recovery.recoveries(tmp_path / "recovery", told.append) == ()
    assert "newer Caval" in told[0]
    assert left.journal_path.exists()


def test_no_folder_no_recoveries(tmp_path: Path) -> None:
    assert recovery.recoveries(tmp_path / "recovery") == ()


def test_keep_writes_the_file_and_drops_the_journal(tmp_path: Path, dead: ProcessMark) -> None:
    review_file.write(tmp_path / "case.caval.json", replace(REVIEW, segments=()))
    left = leave(tmp_path, dead)
    assert recovery.keep(left) == left.review_path
    assert review_file.read(left.review_path) == REVIEW
    assert not left.journal_path.exists()
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_keep_spares_a_file_that_went_on_without_it(tmp_path: Path, dead: ProcessMark) -> None:
    left = leave(tmp_path, dead)
    later = replace(REVIEW, title="written later")
    review_file.write(left.review_path, later)
    recovery.keep(left)
    assert review_file.read(left.review_path) == REVIEW
    (other,) = tmp_path.glob("case.other-*.caval.json")
    assert review_file.read(other) == later


def test_keep_that_fails_keeps_the_journal(tmp_path: Path, dead: ProcessMark) -> None:
    left = leave(tmp_path, dead)
    with pytest.raises(ViewerError, match="the folder is not there"):
        recovery.keep(left, tmp_path / "unplugged" / "case.caval.json")
    assert recovery.recoveries(tmp_path / "recovery") == (left,)


def test_discard_forgets(tmp_path: Path, dead: ProcessMark) -> None:
    left = leave(tmp_path, dead)
    recovery.discard(left)
    recovery.discard(left)
    assert recovery.recoveries(tmp_path / "recovery") == ()


def test_what_is_offered_in_words(tmp_path: Path) -> None:
    now = datetime.now().astimezone()
    left = Recovery(REVIEW, tmp_path, now, ("a",) * 14, tmp_path)
    assert left.text == f"14 changes made after the last save at {now:%H:%M} were kept."
    one = replace(left, labels=("a",), saved_at=now - timedelta(days=2))
    day = f"{now - timedelta(days=2):%Y-%m-%d}"
    assert one.text.startswith(f"1 change made after the last save at {day} ")
    assert one.text.endswith(" was kept.")


# -- compare ------------------------------------------------------------------------------------
def test_compare_names_what_the_saved_file_lacks(tmp_path: Path, dead: ProcessMark) -> None:
    gone = Clot(id="c", name="Clot 1", extent=FrameExtent("pull", 2, 3))
    moved = replace(STENOSIS, extent=FrameExtent("pull", 0, 9), note="tight")
    review_file.write(
        tmp_path / "case.caval.json",
        replace(
            REVIEW,
            segments=(STENOSIS, gone),
            centerlines=(*REVIEW.centerlines, Centerline("l2", "run", name="right")),
        ),
    )
    now = replace(
        REVIEW,
        title="New",
        segments=(moved,),
        measurements=(Caliper("m", "run", 3, (0.0, 0.0), (1.0, 1.0)),),
        bookmarks=(Bookmark("b", "run", 4),),
    ).with_coregistration(TIE.with_landmark(Landmark("m", "Iliac confluence", 45, (1.0, 2.0))))
    assert recovery.compare(leave(tmp_path, dead, now)) == (
        "Title: “” became “New”",
        "Stenosis 1: changed (its stretch of vein, note)",
        "Clot 1: removed",
        "Landmark Iliac confluence at frame 46: changed (frame)",
        "Centerline right: removed",
        "Caliper on frame 4: added",
        "Key frame 5: added",
    )


def test_compare_with_nothing_saved_lists_everything(tmp_path: Path, dead: ProcessMark) -> None:
    lines = recovery.compare(leave(tmp_path, dead))
    assert "Stenosis 1: added" in lines
    assert "Landmark Iliac confluence at frame 41: added" in lines
    assert "Link of pullback and venogram: added" in lines


def test_compare_with_a_damaged_file_says_so(tmp_path: Path, dead: ProcessMark) -> None:
    (tmp_path / "case.caval.json").write_text("{")
    (line,) = recovery.compare(leave(tmp_path, dead))
    assert "can't be compared" in line


def test_the_same_review_differs_in_nothing() -> None:
    assert differences(REVIEW, REVIEW) == ()
