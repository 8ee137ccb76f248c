"""The window on a small case, for every test here."""

from window_fixtures import bare_desk, desk, new_desk, sample, shared_desk

__all__ = ["bare_desk", "desk", "new_desk", "sample", "shared_desk"]
