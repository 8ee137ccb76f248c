"""The thrombosis case: its truth agrees with itself, and its images show what the truth says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from viewer.dicom.index import index
from viewer.model.case import Case
from viewer.phantom.cases import CASES, WrittenCase, write_case
from viewer.phantom.thrombus import ClotPart, Thrombus
from viewer.session.phases import guess_numbers, guess_phases


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> WrittenCase:
    return write_case("lysis", tmp_path_factory.mktemp("lysis"), seed=2)


@pytest.fixture(scope="module")
def truth(case: WrittenCase) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(case.truth.read_text("utf-8"))
    return read


def frames_of(path: Path) -> np.ndarray:
    data = pydicom.dcmread(path)
    parts = generate_frames(data.PixelData, number_of_frames=int(data.NumberOfFrames))
    return np.stack([imagecodecs.jpeg8_decode(part) for part in parts]).astype(np.float64)


def test_five_phases_or_more_in_order_each_with_its_files(
    case: WrittenCase, truth: dict[str, Any]
) -> None:
    labels = [f"{p['phase']} {p['number'] or ''}".strip() for p in truth["phases"]]
    assert len(labels) >= 5
    assert [text.replace("Stent", "Stent 1") for text in CASES["lysis"].phases] == labels
    assert [f for p in truth["phases"] for f in p["files"]] == [f.name for f in case.files]


def test_phases_and_their_numbers_are_guessed_from_the_headers(
    case: WrittenCase, truth: dict[str, Any]
) -> None:
    opened = Case().with_sets(*index(case.files).image_sets)
    guessed = guess_phases(opened)
    numbers = guess_numbers(opened, guessed)
    told = {
        item.paths[0].name: (guessed[item.uid].value, numbers[item.uid])
        for item in opened.image_sets
    }
    wanted = {f: (p["phase"], p["number"]) for p in truth["phases"] for f in p["files"]}
    assert told == wanted


def test_what_is_cleared_follows_from_the_volumes(truth: dict[str, Any]) -> None:
    first = truth["phases"][0]
    assert first["cleared_percent"] is None
    volumes = [phase["limb"]["volume_mm3"] for phase in truth["phases"]]
    assert volumes == sorted(volumes, reverse=True)
    for phase in truth["phases"][1:]:
        limb = phase["limb"]
        assert limb["volume_mm3"] == pytest.approx(
            sum(vein["volume_mm3"] for vein in phase["veins"]), abs=0.5
        )
        gone = 100 * (1 - limb["volume_mm3"] / volumes[0])
        assert phase["cleared_percent"]["volume"] == pytest.approx(gone, abs=0.02)
    assert truth["phases"][-1]["clots"]  # a rest is left, to be found


def test_frames_agree_with_the_volumes(truth: dict[str, Any]) -> None:
    for made in truth["pullbacks"]:
        phase = next(p for p in truth["phases"] if made["file"] in p["files"])
        s, area = np.array(made["s_mm"]), np.array(made["area_mm2"])
        flow, share = np.array(made["flow_area_mm2"]), np.array(made["clot_fraction"])
        assert flow == pytest.approx(area * (1 - share), abs=0.6)
        volume = np.trapezoid(area - flow, s)
        assert volume == pytest.approx(phase["limb"]["volume_mm3"], rel=0.08, abs=30)


def test_clot_is_brighter_than_flow_and_darker_on_the_venogram(
    case: WrittenCase, truth: dict[str, Any]
) -> None:
    made = truth["pullbacks"][0]
    frames = frames_of(case.truth.parent / made["file"])
    share, ages = np.array(made["clot_fraction"]), np.array(made["clot_age"])
    rings = {}
    for name, where in (("clot", share > 0.99), ("blood", share == 0)):
        grey = []
        for k in np.flatnonzero(where)[::6]:
            outline = np.array(made["contours_px"][k]).reshape(-1, 2)
            center = np.array(made["catheter_px"])
            ring = np.rint(center + 0.75 * (outline - center)).astype(int)
            grey.append(frames[k][ring[:, 1].clip(0, 255), ring[:, 0].clip(0, 255)].mean())
        rings[name] = float(np.mean(grey))
    assert rings["clot"] > rings["blood"] + 15
    assert set(ages[share > 0]) == {"acute", "subacute", "chronic"}


def test_the_stent_is_on_its_own_pullback_alone(truth: dict[str, Any]) -> None:
    shown = [made["stent_frames"] for made in truth["pullbacks"]]
    assert shown[:2] == [None, None]
    first, last = shown[2]
    areas = np.array(truth["pullbacks"][2]["area_mm2"])[first + 5 : last - 5]
    assert areas == pytest.approx(truth["stent"]["area_mm2"], rel=0.05)


def test_same_seed_same_bytes(case: WrittenCase, tmp_path: Path) -> None:
    again = write_case("lysis", tmp_path / "again", seed=2)
    for one, other in zip((*case.files, case.truth), (*again.files, again.truth), strict=True):
        sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, other)]
        assert sums[0] == sums[1], one.name


def test_the_most_filled_part_counts() -> None:
    both = Thrombus((ClotPart("acute", 0, 20, 0.5), ClotPart("chronic", 10, 30, 0.8)))
    assert both.fraction_at([5, 15, 25, 40]) == pytest.approx([0.5, 0.8, 0.8, 0.0])
    assert both.age_at([5, 15, 40]).tolist() == ["acute", "chronic", ""]
    left = both.contrast_left(np.array([-20.0, 15.0]), np.array([0.0, 0.0]))
    assert left[0] == 1.0
    assert left[1] < 0.3
