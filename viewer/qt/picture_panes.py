"""Pictures of a review: the window as it is, and each mark on panes that nobody sees.

The panes have a session and a loader of their own, so that drawing a mark moves nothing in the
window. Every picture says that it is not for diagnostic use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QBuffer, QCoreApplication, QEventLoop, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from viewer.errors import ViewerError
from viewer.qt import theme, tokens
from viewer.qt.image_pane import ImagePane
from viewer.qt.ivus_view import IvusView
from viewer.qt.main_window import MainWindow
from viewer.qt.venogram_view import VenogramView
from viewer.session.contrast_views import ContrastViews
from viewer.session.exporting import (
    Pane,
    Picture,
    Placed,
    Written,
    make_folder,
    pictures_of,
    second_session,
    write_picture,
)
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session

NOTICE = "Caval · Not for diagnostic use"
PANE_SIZE = (1000, 1002)
STRIP_HEIGHT = 32
PATIENCE_S = 30.0
TURN_MS = 20

Told = Callable[[str], None]


def write_pictures(
    window: MainWindow,
    loader: FrameLoader,
    folder: Path,
    tell: Told,
    placed: Placed | None = None,
) -> list[Written]:
    """Write the window as it is, then every segment and key frame, into a folder.

    Parameters
    ----------
    loader : FrameLoader
        For these pictures only; its frames arrive on the main thread.
    tell : callable
        Told of what can't be drawn, in words for a person.
    placed : mapping, optional
        Positions of pairs, by uid of run and pullback, as `gather_positions` found them.

    Raises
    ------
    ViewerError
        A file can't be written.
    """
    session = window.session
    make_folder(folder)
    written = [write_picture(session, folder, "window", png_of(window.grab().toImage()))]
    other = second_session(session)
    other.placed.update(placed or {})
    wanted = pictures_of(other)
    if wanted:
        panes = PicturePanes(other, loader, window)
        try:
            for picture in wanted:
                for name, png in panes.draw(picture, tell):
                    written.append(write_picture(session, folder, name, png))
        finally:
            panes.close()
    return written


class PicturePanes:
    """A venogram and an IVUS pane off the screen, subtracted and cut as those of a window."""

    def __init__(self, session: Session, loader: FrameLoader, window: MainWindow) -> None:
        self._session = session
        contrast = ContrastViews(session, loader)
        contrast.take_over(window.contrast)
        ivus = IvusView(session, loader)
        ivus.cut_angle_deg = window.ivus.cut_angle_deg
        self._panes: dict[Pane, ImagePane] = {
            "venogram": VenogramView(session, loader, contrast),
            "ivus": ivus,
        }
        for pane in self._panes.values():
            pane.header.hide()
            pane.cine.setFixedHeight(0)
            pane.resize(*PANE_SIZE)
            pane.refresh()
            pane.grab()  # lays a pane out that is never shown

    def draw(self, picture: Picture, tell: Told) -> Iterator[tuple[str, bytes]]:
        """Each pane of a picture as (name, PNG); a frame that can't be shown is told instead."""
        session, cursor = self._session, picture.cursor
        if cursor.run_uid is not None:
            session.show_frame(cursor.run_uid, cursor.run_frame)
        if cursor.pullback_uid is not None:
            session.show_frame(cursor.pullback_uid, cursor.pullback_frame)
        session.select(picture.selection)
        panes = {name: self._panes[name] for name in picture.panes}
        settled = wait_until(lambda: all(pane.is_settled for pane in panes.values()))
        frames = {"venogram": cursor.run_frame, "ivus": cursor.pullback_frame}
        for name, pane in panes.items():
            why_not = pane.message() if settled else "the frame did not come in time"
            if pane.current_frame() != frames[name]:
                why_not = f"frame {frames[name] + 1} is not there"
            if why_not:
                tell(f"{picture.name}-{name}.png was left out: {why_not}")
            else:
                yield f"{picture.name}-{name}", png_of(_with_strip(pane))

    def close(self) -> None:
        """Let go of the panes."""
        for pane in self._panes.values():
            pane.close()
            pane.deleteLater()


def wait_until(ready: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
    """Let workers' results in, without mouse and keys, until `ready()`; False when it is late."""
    until = time.monotonic() + patience_s
    while not ready():
        if time.monotonic() > until:
            return False
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents, TURN_MS)
        time.sleep(0.001)
    return True


def png_of(image: QImage) -> bytes:
    """An image as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stub names no device
        raise ViewerError("A picture could not be made", "close other programs and try again")
    return bytes(buffer.data().data())


def _with_strip(pane: ImagePane) -> QImage:
    """The pane's view with a strip below: what it is, which frame, and what it is not for."""
    item, view = pane.current_item(), pane.view.grab()
    ratio = view.devicePixelRatio()
    size = view.deviceIndependentSize()
    whole = QPixmap(round(size.width() * ratio), round((size.height() + STRIP_HEIGHT) * ratio))
    whole.setDevicePixelRatio(ratio)
    whole.fill(QColor(tokens.PANEL))
    painter = QPainter(whole)
    painter.drawPixmap(0, 0, view)
    title = pane.title_text(item) if item is not None else pane.what
    frames = f" / {item.frames}" if item is not None else ""
    strip = QRectF(12, size.height(), size.width() - 24, STRIP_HEIGHT)
    painter.setFont(theme.font(13, 500))
    painter.setPen(QColor(tokens.TEXT_HI))
    words = f"{title} · frame {pane.current_frame() + 1}{frames}"
    painter.drawText(strip, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
    painter.setPen(QColor(tokens.WARN))
    painter.drawText(strip, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, NOTICE)
    painter.end()
    return whole.toImage()
