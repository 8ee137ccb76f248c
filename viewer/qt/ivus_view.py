"""The IVUS pane: one pullback frame and where it lies."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from viewer.model.annotation import SegmentKind
from viewer.model.calibration import Calibration
from viewer.model.study import ImageSet, Pullback, PullbackMode
from viewer.qt import paint, theme, tokens
from viewer.qt.calibrate_tool import CalibrateOverlay, CalibrateTool
from viewer.qt.corner_overlays import CornerText, Lines, ScaleBar, SideLetters, ToolPill
from viewer.qt.frame_view import FrameView
from viewer.qt.image_pane import ImagePane
from viewer.qt.lumen_overlay import LumenOverlay
from viewer.qt.lumen_tool import LumenTool
from viewer.qt.measure_overlay import MeasureOverlay
from viewer.qt.measure_tool import MeasureTool
from viewer.qt.rotation_tool import RotationOverlay, RotationTool
from viewer.session.frame_loader import FrameLoader
from viewer.session.long_view import DEFAULT_CUT_DEG, polar_grid_for
from viewer.session.session import Session
from viewer.session.state import Edge, Layers, Selection, Tool


class IvusView(ImagePane):
    """Shows a pullback; its frame owns the position along the vein."""

    tag = "IVUS"
    what = "IVUS pullback"
    empty_title = "No IVUS pullback yet"
    empty_text = "Add one to see the vessel in cross-section and link it to the venogram."
    turned = Signal(int)

    def __init__(
        self, session: Session, loader: FrameLoader, parent: QWidget | None = None
    ) -> None:
        super().__init__(session, loader, parent)
        self.cut_angle_deg = DEFAULT_CUT_DEG
        self._measures = MeasureOverlay(session)
        self._measure_tool = MeasureTool(session, self._measures)
        self._calibration_overlay = CalibrateOverlay(session)
        self._calibrate_tool = CalibrateTool(session, loader, self._calibration_overlay)
        self._rotation_overlay = RotationOverlay(session)
        self._rotation_tool = RotationTool(session, self._rotation_overlay)
        self._lumen_overlay = LumenOverlay(session)
        self._lumen_tool = LumenTool(session, self._lumen_overlay)
        corners = CornerText(session)
        corners.top_left, corners.top_right = self._frame_lines, self._segment_lines
        corners.bottom_left = self._window_lines
        self.view.layers = [
            CutMarks(session, self),
            self._lumen_overlay,
            self._measures,
            self._calibration_overlay,
            self._rotation_overlay,
            SideLetters(session, session.rotation.letters, beside_px=18.0),
            corners,
            ScaleBar(session, self._calibration),
            ToolPill(session, lambda: session.tool in (Tool.CALIPER, Tool.ELLIPSE, Tool.LUMEN)),
            *self.view.layers,
        ]
        view, scrubber = self.view, self.cine.scrubber
        view.turned.connect(self.turned)
        view.pressed.connect(self._on_press)
        view.dragged.connect(self._on_drag)
        view.released.connect(self._on_release)
        view.clicked.connect(self._on_click)
        view.hovered.connect(self._on_hover)
        scrubber.stretch_begun.connect(self._begin_stretch)
        scrubber.stretched.connect(self._stretch)
        scrubber.stretch_ended.connect(session.segments.finish_drawing)
        scrubber.edge_taken.connect(self._take_edge)
        scrubber.edge_moved.connect(self._move_edge)
        scrubber.edge_let_go.connect(self._let_edge_go)
        session.tool_changed.connect(self._on_tool)
        session.link_changed.connect(self.repaint_layers)
        session.pending_changed.connect(self.repaint_layers)
        self._stretch_from = 0
        self._field_of: Pullback | None = None
        self._field = (0.0, 0.0, 1.0)
        self._held_edge: tuple[str, Edge] = ("", "start")

    # -- what it shows ------------------------------------------------------------------------
    def current_item(self) -> ImageSet | None:
        """The pullback."""
        return self._session.pullback

    def current_frame(self) -> int:
        """The pullback's frame."""
        return self._session.cursor.pullback_frame

    def go_to(self, frame: int) -> None:
        """Show another frame of the pullback."""
        self._session.set_pullback_frame(frame)

    def title_text(self, item: ImageSet) -> str:
        """Number, description and how it was pulled."""
        number = 1 + [p.uid for p in self._session.case.pullbacks].index(item.uid)
        how = pull_text(item) if isinstance(item, Pullback) else ""
        return f"{item.description or f'Pullback {number}'} · {how}"

    def refresh(self) -> None:
        """Show what is current, and which frame measurements belong to."""
        self._tell_overlays()
        super().refresh()
        self._show_marks()

    def _tell_overlays(self) -> None:
        uid, frame = self._session.cursor.pullback_uid, self.current_frame()
        self._measures.image_uid = self._calibration_overlay.image_uid = uid
        self._measures.frame = self._calibration_overlay.frame = frame
        self._follow_turn(frame)

    def _follow_turn(self, frame: int) -> None:
        """Turn the image as the rotation has it on this frame, about the catheter."""
        session, pullback = self._session, self._session.pullback
        if pullback is None or session.rotation.current is None:
            self.view.set_turn(0.0)
            return
        if self._field_of is not pullback:
            grid = polar_grid_for(pullback)
            self._field_of, self._field = pullback, (*grid.center_px, grid.radius_px)
        self.view.set_turn(session.rotation.turn_at(frame), self._field)

    def _on_cursor(self) -> None:
        self._tell_overlays()
        super()._on_cursor()

    def _on_review(self) -> None:
        self._follow_turn(self.current_frame())
        super()._on_review()
        self._show_marks()

    def _show_marks(self) -> None:
        session, item = self._session, self._item
        if item is None:
            return
        stretches = []
        for segment in session.review.segments:
            frames = session.segments.frames_of(segment)
            if frames is not None and not segment.hidden:
                color = tokens.SEGMENT_COLORS[SegmentKind(segment.kind)]
                stretches.append((frames[0], frames[1], color, segment.id))
        marks = tuple(b.frame for b in session.review.bookmarks if b.image_uid == item.uid)
        self.cine.scrubber.set_marks(tuple(stretches), marks)
        doubts = session.lumen.checks().stretches
        self.cine.scrubber.set_checks(tuple((one.first, one.last) for one in doubts))

    def _calibration(self) -> Calibration | None:
        pullback = self._session.pullback
        return self._session.calibration(pullback) if pullback else None

    def _frame_lines(self) -> Lines:
        session, pullback = self._session, self._session.pullback
        if pullback is None:
            return []
        frame = session.cursor.pullback_frame
        timing = session.timing(pullback)
        second = [f"{timing.times_s[frame]:.2f} s"] if timing.times_s else ["time unknown"]
        vein = session.placing.vein_text(frame)
        second += [vein] if vein else []
        lines: list[list[tuple[str, str, bool]]] = [
            [
                (f"Frame {frame + 1}", tokens.TEXT_HI, True),
                (f" / {pullback.frames}", tokens.TEXT_MID, False),
            ],
            [(" · ".join(second), tokens.TEXT_MID, False)],
        ]
        if session.position_map is not None and session.linked:
            lines.append([(session.placing.text(frame), tokens.TEXT_HI, False)])
        return lines

    def _segment_lines(self) -> Lines:
        """Figures of the frame's borders, and the segments it lies in."""
        session, frame = self._session, self._session.cursor.pullback_frame
        lines: list[list[paint.Text]] = self._lumen_overlay.figure_lines()
        for segment in session.review.segments:
            frames = session.segments.frames_of(segment)
            if frames is not None and frames[0] <= frame <= frames[1] and not segment.hidden:
                color = tokens.SEGMENT_COLORS[SegmentKind(segment.kind)]
                lines.append([("■ ", color, False), (segment.name, tokens.TEXT_HI, True)])
        return lines

    def _window_lines(self, view: FrameView) -> Lines:
        item = self._session.pullback
        window = self._session.displays.window(item) if item else None
        words = f"W {window.width:.0f} L {window.center:.0f} · " if window else ""
        lines = [[(f"{words}Zoom {view.zoom:.2f}×", tokens.TEXT_MID, False)]]
        if self._session.rotation.current is not None:
            words = f"Anterior up · from the {self._session.rotation.seen_from.value}"
            lines.insert(0, [(words, tokens.TEXT_MID, False)])
        return [*self._lumen_overlay.status_lines(), *lines]

    # -- gestures -----------------------------------------------------------------------------
    def _on_tool(self, tool: Tool) -> None:
        drawing = (Tool.CALIPER, Tool.ELLIPSE, Tool.CALIBRATE, Tool.ROTATION, Tool.LUMEN)
        crosshair = tool in drawing
        shape = Qt.CursorShape.CrossCursor if crosshair else Qt.CursorShape.ArrowCursor
        self.view.viewport().setCursor(shape)
        self.cine.scrubber.draws_segments = tool.segment_kind is not None
        self._rotation_tool.forget()
        self._lumen_tool.forget()
        self.repaint_layers()

    def _on_press(self, x: float, y: float, modifiers: object) -> None:
        at = self.view.point_to_screen((x, y))
        if self._calibrate_tool.armed and self._item is not None:
            self.pause()
            self._calibrate_tool.press(self._item, self.current_frame(), (x, y), at)
            self.view.claims_drag = True
        elif self._rotation_tool.armed and self._item is not None:
            self.pause()
            self._rotation_tool.press((x, y))
            self.view.claims_drag = True
        elif self._lumen_tool.armed and self._item is not None:
            self.pause()
            self.view.claims_drag = self._lumen_tool.press(self.view, (x, y), at)
        elif self._session.tool in (Tool.CALIPER, Tool.ELLIPSE) and self._item is not None:
            self.view.claims_drag = self._measure_tool.press(
                self._item.uid, self.current_frame(), (x, y), at
            )
        else:
            self.view.claims_drag = self._measure_tool.grab(at)

    def _on_drag(self, x: float, y: float, modifiers: object) -> None:
        if self._rotation_tool.active:
            self._rotation_tool.drag((x, y))
            self.repaint_layers()
        elif self._lumen_tool.active:
            self._lumen_tool.drag((x, y), modifiers)
            self._lumen_tool.hover(self.view.point_to_screen((x, y)))
            self.repaint_layers()
        elif self._calibrate_tool.armed:
            self._calibrate_tool.drag((x, y))
        else:
            self._measure_tool.drag((x, y))

    def _on_release(self, x: float, y: float, modifiers: object) -> None:
        if self._rotation_tool.active:
            self._rotation_tool.release((x, y))
            self.repaint_layers()
        elif self._lumen_tool.active:
            self._lumen_tool.release(modifiers)
            self.repaint_layers()
        elif self._calibrate_tool.armed:
            self._calibrate_tool.release((x, y))
        elif self._measure_tool.active:
            self._measure_tool.release()

    def _on_hover(self, x: float, y: float) -> None:
        over = np.isfinite(x) and np.isfinite(y)
        if self._lumen_tool.hover(self.view.point_to_screen((x, y)) if over else None):
            self.repaint_layers()

    def _on_click(self, x: float, y: float, modifiers: object) -> None:
        if self._session.tool is Tool.SELECT and not self.view.claims_drag:
            self._session.select(Selection())

    def _take_edge(self, segment_id: str, part: str) -> None:
        self._held_edge = (segment_id, "start" if part == "start" else "end")
        self._session.select(Selection("segment", segment_id))
        self._session.begin("Move edge")

    def _move_edge(self, frame: int) -> None:
        if self._session.in_gesture:
            self._session.segments.move_edge_to_frame(*self._held_edge, frame)
            self._session.set_pullback_frame(frame)

    def _let_edge_go(self) -> None:
        segment = self._session.review.segment(self._held_edge[0])
        self._session.commit(f"{segment.name} {self._held_edge[1]} moved" if segment else "")

    def _begin_stretch(self, frame: int) -> None:
        self._stretch_from = frame
        self._stretch(frame)

    def _stretch(self, frame: int) -> None:
        kind = self._session.tool.segment_kind
        if kind is not None:
            self._session.segments.draw_frames(kind, self._stretch_from, frame)
            self._session.set_pullback_frame(frame)


