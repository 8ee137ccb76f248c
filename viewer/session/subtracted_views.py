"""How runs are subtracted in one window: mask, pixel shift and window, kept in the review."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from psygnal import Signal

from viewer.model.review import Review
from viewer.model.study import Run, Window
from viewer.model.subtraction import HeaderMask, MaskOperation, RunSubtraction
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.state import Tool

if TYPE_CHECKING:
    from viewer.session.subtraction import Dsa, Subtractions


class SubtractedViews:
    """Subtraction of the runs one window shows.

    Parameters
    ----------
    session : Session
    loader : FrameLoader
        On whose workers masks are made.

    Attributes
    ----------
    changed : Signal(str)
        A run's uid: its picture, or what is told beside it, is another.
    """

    changed = Signal(str)

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        self._session, self._loader = session, loader
        self._made_parts = False
        self._shifting = ""
        self._moving = ""
        self._known: tuple[RunSubtraction, ...] = ()

    @cached_property
    def subtractions(self) -> Subtractions:
        """Settings and masks of each run."""
        from viewer.session.subtraction import Subtractions

        self._made_parts = True
        made = Subtractions(self._loader)
        made.changed.connect(self._on_part)
        made.edited.connect(self._on_edit)
        return made

    def _on_part(self, uid: str) -> None:
        self.changed.emit(uid)

    def _on_edit(self, uid: str, label: str) -> None:
        """Keep in the review how a run is subtracted; what is only looked at is no step."""
        from viewer.session.subtraction import MOVE

        session = self._session
        review = session.review.with_subtraction(self.subtractions.of(uid).kept(uid))
        self._known = review.subtractions
        moves = uid if label == MOVE else ""
        if not label:
            session.look_at(review)
        elif moves and moves == self._moving:
            session.edit_on(label, review)
        else:
            session.edit(label, review)
        self._moving = moves or (self._moving if not label else "")

    def _on_review(self, review: Review) -> None:
        """Subtract runs as the review says: it was opened, or a step was taken back."""
        if review.subtractions == self._known:
            return
        before, self._known = self._known, review.subtractions
        from viewer.session.subtraction import Dsa

        for uid in {kept.image_uid for kept in (*before, *review.subtractions)}:
            run, kept = self._session.case.run(uid), review.subtraction_of(uid)
            if run is None:
                continue
            trace = self.subtractions.of(uid).view_trace
            wanted = Dsa() if kept is None else Dsa.from_kept(kept, trace)
            self.subtractions.take_over(run, wanted)

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

    def take_over(self, other: SubtractedViews) -> None:
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
        return px_text(self.subtractions.shift(run, frame))

    def settings_text(self, run: Run) -> str:
        """What else is done to the difference: "local · 25 % anatomy · edges 30 %"."""
        from viewer.session.subtraction import ShiftMode

        dsa = self.subtractions.of(run.uid)
        words = ["place by place"] if dsa.shift_mode is ShiftMode.LOCAL else []
        words += [f"{100 * dsa.landmarking:.0f} % anatomy"] if dsa.landmarking else []
        words += [f"edges {100 * dsa.edges:.0f} %"] if dsa.edges else []
        return " · ".join(words)

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
        uid, self._shifting, self._moving = self._shifting, "", ""
        if uid:
            self.changed.emit(uid)

    def reset_shift(self, run: Run) -> None:
        """Lay the mask where it was taken."""
        from viewer.session.subtraction import ShiftMode

        if self.dsa(run) is not None:
            self.subtractions.reset_shift(run, ShiftMode.HEADER)

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


def frames_text(frames: tuple[int, ...]) -> str:
    """0-based frames as people read them: 1-based, a stretch as "1–7"."""
    if len(frames) > 1 and frames[-1] - frames[0] == len(frames) - 1:
        return f"{frames[0] + 1}–{frames[-1] + 1}"
    return ", ".join(str(index + 1) for index in frames)


def px_text(shift_px: tuple[float, float]) -> str:
    """A shift to the right and down as people read it: "+0.4, −0.2 px"."""
    words = (f"{value:+.1f}" if abs(value) >= 0.05 else "0.0" for value in shift_px)
    return f"{', '.join(words)} px".replace("-", "−")


def header_text(run: Run) -> str:
    """The masks a header names: "1–7", "1–3 and 2 more", "previous frame"; "" for none."""
    if not run.masks:
        return frames_text(run.mask_frames)
    first = run.masks[0]
    words = frames_text(first.frames) if first.frames else _interval_text(first)
    more = len(run.masks) - 1
    return f"{words} and {more} more" if more else words


def _interval_text(mask: HeaderMask) -> str:
    if mask.operation is MaskOperation.REVERSED_INTERVAL:
        return "frames before, in reverse"
    count = abs(mask.tid_offset)
    where = "earlier" if mask.tid_offset > 0 else "later"
    return f"{count} frame{'s' if count > 1 else ''} {where}"
