"""How the window is arranged for Align, and put back for Review."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.fields import Choice
from viewer.qt.image_pane import ImagePane
from viewer.qt.labels import ElidedLabel, show_if, tool_button
from viewer.session.session import Session
from viewer.session.state import Workspace

if TYPE_CHECKING:
    from viewer.model.study import ImageSet
    from viewer.qt.frame_strip import FrameStrip
    from viewer.qt.main_window import MainWindow
    from viewer.qt.speed_pane import SpeedPane

IMAGE_SHARES = (620, 920)
HEIGHT_SHARES = (618, 382)
SMALL_PX, SMALL_HEIGHT_PX = 800, 212
"""A stage lower than this leaves the speeds so much height."""

Rows = tuple[tuple[str, object], ...]


class StepBadge(QWidget):
    """A number in a yellow disc: the order of what is to be done."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = str(number)
        self.setFixedSize(20, 20)
        self.setAccessibleName(f"Step {number}")

    def sizeHint(self) -> QSize:
        """The disc."""
        return QSize(20, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.LANDMARK))
        painter.drawEllipse(QRectF(1, 1, 18, 18))
        painter.setPen(QColor(tokens.CANVAS))
        painter.setFont(theme.font(12, 600))
        painter.drawText(QRectF(0, 0, 20, 20), Qt.AlignmentFlag.AlignCenter, self._number)


class StepHeader(QWidget):
    """What is done in a pane: number, words, and which image set is shown there."""

    def __init__(
        self,
        session: Session,
        number: int,
        words: str,
        items: Callable[[], tuple[ImageSet, ...]],
        title: Callable[[ImageSet], str],
    ) -> None:
        super().__init__()
        self._session, self._items, self._title = session, items, title
        self._known: Rows = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(StepBadge(number))
        row.addWidget(theme.label(words, theme.font(13, 600)))
        self.which = Choice(f"Shown in step {number}")
        self.which.setFixedHeight(24)
        self.which.chosen.connect(lambda uid: session.show(str(uid)))
        self._only = ElidedLabel("", theme.small(), tokens.TEXT_LOW)
        row.addWidget(self.which, 1)
        row.addWidget(self._only, 1)

    def refresh(self, shown_uid: str | None) -> None:
        """Follow the case: a list where there are several, else the one's name."""
        rows = tuple((self._title(item), item.uid) for item in self._items())
        if rows != self._known:
            self._known = rows
            self.which.set_options(rows)
        self.which.show_value(shown_uid)
        self._only.set_text(rows[0][0] if len(rows) == 1 else "")
        show_if(self.which, len(rows) > 1)
        show_if(self._only, len(rows) <= 1)


class AlignStage:
    """Moves the panes of the window between their places in Review and in Align."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        session = window.session
        self._session = session
        self.on = False
        self._states: dict[str, dict[str, QByteArray]] = {"review": {}, "align": {}}
        self.speed: SpeedPane | None = None
        self.strip: FrameStrip | None = None
        self._headers: dict[ImagePane, StepHeader] = {}
        session.workspace_changed.connect(self._on_workspace)
        for signal in (session.case_changed, session.cursor_changed):
            signal.connect(self._on_shown)

    def _build(self) -> None:
        """Made when Align is first opened: start-up does not wait for it."""
        from viewer.qt.align_overlays import TransducerWay
        from viewer.qt.frame_strip import FrameStrip
        from viewer.qt.speed_pane import SpeedPane

        window, session = self._window, self._session
        self.speed = SpeedPane(session)
        self.speed.focused.connect(lambda: window.set_active(window.ivus))
        self.strip = FrameStrip(session, window.loader)
        column = window.ivus.layout()
        if column is not None:
            column.addWidget(self.strip)
        window.split.addWidget(self.speed)
        way = TransducerWay(session)
        window.venogram.view.layers.insert(2, way)  # over the vein, below words
        if session.pulls is not None:
            session.pulls.changed.connect(window.venogram.repaint_layers)
        steps = (
            (window.ivus, 1, "Choose the IVUS frame", lambda: session.case.pullbacks),
            (window.venogram, 2, "Click the same place on the vein", lambda: session.case.runs),
        )
        for pane, number, words, items in steps:
            header = StepHeader(session, number, words, items, pane.title_text)
            pane.put_step_header(header)
            self._headers[pane] = header
        for icon, name, by in (("ph.caret-left", "Previous frame", -1),
                               ("ph.caret-right", "Next frame", 1)):  # fmt: skip
            button = tool_button(icon, name, 26)
            button.clicked.connect(lambda _=False, by=by: window.ivus.step(by))
            layout = self._headers[window.ivus].layout()
            if layout is not None:
                layout.addWidget(button)

    def _on_shown(self, *_: object) -> None:
        if self.on:
            cursor = self._session.cursor
            for pane, header in self._headers.items():
                ivus = pane is self._window.ivus
                header.refresh(cursor.pullback_uid if ivus else cursor.run_uid)

    def _on_workspace(self, workspace: Workspace) -> None:
        on = workspace is Workspace.ALIGN
        if on == self.on:
            return
        window = self._window
        before, after = ("review", "align") if on else ("align", "review")
        for name, splitter in (("images", window.images), ("split", window.split)):
            self._states[before][name] = splitter.saveState()
        self.on = on
        if on and self.speed is None:
            self._build()
        window.images.insertWidget(0, window.ivus if on else window.venogram)
        for pane in (window.ivus, window.venogram):
            pane.show_step_header(on)
        window.ivus.show_cine(not on)
        self.lay_out()
        states = self._states[after]
        if states:
            window.images.restoreState(states["images"])
            window.split.restoreState(states["split"])
        elif on:
            self._first_sizes()
            QTimer.singleShot(0, window, self._first_sizes)  # once what is new is laid out
        self._on_shown()

    def _first_sizes(self) -> None:
        """As the specification has them; on small screens the images come first."""
        window = self._window
        if not self.on:
            return
        window.images.setSizes(list(IMAGE_SHARES))
        height = window.split.height()
        share = HEIGHT_SHARES[1] / sum(HEIGHT_SHARES)
        below = SMALL_HEIGHT_PX if height < SMALL_PX else round(share * height)
        window.split.setSizes([height - below, 0, below])

    def lay_out(self) -> None:
        """Show what belongs to the workspace; called whenever the window is rearranged."""
        window, alone = self._window, self._window.is_maximised
        for widget in (window.rail, window.tools):
            widget.setVisible(not alone and not self.on)
        window.below.setVisible(not alone and not self.on)
        if self.speed is not None:
            self.speed.setVisible(not alone and self.on)
        if self.strip is not None:
            self.strip.setVisible(self.on and window.ivus.current_item() is not None)
            self.strip.set_small(window.height() < SMALL_PX + 100)

    def keep(self) -> dict[str, str]:
        """Splitter positions of both workspaces as text."""
        window = self._window
        now = {"images": window.images.saveState(), "split": window.split.saveState()}
        names = ("align", "review") if self.on else ("review", "align")
        found = {}
        for workspace, states in zip(names, (now, self._states[names[1]]), strict=True):
            prefix = "" if workspace == "review" else "align "
            for name, state in states.items():
                found[f"{prefix}{name}"] = bytes(state.toBase64().data()).decode("ascii")
        return found

    def restore(self, name: str, state: str) -> None:
        """Have a splitter of Align stand where it was; `name` as `keep` gave it."""
        if name.startswith("align "):
            kept = QByteArray.fromBase64(state.encode("ascii"))
            self._states["align"][name.removeprefix("align ")] = kept
