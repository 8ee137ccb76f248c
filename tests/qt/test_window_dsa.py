"""Subtraction in the window: what is seen, and what keys, chip and menu do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from window_samples import ALT, CTRL, LEFT, SHIFT, Desk, native_run

from viewer.qt.subtraction_chip import MaskRange
from viewer.session.contrast_views import Peak
from viewer.session.state import Layers, Tool
from viewer.session.subtraction import ShiftMode

Key = Qt.Key
CONTRAST_FRAME = 8
GREY = QImage.Format.Format_Grayscale8


@pytest.fixture
def run_desk(bare_desk: Desk) -> Desk:
    """The window on the bare case with the run in focus, nothing subtracted yet."""
    run, contrast = bare_desk.session.run, bare_desk.window.contrast
    contrast.end_shifting()
    contrast.show_peak(run, Peak.OFF, lambda: None)
    contrast.subtractions.drop(run.uid)
    contrast.changed.emit(run.uid)
    bare_desk.session.set_run_frame(CONTRAST_FRAME)
    bare_desk.focus(bare_desk.venogram)
    bare_desk.settle()
    return bare_desk


def image(desk: Desk) -> NDArray[np.float64]:
    """The venogram as painted, grey, without anything drawn over it, a sample a pixel."""
    session = desk.session
    before = session.layers
    while session.layers is not Layers.IMAGES_ONLY:
        session.cycle_layers()
    desk.settle()
    seen = desk.picture(desk.venogram.view)[..., 0].astype(np.float64)
    while session.layers is not before:
        session.cycle_layers()
    run = session.run
    grid = np.array([[x, y] for y in range(run.rows) for x in range(run.columns)], np.float64)
    at = np.rint(desk.venogram.view.to_screen(grid)).astype(int)
    at[:, 0] = at[:, 0].clip(0, seen.shape[1] - 1)
    at[:, 1] = at[:, 1].clip(0, seen.shape[0] - 1)
    return seen[at[:, 1], at[:, 0]].reshape(run.rows, run.columns)


def masks(desk: Desk, sample) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the vein surely is, and where it surely is not: bool (rows, columns)."""
    run = desk.session.run
    line = np.asarray(sample.truth["runs"][0]["centerline"]["xy_px"])
    y, x = np.mgrid[0 : run.rows, 0 : run.columns]
    far = np.hypot(x[..., None] - line[:, 0], y[..., None] - line[:, 1]).min(axis=-1)
    inside = (x > 4) & (x < run.columns - 5) & (y > 4) & (y < run.rows - 18)
    return (far < 1.0) & inside, (far > 30) & inside


def words(desk: Desk) -> str:
    """What the bottom left corner says."""
    lines = desk.venogram._window_lines(desk.venogram.view)
    return "\n".join("".join(text for text, _, _ in line) for line in lines)


def pill(desk: Desk) -> str:
    return "".join(text for text, _, _ in desk.venogram.pill.line())


def subtract(desk: Desk) -> None:
    desk.key(Key.Key_D)
    desk.settle()


def choose(desk: Desk, starts: str) -> None:
    """Choose an entry of the chip's menu by its first words."""
    chip = desk.window.contrast_controls.chip
    chip.menu.aboutToShow.emit()
    found = [entry for entry in chip.menu.actions() if entry.text().startswith(starts)]
    assert len(found) == 1, [entry.text() for entry in chip.menu.actions()]
    found[0].trigger()
    desk.settle()


def ticked(desk: Desk) -> list[str]:
    chip = desk.window.contrast_controls.chip
    chip.menu.aboutToShow.emit()
    return [entry.text() for entry in chip.menu.actions() if entry.isChecked()]


def test_d_takes_the_mask_from_the_frame_and_d_gives_it_back(run_desk: Desk, sample) -> None:
    desk = run_desk
    vein, other = masks(desk, sample)
    plain = image(desk)
    subtract(desk)
    seen = image(desk)
    assert np.median(seen[vein]) < np.median(seen[other]) - 60  # the vein is dark
    assert seen[other].std() < 0.5 * plain[other].std()  # bones are gone: the rest is flat
    desk.key(Key.Key_D)
    desk.settle()
    assert np.array_equal(image(desk), plain)
    assert words(desk).startswith("W ")
    assert "Mask" not in words(desk)


