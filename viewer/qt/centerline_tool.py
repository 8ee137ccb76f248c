"""The vein tool on the venogram: live path, clicks, and what is drawn beside the current vein."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPainter

from viewer.model.vessel import Centerline, PointPx
from viewer.qt import paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.session.session import Session
from viewer.session.state import Layers, Tool

LIVE_WIDTH, OTHER_WIDTH, EDGE_WIDTH = 1.8, 1.2, 1.0
DASHED = Qt.PenStyle.DashLine
SAME_CLICK_PX = 4.0
"""Two clicks so near to one another on the screen, soon after one another, are a double click."""


class CenterlineTool:
    """Turns moves and clicks of the venogram pane into verbs of the centerline."""

    def __init__(self, session: Session, view: FrameView) -> None:
        self._session, self._view = session, view
        self._last: tuple[PointPx, float] | None = None
        self._timer = QTimer(view, interval=150)
        self._timer.timeout.connect(self._tick)
        session.tool_changed.connect(self._on_tool)

    @property
    def armed(self) -> bool:
        """Whether the tool is armed."""
        return self._session.tool is Tool.CENTERLINE

    def _on_tool(self, tool: Tool) -> None:
        self._last = None
        if tool is Tool.CENTERLINE:
            self._timer.start()
        else:
            self._timer.stop()

    def _tick(self) -> None:
        """What has been waited for so long that it is said."""
        tracing = self._session.tracing
        if tracing is not None and tracing.status:
            self._view.viewport().update()

    def hover(self, point_px: PointPx, on_curve_px: float) -> None:
        """Follow the vein to the mouse; a NaN is a mouse that left."""
        tracing = self._session.tracing
        if tracing is None or not self.armed:
            return
        if point_px[0] != point_px[0] or not _snaps(QGuiApplication.keyboardModifiers()):
            tracing.end_live()
            return
        tracing.hover(self._session.vessel.live_from(point_px, on_curve_px), point_px)

    def click(self, point_px: PointPx, modifiers: object, on_curve_px: float) -> None:
        """Add a click to the vein; a double click ends it."""
        before, self._last = self._last, (point_px, time.monotonic())
        if before is not None and self._same(before):
            self.finish()
            return
        vessel = self._session.vessel
        vessel.add_knot(point_px, on_curve_px, snap=_snaps(modifiers))
        if self._session.tracing is not None:
            self._session.tracing.end_live()

    def drag_knot(self, index: int, point_px: PointPx, modifiers: object) -> None:
        """Move a knot; the vein beside it is followed when it is let go."""
        self._session.vessel.move_knot(index, point_px, snap=_snaps(modifiers))

    def _same(self, before: tuple[PointPx, float]) -> bool:
        """Whether the click now is the second of a double click."""
        if self._last is None:
            return False
        (x0, y0), then_s = before
        (x1, y1), now_s = self._last
        near = float(np.hypot(x1 - x0, y1 - y0)) * self._view.zoom <= SAME_CLICK_PX
        hints = QGuiApplication.styleHints()
        return near and 1000 * (now_s - then_s) <= hints.mouseDoubleClickInterval()

    def click_on_knot(self, point_px: PointPx) -> None:
        """A click on a knot selects it; right after the click that made it, it ends the vein."""
        before, self._last = self._last, (point_px, time.monotonic())
        if self.armed and before is not None and self._same(before):
            self.finish()

    def finish(self) -> None:
        """The vein is drawn; with one point only, the tool goes on."""
        line = self._session.vessel.target
        if line is not None and len(line.knots_px) > 1:
            self._session.arm(Tool.SELECT)


class VeinPathOverlay:
    """Draws the live path, the run's other centerlines, and the vein's edges when asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw over the picture, below handles and labels."""
        session = self._session
        if session.layers is Layers.IMAGES_ONLY or not view.has_image:
            return
        shown = session.current_centerline
        for line in session.vessel.lines:
            if shown is None or line.id != shown.id:
                self._paint_other(painter, view, line)
        tracing = session.tracing
        if tracing is None:
            return
        if tracing.edges and shown is not None:
            self._paint_edges(painter, view, shown)
        if tracing.live is not None and session.tool is Tool.CENTERLINE:
            live = tracing.live
            points = view.to_screen(live.points_px)
            _stroke_parts(painter, points, live.guessed, tokens.ACCENT, LIVE_WIDTH)
        text = tracing.status
        if not text and shown is not None and shown.unchecked:
            text = "Copied from another run: check it, then accept it (Alt+Return)"
        if text:
            line_text = [(text, tokens.TEXT_HI, False)]
            left = (view.width() - paint.text_width(line_text)) / 2 - paint.PADDING_PX
            paint.flag(painter, QPointF(left, 48), line_text, border=tokens.ACCENT)

    def _paint_other(self, painter: QPainter, view: FrameView, line: Centerline) -> None:
        """A centerline of the run that is not the one the frames lie on."""
        session = self._session
        target = session.vessel.target
        chosen = target is not None and target.id == line.id
        curve = session.polyline(line)
        if curve is not None:
            points = view.to_screen(curve.points_px[::6])
            width = OTHER_WIDTH + (0.4 if chosen else 0.0)
            paint.stroke(painter, points, tokens.TEXT_MID, width)
        if chosen and session.tool is Tool.CENTERLINE:
            for knot in line.knots_px:
                paint.handle(painter, view.point_to_screen(knot), tokens.TEXT_HI)
        if line.knots_px and session.layers is Layers.ALL:
            middle = line.knots_px[-1] if curve is None else tuple(curve.at(curve.length_px / 2))
            at = view.point_to_screen(middle) + QPointF(10, 0)
            text = [(line.name, tokens.TEXT_HI if chosen else tokens.TEXT_MID, chosen)]
            paint.flag(painter, at, text, bounds=QRectF(view.rect()))

    def _paint_edges(self, painter: QPainter, view: FrameView, line: Centerline) -> None:
        profile = self._session.vessel_profile(line.run_uid, line.id)
        if profile is None:
            return
        painter.save()
        painter.setOpacity(0.75)
        for edge in (profile.left_px, profile.right_px):
            known = np.asarray(np.isfinite(edge).all(axis=1), np.bool_)
            for first, last in _stretches(known):
                if last - first > 1:
                    points = view.to_screen(edge[first:last])
                    paint.stroke(painter, points, tokens.ACCENT, EDGE_WIDTH)
        painter.restore()


def _stroke_parts(
    painter: QPainter,
    points: NDArray[np.float64],
    guessed: NDArray[np.bool_],
    color: str,
    width: float,
) -> None:
    """A line, dashed where it is a guess."""
    sure = np.asarray(~guessed, np.bool_)
    for flags, style in ((sure, Qt.PenStyle.SolidLine), (guessed, DASHED)):
        for first, last in _stretches(flags):
            part = points[max(0, first - 1) : last + 1]
            if len(part) > 1:
                paint.stroke(painter, part, color, width, style)


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where flags are set: first index and the one after the last."""
    edge = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edge.reshape(-1, 2)]


def _snaps(modifiers: object) -> bool:
    """Alt lets a click stay where it is."""
    alt = Qt.KeyboardModifier.AltModifier
    return not (isinstance(modifiers, Qt.KeyboardModifier) and bool(modifiers & alt))
