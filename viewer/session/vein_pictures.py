"""The picture each run's veins are traced on, made in the background and kept for a few runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.errors import UnreadableError
from viewer.imaging.vein_picture import VeinPicture, peak_shows_veins
from viewer.imaging.vein_trace import VeinTracer
from viewer.model.study import Run
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

if TYPE_CHECKING:
    from viewer.session.contrast_following import Made
    from viewer.session.contrast_views import ContrastViews
    from viewer.session.session import Session

KEPT = 3
"""Runs whose picture is kept: 5 MB each."""


@dataclass(frozen=True, slots=True)
class NoPicture:
    """Why a run has no picture to trace on."""

    why: str


class VeinPictures:
    """Makes pictures: from a run's peak opacification, or from one frame where it has none.

    Parameters
    ----------
    contrast : ContrastViews
        Whose opacifications are shared: nothing is followed twice.
    ready : callable
        Called on the main thread with a run's uid when its picture came, or none can.
    """

    def __init__(
        self,
        session: Session,
        loader: FrameLoader,
        contrast: ContrastViews,
        ready: Callable[[str], None],
    ) -> None:
        self._session, self._loader, self._contrast = session, loader, contrast
        self._ready = ready
        self._made: OrderedDict[str, VeinTracer | NoPicture] = OrderedDict()
        self._wanted: Run | None = None
        self._under_way = ""
        contrast.changed.connect(self._on_contrast)
        session.case_changed.connect(self._on_case)

    def get(self, run: Run) -> VeinTracer | NoPicture | None:
        """The run's tracer, or why it has none; None until it is known."""
        return self._made.get(run.uid)

    def want(self, run: Run) -> None:
        """Have a run's picture made, unless it is there or under way."""
        if run.uid in self._made or self._under_way == run.uid:
            return
        self._wanted = run
        self._go_on()

    def _on_case(self) -> None:
        """Runs that are gone leave nothing behind; what was under way for them never comes."""
        uids = {run.uid for run in self._session.case.runs}
        if self._under_way not in uids:
            self._under_way = ""
        for uid in set(self._made) - uids:
            del self._made[uid]
        if self._wanted is not None and self._wanted.uid not in uids:
            self._wanted = None

    def _on_contrast(self, _uid: str) -> None:
        if self._wanted is not None:
            self._go_on()

    def _go_on(self) -> None:
        """Take the next step towards the picture that is wanted."""
        run = self._wanted
        if run is None or self._under_way:
            return
        if run.pixels.samples != 1:
            self._settle(run, NoPicture("A colour image shows no vein to trace."))
            return
        if run.frames < 2:
            self._make_from_frame(run)
            return
        peaks = self._contrast.opacifications
        wanted = peaks.wanted(run)
        made = peaks.result(wanted)
        if made is not None:
            self._make_from_peak(run, made)
            return
        making = peaks.making
        if making is not None and making.error is None:
            return  # it tells when it is done, be it this one or another
        if making is not None and making.wanted == wanted:
            self._make_from_frame(run)
            return
        made = peaks.make(run, wanted)
        if made is not None:
            self._make_from_peak(run, made)

    def _make_from_peak(self, run: Run, made: Made) -> None:
        if not peak_shows_veins(made.found):
            self._make_from_frame(run)
            return
        mm_per_px = self._session.calibration(run).mm_per_px

        def make(_: Frame) -> VeinTracer:
            return _prepared(VeinPicture.of_peak(made.found, made.scale, mm_per_px))

        self._on_worker(run, 0, make)

    def _make_from_frame(self, run: Run) -> None:
        """From the frame that is shown."""
        cursor = self._session.cursor
        frame = cursor.run_frame if cursor.run_uid == run.uid else 0
        mm_per_px = self._session.calibration(run).mm_per_px

        def make(stored: Frame) -> VeinTracer:
            return _prepared(VeinPicture.of_frame(run.pixels, stored, mm_per_px))

        self._on_worker(run, min(frame, run.frames - 1), make)

    def _on_worker(self, run: Run, frame: int, make: Callable[[Frame], VeinTracer]) -> None:
        self._under_way = run.uid
        answers: list[VeinTracer] = []
        bad: list[str] = []

        def visit(_: int, read: Frame | UnreadableError) -> None:
            if isinstance(read, UnreadableError):
                bad.append(read.what)
            else:
                answers.append(make(read))

        def finished(error: UnreadableError | None) -> None:
            self._under_way = ""
            why = error.what if error is not None else next(iter(bad), "")
            self._settle(run, answers[0] if answers else NoPicture(why))

        key = f"vein picture {run.uid}"
        self._loader.submit_background(key, run, (frame,), visit, finished=finished)

    def _settle(self, run: Run, made: VeinTracer | NoPicture) -> None:
        if self._wanted is not None and self._wanted.uid == run.uid:
            self._wanted = None
        self._made[run.uid] = made
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        self._ready(run.uid)
        self._go_on()

    def forget(self, run_uid: str) -> None:
        """Have it made anew when it is wanted next: the run's scale changed."""
        self._made.pop(run_uid, None)


def _prepared(picture: VeinPicture) -> VeinTracer:
    tracer = VeinTracer(picture)
    _ = tracer.vessels  # the costs, made here and not while somebody waits
    return tracer
