"""Copying a centerline to runs of the same angles; frames are handed over at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from session_samples import draw_vein, run, session_of

from viewer.model.study import ImageSet, PixelFormat
from viewer.session.session import Session
from viewer.session.state import Notice
from viewer.session.vein_copies import VeinCopies, same_angles

SHIFT_PX = (20, -12)


def bones() -> np.ndarray:
    """Something with edges, 1024 x 1024 stored values."""
    y, x = np.mgrid[:1024, :1024]
    image = 2000.0 + 300.0 * np.sin(x / 90.0) + 200.0 * np.cos(y / 70.0)
    image[200:380, 420:600] -= 700
    image[np.hypot(x - 300, y - 700) < 120] -= 500
    image[np.hypot(x - 760, y - 640) < 90] += 400
    return image.astype(np.uint16)


class Loader:
    """Hands frames over at once, in place of a `FrameLoader`."""

    def __init__(self, frames: Mapping[str, np.ndarray]) -> None:
        self._frames = frames

    def submit_background(
        self,
        key: str,
        image_set: ImageSet,
        order: Sequence[int],
        visit: Callable[[int, np.ndarray], None],
        *,
        finished: Callable[[None], None],
    ) -> None:
        for index in order:
            visit(index, self._frames[image_set.uid])
        finished(None)


@pytest.fixture
def session() -> Session:
    lin = PixelFormat(bits_stored=12, intensity_relationship="LIN")
    angles = {"primary_angle_deg": 20.0, "secondary_angle_deg": 0.0, "pixels": lin}
    near = {**angles, "primary_angle_deg": 23.0}
    far = {**angles, "primary_angle_deg": -10.0}
    return session_of(run("a", **angles), run("b", **near), run("c", **far))


def copies(session: Session, other: np.ndarray) -> VeinCopies:
    frames = {"a": bones(), "b": other, "c": bones()}
    return VeinCopies(session, Loader(frames))  # type: ignore[arg-type]


def test_angles_within_five_degrees_are_the_same(session: Session) -> None:
    first, near, far = session.case.runs
    assert same_angles(first, near)
    assert not same_angles(first, far)
    assert not same_angles(first, run("d"))


def test_the_copy_lies_where_the_vein_moved_and_is_to_be_checked(session: Session) -> None:
    told: list[Notice] = []
    session.noticed.connect(told.append)
    draw_vein(session)
    line = session.current_centerline
    assert line is not None
    copies(session, np.roll(bones(), SHIFT_PX[::-1], (0, 1))).copy(line)
    (copy,) = session.review.centerlines_of("b")
    assert not session.review.centerlines_of("c")
    moved = np.array(line.knots_px) + SHIFT_PX
    assert np.hypot(*(np.array(copy.knots_px) - moved).T).max() < 3.0
    assert copy.unchecked
    assert any("Check it there" in notice.text for notice in told)
    session.show("b")
    session.vessel.accept_centerline()
    assert not session.review.centerlines_of("b")[0].unchecked
    session.undo()
    session.undo()
    assert not session.review.centerlines_of("b")


def test_runs_that_do_not_look_alike_get_no_copy(session: Session) -> None:
    told: list[Notice] = []
    session.noticed.connect(told.append)
    draw_vein(session)
    line = session.current_centerline
    assert line is not None
    noise = np.random.default_rng(1).integers(1000, 3000, (1024, 1024)).astype(np.uint16)
    copies(session, noise).copy(line)
    assert not session.review.centerlines_of("b")
    assert any("do not look alike" in notice.text for notice in told)
