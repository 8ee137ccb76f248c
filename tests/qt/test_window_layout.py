"""The window's regions at the sizes of the specification."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QWidget
from window_samples import Desk

Key = Qt.Key
SIZES = [(1920, 1080), (1500, 900), (1366, 768)]


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def sized(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    """The module's window at one of the sizes, as it is when it is opened at it."""
    desk.window._inspector_asked = None
    desk.window.resize(*request.param)
    desk.window._lay_out()
    desk.settle()
    assert desk.window.size().toTuple() == request.param
    return desk


def place(desk: Desk, widget: QWidget) -> QRect:
    """Where a widget stands in the window."""
    return QRect(widget.mapTo(desk.window, QPoint(0, 0)), widget.size())


def regions(desk: Desk) -> dict[str, QRect]:
    window = desk.window
    parts = {
        "top bar": window.top_bar,
        "rail": window.rail,
        "tools": window.tools,
        "venogram": window.venogram,
        "ivus": window.ivus,
        "along": window.along,
        "status": window.status,
    }
    if window.width() >= 1500:
        parts["inspector"] = window.inspector
    assert all(part.isVisible() for part in parts.values())
    return {name: place(desk, part) for name, part in parts.items()}


def test_regions_lie_side_by_side_inside_the_window(sized: Desk) -> None:
    found = regions(sized)
    for name, where in found.items():
        assert sized.window.rect().contains(where), name
        assert where.width() > 20, name
        assert where.height() >= 20, name
    for one, other in combinations(found, 2):
        assert not found[one].intersects(found[other]), (one, other)


def test_the_stage_is_filled(sized: Desk) -> None:
    found = regions(sized)
    room = sum(where.width() * where.height() for where in found.values())
    assert room > 0.97 * sized.window.width() * sized.window.height()


def test_sizes_are_those_of_the_specification(sized: Desk) -> None:
    found, width = regions(sized), sized.window.width()
    wide = width >= 1800
    assert found["rail"].width() == pytest.approx(236 if wide else 52, abs=2)
    assert found["top bar"].height() == (48 if width >= 1500 else 40)
    assert found["status"].height() == (28 if width >= 1500 else 24)
    assert found["tools"].width() == pytest.approx(60 if width >= 1500 else 44, abs=2)
    if width >= 1500:
        assert found["inspector"].width() == (352 if wide else 320)
    assert found["venogram"].width() > found["ivus"].width()
    assert found["along"].height() > 180


def test_nothing_of_the_stage_is_cut_or_squeezed(sized: Desk) -> None:
    """Every visible control of the stage lies inside its parent and has its minimum size."""
    window = sized.window
    for region in (window.venogram, window.ivus, window.along, window.tools, window.top_bar):
        for widget in region.findChildren(QWidget):
            parent = widget.parentWidget()
            if not widget.isVisibleTo(region) or widget.isWindow() or parent is None:
                continue
            name = f"{region.accessibleName()}: {type(widget).__name__} {widget.accessibleName()}"
            assert parent.rect().contains(widget.geometry()), name
            need = widget.minimumSizeHint().expandedTo(widget.minimumSize())
            assert widget.height() >= min(need.height(), widget.maximumHeight()), name


def test_siblings_in_bars_do_not_overlap(sized: Desk) -> None:
    window = sized.window
    rows = [window.venogram.header, window.ivus.header, window.venogram.cine, window.ivus.cine]
    for row in (*rows, window.top_bar, window.status):
        parts = [
            child
            for child in row.findChildren(
                QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly
            )
            if child.isVisible() and not child.isWindow()
        ]
        for one, other in combinations(parts, 2):
            crossing = one.geometry().intersected(other.geometry())
            assert crossing.isEmpty(), (one.accessibleName(), other.accessibleName(), crossing)


def test_images_keep_room_to_work(sized: Desk) -> None:
    width, _ = sized.window.size().toTuple()
    least = {1920: (690, 480), 1500: (560, 380), 1366: (640, 280)}[width]
    view = sized.venogram.view
    assert view.width() >= least[0]
    assert view.height() >= least[1]
    assert sized.ivus.view.width() >= 400


def test_on_a_small_screen_the_inspector_is_a_drawer_that_pushes_nothing(desk: Desk) -> None:
    window = desk.window
    window._inspector_asked = None
    window.resize(1366, 768)
    desk.settle()
    assert not window.inspector.isVisible()
    before = regions(desk)
    desk.key(Key.Key_F9)
    assert window.inspector.isVisible()
    assert regions(desk) == before
    drawer = place(desk, window.inspector)
    assert drawer.width() == 320
    assert drawer.right() == window.rect().right()
    assert drawer.top() == before["top bar"].bottom() + 1
    assert drawer.bottom() == before["status"].top() - 1
    window.resize(1500, 900)  # with room it stands beside the images again
    desk.settle()
    assert window.inspector.isVisible()
    assert not place(desk, window.inspector).intersects(place(desk, window.ivus))
    desk.key(Key.Key_F9)
    assert not window.inspector.isVisible()
    desk.key(Key.Key_F9)


def test_the_layout_returns_after_other_sizes(desk: Desk) -> None:
    window = desk.window
    window._inspector_asked = None
    window.resize(1920, 1080)
    desk.settle()
    before = regions(desk)
    for size in (*SIZES[::-1], (1280, 720), SIZES[0]):
        window.resize(*size)
        desk.settle()
    after = regions(desk)
    for name, where in before.items():
        assert after[name].topLeft().toTuple() == pytest.approx(where.topLeft().toTuple(), abs=6)
        assert after[name].size().toTuple() == pytest.approx(where.size().toTuple(), abs=6)


def test_align_shows_its_strip_above_the_images(sized: Desk) -> None:
    desk = sized
    desk.do("workspace.align")
    strip = desk.window.strip
    assert strip.isVisible()
    where = place(desk, strip)
    assert not where.intersects(place(desk, desk.venogram))
    assert desk.window.rect().contains(where)
    for child in strip.findChildren(QWidget):
        if child.isVisible() and not child.isWindow():
            assert child.parentWidget().rect().contains(child.geometry()), child.accessibleName()
