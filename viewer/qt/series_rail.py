"""The rail at the left: what is in the case, grouped by phase."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.model.case import Phase
from viewer.model.study import Role
from viewer.qt import theme, tokens
from viewer.qt.contents_tree import ContentsTree
from viewer.qt.drop_zone import DropZone
from viewer.qt.key_images import KeyImages
from viewer.qt.labels import show_if, tool_button
from viewer.qt.rail_delegate import CONTENT, OPEN, PICTURE, RailDelegate
from viewer.qt.thumbnails import pixmap_of
from viewer.session.contents import Group, Row, groups
from viewer.session.phases import NUMBERED
from viewer.session.session import Session

MOST_NUMBERS = 9
"""Passes or stents the menu offers; more are told by the description or the order."""


class SeriesRail(QWidget):
    """List of contents, key images, a place to drop more images."""

    add_requested = Signal()
    files_dropped = Signal(list)
    leave_out_requested = Signal()
    new_case_requested = Signal()
    add_anyway_requested = Signal()
    key_picture_wanted = Signal(str, int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self._pictures: dict[str, QPixmap] = {}
        self._groups: tuple[Group, ...] = ()
        self._seen: tuple[object, ...] = ()
        self._shut: set[str] = set()
        self._compact = False
        self.setAccessibleName("Case rail")
        self.setFixedWidth(tokens.RAIL_WIDTH)
        self._title = theme.label("Case contents", theme.body(500))
        self._add = tool_button("ph.plus", "Add images…  (Ctrl Shift A)")
        self._add.clicked.connect(self.add_requested)
        self.tree = ContentsTree()
        self._delegate = RailDelegate(self.tree)
        self.tree.setItemDelegate(self._delegate)
        self.key_images = KeyImages(session)
        self.drop_zone = DropZone("Add images, or drop files here")
        self._rule = theme.rule()
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setContentsMargins(12, 4, 8, 4)
        heading.addWidget(self._title)
        heading.addStretch(1)
        heading.addWidget(self._add)
        self._heading = heading
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 8, 12, 12)
        foot.addWidget(self.drop_zone)
        self._foot = foot
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(heading)
        column.addWidget(self.tree, 1)
        column.addWidget(self._rule)
        column.addWidget(self.key_images)
        column.addLayout(foot)

    def _connect(self) -> None:
        session = self._session
        for signal in (session.case_changed, session.review_changed, session.link_changed):
            signal.connect(self.refresh)
        session.cursor_changed.connect(self._follow_cursor)
        self._shown = (session.cursor.run_uid, session.cursor.pullback_uid)
        self.tree.itemClicked.connect(self._click)
        self.tree.itemActivated.connect(self._activate)
        self.tree.customContextMenuRequested.connect(self._open_menu)
        self.tree.phase_dropped.connect(self._set_phase)
        self.drop_zone.clicked.connect(self.add_requested)
        self.drop_zone.files_dropped.connect(self.files_dropped)
        self.key_images.wanted.connect(self.key_picture_wanted)

    # -- what is shown ------------------------------------------------------------------------
    def refresh(self) -> None:
        """Follow the session; nothing is built again when the list would read the same."""
        session, review = self._session, self._session.review
        seen: tuple[object, ...] = (
            id(session.case), review.images, review.bookmarks, review.coregistrations,
            review.phases, review.rates, review.centerlines, review.clot_checked, self._shown,
        )  # fmt: skip
        if seen == self._seen:
            return
        self._seen = seen
        now = groups(session)
        if now == self._groups:
            return
        same_rows = [[r.uid for r in g.rows] for g in now] == [
            [r.uid for r in g.rows] for g in self._groups
        ]
        self._groups = now
        if same_rows:
            self._update_rows()
        else:
            self._build()
        show_if(self._rule, not self.key_images.isHidden() and not self._compact)

    def _update_rows(self) -> None:
        tops = _children(self.tree.invisibleRootItem())
        for top, group in zip(tops, self._groups, strict=True):
            top.setData(0, CONTENT, group)
            for child, row in zip(_children(top), group.rows, strict=True):
                self._fill(child, row)

    def _build(self) -> None:
        kept = self._current_uid()
        self.tree.clear()
        for group in self._groups:
            top = QTreeWidgetItem()
            top.setData(0, CONTENT, group)
            top.setData(0, Qt.ItemDataRole.AccessibleTextRole, group.title)
            top.setToolTip(0, f"{group.title}  {group.time}".strip())
            top.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsDropEnabled)
            self.tree.addTopLevelItem(top)
            for row in group.rows:
                child = QTreeWidgetItem(top)
                self._fill(child, row)
                if row.uid == kept:
                    self.tree.setCurrentItem(child)
            top.setExpanded(group.title not in self._shut)
            top.setData(0, OPEN, top.isExpanded())

    def _fill(self, item: QTreeWidgetItem, row: Row) -> None:
        item.setData(0, CONTENT, row)
        item.setData(0, PICTURE, self._pictures.get(row.uid))
        tags = ", ".join(tag.text for tag in row.tags)
        spoken = f"{row.badge} {row.title}, {row.detail}" + (f", {tags}" if tags else "")
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, spoken)
        item.setToolTip(0, "\n".join(line for line in (row.title, row.detail, row.hint) if line))
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if row.kind == "image":
            flags |= Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemIsDropEnabled
        item.setFlags(flags)

    def set_thumbnail(self, uid: str, shown: NDArray[np.uint8]) -> None:
        """Give an image set its thumbnail: shown values, (rows, columns) or (rows, columns, 3)."""
        self._pictures[uid] = pixmap_of(shown)
        for top in _children(self.tree.invisibleRootItem()):
            for child in _children(top):
                if child.data(0, CONTENT).uid == uid:
                    child.setData(0, PICTURE, self._pictures[uid])

    def set_key_thumbnail(self, uid: str, frame: int, shown: NDArray[np.uint8]) -> None:
        """Give a key frame its thumbnail."""
        self.key_images.set_picture(uid, frame, shown)

    def set_compact(self, compact: bool) -> None:
        """52 px: thumbnails with badges."""
        self._compact = self._delegate.compact = compact
        self.setFixedWidth(tokens.RAIL_WIDTH_COMPACT if compact else tokens.RAIL_WIDTH)
        self._title.setVisible(not compact)
        self._heading.setContentsMargins(*((12, 6, 12, 2) if compact else (12, 4, 8, 4)))
        self._foot.setContentsMargins(*((8, 8, 8, 8) if compact else (12, 8, 12, 12)))
        self.key_images.setHidden(compact or not self._session.review.bookmarks)
        self.drop_zone.set_compact(compact)
        self.tree.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            if compact
            else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        )
        self.tree.doItemsLayout()

    def _follow_cursor(self) -> None:
        shown = (self._session.cursor.run_uid, self._session.cursor.pullback_uid)
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    # -- gestures -----------------------------------------------------------------------------
    def _current_uid(self) -> str:
        item = self.tree.currentItem()
        content = item.data(0, CONTENT) if item is not None else None
        return content.uid if isinstance(content, Row) else ""

    def _click(self, item: QTreeWidgetItem) -> None:
        content = item.data(0, CONTENT)
        if isinstance(content, Group):
            item.setExpanded(not item.isExpanded())
            (self._shut.discard if item.isExpanded() else self._shut.add)(content.title)
        else:
            self._activate(item)

    def _activate(self, item: QTreeWidgetItem) -> None:
        content = item.data(0, CONTENT)
        if isinstance(content, Row) and content.kind == "image":
            self._session.show(content.uid)

    def _set_phase(self, uid: str, phase: Phase) -> None:
        if self._session.phases.get(uid) is not phase:
            self._session.set_phase(uid, phase)

    def _add_numbers(self, menu: QMenu, uid: str) -> None:
        """Which pass or stent it shows, for phases that are counted."""
        session = self._session
        phase = session.phases.get(uid)
        if phase not in NUMBERED:
            return
        numbers, now = menu.addMenu(f"{phase.value} number"), session.phase_numbers[uid]
        for number in range(1, MOST_NUMBERS + 1):
            action = numbers.addAction(str(number))
            action.setCheckable(True)
            action.setChecked(number == now)
            action.triggered.connect(
                lambda _on, to=number, phase=phase: session.set_phase(uid, phase, to)
            )

    def _add_clot(self, menu: QMenu, uid: str) -> None:
        """Whether it was looked through for clot: no mark then means no clot."""
        checked = uid in self._session.review.clot_checked
        action = menu.addAction("Looked through for clot")
        action.setCheckable(True)
        action.setChecked(checked)
        action.triggered.connect(lambda on: self._session.set_clot_checked(uid, on))

    def menu_for(self, row: Row) -> QMenu:
        """The menu of a row."""
        menu = QMenu(self)
        if row.kind == "image":
            menu.addAction("Show", lambda: self._session.show(row.uid))
            for role, word in ((Role.VENOGRAM, "venogram"), (Role.PULLBACK, "IVUS pullback")):
                take = partial(self._session.take_as, row.uid, role)
                menu.addAction(f"Show as {word}", take)
            phases = menu.addMenu("Phase")
            for phase in Phase:
                action = phases.addAction(phase.value)
                action.setCheckable(True)
                action.setChecked(self._session.phases.get(row.uid) is phase)
                action.triggered.connect(lambda _on, to=phase: self._set_phase(row.uid, to))
            self._add_numbers(menu, row.uid)
            self._add_clot(menu, row.uid)
        elif row.kind == "held":
            menu.addAction("Leave them out", self.leave_out_requested.emit)
            menu.addAction("Make a new case", self.new_case_requested.emit)
            menu.addAction("Add anyway…", self.add_anyway_requested.emit)
        elif row.kind == "missing":
            menu.addAction("Add images…", self.add_requested.emit)
        return menu

    def _open_menu(self, where: QPoint) -> None:
        item = self.tree.itemAt(where)
        row = item.data(0, CONTENT) if item is not None else None
        if isinstance(row, Row):
            menu = self.menu_for(row)
            if not menu.isEmpty():
                menu.exec(self.tree.viewport().mapToGlobal(where))
            menu.deleteLater()


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    return [child for n in range(item.childCount()) if (child := item.child(n)) is not None]
