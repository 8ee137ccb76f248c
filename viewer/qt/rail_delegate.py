"""How the rows of the series rail are drawn."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from viewer.qt import theme, tokens
from viewer.qt.chips import ChipLook, chip_width, draw_chip
from viewer.qt.thumbnails import EDGE, draw_thumbnail
from viewer.session.contents import Group, Row

CONTENT = Qt.ItemDataRole.UserRole
PICTURE = Qt.ItemDataRole.UserRole + 1
OPEN = Qt.ItemDataRole.UserRole + 2
_HEADER = 34
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_EMPTY_ICONS = {
    "image": "ph.film-strip",
    "held": "ph.identification-card",
    "skipped": "ph.file-x",
    "missing": "ph.file-dashed",
}
_TINTS = {"held": tokens.WARN, "skipped": tokens.ERROR, "missing": tokens.WARN}

Index = QModelIndex | QPersistentModelIndex


def badge_tone(badge: str) -> str:
    """Chip tone of a modality."""
    return {"XA": "xa", "RF": "xa", "IVUS": "ivus"}.get(badge, "neutral")


class RailDelegate(QStyledItemDelegate):
    """Draws group headings and image sets; narrow when `compact`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.compact = False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Fixed heights, so long lists lay out at once."""
        if isinstance(index.data(CONTENT), Group):
            return QSize(40, 12 if self.compact else _HEADER)
        return QSize(40, 48 if self.compact else tokens.RAIL_ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        content, box = index.data(CONTENT), QRectF(option.rect)
        painter.save()
        if isinstance(content, Group):
            self._paint_group(painter, box, content, bool(index.data(OPEN)))
        elif isinstance(content, Row):
            state: QStyle.StateFlag = option.state
            self._paint_ground(painter, box, content, state)
            picture = index.data(PICTURE)
            if self.compact:
                self._paint_small(painter, box, content, picture)
            else:
                self._paint_row(painter, box, content, picture)
        painter.restore()

    def _paint_group(self, painter: QPainter, box: QRectF, group: Group, is_open: bool) -> None:
        if self.compact:
            painter.fillRect(QRectF(box.left() + 12, box.center().y(), box.width() - 24, 1),
                             QColor(tokens.LINE2))  # fmt: skip
            return
        ink = tokens.WARN if group.held else tokens.TEXT_HI
        caret = QRectF(box.left() + 12, box.center().y() - 4, 12, 12)
        name = "ph.caret-down" if is_open else "ph.caret-right"
        theme.draw_icon(painter, caret, name, tokens.TEXT_LOW)
        time_box = box.adjusted(0, 4, -12, 0)
        painter.setFont(theme.small())
        painter.setPen(QColor(tokens.TEXT_LOW))
        painter.drawText(time_box, _RIGHT, group.time)
        width = box.width() - 30 - 12 - theme.text_width(group.time, theme.small()) - 8
        _elided(painter, QRectF(box.left() + 30, box.top() + 4, width, box.height() - 4),
                group.title, 13, 600, ink)  # fmt: skip

    def _paint_ground(
        self, painter: QPainter, box: QRectF, row: Row, state: QStyle.StateFlag
    ) -> None:
        if row.current:
            painter.fillRect(box, QColor(tokens.SELECTED))
            painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), QColor(tokens.ACCENT))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(tokens.RAISED))
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_Active:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(tokens.ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(3.5, 1.5, -2.5, -1.5), 5, 5)

    def _paint_row(self, painter: QPainter, box: QRectF, row: Row, picture: QPixmap | None) -> None:
        thumb = QRectF(box.left() + 12, box.top() + 6, EDGE, EDGE)
        draw_thumbnail(painter, thumb, picture, _EMPTY_ICONS[row.kind], _TINTS.get(row.kind, ""))
        left, top, right = thumb.right() + 10, box.top() + 6, box.right() - 10
        title_left = left
        if row.badge:
            title_left += 8 + draw_chip(
                painter, left, top, ChipLook(row.badge, badge_tone(row.badge))
            )
        line = QRectF(title_left, top, right - title_left, 18)
        _elided(painter, line, row.title, 13, 500, tokens.TEXT_HI)
        line = QRectF(left, top + 19, right - left, 15)
        _elided(
            painter, line, row.detail, 11, 400, tokens.TEXT_MID if row.current else tokens.TEXT_LOW
        )
        x = left
        for tag in row.tags:
            look = ChipLook(tag.text, tag.tone, tag.icon)
            if x + chip_width(look) > right + 6:
                break
            x += 6 + draw_chip(painter, x, top + 35, look)

    def _paint_small(
        self, painter: QPainter, box: QRectF, row: Row, picture: QPixmap | None
    ) -> None:
        edge = 42.0
        thumb = QRectF(box.center().x() - edge / 2, box.top() + 3, edge, edge)
        draw_thumbnail(painter, thumb, picture, _EMPTY_ICONS[row.kind], _TINTS.get(row.kind, ""))
        if row.badge:
            look = ChipLook(row.badge, badge_tone(row.badge))
            draw_chip(painter, thumb.left(), thumb.bottom() - 18, look)
        marks = [tag for tag in row.tags if tag.tone in ("warn", "error")]
        if marks:
            spot = QRectF(thumb.right() - 13, thumb.top() - 1, 14, 14)
            color = tokens.WARN if marks[0].tone == "warn" else tokens.ERROR
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.PANEL))
            painter.drawEllipse(spot)
            theme.draw_icon(painter, spot.adjusted(1, 1, -1, -1), marks[0].icon, color)


def _elided(
    painter: QPainter, box: QRectF, text: str, size: float, weight: int, color: str
) -> None:
    font = theme.font(size, weight)
    painter.setFont(font)
    painter.setPen(QColor(color))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    painter.drawText(box, _LEFT, shown)
