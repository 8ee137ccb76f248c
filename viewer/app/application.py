"""The composition root of the window: the only place that knows everybody."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QApplication

from viewer.app.case_opener import CaseOpener
from viewer.app.exports import Exports
from viewer.app.picture_orders import PictureOrders
from viewer.app.readers import Readers
from viewer.app.review_keeper import ReviewKeeper
from viewer.dicom.frames import open_frames
from viewer.errors import ViewerError
from viewer.model.case import Case
from viewer.model.study import Pullback
from viewer.qt import commands, theme
from viewer.qt.file_dialogs import FileDialogs
from viewer.qt.main_thread import MainThread, when_idle
from viewer.qt.main_window import MainWindow
from viewer.qt.palette import Palette, ShortcutSheet
from viewer.qt.pane_buttons import add_pane_buttons
from viewer.session import exporting
from viewer.session import settings as settings_file
from viewer.session.autosave import Autosave
from viewer.session.facts import rate_reasons
from viewer.session.frame_cache import budget_range_bytes
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.settings import Settings
from viewer.session.state import Severity, Tool
from viewer.store.library import Library

_log = logging.getLogger(__name__)

MB = 1024 * 1024
LATER_S = 1.0
"""What is not needed for the first images waits so long for them, at most."""


class Application:
    """One window with its session, its files and its memory between sessions.

    Parameters
    ----------
    remembers : bool
        Whether the window looks as the user left it and is remembered so; False off-screen.
    """

    def __init__(self, qt: QApplication, *, remembers: bool = True) -> None:
        self.qt = qt
        theme.apply(qt)
        self.main_thread = MainThread()
        self.remembers = remembers
        self.settings: Settings = settings_file.load_settings(tell=self._tell_later)
        self.session = Session(self.settings.reader_name)
        self.loader = FrameLoader(
            open_frames, self.main_thread.post, self.settings.cache_budget_bytes
        )
        self.loader.on_cache_changed = self._show_cache
        self.session.calibrating.work_on(self.loader)
        self.library = Library(tell=lambda text: self.main_thread.post(lambda: self.tell(text)))
        self.opener, self.reviews = CaseOpener(self), ReviewKeeper(self)
        self.exports, self.pictures = Exports(self), PictureOrders(self)
        self.readers = Readers(self)
        self._made_at_s = time.monotonic()
        self.closed = False
        self.on_opened: Callable[[], None] | None = None
        with theme.undressed(qt):
            self.window = MainWindow(self.session, self.loader)
        self.dialogs = FileDialogs(self.window)
        self._bind()
        if remembers:
            self.window.restore_splitters(self.settings.splitters)
        when_idle(self.window, self._is_opening, self._after_first_paint)

    def _bind(self) -> None:
        window, session = self.window, self.session
        verbs: dict[str, Callable[[], object]] = {
            **window.verbs(),
            "file.open": self.opener.ask_files,
            "file.open_folder": self.opener.ask_folder,
            "file.add": self.opener.ask_more,
            "file.demo": lambda: self.opener.open_demo("nivl"),
            "file.start": self.opener.go_home,
            "file.save": self.reviews.save,
            "file.save_as": self.reviews.save_as,
            "file.export": self.exports.export,
            "file.readers": self.readers.ask,
            "file.quit": window.close,
            "help.palette": lambda: Palette(session, window.actions_by_id, window).exec(),
            "help.shortcuts": lambda: ShortcutSheet(session, window).exec(),
            "help.about": self.dialogs.about,
        }
        commands.bind(window.actions_by_id, session, verbs)
        window.dropped.connect(self.open_or_add)
        window.closing.connect(self.close)
        window.cache_asked.connect(self.ask_cache)
        window.venogram.rate_asked.connect(self.ask_rate)
        window.ivus.rate_asked.connect(self.ask_rate)
        window.top_bar.reader_change_requested.connect(self.change_reader)
        window.top_bar.home_requested.connect(self.opener.go_home)
        window.top_bar.set_menu(commands.build_menu(window.actions_by_id, window))
        for panel in (window.rail, window.inspector):
            panel.add_requested.connect(self.opener.ask_more)
            panel.leave_out_requested.connect(session.leave_out_held)
            panel.new_case_requested.connect(self.opener.open_held)
            panel.add_anyway_requested.connect(self.opener.accept_held)
        window.rail.files_dropped.connect(self.open_or_add)
        window.rail.key_picture_wanted.connect(self.pictures.order_key_picture)
        window.inspector.issues_changed.connect(window.status.set_issues)
        window.start_page.recent_chosen.connect(lambda path: self.open([path]))
        for place in (window.start_page, window):
            place.recovery_kept.connect(self.reviews.keep_recovery)
            place.recovery_discarded.connect(self.reviews.discard_recovery)
        session.committed.connect(self.reviews.take_in)
        session.case_changed.connect(self.pictures.order_thumbnails)
        session.tool_changed.connect(self._warm_up)

    def _warm_up(self, tool: Tool) -> None:
        """Load what finding marks needs while the person moves to the first one."""
        if tool is Tool.CALIBRATE:
            threading.Thread(target=_load_scipy, name="warm up", daemon=True).start()

    def _is_opening(self) -> bool:
        """Whether images are on their way; other things wait a second for them, not longer."""
        window, waited_s = self.window, time.monotonic() - self._made_at_s
        settled = window.venogram.is_settled and window.ivus.is_settled
        return waited_s < LATER_S and not (settled and not self.opener.is_opening)

    def _after_first_paint(self) -> None:
        if self.closed:
            return
        commands.add_icons(self.window.actions_by_id)
        add_pane_buttons(self.window)
        self.reviews.refresh_start_page()

    def show(self) -> None:
        """Show the window where it was last, else filling the screen."""
        window = self.window
        kept = QByteArray.fromBase64(self.settings.window_geometry.encode("ascii"))
        if not kept.isEmpty() and window.restoreGeometry(kept):
            window.show()
            return
        window.resize(window.screen().availableGeometry().size())
        window.showMaximized()

    # -- what others call -----------------------------------------------------------------------
    def open(self, wanted: Iterable[Path], *, add: bool = False) -> None:
        """Open paths in place of the case, or add them to it, on a worker."""
        self.opener.open(wanted, add=add)

    def open_or_add(self, wanted: list[Path]) -> None:
        """Drop: a review opens; images are added to the open case, else open."""
        self.opener.open_or_add(wanted)

    def export_to(
        self,
        folder: Path,
        formats: tuple[str, ...],
        tell: Callable[[str], None] | None = None,
        placed: exporting.Placed | None = None,
    ) -> list[exporting.Written]:
        """Write the open review's tables (csv) and pictures (png); gives (format, path) of each."""
        return self.exports.export_to(folder, formats, tell, placed)

    @property
    def autosave(self) -> Autosave | None:
        """What keeps the open review on the disk."""
        return self.reviews.autosave

    def complain(self, error: ViewerError, about: str) -> None:
        """Tell what went wrong, where it is seen whatever is open."""
        self.session.notify(error.what, error.hint, Severity.ERROR, about=about)

    def ask_rate(self, uid: str) -> None:
        """Ask for a frame rate; kept in the review."""
        item = self.session.case.find(uid)
        if item is not None:
            what = "the pullback" if isinstance(item, Pullback) else "the run"
            name = f"{what} {item.description}".strip()
            now_hz = self.session.timing(item).rate_hz
            rate_hz = self.dialogs.ask_rate(now_hz, name, rate_reasons(self.session, item))
            if rate_hz is not None:
                self.session.set_rate(uid, rate_hz or None)

    def ask_cache(self) -> None:
        """Ask how much memory images may take; holds at once and from now on."""
        state = self.loader.state
        low_mb, high_mb = (limit // MB for limit in budget_range_bytes())
        use = f"Now images take {state.bytes / MB:.0f} MB of {state.budget_bytes // MB} MB,"
        use += f" {state.frames} decoded frames among them. The program takes 200 MB more."
        wanted_mb = self.dialogs.ask_cache_mb(state.budget_bytes // MB, low_mb, high_mb, use)
        if wanted_mb is None or wanted_mb == state.budget_bytes // MB:
            return
        self.settings = replace(self.settings, cache_budget_bytes=wanted_mb * MB)
        self.loader.set_budget(wanted_mb * MB)
        self.save_settings()
        self._show_cache()
        self.session.notify(f"Images may take {wanted_mb} MB", about="cache")

    def change_reader(self, reader: str) -> None:
        """Go on as another reader: with that reader's own review of the same images."""
        if reader == self.session.reader:
            return
        self.reviews.end()
        self.session.reader = reader
        self.settings = replace(self.settings, reader_name=reader)
        self.save_settings()
        found = [path for item in self.session.case.image_sets for path in item.paths]
        self.session.open_case(Case(), None)
        if found:
            self.open(dict.fromkeys(found))

    @property
    def is_complete(self) -> bool:
        """Whether both panes, the long view and the thumbnails show what they should."""
        window, session = self.window, self.session
        panes = all(pane.is_settled for pane in (window.venogram, window.ivus))
        long_view = window.along.canvas.long_view
        ready = long_view is None or long_view.complete
        settled = panes and not session.calibrating.measuring
        settled = settled and not (session.pulls is not None and session.pulls.busy)
        settled = settled and not session.two_views.working
        return settled and (ready or session.pullback is None) and self.pictures.all_there

    # -- status -------------------------------------------------------------------------------
    def _show_cache(self) -> None:
        state = self.loader.state
        sets = [item for item in (self.session.run, self.session.pullback) if item is not None]
        ready = sum(int(self.loader.cached_mask(item.uid).sum()) for item in sets)
        total = sum(item.frames for item in sets)
        self.window.status.set_cache(ready, total, state.bytes, state.budget_bytes)
        self.window.venogram.show_cached()
        self.window.ivus.show_cached()
        for item in sets:
            bad = self.loader.bad_frames(item.uid)
            self.window.inspector.attention.attention.set_bad_frames(item.uid, bad)

    def tell(self, text: str) -> None:
        """Tell a person something about files, as a card."""
        self.session.notify(text, severity=Severity.WARNING, about="files")

    def _tell_later(self, text: str) -> None:
        self.main_thread.post(lambda: self.tell(text))

    def save_settings(self) -> None:
        """Keep what the user chose, when this window is one that remembers."""
        if not self.remembers:
            return
        try:
            settings_file.save_settings(self.settings)
        except ViewerError as error:
            _log.warning("settings were not saved: %s", error.detail or error.what)

    # -- end ----------------------------------------------------------------------------------
    def close(self) -> None:
        """Save everything, stop every worker, and take the window down."""
        if self.closed:
            return
        for pane in (self.window.venogram, self.window.ivus):
            pane.pause()
        self.closed = True
        self.opener.cancel()
        self.reviews.end()
        geometry = bytes(self.window.saveGeometry().toBase64().data()).decode("ascii")
        splitters = dict(self.window.splitter_state())
        self.settings = replace(self.settings, splitters=splitters, window_geometry=geometry)
        self.save_settings()
        self.main_thread.close()
        self.loader.close()
        self.library.close()
        self.window.hide()
        self.window.deleteLater()


def _load_scipy() -> None:
    for name in ("scipy.ndimage", "scipy.interpolate", "scipy.optimize"):
        importlib.import_module(name)
