"""Before and after along the vein: both long views, marks, flow areas and what was gained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from viewer.model.annotation import SegmentKind
from viewer.qt import longitudinal_paint as lp
from viewer.qt import paint, theme, tokens
from viewer.qt.graph_axes import round_up
from viewer.session.compare import FlowCurve
from viewer.session.frame_loader import FrameLoader
from viewer.session.long_columns import columns_of
from viewer.session.long_view import DEFAULT_CUT_DEG, LongView
from viewer.session.placing import NamedStretch
from viewer.session.session import Session

RULER, VEINS, LANE = 24.0, 20.0, 18.0
TOP_PX = 16.0
SIDE_COLORS = (tokens.TEXT_HI, tokens.LUMEN)
HINT = (
    "Flow areas appear here when both phases have an IVUS pullback tied to the venogram, with "
    "lumen borders that are edited or accepted."
)


class CompareAlong(QWidget):
    """One axis for both sides, mm from the iliac confluence; a click or drag moves both."""

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        super().__init__()
        self._session, self._loader = session, loader
        self._views: dict[str, LongView] = {}
        self._scale: lp.Scale | None = None
        self._graph = QRectF()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(160)
        self.setAccessibleName("Before and after along the vein")
        session.compare.changed.connect(self.refresh)
        session.compare.moved.connect(self._on_moved)

    # -- long views -----------------------------------------------------------------------------
    def refresh(self) -> None:
        """Have the long views of both sides built, and draw anew."""
        shown = self._session.compare.shown
        uids = {step.pullback_uid for step in shown or () if step.pullback_uid is not None}
        for uid in [uid for uid in self._views if uid not in uids]:
            self._views.pop(uid).close()
        for uid in uids - set(self._views) if self.isVisible() else ():
            pullback = self._session.case.pullback(uid)
            if pullback is not None and pullback.frames > 1:
                grey = self._session.displays.grey_maker(pullback)
                view = LongView(self._loader, pullback, to_grey=grey)
                self._views[uid] = view
                view.start(lambda *_: self.update(), lambda *_: self.update())
        self.update()

    def _on_moved(self) -> None:
        self.update()

    def showEvent(self, event: object) -> None:
        """Nothing is built while hidden."""
        self.refresh()

    def close_views(self) -> None:
        """Let go of what was built."""
        for view in self._views.values():
            view.close()
        self._views.clear()

    # -- painting -------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(tokens.PANEL))
        compare = self._session.compare
        curves = compare.flow(0), compare.flow(1)
        known = [curve for curve in curves if curve is not None and len(curve.places) > 1]
        if not known:
            box = QRectF(self.rect()).adjusted(40, 0, -40, 0)
            painter.setFont(theme.small())
            painter.setPen(QColor(tokens.TEXT_LOW))
            words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box, words, HINT)
            self._scale = None
            return
        low = min(float(curve.places[0]) for curve in known)
        high = max(float(curve.places[-1]) for curve in known)
        left, room = lp.GUTTER_LEFT, self.width() - lp.GUTTER_LEFT - lp.GUTTER_RIGHT
        self._scale = scale = lp.Scale(low, max(high, low + 1.0), left, room)
        lp.draw_ruler(painter, QRectF(left, 0, room, RULER), scale, "mm")
        veins = QRectF(left, RULER, room, VEINS)
        lp.draw_veins(painter, veins, scale, self._veins())
        top = RULER + VEINS
        height = max(26.0, (self.height() - top) * 0.17)
        for side in (0, 1):
            self._paint_long(painter, side, QRectF(left, top, room, height))
            top += height + 2
        for side in (0, 1):
            self._paint_lane(painter, side, QRectF(left, top, room, LANE))
            top += LANE
        self._graph = QRectF(left, top + 6, room, self.height() - top - 16)
        self._paint_flow(painter, curves)
        self._paint_place(painter, curves)

    def _veins(self) -> tuple[NamedStretch, ...]:
        sides = self._session.compare.sides or ()
        found = (copy.placing.stretches() for copy in (*sides, self._session))
        return next((veins for veins in found if veins), ())

    def _label(self, painter: QPainter, side: int, row: QRectF) -> None:
        painter.setFont(theme.font(12, 600))
        painter.setPen(QColor(SIDE_COLORS[side]))
        box = QRectF(0, row.top(), lp.GUTTER_LEFT - 12, row.height())
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(box, align, "AB"[side])

    def _paint_long(self, painter: QPainter, side: int, row: QRectF) -> None:
        self._label(painter, side, row)
        painter.fillRect(row, QColor(tokens.CANVAS))
        scale, shown = self._scale, self._session.compare.shown
        work = self._session.figures
        figures = work.figures if work is not None else None
        uid = shown[side].pullback_uid if shown is not None else None
        view = self._views.get(uid or "")
        there = figures.places.get(uid or "") if figures is not None else None
        if view is None or there is None or scale is None:
            return
        columns = columns_of(there.along, scale.low, scale.high, max(1, int(row.width())))
        turns = np.zeros(len(there.along))
        pixels = np.ascontiguousarray(view.retimed(DEFAULT_CUT_DEG, columns, turns))
        middle = np.linspace(scale.low, scale.high, columns.shape[0])
        outside = (middle < there.along.min()) | (middle > there.along.max())
        pixels[:, outside] = 0
        image = QImage(
            pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0],
            QImage.Format.Format_Grayscale8,
        )  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(row, image)

    def _paint_lane(self, painter: QPainter, side: int, row: QRectF) -> None:
        """The marks of a side's images, where they lie along the vein."""
        self._label(painter, side, row)
        work, shown, scale = self._session.figures, self._session.compare.shown, self._scale
        figures = work.figures if work is not None else None
        if figures is None or shown is None or scale is None:
            return
        uids = {shown[side].run_uid, shown[side].pullback_uid}
        bars = []
        for one in figures.review.segments:
            extent = one.segment.extent
            uid = extent.pullback_uid if extent.on == "pullback" else extent.run_uid
            if uid not in uids or one.span_mm is None or one.segment.hidden:
                continue
            left, right = (scale.x(place) for place in one.span_mm)
            text = f"{one.segment.name} · {one.span_mm[1] - one.span_mm[0]:.0f} mm"
            kind = SegmentKind(one.segment.kind)
            bars.append(lp.LaneBar(one.segment.id, kind, left, right, text, True, False))
        lp.draw_lanes(painter, row, lp.packed(bars, 1), 1)

    def _paint_flow(
        self, painter: QPainter, curves: tuple[FlowCurve | None, FlowCurve | None]
    ) -> None:
        row, scale = self._graph, self._scale
        if scale is None:
            return
        tops = [float(np.nanmax(curve.area)) for curve in curves if curve is not None]
        top = round_up(max(tops) * 1.05)
        painter.setFont(theme.font(11))
        for share in (0.0, 0.5, 1.0):
            y = row.bottom() - share * (row.height() - TOP_PX)
            painter.setPen(QPen(QColor(tokens.LINE), 1.0))
            painter.drawLine(QLineF(row.left(), y, row.right(), y))
            painter.setPen(QColor(tokens.TEXT_LOW))
            box = QRectF(0, y - 8, lp.GUTTER_LEFT - 8, 16)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, align, f"{top * share:.0f}")
        unit = QRectF(0, row.top() - 8, lp.GUTTER_LEFT - 8, 14)
        painter.drawText(unit, Qt.AlignmentFlag.AlignRight, "mm²")

        def points(curve: FlowCurve) -> NDArray[np.float64]:
            xs = scale.left + (curve.places - scale.low) / (scale.high - scale.low) * scale.width
            ys = row.bottom() - np.clip(curve.area / top, 0, 1) * (row.height() - TOP_PX)
            return np.column_stack((xs, ys))

        before, after = curves
        if before is not None and after is not None:
            self._paint_gain(painter, points(before), points(after))
        for curve, color, style in (
            (before, tokens.TEXT_HI, Qt.PenStyle.DashLine),
            (after, tokens.LUMEN, Qt.PenStyle.SolidLine),
        ):
            if curve is not None:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(color), 1.8, style))
                painter.drawPolyline(paint.polygon(points(curve)))

    def _paint_gain(
        self, painter: QPainter, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> None:
        """Filled where more flows after, hatched where less does."""
        low, high = max(before[0, 0], after[0, 0]), min(before[-1, 0], after[-1, 0])
        if high - low < 2:
            return
        xs = np.linspace(low, high, max(8, int(high - low)))
        old = np.interp(xs, before[:, 0], before[:, 1])
        new = np.interp(xs, after[:, 0], after[:, 1])
        gain = QColor(tokens.LUMEN)
        gain.setAlphaF(0.20)
        loss = QBrush(QColor(234, 238, 244, 90), Qt.BrushStyle.BDiagPattern)
        painter.setPen(Qt.PenStyle.NoPen)
        for upper, lower, brush in (
            (np.minimum(new, old), old, QBrush(gain)),
            (old, np.maximum(new, old), loss),
        ):
            shape = np.vstack((np.column_stack((xs, upper)), np.column_stack((xs, lower))[::-1]))
            painter.setBrush(brush)
            painter.drawPolygon(paint.polygon(shape))
        worst = int(np.argmax(new - old))
        if new[worst] - old[worst] > 10:
            painter.setFont(theme.font(11))
            painter.setPen(QColor(tokens.TEXT_MID))
            painter.drawText(QPointF(xs[worst] - 36, old[worst] - 6), "narrower after")

    def _paint_place(
        self, painter: QPainter, curves: tuple[FlowCurve | None, FlowCurve | None]
    ) -> None:
        place, scale = self._session.compare.place, self._scale
        if place is None or scale is None or not scale.low <= place <= scale.high:
            return
        x = scale.x(place)
        painter.setPen(QPen(QColor(tokens.POSITION), 1.6))
        painter.drawLine(QLineF(x, RULER, x, self._graph.bottom()))
        words = f"{place:.0f} mm · A ↔ B"
        width = paint.text_width([(words, "", True)]) + 14
        left = max(2.0, min(x - width / 2, self.width() - width - 2))
        box = QRectF(left, 2, width, 19)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.POSITION))
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(theme.font(12, 600))
        painter.setPen(QColor(tokens.APP))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        areas = [curve.area_at(place) if curve is not None else None for curve in curves]
        if any(area is not None for area in areas):
            told = " → ".join("–" if area is None else f"{area:.0f}" for area in areas)
            at = QPointF(x + 12, self._graph.center().y())
            line = [(f"{told} mm²", tokens.TEXT_HI, True)]
            paint.flag(painter, at, line, bounds=self._graph)

    # -- gestures -------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        if self._scale is not None and event.button() != Qt.MouseButton.RightButton:
            place = self._scale.place(event.position().x())
            self._session.compare.go_to(max(self._scale.low, min(place, self._scale.high)))
