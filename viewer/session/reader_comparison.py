"""Two readers' reviews of the same pullbacks in words, points and a table."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UnreadableError
from viewer.measure.agreement import Agreement
from viewer.session.contents import image_title
from viewer.session.exporting import second_session
from viewer.session.reader_agreement import agreements
from viewer.session.review_figures import review_figures

if TYPE_CHECKING:
    from viewer.model.review import Review
    from viewer.session.session import Session

FIGURE_NAMES = {"area": "area", "min_diameter": "min ⌀", "max_diameter": "max ⌀"}
COLUMNS = (
    "pullback", "contour", "figure", "unit", "n", "bias", "sd", "lower limit", "upper limit",
    "bias 95 % low", "bias 95 % high", "ICC(2,1)", "ICC 95 % low", "ICC 95 % high", "trend",
    "why not",
)  # fmt: skip
SOURCE = (
    "Bias and limits of agreement: Bland and Altman, Lancet 1986;1:307. ICC(2,1): Shrout and "
    "Fleiss, Psychol Bull 1979;86:420. Only borders both readers edited or accepted count."
)


@dataclass(frozen=True, eq=False)
class ComparedFigure:
    """One figure of one kind of border on one pullback.

    Attributes
    ----------
    frames : ndarray of int64, shape (n,)
        0-based, in the order of the plot's points.
    found : Agreement or str
        Words where there is too little to compare.
    """

    pullback_uid: str
    pullback: str
    contour: str
    figure: str
    frames: NDArray[np.int64]
    found: Agreement | str

    @property
    def name(self) -> str:
        """``lumen area, L iliac pullback 1``."""
        return f"{self.contour} {FIGURE_NAMES[self.figure]}, {self.pullback}"

    @property
    def cells(self) -> tuple[str, ...]:
        """Name, n, bias, limits, ICC and trend in words."""
        if isinstance(self.found, str):
            return (self.name, "–", self.found, "", "", "")
        one = self.found
        icc = "–" if one.icc is None else f"{one.icc:.3f}"
        if one.icc_interval is not None:
            icc += f" ({one.icc_interval[0]:.3f} to {one.icc_interval[1]:.3f})"
        low, high = one.bias_interval
        return (
            self.name,
            str(one.n),
            f"{one.bias:+.2f} {one.unit} ({low:+.2f} to {high:+.2f})",
            f"{one.limits[0]:+.2f} to {one.limits[1]:+.2f} {one.unit}",
            icc,
            "–" if one.trend is None else f"{one.trend:+.3f}",
        )


@dataclass(frozen=True, eq=False)
class ReaderComparison:
    """Everything two readers can be compared by."""

    first: str
    second: str
    figures: tuple[ComparedFigure, ...]

    def csv_bytes(self) -> bytes:
        """The table as UTF-8 CSV with a byte order mark, numbers in full."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for row in self.figures:
            head = [row.pullback, row.contour, row.figure]
            if isinstance(row.found, str):
                writer.writerow([*head, *[""] * 12, row.found])
                continue
            one = row.found
            icc = one.icc_interval or ("", "")
            writer.writerow(
                [*head, one.unit, one.n, one.bias, one.sd, *one.limits, *one.bias_interval,
                 "" if one.icc is None else one.icc, *icc,
                 "" if one.trend is None else one.trend, ""]
            )  # fmt: skip
        return out.getvalue().encode("utf-8-sig")


def compare_readers(session: Session, other: Review) -> ReaderComparison:
    """Hold the open review against another one of the same pullbacks; slow, for a worker.

    Parameters
    ----------
    session : Session
        A copy nobody else changes.

    Raises
    ------
    UnreadableError
        The same document, or nothing both outlined.
    """
    if other.id == session.review.id:
        raise UnreadableError(
            "That is the review that is open", "Choose another reader's review of the pullback."
        )
    mine = {ref.uid for ref in session.review.images}
    if not mine & {ref.uid for ref in other.images}:
        raise UnreadableError(
            "The two reviews are of other images", "Choose a review of the same pullback."
        )
    second = second_session(session)
    second.open_case(session.case, other)
    rows = agreements(review_figures(session), review_figures(second))
    if not rows:
        raise UnreadableError(
            "The two reviews share no frame with borders of the same kind that are accepted",
            "Edit or accept borders on the same frames in both.",
        )
    named = {item.uid: image_title(item) for item in session.case.pullbacks}
    figures = tuple(
        ComparedFigure(row.uid, named.get(row.uid, row.uid), row.contour, row.figure,
                       row.frames, row.found)
        for row in rows
    )  # fmt: skip
    return ReaderComparison(session.review.reader, other.reader, figures)
