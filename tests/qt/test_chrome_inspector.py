from __future__ import annotations

from pathlib import Path

import pytest
from chrome_samples import BERTA, a_pullback, a_run, a_session
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from viewer.model.anatomy import EVENT_NAMES, LANDMARK_KINDS, Side, VeinSegment, landmark_kind
from viewer.model.annotation import (
    ClotAge,
    Confidence,
    FrameExtent,
    Segment,
    Stenosis,
    StenosisCause,
    Stent,
)
from viewer.model.coregistration import SyncMode
from viewer.model.study import Skipped
from viewer.qt import theme
from viewer.qt.inspector import Inspector
from viewer.qt.landmark_panel import LandmarkName
from viewer.session.session import Session
from viewer.session.state import Selection, Severity, Workspace


@pytest.fixture
def session() -> Session:
    return a_session()


@pytest.fixture
def inspector(session: Session, qtbot: QtBot, qapp: QApplication) -> Inspector:
    theme.apply(qapp)
    made = Inspector(session)
    qtbot.addWidget(made)
    made.resize(352, 1000)
    made.show()
    return made


def segment(session: Session, segment_id: str = "s1") -> Segment:
    found = session.review.segment(segment_id)
    assert found is not None
    return found


def choose(box: QComboBox, text: str) -> None:
    """Choose an entry as a person does."""
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def type_into(box: object, text: str) -> None:
    box.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(box, text)  # type: ignore[call-overload]
    QTest.keyClick(box, Qt.Key.Key_Return)  # type: ignore[call-overload]


def test_properties_appear_with_the_selection_and_go_with_it(
    inspector: Inspector, session: Session
) -> None:
    assert not inspector.segment.isVisible()
    session.select(Selection("segment", "s1"))
    assert inspector.segment.isVisible()
    assert inspector.segment.cause.isVisible()
    assert not inspector.segment.age.isVisible()
    session.select(Selection("segment", "c1"))
    assert inspector.segment.age.isVisible()
    assert not inspector.segment.cause.isVisible()
    session.segments.delete("c1")
    assert not inspector.segment.isVisible()


def test_choosing_a_cause_is_one_step_of_undo(inspector: Inspector, session: Session) -> None:
    session.select(Selection("segment", "s1"))
    choose(inspector.segment.cause, "External compression")
    found = segment(session)
    assert isinstance(found, Stenosis)
    assert found.cause is StenosisCause.EXTERNAL_COMPRESSION
    assert session.history.undo_label == "Edit Stenosis 1"
    session.undo()
    assert segment(session).cause is StenosisCause.UNSET  # type: ignore[attr-defined]
    assert inspector.segment.cause.currentText() == "Not set"


