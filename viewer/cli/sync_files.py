"""The two JSON files of ``caval sync``: a centerline and landmarks, read with care."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UnreadableError
from viewer.geometry.polyline import Polyline, distinct, spline_through
from viewer.model.calibration import Calibration
from viewer.model.coregistration import Landmark

if TYPE_CHECKING:
    from viewer.model.study import ImageSet

SCALES_AGREE = 0.02
"""Relative difference between a file's own two scales that is still rounding."""


LEAST_WIDTHS = 8
"""Fewer known widths are no profile."""

MOST_BEYOND = 0.5
"""A centerline with a larger share outside the image belongs to another one."""

LARGEST = 1e6
"""No place in px and no length in mm is beyond it."""


@dataclass(frozen=True, eq=False)
class CenterlineFile:
    """What a centerline file says.

    Attributes
    ----------
    arc_mm : ndarray of float64 or None, shape (n,)
        mm at each point of `polyline`.
    mm_per_px, uncertainty : float or None
    source : str
        Where the file says its scale comes from, e.g. "manual"; empty when it does not.
    run : str
        UID of the run it was drawn on, empty when the file does not say.
    warnings : tuple of str
    width : ndarray of float64 or None, shape (n,)
        Of the vein at each point, mm or px; NaN where it is not known.
    """

    polyline: Polyline
    arc_mm: NDArray[np.float64] | None
    mm_per_px: float | None
    uncertainty: float | None
    source: str
    run: str
    warnings: tuple[str, ...]
    width: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class ScaleUsed:
    """The scale positions rest on.

    Attributes
    ----------
    origin : str
        "centerline", "review", "run header" or "none".
    mm_per_px, uncertainty : float or None
        `mm_per_px` is None when the file gives mm along the vein instead, or nothing does.
    source : str
        How it was found, as its origin says.
    """

    origin: str
    mm_per_px: float | None
    source: str
    uncertainty: float | None

    @property
    def as_json(self) -> dict[str, object]:
        """For ``--json``."""
        return {
            "from": self.origin,
            "mm_per_px": self.mm_per_px,
            "source": self.source or None,
            "uncertainty": self.uncertainty,
        }

    @property
    def text(self) -> str:
        """For people."""
        if self.origin == "none":
            return "no mm scale: lengths in px"
        size = "mm along the vein" if self.mm_per_px is None else f"{self.mm_per_px:.4g} mm/px"
        sure = f" ± {100 * self.uncertainty:.1f} %" if self.uncertainty else ""
        how = f" ({self.source})" if self.source else ""
        return f"scale: {size}{sure}, from the {self.origin}{how}"


def read_centerline(path: Path) -> CenterlineFile:
    """Read ``{"points": [[x, y]…], "arc_mm"?, "mm_per_px"?}``, ``{"knots": …}`` or bare points.

    Raises
    ------
    UnreadableError
        The file is no JSON, or holds no curve.
    """
    document = _json(path)
    if isinstance(document, list):
        document = {"points": document}
    if not isinstance(document, dict) or not ({"points", "knots"} & document.keys()):
        raise UnreadableError(
            f"{path}: no centerline in it",
            'give {"points": [[x, y], …]} as caval centerline writes it, or {"knots": …}',
        )
    key = "points" if "points" in document else "knots"
    points = _points(path, key, document[key])
    curve = Polyline.from_points(points) if key == "points" else spline_through(points.tolist())
    if curve is None:
        raise UnreadableError(f"{path}: fewer than two different points", "draw the vein's course")
    calibration = document.get("calibration")
    stated = calibration if isinstance(calibration, dict) else {}
    mm_per_px = _positive(path, "mm_per_px", document.get("mm_per_px", stated.get("mm_per_px")))
    uncertainty = _positive(path, "uncertainty", stated.get("uncertainty"))
    arc_mm, warnings = None, []
    if key == "points" and document.get("arc_mm") is not None:
        arc_mm = _arc_mm(document["arc_mm"], points)
        if arc_mm is None:
            warnings.append("arc_mm of the centerline does not fit its points and is not used")
        elif mm_per_px is not None:
            ratio = (arc_mm[-1] - arc_mm[0]) / (curve.length_px * mm_per_px)
            if abs(ratio - 1) > SCALES_AGREE:
                warnings.append(
                    f"the centerline's arc_mm and mm_per_px differ by {abs(ratio - 1):.0%}; "
                    "arc_mm is used"
                )
    told = stated.get("source")
    source = told if isinstance(told, str) else ""
    run = document.get("run")
    name = run if isinstance(run, str) else ""
    width = _width(document, points) if key == "points" else None
    return CenterlineFile(
        curve, arc_mm, mm_per_px, uncertainty, source, name, tuple(warnings), width
    )


def beyond_image(path: Path, line: CenterlineFile, run: ImageSet) -> list[str]:
    """A warning where a centerline leaves the image of the run it is used on.

    Raises
    ------
    UnreadableError
        Most of it lies outside: it belongs to another image, or is in another unit.
    """
    share = float(np.mean(~_on_image(line.polyline.points_px, run)))
    if share > MOST_BEYOND:
        raise UnreadableError(
            f"{path}: {share:.0%} of the centerline lies outside the image "
            f"({run.columns} x {run.rows} px)",
            "give the centerline of this run, in px from its top left",
        )
    if share == 0:
        return []
    return [
        f"{path.name}: {max(share, 0.01):.0%} of the centerline lies outside the image "
        f"({run.columns} x {run.rows} px); nothing is seen there: end it at the image's edge"
    ]


