"""The gestures on a frame's border: bend a point, redraw an arc, push with a brush."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt

from viewer.model.vessel import PointPx
from viewer.qt.frame_view import FrameView
from viewer.qt.lumen_overlay import LumenOverlay, nearest_handle
from viewer.session.lumen_edits import LumenWay
from viewer.session.session import Session
from viewer.session.state import Tool

GRAB_PX = 16.0
"""A press this near the border takes hold of it; farther off it is for the window."""


class LumenTool:
    """Turns presses and drags of the IVUS pane into verbs on contours."""

    def __init__(self, session: Session, overlay: LumenOverlay) -> None:
        self._session = session
        self._overlay = overlay
        self._grip: tuple[int, PointPx] | None = None
        self.active = False

    @property
    def armed(self) -> bool:
        """Whether the tool is armed."""
        return self._session.tool is Tool.LUMEN

    def press(self, view: FrameView, at_px: PointPx, at: QPointF) -> bool:
        """Start; False leaves the drag to window and level."""
        edits = self._session.lumen
        contour, self._grip = edits.current, None
        if contour is not None and edits.way is LumenWay.POINTS:
            index, away = nearest_handle(view, edits.outline(contour), at)
            if away > GRAB_PX:
                return False
            self._grip = (index, at_px)
        self.active = edits.begin(at_px)
        return self.active

    def drag(self, at_px: PointPx, modifiers: object) -> None:
        """Follow the pointer."""
        edits, grip = self._session.lumen, self._grip
        if grip is not None:
            edits.bend(*grip, at_px, fine=_held(modifiers, Qt.KeyboardModifier.ShiftModifier))
        elif edits.stroke:
            edits.draw(at_px)
        else:
            edits.push(at_px)

    def release(self, modifiers: object) -> None:
        """Commit as one step."""
        self.active = False
        self._session.lumen.finish(snap=not _held(modifiers, Qt.KeyboardModifier.AltModifier))

    def hover(self, at: QPointF | None) -> bool:
        """Let the brush follow the pointer; whether something has to be drawn anew."""
        brush = self.armed and self._session.lumen.way is LumenWay.BRUSH
        self._overlay.brush_at = at if brush else None
        return brush

    def forget(self) -> None:
        """Drop a gesture that was given up."""
        self.active = False
        self._session.lumen.forget()


def _held(modifiers: object, key: Qt.KeyboardModifier) -> bool:
    return isinstance(modifiers, Qt.KeyboardModifier) and bool(modifiers & key)
