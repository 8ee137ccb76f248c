"""Frames in words: the stretches they make, as a person counts them."""

from __future__ import annotations

from collections.abc import Iterable

MOST_NAMED = 8


def stretches_of(frames: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours, rising."""
    found: list[tuple[int, int]] = []
    for frame in sorted(set(frames)):
        if found and frame == found[-1][1] + 1:
            found[-1] = (found[-1][0], frame)
        else:
            found.append((frame, frame))
    return found


def frames_words(frames: Iterable[int]) -> str:
    """Name 0-based frames as counted on screen: "frame 7", "frames 8–10, 15 and 4 more"."""
    frames = sorted(set(frames))
    named = stretches_of(frames)
    words = [f"{a + 1}" if a == b else f"{a + 1}\u2013{b + 1}" for a, b in named[:MOST_NAMED]]
    rest = sum(b - a + 1 for a, b in named[MOST_NAMED:])
    text = ", ".join(words) + (f" and {rest} more" if rest else "")
    return f"frame{'' if len(frames) == 1 else 's'} {text}"
