"""The table of actions as Qt actions: texts, shortcuts, menus, and what each one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from viewer.model.rotation import SeenFrom
from viewer.qt.icons import icon
from viewer.session.actions import ACTIONS, BY_ID, MENUS, Action, tooltip
from viewer.session.contrast_views import ContrastViews, Peak
from viewer.session.session import Session
from viewer.session.state import AxisKind, Tool, Workspace


def make_actions(session: Session, parent: QObject) -> dict[str, QAction]:
    """A QAction for every row of the table, not yet bound."""
    made = {}
    for spec in ACTIONS:
        action = QAction(spec.text, parent)
        action.setObjectName(spec.id)
        action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
        action.setToolTip(tooltip(spec, session))
        action.setStatusTip(spec.tip)
        action.setCheckable(spec.checkable)
        if spec.single_letter:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made[spec.id] = action
    return made


def add_icons(actions: Mapping[str, QAction]) -> None:
    """Give the actions their icons; after the first picture is on screen, they cost time."""
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.id].setIcon(icon(spec.icon))


def place(actions: Mapping[str, QAction], window: QWidget, stage: QWidget) -> None:
    """Let single keys act while the stage has the focus, other shortcuts everywhere."""
    for spec in ACTIONS:
        (stage if spec.single_letter else window).addAction(actions[spec.id])


def bind(
    actions: Mapping[str, QAction], session: Session, verbs: Mapping[str, Callable[[], object]]
) -> None:
    """Connect every action to what it does.

    Raises
    ------
    KeyError
        An action of the table has nothing to do.
    """
    todo = {**session_verbs(session), **verbs}
    for action_id, action in actions.items():
        act = todo[action_id]
        action.triggered.connect(lambda _=False, act=act: act())


def session_verbs(session: Session) -> dict[str, Callable[[], object]]:
    """What actions do that need only the session."""
    verbs: dict[str, Callable[[], object]] = {
        "edit.undo": lambda: undo(session),
        "edit.redo": lambda: redo(session),
        "edit.delete": lambda: delete_selected(session),
        "edit.duplicate": lambda: session.segments.duplicate(session.selection.id),
        "edit.hide": lambda: session.segments.toggle_hidden(session.selection.id),
        "edit.accept": lambda: accept(session),
        "edit.cancel": lambda: cancel(session),
        "calibrate.carry": session.calibrating.carry.use,
        "vessel.new": session.vessel.begin_new,
        "vessel.snap": lambda: toggle_snap(session),
        "vessel.edges": lambda: toggle_edges(session),
        "vessel.tie": session.vessel.tie_pullback,
        "vessel.left": lambda: session.vessel.name_centerline("Left"),
        "vessel.right": lambda: session.vessel.name_centerline("Right"),
        "vessel.cava": lambda: session.vessel.name_centerline("IVC"),
        "vessel.copy": session.vessel.copy_to_others,
        "vessel.accept": session.vessel.accept_centerline,
        "vessel.reverse": session.vessel.reverse_centerline,
        "vessel.delete": session.vessel.remove_centerline,
        "rotation.seen_from": session.rotation.toggle_seen_from,
        "rotation.remove": session.rotation.remove,
        "compare.swap": session.compare.swap,
        "lumen.find": lambda: find_lumen(session),
        "lumen.accept_sure": session.lumen.accept_sure,
        "lumen.delete": session.lumen.delete,
        "lumen.next": lambda: session.lumen.step_to_check(1),
        "lumen.previous": lambda: session.lumen.step_to_check(-1),
        "contrast.clear_points": session.contrast_points.clear,
        "vessel.clear_landmarks": session.vessel.remove_landmarks,
        "landmark.previous": lambda: session.vessel.step_landmark(-1),
        "landmark.next": lambda: session.vessel.step_landmark(1),
        "segment.next": lambda: session.segments.step(1),
        "segment.previous": lambda: session.segments.step(-1),
        "views.other": session.two_views.go_to_partner,
        "views.colours": session.two_views.toggle_colours,
        "views.true_length": session.two_views.toggle_true_length,
        "view.layers": session.cycle_layers,
        "view.link": lambda: session.set_linked(not session.linked),
    }
    verbs |= {f"tool.{tool.value}": partial(session.arm, tool) for tool in Tool}
    verbs |= {f"axis.{axis.value}": partial(session.set_axis, axis) for axis in AxisKind}
    verbs |= {f"workspace.{s.value}": partial(session.set_workspace, s) for s in Workspace}
    return verbs


def delete_selected(session: Session) -> None:
    """Delete whatever is selected."""
    chosen = session.selection
    if session.calibrating.active:
        session.calibrating.remove_last_point()
    elif session.tool is Tool.LUMEN and not chosen:
        session.lumen.delete()
    elif chosen.kind == "segment":
        session.segments.delete(chosen.id)
    elif chosen.kind == "measurement":
        session.measures.delete(chosen.id)
    elif chosen.kind == "contrast":
        session.contrast_points.delete(chosen.id)
    elif chosen.kind == "landmark":
        session.vessel.remove_landmark(chosen.id)
    elif chosen.kind == "knot":
        session.vessel.remove_knot(session.vessel.knot_of(chosen) or 0)
    elif chosen.kind == "centerline":
        session.vessel.remove_centerline()


def accept(session: Session) -> None:
    """Use the calibration that is under way, else add the landmark that is being placed."""
    if session.calibrating.active:
        session.calibrating.accept()
    elif session.tool is Tool.LUMEN:
        session.lumen.accept()
    elif session.tool is Tool.CENTERLINE:
        line = session.vessel.target
        if line is not None and len(line.knots_px) > 1:
            session.arm(Tool.SELECT)
    else:
        session.vessel.accept_pending()


def find_lumen(session: Session) -> None:
    """Find the lumen on every frame; asked once more, say how far it is."""
    work = session.lumen_work
    if work is not None and work.status:
        session.notify(work.status, about="lumen")
    elif work is not None:
        work.find()


def undo(session: Session) -> None:
    """Take the last click of a calibration back, else the last step of the review."""
    if not session.calibrating.undo():
        session.undo()


def redo(session: Session) -> None:
    """Make the click again that was taken back, else do the undone step again."""
    if not session.calibrating.redo():
        session.redo()


def toggle_snap(session: Session) -> None:
    """Let clicks follow the vein, or not."""
    tracing = session.tracing
    if tracing is not None:
        tracing.set_snap(not tracing.snap)
        text = "Clicks follow the vein" if tracing.snap else "Clicks are joined by a smooth curve"
        session.notify(text, about="vein")


def toggle_edges(session: Session) -> None:
    """Show the vein's edges, or not."""
    if session.tracing is not None:
        session.tracing.show_edges(not session.tracing.edges)


