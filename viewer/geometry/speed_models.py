"""How far a catheter has travelled along the picture of a vein, and how sure that is.

One model serves both kinds of pullback. `u` is the travel expected up to a frame: rate x time when
a motor pulls, mean speed x time when a hand does. The position on the vein is

    arc(u) = offset + scale * u + wander(u)

where `wander` is the integral of a stationary deviation of speed with standard deviation
`speed_sd` (a share of the mean) that is remembered over `memory` (mm of travel). Landmarks see
arc(u) with an error of `click` each. Everything is Gaussian, so mean and ± follow in closed form
(Rasmussen and Williams, *Gaussian Processes for Machine Learning*, 2006, section 2.7). Between
two landmarks this is a bridge whose ± grows about like the length of the gap while that is not
much longer than the memory, as hand pullbacks do, and not like its root, as plain Brownian
motion would.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

FLAT_OFFSET = 1e4
"""Prior ± of an offset nothing is known about, mm or px."""

PRIOR_WEIGHT = 4.0
"""How many landmarks' worth of evidence the prior `speed_sd` counts for."""


@dataclass(frozen=True, slots=True)
class SpeedModel:
    """What is believed of a pull before landmarks are seen; lengths in mm or px.

    Attributes
    ----------
    speed_sd : float
        Standard deviation of the speed as a share of its mean.
    memory : float
        Travel over which a deviation of speed lasts.
    smooth : bool
        Deviations without corners (Matern 3/2: foreshortening of a curved vein) rather than
        with them (Ornstein-Uhlenbeck: a hand's surges and pauses).
    scale_sd : float
        Relative ± of the mean speed itself.
    click : float
        ± of one landmark.
    offset_sd : float
        ± of where the pull begins when no landmark says.
    """

    speed_sd: float
    memory: float
    smooth: bool
    scale_sd: float
    click: float
    offset_sd: float = FLAT_OFFSET

    def wander(self, u: Values) -> Values:
        """Half the variance of the wander gained over a travel of `u`."""
        x = np.abs(u) / self.memory
        decay = np.exp(-x)
        shape = 2 * x - 3 + (3 + x) * decay if self.smooth else x - 1 + decay
        return np.asarray((self.speed_sd * self.memory) ** 2 * shape)

    def covariance(self, a: Values, b: Values) -> Values:
        """Prior covariance of arc at travels `a` (n,) and `b` (m,) from the origin, (n, m)."""
        linear = self.offset_sd**2 + self.scale_sd**2 * np.outer(a, b)
        ends = self.wander(a)[:, None] + self.wander(b)[None, :]
        return np.asarray(linear + ends - self.wander(a[:, None] - b[None, :]))

    def variance(self, u: Values) -> Values:
        """Prior variance of arc at `u`, shape (n,)."""
        return np.asarray(self.offset_sd**2 + (self.scale_sd * u) ** 2 + 2 * self.wander(u))


class Travel:
    """A `SpeedModel` after its landmarks were seen.

    Parameters
    ----------
    model : SpeedModel
    u : ndarray, shape (n,)
        Expected travel at each landmark, n >= 0.
    arc : ndarray, shape (n,)
        Where each landmark lies, same unit, rising with `u` (turn the sign otherwise).
    """

    def __init__(self, model: SpeedModel, u: Values, arc: Values) -> None:
        self.model = model
        self._origin = float(u[0]) if len(u) else 0.0
        self._u = u - self._origin
        self._gap = arc - self._u
        self._root = self._factor(model.click)
        self._bridge_root = self._factor(model.click / 20)  # as if the clicks were exact
        self._weights = self._solve(self._gap)

    def mean(self, u: Values) -> Values:
        """Expected arc at travels `u`, shape (m,)."""
        v = u - self._origin
        return np.asarray(v + self.model.covariance(v, self._u) @ self._weights)

    def sigma(self, u: Values) -> Values:
        """± (1 sigma) of a curve through the landmarks at travels `u`, shape (m,).

        The click's own ± at a landmark, more the farther from one: the bridge between exact
        landmarks and the click are added in quadrature, which is slightly cautious.
        """
        v = u - self._origin
        seen = np.linalg.solve(self._bridge_root, self.model.covariance(self._u, v))
        bridge = self.model.variance(v) - np.einsum("ij,ij->j", seen, seen)
        click = self.model.click if len(self._u) else 0.0
        return np.asarray(np.sqrt(np.maximum(bridge, 0.0) + click**2))

    def difference_sigma(self, u_a: float, u_b: float) -> float:
        """± of the distance along the vein between two travels; errors they share cancel."""
        v = np.array([u_a, u_b]) - self._origin
        seen = np.linalg.solve(self._root, self.model.covariance(self._u, v))
        left = self.model.covariance(v, v) - seen.T @ seen
        return float(np.sqrt(max(left[0, 0] + left[1, 1] - 2 * left[0, 1], 0.0)))

    def calibrated(self) -> Travel:
        """The same with `speed_sd` moved towards what the landmarks themselves show.

        The variance is scaled by (w + q) / (w + d): w the prior's weight, d the landmarks left
        after offset and scale, q how much they disagree with a steady pull, in variances. It
        only grows: a few landmarks that happen to agree don't prove a steady hand.
        """
        spare = len(self._u) - 2
        if spare < 1:
            return self
        disagreement = float(self._gap @ self._weights)
        factor = (PRIOR_WEIGHT + disagreement) / (PRIOR_WEIGHT + spare)
        if factor <= 1.0:
            return self
        wider = replace(self.model, speed_sd=self.model.speed_sd * float(np.sqrt(factor)))
        return Travel(wider, self._u + self._origin, self._gap + self._u)

    def _factor(self, click: float) -> Values:
        noise = np.eye(len(self._u)) * click**2
        return np.asarray(np.linalg.cholesky(self.model.covariance(self._u, self._u) + noise))

    def _solve(self, y: Values) -> Values:
        return np.asarray(np.linalg.solve(self._root.T, np.linalg.solve(self._root, y)))
