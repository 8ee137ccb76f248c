"""The vein in space, in the inspector: the second view, the true length, and the picture."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from viewer.qt import theme
from viewer.qt.fields import Choice, field_row
from viewer.qt.labels import clear_layout, push_button, section_title, show_if
from viewer.qt.path_picture import PathPicture
from viewer.session.path_scene import orbits_of
from viewer.session.session import Session
from viewer.session.two_views import Partner


class TwoViewsPanel(QWidget):
    """Which run is the second view, what both together tell, and the vein to be turned."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setAccessibleName("Vein in space")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(section_title("Vein in space"))
        self._partners: tuple[Partner, ...] = ()
        self._choice_at = QVBoxLayout()
        self.choice: Choice | None = None
        column.addLayout(self._choice_at)
        self.length = theme.label("", theme.body(600), wrap=True)
        self.missing = theme.label("", theme.small(), "mid", wrap=True)
        self.warnings = theme.label("", theme.small(), "warn", wrap=True)
        self.source = theme.label("", theme.caption(), "low", wrap=True)
        self.view = PathPicture(session)
        self._buttons_at = QHBoxLayout()
        self._buttons_at.setSpacing(4)
        self.buttons: dict[str, QPushButton] = {}
        self.use = push_button("Use true length", "ph.ruler", "primary")
        self.other = push_button("Other view", "ph.swap", tip="Go to the second view  (J)")
        self.colours = push_button("Foreshortening", "ph.palette", tip="Colour it  (Shift F)")
        self.colours.setCheckable(True)
        self.use.clicked.connect(session.two_views.toggle_true_length)
        self.other.clicked.connect(session.two_views.go_to_partner)
        self.colours.clicked.connect(session.two_views.toggle_colours)
        verbs = QHBoxLayout()
        verbs.setSpacing(4)
        verbs.addWidget(self.other)
        verbs.addWidget(self.colours)
        verbs.addStretch(1)
        for part in (self.missing, self.length, self.view):
            column.addWidget(part)
        column.addLayout(self._buttons_at)
        column.addWidget(self.use)
        column.addLayout(verbs)
        column.addWidget(self.warnings)
        column.addWidget(self.source)

    def refresh(self) -> None:
        """Follow the session; a drag under way is not followed, its path would come too late."""
        session, views = self._session, self._session.two_views
        if session.in_gesture:
            return
        self._show_choice()
        made, why = views.made, views.why_not()
        self.missing.setText(f"No path yet: {why}." if why else "")
        show_if(self.missing, bool(why))
        for part in (self.length, self.view, self.use, self.colours, self.source):
            show_if(part, made is not None)
        show_if(self.other, views.partner is not None)
        self._show_buttons(made is not None)
        self.colours.setChecked(views.colours)
        if made is None:
            show_if(self.warnings, False)
            return
        path = made.path
        self.length.setText(
            f"True length {path.length_mm:.0f} ± {path.length_sigma_mm:.0f} mm, "
            f"{made.names[0]} and {made.names[1]}, {path.angle_deg:.0f}° apart"
        )
        self.warnings.setText("\n".join(path.warnings))
        show_if(self.warnings, bool(path.warnings))
        self.source.setText(path.source)
        in_force = views.in_force(session.current_centerline) is not None
        self.use.setText("Stop using true length" if in_force else "Use true length")
        self.view.refresh()

    def _show_choice(self) -> None:
        """The runs that can be the second view; the others say why they can't."""
        views = self._session.two_views
        partners, chosen = views.partners(), views.partner
        if partners != self._partners or self.choice is None:
            self._partners = partners
            clear_layout(self._choice_at)
            options = [(_words(partner), partner.run.uid) for partner in partners]
            self.choice = Choice("Second view", options or [("None", "")])
            self.choice.chosen.connect(self._choose)
            self._choice_at.addWidget(field_row("Second view", self.choice))
        self.choice.setEnabled(bool(partners))
        if chosen is not None:
            self.choice.show_value(chosen.run.uid)

    def _choose(self, value: object) -> None:
        if isinstance(value, str) and value:
            self._session.two_views.choose(value)

    def _show_buttons(self, there: bool) -> None:
        orbits = orbits_of(self._session) if there else ()
        if [name for name, _ in orbits] != list(self.buttons):
            clear_layout(self._buttons_at)
            self.buttons = {}
            for name, _ in orbits:
                button = push_button(name, tip=f"See it from {name}")
                button.clicked.connect(lambda _=False, name=name: self._see_from(name))
                self.buttons[name] = button
                self._buttons_at.addWidget(button)
            self._buttons_at.addStretch(1)

    def _see_from(self, name: str) -> None:
        for each, orbit in orbits_of(self._session):
            if each == name:
                self.view.see_from(orbit)


def _words(partner: Partner) -> str:
    run = partner.run
    what = run.description or partner.name
    if partner.why_not:
        return f"{what}: {partner.why_not}"
    return f"{what} · {partner.angle_deg:.0f}° away" if partner.angle_deg is not None else what
