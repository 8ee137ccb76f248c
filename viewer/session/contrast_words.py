"""What contrast over time tells, as short texts for tables and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viewer.session.contrast_curves import CurveReading, PointReading

if TYPE_CHECKING:
    from viewer.imaging.density_curves import WashIn

UNKNOWN = "–"


def time_text(value: float | None, unit: str, sd: float | None = None) -> str:
    """A time with its ±: "1.24 ± 0.05 s", "12.3 ± 0.4 frames"; without unit when `unit` is ""."""
    if value is None:
        return UNKNOWN
    digits = 1 if unit == "frames" else 2
    spread = f" ± {sd:.{digits}f}" if sd is not None else ""
    return f"{value:.{digits}f}{spread} {unit}".replace("-", "−").rstrip()


def arrival_text(told: WashIn, unit: str) -> str:
    """When contrast comes, or why that is unknown."""
    if told.peak is None:
        return "none"
    if told.arrival_s is None:
        return "before" if told.half_s is None else "faint"
    return time_text(told.arrival_s, "frames" if unit == "frames" else "", told.arrival_sd_s).split(
        " frames"
    )[0]


def washout_text(told: WashIn, unit: str) -> str:
    """How long until half is gone; what is left at the end when it does not wash out."""
    if told.peak is None or told.residual_percent is None:
        return UNKNOWN
    if told.washout_half_s is None:
        return f"stays, {told.residual_percent:.0f} % left"
    return f"½ in {time_text(told.washout_half_s, unit)}"


def row_of(point: PointReading, unit: str) -> tuple[str, str, str, str]:
    """Number, arrival ±, peak time, washout; times in `unit`, which the heading names."""
    told = point.told
    peak = UNKNOWN if told.peak_s is None else time_text(told.peak_s, unit).split(" ")[0]
    return str(point.number), arrival_text(told, unit), peak, washout_text(told, unit)


def transit_lines(reading: CurveReading) -> tuple[str, str]:
    """Transit time and speed with ±, and where from; else why there is none, and ""."""
    found, unit = reading.transit, reading.axis_unit
    if found is None:
        return reading.why_not, ""
    time = time_text(found.seconds, unit, found.seconds_sd)
    apart = f"{found.distance:.0f} {found.unit} {reading.way}"
    if found.speed is None or found.speed_sd is None:
        return time, f"{apart} · {reading.why_not}"
    per = "s" if unit == "s" else "frame"
    return f"{time} · {speed_text(found.speed, found.speed_sd, f'{found.unit}/{per}')}", apart


def speed_text(speed: float, sd: float, unit: str) -> str:
    """A speed with its ±."""
    digits = 0 if speed >= 20 else 1
    return f"{speed:.{digits}f} ± {max(sd, 10**-digits):.{digits}f} {unit}"


def profile_line(reading: CurveReading) -> str:
    """Speed of the front along the whole vein, and how much of it is unusual."""
    profile = reading.profile
    if profile is None:
        return ""
    per = "s" if reading.axis_unit == "s" else "frame"
    unusual = sorted({flag.value for flag in reading.flags if flag.value})
    words = [f"Unusual: {'; '.join(unusual)}"] if unusual else []
    if profile.speed is not None and profile.speed_sd is not None:
        words.insert(
            0, f"Front {speed_text(profile.speed, profile.speed_sd, f'{profile.unit}/{per}')}"
        )
    else:
        words.insert(0, "Speed of the front not told by these frames")
    return " · ".join(words)
