"""The fluoroscopy that was stored during the pullback: which run, its clock, the transducer."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from viewer.qt import theme
from viewer.qt.fields import Choice, Number, field_row
from viewer.qt.labels import push_button, show_if
from viewer.session.fluoro_work import FluoroRun
from viewer.session.session import Session

_NONE = "None"


class FluoroFields(QWidget):
    """Fields of the tie that follow the transducer."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._known: tuple[tuple[str, object], ...] = ()
        self.setAccessibleName("Fluoroscopy during the pullback")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.run = Choice("Fluoroscopy", ((_NONE, None),))
        self.run.setToolTip("A run stored while the catheter was pulled: it is followed on it")
        self.run.chosen.connect(self._choose)
        self.mark = push_button("Mark transducer", tip="Click it once on the fluoroscopy")
        self.mark.clicked.connect(self._mark)
        self.clear = push_button("Clear", tip="Forget the marks on the transducer")
        self.clear.clicked.connect(self._clear)
        self.stop = push_button("Cancel", tip="Stop following the transducer")
        self.stop.clicked.connect(self._stop)
        self.offset = Number("Clock offset", "s", -600, 600, 2, 0.1)
        self.offset.setToolTip(
            "When the pullback's first frame was taken, seconds after the fluoroscopy's first"
        )
        self.offset.entered.connect(self._set_offset)
        self.headers = push_button("Auto", tip="Take the acquisition times and the movement again")
        self.headers.clicked.connect(lambda: self._set_offset(None))
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self.mark, self.clear, self.stop):
            row.addWidget(button)
        row.addStretch(1)
        self._marks = field_row("Transducer", buttons)
        self._clock = field_row("Clock link", self.offset, self.headers)
        self.text = theme.label("", theme.caption(), "low", wrap=True)
        self._text = field_row("", self.text)
        column.addWidget(field_row("Fluoro", self.run))
        for widget in (self._marks, self._clock, self._text):
            column.addWidget(widget)
        if session.pulls is not None:
            session.pulls.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Follow the tie."""
        pulls = self._session.pulls
        if pulls is None:
            return
        fluoro, tie = pulls.fluoro, self._session.vessel.current_tie()
        found = fluoro.candidates()
        rows = ((_NONE, None), *((_name(item), item.run.uid) for item in found))
        if rows != self._known:
            self._known = rows
            self.run.set_options(rows)
        self.run.show_value(tie.fluoro_run_uid)
        self.run.setEnabled(bool(found))
        chosen = tie.fluoro_run_uid is not None
        for widget in (self._marks, self._clock):
            show_if(widget, chosen)
        count = len(tie.transducer)
        self.mark.setText("Mark again" if count else "Mark transducer")
        show_if(self.clear, count > 0)
        show_if(self.stop, bool(fluoro.status))
        offset = fluoro.offset
        self.offset.show_value(offset.seconds if offset is not None else None)
        words = self._words(found, chosen)
        self.text.setText(words)
        theme.set_tone(self.text, "warn" if fluoro.problem and chosen else "low")
        show_if(self._text, bool(words))

    def _words(self, found: tuple[FluoroRun, ...], chosen: bool) -> str:
        pulls = self._session.pulls
        if pulls is None:
            return ""
        fluoro = pulls.fluoro
        if not chosen:
            if not found:
                return "No other run in this case to follow the transducer on"
            first = found[0]
            return f"Suggested: {_name(first)}" if first.overlaps else ""
        if fluoro.problem:
            return fluoro.problem
        parts = [fluoro.status] if fluoro.status else []
        way = fluoro.way_px
        if way is not None and not parts:
            parts.append(f"Seen on {len(way)} frames")
        offset = fluoro.offset
        if offset is not None:
            parts.append(f"offset from {offset.source}" if offset.source[:3] != "set" else
                         f"offset {offset.source}")  # fmt: skip
        else:
            parts.append("no acquisition times: give the offset")
        tie = self._session.vessel.current_tie()
        remark = next((f.remark for f in found if f.run.uid == tie.fluoro_run_uid), "")
        return "; ".join((*parts, *((remark,) if remark else ())))

    def _choose(self, value: object) -> None:
        if self._session.pulls is not None:
            self._session.pulls.fluoro.choose(value if isinstance(value, str) else None)

    def _mark(self) -> None:
        if self._session.pulls is not None:
            self._session.pulls.fluoro.begin_marking()

    def _clear(self) -> None:
        if self._session.pulls is not None:
            self._session.pulls.fluoro.clear_marks()

    def _stop(self) -> None:
        if self._session.pulls is not None:
            self._session.pulls.fluoro.cancel()

    def _set_offset(self, value: object) -> None:
        if self._session.pulls is not None and (value is None or isinstance(value, float)):
            self._session.pulls.fluoro.set_offset(value)


def _name(item: FluoroRun) -> str:
    name = item.run.description or "Run without description"
    return f"{name} · during the pullback" if item.overlaps else name
