"""Window, inversion, overlays: one state an image set, told once, never a new decode."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from session_samples import pullback, run, session_of

from viewer.model.study import ImageSet, LookupTable, PixelFormat, Shutter, Window
from viewer.session.displays import NARROWEST_WINDOW, Displays
from viewer.session.state import Display

FRAME = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
WIDE = (np.arange(64, dtype=np.uint16) * 60).reshape(8, 8)


def xa(**pixels: object) -> ImageSet:
    made = {"bits_allocated": 16, "bits_stored": 12, **pixels}
    return replace(run(), pixels=PixelFormat(**made), rows=8, columns=8)  # type: ignore[arg-type]


class Told:
    def __init__(self, displays: Displays) -> None:
        self.uids: list[str] = []
        displays.changed.connect(self.uids.append)


def test_a_change_is_told_once_and_no_change_is_not():
    displays, item = Displays(), xa()
    told = Told(displays)
    window = Window(100.0, 200.0)
    displays.set_window(item, window)
    displays.set_window(item, window)
    assert told.uids == ["run"]
    assert displays.of("run") == Display(window)
    assert displays.of("other") == Display()
    displays.set_window(item, None)
    displays.set_window(item, None)
    displays.toggle_inverted(item)
    assert told.uids == ["run"] * 3
    assert displays.of("run") == Display(None, True)


def test_rendering_follows_the_window():
    displays, item = Displays(), xa()
    displays.set_window(item, Window(1000.0, 2000.0, "LINEAR_EXACT"))
    shown = displays.render(item, WIDE)
    assert shown.dtype == np.uint8
    assert shown.shape == WIDE.shape
    middle = int(shown[2, 0])  # stored 960
    assert 115 <= middle <= 130
    displays.set_window(item, Window(1000.0, 200.0, "LINEAR_EXACT"))
    assert displays.render(item, WIDE)[0, 0] == 0
    assert displays.render(item, WIDE)[7, 7] == 255


def test_inverting_turns_every_value():
    displays, item = Displays(), xa()
    displays.set_window(item, Window(1000.0, 2000.0))
    before = displays.render(item, WIDE)
    displays.toggle_inverted(item)
    np.testing.assert_array_equal(displays.render(item, WIDE), 255 - before)
    displays.toggle_inverted(item)
    np.testing.assert_array_equal(displays.render(item, WIDE), before)


def test_colour_is_shown_as_it_is_or_inverted():
    displays, item = Displays(), pullback()
    colour = np.dstack([FRAME, FRAME // 2, FRAME // 3])
    np.testing.assert_array_equal(displays.render(item, colour), colour)
    assert displays.window(item) is None
    displays.toggle_inverted(item)
    np.testing.assert_array_equal(displays.render(item, colour), 255 - colour)
    displays.adjust_window(item, 0.5, 0.5)  # a drag on colour: there is no window to move
    assert displays.window(item) is None


def test_the_window_in_force_is_the_headers_until_a_reader_sets_one():
    displays, item = Displays(), xa(windows=(Window(500.0, 900.0, "SIGMOID"), Window(1.0, 2.0)))
    assert displays.window(item) is None
    displays.render(item, WIDE)
    assert displays.window(item) == Window(500.0, 900.0, "SIGMOID")
    displays.adjust_window(item, 0.1, -0.5)
    assert displays.window(item) == Window(590.0, 450.0, "SIGMOID")
    displays.set_window(item, None)
    assert displays.window(item) == Window(500.0, 900.0, "SIGMOID")


def test_a_window_never_closes():
    displays, item = Displays(), xa()
    displays.set_window(item, Window(100.0, 10.0))
    displays.adjust_window(item, 0.0, -5.0)
    window = displays.window(item)
    assert window is not None
    assert window.width == NARROWEST_WINDOW
    displays.set_window(item, Window(100.0, -3.0))
    assert displays.of("run").window == Window(100.0, NARROWEST_WINDOW)
    displays.render(item, WIDE)


def test_a_drag_before_the_first_frame_does_nothing():
    displays, item = Displays(), xa()
    told = Told(displays)
    displays.adjust_window(item, 0.2, 0.2)
    assert told.uids == []


def test_a_voi_table_holds_until_a_window_is_set():
    table = LookupTable(0, 8, tuple(255 - min(v // 16, 255) for v in range(4096)))
    displays, item = Displays(), xa(voi_luts=(table,))
    shown = displays.render(item, WIDE)
    assert shown[0, 0] == 255
    assert shown[0, 0] > shown[7, 7]
    displays.set_window(item, Window(2000.0, 4000.0))
    assert displays.render(item, WIDE)[0, 0] < displays.render(item, WIDE)[7, 7]


def test_overlays_and_shutters_are_laid_over_the_frame():
    displays = Displays()
    item = xa(shutter=Shutter(rectangle=(2.0, 2.0, 5.0, 5.0)))
    displays.set_window(item, Window(1000.0, 2000.0))
    plane = np.zeros((8, 8), bool)
    plane[3, 3] = plane[0, 0] = True
    shown = displays.render(item, WIDE, plane)
    assert shown[3, 3] == 255
    assert shown[0, 0] == 0  # the shutter covers it
    assert not shown[0].any()
    plain = displays.render(xa(), WIDE, np.zeros((2, 2), bool))  # of another size: left out
    assert plain.shape == (8, 8)


def test_rendering_leaves_the_frame_alone():
    displays, item = Displays(), xa(shutter=Shutter(circle=(3.0, 3.0, 2.0)))
    before = WIDE.copy()
    displays.render(item, WIDE, np.ones((8, 8), bool))
    np.testing.assert_array_equal(before, WIDE)
    grey = replace(pullback(), rows=8, columns=8)
    before8 = FRAME.copy()
    displays.toggle_inverted(grey)
    displays.render(grey, FRAME, np.ones((8, 8), bool))
    np.testing.assert_array_equal(before8, FRAME)


def test_another_case_starts_afresh():
    session = session_of(run())
    item = session.case.runs[0]
    session.set_window(item, Window(10.0, 20.0))
    session.displays.toggle_inverted(item)
    session.open_case(session.case, None)
    assert session.displays.of("run") == Display()
    assert session.displays.window(item) is None
    other = replace(item, pixels=PixelFormat(shutter=Shutter(rectangle=(2.0, 2.0, 5.0, 5.0))),
                    rows=8, columns=8)  # fmt: skip
    first = session.rendered(other, FRAME)
    session.open_case(session.case, None)
    wider = replace(other, pixels=PixelFormat(shutter=Shutter(rectangle=(0.0, 0.0, 7.0, 7.0))))
    assert session.rendered(wider, FRAME).sum() > first.sum()


def test_the_long_view_makes_grey_off_the_main_thread_only_where_needed():
    displays = Displays()
    assert displays.grey_maker(pullback())(FRAME) is None
    assert displays.grey_maker(pullback())(np.dstack([FRAME] * 3)) is None
    wide = displays.grey_maker(xa())(WIDE)
    assert wide is not None
    assert wide(WIDE).dtype == np.uint8
    windowed = displays.grey_maker(replace(pullback(), pixels=PixelFormat(windows=(Window(9, 9),))))
    assert windowed(FRAME) is not None


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
def test_every_width_of_pixel_has_its_own_table(dtype: type):
    displays = Displays()
    pixels = PixelFormat(bits_allocated=16, bits_stored=12, signed=dtype is np.int16)
    item = replace(run(), pixels=pixels)
    displays.set_window(item, Window(100.0, 200.0, "LINEAR_EXACT"))
    for _ in range(2):
        shown = displays.render(item, np.array([[0, 50, 100]], dtype=dtype))
        assert shown[0, 0] == 0
        assert abs(int(shown[0, 2]) - 128) <= 2
