"""Positions that rest on more than landmarks: the evidence is gathered beside the window.

The pullback's pictures are looked through once (the long view's polar stack is used when it is
there), the vein's width comes from the window's tracing, the transducer's places from a
fluoroscopy. What takes long is made on the loader's workers; meanwhile positions are those of the
landmarks alone, or the last ones known, and `Session.link_changed` tells when better ones came.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from psygnal import Signal

from viewer.errors import UnreadableError, ViewerError
from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap, Unlinked, position_map
from viewer.geometry.pull_evidence import (
    NOTHING,
    LumenSizes,
    Motion,
    PullEvidence,
    VeinProfile,
)
from viewer.geometry.steady_profile import LEAST_LANDMARKS
from viewer.model.calibration import Calibration
from viewer.model.coregistration import Coregistration, SyncMode
from viewer.model.study import Pullback, Run
from viewer.session.fluoro_work import FluoroWork
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

if TYPE_CHECKING:
    from viewer.session.long_view import LongView
    from viewer.session.session import Session

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

KEPT_LOOKS = 4
KEPT_MAPS = 12
NOMINAL_HZ = 30.0
"""Frame rate of pullbacks that don't say theirs; only for what is still and what is not."""

_POSITIONS, _FORETOLD, _LOOK = "pull positions", "pull foretold", "pull look"


@dataclass(frozen=True, slots=True)
class Basis:
    """What the place of every frame rests on beside evidence; see `position_map`."""

    curve: Polyline
    run: Run
    pullback: Pullback
    tie: Coregistration
    scale: Calibration
    times_s: tuple[float, ...] | None
    true_mm: tuple[float, ...] | None

    def position(self, evidence: PullEvidence = NOTHING) -> PositionMap | Unlinked:
        """Where every frame lies."""
        return position_map(
            self.curve, self.scale.mm_per_px, self.scale.uncertainty, self.pullback,
            self.times_s, self.tie, self.true_mm, evidence,
        )  # fmt: skip

    @property
    def steady(self) -> bool:
        """Whether a motor's rate alone places the frames: nothing else is asked for."""
        rate = self.tie.rate_mm_s or (self.pullback.rate_mm_s if self.pullback.motorised else None)
        mode = self.tie.mode
        constant = mode is SyncMode.CONSTANT or (mode is SyncMode.AUTO and rate is not None)
        return constant and (self.true_mm is not None or len(self.tie.landmarks) < LEAST_LANDMARKS)

    @property
    def compares(self) -> bool:
        """Whether lumen and vein are compared."""
        return self.tie.mode in (SyncMode.AUTO, SyncMode.PROFILE, SyncMode.CONSTANT)


@dataclass(frozen=True, eq=False)
class Look:
    """What the pullback's own pictures say; `why` tells why they say nothing."""

    motion: Motion | None = None
    lumen: LumenSizes | None = None
    why: str = ""


