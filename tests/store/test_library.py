from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from viewer import paths
from viewer.model.review import ImageReference, Review
from viewer.model.study import FrameSpan, ImageSet, Patient, Role
from viewer.store import review_file
from viewer.store.library import Library, default_path, file_stem


def image_set(uid: str, *files: Path) -> ImageSet:
    return ImageSet(
        uid=uid,
        series_uid=f"{uid}.s",
        study_uid="1.2",
        patient=Patient("ID-77", "Doe^Jane", "19700101"),
        modality="XA",
        role=Role.VENOGRAM,
        description="AP",
        series_number=1,
        acquired_at=None,
        spans=tuple(FrameSpan(path, 0, 1, f"{uid}.{n}") for n, path in enumerate(files)),
        frames=len(files),
        frames_declared=len(files),
        rows=8,
        columns=8,
    )


def review(number: int, reader: str = "Reader A", *image_uids: str) -> Review:
    images = tuple(ImageReference(uid, "s", "1.2", "venogram", "AP", 3) for uid in image_uids)
    return Review(id=f"review-{number}", reader=reader, title=f"Case {number}", images=images)


def saved(item: Review, age_s: float = 0.0) -> Path:
    path = default_path(item)
    review_file.write(path, item)
    if age_s:
        then = path.stat().st_mtime - age_s
        os.utime(path, (then, then))
    return path


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def library(told: list[str]) -> Iterator[Library]:
    library = Library(tell=told.append)
    yield library
    library.close()


def files_in(folder: Path, count: int) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    made = tuple(folder / f"IM{n:03}" for n in range(count))
    for path in made:
        path.write_bytes(b"")
    return made


# -- images -------------------------------------------------------------------------------------
def test_files_are_found_again_in_their_order(library: Library, tmp_path: Path) -> None:
    files = files_in(tmp_path, 4)[::-1]
    library.remember_images([image_set("1.1", *files), image_set("1.2", files[0])])
    assert library.files_of(["1.1", "1.2", "9.9"]) == {"1.1": files, "1.2": (files[0],)}


def test_files_that_are_gone_are_left_out(library: Library, tmp_path: Path) -> None:
    files = files_in(tmp_path, 3)
    library.remember_images([image_set("1.1", *files), image_set("1.2", files[1])])
    files[1].unlink()
    assert library.files_of(["1.1", "1.2"]) == {"1.1": (files[0], files[2])}


def test_of_two_places_the_fuller_wins(library: Library, tmp_path: Path) -> None:
    stick, disk = files_in(tmp_path / "stick", 3), files_in(tmp_path / "disk", 3)
    library.remember_images([image_set("1.1", *disk)])
    library.remember_images([image_set("1.1", *stick)])
    assert library.files_of(["1.1"]) == {"1.1": stick}
    stick[0].unlink()
    assert library.files_of(["1.1"]) == {"1.1": disk}


def test_it_remembers_between_sessions(library: Library, tmp_path: Path) -> None:
    files = files_in(tmp_path, 1)
    library.remember_images([image_set("1.1", *files)])
    again = Library()
    assert again.files_of(["1.1"]) == {"1.1": files}
    again.close()


def test_no_patient_is_in_the_file(library: Library, tmp_path: Path) -> None:
    library.remember_images([image_set("1.1", *files_in(tmp_path, 1))])
    library.close()
    content = library.path.read_bytes()
    assert b"AP" in content
    for word in (b"Doe", b"Jane", b"ID-77", b"19700101"):
        assert word not in content


# -- reviews ------------------------------------------------------------------------------------
def test_the_same_images_bring_the_readers_own_newest_review_back(library: Library) -> None:
    old, new = review(1, "Reader A", "1.1", "1.2"), review(2, "Reader A", "1.2")
    other = review(3, "Reader B", "1.1", "1.2")
    for item, age_s in ((old, 300.0), (new, 100.0), (other, 0.0)):
        library.remember_review(saved(item, age_s), item)
    assert library.review_for("Reader A", ["1.2"]) == default_path(new)
    assert library.review_for("Reader A", ["1.1"]) == default_path(old)
    assert library.review_for("Reader B", ["1.1", "7.7"]) == default_path(other)
    assert library.review_for("Reader C", ["1.1"]) is None
    assert library.review_for("Reader A", ["7.7"]) is None
    assert library.review_for("Reader A", []) is None


def test_a_review_whose_file_is_gone_is_not_offered(library: Library) -> None:
    old, new = review(1, "Reader A", "1.1"), review(2, "Reader A", "1.1")
    library.remember_review(saved(old, 100.0), old)
    library.remember_review(saved(new), new)
    default_path(new).unlink()
    assert library.review_for("Reader A", ["1.1"]) == default_path(old)
    assert [r.review_id for r in library.recent()] == ["review-1"]


def test_a_review_saved_again_is_known_by_what_it_speaks_of_now(library: Library) -> None:
    item = review(1, "Reader A", "1.1")
    library.remember_review(saved(item), item)
    library.remember_review(saved(item), replace(item, images=review(1, "", "1.3").images))
    assert library.review_for("Reader A", ["1.1"]) is None
    assert library.review_for("Reader A", ["1.3"]) == default_path(item)
    assert len(library.recent()) == 1


def test_more_uids_than_sqlite_takes_parameters(library: Library) -> None:
    item = review(1, "Reader A", "1.40000")
    library.remember_review(saved(item), item)
    assert library.review_for("Reader A", [f"1.{n}" for n in range(50_000)]) == default_path(item)


