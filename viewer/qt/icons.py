"""Icons: Phosphor's glyphs from QtAwesome's font file, and the program's own drawings.

QtAwesome itself takes 0.2 s to import; its font and character map take 0.01 s to read, so only
those are used.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from viewer import paths
from viewer.qt import tokens

_FONT = "phosphor-1.3.0.ttf"
_CHARACTERS = "phosphor-charmap-1.3.0.json"
_OTHER_NAMES = {
    "dot-outline": "circle",
    "file-dashed": "file-dotted",
    "file-dashed-fill": "file-dotted-fill",
    "sidebar-simple": "square-half",
}
_GREY = "#566273"


def _font_folder() -> Path:
    spec = find_spec("qtawesome")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("QtAwesome is not installed", name="qtawesome")
    return Path(spec.submodule_search_locations[0]) / "fonts"


@lru_cache(maxsize=1)
def _phosphor() -> tuple[str, dict[str, str]]:
    """Font family and glyph by name."""
    folder = _font_folder()
    font_id = QFontDatabase.addApplicationFont(str(folder / _FONT))
    families = QFontDatabase.applicationFontFamilies(font_id)
    if not families:
        raise FileNotFoundError(f"{_FONT} can't be used as a font")
    return families[0], json.loads((folder / _CHARACTERS).read_text("utf-8"))


@lru_cache(maxsize=32)
def _font(size_px: int) -> QFont:
    font = QFont(_phosphor()[0])
    font.setPixelSize(size_px)
    return font


def _glyph(name: str) -> str:
    short = name.removeprefix("ph.")
    return chr(int(_phosphor()[1][_OTHER_NAMES.get(short, short)], 16))


@lru_cache(maxsize=32)
def _drawing(name: str, color: str) -> QSvgRenderer:
    """One of the program's own drawings; `color` "" keeps its own colours."""
    text = (paths.RESOURCES / "icons" / f"{name.removeprefix('caval.')}.svg").read_text("utf-8")
    if color:
        for own in (*tokens.SEGMENT_COLORS.values(), tokens.LANDMARK):
            text = text.replace(own, color)
    return QSvgRenderer(QByteArray(text.encode("utf-8")))


def draw_icon(painter: QPainter, rect: QRectF, name: str, color: str = tokens.TEXT_MID) -> None:
    """Draw an icon into `rect` at the device's own resolution.

    Parameters
    ----------
    name : str
        "ph.…" or "caval.…"; the latter keep their own colour unless `color` is a grey one.
    """
    if name.startswith("caval."):
        _drawing(name, color if color == _GREY else "").render(painter, rect)
        return
    painter.save()
    painter.setFont(_font(max(1, round(rect.height()))))
    painter.setPen(QColor(color))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, _glyph(name))
    painter.restore()


def _pixmap(name: str, color: str, size: int, scale: float) -> QPixmap:
    pixmap = QPixmap(QSize(round(size * scale), round(size * scale)))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_icon(painter, QRectF(0, 0, size, size), name, color)
    painter.end()
    return pixmap


def pixmap(name: str, color: str = tokens.TEXT_MID, size: int = 16, scale: float = 2.0) -> QPixmap:
    """An icon as a pixmap of `size` logical px."""
    return _pixmap(name, color, size, scale)


@lru_cache(maxsize=512)
def icon(
    name: str, color: str = tokens.TEXT_MID, size: int = 16, on_color: str | None = None
) -> QIcon:
    """An icon by name: normal, grey when disabled, `on_color` when switched on.

    Parameters
    ----------
    name : str
        "ph.map-pin" (Phosphor) or "caval.stenosis|clot|stent|landmark" (own drawing).
    color, on_color : str
        "#rrggbb"; `on_color` None is the same as `color`.
    size : int
        Edge, logical px.
    """
    made = QIcon()
    for scale in (1.0, 2.0):
        made.addPixmap(_pixmap(name, color, size, scale), QIcon.Mode.Normal, QIcon.State.Off)
        grey = _pixmap(name, _GREY, size, scale)
        made.addPixmap(grey, QIcon.Mode.Disabled, QIcon.State.Off)
        made.addPixmap(grey, QIcon.Mode.Disabled, QIcon.State.On)
        if on_color is not None:
            made.addPixmap(_pixmap(name, on_color, size, scale), QIcon.Mode.Normal, QIcon.State.On)
    return made