class CutMarks:
    """Arrows at the rim where the long view's cut goes through the frame."""

    def __init__(self, session: Session, pane: IvusView) -> None:
        self._session = session
        self._pane = pane

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw two dashes at the rim."""
        item = self._session.pullback
        if item is None or self._session.layers is Layers.IMAGES_ONLY or not view.has_image:
            return
        grid = polar_grid_for(item)
        center, reach = np.array(grid.center_px), grid.radius_px
        angle = np.radians(self._pane.cut_angle_deg - view.turn_deg)
        along = np.array([np.cos(angle), np.sin(angle) / grid.aspect])
        for sign in (1.0, -1.0):
            ends = np.vstack((center + sign * along * reach * 0.90, center + sign * along * reach))
            style = Qt.PenStyle.SolidLine if sign > 0 else Qt.PenStyle.DashLine
            paint.stroke(painter, view.to_screen(ends), tokens.POSITION, 2.0, style)
        if self._session.layers is Layers.ALL:
            tip = view.to_screen((center + along * reach * 0.86)[None])[0]
            painter.setFont(theme.font(10.5, 600))
            painter.setPen(tokens.TEXT_HI)
            box = QRectF(tip[0] - 12, tip[1] - 8, 24, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "cut")


def pull_text(pullback: Pullback) -> str:
    """How a pullback was made, e.g. "manual" or "5 mm/s"."""
    if pullback.motorised and pullback.rate_mm_s:
        return f"{pullback.rate_mm_s:g} mm/s"
    if pullback.mode is PullbackMode.UNKNOWN:
        return "pull unknown"
    return pullback.mode.value
