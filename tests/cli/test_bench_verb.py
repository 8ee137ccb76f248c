from __future__ import annotations

import json
from typing import Any

import pytest

from viewer.benchmarks import run as benchmarks
from viewer.benchmarks.result import Result, Say, Scale
from viewer.cli import main
from viewer.cli.bench import NAMES

RESULTS = [
    Result("scrub.median", 8.0, "ms", "peer", 10.0, 12.0, note="200 steps"),
    Result("index.one_process", 1000.0, "files/s", target=1500.0, more_is_better=True),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the verb asks to be measured; the figures are made up."""
    said: list[Any] = []

    def measure(names: Any, scale: Scale, say: Say) -> list[Result]:
        said.extend([tuple(names), scale])
        say("measuring")
        return RESULTS

    monkeypatch.setattr(benchmarks, "measure", measure)
    return said


def test_names_are_the_measurements() -> None:
    assert set(NAMES) == set(benchmarks.MEASUREMENTS)


def test_json(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert err == "measuring\n"
    assert set(answer) == {"machine", "results"}
    assert {"cpu", "cores", "load", "python", "versions"} <= set(answer["machine"])
    scrub, index = answer["results"]
    assert (scrub["name"], scrub["value"], scrub["unit"]) == ("scrub.median", 8.0, "ms")
    assert (scrub["peer"], scrub["ratio"], scrub["reached"]) == ("peer", 0.8, True)
    assert (index["peer"], index["ratio"], index["reached"]) == (None, None, False)
    assert asked[0] == NAMES
    assert asked[1].files == 3000


def test_table(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "cores, load" in lines[0]
    scrub = next(line for line in lines if line.startswith("scrub.median"))
    assert scrub.split()[1:] == ["8", "ms", "≤", "12", "10", "0.80", "yes"]
    index = next(line for line in lines if line.startswith("index.one_process"))
    assert index.split()[1:] == ["1000", "files/s", "≥", "1500", "NO"]


def test_only(asked: list[Any]) -> None:
    assert main(["bench", "--only", "scrub", "--only", "index"]) == 0
    assert asked[0] == ("scrub", "index")


def test_unknown_name(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["bench", "--only", "nothing"])
    assert end.value.code == 2
    assert "nothing" in capsys.readouterr().err
    assert asked == []


def test_it_keeps_its_images_in_the_program_s_own_folder(
    asked: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    from viewer import paths

    assert main(["bench"]) == 0
    assert asked[1].folder == paths.data_dir() / "bench"
