"""Pixels to pixels, pixels to contours."""
