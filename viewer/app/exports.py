"""Writing tables and pictures of the open review."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.dicom.frames import open_frames
from viewer.errors import ViewerError
from viewer.qt.picture_panes import write_pictures
from viewer.session import exporting
from viewer.session.frame_loader import FrameLoader
from viewer.session.pull_gathering import gather_positions

if TYPE_CHECKING:
    from viewer.app.application import Application

_log = logging.getLogger(__name__)

PICTURES_BUDGET_BYTES = 64 << 20
"""Decoded frames kept while pictures are drawn, each of one frame."""

_NOT_EXPORTED = ViewerError(
    "The export was not finished",
    "Caval met a problem it did not expect; the log says more (Help, About Caval).",
)


class Exports:
    """Tables on a worker, pictures by the window."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def export(self) -> None:
        """Write tables, on a worker, then pictures into a folder the user chooses."""
        folder = self._app.dialogs.ask_export_folder()
        if folder is None:
            return
        copy = exporting.second_session(self._app.session)  # the reader may go on meanwhile
        self._app.window.status.set_busy("Writing tables…")

        def work() -> None:
            try:
                gather_positions(copy)
                tables = exporting.write_tables(copy, folder)
            except ViewerError as error:
                failed = error
                self._app.main_thread.post(lambda: self._export_failed(failed))
            except Exception:  # noqa: BLE001 - told, logged; else it would write for ever
                _log.exception("export failed")
                self._app.main_thread.post(lambda: self._export_failed(_NOT_EXPORTED))
            else:
                self._app.main_thread.post(
                    lambda: self._export_pictures(folder, len(tables), copy.placed)
                )

        threading.Thread(target=work, name="export", daemon=True).start()

    def _export_pictures(self, folder: Path, tables: int, placed: exporting.Placed) -> None:
        """Draw the pictures, which only the window's own thread can, one between two events."""
        try:
            pictures = self.export_to(folder, ("png",), placed=placed)
        except ViewerError as error:
            self._export_failed(error)
            return
        self._app.window.status.set_busy("")
        count = tables + len(pictures)
        self._app.session.notify(f"{count} files written to {folder.name}", about="export")

    def _export_failed(self, error: ViewerError) -> None:
        self._app.window.status.set_busy("")
        self._app.complain(error, "export")

    def export_to(
        self,
        folder: Path,
        formats: tuple[str, ...],
        tell: Callable[[str], None] | None = None,
        placed: exporting.Placed | None = None,
    ) -> list[exporting.Written]:
        """Write the open review's tables (csv) and pictures (png); gives (format, path) of each.

        `placed` holds the positions of its pairs, as `gather_positions` found them.

        Raises
        ------
        ViewerError
            A file can't be written.
        """
        written = exporting.write_tables(self._app.session, folder) if "csv" in formats else []
        if "png" in formats:
            loader = FrameLoader(open_frames, self._app.main_thread.post, PICTURES_BUDGET_BYTES)
            try:
                tell = tell or self._app.tell
                written += write_pictures(self._app.window, loader, folder, tell, placed)
            finally:
                loader.close()
        return written
