from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from session_samples import (
    ANNA,
    BERTA,
    curve_of,
    draw_along,
    draw_frames,
    motor,
    place,
    point_at,
    pullback,
    run,
    session_of,
    tied_session,
)

from viewer.model.annotation import Caliper, CenterlineExtent, FrameExtent
from viewer.model.case import Case, Phase
from viewer.model.study import Patient, PullbackMode, Skipped
from viewer.session import contents, facts, stretches
from viewer.session.attention import Attention
from viewer.session.state import Severity


def rows(session: object) -> dict[str, contents.Row]:
    return {row.uid: row for group in contents.groups(session) for row in group.rows}  # type: ignore[arg-type]


# -- contents ---------------------------------------------------------------------------------
def test_groups_follow_the_procedure_and_say_what_is_current() -> None:
    session = session_of(pullback(), run())
    found = contents.groups(session)
    assert [group.phase for group in found] == [Phase.INITIAL_VENOGRAM, Phase.INITIAL_IVUS]
    assert all(row.current for group in found for row in group.rows)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (run(), "48 frames · 7.5 fps"),
        (run(rate_hz=None), "48 frames · rate unknown"),
        (run(frames=1), "1 frame"),
        (motor(), "100 frames · 50 mm/s"),
        (pullback(rate_hz=None), "100 frames · manual"),
        (pullback(rate_hz=None, mode=PullbackMode.UNKNOWN), "100 frames · rate unknown"),
    ],
)
def test_frames_and_rate_are_never_guessed(item: object, text: str) -> None:
    session = session_of(item)  # type: ignore[arg-type]
    assert contents.frames_text(session, item) == text  # type: ignore[arg-type]


def test_tags_tell_scale_link_stars_and_missing_frames() -> None:
    short = replace(run("short", mm_per_px=None), frames_declared=60)
    session = session_of(short)
    session.measures.toggle_bookmark("short", 3)
    assert [tag.text for tag in rows(session)["short"].tags] == ["px only", "48 of 60", "1"]
    assert "Linked" in [tag.text for tag in rows(tied_session())["run"].tags]


def test_held_missing_and_unreadable_have_groups_of_their_own() -> None:
    session = session_of(run())
    session.add_images((run("other", patient=BERTA),), (Skipped(Path("IM_0042"), "it ends early"),))
    session.review = replace(
        session.review,
        images=(*session.review.images, replace(session.review.images[0], uid="gone")),
    )
    titles = [group.title for group in contents.groups(session)]
    assert titles == ["Initial venogram", "Held, not added", "Missing images", "Couldn't be read"]
    found = rows(session)
    assert found["other"].kind == "held"
    assert "Other patient: 2" in found["other"].detail
    assert found["gone"].kind == "missing"
    assert found["IM_0042"].detail == "it ends early"


# -- issues -----------------------------------------------------------------------------------
def test_issues_come_errors_first_and_go_when_their_cause_goes() -> None:
    session = session_of(replace(run(), warnings=("no frame times",)))
    attention = Attention(session)
    assert [issue.text for issue in attention.issues] == ["no frame times."]
    session.add_images((run("other", patient=BERTA),))
    assert [issue.kind for issue in attention.issues] == ["held", "image"]
    session.leave_out_held()
    assert [issue.kind for issue in attention.issues] == ["image"]


def test_a_newer_notice_about_the_same_thing_replaces_the_older() -> None:
    session = session_of(run())
    attention = Attention(session)
    session.notify("Disk full", severity=Severity.WARNING, about="save")
    session.notify("Disk still full", severity=Severity.WARNING, about="save")
    session.notify("Saved")
    assert [issue.title for issue in attention.issues] == ["Disk still full"]


def test_a_closed_issue_stays_away_until_it_happens_again() -> None:
    session = session_of(run())
    attention, told = Attention(session), []
    attention.changed.connect(lambda: told.append(len(attention.issues)))
    session.notify("Disk full", severity=Severity.WARNING, about="save")
    attention.close("save")
    session.notify("Disk full", severity=Severity.WARNING, about="save")
    assert told == [1, 0, 1]


