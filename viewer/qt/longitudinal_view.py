"""The panel under both images: the pullback along the vein, on one axis with everything marked."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from viewer.errors import UnreadableError
from viewer.model.study import Pullback
from viewer.qt import theme, tokens
from viewer.qt.labels import show_if
from viewer.qt.longitudinal_canvas import LongitudinalCanvas
from viewer.qt.lumen_graph_paint import Shown
from viewer.qt.lumen_table_dialog import LumenTableDialog
from viewer.qt.main_thread import when_idle
from viewer.session.frame_loader import FrameLoader
from viewer.session.long_view import LongView
from viewer.session.session import Session

CUT_STEP_DEG = 5.0
AXIS_ACTIONS = ("axis.vein", "axis.frames", "axis.time")
AXIS_WORDS = ("mm", "Frames", "Time")


class LongitudinalView(QWidget):
    """Header and canvas; builds the long view of the shown pullback in the background."""

    def __init__(
        self,
        session: Session,
        loader: FrameLoader,
        actions: dict[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._loader = loader
        self._of: str | None = None
        self.table: LumenTableDialog | None = None
        self.canvas = LongitudinalCanvas(session, self)
        self.canvas.turned.connect(self.turn_cut)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header(actions))
        column.addWidget(self.canvas, 1)
        theme.panel(self)
        session.case_changed.connect(self.refresh)
        session.review_changed.connect(self.refresh)
        session.link_changed.connect(self.refresh)
        session.axis_changed.connect(self.refresh)
        session.selection_changed.connect(self.refresh)
        session.layers_changed.connect(self.refresh)
        session.cursor_changed.connect(self._on_cursor)
        if session.figures is not None:
            session.figures.changed.connect(self._on_figures)

    def _header(self, actions: dict[str, QAction]) -> QWidget:
        header = QWidget(self)
        header.setFixedHeight(tokens.HEADER_HEIGHT)
        row = QHBoxLayout(header)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        self._title = QLabel("Along the vein", header)
        self._title.setFont(theme.font(13, 600))
        self._row = row
        self._subtitle = QLabel(header)
        self._subtitle.setFont(theme.font(12))
        self._subtitle.setStyleSheet(f"color:{tokens.TEXT_LOW};")
        row.addWidget(self._title)
        row.addWidget(self._subtitle, 1)
        self._add_curves(row, header)
        self.table_button = _text_button(actions["graph.table"], "Table", header)
        row.addWidget(self.table_button)
        for action_id, word in zip(AXIS_ACTIONS, AXIS_WORDS, strict=True):
            row.addWidget(_text_button(actions[action_id], word, header))
        row.addSpacing(8)
        row.addWidget(_text_button(actions["cut.left"], "−", header))
        self._cut = QLabel(header)
        self._cut.setFont(theme.font(12))
        self._cut.setToolTip("Direction of the long view's cut; Alt+wheel turns it")
        row.addWidget(self._cut)
        row.addWidget(_text_button(actions["cut.right"], "+", header))
        self._show_cut()
        return header

    def _add_curves(self, row: QHBoxLayout, header: QWidget) -> None:
        """Switches of the lumen's curves; shown once there is a lumen."""
        self.switches: dict[str, QToolButton] = {}
        words = (
            ("area", "Area", "Area of the lumen; dotted where nobody accepted the border"),
            ("minimum", "Min ⌀", "Smallest diameter of the lumen, right scale"),
            (
                "maximum",
                "Max ⌀, aspect",
                "Largest diameter, right scale; how flat it is",
            ),
            ("gated", "Gated", "One frame a breath or beat, all at the same moment of it"),
            ("pull", "Pull, ±", "Speed of the pull and ± of the position instead"),
        )
        for name, text, tip in words:
            button = QToolButton(header)
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(text)
            button.setFixedHeight(24)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self._choose_curves)
            self.switches[name] = button
            row.addWidget(button)
        for name in ("area", "minimum"):
            self.switches[name].setChecked(True)
        row.addSpacing(8)

    def _choose_curves(self) -> None:
        on = {name: button.isChecked() for name, button in self.switches.items()}
        self.canvas.shows_lumen = not on["pull"]
        self.canvas.curves = Shown(on["area"], on["minimum"], on["maximum"], on["gated"])
        self._show_switches()
        self.canvas.refresh()

    def _show_switches(self) -> None:
        lumen = self.canvas.has_lumen
        show_if(self.table_button, lumen)
        for name, button in self.switches.items():
            show_if(button, lumen)
            button.setEnabled(name == "pull" or not self.switches["pull"].isChecked())
        self._show_gate()

    def _show_gate(self) -> None:
        """Say at how many a minute, or why nothing can be gated."""
        work, button = self._session.figures, self.switches["gated"]
        figures = work.figures if work is not None and self.canvas.has_lumen else None
        graph = figures.graph if figures is not None else None
        show_if(button, graph is not None)
        if graph is None:
            return
        if isinstance(graph.gate, str):
            button.setEnabled(False)
            button.setToolTip(f"Can't be gated: {graph.gate}")
        else:
            button.setToolTip(f"One frame a breath or beat: {graph.gate.text}")

    def _on_figures(self) -> None:
        self._show_switches()
        self.canvas.refresh()

    def show_table(self) -> None:
        """Show the graph as a table beside the window."""
        if self.table is None:
            self.table = LumenTableDialog(self._session, self)
        self.table.show()
        self.table.raise_()
        self.table.activateWindow()

    def put_tabs(self, tabs: QWidget) -> None:
        """Put tabs in the place of the title."""
        self._title.hide()
        self._row.setContentsMargins(8, 0, 12, 0)
        self._row.insertWidget(0, tabs)

    @property
    def cut_angle_deg(self) -> float:
        """Direction of the cut's upper half, deg, clockwise from +x."""
        return self.canvas.cut_angle_deg

    def turn_cut(self, steps: int) -> None:
        """Turn the cut by steps of 5°."""
        angle = self.canvas.cut_angle_deg + CUT_STEP_DEG * steps
        self.canvas.cut_angle_deg = (angle + 180.0) % 360.0 - 180.0
        self._show_cut()
        self.canvas.refresh()

    def _show_cut(self) -> None:
        self._cut.setText(self._session.rotation.cut_words(self.canvas.cut_angle_deg))

    def refresh(self, *_: object) -> None:
        """Draw again; start on another pullback's long view when that is shown now."""
        self._follow_pullback()
        axis = self._session.placing.axis()
        self._subtitle.setText(axis.title if axis else "")
        self._show_cut()
        self._show_switches()
        self.canvas.refresh()

    def _on_cursor(self, *_: object) -> None:
        if self._session.cursor.pullback_uid != self._of:
            self.refresh()
        else:
            self.canvas.update()

    def _follow_pullback(self) -> None:
        pullback = self._session.pullback
        uid = pullback.uid if pullback else None
        if uid == self._of:
            return
        self._of = uid
        if self.canvas.long_view is not None:
            self.canvas.long_view.close()
        self.canvas.long_view = None
        if pullback is not None and pullback.frames > 1:
            self._build(pullback)

    def _build(self, pullback: Pullback) -> None:
        view = LongView(self._loader, pullback, to_grey=self._session.displays.grey_maker(pullback))
        self.canvas.long_view = view

        def finished(error: UnreadableError | None) -> None:
            if error is not None:
                self._session.notify("The long view could not be built", str(error))
            elif self._session.pulls is not None:
                self._session.pulls.take_stack(view)
            self.canvas.refresh()

        def start() -> None:
            if self.canvas.long_view is view:
                turn = self._session.rotation.turn_at(0)
                angle_deg = self.canvas.cut_angle_deg - turn
                view.start(lambda done, total: self.canvas.refresh(), finished, angle_deg=angle_deg)

        when_idle(self, lambda: self._loader.is_waited_for, start)  # first images come first


def _text_button(action: QAction, word: str, parent: QWidget) -> QToolButton:
    """A small button with a word of its own that does what an action does."""
    button = QToolButton(parent)
    button.setText(word)
    button.setFixedHeight(24)
    button.setMinimumWidth(28)
    button.setCheckable(action.isCheckable())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(action.trigger)

    def follow() -> None:
        button.setChecked(action.isChecked())
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())

    action.changed.connect(follow)
    follow()
    return button
