"""What is known of the selected segment, and the fields to change it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import (
    AgeBasis,
    AnySegment,
    Clot,
    ClotAge,
    Confidence,
    FrameExtent,
    Occlusion,
    Stenosis,
    StenosisCause,
    Stent,
)
from viewer.qt import theme
from viewer.qt.chips import Chip
from viewer.qt.fields import Choice, Note, Number, Words, enum_options, field_row
from viewer.qt.labels import Figure, IconView, show_if
from viewer.session import stretches
from viewer.session.session import Session
from viewer.session.state import Edge


class SegmentPanel(QWidget):
    """Properties of one segment; each change is one step of undo."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._id = ""
        self._edges: tuple[Edge, Edge] = ("start", "end")
        self.setAccessibleName("Segment properties")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 16, 12)
        self._column.setSpacing(6)
        self._add_heading()
        self._add_stenosis()
        self._add_clot()
        self._add_stent()
        self._add_place()
        self._add_rest()

    # -- building -----------------------------------------------------------------------------
    def _add_heading(self) -> None:
        self._glyph = IconView("", size=20)
        self.name = Words("Name")
        self.name.setFont(theme.title())
        self.name.setProperty("quiet", True)
        self.name.entered.connect(self._rename)
        self._drawn = Chip()
        heading = QHBoxLayout()
        heading.setSpacing(6)
        heading.addWidget(self._glyph)
        heading.addWidget(self.name, 1)
        heading.addWidget(self._drawn)
        self._column.addLayout(heading)
        self.length = Figure("Length")
        self.length.setToolTip("Along the vein; ± is half the 90 % band")
        self._where = theme.label("", theme.small(), wrap=True)
        self._where_row = field_row("Where", self._where)
        self._column.addWidget(self._where_row)

    def put_figures(self, keys: QWidget, shape: QWidget, rest: QWidget) -> None:
        """Show what was measured: key values by the name, the rest between its fields."""
        self._column.insertWidget(1, keys)
        self._column.insertWidget(self._column.indexOf(self._where_row) + 1, shape)
        self._column.insertWidget(self._column.indexOf(self._first_place), rest)

    def _add_place(self) -> None:
        self.start = Number("Start along the vein", "mm", -2000, 2000, 1)
        self.start_frame = Number("Start frame", "", 1, 1)
        self.end = Number("End along the vein", "mm", -2000, 2000, 1)
        self.end_frame = Number("End frame", "", 1, 1)
        for box in (self.start_frame, self.end_frame):
            box.setPrefix("f ")
        self._first_place = field_row("Start", self.start, self.start_frame)
        self._column.addWidget(self._first_place)
        self._column.addWidget(field_row("End", self.end, self.end_frame))
        self.start.entered.connect(lambda value: self._set_place(0, value))
        self.end.entered.connect(lambda value: self._set_place(1, value))
        self.start_frame.entered.connect(lambda value: self._set_frame(0, value))
        self.end_frame.entered.connect(lambda value: self._set_frame(1, value))
        veins = [
            (v.label[0].upper() + v.label[1:], v) for v in VeinSegment if v is not VeinSegment.UNSET
        ]
        self.vein = Choice("Vein", [("Not set", VeinSegment.UNSET), *veins])
        self.side = Choice(
            "Side",
            [
                ("–", Side.NONE),
                ("Left", Side.LEFT),
                ("Right", Side.RIGHT),
                ("Both", Side.BILATERAL),
            ],
        )
        self.vein.chosen.connect(lambda value: self._update(vein=value))
        self.side.chosen.connect(lambda value: self._update(side=value))
        row = field_row("Vein", self.vein, self.side)
        self.side.setFixedWidth(66)
        self._column.addWidget(row)

    def _add_stenosis(self) -> None:
        self.cause = Choice("Likely cause", enum_options(StenosisCause))
        self.cause.chosen.connect(lambda value: self._update(cause=value))
        self._stenosis = [field_row("Likely cause", self.cause)]
        self._put(self._stenosis)

    def _add_clot(self) -> None:
        self.age = Choice("Clot age", enum_options(ClotAge))
        self.basis = Choice("Basis of the age", enum_options(AgeBasis))
        self.occlusion = Choice("Occlusive", enum_options(Occlusion))
        self.age.chosen.connect(lambda value: self._update(age=value))
        self.basis.chosen.connect(lambda value: self._update(age_basis=value))
        self.occlusion.chosen.connect(lambda value: self._update(occlusion=value))
        self._scheme = theme.label("", theme.caption(), "low", wrap=True)
        self._clot = [
            field_row("Age", self.age),
            field_row("", self._scheme),
            field_row("Age rests on", self.basis),
            field_row("Lumen", self.occlusion),
        ]
        self._put(self._clot)

    def _add_stent(self) -> None:
        self.product = Words("Product", "As on its label")
        self.diameter = Number("Nominal diameter", "mm ⌀", 0.5, 60, 1, 0.5)
        self.diameter.setSpecialValueText("– mm ⌀")
        self.nominal_length = Number("Nominal length", "mm long", 1, 400, 0, 5)
        self.nominal_length.setSpecialValueText("– mm long")
        self.product.entered.connect(lambda text: self._update(product=text.strip()))
        self.diameter.entered.connect(lambda value: self._update(nominal_diameter_mm=value))
        self.nominal_length.entered.connect(lambda value: self._update(nominal_length_mm=value))
        self._stent = [
            field_row("Product", self.product),
            field_row("Nominal", self.diameter, self.nominal_length),
        ]
        self._put(self._stent)

    def _add_rest(self) -> None:
        self.confidence = Choice("Confidence", enum_options(Confidence))
        self.confidence.chosen.connect(lambda value: self._update(confidence=value))
        self.note = Note("Note", "What else should be said")
        self.note.entered.connect(lambda text: self._update(note=text))
        self._column.addWidget(field_row("Confidence", self.confidence))
        self._column.addWidget(field_row("Note", self.note))

    def _put(self, rows: list[QWidget]) -> None:
        for row in rows:
            self._column.addWidget(row)

    # -- showing ------------------------------------------------------------------------------
    def show_segment(self, segment: AnySegment) -> None:
        """Show a segment; what was typed for another is kept first."""
        if segment.id != self._id:
            self.finish()
            self._id = segment.id
            segment = self._session.review.segment(segment.id) or segment
        self._glyph.show_as(theme.segment_icon(segment.kind))
        self.name.show_value(segment.name)
        on_pullback = isinstance(segment.extent, FrameExtent)
        self._drawn.show_as("Drawn on IVUS" if on_pullback else "Drawn on XA", "neutral")
        self._show_place(segment)
        self.vein.show_value(segment.vein)
        self.side.show_value(segment.side)
        self.side.setEnabled(segment.vein is not VeinSegment.IVC)
        self.confidence.show_value(segment.confidence)
        self.note.show_value(segment.note)
        self._show_kind(segment)

    def finish(self) -> None:
        """Keep what is being typed."""
        for field in (self.name, self.product, self.note):
            field.finish()

    def _show_place(self, segment: AnySegment) -> None:
        session = self._session
        stretch = stretches.stretch_of(session, segment)
        self.length.set_value(*stretches.length_text(stretch))
        self.length.setToolTip(stretch.length.source if stretch is not None else "")
        ends = stretches.ends_of(session, segment)
        self._edges = (ends[0].edge, ends[1].edge)
        first, last = ends[0].frame, ends[1].frame
        where = stretches.where_text(session, segment)
        if first is not None and last is not None:
            where += f" · {abs(last - first) + 1} frames on IVUS"
        self._where.setText(where)
        axis = session.placing.vein_axis
        frames = session.pullback.frames if session.pullback is not None else 1
        boxes = ((self.start, self.start_frame), (self.end, self.end_frame))
        for end, (place_box, frame_box) in zip(ends, boxes, strict=True):
            place_box.set_unit(axis.unit if axis is not None else "mm")
            place_box.show_value(end.place)
            place_box.setEnabled(end.place is not None)
            place_box.setToolTip("" if end.place is not None else "Needs the link to the venogram")
            frame_box.set_limits(1, frames)
            frame_box.show_value(end.frame + 1 if end.frame is not None else None)
            frame_box.setEnabled(end.frame is not None)
            frame_box.setToolTip("" if end.frame is not None else "Needs the link to the IVUS")

    def _show_kind(self, segment: AnySegment) -> None:
        for rows, kind in (
            (self._stenosis, Stenosis), (self._clot, Clot), (self._stent, Stent)
        ):  # fmt: skip
            for row in rows:
                show_if(row, isinstance(segment, kind))
        if isinstance(segment, Stenosis):
            self.cause.show_value(segment.cause)
        elif isinstance(segment, Clot):
            self.age.show_value(segment.age)
            self.basis.show_value(segment.age_basis)
            self.occlusion.show_value(segment.occlusion)
            self._scheme.setText(f"Scheme: {segment.age_scheme}".replace("<=", "≤"))
        else:
            self.product.show_value(segment.product)
            self.diameter.show_value(segment.nominal_diameter_mm)
            self.nominal_length.show_value(segment.nominal_length_mm)

    # -- changing -----------------------------------------------------------------------------
    def _rename(self, text: str) -> None:
        if text.strip():
            self._update(name=text.strip())
        self._show_again()

    def _update(self, **fields: object) -> None:
        if self._id:
            self._session.segments.update(self._id, **fields)

    def _set_place(self, which: int, value: object) -> None:
        if isinstance(value, float):
            stretches.set_edge_place(self._session, self._id, self._edges[which], value)
        self._show_again()

    def _set_frame(self, which: int, value: object) -> None:
        if isinstance(value, float):
            frame = int(value) - 1
            stretches.set_edge_frame(self._session, self._id, self._edges[which], frame)
        self._show_again()

    def _show_again(self) -> None:
        """What could not be done as typed is shown as it is."""
        segment = self._session.review.segment(self._id)
        if segment is not None:
            self.name.show_value(segment.name)
            self._show_place(segment)
