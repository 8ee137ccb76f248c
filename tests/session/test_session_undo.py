"""Undo, redo and gestures, whatever the order of the verbs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from session_samples import (
    KNOTS,
    Heard,
    draw_along,
    draw_frames,
    draw_vein,
    place,
    point_at,
    pullback,
    run,
    session_of,
    tied_session,
)

from viewer.model.case import Phase
from viewer.model.coregistration import SyncMode
from viewer.model.review import Review
from viewer.session.state import Selection
from viewer.store import review_file

shares = st.floats(0.02, 0.98)
places = st.floats(20, 1000)
frames = st.integers(-5, 110)
edges = st.sampled_from(["start", "end"])


def content(review: Review) -> Review:
    """A review but for the time it was changed."""
    return replace(review, modified_at="")


class AnyVerbs(RuleBasedStateMachine):
    """Verbs in any order; every state passed is reached again by undo and by redo."""

    def __init__(self) -> None:
        super().__init__()
        self.session = session_of(run("a"), run("b"), pullback("p"), pullback("q"))
        self.done = [self.session.review]
        self.undone: list[Review] = []
        self.told: list[tuple[Review, tuple[str, ...]]] = []
        self.committed = 0
        self.session.review_changed.connect(self._on_review)
        self.session.committed.connect(self._on_commit)

    def _on_review(self, review: Review) -> None:
        self.told.append((review, self.session.history.labels))

    def _on_commit(self, review: Review, label: str) -> None:
        assert label
        self.committed += 1

    def _note(self) -> None:
        """After a verb: one step and one commit when something changed, else neither."""
        committed, self.committed = self.committed, 0
        review = self.session.review
        if content(review) == content(self.done[-1]):
            assert committed == 0
            assert review == self.done[-1]
        else:
            assert committed == 1
            self.done.append(review)
            self.undone.clear()
        assert len(self.session.history.labels) == len(self.done) - 1

    @rule(uid=st.sampled_from(["a", "b", "p", "q"]))
    def show(self, uid):
        self.session.show(uid)
        self._note()

    @rule(x=places, y=places)
    def add_knot(self, x, y):
        self.session.vessel.add_knot((x, y))
        self._note()

    @rule()
    def draw_whole_vein(self):
        if self.session.current_centerline is None:
            for knot in KNOTS:
                self.session.vessel.add_knot(knot)
                self._note()

    @rule(
        index=st.integers(-1, 6), x=st.floats(20, 1000), y=st.floats(20, 1000), keep=st.booleans()
    )
    def drag_knot(self, index, x, y, keep):
        self.session.begin("Move vein point")
        self.session.vessel.move_knot(index, (x, y))
        self.session.vessel.move_knot(index, (y, x))
        self._end(keep)

    @rule(index=st.integers(-1, 6))
    def remove_knot(self, index):
        self.session.vessel.remove_knot(index)
        self._note()

    @rule()
    def reverse(self):
        self.session.vessel.reverse_centerline()
        self._note()

    @rule()
    def remove_line(self):
        self.session.vessel.remove_centerline()
        self._note()

    @precondition(lambda self: self.session.current_polyline is not None)
    @rule(frame=frames, share=shares)
    def add_landmark(self, frame, share):
        place(self.session, frame, share, self.session.vessel.free_name())
        self._note()

    @precondition(lambda self: self.session.vessel.landmarks)
    @rule(which=st.integers(0, 20), share=shares, frame=frames, keep=st.booleans())
    def drag_landmark(self, which, share, frame, keep):
        marks = self.session.vessel.landmarks
        mark = marks[which % len(marks)]
        self.session.begin("Move landmark")
        if self.session.current_polyline is not None:
            self.session.vessel.move_landmark(mark.id, point_at(self.session, share))
        self.session.vessel.move_landmark_to_frame(mark.id, frame)
        self._end(keep)

    @precondition(lambda self: self.session.vessel.landmarks)
    @rule(which=st.integers(0, 20), frame=frames, what=st.sampled_from(["frame", "name", "gone"]))
    def change_landmark(self, which, frame, what):
        marks = self.session.vessel.landmarks
        mark = marks[which % len(marks)]
        if what == "frame":
            self.session.vessel.set_landmark_frame(mark.id, frame)
        elif what == "name":
            self.session.vessel.rename_landmark(mark.id, f"Name {frame}")
        else:
            self.session.vessel.remove_landmark(mark.id)
        self._note()

    @rule(first=frames, last=frames, kind=st.sampled_from(["stenosis", "clot", "stent"]))
    def draw_on_frames(self, first, last, kind):
        if first != last and not (max(first, last) < 0 or min(first, last) > 99):
            draw_frames(self.session, first, last, kind)
        self._note()

    @precondition(lambda self: self.session.current_polyline is not None)
    @rule(start=shares, end=shares)
    def draw_on_vein(self, start, end):
        if abs(start - end) > 0.2:
            draw_along(self.session, start, end)
        self._note()

    @precondition(lambda self: self.session.review.segments)
    @rule(which=st.integers(0, 20), edge=edges, frame=frames, arc=st.floats(-50, 1200),
          keep=st.booleans())  # fmt: skip
    def drag_edge(self, which, edge, frame, arc, keep):
        segment = self._segment(which)
        self.session.begin("Move edge")
        self.session.segments.move_edge_to_frame(segment.id, edge, frame)
        self.session.segments.move_edge_to_arc(segment.id, edge, arc)
        self._end(keep)

    @precondition(lambda self: self.session.review.segments)
    @rule(which=st.integers(0, 20), what=st.sampled_from(["nudge", "note", "copy", "hide", "gone"]))
    def change_segment(self, which, what):
        segment, verbs = self._segment(which), self.session.segments
        if what == "nudge":
            verbs.nudge_edge(segment.id, "end", 2)
        elif what == "note":
            verbs.update(segment.id, note="looked at")
        elif what == "copy":
            verbs.duplicate(segment.id)
        elif what == "hide":
            verbs.toggle_hidden(segment.id)
        else:
            verbs.delete(segment.id)
        self._note()

    @rule(frame=st.integers(0, 40), size=st.floats(0, 30))
    def measure(self, frame, size):
        self.session.measures.draw_caliper("a", frame, (5.0, 5.0), (5.0 + size, 5.0))
        self.session.measures.finish_drawing()
        self._note()

    @rule(frame=st.integers(0, 3))
    def star(self, frame):
        self.session.measures.toggle_bookmark("p", frame)
        self._note()

    @rule(rate=st.sampled_from([None, 10.0, 25.0]), mode=st.sampled_from(list(SyncMode)))
    def settings_of_the_pull(self, rate, mode):
        self.session.set_rate("p", rate)
        self._note()
        self.session.vessel.set_rate(rate)
        self._note()
        self.session.vessel.set_mode(mode)
        self._note()

    @rule(phase=st.sampled_from(list(Phase)), number=st.integers(0, 2))
    def phase(self, phase, number):
        self.session.set_phase("a", phase, number)
        self._note()

    @rule(frame=frames)
    def scrub(self, frame):
        self.session.set_pullback_frame(frame)
        self._note()

    @rule()
    def undo(self):
        self.session.undo()
        if len(self.done) > 1:
            self.undone.append(self.done.pop())
        self._reached()

    @rule()
    def redo(self):
        self.session.redo()
        if self.undone:
            self.done.append(self.undone.pop())
        self._reached()

    def _reached(self) -> None:
        self.committed = 0
        assert self.session.review == self.done[-1]
        assert self.session.history.can_undo == (len(self.done) > 1)
        assert self.session.history.can_redo == bool(self.undone)

    def _end(self, keep: bool) -> None:
        if keep:
            self.session.commit()
        else:
            self.session.abort()
            assert self.session.review == self.done[-1]
        self._note()

    def _segment(self, which: int):
        segments = self.session.review.segments
        return segments[which % len(segments)]

    @invariant()
    def what_is_told_is_what_is(self) -> None:
        assert not self.session.in_gesture
        for before, after in zip(self.told, self.told[1:], strict=False):
            assert before != after  # nothing is told twice: another review, or a step more
        if self.told:
            assert self.told[-1][0] == self.session.review
        del self.told[:-1]

    @invariant()
    def the_review_can_be_kept(self) -> None:
        assert review_file.problems(self.session.review) == ()

    @invariant()
    def nothing_gone_is_selected(self) -> None:
        chosen = self.session.selection
        self.session.select(chosen)
        assert self.session.selection == chosen

    def teardown(self) -> None:
        """All the way back to the start, and forth again."""
        end = self.session.review
        steps = 0
        while self.session.history.can_undo:
            self.session.undo()
            steps += 1
        assert self.session.review == self.done[0]
        for _ in range(steps):
            self.session.redo()
        assert self.session.review == end


AnyVerbs.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnyVerbs = AnyVerbs.TestCase


def test_a_gesture_that_is_aborted_leaves_no_trace():
    session = tied_session()
    segment = draw_frames(session, 30, 45)
    before, labels = session.review, session.history.labels
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment, "end", 60)
    assert session.review != before
    heard = Heard(session)
    session.abort()
    assert session.review is before
    assert session.history.labels == labels
    assert heard.take() == {"review_changed": 1}
    session.abort()
    session.commit()
    assert heard.take() == {}


def test_undo_in_a_drag_takes_the_drag_back_and_no_more():
    session = tied_session()
    segment = draw_frames(session, 30, 45)
    before = session.review
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment, "end", 60)
    session.undo()
    assert session.review == before
    assert not session.in_gesture
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment, "end", 60)
    session.redo()
    assert session.review == before
    session.begin("Move edge")  # pressed, not yet moved
    session.undo()
    assert session.review.segments == ()


def test_a_key_pressed_in_a_drag_makes_two_steps():
    session = tied_session()
    segment = draw_frames(session, 30, 45)
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment, "end", 60)
    session.measures.toggle_bookmark("pull", 3)
    session.segments.move_edge_to_frame(segment, "end", 70)  # the mouse is still down
    session.commit("moved")
    assert session.history.labels[-2:] == ("Move edge", "Add key frame")
    assert session.segments.frames_of(session.review.segments[0]) == (30, 60)
    session.undo()
    assert session.review.bookmarks == ()
    assert session.segments.frames_of(session.review.segments[0]) == (30, 60)


def test_an_edit_that_changes_nothing_in_a_drag_adds_no_step_of_its_own():
    session = tied_session()
    segment = draw_frames(session, 30, 45)
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment, "end", 60)
    session.edit("Nothing", session.review)
    assert session.history.labels[-1] == "Move edge"


def test_the_first_label_names_a_gesture():
    session = tied_session()
    segment = draw_frames(session, 30, 45)
    session.begin("Move edge")
    session.begin("Something else")
    session.segments.move_edge_to_frame(segment, "end", 60)
    heard = Heard(session)
    session.commit("Moved")
    assert session.history.undo_label == "Move edge"
    assert heard.notices[-1].undoable
    assert session.review.modified_at >= session.history.undo().before.modified_at


def test_a_preview_of_the_same_review_is_not_told():
    session = tied_session()
    session.begin("Nothing")
    heard = Heard(session)
    session.preview(session.review)
    session.preview(replace(session.review))
    assert heard.take() == {}
    session.commit()
    assert not any("Nothing" in label for label in session.history.labels)


def test_a_preview_outside_a_gesture_shows_nothing():
    session = tied_session()
    before = session.review
    session.preview(replace(before, segments=(), title="other"))
    assert session.review is before


def test_undo_returns_to_where_it_happened():
    session = session_of(run("a"), run("b"), pullback("p"), pullback("q"))
    session.show("q")
    session.set_pullback_frame(40)
    draw_frames(session, 30, 50)
    session.show("p")
    session.show("b")
    session.set_pullback_frame(5)
    heard = Heard(session)
    session.undo()
    assert (session.cursor.pullback_uid, session.cursor.pullback_frame) == ("q", 40)
    assert session.cursor.run_uid == "a"
    assert heard.take() == {
        "review_changed": 1, "committed": 1, "cursor_changed": 1, "link_changed": 1,
        "selection_changed": 1,
    }  # fmt: skip
    session.show("p")
    session.redo()
    assert session.cursor.pullback_uid == "q"


def test_undo_does_not_go_back_to_images_that_were_not_there_yet():
    session = session_of(run())
    draw_vein(session)
    session.add_images((pullback(),))
    session.set_pullback_frame(9)
    session.undo()
    assert (session.cursor.pullback_uid, session.cursor.pullback_frame) == ("pull", 9)
    assert session.pullback is not None


def test_undo_of_a_step_made_before_there_was_a_venogram_leaves_it_in_its_pane():
    session = session_of(pullback())
    draw_frames(session, 3, 9)
    session.add_images((run(),))
    session.set_run_frame(5)
    session.undo()
    assert (session.cursor.run_uid, session.cursor.run_frame) == ("run", 5)


def test_what_is_gone_after_undo_is_not_selected():
    session = tied_session()
    draw_frames(session, 30, 45)
    heard = Heard(session)
    session.undo()
    assert not session.selection
    assert heard.take()["selection_changed"] == 1
    session.select(Selection("segment", "never was"))
    session.select(Selection("planet", "mars"))
    assert heard.take() == {}


def test_committed_names_what_was_undone():
    session = session_of(pullback())
    labels: list[str] = []
    session.committed.connect(lambda _review, label: labels.append(label))
    draw_frames(session, 1, 5)
    session.undo()
    session.redo()
    assert labels == ["Draw stenosis", "Undo: Draw stenosis", "Redo: Draw stenosis"]


@pytest.mark.parametrize("count", [1, 20])
def test_undo_and_redo_at_the_ends_do_nothing(count: int):
    session = session_of(pullback())
    heard = Heard(session)
    for _ in range(count):
        session.undo()
        session.redo()
    assert heard.take() == {}
