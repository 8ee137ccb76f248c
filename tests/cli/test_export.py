from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewer.cli import main
from viewer.dicom.index import index
from viewer.model.annotation import Bookmark
from viewer.model.review import ImageReference, Review
from viewer.phantom.cases import write_case
from viewer.session.example_review import example_review
from viewer.store import review_file
from viewer.store.library import Library

PROJECT = Path(__file__).resolve().parents[2]
TABLES = (
    "segments",
    "landmarks",
    "measurements",
    "positions",
    "key-frames",
    "contrast",
    "figures",
    "lumen",
    "contours",
    "vein-widths",
)
NAMES = [f"12345678-{table}.csv" for table in TABLES]

WITHOUT_QT = """
import sys
for blocked in ("PySide6", "shiboken6", "pyqtgraph", "qtawesome", "superqt"):
    sys.modules[blocked] = None
from viewer.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a synthetic case, and its review in a folder of its own."""
    folder = tmp_path_factory.mktemp("export")
    written = write_case("nivl-small", folder / "images")
    sets = index(written.files).image_sets
    known = tuple(
        ImageReference(s.uid, s.series_uid, s.study_uid, s.role.value, s.description, s.frames)
        for s in sets
    )
    blank = Review("12345678-0000-4000-8000-000000000000", "Dr. Other", images=known)
    review = example_review(blank, written.truth, sets)
    pullback = review.coregistrations[0].pullback_uid
    review = review.with_bookmark(Bookmark("k", pullback, 30))
    review_file.write(folder / "review.caval.json", review)
    return folder


Answer = tuple[int, str, str]


@pytest.fixture
def export(case: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def run(*words: str | Path, review: Path | None = None) -> Answer:
        path = review or case / "review.caval.json"
        code = main(["export", str(path), *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_answer_names_every_file(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    out_dir = tmp_path / "new" / "folder"
    before = {path: path.stat().st_mtime_ns for path in case.rglob("*")}
    code, out, err = export(
        "--to", out_dir, "--formats", "csv", "--images", case / "images", "--json"
    )
    assert (code, err, out.count("\n")) == (0, "", 1)
    wanted = [{"format": "csv", "path": str(out_dir / name)} for name in NAMES]
    assert json.loads(out) == {"written": wanted}
    assert sorted(path.name for path in out_dir.iterdir()) == sorted(NAMES)
    assert {path: path.stat().st_mtime_ns for path in case.rglob("*")} == before


def test_without_json_it_prints_the_paths(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    code, out, err = export("--formats", " CSV,csv", "--to", tmp_path, "--images", case / "images")
    assert (code, err) == (0, "")
    assert out.splitlines() == [str(tmp_path / name) for name in NAMES]


def test_the_library_knows_where_images_lie(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    library = Library()
    library.remember_images(index([case / "images"]).image_sets)
    library.close()
    code, _, err = export("--to", tmp_path, "--formats", "csv")
    assert (code, err) == (0, "")
    assert len((tmp_path / NAMES[3]).read_text("utf-8").splitlines()) == 61


def test_tables_need_no_qt(case: Path, tmp_path: Path) -> None:
    words = ["export", str(case / "review.caval.json"), "--to", str(tmp_path), "--images",
             str(case / "images"), "--formats"]  # fmt: skip

    def run(formats: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", WITHOUT_QT, *words, formats],
            cwd=PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = run("csv")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("csv,png")
    assert done.returncode == 4
    assert "Qt" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in NAMES]


def test_missing_images_are_named_and_the_rest_is_written(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    shutil.copy(case / "images" / "run-1-ap.dcm", some)
    code, out, err = export(
        "--to", tmp_path / "out", "--formats", "csv", "--json", "--images", some
    )
    assert code == 4
    assert len(json.loads(out)["written"]) == len(NAMES)
    assert "L iliac pullback 1" in err
    assert "L iliac, LAO 30" in err
    assert "L iliac, AP" not in err
    segments = (tmp_path / "out" / NAMES[0]).read_text("utf-8").splitlines()
    assert ",frames," in segments[1]


@pytest.mark.parametrize("word", ["sr", "gsps", "ko", "pdf", "html", "mp4", "csv,pdf"])
def test_formats_of_later_are_refused_whole(
    export: Callable[..., Answer], tmp_path: Path, word: str
) -> None:
    code, out, err = export("--to", tmp_path / "out", "--formats", word)
    assert (code, out) == (2, "")
    assert "not available yet" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("word", ["doc", "csv,xlsx", ",", ""])
def test_a_format_nobody_knows_is_a_usage_error(
    export: Callable[..., Answer], tmp_path: Path, word: str
) -> None:
    code, out, err = export("--to", tmp_path / "out", "--formats", word)
    assert (code, out) == (2, "")
    assert "--formats" in err
    assert not (tmp_path / "out").exists()


def test_a_newer_review_is_left_untouched(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.caval.json"
    document = json.loads((case / "review.caval.json").read_text("utf-8"))
    newer.write_text(json.dumps({**document, "version": 99}), encoding="utf-8")
    before = newer.read_bytes(), newer.stat().st_mtime_ns
    code, out, err = export("--to", tmp_path / "out", "--formats", "csv", review=newer)
    assert (code, out) == (3, "")
    assert "newer" in err
    assert (newer.read_bytes(), newer.stat().st_mtime_ns) == before
    assert not (tmp_path / "out").exists()


def test_what_is_no_review_is_named(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    for review in (case / "images" / "run-1-ap.dcm", tmp_path / "gone.caval.json"):
        code, out, err = export("--to", tmp_path, "--formats", "csv", review=review)
        assert (code, out, err.count("\n")) == (3, "", 1)
        assert err.startswith(f"caval: {review}: ")


def test_a_place_of_images_that_is_not_there_is_named(
    export: Callable[..., Answer], tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    code, out, err = export("--to", tmp_path, "--formats", "csv", "--images", gone)
    assert (code, out) == (3, "")
    assert err.startswith(f"caval: {gone}: ")


def test_a_file_in_place_of_the_folder_is_named(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "out"
    in_the_way.write_text("mine", encoding="utf-8")
    code, out, err = export("--to", in_the_way, "--formats", "csv", "--images", case / "images")
    assert (code, out) == (3, "")
    assert err.startswith(f"caval: {in_the_way}: ")
    assert in_the_way.read_text("utf-8") == "mine"


def test_the_place_of_a_starred_frame_is_its_true_one(
    export: Callable[..., Answer], case: Path, tmp_path: Path
) -> None:
    export("--to", tmp_path, "--formats", "csv", "--images", case / "images")
    header, row = (
        line.split(",") for line in (tmp_path / NAMES[4]).read_text("utf-8").splitlines()
    )
    read = dict(zip(header, row, strict=True))
    truth = json.loads((case / "images" / "truth.json").read_text("utf-8"))
    line = truth["runs"][0]["centerline"]
    there = truth["pullbacks"][0]["s_mm"][30], truth["anatomy"]["confluence_s_mm"]
    at, zero = np.interp(there, line["s_mm"], line["inplane_mm"])
    error_mm = abs(float(read["position_mm"]) - (at - zero))
    assert error_mm < 2 * float(read["position_sigma_mm"])
