"""The loader: newest wish first, look-ahead, a bounded cache, errors told, a clean end."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.errors import UnreadableError
from viewer.model.study import FrameSpan, ImageSet, Patient, Role
from viewer.session.background import BackgroundJob
from viewer.session.decode_plan import NEAR_STEPS, DecodePlan, Delivered, Task
from viewer.session.frame_cache import LEAST_BUDGET, MAX_DEFAULT_BUDGET, ON_SCREEN, FrameCache
from viewer.session.frame_loader import CACHE_NEWS_S, FrameLoader, default_budget_bytes
from viewer.session.look_ahead import travel_within

FRAME_BYTES = 64
PATIENCE_S = 30.0


def image_set(uid: str = "1.2", frames: int = 100) -> ImageSet:
    return ImageSet(
        uid=uid,
        series_uid="1",
        study_uid="1",
        patient=Patient(),
        modality="IVUS",
        role=Role.PULLBACK,
        description="",
        series_number=None,
        acquired_at=None,
        spans=(FrameSpan(Path("x"), 0, frames, uid),),
        frames=frames,
        frames_declared=frames,
        rows=8,
        columns=8,
    )


def picture(index: int) -> np.ndarray:
    return np.full((8, 8), index % 256, np.uint8)


class Source:
    """Frames that can be held back, broken, and counted."""

    def __init__(self, bad: frozenset[int] = frozenset(), held: bool = False) -> None:
        self.bad = bad
        self.decoded: list[int] = []
        self.threads: set[str] = set()
        self.closed = 0
        self.started: queue.Queue[int] = queue.Queue()
        self.gate = threading.Event()
        if not held:
            self.gate.set()

    def frame(self, index: int) -> np.ndarray:
        self.started.put(index)
        assert self.gate.wait(PATIENCE_S)
        self.decoded.append(index)
        self.threads.add(threading.current_thread().name)
        if index in self.bad:
            raise UnreadableError(f"Frame {index + 1} is damaged")
        return picture(index)

    def pixels(self, flat_px: np.ndarray) -> None:
        return None

    def overlay(self, index: int) -> None:
        return None

    def close(self) -> None:
        self.closed += 1


class Desk:
    """A main thread: posted functions wait until it looks."""

    def __init__(self) -> None:
        self.inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self.got: list[Delivered] = []

    def post(self, function: Callable[[], None]) -> None:
        self.inbox.put(function)

    def look(self) -> None:
        while not self.inbox.empty():
            self.inbox.get()()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            try:
                self.inbox.get(timeout=0.005)()
            except queue.Empty:
                continue


class Bench:
    """A loader on fake sources, with its main thread."""

    def __init__(
        self,
        source: Source | None = None,
        budget: int = 10**6,
        workers: int = 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.desk = Desk()
        self.source = source or Source()
        self.opened: list[str] = []
        self.open_threads: set[str] = set()
        self.refuse: UnreadableError | OSError | None = None
        self.loader = FrameLoader(self.open, self.desk.post, budget, workers, clock=clock)

    def open(self, images: ImageSet) -> Source:
        self.opened.append(images.uid)
        self.open_threads.add(threading.current_thread().name)
        if self.refuse is not None:
            raise self.refuse
        return self.source

    def ask(self, index: int, view: str = "ivus", images: ImageSet | None = None) -> None:
        self.loader.request(view, images or image_set(), index, self.desk.got.append)

    def get(self, index: int, view: str = "ivus", images: ImageSet | None = None) -> Delivered:
        before = len(self.desk.got)
        self.ask(index, view, images)
        self.desk.until(lambda: len(self.desk.got) > before)
        return self.desk.got[-1]

    def settled(self, frames: int, uid: str = "1.2") -> None:
        self.desk.until(lambda: int(self.loader.cached_mask(uid).sum()) == frames)


@pytest.fixture
def make() -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def build(*how: Any, **more: Any) -> Bench:
        benches.append(Bench(*how, **more))
        return benches[-1]

    yield build
    for bench in benches:
        bench.source.gate.set()
        bench.loader.close()


def test_frame_arrives_on_the_main_thread_and_is_cached(make):
    bench = make()
    bench.ask(7)
    assert bench.desk.got == []
    bench.desk.until(lambda: bool(bench.desk.got))
    first = bench.desk.got[0]
    assert (first.view, first.uid, first.index, first.error) == ("ivus", "1.2", 7, None)
    np.testing.assert_array_equal(first.pixels, picture(7))
    assert not first.pixels.flags.writeable
    bench.ask(7)  # cached: at once
    assert len(bench.desk.got) == 2
    assert bench.desk.got[1].pixels is first.pixels
    assert bench.source.decoded == [7]


def test_source_is_opened_once_and_only_on_a_worker(make):
    bench = make()
    for index in (3, 4, 5):
        bench.get(index)
    assert bench.opened == ["1.2"]
    here = threading.current_thread().name
    assert here not in bench.open_threads
    assert here not in bench.source.threads


def test_only_the_newest_request_of_a_view_is_delivered(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    bench.ask(0)
    source.started.get(timeout=PATIENCE_S)  # frame 0 is being decoded
    for index in range(1, 50):
        bench.ask(index)
    source.gate.set()
    bench.desk.until(lambda: bool(bench.desk.got))
    assert [d.index for d in bench.desk.got] == [49]
    assert source.decoded == [0, 49]  # what nobody waits for any more is not decoded


def test_a_result_overtaken_after_it_was_posted_is_dropped(make):
    bench = make()
    bench.ask(1)
    deadline = time.monotonic() + PATIENCE_S
    while bench.desk.inbox.empty():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    bench.ask(2)  # frame 1 sits in the inbox already
    bench.desk.until(lambda: bool(bench.desk.got))
    bench.desk.look()
    assert [d.index for d in bench.desk.got] == [2]


def test_views_do_not_drop_one_anothers_requests(make):
    bench = make(workers=1)
    bench.ask(1, "ivus")
    bench.ask(2, "venogram")
    bench.ask(1, "compare")
    bench.desk.until(lambda: len(bench.desk.got) == 3)
    assert {(d.view, d.index) for d in bench.desk.got} == {
        ("ivus", 1),
        ("venogram", 2),
        ("compare", 1),
    }
    assert Counter(bench.source.decoded) == {1: 1, 2: 1}  # one decode serves both views


def test_cancelled_view_gets_nothing(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    bench.ask(1)
    source.started.get(timeout=PATIENCE_S)
    bench.loader.cancel_view("ivus")
    source.gate.set()
    assert bench.get(1, "venogram").index == 1
    assert [d.view for d in bench.desk.got] == ["venogram"]


def test_bad_frame_is_told_and_the_others_go_on(make):
    bench = make(Source(bad=frozenset({3})))
    bad = bench.get(3)
    assert bad.pixels is None
    assert bad.error is not None
    assert "damaged" in bad.error.what
    assert bench.get(4).error is None
    assert not bench.loader.cached_mask("1.2")[3]
    assert bench.loader.bad_frames("1.2") == (3,)
    assert bench.loader.bad_frames("another") == ()


def test_look_ahead_does_not_try_a_bad_frame_for_ever(make):
    bench = make(Source(bad=frozenset({5})))
    bench.loader.set_travel("ivus", image_set(frames=20), 0, 19, 1)
    bench.settled(19)
    bench.get(0)
    assert Counter(bench.source.decoded)[5] == 1


@pytest.mark.parametrize(
    ("refusal", "word"),
    [(UnreadableError("IM_0042 couldn't be read"), "IM_0042"), (OSError("gone"), "opened")],
)
def test_source_that_does_not_open_is_told_and_tried_again_when_asked(make, refusal, word):
    bench = make()
    bench.refuse = refusal
    told = bench.get(1)
    assert told.error is not None
    assert word in told.error.what
    bench.refuse = None
    assert bench.get(1).error is None


def test_unexpected_exception_becomes_an_error_and_the_worker_lives(make, caplog):
    class Odd(Source):
        def frame(self, index: int) -> np.ndarray:
            if index == 1:
                raise ZeroDivisionError("decoder")
            return super().frame(index)

    bench = make(Odd(), workers=1)
    told = bench.get(1)
    assert told.error is not None
    assert "Frame 2" in told.error.what
    assert "ZeroDivisionError" in caplog.text
    assert bench.get(2).error is None


def test_frame_out_of_range(make):
    bench = make()
    with pytest.raises(IndexError):
        bench.ask(100)
    with pytest.raises(IndexError):
        bench.ask(-1)


def test_nearest_cached_while_one_is_on_its_way(make):
    bench = make()
    assert bench.loader.nearest_cached("1.2", 40) is None
    bench.get(10)
    bench.get(44)
    found = bench.loader.nearest_cached("1.2", 40)
    assert found is not None
    assert found[0] == 44
    np.testing.assert_array_equal(found[1], picture(44))
    assert bench.loader.nearest_cached("1.2", 12)[0] == 10


def test_look_ahead_follows_the_direction_and_wraps_in_the_loop(make):
    source = Source()
    bench = make(source, workers=1)
    images = image_set(frames=30)
    bench.get(12, images=images)
    bench.loader.set_travel("ivus", images, 10, 14, -1)
    bench.settled(5)
    assert source.decoded == [12, 11, 10, 14, 13]  # nothing outside the loop


def test_requests_go_before_look_ahead(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    bench.loader.set_travel("ivus", image_set(), 0, 99, 1)
    source.started.get(timeout=PATIENCE_S)
    bench.ask(80, "venogram")
    source.gate.set()
    bench.settled(100)
    assert source.decoded[:2] == [0, 80]


def test_budget_is_never_exceeded_and_the_nearest_ahead_are_kept(make):
    bench = make(budget=10 * FRAME_BYTES)
    bench.loader.set_travel("ivus", image_set(), 0, 99, 1)
    bench.settled(10)
    assert np.flatnonzero(bench.loader.cached_mask("1.2")).tolist() == list(range(10))
    bench.get(50)
    bench.desk.until(
        lambda: np.flatnonzero(bench.loader.cached_mask("1.2")).tolist() == list(range(50, 60))
    )
    state = bench.loader.state
    assert (state.bytes, state.frames) == (10 * FRAME_BYTES, 10)
    time.sleep(0.02)  # with nothing nearer to fetch it rests
    assert len(bench.source.decoded) <= 10 + 10 + 2


def test_frame_larger_than_the_budget_is_shown_but_not_kept(make):
    bench = make(budget=FRAME_BYTES - 1)
    assert bench.get(3).pixels is not None
    assert bench.loader.state.bytes == 0


def test_cache_news_are_throttled_and_the_last_one_is_not_lost(make):
    now_s = [1000.0]
    bench = make(clock=lambda: now_s[0])
    seen: list[int] = []
    bench.loader.on_cache_changed = lambda: seen.append(bench.loader.state.frames)
    bench.loader.set_travel("ivus", image_set(), 0, 99, 1)
    bench.settled(100)
    bench.desk.until(lambda: bool(seen))
    bench.desk.look()
    assert len(seen) == 1  # the clock stands still: the others wait
    del seen[:]
    now_s[0] += CACHE_NEWS_S
    bench.desk.until(lambda: bool(seen))
    assert seen == [100]


def test_forget_lets_go_of_frames_files_and_wishes(make):
    source = Source()
    bench = make(source)
    bench.get(1)
    bench.loader.forget("1.2")
    assert source.closed == 1
    assert bench.loader.state.frames == 0
    assert bench.loader.cached_mask("1.2").size == 0
    assert bench.get(1).error is None  # asked again: opened again
    assert bench.opened == ["1.2", "1.2"]


def test_frame_under_way_while_its_set_is_forgotten_goes_nowhere(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    bench.ask(1)
    source.started.get(timeout=PATIENCE_S)
    bench.loader.forget("1.2")
    assert source.closed == 0  # still in use
    source.gate.set()
    bench.desk.until(lambda: source.closed == 1)
    assert bench.desk.got == []
    assert bench.loader.state.frames == 0


def test_view_that_turned_to_another_set_survives_forgetting_the_first(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    bench.ask(1, images=image_set("a"))
    source.started.get(timeout=PATIENCE_S)
    bench.ask(2, images=image_set("a"))
    bench.loader.set_travel("ivus", image_set("b"), 0, 4, 1)
    bench.loader.forget("a")
    source.gate.set()
    bench.settled(5, "b")
    assert bench.desk.got == []


def test_close_joins_workers_closes_sources_and_delivers_nothing_more(make):
    source = Source()
    bench = make(source)
    long = image_set(frames=3000)
    bench.loader.set_travel("ivus", long, 0, 2999, 1)
    bench.ask(2000, images=long)
    bench.loader.close()
    names = {f"frames-{n}" for n in (1, 2)}
    assert not [t for t in threading.enumerate() if t.name in names and t.is_alive()]
    assert source.closed == len(bench.opened)
    bench.desk.look()
    assert bench.desk.got == []
    bench.ask(1, images=long)
    bench.loader.set_travel("ivus", long, 0, 9, 1)
    bench.loader.close()
    assert bench.desk.got == []


def test_background_visits_every_frame_once_after_requests(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    visited: list[int] = []
    ends: list[UnreadableError | None] = []
    steps: list[tuple[int, int]] = []
    bench.loader.submit_background(
        "job",
        image_set(frames=40),
        range(40),
        lambda index, frame: visited.append(index),
        finished=ends.append,
        progress=lambda done, total: steps.append((done, total)),
    )
    source.started.get(timeout=PATIENCE_S)
    bench.ask(30, images=image_set(frames=40))
    source.gate.set()
    bench.desk.until(lambda: bool(ends))
    assert ends == [None]
    assert sorted(visited) == list(range(40))
    assert source.decoded[:2] == [0, 30]  # waits for one frame, no more
    assert Counter(source.decoded).most_common(1)[0][1] == 1
    assert steps[-1] == (40, 40)
    assert [d.index for d in bench.desk.got] == [30]


def test_background_keeps_frames_only_where_there_is_room(make):
    bench = make(budget=8 * FRAME_BYTES)
    kept = image_set("kept", 5)
    for index in range(5):
        bench.get(index, images=kept)
    ends: list[UnreadableError | None] = []
    bench.loader.submit_background(
        "job", image_set(), range(100), lambda *_: None, finished=ends.append
    )
    bench.desk.until(lambda: bool(ends))
    assert bench.loader.cached_mask("kept").all()
    assert bench.loader.state.bytes <= 8 * FRAME_BYTES


def test_background_is_told_of_bad_frames(make):
    bench = make(Source(bad=frozenset({2})))
    seen: dict[int, bool] = {}
    ends: list[UnreadableError | None] = []
    bench.loader.submit_background(
        "job",
        image_set(frames=5),
        range(5),
        lambda index, frame: seen.__setitem__(index, isinstance(frame, UnreadableError)),
        finished=ends.append,
    )
    bench.desk.until(lambda: bool(ends))
    assert seen == {0: False, 1: False, 2: True, 3: False, 4: False}
    assert ends == [None]


def test_background_on_a_source_that_does_not_open_ends_with_its_error(make):
    bench = make()
    bench.refuse = UnreadableError("IM_0042 couldn't be read")
    ends: list[UnreadableError | None] = []
    bench.loader.submit_background(
        "job", image_set(), range(100), lambda *_: None, finished=ends.append
    )
    bench.desk.until(lambda: bool(ends))
    assert ends == [bench.refuse]
    assert len(bench.opened) <= 2


def test_background_visit_that_fails_ends_the_job_only(make, caplog):
    bench = make()
    ends: list[UnreadableError | None] = []

    def visit(index: int, frame: object) -> None:
        raise KeyError(index)

    bench.loader.submit_background("job", image_set(), range(100), visit, finished=ends.append)
    bench.desk.until(lambda: bool(ends))
    assert ends[0] is not None
    assert "KeyError" in caplog.text
    assert bench.get(1).error is None


def test_cancelled_background_says_nothing_more_and_can_be_replaced(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    said: list[str] = []
    first = image_set(frames=50)
    bench.loader.submit_background(
        "job", first, range(50), lambda *_: None, finished=lambda _: said.append("first")
    )
    source.started.get(timeout=PATIENCE_S)
    bench.loader.submit_background(
        "job", first, range(3), lambda *_: None, finished=lambda _: said.append("second")
    )
    bench.loader.submit_background(
        "other", first, range(9), lambda *_: None, finished=lambda _: said.append("other")
    )
    bench.loader.cancel_background("other")
    source.gate.set()
    bench.desk.until(lambda: bool(said))
    bench.desk.look()
    assert said == ["second"]
    assert len(source.decoded) <= 4


def test_empty_background_job_ends_at_once(make):
    bench = make()
    ends: list[UnreadableError | None] = []
    bench.loader.submit_background("job", image_set(), [], lambda *_: None, finished=ends.append)
    bench.desk.until(lambda: bool(ends))
    assert ends == [None]


def test_background_order_can_be_changed_and_short_jobs_go_first(make):
    source = Source(held=True)
    bench = make(source, workers=1)
    visited: list[tuple[str, int]] = []
    ends: list[UnreadableError | None] = []
    for key, frames in (("long", range(10)), ("short", range(20, 22))):
        bench.loader.submit_background(
            key,
            image_set(),
            frames,
            lambda index, _frame, key=key: visited.append((key, index)),
            finished=ends.append,
        )
        if key == "long":
            source.started.get(timeout=PATIENCE_S)
    bench.loader.prefer_background("long", [8, 7, 7, 99])
    source.gate.set()
    bench.desk.until(lambda: len(ends) == 2)
    order = [*[("short", i) for i in (20, 21)]]
    assert visited == [("long", 0), *order, *[("long", i) for i in (8, 7, 1, 2, 3, 4, 5, 6, 9)]]


def test_near_look_ahead_then_background_then_far_look_ahead():
    plan = DecodePlan(FrameCache(10**6), workers=1)
    images = image_set(frames=NEAR_STEPS + 3)
    loader_job = _job(plan, images, [NEAR_STEPS + 2])
    plan.travel("ivus", images, 0, images.frames - 1, 1, 1)
    taken = []
    while (task := plan.pick()) is not None:
        task.opened.source = Source()
        task.opened.opening = False
        taken.append((task.index, task.job is loader_job))
        plan.settle(task, picture(task.index))
    near = [(i, False) for i in range(NEAR_STEPS + 1)]
    assert taken == [*near, (NEAR_STEPS + 2, True), (NEAR_STEPS + 1, False)]


def _job(plan: DecodePlan, images: ImageSet, order: list[int]):
    plan.hold(images)
    plan.jobs["job"] = BackgroundJob("job", images, order, lambda *_: None, lambda _: None, None)
    return plan.jobs["job"]


def test_background_frame_pushes_nothing_out_though_a_view_is_on_its_set():
    plan = DecodePlan(FrameCache(2 * FRAME_BYTES), workers=2)
    images = image_set()
    kept = plan.hold(image_set("kept"))
    plan.travel("ivus", images, 0, 99, 1, 1)
    for index in (0, 1):
        plan.cache.put("kept", index, picture(index), ON_SCREEN)
    job = _job(plan, images, [40])
    task = Task(plan.hold(images), 40, job=job)
    plan.settle(task, picture(40))
    assert plan.cache.mask("kept")[:2].all()
    assert not plan.cache.mask("1.2").any()
    assert not kept.busy


def test_one_worker_stays_free_of_look_ahead():
    plan = DecodePlan(FrameCache(10**6), workers=2)
    images = image_set()
    plan.hold(images).source = Source()
    plan.travel("ivus", images, 0, 99, 1, 1)
    assert plan.pick() is not None
    assert plan.pick() is None
    assert plan.wish("ivus", images, 60, lambda _: None) is None
    task = plan.pick()
    assert task is not None
    assert task.index == 60


def test_second_worker_does_not_wait_for_a_file_being_opened():
    plan = DecodePlan(FrameCache(10**6), workers=2)
    slow, quick = image_set("slow"), image_set("quick")
    plan.wish("venogram", slow, 0, lambda _: None)
    first = plan.pick()
    assert first is not None
    plan.wish("third", slow, 1, lambda _: None)
    plan.wish("ivus", quick, 0, lambda _: None)
    second = plan.pick()
    assert second is not None
    assert second.opened.image_set.uid == "quick"
    assert plan.pick() is None


def test_travel_orders_frames():
    forwards = travel_within("u", 10, 2, 6, 1, 1).distances(5)
    assert forwards[2:7].tolist() == [2, 3, 4, 0, 1]
    assert np.isinf(forwards[[0, 1, 7, 8, 9]]).all()
    standing = travel_within("u", 10, 0, 9, 0, 1).distances(4)
    assert np.argsort(standing)[:5].tolist() == [4, 5, 3, 6, 2]
    stepping = travel_within("u", 9, 0, 8, 1, 2).distances(0)
    assert np.argsort(stepping).tolist() == [0, 2, 4, 6, 8, 1, 3, 5, 7]
    reversed_loop = travel_within("u", 10, 20, -3, -5, 0)
    assert (reversed_loop.first, reversed_loop.last) == (0, 9)
    assert (reversed_loop.direction, reversed_loop.step) == (-1, 1)


def test_default_budget_is_bounded():
    assert LEAST_BUDGET <= default_budget_bytes() <= MAX_DEFAULT_BUDGET


def test_outsiders_leave_before_loop_frames_and_by_age():
    cache = FrameCache(3 * FRAME_BYTES)
    for uid in ("old", "run"):
        cache.open_shelf(uid, 10)
    cache.set_need("run", travel_within("run", 10, 0, 9, 1, 1).distances(0))
    cache.put("old", 1, picture(1), ON_SCREEN)
    cache.put("old", 2, picture(2), ON_SCREEN)
    cache.get("old", 1)
    cache.put("run", 5, picture(5), 5)
    assert cache.put("run", 6, picture(6), 6)
    assert cache.peek("old", 2) is None
    assert cache.peek("old", 1) is not None
    assert cache.put("run", 7, picture(7), 7)
    assert not cache.put("run", 8, picture(8), 8)  # never a nearer one for a farther one
    assert not cache.put("run", 7 + 1, picture(8), float("inf"))
    assert cache.put("run", 1, picture(1), 1)
    assert np.flatnonzero(cache.mask("run")).tolist() == [1, 5, 6]


def test_two_views_equally_far_do_not_push_one_another_out():
    cache = FrameCache(2 * FRAME_BYTES)
    for uid in ("a", "b"):
        cache.open_shelf(uid, 10)
        cache.set_need(uid, travel_within(uid, 10, 0, 9, 1, 1).distances(0))
    assert cache.put("a", 0, picture(0), 0)
    assert cache.put("a", 3, picture(3), 3)
    assert not cache.put("b", 3, picture(3), 3)
    assert not cache.would_take("b", 3)
    assert cache.put("b", 2, picture(2), 2)
    assert np.flatnonzero(cache.mask("a")).tolist() == [0]


@settings(max_examples=60, deadline=None)
@given(
    budget=st.integers(0, 20),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]), st.integers(0, 29), st.integers(1, 4), st.booleans()
        ),
        max_size=60,
    ),
    at=st.integers(0, 29),
)
def test_cache_never_exceeds_its_budget_and_counts_right(budget, steps, at):
    cache = FrameCache(budget * FRAME_BYTES)
    for uid in ("a", "b"):
        cache.open_shelf(uid, 30)
    cache.set_need("a", travel_within("a", 30, 0, 29, 1, 1).distances(at))
    for uid, index, size, on_screen in steps:
        pixels = np.zeros(size * FRAME_BYTES, np.uint8)
        needed_before = _nearest_needs(cache)
        need = ON_SCREEN if on_screen else cache.need(uid, index)
        kept = cache.put(uid, index, pixels, need)
        assert kept or size > budget or not on_screen
        state = cache.state
        assert state.bytes <= budget * FRAME_BYTES
        held = [cache.peek(u, i) for u in ("a", "b") for i in np.flatnonzero(cache.mask(u))]
        assert state.bytes == sum(p.nbytes for p in held if p is not None)
        assert state.frames == len(held)
        lost = needed_before - _nearest_needs(cache)
        assert all(one > need for one in lost)


def _nearest_needs(cache: FrameCache) -> set[float]:
    return {cache.need("a", int(i)) for i in np.flatnonzero(cache.mask("a"))}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_order_of_calls_ends_cleanly(data):
    """Scrub, play, forget, cancel in any order: newest wins, budget kept, close returns."""
    bench = Bench(Source(bad=frozenset({3, 17})), budget=12 * FRAME_BYTES, workers=3)
    sets = {uid: image_set(uid, 30) for uid in ("a", "b")}
    asked: dict[str, tuple[str, int]] = {}
    moves = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(["ask", "ask", "ask", "travel", "cancel", "forget", "job", "look"]),
                st.sampled_from(["v", "w"]),
                st.sampled_from(["a", "b"]),
                st.integers(0, 29),
            ),
            max_size=40,
        )
    )
    latest: list[tuple[Delivered, tuple[str, int] | None]] = []

    def deliver(delivered: Delivered) -> None:
        latest.append((delivered, asked.get(delivered.view)))

    for move, view, uid, index in moves:
        if move == "ask":
            asked[view] = (uid, index)
            bench.loader.request(view, sets[uid], index, deliver)
        elif move == "travel":
            bench.loader.set_travel(view, sets[uid], index, 29, 1 if index % 2 else -1, 1)
        elif move == "cancel":
            asked.pop(view, None)
            bench.loader.cancel_view(view)
        elif move == "forget":
            asked = {v: what for v, what in asked.items() if what[0] != uid}
            bench.loader.forget(uid)
        elif move == "job":
            bench.loader.submit_background(
                uid, sets[uid], range(index), lambda *_: None, finished=lambda _: None
            )
        else:
            bench.desk.look()
        assert bench.loader.state.bytes <= 12 * FRAME_BYTES
    final = dict(asked)
    bench.desk.until(
        lambda: all(
            any((d.uid, d.index) == what and d.view == view for d, _ in latest)
            for view, what in final.items()
        )
    )
    bench.loader.close()
    bench.desk.look()
    for delivered, wanted in latest:
        assert wanted == (delivered.uid, delivered.index)
        assert (delivered.error is not None) == (delivered.index in {3, 17})
