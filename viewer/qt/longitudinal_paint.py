"""Drawing of the along-the-vein panel's rows: ruler, veins, long view, lanes, graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPolygonF

from viewer.model.annotation import SegmentKind
from viewer.qt import paint, theme, tokens
from viewer.session.long_columns import runs_of
from viewer.session.placing import Axis, NamedStretch

GUTTER_LEFT, GUTTER_RIGHT = 50.0, 42.0
STEPS = (1, 2, 5, 10, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000)
TICK_ROOM_PX = 70.0
TWO_GRAPHS = 104.0
"""From this height on speed and ± have a graph each, px."""
TARGET_MM = 3.0
"""What a careful tie reaches: a dotted line on the ± graph."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Where each row of the panel stands, logical px."""

    ruler: QRectF
    veins: QRectF
    long_view: QRectF
    lanes: QRectF
    graph: QRectF
    speed: QRectF


def rows_for(width: float, height: float) -> Rows:
    """Lay the rows out: fixed ruler, veins and lanes; the rest shared by long view and graph."""
    left, room = GUTTER_LEFT, max(10.0, width - GUTTER_LEFT - GUTTER_RIGHT)
    compact = height < 260
    ruler, veins, lanes = 24.0, 20.0, 19.0 if compact else 40.0
    free = max(60.0, height - ruler - veins - lanes - 14.0)
    view = free * 0.45
    top = [0.0, ruler, ruler + veins, ruler + veins + view + 2, ruler + veins + view + lanes + 8]
    graphs = max(20.0, height - top[4] - 8)
    split = graphs >= TWO_GRAPHS
    speed = round(graphs * 0.5) if split else 0.0
    return Rows(
        QRectF(left, top[0], room, ruler),
        QRectF(left, top[1], room, veins),
        QRectF(left, top[2], room, view),
        QRectF(left, top[3], room, lanes),
        QRectF(left, top[4] + speed, room, graphs - speed),
        QRectF(left, top[4], room, speed - 8.0 if split else 0.0),
    )


@dataclass(frozen=True, eq=False)
class Scale:
    """Places on the axis to screen x, inside one row's width."""

    low: float
    high: float
    left: float
    width: float

    @classmethod
    def for_axis(cls, axis: Axis, row: QRectF) -> Scale:
        """The whole pullback, edge to edge."""
        low, high = float(axis.places.min()), float(axis.places.max())
        return cls(low, high if high > low else low + 1.0, row.left(), row.width())

    def x(self, place: float) -> float:
        """Screen x of a place."""
        return self.left + (place - self.low) / (self.high - self.low) * self.width

    def place(self, x: float) -> float:
        """Place at a screen x."""
        return self.low + (x - self.left) / self.width * (self.high - self.low)


def draw_ruler(painter: QPainter, row: QRectF, scale: Scale, unit: str) -> None:
    """Ticks with numbers, as dense as there is room."""
    step = next(
        (s for s in STEPS if s / (scale.high - scale.low) * row.width() > TICK_ROOM_PX), STEPS[-1]
    )
    painter.setFont(theme.font(11))
    minor = step / 5
    first = np.ceil(scale.low / minor) * minor
    for value in np.arange(first, scale.high + minor * 0.01, minor):
        x = scale.x(float(value))
        major = abs(value / step - round(value / step)) < 1e-6
        painter.setPen(QPen(QColor(tokens.TEXT_LOW if major else tokens.LINE2), 1.0))
        painter.drawLine(QLineF(x, row.bottom() - (6 if major else 3), x, row.bottom()))
        if major:
            box = QRectF(x - 40, row.top() + 1, 80, row.height() - 8)
            painter.setPen(QColor(tokens.TEXT_LOW))
            number = f"{value:.0f}".replace("-", "−")
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, number)
    painter.setPen(QColor(tokens.TEXT_LOW))
    corner = QRectF(0, row.top() + 1, GUTTER_LEFT - 8, row.height() - 8)
    align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(corner, align, unit or "fr.")


