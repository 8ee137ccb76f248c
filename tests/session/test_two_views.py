"""Two runs as one pair in a session: partner, guidance, path, true length, what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from viewer.geometry.position_map import PositionMap
from viewer.model.case import Case
from viewer.model.review import Review
from viewer.model.study import FrameTiming, Patient, Pullback, PullbackMode, Role, Run
from viewer.model.two_views import TrueLength
from viewer.phantom.anatomy import nivl_anatomy
from viewer.phantom.carm import CArm
from viewer.session.guidance import advice_for
from viewer.session.path_scene import Orbit, disc_of, orbits_of, scene_of
from viewer.session.review_changes import differences
from viewer.session.session import Session
from viewer.session.state import Tool
from viewer.store import review_file

ANATOMY = nivl_anatomy()
PATH = ANATOMY.vein.at(np.arange(0.0, ANATOMY.path_length_mm, 1.0))
FRAMES = 101


def run_at(primary: float, **more: object) -> Run:
    known = {
        "primary_angle_deg": primary, "secondary_angle_deg": 0.0, "sid_mm": 1180.0,
        "sod_mm": 810.0, "imager_spacing_mm": (0.37, 0.37),
    }  # fmt: skip
    return Run(
        f"run {primary:g}", "1.2", "1.3", Patient("P"), "XA", Role.VENOGRAM, f"at {primary:g}", 1,
        None, (), 10, 10, 1024, 1024, **(known | more),  # type: ignore[arg-type]
    )  # fmt: skip


PULLBACK = Pullback(
    "pull", "1.2", "1.4", Patient("P"), "IVUS", Role.PULLBACK, "", 3, None, (), FRAMES, FRAMES,
    512, 512, timing=FrameTiming(tuple(n / 10 for n in range(FRAMES)), "FrameTime"),
    mode=PullbackMode.MANUAL,
)  # fmt: skip


def seen(primary: float, s_mm: float) -> tuple[float, float]:
    x, y = CArm(1180.0, 810.0, 0.37, 1024, primary).project(PATH[round(s_mm)]).tolist()
    return x, y


def draw(session: Session, run: Run) -> None:
    session.show(run.uid)
    primary = run.primary_angle_deg or 0.0
    for s_mm in range(0, len(PATH), 12):
        session.vessel.add_knot(seen(primary, s_mm))


def tie(session: Session, run: Run, places: dict[str, float]) -> None:
    session.show(run.uid)
    for name, s_mm in places.items():
        session.set_pullback_frame(round(s_mm / len(PATH) * (FRAMES - 1)))
        session.vessel.name_pending(name)
        session.vessel.place_pending(seen(run.primary_angle_deg or 0.0, s_mm))
        session.vessel.accept_pending()


AP, LAO = run_at(0.0), run_at(30.0)


@pytest.fixture
def session() -> Session:
    made = Session("R")
    made.open_case(Case().with_sets(AP, LAO, PULLBACK), None)
    return made


@pytest.fixture
def drawn(session: Session) -> Session:
    for run in (AP, LAO):
        draw(session, run)
        tie(session, run, {"Confluence": 40.0, "Inguinal": 200.0})
    session.show(LAO.uid)
    return session


def test_the_best_run_from_another_angle_is_the_partner(session: Session) -> None:
    far = run_at(55.0)
    near = run_at(8.0)
    session.add_images((near, far))
    session.show(AP.uid)
    partner = session.two_views.partner
    assert partner is not None
    assert partner.run.uid == far.uid
    told = {one.run.uid: one.why_not for one in session.two_views.partners()}
    assert told[near.uid] == "only 8° away, at least 20° are needed"
    session.two_views.choose(LAO.uid)
    chosen = session.two_views.partner
    assert chosen is not None
    assert chosen.run.uid == LAO.uid


def test_a_run_without_geometry_says_what_is_missing() -> None:
    session = Session("R")
    session.open_case(Case().with_sets(AP, run_at(40.0, sid_mm=None)), None)
    session.show(AP.uid)
    assert session.two_views.partner is None
    why = session.two_views.why_not()
    assert "its header lacks the distance source to detector (SID)" in why


def test_what_is_missing_is_told_step_by_step(session: Session) -> None:
    assert session.two_views.why_not() == "needs a centerline on this run"
    draw(session, AP)
    assert session.two_views.why_not() == "needs a centerline on LAO 30° too"
    draw(session, LAO)
    assert session.two_views.why_not() == ""


def test_one_run_alone_needs_another() -> None:
    session = Session("R")
    session.open_case(Case().with_sets(AP), None)
    assert session.two_views.why_not() == "needs a second run from another angle"


def test_a_click_is_a_line_on_the_other_run_through_the_same_place(session: Session) -> None:
    session.show(AP.uid)
    session.two_views.point_at(seen(0.0, 120.0))
    session.two_views.go_to_partner()
    assert session.cursor.run_uid == LAO.uid
    (guide,) = session.two_views.guides()
    assert guide.label == "from AP"
    start, end, place = (np.array(p) for p in (guide.start_px, guide.end_px, seen(30.0, 120.0)))
    along, away = end - start, place - start
    off = abs(along[0] * away[1] - along[1] * away[0]) / np.linalg.norm(along)
    assert off < 0.01
    session.two_views.go_to_partner()
    assert session.cursor.run_uid == AP.uid
    assert session.two_views.guides() == ()
    assert session.two_views.place == seen(0.0, 120.0)


def test_what_is_under_the_pointer_stands_in_for_the_click_until_it_leaves(
    session: Session,
) -> None:
    session.arm(Tool.CENTERLINE)
    session.show(AP.uid)
    session.two_views.point_at((500.0, 300.0))
    session.two_views.hover((500.0, 600.0))
    session.show(LAO.uid)
    (hovered,) = session.two_views.guides()
    session.show(AP.uid)
    session.two_views.hover(None)
    session.show(LAO.uid)
    (clicked,) = session.two_views.guides()
    assert hovered.start_px[1] > clicked.start_px[1] + 200


def test_landmarks_of_the_other_run_are_lines_until_they_are_placed_here(session: Session) -> None:
    for run in (AP, LAO):
        draw(session, run)
    tie(session, AP, {"Confluence": 40.0, "Inguinal": 200.0})
    tie(session, LAO, {"Confluence": 40.0})
    assert [guide.label for guide in session.two_views.guides()] == ["Inguinal"]


def test_positions_run_on_true_length_and_undo_takes_it_back(drawn: Session) -> None:
    def between() -> float:
        position = drawn.position
        assert isinstance(position, PositionMap)
        line = drawn.current_polyline
        assert line is not None
        arcs = [line.project(seen(30.0, s))[0] for s in (130.0, 190.0)]
        low, high = position.to_unit(arcs)
        return float(high - low)

    drawn.review = replace(drawn.review)  # positions are asked for anew
    drawn.two_views.toggle_true_length()
    assert drawn.review.true_lengths
    assert between() == pytest.approx(60.0, rel=0.03)
    text, tip = drawn.two_views.status()
    assert text.startswith("True length 2")
    assert text.endswith("AP + LAO 30°")
    assert "2 landmarks seen on both views" in tip
    drawn.undo()
    assert not drawn.review.true_lengths
    assert drawn.two_views.status() == ("", "")
    drawn.redo()
    drawn.two_views.toggle_true_length()
    assert not drawn.review.true_lengths


def test_a_drag_of_the_vein_stretches_the_last_path_and_its_end_makes_it_anew(
    drawn: Session,
) -> None:
    drawn.two_views.toggle_true_length()
    line = drawn.current_centerline
    assert line is not None
    before = drawn.two_views.made
    drawn.begin("Move vein point")
    x, y = line.knots_px[5]
    drawn.vessel.move_knot(5, (x + 3.0, y))
    moved = drawn.current_centerline
    curve = drawn.polyline(moved)
    assert moved is not None
    assert curve is not None
    held = drawn.two_views.true_mm(moved, curve)
    assert held is not None
    assert (np.diff(held) > 0).all()
    drawn.commit("")
    after = drawn.two_views.made
    assert before is not None
    assert after is not None
    assert after.path is not before.path


def test_deleting_a_centerline_ends_its_true_length(drawn: Session) -> None:
    drawn.two_views.toggle_true_length()
    drawn.vessel.remove_centerline()
    assert drawn.review.true_lengths == ()


def test_without_a_path_true_length_is_refused_in_words(session: Session) -> None:
    told: list[str] = []
    session.noticed.connect(lambda notice: told.append(f"{notice.text}: {notice.hint}"))
    draw(session, AP)
    session.two_views.toggle_true_length()
    assert told[-1] == "No true length yet: It needs a centerline on LAO 30° too."
    assert session.review.true_lengths == ()


def test_strong_foreshortening_is_told_until_true_length_is_used() -> None:
    session = Session("R")
    session.open_case(Case().with_sets(AP, LAO), None)
    for run in (AP, LAO):
        draw(session, run)
    assert session.two_views.warning().startswith("LAO 30° shortens")
    found = session.two_views.foreshortening()
    assert found is not None
    curve, lost = found
    assert lost.shape == curve.arc_px.shape
    assert 20 < np.nanmax(lost) < 40


def test_the_banner_offers_true_length(drawn: Session) -> None:
    drawn.calibrating.cancel()
    scale = replace(LAO.calibration, mm_per_px=0.254, uncertainty=0.06)
    drawn.case = Case().with_sets(
        replace(AP, calibration=scale), replace(LAO, calibration=scale), PULLBACK
    )
    advice = advice_for(drawn)
    assert advice is not None
    assert advice.action_id == "views.true_length"
    drawn.two_views.toggle_true_length()
    assert advice_for(drawn) is None


def test_the_scene_holds_path_landmarks_and_the_frame(drawn: Session) -> None:
    scene = scene_of(drawn)
    assert scene is not None
    assert [name for name, _ in scene.landmarks] == ["Confluence", "Inguinal"]
    assert np.abs(scene.points_mm).max() <= scene.radius_mm
    drawn.set_pullback_frame(50)
    disc = disc_of(drawn, scene)
    assert disc is not None
    assert np.linalg.norm(disc.rim_mm - disc.center_mm, axis=1) == pytest.approx(9.0)
    nearest = np.linalg.norm(scene.points_mm - disc.center_mm, axis=1)
    assert nearest.min() < 1.5
    along = np.gradient(scene.points_mm, axis=0)[nearest.argmin()]
    across = (disc.rim_mm - disc.center_mm) @ (along / np.linalg.norm(along))
    assert np.abs(across).max() < 1.5


def test_it_is_seen_from_where_it_is_asked_for(drawn: Session) -> None:
    orbits = dict(orbits_of(drawn))
    assert list(orbits) == ["AP", "Lateral", "View 1", "View 2"]
    assert orbits["View 2"] == Orbit(30.0, 0.0)
    left = np.array([[1.0, 0.0, 0.0]])
    assert Orbit().seen(left)[0] == pytest.approx([1, 0, 0])
    assert orbits["Lateral"].seen(left)[0] == pytest.approx([0, 0, 1], abs=1e-12)
    assert Orbit().turned(20.0, 0.0).primary_deg == pytest.approx(-10.0)
    assert Orbit().turned(0.0, 900.0).secondary_deg < 90.0
    assert orbits["Lateral"].name == "lateral"


def test_a_review_keeps_its_true_length_and_old_files_are_read(
    drawn: Session, tmp_path: Path
) -> None:
    drawn.two_views.toggle_true_length()
    file = tmp_path / "r.caval.json"
    review_file.write(file, drawn.review)
    assert review_file.read(file).true_lengths == drawn.review.true_lengths
    text = file.read_text(encoding="utf-8")
    start = text.index(' "true_lengths"')
    stop = text.index("]", start) + 1
    old = (text[:start].rstrip().rstrip(",") + text[stop:]).replace(",,", ",")
    file.write_text(old, encoding="utf-8")
    assert review_file.read(file).true_lengths == ()
    bare = replace(drawn.review, true_lengths=())
    assert differences(bare, drawn.review) == ("True length: added",)


def test_a_true_length_needs_two_centerlines_that_are_there() -> None:
    with pytest.raises(ValueError, match="two different"):
        TrueLength("t", "a", "a")
    review = Review("r", "R", true_lengths=(TrueLength("t", "a", "b"),))
    assert any("centerline that is not there" in text for text in review_file.problems(review))


def test_an_edit_of_one_centerline_changes_the_true_length_of_both(drawn: Session) -> None:
    drawn.two_views.toggle_true_length()
    lines = {run.uid: drawn.review.centerlines_of(run.uid)[0] for run in (AP, LAO)}
    curve = drawn.polyline(lines[AP.uid])
    assert curve is not None
    before = drawn.two_views.true_mm(lines[AP.uid], curve)
    other = lines[LAO.uid]
    x, y = other.knots_px[8]
    moved = other.with_moved_knot(8, (x + 12.0, y))
    drawn.edit("Move", drawn.review.with_centerline(moved))
    own = drawn.polyline(moved)
    assert own is not None
    assert drawn.two_views.true_mm(moved, own) is not None
    after = drawn.two_views.true_mm(lines[AP.uid], curve)
    assert before is not None
    assert after is not None
    assert abs(after[-1] - before[-1]) > 0.2


def test_an_edit_keeps_the_last_path_until_a_worker_has_the_next(drawn: Session) -> None:
    views, wishes = drawn.two_views, []
    first = views.made
    assert first is not None
    views.toggle_true_length()
    views.worker = lambda run, make, done: wishes.append((make, done))
    line = drawn.current_centerline
    assert line is not None
    x, y = line.knots_px[-1]
    before = drawn.position_map
    drawn.vessel.pick(line.id)
    drawn.edit("Move", drawn.review.with_centerline(line.with_moved_knot(1, (x + 6.0, y + 9.0))))
    kept = views.made
    assert kept is not None
    assert kept.path is first.path
    assert views.working
    assert len(wishes) == 1
    assert drawn.position_map is not before
    make, done = wishes[0]
    done(make())
    now = views.made
    assert now is not None
    assert now.path is not first.path
    assert len(wishes) == 1
