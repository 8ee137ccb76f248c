"""Frames on demand: cached ones at once, others from worker threads, the newest wish first.

What a worker does next, in this order: a frame a view waits for; look-ahead close to where a view
stands; background jobs, one frame at a time; look-ahead farther away. A decoded frame reaches
whoever waits for it, whatever it was decoded for, so that nothing is decoded twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from viewer.errors import UnreadableError
from viewer.model.study import ImageSet
from viewer.session.background import (
    BackgroundJob,
    Finished,
    FrameSource,
    Prepare,
    Progress,
    Visit,
)
from viewer.session.decode_plan import DecodePlan, Delivered, OpenedSet, Task, Wish
from viewer.session.frame_cache import (
    CacheState,
    Frame,
    FrameCache,
    apart,
    default_budget_bytes,
)

__all__ = ["CacheState", "Delivered", "FrameLoader", "FrameSource", "default_budget_bytes"]

logger = logging.getLogger(__name__)

CACHE_NEWS_S = 0.2
PROGRESS_NEWS_S = 0.1
SPARE_OVERLAYS = 64
"""Overlays kept of the frames decoded last, beside those of the frames in the cache."""


class FrameLoader:
    """Decodes frames on worker threads and keeps them in a cache bounded in bytes.

    Parameters
    ----------
    open_source : callable
        Opens an image set; called on a worker, never on the caller's thread.
    post : callable
        Runs a function on the main thread, soon; must not wait for it.
    budget_bytes : int
        Most bytes of images to keep: decoded frames and what is `set_aside` (see
        `default_budget_bytes`).
    workers : int
        Threads; with two or more, one at most does look-ahead while another stays free.

    Attributes
    ----------
    on_cache_changed : callable or None
        Called on the main thread, at most five times a second, when frames came or went.
    """

    def __init__(
        self,
        open_source: Callable[[ImageSet], FrameSource],
        post: Callable[[Callable[[], None]], None],
        budget_bytes: int,
        workers: int = 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_cache_changed: Callable[[], None] | None = None
        self._open_source = open_source
        self._post = post
        self._clock = clock
        self._workers = max(1, workers)
        self._threads: list[threading.Thread] = []
        self._wake = threading.Condition(threading.RLock())
        self._cache = FrameCache(budget_bytes)
        self._plan = DecodePlan(self._cache, self._workers)
        self._cache_news = False
        self._news_told_s = float("-inf")
        self._closed = False
        self._overlays: dict[tuple[str, int], npt.NDArray[np.uint8]] = {}  # bits, where drawn

    # What views ask for (main thread) -------------------------------------------------

    def request(
        self, view: str, image_set: ImageSet, index: int, deliver: Callable[[Delivered], None]
    ) -> None:
        """Ask for a frame; it replaces what the view asked for before.

        A cached frame is delivered before this returns, any other later on the main thread.
        After `close` nothing is delivered.

        Raises
        ------
        IndexError
            `index` is outside 0..frames-1.
        """
        if not 0 <= index < image_set.frames:
            raise IndexError(f"frame {index} of {image_set.frames}")
        with self._wake:
            if self._closed:
                return
            pixels = self._plan.wish(view, image_set, index, deliver)
            self._get_going()
        if pixels is not None:
            deliver(Delivered(view, image_set.uid, index, pixels))

    def set_travel(
        self, view: str, image_set: ImageSet, first: int, last: int, direction: int, step: int = 1
    ) -> None:
        """State how a view moves, so that the frames ahead are ready when it comes.

        Parameters
        ----------
        first, last : int
            The visible loop, 0-based, both included.
        direction : int
            +1, -1 (wrapping in the loop), or 0 for a view standing still: both sides alike.
        step : int
            Frames from one shown to the next.
        """
        with self._wake:
            if self._closed or image_set.frames < 1:
                return
            self._plan.travel(view, image_set, first, last, direction, step)
            self._get_going()

    def cancel_view(self, view: str) -> None:
        """Forget what a view waits for and where it goes; nothing more is delivered to it."""
        with self._wake:
            self._plan.drop_view(view)

    def nearest_cached(self, uid: str, index: int) -> tuple[int, Frame] | None:
        """The cached frame nearest to `index`, to be shown while that one is on its way."""
        with self._wake:
            return self._cache.nearest(uid, index)

    def cached_mask(self, uid: str) -> npt.NDArray[np.bool_]:
        """Which frames are cached, bool (frames,); shape (0,) for a set never asked for."""
        with self._wake:
            return self._cache.mask(uid)

    def bad_frames(self, uid: str) -> tuple[int, ...]:
        """Frames that were tried and can't be read, 0-based, rising."""
        with self._wake:
            return self._plan.bad_frames(uid)

    def overlay(self, image_set: ImageSet, index: int) -> npt.NDArray[np.bool_] | None:
        """The header's overlay planes at a decoded frame, bool (rows, columns); None without."""
        packed = self._overlays.get((image_set.uid, index))
        if packed is None:
            return None
        rows, columns = image_set.rows, image_set.columns
        bits = np.unpackbits(packed, count=rows * columns)
        return bits.reshape(rows, columns).astype(bool)

    def set_budget(self, budget_bytes: int) -> None:
        """Most bytes of images to keep, from now on."""
        with self._wake:
            self._cache.set_budget(budget_bytes)
            self._cache_news = True
            self._wake.notify_all()

    def set_aside(self, name: str, nbytes: int) -> None:
        """Count image memory that others hold (a long view, masks) into the budget.

        Parameters
        ----------
        name : str
            Of what is held; another figure under the same name replaces it.
        nbytes : int
            Frames give way to them; 0 when it is let go of.
        """
        with self._wake:
            if not self._closed:
                self._cache.set_aside(name, nbytes)
                self._cache_news = True
                self._wake.notify_all()

    @property
    def is_waited_for(self) -> bool:
        """Whether a view waits for a frame: work that is not urgent had better not begin now."""
        with self._wake:
            return self._plan.has_wishes

    @property
    def state(self) -> CacheState:
        """How full the cache is."""
        with self._wake:
            return self._cache.state

    def post(self, act: Callable[[], None]) -> None:
        """Have something done on the main thread, soon; from any thread, never after `close`."""
        with self._wake:
            closed = self._closed
        if not closed:
            self._post(act)

    def forget(self, uid: str) -> None:
        """Let go of an image set: frames, wishes, jobs and files."""
        with self._wake:
            opened = self._plan.drop_set(uid)
            idle = opened is not None and opened.users == 0
            self._cache_news = True
            self._wake.notify_all()
        if opened is not None and idle:
            self._close_source(opened)

    def close(self) -> None:
        """Stop: waits for the frames being decoded, then closes every source."""
        with self._wake:
            self._closed = True
            everything = self._plan.drop_all()
            threads, self._threads = self._threads, []
            self._wake.notify_all()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()
        for opened in everything:
            if opened.users == 0:
                self._close_source(opened)

    # Background jobs ------------------------------------------------------------------

    def submit_background(
        self,
        key: str,
        image_set: ImageSet,
        order: Sequence[int],
        visit: Visit,
        *,
        finished: Finished,
        progress: Progress | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        """Visit frames when nobody waits for one; a job of the same key is replaced.

        Parameters
        ----------
        order : sequence of int
            0-based frames, each once, in the order they are wanted.
        visit : callable
            ``visit(index, pixels or UnreadableError)`` on a worker, several at once. Cached
            frames are not decoded again; decoded ones are kept only where there is room.
        finished : callable
            ``finished(None)``, or the error that ended the job; on the main thread, not after
            a cancel. Of several jobs the one with the fewest frames left goes first.
        progress : callable, optional
            ``progress(visited, total)`` on the main thread, at most ten times a second.
        prepare : callable, optional
            ``prepare(source)`` once on a worker, after the first frame: what can be had without
            decoding. What it may raise ends the job as a visit's error does.
        """
        job = BackgroundJob(key, image_set, order, visit, finished, progress, prepare)
        with self._wake:
            if self._closed:
                return
            self._plan.drop_job(key)
            self._plan.hold(image_set)
            self._plan.jobs[key] = job
            self._get_going()
        if job.total == 0:
            self._post(lambda: self._end(job))

    def prefer_background(self, key: str, first: Sequence[int]) -> None:
        """Let a job visit these frames next, e.g. those that came into sight."""
        with self._wake:
            job = self._plan.jobs.get(key)
            if job is not None:
                job.bring_forward(first)

    def cancel_background(self, key: str) -> None:
        """Drop a job; a visit under way ends by itself, nothing more is told of it."""
        with self._wake:
            self._plan.drop_job(key)

    # On the workers -------------------------------------------------------------------

    def _get_going(self) -> None:
        while len(self._threads) < self._workers:
            name = f"frames-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._wake.notify_all()

    def _work(self) -> None:
        while True:
            with self._wake:
                while True:
                    if self._closed:
                        return
                    task = self._plan.pick()
                    news = self._take_news()
                    if task is not None or news:
                        break
                    self._wake.wait(self._news_in_s())
            try:
                if news:
                    self._post(self._tell_cache_changed)
                if task is not None:
                    self._do(task)
            except Exception:
                logger.exception("A frame worker met an error it did not expect")

    def _do(self, task: Task) -> None:
        if task.cached is not None:
            self._visit(task, task.cached)
            return
        result = self._decode(task.opened, task.index)
        with self._wake:
            is_kept = self._plan.has_room(task)
        if is_kept and not isinstance(result, UnreadableError):
            result = apart(result)
        with self._wake:
            wishes, kept = self._plan.settle(task, result)
            self._cache_news |= kept or isinstance(result, UnreadableError)
            self._drop_overlays()
            abandoned = self._plan.abandoned(task.opened)
            self._wake.notify_all()
        if abandoned:
            self._close_source(task.opened)
        for wish in wishes:
            self._post(self._delivery(wish, result))
        self._visit(task, result)

    def _drop_overlays(self) -> None:
        """Let go of overlays whose frames have left the cache, once they are many."""
        if len(self._overlays) > 2 * (self._cache.state.frames + SPARE_OVERLAYS):
            for uid, index in list(self._overlays)[:-SPARE_OVERLAYS]:
                if self._cache.peek(uid, index) is None:
                    del self._overlays[uid, index]

    def _decode(self, opened: OpenedSet, index: int) -> Frame | UnreadableError:
        try:
            source = opened.source
            if source is None:
                source = self._open(opened)
            pixels = source.frame(index)
            pixels.setflags(write=False)
            overlay = source.overlay(index)
            if overlay is not None:
                packed = np.packbits(overlay)
                with self._wake:
                    self._overlays[opened.image_set.uid, index] = packed
        except UnreadableError as error:
            return error
        except OSError as error:
            what = f"Frame {index + 1} couldn't be read"
            return UnreadableError(what, "Check that its file can still be reached.", repr(error))
        except Exception as error:
            logger.exception("Frame %d could not be decoded", index + 1)
            what = f"Frame {index + 1} couldn't be decoded"
            return UnreadableError(what, "The other frames may still open.", repr(error))
        return pixels

    def _open(self, opened: OpenedSet) -> FrameSource:
        error: UnreadableError | None = None
        source: FrameSource | None = None
        try:
            source = self._open_source(opened.image_set)
        except UnreadableError as unreadable:
            error = unreadable
        except Exception as unexpected:
            logger.exception("An image set could not be opened")
            what, hint = "The images couldn't be opened", "Check that they can still be reached."
            error = UnreadableError(what, hint, repr(unexpected))
        with self._wake:
            opened.source, opened.error, opened.opening = source, error, False
            self._wake.notify_all()
        if source is None:
            raise error or UnreadableError("The images couldn't be opened")
        return source

    def _visit(self, task: Task, result: Frame | UnreadableError) -> None:
        job = task.job
        if job is None:
            return
        failed: UnreadableError | None = None
        try:
            if not job.cancelled:
                job.visit(task.index, result)
                self._prepare(job, task.opened)
        except Exception as error:
            logger.exception("A background job stopped at frame %d", task.index + 1)
            failed = UnreadableError("The images couldn't be worked on", detail=repr(error))
        with self._wake:
            failed = failed or task.opened.error
            if failed is not None:
                job.fail(failed)
            job.visited += 1
            now, visited, over = self._clock(), job.visited, job.over
            tell = over or now - job.told_at_s >= PROGRESS_NEWS_S
            if tell:
                job.told_at_s = now
        if tell:
            self._post(lambda: self._tell_progress(job, visited))
        if over:
            self._post(lambda: self._end(job))

    def _prepare(self, job: BackgroundJob, opened: OpenedSet) -> None:
        with self._wake:
            prepare, source = job.prepare, opened.source
            if source is not None:
                job.prepare = None
        if prepare is not None and source is not None:
            prepare(source)

    def _close_source(self, opened: OpenedSet) -> None:
        source, opened.source = opened.source, None
        if source is None:
            return
        try:
            source.close()
        except OSError:
            logger.exception("A source could not be closed")

    def _news_in_s(self) -> float | None:
        if not self._cache_news:
            return None
        return max(0.0, self._news_told_s + CACHE_NEWS_S - self._clock())

    def _take_news(self) -> bool:
        due = self._news_in_s() == 0.0
        if due:
            self._cache_news = False
            self._news_told_s = self._clock()
        return due

    # Posted to the main thread --------------------------------------------------------

    def _delivery(self, wish: Wish, result: Frame | UnreadableError) -> Callable[[], None]:
        error = result if isinstance(result, UnreadableError) else None
        pixels = None if isinstance(result, UnreadableError) else result

        def deliver() -> None:
            with self._wake:
                wanted = not self._closed and self._plan.is_current(wish)
            if wanted:
                wish.deliver(Delivered(wish.view, wish.uid, wish.index, pixels, error))

        return deliver

    def _tell_cache_changed(self) -> None:
        if self.on_cache_changed is not None and not self._closed:
            self.on_cache_changed()

    def _tell_progress(self, job: BackgroundJob, visited: int) -> None:
        if job.progress is not None and not job.cancelled:
            job.progress(visited, job.total)

    def _end(self, job: BackgroundJob) -> None:
        with self._wake:
            if job.cancelled:
                return
            self._plan.drop_job(job.key)
        job.finished(job.error)
