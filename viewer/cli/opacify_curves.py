"""Curves of ``caval opacify``: density over time at points and along a centerline, as JSON."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from viewer.errors import UnreadableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from viewer.cli.sync_files import CenterlineFile
    from viewer.imaging.density_curves import ArrivalProfile, Transit, WashIn
    from viewer.imaging.opacification import ContrastScale, Opacification
    from viewer.model.study import ImageSet

RADIUS_MM, RADIUS_PX = 2.0, 5.0
STEP_MM, STEP_PX, PER_STEP = 10.0, 40.0, 4


def point(text: str) -> tuple[float, float]:
    """``X,Y`` in px, as an argument."""
    parts = text.split(",")
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no point: give X,Y in px") from None
    if not (abs(x) < 1e6 and abs(y) < 1e6):
        raise argparse.ArgumentTypeError(f"{text!r} lies off every image")
    return x, y


@dataclass(frozen=True, eq=False)
class Places:
    """Where curves are taken: `points` as given, then `stations` along a centerline.

    Attributes
    ----------
    arcs_px : ndarray (stations,)
    mm_per_px, uncertainty : float or None
        The centerline's own scale, else the run's.
    """

    points: tuple[tuple[float, float], ...]
    stations: NDArray[np.float64]
    arcs_px: NDArray[np.float64]
    line: CenterlineFile | None
    mm_per_px: float | None
    uncertainty: float | None
    radius_px: float

    @property
    def xy_px(self) -> NDArray[np.float64]:
        """All of them, (n, 2)."""
        import numpy as np

        placed = np.array(self.points, np.float64).reshape(-1, 2)
        return np.concatenate((placed, self.stations))


def places_of(args: argparse.Namespace, image_set: ImageSet) -> Places | None:
    """What the arguments ask for; None when they ask for no curve.

    Raises
    ------
    UnreadableError
        A point lies off the image, or the centerline can't be used.
    """
    import numpy as np

    if not args.points and args.centerline is None:
        return None
    columns, rows = image_set.columns, image_set.rows
    for x, y in args.points or ():
        if not (-0.5 <= x <= columns - 0.5 and -0.5 <= y <= rows - 0.5):
            raise UnreadableError(
                f"{args.run}: the point {x:g},{y:g} lies off its {columns} x {rows} image",
                "give points in px from the top left",
            )
    scale = image_set.calibration
    mm_per_px, spread, line = scale.mm_per_px, scale.uncertainty, None
    stations, arcs = np.zeros((0, 2)), np.zeros(0)
    if args.centerline is not None:
        from viewer.cli.sync_files import read_centerline

        line = read_centerline(args.centerline)
        if line.mm_per_px is not None:
            mm_per_px, spread = line.mm_per_px, line.uncertainty
        step = (STEP_MM / mm_per_px if mm_per_px else STEP_PX) / PER_STEP
        arcs = np.arange(0.5 * step, line.polyline.length_px, step)
        stations = line.polyline.at(arcs)
    radius = min(max(RADIUS_MM / mm_per_px, 1.5), 20.0) if mm_per_px else RADIUS_PX
    points = tuple(args.points or ())
    return Places(points, stations, arcs, line, mm_per_px, spread, radius)


def curves_answer(
    places: Places,
    samples: dict[int, NDArray[np.float64]],
    found: Opacification,
    scale: ContrastScale,
    baseline: NDArray[np.float64],
    times_s: tuple[float, ...] | None,
    unit: str,
) -> dict[str, Any]:
    """``curves``, ``transit`` and ``arrival_along`` of the answer.

    Parameters
    ----------
    samples : dict
        Means of the discs on each frame, (places,) values.
    baseline : ndarray (places,)
        Their values without contrast.
    unit : str
        Of the densities: "ln" or "grey".
    """
    import numpy as np

    from viewer.imaging.density_curves import wash_in

    frames = tuple(sorted(set(samples) & set(found.frames)))
    drifts = dict(zip(found.frames, found.drifts, strict=True))
    rows = np.array([drifts[i].removed(samples[i]) for i in frames])
    density = np.where(np.isnan(rows), np.nan, scale.density(rows, baseline))
    axis = [float(i) for i in frames] if times_s is None else [times_s[i] for i in frames]
    told = [wash_in(axis, column) for column in density.T]
    count = len(places.points)
    curves = [
        _curve_entry(xy, one, column)
        for xy, one, column in zip(places.points, told, density.T, strict=False)
    ]
    answer: dict[str, Any] = {
        "curves": {
            "frames": list(frames),
            "axis": axis,
            "axis_unit": "frames" if times_s is None else "s",
            "density_unit": unit,
            "radius_px": round(places.radius_px, 3),
            "points": curves,
        },
        "transit": [
            _transit_entry(a, b, transit_between(places, a, b, told[a], told[b]))
            for a, b in zip(range(count), range(1, count), strict=False)
        ],
    }
    if places.line is not None:
        answer["arrival_along"] = _along_entry(places, told[count:])
    return answer


def transit_between(
    places: Places, a: int, b: int, start: WashIn, end: WashIn
) -> tuple[Transit | None, str]:
    """Transit from one point to another, and how their distance was measured."""
    from viewer.imaging.density_curves import transit
    from viewer.session.contrast_curves import distance_px

    line = places.line.polyline if places.line is not None else None
    apart_px, way = distance_px(line, places.points[a], places.points[b])
    return transit(start, end, apart_px, places.mm_per_px, places.uncertainty), way


def _curve_entry(
    xy: tuple[float, float], told: WashIn, density: NDArray[np.float64]
) -> dict[str, Any]:
    return {
        "point": list(xy),
        "density": [None if value != value else round(value, 6) for value in density.tolist()],
        "peak": told.peak,
        "peak_at": told.peak_s,
        "arrival": told.arrival_s,
        "arrival_sd": told.arrival_sd_s,
        "half_peak_at": told.half_s,
        "washout_half": told.washout_half_s,
        "residual_percent": told.residual_percent,
    }


def _transit_entry(a: int, b: int, found: tuple[Transit | None, str]) -> dict[str, Any]:
    told, way = found
    entry: dict[str, Any] = {"from": a, "to": b, "distance_along": way}
    keys = ("seconds", "seconds_sd", "distance", "speed", "speed_sd", "unit")
    return entry | {key: getattr(told, key) if told is not None else None for key in keys}


def _along_entry(places: Places, told: list[WashIn]) -> dict[str, Any]:
    from viewer.imaging.arrival_flags import arrival_flags
    from viewer.imaging.density_curves import arrival_profile

    step = STEP_MM if places.mm_per_px else STEP_PX
    profile: ArrivalProfile = arrival_profile(
        places.arcs_px, told, places.mm_per_px, places.uncertainty, step
    )
    flags = arrival_flags(profile)
    stretches = [
        {
            "arc": arc,
            "arrival": None if when != when else when,
            "sd": None if when != when else sd,
            "flag": flag.value,
        }
        for arc, when, sd, flag in zip(
            profile.arc.tolist(),
            profile.arrival_s.tolist(),
            profile.sd_s.tolist(),
            flags,
            strict=True,
        )
    ]
    return {
        "unit": profile.unit,
        "step": step,
        "stretches": stretches,
        "speed": profile.speed,
        "speed_sd": profile.speed_sd,
    }
