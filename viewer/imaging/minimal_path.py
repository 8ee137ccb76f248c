"""The cheapest way through a picture from one place to any other: computed once, followed at once.

scikit-image's MCP_Geometric (Dijkstra over eight neighbours, costs by distance).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.vesselness import VesselMap


class Front:
    """Costs of every place from one point of a picture.

    Parameters
    ----------
    vessels : VesselMap
    start_px : (x, y)
    """

    def __init__(self, vessels: VesselMap, start_px: tuple[float, float]) -> None:
        from skimage.graph import MCP_Geometric

        self.start_px = start_px
        self._vessels = vessels
        self._search = MCP_Geometric(vessels.cost)
        self._search.find_costs([vessels.to_grid(start_px)])

    def path_to(self, end_px: tuple[float, float]) -> NDArray[np.float64]:
        """(x, y) px from the start to `end_px` along the grid, shape (n, 2), n >= 2.

        Its ends are the two points themselves.
        """
        places = self._search.traceback(self._vessels.to_grid(end_px))
        path = self._vessels.to_px(np.asarray(places, np.int64).reshape(-1, 2))
        return np.vstack((self.start_px, path[1:-1], end_px))
