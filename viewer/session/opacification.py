"""Peak opacification, time to peak and density curves of runs, made in the background."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from viewer.errors import UnreadableError
from viewer.imaging.density_curves import DiscSampler, WashIn, wash_in
from viewer.imaging.log_domain import LogDomain
from viewer.imaging.subtraction import automatic_window
from viewer.imaging.time_colours import Rgb, legend, time_picture, time_range_s
from viewer.imaging.window import auto_window, windowed
from viewer.model.study import FrameTiming, ImageSet, Run, Window
from viewer.session.contrast_following import Differences, Following, Laid, Made, Wanted, values_of
from viewer.session.displays import Displays
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

logger = logging.getLogger(__name__)

KEPT_RESULTS = 4
"""Results remembered; one of a 1024 x 1024 run takes about 20 MB."""

BYTES_A_PIXEL = 24
"""Of a result: five maps of 4 bytes, and its mask."""


@dataclass(frozen=True, slots=True)
class Making:
    """How far it is: `done` from 0 to 1; `error` when it ended without a result."""

    wanted: Wanted
    done: float = 0.0
    error: UnreadableError | None = None


@dataclass(frozen=True)
class PointCurves:
    """Density over time at placed points, or along a centerline.

    Attributes
    ----------
    frames : tuple of int
        0-based, rising; those of the range.
    times_s : tuple of float or None
        Of these frames, s after the run's first; None when the header does not say.
    density : ndarray, float64 (frames, points)
        ln(mask / value) of linear runs, else the change in values; NaN for unreadable frames.
    unit : str
        "ln" or "values".
    """

    frames: tuple[int, ...]
    times_s: tuple[float, ...] | None
    density: npt.NDArray[np.float64]
    unit: str

    @property
    def axis(self) -> tuple[float, ...]:
        """Times in s where they are known, else 0-based frame numbers."""
        return self.times_s if self.times_s is not None else tuple(map(float, self.frames))

    @property
    def axis_unit(self) -> str:
        """What `axis` counts: "s" or "frames"."""
        return "s" if self.times_s is not None else "frames"

    def wash_ins(self) -> tuple[WashIn, ...]:
        """What each point's curve tells, in `axis_unit`."""
        return tuple(wash_in(self.axis, column) for column in self.density.T)