class PullWork:
    """Places the shown pullback by everything that is known of its pull.

    Attributes
    ----------
    changed : Signal()
        What is under way changed, or what was foretold has come.
    fluoro : FluoroWork
        Follows the transducer on a fluoroscopy.
    """

    changed = Signal()

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        self._session, self._loader = session, loader
        self._looks: OrderedDict[str, tuple[tuple[object, ...], Look]] = OrderedDict()
        self._stacks: dict[str, LongView] = {}
        self._evidence: list[PullEvidence] = []
        self._telling = False
        self._veins: OrderedDict[int, tuple[object, VeinProfile]] = OrderedDict()
        self._maps: list[tuple[Basis, PullEvidence, PositionMap | Unlinked]] = []
        self._last: tuple[Basis, PositionMap] | None = None
        self._doing: dict[str, object] = {}
        self.fluoro = FluoroWork(session, loader, self._on_fluoro)
        session.case_changed.connect(self._on_case)
        session.profile_changed.connect(self._on_profile)
        session.review_changed.connect(self._on_review)
        session.cursor_changed.connect(self._on_review)

    # -- what it answers ----------------------------------------------------------------------
    def position(self, basis: Basis) -> PositionMap | Unlinked | None:
        """Where every frame lies; None where landmarks and time alone say so (worked out at once).

        While it is worked out: the last positions that still hold, else those of the landmarks.
        """
        if basis.steady:
            return None
        evidence = self._evidence_for(basis)
        if evidence is NOTHING:
            needed = basis.tie.mode in (SyncMode.PROFILE, SyncMode.TRACKED)
            waits = needed and self.busy
            return self._meanwhile(basis) if waits else self._still_held(basis)
        known = self._known(basis, evidence)
        if known is not None:
            if isinstance(known, PositionMap):
                self._last = (basis, known)
            return known
        if not self._session.in_gesture:
            self._order(_POSITIONS, basis, evidence)
        return self._meanwhile(basis)

    def foretell(self, tie: Coregistration, what: str = "") -> PositionMap | Unlinked | None:
        """What the shown pair's positions would be with another tie; None until it is known.

        Of what is asked for under one name `what`, the newest wish counts.
        """
        basis = self._session.basis_for(self._session.run, self._session.pullback, tie)
        if basis is None:
            return None
        evidence = NOTHING if basis.steady else self._evidence_for(basis)
        known = self._known(basis, evidence)
        if known is None and evidence is NOTHING:
            known = basis.position()
            self._keep(basis, evidence, known)
        elif known is None:
            self._order(f"{_FORETOLD} {what}", basis, evidence)
        return known

    def look(self, pullback: Pullback) -> Look | None:
        """What the pictures of a pullback say; None until they were looked through."""
        key, look = self._looks.get(pullback.uid, ((), None))
        return look if key == self._look_key(pullback) else None

    @property
    def status(self) -> str:
        """What is under way, for people; empty when positions are final."""
        if self.fluoro.status:
            return self.fluoro.status
        words = {
            _LOOK: "Looking through the pullback…",
            _POSITIONS: "Working out positions…",
        }
        found = next((words[key] for key in (_LOOK, _POSITIONS) if key in self._doing), "")
        return found or ("Measuring the vein…" if self._waits_for_vein() else "")

    @property
    def busy(self) -> bool:
        """Whether positions may still change by themselves."""
        return bool(self.status)

    @property
    def is_final(self) -> bool:
        """Whether nothing that is known of the shown pair is missing from its positions."""
        basis = self._session.basis_for(self._session.run, self._session.pullback)
        if basis is None or basis.steady:
            return True
        if self.look(basis.pullback) is None:
            return False
        evidence = self._evidence_for(basis)
        return evidence is NOTHING or self._known(basis, evidence) is not None

    # -- gathering ----------------------------------------------------------------------------
    def take_stack(self, view: LongView) -> None:
        """The long view of a pullback is built: its reduced frames are what is looked at."""
        self._stacks = {view.pullback.uid: view}
        self._session.link_changed.emit()

    def _evidence_for(self, basis: Basis) -> PullEvidence:
        """All evidence the mode takes, or nothing while a part of it is still to come."""
        look = self.look(basis.pullback)
        if look is None:
            self._want_look(basis.pullback)
        vein = self._vein(basis) if basis.compares else None
        waits = basis.compares and vein is None and not self._no_vein(basis)
        motion, tracked = look.motion if look is not None else None, None
        if basis.tie.mode in (SyncMode.AUTO, SyncMode.TRACKED) and look is not None:
            tracked = self.fluoro.tracked(basis, motion)
        if look is None or waits:
            return NOTHING
        lumen = look.lumen if look is not None and basis.compares else None
        parts = (motion, lumen, vein, tracked)
        if not any(part is not None for part in parts):
            return NOTHING
        for known in self._evidence:
            if (known.motion, known.lumen, known.vein, known.tracked) == parts:
                return known
        self._evidence.insert(0, PullEvidence(*parts))
        del self._evidence[KEPT_MAPS:]
        return self._evidence[0]

    def _vein(self, basis: Basis) -> VeinProfile | None:
        found = self._session.vessel_profile(basis.run.uid, basis.tie.centerline_id)
        if found is None:
            return None
        kept = self._veins.get(id(found))
        if kept is None or kept[0] is not found:
            kept = (found, VeinProfile(found.arc_px, found.diameter_px))
            self._veins[id(found)] = kept
            while len(self._veins) > KEPT_LOOKS:
                self._veins.popitem(last=False)
        return kept[1]

    def _no_vein(self, basis: Basis) -> bool:
        tracing = self._session.tracing
        return tracing is None or tracing.shows_no_vein(basis.run)

    def _waits_for_vein(self) -> bool:
        session = self._session
        basis = session.basis_for(session.run, session.pullback)
        if basis is None or basis.steady or not basis.compares or self._no_vein(basis):
            return False
        return session.vessel_profile(basis.run.uid, basis.tie.centerline_id) is None

    def _look_key(self, pullback: Pullback) -> tuple[object, ...]:
        session = self._session
        times_s = session.timing(pullback).times_s
        return (times_s, session.calibration(pullback).mm_per_px)

    def _want_look(self, pullback: Pullback) -> None:
        """Look at the long view's frames once they are all there."""
        view, session = self._stacks.get(pullback.uid), self._session
        if view is None or _LOOK in self._doing:
            return
        key = self._look_key(pullback)
        times_s, mm = session.timing(pullback).times_s, session.calibration(pullback).mm_per_px
        radius_mm = None if mm is None else mm * view.grid.radius_px

        def make() -> Look:
            return _looked(view, pullback, times_s, radius_mm)

        def done(look: Look) -> None:
            self._looks[pullback.uid] = (key, look)
            while len(self._looks) > KEPT_LOOKS:
                self._looks.popitem(last=False)
            session.link_changed.emit()

        self._on_worker(_LOOK, (pullback.uid, *key), pullback, make, done)

    # -- working out --------------------------------------------------------------------------
    def _order(self, kind: str, basis: Basis, evidence: PullEvidence) -> None:
        def done(made: PositionMap | Unlinked) -> None:
            self._keep(basis, evidence, made)
            if kind == _POSITIONS:
                self._session.link_changed.emit()

        self._on_worker(
            kind, (basis, evidence), basis.pullback, lambda: basis.position(evidence), done
        )

    def _meanwhile(self, basis: Basis) -> PositionMap | Unlinked:
        held = self._still_held(basis)
        if held is not None:
            return held
        alone = replace(basis.tie, mode=SyncMode.LANDMARKS)
        simple = self._simple(replace(basis, tie=alone))
        if isinstance(simple, PositionMap) or simple.landmark_ids:
            return simple
        if (
            self._last is not None
            and self._last[0].curve is basis.curve
            and (self._last[0].pullback is basis.pullback)
        ):
            return self._last[1]
        return Unlinked("Positions are being worked out", "They come in a moment.")

    def _still_held(self, basis: Basis) -> PositionMap | None:
        """The last positions, where only the model or its evidence is another now."""
        if self._last is None:
            return None
        before, last = self._last
        tie = replace(
            before.tie, mode=basis.tie.mode, fluoro_run_uid=basis.tie.fluoro_run_uid,
            clock_offset_s=basis.tie.clock_offset_s, transducer=basis.tie.transducer,
        )  # fmt: skip
        return last if replace(before, tie=tie) == basis else None

    def _simple(self, basis: Basis) -> PositionMap | Unlinked:
        known = self._known(basis, NOTHING)
        if known is None:
            known = basis.position()
            self._keep(basis, NOTHING, known)
        return known

    def _known(self, basis: Basis, evidence: PullEvidence) -> PositionMap | Unlinked | None:
        for place, (known, of, made) in enumerate(self._maps):
            if of is evidence and known == basis:
                self._maps.insert(0, self._maps.pop(place))
                return made
        return None

    def _keep(self, basis: Basis, evidence: PullEvidence, made: PositionMap | Unlinked) -> None:
        self._maps.insert(0, (basis, evidence, made))
        del self._maps[KEPT_MAPS:]

    # -- following ----------------------------------------------------------------------------
    def _on_case(self) -> None:
        for kind in list(self._doing):
            self._loader.cancel_background(kind)
        self._doing.clear()
        self._looks.clear()
        self._maps.clear()
        self._veins.clear()
        self._last = None
        self._evidence.clear()
        uids = {pullback.uid for pullback in self._session.case.pullbacks}
        self._stacks = {uid: view for uid, view in self._stacks.items() if uid in uids}

    def _on_profile(self, _line_id: str) -> None:
        self._session.link_changed.emit()

    def _on_fluoro(self) -> None:
        self._session.link_changed.emit()
        self._tell()

    def _tell(self) -> None:
        """Emit `changed`; who is asked for positions while being told is not told again."""
        if self._telling:
            return
        self._telling = True
        try:
            self.changed.emit()
        finally:
            self._telling = False

    def _on_review(self, *_: object) -> None:
        self.fluoro.follow()

    def _on_worker(
        self,
        kind: str,
        what: object,
        pullback: Pullback,
        make: Callable[[], Answer],
        done: Callable[[Answer], None],
    ) -> None:
        """Make something on a worker; of a kind the newest wish counts."""
        if self._doing.get(kind) == what:
            return
        self._doing[kind] = what
        answers: list[Answer] = []

        def visit(_: int, _read: Frame | UnreadableError) -> None:
            answers.append(make())

        def finished(_: UnreadableError | None) -> None:
            if self._doing.get(kind) == what:
                del self._doing[kind]
            for answer in answers:
                done(answer)
            self._tell()

        frame = min(max(0, self._session.cursor.pullback_frame), pullback.frames - 1)
        self._loader.submit_background(kind, pullback, (frame,), visit, finished=finished)
        if kind in (_POSITIONS, _LOOK):
            self._tell()


def _looked(
    view: LongView,
    pullback: Pullback,
    times_s: tuple[float, ...] | None,
    radius_mm: float | None,
) -> Look:
    """Movement and lumen of the frames of a long view."""
    from viewer.imaging.pullback_look import Looked, frames_to_look_at, lumen_of, motion_of

    frames = frames_to_look_at(pullback.frames)
    frames = frames[view.done[frames]]
    if len(frames) < 2:
        return Look(why="hardly any frame of the pullback can be read")
    looked = Looked(frames, view.stack[frames])
    clock = np.arange(pullback.frames) / NOMINAL_HZ if times_s is None else np.asarray(times_s)
    try:
        lumen = lumen_of(looked, radius_mm)
        rising = bool((np.diff(clock) > 0).all())
        motion = motion_of(looked, pullback.frames, clock, radius_mm, lumen) if rising else None
        return Look(motion, lumen)
    except (ViewerError, ValueError) as error:
        _log.warning("the pullback's pictures say nothing of the pull: %s", error)
        return Look(why=f"the pictures of the pullback say nothing of the pull ({error})")
