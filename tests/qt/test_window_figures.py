"""Figures of the marked segments in the inspector and on the graph along the vein."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from window_samples import CTRL, Desk, WrittenSample

from viewer.measure.references import site_file
from viewer.model.annotation import Against, FrameExtent, SegmentKind, Stenosis, Stent
from viewer.model.calibration import Calibration
from viewer.model.case import Case
from viewer.model.contour import ContourStatus
from viewer.session.figure_cards import row_figure
from viewer.session.state import Selection

Key = Qt.Key


def measured(desk: Desk) -> None:
    work = desk.session.figures
    desk.wait(lambda: work.figures is not None and not work.stale, "for figures")
    desk.settle()


def chosen(desk: Desk) -> Stenosis:
    segment = desk.session.review.segments[0]
    desk.session.select(Selection("segment", segment.id))
    desk.settle()
    measured(desk)
    assert isinstance(segment, Stenosis)
    return segment


def test_key_figures_agree_with_the_truth(desk: Desk, sample: WrittenSample) -> None:
    segment = chosen(desk)
    card = desk.window.inspector.figures.card
    truth = sample.truth["pullbacks"][0]["area_mm2"]
    extent = segment.extent
    least = min(truth[extent.first : extent.last + 1])
    assert float(card.keys[0].number) == pytest.approx(least, rel=0.03)
    assert card.keys[0].unit.startswith("±")
    assert "accepted by" in card.keys[0].tip
    normal = next(row for row in card.against if row.against is Against.NORMATIVE)
    assert float(normal.area.split()[0]) == pytest.approx(100 * (1 - least / 200), abs=1.5)
    assert "62 % area" in card.fact
    assert "200 mm²" in normal.detail


def test_the_mla_frame_is_a_click_away_and_the_graph_shows_it(desk: Desk) -> None:
    chosen(desk)
    panel = desk.window.inspector.figures
    line = next(one for one in panel.card.shape if one.name == "MLA frame")
    mark = desk.session.figures.figures.marks[0]
    assert line.frame == mark.frame
    assert desk.canvas.has_lumen
    shown = desk.picture(desk.canvas)
    desk.window.along.switches["area"].click()
    assert (desk.picture(desk.canvas) != shown).any()
    desk.window.along.switches["area"].click()
    desk.window.along.switches["pull"].click()
    assert not desk.canvas.shows_lumen
    assert (desk.picture(desk.canvas) != shown).any()
    desk.window.along.switches["pull"].click()
    assert not (desk.picture(desk.canvas) != shown).any()


def test_the_reference_it_is_told_by_is_chosen_kept_and_undone(desk: Desk) -> None:
    segment = chosen(desk)
    panel = desk.window.inspector.figures
    assert [row.primary for row in panel.card.against] == [True, False, False, False]
    panel.against.radios[1].click()
    measured(desk)
    assert desk.session.review.segment(segment.id).against is Against.LOCAL
    assert panel.card.against[1].primary
    desk.key(Key.Key_Z, CTRL)
    assert desk.session.review.segment(segment.id).against is Against.NORMATIVE


def test_a_frame_is_taken_as_reference_and_inside_the_lesion_it_is_said(desk: Desk) -> None:
    segment = chosen(desk)
    panel, inside = desk.window.inspector.figures, segment.extent.first + 1
    desk.session.set_pullback_frame(inside)
    panel.use_frame.click()
    assert any("inside the marked stretch" in notice.text for notice in desk.notices)
    measured(desk)
    local = next(row for row in panel.card.against if row.against is Against.LOCAL)
    assert "lies inside the lesion" in local.warning
    panel.propose.click()
    assert desk.session.review.segment(segment.id).references == ()


def test_unchecked_borders_tell_nothing_until_they_are_accepted(desk: Desk) -> None:
    session = desk.session
    auto = tuple(
        replace(one, status=ContourStatus.AUTO, by="", at="") for one in session.review.contours
    )
    session.edit("Unchecked", replace(session.review, contours=auto))
    chosen(desk)
    panel = desk.window.inspector.figures
    assert panel.card.keys[0].number == ""
    assert panel.card.open_borders > 0
    assert not panel.accept.isHidden()
    panel.accept.click()
    measured(desk)
    assert panel.card.keys[0].number
    assert panel.accept.isHidden()


def test_a_suggested_narrowing_is_taken_or_rejected(desk: Desk) -> None:
    session = desk.session
    session.edit("Delete", replace(session.review, segments=()))
    measured(desk)
    suggested = session.figures.figures.suggested
    assert suggested
    assert desk.window.inspector.suggested.anything
    session.references.take(suggested[0])
    measured(desk)
    made = session.review.segments[0]
    assert (made.extent.first, made.extent.last) == (suggested[0].first, suggested[0].last)
    desk.key(Key.Key_Z, CTRL)
    measured(desk)
    session.references.reject(suggested[0])
    measured(desk)
    assert suggested[0] not in session.figures.figures.suggested


def test_figures_wait_for_a_drag_to_end(desk: Desk) -> None:
    segment = chosen(desk)
    session = desk.session
    before = session.figures.figures
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment.id, "end", segment.extent.last - 3)
    desk.pump()
    assert session.figures.figures is before
    assert session.figures.stale
    session.commit()
    measured(desk)
    assert session.figures.figures is not before
    assert np.isfinite(session.figures.figures.graph.area).all()


def test_proposed_references_are_kept_and_removed_one_by_one(desk: Desk) -> None:
    segment = chosen(desk)
    panel = desk.window.inspector.figures
    proposed = panel.card.proposed
    panel.keep.click()
    measured(desk)
    own = desk.session.review.segment(segment.id).references
    assert tuple(ref.frame for ref in own) == proposed[1]
    assert panel.card.proposed is None
    assert [one.reference for one in panel.card.held] == list(own)
    local = next(row for row in panel.card.against if row.against is Against.LOCAL)
    assert "proposed" not in local.detail
    panel.held.removed.emit(own[0])
    assert desk.session.review.segment(segment.id).references == own[1:]


def test_the_suggested_stent_is_marked_as_planned_and_undone(desk: Desk) -> None:
    segment = chosen(desk)
    panel = desk.window.inspector.figures
    plan = panel.card.plan
    assert plan.frames[0] < segment.extent.first
    assert plan.frames[1] > segment.extent.last
    panel.mark_planned.click()
    stent = desk.session.review.segments[-1]
    assert isinstance(stent, Stent)
    assert stent.planned
    assert (stent.extent.first, stent.extent.last) == plan.frames
    assert stent.nominal_diameter_mm == plan.diameter_mm
    measured(desk)
    names = [line.name for line in panel.card.lines]
    assert segment.name in names
    assert not any("stent contour" in word for word in panel.card.warnings)
    assert [key.caption for key in panel.card.keys] == ["Nominal ⌀"]
    desk.key(Key.Key_Z, CTRL)
    assert desk.session.review.segment(stent.id) is None


def test_how_full_a_clot_is_is_pulled_up_cm_by_cm_and_undone(desk: Desk) -> None:
    session = desk.session
    last = session.pullback.frames - 4
    extent = FrameExtent(session.pullback.uid, last // 2, last)
    made = session.segments.made(SegmentKind.CLOT, extent)
    session.edit("Clot", session.review.with_segment(made))
    session.select(Selection("segment", made.id))
    measured(desk)
    panel = desk.window.inspector.figures
    assert panel.card.shares.by_hand
    assert set(panel.bars.filled) == {None}
    box = panel.bars.bar_box(0)
    at = QPointF(box.center().x(), box.bottom() - 0.75 * box.height())
    desk.drag_on(panel.bars, [at, at])
    measured(desk)
    shares = session.review.segment(made.id).occluded
    assert shares == pytest.approx([0.75] * len(shares), abs=0.02)
    outer = panel.bars.bar_box(len(shares) - 1)
    top = QPointF(outer.center().x(), outer.top())
    desk.drag_on(panel.bars, [top, top])
    measured(desk)
    assert panel.card.shares.filled[-1] == pytest.approx(1.0)
    assert panel.card.shares.filled[0] == pytest.approx(0.75, abs=0.02)
    assert panel.card.keys[0].unit.endswith("mL")
    assert any(line.name == "Marder, limb" for line in panel.card.lines)
    desk.key(Key.Key_Z, CTRL)
    again = session.review.segment(made.id).occluded
    assert again == pytest.approx([0.75] * len(shares), abs=0.02)


def test_norms_their_sources_and_the_sites_file_are_told(desk: Desk) -> None:
    chosen(desk)
    panel = desk.window.inspector.figures
    panel.source.click()
    text = panel._sources.text()
    assert "200 mm²" in text
    assert "Raju" in text
    assert str(site_file()) in text
    panel.source.click()
    assert panel._sources.isHidden()


def test_the_venogram_is_measured_beside_the_ivus(desk: Desk, sample: WrittenSample) -> None:
    segment = chosen(desk)
    session, panel = desk.session, desk.window.inspector.venography
    line = session.current_centerline
    desk.wait(lambda: session.vessel_profile(line.run_uid, line.id) is not None, "for widths")
    measured(desk)
    desk.wait(lambda: panel.card is not None, "for the venogram's figures")
    names = [row.name for row in panel.card.lines]
    assert names[:3] == ["Smallest width", "Reference width", "Diameter stenosis"]
    assert all("mm" in row.text or "%" in row.text for row in panel.card.lines)
    assert [row.name for row in panel.card.beside] == ["IVUS min ⌀ less it", "IVUS max ⌀ less it"]
    figures = session.figures.figures.review.of(segment.id)
    widest = max(
        sample.truth["pullbacks"][0]["max_diameter_mm"][segment.extent.first : segment.extent.last]
    )
    assert 3.0 < figures.venogram.min_width.value < widest + 3.0
    assert panel.isVisible()
    session.select(Selection())
    desk.settle()
    assert not panel.isVisible()


def test_the_graph_is_shown_as_a_table_that_leads_to_frames(desk: Desk) -> None:
    chosen(desk)
    frame = desk.session.cursor.pullback_frame
    desk.do("graph.table")
    dialog = desk.window.along.table
    assert desk.session.cursor.pullback_frame == frame
    assert dialog.table.frames[dialog.view.currentIndex().row()] == frame
    table, graph = dialog.table, desk.session.figures.figures.graph
    assert table.frames == tuple(graph.frames.tolist())
    assert table.heads[3] == "Area, mm²"
    k = len(table.rows) // 2
    assert float(table.rows[k][3]) == pytest.approx(graph.raw_area[k], abs=0.06)
    assert float(table.rows[k][7]) == pytest.approx(graph.aspect[k], abs=0.006)
    dialog.view.selectRow(k)
    desk.pump()
    assert desk.session.cursor.pullback_frame == table.frames[k]
    dialog.copy.click()
    assert desk.qt.clipboard().text().splitlines()[k + 1].split("\t")[3] == table.rows[k][3]
    dialog.close()


def test_a_suggestion_is_a_ghost_in_the_lanes_that_is_not_taken_hold_of(desk: Desk) -> None:
    session = desk.session
    session.edit("Delete", replace(session.review, segments=()))
    measured(desk)
    (one, *_) = session.figures.figures.suggested
    desk.picture(desk.canvas)
    ghosts = [bar for bar in desk.canvas._bars if bar.ghost]
    assert ghosts
    assert ghosts[0].text.startswith("Suggested")
    at = desk.long_place(one.first, "long_view")
    away = desk.long_place(one.last, "long_view")
    desk.drag_on(desk.canvas, [at, away])
    assert session.review.segments == ()
    assert session.cursor.pullback_frame == pytest.approx(one.last, abs=1)


def test_without_a_scale_all_is_in_px_and_nothing_is_held_against_norms(desk: Desk) -> None:
    session = desk.session
    pullback = session.pullback
    bare = replace(pullback, calibration=Calibration())
    sets = tuple(bare if one.uid == pullback.uid else one for one in session.case.image_sets)
    review, before = session.review, session.case
    session.open_case(Case().with_sets(*sets), review)
    try:
        chosen(desk)
        card = desk.window.inspector.figures.card
        assert card.keys[0].unit == "px²"
        normal = next(row for row in card.against if row.against is Against.NORMATIVE)
        assert not normal.usable
        assert (normal.area, normal.diameter) == ("–", "–")
        assert "no mm scale" in normal.detail
        local = next(row for row in card.against if row.against is Against.LOCAL)
        assert local.area.endswith("%")
        assert "px²" in local.detail
        assert desk.session.figures.figures.graph.unit == "px"
        assert card.plan.frames is None
    finally:
        session.open_case(before, review)


def test_the_list_tells_the_smallest_area_and_says_when_it_is_measured_anew(desk: Desk) -> None:
    segment = chosen(desk)
    rows, card = desk.window.inspector.annotations._rows, desk.window.inspector.figures.card
    key = card.keys[0]
    assert rows[0].figure == f"{key.number} {key.unit}"
    desk.session.segments.update(segment.id, note="looked at twice")
    assert desk.session.figures.stale
    assert row_figure(desk.session, segment) == "…"
    measured(desk)
    assert row_figure(desk.session, segment) == rows[0].figure
