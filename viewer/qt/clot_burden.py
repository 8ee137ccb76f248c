"""Clot by phase as bars, and how much was cleared, with grade, passes and patency."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QToolTip, QVBoxLayout, QWidget

from viewer.model.annotation import SegmentKind
from viewer.qt import theme, tokens
from viewer.qt.labels import section_title, show_if
from viewer.session.clot_by_phase import ClotBar, ClotExtents, ClotStory, clot_story
from viewer.session.session import Session

NONE_TEXT = (
    "No clot was marked and no phase was looked through for it. Mark clot (C) in Review, or say in "
    "the list of series that there is none."
)


class BurdenGraph(QWidget):
    """A bar a phase: patterned from IVUS, dashed when estimated from a venogram."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: tuple[ClotBar, ...] = ()
        self.setMinimumHeight(96)
        self.setAccessibleName("Clot volume by phase")

    def show_bars(self, bars: tuple[ClotBar, ...]) -> None:
        """Draw these."""
        self.bars = bars
        told = [f"{b.label} {b.volume_ml:.1f} mL" for b in bars if b.volume_ml is not None]
        self.setAccessibleDescription(", ".join(told))
        self.update()

    def _slot(self, n: int) -> QRectF:
        width = self.width() / max(1, len(self.bars))
        return QRectF(n * width, 0, width, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        known = [(b.volume_ml or 0.0) + (b.sigma_ml or 0.0) for b in self.bars]
        top, foot = max([*known, 0.1]), self.height() - 34.0
        for n, bar in enumerate(self.bars):
            self._paint_bar(painter, self._slot(n), bar, top, foot)
        painter.setPen(QPen(QColor(tokens.LINE2), 1.0))
        painter.drawLine(QLineF(0, foot, self.width(), foot))

    def _paint_bar(
        self, painter: QPainter, slot: QRectF, bar: ClotBar, top: float, foot: float
    ) -> None:
        center = Qt.AlignmentFlag.AlignHCenter
        painter.setFont(theme.font(11))
        painter.setPen(QColor(tokens.TEXT_MID))
        words = painter.fontMetrics().elidedText(
            bar.label, Qt.TextElideMode.ElideRight, int(slot.width() - 4)
        )
        painter.drawText(QRectF(slot.left(), foot + 3, slot.width(), 14), center, words)
        share = "" if bar.share is None else f"{bar.share:.0f} %"
        painter.setPen(QColor(tokens.TEXT_LOW))
        painter.drawText(QRectF(slot.left(), foot + 17, slot.width(), 14), center, share)
        if bar.volume_ml is None:
            painter.drawText(QRectF(slot.left(), foot - 16, slot.width(), 14), center, "not known")
            return
        room, width = foot - 20.0, min(56.0, slot.width() * 0.6)
        height = max(1.5, bar.volume_ml / top * room)
        box = QRectF(slot.center().x() - width / 2, foot - height, width, height)
        color = QColor(tokens.CLOT)
        if bar.by_ivus:
            ground = QColor(color)
            ground.setAlphaF(0.25)
            painter.fillRect(box, ground)
            painter.fillRect(box, theme.segment_brush(SegmentKind.CLOT))
        style = Qt.PenStyle.SolidLine if bar.by_ivus else Qt.PenStyle.DashLine
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 1.4, style))
        painter.drawRect(box)
        up = box.top()
        if bar.sigma_ml:
            spread = bar.sigma_ml / top * room
            x = box.center().x()
            painter.setPen(QPen(QColor(tokens.TEXT_HI), 1.2))
            up = box.top() - spread
            painter.drawLine(QLineF(x, up, x, min(foot, box.top() + spread)))
            for y in (up, min(foot, box.top() + spread)):
                painter.drawLine(QLineF(x - 4, y, x + 4, y))
        painter.setFont(theme.font(12, 600))
        painter.setPen(QColor(tokens.TEXT_HI))
        spot = QRectF(slot.left(), max(0.0, up - 17), slot.width(), 15)
        painter.drawText(spot, center, f"{bar.volume_ml:.1f}")

    def event(self, event: QEvent) -> bool:
        """Scores of the phase under the pointer."""
        if isinstance(event, QHelpEvent) and self.bars:
            n = int(event.pos().x() / max(1, self.width()) * len(self.bars))
            bar = self.bars[max(0, min(n, len(self.bars) - 1))]
            QToolTip.showText(event.globalPos(), f"{bar.label}\n{bar.tip}", self)
            return True
        return bool(super().event(event))