def test_it_is_said_where_it_is_seen(run_desk: Desk) -> None:
    desk, chip = run_desk, run_desk.window.contrast_controls.chip
    assert chip.button.text().strip() == "DSA"
    assert not chip.button.isChecked()
    said: list[str] = []

    def listen(_: str) -> None:
        said.append(pill(desk))

    desk.window.contrast.changed.connect(listen)
    desk.key(Key.Key_D)
    desk.settle()
    desk.window.contrast.changed.disconnect(listen)
    assert "mask…" in said[0]  # the worker may be done before the key's own call returns
    assert pill(desk) == ""
    assert chip.button.text().strip() == "DSA mask 1–2"
    assert chip.button.isChecked()
    assert desk.window.actions_by_id["contrast.subtract"].isChecked()
    assert " ln · Zoom" in words(desk)
    assert "Mask 1–2 · shift 0.0, 0.0 px" in words(desk)


def test_the_chip_is_clicked_and_says_its_key(run_desk: Desk) -> None:
    desk, chip = run_desk, run_desk.window.contrast_controls.chip
    assert "(D)" in chip.button.toolTip()
    for on in (True, False):
        QTest.mouseClick(chip.button, LEFT)
        desk.settle()
        assert (desk.window.contrast.dsa(desk.session.run) is not None) is on
        assert chip.button.isChecked() is on


def test_frames_stay_subtracted_while_they_turn_and_play(run_desk: Desk, sample) -> None:
    desk = run_desk
    vein, other = masks(desk, sample)
    subtract(desk)
    desk.session.set_run_frame(0)  # a mask frame: nothing is left of it
    desk.settle()
    early = image(desk)
    assert abs(np.median(early[vein]) - np.median(early[other])) < 20
    desk.key(Key.Key_Space)
    desk.wait(lambda: desk.frames()[0] >= 3, "for the run to play")
    desk.key(Key.Key_Space)
    desk.settle()
    desk.session.set_run_frame(CONTRAST_FRAME)
    desk.settle()
    seen = image(desk)
    assert np.median(seen[vein]) < np.median(seen[other]) - 60


def test_its_window_is_its_own_and_r_resets_it(run_desk: Desk) -> None:
    desk, run = run_desk, run_desk.session.run
    of_frames = desk.session.displays.window(run)
    subtract(desk)
    parts, before = desk.window.contrast.subtractions, image(desk)
    first = parts.window(run)
    desk.drag_on(desk.venogram.view.viewport(), [QPointF(40, 40), QPointF(120, 80)])
    desk.settle()
    assert parts.window(run).width > first.width
    assert parts.window(run).center > first.center
    assert f"W {parts.window(run).width:.2f} " in words(desk)
    assert not np.array_equal(image(desk), before)
    assert desk.session.displays.window(run) == of_frames
    desk.key(Key.Key_R)
    desk.settle()
    assert parts.window(run) == first
    assert np.array_equal(image(desk), before)


def test_i_inverts_what_is_subtracted(run_desk: Desk, sample) -> None:
    desk = run_desk
    vein, other = masks(desk, sample)
    subtract(desk)
    desk.key(Key.Key_I)
    desk.settle()
    seen = image(desk)
    assert np.median(seen[vein]) > np.median(seen[other]) + 60
    assert "inverted" in words(desk)
    assert not desk.session.displays.of(desk.session.run.uid).inverted
    desk.key(Key.Key_I)


def test_arrow_keys_move_the_mask_while_pixel_shift_is_armed(run_desk: Desk) -> None:
    desk = run_desk
    desk.focus(desk.ivus)
    desk.key(Key.Key_D, SHIFT)  # subtracts as well, and takes the keys to the run
    desk.settle()
    assert desk.qt.focusWidget() is desk.venogram.view
    assert pill(desk).startswith("Pixel shift armed")
    before, frames = image(desk), desk.frames()
    for _ in range(4):
        desk.key(Key.Key_Right)
    desk.key(Key.Key_Up)
    desk.key(Key.Key_Up)
    desk.settle()
    assert "shift +0.4, −0.2 px" in words(desk)
    little = image(desk)
    desk.key(Key.Key_Right, SHIFT)
    desk.settle()
    assert "shift +1.4, −0.2 px" in words(desk)
    much = image(desk)
    assert 0 < np.abs(little - before).mean() < np.abs(much - before).mean()
    assert desk.frames() == frames
    desk.key(Key.Key_Escape)
    assert pill(desk) == ""
    desk.key(Key.Key_Right)
    assert desk.frames() == (frames[0] + 1, frames[1])
    desk.key(Key.Key_Left)
    desk.key(Key.Key_D, ALT)
    desk.settle()
    assert "shift 0.0, 0.0 px" in words(desk)
    desk.key(Key.Key_D, SHIFT)  # with the words at the bottom as before
    assert np.array_equal(image(desk), before)


