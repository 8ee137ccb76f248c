"""Every question the window asks about files, and the few other small dialogs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from viewer import __version__, paths

IMAGES = "DICOM, zip, DICOMDIR, reviews (*);;Reviews (*.caval.json)"


class FileDialogs:
    """Asks; gives back paths, or None when the person changed their mind."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def ask_files(self) -> list[Path]:
        """Files to open."""
        names, _ = QFileDialog.getOpenFileNames(self._parent, "Open images or a review", "", IMAGES)
        return [Path(name) for name in names]

    def ask_folder(self) -> Path | None:
        """A folder to open."""
        name = QFileDialog.getExistingDirectory(self._parent, "Open a folder of images")
        return Path(name) if name else None

    def ask_export_folder(self) -> Path | None:
        """A folder to write tables and pictures into."""
        name = QFileDialog.getExistingDirectory(self._parent, "Export tables and pictures into")
        return Path(name) if name else None

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

    def ask_rate(self, now_hz: float | None) -> float | None:
        """A frame rate in frames per second; 0 goes back to the file's own times."""
        rate_hz, agreed = QInputDialog.getDouble(
            self._parent,
            "Frame rate",
            "Frames per second (0: as the file says).\nIt is kept in the review.",
            now_hz or 15.0,
            0.0,
            1000.0,
            2,
        )
        return rate_hz if agreed else None

    def ask_reason(self) -> str:
        """Why images that may be of another patient belong here; "" when they don't."""
        reason, agreed = QInputDialog.getText(
            self._parent,
            "Add images that may be from another patient",
            "They will be shown as part of this case. Why do they belong to it?",
        )
        return reason.strip() if agreed else ""

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
