"""Two readers of one pullback compared in the window."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from window_samples import Desk

from viewer.model.case import Phase
from viewer.model.contour import Contour, ContourKind
from viewer.model.review import Review
from viewer.store import atomic, review_file


def other_reader(desk: Desk, grow: float) -> Review:
    """The same borders, each larger by a share, of somebody else."""
    made = []
    for one in desk.session.review.contours_of(desk.session.pullback.uid, ContourKind.LUMEN):
        points = one.points_px
        middle = points.mean(axis=0)
        larger = middle + (points - middle) * (1 + grow)
        made.append(
            Contour.of(one.pullback_uid, one.frame, larger, status=one.status, by="Reader B",
                       at=one.at)
        )  # fmt: skip
    review = replace(desk.session.review, id="0a1b2c3d-0000-4000-8000-00000000000b",
                     reader="Reader B", contours=())  # fmt: skip
    return review.with_contours(*made)


def compared(desk: Desk, review: Review, folder: Path) -> None:
    path = folder / "other.caval.json"
    atomic.write_bytes(path, review_file.dump(review))
    desk.application.readers.compare_with(path)
    desk.wait(lambda: not desk.window.status.busy.text, "for the comparison")


def test_table_plot_and_files(desk: Desk, tmp_path: Path) -> None:
    compared(desk, other_reader(desk, 0.05), tmp_path)
    dialog = desk.application.readers.dialog
    area = dialog.compared.figures[0]
    mine = desk.session.review.contours_of(desk.session.pullback.uid)
    assert area.found.n == len(mine)
    assert area.found.bias < 0
    own = area.found.mean + area.found.difference / 2
    assert area.found.difference / own == pytest.approx(1 - 1.05**2, abs=0.02)
    assert dialog.table.rowCount() == 3
    assert "mm²" in dialog.table.item(0, 2).text()
    dialog.plot.grab()
    x, y = dialog.plot._points[7]
    at, none = QPointF(x, y), Qt.MouseButton.NoButton
    desk.mouse(dialog.plot, QEvent.Type.MouseButtonPress, at)
    desk.mouse(dialog.plot, QEvent.Type.MouseButtonRelease, at, held=none)
    assert desk.session.cursor.pullback_frame in area.frames
    out = tmp_path / "out"
    out.mkdir()
    desk.application.readers.save_to(out, dialog.compared, dialog.plot.grab())
    with (out / "agreement.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["bias"]) == pytest.approx(area.found.bias)
    assert (out / "agreement.png").stat().st_size > 1000
    dialog.close()


@pytest.mark.parametrize("kind", ["same", "other images", "no borders", "damaged"])
def test_what_can_not_be_compared_is_said(desk: Desk, tmp_path: Path, kind: str) -> None:
    review = other_reader(desk, 0.0)
    said = {
        "same": "is the review that is open", "other images": "of other images",
        "no borders": "share no frame", "damaged": "other.caval.json",
    }[kind]  # fmt: skip
    if kind == "same":
        review = desk.session.review
    elif kind == "other images":
        review = replace(review, images=tuple(replace(r, uid=f"{r.uid}.9") for r in review.images))
    elif kind == "no borders":
        review = replace(review, contours=())
    desk.notices.clear()
    if kind == "damaged":
        path = tmp_path / "other.caval.json"
        path.write_text("{")
        desk.application.readers.compare_with(path)
        desk.wait(lambda: not desk.window.status.busy.text, "for the answer")
    else:
        compared(desk, review, tmp_path)
    assert desk.said(said)
    assert desk.application.readers.dialog is None


def test_passes_are_numbered_and_clot_is_said_to_be_looked_for(desk: Desk) -> None:
    session, rail = desk.session, desk.window.rail
    uid = session.run.uid
    session.set_phase(uid, Phase.THROMBECTOMY, 2)
    titles = [group.title for group in rail._groups]
    assert "Thrombectomy 2" in titles
    row = next(r for g in rail._groups for r in g.rows if r.uid == uid)
    menu = rail.menu_for(row)
    numbers = next(a.menu() for a in menu.actions() if a.menu() and "number" in a.text())
    assert [a.isChecked() for a in numbers.actions()].index(True) == 1
    numbers.actions()[0].trigger()
    assert session.phase_number(uid) == 1
    checked = next(a for a in menu.actions() if a.text() == "Looked through for clot")
    checked.trigger()
    assert uid in session.review.clot_checked
    row = next(r for g in rail._groups for r in g.rows if r.uid == uid)
    assert any(tag.text == "Clot checked" for tag in row.tags)
    session.undo()
    assert uid not in session.review.clot_checked
    menu.deleteLater()