def test_arming_a_tool_ends_pixel_shift_and_shifting_ends_the_tool(run_desk: Desk) -> None:
    desk, contrast = run_desk, run_desk.window.contrast
    desk.key(Key.Key_M)
    desk.key(Key.Key_D, SHIFT)
    assert desk.session.tool is Tool.SELECT
    assert contrast.shifting
    desk.key(Key.Key_M)
    assert not contrast.shifting
    assert not desk.window.actions_by_id["contrast.shift"].isChecked()
    desk.key(Key.Key_D, SHIFT)
    desk.key(Key.Key_D)
    assert not contrast.shifting
    assert contrast.dsa(desk.session.run) is None


def test_the_menu_chooses_the_mask(run_desk: Desk) -> None:
    desk, chip = run_desk, run_desk.window.contrast_controls.chip
    choose(desk, "This frame (9)")
    assert chip.button.text().strip() == "DSA mask 9"
    assert image(desk).std() < 12  # a frame less itself
    assert "This frame (9) as mask" in ticked(desk)
    choose(desk, "Mask from the header")
    assert chip.button.text().strip() == "DSA mask 1–2"
    choose(desk, "Mask found in the run")
    assert "Mask found in the run" in ticked(desk)
    assert "DSA mask" in chip.button.text()
    choose(desk, "Mask from the header")
    choose(desk, "New mask from frame 9 on")
    assert chip.button.text().strip() == "DSA mask 9"
    desk.session.set_run_frame(3)
    desk.settle()
    assert chip.button.text().strip() == "DSA mask 1–2"


def test_the_menu_averages_frames_that_are_asked_for(run_desk: Desk) -> None:
    desk = run_desk

    def answer() -> None:
        dialog = desk.qt.activeModalWidget()
        assert isinstance(dialog, MaskRange)
        dialog.first.setValue(2)
        dialog.last.setValue(3)
        dialog.accept()

    QTimer.singleShot(0, answer)
    choose(desk, "Average of frames")
    assert desk.window.contrast_controls.chip.button.text().strip() == "DSA mask 2–3"
    assert "Average of frames 2–3…" in ticked(desk)


@pytest.mark.parametrize(
    ("entry", "mode"),
    [("Automatic shift", ShiftMode.AUTO), ("No shift", ShiftMode.NONE)],
)
def test_the_menu_chooses_the_shift(run_desk: Desk, entry: str, mode: ShiftMode) -> None:
    subtract(run_desk)
    choose(run_desk, entry)
    assert run_desk.window.contrast.dsa(run_desk.session.run).shift_mode is mode
    assert entry in ticked(run_desk)


def test_the_menu_keeps_a_share_of_the_anatomy(run_desk: Desk, sample) -> None:
    desk = run_desk
    _, other = masks(desk, sample)
    subtract(desk)
    flat = image(desk)[other].std()
    choose(desk, "50 %")
    assert image(desk)[other].std() > 1.5 * flat
    assert "50 % anatomy" in words(desk)
    choose(desk, "No anatomy")
    assert image(desk)[other].std() == pytest.approx(flat)


def test_the_vein_can_be_drawn_on_a_subtracted_run(run_desk: Desk, sample) -> None:
    desk = run_desk
    subtract(desk)
    desk.key(Key.Key_B)
    for knot in sample.knots(3):
        desk.click(desk.venogram, knot)
    assert len(desk.session.current_centerline.knots_px) == 3
    assert desk.window.contrast.dsa(desk.session.run) is not None


