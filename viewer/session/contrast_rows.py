"""Density over time at the contrast points of a review, as rows of a table; needs no window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from viewer.errors import UnreadableError
from viewer.model.contrast import ContrastPoint
from viewer.model.study import Run
from viewer.report.tables import ContrastRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from viewer.imaging.opacification import ContrastScale
    from viewer.session.session import Session

NOT_OPEN = "the images were not found"


def contrast_rows(session: Session) -> Iterable[ContrastRow]:
    """One row a frame of every contrast point; a single one where the images can't be read."""
    uids = dict.fromkeys(point.run_uid for point in session.review.contrast_points)
    for uid in uids:
        points = session.review.contrast_points_of(uid)
        run = session.case.run(uid)
        if run is None:
            yield from (_blank(point, NOT_OPEN) for point in points)
            continue
        try:
            yield from _rows(session, run, points)
        except UnreadableError as error:
            yield from (_blank(point, error.what) for point in points)


def _blank(point: ContrastPoint, why: str) -> ContrastRow:
    return ContrastRow(
        point=point.number,
        x_px=point.point_px[0],
        y_px=point.point_px[1],
        frame_1based=None,
        frame_0based=None,
        time_s=None,
        density=None,
        density_unit="",
        arrival_s=None,
        arrival_sigma_s=None,
        peak_s=None,
        arrival_frame=None,
        peak_frame=None,
        residual_percent=None,
        disc_radius_px=None,
        source=why,
        point_id=point.id,
        run_uid=point.run_uid,
    )


def _rows(session: Session, run: Run, points: tuple[ContrastPoint, ...]) -> Iterable[ContrastRow]:
    from viewer.imaging.density_curves import WashIn, wash_in
    from viewer.imaging.opacification import ContrastScale
    from viewer.session.contrast_curves import disc_radius_px
    from viewer.session.subtracted_views import frames_text

    if run.pixels.samples != 1:
        raise UnreadableError("a colour image shows no X-ray contrast")
    scale = ContrastScale.of(run.pixels)
    radius = disc_radius_px(session.calibration(run).mm_per_px)
    places = np.array([point.point_px for point in points], np.float64)
    frames, density, masks = _densities(run, scale, places, radius)
    times_s = session.timing(run).times_s
    base = f"mask {frames_text(masks)}" if masks else "least contrast of each place as zero"
    for n, point in enumerate(points):
        in_s = wash_in([times_s[i] for i in frames], density[:, n]) if times_s else WashIn()
        in_frames = wash_in(np.array(frames, np.float64), density[:, n])
        for frame, value in zip(frames, density[:, n].tolist(), strict=True):
            yield ContrastRow(
                point=point.number,
                x_px=point.point_px[0],
                y_px=point.point_px[1],
                frame_1based=frame + 1,
                frame_0based=frame,
                time_s=times_s[frame] if times_s else None,
                density=value if np.isfinite(value) else None,
                density_unit="ln" if scale.by_ratio else "grey levels",
                arrival_s=in_s.arrival_s,
                arrival_sigma_s=in_s.arrival_sd_s,
                peak_s=in_s.peak_s,
                arrival_frame=in_frames.arrival_s,
                peak_frame=in_frames.peak_s,
                residual_percent=in_frames.residual_percent,
                disc_radius_px=radius,
                source=f"frames as taken, {base}",
                point_id=point.id,
                run_uid=run.uid,
            )


def _densities(
    run: Run, scale: ContrastScale, places: NDArray[np.float64], radius_px: float
) -> tuple[list[int], NDArray[np.float64], tuple[int, ...]]:
    """Readable frames, their densities (frames, places), and the mask frames."""
    from viewer.dicom.frames import open_frames
    from viewer.imaging.density_curves import DiscSampler
    from viewer.imaging.exposure_drift import block_means, find_drift
    from viewer.imaging.log_domain import LogDomain
    from viewer.imaging.quiet_frames import QuietFrames
    from viewer.imaging.window import to_modality

    sampler = DiscSampler(places, radius_px, run.rows, run.columns)
    search = QuietFrames(range(run.frames), LogDomain.of(run.pixels), scale)
    samples: dict[int, NDArray[np.float64]] = {}
    blocks: dict[int, NDArray[np.float64]] = {}
    source = open_frames(run)
    try:
        for index in range(run.frames):
            try:
                stored = source.frame(index)
            except UnreadableError:
                continue  # the row of that frame is missing, as the frame is
            values = to_modality(run.pixels, stored)
            samples[index], blocks[index] = sampler.sample(values), block_means(values)
            search.add(index, stored, values)
    finally:
        source.close()
    if not samples:
        raise UnreadableError("none of the frames can be read")
    masks = tuple(i for i in run.mask_frames if i in samples) or search.mask_frames()
    frames = sorted(samples)
    if masks:
        zero = np.mean([samples[i] for i in masks], axis=0)
        before = np.mean([blocks[i] for i in masks], axis=0)
    else:
        zero = sampler.sample(search.brightest)
        before = block_means(search.brightest)
    rows = []
    for index in frames:
        drift = find_drift(blocks[index], before, by_ratio=scale.by_ratio)
        rows.append(scale.density(drift.removed(samples[index]), zero))
    return frames, np.array(rows), masks
