"""Setting the rotation: kept per pullback, undone, removed, saved, told in words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from session_samples import Heard, pullback, run, session_of

from viewer.model.rotation import Seen, SeenFrom, Towards
from viewer.session.review_changes import differences
from viewer.session.session import Session
from viewer.store import review_file

CENTER = (127.5, 127.5)


@pytest.fixture
def session() -> Session:
    return session_of(run(), pullback(), pullback("other"))


def test_the_artery_clicked_is_anterior_seen_from_the_catheter(session: Session) -> None:
    edits, pull = session.rotation, session.pullback
    assert pull is not None
    x, y = edits.center_px(pull)
    assert edits.current is None
    assert edits.turn_at(0) == 0.0
    assert edits.letters() == {}
    assert edits.set_arrow((x + 60.0, y))  # to the right: a quarter turn back puts it up
    assert edits.turn_at(0) == pytest.approx(-90.0)
    assert edits.turn_at(99) == pytest.approx(-90.0)
    assert edits.letters() == {"top": "A", "right": "L", "bottom": "P", "left": "R"}
    assert edits.text() == "artery in front, frame 1 · seen from the feet"
    session.undo()
    assert edits.current is None
    session.redo()
    assert edits.turn_at(5) == pytest.approx(-90.0)


def test_it_belongs_to_one_pullback(session: Session) -> None:
    session.rotation.set_arrow((10.0, 10.0), (10.0, 90.0))
    session.show("other")
    assert session.rotation.current is None
    session.rotation.set_arrow((90.0, 10.0), (10.0, 10.0))
    session.show("pull")
    assert session.rotation.turn_at(0) == pytest.approx(0.0)
    assert len(session.review.rotations) == 2


def test_a_side_branch_says_where_left_is(session: Session) -> None:
    edits = session.rotation
    edits.say(Seen.BRANCH, Towards.LEFT)
    edits.set_arrow((10.0, 80.0), (10.0, 10.0))  # downwards is left, so anterior is to the right
    assert edits.turn_at(0) == pytest.approx(-90.0)
    edits.say(towards=Towards.RIGHT)  # changes the frame's own mark too
    assert edits.turn_at(0) % 360 == pytest.approx(90.0)
    edits.say(Seen.ARTERY)
    assert edits.saying.towards is Towards.ANTERIOR
    assert edits.turn_at(0) % 360 == pytest.approx(180.0)


def test_the_head_side_changes_left_and_right_at_the_edges(session: Session) -> None:
    edits = session.rotation
    edits.toggle_seen_from()
    edits.set_arrow((10.0, 10.0), (10.0, 90.0))
    assert edits.current is not None
    assert edits.current.seen_from is SeenFrom.HEAD
    assert edits.letters() == {"top": "A", "right": "R", "bottom": "P", "left": "L"}
    assert edits.compass(0.0) == "R"
    edits.toggle_seen_from()
    assert edits.letters()["right"] == "L"
    session.undo()
    assert edits.letters()["right"] == "R"


def test_marks_on_several_frames_drift_and_are_taken_away_one_by_one(session: Session) -> None:
    edits = session.rotation
    edits.set_arrow((10.0, 10.0), (10.0, 90.0))
    session.set_pullback_frame(40)
    edits.set_arrow((90.0, 10.0), (10.0, 10.0))
    assert edits.turn_at(20) == pytest.approx(-45.0)
    assert "90°" in edits.drift_text()
    np.testing.assert_allclose(edits.turns_deg(np.array([0, 40, 99])), [0.0, -90.0, -90.0])
    edits.remove_mark(7)  # none there
    assert len(edits.current.marks) == 2
    edits.remove_mark(0)
    assert edits.turn_at(0) == pytest.approx(-90.0)
    edits.remove_mark(40)
    assert edits.current is None


def test_a_click_on_the_catheter_says_nothing_and_is_told(session: Session) -> None:
    heard = Heard(session)
    pull = session.pullback
    assert pull is not None
    assert not session.rotation.set_arrow(session.rotation.center_px(pull))
    assert session.rotation.current is None
    assert "catheter itself" in heard.notices[-1].text


def test_the_cut_is_named_by_anatomy_once_rotation_is_set(session: Session) -> None:
    edits = session.rotation
    assert edits.cut_words(-90.0) == "Cut 90°"
    edits.set_arrow((10.0, 10.0), (10.0, 90.0))
    words = {-90.0: "Cut A–P", 90.0: "Cut A–P", 0.0: "Cut L–R", 180.0: "Cut L–R"}
    words |= {-80.0: "Cut A–P, 10° to L", -100.0: "Cut A–P, 10° to R", 70.0: "Cut A–P, 20° to R"}
    assert {angle: edits.cut_words(angle) for angle in words} == words
    assert [edits.compass(a) for a in (-90.0, -45.0, 0.0, 90.0, 180.0)] == [
        "A", "AL", "L", "P", "R",
    ]  # fmt: skip


def test_it_is_saved_and_read_and_files_without_it_too(session: Session) -> None:
    before = session.review
    session.rotation.say(Seen.BRANCH, Towards.POSTERIOR)
    session.rotation.set_arrow((70.0, 20.0), (10.0, 15.0))
    review = session.review
    again = review_file.load(review_file.dump(review), "a.caval.json")
    assert again.rotations == review.rotations
    old = json.loads(review_file.dump(review))
    del old["rotations"]
    assert review_file.load(json.dumps(old).encode(), "a.caval.json").rotations == ()
    assert any("Rotation of" in line for line in differences(before, review))
    session.rotation.remove()
    assert differences(before, session.review) == ()


def test_a_file_with_two_rotations_of_one_pullback_is_refused(session: Session) -> None:
    session.rotation.set_arrow((70.0, 20.0), (10.0, 15.0))
    document = json.loads(review_file.dump(session.review))
    document["rotations"] *= 2
    with pytest.raises(Exception, match="rotation of image 2"):
        review_file.load(json.dumps(document).encode(), "a.caval.json")
