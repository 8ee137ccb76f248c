"""What is drawn over a run for its contrast: what is under way, and the colours of times."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPen

from viewer.model.study import Run
from viewer.qt import paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.qt.paint import Text
from viewer.session.contrast_views import ContrastViews, Legend
from viewer.session.session import Session
from viewer.session.state import Layers

BAR_WIDTH_PX, BAR_SHARE, BAR_MOST_PX = 12.0, 0.42, 240.0
FROM_BOTTOM_PX = 84.0
"""Clear of the three lines in the corner."""


class ContrastPill:
    """Says at the bottom centre what is under way, or that arrow keys move the mask."""

    def __init__(self, contrast: ContrastViews, run: Callable[[], Run | None]) -> None:
        self._contrast, self._run = contrast, run

    def line(self) -> list[Text]:
        """What it says; empty when there is nothing to say."""
        run = self._run()
        note = self._contrast.note(run) if run is not None else ""
        if note:
            return [(note, tokens.TEXT_HI, True)]
        if not self._contrast.shifting:
            return []
        return [
            ("Pixel shift armed", tokens.TEXT_HI, True),
            (" · arrow keys 0.1 px, with Shift 1 px   ", tokens.TEXT_MID, False),
            ("Esc", tokens.TEXT_LOW, False),
        ]

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the pill."""
        line = self.line()
        if not line or not view.has_image:
            return
        width = paint.text_width(line) + 2 * paint.PADDING_PX + 2
        at = QPointF((view.width() - width) / 2, view.height() - FROM_BOTTOM_PX)
        bounds = QRectF(view.rect())
        border = tokens.ACCENT if self._contrast.shifting else ""
        paint.flag(painter, at, line, border=border, bounds=bounds)


class TimeLegend:
    """Which colour stands for which time, at the right edge."""

    def __init__(
        self, session: Session, contrast: ContrastViews, run: Callable[[], Run | None]
    ) -> None:
        self._session, self._contrast, self._run = session, contrast, run

    def marks(self) -> Legend:
        """Times in s and their colours, from early to late; empty when no times are shown."""
        run = self._run()
        return self._contrast.legend(run) if run is not None else ()

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw a bar with the late times on top."""
        marks = self.marks()
        if not marks or not view.has_image or self._session.layers is Layers.IMAGES_ONLY:
            return
        height = min(BAR_MOST_PX, BAR_SHARE * view.height())
        digits = 1 if marks[-1][0] - marks[0][0] >= 1.0 else 2
        labels: list[list[Text]] = [
            [(f"{time_s:.{digits}f} s", tokens.TEXT_HI, False)] for time_s, _ in marks
        ]
        head: list[Text] = [("Time to peak", tokens.TEXT_MID, False)]
        words = max(paint.text_width(label) for label in labels)
        width = max(BAR_WIDTH_PX + 14 + words, paint.text_width(head)) + 2 * paint.PADDING_PX
        ground = QRectF(view.width() - width - 8, (view.height() - height) / 2, width, height + 44)
        ground.moveTop((view.height() - ground.height()) / 2)
        paint.scrim(painter, ground)
        paint.draw_line(painter, ground.left() + paint.PADDING_PX, ground.top() + 17, head, 12)
        left, top = ground.left() + paint.PADDING_PX, ground.top() + 30
        self._bar(painter, QRectF(left, top, BAR_WIDTH_PX, height), marks)
        for n, label in enumerate(labels):
            y = top + height * (1 - n / (len(marks) - 1))
            painter.setPen(QPen(QColor(tokens.TEXT_MID), 1.0))
            painter.drawLine(QPointF(left + BAR_WIDTH_PX, y), QPointF(left + BAR_WIDTH_PX + 4, y))
            paint.draw_line(painter, left + BAR_WIDTH_PX + 8, y + 4.3, label, 12)

    def _bar(self, painter: QPainter, box: QRectF, marks: Legend) -> None:
        colours = QLinearGradient(box.bottomLeft(), box.topLeft())
        for n, (_, rgb) in enumerate(marks):
            colours.setColorAt(n / (len(marks) - 1), QColor(*rgb))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours)
        painter.drawRoundedRect(box, 2, 2)
