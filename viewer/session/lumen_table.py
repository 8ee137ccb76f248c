"""The graph along the vein as rows: one for every frame with a lumen border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from viewer.session.session import Session


@dataclass(frozen=True, slots=True)
class LumenTable:
    """Heads and texts; `frames` holds the 0-based frame of every row."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    frames: tuple[int, ...]

    @property
    def as_text(self) -> str:
        """Tabs and lines, as a spreadsheet takes it."""
        return "\n".join("\t".join(row) for row in (self.heads, *self.rows))


def lumen_table(session: Session) -> LumenTable | None:
    """Figures of the shown pullback frame by frame; None while there are none."""
    work, uid = session.figures, session.cursor.pullback_uid
    figures = work.figures if work is not None and work.wanted else None
    graph = figures.graph if figures is not None else None
    if graph is None or graph.pullback_uid != uid:
        return None
    unit, axis = graph.unit, session.placing.vein_axis
    place = f"{axis.unit} from the {axis.zero_name}" if axis is not None else "Position"
    heads = (
        "Frame", place, "Vein", f"Area, {unit}²", f"Area smoothed, {unit}²", f"Min ⌀, {unit}",
        f"Max ⌀, {unit}", "Aspect", "Border",
    )  # fmt: skip
    rows, linked = [], session.position_map is not None
    for k, frame in enumerate(graph.frames.tolist()):
        figures_of = (graph.raw_area[k], graph.area[k], graph.min_diameter[k],
                      graph.max_diameter[k])  # fmt: skip
        texts = tuple(f"{one:.1f}" if np.isfinite(one) else "–" for one in figures_of)
        aspect = f"{graph.aspect[k]:.2f}" if np.isfinite(graph.aspect[k]) else "–"
        where = session.placing.text(frame) if linked else "–"
        state = "checked" if graph.checked[k] else "unchecked"
        vein = session.placing.vein_text(frame)
        rows.append((f"{frame + 1}", where, vein or "–", *texts, aspect, state))
    return LumenTable(heads, tuple(rows), tuple(graph.frames.tolist()))