def test_recent_is_newest_first_and_limited(library: Library) -> None:
    for number in range(5):
        item = review(number)
        library.remember_review(saved(item, age_s=100.0 * number + 1), item)
    assert [r.title for r in library.recent(3)] == ["Case 0", "Case 1", "Case 2"]
    assert library.recent()[0].path == default_path(review(0))


def test_a_forgotten_review_keeps_its_file(library: Library) -> None:
    item = review(1, "Reader A", "1.1")
    path = saved(item)
    library.remember_review(path, item)
    library.forget_review(path)
    assert library.review_for("Reader A", ["1.1"]) is None
    assert library.recent() == ()
    assert path.exists()


def test_each_review_has_a_file_of_its_own_in_the_programs_folder() -> None:
    assert default_path(review(1)).name == "review-1.caval.json"
    odd = ["../../etc/x", "", "a/b", "A" * 300, "a\x00b", ".", "ä"]
    stems = {file_stem(one) for one in odd}
    assert len(stems) == len(odd)
    for one in odd:
        path = default_path(replace(review(1), id=one))
        assert path.parent == paths.reviews_dir()
        assert path.resolve().parent == paths.reviews_dir().resolve()


# -- bad luck -----------------------------------------------------------------------------------
@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" * 300])
def test_a_damaged_library_is_moved_aside_and_filled_again(told: list[str], content: bytes) -> None:
    item = review(1, "Reader A", "1.1")
    saved(item)
    path = paths.data_dir() / "library.sqlite3"
    path.write_bytes(content)
    library = Library(tell=told.append)
    assert library.review_for("Reader A", ["1.1"]) == default_path(item)
    library.close()
    (aside,) = path.parent.glob("library.damaged-*.sqlite3")
    assert aside.read_bytes() == content
    assert len(told) == 1
    assert aside.name in told[0]


@pytest.mark.parametrize("while_open", [False, True])
def test_a_library_with_damaged_pages_is_replaced_when_it_shows(
    tmp_path: Path, told: list[str], while_open: bool
) -> None:
    path = tmp_path / "library.sqlite3"
    library = Library(path, tell=told.append)
    library.remember_images(image_set(f"1.{n}", tmp_path / f"{n}") for n in range(500))
    library.close()
    again = Library(path, tell=told.append) if while_open else None
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    again = again or Library(path, tell=told.append)
    files = files_in(tmp_path / "images", 2)
    again.remember_images([image_set("2.1", *files)])
    assert again.files_of(["2.1"]) == {"2.1": files}
    again.close()
    assert len(told) == 1
    assert "started anew" in told[0]


def test_a_library_of_a_newer_version_is_left_alone(told: list[str]) -> None:
    path = paths.data_dir() / "library.sqlite3"
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    library = Library(tell=told.append)
    item = review(1, "Reader A", "1.1")
    library.remember_review(saved(item), item)
    assert library.review_for("Reader A", ["1.1"]) == default_path(item)
    library.close()
    assert "can't be used now" in told[0]
    with sqlite3.connect(path) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (99,)
        assert newer.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    newer.close()
    assert len(path.read_bytes()) == len(before)


def test_a_folder_that_cannot_be_made_does_not_stop_the_start(
    tmp_path: Path, told: list[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    library = Library(tmp_path / "file" / "library.sqlite3", tell=told.append)
    assert library.recent() == ()
    library.close()
    assert "can't be used now" in told[0]


def test_a_locked_library_is_told_once_and_does_not_stop(
    library: Library, told: list[str], tmp_path: Path
) -> None:
    library._db.execute("PRAGMA busy_timeout = 10")
    with sqlite3.connect(library.path) as other:
        other.execute("BEGIN EXCLUSIVE")
        library.remember_images([image_set("1.1", *files_in(tmp_path, 1))])
        library.remember_images([image_set("1.2", *files_in(tmp_path, 1))])
        other.rollback()
    other.close()
    assert len(told) == 1
    assert "busy" in told[0]
    library.remember_images([image_set("1.3", *files_in(tmp_path, 1))])
    assert set(library.files_of(["1.1", "1.2", "1.3"])) == {"1.3"}


def test_an_unreadable_review_does_not_stop_the_filling(told: list[str]) -> None:
    item = review(1, "Reader A", "1.1")
    saved(item).with_name("bad.caval.json").write_text("{")
    library = Library(tell=told.append)
    assert library.review_for("Reader A", ["1.1"]) == default_path(item)
    library.close()
    assert told == []


def test_many_threads_at_once(library: Library, told: list[str], tmp_path: Path) -> None:
    files = files_in(tmp_path, 1)

    def work(number: int) -> None:
        for n in range(20):
            library.remember_images([image_set(f"{number}.{n}", *files)])
            assert f"{number}.{n}" in library.files_of([f"{number}.{n}"])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library.files_of(f"{a}.{b}" for a in range(4) for b in range(20))) == 80
    assert told == []


def test_two_processes_share_it(library: Library, told: list[str], tmp_path: Path) -> None:
    code = (
        "from viewer.store.library import Library; library = Library(tell=print); "
        "library.remember_review(__import__('pathlib').Path('x'), "
        "__import__('viewer.model.review').model.review.Review('r', 'Reader B')); library.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    library.remember_images([image_set("1.1", *files_in(tmp_path, 1))])
    assert set(library.files_of(["1.1"])) == {"1.1"}
    assert told == []
