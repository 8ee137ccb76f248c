"""The open review on the disk: autosave, save as, what a crash left behind, the recent ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from viewer import paths
from viewer.errors import ViewerError
from viewer.model.case import Case
from viewer.model.review import Review
from viewer.qt.start_page import RecentCase
from viewer.session import facts, recovery
from viewer.session.autosave import Autosave, SavedState
from viewer.store import review_file
from viewer.store.library import default_path

if TYPE_CHECKING:
    from viewer.app.application import Application

JOURNAL_WAIT_S = 0.012
"""How long a commit waits for its journal: within one screen refresh, even on a slow disk."""


class ReviewKeeper:
    """Keeps the review that is open, and offers those that are not."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self.autosave: Autosave | None = None

    def begin(self, path: Path | None) -> None:
        """Keep the session's review from now on, in `path` or at its usual place."""
        review = self._app.session.review
        self.autosave = Autosave(
            review,
            path or default_path(review),
            paths.recovery_dir(),
            lambda state: self._app.main_thread.post(lambda: self._show_saved(state)),
            after_save=self._after_save,
        )
        self._show_saved(self.autosave.state)

    def _after_save(self, path: Path, review: Review) -> None:
        self._app.library.remember_review(path, review)

    def take_in(self, review: Review, label: str) -> None:
        """Journal a committed change; waits a moment for the disk, never a frame."""
        if self.autosave is not None:
            self.autosave.changed(self._titled(review), label)
            self.autosave.flush(JOURNAL_WAIT_S)

    def _titled(self, review: Review) -> Review:
        title = review.title or facts.case_title(self._app.session).title
        return replace(review, title=title)

    def end(self) -> None:
        """Save and let go of the review that was open."""
        self._app.session.abort()
        if self.autosave is not None:
            self.autosave.close()
            self.autosave = None

    def save(self) -> None:
        """Save now."""
        if self.autosave is not None:
            self.autosave.save_now(wait=False)

    def save_as(self) -> None:
        """Save under another name."""
        if self.autosave is None:
            return
        now = self.autosave.path
        if now.parent == paths.reviews_dir():  # a name of the program's own says nothing
            title = self._titled(self._app.session.review).title or "Review"
            name = "".join(c if c.isalnum() or c in " -_" else "_" for c in title)
            now = Path.home() / f"{name.strip()}{review_file.SUFFIX}"
        chosen = self._app.dialogs.ask_review_path(now)
        if chosen is None:
            return
        path = review_file.with_suffix(chosen)
        loss = review_file.would_replace(path, self._app.session.review)
        if not loss or self._app.dialogs.agrees_to_lose(path, loss):
            self.autosave.changed(self._titled(self._app.session.review), "Save as")
            if self.autosave.save_as(path):
                self._app.session.notify(f"Saved as {path.name}", about="save")

    def refresh_start_page(self) -> None:
        """List recent reviews and what a crash left behind."""
        recent = [
            RecentCase(
                item.title or "Untitled case",
                "Review" if item.path.parent == paths.reviews_dir() else item.path.name,
                item.path,
                datetime.fromtimestamp(item.saved_at).astimezone(),
                item.reader,
            )
            for item in self._app.library.recent()
        ]
        lost = recovery.recoveries(paths.recovery_dir(), self._app.tell)
        self._app.window.start_page.set_recent(recent)
        self._app.window.start_page.set_recoveries(lost)
        opened = {ref.uid for ref in self._app.session.review.images}
        mine = [item for item in lost if opened & {ref.uid for ref in item.review.images}]
        self._app.window.offer_recoveries(mine)

    def keep_recovery(self, kept: recovery.Recovery) -> None:
        """Keep the changes a crash left behind, and open the review."""
        path = self.autosave.path if self.autosave is not None else None
        self.end()
        try:
            path = recovery.keep(kept)
        except ViewerError as error:
            self._app.complain(error, "recovery")
            if path is not None:
                self.begin(path)
            return
        self._app.session.open_case(Case(), None)  # until it is opened nothing is open, nor edited
        self._app.opener.open([path])

    def discard_recovery(self, lost: recovery.Recovery) -> None:
        """Give the changes a crash left behind up."""
        try:
            recovery.discard(lost)
        except ViewerError as error:
            self._app.complain(error, "recovery")
        self.refresh_start_page()

    def _show_saved(self, state: SavedState) -> None:
        local = state.saved_at.astimezone() if state.saved_at else None
        saved = f"{local:%H:%M:%S}" if local else None
        self._app.window.status.set_saved(saved, state.unsaved_changes, state.error)
        if state.notice:
            self._app.tell(state.notice)
