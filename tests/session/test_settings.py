from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from viewer import paths
from viewer.errors import ViewerError
from viewer.session.settings import RECENT_LIMIT, Settings, load_settings, save_settings


def chosen() -> Settings:
    return (
        replace(
            Settings(),
            reader_name="Dr. Vena",
            reader_initials="DV",
            cache_budget_bytes=512 * 1024**2,
            window_geometry="AdnQywAD",
            window_state="AAAA/w==",
            single_letter_shortcuts=False,
            layers="no text",
            reduced_motion=True,
        )
        .with_splitter("main", "AAAA")
        .with_shortcut("add_stenosis", "Ctrl+1")
        .with_recent(Path("/images/case 1"))
    )


def test_first_start_has_the_usual_ones_and_says_nothing() -> None:
    told: list[str] = []
    assert load_settings(tell=told.append) == Settings()
    assert told == []
    assert Settings().reader_name == "Reader A"


def test_choices_come_back() -> None:
    save_settings(chosen())
    assert load_settings() == chosen()
    assert [p.name for p in paths.settings_file().parent.iterdir()] == ["settings.json"]


def test_every_field_of_the_example_is_chosen() -> None:
    usual = Settings()
    same = [f for f in Settings.__dataclass_fields__ if getattr(chosen(), f) == getattr(usual, f)]
    assert same == ["other"]


def test_fields_of_another_version_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"reader_name": "Dr. Vena", "hologram": {"depth": 3}}')
    save_settings(replace(load_settings(file), reader_initials="X"), file)
    written = json.loads(file.read_text())
    assert written["hologram"] == {"depth": 3}
    assert (written["reader_name"], written["reader_initials"]) == ("Dr. Vena", "X")


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\x00" * 50, "[" * 100_000])
def test_a_damaged_file_costs_the_choices_not_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    told: list[str] = []
    assert load_settings(file, told.append) == Settings()
    assert "damaged" in told[0]
    (kept,) = tmp_path.iterdir()
    assert kept.name in told[0]
    assert kept.read_text() == text
    assert load_settings(file, told.append) == Settings()
    assert len(told) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reader_name", 5),
        ("reader_name", "  "),
        ("cache_budget_bytes", -1),
        ("cache_budget_bytes", "much"),
        ("cache_budget_bytes", True),
        ("layers", "some"),
        ("reduced_motion", 1),
        ("recent_paths", "a"),
        ("recent_paths", [1]),
        ("shortcuts", {"a": 1}),
        ("splitters", []),
    ],
)
def test_one_unusable_field_leaves_the_others(tmp_path: Path, name: str, value: Any) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"reader_initials": "DV", name: value}))
    told: list[str] = []
    assert load_settings(file, told.append) == replace(Settings(), reader_initials="DV")
    assert name.replace("_", " ") in told[0]


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    assert load_settings(tmp_path, told.append) == Settings()
    assert "can't be opened" in told[0]


def test_a_failed_save_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ViewerError, match=r"settings\.json could not be saved"):
        save_settings(Settings(), tmp_path / "file" / "settings.json")


def test_recent_paths_are_newest_first_once_and_few() -> None:
    settings = Settings()
    for number in range(RECENT_LIMIT + 5):
        settings = settings.with_recent(Path(f"/case/{number}"))
    settings = settings.with_recent(Path("/case/20"))
    assert settings.recent_paths[:2] == ("/case/20", f"/case/{RECENT_LIMIT + 4}")
    assert len(settings.recent_paths) == len(set(settings.recent_paths)) == RECENT_LIMIT


def test_a_shortcut_can_be_given_taken_and_put_back() -> None:
    settings = Settings().with_shortcut("undo", "Ctrl+U").with_shortcut("redo", "")
    assert settings.shortcuts == {"undo": "Ctrl+U", "redo": ""}
    assert settings.with_shortcut("undo", None).shortcuts == {"redo": ""}
    assert settings.with_shortcut("undo", "Z").shortcuts["undo"] == "Z"
