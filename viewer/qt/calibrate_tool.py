"""Calibrating on an image: clicks and drags of one pane, and what is drawn of them."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from viewer.model.reader_calibration import CalibrationMethod
from viewer.model.study import ImageSet
from viewer.model.vessel import PointPx
from viewer.qt import label_room, paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.session.calibrating import CalibrationState
from viewer.session.frame_loader import Delivered, FrameLoader
from viewer.session.session import Session
from viewer.session.state import Layers, Tool

RING_PX = 5.5
EDGE_PX = 16.0
"""Half the length of the line drawn along each edge of a catheter, screen px."""


class CalibrateOverlay:
    """Draws the points that were clicked and the marks or edges that were found."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.image_uid: str | None = None
        self.frame = 0
        self._handles: list[QPointF] = []

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the calibration under way, on the frame it is made on."""
        self._handles.clear()
        calibrating = self._session.calibrating
        state = calibrating.state
        if state is None or not state.clicks_px or not view.has_image:
            return
        if (calibrating.image_uid, calibrating.frame) != (self.image_uid, self.frame):
            return
        clicks = view.to_screen(np.array(state.clicks_px))
        across = calibrating.method is CalibrationMethod.CATHETER and len(state.found_px) == 2
        if state.found_px and not across:
            found = view.to_screen(np.array(state.found_px))
            paint.stroke(painter, found, tokens.OK, 1.0, Qt.PenStyle.DotLine)
            self._paint_rings(painter, found.tolist())
        else:
            paint.stroke(painter, clicks, tokens.POSITION, 1.4, Qt.PenStyle.DashLine)
        if across:
            self._paint_edges(painter, view.to_screen(np.array(state.found_px)))
        for x, y in clicks.tolist():
            paint.handle(painter, QPointF(x, y), tokens.POSITION)
            self._handles.append(QPointF(x, y))
        if state.text and self._session.layers is Layers.ALL:
            border = tokens.WARN if state.warning else tokens.OK
            self._paint_label(painter, view, state, border)

    def _paint_rings(self, painter: QPainter, found: list[list[float]]) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 190), 3.4), QPen(QColor(tokens.OK), 1.6)):
            painter.setPen(pen)
            for x, y in found:
                painter.drawEllipse(QPointF(x, y), RING_PX, RING_PX)

    def _paint_edges(self, painter: QPainter, edges: np.ndarray) -> None:
        """A line along each edge, at right angles to the line across."""
        across = edges[1] - edges[0]
        along = np.array([-across[1], across[0]]) / max(1e-9, math.hypot(*across)) * EDGE_PX
        for edge in edges:
            paint.stroke(painter, np.array([edge - along, edge + along]), tokens.OK, 1.8)

    def _paint_label(
        self, painter: QPainter, view: FrameView, state: CalibrationState, border: str
    ) -> None:
        """The scale, beside the points and off what was found."""
        places = view.to_screen(np.array([*state.clicks_px, *state.found_px]))
        inside = QRectF(view.rect())
        taken = [QRectF(x - 9, y - 9, 18, 18) for x, y in places.tolist()]
        taken += label_room.corners(inside)
        right = max(self._handles, key=lambda at: at.x())
        line = [(state.text, tokens.TEXT_HI, True)]
        at = right + QPointF(18, 0)
        paint.flag(painter, at, line, border=border, bounds=inside, avoid=taken)

    def hit(self, at: QPointF) -> int | None:
        """The clicked point under a screen position."""
        near = [
            (math.hypot(p.x() - at.x(), p.y() - at.y()), index)
            for index, p in enumerate(self._handles)
        ]
        near = [item for item in near if item[0] <= paint.HIT_PX]
        return min(near)[1] if near else None


class CalibrateTool:
    """Turns presses and drags of one pane into verbs of the calibration."""

    def __init__(self, session: Session, loader: FrameLoader, overlay: CalibrateOverlay) -> None:
        self._session = session
        self._loader = loader
        self._overlay = overlay
        self._grip: int | None = None
        self._from: tuple[ImageSet, int, PointPx] | None = None
        self._stroke = 0

    @property
    def armed(self) -> bool:
        """Whether the tool is armed."""
        return self._session.tool is Tool.CALIBRATE

    def press(self, item: ImageSet, frame: int, point_px: PointPx, at: QPointF) -> None:
        """Take hold of a point, or get ready to set another."""
        self._grip = self._overlay.hit(at)
        self._session.calibrating.settle()
        self._stroke = self._session.calibrating.stroke
        self._from = (item, frame, point_px) if self._grip is None else None

    def drag(self, point_px: PointPx) -> None:
        """Move the point; a drag that began beside one draws a line, from end to end."""
        calibrating = self._session.calibrating
        self._let_go_after_escape()
        if self._from is not None:
            self._set_point(*self._from, settled=False)
            state = calibrating.state
            if state is not None and len(state.clicks_px) == 1:
                self._set_point(self._from[0], self._from[1], point_px, settled=False)
            state = calibrating.state
            self._grip = len(state.clicks_px) - 1 if state and state.clicks_px else None
            self._from = None
        if self._grip is not None:
            calibrating.move_point(self._grip, point_px, settled=False)

    def release(self, point_px: PointPx) -> None:
        """Set the point of a click, or measure anew where a drag left it."""
        self._let_go_after_escape()
        if self._from is not None:
            self._set_point(*self._from)
        elif self._grip is not None:
            self._session.calibrating.move_point(self._grip, point_px)
        self._session.calibrating.settle()
        self._from = self._grip = None

    def _let_go_after_escape(self) -> None:
        """Esc, Ctrl+Z or another method ended the stroke: the mouse holds nothing any more."""
        if self._stroke != self._session.calibrating.stroke:
            self._from = self._grip = None

    def _set_point(
        self, item: ImageSet, frame: int, point_px: PointPx, *, settled: bool = True
    ) -> None:
        """Set a point once the frame's stored values are there: at once, on a shown frame."""
        calibrating = self._session.calibrating
        if calibrating.image_uid != item.uid:
            if not calibrating.begin_on(item):
                return
            self._stroke = calibrating.stroke
        view = f"calibrating {item.uid}"

        def take(arrived: Delivered) -> None:
            self._loader.cancel_view(view)
            if arrived.pixels is not None and calibrating.image_uid == item.uid:
                calibrating.add_point(frame, point_px, arrived.pixels, settled=settled)

        self._loader.request(view, item, frame, take)
