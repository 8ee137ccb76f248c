"""Norms, cut-offs, sizes and weights: ``resources/reference_values.toml`` and a site's own.

Every value carries its source and whether one was really read (`check`). A site's file holds only
what differs; broken, it is refused in words and never half used.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from viewer import paths
from viewer.errors import NewerVersionError, UnreadableError
from viewer.model.anatomy import Side, VeinSegment

FILE_NAME = "reference_values.toml"
VERSION = 1
OPEN_GROUPS = (
    "normal_area",
    "healthy_stenosis",
    "healthy_area",
    "stent_diameter",
    "vein_length",
    "clot_age",
    "patency",
)
"""Groups a site may add entries to."""

_PAIRS = ("stent_diameter", "lysis_grade.cut_points", "clot_age")
_LISTS = ("stent.diameters", "stent.lengths")
_SHARES = (
    "cut_off.flat",
    "border.area_share",
    "border.fraction_by_hand",
    "border.fraction_by_contours",
    "stent.landing_share",
    "stent.compression",
    "svs",
    "patency",
)
_BY_VEIN = ("normal_area", "healthy_stenosis", "healthy_area", "stent_diameter", "vein_length")
_FIELDS = ("value", "unit", "source", "check")
_LARGEST = 1e5


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """One entry.

    Attributes
    ----------
    key : str
        Dotted: ``normal_area.CIV``.
    values : tuple of float
        One number, or a list in rising order.
    check : bool
        It rests on general knowledge; people are told.
    site : bool
        From the site's own file.
    """

    key: str
    values: tuple[float, ...]
    unit: str
    source: str
    check: bool
    site: bool = False

    @property
    def value(self) -> float:
        """The number, the first of a list."""
        return self.values[0]

    @property
    def note(self) -> str:
        """The source as shown: with "(check)" where none was read, and whose entry it is."""
        marks = [word for word, on in (("check", self.check), ("site", self.site)) if on]
        return f"{self.source} ({', '.join(marks)})" if marks else self.source


@dataclass(frozen=True, slots=True)
class ReferenceValues:
    """All entries, the site's in place of the program's."""

    entries: Mapping[str, ReferenceValue]

    def __getitem__(self, key: str) -> ReferenceValue:
        return self.entries[key]

    def number(self, key: str) -> float:
        """The number of an entry every file has."""
        return self.entries[key].value

    def for_vein(self, group: str, vein: VeinSegment, side: Side) -> ReferenceValue | None:
        """The entry of a vein: its side's own before the one for both; None when there is none."""
        if vein is VeinSegment.UNSET:
            return None
        own = self.entries.get(f"{group}.{side.value} {vein.value}")
        return own or self.entries.get(f"{group}.{vein.value}")

    def group(self, name: str) -> tuple[ReferenceValue, ...]:
        """Every entry of a group, in the order of the file."""
        return tuple(e for key, e in self.entries.items() if key.startswith(f"{name}."))


def site_file() -> Path:
    """Where a site's own values are looked for."""
    return paths.data_dir() / FILE_NAME


def reference_values(site: Path | None = None) -> ReferenceValues:
    """The program's values with the site's in their place, read anew when a file changed.

    Parameters
    ----------
    site : Path, optional
        The site's file; by default `site_file()`, which need not exist.

    Raises
    ------
    UnreadableError, NewerVersionError
        A file is broken; the text names it, the entry and what to do.
    """
    own = site_file() if site is None else site
    if site is not None and not own.exists():
        raise UnreadableError(f"{own}: there is no such file", "check the path")
    return _loaded(own, _stamp(own))


@lru_cache(maxsize=8)
def _loaded(site: Path, stamp: tuple[int, int] | None) -> ReferenceValues:
    shipped = paths.RESOURCES / FILE_NAME
    entries = dict(_entries(shipped, None))
    if stamp is not None:
        entries.update(_entries(site, entries))
    return ReferenceValues(entries)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _cannot_open(path, error) from error
    return found.st_mtime_ns, found.st_size