def cancel(session: Session) -> None:
    """First the stroke, then what is being placed, then the tool, then the selection."""
    if session.in_gesture:
        session.abort()
    elif session.vessel.pending.point_px is not None:
        session.vessel.forget_pending()
    elif session.calibrating.cancel_stroke():
        return
    elif session.tool is not Tool.SELECT:
        session.arm(Tool.SELECT)
    else:
        session.select(type(session.selection)())


def why_not_now(
    event: QKeyEvent, actions: Mapping[str, QAction], session: Session, *, on_stage: bool
) -> str:
    """Why the action whose shortcut was pressed can't run now, a sentence; "" for other keys.

    `on_stage` says whether single keys act where the key was pressed.
    """
    if event.isAutoRepeat():
        return ""
    pressed = QKeySequence(event.keyCombination())
    for spec in ACTIONS:
        action = actions[spec.id]
        if pressed in action.shortcuts() and (on_stage or not spec.single_letter):
            why = spec.why_not(session)
            return f"{spec.text.rstrip('…')} {why}" if why and not action.isEnabled() else ""
    return ""


class ActionStates:
    """Keeps enabled, checked and tooltip of every action true to the session."""

    def __init__(
        self,
        session: Session,
        actions: Mapping[str, QAction],
        contrast: ContrastViews | None = None,
    ) -> None:
        self._session, self._contrast = session, contrast
        self._actions = actions
        for signal in (
            session.case_changed,
            session.review_changed,
            session.selection_changed,
            session.tool_changed,
            session.axis_changed,
            session.workspace_changed,
            session.link_changed,
            session.pending_changed,
            session.two_views.changed,
        ):
            signal.connect(self.refresh)
        if contrast is not None:
            contrast.changed.connect(self.recheck)
        for action_id in self._checked():  # Qt turns a switch off that is chosen once more
            actions[action_id].triggered.connect(self.refresh)
        self.refresh()

    def _checked(self) -> dict[str, bool]:
        """Which switches are on."""
        session, contrast = self._session, self._contrast
        run = session.run
        shown = (contrast.dsa(run), contrast.peak(run)) if contrast and run else (None, Peak.OFF)
        return {
            "contrast.subtract": shown[0] is not None,
            "contrast.shift": contrast is not None and contrast.shifting,
            "contrast.peak": shown[1] is Peak.DARKEST,
            "contrast.peak_time": shown[1] is Peak.TIMES,
            "view.link": session.linked,
            "views.space": session.two_views.open,
            "views.colours": session.two_views.colours,
            "views.true_length": session.two_views.in_force(session.current_centerline) is not None,
            "rotation.seen_from": session.rotation.seen_from is SeenFrom.HEAD,
            "vessel.snap": session.tracing is None or session.tracing.snap,
            "vessel.edges": session.tracing is not None and session.tracing.edges,
            **{f"tool.{tool.value}": session.tool is tool for tool in Tool},
            **{f"axis.{axis.value}": session.axis is axis for axis in AxisKind},
            **{f"workspace.{s.value}": session.workspace is s for s in Workspace},
        }

    def recheck(self, *_: object) -> None:
        """Show which switches are on."""
        for action_id, on in self._checked().items():
            self._actions[action_id].setChecked(on)

    def refresh(self, *_: object) -> None:
        """Ask the table again; what has not changed costs a comparison."""
        self.recheck()
        for action_id, action in self._actions.items():
            spec = BY_ID[action_id]
            action.setEnabled(not spec.why_not(self._session))
            tip = tooltip(spec, self._session)
            if tip != action.toolTip():
                action.setToolTip(tip)
        for action_id, verb in (("edit.undo", "Undo"), ("edit.redo", "Redo")):
            label = self._step_label(verb)
            self._actions[action_id].setText(f"{verb} {label.lower()}" if label else verb)

    def _step_label(self, verb: str) -> str:
        """What undo or redo would do next: a click of the calibration, else a step."""
        calibrating, history = self._session.calibrating, self._session.history
        if calibrating.can_undo if verb == "Undo" else calibrating.can_redo:
            return "click"
        return history.undo_label if verb == "Undo" else history.redo_label


def build_menu(actions: Mapping[str, QAction], parent: QWidget) -> QMenu:
    """The whole table as one menu with a submenu for each of its menus."""
    root = QMenu(parent)
    root.menuAction().setEnabled(False)  # else single keys act while the menu's button has focus
    for name in MENUS:
        menu = root.addMenu(name)
        specs = [spec for spec in ACTIONS if spec.menu == name]
        for number, spec in enumerate(specs):
            if number and spec.group != specs[number - 1].group:
                menu.addSeparator()
            menu.addAction(actions[spec.id])
    return root


def spec_of(action: QAction) -> Action:
    """The row of the table an action was made from."""
    return BY_ID[action.objectName()]