class Opacifications:
    """Follows contrast through runs; one run at a time, when nobody waits for a frame.

    Parameters
    ----------
    loader : FrameLoader
    timing : callable
        Frame times in force (`Session.timing`).

    Attributes
    ----------
    changed : Signal(str)
        The run's uid, on the main thread: further on, made, failed or cancelled.
    """

    changed = Signal(str)

    def __init__(self, loader: FrameLoader, timing: Callable[[ImageSet], FrameTiming]) -> None:
        self._loader, self._timing = loader, timing
        self._made: OrderedDict[Wanted, Made] = OrderedDict()
        self._making: Making | None = None
        self._work: Following | None = None

    # -- peak and times -----------------------------------------------------------------------
    def wanted(
        self,
        run: Run,
        first: int = 0,
        last: int | None = None,
        mask_frames: tuple[int, ...] = (),
        subtracted: bool = False,
        laid: Laid = (),
    ) -> Wanted:
        """A range of a run, clamped to what there is."""
        low = min(max(0, first), run.frames - 1)
        high = run.frames - 1 if last is None else min(max(low, last), run.frames - 1)
        masks = tuple(sorted({i for i in mask_frames if 0 <= i < run.frames}))
        return Wanted(run.uid, low, high, masks, subtracted, laid)

    def result(self, wanted: Wanted) -> Made | None:
        """What was made of it, None until then."""
        made = self._made.get(wanted)
        if made is not None:
            self._made.move_to_end(wanted)
        return made

    @property
    def making(self) -> Making | None:
        """What is being made, or failed last."""
        return self._making

    def latest(self, run_uid: str) -> Made | None:
        """What was made or asked for last of a run, None until something was."""
        return next((m for w, m in reversed(self._made.items()) if w.run_uid == run_uid), None)

    def make(self, run: Run, wanted: Wanted, differences: Differences | None = None) -> Made | None:
        """Have it made, in place of whatever is being made; what is there already is returned.

        Parameters
        ----------
        differences : Differences, optional
            What subtracts its frames; needed where `wanted.laid` says how.
        """
        known = self.result(wanted)
        making = self._making
        if known is not None or (making and making.wanted == wanted and making.error is None):
            return known
        self.cancel()
        self._making = Making(wanted)
        told = self._progress, self._finished
        self._work = Following(self._loader, run, wanted, told, differences)
        self._work.start()
        self.changed.emit(run.uid)
        return None

    def cancel(self) -> None:
        """Make no more; results stay."""
        work, making = self._work, self._making
        self._work = self._making = None
        if work is not None:
            work.cancel()
        if making is not None:
            self.changed.emit(making.wanted.run_uid)

    def forget(self, run_uid: str) -> None:
        """Let go of a run that was closed."""
        if self._making is not None and self._making.wanted.run_uid == run_uid:
            self.cancel()
        self._loader.cancel_background(_curves_key(run_uid))
        for wanted in [w for w in self._made if w.run_uid == run_uid]:
            del self._made[wanted]
        self._count()

    def _count(self) -> None:
        """Have what is kept counted as image memory."""
        pixels = sum(made.found.peak.size for made in self._made.values())
        self._loader.set_aside("peaks", BYTES_A_PIXEL * pixels)

    def _progress(self, work: Following, done: float) -> None:
        if work is self._work and self._making is not None:
            self._making = replace(self._making, done=done)
            self.changed.emit(self._making.wanted.run_uid)

    def _finished(self, work: Following, made: Made | UnreadableError) -> None:
        if work is not self._work or self._making is None:
            return
        self._work = None
        wanted = self._making.wanted
        if isinstance(made, UnreadableError):
            self._making = Making(wanted, 1.0, made)
        else:
            self._making = None
            self._made[wanted] = made
            while len(self._made) > KEPT_RESULTS:
                self._made.popitem(last=False)
            self._count()
        self.changed.emit(wanted.run_uid)

    # -- pictures -----------------------------------------------------------------------------
    def time_to_peak(self, run: Run, made: Made) -> npt.NDArray[np.float32] | None:
        """Time to peak, s, NaN where no contrast passes; None when frame times are unknown."""
        times_s = self._timing(run).times_s
        return None if times_s is None else made.found.time_to_peak_s(times_s)

    def arrival(self, run: Run, made: Made) -> npt.NDArray[np.float32] | None:
        """Time half of the peak is reached, s, NaN unknown; None without frame times."""
        times_s = self._timing(run).times_s
        return None if times_s is None else made.found.arrival_s(times_s)

    # -- curves -------------------------------------------------------------------------------
    def order_curves(
        self,
        run: Run,
        made: Made,
        points_px: npt.ArrayLike,
        radius_px: float,
        deliver: Callable[[PointCurves | UnreadableError], None],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Have density curves made over the range of a result; a new order replaces the last.

        Parameters
        ----------
        points_px : array_like (n, 2)
            Placed points, or points along a centerline.
        deliver : callable
            On the main thread; not after `cancel_curves`.
        """
        sampler = DiscSampler(points_px, radius_px, run.rows, run.columns)
        frames = tuple(range(made.wanted.first, made.wanted.last + 1))
        masks = made.mask_frames if made.differences is None else ()
        order = tuple(dict.fromkeys((*masks, *frames)))
        taken: dict[int, npt.NDArray[np.float64]] = {}

        def visit(index: int, read: Frame | UnreadableError) -> None:
            if not isinstance(read, UnreadableError):
                given = made.differences
                values = given.of(index, read) if given is not None else values_of(run, read)
                taken[index] = sampler.sample(values)

        def finished(error: UnreadableError | None) -> None:
            if error is None and not taken:
                error = UnreadableError("None of these frames can be read", "Choose others.")
            deliver(error or self._curves(run, made, frames, taken))

        self._loader.submit_background(
            _curves_key(run.uid), run, order, visit, finished=finished, progress=progress
        )

    def cancel_curves(self, run_uid: str) -> None:
        """Make the curves of a run no more."""
        self._loader.cancel_background(_curves_key(run_uid))

    def _curves(
        self,
        run: Run,
        made: Made,
        frames: tuple[int, ...],
        taken: dict[int, npt.NDArray[np.float64]],
    ) -> PointCurves:
        scale = made.scale
        blank = np.full(next(iter(taken.values())).shape, np.nan)
        drifts = dict(zip(made.found.frames, made.found.drifts, strict=True))
        still = {i: drifts[i].removed(row) if i in drifts else row for i, row in taken.items()}
        rows = np.array([still.get(index, blank) for index in frames])
        masks = [taken[index] for index in made.mask_frames if index in taken]
        logarithm = scale.by_ratio
        if made.differences is not None:
            baseline = np.zeros(rows.shape[1])
            logarithm = LogDomain.of(run.pixels).logarithm
        elif masks:
            baseline = np.mean(masks, axis=0)
        else:
            known = rows[~np.isnan(rows).all(axis=1)]
            baseline = known.max(axis=0) if scale.dark else known.min(axis=0)
        density = np.where(np.isnan(rows), np.nan, scale.density(rows, baseline))
        all_times = self._timing(run).times_s
        times = None if all_times is None else tuple(all_times[index] for index in frames)
        return PointCurves(frames, times, density, "ln" if logarithm else "values")


def peak_picture(
    displays: Displays, run: Run, made: Made, window: Window | None = None
) -> npt.NDArray[np.uint8]:
    """The peak image by the run's own window (or another), uint8 (rows, columns).

    A subtracted one has a window of its own, from its values.
    """
    peak = made.found.peak
    if made.wanted.subtracted:
        window = window or automatic_window(peak)
        grey = np.rint(windowed(peak.astype(np.float64), window)).astype(np.uint8)
        return np.invert(grey) if displays.of(run.uid).inverted else grey
    window = window or displays.window(run)
    if window is None:
        window = auto_window(replace(run.pixels, rescale=None, modality_lut=None), peak)
    levels = np.rint(windowed(peak.astype(np.float64), window)).astype(np.uint8)
    negative = displays.of(run.uid).inverted != (run.pixels.photometric == "MONOCHROME1")
    return np.invert(levels) if negative else levels


def time_picture_of(
    times_s: npt.NDArray[np.float32], under: npt.NDArray[np.uint8] | None = None
) -> tuple[npt.NDArray[np.uint8], tuple[tuple[float, Rgb], ...]]:
    """A map of times in colour over a grey image, RGB uint8, and its legend of (s, RGB).

    The legend is empty when no contrast passes.
    """
    span_s = time_range_s(times_s)
    if span_s is None:
        return time_picture(times_s, (0.0, 1.0), under), ()
    return time_picture(times_s, span_s, under), legend(span_s)


def _curves_key(run_uid: str) -> str:
    return f"density curves {run_uid}"
