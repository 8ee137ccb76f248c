"""A place to drop files on, or to click to choose them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from viewer.qt import theme, tokens


def dropped_paths(data: QMimeData) -> list[Path]:
    """Files and folders of this computer in what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


class DropZone(QAbstractButton):
    """Dashed box: click, Enter or drop.

    Parameters
    ----------
    text : str
        What to do, one line.
    hint : str
        More lines below, for the large form.
    large : bool
        The form of the start page, with the icon in a disc.
    """

    files_dropped = Signal(list)

    def __init__(self, text: str, hint: str = "", *, large: bool = False) -> None:
        super().__init__()
        self.setText(text)
        self._hint, self._large, self._over, self._compact = hint, large, False, False
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{text}. {hint}".strip())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(226 if large else 76)

    def set_compact(self, compact: bool) -> None:
        """Only a small square with the icon."""
        self._compact = compact
        self.setFixedHeight(36 if compact else 76)
        self.setToolTip(self.text() if compact else "")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files of this computer are welcome."""
        if dropped_paths(event.mimeData()):
            self._set_over(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went on."""
        self._set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """They are here."""
        self._set_over(False)
        event.acceptProposedAction()
        self.files_dropped.emit(dropped_paths(event.mimeData()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is a click."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def _set_over(self, over: bool) -> None:
        self._over = over
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw box, icon and words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self._over or self.underMouse()
        edge = tokens.ACCENT if self._over or self._large else tokens.INPUT
        pen = QPen(QColor(tokens.TEXT_LOW if lit and not self._large else edge), 1)
        if self._large:
            pen = QPen(QColor("#8088EE" if not self._over else tokens.ACCENT), 2)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        ground = "#20264A" if self._over else "#171B33" if self._large else tokens.PANEL
        painter.setBrush(QColor(tokens.RAISED if lit and not self._large else ground))
        inset = pen.widthF() / 2
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, tokens.RADIUS_CARD, tokens.RADIUS_CARD)
        (self._paint_large if self._large else self._paint_small)(painter)

    def _paint_small(self, painter: QPainter) -> None:
        middle = self.width() / 2
        if self._compact:
            icon = QRectF(middle - 8, self.height() / 2 - 8, 16, 16)
            theme.draw_icon(painter, icon, "ph.folder-plus", tokens.TEXT_MID)
            return
        theme.draw_icon(painter, QRectF(middle - 9, 17, 18, 18), "ph.folder-plus", tokens.TEXT_MID)
        painter.setFont(theme.small())
        painter.setPen(QColor(tokens.TEXT_MID))
        painter.drawText(QRectF(0, 40, self.width(), 20), Qt.AlignmentFlag.AlignCenter, self.text())

    def _paint_large(self, painter: QPainter) -> None:
        middle, top = self.width() / 2, self.height() / 2 - 66
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#2A2F63"))
        painter.drawEllipse(QRectF(middle - 28, top, 56, 56))
        icon = QRectF(middle - 13, top + 15, 26, 26)
        theme.draw_icon(painter, icon, "ph.download-simple", tokens.TEXT_HI)
        painter.setFont(theme.title())
        painter.setPen(QColor(tokens.TEXT_HI))
        line = QRectF(0, top + 66, self.width(), 24)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self.text())
        painter.setFont(theme.small())
        painter.setPen(QColor(tokens.TEXT_MID))
        rest = QRectF(16, top + 94, self.width() - 32, 44)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(rest, int(flags | Qt.TextFlag.TextWordWrap), self._hint)
