"""Frames from all over some files through the window's loader, and the memory that took."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable
from pathlib import Path

from viewer.benchmarks.self_report import most_resident_bytes, resident_bytes, tell
from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.errors import UnreadableError
from viewer.model.study import ImageSet
from viewer.session.decode_plan import Delivered
from viewer.session.frame_cache import default_budget_bytes
from viewer.session.frame_loader import FrameLoader

ASKED = 400
"""Frames asked for of each file, spread over it; look-ahead brings others."""

PATIENCE_S = 60.0


def main(files: list[str]) -> None:
    """Ask for the frames one by one, as a view that travels."""
    inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    image_sets = index([Path(name) for name in files]).image_sets
    before = resident_bytes()
    loader = FrameLoader(open_frames, inbox.put, default_budget_bytes())
    most = 0
    for image_set in image_sets:
        for number in range(0, image_set.frames, max(1, image_set.frames // ASKED)):
            loader.set_travel("view", image_set, 0, image_set.frames - 1, 1)
            _ask(loader, image_set, number, inbox)
            most = max(most, loader.state.bytes)
    state = loader.state
    loader.close()
    tell(
        frames=sum(image_set.frames for image_set in image_sets),
        before=before,
        most_resident=most_resident_bytes(),
        most_images=most,
        budget=state.budget_bytes,
    )


def _ask(
    loader: FrameLoader,
    image_set: ImageSet,
    number: int,
    inbox: queue.SimpleQueue[Callable[[], None]],
) -> None:
    got: list[Delivered] = []
    loader.request("view", image_set, number, got.append)
    while not got:
        inbox.get(timeout=PATIENCE_S)()
    if got[0].pixels is None:
        raise UnreadableError(f"frame {number} could not be read")


if __name__ == "__main__":
    main(sys.argv[1:])
