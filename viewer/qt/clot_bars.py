"""How full a clot is, cm by cm: bars a reader pulls up and down."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.model.annotation import SegmentKind
from viewer.qt import theme, tokens
from viewer.qt.focus_ring import RINGED
from viewer.session.clot_cards import Shares
from viewer.session.session import Session

HEIGHT, FOOT, TOP = 84, 16.0, 14.0
STEP = 0.05


class ClotBars(QWidget):
    """Drag over the bars, or Left, Right to choose and Up, Down to change by 5 %."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._id = ""
        self._shares: Shares | None = None
        self._filled: list[float | None] = []
        self._chosen = 0
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)
        self.setAccessibleName("How full the clot is, cm by cm")

    def show_shares(self, segment_id: str, shares: Shares | None) -> None:
        """Show the pieces of a clot; a drag that is under way goes on as it is."""
        if self._session.in_gesture and segment_id == self._id:
            return
        self._id, self._shares = segment_id, shares
        self._filled = list(shares.filled) if shares is not None else []
        self._chosen = min(self._chosen, max(0, len(self._filled) - 1))
        told = "Drag a bar to say how much of the lumen is filled there"
        if shares is not None and not shares.by_hand:
            told = "Lumen and flow borders tell how full it is: edit those to change it"
        self.setToolTip(f"{told}\nFrom {shares.source}" if shares is not None else told)
        self.update()

    @property
    def filled(self) -> tuple[float | None, ...]:
        """What the bars show, from the centre to the periphery."""
        return tuple(self._filled)

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(200, HEIGHT)

    # -- geometry -----------------------------------------------------------------------------
    def bar_box(self, piece: int) -> QRectF:
        """Room of one bar, filled or not."""
        room = self.width() / max(1, len(self._filled))
        gap = 2.0 if room > 6 else 0.5
        return QRectF(piece * room + gap / 2, TOP, room - gap, self.height() - TOP - FOOT)

    def _piece_at(self, at: QPointF) -> int:
        room = self.width() / max(1, len(self._filled))
        return max(0, min(int(at.x() / room), len(self._filled) - 1))

    # -- painting -----------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """A bar for every cm, its % above where there is room, ends along the vein below."""
        painter = QPainter(self)
        painter.setFont(theme.font(10.5))
        for piece, share in enumerate(self._filled):
            box = self.bar_box(piece)
            painter.fillRect(box, QColor(tokens.RAISED))
            if share is None:
                painter.setPen(QPen(QColor(tokens.TEXT_LOW), 1.0, Qt.PenStyle.DashLine))
                painter.drawRect(box)
            else:
                full = QRectF(box)
                full.setTop(box.bottom() - share * box.height())
                ground = QColor(tokens.SEGMENT_COLORS[SegmentKind.CLOT])
                ground.setAlphaF(0.35)
                painter.fillRect(full, ground)
                painter.fillRect(full, theme.segment_brush(SegmentKind.CLOT))
            if piece == self._chosen and self.hasFocus():
                painter.setPen(QPen(QColor(tokens.ACCENT), 1.6))
                painter.drawRect(box)
            if box.width() >= 22:
                painter.setPen(QColor(tokens.TEXT_MID))
                text = "–" if share is None else f"{100 * share:.0f}"
                spot = QRectF(box.left() - 4, 0, box.width() + 8, TOP)
                painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, text)
        self._paint_ends(painter)

    def _paint_ends(self, painter: QPainter) -> None:
        if self._shares is None or not self._filled:
            return
        low, high = self._shares.ends_mm[0][0], self._shares.ends_mm[-1][1]
        painter.setPen(QColor(tokens.TEXT_LOW))
        foot = QRectF(0, self.height() - FOOT + 2, self.width(), FOOT - 2)
        for value, side in ((low, Qt.AlignmentFlag.AlignLeft), (high, Qt.AlignmentFlag.AlignRight)):
            painter.drawText(foot, side, f"{value:.0f} mm".replace("-", "−"))
        middle = "% of the lumen, each cm" + ("" if self._shares.by_hand else " · from borders")
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, middle)

    # -- changing -----------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a bar."""
        if event.button() != Qt.MouseButton.LeftButton or not self._editable:
            return
        self._session.begin("Set how full a clot is")
        self._set_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pull it, and those the pointer passes."""
        if event.buttons() & Qt.MouseButton.LeftButton and self._session.in_gesture:
            self._set_at(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """One step of undo."""
        if event.button() == Qt.MouseButton.LeftButton and self._session.in_gesture:
            segment = self._session.review.segment(self._id)
            self._session.commit(f"{segment.name}: fullness set" if segment is not None else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose a bar, change it."""
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            self._chosen = max(0, min(self._chosen + step, len(self._filled) - 1))
            self.update()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._editable:
            now = self._filled[self._chosen] or 0.0
            self._set(self._chosen, now + (STEP if key == Qt.Key.Key_Up else -STEP))
        else:
            super().keyPressEvent(event)

    @property
    def _editable(self) -> bool:
        return self._shares is not None and self._shares.by_hand and bool(self._filled)

    def _set_at(self, at: QPointF) -> None:
        box = self.bar_box(self._piece_at(at))
        self._set(self._piece_at(at), (box.bottom() - at.y()) / box.height())

    def _set(self, piece: int, share: float) -> None:
        if self._shares is None:
            return
        share = min(1.0, max(0.0, share))
        self._chosen = piece
        self._filled = [share if one is None else one for one in self._filled]
        self._filled[piece] = share
        self._session.treatments.set_share(self._id, self._shares, piece, share)
        self.update()
