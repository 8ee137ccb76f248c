"""Text in the corners, scale bars and side letters, for both panes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from viewer.model.calibration import Calibration
from viewer.qt import paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.qt.paint import Text
from viewer.session.session import Session
from viewer.session.state import Layers

MARGIN_PX = 8.0
NICE_MM = (1, 2, 5, 10, 20, 50, 100)
NICE_PX = (10, 20, 50, 100, 200, 500)
Lines = Sequence[Sequence[Text]]


class CornerText:
    """Lines in three corners; what they say is asked when they are drawn."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.top_left: Callable[[], Lines] = list
        self.top_right: Callable[[], Lines] = list
        self.bottom_left: Callable[[FrameView], Lines] = lambda view: []

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the corners."""
        if self._session.layers is not Layers.ALL or not view.has_image:
            return
        width, height, gap = view.width(), view.height(), MARGIN_PX
        paint.text_block(painter, QPointF(gap, gap), self.top_left())
        paint.text_block(painter, QPointF(width - gap, gap), self.top_right(), right=True)
        corner = QPointF(gap, height - gap)
        paint.text_block(painter, corner, self.bottom_left(view), bottom=True)


class ScaleBar:
    """A bar of a round length with its ±; in px where there is no mm scale."""

    def __init__(self, session: Session, calibration: Callable[[], Calibration | None]) -> None:
        self._session = session
        self._calibration = calibration

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the bar at the bottom right."""
        calibration = self._calibration()
        if self._session.layers is Layers.IMAGES_ONLY or not view.has_image or calibration is None:
            return
        scale = calibration.mm_per_px
        per_unit = view.zoom / scale if scale else view.zoom
        nice = NICE_MM if scale else NICE_PX
        length = max((n for n in nice if n * per_unit <= 110), default=nice[0])
        label: list[Text] = [(f"{length} {'mm' if scale else 'px'}", tokens.TEXT_HI, True)]
        if scale is None:
            label.append((" no mm scale", tokens.WARN, False))
        elif calibration.uncertainty:
            label.append((f" ± {100 * calibration.uncertainty:.0f} %", tokens.TEXT_MID, False))
        bar = length * per_unit
        picture = _bar(tuple(label), bar, bool(scale), view.devicePixelRatioF())
        size = picture.deviceIndependentSize()
        x, y = view.width() - MARGIN_PX - size.width(), view.height() - MARGIN_PX - size.height()
        paint.put(painter, x, y, picture)


@lru_cache(maxsize=16)
def _bar(label: tuple[Text, ...], bar: float, solid: bool, ratio: float) -> QPixmap:
    """The picture of a bar `bar` px long with its label; the same for all frames."""
    words = paint.text_width(label)
    width, height = max(bar, words) + 16, 38.0
    picture = paint.blank(width, height, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint.scrim(painter, QRectF(0, 0, width, height))
    left, top = (width - bar) / 2, 10.0
    style = Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DashLine
    painter.setPen(QPen(QColor(tokens.TEXT_HI), 1.6, style))
    painter.drawLine(QPointF(left, top), QPointF(left + bar, top))
    for x in (left, left + bar):
        painter.drawLine(QPointF(x, top - 4), QPointF(x, top + 4))
    paint.draw_line(painter, (width - words) / 2, height - 7, label, 12)
    painter.end()
    return picture


TOOL_WORDS = {
    "centerline": "click along the vein, from the centre outwards",
    "landmark": "choose the IVUS frame, click the vein, Enter",
    "stenosis": "drag along the vein",
    "clot": "drag along the vein",
    "stent": "drag along the vein",
    "caliper": "drag to measure a length",
    "ellipse": "drag to measure an area",
    "lumen": "drag the border, Enter accepts it",
}
TOOL_NAMES = {"centerline": "Vein", "caliper": "Measure", "ellipse": "Ellipse"}


class ToolPill:
    """Says which tool is armed and what to do, at the bottom centre."""

    def __init__(self, session: Session, applies: Callable[[], bool]) -> None:
        self._session = session
        self._applies = applies

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the pill while a tool is armed."""
        tool = self._session.tool.value
        if tool not in TOOL_WORDS or not self._applies() or not view.has_image:
            return
        name = TOOL_NAMES.get(tool, tool.capitalize())
        line = [
            (f"{name} armed", tokens.TEXT_HI, True),
            (f" · {TOOL_WORDS[tool]}   ", tokens.TEXT_MID, False),
            ("Esc", tokens.TEXT_LOW, False),
        ]
        width = paint.text_width(line) + 2 * paint.PADDING_PX + 2
        at = QPointF((view.width() - width) / 2, view.height() - 62)
        paint.flag(painter, at, line, border=tokens.ACCENT)


class SideLetters:
    """Letters at the edges of a view, e.g. R and L."""

    def __init__(
        self, session: Session, letters: Callable[[], dict[str, str]], beside_px: float = 0.0
    ) -> None:
        self._session = session
        self._letters = letters
        self._beside_px = beside_px  # top and bottom stand this far right of the middle

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the letters that are known."""
        if self._session.layers is not Layers.ALL or not view.has_image:
            return
        painter.setFont(paint.font(13, True))
        w, h = view.width(), view.height()
        places = {
            "left": QPointF(12, h / 2 + 5),
            "right": QPointF(w - 22, h / 2 + 5),
            "top": QPointF(w / 2 - 4 + self._beside_px, 20),
            "bottom": QPointF(w / 2 - 4 + self._beside_px, h - 12),
        }
        for edge, letter in self._letters().items():
            at = places[edge]
            painter.setPen(QColor(0, 0, 0, 200))
            painter.drawText(at + QPointF(1, 1), letter)
            painter.setPen(QColor(tokens.TEXT_HI))
            painter.drawText(at, letter)