def test_a_single_frame_can_not_be_subtracted_and_says_so(
    new_desk: Callable[..., Desk], tmp_path
) -> None:
    desk = new_desk(native_run(tmp_path / "one.dcm", 1, 1))
    action = desk.window.actions_by_id["contrast.subtract"]
    assert not action.isEnabled()
    assert "needs a run with at least two frames" in action.toolTip()
    chip = desk.window.contrast_controls.chip
    assert not chip.button.isEnabled()
    assert "needs a run with at least two frames" in chip.button.toolTip()
    desk.focus(desk.venogram)
    desk.key(Key.Key_D)
    assert desk.window.contrast.dsa(desk.session.run) is None


def test_exported_pictures_are_subtracted_as_the_window_is(run_desk: Desk, tmp_path) -> None:
    desk = run_desk
    desk.session.measures.toggle_bookmark(desk.session.run.uid, CONTRAST_FRAME)
    pictures = []
    for name in ("plain", "subtracted"):
        written = desk.application.export_to(tmp_path / name, ("png",))
        (path,) = [path for _, path in written if path.stem.endswith("venogram")]
        grey = QImage(str(path)).convertToFormat(GREY)
        pictures.append(np.array(grey.constBits()))
        subtract(desk)
    plain, subtracted = pictures
    assert plain.shape == subtracted.shape
    assert (plain != subtracted).mean() > 0.3


def test_a_closed_case_forgets_its_masks(new_desk: Callable[..., Desk], sample) -> None:
    desk = new_desk(*sample.files)
    run = desk.session.run
    desk.focus(desk.venogram)
    subtract(desk)
    desk.do("file.start")
    assert run.uid not in desk.window.contrast.subtractions.uids


@pytest.mark.parametrize(("entry", "share"), [("Mild edges", 0.3), ("Strong edges", 0.8)])
def test_the_menu_enhances_edges(run_desk: Desk, entry: str, share: float) -> None:
    desk = run_desk
    subtract(desk)
    plain = image(desk)
    choose(desk, entry)
    assert entry in ticked(desk)
    assert f"edges {100 * share:.0f} %" in words(desk)
    steps = [np.abs(np.diff(one, axis=1)).mean() for one in (plain, image(desk))]
    assert steps[1] > 1.1 * steps[0]
    choose(desk, "No edge enhancement")
    assert np.array_equal(image(desk), plain)


def test_the_menu_lays_the_mask_on_place_by_place(run_desk: Desk) -> None:
    desk = run_desk
    choose(desk, "Place by place")
    assert desk.window.contrast.dsa(desk.session.run).shift_mode is ShiftMode.LOCAL
    assert "place by place" in words(desk)
    local = image(desk)
    choose(desk, "No shift")
    assert not np.array_equal(image(desk), local)


def test_any_share_of_the_anatomy_can_be_asked_for(run_desk: Desk) -> None:
    desk = run_desk

    def answer() -> None:
        dialog = desk.qt.activeModalWidget()
        dialog.setIntValue(35)
        dialog.accept()

    QTimer.singleShot(0, answer)
    choose(desk, "Another share")
    assert "35 % anatomy" in words(desk)
    assert "35 % of the anatomy…" in ticked(desk)


def test_the_mask_itself_is_held_in_view(run_desk: Desk) -> None:
    desk = run_desk
    choose(desk, "Show the mask itself")
    held = image(desk)
    assert "the mask itself" in words(desk)
    desk.session.set_run_frame(2)
    desk.settle()
    assert np.array_equal(image(desk), held)
    choose(desk, "Show the mask itself")
    assert not np.array_equal(image(desk), held)
    assert "the mask itself" not in words(desk)


def test_settings_are_undone_by_their_key(run_desk: Desk) -> None:
    desk, run = run_desk, run_desk.session.run
    subtract(desk)
    choose(desk, "This frame (9)")
    choose(desk, "New mask from frame 9 on")
    choose(desk, "No new mask from frame 9 on")
    parts = desk.window.contrast.subtractions
    assert parts.of(run.uid).remasks == ()
    for mask in ((8,), (8,), None):
        desk.key(Key.Key_Z, CTRL)
        desk.settle()
        assert parts.of(run.uid).mask_frames == mask
    assert parts.of(run.uid).on
