"""What both image panes share: header, banner, image, cine bar, and how frames get on screen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from viewer.errors import ViewerError
from viewer.model.study import ImageSet
from viewer.qt import paint, theme, tokens
from viewer.qt.chips import Chip
from viewer.qt.cine_bar import CineBar
from viewer.qt.empty_pane import EmptyPane
from viewer.qt.frame_view import FrameView
from viewer.qt.icons import icon
from viewer.qt.notify import Banner
from viewer.qt.pane_cine import CinePane
from viewer.session.frame_loader import Delivered, FrameLoader
from viewer.session.session import Session
from viewer.session.state import Layers


class EdgeLine(QFrame):
    """The 2 px line that marks the active pane."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(2)
        self.set_active(False)

    def set_active(self, active: bool) -> None:
        """Light up or go dark."""
        color = tokens.ACCENT if active else tokens.PANEL
        self.setStyleSheet(f"background:{color}; border:none;")


class ImagePane(CinePane):
    """Base of the venogram and the IVUS pane.

    Subclasses say which image set and frame they show, and how to move to another frame.
    """

    activated = Signal()
    maximise_asked = Signal()
    painted_frame = Signal(int)
    add_asked = Signal()

    tag = ""
    what = ""
    empty_title = ""
    empty_text = ""

    def __init__(
        self, session: Session, loader: FrameLoader, parent: QWidget | None = None
    ) -> None:
        super().__init__(session, loader, parent)
        self._shown: tuple[str, int] | None = None
        self._message = ""
        self._wanted = ("", -1)
        self._has_cine = True
        self._step_header: QWidget | None = None
        self._build()
        self._connect()

    def title_text(self, item: ImageSet) -> str:
        """The words in the header."""
        return item.description or self.what

    # -- build --------------------------------------------------------------------------------
    def _build(self) -> None:
        self.setSizePolicy(self.sizePolicy().Policy.Expanding, self.sizePolicy().Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._edge = EdgeLine(self)
        self.header = QWidget(self)
        self.header.setFixedHeight(tokens.HEADER_HEIGHT - 2)
        self.header_row = QHBoxLayout(self.header)
        self.header_row.setContentsMargins(12, 0, 8, 0)
        self.header_row.setSpacing(8)
        self._tag = Chip(self.tag, self.tag.lower())
        self._title = QLabel(self.what, self.header)
        self._title.setFont(theme.font(13, 500))
        self.header_row.addWidget(self._tag)
        self.header_row.addWidget(self._title)
        self.header_row.addStretch(1)
        self.banner = Banner(self)
        self.banner.hide()
        self.view = FrameView(self.what, self)
        self.view.layers = [PaneMessage(self)]
        self.cine = CineBar(self.what, self)
        column.addWidget(self._edge)
        column.addWidget(self.header)
        column.addWidget(self.banner)
        self.empty = EmptyPane(self.empty_title, self.empty_text, self)
        self.empty.add_asked.connect(self.add_asked)
        column.addWidget(self.empty, 1)
        column.addWidget(self.view, 1)
        column.addWidget(self.cine)
        self.view.hide()
        self.cine.hide()

    def put_step_header(self, header: QWidget) -> None:
        """Have another title ready, for a workspace in which panes are steps."""
        self._step_header = header
        self.header_row.insertWidget(0, header, 4)

    def show_step_header(self, on: bool) -> None:
        """Show that title in place of the pane's own."""
        for widget in (self._tag, self._title):
            widget.setVisible(not on)
        if self._step_header is not None:
            self._step_header.setVisible(on)

    def show_cine(self, on: bool) -> None:
        """Whether the cine bar is shown while there are frames."""
        self._has_cine = on
        self.cine.setVisible(on and self._item is not None)

    def header_button(
        self, glyph: str, name: str, act: Callable[[], object], checkable: bool = False
    ) -> QToolButton:
        """Add an icon button at the right of the header."""
        button = QToolButton(self.header)
        button.setIcon(icon(glyph, tokens.TEXT_MID, 16, on_color=tokens.ACCENT))
        button.setAccessibleName(f"{name}, {self.what}")
        button.setToolTip(name)
        button.setAutoRaise(True)
        button.setFixedSize(28, 28)
        button.setCheckable(checkable)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: act())
        self.header_row.addWidget(button)
        return button

    def _connect(self) -> None:
        session, view = self._session, self.view
        session.case_changed.connect(self.refresh)
        session.cursor_changed.connect(self._on_cursor)
        session.review_changed.connect(self._on_review)
        session.layers_changed.connect(self._on_layers)
        session.selection_changed.connect(self.repaint_layers)
        session.displays.changed.connect(self._on_display)
        view.stepped.connect(self.step)
        view.windowed.connect(self._on_window_drag)
        view.maximise_asked.connect(self.maximise_asked)
        view.play_asked.connect(self.toggle_play)
        view.focused.connect(self.activated)
        cine = self.cine
        cine.play_asked.connect(self.toggle_play)
        cine.step_asked.connect(self.step)
        cine.speed_asked.connect(self.set_speed)
        cine.rate_asked.connect(self._ask_rate)
        cine.scrubber.moved.connect(self.go_to)
        cine.scrubber.loop_moved.connect(self.set_loop)
        cine.scrubber.loop_ended.connect(self.end_loop)

    def set_active(self, active: bool) -> None:
        """Show whether keys go to this pane."""
        self._edge.set_active(active)

    # -- frames -------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show what the session says is current."""
        item = self.current_item()
        if item is not self._item:
            changed = item is None or self._item is None or item.uid != self._item.uid
            self._item = item
            if changed:
                self._on_item(item)
        if item is None:
            self.view.set_pixels(None)
            self._message = ""
            self._shown = None
            return
        self._ask(self.current_frame())

    def _on_item(self, item: ImageSet | None) -> None:
        self.pause()
        self._shown = None
        self._loader.cancel_view(self.what)
        self.empty.setVisible(item is None)
        self.view.setVisible(item is not None)
        self.cine.setVisible(item is not None and self._has_cine)
        self.header.setEnabled(item is not None)
        self._title.setText(self.title_text(item) if item else f"No {self.what.lower()}")
        if item is None:
            return
        self.cine.scrubber.set_frames(item.frames)
        self._show_rate()
        QTimer.singleShot(0, self, self._look_around)

    def _on_cursor(self) -> None:
        item = self.current_item()
        if item is not self._item or item is None:
            self.refresh()
            return
        frame = self.current_frame()
        if self._clock is not None and self._clock.playing and self._clock.frame != frame:
            self.pause()  # somebody else went elsewhere
        if self._wanted != (item.uid, frame):
            self._ask(frame)
        else:
            self.repaint_layers()

    def _ask(self, frame: int) -> None:
        item = self._item
        if item is None:
            return
        timing = self._session.timing(item)
        time_text = f"{timing.times_s[frame]:.2f} s" if timing.times_s else ""
        self.cine.scrubber.set_frame(frame)
        self.cine.set_place(frame, item.frames, time_text)
        self._wanted = (item.uid, frame)
        self._message = ""
        self._loader.request(self.what, item, frame, self._deliver)
        if self._shown != self._wanted and not self._message:
            self._show_nearest(item, frame)

    def _show_nearest(self, item: ImageSet, frame: int) -> None:
        """Until the frame is there: the nearest one that is, saying so."""
        near = self._loader.nearest_cached(item.uid, frame)
        self._message = f"Loading {frame + 1}"
        if near is not None:
            self.view.set_pixels(self.rendered(item, *near), item.pixels.aspect)
        self.repaint_layers()

    def _deliver(self, arrived: Delivered) -> None:
        item = self._item
        if item is None or (arrived.uid, arrived.index) != self._wanted:
            return
        if arrived.pixels is None:
            self._message = f"Frame {arrived.index + 1} can't be shown. {_why(arrived.error)}"
            self.view.set_pixels(None)
            self._shown = self._wanted
            self.repaint_layers()
            return
        self._message = ""
        self._shown = self._wanted
        overlay = self._loader.overlay(item, arrived.index)
        shown = self.rendered(item, arrived.index, arrived.pixels, overlay)
        self.view.set_pixels(shown, item.pixels.aspect)
        self._frame_is_shown()
        self.painted_frame.emit(arrived.index)

    def rendered(
        self,
        item: ImageSet,
        index: int,
        pixels: NDArray[np.generic],
        overlay: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.uint8]:
        """What is shown of a frame: uint8, (rows, columns) or (rows, columns, 3)."""
        return self._session.rendered(item, pixels, overlay)

    @property
    def loader_is_busy(self) -> bool:
        """Whether a frame is being waited for."""
        return self._loader.is_waited_for

    @property
    def is_settled(self) -> bool:
        """Whether the wanted frame, or why there is none, is on screen."""
        return self._item is None or self._shown == (self._item.uid, self.current_frame())

    def message(self) -> str:
        """What is said in the middle of the pane, empty when all is well."""
        return self._message

    def show_cached(self) -> None:
        """Show on the scrubber which frames are decoded, and which can't be."""
        if self._item is not None:
            self.cine.scrubber.set_cached(self._loader.cached_mask(self._item.uid))
            self.cine.scrubber.set_bad(self._loader.bad_frames(self._item.uid))

    def _on_display(self, uid: str) -> None:
        if self._item is not None and uid == self._item.uid:
            self._shown = None
            self._ask(self.current_frame())

    def _on_layers(self, *_: object) -> None:
        """Header overlays are part of the picture: draw it again where there are any."""
        item = self._item
        if item is not None and self._loader.overlay(item, self.current_frame()) is not None:
            self._on_display(item.uid)
        self.repaint_layers()

    def _on_review(self) -> None:
        item = self._item
        if item is not None and self._clock_key != self._timing_key(item):
            self.pause()
            self._show_rate()
        self.repaint_layers()

    def repaint_layers(self, *_: object) -> None:
        """Draw the overlays again."""
        self.view.viewport().update()

    def _on_window_drag(self, right: float, down: float) -> None:
        if self._item is not None:
            self._session.displays.adjust_window(self._item, down, right)


class PaneMessage:
    """The words in the middle of a pane: empty, loading, or why a frame can't be shown."""

    def __init__(self, pane: ImagePane) -> None:
        self._pane = pane

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the message, if there is one."""
        text = self._pane.message()
        if not text:
            return
        middle = view.rect().center().toPointF()
        words = text.split(". ")
        lines = [
            [(word, tokens.TEXT_HI if n == 0 else tokens.TEXT_MID, n == 0)]
            for n, word in enumerate(words)
        ]
        width = max(paint.text_width(line) for line in lines)
        middle.setX(middle.x() - width / 2 - 8)
        middle.setY(middle.y() - 10 * len(lines))
        if text.startswith("Loading"):
            middle.setY(view.rect().bottom() - 60.0)
        paint.text_block(painter, middle, lines)


def _why(error: ViewerError | None) -> str:
    """Why, and what to do, as sentences; the file by its name, for the path is too long here."""
    if error is None:
        return ""
    return f"{error.what.rsplit('/', 1)[-1]}. {error.hint}".strip()


def layers_shown(session: Session) -> tuple[bool, bool]:
    """Whether marks, and whether text, are drawn over the images."""
    return session.layers is not Layers.IMAGES_ONLY, session.layers is Layers.ALL