def draw_veins(painter: QPainter, row: QRectF, scale: Scale, veins: Sequence[NamedStretch]) -> None:
    """The veins' names along the axis."""
    painter.fillRect(row, QColor(tokens.RAISED))
    painter.setFont(theme.font(11, 500))
    for number, vein in enumerate(veins):
        left = max(row.left(), scale.x(min(vein.start, vein.end)))
        right = min(row.right(), scale.x(max(vein.start, vein.end)))
        if right - left < 4:
            continue
        box = QRectF(left, row.top(), right - left, row.height())
        if number % 2 == 0:
            painter.fillRect(box, QColor(tokens.HOVER))
        if right - left > paint.text_width([(vein.label, "", False)], 11) + 16:
            painter.setPen(QColor(tokens.TEXT_MID))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, vein.label)


@dataclass(frozen=True, slots=True)
class LaneBar:
    """A segment as it lies in the lanes: screen x of both ends, and what it says.

    A `ghost` is only suggested: it can't be taken hold of.
    """

    segment_id: str
    kind: SegmentKind
    left: float
    right: float
    text: str
    solid: bool
    chosen: bool
    lane: int = 0
    ghost: bool = False


def packed(bars: Sequence[LaneBar], lanes: int) -> list[LaneBar]:
    """Give each bar the first lane with room for it; the last lane takes the rest."""
    ends = [-1e9] * lanes
    placed = []
    for bar in sorted(bars, key=lambda b: b.left):
        lane = next((n for n in range(lanes) if bar.left > ends[n] + 4), lanes - 1)
        words = paint.text_width([(bar.text, "", False)], 11) + 10
        ends[lane] = max(ends[lane], bar.right + words)
        placed.append(replace(bar, lane=lane))
    return placed


def draw_lanes(painter: QPainter, row: QRectF, bars: Sequence[LaneBar], lanes: int) -> None:
    """Segments as patterned bars with their names."""
    height = row.height() / lanes
    taken: list[QRectF] = []
    for bar in bars:
        box = QRectF(
            bar.left, row.top() + bar.lane * height + 2, max(3.0, bar.right - bar.left), height - 4
        )
        color = QColor(tokens.SEGMENT_COLORS[bar.kind])
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(color)
        ground.setAlphaF(0.06 if bar.ghost else 0.18)
        painter.setBrush(ground)
        painter.drawRect(box)
        if not bar.ghost:
            painter.setBrush(theme.segment_brush(bar.kind))
            painter.drawRect(box)
        style = Qt.PenStyle.SolidLine if bar.solid else Qt.PenStyle.DashLine
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 2.2 if bar.chosen else 1.3, style))
        painter.drawRect(box)
        if bar.chosen:
            for x in (box.left(), box.right()):
                paint.handle(painter, QPointF(x, box.center().y()), color.name(), filled=True)
        _draw_lane_name(painter, row, box, bar, [b for b in bars if b.lane == bar.lane], taken)


def _draw_lane_name(
    painter: QPainter,
    row: QRectF,
    box: QRectF,
    bar: LaneBar,
    beside: Sequence[LaneBar],
    taken: list[QRectF],
) -> None:
    """The name right of its bar, else left of it, else not at all: names never overlap."""
    words = paint.text_width([(bar.text, "", True)], 11) + 10
    after = min((b.left for b in beside if b.left > bar.left), default=row.right()) - 6
    before = max((b.right for b in beside if b.right < bar.right), default=row.left()) + 6
    spots = []
    if box.right() + 8 + words <= after:
        spots.append(QRectF(box.right() + 8, box.top(), words, box.height()))
    if box.left() - 8 - words >= before:
        spots.append(QRectF(box.left() - 8 - words, box.top(), words, box.height()))
    spot = next((one for one in spots if not any(one.intersects(old) for old in taken)), None)
    if spot is None:
        return
    taken.append(spot)
    painter.setFont(theme.font(11, 600 if bar.chosen else 500))
    painter.setPen(QColor(tokens.TEXT_LOW if bar.ghost else tokens.TEXT_HI))
    painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, bar.text)


