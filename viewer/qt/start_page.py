"""What is shown before a case is open: recent reviews, and the ways in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.chips import shortcut_text
from viewer.qt.drop_zone import DropZone
from viewer.qt.labels import ElidedLabel, IconView, clear_layout, push_button, show_if
from viewer.session.actions import BY_ID
from viewer.session.recovery import Recovery

_CASE = Qt.ItemDataRole.UserRole
_SIDE_WIDTH = 424
_VERTICAL = Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class RecentCase:
    """A review that was opened before: `when` is local time, `detail` its file."""

    title: str
    detail: str
    path: Path
    when: datetime
    reader: str = ""


def when_text(when: datetime, now: datetime) -> str:
    """How long ago, as people say it: "10 min ago", "Today 13:20", "Yesterday", "18 Nov"."""
    minutes = (now - when).total_seconds() / 60
    days = (now.date() - when.date()).days
    if 0 <= minutes < 1:
        return "Just now"
    if 0 <= minutes < 60:
        return f"{int(minutes)} min ago"
    if days == 0:
        return f"Today {when:%H:%M}"
    if days == 1:
        return f"Yesterday {when:%H:%M}"
    return f"{when.day} {when:%b}" if when.year == now.year else f"{when.day} {when:%b %Y}"


class _Delegate(QStyledItemDelegate):
    """One case as a card."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Card and the gap below."""
        return QSize(200, 68)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw title, detail, reader, time."""
        case: RecentCase = index.data(_CASE)
        box = QRectF(option.rect).adjusted(1, 1, -1, -9)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = tokens.ACCENT if chosen else tokens.INPUT if over else tokens.LINE
        painter.setPen(QPen(QColor(edge), 1.5 if chosen else 1))
        painter.setBrush(QColor(tokens.SELECTED if chosen else tokens.RAISED))
        painter.drawRoundedRect(box, tokens.RADIUS_CARD, tokens.RADIUS_CARD)
        disc = QRectF(box.left() + 14, box.center().y() - 16, 32, 32)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.PANEL))
        painter.drawRoundedRect(disc, 6, 6)
        theme.draw_icon(painter, disc.adjusted(8, 8, -8, -8), "ph.monitor-play", tokens.TEXT_MID)
        left, right = disc.right() + 14, box.right() - 16
        when = when_text(case.when, datetime.now().astimezone())
        painter.setFont(theme.small())
        painter.setPen(QColor(tokens.TEXT_LOW))
        end = Qt.AlignmentFlag.AlignRight | _VERTICAL
        painter.drawText(QRectF(left, box.top(), right - left, box.height()), end, when)
        room = right - left - theme.text_width(when, theme.small()) - 16
        below = " · ".join(part for part in (case.detail, case.reader) if part)
        for text, top, font, ink in (
            (case.title, 10, theme.body(600), tokens.TEXT_HI),
            (below, 31, theme.small(), tokens.TEXT_MID),
        ):
            painter.setFont(font)
            painter.setPen(QColor(ink))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, int(room))
            painter.drawText(QRectF(left, box.top() + top, room, 20), _VERTICAL, shown)
        painter.restore()


class RecoveryCard(QWidget):
    """Changes that outlived an unexpected end: keep, look, or give up.

    Parameters
    ----------
    found : Recovery
    slim : bool
        One line, where it stands above images and must leave them their room.
    """

    kept = Signal()
    discarded = Signal()

    def __init__(self, found: Recovery, *, slim: bool = False) -> None:
        super().__init__()
        name = found.review.title or found.review_path.stem
        self.setAccessibleName(f"{name} closed unexpectedly. {found.text}")
        column = QVBoxLayout(self)
        column.setContentsMargins(*((12, 4, 8, 4) if slim else (16, 14, 16, 14)))
        column.setSpacing(4 if slim else 8)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(IconView("ph.clock-counter-clockwise", tokens.WARN))
        words = f"{name} closed unexpectedly"
        if slim:
            told = ElidedLabel(f"{words}. {found.text}", theme.small())
            told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            told.setToolTip(f"{words}. {found.text}")
            heading.addWidget(told, 1)
        else:
            heading.addWidget(theme.label(words, theme.body(500), wrap=True), 1)
        column.addLayout(heading)
        if not slim:
            column.addWidget(theme.label(found.text, theme.small(), wrap=True))
        shown = [f"· {label}" for label in found.labels[-12:]]
        if len(found.labels) > len(shown):
            shown.insert(0, f"{len(found.labels) - len(shown)} earlier, then:")
        self.changes = theme.label("\n".join(shown), theme.small(), "mid", wrap=True)
        self.changes.hide()
        column.addWidget(self.changes)
        self.keep = push_button("Keep changes", "", "warn")
        self.compare = push_button("Compare", "", "flat", tip="Show what was changed")
        self.discard = push_button("Discard", "", "flat")
        self.keep.clicked.connect(self.kept)
        self.compare.clicked.connect(lambda: show_if(self.changes, self.changes.isHidden()))
        self.discard.clicked.connect(self.discarded)
        row = heading if slim else QHBoxLayout()
        for button in (self.keep, self.compare, self.discard):
            row.addWidget(button)
        if not slim:
            row.addStretch(1)
            column.addLayout(row)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card in amber."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#7A611C"), 1))
        painter.setBrush(QColor(tokens.WARN_CARD))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)


class StartPage(QWidget):
    """Recent reviews at the left, ways in at the right."""

    recent_chosen = Signal(Path)
    recovery_kept = Signal(object)
    recovery_discarded = Signal(object)

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self._actions = actions
        self.setAccessibleName("Start page")
        self.setStyleSheet(f"StartPage {{ background: {tokens.APP}; }}")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._cases(), 1)
        row.addWidget(self._side())

    def _cases(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(32, 24, 32, 0)
        column.setSpacing(4)
        column.addWidget(theme.label("Cases", theme.page_title()))
        self._count = theme.label("", theme.small(), "low")
        column.addWidget(self._count)
        column.addSpacing(12)
        self.list = QListWidget()
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setAccessibleName("Recent cases")
        self.list.setMouseTracking(True)
        self.list.setStyleSheet(f"background: {tokens.APP};")
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        column.addWidget(self.list, 1)
        self._empty = self._first_time()
        column.addWidget(self._empty, 1)
        self.set_recent([])
        return page

    def _first_time(self) -> QWidget:
        text = QWidget()
        text.setFixedWidth(440)
        column = QVBoxLayout(text)
        column.setSpacing(8)
        column.addStretch(2)
        for words, font, tone in (
            ("No case has been opened yet", theme.title(), ""),
            ("Drop a folder of DICOM images anywhere in this window, or look at the built-in "
             "case first: a synthetic left iliac vein compression.", theme.body(), "mid"),
        ):  # fmt: skip
            label = theme.label(words, font, tone, wrap=True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addSpacing(8)
        demo = _button(self._actions, "file.demo", "ph.graduation-cap", "")
        column.addWidget(demo, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        page = QWidget()
        row = QHBoxLayout(page)
        row.addStretch(1)
        row.addWidget(text)
        row.addStretch(1)
        return page

    def _side(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        column.addWidget(theme.label("Add images", theme.value()))
        zone = DropZone(
            "Drop a folder or files here",
            "Venogram and IVUS runs, a zip, a DICOMDIR or a review.\nSorted by time into "
            "procedure phases.",
            large=True,
        )
        zone.setAcceptDrops(False)
        zone.clicked.connect(self._actions["file.open"].trigger)
        column.addWidget(zone)
        pair = QHBoxLayout()
        pair.setSpacing(8)
        pair.addWidget(_button(self._actions, "file.open", "ph.folder-open", "primary"), 1)
        pair.addWidget(_button(self._actions, "file.open_folder", "ph.folders", ""), 1)
        column.addLayout(pair)
        column.addWidget(_button(self._actions, "file.demo", "ph.graduation-cap", ""))
        column.addStretch(1)
        self._recoveries = QVBoxLayout()
        self._recoveries.setSpacing(8)
        column.addLayout(self._recoveries)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        side = theme.panel(QWidget())
        side.setFixedWidth(_SIDE_WIDTH)
        whole = QVBoxLayout(side)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        return side

    def set_recent(self, cases: Sequence[RecentCase]) -> None:
        """List what was opened before, newest first."""
        self.list.clear()
        for case in cases:
            item = QListWidgetItem()
            item.setData(_CASE, case)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{case.title}, {case.detail}")
            item.setToolTip(str(case.path))
            self.list.addItem(item)
        count = len(cases)
        self._count.setText(
            f"{count} review{'' if count == 1 else 's'} on this computer, last opened first"
        )
        show_if(self._count, bool(cases))
        show_if(self.list, bool(cases))
        show_if(self._empty, not cases)

    def set_recoveries(self, found: Sequence[Recovery]) -> None:
        """Offer what a crash left behind."""
        clear_layout(self._recoveries)
        for recovery in found:
            card = RecoveryCard(recovery)
            card.kept.connect(lambda of=recovery: self.recovery_kept.emit(of))
            card.discarded.connect(lambda of=recovery: self.recovery_discarded.emit(of))
            self._recoveries.addWidget(card)

    @property
    def recovery_cards(self) -> list[RecoveryCard]:
        """The offers that are shown."""
        found = (self._recoveries.itemAt(n) for n in range(self._recoveries.count()))
        widgets = (item.widget() for item in found if item is not None)
        return [widget for widget in widgets if isinstance(widget, RecoveryCard)]

    def _choose(self, item: QListWidgetItem) -> None:
        self.recent_chosen.emit(item.data(_CASE).path)


def _button(actions: Mapping[str, QAction], action_id: str, icon: str, look: str) -> QPushButton:
    row = BY_ID[action_id]
    button = push_button(row.text.rstrip("…"), icon, look, is_small=False)
    keys = shortcut_text(row.shortcuts[0]) if row.shortcuts else ""
    button.setToolTip(f"{row.tip}  ({keys})" if keys else row.tip)
    button.clicked.connect(actions[action_id].trigger)
    return button
