"""A reader's word that lengths follow the vein in space, seen on two runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrueLength:
    """Positions along two centerlines of two runs run on the path in space they make together.

    The path itself is worked out anew from both centerlines, so it follows their edits.

    Attributes
    ----------
    first_centerline_id, second_centerline_id : str
        The two centerlines, in the order in which the path was made.
    """

    id: str
    first_centerline_id: str
    second_centerline_id: str

    def __post_init__(self) -> None:
        if self.first_centerline_id == self.second_centerline_id:
            raise ValueError("a true length rests on two different centerlines")

    def rests_on(self, centerline_id: str) -> bool:
        """Whether that centerline is one of the two."""
        return centerline_id in (self.first_centerline_id, self.second_centerline_id)
