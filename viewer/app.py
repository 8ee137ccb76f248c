"""The composition root of the window: the only file that knows everybody."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QApplication

from viewer import paths
from viewer.dicom.frames import open_frames
from viewer.errors import UnreadableError, ViewerError
from viewer.model.case import Case
from viewer.model.review import Review
from viewer.model.study import Pullback
from viewer.qt import commands, theme
from viewer.qt.file_dialogs import FileDialogs
from viewer.qt.main_thread import MainThread, collect_garbage_after, when_idle
from viewer.qt.main_window import MainWindow
from viewer.qt.palette import Palette, ShortcutSheet
from viewer.qt.picture_panes import write_pictures
from viewer.qt.start_page import RecentCase
from viewer.session import exporting, facts, recovery
from viewer.session.autosave import Autosave, SavedState
from viewer.session.example_review import example_review, truth_beside
from viewer.session.frame_loader import FrameLoader
from viewer.session.opening import Opened, is_review, open_paths
from viewer.session.session import Session, new_review
from viewer.session.settings import Settings, load_settings, save_settings
from viewer.session.state import Notice, Severity
from viewer.session.thumbnails import Picture, order_thumbnail
from viewer.store import review_file
from viewer.store.library import Library, default_path

_log = logging.getLogger(__name__)

JOURNAL_WAIT_S = 0.012
"""How long a commit waits for its journal: within one screen refresh, even on a slow disk."""

LATER_S = 1.0
"""What is not needed for the first images waits so long for them, at most."""

GARBAGE_AFTER_MS = 2000

PICTURES_BUDGET_BYTES = 64 << 20
"""Decoded frames kept while pictures are drawn, each of one frame."""


_UNEXPECTED = Notice(
    "The files could not be opened",
    "Caval met a problem it did not expect; the log says more (Help, About Caval).",
    Severity.ERROR,
    about="open",
)


_NOT_EXPORTED = ViewerError(
    "The export was not finished",
    "Caval met a problem it did not expect; the log says more (Help, About Caval).",
)


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
        self.settings: Settings = load_settings(tell=self._tell_later)
        self.session = Session(self.settings.reader_name)
        self.loader = FrameLoader(
            open_frames, self.main_thread.post, self.settings.cache_budget_bytes
        )
        self.loader.on_cache_changed = self._show_cache
        self.library = Library(tell=lambda text: self.main_thread.post(lambda: self._tell(text)))
        self.autosave: Autosave | None = None
        self._opening: threading.Event | None = None
        self._made_at_s = time.monotonic()
        self._closed = False
        self.on_opened: Callable[[], None] | None = None
        with theme.undressed(qt):
            self.window = MainWindow(self.session, self.loader)
        self._thumbnails: set[str] = set()
        self._thumbnails_done: set[str] = set()
        self.dialogs = FileDialogs(self.window)
        self._bind()
        if remembers:
            self.window.restore_splitters(self.settings.splitters)
        when_idle(self.window, self._is_opening, self._after_first_paint)

    def _bind(self) -> None:
        window, session = self.window, self.session
        verbs: dict[str, Callable[[], object]] = {
            **window.verbs(),
            "file.open": self.ask_files,
            "file.open_folder": self.ask_folder,
            "file.add": self.ask_more,
            "file.demo": lambda: self.open_demo("nivl"),
            "file.start": self.go_home,
            "file.save": self.save,
            "file.save_as": self.save_as,
            "file.export": self.export,
            "file.quit": window.close,
            "help.palette": lambda: Palette(session, window.actions_by_id, window).exec(),
            "help.shortcuts": lambda: ShortcutSheet(session, window).exec(),
            "help.about": self.dialogs.about,
        }
        commands.bind(window.actions_by_id, session, verbs)
        window.dropped.connect(self.open_or_add)
        window.closing.connect(self.close)
        window.venogram.rate_asked.connect(self.ask_rate)
        window.ivus.rate_asked.connect(self.ask_rate)
        window.top_bar.reader_change_requested.connect(self.change_reader)
        window.top_bar.home_requested.connect(self.go_home)
        window.top_bar.set_menu(commands.build_menu(window.actions_by_id, window))
        for panel in (window.rail, window.inspector):
            panel.add_requested.connect(self.ask_more)
            panel.leave_out_requested.connect(session.leave_out_held)
            panel.new_case_requested.connect(self.open_held)
            panel.add_anyway_requested.connect(self.accept_held)
        window.rail.files_dropped.connect(self.open_or_add)
        window.rail.key_picture_wanted.connect(self.order_key_picture)
        window.inspector.issues_changed.connect(window.status.set_issues)
        window.start_page.recent_chosen.connect(lambda path: self.open([path]))
        for place in (window.start_page, window):
            place.recovery_kept.connect(self.keep_recovery)
            place.recovery_discarded.connect(self.discard_recovery)
        session.committed.connect(self._on_commit)
        session.case_changed.connect(self.order_thumbnails)

    def _is_opening(self) -> bool:
        """Whether images are on their way; other things wait a second for them, not longer."""
        window, waited_s = self.window, time.monotonic() - self._made_at_s
        settled = window.venogram.is_settled and window.ivus.is_settled
        return waited_s < LATER_S and not (self._opening is None and settled)

    def _after_first_paint(self) -> None:
        commands.add_icons(self.window.actions_by_id)
        self.window.add_header_buttons()
        self.refresh_start_page()

    def show(self) -> None:
        """Show the window where it was last, else filling the screen."""
        window = self.window
        kept = QByteArray.fromBase64(self.settings.window_geometry.encode("ascii"))
        if not kept.isEmpty() and window.restoreGeometry(kept):
            window.show()
            return
        window.resize(window.screen().availableGeometry().size())
        window.showMaximized()

    # -- opening ------------------------------------------------------------------------------
    def open(self, wanted: Iterable[Path], *, add: bool = False) -> None:
        """Open paths in place of the case, or add them to it, on a worker."""
        if self._opening is not None:
            self._opening.set()
        cancelled = threading.Event()
        self._opening = cancelled
        todo = list(wanted)
        reader = self.session.reader
        self.window.status.set_busy("Reading headers…")

        def progress(done: int, total: int) -> None:
            text = f"Reading headers {done} of {total}"
            self.main_thread.post(lambda: self.window.status.set_busy(text))

        def work() -> None:
            try:
                opened = open_paths(
                    todo, self.library, reader, progress=progress, cancelled=cancelled.is_set
                )
            except Exception:  # noqa: BLE001 - told, logged; else it would read for ever
                _log.exception("opening failed")
                opened = Opened(notices=(_UNEXPECTED,))
            self.main_thread.post(lambda: self._take(opened, todo, add, cancelled))

        threading.Thread(target=work, name="open", daemon=True).start()

    def _take(
        self, opened: Opened, wanted: list[Path], add: bool, cancelled: threading.Event
    ) -> None:
        if cancelled.is_set() or self._closed:
            return
        self._opening = None
        self.window.status.set_busy("")
        session = self.session
        if opened.image_sets or opened.review is not None:
            if add and self._has_case:
                session.add_images(opened.image_sets, opened.skipped)
            else:
                self._start_case(opened)
            self.settings = self.settings.with_recent(wanted[0])
            self._save_settings()
        else:
            self._say_nothing_found(opened, wanted)
        for notice in opened.notices:
            session.noticed.emit(notice)
        if self.on_opened is not None:
            self.on_opened()

    def _say_nothing_found(self, opened: Opened, wanted: list[Path]) -> None:
        """Nothing could be shown; say why, and leave what is open as it is."""
        if opened.notices:
            return
        name = wanted[0].name if len(wanted) == 1 else f"{len(wanted)} paths"
        reason = opened.skipped[0].reason if opened.skipped else "there is no file in it"
        self.session.notify(
            f"Nothing to review in {name}", f"{reason}.", Severity.ERROR, about="open"
        )

    def _start_case(self, opened: Opened) -> None:
        case = Case().with_sets(*opened.image_sets, skipped=opened.skipped)
        self._end_review()
        example = None if opened.review else self._example(case)
        self.session.open_case(case, opened.review or example)
        self._begin_review(opened.review_path)
        if example is not None and example.segments:
            self.session.segments.jump_to(example.segments[0].id)
        self.refresh_start_page()
        if opened.review is not None and not case.image_sets:
            self.window.show_case()
        held = len(case.held)
        if held:
            self.session.notify(
                f"{held} series may be from another patient",
                "They were held and are not part of this case.",
                Severity.ERROR,
                about="held",
            )

    def _example(self, case: Case) -> Review | None:
        """A built-in case comes with an example review; any other case starts empty."""
        truth = truth_beside(case.image_sets)
        if truth is None or paths.cases_dir() not in truth.parents:
            return None
        return example_review(new_review(self.session.reader), truth, case.image_sets)

    def open_or_add(self, wanted: list[Path]) -> None:
        """Drop: a review opens; images are added to the open case, else open."""
        review = any(is_review(path) for path in wanted)
        self.open(wanted, add=self._has_case and not review)

    @property
    def _has_case(self) -> bool:
        """Whether something is open that images can be added to: also a review without its own."""
        return bool(self.session.case.image_sets or self.session.review.images)

    def open_held(self) -> None:
        """Make a new case of the images that were held."""
        held = self.session.case.held
        self._start_case(Opened(held))

    def accept_held(self) -> None:
        """Take held images in once the reader gives a reason; that there was one is logged."""
        reason = self.dialogs.ask_reason()
        if not reason:
            return
        _log.warning("%d held series added by the reader", len(self.session.case.held))
        self.session.accept_held()
        self.session.notify(f"Held series were added. Reason: {reason}", about="held")

    def open_demo(self, name: str) -> None:
        """Open a built-in case; it is written on first use."""
        self.window.status.set_busy("Writing the built-in case…")

        def work() -> None:
            from viewer.phantom.built_in import built_in_case

            try:
                folder = built_in_case(name, self._say_progress)
            except ViewerError as error:
                failed = error
                self.main_thread.post(lambda: self._demo_failed(failed))
                return
            images = sorted(folder.glob("*.dcm"))
            self.main_thread.post(lambda: self.open(images))

        threading.Thread(target=work, name="demo", daemon=True).start()

    def _demo_failed(self, error: ViewerError) -> None:
        self.window.status.set_busy("")
        self._complain(error, "open")

    def _complain(self, error: ViewerError, about: str) -> None:
        """Tell what went wrong, where it is seen whatever is open."""
        self.session.notify(error.what, error.hint, Severity.ERROR, about=about)

    def _say_progress(self, done: float, text: str) -> None:
        words = f"Writing the built-in case, {100 * done:.0f} %: {text}"
        self.main_thread.post(lambda: self.window.status.set_busy(words))

    def go_home(self) -> None:
        """Close the case and show the start page."""
        self._end_review()
        self.session.open_case(Case(), None)
        self.refresh_start_page()

    def ask_files(self) -> None:
        """Ask for files and open them."""
        chosen = self.dialogs.ask_files()
        if chosen:
            self.open(chosen)

    def ask_folder(self) -> None:
        """Ask for a folder and open it."""
        chosen = self.dialogs.ask_folder()
        if chosen:
            self.open([chosen])

    def ask_more(self) -> None:
        """Ask for files and add them to the case."""
        chosen = self.dialogs.ask_files()
        if chosen:
            self.open_or_add(chosen)

    def ask_rate(self, uid: str) -> None:
        """Ask for a frame rate; kept in the review."""
        item = self.session.case.find(uid)
        if item is not None:
            what = "the pullback" if isinstance(item, Pullback) else "the run"
            name = f"{what} {item.description}".strip()
            rate_hz = self.dialogs.ask_rate(self.session.timing(item).rate_hz, name)
            if rate_hz is not None:
                self.session.set_rate(uid, rate_hz or None)

    # -- the review on the disk ---------------------------------------------------------------
    def _begin_review(self, path: Path | None) -> None:
        review = self.session.review
        self.autosave = Autosave(
            review,
            path or default_path(review),
            paths.recovery_dir(),
            lambda state: self.main_thread.post(lambda: self._show_saved(state)),
            after_save=self._after_save,
        )
        self._show_saved(self.autosave.state)

    def _after_save(self, path: Path, review: Review) -> None:
        self.library.remember_review(path, review)

    def _on_commit(self, review: Review, label: str) -> None:
        if self.autosave is not None:
            self.autosave.changed(self._titled(review), label)
            self.autosave.flush(JOURNAL_WAIT_S)

    def _titled(self, review: Review) -> Review:
        title = review.title or facts.case_title(self.session).title
        return replace(review, title=title)

    def _end_review(self) -> None:
        self.session.abort()
        if self.autosave is not None:
            self.autosave.close()
            self.autosave = None

    def save(self) -> None:
        """Save now."""
        if self.autosave is not None:
            self.autosave.save_now(wait=False)

    def save_as(self) -> None:
        """Save under another name."""
        if self.autosave is None:
            return
        chosen = self.dialogs.ask_review_path(self.autosave.path)
        if chosen is None:
            return
        path = review_file.with_suffix(chosen)
        loss = review_file.would_replace(path, self.session.review)
        if not loss or self.dialogs.agrees_to_lose(path, loss):
            self.autosave.changed(self._titled(self.session.review), "Save as")
            if self.autosave.save_as(path):
                self.session.notify(f"Saved as {path.name}", about="save")

    def change_reader(self, reader: str) -> None:
        """Go on as another reader: with that reader's own review of the same images."""
        if reader == self.session.reader:
            return
        self._end_review()
        self.session.reader = reader
        self.settings = replace(self.settings, reader_name=reader)
        self._save_settings()
        found = [path for item in self.session.case.image_sets for path in item.paths]
        self.session.open_case(Case(), None)
        if found:
            self.open(dict.fromkeys(found))

    def export(self) -> None:
        """Write tables, on a worker, then pictures into a folder the user chooses."""
        folder = self.dialogs.ask_export_folder()
        if folder is None:
            return
        copy = exporting.second_session(self.session)  # the reader may go on meanwhile
        self.window.status.set_busy("Writing tables…")

        def work() -> None:
            try:
                tables = exporting.write_tables(copy, folder)
            except ViewerError as error:
                failed = error
                self.main_thread.post(lambda: self._export_failed(failed))
            except Exception:  # noqa: BLE001 - told, logged; else it would write for ever
                _log.exception("export failed")
                self.main_thread.post(lambda: self._export_failed(_NOT_EXPORTED))
            else:
                self.main_thread.post(lambda: self._export_pictures(folder, len(tables)))

        threading.Thread(target=work, name="export", daemon=True).start()

    def _export_pictures(self, folder: Path, tables: int) -> None:
        """Draw the pictures, which only the window's own thread can, one between two events."""
        try:
            pictures = self.export_to(folder, ("png",))
        except ViewerError as error:
            self._export_failed(error)
            return
        self.window.status.set_busy("")
        count = tables + len(pictures)
        self.session.notify(f"{count} files written to {folder.name}", about="export")

    def _export_failed(self, error: ViewerError) -> None:
        self.window.status.set_busy("")
        self._complain(error, "export")

    def export_to(
        self, folder: Path, formats: tuple[str, ...], tell: Callable[[str], None] | None = None
    ) -> list[exporting.Written]:
        """Write the open review's tables (csv) and pictures (png); gives (format, path) of each.

        Raises
        ------
        ViewerError
            A file can't be written.
        """
        written = exporting.write_tables(self.session, folder) if "csv" in formats else []
        if "png" in formats:
            loader = FrameLoader(open_frames, self.main_thread.post, PICTURES_BUDGET_BYTES)
            try:
                written += write_pictures(self.window, loader, folder, tell or self._tell)
            finally:
                loader.close()
        return written

    # -- start page ---------------------------------------------------------------------------
    def refresh_start_page(self) -> None:
        """List recent reviews and what a crash left behind."""
        recent = [
            RecentCase(
                item.title or "Untitled case",
                "Review" if item.path.parent == paths.reviews_dir() else item.path.name,
                item.path,
                datetime.fromtimestamp(item.saved_at).astimezone(),
                item.reader,
            )
            for item in self.library.recent()
        ]
        lost = recovery.recoveries(paths.recovery_dir(), self._tell)
        self.window.start_page.set_recent(recent)
        self.window.start_page.set_recoveries(lost)
        opened = {ref.uid for ref in self.session.review.images}
        mine = [item for item in lost if opened & {ref.uid for ref in item.review.images}]
        self.window.offer_recoveries(mine)

    def keep_recovery(self, kept: recovery.Recovery) -> None:
        """Keep the changes a crash left behind, and open the review."""
        path = self.autosave.path if self.autosave is not None else None
        self._end_review()
        try:
            path = recovery.keep(kept)
        except ViewerError as error:
            self._complain(error, "recovery")
            if path is not None:
                self._begin_review(path)
            return
        self.session.open_case(Case(), None)  # until it is opened nothing is open, nor edited
        self.open([path])

    def discard_recovery(self, lost: recovery.Recovery) -> None:
        """Give the changes a crash left behind up."""
        try:
            recovery.discard(lost)
        except ViewerError as error:
            self._complain(error, "recovery")
        self.refresh_start_page()

    @property
    def is_complete(self) -> bool:
        """Whether both panes, the long view and the thumbnails show what they should."""
        window, session = self.window, self.session
        panes = all(pane.is_settled for pane in (window.venogram, window.ivus))
        long_view = window.along.canvas.long_view
        ready = long_view is None or long_view.complete
        thumbnails = not (self._thumbnails - self._thumbnails_done)
        return panes and (ready or session.pullback is None) and thumbnails

    # -- status -------------------------------------------------------------------------------
    def _show_cache(self) -> None:
        state = self.loader.state
        sets = [item for item in (self.session.run, self.session.pullback) if item is not None]
        ready = sum(int(self.loader.cached_mask(item.uid).sum()) for item in sets)
        total = sum(item.frames for item in sets)
        self.window.status.set_cache(ready, total, state.bytes, state.budget_bytes)
        self.window.venogram.show_cached()
        self.window.ivus.show_cached()

    def _show_saved(self, state: SavedState) -> None:
        local = state.saved_at.astimezone() if state.saved_at else None
        saved = f"{local:%H:%M:%S}" if local else None
        self.window.status.set_saved(saved, state.unsaved_changes, state.error)
        if state.notice:
            self._tell(state.notice)

    def _tell(self, text: str) -> None:
        self.session.notify(text, severity=Severity.WARNING, about="files")

    def _tell_later(self, text: str) -> None:
        self.main_thread.post(lambda: self._tell(text))

    def order_thumbnails(self, *_: object) -> None:
        """Have the thumbnails made that the rail does not have yet."""
        for item in self.session.case.image_sets:
            if item.uid not in self._thumbnails and item.frames:
                self._thumbnails.add(item.uid)
                order = partial(order_thumbnail, self.loader, item, self._take_thumbnail)
                when_idle(self.window, lambda: self.loader.is_waited_for, order)

    def order_key_picture(self, uid: str, frame: int) -> None:
        """Have the small picture of a key frame made."""
        item = self.session.case.find(uid)

        def take(made_of: str, made: Picture | UnreadableError) -> None:
            if not isinstance(made, UnreadableError):
                self.window.rail.set_key_thumbnail(made_of, frame, made)

        if item is not None and frame < item.frames:
            order_thumbnail(self.loader, item, take, frame)

    def _take_thumbnail(self, uid: str, made: Picture | UnreadableError) -> None:
        self._thumbnails_done.add(uid)
        if isinstance(made, UnreadableError):
            _log.warning("no thumbnail: %s", made.detail or made.what)
        else:
            self.window.rail.set_thumbnail(uid, made)

    def _save_settings(self) -> None:
        if not self.remembers:
            return
        try:
            save_settings(self.settings)
        except ViewerError as error:
            _log.warning("settings were not saved: %s", error.detail or error.what)

    # -- end ----------------------------------------------------------------------------------
    def close(self) -> None:
        """Save everything, stop every worker, and take the window down."""
        if self._closed:
            return
        for pane in (self.window.venogram, self.window.ivus):
            pane.pause()
        self._closed = True
        if self._opening is not None:
            self._opening.set()
        self._end_review()
        geometry = bytes(self.window.saveGeometry().toBase64().data()).decode("ascii")
        splitters = dict(self.window.splitter_state())
        self.settings = replace(self.settings, splitters=splitters, window_geometry=geometry)
        self._save_settings()
        self.main_thread.close()
        self.loader.close()
        self.library.close()
        self.window.hide()
        self.window.deleteLater()


def run(wanted: Sequence[Path], demo: str = "") -> int:
    """Open the window on paths, on a built-in case, or on the start page; ends with it."""
    start_log()
    application = Application(qt_application())
    application.show()
    if wanted:
        application.open(wanted)
    elif demo:
        application.open_demo(demo)
    collect_garbage_after(application.window, GARBAGE_AFTER_MS)
    code = application.qt.exec()
    application.close()
    return int(code)


def qt_application() -> QApplication:
    """The one QApplication of the process."""
    there = QApplication.instance()
    if isinstance(there, QApplication):
        return there
    made = QApplication(["caval"])
    made.setApplicationName("Caval")
    return made


def start_log() -> None:
    """Write the log into the program's own folder, a little at a time, never patient data."""
    from logging.handlers import RotatingFileHandler

    try:
        paths.log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(paths.log_file(), maxBytes=1 << 20, backupCount=2)
    except OSError:
        logging.getLogger("viewer").warning("no log can be written")
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("viewer").addHandler(handler)
    logging.getLogger("viewer").setLevel(logging.INFO)
