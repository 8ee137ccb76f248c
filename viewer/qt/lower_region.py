"""The region below the images: the vein, or contrast over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QWidget

from viewer.qt import theme
from viewer.qt.longitudinal_view import LongitudinalView
from viewer.session.contrast_views import ContrastViews
from viewer.session.session import Session

if TYPE_CHECKING:
    from viewer.qt.contrast_panel import ContrastPanel

PANELS = ("panel.vein", "panel.contrast")


class LowerRegion(QStackedWidget):
    """Two panels of which one is shown; each carries the tabs in its header.

    The second is made when it is first asked for: start-up waits for nobody's curves.
    """

    made = Signal(object)

    def __init__(
        self,
        session: Session,
        contrast: ContrastViews,
        actions: Mapping[str, QAction],
        along: LongitudinalView,
    ) -> None:
        super().__init__()
        self._session, self._contrast_views, self._actions = session, contrast, actions
        self.along = along
        self.panel: ContrastPanel | None = None
        along.put_tabs(Tabs(actions))
        self.addWidget(along)
        self.tell()

    @property
    def contrast(self) -> ContrastPanel:
        """The panel of contrast over time, made now when it was not there."""
        if self.panel is None:
            from viewer.qt.contrast_panel import ContrastPanel

            tabs = Tabs(self._actions)
            self.panel = ContrastPanel(self._session, self._contrast_views, self._actions, tabs)
            self.addWidget(self.panel)
            self.made.emit(self.panel)
        return self.panel

    def show_vein(self) -> None:
        """Bring the vein to the front."""
        self.setCurrentWidget(self.along)
        self.tell()

    def show_contrast(self) -> None:
        """Bring contrast over time to the front."""
        self.setCurrentWidget(self.contrast)
        self.tell()

    @property
    def shows_contrast(self) -> bool:
        """Whether contrast over time is in front."""
        return self.panel is not None and self.currentWidget() is self.panel

    @property
    def focus_target(self) -> QWidget:
        """What takes the keys of the panel in front."""
        panel = self.panel
        return panel.density if panel is not None and self.shows_contrast else self.along.canvas

    def tell(self) -> None:
        """Show on the switches which panel is in front."""
        for action_id, on in zip(
            PANELS, (not self.shows_contrast, self.shows_contrast), strict=True
        ):
            self._actions[action_id].setChecked(on)


class Tabs(QWidget):
    """The panels' names as two buttons."""

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for action_id in PANELS:
            row.addWidget(_tab(actions[action_id], self))


def _tab(action: QAction, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(action.text())
    button.setFont(theme.font(13, 600))
    button.setFixedHeight(26)
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(action.trigger)

    def follow() -> None:
        button.setChecked(action.isChecked())
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())

    action.changed.connect(follow)
    action.triggered.connect(follow)  # Qt has turned the button itself
    follow()
    return button
