"""What is drawn along the vein on a venogram: course, segments, landmarks, the IVUS position."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from viewer.model.annotation import AnySegment, SegmentKind
from viewer.qt import label_room, paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.qt.theme import segment_brush
from viewer.session.session import Session
from viewer.session.state import Layers, Tool

VEIN_HALF_WIDTH_MM = 10.0
"""Rails stand this far off the centerline, just outside a usual iliac vein (16 mm circle)."""
VEIN_HALF_WIDTH_PX = 26.0
RAIL_PX = 11.0
TICK_MM = 10.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing under the pointer: what it is, whose, and which part."""

    kind: str
    id: str = ""
    part: str = ""


class VeinOverlay:
    """Draws the vein's marks on the venogram and says what is under the pointer."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._handles: list[tuple[QPointF, Hit]] = []
        self._moving: list[tuple[QPointF, Hit]] = []
        self._taken: list[QRectF] = []
        self._labels: list[QRectF] = []
        self._flag = QRectF()
        self._still: QPixmap | None = None
        self._still_key: tuple[object, ...] = ()

    # -- painting -----------------------------------------------------------------------------
    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw everything; what does not move with the position is kept as a picture."""
        self._moving.clear()
        self._flag = QRectF()
        session = self._session
        if session.layers is Layers.IMAGES_ONLY or not view.has_image:
            self._handles.clear()
            self._still = None
            return
        key = self._key(view)
        if self._still is None or key != self._still_key:
            self._still, self._still_key = self._paint_still(view), key
        painter.drawPixmap(0, 0, self._still)
        self._paint_position(painter, view)
        self._paint_pending(painter, view)

    def _key(self, view: FrameView) -> tuple[object, ...]:
        """What the still picture depends on."""
        session = self._session
        corners = view.to_screen(np.array([[0.0, 0.0], [1000.0, 1000.0]]))
        shown = (session.cursor.run_uid, session.cursor.pullback_uid)
        target = session.vessel.target
        drawn = target.id if target is not None else ""
        state = (session.selection, session.tool, session.layers, drawn)
        placed = id(session.position_map)  # segments lie where it puts them
        return (id(session.review), placed, shown, state, corners.tobytes(), view.size().toTuple())

    def _paint_still(self, view: FrameView) -> QPixmap:
        """Course, segments and landmarks, in the order they lie on one another."""
        session = self._session
        self._kept_review = session.review, session.position_map  # their ids stay theirs
        self._handles.clear()
        self._taken = room = self._room(view)
        first = len(room)
        ratio = view.devicePixelRatioF()
        still = QPixmap(round(view.width() * ratio), round(view.height() * ratio))
        still.setDevicePixelRatio(ratio)
        still.fill(Qt.GlobalColor.transparent)
        painter = QPainter(still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_course(painter, view)
        for segment in session.review.segments:
            if not segment.hidden:
                self._paint_segment(painter, view, segment)
        self._paint_landmarks(painter, view)
        painter.end()
        self._labels = [*label_room.corners(QRectF(view.rect())), *room[first:]]
        return still

    def labels(self) -> list[QRectF]:
        """Where labels were drawn."""
        return [*self._labels, self._flag]

    def _room(self, view: FrameView) -> list[QRectF]:
        """What labels keep off: the corners, the vein, the rails of segments, landmarks."""
        session, curve = self._session, self._session.current_polyline
        room = label_room.corners(QRectF(view.rect()))
        if curve is None:
            return room
        room += label_room.along(view.to_screen(curve.points_px[::8]), 5.0)
        for segment in session.review.segments:
            arcs = None if segment.hidden else session.segments.arcs_of(segment)
            if arcs is not None:
                beside = self._wall(view, segment) + RAIL_PX / 2
                for side in (-1.0, 1.0):
                    room += label_room.along(self._offset(view, arcs, side * beside), 7.0)
        marks = np.array([mark.point_px for mark in session.vessel.landmarks]).reshape(-1, 2)
        for x, y in view.to_screen(marks).tolist():
            room.append(QRectF(x - 9, y - 9, 18, 18))
        return room

    def _wall(self, view: FrameView, segment: AnySegment) -> float:
        """Screen px from the centerline to the near side of a segment's rails."""
        lane = list(SegmentKind).index(SegmentKind(segment.kind))
        return self._half_width(view) + 2.0 + 3.0 * lane

    @property
    def _text(self) -> bool:
        return self._session.layers is Layers.ALL

    def _half_width(self, view: FrameView) -> float:
        """Screen px from the centerline to just outside the vein."""
        scale = self._session.calibration(self._session.run).mm_per_px
        return VEIN_HALF_WIDTH_MM / scale * view.zoom if scale else VEIN_HALF_WIDTH_PX

    def _paint_course(self, painter: QPainter, view: FrameView) -> None:
        session = self._session
        line, curve = session.current_centerline, session.current_polyline
        if line is None:
            return
        if curve is not None:
            step = max(1, int(6 / max(view.zoom, 0.1)))
            points = np.vstack((curve.points_px[::step], curve.points_px[-1:]))
            guesses = session.vessel.guessed_arcs(line)
            for first, last in session.vessel.sure_arcs(line):
                sure = points if not guesses else curve.slice(first, last)[::step]
                paint.stroke(painter, view.to_screen(sure), tokens.POSITION, 1.4)
            for first, last in guesses:
                part = view.to_screen(curve.slice(first, last)[::step])
                paint.stroke(painter, part, tokens.POSITION, 1.4, Qt.PenStyle.DashLine)
            self._paint_ticks(painter, view)
        chosen = session.tool is Tool.SELECT and session.selection.kind in ("centerline", "knot")
        target = session.vessel.target
        drawn = target is not None and target.id == line.id
        if drawn and (session.tool is Tool.CENTERLINE or chosen):
            picked = session.vessel.knot_of(session.selection)
            for index, knot in enumerate(line.knots_px):
                at = view.point_to_screen(knot)
                paint.handle(painter, at, tokens.POSITION, filled=index == picked)
                self._handles.append((at, Hit("knot", line.id, str(index))))
            if self._text and len(line.knots_px) > 1:
                for knot, word in ((line.knots_px[0], "central"), (line.knots_px[-1], "periph.")):
                    at = view.point_to_screen(knot) + QPointF(12, 0)
                    paint.flag(painter, at, [(word, tokens.TEXT_MID, False)], avoid=self._taken)

    def _paint_ticks(self, painter: QPainter, view: FrameView) -> None:
        session = self._session
        curve = session.current_polyline
        scale = session.calibration(session.run).mm_per_px
        if curve is None or scale is None:
            return
        zero = session.placing.zero_arc_px % (TICK_MM / scale)
        arcs = np.arange(zero, curve.length_px, TICK_MM / scale)
        middle = view.to_screen(curve.at(arcs))
        normal = curve.normal(arcs) * 4.0
        painter.setPen(QPen(QColor(tokens.POSITION), 1.2))
        for (x, y), (nx, ny) in zip(middle.tolist(), normal.tolist(), strict=True):
            painter.drawLine(QPointF(x - nx, y - ny), QPointF(x + nx, y + ny))

    def _offset(
        self, view: FrameView, arcs: tuple[float, float], offset: float
    ) -> NDArray[np.float64]:
        """The stretch between two arcs, moved sideways by screen px."""
        return self._rails(view, arcs, offset)[1]

    def _rails(
        self, view: FrameView, arcs: tuple[float, float], offset: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The stretch between two arcs, moved by screen px to the one side and to the other."""
        curve = self._session.current_polyline
        if curve is None:
            return np.empty((0, 2)), np.empty((0, 2))
        along = np.linspace(*arcs, max(2, min(200, int(abs(arcs[1] - arcs[0]) / 4) + 2)))
        middle, sideways = view.to_screen(curve.at(along)), curve.normal(along) * offset
        return middle - sideways, middle + sideways

    def _paint_segment(self, painter: QPainter, view: FrameView, segment: AnySegment) -> None:
        arcs = self._session.segments.arcs_of(segment)
        if arcs is None:
            return
        kind = SegmentKind(segment.kind)
        color = tokens.SEGMENT_COLORS[kind]
        chosen = self._session.selection.id == segment.id
        solid = self._session.segments.is_sure_on(segment, "run")
        style = Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DashLine
        wall = self._wall(view, segment)
        for side in (-1.0, 1.0):
            near = self._offset(view, arcs, side * wall)
            far = self._offset(view, arcs, side * (wall + RAIL_PX))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(segment_brush(kind))
            painter.drawPolygon(paint.polygon(np.vstack((near, far[::-1]))))
            paint.stroke(painter, near, color, 2.0 if chosen else 1.4, style)
        for arc, part in zip(arcs, ("start", "end"), strict=True):
            cap = np.vstack(
                [self._offset(view, (arc, arc), s * (wall + RAIL_PX))[:1] for s in (-1.0, 1.0)]
            )
            paint.stroke(painter, cap, color, 1.6, style)
            for x, y in cap.tolist():
                at = QPointF(x, y)
                self._handles.append((at, Hit("edge", segment.id, part)))
                if chosen:
                    paint.handle(painter, at, color, filled=True)
        if self._text:
            beside = wall + RAIL_PX + 8.0
            edges = [self._offset(view, arcs, side * beside) for side in (-1.0, 1.0)]
            at = max((QPointF(*edge[len(edge) // 2]) for edge in edges), key=QPointF.x)
            if not view.rect().contains(at.toPoint()):
                return
            name = [(segment.name, tokens.TEXT_HI, chosen)]
            rect = paint.flag(
                painter,
                at,
                name,
                icon=f"caval.{kind.value}",
                bounds=QRectF(view.rect()),
                avoid=self._taken,
            )
            self._handles.append((rect.center(), Hit("segment", segment.id)))

    def _paint_position(self, painter: QPainter, view: FrameView) -> None:
        session = self._session
        position, curve = session.position_map, session.current_polyline
        if position is None or curve is None or not session.linked:
            return
        frame = min(session.cursor.pullback_frame, len(position.arc_px) - 1)
        arc = float(position.arc_px[frame])
        reach = self._half_width(view) + 14.0
        band = session.placing.band_px(frame)
        if band is not None:
            self._paint_band(painter, view, band, reach * 0.7)
        bar = np.vstack(self._rails(view, (arc, arc), reach))[::2]
        solid = bool(position.solid[frame])
        style = Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DotLine
        paint.stroke(painter, bar, tokens.POSITION, 2.4, style)
        at = view.point_to_screen((position.points_px[frame, 0], position.points_px[frame, 1]))
        painter.setPen(QPen(QColor(tokens.CANVAS), 1.5))
        painter.setBrush(QColor(tokens.POSITION if solid else tokens.CANVAS))
        painter.drawEllipse(at, 5.5, 5.5)
        if not solid:
            painter.setPen(QPen(QColor(tokens.POSITION), 2.0))
            painter.drawEllipse(at, 5.5, 5.5)
        self._moving.append((at, Hit("position")))
        self._moving += [(QPointF(x, y), Hit("position")) for x, y in bar.tolist()]
        if self._text:
            tail = max(bar.tolist(), key=lambda p: float(p[0]))
            label = [
                (f"IVUS {frame + 1}  ", tokens.TEXT_HI, True),
                (session.placing.text(frame), tokens.TEXT_HI, False),
            ]
            self._flag = paint.flag(
                painter,
                QPointF(tail[0] + 10, tail[1]),
                label,
                border=tokens.POSITION,
                bounds=QRectF(view.rect()),
                avoid=list(self._labels),
            )

    def _paint_band(
        self, painter: QPainter, view: FrameView, arcs: tuple[float, float], reach: float
    ) -> None:
        curve = self._session.current_polyline
        if curve is None:
            return
        low, high = max(0.0, arcs[0]), min(curve.length_px, arcs[1])
        if high - low < 1e-3:
            return
        left, right = self._rails(view, (low, high), reach)
        outline = np.vstack((left, right[::-1]))
        fill = QColor(tokens.POSITION)
        fill.setAlphaF(0.22)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor(tokens.POSITION), 1.2, Qt.PenStyle.DashLine))
        painter.drawPolygon(paint.polygon(outline))  # no halo: it is drawn anew at every frame

    def _paint_landmarks(self, painter: QPainter, view: FrameView) -> None:
        session = self._session
        bounds = QRectF(view.rect())
        for mark in session.vessel.landmarks:
            at = view.point_to_screen(mark.point_px)
            self._paint_one_landmark(
                painter, at, mark.name, bounds, chosen=session.selection.id == mark.id
            )
            self._handles.append((at, Hit("landmark", mark.id)))

    def _paint_pending(self, painter: QPainter, view: FrameView) -> None:
        session, pending = self._session, self._session.vessel.pending
        if session.tool is not Tool.LANDMARK or pending.point_px is None:
            return
        at = view.point_to_screen(pending.point_px)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.LANDMARK), 2.2))
        painter.drawEllipse(at, 14.0, 14.0)
        name = f"{pending.name} · frame {session.cursor.pullback_frame + 1}"
        taken, self._taken = self._taken, list(self._taken)
        self._paint_one_landmark(painter, at, name, QRectF(view.rect()), chosen=True)
        self._taken = taken  # it moves: its label keeps no room
        self._moving.append((at, Hit("pending")))

    def _paint_one_landmark(
        self, painter: QPainter, at: QPointF, name: str, bounds: QRectF, chosen: bool
    ) -> None:
        if not bounds.contains(at):
            self._paint_outside(painter, at, name, bounds)
            return
        paint.diamond(painter, at, 8.0 if chosen else 6.5)
        if self._text:
            beside = QPointF(at.x() - 24, at.y())
            border = tokens.LANDMARK if chosen else ""
            line = [(name, tokens.TEXT_HI, chosen)]
            paint.flag(
                painter,
                beside,
                line,
                icon="caval.landmark",
                border=border,
                left=True,
                bounds=bounds,
                avoid=self._taken,
            )

    def _paint_outside(self, painter: QPainter, at: QPointF, name: str, bounds: QRectF) -> None:
        """Say at the edge of the view where a landmark outside it lies."""
        if not self._text:
            return
        away = at - bounds.center()
        arrow = _arrow(math.degrees(math.atan2(away.y(), away.x())))
        inside = QPointF(
            max(bounds.left() + 120, min(at.x(), bounds.right() - 120)),
            max(bounds.top() + 20, min(at.y(), bounds.bottom() - 20)),
        )
        line = [(f"{name} {arrow}", tokens.TEXT_MID, False)]
        paint.flag(painter, inside, line, icon="caval.landmark", bounds=bounds, avoid=self._taken)

    # -- pointer ------------------------------------------------------------------------------
    def hit(self, at: QPointF) -> Hit | None:
        """What lies under a screen position, the nearest first; segments by their edges."""
        near = [
            (math.hypot(p.x() - at.x(), p.y() - at.y()), order, hit)
            for order, (p, hit) in enumerate((*self._handles, *self._moving))
        ]
        near = [item for item in near if item[0] <= paint.HIT_PX + 2]
        return min(near, key=lambda item: item[0])[2] if near else None


def _arrow(angle_deg: float) -> str:
    arrows = "→↘↓↙←↖↑↗"
    return arrows[round(angle_deg / 45.0) % 8]
