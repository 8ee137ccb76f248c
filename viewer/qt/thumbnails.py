"""Small pictures of frames as pixmaps, at twice their logical size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap

from viewer.qt import theme, tokens

EDGE = 52


def pixmap_of(shown: NDArray[np.uint8]) -> QPixmap:
    """A pixmap of shown values, (rows, columns) grey or (rows, columns, 3) RGB."""
    pixels = np.ascontiguousarray(shown)
    rows, columns = pixels.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    image = QImage(pixels.data, columns, rows, pixels.strides[0], kind).copy()
    size = 2 * EDGE
    scaled = image.scaled(
        size,
        size,
        Qt.AspectRatioMode.KeepAspectRatioByExpanding,
        Qt.TransformationMode.SmoothTransformation,
    )
    return QPixmap.fromImage(scaled)


def draw_thumbnail(
    painter: QPainter,
    box: QRectF,
    picture: QPixmap | None,
    empty_icon: str,
    tint: str = "",
    turn_deg: float = 0.0,
) -> None:
    """Draw a thumbnail with rounded corners; without a picture, an icon on black.

    `turn_deg` turns the picture clockwise about its middle, inside the same corners.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    shape = QPainterPath()
    shape.addRoundedRect(box, 4, 4)
    painter.setClipPath(shape)
    painter.fillRect(box, QColor(tokens.CANVAS))
    if picture is not None:
        side = float(min(picture.width(), picture.height()))
        left, top = (picture.width() - side) / 2, (picture.height() - side) / 2
        if turn_deg:
            middle = box.center()
            painter.translate(middle)
            painter.rotate(turn_deg)
            painter.translate(-middle)
        painter.drawPixmap(box, picture, QRectF(left, top, side, side))
    else:
        middle = box.center() - QPointF(9, 9)
        color = tint or tokens.INPUT
        theme.draw_icon(painter, QRectF(middle.x(), middle.y(), 18, 18), empty_icon, color)
    painter.restore()
    if picture is None:
        pen = QPen(QColor(tokens.LINE2), 1)
        if tint == tokens.ERROR:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
