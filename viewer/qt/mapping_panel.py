"""How the pullback is mapped to the vein: model, rate, direction, and where the ± comes from."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from viewer.model.coregistration import SyncMode
from viewer.qt import theme
from viewer.qt.fields import Choice, Number, field_row
from viewer.qt.fluoro_fields import FluoroFields
from viewer.qt.labels import section_title, show_if
from viewer.session.session import Session
from viewer.session.tie_words import MODEL_NAMES, MODEL_TEXTS

_DIRECTIONS = (
    ("As the landmarks say", None),
    ("Frame 1 is central", True),
    ("Frame 1 is peripheral", False),
)


class MappingPanel(QWidget):
    """Fields of the tie between the shown pullback and the shown run."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setAccessibleName("Mapping")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(6)
        column.addWidget(section_title("Mapping"))
        column.addSpacing(2)
        self.mode = Choice("Position model", [(name, mode) for mode, name in MODEL_NAMES.items()])
        self.rate = Number("Pull rate", "mm/s", 0.1, 100, 2, 0.5)
        self.direction = Choice("Direction", _DIRECTIONS)
        self.mode.chosen.connect(self._set_mode)
        self.rate.entered.connect(self._set_rate)
        self.direction.chosen.connect(self._set_direction)
        column.addWidget(field_row("Model", self.mode))
        self._model = theme.label("", theme.caption(), "low", wrap=True)
        column.addWidget(field_row("", self._model))
        column.addWidget(field_row("Pull rate", self.rate))
        self._from_file = theme.label("", theme.caption(), "low", wrap=True)
        column.addWidget(field_row("", self._from_file))
        column.addWidget(field_row("Direction", self.direction))
        self.rotation = theme.label("", theme.small(), wrap=True)
        self.rotation.setToolTip("Where anterior is on the IVUS  (Y sets it)")
        column.addWidget(field_row("Rotation", self.rotation))
        self.fluoro = FluoroFields(session)
        column.addWidget(self.fluoro)
        column.addSpacing(4)
        self.explanation = theme.label("", theme.small(), wrap=True)
        self.source = theme.label("", theme.caption(), "low", wrap=True)
        column.addWidget(self.explanation)
        column.addWidget(self.source)
        self.refresh()

    def refresh(self) -> None:
        """Follow the tie."""
        session = self._session
        tie, pullback = session.vessel.current_tie(), session.pullback
        usable = pullback is not None and session.current_centerline is not None
        why = "" if usable else "Needs an IVUS pullback and a centerline on the venogram"
        for field in (self.mode, self.rate, self.direction):
            field.setEnabled(usable)
            field.setToolTip(why)
        self.mode.show_value(tie.mode)
        self._model.setText(MODEL_TEXTS[tie.mode])
        self.fluoro.refresh()
        self.direction.show_value(tie.central_first)
        self.rate.show_value(tie.rate_mm_s)
        own = pullback.rate_mm_s if pullback is not None and pullback.motorised else None
        self._from_file.setText(
            f"The file says {own:g} mm/s; a rate given here is used instead"
            if own
            else "No rate in the file; leave empty when not known"
        )
        position = session.position_map
        self.explanation.setText(position.explanation if position is not None else "")
        source = position.uncertainty_source if position is not None else ""
        self.source.setText(f"± (half the 90 % band): {source}")
        self.rotation.setText(session.rotation.text())
        show_if(self.explanation, position is not None)
        show_if(self.source, position is not None)

    def _set_mode(self, value: object) -> None:
        if isinstance(value, SyncMode):
            self._session.vessel.set_mode(value)

    def _set_rate(self, value: object) -> None:
        if value is None or isinstance(value, float):
            self._session.vessel.set_rate(value)

    def _set_direction(self, value: object) -> None:
        if value is None or isinstance(value, bool):
            self._session.vessel.set_central_first(value)
