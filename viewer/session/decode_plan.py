"""What to decode next: wishes of views, look-ahead, background jobs. No threads in here.

Not thread-safe: the frame loader holds its lock around every call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from viewer.errors import UnreadableError
from viewer.model.study import ImageSet
from viewer.session.background import BackgroundJob, FrameSource
from viewer.session.frame_cache import ON_SCREEN, Frame, FrameCache
from viewer.session.look_ahead import Travel, travel_within

NEAR_STEPS = 24
"""Look-ahead up to here goes before background jobs: about a second of cine."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A frame for a view: its pixels, or why there are none."""

    view: str
    uid: str
    index: int
    pixels: Frame | None
    error: UnreadableError | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A frame a view waits for; stale when the view's generation has moved on."""

    view: str
    generation: int
    uid: str
    index: int
    deliver: Callable[[Delivered], None]


@dataclass(slots=True, eq=False)
class OpenedSet:
    """An image set in use: its source once a worker opened it, and what is known of its frames."""

    image_set: ImageSet
    source: FrameSource | None = None
    opening: bool = False
    users: int = 0
    error: UnreadableError | None = None
    bad: set[int] = field(default_factory=set)
    busy: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Task:
    """One frame for a worker: to decode, or (`cached`) only to show to a job."""

    opened: OpenedSet
    index: int
    look_ahead: bool = False
    job: BackgroundJob | None = None
    cached: Frame | None = None


