"""The drawing of the along-the-vein panel and the gestures on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from viewer.qt import longitudinal_paint as lp
from viewer.qt import lumen_graph_paint as lg
from viewer.qt import paint, theme, tokens, unreadable_marks
from viewer.qt.focus_ring import RINGED
from viewer.qt.lane_bars import ghost_bars, segment_bars
from viewer.session.long_columns import columns_of, faintness
from viewer.session.long_view import DEFAULT_CUT_DEG, LongView
from viewer.session.placing import Axis
from viewer.session.session import Session
from viewer.session.state import AxisKind, Edge, Layers, Selection, Tool

EDGE_HIT_PX = 8.0
EMPTY_TITLE = "The long view appears here"
EMPTY_TEXT = (
    "It needs an IVUS pullback. With two landmarks on both images it follows the vein in "
    "millimetres."
)

NO_CURVES = "The ± of the position and the pull speed appear here once both views are linked"


class LongitudinalCanvas(QWidget):
    """Ruler, veins, long view, segments and graph on one axis; scrub and draw on it."""

    turned = Signal(int)
    focused = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.long_view: LongView | None = None
        self.cut_angle_deg = DEFAULT_CUT_DEG
        self.curves = lg.Shown()
        self.shows_lumen = True
        self._still: QPixmap | None = None
        self._axis: Axis | None = None
        self._scale: lp.Scale | None = None
        self._rows = lp.rows_for(600, 300)
        self._bars: list[lp.LaneBar] = []
        self._grip: tuple[str, str] | None = None
        self._stroke_from: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)
        self.setMouseTracking(True)
        self.setMinimumHeight(150)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Along the vein")

    # -- state --------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Draw everything anew: something besides the position changed."""
        self._still = None
        self.update()

    @property
    def axis(self) -> Axis | None:
        """The axis as last drawn."""
        return self._axis

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the rows out again."""
        self.refresh()

    def x_of_frame(self, frame: int) -> float | None:
        """Screen x of a frame on the axis."""
        if self._axis is None or self._scale is None or not len(self._axis.places):
            return None
        return self._scale.x(float(self._axis.places[min(frame, len(self._axis.places) - 1)]))

    def _frame_at(self, x: float) -> int | None:
        if self._axis is None or self._scale is None:
            return None
        return self._axis.frame_at(self._scale.place(x), self._session.cursor.pullback_frame)

    # -- painting -----------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """The still picture, and the position over it."""
        painter = QPainter(self)
        if self._session.pullback is None:
            self._paint_empty(painter)
            return
        if self._still is None:
            self._still = self._paint_still()
        painter.drawPixmap(0, 0, self._still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_position(painter)

    def _paint_empty(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), QColor(tokens.PANEL))
        rows = lp.rows_for(self.width(), self.height())
        pen = QPen(QColor(tokens.LINE2), 1.2, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRect(rows.long_view)
        middle = rows.long_view.center().y()
        center = Qt.AlignmentFlag.AlignHCenter
        painter.setFont(theme.font(15, 600))
        painter.setPen(QColor(tokens.TEXT_HI))
        painter.drawText(QRectF(0, middle - 26, self.width(), 22), center, EMPTY_TITLE)
        painter.setFont(theme.font(13))
        painter.setPen(QColor(tokens.TEXT_LOW))
        painter.drawText(QRectF(0, middle, self.width(), 20), center, EMPTY_TEXT)

    def _paint_still(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        still = QPixmap(int(self.width() * ratio), int(self.height() * ratio))
        still.setDevicePixelRatio(ratio)
        still.fill(QColor(tokens.PANEL))
        self._axis = self._session.placing.axis()
        self._rows = rows = lp.rows_for(self.width(), self.height())
        if self._axis is None or len(self._axis.places) < 1:
            return still
        self._scale = scale = lp.Scale.for_axis(self._axis, rows.ruler)
        painter = QPainter(still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lp.draw_ruler(painter, rows.ruler, scale, self._axis.unit)
        veins = self._session.placing.stretches() if self._axis.kind is AxisKind.VEIN else ()
        lp.draw_veins(painter, rows.veins, scale, veins)
        self._paint_long_view(painter, scale)
        self._paint_unreadable(painter, scale)
        lanes = 1 if rows.lanes.height() < 30 else 2
        shown = segment_bars(self._session, self.x_of_frame)
        self._bars = lp.packed([*shown, *ghost_bars(self._session, self.x_of_frame)], lanes)
        if self._session.layers is not Layers.IMAGES_ONLY:
            lp.draw_tint(painter, rows.long_view, self._bars)
        lp.draw_lanes(painter, rows.lanes, self._bars, lanes)
        self._paint_graphs(painter, scale)
        self._paint_landmarks(painter)
        painter.end()
        return still

    def _paint_long_view(self, painter: QPainter, scale: lp.Scale) -> None:
        row = self._rows.long_view
        painter.fillRect(row, QColor(tokens.CANVAS))
        if self.long_view is None or self._axis is None:
            return
        rotation, places = self._session.rotation, self._axis.places
        columns = columns_of(places, scale.low, scale.high, max(1, int(row.width())))
        turns = rotation.turns_deg(np.arange(len(places)))
        pixels = self.long_view.retimed(self.cut_angle_deg, columns, turns)
        pixels = np.ascontiguousarray(pixels)
        image = QImage(
            pixels.data,
            pixels.shape[1],
            pixels.shape[0],
            pixels.strides[0],
            QImage.Format.Format_Grayscale8,
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(row, image)
        painter.setPen(QPen(QColor(255, 255, 255, 60), 1.0))
        painter.drawLine(QLineF(row.left(), row.center().y(), row.right(), row.center().y()))
        if rotation.current is not None:
            ends = (
                rotation.compass(self.cut_angle_deg),
                rotation.compass(self.cut_angle_deg + 180),
            )
            lp.draw_letters(painter, row, *ends)
        self._paint_sureness(painter, scale, columns[:, columns.shape[1] // 2])

    def _paint_sureness(self, painter: QPainter, scale: lp.Scale, frames: NDArray[np.intp]) -> None:
        """Fainter where places are less sure, hatched where they are extrapolated."""
        axis, row = self._axis, self._rows.long_view
        sure = axis.sureness if axis is not None else None
        if axis is None or sure is None:
            return
        half = sure.half_band[frames]
        faint = faintness(half) if sure.unit == "mm" else np.zeros(len(half))
        lp.draw_veil(painter, row, faint, (sure.extrapolated | sure.beyond)[frames])
        if axis.ends is None or not sure.beyond.any():
            return
        places = axis.places
        for end, over, left in (
            (axis.ends[0], axis.ends[0] - float(places.min()), True),
            (axis.ends[1], float(places.max()) - axis.ends[1], False),
        ):
            if over > 0.5:
                words = f"{over:.0f} {axis.unit} past the centerline"
                lp.draw_end(painter, row, scale.x(end), words, left=left)

    def _paint_graphs(self, painter: QPainter, scale: lp.Scale) -> None:
        """± of the position and speed of the pull: in two graphs where there is room."""
        rows, position, axis = self._rows, self._session.position_map, self._axis
        if self.shows_lumen and self._paint_lumen(painter, scale):
            return
        if position is None or axis is None or axis.sureness is None:
            lp.draw_hint(painter, rows.graph, NO_CURVES)
            return
        half, unit = axis.sureness.half_band, position.unit
        sure = lp.Curve("± (90 %)", unit, axis.places, half, tokens.TEXT_MID, True)
        speed, apart = [], rows.speed.height() > 0
        if position.speed is not None:
            speed = [
                lp.Curve("pull speed", f"{unit}/s", axis.places, position.speed, tokens.LANDMARK,
                         right_axis=not apart)
            ]  # fmt: skip
        lp.draw_graph(painter, rows.graph, scale, [sure] if apart else [sure, *speed])
        if apart:
            lp.draw_target(painter, rows.graph, sure)
            self._paint_speed(painter, scale, speed)

    @property
    def has_lumen(self) -> bool:
        """Whether the shown pullback has a graph of its lumen."""
        work, uid = self._session.figures, self._session.cursor.pullback_uid
        figures = work.figures if work is not None and work.wanted else None
        return (
            figures is not None and figures.graph is not None and figures.graph.pullback_uid == uid
        )

    def _paint_lumen(self, painter: QPainter, scale: lp.Scale) -> bool:
        """The lumen's area and diameters in place of speed and ±; False while there are none."""
        work, axis = self._session.figures, self._axis
        figures = work.figures if work is not None and self.has_lumen else None
        if figures is None or figures.graph is None or axis is None:
            return False
        rows, places = self._rows, axis.places
        top = rows.speed.top() if rows.speed.height() > 0 else rows.graph.top()
        row = QRectF(rows.graph.left(), top, rows.graph.width(), rows.graph.bottom() - top)
        origin, unit = scale.x(0.0), scale.x(1.0) - scale.x(0.0)

        def x_of(frames: NDArray[np.int64]) -> NDArray[np.float64]:
            return np.asarray(origin + unit * places[np.minimum(frames, len(places) - 1)])

        norms = []
        for line in figures.norms if axis.kind is AxisKind.VEIN else ():
            left = max(row.left(), min(scale.x(line.start), scale.x(line.end)))
            right = min(row.right(), max(scale.x(line.start), scale.x(line.end)))
            norms += [(left, right, line)] if right > left else []
        lg.draw_lumen(painter, row, figures.graph, x_of, self.curves, norms, figures.marks)
        return True

    def _paint_speed(self, painter: QPainter, scale: lp.Scale, speed: list[lp.Curve]) -> None:
        row, position = self._rows.speed, self._session.position_map
        if not speed or position is None:
            lp.draw_hint(painter, row, "Pull speed needs the frames' times")
            return
        xs = [(self.x_of_frame(first), self.x_of_frame(last)) for first, last in position.pauses]
        lp.draw_pauses(painter, row, [(a, b) for a, b in xs if a is not None and b is not None])
        lp.draw_graph(painter, row, scale, speed)

    def _paint_landmarks(self, painter: QPainter) -> None:
        session, rows = self._session, self._rows
        for mark in session.vessel.landmarks:
            x = self.x_of_frame(mark.frame)
            if x is None:
                continue
            pen = QPen(QColor(tokens.LANDMARK), 1.0, Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawLine(QLineF(x, rows.veins.bottom(), x, rows.graph.bottom()))
            chosen = session.selection.id == mark.id
            at = QPointF(x, rows.veins.center().y())
            paint.diamond(painter, at, 7.5 if chosen else 6.0)

    def _paint_position(self, painter: QPainter) -> None:
        session, rows = self._session, self._rows
        frame = session.cursor.pullback_frame
        x = self.x_of_frame(frame)
        if x is None or self._scale is None or self._axis is None:
            return
        position, ends = session.position_map, session.placing.band(frame)
        if ends is not None and self._axis.kind is AxisKind.VEIN:
            left, right = self._scale.x(ends[0]), self._scale.x(ends[1])
            band = QColor(tokens.POSITION)
            band.setAlphaF(0.2)
            top = rows.long_view.top()
            room = QRectF(rows.graph.left(), top, rows.graph.width(), rows.graph.bottom() - top)
            stretch = QRectF(left, top, right - left, rows.graph.bottom() - top)
            stretch = stretch.intersected(room)
            painter.fillRect(stretch, band)
            painter.setPen(QPen(QColor(255, 255, 255, 150), 1.0, Qt.PenStyle.DashLine))
            for edge in (stretch.left(), stretch.right()):
                painter.drawLine(QLineF(edge, stretch.top(), edge, stretch.bottom()))
        painter.setPen(QPen(QColor(tokens.POSITION), 1.6))
        painter.drawLine(QLineF(x, rows.ruler.bottom(), x, rows.graph.bottom()))
        label = f"{frame + 1}"
        if position is not None:
            label += f" · {session.placing.text(frame)}"
        painter.setFont(theme.font(12, 600))
        width = paint.text_width([(label, "", True)]) + 14
        left = max(2.0, min(x - width / 2, self.width() - width - 2))
        box = QRectF(left, rows.ruler.top() + 2, width, 19)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.POSITION))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(tokens.APP))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label)

    # -- gestures -----------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of an edge or a landmark, draw, or scrub."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.focused.emit()
        frame = self._frame_at(event.position().x())
        if event.button() != Qt.MouseButton.LeftButton or frame is None:
            return
        session = self._session
        if session.tool.segment_kind is not None:
            self._stroke_from = frame
            return
        mark = self._landmark_at(event.position())
        if mark is not None:
            session.select(Selection("landmark", mark))
            self._grip = ("", "")
            landmark = session.vessel.landmark(mark)
            session.set_pullback_frame(landmark.frame if landmark else frame)
            return
        self._grip = self._edge_at(event.position())
        if self._grip is not None:
            session.select(Selection("segment", self._grip[0]))
            session.begin("Move edge")
            return
        bar = self._bar_at(event.position())
        if bar is not None and not bar.ghost:
            session.select(Selection("segment", bar.segment_id))
        session.set_pullback_frame(frame)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self._show_cursor(event.position())
            return
        frame = self._frame_at(event.position().x())
        session = self._session
        if frame is None:
            return
        kind = session.tool.segment_kind
        if self._stroke_from is not None and kind is not None:
            session.segments.draw_frames(kind, self._stroke_from, frame)
        elif self._grip is not None and session.in_gesture:
            edge: Edge = "start" if self._grip[1] == "start" else "end"
            session.segments.move_edge_to_frame(self._grip[0], edge, frame)
        elif self._grip is not None:
            return
        session.set_pullback_frame(frame)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture."""
        session = self._session
        if self._stroke_from is not None:
            self._stroke_from = None
            session.segments.finish_drawing()
        elif self._grip is not None and session.in_gesture:
            segment = session.review.segment(self._grip[0])
            session.commit(f"{segment.name} {self._grip[1]} moved" if segment else "")
        self._grip = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Frames; with Alt the cut turns."""
        notches = event.angleDelta().y() or event.angleDelta().x()
        step = -1 if notches > 0 else 1
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.turned.emit(-step)
        else:
            fast = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            frame = self._session.cursor.pullback_frame + step * (10 if fast else 1)
            self._session.set_pullback_frame(frame)
        event.accept()

    def _show_cursor(self, at: QPointF) -> None:
        if self._session.tool is not Tool.SELECT:
            shape = Qt.CursorShape.CrossCursor
        elif self._edge_at(at) is not None:
            shape = Qt.CursorShape.SizeHorCursor
        else:
            shape = Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def _edge_at(self, at: QPointF) -> tuple[str, str] | None:
        """Segment and edge under the pointer; the selected segment's edges go first."""
        rows = self._rows
        if not rows.long_view.top() <= at.y() <= rows.lanes.bottom():
            return None
        lanes = 1 if rows.lanes.height() < 30 else 2
        found = []
        for bar in self._bars:
            top = rows.lanes.top() + bar.lane * rows.lanes.height() / lanes
            in_lane = top <= at.y() <= top + rows.lanes.height() / lanes
            if bar.ghost or (not in_lane and not rows.long_view.contains(at)):
                continue
            falls = self._axis is not None and self._axis.places[-1] < self._axis.places[0]
            ends = ("end", "start") if falls else ("start", "end")
            for x, edge in zip((bar.left, bar.right), ends, strict=True):
                if abs(x - at.x()) <= EDGE_HIT_PX:
                    found.append((not bar.chosen, abs(x - at.x()), bar.segment_id, edge))
        return min(found)[2:] if found else None

    def _bar_at(self, at: QPointF) -> lp.LaneBar | None:
        row = self._rows.lanes
        lanes = 1 if row.height() < 30 else 2
        for bar in self._bars:
            top = row.top() + bar.lane * row.height() / lanes
            if bar.left <= at.x() <= bar.right and top <= at.y() <= top + row.height() / lanes:
                return bar
        return None

    def _paint_unreadable(self, painter: QPainter, scale: lp.Scale) -> None:
        if self.long_view is None or self._axis is None or not self.long_view.bad.any():
            return
        places = self._axis.places
        frames = np.arange(len(places))

        def x_of(frame: float) -> float:
            return scale.x(float(np.interp(frame, frames, places)))

        unreadable_marks.draw(painter, self._rows.long_view, x_of, self.long_view.bad)

    def _landmark_at(self, at: QPointF) -> str | None:
        if not self._rows.veins.adjusted(0, -4, 0, 4).contains(at):
            return None
        for mark in self._session.vessel.landmarks:
            x = self.x_of_frame(mark.frame)
            if x is not None and abs(x - at.x()) <= EDGE_HIT_PX + 2:
                return mark.id
        return None
