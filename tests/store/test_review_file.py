from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer import paths
from viewer.errors import NewerVersionError, UnreadableError, ViewerError
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import (
    AgeBasis,
    Bookmark,
    Caliper,
    CenterlineExtent,
    Clot,
    ClotAge,
    Confidence,
    Ellipse,
    FrameExtent,
    Occlusion,
    ReferenceFrame,
    Stenosis,
    StenosisCause,
    Stent,
)
from viewer.model.case import Phase
from viewer.model.coregistration import Coregistration, Landmark, SyncMode
from viewer.model.reader_calibration import CalibrationMethod, Filling, ReaderCalibration
from viewer.model.review import ImageReference, PhaseOf, RateOverride, Review
from viewer.model.subtraction import Remask, RunSubtraction, ShiftMode
from viewer.model.vessel import Centerline
from viewer.store import atomic, review_file, schema

NAME = "case.caval.json"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
places = st.floats(-1e6, 1e6)
points = st.tuples(places, places)
frames = st.integers(0, 10**6)


def lists_of(strategy: st.SearchStrategy[Any], key: str = "id") -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=4, unique_by=lambda item: getattr(item, key)).map(tuple)


extents = st.one_of(
    st.builds(lambda uid, a, b: FrameExtent(uid, min(a, b), max(a, b)), texts, frames, frames),
    st.builds(CenterlineExtent, texts, texts, points, points, on=st.just("run")),
)
common = {
    "id": texts,
    "name": texts,
    "extent": extents,
    "vein": st.sampled_from(VeinSegment),
    "side": st.sampled_from(Side),
    "confidence": st.sampled_from(Confidence),
    "note": texts,
    "hidden": st.booleans(),
}
maybe = st.none() | numbers
references = st.lists(st.builds(ReferenceFrame, texts, frames), max_size=3).map(tuple)
segments = st.one_of(
    st.builds(
        Stenosis,
        **common,
        cause=st.sampled_from(StenosisCause),
        kind=st.just("stenosis"),
        references=references,
    ),
    st.builds(
        Clot,
        **common,
        kind=st.just("clot"),
        age=st.sampled_from(ClotAge),
        age_scheme=texts,
        age_basis=st.sampled_from(AgeBasis),
        occlusion=st.sampled_from(Occlusion),
        occluded=st.lists(st.floats(0, 1), max_size=4).map(tuple),
    ),
    st.builds(
        Stent,
        **common,
        kind=st.just("stent"),
        product=texts,
        nominal_diameter_mm=maybe,
        nominal_length_mm=maybe,
        references=references,
    ),
)
measurements = st.one_of(
    st.builds(Caliper, texts, texts, frames, points, points, kind=st.just("caliper")),
    st.builds(
        Ellipse,
        texts,
        texts,
        frames,
        points,
        st.tuples(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6)),
        numbers,
        kind=st.just("ellipse"),
    ),
)
calibrations = st.builds(
    ReaderCalibration,
    image_uid=texts,
    method=st.sampled_from(CalibrationMethod),
    points_px=st.lists(points, max_size=3).map(tuple),
    frame=frames,
    entered=st.floats(1e-3, 1e3),
    mm_per_px=st.floats(1e-4, 100.0),
    uncertainty=st.floats(0, 1),
    filling=st.sampled_from(Filling),
    residual_px=st.none() | st.floats(0, 10),
    made_at=texts,
    validity=texts,
)
some_frames = st.lists(frames, min_size=1, max_size=4).map(tuple)
shares = st.floats(0, 1)
subtractions = st.builds(
    RunSubtraction,
    image_uid=texts,
    shown=st.booleans(),
    mask_frames=st.none() | some_frames,
    find=st.booleans(),
    remasks=st.lists(st.builds(Remask, frames, some_frames), max_size=3).map(tuple),
    shift_mode=st.sampled_from(ShiftMode),
    shift_px=st.tuples(st.floats(-64, 64), st.floats(-64, 64)),
    landmarking=shares,
    edges=shares,
    window=st.none() | st.tuples(numbers, st.floats(1e-3, 1e6)),
    inverted=st.booleans(),
)
centerlines = st.builds(
    Centerline, texts, texts, st.lists(points, max_size=5).map(tuple), frames, texts
)


