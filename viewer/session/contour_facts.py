"""How many lumen borders figures rest on, and who stands behind them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from viewer.model.annotation import FrameExtent
from viewer.model.contour import ContourStatus

if TYPE_CHECKING:
    from viewer.session.session import Session


def contour_text(session: Session) -> tuple[str, str]:
    """Counts of the selected stretch, else of the pullback: "91 accepted, 2 edited, ..."; a tip.

    Empty where there is no border at all.
    """
    chosen, uid = session.selection, session.cursor.pullback_uid
    segment = session.review.segment(chosen.id) if chosen.kind == "segment" else None
    frames = session.segments.frames_of(segment) if segment is not None else None
    if segment is not None and isinstance(segment.extent, FrameExtent):
        uid, frames = segment.extent.pullback_uid, (segment.extent.first, segment.extent.last)
    drawn = session.review.contours_of(uid) if uid is not None else ()
    if frames is not None:
        drawn = tuple(one for one in drawn if frames[0] <= one.frame <= frames[1])
    if not drawn:
        return "", ""
    counts = Counter(one.status for one in drawn)
    text = (
        f"{counts[ContourStatus.ACCEPTED]} accepted, {counts[ContourStatus.EDITED]} edited, "
        f"{counts[ContourStatus.AUTO]} unchecked"
    )
    by = sorted({one.by for one in drawn if one.by})
    where = (
        f"of {segment.name}" if segment is not None and frames is not None else "of the pullback"
    )
    told = f"Lumen borders {where}, by {', '.join(by)}" if by else f"Lumen borders {where}"
    return text, f"{told}\nUnchecked borders are shown dotted and feed no reported figure"
