from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from viewer import paths
from viewer.errors import NewerVersionError, UnreadableError
from viewer.measure.references import FILE_NAME, reference_values, site_file
from viewer.model.anatomy import Side, VeinSegment


def site(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_entry_of_the_program_has_a_source_and_says_whether_it_was_read() -> None:
    document = tomllib.loads((paths.RESOURCES / FILE_NAME).read_text("utf-8"))
    assert document.pop("version") == 1
    for group, items in document.items():
        for name, entry in items.items():
            assert set(entry) == {"value", "unit", "source", "check"}, f"{group}.{name}"


def test_the_norms_are_those_of_the_domain() -> None:
    values = reference_values()
    norms = {e.key.split(".")[1]: e.value for e in values.group("normal_area")}
    assert norms == {"CFV": 125.0, "EIV": 150.0, "CIV": 200.0}
    assert sum(e.value for e in values.group("marder")) == 40.0
    assert values["cut_off.area"].check
    assert "(check)" in values["cut_off.area"].note


def test_a_side_comes_before_both() -> None:
    values = reference_values()
    left = values.for_vein("healthy_area", VeinSegment.CIV, Side.LEFT)
    right = values.for_vein("healthy_area", VeinSegment.CIV, Side.RIGHT)
    assert left is not None
    assert right is not None
    assert (left.value, right.value) == (194.0, 167.0)
    assert values.for_vein("healthy_area", VeinSegment.CIV, Side.NONE) is None
    assert values.for_vein("normal_area", VeinSegment.UNSET, Side.LEFT) is None


def test_a_site_changes_and_adds_values(tmp_path: Path) -> None:
    path = site(
        tmp_path,
        'version = 1\n[normal_area.CIV]\nvalue = 180\nunit = "mm²"\nsource = "our lab"\n'
        '[normal_area."left IVC"]\nvalue = 300\nunit = "mm²"\nsource = "our lab"\n',
    )
    values = reference_values(path)
    assert values["normal_area.CIV"].value == 180.0
    assert values["normal_area.CIV"].site
    assert values["normal_area.CIV"].note == "our lab (site)"
    assert values["normal_area.EIV"].value == 150.0
    assert reference_values()["normal_area.CIV"].value == 200.0


def test_the_site_file_in_the_data_folder_is_read_when_it_appears() -> None:
    assert reference_values()["svs.throughout"].value == 0.95
    site_file().parent.mkdir(parents=True, exist_ok=True)
    site_file().write_text(
        "version = 1\n[svs.throughout]\nvalue = 0.9\n"
        'unit = "of the vein\'s length"\nsource = "us"\n',
        encoding="utf-8",
    )
    assert reference_values()["svs.throughout"].value == 0.9


HEAD = "version = 1\n"
ENTRY = '[cut_off.area]\nvalue = {}\nunit = "% area"\nsource = "us"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "version = 1"),
        ("version = true\n", "version = 1"),
        (HEAD + "[cut_off.area\n", "not valid TOML"),
        (HEAD + "cut_off = 3\n", "outside a"),
        (HEAD + ENTRY.format('"much"'), "must be a number"),
        (HEAD + ENTRY.format("true"), "must be a number"),
        (HEAD + ENTRY.format("nan"), "between 0"),
        (HEAD + ENTRY.format("-1"), "between 0"),
        (HEAD + ENTRY.format("[1, 2]"), "one number"),
        (HEAD + ENTRY.format("[]"), "must be a number"),
        (HEAD + '[cut_off.aera]\nvalue = 3\nunit = "%"\nsource = "us"\n', "cut_off.area meant"),
        (HEAD + '[cut_off.area]\nvalue = 3\nunit = "% area"\n', "source is missing"),
        (HEAD + '[cut_off.area]\nvalue = 3\nunit = "mm"\nsource = "us"\n', "unit must be"),
        (HEAD + ENTRY.format("3") + "chek = true\n", "chek is not one of"),
        (HEAD + ENTRY.format("3") + 'check = "no"\n', "true or false"),
        (HEAD + '[normal_area.XYZ]\nvalue = 3\nunit = "mm²"\nsource = "us"\n', "name a vein"),
        (
            HEAD + '[svs.throughout]\nvalue = 2\nunit = "of the vein\'s length"\nsource = "us"\n',
            "share",
        ),
        (
            HEAD
            + '[lysis_grade.cut_points]\nvalue = [90, 50]\nunit = "% cleared"\nsource = "us"\n',
            "must rise",
        ),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    path = site(tmp_path, text)
    with pytest.raises(UnreadableError) as refused:
        reference_values(path)
    assert words in refused.value.what
    assert str(path) in refused.value.what
    assert refused.value.hint


def test_a_file_of_a_newer_program_a_missing_one_and_bytes_are_told(tmp_path: Path) -> None:
    with pytest.raises(NewerVersionError):
        reference_values(site(tmp_path, "version = 9\n"))
    with pytest.raises(UnreadableError, match="no such file"):
        reference_values(tmp_path / "gone.toml")
    (tmp_path / "raw.toml").write_bytes(b"version = 1\n\xff\xfe")
    with pytest.raises(UnreadableError, match="not text"):
        reference_values(tmp_path / "raw.toml")
