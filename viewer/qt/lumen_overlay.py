"""Borders of the shown IVUS frame: lumen, vessel, stent, flow, with handles and chords."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from viewer.model.contour import Contour, ContourKind, ContourStatus, Points
from viewer.qt import label_room, paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.qt.paint import Text
from viewer.session.lumen_edits import LumenWay
from viewer.session.session import Session
from viewer.session.state import Layers, Tool

COLORS = {
    ContourKind.LUMEN: tokens.LUMEN,
    ContourKind.VESSEL: tokens.TEXT_MID,
    ContourKind.STENT: tokens.STENT,
    ContourKind.FLOW: tokens.CLOT,
}
STATUS_WORDS = {
    ContourStatus.AUTO: "Auto, unchecked",
    ContourStatus.EDITED: "Edited",
    ContourStatus.ACCEPTED: "Accepted",
}


class LumenOverlay:
    """Draws the contours of the frame; the edited one with handles while the tool is armed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.brush_at: QPointF | None = None

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw every contour of the frame."""
        session = self._session
        if session.layers is Layers.IMAGES_ONLY or not view.has_image:
            return
        edits, armed = session.lumen, session.tool is Tool.LUMEN
        for contour in edits.on_frame():
            chosen = armed and contour.kind is edits.kind
            color = COLORS[contour.kind]
            outline = view.to_screen(contour.points_px)
            style = Qt.PenStyle.SolidLine if contour.fixed else Qt.PenStyle.DotLine
            paint.stroke(painter, outline, color, 2.0, style, closed=True)
            if contour.kind is ContourKind.LUMEN and session.layers is Layers.ALL and armed:
                self._paint_chords(painter, view, contour)
            if chosen and edits.way is LumenWay.POINTS:
                for x, y in view.to_screen(edits.handle_points(contour)).tolist():
                    paint.handle(painter, QPointF(x, y), color)
        self._paint_stroke(painter, view)
        if armed and edits.way is LumenWay.BRUSH and self.brush_at is not None:
            self._paint_brush(painter, view, self.brush_at)

    def _paint_chords(self, painter: QPainter, view: FrameView, contour: Contour) -> None:
        edits, inside = self._session.lumen, QRectF(view.rect())
        taken = label_room.corners(inside)
        for name, ends in edits.chords(contour).items():
            line = view.to_screen(ends)
            paint.stroke(painter, line, tokens.POSITION, 1.2)
            words = edits.figure_text(contour, f"{name}_diameter", sigma=False)
            if words:
                x, y = max(line.tolist(), key=lambda p: p[0] if name == "max" else p[1])
                at = QPointF(x + 12, y) if name == "max" else QPointF(x + 8, y + 14)
                text: list[Text] = [(words, tokens.TEXT_HI, True)]
                paint.flag(painter, at, text, bounds=inside, avoid=taken)

    def _paint_stroke(self, painter: QPainter, view: FrameView) -> None:
        stroke = self._session.lumen.stroke
        if len(stroke) > 1:
            points = view.to_screen(np.asarray(stroke))
            paint.stroke(painter, points, tokens.POSITION, 1.6, Qt.PenStyle.DashLine)

    def _paint_brush(self, painter: QPainter, view: FrameView, at: QPointF) -> None:
        pullback = self._session.pullback
        if pullback is not None:
            radius = self._session.lumen.brush_px(pullback) * view.zoom
            turn = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
            ring = np.column_stack((at.x() + radius * np.cos(turn), at.y() + radius * np.sin(turn)))
            paint.stroke(painter, ring, tokens.POSITION, 1.2, closed=True)

    # -- words in the corners -------------------------------------------------------------------
    def figure_lines(self) -> list[list[Text]]:
        """Area, diameters and aspect of the frame's lumen, for the top right corner."""
        lines: list[list[Text]] = []
        for contour in self._session.lumen.on_frame():
            edits = self._session.lumen
            color = COLORS[contour.kind]
            name = "Area" if contour.kind is ContourKind.LUMEN else f"{contour.kind.value} area"
            area = edits.figure_text(contour, "area")
            lines.append([(f"{name.capitalize()}  ", tokens.TEXT_MID, False), (area, color, True)])
            if contour.kind is ContourKind.LUMEN:
                for key, label in (("min_diameter", "Min ⌀"), ("max_diameter", "Max ⌀")):
                    value = edits.figure_text(contour, key, sigma=False)
                    lines.append(
                        [(f"{label}  ", tokens.TEXT_MID, False), (value, tokens.TEXT_HI, False)]
                    )
                aspect = f"{edits.figures(contour)['aspect'].value:.2f}"
                lines.append(
                    [("Aspect  ", tokens.TEXT_MID, False), (aspect, tokens.TEXT_HI, False)]
                )
        return lines

    def status_lines(self) -> list[list[Text]]:
        """Who stands behind the frame's contours, for the bottom left corner."""
        lines: list[list[Text]] = []
        for contour in self._session.lumen.on_frame():
            words = STATUS_WORDS[contour.status]
            words += f" · {contour.by}" if contour.by else ""
            if contour.status is ContourStatus.AUTO and contour.confidence is not None:
                words += f" · {contour.confidence:.0%} sure"
            words += f" · {contour.note}" if contour.note else ""
            color = tokens.OK if contour.status is ContourStatus.ACCEPTED else tokens.TEXT_MID
            lines.append([(f"{contour.kind.value.capitalize()}: {words}", color, False)])
        return lines


def nearest_handle(view: FrameView, points_px: Points, at: QPointF) -> tuple[int, float]:
    """The point of an outline nearest to a screen position, and how far it is, screen px."""
    screen = view.to_screen(points_px)
    away = np.hypot(screen[:, 0] - at.x(), screen[:, 1] - at.y())
    index = int(np.argmin(away))
    return index, float(away[index])
