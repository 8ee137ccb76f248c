"""From paths to a case and a review: own, another reader's, newer, without images."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from session_samples import Heard, SmallCase, draw_frames

from viewer.model.case import Case
from viewer.model.review import REVIEW_VERSION, Review
from viewer.model.study import Pullback, Run
from viewer.session.example_review import example_review, truth_beside
from viewer.session.opening import is_review, open_paths
from viewer.session.session import Session, new_review
from viewer.session.state import Severity
from viewer.store import review_file
from viewer.store.library import Library, default_path


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library(tmp_path / "library.sqlite3")
    yield made
    made.close()


def written(folder: Path, case: SmallCase, reader: str, name: str = "mine") -> tuple[Path, Review]:
    """A review of the small case by a reader, as a file."""
    session = Session(reader)
    session.open_case(case.case, None)
    session.show(case.case.pullbacks[0].uid)
    draw_frames(session, 3, 9)
    path = folder / f"{name}{review_file.SUFFIX}"
    review_file.write(path, session.review)
    return path, session.review


def test_images_alone_open_without_a_review(small_case: SmallCase, library: Library):
    opened = open_paths([small_case.folder], library, "A")
    assert len([s for s in opened.image_sets if isinstance(s, Run)]) == 2
    assert len([s for s in opened.image_sets if isinstance(s, Pullback)]) == 1
    assert opened.review is None
    assert opened.review_path is None
    assert opened.notices == ()
    assert opened.files >= 3


def test_ones_own_review_comes_with_its_images(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    path, review = written(tmp_path, small_case, "A")
    library.remember_review(path, review)
    opened = open_paths([small_case.folder], library, "A")
    assert opened.review == review
    assert opened.review_path == path
    assert opened.notices == ()


def test_another_readers_review_never_comes_by_itself(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    path, review = written(tmp_path, small_case, "B")
    library.remember_review(path, review)
    opened = open_paths([small_case.folder], library, "A")
    assert opened.review is None


def test_a_review_brings_the_images_the_library_knows(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    open_paths([small_case.folder], library, "A")
    path, review = written(tmp_path, small_case, "A")
    opened = open_paths([path], library, "A")
    assert opened.review == review
    assert opened.review_path == path
    assert {item.uid for item in opened.image_sets} == {i.uid for i in small_case.case.image_sets}
    assert opened.notices == ()


def test_another_readers_review_is_opened_as_a_copy(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    open_paths([small_case.folder], library, "A")
    path, theirs = written(tmp_path, small_case, "Reader B")
    before = path.read_bytes()
    opened = open_paths([path], library, "A")
    mine = opened.review
    assert mine is not None
    assert mine.reader == "A"
    assert mine.id != theirs.id
    assert mine.segments == theirs.segments
    assert opened.review_path == default_path(mine)
    assert opened.review_path != path
    (notice,) = opened.notices
    assert notice.text == "This is your copy of Reader B's review"
    assert path.name in notice.hint
    review_file.write(opened.review_path, mine)
    assert path.read_bytes() == before


def test_a_review_without_a_readers_name_is_copied_too(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    path, _ = written(tmp_path, small_case, "")
    opened = open_paths([path, small_case.folder], library, "A")
    assert opened.notices[0].text == "This is your copy of an unnamed reader's review"


def newer(path: Path) -> bytes:
    """Make a review look as if a newer version had written it; its bytes."""
    document = json.loads(path.read_text("utf-8"))
    document["version"] = REVIEW_VERSION + 1
    path.write_text(json.dumps(document), "utf-8")
    return path.read_bytes()


def test_a_review_of_a_newer_version_is_refused_untouched(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    path, _ = written(tmp_path, small_case, "A")
    before = newer(path)
    opened = open_paths([path, small_case.folder], library, "A")
    assert opened.review is None
    assert opened.review_path is None
    assert len(opened.image_sets) == 3  # the rest of the load goes on
    (notice,) = opened.notices
    assert notice.severity is Severity.ERROR
    assert "newer Caval" in notice.text
    assert "Update Caval" in notice.hint
    assert path.read_bytes() == before


def test_ones_own_newer_review_is_told_when_its_images_are_opened(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    path, review = written(tmp_path, small_case, "A")
    library.remember_review(path, review)
    before = newer(path)
    opened = open_paths([small_case.folder], library, "A")
    assert opened.review is None
    assert opened.review_path is None
    assert "newer Caval" in opened.notices[0].text
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not json", b"{}", b'{"format": "other"}'])
def test_a_damaged_review_is_one_message(content: bytes, library: Library, tmp_path: Path):
    path = tmp_path / "broken.caval.json"
    path.write_bytes(content)
    opened = open_paths([path], library, "A")
    assert opened.review is None
    (notice,) = opened.notices
    assert notice.severity is Severity.ERROR
    assert "broken.caval.json" in notice.text
    assert path.read_bytes() == content


def test_a_review_that_is_gone_is_one_message(library: Library, tmp_path: Path):
    opened = open_paths([tmp_path / "gone.caval.json"], library, "A")
    assert opened.review is None
    assert "gone.caval.json is not there any more" in opened.notices[0].text


def test_a_review_without_its_images_opens_and_names_them(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    path, review = written(tmp_path, small_case, "A")
    opened = open_paths([path], library, "A")
    assert opened.review == review
    assert opened.image_sets == ()
    (notice,) = opened.notices
    assert notice.severity is Severity.WARNING
    assert notice.about == "missing"
    assert notice.text.startswith("3 image series of this review were not found: ")
    assert "L iliac, AP" in notice.text
    assert "Add the folder" in notice.hint


def test_one_missing_series_is_told_in_the_singular(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    path, _ = written(tmp_path, small_case, "A")
    runs = sorted(small_case.folder.glob("run-*.dcm"))
    opened = open_paths([path, *runs], library, "A")
    assert len(opened.image_sets) == 2
    assert opened.notices[0].text == (
        "1 image series of this review was not found: L iliac pullback 1"
    )


def test_images_moved_elsewhere_are_not_pretended(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    copy = tmp_path / "images"
    shutil.copytree(small_case.folder, copy)
    open_paths([copy], library, "A")
    shutil.rmtree(copy)
    path, _ = written(tmp_path, small_case, "A")
    opened = open_paths([path], library, "A")
    assert opened.image_sets == ()
    assert "3 image series" in opened.notices[0].text


def test_of_several_reviews_the_first_that_can_be_read_is_opened(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    broken = tmp_path / "a.caval.json"
    broken.write_bytes(b"{")
    path, review = written(tmp_path, small_case, "A", "b")
    other, _ = written(tmp_path, small_case, "A", "c")
    opened = open_paths([broken, path, other, small_case.folder], library, "A")
    assert opened.review == review
    assert opened.review_path == path
    assert [notice.text.split(" ")[0] for notice in opened.notices] == [
        "a.caval.json", "b.caval.json"
    ]  # fmt: skip
    assert "one by one" in opened.notices[1].hint


def test_what_is_no_image_is_named_and_the_rest_opens(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    notes = tmp_path / "notes.txt"
    notes.write_text("not an image")
    opened = open_paths([notes, small_case.folder], library, "A")
    assert len(opened.image_sets) == 3
    assert notes in [item.path for item in opened.skipped]


def test_review_files_are_told_by_their_ending():
    assert is_review(Path("A.CAVAL.JSON"))
    assert not is_review(Path("a.json"))


# -- on the synthetic case --------------------------------------------------------------------
def test_the_example_review_is_its_truth_as_a_reader_marks_it(small_case: SmallCase):
    sets = small_case.case.image_sets
    truth = truth_beside(sets)
    assert truth == small_case.folder / "truth.json"
    review = example_review(new_review("A"), truth, sets)
    assert review_file.problems(review) == ()
    assert review.title == small_case.truth["title"]
    session = Session("A")
    session.open_case(small_case.case, review)
    position = session.position_map
    assert position is not None
    assert len(session.vessel.landmarks) >= 3
    run_truth = small_case.truth["runs"][0]
    assert session.run is not None
    assert session.run.paths[0].name == run_truth["file"]
    (segment, *_) = review.segments
    assert segment.name == "Stenosis 1"
    arcs = session.segments.arcs_of(segment)
    assert arcs is not None
    assert segment.vein.value == small_case.truth["segments"][0]["vein"]


def test_no_truth_no_example(small_case: SmallCase, tmp_path: Path):
    assert truth_beside(()) is None
    moved = tuple(
        replace(item, spans=tuple(replace(s, path=tmp_path / s.path.name) for s in item.spans))
        for item in small_case.case.image_sets
    )
    assert truth_beside(moved) is None
    blank = new_review("A")
    only_runs = tuple(item for item in small_case.case.image_sets if isinstance(item, Run))
    assert example_review(blank, small_case.folder / "truth.json", only_runs) is blank


def test_everything_drawn_on_the_synthetic_case_comes_back(
    small_case: SmallCase, library: Library, tmp_path: Path
):
    """The main job without a window: tie, mark, save, close, reopen."""
    truth_path = small_case.folder / "truth.json"
    session = Session("A")
    blank = new_review("A")
    session.open_case(
        small_case.case, example_review(blank, truth_path, small_case.case.image_sets)
    )
    draw_frames(session, 5, 12, "clot")
    draw_frames(session, 20, 30, "stent")
    session.set_rate(small_case.case.pullbacks[0].uid, 3.0)
    session.measures.toggle_bookmark(small_case.case.pullbacks[0].uid, 7)
    path = tmp_path / "kept.caval.json"
    review_file.write(path, session.review)
    opened = open_paths([path, small_case.folder], library, "A")
    assert opened.review == session.review
    again = Session("A")
    heard = Heard(again)
    again.open_case(Case().with_sets(*opened.image_sets), opened.review)
    assert heard.take()["case_changed"] == 1
    assert again.review == session.review
    before, after = session.position_map, again.position_map
    assert before is not None
    assert after is not None
    assert after.arc_px == pytest.approx(before.arc_px)


def test_the_marker_lies_where_the_truth_says(small_case: SmallCase):
    """Each frame's place on the venogram against the phantom's own, within 2.5 mm at the median."""
    session, sets = Session("A"), small_case.case.image_sets
    truth_path = small_case.folder / "truth.json"
    session.open_case(small_case.case, example_review(new_review("A"), truth_path, sets))
    position, run = session.position_map, session.run
    assert position is not None
    assert run is not None
    assert run.calibration.mm_per_px is not None
    true_px = np.asarray(small_case.truth["pullbacks"][0]["xy_px"][run.paths[0].name])
    error_mm = np.hypot(*(position.points_px - true_px).T) * run.calibration.mm_per_px
    solid = error_mm[position.solid]
    assert float(np.median(solid)) <= 2.5
    assert float(np.percentile(solid, 95)) <= 8.0
