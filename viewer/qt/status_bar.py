"""The line at the bottom: how sure the link is, what is kept, and what this is not for."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from viewer.qt import theme, tokens
from viewer.qt.labels import show_if
from viewer.session import facts
from viewer.session.session import Session
from viewer.session.tie_words import model_line

_ICON = 14


class StatusItem(QWidget):
    """Icon and a few words; repaints alone, so a scrub step costs next to nothing."""

    clicked = Signal()

    def __init__(self, *, rule: bool = True, weight: int = 400) -> None:
        super().__init__()
        self._text, self._icon, self._color = "", "", tokens.TEXT_MID
        self._ink = tokens.TEXT_MID
        self._rule = rule
        self._font = theme.small(weight)
        self._width = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.hide()

    @property
    def text(self) -> str:
        """The words."""
        return self._text

    def show_as(
        self,
        text: str,
        icon: str = "",
        color: str = tokens.TEXT_MID,
        *,
        ink: str = tokens.TEXT_MID,
        tip: str = "",
    ) -> None:
        """Change what it says; empty words hide it."""
        if tip != self.toolTip():
            self.setToolTip(tip)
        if (text, icon, color, ink) == (self._text, self._icon, self._color, self._ink):
            return
        self._text, self._icon, self._color, self._ink = text, icon, color, ink
        self.setAccessibleName(text)
        width = round(theme.text_width(text, self._font)) + (_ICON + 8 if icon else 0) + 25
        if width != self._width:
            self._width = width
            self.updateGeometry()
        show_if(self, bool(text))
        self.update()

    def sizeHint(self) -> QSize:
        """Room for what it says."""
        return QSize(self._width, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, middle = 12.0, self.height() / 2
        if self._icon:
            box = QRectF(left, middle - _ICON / 2, _ICON, _ICON)
            theme.draw_icon(painter, box, self._icon, self._color)
            left += _ICON + 8
        painter.setFont(self._font)
        painter.setPen(QColor(self._ink))
        box = QRectF(left, 0, self.width() - left, self.height())
        painter.drawText(
            box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._text
        )
        if self._rule:
            x = self.width() - 1
            painter.fillRect(QRectF(x, middle - 8, 1, 16), QColor(tokens.LINE))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click that ends inside."""
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class StatusBar(QWidget):
    """Link, ±, cache, saved state; "Not for diagnostic use" never leaves."""

    issues_clicked = Signal()
    undo_clicked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Status")
        self.setFixedHeight(tokens.STATUS_HEIGHT)
        self.link, self.anchors, self.here = StatusItem(), StatusItem(), StatusItem()
        self.cache, self.saved, self.undo = StatusItem(), StatusItem(), StatusItem()
        self.issues, self.busy, self.work = StatusItem(), StatusItem(), StatusItem()
        self.length, self.search = StatusItem(), StatusItem()
        self.model = StatusItem()
        self.warning = StatusItem(rule=False, weight=600)
        self.warning.show_as(
            "Not for diagnostic use", "ph.shield-warning", tokens.WARN, ink=tokens.TEXT_HI
        )
        self._compact = False
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 4, 0)
        row.setSpacing(0)
        for item in self._items():
            row.addWidget(item)
        row.addStretch(1)
        row.addWidget(self.warning)
        self.issues.clicked.connect(self.issues_clicked)
        self.undo.clicked.connect(self.undo_clicked)
        for signal in (session.case_changed, session.review_changed, session.link_changed):
            signal.connect(self.refresh)
        if session.pulls is not None:
            session.pulls.changed.connect(self._show_model)
        if session.lumen_work is not None:
            session.lumen_work.changed.connect(self._show_search)
            self.search.clicked.connect(session.lumen_work.cancel)
        session.cursor_changed.connect(self._follow_cursor)
        self.refresh()

    def _items(self) -> tuple[StatusItem, ...]:
        return (
            self.busy, self.work, self.search, self.link, self.model, self.anchors, self.here,
            self.length, self.cache, self.saved, self.issues, self.undo,
        )  # fmt: skip

    def refresh(self) -> None:
        """Follow the session: link, anchors, ±, what undo would take back."""
        self._show_length()
        if self._session.case.image_sets:
            self._show_link()
        else:
            for item in (self.link, self.model, self.anchors):
                item.show_as("")
        label = self._session.history.undo_label
        self.undo.show_as(
            f"Undo: {label[0].lower()}{label[1:]}" if label and not self._compact else "",
            tip="Take the last change back  (Ctrl Z)",
        )
        self._follow_cursor()

    def _show_link(self) -> None:
        link = facts.link_state(self._session)
        icon = "ph.link-simple" if link.linked else "ph.link-simple-break"
        self.link.show_as(link.text, icon, tokens.OK if link.linked else tokens.WARN, tip=link.tip)
        self._show_model()
        count = len(self._session.vessel.landmarks)
        self.anchors.show_as(
            "" if self._compact else f"{count} anchor{'' if count == 1 else 's'}",
            tip="Landmarks that tie this pullback to this run",
        )

    def _show_length(self) -> None:
        """True length and the views it rests on; a drag under way keeps what was shown."""
        if not self._session.in_gesture:
            text, tip = self._session.two_views.status()
            self.length.show_as(text, "ph.cube" if text else "", tokens.ACCENT, tip=tip)

    def _show_model(self) -> None:
        """Which model places the frames, and what is still being gathered for it."""
        pulls = self._session.pulls
        words, tip = model_line(self._session)
        working = pulls.status if pulls is not None else ""
        if working:
            both = f"{words} · {working}" if words and not self._compact else working
            self.model.show_as(both, "ph.spinner-gap", tokens.ACCENT, tip=tip)
        else:
            self.model.show_as("" if self._compact else words, tip=tip)

    def _follow_cursor(self) -> None:
        self.here.show_as(
            facts.sigma_here(self._session),
            tip="± of the position at this frame, and the largest one of the whole pullback "
            "(half the 90 % band: 9 of 10 such places lie inside it)",
        )

    def set_cache(self, ready: int, total: int, used_bytes: int, limit_bytes: int) -> None:
        """How many of the shown images' frames are decoded, and how much memory they take."""
        if self._compact or total == 0:
            self.cache.show_as("")
            return
        mb = 1024 * 1024
        self.cache.show_as(
            f"Cache {ready} / {total} frames · {used_bytes / mb:.0f} MB of {limit_bytes / mb:.0f}",
            "ph.hard-drives",
            tip="Decoded frames of the shown images, and the memory all images take: frames, long"
            " view, masks and peaks. The program itself is not counted.",
        )

    def set_saved(self, saved_at: str | None, unsaved: int, error: str = "") -> None:
        """Saved at "14:32:08", with changes after it, or why saving failed."""
        if error:
            self.saved.show_as(
                "Not saved", "ph.warning-octagon", tokens.ERROR, ink=tokens.ERROR, tip=error
            )
        elif unsaved:
            text = "Unsaved changes" if unsaved != 1 else "1 unsaved change"
            self.saved.show_as(text, "ph.circle-half", tokens.WARN, tip="Saved by itself shortly")
        elif saved_at:
            self.saved.show_as(
                f"Saved {saved_at}", "ph.check-circle", tokens.OK, tip="Every change is on disk"
            )
        else:
            self.saved.show_as("")

    def set_issues(self, count: int) -> None:
        """How many things need attention; a click shows them."""
        self.issues.show_as(
            f"{count} issue{'' if count == 1 else 's'}" if count else "",
            "ph.warning-fill",
            tokens.WARN,
            tip="Show what needs attention",
        )

    def set_busy(self, text: str) -> None:
        """What the program is working on, e.g. "Reading headers 40 of 486"; "" when nothing."""
        self.busy.show_as(text, "ph.spinner-gap", tokens.ACCENT, ink=tokens.TEXT_HI)

    def set_work(self, text: str) -> None:
        """What is being worked out of the images; a click ends it. "" when nothing is."""
        words = f"{text} · Cancel" if text else ""
        tip = "Click to end it"
        self.work.show_as(words, "ph.x-circle", tokens.ACCENT, ink=tokens.TEXT_HI, tip=tip)

    def _show_search(self) -> None:
        work = self._session.lumen_work
        words = f"{work.status} · Cancel" if work is not None and work.status else ""
        tip = "Click to end the search"
        self.search.show_as(words, "ph.x-circle", tokens.ACCENT, ink=tokens.TEXT_HI, tip=tip)

    def set_compact(self, compact: bool) -> None:
        """Small screens: without cache, undo and anchors; never without ±, saved or the warning."""
        self._compact = compact
        self.setFixedHeight(tokens.STATUS_HEIGHT_COMPACT if compact else tokens.STATUS_HEIGHT)
        if compact:
            self.cache.show_as("")
        self.refresh()
