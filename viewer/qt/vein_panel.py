"""The veins of the shown run: choose one to draw on, name it, tie the pullback to it, delete it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.labels import (
    ElidedLabel,
    IconView,
    clear_layout,
    push_button,
    section_title,
    show_if,
    tool_button,
)
from viewer.session.session import Session
from viewer.session.vein_facts import VEIN_NAMES, VeinFact, vein_facts

ROW_HEIGHT = 40


class VeinRow(QWidget):
    """One vein: a click chooses it; the link ties the pullback; the dots open its menu."""

    chosen = Signal(str)
    tied = Signal(str)
    renamed = Signal(str)
    menu_wanted = Signal(str, QPoint)

    def __init__(self, line_id: str) -> None:
        super().__init__()
        self._id = line_id
        self.setObjectName("VeinRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(ROW_HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(11, 0, 8, 0)
        row.setSpacing(8)
        self._icon = IconView("ph.path")
        self._name = ElidedLabel("", theme.small(500), tokens.TEXT_HI)
        self._detail = ElidedLabel("", theme.caption(), tokens.TEXT_LOW)
        row.addWidget(self._icon)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.setContentsMargins(0, 3, 0, 3)
        words.addWidget(self._name)
        words.addWidget(self._detail)
        row.addLayout(words, 1)
        self.link = tool_button("ph.link-simple", "Tie the pullback", 28)
        self.link.setCheckable(True)
        self.link.clicked.connect(self._tie)
        self._tied = False
        self.more = tool_button("ph.dots-three", "More", 28)
        self.more.clicked.connect(self._open_menu)
        row.addWidget(self.link)
        row.addWidget(self.more)

    def show_fact(self, fact: VeinFact, *, can_tie: bool) -> None:
        """Show what is known of the vein."""
        back = tokens.SELECTED if fact.chosen else "transparent"
        edge = tokens.ACCENT if fact.chosen else "transparent"
        self.setStyleSheet(
            f"#VeinRow {{ background: {back}; border-left: 3px solid {edge}; }}"
            f"#VeinRow:hover {{ background: {tokens.SELECTED if fact.chosen else tokens.RAISED}; }}"
        )
        self.setAccessibleName(f"{fact.name}, {fact.detail}")
        self.setToolTip(f"{fact.name}: {fact.detail}\nClick to draw on it; double click to name it")
        icon = ("ph.warning-fill", tokens.WARN) if fact.unchecked else ("ph.path", tokens.TEXT_MID)
        self._icon.show_as(*icon)
        self._name.set_text(fact.name)
        self._detail.set_text(fact.detail)
        self._tied = fact.tied
        self.link.setChecked(fact.tied)
        tip = "The pullback's frames lie on this vein" if fact.tied else "Tie the pullback to it"
        self.link.setToolTip(tip)
        self.link.setAccessibleName(f"{tip}: {fact.name}")
        self.more.setAccessibleName(f"More for {fact.name}")
        show_if(self.link, can_tie)

    def _tie(self) -> None:
        self.link.setChecked(self._tied)  # the session says when it is
        self.tied.emit(self._id)

    def _open_menu(self) -> None:
        where = self.more.mapToGlobal(QPoint(0, self.more.height()))
        self.menu_wanted.emit(self._id, where)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose it; the right button opens its menu."""
        if event.button() == Qt.MouseButton.RightButton:
            self.menu_wanted.emit(self._id, event.globalPosition().toPoint())
        else:
            self.chosen.emit(self._id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Give it another name."""
        self.renamed.emit(self._id)


class VeinPanel(QWidget):
    """Every vein of the shown run, and a button for another."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._known: tuple[object, ...] = ()
        self.rows: dict[str, VeinRow] = {}
        self.setAccessibleName("Veins")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 8)
        column.setSpacing(4)
        heading = QHBoxLayout()
        heading.setContentsMargins(16, 0, 12, 0)
        heading.addWidget(section_title("Veins"), 1)
        self.another = push_button("Another", "ph.plus", tip="Draw another vein  (Shift B)")
        self.another.clicked.connect(session.vessel.begin_new)
        heading.addWidget(self.another)
        column.addLayout(heading)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        column.addLayout(self._list)
        session.pending_changed.connect(self._follow)
        self.refresh()

    def _follow(self) -> None:
        if self.isVisible():
            self.refresh()

    @property
    def anything(self) -> bool:
        """Whether the shown run has a vein."""
        return bool(self._session.vessel.lines)

    def refresh(self) -> None:
        """Follow the session."""
        session = self._session
        facts, can_tie = vein_facts(session), session.pullback is not None
        if (facts, can_tie) == self._known:
            return
        self._known = facts, can_tie
        ids = [fact.id for fact in facts]
        if ids != list(self.rows):
            clear_layout(self._list)
            self.rows = {line_id: self._row(line_id) for line_id in ids}
        for fact in facts:
            self.rows[fact.id].show_fact(fact, can_tie=can_tie)

    def _row(self, line_id: str) -> VeinRow:
        row = VeinRow(line_id)
        row.chosen.connect(self._session.vessel.pick)
        row.tied.connect(self._tie)
        row.renamed.connect(self._rename)
        row.menu_wanted.connect(self._open_menu)
        self._list.addWidget(row)
        return row

    def _tie(self, line_id: str) -> None:
        self._session.vessel.pick(line_id)
        self._session.vessel.tie_pullback()

    def _rename(self, line_id: str) -> None:
        line = self._session.review.centerline(line_id)
        if line is None:
            return
        name, given = QInputDialog.getText(self, "Name the vein", "Name", text=line.name)
        if given:
            self._name(line_id, name)

    def _name(self, line_id: str, name: str) -> None:
        self._session.vessel.pick(line_id)
        self._session.vessel.name_centerline(name)

    def menu_for(self, line_id: str) -> QMenu:
        """What can be done with one vein."""
        menu, vessel = QMenu(self), self._session.vessel
        line = self._session.review.centerline(line_id)
        if line is None:
            return menu
        vessel.pick(line_id)
        names = menu.addMenu("Name")
        for name in VEIN_NAMES:
            names.addAction(name, partial(self._name, line_id, name))
        names.addAction("Another name…", lambda: self._rename(line_id))
        tie = menu.addAction("Tie pullback to it", lambda: self._tie(line_id))
        now = self._session.current_centerline
        can_tie = self._session.pullback is not None and now is not None and now.id != line_id
        tie.setEnabled(can_tie)
        menu.addAction("Swap its ends", vessel.reverse_centerline)
        menu.addAction("Copy to other runs", vessel.copy_to_others)
        if line.unchecked:
            menu.addAction("Accept: it was checked", vessel.accept_centerline)
        menu.addSeparator()
        menu.addAction("Delete", vessel.remove_centerline)
        return menu

    def _open_menu(self, line_id: str, where: QPoint) -> None:
        menu = self.menu_for(line_id)
        if not menu.isEmpty():
            menu.exec(where)
        menu.deleteLater()