def test_another_case_begins_without_old_notices() -> None:
    session = session_of(run())
    attention = Attention(session)
    session.notify("Disk full", severity=Severity.WARNING, about="save")
    session.open_case(Case((run("next"),)), None)
    assert attention.issues == ()


def test_frames_that_turn_out_unreadable_are_named_once_each_time_more_are_found() -> None:
    session = session_of(run())
    attention = Attention(session)
    uid = session.case.image_sets[0].uid
    attention.set_bad_frames(uid, (7, 8, 9, 14))
    (issue,) = attention.issues
    assert "frames 8–10, 15" in issue.text
    attention.close(issue.key)
    attention.set_bad_frames(uid, (7, 8, 9, 14))
    assert not attention.issues
    attention.set_bad_frames(uid, (7, 8, 9, 14, 15))
    (again,) = attention.issues
    assert "15–16" in again.text


# -- title, link, facts -----------------------------------------------------------------------
def test_the_title_names_patient_and_contents() -> None:
    session = session_of(replace(run(), study_date="20260301"))
    title = facts.case_title(session)
    assert title.title == "Demo, Anna · 1"
    assert title.detail == "2026-03-01 · 1 series"
    nameless = session_of(run(patient=Patient("X7")))
    assert facts.case_title(nameless).title == "X7"
    assert facts.case_title(session_of()).title == "No case open"


def test_link_state_says_why_not() -> None:
    assert "no IVUS pullback" in facts.link_state(session_of(run())).text
    assert "no centerline" in facts.link_state(session_of(run(), pullback())).text
    session = tied_session()
    assert facts.link_state(session).linked
    assert facts.sigma_here(session).startswith("± ")
    session.set_linked(False)
    assert facts.link_state(session).text == "Link off"


def test_unknown_scale_and_rate_are_said_to_be_unknown() -> None:
    session = session_of(run(mm_per_px=None, rate_hz=None), pullback())
    said = {fact.name: fact for fact in facts.how_measured(session)}
    assert "unknown" in said["XA scale"].text
    assert said["XA scale"].tone == "warn"
    assert "unknown" in said["XA timing"].text
    assert said["IVUS scale"].text.startswith("0.100 mm/px ± 7 %")
    assert "no rate in file" in said["Pull"].text


def test_a_readers_rate_is_told_apart_from_the_files() -> None:
    session = tied_session()
    session.vessel.set_rate(2.0)
    said = {fact.name: fact.text for fact in facts.how_measured(session)}
    assert said["Pull"] == "by hand · 2 mm/s by reader"


def test_a_caliper_without_scale_is_in_px() -> None:
    session = session_of(run(mm_per_px=None))
    assert (
        facts.measurement_value(session, Caliper("c", "run", 0, (0, 0), (30, 40))).text == "50 px"
    )
    gone = Caliper("c", "gone", 4, (0, 0), (30, 40))
    assert facts.measurement_value(session, gone).unit == "px"
    assert facts.measurement_place(session, gone) == "image not open · frame 5"


# -- landmarks --------------------------------------------------------------------------------
def test_largest_gap_reaches_to_the_ends_of_the_pullback() -> None:
    session = tied_session()
    assert facts.largest_gap(session) == (10, 50)
    session.vessel.remove_landmarks()
    assert facts.largest_gap(session) == (0, 99)
    assert facts.largest_gap(session_of(run())) is None


def test_left_out_errors_are_none_at_the_ends_of_a_hand_pullback() -> None:
    first, middle, last = facts.landmark_facts(tied_session())
    assert (first.error, last.error) == (None, None)
    assert middle.error is not None
    assert first.detail == "frame 11 · 0 mm"


def test_the_pending_landmark_is_judged_against_the_prediction() -> None:
    session = tied_session()
    session.set_pullback_frame(30)
    assert facts.pending_text(session)[0].startswith("Predicted ")
    position = session.position_map
    assert position is not None
    x, y = curve_of(session).at(float(position.arc_px[30]))
    session.vessel.place_pending((float(x), float(y)))
    assert facts.pending_text(session)[1] == "ok"
    session.vessel.place_pending(point_at(session, 0.85))
    text, tone = facts.pending_text(session)
    assert tone == "warn"
    assert "from where the neighbours put it" in text


