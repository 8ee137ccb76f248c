"""Opening: paths, drops, the built-in case, images that were held; headers are read on a worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from viewer import paths
from viewer.errors import ViewerError
from viewer.model.case import Case
from viewer.model.review import Review
from viewer.session.example_review import example_review, truth_beside
from viewer.session.opening import Opened, is_review, open_paths
from viewer.session.session import new_review
from viewer.session.state import Notice, Severity

if TYPE_CHECKING:
    from viewer.app.application import Application

_log = logging.getLogger(__name__)

_UNEXPECTED = Notice(
    "The files could not be opened",
    "Caval met a problem it did not expect; the log says more (Help, About Caval).",
    Severity.ERROR,
    about="open",
)


class CaseOpener:
    """Brings images and reviews into the window."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._opening: threading.Event | None = None

    @property
    def is_opening(self) -> bool:
        """Whether headers are being read."""
        return self._opening is not None

    def cancel(self) -> None:
        """Give up what is being opened."""
        if self._opening is not None:
            self._opening.set()

    def open(self, wanted: Iterable[Path], *, add: bool = False) -> None:
        """Open paths in place of the case, or add them to it, on a worker."""
        if self._opening is not None:
            self._opening.set()
        cancelled = threading.Event()
        self._opening = cancelled
        todo = list(wanted)
        reader = self._app.session.reader
        self._app.window.status.set_busy("Reading headers…")

        def progress(done: int, total: int) -> None:
            text = f"Reading headers {done} of {total}"
            self._app.main_thread.post(lambda: self._app.window.status.set_busy(text))

        def work() -> None:
            try:
                opened = open_paths(
                    todo, self._app.library, reader, progress=progress, cancelled=cancelled.is_set
                )
            except Exception:  # noqa: BLE001 - told, logged; else it would read for ever
                _log.exception("opening failed")
                opened = Opened(notices=(_UNEXPECTED,))
            self._app.main_thread.post(lambda: self._take(opened, todo, add, cancelled))

        threading.Thread(target=work, name="open", daemon=True).start()

    def _take(
        self, opened: Opened, wanted: list[Path], add: bool, cancelled: threading.Event
    ) -> None:
        if cancelled.is_set() or self._app.closed:
            return
        self._opening = None
        self._app.window.status.set_busy("")
        session = self._app.session
        if opened.image_sets or opened.review is not None:
            if add and self._has_case:
                session.add_images(opened.image_sets, opened.skipped)
            else:
                self._start_case(opened)
            self._app.settings = self._app.settings.with_recent(wanted[0])
            self._app.save_settings()
        else:
            self._say_nothing_found(opened, wanted)
        for notice in opened.notices:
            session.noticed.emit(notice)
        if self._app.on_opened is not None:
            self._app.on_opened()

    def _say_nothing_found(self, opened: Opened, wanted: list[Path]) -> None:
        """Nothing could be shown; say why, and leave what is open as it is."""
        if opened.notices:
            return
        name = wanted[0].name if len(wanted) == 1 else f"{len(wanted)} paths"
        reason = opened.skipped[0].reason if opened.skipped else "there is no file in it"
        self._app.session.notify(
            f"Nothing to review in {name}", f"{reason}.", Severity.ERROR, about="open"
        )

    def _start_case(self, opened: Opened) -> None:
        case = Case().with_sets(*opened.image_sets, skipped=opened.skipped)
        self._app.reviews.end()
        example = None if opened.review else self._example(case)
        self._app.session.open_case(case, opened.review or example)
        self._app.reviews.begin(opened.review_path)
        if example is not None and example.segments:
            self._app.session.segments.jump_to(example.segments[0].id)
        self._app.reviews.refresh_start_page()
        if opened.review is not None and not case.image_sets:
            self._app.window.show_case()
        held = len(case.held)
        if held:
            self._app.session.notify(
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
        return example_review(new_review(self._app.session.reader), truth, case.image_sets)

    def open_or_add(self, wanted: list[Path]) -> None:
        """Drop: a review opens; images are added to the open case, else open."""
        review = any(is_review(path) for path in wanted)
        self.open(wanted, add=self._has_case and not review)

    @property
    def _has_case(self) -> bool:
        """Whether something is open that images can be added to: also a review without its own."""
        return bool(self._app.session.case.image_sets or self._app.session.review.images)

    def open_held(self) -> None:
        """Make a new case of the images that were held."""
        held = self._app.session.case.held
        self._start_case(Opened(held))

    def accept_held(self) -> None:
        """Take held images in once the reader gives a reason; that there was one is logged."""
        reason = self._app.dialogs.ask_reason()
        if not reason:
            return
        _log.warning("%d held series added by the reader", len(self._app.session.case.held))
        self._app.session.accept_held()
        self._app.session.notify(f"Held series were added. Reason: {reason}", about="held")

    def open_demo(self, name: str) -> None:
        """Open a built-in case; it is written on first use."""
        self._app.window.status.set_busy("Writing the built-in case…")

        def work() -> None:
            from viewer.phantom.built_in import built_in_case

            try:
                folder = built_in_case(name, self._say_progress)
            except ViewerError as error:
                failed = error
                self._app.main_thread.post(lambda: self._demo_failed(failed))
                return
            images = sorted(folder.glob("*.dcm"))
            self._app.main_thread.post(lambda: self.open(images))

        threading.Thread(target=work, name="demo", daemon=True).start()

    def _demo_failed(self, error: ViewerError) -> None:
        self._app.window.status.set_busy("")
        self._app.complain(error, "open")

    def _say_progress(self, done: float, text: str) -> None:
        words = f"Writing the built-in case, {100 * done:.0f} %: {text}"
        self._app.main_thread.post(lambda: self._app.window.status.set_busy(words))

    def go_home(self) -> None:
        """Close the case and show the start page."""
        self._app.reviews.end()
        self._app.session.open_case(Case(), None)
        self._app.reviews.refresh_start_page()

    def ask_files(self) -> None:
        """Ask for files and open them."""
        chosen = self._app.dialogs.ask_files()
        if chosen:
            self.open(chosen)

    def ask_folder(self) -> None:
        """Ask for a folder and open it."""
        chosen = self._app.dialogs.ask_folder()
        if chosen:
            self.open([chosen])

    def ask_more(self) -> None:
        """Ask for files and add them to the case."""
        chosen = self._app.dialogs.ask_files()
        if chosen:
            self.open_or_add(chosen)
