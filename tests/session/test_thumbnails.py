"""Thumbnails through the loader, on fakes and on real files."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from viewer.dicom.frames import open_frames
from viewer.errors import UnreadableError
from viewer.model.study import FrameSpan, Patient, PixelFormat, Role, Run, Window
from viewer.session.frame_loader import FrameLoader, FrameSource
from viewer.session.thumbnails import cancel_thumbnail, make_thumbnail, order_thumbnail

PATIENCE_S = 30.0


def run(path: Path = Path("x"), frames: int = 10, rows: int = 400, columns: int = 400) -> Run:
    return Run(
        uid="1.4",
        series_uid="1",
        study_uid="1",
        patient=Patient(),
        modality="XA",
        role=Role.VENOGRAM,
        description="",
        series_number=None,
        acquired_at=None,
        spans=(FrameSpan(path, 0, frames, "1.4"),),
        frames=frames,
        frames_declared=frames,
        rows=rows,
        columns=columns,
        pixels=PixelFormat(bits_allocated=16, bits_stored=12, windows=(Window(600, 1000),)),
    )


class Source:
    def __init__(self, bad: bool = False) -> None:
        self.bad = bad

    def frame(self, index: int) -> np.ndarray:
        if self.bad:
            raise UnreadableError("damaged")
        return np.full((400, 400), 100 * index, np.uint16)

    def overlay(self, index: int) -> None:
        return None

    def close(self) -> None:
        return None


def ordered(images: Run, opener: Callable[[object], FrameSource]) -> tuple[str, object]:
    inbox: queue.Queue[Callable[[], None]] = queue.Queue()
    loader = FrameLoader(opener, inbox.put, 10**6)
    got: list[tuple[str, object]] = []
    order_thumbnail(loader, images, lambda uid, picture: got.append((uid, picture)))
    while not got:
        inbox.get(timeout=PATIENCE_S)()
    loader.close()
    return got[0]


def test_frame_at_sixty_percent_through_the_headers_window():
    uid, picture = ordered(run(), lambda _: Source())
    assert uid == "1.4"
    assert isinstance(picture, np.ndarray)
    assert picture.shape == (192, 192)
    assert (picture == 128).all()  # 600 is the middle of the window


def test_monochrome1_is_shown_inverted():
    pixels = replace(run().pixels, photometric="MONOCHROME1")
    frame = np.full((400, 400), 100, np.uint16)
    assert make_thumbnail(run(), frame).max() < 5
    assert make_thumbnail(replace(run(), pixels=pixels), frame).min() > 250


def test_bad_frame_and_bad_file_say_so():
    _, told = ordered(run(), lambda _: Source(bad=True))
    assert isinstance(told, UnreadableError)
    assert told.what == "damaged"
    refusal = UnreadableError("gone")

    def refuse(_: object) -> FrameSource:
        raise refusal

    assert ordered(run(), refuse)[1] is refusal


def test_cancelled_is_not_delivered():
    inbox: queue.Queue[Callable[[], None]] = queue.Queue()
    loader = FrameLoader(lambda _: Source(), inbox.put, 10**6)
    got: list[object] = []
    order_thumbnail(loader, run(), lambda *what: got.append(what))
    cancel_thumbnail(loader, "1.4")
    loader.close()
    while not inbox.empty():
        inbox.get()()
    assert got == []


@pytest.mark.parametrize(
    ("name", "frames", "side"),
    [("xa/xa_coronary_96f_jpeg.dcm", 96, 512), ("ivus/ivus_large_vessel_100f.dcm", 100, 500)],
)
def test_real_files(shared_data, name, frames, side):
    images = replace(run(shared_data / name, frames, side, side), pixels=PixelFormat())
    _, picture = ordered(images, open_frames)
    assert isinstance(picture, np.ndarray)
    assert picture.shape[:2] == (192, 192)
    assert picture.std() > 10


def test_another_frame_stands_in_for_one_that_cant_be_read():
    class Torn(Source):
        def frame(self, index: int) -> np.ndarray:
            if index >= 5:
                raise UnreadableError("damaged")
            return np.full((400, 400), 900, np.uint16)

    _, picture = ordered(run(), lambda _: Torn())
    assert isinstance(picture, np.ndarray)
