"""Holding the open review against another reader's, on a worker, and showing how they agree."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.errors import ViewerError
from viewer.session.exporting import second_session
from viewer.session.reader_comparison import ReaderComparison, compare_readers
from viewer.store import atomic, review_file

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap

    from viewer.app.application import Application
    from viewer.qt.agreement_dialog import AgreementDialog


class Readers:
    """Compares readers of one case."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self.dialog: AgreementDialog | None = None

    def ask(self) -> None:
        """Ask for a review and compare it with the open one."""
        path = self._app.dialogs.ask_other_review()
        if path is not None:
            self.compare_with(path)

    def compare_with(self, path: Path) -> None:
        """Compare with the review in a file; what is wrong with it is said."""
        copy = second_session(self._app.session)
        self._app.window.status.set_busy("Comparing the readers…")

        def work() -> None:
            try:
                answer: ReaderComparison | ViewerError = compare_readers(
                    copy, review_file.read(path)
                )
            except ViewerError as error:
                answer = error
            self._app.main_thread.post(lambda: self._show(answer))

        threading.Thread(target=work, name="readers", daemon=True).start()

    def _show(self, answer: ReaderComparison | ViewerError) -> None:
        from viewer.qt.agreement_dialog import AgreementDialog

        self._app.window.status.set_busy("")
        if isinstance(answer, ViewerError):
            self._app.complain(answer, "readers")
            return
        self.dialog = AgreementDialog(self._app.session, answer, self._app.window)
        self.dialog.save_asked.connect(self._save)
        self.dialog.destroyed.connect(self._forget)
        self.dialog.show()

    def _forget(self) -> None:
        self.dialog = None

    def _save(self, compared: ReaderComparison, plot: QPixmap) -> None:
        folder = self._app.dialogs.ask_export_folder()
        if folder is not None:
            self.save_to(folder, compared, plot)

    def save_to(self, folder: Path, compared: ReaderComparison, plot: QPixmap) -> None:
        """Write agreement.csv and agreement.png into a folder."""
        from viewer.qt.picture_panes import png_of

        try:
            atomic.write_bytes(folder / "agreement.csv", compared.csv_bytes())
            atomic.write_bytes(folder / "agreement.png", png_of(plot.toImage()))
        except ViewerError as error:
            self._app.complain(error, "readers")
            return
        self._app.session.notify(f"agreement.csv and agreement.png written to {folder.name}")
