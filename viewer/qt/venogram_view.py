"""The venogram pane: a run, the vein on it, and the place of the IVUS frame."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from viewer.model.calibration import Calibration
from viewer.model.study import ImageSet, Run
from viewer.qt import tokens
from viewer.qt.calibrate_tool import CalibrateOverlay, CalibrateTool
from viewer.qt.centerline_tool import CenterlineTool, VeinPathOverlay
from viewer.qt.contrast_marks import ContrastMarks, ContrastTool
from viewer.qt.contrast_pane import ContrastPane
from viewer.qt.corner_overlays import CornerText, Lines, ScaleBar, SideLetters, ToolPill
from viewer.qt.frame_view import FrameView
from viewer.qt.measure_overlay import MeasureOverlay
from viewer.qt.measure_tool import MeasureTool
from viewer.qt.two_view_overlays import TwoViewOverlay
from viewer.qt.vein_overlays import Hit, VeinOverlay
from viewer.qt.venography_overlay import VenographyOverlay
from viewer.session.actions import BY_ID
from viewer.session.centerline_edits import knot_selection
from viewer.session.contrast_views import ContrastViews
from viewer.session.frame_loader import FrameLoader
from viewer.session.guidance import Advice, advice_for
from viewer.session.session import Session
from viewer.session.state import Edge, Selection, Tool

ON_VEIN_PX = 14.0
"""A press this near to the centerline, on the screen, takes hold of the position."""

OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
ON_RUN = {
    Tool.CENTERLINE, Tool.STENOSIS, Tool.CLOT, Tool.STENT, Tool.CALIPER, Tool.ELLIPSE,
    Tool.CALIBRATE, Tool.CONTRAST,
}  # fmt: skip
"""Tools that do something on a venogram."""
GRIPS = {Tool.CENTERLINE: ("knot",), Tool.LANDMARK: ("landmark", "pending")}
"""What a press takes hold of while a tool is armed; Select takes hold of everything."""


class VenogramView(ContrastPane):
    """Shows a run; clicks and drags along the vein move the IVUS frame."""

    tag = "XA"
    what = "Venogram"
    empty_title = "No venogram yet"
    empty_text = "Add a run to see where along the vein each IVUS frame lies."

    def __init__(
        self,
        session: Session,
        loader: FrameLoader,
        contrast: ContrastViews,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(session, loader, contrast, parent)
        self._grip: Hit | None = None
        self._stroke_from: tuple[float, float] | None = None
        self._came_from: int | None = None
        self._advice: Advice | None = None
        self._closed_advice: set[str] = set()
        self._overlay = VeinOverlay(session)
        self._measures = MeasureOverlay(session)
        self._measures.others = self._overlay.labels
        self._measure_tool = MeasureTool(session, self._measures)
        self._calibration_overlay = CalibrateOverlay(session)
        self._calibrate_tool = CalibrateTool(session, loader, self._calibration_overlay)
        self.marks = ContrastMarks(session)
        self._contrast_tool = ContrastTool(session, self.marks)
        corners = CornerText(session)
        corners.top_left, corners.top_right = self._case_lines, self._arm_lines
        corners.bottom_left = self._window_lines
        self._centerline_tool = CenterlineTool(session, self.view)
        self.view.layers = [
            VeinPathOverlay(session),
            self._overlay,
            VenographyOverlay(session),
            TwoViewOverlay(session),
            self._measures,
            self._calibration_overlay,
            self.marks,
            SideLetters(session, self._letters),
            corners,
            ScaleBar(session, self._calibration),
            ToolPill(session, lambda: session.tool in ON_RUN),
            self.pill,
            self.legend,
            *self.view.layers,
        ]
        view = self.view
        view.pressed.connect(self._on_press)
        view.dragged.connect(self._on_drag)
        view.released.connect(self._on_release)
        view.clicked.connect(self._on_click)
        view.maximise_asked.connect(self._go_back)
        view.hovered.connect(self._on_hover)
        if session.figures is not None:
            session.figures.changed.connect(self.repaint_layers)
        session.tool_changed.connect(self._on_tool)
        session.pending_changed.connect(self.repaint_layers)
        session.link_changed.connect(self.repaint_layers)
        if session.tracing is not None:
            session.tracing.changed.connect(self.repaint_layers)
        for signal in (session.case_changed, session.review_changed, session.link_changed):
            signal.connect(self._advise)
        session.tool_changed.connect(self._advise)
        for signal in (session.two_views.changed, session.two_views.pointed):
            signal.connect(self.repaint_layers)
        self.banner.action_clicked.connect(self._take_advice)
        self.banner.closed.connect(self._close_advice)

    # -- advice -------------------------------------------------------------------------------
    def _advise(self, *_: object) -> None:
        """Say under the header what to do next; what was closed stays closed for this run."""
        advice = advice_for(self._session)
        if advice is not None and self._advice_key(advice) in self._closed_advice:
            advice = None
        if advice == self._advice:
            return
        self._advice = advice
        if advice is None:
            self.banner.show_message("")
            return
        action = BY_ID.get(advice.action_id)
        button = f"{advice.button or action.text}  {action.shortcuts[0]}" if action else ""
        self.banner.show_message(advice.what, advice.more, button, advice.severity)

    def _advice_key(self, advice: Advice) -> str:
        return f"{self._session.cursor.run_uid} {advice.what}"

    def _take_advice(self) -> None:
        if self._advice is None:
            return
        if self._advice.action_id == "calibrate.carry":
            self._session.calibrating.carry.use()
        elif self._advice.action_id == "views.true_length":
            self._session.two_views.toggle_true_length()
        elif self._advice.action_id.startswith("tool."):
            self._session.arm(Tool(self._advice.action_id.removeprefix("tool.")))
            self.view.setFocus()

    def _close_advice(self) -> None:
        if self._advice is not None:
            self._closed_advice.add(self._advice_key(self._advice))
            self._advice = None

    # -- what it shows ------------------------------------------------------------------------
    def current_item(self) -> ImageSet | None:
        """The run."""
        return self._session.run

    def current_frame(self) -> int:
        """The run's frame."""
        return self._session.cursor.run_frame

    def go_to(self, frame: int) -> None:
        """Show another frame of the run."""
        self._session.set_run_frame(frame)

    def title_text(self, item: ImageSet) -> str:
        """Number and description of the run."""
        number = 1 + [run.uid for run in self._session.case.runs].index(item.uid)
        return f"Run {number} · {item.description or 'no description'}"

    def refresh(self) -> None:
        """Show what is current, and which frame measurements belong to."""
        self._tell_overlays()
        super().refresh()

    def _tell_overlays(self) -> None:
        uid, frame = self._session.cursor.run_uid, self.current_frame()
        self._measures.image_uid = self._calibration_overlay.image_uid = uid
        self._measures.frame = self._calibration_overlay.frame = frame

    def _on_cursor(self) -> None:
        self._tell_overlays()
        super()._on_cursor()

    def _calibration(self) -> Calibration | None:
        run = self._session.run
        return self._session.calibration(run) if run else None

    def _case_lines(self) -> Lines:
        run = self._session.run
        if run is None:
            return []
        phase = self._session.phase_of(run.uid)
        return [
            [
                (run.patient.patient_id or "No patient ID", tokens.TEXT_HI, True),
                (f" · {phase.value}" if phase else "", tokens.TEXT_MID, False),
            ],
            [(run.description, tokens.TEXT_MID, False)],
        ]

    def _arm_lines(self) -> Lines:
        run = self._session.run
        if run is None:
            return []
        facts = [f"SID {run.sid_mm:.0f}"] if run.sid_mm else []
        facts += [f"{run.kvp:.0f} kV"] if run.kvp else []
        return [
            [(angles_text(run), tokens.TEXT_HI, False)],
            [(" · ".join(facts), tokens.TEXT_MID, False)],
        ]

    def _window_lines(self, view: FrameView) -> Lines:
        run, subtracted = self._session.run, self.contrast_lines(view)
        if subtracted:
            return subtracted
        window = self._session.displays.window(run) if run else None
        zoom: tuple[str, str, bool] = (f"Zoom {view.zoom:.2f}×", tokens.TEXT_MID, False)
        if window is None:
            return [[zoom]]
        inverted = run is not None and self._session.displays.of(run.uid).inverted
        return [
            *self.peak_line(),
            [
                (f"W {window.width:.0f} L {window.center:.0f}", tokens.TEXT_HI, True),
                (" · inverted · " if inverted else " · ", tokens.TEXT_MID, False),
                zoom,
            ],
        ]

    def _letters(self) -> dict[str, str]:
        """Sides of the patient at the edges, as Patient Orientation says; none when it doesn't."""
        run = self._session.run
        along, down = run.orientation if run is not None else ("", "")
        found = {"left": OPPOSITE.get(along[:1], ""), "right": along[:1]}
        found |= {"top": OPPOSITE.get(down[:1], ""), "bottom": down[:1]}
        return {edge: letter for edge, letter in found.items() if letter}

    # -- gestures -----------------------------------------------------------------------------
    def _on_tool(self, tool: Tool) -> None:
        crosshair = tool is not Tool.SELECT
        shape = Qt.CursorShape.CrossCursor if crosshair else Qt.CursorShape.ArrowCursor
        self.view.viewport().setCursor(shape)
        self.repaint_layers()

    def _on_press(self, x: float, y: float, modifiers: object) -> None:
        session = self._session
        at = self.view.point_to_screen((x, y))
        if session.tool in (Tool.CALIPER, Tool.ELLIPSE) and self._item is not None:
            self.view.claims_drag = self._measure_tool.press(
                self._item.uid, self.current_frame(), (x, y), at
            )
            return
        if self._calibrate_tool.armed and self._item is not None:
            self.pause()
            self._calibrate_tool.press(self._item, self.current_frame(), (x, y), at)
            self.view.claims_drag = True
            return
        if self._contrast_tool.press((x, y), at):
            self.view.claims_drag = True
            return
        if session.tool.segment_kind is not None and session.current_polyline is not None:
            self._stroke_from = (x, y)
            self.view.claims_drag = True
            return
        hit = self._grippable(self._overlay.hit(at))
        if hit is None and self._measure_tool.grab(at):
            self.view.claims_drag = True
            return
        self._grip = self._take_hold(hit, at)
        self.view.claims_drag = self._grip is not None or session.tool is Tool.CENTERLINE

    def _grippable(self, hit: Hit | None) -> Hit | None:
        """What the armed tool may take hold of: drawing tools only what they draw."""
        kinds = GRIPS.get(self._session.tool)
        return hit if hit is None or kinds is None or hit.kind in kinds else None

    def _take_hold(self, hit: Hit | None, at: QPointF) -> Hit | None:
        session = self._session
        if hit is None:
            on_vein = session.tool is Tool.SELECT and self._near_vein(at)
            return Hit("position") if on_vein and session.position_map is not None else None
        if hit.kind in ("edge", "segment"):
            session.select(Selection("segment", hit.id))
        elif hit.kind == "landmark":
            session.select(Selection("landmark", hit.id))
        elif hit.kind == "knot":
            session.vessel.pick(hit.id)
            session.select(knot_selection(hit.id, int(hit.part)))
        labels = {"edge": "Move edge", "landmark": "Move landmark", "knot": "Move vein point"}
        if hit.kind in labels:
            session.begin(labels[hit.kind])
        return hit if hit.kind != "segment" else None

    def _near_vein(self, at: QPointF) -> bool:
        curve = self._session.current_polyline
        if curve is None:
            return False
        _, distance_px = curve.project(self.view.to_image(at))
        return distance_px * self.view.zoom <= ON_VEIN_PX

    def _on_drag(self, x: float, y: float, modifiers: object) -> None:
        session, grip = self._session, self._grip
        kind = session.tool.segment_kind
        if self._measure_tool.active:
            self._measure_tool.drag((x, y))
        elif self._calibrate_tool.armed:
            self._calibrate_tool.drag((x, y))
        elif self._contrast_tool.active:
            self._contrast_tool.drag((x, y))
        elif self._stroke_from is not None and kind is not None:
            session.segments.draw_points(kind, self._stroke_from, (x, y))
        elif grip is None:
            return
        elif grip.kind == "position":
            session.go_to_run_point((x, y))
        elif grip.kind == "edge":
            curve = session.current_polyline
            if curve is not None:
                arc = float(curve.project((x, y))[0])
                edge: Edge = "start" if grip.part == "start" else "end"
                session.segments.move_edge_to_arc(grip.id, edge, arc)
        elif grip.kind == "landmark":
            session.vessel.move_landmark(grip.id, (x, y))
        elif grip.kind == "pending":
            session.vessel.place_pending((x, y))
        elif grip.kind == "knot":
            self._centerline_tool.drag_knot(int(grip.part), (x, y), modifiers)

    def _on_release(self, x: float, y: float, modifiers: object) -> None:
        session = self._session
        if self._measure_tool.active:
            self._measure_tool.release()
        elif self._calibrate_tool.armed:
            self._calibrate_tool.release((x, y))
        elif self._contrast_tool.active:
            self._contrast_tool.release((x, y))
        elif self._stroke_from is not None:
            self._stroke_from = None
            session.segments.finish_drawing()
        else:
            session.commit(self._moved_text())
        self._grip = None

    def _moved_text(self) -> str:
        session, grip = self._session, self._grip
        if grip is None or not session.in_gesture:
            return ""
        if grip.kind == "landmark":
            mark = session.vessel.landmark(grip.id)
            return f"{mark.name} moved" if mark else ""
        if grip.kind == "edge":
            segment = session.review.segment(grip.id)
            return f"{segment.name} {grip.part} moved" if segment else ""
        return "Vein point moved"

    def _on_click(self, x: float, y: float, modifiers: object) -> None:
        session = self._session
        at = self.view.point_to_screen((x, y))
        if session.tool in (Tool.SELECT, Tool.CENTERLINE, Tool.LANDMARK):
            session.two_views.point_at((x, y))
        if session.tool is Tool.SELECT and self.marks.hit(at):
            return
        if self._grip is not None and self._grip.kind != "position":
            if self._grip.kind == "knot":
                self._centerline_tool.click_on_knot((x, y))
            if self._grip.kind == "landmark" and session.tool is Tool.SELECT:
                session.vessel.go_to_landmark(self._grip.id)
            return
        if session.pulls is not None and session.pulls.fluoro.is_marking:
            session.pulls.fluoro.place_mark((x, y))
        elif session.tool is Tool.CENTERLINE:
            self._centerline_tool.click((x, y), modifiers, ON_VEIN_PX / self.view.zoom)
        elif session.tool is Tool.LANDMARK:
            session.vessel.place_pending((x, y))
        elif session.tool is Tool.SELECT:
            if self._overlay.hit(at) is None:
                session.select(Selection())
            self._came_from = session.cursor.pullback_frame
            session.go_to_run_point((x, y))

    def _go_back(self) -> None:
        """A double-click maximises; what its first click moved goes back."""
        if self._came_from is not None:
            self._session.set_pullback_frame(self._came_from)
            self._came_from = None

    def _on_hover(self, x: float, y: float) -> None:
        self._session.two_views.hover(None if x != x else (x, y))
        self._centerline_tool.hover((x, y), ON_VEIN_PX / self.view.zoom)
        if self._session.tool is not Tool.SELECT or x != x:
            return
        at = self.view.point_to_screen((x, y))
        over = self._overlay.hit(at) is not None or self._measures.hit(at) is not None
        over = over or bool(self.marks.hit(at))
        grab = over or (self._session.position_map is not None and self._near_vein(at))
        shape = Qt.CursorShape.PointingHandCursor if grab else Qt.CursorShape.ArrowCursor
        self.view.viewport().setCursor(shape)


def angles_text(run: Run) -> str:
    """C-arm angles as cath labs write them, e.g. "LAO 30° · CRA 0°"."""
    if run.primary_angle_deg is None or run.secondary_angle_deg is None:
        return "C-arm angles unknown"
    primary, secondary = run.primary_angle_deg, run.secondary_angle_deg
    side = "AP" if abs(primary) < 0.5 else "LAO" if primary > 0 else "RAO"
    tilt = "CRA" if secondary >= 0 else "CAU"
    return f"{side} {abs(primary):.0f}° · {tilt} {abs(secondary):.0f}°"