def test_vein_side_and_confidence(inspector: Inspector, session: Session) -> None:
    session.select(Selection("segment", "s1"))
    choose(inspector.segment.vein, "External iliac v.")
    choose(inspector.segment.side, "Left")
    choose(inspector.segment.confidence, "High")
    found = segment(session)
    assert (found.vein, found.side) == (VeinSegment.EIV, Side.LEFT)
    assert found.confidence is Confidence.HIGH
    assert "L EIV" in inspector.annotations.item(0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_clot_age_is_shown_with_its_scheme(inspector: Inspector, session: Session) -> None:
    session.select(Selection("segment", "c1"))
    choose(inspector.segment.age, "Subacute")
    assert segment(session, "c1").age is ClotAge.SUBACUTE  # type: ignore[attr-defined]
    texts = [label.text() for label in inspector.segment.findChildren(QLabel)]
    assert any("acute ≤ 14 d" in text for text in texts)


def test_typing_a_frame_moves_the_edge_and_undo_brings_it_back(
    inspector: Inspector, session: Session
) -> None:
    session.select(Selection("segment", "s1"))
    type_into(inspector.segment.end_frame, "71")
    assert segment(session).extent == FrameExtent("pull", 40, 70)
    session.undo()
    assert segment(session).extent == FrameExtent("pull", 40, 60)
    assert inspector.segment.end_frame.value() == 61


def test_typing_a_place_moves_the_edge(inspector: Inspector, session: Session) -> None:
    session.select(Selection("segment", "c1"))
    before = inspector.segment.start.value()
    type_into(inspector.segment.start, f"{before + 5:.1f}")
    assert inspector.segment.start.value() == pytest.approx(before + 5, abs=0.2)
    assert session.history.undo_label == "Move edge of Clot 1"


def test_what_was_not_changed_makes_no_step(inspector: Inspector, session: Session) -> None:
    for chosen in ("s1", "c1", "t1"):
        session.select(Selection("segment", chosen))
        for field in (inspector.segment.start, inspector.segment.end, inspector.segment.end_frame):
            field.setFocus()
            QTest.keyClick(field, Qt.Key.Key_Return)
    assert not session.history.can_undo


def test_stent_figures_can_be_given_and_taken_back(inspector: Inspector, session: Session) -> None:
    session.select(Selection("segment", "t1"))
    type_into(inspector.segment.diameter, "16")
    type_into(inspector.segment.product, "Any stent")
    found = segment(session, "t1")
    assert isinstance(found, Stent)
    assert (found.nominal_diameter_mm, found.product) == (16.0, "Any stent")
    session.undo()
    session.undo()
    assert inspector.segment.diameter.text() == "– mm ⌀"


def test_a_note_is_kept_when_another_segment_is_chosen(
    inspector: Inspector, session: Session
) -> None:
    session.select(Selection("segment", "s1"))
    inspector.segment.note.setPlainText("webs at the central end")
    session.select(Selection("segment", "c1"))
    assert segment(session).note == "webs at the central end"
    assert segment(session, "c1").note == ""
    assert inspector.segment.note.toPlainText() == ""


def test_an_empty_name_is_not_taken(inspector: Inspector, session: Session) -> None:
    session.select(Selection("segment", "s1"))
    type_into(inspector.segment.name, "  ")
    assert segment(session).name == "Stenosis 1"
    assert inspector.segment.name.text() == "Stenosis 1"


def test_the_list_works_by_keyboard(inspector: Inspector, session: Session) -> None:
    rows = inspector.annotations
    rows.setFocus()
    rows.setCurrentRow(0)
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert session.selection == Selection("segment", "c1")
    QTest.keyClick(rows, Qt.Key.Key_H)
    assert segment(session, "c1").hidden
    rows.setCurrentRow(2)
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert session.cursor.pullback_frame == 55
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    assert session.review.segment("t1") is None


def test_a_click_on_the_eye_hides_without_choosing(inspector: Inspector, session: Session) -> None:
    rows = inspector.annotations
    place = rows.visualItemRect(rows.item(0))
    where = place.center()
    where.setX(place.right() - 12)
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert segment(session).hidden


def test_a_segment_s_menu_does_what_it_says(inspector: Inspector, session: Session) -> None:
    menu = inspector.annotations.menu_for("s1")
    verbs = {action.text(): action for action in menu.actions()}
    verbs["Duplicate"].trigger()
    assert [s.name for s in session.review.segments][-1] == "Stenosis 2"
    verbs["Delete"].trigger()
    assert session.review.segment("s1") is None
    menu.deleteLater()


def test_figures_and_facts_carry_unit_and_source(inspector: Inspector, session: Session) -> None:
    session.select(Selection("segment", "c1"))
    assert inspector.segment.length.text.startswith("25 ± ")
    assert inspector.facts.texts["XA scale"] == "0.250 mm/px ± 5 % · SOD/SID"
    assert inspector.measurements.list.item(0).toolTip().startswith("10.0 ± 0.5 mm")
    session.show("run")
    session.open_case(session.case, None)
    assert inspector.facts.texts["Position"].startswith("not linked")


def test_align_shows_landmarks_and_their_mapping(inspector: Inspector, session: Session) -> None:
    session.set_workspace(Workspace.ALIGN)
    assert inspector.landmarks.isVisible()
    assert not inspector.annotations.isVisible()
    choose(inspector.mapping.mode, "Constant rate")
    assert session.vessel.current_tie().mode is SyncMode.CONSTANT
    type_into(inspector.mapping.rate, "1.5")
    assert session.vessel.current_tie().rate_mm_s == 1.5
    assert "1.5 mm/s" in inspector.mapping.explanation.text()
    assert inspector.mapping.source.text().startswith("±")
    choose(inspector.mapping.direction, "Frame 1 is peripheral")
    assert session.vessel.current_tie().central_first is False


def test_a_landmark_s_fields(inspector: Inspector, session: Session) -> None:
    session.set_workspace(Workspace.ALIGN)
    session.select(Selection("landmark", "m2"))
    type_into(inspector.landmarks.frame, "101")
    mark = session.vessel.landmark("m2")
    assert mark is not None
    assert mark.frame == 100
    session.set_pullback_frame(95)
    inspector.landmarks.here.click()
    assert session.vessel.landmark("m2").frame == 95  # type: ignore[union-attr]
    type_into(inspector.landmarks.frame, "199")
    assert session.vessel.landmark("m2").frame == 95  # type: ignore[union-attr]
    assert inspector.landmarks.frame.value() == 96
    rows = inspector.landmarks.list
    rows.setFocus()
    rows.setCurrentRow(1)
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    assert session.vessel.landmark("m2") is None


def test_mapping_can_not_be_changed_without_a_vein(qtbot: QtBot) -> None:
    bare = Session()
    bare.add_images((a_run(), a_pullback()))
    made = Inspector(bare)
    qtbot.addWidget(made)
    bare.set_workspace(Workspace.ALIGN)
    assert not made.mapping.mode.isEnabled()
    assert "centerline" in made.mapping.mode.toolTip()


def test_cards_say_what_needs_attention_and_do_it(
    inspector: Inspector, session: Session, qtbot: QtBot
) -> None:
    assert not inspector.attention.isVisible()
    with qtbot.waitSignal(inspector.issues_changed) as counted:
        session.add_images(
            (a_run("other", patient=BERTA),), (Skipped(Path("IM_0042"), "it is empty"),)
        )
    assert counted.args == [2]
    held, unread = inspector.attention.cards
    assert "Error" in held.accessibleName()
    assert unread.issue.title == "IM_0042 couldn't be read"
    with qtbot.waitSignal(inspector.leave_out_requested):
        held.buttons["Leave them out"].click()
    session.leave_out_held()
    assert len(inspector.attention.cards) == 1
    inspector.attention.cards[0].buttons["Dismiss"].click()
    assert not inspector.attention.isVisible()


def test_a_warning_opens_the_cards_again(inspector: Inspector, session: Session) -> None:
    session.notify("Disk full", "Free some space.", Severity.WARNING, about="save")
    inspector.attention.set_open(False)
    assert not inspector.attention.cards[0].isVisible()
    session.notify("No centerline", "Draw it.", Severity.WARNING, about="tie")
    assert inspector.attention.cards[0].isVisible()


def test_nothing_is_wider_than_the_column(inspector: Inspector, session: Session) -> None:
    session.add_images((a_run("other", patient=BERTA),))
    inspector.set_compact(True)
    for workspace in Workspace:
        session.set_workspace(workspace)
        session.select(Selection("segment", "s1"))
        QApplication.processEvents()
        inside = inspector.scroll_area.widget()
        assert inside.width() <= inspector.width()
        wide = [
            child
            for child in inside.findChildren(QWidget)
            if child.isVisibleTo(inside)
            and child.mapTo(inside, child.rect().bottomRight()).x() > inside.width()
        ]
        assert wide == []


def test_places_of_this_patient_are_offered_beside_the_bodys(qtbot: QtBot) -> None:
    names = LandmarkName()
    qtbot.addWidget(names)
    offered = [names.itemText(row) for row in range(names.count()) if names.itemText(row)]
    assert offered[: len(LANDMARK_KINDS)] == [kind.name for kind in LANDMARK_KINDS]
    assert offered[len(LANDMARK_KINDS) :] == list(EVENT_NAMES)
    assert not any(landmark_kind(name) for name in EVENT_NAMES)  # they keep no order of the body
