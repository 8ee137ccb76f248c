"""Frames that can't be read, hatched on the long view: black alone would be taken for blood."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from viewer.qt import paint, tokens
from viewer.session.frame_words import stretches_of

WORDS: list[paint.Text] = [("can't be read", tokens.ERROR, False)]


def draw(
    painter: QPainter, row: QRectF, x_of: Callable[[float], float], bad: NDArray[np.bool_]
) -> None:
    """Hatch what the frames of `bad`, bool (frames,), take of a row; name it where there is room.

    Parameters
    ----------
    x_of : callable
        Screen x of a frame, halves being borders between two.
    """
    hatch = QBrush(QColor(tokens.ERROR), Qt.BrushStyle.BDiagPattern)
    for first, last in stretches_of(np.flatnonzero(bad).tolist()):
        left, right = sorted((x_of(first - 0.5), x_of(last + 0.5)))
        part = QRectF(left, row.top(), max(2.0, right - left), row.height()).intersected(row)
        painter.fillRect(part, hatch)
        painter.fillRect(QRectF(part.left(), part.top(), part.width(), 2), QColor(tokens.ERROR))
        if paint.text_width(WORDS) + 24 < part.width():
            start = part.center().x() - paint.text_width(WORDS) / 2 - 8
            paint.text_block(painter, QPointF(start, part.center().y() - 12), [WORDS])
