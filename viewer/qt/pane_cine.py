"""Playing the frames of a pane: by the clock, at other speeds, round a loop, forth and back."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from viewer.errors import ViewerError
from viewer.model.study import FrameTiming, ImageSet
from viewer.qt.cine_bar import CineBar
from viewer.session.cine_clock import CineClock
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.state import Severity


class CinePane(QWidget):
    """A pane whose frames can be played.

    Subclasses say which image set and frame they show, how to move to another frame, and put the
    cine bar where it belongs.
    """

    rate_asked = Signal(str)

    what = ""
    cine: CineBar

    def __init__(
        self, session: Session, loader: FrameLoader, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._loader = loader
        self._item: ImageSet | None = None
        self._clock: CineClock | None = None
        self._clock_key: tuple[object, ...] = ()
        self._travel = (0, 0)
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    # -- subclass says ------------------------------------------------------------------------
    def current_item(self) -> ImageSet | None:
        """The image set this pane shows."""
        raise NotImplementedError

    def current_frame(self) -> int:
        """The 0-based frame it shows."""
        raise NotImplementedError

    def go_to(self, frame: int) -> None:
        """Ask the session for another frame."""
        raise NotImplementedError

    # -- the clock ----------------------------------------------------------------------------
    def _timing_key(self, item: ImageSet) -> tuple[object, ...]:
        timing = self._session.timing(item)
        return (item.uid, timing.times_s)

    def _clock_for(self, item: ImageSet) -> CineClock:
        key = self._timing_key(item)
        if self._clock is None or key != self._clock_key:
            loop = self._clock.loop if self._clock and self._clock_key[:1] == key[:1] else None
            speed = self._clock.speed if self._clock else 1.0
            sweep = self._clock.sweep if self._clock and loop is not None else item.sweep
            times_s = self._session.timing(item).times_s
            self._clock = CineClock(times_s, item.frames, trim=item.trim, sweep=sweep)
            self._clock.speed = speed
            if loop is not None:
                self._clock.set_loop(*loop)
            self._clock_key = key
        return self._clock

    def _show_rate(self) -> None:
        item = self._item
        if item is None:
            return
        clock = self._clock_for(item)
        whole = clock.home_loop == (0, item.frames - 1)
        self.cine.set_way(clock.sweep, None if whole else clock.home_loop)
        self._show_loop()
        rate_hz = clock.rate_hz
        if rate_hz is None:
            self.cine.set_rate_text("rate unknown" if item.frames > 1 else "1 frame")
            return
        shown = clock.measured_rate_hz(time.monotonic()) if clock.playing else rate_hz
        text = f"{shown if shown is not None else rate_hz:.3g} fps"
        if clock.speed != 1.0:
            text += f" · {clock.speed:g}×"
        if clock.sweep:
            text += " · sweep"
        if clock.skipped:
            text += f" · {clock.skipped} skipped"
        self.cine.set_rate_text(text)

    @property
    def playing(self) -> bool:
        """Whether the pane plays."""
        return self._clock is not None and self._clock.playing

    @property
    def skipped(self) -> int:
        """Frames that were due and not shown since playing began."""
        return self._clock.skipped if self._clock is not None else 0

    def toggle_play(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Play at the frames' own times; asks for a rate when the header has none."""
        item = self._item
        if item is None or item.frames < 2:
            return
        clock = self._clock_for(item)
        try:
            frame = clock.start(time.monotonic(), self.current_frame())
        except ViewerError as error:
            self._session.notify(error.what, error.hint, Severity.WARNING, about="rate")
            before = self._session.timing(item)
            self._ask_rate()
            if self._session.timing(item) not in (before, FrameTiming()):
                self.play()
            return
        self._travel = (0, 0)
        self._look_ahead(clock)
        self.cine.set_playing(True)
        self.go_to(frame)
        self._timer.start(0)

    def pause(self) -> None:
        """Stop playing."""
        self._timer.stop()
        if self._clock is None or not self._clock.playing:
            return
        self._clock.pause()
        self._stand()
        self.cine.set_playing(False)
        self._show_rate()

    def _tick(self) -> None:
        clock = self._clock
        if clock is None or not clock.playing:
            return
        frame = clock.tick(time.monotonic())
        if frame is not None:
            self._look_ahead(clock)
            self.go_to(frame)
            if frame % 5 == 0:
                self._show_rate()
        now_s = time.monotonic()
        due_s = clock.next_due_s(now_s)
        if due_s is not None:
            self._timer.start(max(1, int(1000 * (due_s - now_s))))

    def _frame_is_shown(self) -> None:
        """The frame that was due is on screen."""
        if self._clock is not None and self._clock.playing:
            self._clock.frame_shown(time.monotonic())

    def _look_around(self) -> None:
        """Have the frames around made ready, once both panes have asked for the one they show."""
        if self._item is not None and not self.playing:
            self._stand()

    def _stand(self) -> None:
        """Have the frames on both sides made ready: the loop's, or all where none is marked."""
        item, clock = self._item, self._clock
        if item is not None:
            marked = clock is not None and self.loops_part and self._clock_key[:1] == (item.uid,)
            loop = clock.loop if clock is not None and marked else (0, item.frames - 1)
            self._loader.set_travel(self.what, item, *loop, 0)

    def _look_ahead(self, clock: CineClock) -> None:
        """Have the frames ahead made ready, the way and as fast as they run now."""
        travel = (clock.travel, clock.stride(time.monotonic()))
        if travel != self._travel and self._item is not None:
            self._travel = travel
            self._loader.set_travel(self.what, self._item, *clock.loop, *travel)

    def set_speed(self, speed: float) -> None:
        """Play faster or slower than it was taken."""
        if self._item is not None:
            self._clock_for(self._item).speed = speed
            self._show_rate()

    def set_loop(self, first: int, last: int) -> None:
        """Play only these frames."""
        if self._item is not None:
            clock = self._clock_for(self._item)
            clock.set_loop(first, last)
            self._show_loop()
            if clock.playing:
                self._travel = (0, 0)
                self._look_ahead(clock)
            else:
                self._stand()

    def mark_loop(self, *, start: bool) -> None:
        """The loop starts, or ends, at the frame that is shown; its other end stays if it can."""
        if self._item is None:
            return
        frame, clock = self.current_frame(), self._clock_for(self._item)
        first, last = clock.loop
        home_first, home_last = clock.home_loop
        if start:
            self.set_loop(frame, last if last > frame else max(home_last, frame))
        else:
            self.set_loop(first if first < frame else min(home_first, frame), frame)

    def _show_loop(self) -> None:
        clock = self._clock
        self.cine.scrubber.set_loop(clock.loop if clock is not None and self.loops_part else None)

    def end_loop(self) -> None:
        """Play all frames again, or those between the file's own trims."""
        if self._item is not None:
            self.set_loop(*self._clock_for(self._item).home_loop)

    @property
    def loop_frames(self) -> tuple[int, int]:
        """First and last 0-based frame that playing goes round."""
        return self._clock_for(self._item).loop if self._item is not None else (0, 0)

    @property
    def loops_part(self) -> bool:
        """Whether only a part is played of what the file wants played."""
        clock = self._clock
        return self._item is not None and clock is not None and clock.loop != clock.home_loop

    @property
    def sweeps(self) -> bool:
        """Whether it plays forth and back."""
        return self._item is not None and self._clock_for(self._item).sweep

    def set_sweep(self, on: bool) -> None:
        """Play forth and back, or round and round."""
        if self._item is not None:
            self._clock_for(self._item).sweep = on
            self._show_rate()

    def step(self, frames: int) -> None:
        """Go on or back by frames; a step pauses."""
        self.pause()
        self.go_to(self.current_frame() + frames)

    def _ask_rate(self) -> None:
        if self._item is not None:
            self.rate_asked.emit(self._item.uid)
