"""Peak opacification and time to peak in the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from window_samples import LEFT, SHIFT, Desk

from viewer.session.contrast_views import Peak
from viewer.session.state import Layers

Key = Qt.Key


@pytest.fixture
def peak_desk(bare_desk: Desk) -> Desk:
    """The window on the bare case with the run in focus and its frames shown."""
    run, contrast = bare_desk.session.run, bare_desk.window.contrast
    contrast.show_peak(run, Peak.OFF, lambda: None)
    contrast.subtractions.drop(run.uid)
    contrast.changed.emit(run.uid)
    bare_desk.session.set_run_frame(4)
    bare_desk.focus(bare_desk.venogram)
    bare_desk.settle()
    return bare_desk


def picture(desk: Desk) -> NDArray[np.float64]:
    """The venogram as painted without anything over it, (rows, columns, 3) of the screen."""
    session = desk.session
    while session.layers is not Layers.IMAGES_ONLY:
        session.cycle_layers()
    desk.settle()
    seen = desk.picture(desk.venogram.view).astype(np.float64)
    session.cycle_layers()
    desk.pump()
    return seen


def at(desk: Desk, seen: NDArray[np.float64], points: list[Any]) -> NDArray[np.float64]:
    places = desk.venogram.view.to_screen(np.asarray(points, np.float64))
    where = np.rint(places).astype(int)
    return seen[where[:, 1], where[:, 0]]


def words(desk: Desk) -> str:
    lines = desk.venogram._window_lines(desk.venogram.view)
    return "\n".join("".join(text for text, _, _ in line) for line in lines)


def inner_knots(sample) -> list[Any]:
    """Places along the vein that lie well inside the image."""
    return [p for p in sample.knots(24) if 12 < p[0] < 240 and 12 < p[1] < 200]


def test_p_shows_a_peak_darker_than_any_frame_along_the_vein(peak_desk: Desk, sample) -> None:
    desk, knots = peak_desk, inner_knots(sample)
    plain, single = picture(desk), []
    for frame in range(desk.session.run.frames):
        desk.session.set_run_frame(frame)
        desk.settle()
        single.append(at(desk, picture(desk), knots)[:, 0].mean())
    desk.session.set_run_frame(4)
    desk.settle()
    desk.key(Key.Key_P)
    desk.settle()
    peak = at(desk, picture(desk), knots)[:, 0].mean()
    assert peak < min(single)
    assert words(desk).startswith("Peak opacification · frames 1–12")
    assert desk.window.actions_by_id["contrast.peak"].isChecked()
    desk.key(Key.Key_P)
    desk.settle()
    assert np.array_equal(picture(desk), plain)
    assert "Peak" not in words(desk)


def test_scrubbing_and_playing_return_to_frames(peak_desk: Desk) -> None:
    desk, contrast, run = peak_desk, peak_desk.window.contrast, peak_desk.session.run
    plain = picture(desk)
    desk.key(Key.Key_P)
    desk.settle()
    assert contrast.peak(run) is Peak.DARKEST
    desk.key(Key.Key_Right)
    desk.settle()
    assert contrast.peak(run) is Peak.OFF
    desk.key(Key.Key_Left)
    desk.settle()
    assert np.array_equal(picture(desk), plain)
    desk.key(Key.Key_P)
    desk.settle()
    scrubber = desk.venogram.cine.scrubber
    QTest.mouseClick(scrubber, LEFT, pos=scrubber.rect().center())
    desk.settle()
    assert contrast.peak(run) is Peak.OFF
    assert not desk.window.actions_by_id["contrast.peak"].isChecked()


def test_progress_is_told_while_a_peak_is_made(new_desk: Callable[..., Desk], sample) -> None:
    desk = new_desk(*sample.files)
    desk.focus(desk.venogram)
    seen: list[str] = []
    note = desk.window.contrast.note
    desk.window.contrast.changed.connect(lambda _uid: seen.append(note(desk.session.run)))
    desk.key(Key.Key_P)
    desk.settle()
    shares = [int(text.split()[1]) for text in seen if text.startswith("Peak ")]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert max(shares) > 50
    assert note(desk.session.run) == ""


def test_the_bar_has_a_button_for_the_peak(peak_desk: Desk) -> None:
    desk = peak_desk
    every = desk.venogram.cine.findChildren(QToolButton)
    (button,) = [b for b in every if b.accessibleName() == "Peak opacification, Venogram"]
    assert "(P)" in button.toolTip()
    for on in (True, False):
        QTest.mouseClick(button, LEFT)
        desk.settle()
        assert (desk.window.contrast.peak(desk.session.run) is Peak.DARKEST) is on
        assert button.isChecked() is on


def test_the_peak_of_a_subtracted_run_is_subtracted(peak_desk: Desk, sample) -> None:
    desk, knots = peak_desk, inner_knots(sample)
    corners = [(20.0, 60.0), (20.0, 120.0), (235.0, 60.0)]
    desk.key(Key.Key_P)
    desk.settle()
    plain = picture(desk)
    desk.key(Key.Key_D)
    desk.settle()
    seen = picture(desk)
    assert not np.array_equal(seen, plain)
    assert "Peak opacification" in words(desk)
    assert " ln " in words(desk)
    assert at(desk, seen, knots)[:, 0].mean() < at(desk, seen, corners)[:, 0].mean() - 60
    assert desk.window.contrast.dsa(desk.session.run) is not None


def test_shift_p_shows_times_in_colour_with_a_legend(peak_desk: Desk, sample) -> None:
    desk, knots = peak_desk, inner_knots(sample)
    assert desk.venogram.legend.marks() == ()
    desk.key(Key.Key_P, SHIFT)
    desk.settle()
    seen = at(desk, picture(desk), knots)
    colourful = np.ptp(seen, axis=1)
    assert np.median(colourful) > 30
    marks = desk.venogram.legend.marks()
    times = [time_s for time_s, _ in marks]
    last_s = desk.session.timing(desk.session.run).times_s[-1]
    assert times == sorted(times)
    assert 0.0 <= times[0] < times[-1] <= last_s + 1e-3
    view = desk.venogram.view
    with_legend = desk.picture(view)[:, -60:]
    desk.session.cycle_layers()
    desk.session.cycle_layers()
    desk.pump()
    assert not np.array_equal(desk.picture(view)[:, -60:], with_legend)
    desk.session.cycle_layers()
    assert words(desk).startswith("Time to peak · frames 1–12")
    desk.key(Key.Key_P)
    desk.settle()
    assert desk.venogram.legend.marks() == ()
    assert desk.window.contrast.peak(desk.session.run) is Peak.DARKEST


def test_unknown_frame_times_are_asked_for(
    new_desk: Callable[..., Desk], sample, tmp_path, monkeypatch
) -> None:
    data = pydicom.dcmread(sample.files[0])
    assert data.Modality == "XA"
    for keyword in ("FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate"):
        if keyword in data:
            del data[keyword]
    path = tmp_path / "untimed.dcm"
    data.save_as(path)
    desk = new_desk(path)
    desk.focus(desk.venogram)
    answers: list[float | None] = [None, 5.0]
    monkeypatch.setattr(desk.application.dialogs, "ask_rate", lambda *_: answers.pop(0))
    run, contrast = desk.session.run, desk.window.contrast
    assert desk.session.timing(run).times_s is None
    desk.key(Key.Key_P, SHIFT)
    assert desk.said("how fast these frames were taken")
    assert contrast.peak(run) is Peak.OFF
    assert not desk.window.actions_by_id["contrast.peak_time"].isChecked()
    desk.key(Key.Key_P, SHIFT)
    desk.settle()
    assert contrast.peak(run) is Peak.TIMES
    late_s = desk.venogram.legend.marks()[-1][0]
    assert late_s <= (run.frames - 1) / 5.0 + 1e-3
    desk.session.set_rate(run.uid, 10.0)
    desk.settle()
    assert desk.venogram.legend.marks()[-1][0] == pytest.approx(late_s / 2)