@st.composite
def reviews(draw: st.DrawFn) -> Review:
    lines: tuple[Centerline, ...] = draw(lists_of(centerlines))
    ties = ()
    if lines:
        ids = draw(st.lists(texts, max_size=3, unique=True))
        ties = tuple(
            Coregistration(
                id=one,
                run_uid=line.run_uid,
                pullback_uid=draw(texts),
                centerline_id=line.id,
                landmarks=draw(lists_of(st.builds(Landmark, texts, texts, frames, points))),
                mode=draw(st.sampled_from(SyncMode)),
                rate_mm_s=draw(st.none() | st.floats(1e-6, 100.0)),
                central_first=draw(st.none() | st.booleans()),
            )
            for one, line in ((one, draw(st.sampled_from(lines))) for one in ids)
        )
    return Review(
        id=draw(texts),
        reader=draw(texts),
        title=draw(texts),
        program=draw(texts),
        created_at=draw(texts),
        modified_at=draw(texts),
        images=draw(
            lists_of(
                st.builds(ImageReference, texts, texts, texts, texts, texts, frames), key="uid"
            )
        ),
        phases=draw(
            lists_of(
                st.builds(PhaseOf, texts, st.sampled_from(Phase), st.integers()), key="image_uid"
            )
        ),
        rates=draw(
            lists_of(st.builds(RateOverride, texts, st.floats(0.01, 1000.0)), key="image_uid")
        ),
        calibrations=draw(lists_of(calibrations, key="image_uid")),
        centerlines=lines,
        coregistrations=ties,
        segments=draw(lists_of(segments)),
        measurements=draw(lists_of(measurements)),
        bookmarks=draw(lists_of(st.builds(Bookmark, texts, texts, frames, texts))),
        subtractions=draw(lists_of(subtractions, key="image_uid")),
    )


def small_review() -> Review:
    line = Centerline("line", "run", ((1.0, 2.0), (3.5, 4.25)), 7, "left")
    return Review(
        id="7c9e6679-7425-40de-944b-e07fc1f90ae7",
        reader="Reader A",
        title="Left iliac",
        images=(ImageReference("run", "s", "st", "venogram", "AP", 120),),
        centerlines=(line,),
        coregistrations=(
            Coregistration(
                "tie", "run", "pull", "line", (Landmark("m", "confluence", 40, (1.0, 2.0)),)
            ),
        ),
        segments=(
            Stenosis(id="a", name="Stenosis 1", extent=FrameExtent("pull", 10, 40)),
            Clot(
                id="b",
                name="Clot 1",
                extent=CenterlineExtent("run", "line", (1.0, 2.0), (3.0, 4.0)),
                age=ClotAge.ACUTE,
            ),
        ),
        measurements=(Caliper("c", "run", 3, (0.0, 0.0), (3.0, 4.0)),),
        bookmarks=(Bookmark("k", "run", 5, "peak"),),
    )


def edited(**changes: Any) -> bytes:
    """The small review's file with top fields changed."""
    document = json.loads(review_file.dump(small_review()))
    return json.dumps({**document, **changes}).encode()


