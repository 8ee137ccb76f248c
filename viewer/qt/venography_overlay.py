"""The measured edges of the selected narrowing on the venogram, and its smallest width."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from viewer.qt import label_room, paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.session.session import Session
from viewer.session.state import Layers
from viewer.session.venogram_card import MeasuredEdges, measured_edges


class VenographyOverlay:
    """Draws edges, the stretches the reference rests on, and the narrowest place."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._key: tuple[object, ...] = ()
        self._edges: MeasuredEdges | None = None

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw what was measured of the selected stenosis."""
        session = self._session
        if session.layers is Layers.IMAGES_ONLY or not view.has_image or session.figures is None:
            return
        key = (id(session.figures.figures), session.selection, session.cursor.run_uid)
        if key != self._key:
            self._key, self._edges = key, measured_edges(session)
        edges = self._edges
        if edges is None:
            return
        for points in edges.sides_px:
            self._line(painter, view, points, tokens.TEXT_LOW, Qt.PenStyle.DotLine)
        for points in (edges.left_px, edges.right_px):
            self._line(painter, view, points, tokens.LUMEN, Qt.PenStyle.SolidLine)
        if edges.least_px is not None and np.isfinite(edges.least_px).all():
            ends = view.to_screen(edges.least_px)
            paint.stroke(painter, ends, tokens.POSITION, 2.0)
            if session.layers is Layers.ALL and edges.text:
                inside = QRectF(view.rect())
                x, y = min(ends.tolist())
                paint.flag(
                    painter, QPointF(x - 10, y), [(edges.text, tokens.TEXT_HI, True)], left=True,
                    bounds=inside, avoid=label_room.corners(inside),
                )  # fmt: skip

    def _line(
        self,
        painter: QPainter,
        view: FrameView,
        points: np.ndarray[tuple[int, int], np.dtype[np.float64]],
        color: str,
        style: Qt.PenStyle,
    ) -> None:
        known = np.isfinite(points).all(axis=1)
        if known.sum() > 1:
            paint.stroke(painter, view.to_screen(points[known]), color, 1.4, style)
