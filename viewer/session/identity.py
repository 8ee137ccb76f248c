"""Identities for what a reader makes."""

from __future__ import annotations

import uuid


def new_id() -> str:
    """An identity for a mark, unique within any review."""
    return uuid.uuid4().hex[:12]