def marks_on_image(path: Path, marks: tuple[Landmark, ...], run: ImageSet) -> None:
    """Refuse landmarks that lie outside the image.

    Raises
    ------
    UnreadableError
        Names the first of them.
    """
    for mark in marks:
        if not _on_image(np.array([mark.point_px]), run)[0]:
            x, y = mark.point_px
            raise UnreadableError(
                f"{path}: {mark.name} at {x:g},{y:g} lies outside the image "
                f"({run.columns} x {run.rows} px)",
                "give its place in px from the top left",
            )


def _on_image(points: NDArray[np.float64], run: ImageSet) -> NDArray[np.bool_]:
    """Whether points lie on a pixel of the image."""
    size = np.array([run.columns, run.rows])
    return np.asarray(((points >= -0.5) & (points <= size - 0.5)).all(axis=1))


def calibration_in(path: Path, run_uid: str) -> Calibration | None:
    """The scale a review's reader set by hand on a run, None when the header's holds there.

    Raises
    ------
    UnreadableError
        The file is no review.
    """
    from viewer.store import review_file

    made = review_file.read(path).calibration_of(run_uid)
    return made.scale() if made is not None else None


def read_landmarks(path: Path, frames: int) -> tuple[Landmark, ...]:
    """Read ``[{"name", "frame", "x", "y"}…]``, or an object with that list as ``landmarks``.

    Parameters
    ----------
    frames : int
        Number of frames of the pullback.

    Raises
    ------
    UnreadableError
        The file is no JSON, or one landmark of it can't be used.
    """
    document = _json(path)
    if isinstance(document, dict):
        document = document.get("landmarks")
    if not isinstance(document, list):
        raise UnreadableError(
            f"{path}: no list of landmarks in it", 'give [{"name", "frame", "x", "y"}, …]'
        )
    return tuple(_landmark(path, i, entry, frames) for i, entry in enumerate(document))


def _landmark(path: Path, index: int, entry: object, frames: int) -> Landmark:
    where = f"{path}: landmark {index + 1}"
    if not isinstance(entry, dict):
        raise UnreadableError(f"{where} is no object", 'give {"name", "frame", "x", "y"}')
    missing = [key for key in ("name", "frame", "x", "y") if key not in entry]
    if missing:
        raise UnreadableError(f"{where} has no {', '.join(missing)}", "add what is missing")
    name, frame = str(entry["name"]), _number(entry["frame"])
    if frame is None or frame != int(frame):
        raise UnreadableError(f"{where} ({name}): its frame is no whole number", "count from 0")
    if not 0 <= frame < frames:
        raise UnreadableError(
            f"{where} ({name}) is on frame {int(frame)}, the pullback has frames 0 to {frames - 1}",
            "frames are counted from 0",
        )
    x, y = _number(entry["x"]), _number(entry["y"])
    if x is None or y is None:
        raise UnreadableError(f"{where} ({name}): x or y is no number", "give its place in px")
    return Landmark(f"landmark-{index + 1}", name, int(frame), (x, y))


def _json(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = (error.strerror or "can't be opened").lower()
        raise UnreadableError(f"{path}: {reason}", "check the path") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path}: not a text file", "give a JSON file") from error
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"{path}: not JSON (line {error.lineno}: {error.msg})", "correct the file"
        ) from error
    except RecursionError as error:
        raise UnreadableError(f"{path}: nested too deeply", "correct the file") from error


def _points(path: Path, key: str, entries: object) -> NDArray[np.float64]:
    if not isinstance(entries, list):
        raise UnreadableError(f"{path}: {key} is no list", "give [[x, y], …] in px")
    for index, entry in enumerate(entries):
        good = isinstance(entry, list) and len(entry) == 2
        if not good or any(_number(value) is None for value in entry):
            raise UnreadableError(
                f"{path}: {key}[{index}] is not a pair of numbers", "give [[x, y], …] in px"
            )
    return np.array(entries, dtype=np.float64).reshape(-1, 2)


def _arc_mm(entries: object, points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Arc length in mm at each point that the polyline keeps; None when they don't fit."""
    if not isinstance(entries, list) or len(entries) != len(points):
        return None
    if any(_number(value) is None for value in entries):
        return None
    arc = np.array(entries, dtype=np.float64)[distinct(points)]
    return arc if bool((np.diff(arc) > 0).all()) else None


def _width(document: dict[str, Any], points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Width of the vein at each point that the polyline keeps; None when too little is known."""
    for key in ("diameter_mm", "diameter_px"):
        entries = document.get(key)
        if not isinstance(entries, list) or len(entries) != len(points):
            continue
        numbers = [_number(value) for value in entries]
        width = np.array([np.nan if value is None else value for value in numbers])
        width = np.where(width > 0, width, np.nan)[distinct(points)]
        if np.isfinite(width).sum() >= LEAST_WIDTHS:
            return width
    return None


def _positive(path: Path, key: str, value: object) -> float | None:
    if value is None:
        return None
    number = _number(value)
    if number is None or number <= 0:
        raise UnreadableError(
            f"{path}: {key} is no number above zero", "correct it or leave it out"
        )
    return number


def _number(value: object) -> float | None:
    """A number that can be, None for everything else (true and false are no numbers)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST else None
