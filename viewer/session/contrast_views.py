"""How a run shows its contrast: less its mask, its darkest values at once, or times in colour.

How a run is subtracted is kept in the review, the rest is not; the parts that look for
masks and follow contrast are made when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewer.model.study import Run
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.state import Severity, Tool
from viewer.session.subtracted_views import SubtractedViews

if TYPE_CHECKING:
    from viewer.session.contrast_following import Differences, Made, Wanted
    from viewer.session.opacification import Making, Opacifications

Legend = tuple[tuple[float, tuple[int, int, int]], ...]
"""Times, s after the first frame, and their RGB colours."""


class Peak(StrEnum):
    """What stands in for the frames of a run."""

    OFF = "frames"
    DARKEST = "peak opacification"
    TIMES = "time to peak"


class ContrastViews(SubtractedViews):
    """Subtraction and opacification of the runs one window shows.

    Parameters
    ----------
    session : Session
    loader : FrameLoader
        On whose workers masks and peaks are made.

    """

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        super().__init__(session, loader)
        self._peaks: dict[str, Peak] = {}
        self._ranges: dict[str, tuple[int, int]] = {}
        self._followed: set[str] = set()
        self._drawn: tuple[object, NDArray[np.uint8], Legend] | None = None
        self._last_run = ""
        session.case_changed.connect(self._on_case)
        session.review_changed.connect(self._on_review)
        session.cursor_changed.connect(self._on_cursor)
        session.tool_changed.connect(self._on_tool)
        self._on_review(session.review)

    # -- the parts ----------------------------------------------------------------------------
    @cached_property
    def opacifications(self) -> Opacifications:
        """Peaks that were made or are being made."""
        from viewer.session.opacification import Opacifications

        self._made_parts = True
        made = Opacifications(self._loader, self._session.timing)
        made.changed.connect(self._on_part)
        return made

    def _on_part(self, uid: str) -> None:
        run = self._session.case.run(uid)
        if run is not None and run == self._session.run:
            self._order_peak(run)
        super()._on_part(uid)

    def _on_case(self) -> None:
        """Runs that are gone leave nothing behind."""
        if not self._made_parts:
            return
        runs = {run.uid for run in self._session.case.runs}
        for uid in (self.subtractions.uids | set(self._peaks) | self._followed) - runs:
            self.subtractions.drop(uid)
            self.opacifications.forget(uid)
            self._peaks.pop(uid, None)
            self._ranges.pop(uid, None)
            self._followed.discard(uid)
            self.changed.emit(uid)

    def _on_cursor(self, *_: object) -> None:
        if self._shifting and self._shifting != self._session.cursor.run_uid:
            self.end_shifting()
        run = self._session.run
        if run is not None and run.uid != self._last_run:
            self._last_run = run.uid
            self._order_peak(run)

    def _on_tool(self, tool: Tool) -> None:
        if tool is not Tool.SELECT:
            self.end_shifting()

    # -- peak ---------------------------------------------------------------------------------
    def peak(self, run: Run) -> Peak:
        """What stands in for a run's frames."""
        return self._peaks.get(run.uid, Peak.OFF)

    def show_peak(self, run: Run, peak: Peak, ask_rate: Callable[[], object]) -> None:
        """Show the peak of a run, times in colour, or its frames.

        `ask_rate` asks for a frame rate when times are wanted and the header has none.
        """
        if peak is Peak.TIMES and self._session.timing(run).times_s is None:
            text = "The header does not say how fast these frames were taken"
            hint = "Give a rate in frames per second."
            self._session.notify(text, hint, Severity.WARNING, about="rate")
            ask_rate()
            if self._session.timing(run).times_s is None:
                return
        if peak is self.peak(run):
            return
        self._peaks[run.uid] = peak
        if peak is Peak.OFF and run.uid not in self._followed:
            self.opacifications.cancel()
        else:
            self._order_peak(run)
        self.changed.emit(run.uid)

    def frame_range(self, run: Run) -> tuple[int, int]:
        """First and last 0-based frame that peak and contrast over time take, both included."""
        return self._ranges.get(run.uid, (0, run.frames - 1))

    def set_range(self, run: Run, first: int | None = None, last: int | None = None) -> None:
        """Follow contrast from `first` to `last` (0-based); None is the run's own end."""
        low = min(max(first or 0, 0), run.frames - 1)
        high = run.frames - 1 if last is None else min(max(last, low), run.frames - 1)
        if (low, high) == self.frame_range(run):
            return
        self._ranges[run.uid] = (low, high)
        self._order_peak(run)
        self.changed.emit(run.uid)

    def _wanted(self, run: Run) -> tuple[Wanted, Differences | None] | None:
        """What is to be made, and what subtracts its frames; None while masks are being made."""
        first, last = self.frame_range(run)
        if self.dsa(run) is None or self.subtractions.by_intervals(run):
            return self.opacifications.wanted(run, first, last), None
        parts, frames = self.subtractions, range(first, last + 1)
        if parts.problem(run) and not parts.mask_frames(run, first):
            return self.opacifications.wanted(run, first, last, subtracted=True), None
        ready = all(parts.is_ready(run, index) for index in frames)
        if not ready or parts.is_working(run):
            return None
        from viewer.session.contrast_following import Differences

        works = {i: (parts.work(run, i), parts.shift(run, i)) for i in frames}
        given = Differences({i: (w, s) for i, (w, s) in works.items() if w is not None})
        masks = parts.mask_frames(run, first)
        laid = tuple((parts.mask_frames(run, i), shift) for i, (_, shift) in works.items())
        return self.opacifications.wanted(run, first, last, masks, True, laid), given

    def _order_peak(self, run: Run) -> None:
        if self.peak(run) is not Peak.OFF or run.uid in self._followed:
            self._follow(run)

    def follow(self, run: Run) -> Made | None:
        """Have contrast followed through a run as it is shown; what is there is returned.

        It is followed anew when the range, the masks or their shifts change, until `unfollow`.
        """
        self._followed.add(run.uid)
        return self._follow(run)

    def _follow(self, run: Run) -> Made | None:
        asked = self._wanted(run)
        making = self.opacifications.making
        if asked is None:
            return None
        if making is not None and making.wanted == asked[0] and making.error is not None:
            return None
        return self.opacifications.make(run, *asked)

    def follow_once(self, run: Run) -> None:
        """Have contrast followed through a run, unless something else is under way."""
        if self.making is None:
            self._follow(run)

    @property
    def making(self) -> Making | None:
        """What is being made, or failed last."""
        return self.opacifications.making if self._made_parts else None

    def unfollow(self, run_uid: str) -> None:
        """Let contrast be followed no more; what was made stays."""
        self._followed.discard(run_uid)

    def _made(self, run: Run) -> Made | None:
        return self.followed(run) if self.peak(run) is not Peak.OFF else None

    def followed(self, run: Run) -> Made | None:
        """What was found of a run as it is shown, None until then."""
        asked = self._wanted(run)
        return self.opacifications.result(asked[0]) if asked is not None else None

    def run_curve(self, run: Run) -> tuple[tuple[int, ...], NDArray[np.float64]] | None:
        """Frames and density of the whole run, once contrast was followed through it."""
        made = self.opacifications.latest(run.uid) if self._made_parts else None
        return (made.found.frames, made.found.run_density) if made is not None else None

    def peak_text(self, run: Run) -> str:
        """Which picture stands in for the frames, "" when none does."""
        made = self._made(run)
        if made is None:
            return ""
        first, last = made.wanted.first + 1, made.wanted.last + 1
        name = "Time to peak" if self.peak(run) is Peak.TIMES else "Peak opacification"
        return f"{name} · frames {first}–{last}"

    def legend(self, run: Run) -> Legend:
        """Times and colours of the picture that is shown; empty when it has none."""
        if self.peak(run) is not Peak.TIMES or self._made(run) is None or self._drawn is None:
            return ()
        return self._drawn[2]

    # -- what is told and drawn ---------------------------------------------------------------
    def note(self, run: Run) -> str:
        """What is under way or went wrong, a line; "" when all is well."""
        if not self._made_parts:
            return ""
        if self.peak(run) is not Peak.OFF and self._made(run) is None:
            making = self.opacifications.making
            if making is not None and making.wanted.run_uid == run.uid:
                if making.error is not None:
                    return f"No peak: {making.error}"
                return f"Peak {100 * making.done:.0f} %"
        if self.dsa(run) is None:
            return ""
        problem = self.subtractions.problem(run)
        working = self.subtractions.is_working(run)
        return problem or (self.subtractions.status(run) if working else "")

    def is_busy(self, run: Run) -> bool:
        """Whether what is shown is not yet what was asked for."""
        if not self._made_parts:
            return False
        if self.dsa(run) is not None and self.subtractions.is_working(run):
            return True
        making = self.opacifications.making
        waits = self.peak(run) is not Peak.OFF and self._made(run) is None
        mine = making is not None and making.wanted.run_uid == run.uid and making.error is None
        return waits and mine

    def look(self, run: Run, frame: int) -> tuple[object, ...]:
        """Equal looks draw equal pictures of a frame."""
        if not self._made_parts:
            return ()
        dsa, parts = self.dsa(run), self.subtractions
        times = self._session.timing(run).times_s if self.peak(run) is Peak.TIMES else None
        seen: tuple[object, ...] = (self.peak(run), self._made(run) is not None, times, dsa)
        if dsa is None:
            return seen
        return (*seen, *parts.state(run, frame))

    def render(self, run: Run, index: int, pixels: NDArray[Any]) -> NDArray[np.uint8] | None:
        """What is shown in place of a frame, uint8 grey or RGB; None shows the frame itself."""
        if not self._made_parts:
            return None
        made = self._made(run)
        if made is not None:
            return self._peak_picture(run, made).copy()
        if self.dsa(run) is None:
            return None
        return self.subtractions.render(run, index, pixels)

    def _peak_picture(self, run: Run, made: Made) -> NDArray[np.uint8]:
        from viewer.session.opacification import peak_picture, time_picture_of

        session, peak, dsa = self._session, self.peak(run), self.dsa(run)
        times = session.timing(run).times_s
        window = self.subtractions.window(run) if dsa is not None else None
        display = session.displays.of(run.uid)
        key = (made.wanted, peak, window, display, times, dsa is not None and dsa.inverted)
        if self._drawn is not None and self._drawn[0] == key:
            return self._drawn[1]
        grey = peak_picture(session.displays, run, made, window)
        if dsa is not None and dsa.inverted != display.inverted:
            grey = np.invert(grey)
        legend: Legend = ()
        found = self.opacifications.time_to_peak(run, made) if peak is Peak.TIMES else None
        if found is not None:
            grey, legend = time_picture_of(found, grey)
        self._drawn = (key, grey, legend)
        return grey
