"""Calipers and ellipses, drawn alike on both panes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from viewer.model.annotation import Caliper, Ellipse, Measurement
from viewer.model.vessel import PointPx
from viewer.qt import label_room, paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.qt.vein_overlays import Hit
from viewer.session import facts
from viewer.session.session import Session
from viewer.session.state import Layers


class MeasureOverlay:
    """Draws the measurements of the frame a pane shows."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.image_uid: str | None = None
        self.frame = 0
        self.others: Callable[[], list[QRectF]] = list
        self._handles: list[tuple[QPointF, Hit]] = []

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw every caliper and ellipse of the frame."""
        self._handles.clear()
        if self._session.layers is Layers.IMAGES_ONLY or not view.has_image:
            return
        items = self._session.measures.of_frame(self.image_uid, self.frame)
        taken = [
            *self.others(),
            *label_room.corners(QRectF(view.rect())),
            *self._grips(view, items),
        ]
        for item in items:
            chosen = self._session.selection.id == item.id
            if isinstance(item, Caliper):
                label_at = self._paint_caliper(painter, view, item, chosen)
            else:
                label_at = self._paint_ellipse(painter, view, item, chosen)
            if self._session.layers is Layers.ALL:
                text = facts.measurement_value(self._session, item).text
                border = tokens.ACCENT if chosen else ""
                line = [(text, tokens.TEXT_HI, True)]
                inside = QRectF(view.rect())
                paint.flag(painter, label_at, line, border=border, bounds=inside, avoid=taken)

    def _grips(self, view: FrameView, items: Sequence[Measurement]) -> list[QRectF]:
        """Where handles are: labels stay off them."""
        found: list[PointPx] = []
        for item in items:
            if isinstance(item, Caliper):
                found += item.start_px, item.end_px
            else:
                found += ellipse_handles(item).values()
        at = [view.point_to_screen(point) for point in found]
        return [QRectF(point.x() - 7, point.y() - 7, 14, 14) for point in at]

    def _paint_caliper(
        self, painter: QPainter, view: FrameView, item: Caliper, chosen: bool
    ) -> QPointF:
        ends = view.to_screen(np.array([item.start_px, item.end_px]))
        paint.stroke(painter, ends, tokens.POSITION, 2.0 if chosen else 1.6)
        for (x, y), part in zip(ends.tolist(), ("start", "end"), strict=True):
            paint.handle(painter, QPointF(x, y), tokens.POSITION, filled=chosen)
            self._handles.append((QPointF(x, y), Hit("caliper", item.id, part)))
        right = max(ends.tolist(), key=lambda p: float(p[0]))
        return QPointF(right[0] + 14, right[1])

    def _paint_ellipse(
        self, painter: QPainter, view: FrameView, item: Ellipse, chosen: bool
    ) -> QPointF:
        outline = view.to_screen(ellipse_points(item, 72))
        paint.stroke(painter, outline, tokens.POSITION, 2.0 if chosen else 1.6, closed=True)
        for part, point in ellipse_handles(item).items():
            at = view.point_to_screen(point)
            paint.handle(painter, at, tokens.POSITION, filled=chosen)
            self._handles.append((at, Hit("ellipse", item.id, part)))
        right = float(outline[:, 0].max())
        return QPointF(right + 10, float(outline[:, 1].mean()))

    def hit(self, at: QPointF) -> Hit | None:
        """The handle under a screen position."""
        near = [
            (math.hypot(p.x() - at.x(), p.y() - at.y()), order, hit)
            for order, (p, hit) in enumerate(self._handles)
        ]
        near = [item for item in near if item[0] <= paint.HIT_PX]
        return min(near)[2] if near else None


def ellipse_points(item: Ellipse, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Points on the outline, image px, shape (count, 2)."""
    turn = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    a, b = item.semi_axes_px
    angle = math.radians(item.angle_deg)
    x, y = a * np.cos(turn), b * np.sin(turn)
    return np.column_stack(
        (
            item.center_px[0] + x * math.cos(angle) - y * math.sin(angle),
            item.center_px[1] + x * math.sin(angle) + y * math.cos(angle),
        )
    )


def ellipse_handles(item: Ellipse) -> dict[str, PointPx]:
    """Centre and the two axis ends, image px."""
    angle = math.radians(item.angle_deg)
    (x, y), (a, b) = item.center_px, item.semi_axes_px
    return {
        "center": (x, y),
        "a": (x + a * math.cos(angle), y + a * math.sin(angle)),
        "b": (x - b * math.sin(angle), y + b * math.cos(angle)),
    }


def reshaped(item: Measurement, part: str, to_px: PointPx) -> Measurement:
    """A measurement with one of its handles at `to_px`."""
    if isinstance(item, Caliper):
        return replace(item, start_px=to_px) if part == "start" else replace(item, end_px=to_px)
    if part == "center":
        return replace(item, center_px=to_px)
    dx, dy = to_px[0] - item.center_px[0], to_px[1] - item.center_px[1]
    length = max(1.0, math.hypot(dx, dy))
    angle = math.degrees(math.atan2(dy, dx))
    a, b = item.semi_axes_px
    if part == "a":
        return replace(item, semi_axes_px=(length, b), angle_deg=angle)
    return replace(item, semi_axes_px=(a, length), angle_deg=angle - 90.0)
