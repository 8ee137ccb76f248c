"""Paints state and reports gestures."""
