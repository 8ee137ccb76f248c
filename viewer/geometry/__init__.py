"""Points to points: curves and the position of a pullback on them."""
