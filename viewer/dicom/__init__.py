"""Bytes to values and back: headers, frames, timing, scale."""
