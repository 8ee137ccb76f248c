"""Every question the window asks about files, and the few other small dialogs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QInputDialog,
    QMessageBox,
    QPushButton,
    QWidget,
)

from viewer import __version__, paths

IMAGES = "DICOM, zip, DICOMDIR, reviews (*);;Reviews (*.caval.json)"


class FileDialogs:
    """Asks; gives back paths, or None when the person changed their mind."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent
        self._folder = ""

    def ask_files(self) -> list[Path]:
        """Files to open."""
        dialog = self._files("Open images or a review", QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(IMAGES.split(";;"))
        return self._chosen(dialog)

    def ask_other_review(self) -> Path | None:
        """Another reader's review to compare with."""
        dialog = self._files("Compare with the review of", QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Reviews (*.caval.json)"])
        return next(iter(self._chosen(dialog)), None)

    def ask_folder(self) -> Path | None:
        """A folder to open."""
        dialog = self._files("Open a folder of images", QFileDialog.FileMode.Directory)
        return next(iter(self._chosen(dialog)), None)

    def ask_export_folder(self) -> Path | None:
        """A folder to write tables and pictures into."""
        dialog = self._files("Export tables and pictures into", QFileDialog.FileMode.Directory)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "Export here")
        return next(iter(self._chosen(dialog)), None)

    def _files(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        """A roomy dialog that begins where the last one ended."""
        dialog = QFileDialog(self._parent, title, self._folder)
        dialog.setFileMode(mode)
        if mode is QFileDialog.FileMode.Directory:
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setViewMode(QFileDialog.ViewMode.Detail)
        dialog.resize(960, 600)
        columns = dialog.findChild(QHeaderView)
        if columns is not None:  # the system's own dialog has none
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return dialog

    def _chosen(self, dialog: QFileDialog) -> list[Path]:
        agreed = dialog.exec()
        self._folder = dialog.directory().absolutePath()
        return [Path(name) for name in dialog.selectedFiles()] if agreed else []

    def ask_review_path(self, now: Path) -> Path | None:
        """A file to save the review in."""
        name, _ = QFileDialog.getSaveFileName(
            self._parent,
            "Save review as",
            str(now),
            "Reviews (*.caval.json)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        return Path(name) if name else None

    def agrees_to_lose(self, path: Path, loss: str) -> bool:
        """Whether a file may be overwritten although `loss` goes with it."""
        answer = QMessageBox.warning(
            self._parent,
            f"Replace {path.name}?",
            loss,
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Save

    def ask_rate(
        self, now_hz: float | None, name: str, reasons: tuple[str, ...] = ()
    ) -> float | None:
        """A frame rate of `name` in frames per second; 0 goes back to the file's own times."""
        told = "".join(f"{reason}\n" for reason in reasons) + ("\n" if reasons else "")
        rate_hz, agreed = QInputDialog.getDouble(
            self._parent,
            "Frame rate",
            f"{told}Frames per second of {name} (0: as the file says).\nIt is kept in the review.",
            now_hz or 15.0,
            0.0,
            1000.0,
            2,
        )
        return rate_hz if agreed else None

    def ask_cache_mb(self, now_mb: int, low_mb: int, high_mb: int, use: str) -> int | None:
        """How much memory images may take, MB; `use` says how much they take now."""
        asked_mb, agreed = QInputDialog.getInt(
            self._parent,
            "Cache size",
            f"Memory for images (frames, long view, masks), MB ({low_mb} to {high_mb}).\n"
            f"{use}\nMore lets longer runs play without decoding them again.",
            min(max(now_mb, low_mb), high_mb),
            low_mb,
            high_mb,
            64,
        )
        return asked_mb if agreed else None

    def ask_reason(self) -> str:
        """Why images that may be of another patient belong here; "" when they don't."""
        dialog = QInputDialog(self._parent)
        dialog.setWindowTitle("Add images that may be from another patient")
        dialog.setLabelText(
            "These images may be from another patient.\n"
            "They will be shown as part of this case. Why do they belong to it?"
        )
        dialog.setOkButtonText("Add anyway")
        dialog.resize(460, dialog.sizeHint().height())
        for box in dialog.findChildren(QDialogButtonBox):
            accept = box.button(QDialogButtonBox.StandardButton.Ok)
            accept.setEnabled(False)
            dialog.textValueChanged.connect(partial(_enable_with_text, accept))
        return dialog.textValue().strip() if dialog.exec() else ""

    def about(self) -> None:
        """Version, licence, where files are kept."""
        QMessageBox.about(
            self._parent,
            "About Caval",
            f"<b>Caval {__version__}</b><p>Review and teaching of deep-venous procedures. "
            "Not for diagnostic use.</p><p>Apache License 2.0. Icons: Phosphor.</p>"
            f"<p>Reviews are kept in<br>{paths.reviews_dir()}</p>"
            f"<p>Log: {paths.log_file()}</p>",
        )


def _enable_with_text(button: QPushButton, text: str) -> None:
    button.setEnabled(bool(text.strip()))