def draw_tint(painter: QPainter, row: QRectF, bars: Sequence[LaneBar]) -> None:
    """The segments over the long view: a tint and their edges."""
    for bar in bars:
        color = QColor(tokens.SEGMENT_COLORS[bar.kind])
        color.setAlphaF(0.0 if bar.ghost else 0.16)
        painter.fillRect(QRectF(bar.left, row.top(), bar.right - bar.left, row.height()), color)
        edge = QColor(tokens.SEGMENT_COLORS[bar.kind])
        style = Qt.PenStyle.SolidLine if bar.solid else Qt.PenStyle.DashLine
        painter.setPen(QPen(edge, 1.6, style))
        for x in (bar.left, bar.right):
            painter.drawLine(QLineF(x, row.top(), x, row.bottom()))


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity along the axis: its values at `places`, its unit and how it is drawn."""

    name: str
    unit: str
    places: NDArray[np.float64]
    values: NDArray[np.float64]
    color: str
    filled: bool = False
    right_axis: bool = False


def draw_graph(painter: QPainter, row: QRectF, scale: Scale, curves: Sequence[Curve]) -> None:
    """Curves over the same axis, the first on the left scale, others on the right."""
    painter.setPen(QPen(QColor(tokens.LINE), 1.0))
    for share in (0.0, 0.5, 1.0):
        y = row.bottom() - share * (row.height() - 14)
        painter.drawLine(QLineF(row.left(), y, row.right(), y))
    for curve in curves:
        top = curve_top(curve)
        origin = scale.x(0.0)
        xs = origin + (scale.x(1.0) - origin) * curve.places
        ys = row.bottom() - np.clip(curve.values / top, 0, 1) * (row.height() - 14)
        line = np.column_stack((xs, ys))
        if curve.filled:
            ground = QColor(curve.color)
            ground.setAlphaF(0.18)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            foot = np.array([[xs[-1], row.bottom()], [xs[0], row.bottom()]])
            painter.drawPolygon(paint.polygon(np.vstack((line, foot))))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(curve.color), 1.5))
        painter.drawPolyline(QPolygonF(paint.polygon(line)))
        _draw_scale(painter, row, curve, top)


def draw_target(painter: QPainter, row: QRectF, curve: Curve) -> None:
    """A dotted line at what a careful tie reaches, on a graph in mm."""
    top = curve_top(curve)
    if curve.unit != "mm" or top <= TARGET_MM:
        return
    y = row.bottom() - TARGET_MM / top * (row.height() - 14)
    painter.setPen(QPen(QColor(tokens.OK), 1.0, Qt.PenStyle.DotLine))
    painter.drawLine(QLineF(row.left(), y, row.right(), y))
    painter.setFont(theme.font(10.5))
    words = f"dotted: ± {TARGET_MM:.0f} mm"
    room = paint.text_width([(words, "", False)], 11) + 4
    painter.drawText(QRectF(row.right() - room, row.top() - 2, room, 14), words)


def draw_veil(
    painter: QPainter, row: QRectF, faint: NDArray[np.float64], unsure: NDArray[np.bool_]
) -> None:
    """Take brightness off columns whose place is not well known; hatch extrapolated ones.

    Parameters
    ----------
    faint : ndarray, shape (columns,)
        Share of brightness to take away from every column of the row.
    unsure : ndarray of bool, shape (columns,)
        Columns that are drawn hollow: outside the landmarks, or past the centerline.
    """
    width = row.width() / len(faint)
    if faint.any():
        veil = np.zeros((1, len(faint), 4), np.uint8)
        veil[0, :, 3] = np.round(255 * faint)
        picture = QImage(veil.data, len(faint), 1, veil.strides[0], QImage.Format.Format_RGBA8888)
        painter.drawImage(row, picture)
    for first, last in runs_of(unsure):
        part = QRectF(
            row.left() + first * width, row.top(), (last + 1 - first) * width, row.height()
        )
        painter.fillRect(part, QColor(21, 26, 33, 110))
        hatch = QBrush(QColor(255, 255, 255, 60), Qt.BrushStyle.BDiagPattern)
        painter.fillRect(part, hatch)


def draw_end(painter: QPainter, row: QRectF, x: float, words: str, *, left: bool) -> None:
    """Where the centerline ends under a pullback that goes on, and by how much it does."""
    painter.setPen(QPen(QColor(tokens.WARN), 1.4, Qt.PenStyle.DashLine))
    painter.drawLine(QLineF(x, row.top(), x, row.bottom()))
    width = paint.text_width([(words, "", False)], 11) + 12
    spot = QRectF(x - width - 4 if left else x + 4, row.bottom() - 20, width, 16)
    spot.moveLeft(max(row.left(), min(spot.left(), row.right() - width)))
    painter.fillRect(spot, QColor(*tokens.SCRIM))
    painter.setFont(theme.font(11))
    painter.setPen(QColor(tokens.WARN))
    painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, words)


def draw_letters(painter: QPainter, row: QRectF, top: str, bottom: str) -> None:
    """Directions of the cut's upper and lower end, in the left gutter."""
    painter.setFont(theme.font(11, 600))
    painter.setPen(QColor(tokens.TEXT_MID))
    align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for letter, y in ((top, row.top()), (bottom, row.bottom() - 16)):
        painter.drawText(QRectF(0, y, GUTTER_LEFT - 8, 16), align, letter)


