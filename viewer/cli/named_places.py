"""Places named on one run, as ``caval reconstruct`` reads them."""

from __future__ import annotations

import json
import math
from pathlib import Path

from viewer.errors import UnreadableError

Place = tuple[float, float]


def read_places(path: Path) -> dict[str, Place]:
    """Read ``[{"name", "x", "y"}…]``, or an object with that list as ``landmarks``.

    Returns
    -------
    dict of str to (x, y)
        px, in the file's order.

    Raises
    ------
    UnreadableError
        The file is no such list, or names one place twice.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or "can't be opened").lower()
        raise UnreadableError(f"{path}: {reason}", "check the path") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UnreadableError(f"{path}: not JSON", "correct the file") from error
    if isinstance(document, dict):
        document = document.get("landmarks")
    if not isinstance(document, list):
        raise UnreadableError(f"{path}: no list of places in it", 'give [{"name", "x", "y"}, …]')
    places: dict[str, Place] = {}
    for index, entry in enumerate(document):
        name, place = _place(path, index, entry)
        if name in places:
            raise UnreadableError(f"{path}: {name} stands twice in it", "keep one of them")
        places[name] = place
    return places


def _place(path: Path, index: int, entry: object) -> tuple[str, Place]:
    where = f"{path}: place {index + 1}"
    if not isinstance(entry, dict) or "name" not in entry:
        raise UnreadableError(f"{where} has no name", 'give {"name", "x", "y"}')
    x, y = (_number(entry.get(key)) for key in ("x", "y"))
    if x is None or y is None:
        raise UnreadableError(
            f"{where} ({entry['name']}): x or y is no number", "give its place in px"
        )
    return str(entry["name"]), (x, y)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) <= 1e6 else None