def _entries(
    path: Path, known: Mapping[str, ReferenceValue] | None
) -> Iterator[tuple[str, ReferenceValue]]:
    """The entries of a file; those of a site must stand in `known` or in an open group."""
    document = _document(path)
    version = document.pop("version", None)
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise NewerVersionError(
            f"{path}: it was written for a newer Caval (version {version})", "update Caval"
        )
    if version is None or isinstance(version, bool) or version != VERSION:
        raise _broken(path, "", f"its first line must be version = {VERSION}")
    for group, items in document.items():
        if not isinstance(items, dict):
            raise _broken(path, group, "it stands outside a [group.name] heading")
        for name, entry in items.items():
            key = f"{group}.{name}"
            if known is not None and key not in known and group not in OPEN_GROUPS:
                raise _broken(path, key, f"no such entry{_meant(key, known)}")
            value = _entry(path, key, entry, known is not None)
            if known is not None and key in known and value.unit != known[key].unit:
                raise _broken(path, key, f"its unit must be {known[key].unit}, not {value.unit}")
            yield key, value


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise _cannot_open(path, error) from error
    except UnicodeDecodeError as error:
        raise _broken(path, "", f"byte {error.start + 1} is not text") from error
    except tomllib.TOMLDecodeError as error:
        raise _broken(path, "", f"it is not valid TOML ({error})") from error
    except RecursionError as error:
        raise _broken(path, "", "it is nested too deep") from error


def _entry(path: Path, key: str, entry: object, site: bool) -> ReferenceValue:
    if not isinstance(entry, dict):
        raise _broken(path, key, "it needs value, unit and source")
    unknown = [field for field in entry if field not in _FIELDS]
    if unknown:
        raise _broken(path, key, f"{unknown[0]} is not one of {', '.join(_FIELDS)}")
    for field in ("unit", "source"):
        if not isinstance(entry.get(field), str) or not entry[field].strip():
            raise _broken(path, key, f"{field} is missing: every number says where it is from")
    check = entry.get("check", False)
    if not isinstance(check, bool):
        raise _broken(path, key, "check must be true or false")
    values = _values(path, key, entry.get("value"))
    if key.split(".")[0] in _BY_VEIN:
        _check_vein(path, key)
    return ReferenceValue(key, values, entry["unit"], entry["source"].strip(), check, site)


def _values(path: Path, key: str, given: object) -> tuple[float, ...]:
    many = given if isinstance(given, list) else [given]
    numbers = [n for n in many if isinstance(n, int | float) and not isinstance(n, bool)]
    if not many or len(numbers) != len(many):
        raise _broken(path, key, "value must be a number, or a list of numbers in [ ]")
    values = tuple(float(n) for n in numbers)
    if not all(math.isfinite(v) and 0 <= v <= _LARGEST for v in values):
        raise _broken(path, key, f"value must lie between 0 and {_LARGEST:g}")
    pair, several = _named(key, _PAIRS), _named(key, _LISTS)
    if (pair and len(values) != 2) or (not pair and not several and len(values) != 1):
        raise _broken(path, key, f"value must be {'two numbers' if pair else 'one number'}")
    if list(values) != sorted(values):
        raise _broken(path, key, "its numbers must rise")
    if _named(key, _SHARES) and values[0] > 1:
        raise _broken(path, key, "value is a share: between 0 and 1")
    if key.startswith(("normal_area.", "vein_length.", "stent.lengths")) and values[0] <= 0:
        raise _broken(path, key, "value must be more than 0")
    return values


def _check_vein(path: Path, key: str) -> None:
    *side, vein = key.split(".", 1)[1].split(" ")
    veins = [segment.value for segment in VeinSegment if segment.value]
    if vein not in veins or side not in ([], ["left"], ["right"]):
        raise _broken(path, key, f"name a vein, also with left or right before it: {veins}")


def _named(key: str, names: tuple[str, ...]) -> bool:
    return key in names or key.split(".")[0] in names


def _meant(key: str, known: Mapping[str, ReferenceValue]) -> str:
    near = get_close_matches(key, list(known), n=1)
    return f"; is {near[0]} meant?" if near else ""


def _broken(path: Path, key: str, why: str) -> UnreadableError:
    place = f"{path}: {key}: " if key else f"{path}: "
    hint = "correct the file, or take it away to use the program's own values"
    return UnreadableError(f"{place}{why}", hint)


def _cannot_open(path: Path, error: OSError) -> UnreadableError:
    return UnreadableError(
        f"{path}: it can't be opened ({error.strerror or type(error).__name__})",
        "check that you may read it",
    )
