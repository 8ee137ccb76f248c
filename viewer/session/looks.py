"""How the window is arranged and the images look, and what a person is told."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.model.study import ImageSet, Window
from viewer.session.displays import Displays
from viewer.session.state import AxisKind, Layers, Notice, Severity, Workspace


class Looks:
    """The part of a session that no review holds: nothing here is undone or saved with it."""

    workspace_changed = Signal(Workspace)
    layers_changed = Signal(Layers)
    axis_changed = Signal(AxisKind)
    link_changed = Signal()
    noticed = Signal(Notice)

    def __init__(self) -> None:
        self.workspace = Workspace.REVIEW
        self.layers = Layers.ALL
        self.axis = AxisKind.VEIN
        self.linked = True
        self.displays = Displays()

    def set_workspace(self, workspace: Workspace) -> None:
        """Arrange the window for another job."""
        if workspace != self.workspace:
            self.workspace = workspace
            self.workspace_changed.emit(workspace)

    def cycle_layers(self) -> None:
        """All layers, no text, images only, and round again."""
        order = list(Layers)
        self.layers = order[(order.index(self.layers) + 1) % len(order)]
        self.layers_changed.emit(self.layers)

    def set_axis(self, axis: AxisKind) -> None:
        """What the axis along the vein counts."""
        if axis != self.axis:
            self.axis = axis
            self.axis_changed.emit(axis)

    def set_linked(self, linked: bool) -> None:
        """Let the views follow each other, or not."""
        if linked != self.linked:
            self.linked = linked
            self.link_changed.emit()

    def set_window(self, item: ImageSet, window: Window | None) -> None:
        """Window of one image set; None is the header's or an automatic one."""
        self.displays.set_window(item, window)

    def rendered(
        self,
        item: ImageSet,
        pixels: NDArray[np.generic],
        overlay: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.uint8]:
        """Stored values as they are shown: (rows, columns) grey or (rows, columns, 3) RGB uint8."""
        drawn = overlay if self.layers is not Layers.IMAGES_ONLY else None
        return self.displays.render(item, pixels, drawn)

    def notify(
        self,
        text: str,
        hint: str = "",
        severity: Severity = Severity.INFO,
        *,
        undoable: bool = False,
        about: str = "",
    ) -> None:
        """Tell the person something."""
        self.noticed.emit(Notice(text, hint, severity, undoable, about))