class ExtentLanes(QWidget):
    """Where clot lies along the vein, a lane a phase: denser where it fills more of the lumen."""

    LANE_PX = 11

    def __init__(self) -> None:
        super().__init__()
        self.lanes: tuple[ClotExtents, ...] = ()
        self.setAccessibleName("Clot along the vein by phase")

    def show_lanes(self, lanes: tuple[ClotExtents, ...]) -> None:
        """Draw these."""
        self.lanes = lanes
        self.setFixedHeight(self.LANE_PX * len(lanes) + 16)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        ends = [end for lane in self.lanes for span in lane.spans for end in span[:2]]
        if not ends:
            return
        painter = QPainter(self)
        left, right, low, high = 112.0, self.width() - 6.0, min(ends), max(ends)
        scale = (right - left) / max(high - low, 1e-9)
        painter.setFont(theme.font(10.5))
        for n, lane in enumerate(self.lanes):
            top = n * self.LANE_PX
            painter.setPen(QColor(tokens.TEXT_LOW))
            name = painter.fontMetrics().elidedText(
                lane.label, Qt.TextElideMode.ElideRight, int(left - 10)
            )
            painter.drawText(QRectF(0, top, left - 8, self.LANE_PX), name)
            painter.setPen(QPen(QColor(tokens.LINE2), 1.0))
            middle = top + self.LANE_PX / 2
            painter.drawLine(QLineF(left, middle, right, middle))
            for start, end, share in lane.spans:
                box = QRectF(left + (start - low) * scale, top + 2,
                             max(2.0, (end - start) * scale), self.LANE_PX - 4)  # fmt: skip
                ground = QColor(tokens.CLOT)
                ground.setAlphaF(0.25 + 0.75 * (share if share is not None else 0.5))
                painter.fillRect(box, ground)
        painter.setPen(QColor(tokens.TEXT_LOW))
        foot = QRectF(left, len(self.lanes) * self.LANE_PX + 1, right - left, 14)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"{low:.0f} mm")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{high:.0f} mm, brighter: fuller")


class ClotBurden(QWidget):
    """The bars, then what the last phase cleared of the first."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self._shown: ClotStory | None = None
        self.setAccessibleName("Clot burden by phase")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 8)
        column.setSpacing(6)
        self._title = section_title("Clot burden by phase")
        column.addWidget(self._title)
        self._legend = theme.label(
            "mL · pattern: IVUS · dashed: estimated from the venogram · bar ± one sigma",
            theme.caption(), "low", wrap=True,
        )  # fmt: skip
        column.addWidget(self._legend)
        self.graph = BurdenGraph()
        column.addWidget(self.graph, 1)
        self.lanes = ExtentLanes()
        column.addWidget(self.lanes)
        self._summary = theme.label("", theme.small(500), wrap=True)
        column.addWidget(self._summary)
        self._table = QWidget()
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        column.addWidget(self._table)
        self._none = theme.label(NONE_TEXT, theme.small(), "mid", wrap=True)
        column.addWidget(self._none)
        if session.figures is not None:
            session.figures.changed.connect(self._follow)

    def _follow(self) -> None:
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    @property
    def text(self) -> str:
        """What is said below the bars."""
        return self._summary.text()

    def refresh(self) -> None:
        """Follow the figures."""
        work = self._session.figures
        figures = work.figures if work is not None else None
        story = clot_story(figures) if figures is not None else None
        for widget in (self._legend, self.graph, self.lanes, self._summary, self._table):
            show_if(widget, story is not None)
        show_if(self._none, story is None)
        if story == self._shown:
            return
        self._shown = story
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        if story is None:
            return
        self._title.setText(f"CLOT BURDEN BY PHASE · {story.limb.upper()}")
        self.graph.show_bars(story.bars)
        self.lanes.show_lanes(story.extents)
        passes = f"{story.passes} thrombectomy pass{'' if story.passes == 1 else 'es'}"
        left = "residual clot" if story.residual else "no residual clot marked"
        parts = [story.compared, passes, left] if story.compared else [passes]
        self._summary.setText(" · ".join(parts))
        self._fill(story)

    def _fill(self, story: ClotStory) -> None:
        """Clearance at the left, patency of the veins at the right."""
        for row, figure in enumerate(story.rows):
            words = (figure.what, f"{figure.before} → {figure.after}", figure.cleared, figure.grade)
            for column, text in enumerate(words):
                tone = ("low", "mid", "", "")[column]
                label = theme.label(text, theme.caption(), tone)
                label.setToolTip(figure.tip)
                self._grid.addWidget(label, row, column)
        for row, (vein, before, after) in enumerate(story.patency):
            for column, text in ((5, vein), (6, f"{before} → {after}")):
                tone = "low" if column == 5 else "mid"
                self._grid.addWidget(theme.label(text, theme.caption(), tone), row, column)
        self._grid.setColumnStretch(4, 1)
