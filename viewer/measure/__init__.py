"""Contours and segments to numbers."""
