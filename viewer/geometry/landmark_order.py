"""Whether a set of landmarks can all be right, and in which direction the pullback ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.monotone import pool_reversals
from viewer.model.anatomy import LANDMARK_KINDS, landmark_kind
from viewer.model.coregistration import Landmark

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Conflict:
    """Two landmarks that can't both be right: a sentence, and who they are."""

    text: str
    landmark_ids: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Anchors:
    """Landmarks in frame order, at most one a frame.

    Attributes
    ----------
    frames : ndarray of int64, shape (n,), strictly rising
    arcs : ndarray of float64, shape (n,)
        Along the vein, times `direction`: never falling.
    direction : int
        +1 when the arc grows with the frames, -1 when it falls.
    """

    frames: NDArray[np.int64]
    arcs: Values
    direction: int

    def without(self, index: int) -> Anchors:
        """The same with one anchor left out."""
        return Anchors(np.delete(self.frames, index), np.delete(self.arcs, index), self.direction)


def direction_of(frames: NDArray[np.int64], arcs: Values) -> int:
    """+1 or -1: the way most pairs of landmarks run (Kendall's tau); +1 when undecided."""
    votes = sum(
        int(np.sign(frames[j] - frames[i]) * np.sign(arcs[j] - arcs[i]))
        for i, j in combinations(range(len(frames)), 2)
    )
    return -1 if votes < 0 else 1


def conflicts(
    landmarks: Sequence[Landmark], arcs: Values, direction: int, tolerance: float, unit: str
) -> tuple[Conflict, ...]:
    """Every pair of landmarks that can't both be right, the worst first.

    Parameters
    ----------
    landmarks : sequence of Landmark
        In frame order.
    arcs : ndarray, shape (n,)
        Where each lies along the vein.
    tolerance : float
        Distance two clicks on one place may be apart, same unit as `arcs`.
    """
    found: list[tuple[float, Conflict]] = []
    for (a, first), (b, second) in combinations(enumerate(landmarks), 2):
        back = direction * (arcs[a] - arcs[b])
        same = first.frame == second.frame
        if (abs(back) if same else back) <= tolerance:
            continue
        one, two = _called(first, second)
        if same:
            text = (
                f"{one} and {two} share frame {first.frame + 1} but lie "
                f"{abs(back):.1f} {unit} apart on the vein"
            )
        else:
            text = (
                f"{one} (frame {first.frame + 1}) and {two} (frame {second.frame + 1}) run "
                f"backwards: they are {back:.1f} {unit} apart the wrong way round on the vein"
            )
        found.append((abs(back), Conflict(text, (first.id, second.id))))
    found.sort(key=lambda item: -item[0])
    return tuple(conflict for _, conflict in found)


def anchors_of(
    landmarks: Sequence[Landmark], arcs: Values, direction: int
) -> tuple[Anchors, tuple[str, ...]]:
    """Landmarks free of `conflicts` as anchors, and what was evened out, in sentences.

    Landmarks that share a frame become one; a reversal inside the click's own ± becomes a pause.
    """
    notes: list[str] = []
    frames = np.array([mark.frame for mark in landmarks], dtype=np.int64)
    forward = direction * arcs
    unique, group = np.unique(frames, return_inverse=True)
    if len(unique) < len(frames):
        shared = next(a for a, b in pairwise(landmarks) if a.frame == b.frame)
        notes.append(
            f"Two landmarks share frame {shared.frame + 1}; the place between them is used."
        )
        forward = np.bincount(group, weights=forward) / np.bincount(group)
    level = pool_reversals(forward)
    if not np.array_equal(level, forward):
        notes.append(
            "Two neighbouring landmarks lie the wrong way round by less than a click's own "
            "error; the place between them is used for both."
        )
    return Anchors(unique, level, direction), tuple(notes)


def remarks(
    landmarks: Sequence[Landmark], off: Sequence[float], limit: float, unit: str
) -> tuple[str, ...]:
    """Sentences on landmarks that work but look wrong: off the vein, or oddly named.

    Parameters
    ----------
    off : sequence of float
        Distance of each from the centerline, `unit`; above `limit` it is told.
    """
    far = [
        f"{mark.name or 'A landmark'} lies {gap:.0f} {unit} off the centerline; its nearest "
        "place on it is used."
        for mark, gap in zip(landmarks, off, strict=True)
        if gap > limit
    ]
    return (*far, *_misnamed(landmarks))


def _misnamed(landmarks: Sequence[Landmark]) -> tuple[str, ...]:
    """Usual landmarks whose names are out of the body's order."""
    rank = {kind.key: place for place, kind in enumerate(LANDMARK_KINDS)}
    known = [(mark, kind) for mark in landmarks if (kind := landmark_kind(mark.name)) is not None]
    steps = [int(np.sign(rank[b.key] - rank[a.key])) for (_, a), (_, b) in pairwise(known)]
    turn = 1 if sum(steps) >= 0 else -1
    return tuple(
        f"{a.name} (frame {a.frame + 1}) and {b.name} (frame {b.frame + 1}) are not in the "
        "order of the body; check their names."
        for ((a, _), (b, _)), step in zip(pairwise(known), steps, strict=True)
        if step * turn < 0
    )


def _called(first: Landmark, second: Landmark) -> tuple[str, str]:
    if first.name and first.name != second.name:
        return first.name, second.name or "a landmark"
    return f"{first.name or 'a landmark'} (first)", f"{second.name or 'a landmark'} (second)"
