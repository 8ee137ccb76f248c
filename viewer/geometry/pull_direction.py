"""Which way a pull ran, where no two landmarks and no fluoroscopy tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from viewer.geometry.evidence_pull import Pull
from viewer.geometry.fused_pull import paces, pins_of, seen_of, sizes_of
from viewer.geometry.landmark_order import Anchors
from viewer.geometry.pull_beliefs import ideas
from viewer.geometry.pull_clock import pull_clocks

FORWARD_CHANCE = 0.9
"""Chance that a pull runs from the centerline's first point, drawn from the centre, outwards."""

LEAST_ODDS = 2.0
"""So many times likelier must the other way be before it is taken."""


def runs_back(pull: Pull) -> bool:
    """Whether the lumen along the pull fits the vein's width clearly better the other way round.

    Parameters
    ----------
    pull : Pull
        As if it ran from the centerline's first point; with one landmark or none.
    """
    forth = _log_evidence(pull)
    back = _log_evidence(replace(pull, anchors=turned(pull.anchors)))
    if forth is None or back is None:
        return False
    prior = np.log((1.0 - FORWARD_CHANCE) / FORWARD_CHANCE)
    return bool(back - forth + prior > np.log(LEAST_ODDS))


def turned(anchors: Anchors) -> Anchors:
    """The same landmarks for a pull the other way."""
    return replace(anchors, arcs=-anchors.arcs, direction=-anchors.direction)


def _log_evidence(pull: Pull) -> float | None:
    """How well the best explanations fit, in one direction; None without both profiles."""
    scale, direction = pull.scale, pull.anchors.direction
    mm = 1.0 if scale.unit == "mm" else pull.click
    sizes = sizes_of(pull.evidence, scale, direction, mm)
    if sizes is None:
        return None
    pins = pins_of(pull.anchors, pull.click, None)
    length = float(scale.arc[-1] - scale.arc[0])
    paced = paces(pull_clocks(pull.clock[0], pull.evidence.motion), pins, length, pull.rate)
    found = ideas(paced, seen_of(pins, sizes, scale, direction))
    if not found:
        return None
    return float(np.logaddexp.reduce([idea.log_weight for idea in found]))
