"""The window: regions laid out as the specification has them, and what belongs to no single one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.model.study import Pullback, Run
from viewer.qt import commands, tokens
from viewer.qt.align_stage import AlignStage
from viewer.qt.align_strip import AlignStrip
from viewer.qt.calibrate_strip import CalibrateStrip
from viewer.qt.contrast_controls import ContrastControls
from viewer.qt.image_pane import ImagePane
from viewer.qt.inspector import Inspector
from viewer.qt.ivus_view import IvusView
from viewer.qt.longitudinal_view import LongitudinalView
from viewer.qt.lower_region import LowerRegion
from viewer.qt.lumen_strip import LumenStrip
from viewer.qt.notify import Toast
from viewer.qt.pane_verbs import PaneVerbs
from viewer.qt.rotation_strip import RotationStrip
from viewer.qt.series_rail import SeriesRail
from viewer.qt.start_page import RecoveryCard, StartPage
from viewer.qt.status_bar import StatusBar
from viewer.qt.tool_strip import ToolStrip
from viewer.qt.top_bar import TopBar
from viewer.qt.venogram_view import VenogramView
from viewer.session.contrast_views import ContrastViews
from viewer.session.figure_work import FigureWork
from viewer.session.frame_loader import FrameLoader
from viewer.session.lumen_work import LumenWork
from viewer.session.path_work import paths_on_workers
from viewer.session.pull_work import PullWork
from viewer.session.recovery import Recovery
from viewer.session.session import Session
from viewer.session.state import Notice, Severity, Tool, Workspace
from viewer.session.vein_tracing import VeinTracing

if TYPE_CHECKING:
    from viewer.qt.compare_stage import CompareStage

WIDE, MIDDLE = 1800, 1500
"""From these widths on the rail, and the full inspector and tool labels, have room."""
STAGE_SHARES = (700, 568)
HEIGHT_SHARES = (628, 372)


class MainWindow(QMainWindow):
    """All regions; knows the session and the loader, not where files come from."""

    dropped = Signal(list)
    closing = Signal()
    recovery_kept = Signal(object)
    recovery_discarded = Signal(object)
    cache_asked = Signal()

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        super().__init__()
        self.session = session
        self.loader = loader
        self.setWindowTitle("Caval — not for diagnostic use")
        self.setAcceptDrops(True)
        self.setMinimumSize(1024, 640)
        self.actions_by_id = commands.make_actions(session, self)
        self._maximised: ImagePane | None = None
        self._told: Notice | None = None
        self._inspector_asked: bool | None = None
        self.pane_verbs = PaneVerbs(self)
        self._build()
        commands.place(self.actions_by_id, self, self.stage)
        self._states = commands.ActionStates(session, self.actions_by_id, self.contrast)
        self._active: ImagePane = self.ivus
        self._connect()
        self.set_active(self.ivus)
        self._show_page()

    # -- build --------------------------------------------------------------------------------
    def _build(self) -> None:
        session, actions = self.session, self.actions_by_id
        self.top_bar = TopBar(session, actions)
        self.rail = SeriesRail(session)
        self.tools = ToolStrip(session, actions)
        self.contrast = ContrastViews(session, self.loader)
        session.tracing = VeinTracing(session, self.loader, self.contrast)
        session.pulls = PullWork(session, self.loader)
        session.lumen_work = LumenWork(session, self.loader)
        session.figures = FigureWork(session, self.loader)
        session.two_views.worker = paths_on_workers(self.loader)
        self.venogram = VenogramView(session, self.loader, self.contrast)
        self.ivus = IvusView(session, self.loader)
        self.along = LongitudinalView(session, self.loader, actions)
        self.below = LowerRegion(session, self.contrast, actions, self.along)
        self.contrast_controls = ContrastControls(session, self.venogram, actions, self.below)
        self.inspector = Inspector(session)
        self.status = StatusBar(session)
        self.contrast_controls.tell_progress(self.status)
        self.strip = AlignStrip(session)
        self.calibrate_strip = CalibrateStrip(session)
        self.rotation_strip = RotationStrip(session)
        self.lumen_strip = LumenStrip(session)
        self.start_page = StartPage(actions)
        self.toast = Toast(self)
        self.align = AlignStage(self)
        self._build_stage()
        body = QWidget()
        self._row = QHBoxLayout(body)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(1)
        for widget in (self.rail, self.tools):
            self._row.addWidget(widget)
        self._row.addWidget(self.stage, 1)
        self.compare: CompareStage | None = None
        self._row.addWidget(self.inspector)
        self.pages = QStackedWidget()
        self._body = body
        self.pages.addWidget(self.start_page)
        self.pages.addWidget(body)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part, stretch in ((self.top_bar, 0), (self.pages, 1), (self.status, 0)):
            column.addWidget(part, stretch)
        self.setCentralWidget(whole)

    def _build_stage(self) -> None:
        self.stage = QWidget()
        self.images = QSplitter(Qt.Orientation.Horizontal)
        self.split = QSplitter(Qt.Orientation.Vertical)
        for splitter in (self.images, self.split):
            splitter.setHandleWidth(4)
            splitter.setChildrenCollapsible(False)
        self.images.addWidget(self.venogram)
        self.images.addWidget(self.ivus)
        self.images.setSizes(list(STAGE_SHARES))
        self.images.setStretchFactor(0, STAGE_SHARES[0])
        self.images.setStretchFactor(1, STAGE_SHARES[1])
        self.split.addWidget(self.images)
        self.split.addWidget(self.below)
        self.split.setSizes(list(HEIGHT_SHARES))
        self.split.setStretchFactor(0, HEIGHT_SHARES[0])
        self.split.setStretchFactor(1, HEIGHT_SHARES[1])
        column = QVBoxLayout(self.stage)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._notices = QVBoxLayout()
        self._notices.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._notices)
        column.addWidget(self.strip)
        column.addWidget(self.calibrate_strip)
        column.addWidget(self.rotation_strip)
        column.addWidget(self.lumen_strip)
        column.addWidget(self.split, 1)
        self.strip.hide()
        self.calibrate_strip.hide()
        self.rotation_strip.hide()
        self.lumen_strip.hide()

    def _connect(self) -> None:
        session = self.session
        session.case_changed.connect(self._on_case)
        session.tool_changed.connect(self._on_tool)
        session.workspace_changed.connect(self._on_workspace)
        session.noticed.connect(self._on_notice)
        session.cursor_changed.connect(lambda *_: self.ivus.repaint_layers())
        for pane in (self.venogram, self.ivus):
            pane.activated.connect(lambda pane=pane: self.set_active(pane))
            pane.add_asked.connect(self.actions_by_id["file.add"].trigger)
            pane.empty.held_asked.connect(self.show_inspector)
            pane.maximise_asked.connect(lambda pane=pane: self.maximise(pane))
            pane.cine.sweep_asked.connect(partial(self.pane_verbs.set_sweep, pane))
        self.ivus.turned.connect(self.pane_verbs.turn_cut)
        self.along.canvas.focused.connect(lambda: self.set_active(self.ivus))
        self.along.canvas.turned.connect(self.pane_verbs.copy_cut)
        self.toast.undo_asked.connect(session.undo)
        self.status.undo_clicked.connect(session.undo)
        self.status.issues_clicked.connect(self.show_inspector)

    def act_on(self, pane: ImagePane, action_id: str) -> None:
        """Run an action on a pane, made the active one."""
        self.set_active(pane)
        self.actions_by_id[action_id].trigger()

    # -- what actions do ----------------------------------------------------------------------
    def verbs(self) -> dict[str, Callable[[], object]]:
        """What actions do that need the window's panes."""
        return self.pane_verbs.verbs()

    def cancel(self) -> None:
        """Esc ends what is being done, then the armed tool, a maximised pane, the selection."""
        session, alone = self.session, self._maximised
        if self.contrast_controls.cancel():
            return
        if session.pulls is not None and session.pulls.fluoro.end_marking():
            return
        busy = session.in_gesture or session.vessel.pending.point_px is not None
        if alone is not None and not busy and session.tool is Tool.SELECT:
            self.maximise(alone)
        else:
            commands.cancel(session)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or return."""
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    # -- regions ------------------------------------------------------------------------------
    def set_active(self, pane: ImagePane) -> None:
        """Let keys go to a pane."""
        self._active = pane
        for each in (self.venogram, self.ivus):
            each.set_active(each is pane)
        self.pane_verbs.show_sweep()

    @property
    def is_maximised(self) -> bool:
        """Whether one pane has the whole window."""
        return self._maximised is not None

    @property
    def active_pane(self) -> ImagePane:
        """The pane that keys go to."""
        return self._active

    def _regions(self) -> Sequence[QWidget]:
        every = (
            self.top_bar,
            self.rail,
            self.tools,
            self.venogram.view,
            self.ivus.view,
            *([self.align.speed.graph] if self.align.speed is not None else []),
            self.below.focus_target,
            self.inspector,
        )
        return [region for region in every if region.isVisible()]

    def focus_region(self, step: int) -> None:
        """Move the focus to the next or previous region."""
        regions = self._regions()
        focused = self.focusWidget()
        here = next(
            (
                n
                for n, region in enumerate(regions)
                if focused is not None and (region is focused or region.isAncestorOf(focused))
            ),
            -1 if step > 0 else 0,
        )
        target = regions[(here + step) % len(regions)]
        inside = [w for w in target.findChildren(QWidget) if _takes_focus(w)]
        (inside or [target])[0].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def maximise(self, pane: ImagePane) -> None:
        """Give a pane the whole window, or give the others their room back."""
        self._maximised = None if self._maximised is pane else pane
        self._lay_out()

    def toggle_inspector(self) -> None:
        """Show or hide the inspector."""
        self._inspector_asked = not self.inspector.isVisible()
        self._lay_out()

    def show_inspector(self) -> None:
        """Show the inspector, e.g. to read what needs attention."""
        if self.pages.currentIndex() == 0 and self._told is not None:
            self.toast.show_notice(self._told)
            return
        self._inspector_asked = True
        self._lay_out()
        self.inspector.show_issues()

    def toggle_space(self) -> None:
        """Show the vein in space, in the inspector, or hide it."""
        views = self.session.two_views
        views.set_open(not views.open)
        if views.open and not self.inspector.isVisible():
            self._inspector_asked = True
            self._lay_out()

    def _lay_out(self) -> None:
        width, alone = self.width(), self._maximised
        tight = width < MIDDLE
        self.rail.set_compact(width < WIDE)
        self.tools.set_compact(tight)
        self.top_bar.set_compact(tight)
        self.status.set_compact(tight)
        inspector_width = tokens.INSPECTOR_WIDTH if width >= WIDE else 320
        self.inspector.setFixedWidth(inspector_width)
        asked = self._inspector_asked
        shows = (not tight if asked is None else asked) and alone is None
        self._float_inspector(tight)
        self.inspector.setVisible(shows)
        self.actions_by_id["window.inspector"].setChecked(shows)
        self.align.lay_out()
        self._lay_out_compare()
        for pane in (self.venogram, self.ivus):
            pane.setVisible(alone is None or alone is pane)
        if tight and shows:
            self._place_drawer()

    def _lay_out_compare(self) -> None:
        """Compare takes the place of tools, stage and inspector; made when first opened."""
        on = self.session.workspace is Workspace.COMPARE
        if on and self.compare is None:
            from viewer.qt.compare_stage import CompareStage

            self.compare = CompareStage(self)
            self._row.insertWidget(self._row.indexOf(self.stage), self.compare, 1)
        if self.compare is None:
            return
        self.compare.setVisible(on)
        self.stage.setVisible(not on)
        if on:
            self.tools.hide()
            self.inspector.hide()
            self.rail.set_compact(True)

    def _float_inspector(self, floats: bool) -> None:
        """On a small screen the inspector is a drawer over the stage: it pushes nothing."""
        inside = self._row.indexOf(self.inspector) >= 0
        if floats and inside:
            self._row.removeWidget(self.inspector)
            self.inspector.setParent(self._body)
        elif not floats and not inside:
            self._row.addWidget(self.inspector)

    def _place_drawer(self) -> None:
        width = self.inspector.width()
        self.inspector.setGeometry(self._body.width() - width, 0, width, self._body.height())
        self.inspector.raise_()

    def _show_page(self) -> None:
        self.pages.setCurrentIndex(1 if self.session.case.image_sets else 0)

    # -- session ------------------------------------------------------------------------------
    def _on_case(self, *_: object) -> None:
        self._show_page()
        self._lay_out()
        held = self.session.case.held
        self.venogram.empty.show_held(sum(isinstance(item, Run) for item in held))
        self.ivus.empty.show_held(sum(isinstance(item, Pullback) for item in held))
        filled = [pane for pane in (self.ivus, self.venogram) if pane.current_item() is not None]
        if self._active not in filled:
            self.set_active((*filled, self.ivus)[0])
        self.pane_verbs.show_sweep()
        self._take_focus()

    def _take_focus(self) -> None:
        """Let keys go to the active pane, unless somebody is writing."""
        writing = isinstance(self.focusWidget(), QLineEdit | QPlainTextEdit | QAbstractSpinBox)
        if self.session.case.image_sets and not writing:
            self._active.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def offer_recoveries(self, found: Sequence[Recovery]) -> None:
        """Offer, over the images, the changes to this review that a crash left behind."""
        while (item := self._notices.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for lost in found:
            card = RecoveryCard(lost, slim=True)
            card.kept.connect(partial(self.recovery_kept.emit, lost))
            card.discarded.connect(partial(self.recovery_discarded.emit, lost))
            self._notices.addWidget(card)

    def show_case(self) -> None:
        """Show the panes even while there is no image yet (a review without its images)."""
        self.pages.setCurrentIndex(1)

    def _on_tool(self, tool: Tool) -> None:
        self.strip.setVisible(tool is Tool.LANDMARK)
        self.calibrate_strip.setVisible(tool is Tool.CALIBRATE)
        self.rotation_strip.setVisible(tool is Tool.ROTATION)
        self.lumen_strip.setVisible(tool is Tool.LUMEN)

    def _on_workspace(self, workspace: Workspace) -> None:
        self._lay_out()
        if workspace is Workspace.ALIGN:
            drawn = self.session.current_polyline is not None
            self.session.arm(Tool.LANDMARK if drawn else Tool.CENTERLINE)
        elif self.session.tool in (Tool.LANDMARK, Tool.CENTERLINE):
            self.session.arm(Tool.SELECT)

    def _on_notice(self, notice: Notice) -> None:
        on_start_page = self.pages.currentIndex() == 0  # where no list shows what needs attention
        if notice.severity is not Severity.INFO:
            self._told = notice
        loud = notice.severity is not Severity.WARNING or notice.about in ("tie", "rate")
        if loud or on_start_page:
            self.toast.show_notice(notice)
        if notice.about == "held" and notice.severity is Severity.ERROR:
            self.show_inspector()

    # -- events -------------------------------------------------------------------------------
    def event(self, event: QEvent) -> bool:
        """Keys come back here when a dialog closes, also where no window manager sees to it."""
        if event.type() == QEvent.Type.WindowUnblocked:
            self.activateWindow()
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Only keys nobody wanted come here: say why one of them does nothing now."""
        focus = QApplication.focusWidget()
        on_stage = focus is not None and self.stage.isAncestorOf(focus)
        why = commands.why_not_now(event, self.actions_by_id, self.session, on_stage=on_stage)
        if why:
            self.toast.show_notice(Notice(f"{why}.", severity=Severity.WARNING))
        event.ignore()

    def showEvent(self, event: QShowEvent) -> None:
        """Keys come here from the start."""
        super().showEvent(event)
        self.activateWindow()

    def sizeHint(self) -> QSize:
        """The size the pictures of the specification have."""
        return QSize(1920, 1080)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Rearrange for the new width."""
        super().resizeEvent(event)
        self._lay_out()
        self.toast.reposition()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop playing and let the application save."""
        for pane in (self.venogram, self.ivus):
            pane.pause()
        if self.session.lumen_work is not None:
            self.session.lumen_work.close()
        if self.compare is not None:
            self.compare.close_all()
        self.closing.emit()
        event.accept()

    # -- layout memory ------------------------------------------------------------------------
    def splitter_state(self) -> Mapping[str, str]:
        """Splitter positions as text, to be kept between sessions."""
        return self.align.keep()

    def restore_splitters(self, state: Mapping[str, str]) -> None:
        """Put the splitters back as they were."""
        for name, splitter in (("images", self.images), ("split", self.split)):
            if state.get(name):
                splitter.restoreState(QByteArray.fromBase64(state[name].encode("ascii")))
        for name, kept in state.items():
            self.align.restore(name, kept)


def _takes_focus(widget: QWidget) -> bool:
    return (
        widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not isinstance(widget, QScrollArea)
    )
