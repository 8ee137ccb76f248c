"""What ``caval sync`` knows beside landmarks: pictures, the vein's width, a fluoroscopy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from viewer.cli.sync_files import CenterlineFile
    from viewer.geometry.pull_evidence import LumenSizes, Motion, PullEvidence, VeinProfile
    from viewer.imaging.pullback_look import Looked
    from viewer.model.coregistration import Landmark
    from viewer.model.study import ImageSet, Pullback

SAMPLED_FRAMES = 12
"""Frames of the run on which the vein's width is measured when the centerline does not tell."""

NOMINAL_HZ = 30.0
"""Frame rate of pullbacks that don't say theirs; only for what is still and what is not."""


def gather(
    args: argparse.Namespace,
    line: CenterlineFile,
    venogram: ImageSet,
    pullback: Pullback,
    landmarks: tuple[Landmark, ...],
    mm_per_px: float | None,
    notes: list[str],
) -> PullEvidence:
    """All evidence the mode takes; what to know about it is added to `notes`."""
    from viewer.geometry.arc_scale import scale_of
    from viewer.geometry.pull_evidence import NOTHING, PullEvidence
    from viewer.geometry.steady_profile import LEAST_LANDMARKS

    steady = args.rate is not None or pullback.motorised
    constant = args.mode == "constant" or (args.mode == "auto" and steady)
    in_space = scale_of(line.polyline, mm_per_px, line.arc_mm).in_space
    if constant and (in_space or len(landmarks) < LEAST_LANDMARKS):
        return NOTHING
    compared = args.mode in ("auto", "profile", "constant")
    motion, lumen = _look(pullback, compared, notes)
    vein = _vein(args, line, venogram, notes) if compared else None
    tracked = None
    if args.fluoro is not None and args.mode in ("auto", "tracked"):
        from viewer.cli.sync_fluoro import tracked_path

        if mm_per_px is None and line.arc_mm is not None:
            mm_per_px = float(line.arc_mm[-1] - line.arc_mm[0]) / line.polyline.length_px
        tracked = tracked_path(
            args, line.polyline, venogram, pullback, motion, landmarks, mm_per_px, notes
        )
    return PullEvidence(motion, lumen, vein, tracked)


def _look(
    pullback: Pullback, compared: bool, notes: list[str]
) -> tuple[Motion | None, LumenSizes | None]:
    import numpy as np

    from viewer.imaging.pullback_look import lumen_of, motion_of

    try:
        looked, radius_mm = _looked(pullback)
    except UnreadableError as error:
        notes.append(f"the pullback's pictures are not used: {error}")
        return None, None
    times = pullback.timing.times_s
    clock = np.arange(pullback.frames) / NOMINAL_HZ if times is None else np.asarray(times)
    rising = bool((np.diff(clock) > 0).all())
    lumen = lumen_of(looked, radius_mm)
    motion = motion_of(looked, pullback.frames, clock, radius_mm, lumen) if rising else None
    return motion, lumen if compared else None


def _looked(pullback: Pullback) -> tuple[Looked, float | None]:
    """The pullback looked through, and the depth of its polar pictures in mm."""
    from viewer.dicom.frames import open_frames
    from viewer.imaging.pullback_look import frames_to_look_at, look_through
    from viewer.imaging.window import apply_display, auto_window, display_lut
    from viewer.session.long_view import polar_grid_for

    source = open_frames(pullback)
    grid = polar_grid_for(pullback)
    to_grey = None
    if len(source.shape) == 2:
        frame = source.frame(0)
        table = display_lut(pullback.pixels, source.dtype, auto_window(pullback.pixels, frame))

        def to_grey(values: Any) -> Any:
            return apply_display(values, table)

    try:
        frames = frames_to_look_at(pullback.frames, source.decoder)
        looked = look_through(frames, source.frame, grid, to_grey)
    finally:
        source.close()
    mm = pullback.calibration.mm_per_px
    return looked, None if mm is None else mm * grid.radius_px


def _vein(
    args: argparse.Namespace, line: CenterlineFile, venogram: ImageSet, notes: list[str]
) -> VeinProfile | None:
    """The vein's width along the centerline: from its file, else measured on the run."""
    from viewer.geometry.pull_evidence import VeinProfile

    if line.width is not None:
        return VeinProfile(line.polyline.arc_px, line.width)
    try:
        found = _measured(args.run, line, venogram)
    except UnreadableError as error:
        notes.append(f"the vein's width can't be measured on the run: {error}")
        return None
    return VeinProfile(found.arc_px, found.diameter_px)


def _measured(path: Path, line: CenterlineFile, venogram: ImageSet) -> Any:
    """Edges along the centerline, on what frames spread over the run show of contrast."""
    import numpy as np

    from viewer.dicom.frames import open_frames
    from viewer.imaging.log_domain import LogDomain
    from viewer.imaging.vein_picture import VeinPicture
    from viewer.imaging.vessel_profile import vessel_profile

    domain = LogDomain.of(venogram.pixels)
    source = open_frames(venogram)
    try:
        if len(source.shape) != 2:
            raise UnreadableError(f"{path}: a colour image is no venogram")
        wanted = np.unique(np.linspace(0, venogram.frames - 1, SAMPLED_FRAMES).astype(int))
        frames = [source.frame(index) for index in wanted.tolist()]
    finally:
        source.close()
    mm = venogram.calibration.mm_per_px
    if len(frames) == 1:
        picture = VeinPicture.of_frame(venogram.pixels, frames[0], mm)
    else:
        logs = [domain.of_frame(frame) for frame in frames]
        difference = np.minimum.reduce(logs) - np.maximum.reduce(logs)
        picture = VeinPicture.of_difference(difference, mm)
    return vessel_profile(picture, line.polyline)
