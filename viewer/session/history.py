"""Undo and redo: a list of snapshots that share structure, so a step costs next to nothing."""

from __future__ import annotations

from dataclasses import dataclass

from viewer.model.review import Review

DEPTH = 500
"""Steps that are kept; older ones can't be undone any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step: what it is called, the review before and after, where it happened.

    `place` is whatever the caller wants back on undo, the cursor as a rule.
    """

    label: str
    before: Review
    after: Review
    place: object | None = None


class History:
    """Steps of one review, with a mark at the state that is saved.

    Parameters
    ----------
    depth : int
        How many steps are kept.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        if depth < 1:
            raise ValueError("a history keeps at least one step")
        self._depth = depth
        self._serial = 0
        self.clear()

    def clear(self) -> None:
        """Forget every step; the state now counts as saved."""
        self._steps: list[tuple[int, Entry]] = []
        self._done = 0
        self._base = self._next_serial()
        self.saved_mark: int | None = self._base

    def push(self, label: str, before: Review, after: Review, place: object | None = None) -> None:
        """Add a step that has just been done; what was undone before it is gone."""
        del self._steps[self._done :]
        self._steps.append((self._next_serial(), Entry(label, before, after, place)))
        if len(self._steps) > self._depth:
            self._base = self._steps.pop(0)[0]
        self._done = len(self._steps)

    def undo(self) -> Entry:
        """Step back; the caller puts the entry's `before` in place.

        Raises
        ------
        IndexError
            There is nothing to undo.
        """
        if not self.can_undo:
            raise IndexError("nothing to undo")
        self._done -= 1
        return self._steps[self._done][1]

    def redo(self) -> Entry:
        """Step forward again; the caller puts the entry's `after` in place.

        Raises
        ------
        IndexError
            There is nothing to redo.
        """
        if not self.can_redo:
            raise IndexError("nothing to redo")
        self._done += 1
        return self._steps[self._done - 1][1]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._done > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step to do again."""
        return self._done < len(self._steps)

    @property
    def undo_label(self) -> str:
        """What undo would take back, empty when nothing."""
        return self._steps[self._done - 1][1].label if self.can_undo else ""

    @property
    def redo_label(self) -> str:
        """What redo would do again, empty when nothing."""
        return self._steps[self._done][1].label if self.can_redo else ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The steps that are done, oldest first."""
        return tuple(entry.label for _, entry in self._steps[: self._done])

    @property
    def mark(self) -> int:
        """Identity of the present state: the same after undo and redo, never used twice."""
        return self._steps[self._done - 1][0] if self._done else self._base

    def mark_saved(self, mark: int | None = None) -> None:
        """Note that the present state, or the one of an earlier `mark`, is saved."""
        self.saved_mark = self.mark if mark is None else mark

    @property
    def is_dirty(self) -> bool:
        """Whether the present state differs from the saved one."""
        return self.mark != self.saved_mark

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial
