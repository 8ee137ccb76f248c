"""README keeps its word: verbs, keys, packages and links it names exist, and none is left out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from viewer.cli import VERBS
from viewer.session.actions import ACTIONS

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under one heading."""
    return README.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_verb_has_its_row() -> None:
    assert set(re.findall(r"`caval ([a-z]+)", section("The command line"))) == set(VERBS)


def test_every_key_is_a_shortcut_of_the_window() -> None:
    rows = [line for line in section("Keys").splitlines() if line.startswith("|")]
    named = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
    bound = {key for action in ACTIONS for key in action.shortcuts}
    assert len(named) > 20
    assert named <= bound


def test_every_dependency_has_its_reason() -> None:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    decisions = section("Decisions")
    missing = [name for name in wanted if re.split(r"[<>=]", name)[0] not in decisions]
    assert missing == []


def test_every_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert [target for target in targets if not (PROJECT / target).exists()] == []
