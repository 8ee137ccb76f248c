"""What waits for first images: it runs once there is time, once, and never for a dead owner."""

from __future__ import annotations

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from viewer.qt.main_thread import LOOK_AGAIN_MS, when_idle


def test_it_waits_while_busy_and_runs_once(qtbot: QtBot) -> None:
    owner, left, ran = QObject(), [3], []

    def busy() -> bool:
        left[0] -= 1
        return left[0] >= 0

    when_idle(owner, busy, lambda: ran.append(left[0]))
    assert ran == []
    qtbot.waitUntil(lambda: bool(ran), timeout=30_000)
    qtbot.wait(3 * LOOK_AGAIN_MS)
    assert ran == [-1]


def test_it_never_runs_once_its_owner_is_gone(qtbot: QtBot) -> None:
    owner, ran = QObject(), []
    when_idle(owner, lambda: False, lambda: ran.append(True))
    delete(owner)
    qtbot.wait(2 * LOOK_AGAIN_MS)
    assert ran == []
