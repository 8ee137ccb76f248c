"""A session for the tests of the window's chrome: a run and a pullback, tied and marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from viewer.model.annotation import (
    Bookmark,
    Caliper,
    CenterlineExtent,
    Clot,
    FrameExtent,
    Stenosis,
    Stent,
)
from viewer.model.calibration import Calibration, CalibrationSource
from viewer.model.case import Case
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.study import FrameTiming, ImageSet, Patient, Pullback, PullbackMode, Role, Run
from viewer.model.vessel import Centerline
from viewer.qt import commands
from viewer.session.session import Session, new_review

ANNA = Patient("1", "DEMO^ANNA", "19700101")
BERTA = Patient("2", "DEMO^BERTA", "19650505")


def a_run(uid: str = "run", minute: int = 0, patient: Patient = ANNA) -> Run:
    times = tuple((np.arange(48) / 7.5).tolist())
    return Run(
        uid, f"{uid}.s", "study", patient, "XA", Role.VENOGRAM, f"L iliac {uid}", 1,
        datetime(2026, 3, 1, 10, minute), (), 48, 48, 1024, 1024, FrameTiming(times, "Frame Time"),
        Calibration(0.25, CalibrationSource.SID_SOD, 0.05),
    )  # fmt: skip


def a_pullback(uid: str = "pull", minute: int = 5) -> Pullback:
    times = tuple((np.arange(200) / 30.0).tolist())
    return Pullback(
        uid, f"{uid}.s", "study", ANNA, "IVUS", Role.PULLBACK, f"L iliac {uid}", 2,
        datetime(2026, 3, 1, 10, minute), (), 200, 200, 512, 512,
        FrameTiming(times, "Frame Time"),
        Calibration(0.1, CalibrationSource.ULTRASOUND_REGION, 0.01), mode=PullbackMode.MANUAL,
    )  # fmt: skip


def a_session(*more: ImageSet) -> Session:
    """Stenosis on the pullback, clot on the run, stent, three landmarks, a caliper, a key frame."""
    line = Centerline("vein", "run", ((500, 50), (500, 450), (500, 950)))
    marks = (
        Landmark("m1", "Iliac confluence", 20, (500.0, 150.0)),
        Landmark("m2", "Internal iliac ostium", 90, (500.0, 450.0)),
        Landmark("m3", "Inguinal ligament", 180, (500.0, 850.0)),
    )
    review = replace(
        new_review("Reader A"),
        centerlines=(line,),
        coregistrations=(Coregistration("tie", "run", "pull", "vein", marks),),
        segments=(
            Stenosis(id="s1", name="Stenosis 1", extent=FrameExtent("pull", 40, 60)),
            Clot(
                id="c1",
                name="Clot 1",
                extent=CenterlineExtent("run", "vein", (500.0, 500.0), (500.0, 600.0)),
            ),
            Stent(id="t1", name="Stent 1", extent=FrameExtent("pull", 30, 80)),
        ),
        measurements=(Caliper("k1", "run", 3, (10, 10), (10, 50)),),
        bookmarks=(Bookmark("b1", "pull", 55),),
    )
    session = Session()
    session.open_case(Case().with_sets(a_run(), a_pullback(), *more), review)
    return session


def q_actions(session: Session, parent: QObject) -> dict[str, QAction]:
    """The table's actions, bound to what the session alone can do, kept true to it."""
    actions = commands.make_actions(session, parent)
    verbs = commands.session_verbs(session)
    for action_id, action in actions.items():
        if action_id in verbs:
            action.triggered.connect(lambda _=False, act=verbs[action_id]: act())
    actions["help.palette"].setProperty("states", commands.ActionStates(session, actions))
    return actions
