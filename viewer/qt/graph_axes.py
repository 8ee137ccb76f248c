"""What the graphs of the Align workspace share: ticks, tops of axes, dotted pens."""

from __future__ import annotations

import math
from collections.abc import Iterable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from viewer.qt import theme, tokens


def dotted(color: str, width: float, alpha: float = 1.0) -> QPen:
    """A dotted pen."""
    pen = QPen(theme.color(color, alpha), width)
    pen.setDashPattern([1.5, 3])
    return pen


def say(painter: QPainter, box: QRectF, text: str) -> None:
    """Say in the middle of an empty graph why it is empty."""
    painter.setFont(theme.small())
    painter.setPen(QColor(tokens.TEXT_LOW))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def ticks(low: float, high: float, most: int) -> Iterable[float]:
    """Round values from `low` to `high`, not more than about `most`."""
    span = max(high - low, 1e-9)
    size = 10.0 ** math.floor(math.log10(span / most))
    step = next(m * size for m in (1, 2, 5, 10, 20) if span / (m * size) <= most)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def round_up(value: float) -> float:
    """The next round value an axis can end at."""
    size = 10.0 ** math.floor(math.log10(value))
    return next(m * size for m in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if m * size >= value - 1e-12)