def draw_pauses(painter: QPainter, row: QRectF, xs: Sequence[tuple[float, float]]) -> None:
    """Hatch where the catheter rests; a rest has no width on an axis along the vein."""
    painter.setFont(theme.font(10.5))
    for ends in xs:
        left, right = min(ends), max(ends)
        box = QRectF(left - 1.5, row.top() + 12, max(3.0, right - left), row.height() - 12)
        painter.fillRect(box, QBrush(QColor(tokens.LINE2), Qt.BrushStyle.BDiagPattern))
        painter.setPen(QColor(tokens.TEXT_LOW))
        word = QRectF(box.center().x() - 24, row.top() - 1, 48, 13)
        painter.drawText(word, Qt.AlignmentFlag.AlignCenter, "pause")


def draw_hint(painter: QPainter, row: QRectF, text: str) -> None:
    """Say what a row is for while there is nothing to draw in it."""
    painter.setFont(theme.font(12))
    painter.setPen(QColor(tokens.TEXT_LOW))
    painter.drawText(row, Qt.AlignmentFlag.AlignCenter, text)


def _draw_scale(painter: QPainter, row: QRectF, curve: Curve, top: float) -> None:
    painter.setFont(theme.font(11))
    painter.setPen(QColor(tokens.TEXT_LOW))
    left = row.right() + 6 if curve.right_axis else 0.0
    align = Qt.AlignmentFlag.AlignLeft if curve.right_axis else Qt.AlignmentFlag.AlignRight
    width = GUTTER_RIGHT - 8 if curve.right_axis else GUTTER_LEFT - 8
    for share in (0.0, 0.5, 1.0):
        y = row.bottom() - share * (row.height() - 14)
        number = f"{top * share:.3g}"
        spot = QRectF(left, y - 8, width, 16)
        painter.drawText(spot, align | Qt.AlignmentFlag.AlignVCenter, number)
    words = f"{curve.name}, {curve.unit}"
    room = paint.text_width([(words, "", False)], 11) + 4
    x = row.right() - room - 4 if curve.right_axis else row.left() + 4
    painter.setPen(QColor(curve.color))
    painter.drawText(QRectF(x, row.top() - 2, room, 14), align, words)


def curve_top(curve: Curve) -> float:
    """The value at the top of a curve's own scale."""
    return _round_up(float(np.nanmax(curve.values)) if curve.values.size else 1.0)


def _round_up(value: float) -> float:
    if not np.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(m * power for m in (1, 2, 4, 5, 8, 10) if m * power >= value))
