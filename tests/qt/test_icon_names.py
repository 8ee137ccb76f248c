from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from viewer.qt import icons

PROJECT = Path(__file__).resolve().parents[2]
NAMES = sorted(
    {
        name
        for path in (PROJECT / "viewer").rglob("*.py")
        for name in re.findall(r'"((?:ph|caval)\.[a-z0-9][a-z0-9-]*)"', path.read_text("utf-8"))
        if name != "caval.log"  # a file's name
    }
)


def test_names_are_found() -> None:
    assert len(NAMES) > 30


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_that_is_named_can_be_drawn(qapp: QApplication, name: str) -> None:
    image = QImage(24, 24, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    icons.draw_icon(painter, QRectF(0, 0, 24, 24), name)
    painter.end()
    assert any(image.pixelColor(x, y).alpha() for x in range(24) for y in range(24))
