"""DICOM dates and times, the old forms too (ACR-NEMA ``1994.10.16`` and ``08:30:00``)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from viewer.dicom.header import Header


def parse_date(text: str) -> date | None:
    """A DA value; None when it is none."""
    digits = text.strip().replace(".", "").replace("-", "").replace("/", "")
    if len(digits) != 8 or not digits.isdigit():
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """A TM value of any precision; a leap second counts as the one before it."""
    whole, _, fraction = text.strip().replace(":", "").partition(".")
    if not whole.isdigit() or len(whole) not in (2, 4, 6) or not (fraction or "0").isdigit():
        return None
    hours, minutes, seconds = (int(whole[k : k + 2] or 0) for k in (0, 2, 4))
    micro = int(f"{fraction:0<6}"[:6]) if fraction else 0
    try:
        return time(hours, minutes, min(seconds, 59), micro)
    except ValueError:
        return None


def parse_datetime(text: str) -> datetime | None:
    """A DT value; its offset from UTC is left aside (all times of a study share it)."""
    body = text.strip()
    for sign in "+-":
        head, found, offset = body.rpartition(sign)
        if found and len(offset) == 4 and len(head) >= 8:
            body = head
    day = parse_date(body[:8])
    if day is None:
        return None
    moment = parse_time(body[8:]) if len(body) > 8 else time()
    return datetime.combine(day, moment) if moment is not None else None


def acquired_at(header: Header) -> datetime | None:
    """When the images were taken: the most direct statement of the header, naive local time."""
    moment = parse_datetime(header.text("AcquisitionDateTime"))
    if moment is not None:
        return moment
    for kind in ("Acquisition", "Content", "Series", "Study"):
        moment = _combined(header, kind)
        if moment is not None:
            return moment
    for kind in ("Acquisition", "Content", "Series", "Study"):
        day = parse_date(header.text(f"{kind}Date"))
        if day is not None:
            return datetime.combine(day, parse_time(header.text("StudyTime")) or time())
    return None


def frame_moment(header: Header) -> datetime | None:
    """When the one frame of a single-frame instance was taken; never a series' or study's time."""
    moment = parse_datetime(header.text("AcquisitionDateTime"))
    return moment or _combined(header, "Acquisition") or _combined(header, "Content")


def _combined(header: Header, kind: str) -> datetime | None:
    """A time of day with its date, or with the study's; None without a time."""
    moment = parse_time(header.text(f"{kind}Time"))
    if moment is None:
        return None
    day = parse_date(header.text(f"{kind}Date")) or parse_date(header.text("StudyDate"))
    return None if day is None else datetime.combine(day, moment)


def seconds_since_first(moments: tuple[datetime, ...]) -> tuple[float, ...]:
    """Moments as s after the first of them."""
    return tuple((moment - moments[0]) / timedelta(seconds=1) for moment in moments)