def test_what_a_landmark_needs_is_said_before_the_link() -> None:
    assert facts.pending_text(session_of(run()))[1] == "warn"
    session = tied_session()
    session.vessel.remove_landmarks()
    assert "Two landmarks" in facts.pending_text(session)[0]
    assert place(session, 10, 0.1, "Iliac confluence")
    assert "One more landmark" in facts.pending_text(session)[0]


# -- stretches --------------------------------------------------------------------------------
@pytest.mark.parametrize("backwards", [False, True])
def test_the_central_end_comes_first_whichever_way_the_pull_goes(backwards: bool) -> None:
    session = tied_session(backwards=backwards)
    for segment_id in (draw_frames(session, 20, 60), draw_along(session, 0.2, 0.6)):
        segment = session.review.segment(segment_id)
        assert segment is not None
        low, high = stretches.ends_of(session, segment)
        assert low.place is not None
        assert high.place is not None
        assert low.place < high.place
        assert low.frame is not None
        assert high.frame is not None
        assert (low.frame < high.frame) is not backwards


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("drawn_on", ["pullback", "run"])
def test_typing_a_place_moves_that_end_only(backwards: bool, drawn_on: str) -> None:
    session = tied_session(backwards=backwards)
    draw = draw_frames if drawn_on == "pullback" else draw_along
    segment_id = draw(session, *((30, 60) if drawn_on == "pullback" else (0.3, 0.6)))

    def ends() -> tuple[stretches.End, stretches.End]:
        segment = session.review.segment(segment_id)
        assert segment is not None
        return stretches.ends_of(session, segment)

    before = ends()
    assert before[1].place is not None
    wanted = before[1].place + 6.0
    steps = len(session.history.labels)
    stretches.set_edge_place(session, segment_id, before[1].edge, wanted)
    after = ends()
    assert after[1].place == pytest.approx(wanted, abs=1.5)
    assert after[0].place == pytest.approx(before[0].place, abs=1e-6)
    assert len(session.history.labels) == steps + 1
    session.undo()
    assert ends() == before


def test_typing_a_frame_is_clamped_and_undone_in_one_step() -> None:
    session = tied_session()
    segment_id = draw_frames(session, 30, 60)
    stretches.set_edge_frame(session, segment_id, "end", 5000)
    segment = session.review.segment(segment_id)
    assert segment is not None
    assert segment.extent == FrameExtent("pull", 30, 99)
    session.undo()
    assert session.review.segment(segment_id).extent == FrameExtent("pull", 30, 60)  # type: ignore[union-attr]


def test_without_a_link_frames_are_shown_and_no_mm() -> None:
    session = session_of(run(), pullback())
    segment_id = draw_frames(session, 30, 60)
    segment = session.review.segment(segment_id)
    assert segment is not None
    assert stretches.extent_text(session, segment) == "frames 31–61"
    assert stretches.length_text(stretches.stretch_of(session, segment)) == ("31", "frames")


def test_a_motor_gives_a_length_without_any_link() -> None:
    session = session_of(run(), motor())
    segment_id = draw_frames(session, 30, 60)
    segment = session.review.segment(segment_id)
    assert segment is not None
    number, rest = stretches.length_text(stretches.stretch_of(session, segment))
    assert float(number) == pytest.approx(50.0)
    assert rest.endswith("mm")


def test_a_segment_of_other_images_says_which() -> None:
    session = tied_session()
    segment_id = draw_along(session, 0.2, 0.6)
    session.add_images((run("second", patient=ANNA),))
    session.show("second")
    segment = session.review.segment(segment_id)
    assert segment is not None
    assert isinstance(segment.extent, CenterlineExtent)
    assert stretches.extent_text(session, segment) == "on Run run"
    assert stretches.length_text(stretches.stretch_of(session, segment))[1].endswith("mm")