def complaint(data: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        review_file.load(data, NAME)
    assert NAME in caught.value.what
    assert caught.value.hint
    return caught.value.what


@settings(max_examples=150, deadline=None)
@given(reviews())
def test_what_is_written_is_what_is_read(review: Review) -> None:
    again = review_file.load(review_file.dump(review), NAME)
    assert again == review
    assert [type(s) for s in again.segments] == [type(s) for s in review.segments]


def test_a_person_can_read_the_file() -> None:
    lines = review_file.dump(small_review()).decode().splitlines()
    assert lines[1:3] == [' "format": "caval-review",', ' "version": 1,']
    assert any('"kind": "clot"' in line and '"on": "run"' in line for line in lines)


def test_every_field_of_the_model_is_in_the_file() -> None:
    document = json.loads(review_file.dump(small_review()))
    assert set(document) == {"format", *Review.__dataclass_fields__}
    assert set(document["segments"][1]) == set(Clot.__dataclass_fields__)


def test_numbers_out_of_an_array_are_written_as_numbers() -> None:
    x, y = np.array([1.5, 2.5])
    frame: Any = np.int64(4)
    review = replace(small_review(), measurements=(Caliper("c", "run", frame, (x, y), (0.0, 0.0)),))
    again = review_file.load(review_file.dump(review), NAME)
    assert again.measurements[0] == Caliper("c", "run", 4, (1.5, 2.5), (0.0, 0.0))


def test_half_a_character_costs_the_character_not_the_review() -> None:
    review = replace(small_review(), title="a\ud800b \U0001f600")
    assert review_file.load(review_file.dump(review), NAME).title == "a�b \U0001f600"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_not_saved(bad: float) -> None:
    review = replace(small_review(), measurements=(Caliper("c", "r", 0, (bad, 0.0), (0.0, 0.0)),))
    with pytest.raises(ViewerError, match="measurement 1"):
        review_file.dump(review)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_not_read(number: str) -> None:
    text = review_file.dump(small_review()).decode().replace("4.25", number)
    assert complaint(text.encode())


def test_a_newer_version_is_refused_and_says_so() -> None:
    with pytest.raises(NewerVersionError) as caught:
        review_file.load(edited(version=3, segments="in another form"), NAME)
    assert caught.value.what == (
        f"{NAME} was written by a newer Caval (version 3; this one reads up to 1)"
    )
    assert "Update Caval" in caught.value.hint
    assert "not changed" in caught.value.hint


@pytest.mark.parametrize("version", [None, "1", 0, -1, True, 1.0])
def test_a_version_that_is_none_is_refused(version: object) -> None:
    assert "version" in complaint(edited(version=version))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"3", b"{}", b'{"format": "other"}', b"\xff\xfe\x00", b"DICM\x00" * 9],
)
def test_other_files_are_refused(data: bytes) -> None:
    complaint(data)


