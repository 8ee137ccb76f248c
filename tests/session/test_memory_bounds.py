"""A case far larger than memory's share takes no more memory than a small one."""

from __future__ import annotations

import os
import queue
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewer.model.study import FrameSpan, ImageSet, Patient, Role
from viewer.session.decode_plan import Delivered
from viewer.session.frame_loader import SPARE_OVERLAYS, FrameLoader

resource = pytest.importorskip("resource", reason="peak memory is asked of the system")

FRAMES, SIZE, BUDGET = 10_000, 512, 64 * 2**20

PLAY = """
import resource, sys
from pathlib import Path
from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.session.frame_loader import FrameLoader
import queue

def peak_mb():
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage counts what the parent held when it forked
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale

sets = index([Path(sys.argv[1])]).image_sets
inbox = queue.Queue()
loader = FrameLoader(open_frames, inbox.put, int(sys.argv[2]))
got = []
def ask(item, number):
    loader.request("view", item, number, got.append)
    wanted = len(got) + 1
    while not (got and got[-1].index == number and got[-1].uid == item.uid):
        inbox.get(timeout=30)()
    assert got[-1].pixels is not None
    del got[:]
for item in sets:
    ask(item, 0)
before = peak_mb()
for item in sets:
    for number in range(0, item.frames, item.frames // 300):
        loader.set_travel("view", item, 0, item.frames - 1, 1)
        ask(item, number)
state = loader.state
loader.close()
print(len(sets), sum(item.frames for item in sets), state.bytes, before, peak_mb())
"""


def _sparse(path: Path, number: int) -> None:
    """A native run of zeros that takes no room on the disk."""
    uid = f"1.2.3.{number}"

    def element(group: int, tag: int, vr: bytes, value: bytes) -> bytes:
        value += (b" " if vr in (b"CS", b"IS") else b"\0") * (len(value) % 2)
        return struct.pack("<HH2sH", group, tag, vr, len(value)) + value

    meta = element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1")
    words = [(2, 1), (0x10, SIZE), (0x11, SIZE), (0x100, 8), (0x101, 8), (0x102, 7), (0x103, 0)]
    body = element(8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.12.1")
    body += element(8, 0x18, b"UI", uid.encode()) + element(8, 0x60, b"CS", b"XA")
    body += element(0x20, 0x0E, b"UI", f"{uid}.1".encode())
    body += element(0x28, 2, b"US", struct.pack("<H", 1))
    body += element(0x28, 4, b"CS", b"MONOCHROME2")
    body += element(0x28, 8, b"IS", str(FRAMES).encode())
    for tag, value in words[1:]:
        body += element(0x28, tag, b"US", struct.pack("<H", value))
    length = FRAMES * SIZE * SIZE
    body += struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, length)
    path.write_bytes(bytes(128) + b"DICM" + meta + body)
    os.truncate(path, path.stat().st_size + length)


def test_five_gigabytes_in_the_memory_of_a_small_case(tmp_path: Path) -> None:
    for number in (1, 2):
        _sparse(tmp_path / f"{number}.dcm", number)
    if sum(path.stat().st_blocks for path in tmp_path.iterdir()) * 512 > 2**20:
        pytest.skip("files with holes are not kept as such here")
    done = subprocess.run(
        [sys.executable, "-c", PLAY, str(tmp_path), str(BUDGET)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    sets, frames, held, before, after = map(float, done.stdout.split())
    assert (sets, frames) == (2, 2 * FRAMES)
    assert BUDGET / 2 < held <= BUDGET
    assert after - before < BUDGET / 2**20 + 24
    assert after < 200


class _WithOverlays:
    def frame(self, index: int) -> np.ndarray:
        return np.full((8, 8), index % 256, np.uint8)

    def pixels(self, flat_px: np.ndarray) -> None:
        return None

    def overlay(self, index: int) -> np.ndarray:
        return np.full((8, 8), index % 2 == 0)

    def close(self) -> None:
        """Nothing is held."""


def test_overlays_leave_with_their_frames() -> None:
    frames = 1000
    item = ImageSet(
        uid="1.2", series_uid="1", study_uid="1", patient=Patient(), modality="XA",
        role=Role.VENOGRAM, description="", series_number=None, acquired_at=None,
        spans=(FrameSpan(Path("x"), 0, frames, "1.2"),), frames=frames, frames_declared=frames,
        rows=8, columns=8,
    )  # fmt: skip
    inbox: queue.Queue[Callable[[], None]] = queue.Queue()
    loader = FrameLoader(lambda _: _WithOverlays(), inbox.put, 64 * 20, workers=1)
    for index in range(frames):
        got: list[Delivered] = []
        loader.request("view", item, index, got.append)
        while not got:
            inbox.get(timeout=30)()
        overlay = loader.overlay(item, index)
        assert overlay is not None
        assert overlay.all() == (index % 2 == 0)
    assert len(loader._overlays) <= 2 * (20 + SPARE_OVERLAYS) + 1
    loader.close()
