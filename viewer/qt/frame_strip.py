"""Seven small frames of the pullback around the shown one: click one to go there."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.errors import UnreadableError
from viewer.qt import theme, tokens
from viewer.qt.thumbnails import draw_thumbnail, pixmap_of
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.thumbnails import Picture, make_thumbnail

STEP, EACH_SIDE = 10, 3
KEPT = 160
"""Small pictures kept: 40 kB each."""

GAP_PX, EDGE_PX = 4.0, 8.0
MOST_PX, MOST_SMALL_PX = 84.0, 52.0
WAIT_MS = 60
"""While scrubbing, pictures are made where it pauses."""

_KEY = "frame strip"


class FrameStrip(QWidget):
    """± 10, 20 and 30 frames; what lies beyond the pullback's ends stays empty."""

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        super().__init__()
        theme.panel(self)
        self._session, self._loader = session, loader
        self._pictures: OrderedDict[tuple[str, int], QPixmap] = OrderedDict()
        self._over: int | None = None
        self._most = MOST_PX
        self.setAccessibleName("Frames around")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._soon = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._soon.timeout.connect(self._fetch)
        session.cursor_changed.connect(self._follow)
        session.case_changed.connect(self._clear)
        session.displays.changed.connect(self._clear)
        session.review_changed.connect(self._follow)

    def sizeHint(self) -> QSize:
        """As high as its pictures."""
        side = round(self._side()) + 2 * round(EDGE_PX) if self.width() > 60 else 96
        return QSize(400, side)

    def _side(self) -> float:
        count = 2 * EACH_SIDE + 1
        return min(self._most, (self.width() - 2 * EDGE_PX - (count - 1) * GAP_PX) / count)

    def set_small(self, small: bool) -> None:
        """Smaller pictures, for small screens."""
        most = MOST_SMALL_PX if small else MOST_PX
        if most != self._most:
            self._most = most
            self.resizeEvent(None)
            self.update()

    def resizeEvent(self, event: object) -> None:
        """Square pictures: height follows width."""
        self.setFixedHeight(round(self._side()) + 2 * round(EDGE_PX))

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing is made while hidden, so catch up."""
        self._soon.start()

    def frames(self) -> list[int | None]:
        """The 0-based frames shown; None beyond the ends."""
        pullback, here = self._session.pullback, self._session.cursor.pullback_frame
        if pullback is None:
            return []
        around = [here + STEP * n for n in range(-EACH_SIDE, EACH_SIDE + 1)]
        return [frame if 0 <= frame < pullback.frames else None for frame in around]

    def box(self, place: int) -> QRectF:
        """Where one picture is drawn."""
        side, count = self._side(), 2 * EACH_SIDE + 1
        left = (self.width() - count * side - (count - 1) * GAP_PX) / 2
        return QRectF(left + place * (side + GAP_PX), EDGE_PX, side, side)

    # -- pictures -----------------------------------------------------------------------------
    def _clear(self, *_: object) -> None:
        self._pictures.clear()
        self._follow()

    def _follow(self, *_: object) -> None:
        if self.isVisible():
            self.update()
            if not self._soon.isActive():
                self._soon.start()

    def _fetch(self) -> None:
        """Have what is missing made, the shown frame first."""
        pullback = self._session.pullback
        if pullback is None or not self.isVisible():
            return
        here = self._session.cursor.pullback_frame
        wanted = [f for f in self.frames() if f is not None]
        missing = [f for f in wanted if (pullback.uid, f) not in self._pictures]
        missing.sort(key=lambda frame: abs(frame - here))
        if not missing:
            return
        made: dict[int, Picture] = {}
        uid = pullback.uid

        def visit(index: int, read: Frame | UnreadableError) -> None:
            if not isinstance(read, UnreadableError):
                made[index] = make_thumbnail(pullback, read)

        def take(*_: object) -> None:
            for index in list(made):
                self._pictures[uid, index] = pixmap_of(made.pop(index))
            while len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
            self.update()

        self._loader.submit_background(_KEY, pullback, missing, visit, finished=take, progress=take)

    # -- painting -----------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """Pictures with their numbers; the shown one framed, landmarks with their pin."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pullback, rotation = self._session.pullback, self._session.rotation
        marks = {mark.frame for mark in self._session.vessel.landmarks}
        for place, frame in enumerate(self.frames()):
            if frame is None or pullback is None:
                continue
            box = self.box(place)
            picture = self._pictures.get((pullback.uid, frame))
            turn_deg = rotation.turn_at(frame) if rotation.current is not None else 0.0
            draw_thumbnail(painter, box, picture, "ph.film-strip", turn_deg=turn_deg)
            number = QRectF(box.left() + 4, box.bottom() - 18, 40, 15)
            font = theme.font(11, 600 if place == EACH_SIDE else 500)
            number.setWidth(theme.text_width(str(frame + 1), font) + 8)
            painter.fillRect(number, QColor(*tokens.SCRIM))
            painter.setFont(font)
            painter.setPen(QColor(tokens.TEXT_HI))
            painter.drawText(number, Qt.AlignmentFlag.AlignCenter, str(frame + 1))
            if frame in marks:
                pin = QRectF(box.right() - 18, box.top() + 3, 14, 14)
                theme.draw_icon(painter, pin, "caval.landmark")
            here = place == EACH_SIDE
            color = tokens.LANDMARK if here else tokens.ACCENT if place == self._over else ""
            if color:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(color), 2.0 if here else 1.2))
                painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 4, 4)

    # -- pointer ------------------------------------------------------------------------------
    def _place_at(self, x: float, y: float) -> int | None:
        frames = self.frames()
        inside = [n for n in range(len(frames)) if self.box(n).contains(x, y)]
        return inside[0] if inside and frames[inside[0]] is not None else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame under the pointer."""
        place = self._place_at(event.position().x(), event.position().y())
        frame = self.frames()[place] if place is not None else None
        if frame is not None and event.button() == Qt.MouseButton.LeftButton:
            self._session.set_pullback_frame(frame)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Frame what a click would show."""
        over = self._place_at(event.position().x(), event.position().y())
        if over != self._over:
            self._over = over
            frame = self.frames()[over] if over is not None else None
            self.setToolTip(f"Go to frame {frame + 1}" if frame is not None else "")
            self.setCursor(
                Qt.CursorShape.ArrowCursor if over is None else Qt.CursorShape.PointingHandCursor
            )
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._over = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """1 frame a notch, 10 with Shift."""
        delta = event.angleDelta()
        notches = -(delta.y() or delta.x()) / 120
        by = STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        here = self._session.cursor.pullback_frame
        self._session.set_pullback_frame(here + round(notches) * by)
        event.accept()
