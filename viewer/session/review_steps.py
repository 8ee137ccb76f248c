"""The review of a session and the steps by which it changes: gestures, commits, undo."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime

from psygnal import Signal

from viewer import __version__
from viewer.model.review import ImageReference, Review
from viewer.session.history import Entry, History
from viewer.session.looks import Looks
from viewer.session.state import Cursor, Selection


def new_review(reader: str, title: str = "") -> Review:
    """An empty review of one reader."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Review(
        id=str(uuid.uuid4()),
        reader=reader,
        title=title,
        program=f"Caval {__version__}",
        created_at=now,
        modified_at=now,
    )


class ReviewSteps(Looks, ABC):
    """What a session does with its review: every change is a step that can be taken back.

    Parameters
    ----------
    review : Review
        The one to start with.
    """

    review_changed = Signal(Review)
    committed = Signal(Review, str)

    cursor: Cursor
    selection: Selection

    def __init__(self, review: Review) -> None:
        super().__init__()
        self.review = review
        self.history = History()
        self.frozen = False
        self._gesture: tuple[str, Review, Cursor] | None = None

    @abstractmethod
    def select(self, selection: Selection) -> None:
        """Select a mark, or nothing; what is gone can't stay selected."""

    @abstractmethod
    def _return_to(self, place: Cursor) -> None:
        """Show what was shown where a step happened."""

    def _start(self, review: Review) -> None:
        """Another document: nothing of the old one can be undone."""
        self.review = review
        self.history.clear()
        self._gesture = None

    def _set_images(self, images: tuple[ImageReference, ...]) -> None:
        """What the review speaks of: no step, and a drag that is under way goes on."""
        self.review = replace(self.review, images=images)
        if self._gesture is not None:
            label, before, place = self._gesture
            self._gesture = label, replace(before, images=images), place

    def look_at(self, review: Review) -> None:
        """Keep how images are looked at: no step of undo, saved with what was said of the case."""
        if review == self.review:
            return
        if self._gesture is not None:
            label, before, place = self._gesture
            self._gesture = label, before.looking_like(review), place
        self.review = review
        self.review_changed.emit(review)
        if not self.in_gesture and not review.empty:
            self.committed.emit(review, "Look")

    def begin(self, label: str) -> None:
        """Start a gesture: what `preview` shows until `commit` is one step of undo."""
        if self._gesture is None and not self._refused():
            self._gesture = (label, self.review, self.cursor)

    def preview(self, review: Review) -> None:
        """Show a review that is not yet committed.

        Outside a gesture nothing is shown: it was given up (Esc, undo) while the mouse still moves.
        """
        if self._gesture is not None:
            self._set_review(review)

    def commit(self, notice: str = "") -> None:
        """End the gesture as one step of undo; nothing happens when nothing changed."""
        if self._gesture is None:
            return
        (label, before, place), self._gesture = self._gesture, None
        if self.review == before:
            self.review = before
        else:
            self._push(label, before, place, notice)

    def _push(self, label: str, before: Review, place: Cursor, notice: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.review = replace(self.review, modified_at=now)
        self.history.push(label, before, self.review, place)
        self.review_changed.emit(self.review)
        self.committed.emit(self.review, label)
        if notice:
            self.notify(notice, undoable=True, about="edit")

    def abort(self) -> None:
        """End the gesture as if it had never begun."""
        if self._gesture is not None:
            (_, before, _), self._gesture = self._gesture, None
            self._set_review(before)
            self.select(self.selection)

    @property
    def in_gesture(self) -> bool:
        """Whether a drag is under way."""
        return self._gesture is not None

    def edit(self, label: str, review: Review, notice: str = "") -> None:
        """One change in one step; a drag that is still under way becomes a step of its own."""
        self.commit()
        if self._refused():
            return
        review = replace(review, modified_at=self.review.modified_at)
        if review != self.review:
            before, self.review = self.review, review
            self._push(label, before, self.cursor, notice)

    def _refused(self) -> bool:
        """Whether nothing may be changed here, which is then said."""
        if self.frozen:
            self.notify("Here images are only compared", "Change marks in Review (Alt+1).",
                        about="frozen")  # fmt: skip
        return self.frozen

    def mirror(self, review: Review) -> None:
        """Show another session's review as it is now; nothing of it can be undone here."""
        if review is not self.review:
            self._start(review)
            self.review_changed.emit(review)

    def edit_on(self, label: str, review: Review) -> None:
        """As `edit`, one step together with the last one when that has the same label."""
        self.commit()
        if self.history.undo_label == label and not self.history.can_redo:
            review = replace(review, modified_at=self.review.modified_at)
            if review != self.review:
                entry, self.review = self.history.undo(), review
                place = entry.place if isinstance(entry.place, Cursor) else self.cursor
                self._push(label, entry.before, place, "")
            return
        self.edit(label, review)

    def undo(self) -> None:
        """Take the last step back and return to the frame where it happened.

        During a drag it takes the drag back, and no more.
        """
        if not self._give_up() and self.history.can_undo:
            self._travel(self.history.undo(), forward=False)

    def redo(self) -> None:
        """Do the last undone step again."""
        if not self._give_up() and self.history.can_redo:
            self._travel(self.history.redo(), forward=True)

    def _give_up(self) -> bool:
        """End the gesture; whether it had changed anything."""
        changed = self._gesture is not None and self.review != self._gesture[1]
        self.abort()
        return changed

    def _travel(self, entry: Entry, forward: bool) -> None:
        images = self.review.images
        there = replace(entry.after if forward else entry.before, images=images)
        self._set_review(there.looking_like(self.review))
        if isinstance(entry.place, Cursor):
            self._return_to(entry.place)
        self.select(self.selection)
        self.committed.emit(self.review, f"{'Redo' if forward else 'Undo'}: {entry.label}")

    def _set_review(self, review: Review) -> None:
        if review != self.review:
            self.review = review
            self.review_changed.emit(review)
