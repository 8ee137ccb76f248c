"""How the window is arranged for Compare: two phases, four panes, one place of the vein."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSplitter, QVBoxLayout, QWidget

from viewer.qt import paint, theme, tokens
from viewer.qt.clot_burden import ClotBurden
from viewer.qt.compare_along import CompareAlong
from viewer.qt.frame_view import FrameView
from viewer.qt.image_pane import ImagePane
from viewer.qt.ivus_view import IvusView
from viewer.qt.labels import ElidedLabel
from viewer.qt.notify import Banner
from viewer.qt.phase_strip import PhaseStrip
from viewer.qt.stent_card import StentCard
from viewer.qt.venogram_view import VenogramView
from viewer.session.contrast_views import ContrastViews
from viewer.session.session import Session
from viewer.session.state import Severity, Workspace

if TYPE_CHECKING:
    from viewer.qt.main_window import MainWindow

PANE_SHARES = (496, 428, 496, 428)
HEIGHT_SHARES = (430, 502)
LOWER_SHARES = (1236, 624)


class BeforeVenogram(VenogramView):
    """The venogram before."""

    what = "Venogram before"


class AfterVenogram(VenogramView):
    """The venogram after."""

    what = "Venogram after"


class BeforeIvus(IvusView):
    """The pullback before."""

    what = "IVUS before"


class AfterIvus(IvusView):
    """The pullback after."""

    what = "IVUS after"


class PlaceMark:
    """The compared place on a run that no pullback is tied to: a bar across the vein."""

    def __init__(self, main: Session, copy: Session) -> None:
        self._main, self._copy = main, copy

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the bar."""
        work, place, run = self._main.figures, self._main.compare.place, self._copy.run
        figures = work.figures if work is not None else None
        tied = self._copy.position_map is not None
        if figures is None or place is None or run is None or tied or not view.has_image:
            return
        course = figures.courses.get(run.uid)
        found = course.point_at(place) if course is not None else None
        if found is None:
            return
        at, along = found
        across = np.array([-along[1], along[0]])
        reach = 28.0 / max(view.zoom, 1e-6)
        ends = view.to_screen(np.vstack((at - across * reach, at + across * reach)))
        paint.stroke(painter, ends, tokens.POSITION, 2.0)


class CompareStage(QWidget):
    """Phase strip, four panes, what was gained along the vein, clot and stent."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window, self._session = window, window.session
        session, loader = window.session, window.loader
        self.setAccessibleName("Compare")
        sides = session.compare.open()
        self._contrasts = [ContrastViews(copy, loader) for copy in sides]
        for contrast in self._contrasts:
            contrast.take_over(window.contrast)
        self.panes: list[ImagePane] = [
            BeforeVenogram(sides[0], loader, self._contrasts[0]),
            BeforeIvus(sides[0], loader),
            AfterVenogram(sides[1], loader, self._contrasts[1]),
            AfterIvus(sides[1], loader),
        ]
        for copy, venogram in zip(sides, self.panes[::2], strict=True):
            venogram.view.layers.insert(1, PlaceMark(session, copy))
            copy.noticed.connect(window.toast.show_notice)
        self.strip = PhaseStrip(session)
        self.warning = Banner(self)
        self.along = CompareAlong(session, loader)
        self.clot = ClotBurden(session)
        self.stent = StentCard(session)
        self._lay_out()
        session.compare.changed.connect(self._on_steps)
        session.compare.moved.connect(self._on_place)
        session.review_changed.connect(self._follow)
        session.case_changed.connect(self._follow)
        if session.figures is not None:
            session.figures.changed.connect(self._on_figures)
        self._on_steps()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.strip)
        column.addWidget(self.warning)
        self.images = _splitter(Qt.Orientation.Horizontal, self.panes, PANE_SHARES)
        for pane in self.panes:
            pane.show_cine(False)
        right = _scrolled([self.clot, self.stent])
        head = QWidget()
        theme.panel(head)
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 6, 12, 0)
        title = theme.label("Flow area, before and after", theme.font(13, 600))
        self.words = ElidedLabel("", theme.small(), tokens.TEXT_LOW)
        row.addWidget(title)
        row.addWidget(self.words, 1)
        row.addWidget(
            theme.label("- - A before · — B after · filled: gain", theme.caption(), "low")
        )
        left = QWidget()
        theme.panel(left)
        stack = QVBoxLayout(left)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(head)
        stack.addWidget(self.along, 1)
        self.below = _splitter(Qt.Orientation.Horizontal, [left, right], LOWER_SHARES)
        self.split = _splitter(Qt.Orientation.Vertical, [self.images, self.below], HEIGHT_SHARES)
        column.addWidget(self.split, 1)

    # -- following --------------------------------------------------------------------------------
    def _follow(self, *_: object) -> None:
        if self.isVisible() and not self._session.in_gesture:
            self._session.compare.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        for contrast in self._contrasts:
            contrast.take_over(self._window.contrast)
        self._session.compare.refresh()

    def _on_figures(self) -> None:
        if self.isVisible():
            if self._session.compare.place is None:
                self._session.compare.refresh()
            self.along.refresh()

    def _on_steps(self) -> None:
        self.strip.refresh()
        for pane in self.panes:
            pane.refresh()
        words = self._session.compare.warning()
        self.warning.setVisible(bool(words))
        if words:
            self.warning.show_message(words, "", "", Severity.WARNING)
        self._on_place()

    def _on_place(self) -> None:
        compare = self._session.compare
        parts = ["mm from the iliac confluence"]
        for side, letter in ((0, "A"), (1, "B")):
            sigma = compare.sigma(side)
            if sigma is not None:
                parts.append(f"{letter} ± {sigma:.1f} mm")
        self.words.set_text(" · ".join(parts))
        for pane in self.panes[::2]:
            pane.repaint_layers()

    def close_all(self) -> None:
        """Let go of what was built."""
        self.along.close_views()
        for pane in self.panes:
            pane.pause()


def on_compare(session: Session) -> bool:
    """Whether the window is arranged for Compare."""
    return session.workspace is Workspace.COMPARE


def _scrolled(cards: Sequence[QWidget]) -> QScrollArea:
    """Cards one below the other; on small screens they scroll and the images keep their room."""
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    for card, stretch in zip(cards, (3, 2), strict=True):
        column.addWidget(card, stretch)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    area.setMinimumHeight(120)
    return area


def _splitter(
    way: Qt.Orientation, widgets: Sequence[QWidget], shares: tuple[int, ...]
) -> QSplitter:
    made = QSplitter(way)
    made.setHandleWidth(4)
    made.setChildrenCollapsible(False)
    for n, widget in enumerate(widgets):
        made.addWidget(widget)
        made.setStretchFactor(n, shares[n])
    made.setSizes(list(shares))
    return made
