"""The column at the right: what was marked, its properties, and how it was measured."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.annotation_list import AnnotationList
from viewer.qt.attention_panel import AttentionPanel
from viewer.qt.checks_panel import ChecksPanel
from viewer.qt.commands import delete_selected
from viewer.qt.facts_panel import FactsPanel
from viewer.qt.figures_panel import FiguresPanel
from viewer.qt.labels import ElidedLabel, push_button, show_if
from viewer.qt.landmark_panel import LandmarkPanel, QualityPanel
from viewer.qt.mapping_panel import MappingPanel
from viewer.qt.measurement_panel import MeasurementPanel
from viewer.qt.segment_panel import SegmentPanel
from viewer.qt.suggestion_panel import SuggestionPanel
from viewer.qt.two_views_panel import TwoViewsPanel
from viewer.qt.vein_panel import VeinPanel
from viewer.qt.venography_panel import VenographyPanel
from viewer.session.session import Session
from viewer.session.state import Selection, Workspace

_EMPTY = (
    "Nothing is marked yet. Arm Stenosis (S), Clot (C) or Stent (T) and drag along the vein, on "
    "the venogram or on the graph below."
)


DRAG_MS = 50
"""While something is dragged, the inspector follows this often."""


class _Column(QWidget):
    """Never wider than the inspector: what does not fit wraps or is elided."""

    def minimumSizeHint(self) -> QSize:
        """As high as what is in it."""
        return QSize(0, super().minimumSizeHint().height())


class Inspector(QWidget):
    """Scrolls; 352 px wide, 320 on smaller screens."""

    leave_out_requested = Signal()
    new_case_requested = Signal()
    add_anyway_requested = Signal()
    add_requested = Signal()
    issues_changed = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Inspector")
        self.setFixedWidth(tokens.INSPECTOR_WIDTH)
        self._title = ElidedLabel("Annotations", theme.body(500))
        self._count = ElidedLabel("", theme.small(), tokens.TEXT_LOW)
        self.attention = AttentionPanel(session)
        self.annotations = AnnotationList(session)
        self.segment = SegmentPanel(session)
        self.figures = FiguresPanel(session)
        self.suggested = SuggestionPanel(session)
        self.venography = VenographyPanel(session)
        self.checks = ChecksPanel(session)
        self.measurements = MeasurementPanel(session)
        self.facts = FactsPanel(session)
        self.space: TwoViewsPanel | None = None
        self.landmarks = LandmarkPanel(session)
        self.veins = VeinPanel(session)
        self.quality = QualityPanel(session)
        self.mapping = MappingPanel(session)
        self._empty = theme.label(_EMPTY, theme.small(), "mid", wrap=True)
        self._empty.setContentsMargins(16, 0, 16, 12)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DRAG_MS)
        self._soon.timeout.connect(self.refresh)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setContentsMargins(16, 0, 16, 0)
        heading.setSpacing(8)
        heading.addWidget(self._title)
        heading.addWidget(self._count, 1)
        bar = QWidget()
        bar.setFixedHeight(36)
        bar.setLayout(heading)
        inside = _Column()
        stack = QVBoxLayout(inside)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(self.attention)
        self._space_at = QVBoxLayout()
        stack.addLayout(self._space_at)
        stack.addWidget(bar)
        stack.addWidget(self._empty)
        stack.addWidget(self.annotations)
        stack.addWidget(self.landmarks)
        self._rules: list[tuple[QWidget, QWidget]] = []
        self.figures.take_in(self.segment.length)
        self.segment.put_figures(self.figures.keys_row, self.figures.shape, self.figures)
        panels = (
            self.segment, self.venography, self.suggested, self.checks, self.veins,
            self.measurements, self.facts, self.quality, self.mapping,
        )  # fmt: skip
        for panel in panels:
            line = theme.rule()
            self._rules.append((line, panel))
            stack.addWidget(line)
            stack.addWidget(panel)
        stack.addStretch(1)
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.scroll_area, 1)
        column.addWidget(theme.rule())
        column.addLayout(self._foot())

    def _foot(self) -> QHBoxLayout:
        session = self._session
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 12, 8)
        foot.setSpacing(8)
        self.duplicate = push_button("Duplicate", "ph.copy", tip="Copy the segment  (Ctrl D)")
        self.clear = push_button(
            "Reset to ends",
            "ph.arrow-counter-clockwise",
            tip="Keep the first and the last landmark only, as one step",
        )
        self.delete = push_button("Delete", "ph.trash", "danger", tip="Delete what is selected")
        self.duplicate.clicked.connect(lambda: session.segments.duplicate(session.selection.id))
        self.clear.clicked.connect(session.vessel.keep_end_landmarks)
        self.delete.clicked.connect(lambda: delete_selected(session))
        foot.addWidget(self.duplicate)
        foot.addWidget(self.clear)
        foot.addStretch(1)
        foot.addWidget(self.delete)
        return foot

    def _connect(self) -> None:
        session, attention = self._session, self.attention
        if session.pulls is not None:
            session.pulls.changed.connect(self._follow_pulls)
        for signal in (
            session.case_changed, session.link_changed,
            session.selection_changed, session.workspace_changed,
        ):  # fmt: skip
            signal.connect(self.refresh)
        session.two_views.changed.connect(self._show_space)
        session.review_changed.connect(self._follow_review)
        session.cursor_changed.connect(self._follow_cursor)
        self._shown = (session.cursor.run_uid, session.cursor.pullback_uid)
        attention.leave_out_requested.connect(self.leave_out_requested)
        attention.new_case_requested.connect(self.new_case_requested)
        attention.add_anyway_requested.connect(self.add_anyway_requested)
        attention.add_requested.connect(self.add_requested)
        attention.count_changed.connect(self.issues_changed)

    def refresh(self) -> None:
        """Follow the session."""
        session = self._session
        align = session.workspace is Workspace.ALIGN
        self._show_space()
        self._refresh_lists(align)
        chosen: Selection = session.selection
        segment = session.review.segment(chosen.id) if chosen.kind == "segment" else None
        if segment is not None:
            self.segment.show_segment(segment)
        else:
            self.segment.finish()
        show_if(self.segment, segment is not None and not align)
        self.figures.refresh()
        self.suggested.refresh()
        self.venography.refresh()
        show_if(self.venography, self.venography.anything and not align)
        show_if(self.suggested, self.suggested.anything and not align)
        self.checks.refresh()
        show_if(self.checks, self.checks.anything and not align)
        self.veins.refresh()
        show_if(self.veins, self.veins.anything)
        if align:
            self.quality.refresh()
            self.mapping.refresh()
        else:
            self.measurements.refresh()
            self.facts.refresh()
        show_if(self.measurements, not align and bool(session.review.measurements))
        show_if(self.facts, not align and bool(self.facts.texts))
        show_if(self.quality, align)
        show_if(self.mapping, align)
        for line, panel in self._rules:
            show_if(line, not panel.isHidden())
        show_if(self.duplicate, not align)
        show_if(self.clear, align)
        self.duplicate.setEnabled(segment is not None)
        self.clear.setEnabled(len(session.vessel.landmarks) > 2)
        self.delete.setText(" Remove selected" if align else " Delete")
        self.delete.setEnabled(bool(chosen))

    def _show_space(self) -> None:
        """The vein in space, made when it is first asked for."""
        is_open = self._session.two_views.open
        if self.space is None and is_open:
            self.space = TwoViewsPanel(self._session)
            self._space_at.addWidget(self.space)
        if self.space is not None:
            show_if(self.space, is_open)
            if is_open:
                self.space.refresh()

    def _refresh_lists(self, align: bool) -> None:
        marks = len(self._session.vessel.landmarks)
        mark = self._session.selection.kind == "landmark"
        if align or mark:
            self.landmarks.refresh()
        if align:
            self._title.set_text("Landmarks")
            self._count.set_text(f"{marks} anchor{'' if marks == 1 else 's'}, centre to periphery")
        else:
            self.annotations.refresh()
            self._title.set_text("Annotations")
            self._count.set_text(self.annotations.count_text)
        anything = self.annotations.count() > 0
        show_if(self.landmarks, align or mark)
        show_if(self.annotations, not align and anything)
        show_if(self._empty, not align and not anything)

    def _follow_review(self) -> None:
        """During a drag the images come first: the column follows 20 times a second."""
        if not self._session.in_gesture:
            self._soon.stop()
            self.refresh()
        elif not self._soon.isActive():
            self._soon.start()

    def _follow_pulls(self) -> None:
        """What was being worked out for Align has come, or goes on."""
        if self._session.workspace is Workspace.ALIGN:
            self.quality.refresh()
            self.landmarks.refresh()

    def _follow_cursor(self) -> None:
        shown = (self._session.cursor.run_uid, self._session.cursor.pullback_uid)
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def show_issues(self) -> None:
        """Open what needs attention and bring it into view."""
        self.attention.set_open(True)
        self.scroll_area.verticalScrollBar().setValue(0)

    def set_compact(self, compact: bool) -> None:
        """320 px for smaller screens."""
        self.setFixedWidth(tokens.INSPECTOR_WIDTH_COMPACT if compact else tokens.INSPECTOR_WIDTH)
