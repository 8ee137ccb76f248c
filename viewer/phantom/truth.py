"""``truth.json``: what a synthetic case really is, for tests, demonstrations and bench-marks.

Lengths mm, areas mm², times s, angles degrees; frames 0-based; points (x, y) px with the origin at
the centre of the top-left pixel; 3D points DICOM LPS in mm, origin at the C-arm's isocentre.
``s_mm`` is the true arc length in space along the vein from the start of the pulled path, which is
its most central end. Images of a run are given for the patient as on frame 0; add ``motion_px``
of a frame for that frame.

.. code-block:: text

    version, case, seed, title, text
    anatomy
      path            {s_mm: [..], xyz_mm: [[x, y, z]..]}           the pulled path, every mm
      path_length_mm, confluence_s_mm
    runs: [{
      file, sop_instance_uid, series_uid, frames, rate_hz
      geometry        {sid_mm, sod_mm, imager_spacing_mm, primary_deg, secondary_deg, size_px}
      mm_per_px       {isocentre, vein_mean, vein_min, vein_max}    isocentre = spacing x SOD/SID
      centerline      {s_mm, xy_px, inplane_mm, mm_per_px}          every mm; inplane_mm = length on
                                                                    the image x isocentre mm/px
      motion_px       [[dx, dy]..]                                  one a frame, 0 on frame 0
      mask_frames     [..]                                          before any contrast
      contrast        {start_s, stop_s, arrival_s, arrival_frame}   arrival at each s of centerline
      markers         {spacing_mm, xy_px}                           bands of the marker catheter
    }]
    pullbacks: [{
      file, sop_instance_uid, series_uid, frames, rate_hz, mode, speed_mm_s, start_frame, stop_frame
      mm_per_px, field_mm, catheter_px, catheter_radius_mm, contour_points
      s_mm, xyz_mm    one a frame
      xy_px           {file of a run: [[x, y]..]}                   the frame on that run
      rotation_deg    image turned clockwise against (left = right, front = up)
      contours_px     [[x0, y0, x1, y1, ..]..]                      lumen of the pulled vein alone,
                                                                    cut straight across ostia
      area_mm2, min_diameter_mm, max_diameter_mm                    of that polygon; diameters are
                                                                    chords through its centroid
      artery          {name, ellipse_px: [null | [x, y, a, b, angle_deg]..]}   half axes a >= b,
                                                                    angle of a from x to y
      only in cases with clot or stent:
      clot_fraction, clot_age                                       share of the lumen filled, one
                                                                    a frame; "" without clot
      flow_contours_px, flow_area_mm2                               what is left of the lumen
      stent_frames    null | [first, last]                          the stent lies on the lumen
    }]
    landmarks: [{name, label, s_mm, xyz_mm, frame: {file: n}, xy_px: {file: [x, y]}}]
    veins:     [{vein, side, start_s_mm, stop_s_mm, frames: {file: [first, last]}}]
    segments:  [{kind, vein, side, cause, start_s_mm, stop_s_mm, min_s_mm, frames: {file: [f, l]},
                 min_frame: {file: n}, min_area_mm2: {file: a}, ends_px: {file: [[x, y], [x, y]]}}]
    only in cases of several phases (`viewer.phantom.lysis`):
    stent:     null | {start_s_mm, stop_s_mm, nominal_diameter_mm, nominal_length_mm, area_mm2,
                       into_ivc_mm}
    phases:    [{
      phase, number, files
      clots           [{age, start_s_mm, stop_s_mm, fraction, veins, length_mm, volume_mm3,
                        frames: {file: [f, l]}, ends_px: {file: [[x, y], [x, y]]}}]
      veins           [{vein, side, length_mm, clot_mm, filled_mm, volume_mm3, patency}]
                                                                    filled: length x share
      limb            {volume_mm3, filled_mm, marder: {points, of, groups: {name: points}}}
                                                                    groups wholly inside the path
      cleared_percent null | {volume, filled, marder, veins: {"left CIV": {volume, filled}}}
                                                                    against the first phase
    }]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from viewer.model.anatomy import LANDMARK_KINDS
from viewer.phantom.anatomy import Anatomy
from viewer.phantom.contrast import RunPlan, flow_s
from viewer.phantom.curves import Floats
from viewer.phantom.ivus import ScanPlan
from viewer.phantom.pull import Pull
from viewer.phantom.sections import (
    CATHETER_RADIUS_MM,
    OUTLINE_POINTS,
    Sections,
    diameters,
    polygon_area,
)
from viewer.phantom.thrombus import CLEAR, Thrombus

CONTOUR_POINTS = 64
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class RunMade:
    """A run that was written."""

    file: str
    sop_instance_uid: str
    series_uid: str
    plan: RunPlan
    motion_px: Floats
    markers_mm: Floats


@dataclass(frozen=True, slots=True)
class PullbackMade:
    """A pullback that was written."""

    file: str
    sop_instance_uid: str
    series_uid: str
    scan: ScanPlan
    pull: Pull
    sections: Sections
    thrombus: Thrombus = CLEAR
    stent_s_mm: tuple[float, float] | None = None

    def nearest_frame(self, s_mm: float) -> int:
        """The frame taken nearest to `s_mm`."""
        return int(np.argmin(np.abs(self.pull.s_mm - s_mm)))

    @property
    def contours_px(self) -> Floats:
        """Lumen outlines on the image, shape (frames, CONTOUR_POINTS, 2), px."""
        outline = self.sections.outline_mm[:, :: OUTLINE_POINTS // CONTOUR_POINTS]
        seen = self.sections.to_image_mm(outline)
        return np.round(seen / self.scan.mm_per_px + self.scan.center_px, 2)


def _list(values: Floats, digits: int = 3) -> list[object]:
    """Numbers for JSON, rounded; never -0.0."""
    listed: list[object] = (np.round(np.asarray(values, dtype=np.float64), digits) + 0.0).tolist()
    return listed


def _run(anatomy: Anatomy, run: RunMade) -> Json:
    plan, carm = run.plan, run.plan.carm
    s = np.append(np.arange(0.0, anatomy.path_length_mm, 1.0), anatomy.path_length_mm)
    xyz = anatomy.vein.at(s)
    xy, scale = carm.project(xyz), carm.mm_per_px_at(xyz)
    iso = carm.imager_spacing_mm * carm.sod_mm / carm.sid_mm
    steps = np.linalg.norm(np.diff(xy, axis=0), axis=1)
    start, stop = plan.injection_s
    arrival = start + flow_s(anatomy, s)
    return {
        "file": run.file,
        "sop_instance_uid": run.sop_instance_uid,
        "series_uid": run.series_uid,
        "frames": plan.frames,
        "rate_hz": plan.rate_hz,
        "geometry": {
            "sid_mm": carm.sid_mm,
            "sod_mm": carm.sod_mm,
            "imager_spacing_mm": carm.imager_spacing_mm,
            "primary_deg": carm.primary_deg,
            "secondary_deg": carm.secondary_deg,
            "size_px": carm.size_px,
        },
        "mm_per_px": {
            "isocentre": round(iso, 6),
            "vein_mean": round(float(scale.mean()), 6),
            "vein_min": round(float(scale.min()), 6),
            "vein_max": round(float(scale.max()), 6),
        },
        "centerline": {
            "s_mm": _list(s),
            "xy_px": _list(xy),
            "inplane_mm": _list(np.concatenate([[0.0], np.cumsum(steps)]) * iso),
            "mm_per_px": _list(scale, 6),
        },
        "motion_px": _list(run.motion_px),
        "mask_frames": list(range(plan.mask_frames)),
        "contrast": {
            "start_s": round(start, 4),
            "stop_s": round(stop, 4),
            "arrival_s": _list(arrival),
            "arrival_frame": np.ceil(arrival * plan.rate_hz).astype(int).tolist(),
        },
        "markers": {"spacing_mm": 10.0, "xy_px": _list(carm.project(run.markers_mm))},
    }


def _artery_ellipses(made: PullbackMade) -> Json:
    artery = next(n for n in made.sections.neighbours if n.name == "right common iliac artery")
    scan, frames = made.scan, made.pull.frames
    center = np.nan_to_num(artery.center_mm)[:, None, :]
    end = center[:, 0] + np.stack([np.cos(artery.angle_rad), np.sin(artery.angle_rad)], axis=1)
    points = made.sections.to_image_mm(np.concatenate([center, end[:, None]], axis=1))
    middle, axis = points[:, 0], points[:, 1] - points[:, 0]
    angle = np.degrees(np.arctan2(axis[:, 1], axis[:, 0]))
    px = middle / scan.mm_per_px + scan.center_px
    half = artery.half_axes_mm / scan.mm_per_px
    shown = np.isfinite(artery.center_mm[:, 0]) & (np.hypot(*middle.T) < scan.field_mm / 2)
    ellipses = [
        _list(np.array([*px[k], *half[k], angle[k]]), 2) if shown[k] else None
        for k in range(frames)
    ]
    return {"name": artery.name, "ellipse_px": ellipses}


def _pullback(anatomy: Anatomy, made: PullbackMade, runs: Sequence[RunMade]) -> Json:
    scan, pull = made.scan, made.pull
    xyz = anatomy.vein.at(pull.s_mm)
    contours = made.contours_px
    shortest, longest = diameters(contours * scan.mm_per_px)
    return {
        "file": made.file,
        "sop_instance_uid": made.sop_instance_uid,
        "series_uid": made.series_uid,
        "frames": pull.frames,
        "rate_hz": pull.rate_hz,
        "mode": "manual" if pull.speed_mm_s is None else "motor",
        "speed_mm_s": pull.speed_mm_s,
        "start_frame": pull.start_frame,
        "stop_frame": pull.stop_frame,
        "mm_per_px": scan.mm_per_px,
        "field_mm": scan.field_mm,
        "catheter_px": [scan.center_px, scan.center_px],
        "catheter_radius_mm": CATHETER_RADIUS_MM,
        "contour_points": CONTOUR_POINTS,
        "s_mm": _list(pull.s_mm),
        "xyz_mm": _list(xyz),
        "xy_px": {run.file: _list(run.plan.carm.project(xyz)) for run in runs},
        "rotation_deg": _list(np.degrees(made.sections.rotation_rad), 2),
        "contours_px": _list(contours.reshape(pull.frames, -1), 2),
        "area_mm2": _list(polygon_area(contours) * scan.mm_per_px**2, 2),
        "min_diameter_mm": _list(shortest, 2),
        "max_diameter_mm": _list(longest, 2),
        "artery": _artery_ellipses(made),
        **_inside(made, contours),
    }


def _inside(made: PullbackMade, contours: Floats) -> Json:
    """What lies in the lumen: nothing in a case without clot and stent."""
    if not made.thrombus.parts and made.stent_s_mm is None:
        return {}
    scan, filled = made.scan, made.thrombus.fraction_at(made.pull.s_mm)
    drawn = np.sqrt(1.0 - filled)[:, None, None]
    flow = np.round(scan.center_px + drawn * (contours - scan.center_px), 2)
    stent: list[int] | None = None
    if made.stent_s_mm is not None:
        start, stop = made.stent_s_mm
        within = np.flatnonzero((made.pull.s_mm >= start) & (made.pull.s_mm <= stop))
        stent = [int(within[0]), int(within[-1])]
    return {
        "clot_fraction": _list(filled, 4),
        "clot_age": made.thrombus.age_at(made.pull.s_mm).tolist(),
        "flow_contours_px": _list(flow.reshape(made.pull.frames, -1), 2),
        "flow_area_mm2": _list(polygon_area(flow) * scan.mm_per_px**2, 2),
        "stent_frames": stent,
    }


def _spots(anatomy: Anatomy, runs: Sequence[RunMade], s_mm: float) -> dict[str, list[object]]:
    xyz = anatomy.vein.at(s_mm)
    return {run.file: _list(run.plan.carm.project(xyz)) for run in runs}


def _landmarks(
    anatomy: Anatomy, runs: Sequence[RunMade], pullbacks: Sequence[PullbackMade]
) -> list[Json]:
    labels = {kind.key: kind.name for kind in LANDMARK_KINDS}
    return [
        {
            "name": key,
            "label": labels[key],
            "s_mm": round(s, 3),
            "xyz_mm": _list(anatomy.vein.at(s)),
            "frame": {made.file: made.nearest_frame(s) for made in pullbacks},
            "xy_px": _spots(anatomy, runs, s),
        }
        for key, s in anatomy.landmarks_s_mm.items()
    ]


def _stretch(start: float, stop: float, pullbacks: Sequence[PullbackMade]) -> Json:
    return {
        "start_s_mm": round(start, 3),
        "stop_s_mm": round(stop, 3),
        "frames": {m.file: [m.nearest_frame(start), m.nearest_frame(stop)] for m in pullbacks},
    }


def _veins(anatomy: Anatomy, pullbacks: Sequence[PullbackMade]) -> list[Json]:
    marks = anatomy.landmarks_s_mm
    borders = (
        ("IVC", "", 0.0, marks["confluence"]),
        ("CIV", "left", marks["confluence"], marks["internal_iliac"]),
        ("EIV", "left", marks["internal_iliac"], marks["inguinal"]),
        ("CFV", "left", marks["inguinal"], marks["profunda"]),
        ("FV", "left", marks["profunda"], anatomy.path_length_mm),
    )
    return [
        {"vein": vein, "side": side, **_stretch(start, stop, pullbacks)}
        for vein, side, start, stop in borders
    ]


def _stenosis(anatomy: Anatomy, runs: Sequence[RunMade], pullbacks: Sequence[PullbackMade]) -> Json:
    start, stop = anatomy.stenosis_s_mm
    ends = [_spots(anatomy, runs, s) for s in (start, stop)]
    narrowest: dict[str, int] = {}
    area: dict[str, float] = {}
    for made in pullbacks:
        areas = polygon_area(made.contours_px) * made.scan.mm_per_px**2
        narrowest[made.file] = int(np.argmin(areas))
        area[made.file] = round(float(areas.min()), 2)
    return {
        "kind": "stenosis",
        "vein": "CIV",
        "side": "left",
        "cause": "external compression",
        **_stretch(start, stop, pullbacks),
        "min_s_mm": round(anatomy.landmarks_s_mm["artery_crossing"], 3),
        "min_frame": narrowest,
        "min_area_mm2": area,
        "ends_px": {run.file: [end[run.file] for end in ends] for run in runs},
    }


def case_truth(
    head: Mapping[str, object],
    anatomy: Anatomy,
    runs: Sequence[RunMade],
    pullbacks: Sequence[PullbackMade],
    stenosis_on: int | None = None,
) -> Json:
    """The whole document; see the module's text for its form.

    Parameters
    ----------
    stenosis_on : int, optional
        How many of the pullbacks, from the first, show the narrowing; all by default.
    """
    s = np.append(np.arange(0.0, anatomy.path_length_mm, 1.0), anatomy.path_length_mm)
    return {
        "version": 1,
        **head,
        "anatomy": {
            "path": {"s_mm": _list(s), "xyz_mm": _list(anatomy.vein.at(s))},
            "path_length_mm": round(anatomy.path_length_mm, 3),
            "confluence_s_mm": round(anatomy.landmarks_s_mm["confluence"], 3),
        },
        "runs": [_run(anatomy, run) for run in runs],
        "pullbacks": [_pullback(anatomy, made, runs) for made in pullbacks],
        "landmarks": _landmarks(anatomy, runs, pullbacks),
        "veins": _veins(anatomy, pullbacks),
        "segments": [_stenosis(anatomy, runs, pullbacks[:stenosis_on])],
    }
