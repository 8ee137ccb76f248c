"""Curves and position maps, made once for what they rest on."""

from __future__ import annotations

from viewer.geometry.polyline import Polyline, spline_through
from viewer.geometry.position_map import PositionMap, Unlinked, position_map
from viewer.model.calibration import Calibration
from viewer.model.coregistration import Coregistration
from viewer.model.study import Pullback, Run
from viewer.model.vessel import PointPx

KEPT_CURVES = 64
KEPT_MAPS = 16
"""A drag makes one of each per move; what was made longest ago goes first."""

_Basis = tuple[
    Polyline, Run, Pullback, Coregistration, Calibration,
    tuple[float, ...] | None, tuple[float, ...] | None,
]  # fmt: skip


class Curves:
    """What `Session` computes from a review, kept while it holds. The session's own."""

    def __init__(self) -> None:
        self._curves: dict[tuple[PointPx, ...], Polyline | None] = {}
        self._maps: list[tuple[_Basis, PositionMap | Unlinked]] = []

    def clear(self) -> None:
        """Forget everything."""
        self._curves.clear()
        self._maps.clear()

    def through(self, knots_px: tuple[PointPx, ...]) -> Polyline | None:
        """The smooth curve through knots and what was traced between them, in their order.

        None below two different ones.
        """
        if knots_px not in self._curves:
            while len(self._curves) >= KEPT_CURVES:
                del self._curves[next(iter(self._curves))]
            self._curves[knots_px] = spline_through(knots_px)
        return self._curves[knots_px]

    def position(
        self,
        curve: Polyline,
        run: Run,
        pullback: Pullback,
        tie: Coregistration,
        scale: Calibration,
        times_s: tuple[float, ...] | None,
        true_mm: tuple[float, ...] | None = None,
    ) -> PositionMap | Unlinked:
        """Where every frame of a pullback lies on a run, or why that is unknown.

        `true_mm` is the length at each point of the curve, in place of the scale.
        """
        basis = (curve, run, pullback, tie, scale, times_s, true_mm)
        for known, made in self._maps:
            if known == basis:  # mostly the very same objects: no deeper comparison is made
                return made
        made = position_map(
            curve, scale.mm_per_px, scale.uncertainty, pullback, times_s, tie, true_mm
        )
        self._maps.insert(0, (basis, made))
        del self._maps[KEPT_MAPS:]
        return made