class DecodePlan:
    """Who waits for what, and what a free worker does next.

    Parameters
    ----------
    cache : FrameCache
        Where decoded frames are kept.
    workers : int
        With two or more, one at most does look-ahead while another stays free for wishes.
    """

    def __init__(self, cache: FrameCache, workers: int) -> None:
        self.cache = cache
        self.jobs: dict[str, BackgroundJob] = {}
        self._most_looking_ahead = max(1, workers - 1)
        self._looking_ahead = 0
        self._opened: dict[str, OpenedSet] = {}
        self._generation: dict[str, int] = {}
        self._wishes: dict[str, Wish] = {}  # a newer wish keeps its view's place in the queue
        self._standing: dict[str, tuple[str, int]] = {}
        self._travels: dict[str, Travel] = {}

    def hold(self, image_set: ImageSet) -> OpenedSet:
        """The image set among those in use."""
        self.cache.open_shelf(image_set.uid, image_set.frames)
        return self._opened.setdefault(image_set.uid, OpenedSet(image_set))

    def wish(
        self, view: str, image_set: ImageSet, index: int, deliver: Callable[[Delivered], None]
    ) -> Frame | None:
        """The frame when it is cached; otherwise the view waits for it, and for no other."""
        uid = image_set.uid
        self.hold(image_set)
        self._generation[view] = self._generation.get(view, 0) + 1
        self._standing[view] = (uid, index)
        travel = self._travels.get(view)
        if travel is not None:
            if travel.uid != uid:
                del self._travels[view]
            self._update_need(travel.uid)
        pixels = self.cache.get(uid, index)
        if pixels is None:
            self._wishes[view] = Wish(view, self._generation[view], uid, index, deliver)
        else:
            self._wishes.pop(view, None)
        return pixels

    def bad_frames(self, uid: str) -> tuple[int, ...]:
        """Frames that were tried and can't be read, 0-based, rising."""
        opened = self._opened.get(uid)
        return tuple(sorted(opened.bad)) if opened is not None else ()

    @property
    def has_wishes(self) -> bool:
        """Whether a view waits for a frame."""
        return bool(self._wishes)

    def is_current(self, wish: Wish) -> bool:
        """Whether the view has asked for nothing else since."""
        return self._generation.get(wish.view) == wish.generation

    def travel(
        self, view: str, image_set: ImageSet, first: int, last: int, direction: int, step: int
    ) -> None:
        """Note how a view moves (see `FrameLoader.set_travel`)."""
        uid = image_set.uid
        self.hold(image_set)
        travel = travel_within(uid, image_set.frames, first, last, direction, step)
        before = self._travels.get(view, travel)
        self._travels[view] = travel
        if self._standing.get(view, ("", 0))[0] != uid:
            self._standing[view] = (uid, travel.last if direction < 0 else travel.first)
        for changed in {uid, before.uid}:
            self._update_need(changed)

    def drop_view(self, view: str) -> None:
        """Forget what a view waits for and where it goes."""
        self._generation[view] = self._generation.get(view, 0) + 1
        self._wishes.pop(view, None)
        self._standing.pop(view, None)
        travel = self._travels.pop(view, None)
        if travel is not None:
            self._update_need(travel.uid)

    def drop_set(self, uid: str) -> OpenedSet | None:
        """Forget an image set; what was opened of it, to be closed when nobody uses it."""
        for view in [view for view, (of, _) in self._standing.items() if of == uid]:
            self.drop_view(view)
        for view in [view for view, wish in self._wishes.items() if wish.uid == uid]:
            self._generation[view] += 1  # the view itself has gone on to another set
            del self._wishes[view]
        for key in [key for key, job in self.jobs.items() if job.image_set.uid == uid]:
            self.drop_job(key)
        self.cache.forget(uid)
        return self._opened.pop(uid, None)

    def drop_job(self, key: str) -> None:
        """Cancel a background job, if there is one of that key."""
        job = self.jobs.pop(key, None)
        if job is not None:
            job.cancelled = True

    def drop_all(self) -> list[OpenedSet]:
        """Forget everything; what was opened."""
        opened = [self._opened[uid] for uid in list(self._opened)]
        for one in opened:
            self.drop_set(one.image_set.uid)
        return opened

    def pick(self) -> Task | None:
        """The next task, booked as under way; None when there is nothing to do just now."""
        task = self._pick_wish()
        ahead = None if task else self._pick_look_ahead()
        if ahead is not None and ahead[0] <= NEAR_STEPS:
            task = ahead[1]
        task = task or self._pick_background() or (ahead[1] if ahead else None)
        if task is not None and task.cached is None:
            opened = task.opened
            opened.users += 1
            opened.busy.add(task.index)
            opened.opening = opened.source is None
            self._looking_ahead += task.look_ahead
        return task

    def has_room(self, task: Task) -> bool:
        """Whether the task's frame will most likely be kept; a background job gives nothing up."""
        uid = task.opened.image_set.uid
        if self._opened.get(uid) is not task.opened:
            return False
        return task.job is None or self.cache.would_take(uid, float("inf"))

    def settle(self, task: Task, result: Frame | UnreadableError) -> tuple[list[Wish], bool]:
        """Book a task's frame as done.

        Returns
        -------
        wishes : list of Wish
            Those waiting for this frame, now out of the queue.
        kept : bool
            Whether the frame went into the cache.
        """
        opened, uid, index = task.opened, task.opened.image_set.uid, task.index
        opened.users -= 1
        opened.busy.discard(index)
        self._looking_ahead -= task.look_ahead
        if self._opened.get(uid) is not opened:
            return [], False
        wishes = [w for w in self._wishes.values() if w.uid == uid and w.index == index]
        for wish in wishes:
            del self._wishes[wish.view]
        if isinstance(result, UnreadableError):
            opened.bad.add(index)
            return wishes, False
        opened.bad.discard(index)
        need = self.cache.need(uid, index)
        if wishes:
            need = ON_SCREEN
        elif task.job is not None:
            need = float("inf")  # a background job gives nothing up
        return wishes, self.cache.put(uid, index, result, need)

    def abandoned(self, opened: OpenedSet) -> bool:
        """Whether a set was dropped and its last user is gone."""
        return opened.users == 0 and self._opened.get(opened.image_set.uid) is not opened

    def _update_need(self, uid: str) -> None:
        if uid not in self._opened:
            return
        needs = [
            travel.distances(self._standing[view][1])
            for view, travel in self._travels.items()
            if travel.uid == uid
        ]
        self.cache.set_need(uid, np.minimum.reduce(needs) if needs else None)

    def _pick_wish(self) -> Task | None:
        for wish in self._wishes.values():
            opened = self._opened[wish.uid]
            if not opened.opening and wish.index not in opened.busy:
                return Task(opened, wish.index)
        return None

    def _pick_look_ahead(self) -> tuple[float, Task] | None:
        if self._looking_ahead >= self._most_looking_ahead:
            return None
        found: list[tuple[float, str, int]] = []
        for uid in {travel.uid for travel in self._travels.values()}:
            opened = self._opened[uid]
            if opened.opening or opened.error is not None:
                continue
            wanted = self.cache.most_wanted(uid, opened.busy | opened.bad)
            if wanted is not None:
                found.append((wanted[0], uid, wanted[1]))
        for need, uid, index in sorted(found):
            if self.cache.would_take(uid, need):
                return need, Task(self._opened[uid], index, look_ahead=True)
        return None

    def _pick_background(self) -> Task | None:
        for job in sorted(self.jobs.values(), key=lambda job: job.left):
            uid = job.image_set.uid
            opened = self._opened[uid]
            index = None if opened.opening else job.take(opened.busy)
            if index is not None:
                return Task(opened, index, job=job, cached=self.cache.peek(uid, index))
        return None
