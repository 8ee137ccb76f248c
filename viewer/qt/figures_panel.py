"""What was measured of the selected segment: key values, references side by side, doubts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from viewer.errors import ViewerError
from viewer.model.annotation import AnySegment, ReferenceFrame, Stenosis, Stent
from viewer.qt import theme
from viewer.qt.against_table import AgainstTable, HeldFrames
from viewer.qt.clot_bars import ClotBars
from viewer.qt.figure_rows import Lines, Places
from viewer.qt.labels import Figure, push_button, section_title, show_if
from viewer.session.figure_cards import Card, card_of
from viewer.session.figure_lines import KeyFigure
from viewer.session.reference_words import sources_text
from viewer.session.session import Session


class FiguresPanel(QWidget):
    """Follows the session's figures; says when newer ones are on their way.

    `keys_row` and `shape` are parts the segment's panel puts nearer to its name.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[str, Card | None, bool] | None = None
        self.card: Card | None = None
        self.setAccessibleName("Figures of the segment")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 4, 0, 8)
        self._column.setSpacing(6)
        self._make_keys()
        self.shape = Lines(self._go_to)
        self._add_clot()
        self._add_against()
        self._add_plan()
        self._add_places()
        if session.figures is not None:
            session.figures.changed.connect(self._follow)

    # -- building -----------------------------------------------------------------------------
    def _make_keys(self) -> None:
        self.keys_row = QWidget()
        column = QVBoxLayout(self.keys_row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._figures = QHBoxLayout()
        self._figures.setSpacing(8)
        self.keys = [Figure("", key=True), Figure("")]
        for figure in self.keys:
            self._figures.addWidget(figure, 0, Qt.AlignmentFlag.AlignBottom)
        self._figures.addStretch(1)
        column.addLayout(self._figures)
        self.state = theme.label("", theme.caption(), "low", wrap=True)
        column.addWidget(self.state)

    def take_in(self, length: Figure) -> None:
        """Show a segment's length beside its other key figures."""
        self._figures.insertWidget(len(self.keys), length, 0, Qt.AlignmentFlag.AlignBottom)

    def _add_clot(self) -> None:
        self._warnings = theme.label("", theme.caption(), wrap=True)
        theme.set_tone(self._warnings, "warn")
        self.accept = push_button("", "ph.check", "primary")
        self.accept.clicked.connect(self._accept)
        self.bars = ClotBars(self._session)
        self.lines = Lines(self._go_to)
        for widget in (self._warnings, self.accept, self.bars, self.lines):
            self._column.addWidget(widget)

    def _add_against(self) -> None:
        references = self._session.references
        self.against = AgainstTable()
        self.against.chosen.connect(lambda a: references.tell_by(self._id, a))
        self.held = HeldFrames()
        self.held.removed.connect(lambda ref: references.remove(self._id, ref))
        self.held.go_to.connect(self._go_to_reference)
        self.use_frame = push_button("Use this frame", "ph.map-pin")
        self.use_frame.setToolTip("Hold the segment against the shown IVUS frame, beside others")
        self.use_frame.clicked.connect(lambda: references.add_shown_frame(self._id))
        self.keep = push_button("Keep proposed", "ph.check")
        self.keep.clicked.connect(self._keep_proposed)
        self.propose = push_button("Propose", "ph.arrow-counter-clockwise")
        self.propose.setToolTip("Drop the reference frames you chose; the program proposes some")
        self.propose.clicked.connect(lambda: references.clear(self._id))
        self._fact = theme.label("", theme.caption(), "mid", wrap=True)
        self.source = push_button("Source", look="link", tip="Norms, cut-offs and your site's own")
        self.source.setCheckable(True)
        self.source.clicked.connect(self._show_sources)
        self._sources = theme.label("", theme.caption(), "low", wrap=True)
        self._sources.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._sources.hide()
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (self.use_frame, self.keep, self.propose):
            row.addWidget(button)
        row.addStretch(1)
        for widget in (self.against, self.held):
            self._column.addWidget(widget)
        self._column.addLayout(row)
        self._column.addWidget(self._fact)
        self._column.addWidget(self.source, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(self._sources)

    def _add_plan(self) -> None:
        self._plan_title = section_title("Stent suggested")
        self.plan = Lines(self._go_to)
        self.mark_planned = push_button("Mark as planned stent", "ph.check")
        self.mark_planned.setToolTip("Adds it over its landing zones, dashed; one step of undo")
        self.mark_planned.clicked.connect(self._accept_plan)
        self._plan_note = theme.label(
            "A suggestion by rule, for you to weigh; not advice on a patient.",
            theme.caption(), "low", wrap=True,
        )  # fmt: skip
        for widget in (self._plan_title, self.plan, self._plan_note):
            self._column.addWidget(widget)
        self._column.addWidget(self.mark_planned, 0, Qt.AlignmentFlag.AlignLeft)

    def _add_places(self) -> None:
        self._places_title = section_title("Same place, other phases")
        self.places = Places(self._go_to)
        self._column.addWidget(self._places_title)
        self._column.addWidget(self.places)

    # -- showing ------------------------------------------------------------------------------
    def _follow(self) -> None:
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    @property
    def _id(self) -> str:
        return self._session.selection.id

    def refresh(self) -> None:
        """Follow the session."""
        session, work = self._session, self._session.figures
        chosen = session.selection
        segment = session.review.segment(chosen.id) if chosen.kind == "segment" else None
        if work is None or segment is None:
            return
        figures = work.figures
        card = card_of(session, figures, segment.id) if figures is not None else None
        now = (segment.id, card, work.stale)
        if now == self._shown:
            return
        self._shown, self.card = now, card
        waiting = "Measuring… figures are of the last state"
        self.state.setText(waiting if work.stale else work.problem)
        show_if(self.state, bool(self.state.text()))
        self._show_keys(card.keys if card is not None else ())
        self._show_card(card or Card(()), segment)

    def _show_keys(self, keys: tuple[KeyFigure, ...]) -> None:
        for n, figure in enumerate(self.keys):
            known = keys[n] if n < len(keys) else None
            show_if(figure, known is not None)
            if known is not None:
                figure.set_value(known.number, known.unit, known.caption)
                figure.setToolTip(known.tip)

    def _show_card(self, card: Card, segment: AnySegment) -> None:
        self.shape.show_lines(card.shape)
        self.lines.show_lines(card.lines)
        self._warnings.setText("\n".join(card.warnings[:4]))
        show_if(self._warnings, bool(card.warnings))
        count = card.open_borders
        self.accept.setText(f" Accept {count} unchecked border{'' if count == 1 else 's'} here")
        show_if(self.accept, count > 0)
        show_if(self.bars, card.shares is not None)
        self.bars.show_shares(segment.id, card.shares)
        self.against.show_rows(card.against)
        self.held.show_frames(card.held)
        held = isinstance(segment, Stenosis | Stent)
        planned = isinstance(segment, Stent) and segment.planned
        show_if(self.use_frame, held and not planned)
        show_if(self.keep, card.proposed is not None)
        if card.proposed is not None:
            frames = " and ".join(str(frame + 1) for frame in card.proposed[1])
            self.keep.setToolTip(f"Hold it against frames {frames}, the open vein on both sides")
        show_if(self.propose, bool(card.held))
        self._fact.setText(card.fact)
        show_if(self._fact, bool(card.fact))
        show_if(self.source, isinstance(segment, Stenosis))
        show_if(self._sources, isinstance(segment, Stenosis) and self.source.isChecked())
        self._show_plan(card)
        show_if(self._places_title, bool(card.places))
        self.places.show_places(card.places)

    def _show_plan(self, card: Card) -> None:
        plan = card.plan
        show_if(self._plan_title, plan is not None)
        show_if(self._plan_note, plan is not None)
        self.plan.show_lines(plan.lines if plan is not None else ())
        show_if(self.mark_planned, plan is not None and plan.frames is not None)

    def _show_sources(self) -> None:
        work, on = self._session.figures, self.source.isChecked()
        if on and work is not None:
            try:
                self._sources.setText(sources_text(work.values))
            except ViewerError as error:
                self._sources.setText(f"{error.what}. {error.hint}")
        show_if(self._sources, on)

    # -- verbs --------------------------------------------------------------------------------
    def _go_to(self, uid: str, frame: int) -> None:
        if uid and uid != self._session.cursor.pullback_uid:
            self._session.show_frame(uid, frame)
        else:
            self._session.set_pullback_frame(frame)

    def _go_to_reference(self, reference: ReferenceFrame) -> None:
        self._go_to(reference.pullback_uid, reference.frame)

    def _accept(self) -> None:
        if self.card is not None and self.card.unchecked is not None:
            segment = self._session.review.segment(self._id)
            name = segment.name if segment is not None else ""
            self._session.lumen.accept_stretch(*self.card.unchecked, name)

    def _keep_proposed(self) -> None:
        if self.card is not None and self.card.proposed is not None:
            self._session.references.keep(self._id, *self.card.proposed)

    def _accept_plan(self) -> None:
        if self.card is not None and self.card.plan is not None:
            self._session.treatments.accept_plan(self._id, self.card.plan)
