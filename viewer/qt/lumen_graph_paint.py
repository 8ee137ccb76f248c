"""The lumen's graph along the vein: area and diameters, norms, narrowings and references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from viewer.qt import longitudinal_paint as lp
from viewer.qt import paint, theme, tokens
from viewer.qt.graph_axes import round_up
from viewer.session.long_columns import runs_of
from viewer.session.lumen_graph import LumenGraph, NarrowMark, NormLine

TOP_PX = 14.0
NORM = tokens.TEXT_LOW
XOfFrames = Callable[[NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Which curves are asked for."""

    area: bool = True
    minimum: bool = True
    maximum: bool = False
    gated: bool = False


@dataclass(frozen=True, eq=False)
class _Axes:
    """Tops of both scales on a row."""

    row: QRectF
    area_top: float
    size_top: float

    def area_y(self, area: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return self._y(area, self.area_top)

    def size_y(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._y(size, self.size_top)

    def share_y(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._y(share, 1.0)

    def _y(self, value: NDArray[np.float64] | float, top: float) -> NDArray[np.float64]:
        share = np.clip(np.asarray(value, np.float64) / top, 0.0, 1.0)
        return np.asarray(self.row.bottom() - share * (self.row.height() - TOP_PX))


def draw_lumen(
    painter: QPainter,
    row: QRectF,
    graph: LumenGraph,
    x_of: XOfFrames,
    shown: Shown,
    norms: Sequence[tuple[float, float, NormLine]],
    marks: Sequence[NarrowMark],
) -> None:
    """Draw the graph on a row.

    Parameters
    ----------
    x_of : callable
        0-based frames -> screen x.
    norms : sequence of (left, right, line)
        Screen x of both ends of each vein with a norm.
    """
    graph = graph.gated() if shown.gated else graph
    tallest = [float(np.nanmax(graph.area))]
    tallest += [line.area_mm2 for *_, line in norms] if graph.unit == "mm" else []
    axes = _Axes(row, round_up(max(tallest) * 1.04), _size_top(graph))
    _draw_scales(painter, axes, graph, shown)
    xs = x_of(graph.frames)
    if graph.unit == "mm" and shown.area:
        _draw_norms(painter, axes, norms)
    if shown.area:
        for mark in marks:
            _fill_narrowing(painter, axes, graph, xs, mark)
        _line(painter, xs, axes.area_y(graph.raw_area), tokens.LUMEN, 1.0, alpha=0.28)
        _checked_line(painter, xs, axes.area_y(graph.area), graph.checked)
    if shown.minimum:
        _line(painter, xs, axes.size_y(graph.min_diameter), tokens.TEXT_MID, 1.2, dotted=True)
    if shown.maximum:
        _line(painter, xs, axes.size_y(graph.max_diameter), tokens.TEXT_LOW, 1.2)
        _draw_aspect(painter, axes, graph, xs)
    if shown.area:
        taken: list[QRectF] = []
        for mark in marks:
            _draw_local(painter, axes, x_of, mark, taken)
            _draw_least(painter, axes, x_of, mark, taken)


def _draw_aspect(
    painter: QPainter, axes: _Axes, graph: LumenGraph, xs: NDArray[np.float64]
) -> None:
    """Smallest over largest diameter on a scale of its own: 0 at the foot, 1 (round) at the top."""
    ys = axes.share_y(graph.aspect)
    _line(painter, xs, ys, tokens.ACCENT, 1.1)
    painter.setFont(theme.font(10.5))
    painter.setPen(QColor(tokens.ACCENT))
    spot = QRectF(axes.row.left() + 4, axes.row.top() - 2, 220, TOP_PX)
    painter.drawText(spot, Qt.AlignmentFlag.AlignLeft, "aspect: foot 0 flat, top 1 round")


def _size_top(graph: LumenGraph) -> float:
    return round_up(float(np.nanmax(graph.max_diameter)) * 1.04)


def _draw_scales(painter: QPainter, axes: _Axes, graph: LumenGraph, shown: Shown) -> None:
    row = axes.row
    painter.setFont(theme.font(11))
    for share in (0.0, 0.5, 1.0):
        y = row.bottom() - share * (row.height() - TOP_PX)
        painter.setPen(QPen(QColor(tokens.LINE), 1.0))
        painter.drawLine(QLineF(row.left(), y, row.right(), y))
        painter.setPen(QColor(tokens.TEXT_LOW))
        align = Qt.AlignmentFlag.AlignVCenter
        left = QRectF(0, y - 8, lp.GUTTER_LEFT - 8, 16)
        right = QRectF(row.right() + 6, y - 8, lp.GUTTER_RIGHT - 8, 16)
        if shown.area:
            number = f"{axes.area_top * share:.0f}"
            painter.drawText(left, align | Qt.AlignmentFlag.AlignRight, number)
        if shown.minimum or shown.maximum:
            number = f"{axes.size_top * share:.3g}"
            painter.drawText(right, align | Qt.AlignmentFlag.AlignLeft, number)
    unit = graph.unit
    top = QRectF(0, row.top() - 4, lp.GUTTER_LEFT - 8, 14)
    painter.drawText(top, Qt.AlignmentFlag.AlignRight, f"{unit}²")
    side = QRectF(row.right() + 6, row.top() - 4, lp.GUTTER_RIGHT - 8, 14)
    painter.drawText(side, Qt.AlignmentFlag.AlignLeft, unit)


def _draw_norms(
    painter: QPainter, axes: _Axes, norms: Sequence[tuple[float, float, NormLine]]
) -> None:
    """A grey line at each vein's normal minimum, hatched below it."""
    for left, right, line in norms:
        y = float(axes.area_y(line.area_mm2))
        below = QRectF(left, y, right - left, axes.row.bottom() - y)
        hatch = QBrush(QColor(139, 151, 169, 34), Qt.BrushStyle.FDiagPattern)
        painter.fillRect(below, hatch)
        painter.setPen(QPen(QColor(NORM), 1.0))
        painter.drawLine(QLineF(left, y, right, y))
        painter.setFont(theme.font(10.5))
        if paint.text_width([(line.text, "", False)], 11) < right - left - 8:
            spot = QRectF(left, axes.row.bottom() - 18, right - left, 14)
            painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, line.text)


def _fill_narrowing(
    painter: QPainter, axes: _Axes, graph: LumenGraph, xs: NDArray[np.float64], mark: NarrowMark
) -> None:
    """What the narrowing lacks of its reference, filled."""
    here = (graph.frames >= mark.first) & (graph.frames <= mark.last) & np.isfinite(graph.area)
    if mark.reference is None or here.sum() < 2:
        return
    area = np.minimum(graph.area[here], mark.reference)
    level = np.full(len(area), mark.reference)
    curve = np.column_stack((xs[here], axes.area_y(area)))
    top = np.column_stack((xs[here], axes.area_y(level)))
    color = QColor(tokens.STENOSIS)
    color.setAlphaF(0.30)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(paint.polygon(np.vstack((curve, top[::-1]))))


def _draw_least(
    painter: QPainter, axes: _Axes, x_of: XOfFrames, mark: NarrowMark, taken: list[QRectF]
) -> None:
    x = float(x_of(np.array([mark.frame]))[0])
    y = float(axes.area_y(mark.area))
    painter.setPen(QPen(QColor(tokens.STENOSIS), 1.8))
    painter.setBrush(QColor(tokens.CANVAS))
    painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
    line = [(mark.text, tokens.TEXT_HI, True)]
    paint.flag(painter, QPointF(x + 12, y + 10), line, bounds=axes.row, avoid=taken)


def _draw_local(
    painter: QPainter, axes: _Axes, x_of: XOfFrames, mark: NarrowMark, taken: list[QRectF]
) -> None:
    """The local reference frames, boxed."""
    if mark.local_area is None or not mark.local:
        return
    y = float(axes.area_y(mark.local_area))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(tokens.TEXT_HI), 1.3))
    xs = x_of(np.asarray(mark.local, np.int64)).tolist()
    for x in xs:
        painter.drawRoundedRect(QRectF(x - 9, y - 7, 18, 14), 3, 3)
    at = QPointF(max(xs) - 20, y - 20)
    paint.flag(painter, at, [(mark.local_text, tokens.TEXT_HI, False)], bounds=axes.row,
               avoid=taken)  # fmt: skip


def _checked_line(
    painter: QPainter,
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    checked: NDArray[np.bool_],
) -> None:
    """Solid where a person stands behind the border, dotted where nobody looked yet."""
    _line(painter, xs, ys, tokens.LUMEN, 1.4, dotted=True)
    for first, last in runs_of(checked):
        part = slice(first, last + 1)
        _line(painter, xs[part], ys[part], tokens.LUMEN, 2.0)


def _line(
    painter: QPainter,
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    color: str,
    width: float,
    *,
    alpha: float = 1.0,
    dotted: bool = False,
) -> None:
    """A line through the known points; a gap of unknown ones breaks it."""
    pen = QPen(theme.color(color, alpha), width)
    if dotted:
        pen.setDashPattern([1.5, 2.5])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    known = np.isfinite(xs) & np.isfinite(ys)
    for first, last in runs_of(known):
        points = np.column_stack((xs[first : last + 1], ys[first : last + 1]))
        if len(points) == 1:
            painter.drawEllipse(QPointF(*points[0]), 1.5, 1.5)
        else:
            painter.drawPolyline(paint.polygon(points))
