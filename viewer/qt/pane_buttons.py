"""The panes' own buttons: in their headers, and in the cine bars."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from viewer.session.actions import BY_ID

if TYPE_CHECKING:
    from viewer.qt.main_window import MainWindow

HEADER_ACTIONS = ("view.invert", "view.reset", "view.fit", "view.layers", "view.maximise")


def add_pane_buttons(window: MainWindow) -> None:
    """Put the view's own buttons into the panes' headers; after the first picture is shown."""
    window.contrast_controls.add_buttons()
    for pane in (window.venogram, window.ivus):
        for action_id in HEADER_ACTIONS:
            spec = BY_ID[action_id]
            act = partial(window.act_on, pane, action_id)
            button = pane.header_button(spec.icon, spec.text, act)
            button.setToolTip(f"{spec.tip}  ({spec.shortcuts[0]})")
    _add_rotation_button(window)
    link = window.actions_by_id["view.link"]
    button = window.ivus.header_button(BY_ID["view.link"].icon, "Linked", link.trigger, True)
    button.setToolTip(f"{BY_ID['view.link'].tip}  (Ctrl+L)")
    link.toggled.connect(button.setChecked)
    button.setChecked(link.isChecked())
    _add_cine_buttons(window)


def _add_rotation_button(window: MainWindow) -> None:
    """Set the IVUS frame's rotation; lit while the tool is armed."""
    turn, spec = window.actions_by_id["tool.rotation"], BY_ID["tool.rotation"]
    button = window.ivus.header_button(spec.icon, spec.text, turn.trigger, checkable=True)
    button.setToolTip(f"{spec.tip}  ({spec.shortcuts[0]})")
    button.clicked.connect(lambda: button.setChecked(turn.isChecked()))
    turn.toggled.connect(button.setChecked)


def _add_cine_buttons(window: MainWindow) -> None:
    """Key frame in both cine bars, and the loop of a segment in the pullback's."""
    for pane in (window.venogram, window.ivus):
        star = BY_ID["bookmark.toggle"]
        act = partial(window.act_on, pane, star.id)
        button = pane.cine.add_button(star.icon, f"{star.text}, {pane.what}", act)
        button.setToolTip(f"{star.tip}  ({star.shortcuts[0]})")
    loop, spec = window.actions_by_id["cine.loop_segment"], BY_ID["cine.loop_segment"]
    button = window.ivus.cine.add_button(spec.icon, spec.text, loop.trigger, checkable=True)
    button.setToolTip(f"{spec.tip}  ({spec.shortcuts[0]})")
    button.clicked.connect(lambda: button.setChecked(loop.isChecked()))
    loop.toggled.connect(button.setChecked)
