"""What ``caval sync`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viewer.geometry.position_map import PositionMap


def answer(position: PositionMap, warnings: list[str]) -> dict[str, object]:
    """The object of ``--json``."""
    mm = position.unit == "mm"
    low, high = position.centerline_span
    arc, arc_px = position.arc.clip(low, high), position.to_px(position.arc.clip(low, high))
    columns = zip(
        arc.round(4).tolist(),
        arc_px.round(4).tolist(),
        position.points_px.round(4).tolist(),
        position.sigma.round(4).tolist(),
        position.sigma_px.round(4).tolist(),
        position.solid.tolist(),
        position.overhang.round(4).tolist(),
        position.low.round(4).tolist(),
        position.high.round(4).tolist(),
        _speeds(position),
        strict=True,
    )
    frames = [
        {
            "frame": frame,
            "arc_mm": along if mm else None,
            "x": x,
            "y": y,
            "sigma_mm": sigma if mm else None,
            "arc_px": along_px,
            "sigma_px": sigma_px,
            "extrapolated": not solid,
            f"overhang_{position.unit}": beyond,
            f"band_{position.unit}": [least, most],
            f"speed_{position.unit}_s": speed,
        }
        for frame, (
            along, along_px, (x, y), sigma, sigma_px, solid, beyond, least, most, speed
        ) in enumerate(columns)
    ]  # fmt: skip
    residuals = []
    for left in position.residuals:
        value = None if left.value is None else round(left.value, 4)
        entry: dict[str, object] = {"landmark": left.name, "mm": value if mm else None}
        entry["disagrees"] = left.disagrees
        if left.suggestion:
            entry["suggestion"] = left.suggestion
        residuals.append(entry if mm else entry | {"px": value})
    return {
        "mode": position.mode,
        "unit": position.unit,
        "frames": frames,
        "residuals": residuals,
        "pauses": [{"first": first, "last": last} for first, last in position.pauses],
        "went_back": [{"first": first, "last": last} for first, last in position.backwards],
        "next_landmark_frame": position.widest[0],
        "explanation": position.explanation,
        "uncertainty_source": position.uncertainty_source,
        "warnings": warnings,
    }


def print_table(position: PositionMap) -> None:
    """The table for people."""
    unit = position.unit
    print(f"# {position.explanation}")
    print(f"# {position.uncertainty_source}")
    for left in position.residuals:
        told = "an end" if left.value is None else f"{left.value:+.1f} {unit} from the others"
        print(f"# landmark {left.name}: {told}")
    print(f"frame\tarc_{unit}\tsigma_{unit}\tx\ty\textrapolated")
    low, high = position.centerline_span
    rows = zip(
        position.arc.clip(low, high),
        position.sigma,
        position.points_px,
        position.solid,
        strict=True,
    )
    lines = (
        f"{frame}\t{arc:.2f}\t{sigma:.2f}\t{x:.2f}\t{y:.2f}\t{'' if solid else 'yes'}"
        for frame, (arc, sigma, (x, y), solid) in enumerate(rows)
    )
    print("\n".join(lines))


def _speeds(position: PositionMap) -> list[float | None]:
    """Speed along the vein at each frame; unknown without frame times."""
    speed = position.speed
    return [None] * len(position) if speed is None else speed.round(3).tolist()
