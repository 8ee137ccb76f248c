"""Thumbnails of image sets, made while nobody waits for a frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from viewer.errors import UnreadableError
from viewer.imaging.thumbnail import thumbnail, thumbnail_frame
from viewer.imaging.window import apply_display, auto_window, display_lut
from viewer.model.study import ImageSet
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

Picture = npt.NDArray[np.uint8]
"""uint8 (h, w) or RGB (h, w, 3); square pixels, made for twice the logical density."""


def make_thumbnail(image_set: ImageSet, frame: Frame) -> Picture:
    """A frame made small, as its header wants it shown (RGB stays as it is)."""
    pixels = image_set.pixels
    if frame.ndim == 3:
        return thumbnail(frame, aspect=pixels.aspect)
    lut = display_lut(pixels, frame.dtype, auto_window(pixels, frame))
    return thumbnail(frame, lambda values: apply_display(values, lut), aspect=pixels.aspect)


def order_thumbnail(
    loader: FrameLoader,
    image_set: ImageSet,
    deliver: Callable[[str, Picture | UnreadableError], None],
    frame: int | None = None,
) -> None:
    """Have the thumbnail of an image set, or of one frame of it, made in the background.

    Parameters
    ----------
    frame : int, optional
        0-based; None is the frame that says most about the set.
    deliver : callable
        ``deliver(uid, picture)`` on the main thread, or with the error that kept it from being
        made; not after `cancel_thumbnail` or once the set is forgotten.
    """
    made: list[Picture | UnreadableError] = []
    key, frames = _key(image_set.uid), _candidates(image_set.frames)
    if frame is not None:
        frames, key = [frame], f"{key} {frame}"

    def visit(_index: int, read: Frame | UnreadableError) -> None:
        if isinstance(read, UnreadableError):
            made.append(read)
        else:
            made.append(make_thumbnail(image_set, read))

    def finished(error: UnreadableError | None) -> None:
        if error is not None:
            deliver(image_set.uid, error)
        elif made and isinstance(made[-1], UnreadableError) and frames:
            look()  # another frame may be there
        elif made:
            deliver(image_set.uid, made[-1])

    def look() -> None:
        order = [frames.pop(0)] if frames else []
        loader.submit_background(key, image_set, order, visit, finished=finished)

    look()


def _candidates(frames: int) -> list[int]:
    """The frame that says most, then others in case it can't be read."""
    if not frames:
        return []
    return list(dict.fromkeys((thumbnail_frame(frames), frames // 2, frames // 4, 0)))


def cancel_thumbnail(loader: FrameLoader, uid: str) -> None:
    """Have it made no more."""
    loader.cancel_background(_key(uid))


def _key(uid: str) -> str:
    return f"thumbnail {uid}"
