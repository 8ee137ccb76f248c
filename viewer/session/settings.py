"""What the user chose, kept between sessions.

A settings file that is damaged costs the choices in it, never the start: what can't be used is
left at its default, told and logged, and a file that is no JSON is kept beside the new one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from viewer import paths
from viewer.errors import ViewerError
from viewer.session.frame_cache import default_budget_bytes
from viewer.store import atomic

_log = logging.getLogger(__name__)

RECENT_LIMIT = 20
"""Recent places that are kept."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Settings:
    """Frozen; `with_…` and `dataclasses.replace` return new ones.

    Attributes
    ----------
    reader_name, reader_initials : str
        Whose reviews are written. Not taken from the account: its name may be someone else's.
    cache_budget_bytes : int
        How much memory images may take: decoded frames, long view, masks and peaks.
    window_geometry, window_state : str
        Base64 of what Qt gave, empty before the first close.
    splitters : mapping of str to str
        Base64 state of each splitter by its name.
    single_letter_shortcuts : bool
        Whether single letters act on a focused viewport.
    shortcuts : mapping of str to str
        Action name to key sequence, where it is not the usual one; "" is no shortcut.
    layers : str
        ``all``, ``no text`` or ``images only``.
    reduced_motion : bool
        No easing, no auto-play.
    recent_paths : tuple of str
        Opened files and folders, newest first.
    other : mapping
        Fields of another version of the program, written back as they were.
    """

    reader_name: str = "Reader A"
    reader_initials: str = "A"
    cache_budget_bytes: int = field(default_factory=default_budget_bytes)
    window_geometry: str = ""
    window_state: str = ""
    splitters: Mapping[str, str] = field(default_factory=_nothing)
    single_letter_shortcuts: bool = True
    shortcuts: Mapping[str, str] = field(default_factory=_nothing)
    layers: str = "all"
    reduced_motion: bool = False
    recent_paths: tuple[str, ...] = ()
    other: Mapping[str, Any] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        if not self.reader_name.strip():
            raise ValueError("a reader needs a name")
        if not 16 * 1024**2 <= self.cache_budget_bytes <= 1024**4:
            raise ValueError("the cache takes from 16 MiB to 1 TiB")
        if self.layers not in ("all", "no text", "images only"):
            raise ValueError("layers are all, no text or images only")

    def with_recent(self, path: Path) -> Settings:
        """With `path` as the newest of the recent ones."""
        new = str(path.absolute())
        rest = (old for old in self.recent_paths if old != new)
        return replace(self, recent_paths=(new, *rest)[:RECENT_LIMIT])

    def with_splitter(self, name: str, state: str) -> Settings:
        """With the state of one splitter."""
        return replace(self, splitters=MappingProxyType({**self.splitters, name: state}))

    def with_shortcut(self, action: str, keys: str | None) -> Settings:
        """With another shortcut for an action; None goes back to the usual one."""
        rest = {name: old for name, old in self.shortcuts.items() if name != action}
        new = rest if keys is None else {**rest, action: keys}
        return replace(self, shortcuts=MappingProxyType(new))


def load_settings(
    path: Path | None = None, tell: Callable[[str], None] = lambda _text: None
) -> Settings:
    """The settings on disk, defaults for what is missing or can't be used.

    Parameters
    ----------
    path : Path or None
        The file; None is the program's own.
    tell : callable
        Told, in words for a person, what could not be used.
    """
    file = path or paths.settings_file()
    try:
        document = json.loads(file.read_bytes())
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        _log.warning("settings: %s", type(error).__name__)
        tell("Your settings can't be opened; the usual ones are used.")
        return Settings()
    except (ValueError, RecursionError) as error:
        _log.warning("settings damaged: %s", type(error).__name__)
        tell(f"Your settings were damaged; the usual ones are used. {_put_by(file)}")
        return Settings()
    return _settings_from(document, tell)


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write the settings, whole or not at all.

    Raises
    ------
    ViewerError
        They could not be written.
    """
    file = path or paths.settings_file()
    chosen: dict[str, Any] = dict(settings.other)
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name != "other":
            chosen[one.name] = dict(value) if isinstance(value, Mapping) else value
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.cannot_write(file, error) from error
    text = json.dumps(chosen, indent=1, ensure_ascii=False) + "\n"
    atomic.write_bytes(file, text.encode("utf-8", "replace"))


def _settings_from(document: dict[str, Any], tell: Callable[[str], None]) -> Settings:
    """Field by field: one that can't be used leaves the others as chosen."""
    settings = Settings()
    known = {one.name for one in fields(Settings)} - {"other"}
    unusable = []
    for name in sorted(known & document.keys()):
        try:
            value = _checked(getattr(settings, name), document[name])
            settings = replace(settings, **{name: value})
        except (TypeError, ValueError):
            unusable.append(name.replace("_", " "))
    if unusable:
        _log.warning("settings not usable: %s", ", ".join(unusable))
        tell(f"Some settings can't be used and are at their usual value: {', '.join(unusable)}.")
    other = {name: value for name, value in document.items() if name not in known}
    return replace(settings, other=MappingProxyType(other))


def _checked(usual: object, value: object) -> Any:
    """`value` in the type of the usual one.

    Raises
    ------
    TypeError
        It is of another type.
    """
    if isinstance(usual, tuple) and isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(usual, Mapping) and isinstance(value, dict):
        if all(isinstance(item, str) for item in value.values()):
            return MappingProxyType(value)
    elif type(usual) is type(value):
        return value
    raise TypeError(type(value).__name__)


def _put_by(file: Path) -> str:
    try:
        return f"The damaged file is kept as {atomic.set_aside(file, 'damaged').name}."
    except ViewerError as error:
        return str(error)
