"""A header: typed, forgiving access to the wanted values of one data set."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

from viewer.dicom.elements import BrokenError, CutOffError, Encoding, Place, items
from viewer.dicom.tags import NUMBERS, REPRESENTATIONS

_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "AT": "H"}
_BINARY |= {"UV": "Q", "SV": "q", "OW": "H", "OV": "Q"}
_PLAIN_SETS = {"", "ISO_IR 6", "ISO 2022 IR 6"}


class Header:
    """The wanted elements of a data set or of a sequence item.

    A value that can't be understood reads as absent ("" , None or an empty tuple): what to do then
    is decided, and said, where the value is used.
    """

    __slots__ = ("_buffer", "_encoding", "_places", "character_set")

    def __init__(
        self,
        buffer: bytes,
        places: Mapping[int, Place],
        encoding: Encoding,
        character_set: str | None = None,
    ) -> None:
        self._buffer = buffer
        self._places = places
        self._encoding = encoding
        self.character_set = character_set or ""
        if character_set is None:
            self.character_set = "\\".join(self.texts("SpecificCharacterSet"))

    def __contains__(self, keyword: str) -> bool:
        """Whether the element is there with a value."""
        return bool(self.raw(keyword).strip(b" "))

    def raw(self, keyword: str) -> bytes:
        """The value as it stands in the file."""
        place = self._places.get(NUMBERS[keyword])
        return self._buffer[place.start : place.end] if place else b""

    def wanted_bytes(self) -> bytes:
        """Every value that is read, joined: tells headers apart."""
        places = self._places
        return b"|".join(self._buffer[places[t].start : places[t].end] for t in sorted(places))

    def place(self, keyword: str) -> Place | None:
        """Where the value lies in what was read, None when absent."""
        return self._places.get(NUMBERS[keyword])

    def text(self, keyword: str) -> str:
        """The first of the values, without padding; "" when absent."""
        value = self.raw(keyword).strip(b" \0")
        return self._decode(value.split(b"\\", 1)[0]).strip(" \0") if value else ""

    def whole_text(self, keyword: str) -> str:
        """The value with its backslashes (long texts), without padding."""
        return self._decode(self.raw(keyword)).strip(" \0\r\n")

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values, without padding."""
        value = self.raw(keyword).strip(b" \0")
        return tuple(p.strip(" \0") for p in self._decode(value).split("\\")) if value else ()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as finite numbers; empty when one of them is none."""
        place = self._places.get(NUMBERS[keyword])
        if place is None or place.end <= place.start:
            return ()
        form = _BINARY.get(self._representation(keyword, place))
        if form is None:
            return _parsed(self.raw(keyword))
        size = struct.calcsize(form)
        count = (place.end - place.start) // size
        order = "<" if self._encoding.little else ">"
        values = struct.unpack_from(f"{order}{count}{form}", self._buffer, place.start)
        return values if all(map(math.isfinite, values)) else ()

    def number(self, keyword: str) -> float | None:
        """The first value as a finite number, None when absent or no number."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def integer(self, keyword: str) -> int | None:
        """The first value as a whole number, None when absent or none."""
        value = self.number(keyword)
        return int(value) if value is not None and value == int(value) else None

    def items(self, keyword: str, limit: int | None = None) -> tuple[Header, ...]:
        """The items of a sequence (the first `limit`); empty when absent or broken."""
        place = self._places.get(NUMBERS[keyword])
        if place is None:
            return ()
        try:
            found = items(self._buffer, place, self._encoding, limit)
        except (BrokenError, CutOffError, struct.error):
            return ()
        inner = Encoding(
            self._encoding.explicit and place.vr not in ("UN", ""), self._encoding.little
        )
        return tuple(Header(self._buffer, places, inner, self.character_set) for places in found)

    def item(self, keyword: str) -> Header | None:
        """The first item of a sequence."""
        found = self.items(keyword, 1)
        return found[0] if found else None

    def _representation(self, keyword: str, place: Place) -> str:
        own = place.vr
        return own if own not in ("", "UN", "OB") else REPRESENTATIONS[NUMBERS[keyword]]

    def _decode(self, value: bytes) -> str:
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii")
        name = self.character_set
        if name == "ISO_IR 192":
            return value.decode("utf-8", "replace")
        if name == "ISO_IR 100":
            return value.decode("latin-1")
        if name in _PLAIN_SETS:
            return _undeclared(value)
        return _with_pydicom(value, name)


def _parsed(value: bytes) -> tuple[float, ...]:
    if b"_" in value:  # Python's own digit grouping is no number in DICOM
        return ()
    try:
        values = tuple(float(part) for part in value.strip(b" \0").split(b"\\"))
    except ValueError:
        return ()
    return values if all(map(math.isfinite, values)) else ()


def _undeclared(value: bytes) -> str:
    """Text beyond ASCII without a declared character set: UTF-8 when it is, else Latin-1."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _with_pydicom(value: bytes, character_set: str) -> str:
    """Text in one of the other character sets of PS3.3 C.12.1.1.2 (Japanese, Greek …)."""
    import warnings

    from pydicom.charset import convert_encodings, decode_bytes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            encodings = convert_encodings(character_set.split("\\"))
            return decode_bytes(value, encodings, {0x5C, 0x5E, 0x3D})
        except (LookupError, ValueError):  # no such character set, or not text in it
            return _undeclared(value)
