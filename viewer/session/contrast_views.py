"""How a run shows its contrast: less its mask, its darkest values at once, or times in colour.

Nothing here is part of the review; the parts that look for masks and follow contrast are made
when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.model.study import Run, Window
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.state import Severity, Tool

if TYPE_CHECKING:
    from viewer.session.opacification import Made, Opacifications, Wanted
    from viewer.session.subtraction import Dsa, Subtractions

Legend = tuple[tuple[float, tuple[int, int, int]], ...]
"""Times, s after the first frame, and their RGB colours."""


class Peak(StrEnum):
    """What stands in for the frames of a run."""

    OFF = "frames"
    DARKEST = "peak opacification"
    TIMES = "time to peak"


class ContrastViews:
    """Subtraction and opacification of the runs one window shows.

    Parameters
    ----------
    session : Session
    loader : FrameLoader
        On whose workers masks and peaks are made.

    Attributes
    ----------
    changed : Signal(str)
        A run's uid: its picture, or what is told beside it, is another.
    """

    changed = Signal(str)

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        self._session, self._loader = session, loader
        self._made_parts = False
        self._peaks: dict[str, Peak] = {}
        self._drawn: tuple[object, NDArray[np.uint8], Legend] | None = None
        self._shifting = ""
        session.case_changed.connect(self._on_case)
        session.cursor_changed.connect(self._on_cursor)
        session.tool_changed.connect(self._on_tool)

    # -- the parts ----------------------------------------------------------------------------
    @cached_property
    def subtractions(self) -> Subtractions:
        """Settings and masks of each run."""
        from viewer.session.subtraction import Subtractions

        self._made_parts = True
        made = Subtractions(self._loader)
        made.changed.connect(self._on_part)
        return made

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
        self.changed.emit(uid)

    def _on_case(self) -> None:
        """Runs that are gone leave nothing behind."""
        if not self._made_parts:
            return
        runs = {run.uid for run in self._session.case.runs}
        for uid in (self.subtractions.uids | set(self._peaks)) - runs:
            self.subtractions.drop(uid)
            self.opacifications.forget(uid)
            self._peaks.pop(uid, None)
            self.changed.emit(uid)

    def _on_cursor(self, *_: object) -> None:
        if self._shifting and self._shifting != self._session.cursor.run_uid:
            self.end_shifting()
        run = self._session.run
        if run is not None:
            self._order_peak(run)

    def _on_tool(self, tool: Tool) -> None:
        if tool is not Tool.SELECT:
            self.end_shifting()

    # -- subtraction --------------------------------------------------------------------------
    def dsa(self, run: Run) -> Dsa | None:
        """The settings of a run that is subtracted, else None."""
        if not self._made_parts:
            return None
        dsa = self.subtractions.of(run.uid)
        return dsa if dsa.on else None

    def toggle_subtraction(self, run: Run) -> None:
        """Frames less their mask, or frames as they were taken."""
        self.subtractions.toggle(run)
        if self.dsa(run) is None:
            self.end_shifting()

    def take_over(self, other: ContrastViews) -> None:
        """Subtract runs as they are subtracted elsewhere."""
        for run in self._session.case.runs:
            dsa = other.dsa(run)
            if dsa is not None:
                window = other.subtractions.window(run)
                self.subtractions.take_over(run, replace(dsa, window=window))

    def mask_text(self, run: Run, frame: int) -> str:
        """The mask frames in force, as people read them: "1–7"; "" until they are known."""
        if self.dsa(run) is None:
            return ""
        return frames_text(self.subtractions.mask_frames(run, frame))

    def window_text(self, run: Run) -> str:
        """The window of the difference with its unit; "" until there is one."""
        window = self.subtractions.window(run) if self.dsa(run) is not None else None
        if window is None:
            return ""
        if self._by_logarithm(run):
            return f"W {window.width:.2f} L {window.center:.2f} ln".replace("-", "−")
        return f"W {window.width:.0f} L {window.center:.0f} grey".replace("-", "−")

    def _by_logarithm(self, run: Run) -> bool:
        from viewer.imaging.log_domain import LogDomain

        return LogDomain.of(run.pixels).logarithm

    def shift_text(self, run: Run, frame: int) -> str:
        """How far the mask is moved, e.g. "+0.4, −0.2 px"."""
        x_px, y_px = self.subtractions.shift(run, frame)
        words = (f"{value:+.1f}" if abs(value) >= 0.05 else "0.0" for value in (x_px, y_px))
        return f"{', '.join(words)} px".replace("-", "−")

    # -- pixel shift --------------------------------------------------------------------------
    @property
    def shifting(self) -> bool:
        """Whether arrow keys move the mask."""
        return bool(self._shifting)

    def toggle_shifting(self, run: Run) -> None:
        """Let arrow keys move the mask of a run, or step frames again; subtracts it if need be."""
        if self._shifting:
            self.end_shifting()
            return
        if self.dsa(run) is None:
            self.toggle_subtraction(run)
        if self.dsa(run) is None:
            return
        self._session.arm(Tool.SELECT)
        self._shifting = run.uid
        self.changed.emit(run.uid)

    def end_shifting(self) -> None:
        """Arrow keys step frames again."""
        uid, self._shifting = self._shifting, ""
        if uid:
            self.changed.emit(uid)

    def reset_shift(self, run: Run) -> None:
        """Lay the mask where it was taken."""
        from viewer.session.subtraction import ShiftMode

        if self.dsa(run) is not None:
            self.subtractions.reset_shift(run, ShiftMode.NONE)

    # -- window -------------------------------------------------------------------------------
    def adjust_window(self, run: Run, center_by: float, width_by: float) -> bool:
        """A drag on the picture; False when it is not the difference that is windowed."""
        if self.dsa(run) is None or self.subtractions.window(run) is None:
            return False
        self.subtractions.adjust_window(run, center_by, width_by)
        return True

    def set_window(self, run: Run, window: Window | None) -> None:
        """Window of what is shown: of the difference, or of the run."""
        if self.dsa(run) is not None:
            self.subtractions.set_window(run, window)
        else:
            self._session.set_window(run, window)

    def toggle_inverted(self, run: Run) -> None:
        """Swap black and white of what is shown."""
        if self.dsa(run) is not None:
            self.subtractions.toggle_inverted(run)
        else:
            self._session.displays.toggle_inverted(run)

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
        if peak is Peak.OFF:
            self.opacifications.cancel()
        else:
            self._order_peak(run)
        self.changed.emit(run.uid)

    def _wanted(self, run: Run) -> Wanted | None:
        """What is to be made; None while its mask is looked for."""
        subtracted = self.dsa(run) is not None
        masks = self.subtractions.mask_frames(run, 0) if subtracted else ()
        if subtracted and not masks and not self.subtractions.problem(run):
            return None
        return self.opacifications.wanted(run, mask_frames=masks, subtracted=subtracted)

    def _order_peak(self, run: Run) -> None:
        if self.peak(run) is Peak.OFF:
            return
        wanted = self._wanted(run)
        making = self.opacifications.making
        failed = making is not None and making.wanted == wanted and making.error is not None
        if wanted is not None and not failed:
            self.opacifications.make(run, wanted)

    def _made(self, run: Run) -> Made | None:
        wanted = self._wanted(run) if self.peak(run) is not Peak.OFF else None
        return self.opacifications.result(wanted) if wanted is not None else None

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
        return (*seen, parts.is_ready(run, frame), parts.shift(run, frame), parts.window(run))

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


def frames_text(frames: tuple[int, ...]) -> str:
    """0-based frames as people read them: 1-based, a stretch as "1–7"."""
    if len(frames) > 1 and frames[-1] - frames[0] == len(frames) - 1:
        return f"{frames[0] + 1}–{frames[-1] + 1}"
    return ", ".join(str(index + 1) for index in frames)