def test_a_cut_file_is_refused_with_the_place() -> None:
    whole = review_file.dump(small_review())
    for length in range(0, len(whole) - 3, 37):
        complaint(whole[:length])
    assert "ends early" in complaint(whole[: len(whole) // 2].rsplit(b",", 1)[0])


def test_deep_nesting_is_refused() -> None:
    complaint(b'{"format":' + b"[" * 200_000)


def with_item(collection: str, number: int, **changes: Any) -> bytes:
    document = json.loads(review_file.dump(small_review()))
    document[collection][number].update(changes)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (edited(segments=None), ["segments"]),
        (edited(reader=5), ["reader", "5"]),
        (edited(colour="red"), ["colour", "not a field this version knows"]),
        (with_item("segments", 1, vein="XYZ"), ["segment 2 (Clot 1), vein", "XYZ"]),
        (with_item("segments", 1, cause="other"), ["segment 2 (Clot 1), cause", "not a field"]),
        (with_item("segments", 0, kind="web"), ["segment 1 (Stenosis 1)", "kind", "web"]),
        (
            with_item("segments", 0, kind=None),
            ["segment 1 (Stenosis 1)", "clot, stenosis or stent"],
        ),
        (with_item("segments", 0, hidden="no"), ["segment 1 (Stenosis 1), hidden"]),
        (
            with_item("segments", 0, extent={"on": "pullback", "pullback_uid": "p", "first": 1}),
            ["segment 1 (Stenosis 1), extent, last is missing"],
        ),
        (
            with_item(
                "segments",
                0,
                extent={"on": "pullback", "pullback_uid": "p", "first": 9, "last": 1},
            ),
            ["segment 1 (Stenosis 1), extent", "9..1"],
        ),
        (with_item("segments", 0, extent={"on": "moon"}), ["extent", "moon"]),
        (with_item("centerlines", 0, knots_px=[[1, 2], [3, "x"]]), ["centerline 1", "knot 2"]),
        (with_item("centerlines", 0, knots_px=[[1, 2, 3]]), ["centerline 1", "knot 1"]),
        (with_item("measurements", 0, frame=1.5), ["measurement 1, frame", "1.5"]),
        (with_item("measurements", 0, frame=-1), ["measurement 1", "-1"]),
        (with_item("coregistrations", 0, centerline_id="gone"), ["coregistration 1", "gone"]),
        (with_item("coregistrations", 0, run_uid="other"), ["coregistration 1", "another run"]),
        (with_item("coregistrations", 0, rate_mm_s=-1), ["coregistration 1", "-1 mm/s"]),
        (with_item("segments", 0, kind=["clot"]), ["segment 1 (Stenosis 1)", "a list"]),
        (with_item("centerlines", 0, knots_px=[[1, 2], [3, -1e7]]), ["centerline 1", "px off"]),
        (with_item("measurements", 0, start_px=[1e300, 0]), ["measurement 1", "px off"]),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: bytes, words: list[str]) -> None:
    said = complaint(data)
    for word in words:
        assert word in said
    assert "Stenosis, extent" not in said


@pytest.mark.parametrize(
    "collection", ["images", "centerlines", "coregistrations", "segments", "measurements"]
)
def test_ids_that_repeat_are_refused(collection: str) -> None:
    document = json.loads(review_file.dump(small_review()))
    document[collection].append(document[collection][0])
    assert "id of an earlier one" in complaint(json.dumps(document).encode())


def test_a_field_that_stands_twice_is_refused() -> None:
    text = review_file.dump(small_review()).decode()
    assert "twice" in complaint(text.replace('"reader":', '"title": "x",\n "reader":').encode())


def test_a_segment_outlives_its_centerline() -> None:
    review = small_review().without_centerline("line")
    assert review_file.load(review_file.dump(review), NAME) == review


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_never_more(data: st.DataObject) -> None:
    whole = bytearray(review_file.dump(small_review()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        review = review_file.load(bytes(whole), NAME)
    except (UnreadableError, NewerVersionError):
        return
    assert review_file.problems(review) == ()


# -- on disk ------------------------------------------------------------------------------------
def test_the_programs_own_folder_is_made() -> None:
    path = paths.reviews_dir() / NAME
    review_file.write(path, small_review())
    assert review_file.read(path) == small_review()
    assert [p.name for p in path.parent.iterdir()] == [NAME]


def test_a_folder_that_is_gone_is_told_not_made(tmp_path: Path) -> None:
    with pytest.raises(ViewerError, match="the folder is not there"):
        review_file.write(tmp_path / "unplugged" / NAME, small_review())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / NAME
    review_file.write(path, small_review())

    def full(_handle: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ViewerError, match="the disk is full") as caught:
        review_file.write(path, replace(small_review(), title="new"))
    monkeypatch.undo()
    assert "untouched" in caught.value.hint
    assert review_file.read(path) == small_review()
    assert [p.name for p in tmp_path.iterdir()] == [NAME]


LIMITED = """
import resource, sys
from pathlib import Path
from viewer.errors import ViewerError
from viewer.store import review_file
path = Path(sys.argv[1])
review = review_file.read(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    review_file.write(path, review)
except ViewerError as error:
    print(error.what)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits there")
def test_a_write_the_system_cuts_short_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / NAME
    review_file.write(path, small_review())
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    assert "could not be saved" in done.stdout
    assert review_file.read(path) == small_review()
    assert [p.name for p in tmp_path.iterdir()] == [NAME]


def test_a_review_that_could_not_be_opened_again_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / NAME
    review_file.write(path, small_review())
    twice = replace(small_review(), segments=small_review().segments[:1] * 2)
    with pytest.raises(ViewerError, match="could not be opened again"):
        review_file.write(path, twice)
    assert review_file.read(path) == small_review()


def test_a_write_protected_file_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / NAME
    review_file.write(path, small_review())
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(ViewerError, match="not permitted"):
        review_file.write(path, replace(small_review(), title="new"))
    assert review_file.read(path) == small_review()


def test_a_link_is_followed(tmp_path: Path) -> None:
    real = tmp_path / "real.caval.json"
    review_file.write(real, small_review())
    link = tmp_path / NAME
    link.symlink_to(real)
    review_file.write(link, replace(small_review(), title="new"))
    assert link.is_symlink()
    assert review_file.read(real).title == "new"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="not there any more"):
        review_file.read(tmp_path / NAME)
    with pytest.raises(UnreadableError, match="can't be opened"):
        review_file.read(tmp_path)


def test_no_reader_overwrites_another_unasked(tmp_path: Path) -> None:
    path = tmp_path / NAME
    mine = small_review()
    assert review_file.would_replace(path, mine) == ""
    review_file.write(path, mine)
    assert review_file.would_replace(path, replace(mine, title="later")) == ""
    assert "by Reader A" in review_file.would_replace(path, replace(mine, reader="Reader B"))
    assert "Left iliac" in review_file.would_replace(path, replace(mine, id="other"))
    path.write_text("my letters")
    assert "something else" in review_file.would_replace(path, mine)


@pytest.mark.parametrize(
    "typed", ["a b", "a b.json", "a b.caval.json", "a b.CAVAL.JSON", "a b.caval"]
)
def test_names_end_as_a_review_does(typed: str) -> None:
    assert review_file.with_suffix(Path(typed)).name == "a b.caval.json"


def test_set_aside_keeps_the_endings_and_never_overwrites(tmp_path: Path) -> None:
    kept = []
    for text in "abc":
        path = tmp_path / NAME
        path.write_text(text)
        kept.append(atomic.set_aside(path, "other"))
    assert [p.read_text() for p in kept] == ["a", "b", "c"]
    assert all(p.name.startswith("case.other-") and p.name.endswith(".caval.json") for p in kept)


def test_only_old_leftovers_of_cut_writes_are_removed(tmp_path: Path) -> None:
    def leave_part(name: str, age_s: float) -> Path:
        path = tmp_path / name
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age_s,) * 2)
        return path

    old = leave_part(f".{NAME}.77-0a1b2c3d.part", 7200.0)
    new = leave_part(f".{NAME}.78-0a1b2c3d.part", 60.0)
    other = leave_part(".other.caval.json.77-0a1b2c3d.part", 7200.0)
    letters = leave_part("letters.part", 7200.0)
    atomic.remove_leftovers(tmp_path, NAME)
    assert [p.exists() for p in (old, new, other, letters)] == [False, True, True, True]
    atomic.remove_leftovers(tmp_path)
    assert [p.exists() for p in (other, new, letters)] == [False, True, True]
    atomic.remove_leftovers(tmp_path / "nowhere")


# -- schema -------------------------------------------------------------------------------------
def test_the_schema_in_the_resources_is_current() -> None:
    assert schema.SCHEMA_FILE.read_text(encoding="utf-8") == schema.schema_text(), (
        "run: python -m viewer.store.schema"
    )


def test_the_schema_tells_kinds_apart_and_forbids_the_unknown() -> None:
    whole = schema.json_schema()
    assert whole["required"][:2] == ["format", "version"]
    assert whole["additionalProperties"] is False
    assert whole["properties"]["version"]["const"] == 1
    for name, (field, value) in schema.TAGS.items():
        part = whole["$defs"][name]
        assert part["properties"][field]["const"] == value
        assert field in part["required"]
        assert part["additionalProperties"] is False


def test_unions_of_the_model_are_all_told_apart() -> None:
    named = {cls.__name__ for cls in (Stenosis, Clot, Stent, Caliper, Ellipse)}
    assert set(schema.TAGS) == named | {"FrameExtent", "CenterlineExtent"}
    for cls in (Stenosis, Clot, Stent, Caliper, Ellipse, FrameExtent, CenterlineExtent):
        field, value = schema.TAGS[cls.__name__]
        assert cls.__dataclass_fields__[field].default == value


# -- cost at start ------------------------------------------------------------------------------
def test_saving_alone_costs_no_pydantic_at_start() -> None:
    code = "import sys, viewer.store.library; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_file_from_before_subtractions_were_kept_is_read() -> None:
    document = json.loads(review_file.dump(small_review()))
    assert document["version"] == 1
    del document["subtractions"]
    assert review_file.load(json.dumps(document).encode(), NAME) == small_review()


def test_subtraction_settings_that_can_not_be_are_named() -> None:
    review = small_review().with_subtraction(RunSubtraction("1.2", remasks=(Remask(4, (4,)),)))
    document = json.loads(review_file.dump(review))
    document["subtractions"][0]["landmarking"] = 2.0
    with pytest.raises(UnreadableError, match="subtraction 1: landmarking and edges are shares"):
        review_file.load(json.dumps(document).encode(), NAME)
