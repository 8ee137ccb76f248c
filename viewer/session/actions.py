"""Every action of the window, in one table: text, menu, shortcut, tip, icon, and when it can't run.

Menus, tool strip, command palette, shortcut sheet and tooltips are all built from it; what an
action does is bound by its id in `qt.commands`, and a test proves that every id is bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.session.state import Tool, Workspace

if TYPE_CHECKING:
    from viewer.session.session import Session

WhyNot = Callable[["Session"], str]


def _always(session: Session) -> str:
    return ""


def _needs_run(session: Session) -> str:
    return "" if session.run else "needs a venogram"


def _can_subtract(session: Session) -> str:
    from viewer.imaging.log_domain import why_not_subtracted

    run = session.run
    if run is None:
        return "needs a venogram"
    if run.frames < 2:
        return "needs a run with at least two frames"
    return "needs a grey X-ray run" if why_not_subtracted(run)[0] else ""


def _needs_pullback(session: Session) -> str:
    return "" if session.pullback else "needs an IVUS pullback"


def _needs_lumen(session: Session) -> str:
    uid = session.cursor.pullback_uid
    drawn = bool(uid) and bool(session.review.contours_of(uid or ""))
    return "" if drawn else _needs_pullback(session) or "needs a lumen border"


def _needs_rotation(session: Session) -> str:
    return "" if session.rotation.current else "needs a rotation that was set"


def _needs_contours(session: Session) -> str:
    return "" if session.lumen.of_pullback() else "needs borders on the IVUS frames"


def _needs_contour(session: Session) -> str:
    return "" if session.lumen.current else "needs a border on the shown IVUS frame"


def _needs_phases(session: Session) -> str:
    enough = len(session.compare.steps()) >= 2
    return "" if enough else "needs images of at least two phases"


def _needs_compare(session: Session) -> str:
    return "" if session.workspace is Workspace.COMPARE else "needs the Compare workspace"


def _needs_image(session: Session) -> str:
    return "" if session.run or session.pullback else "needs images"


def _needs_line(session: Session) -> str:
    return _needs_run(session) or ("" if session.current_centerline else "needs a centerline")


def _needs_other_line(session: Session) -> str:
    line, now = session.vessel.target, session.current_centerline
    other = line is not None and now is not None and line.id != now.id
    return _needs_both(session) or ("" if other else "needs another centerline being drawn")


def _needs_copied(session: Session) -> str:
    line = session.vessel.target
    return "" if line is not None and line.unchecked else "needs a copied centerline"


def _needs_both(session: Session) -> str:
    return _needs_pullback(session) or _needs_line(session)


def _needs_place(session: Session) -> str:
    if session.pullback or session.current_polyline:
        return ""
    return "needs an IVUS pullback or a centerline on a venogram"


def _needs_segment(session: Session) -> str:
    return "" if session.selection.kind == "segment" else "needs a selected segment"


def _needs_segments(session: Session) -> str:
    return "" if session.review.segments else "needs a segment"


def _needs_selection(session: Session) -> str:
    border = session.tool is Tool.LUMEN and session.lumen.current
    chosen = session.selection or session.calibrating.active or border
    return "" if chosen else "needs something selected"


def _needs_landmarks(session: Session) -> str:
    return "" if session.vessel.landmarks else "needs a landmark"


def _needs_contrast_points(session: Session) -> str:
    return "" if session.contrast_points.shown else "needs a contrast point on this run"


def _needs_target(session: Session) -> str:
    if session.calibrating.first_target is not None:
        return ""
    return _needs_image(session) or "needs an image with square pixels"


def _needs_calibration(session: Session) -> str:
    shown = (session.cursor.run_uid, session.cursor.pullback_uid)
    by_hand = any(uid and session.review.calibration_of(uid) for uid in shown)
    return "" if by_hand else "needs a calibration by hand"


def _can_carry(session: Session) -> str:
    return session.calibrating.carry.why_not()


def _can_undo(session: Session) -> str:
    can = session.calibrating.can_undo or session.history.can_undo
    return "" if can else "has nothing to take back"


def _can_redo(session: Session) -> str:
    can = session.calibrating.can_redo or session.history.can_redo
    return "" if can else "has nothing to do again"


def _needs_partner(session: Session) -> str:
    if session.run is None:
        return "needs a venogram"
    return "" if session.two_views.partner else "needs a second run from another angle"


def _needs_path(session: Session) -> str:
    line = session.current_centerline
    if line is None:
        return _needs_line(session)
    if session.in_gesture or session.two_views.in_force(line) is not None:
        return ""
    why = session.two_views.why_not()
    return why if why.startswith("needs") or not why else f"can't be: {why}"


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the table.

    Attributes
    ----------
    id : str
        "area.verb", what the window binds.
    menu : str
        The menu it stands in, in groups by `group`.
    shortcuts : tuple of str
        Portable key sequences; the first is shown.
    why_not : callable
        "" when it can run, else what it needs ("needs an IVUS pullback").
    checkable : bool
        Whether it is a switch.
    """

    id: str
    text: str
    menu: str
    shortcuts: tuple[str, ...]
    tip: str
    icon: str = ""
    why_not: WhyNot = _always
    checkable: bool = False
    group: int = 0

    @property
    def single_letter(self) -> bool:
        """Whether it acts only while a viewport or the timeline has focus."""
        return bool(self.shortcuts) and not any(
            mark in self.shortcuts[0] for mark in ("Ctrl", "Alt", "F1", "F6", "F9")
        )


def _a(
    action_id: str,
    text: str,
    menu: str,
    keys: str,
    tip: str,
    icon: str = "",
    why_not: WhyNot = _always,
    *,
    checkable: bool = False,
    group: int = 0,
) -> Action:
    return Action(action_id, text, menu, tuple(keys.split()), tip, icon, why_not, checkable, group)


# One row an action.
# fmt: off
ACTIONS: tuple[Action, ...] = (
    # -- File
    _a("file.open", "Open files…", "File", "Ctrl+O",
       "Open DICOM files, a zip, a DICOMDIR or a review", "ph.folder-open"),
    _a("file.open_folder", "Open folder…", "File", "Ctrl+Shift+O",
       "Open every image below a folder", "ph.folders"),
    _a("file.add", "Add images…", "File", "Ctrl+Shift+A", "Add images to the open case",
       "ph.plus"),
    _a("file.demo", "Open built-in case", "File", "Ctrl+Shift+D",
       "Open the synthetic case: left iliac vein compression", "ph.graduation-cap"),
    _a("file.start", "Start page", "File", "Ctrl+Shift+H", "Close the case and show recent cases",
       "ph.house", group=1),
    _a("file.save", "Save review", "File", "Ctrl+S",
       "Save the review now; it is also saved by itself", "ph.floppy-disk", _needs_image, group=2),
    _a("file.save_as", "Save review as…", "File", "Ctrl+Shift+S",
       "Save the review under another name", "ph.floppy-disk", _needs_image, group=2),
    _a("file.export", "Export…", "File", "Ctrl+E", "Write tables (CSV) and pictures (PNG)",
       "ph.export", _needs_image, group=2),
    _a("file.readers", "Compare with another reader…", "File", "Ctrl+Shift+E",
       "Hold this review against another reader's of the same pullback: bias, limits, ICC",
       "ph.users", _needs_image, group=2),
    _a("file.quit", "Quit", "File", "Ctrl+Q", "Close the window; the review is saved",
       "ph.sign-out", group=3),
    # -- Edit
    _a("edit.undo", "Undo", "Edit", "Ctrl+Z", "Take the last change back", "ph.arrow-u-up-left",
       _can_undo),
    _a("edit.redo", "Redo", "Edit", "Ctrl+Shift+Z Ctrl+Y", "Do the undone change again",
       "ph.arrow-u-up-right", _can_redo),
    _a("edit.delete", "Delete", "Edit", "Delete Backspace", "Delete what is selected", "ph.trash",
       _needs_selection, group=1),
    _a("edit.duplicate", "Duplicate segment", "Edit", "Ctrl+D",
       "Make a copy of the selected segment", "ph.copy", _needs_segment, group=1),
    _a("edit.hide", "Show or hide segment", "Edit", "H",
       "Show or hide the selected segment on the images", "ph.eye", _needs_segment, group=1),
    _a("edit.accept", "Accept", "Edit", "Return Enter",
       "Add the landmark that is being placed, or use the calibration", "ph.check", group=1),
    _a("edit.cancel", "Cancel or finish tool", "Edit", "Escape",
       "Cancel the stroke, then return to Select", "ph.x", group=1),
    # -- Tools
    _a("tool.select", "Select", "Tools", "V", "Select, move and adjust", "ph.cursor",
       checkable=True),
    _a("tool.centerline", "Vein", "Tools", "B",
       "Draw the vein's centerline: click along it, from the centre outwards", "ph.path",
       _needs_run, checkable=True),
    _a("tool.landmark", "Landmark", "Tools", "L", "Tie a pullback frame to a place on the vein",
       "ph.map-pin", _needs_both, checkable=True),
    _a("tool.stenosis", "Stenosis", "Tools", "S", "Drag along the vein to mark a stenosis",
       "caval.stenosis", _needs_place, checkable=True, group=1),
    _a("tool.clot", "Clot", "Tools", "C", "Drag along the vein to mark clot", "caval.clot",
       _needs_place, checkable=True, group=1),
    _a("tool.stent", "Stent", "Tools", "T", "Drag along the vein to mark a stent", "caval.stent",
       _needs_place, checkable=True, group=1),
    _a("tool.lumen", "Lumen", "Tools", "E",
       "Draw, bend and accept the lumen's border on the IVUS frame", "ph.polygon",
       _needs_pullback, checkable=True, group=2),
    _a("tool.caliper", "Measure", "Tools", "M", "Drag on an image to measure a length", "ph.ruler",
       _needs_image, checkable=True, group=2),
    _a("tool.ellipse", "Ellipse", "Tools", "Shift+M", "Drag on an image to measure an area",
       "ph.circle", _needs_image, checkable=True, group=2),
    _a("tool.calibrate", "Calibrate", "Tools", "K",
       "Give an image its scale: on a marker catheter, a catheter's size or a known distance",
       "ph.frame-corners", _needs_target, checkable=True, group=2),
    _a("calibrate.remove", "Remove calibration", "Tools", "Ctrl+Shift+K",
       "Back to the file's own scale, or to pixels", "ph.trash", _needs_calibration, group=2),
    _a("tool.rotation", "Set rotation", "Tools", "Y",
       "Turn the IVUS: click the artery in front, or drag an arrow and say where it points",
       "ph.arrows-clockwise", _needs_pullback, checkable=True, group=2),
    _a("rotation.seen_from", "Seen from the head", "Tools", "Shift+Y",
       "The IVUS is seen from the head (catheter from the neck), not from the feet",
       "ph.swap", _needs_pullback, checkable=True, group=2),
    _a("rotation.remove", "Remove rotation", "Tools", "Ctrl+Shift+Y",
       "Show the IVUS as it was taken", "ph.trash", _needs_rotation, group=2),
    _a("tool.contrast", "Contrast", "Tools", "Q",
       "Follow contrast over time: click up to six places on the venogram", "ph.chart-line",
       _can_subtract, checkable=True, group=2),
    _a("contrast.clear_points", "Delete contrast points", "Tools", "Ctrl+Shift+Q",
       "Delete every contrast point of this run, as one step", "ph.trash",
       _needs_contrast_points, group=2),
    _a("calibrate.carry", "Use calibration on other runs", "Tools", "Shift+K",
       "Use this run's calibration on runs of the same geometry too", "ph.copy", _can_carry,
       group=2),
    _a("lumen.find", "Find lumen on all frames", "Tools", "Ctrl+Alt+E",
       "Find the lumen's border on every frame; borders you edited or accepted stay",
       "ph.magic-wand", _needs_pullback, group=2),
    _a("lumen.accept_sure", "Accept sure borders", "Tools", "Ctrl+Return",
       "Accept every border of the pullback that nothing speaks against", "ph.checks",
       _needs_contours, group=2),
    _a("lumen.delete", "Delete border of this frame", "Tools", "Ctrl+Delete",
       "Delete the border of this kind on the shown IVUS frame", "ph.trash", _needs_contour,
       group=2),
    _a("vessel.new", "Another vein", "Tools", "Shift+B",
       "Draw another centerline on this run: the other side, the cava", "ph.path", _needs_run,
       group=3),
    _a("vessel.snap", "Follow the vein", "Tools", "Ctrl+B",
       "Clicks follow the vein on the image; off, a smooth curve joins them (or hold Alt)",
       "ph.magnet", _needs_run, checkable=True, group=3),
    _a("vessel.tie", "Tie pullback to this vein", "Tools", "Ctrl+Shift+B",
       "Let the pullback's frames lie on the centerline that is being drawn", "ph.link-simple",
       _needs_other_line, group=3),
    _a("vessel.left", "Name the vein: left", "Tools", "Ctrl+Alt+1",
       "The centerline being drawn is the left side's", "ph.tag", _needs_line, group=3),
    _a("vessel.right", "Name the vein: right", "Tools", "Ctrl+Alt+2",
       "The centerline being drawn is the right side's", "ph.tag", _needs_line, group=3),
    _a("vessel.cava", "Name the vein: IVC", "Tools", "Ctrl+Alt+3",
       "The centerline being drawn is the inferior vena cava's", "ph.tag", _needs_line, group=3),
    _a("vessel.copy", "Copy vein to other runs", "Tools", "Alt+B",
       "Copy this centerline to runs taken at the same C-arm angles, to be checked there",
       "ph.copy", _needs_line, group=3),
    _a("vessel.accept", "Accept copied vein", "Tools", "Alt+Return",
       "The copied centerline was looked at and is right", "ph.check", _needs_copied, group=3),
    _a("vessel.reverse", "Swap ends of the vein", "Tools", "Ctrl+Shift+R",
       "Make the other end of the centerline the central one", "ph.swap", _needs_line, group=3),
    _a("vessel.delete", "Delete centerline", "Tools", "Ctrl+Shift+Backspace",
       "Delete the centerline of this run and its landmarks", "ph.trash", _needs_line, group=3),
    _a("vessel.clear_landmarks", "Delete all landmarks", "Tools", "Ctrl+Shift+L",
       "Delete every landmark of this pair, as one step", "ph.trash", _needs_landmarks, group=3),
    # -- Go
    _a("cine.toggle", "Play or pause", "Go", "Space", "Play or pause the active view", "ph.play",
       _needs_image),
    _a("cine.both", "Play both", "Go", "Shift+Space", "Play or pause venogram and IVUS together",
       "ph.play-circle", _needs_image),
    _a("frame.previous", "Previous frame", "Go", "Left ,", "One frame back", "ph.caret-left",
       _needs_image),
    _a("frame.next", "Next frame", "Go", "Right .", "One frame on", "ph.caret-right",
       _needs_image),
    _a("frame.back10", "10 frames back", "Go", "Shift+Left <", "Ten frames back",
       "ph.caret-double-left", _needs_image),
    _a("frame.on10", "10 frames on", "Go", "Shift+Right >", "Ten frames on",
       "ph.caret-double-right", _needs_image),
    _a("frame.first", "First frame", "Go", "Home", "Go to the first frame", "ph.skip-back",
       _needs_image),
    _a("frame.last", "Last frame", "Go", "End", "Go to the last frame", "ph.skip-forward",
       _needs_image),
    _a("landmark.previous", "Previous landmark", "Go", "[", "Go to the landmark before",
       "ph.map-pin", _needs_landmarks, group=1),
    _a("landmark.next", "Next landmark", "Go", "]", "Go to the landmark after", "ph.map-pin",
       _needs_landmarks, group=1),
    _a("segment.next", "Next segment", "Go", "N", "Go to the next segment in the list", "ph.list",
       _needs_segments, group=1),
    _a("segment.previous", "Previous segment", "Go", "Shift+N",
       "Go to the previous segment in the list", "ph.list", _needs_segments, group=1),
    _a("lumen.next", "Next border to check", "Go", "U",
       "Go to the next IVUS frame whose border should be looked at", "ph.polygon",
       _needs_contours, group=1),
    _a("lumen.previous", "Previous border to check", "Go", "Shift+U",
       "Go to the previous IVUS frame whose border should be looked at", "ph.polygon",
       _needs_contours, group=1),
    _a("cine.loop_segment", "Loop selected segment", "Go", "Shift+L",
       "Play only the frames of the selected segment; again to stop", "ph.repeat", _needs_pullback,
       checkable=True, group=2),
    _a("cine.loop_from", "Loop from this frame", "Go", "Alt+[",
       "The active view plays from the frame it shows on", "ph.arrow-line-right", _needs_image,
       group=2),
    _a("cine.loop_to", "Loop up to this frame", "Go", "Alt+]",
       "The active view plays up to the frame it shows", "ph.arrow-line-left", _needs_image,
       group=2),
    _a("cine.loop_all", "Play all frames", "Go", "Alt+\\",
       "End the loop of the active view: all frames, or those the file wants played",
       "ph.arrows-out-line-horizontal", _needs_image, group=2),
    _a("cine.sweep", "Sweep", "Go", "Shift+S",
       "Play the active view forth and back instead of round and round", "ph.arrows-left-right",
       _needs_image, checkable=True, group=2),
    _a("cine.rate", "Set frame rate…", "Go", "Ctrl+R",
       "Override a missing or wrong frame rate; kept in the review", "ph.timer", _needs_image,
       group=2),
    _a("bookmark.toggle", "Key frame", "Go", "G", "Make this frame a key frame, or not", "ph.star",
       _needs_image, group=2),
    # -- View
    _a("view.invert", "Invert", "View", "I", "Swap black and white", "ph.swap", _needs_image),
    _a("view.reset", "Reset window", "View", "R", "Back to the file's own window", "ph.sun",
       _needs_image),
    _a("view.fit", "Fit", "View", "F", "Fit the image to the view", "ph.corners-out",
       _needs_image),
    _a("view.maximise", "Maximise view", "View", "F11",
       "Give the active view the whole window, or restore it", "ph.arrows-out", _needs_image),
    _a("view.layers", "Cycle layers", "View", "O", "All, no text, images only", "ph.stack",
       _needs_image),
    _a("vessel.edges", "Vein edges", "View", "Shift+E",
       "Show the edges found along the vein", "ph.arrows-in-line-horizontal", _needs_line,
       checkable=True),
    _a("view.link", "Linked", "View", "Ctrl+L", "Let venogram and IVUS follow each other",
       "ph.link-simple", _needs_image, checkable=True, group=1),
    _a("axis.vein", "Along the vein: mm", "View", "Ctrl+1",
       "The axis counts millimetres along the vein", "ph.ruler", _needs_pullback, checkable=True,
       group=2),
    _a("axis.frames", "Along the vein: frames", "View", "Ctrl+2", "The axis counts frames",
       "ph.film-strip", _needs_pullback, checkable=True, group=2),
    _a("axis.time", "Along the vein: seconds", "View", "Ctrl+3", "The axis counts seconds",
       "ph.timer", _needs_pullback, checkable=True, group=2),
    _a("graph.table", "Lumen along the vein as a table", "View", "Ctrl+Alt+T",
       "Area and diameters frame by frame, to read, copy and go to", "ph.table", _needs_lumen,
       group=3),
    _a("cut.left", "Turn long cut back 5°", "View", "Ctrl+Left", "Turn the cut of the long view",
       "ph.arrow-counter-clockwise", _needs_pullback, group=3),
    _a("cut.right", "Turn long cut on 5°", "View", "Ctrl+Right", "Turn the cut of the long view",
       "ph.arrow-clockwise", _needs_pullback, group=3),
    _a("contrast.subtract", "Subtraction (DSA)", "View", "D",
       "Show frames less their mask, or as they were taken", "ph.circle-half", _can_subtract,
       checkable=True, group=4),
    _a("contrast.shift", "Pixel shift", "View", "Shift+D",
       "Let arrow keys move the mask by 0.1 px, with Shift by 1 px", "ph.arrows-out-cardinal",
       _can_subtract, checkable=True, group=4),
    _a("contrast.reset_shift", "Reset pixel shift", "View", "Alt+D",
       "Lay the mask back where it was taken", "ph.arrow-counter-clockwise", _can_subtract,
       group=4),
    _a("contrast.peak", "Peak opacification", "View", "P",
       "Show the most contrast each point of the run ever had", "ph.chart-line-up", _can_subtract,
       checkable=True, group=4),
    _a("contrast.peak_time", "Time to peak", "View", "Shift+P",
       "Show in colour when each point of the run had the most contrast", "ph.timer",
       _can_subtract, checkable=True, group=4),
    _a("contrast.first", "Follow contrast from this frame", "View", "Ctrl+[",
       "Peak and contrast over time begin at the shown frame of the venogram",
       "ph.arrow-line-right", _can_subtract, group=5),
    _a("contrast.last", "Follow contrast up to this frame", "View", "Ctrl+]",
       "Peak and contrast over time end at the shown frame of the venogram",
       "ph.arrow-line-left", _can_subtract, group=5),
    _a("contrast.whole", "Follow contrast over the whole run", "View", "Ctrl+\\",
       "Peak and contrast over time take every frame", "ph.arrows-left-right", _can_subtract,
       group=5),
    _a("contrast.loop", "Follow contrast over the loop", "View", "Ctrl+Alt+L",
       "Peak and contrast over time take the frames the venogram's loop plays", "ph.repeat",
       _can_subtract, group=5),
    _a("views.space", "Vein in space", "View", "3",
       "Show the vein in 3D from two runs: true length, foreshortening, the frame as a disc",
       "ph.cube", _needs_run, checkable=True, group=6),
    _a("views.other", "Other view", "View", "J",
       "Go to the second view; what was clicked here is a line there", "ph.swap", _needs_partner,
       group=6),
    _a("views.colours", "Foreshortening", "View", "Shift+F",
       "Colour the centerline by the share of its length this view loses", "ph.palette",
       _needs_path, checkable=True, group=6),
    _a("views.true_length", "True length", "View", "Ctrl+T",
       "Let positions and lengths follow the vein in space instead of this image",
       "ph.ruler", _needs_path, checkable=True, group=6),
    # -- Window
    _a("workspace.review", "Review", "Window", "Alt+1", "Review the case", "ph.monitor-play",
       checkable=True),
    _a("workspace.align", "Align", "Window", "Alt+2",
       "Tie the pullback to the venogram with landmarks", "ph.link-simple", checkable=True),
    _a("workspace.compare", "Compare", "Window", "Alt+3",
       "See two phases of the procedure side by side: before and after", "ph.columns",
       _needs_phases, checkable=True),
    _a("compare.swap", "Swap before and after", "Window", "X",
       "In Compare: exchange both sides", "ph.arrows-left-right", _needs_compare),
    _a("panel.vein", "Along the vein", "Window", "Alt+V", "Show the vein below the images",
       "ph.path", checkable=True, group=1),
    _a("panel.contrast", "Contrast over time", "Window", "Shift+Q",
       "Show how contrast comes and goes below the images", "ph.chart-line", _can_subtract,
       checkable=True, group=1),
    _a("window.menu", "Menu", "Window", "F10", "Every command, by menu", "ph.list", group=1),
    _a("window.inspector", "Inspector", "Window", "F9", "Show or hide the inspector",
       "ph.sidebar-simple", checkable=True, group=1),
    _a("window.next_region", "Next region", "Window", "F6", "Move the focus to the next region",
       "ph.arrow-right", group=1),
    _a("window.previous_region", "Previous region", "Window", "Shift+F6",
       "Move the focus to the region before", "ph.arrow-left", group=1),
    _a("window.full_screen", "Full screen", "Window", "Ctrl+F11", "Fill the screen, or not",
       "ph.frame-corners", checkable=True, group=1),
    _a("window.cache", "Cache size…", "Window", "Ctrl+Shift+M",
       "How much memory decoded frames may take", "ph.hard-drives", group=2),
    # -- Help
    _a("help.palette", "Find a command", "Help", "Ctrl+K", "Find and run any command",
       "ph.magnifying-glass"),
    _a("help.shortcuts", "Shortcuts", "Help", "?", "Every shortcut on one page", "ph.keyboard"),
    _a("help.about", "About Caval", "Help", "Ctrl+F1", "Version, licence, where files are kept",
       "ph.info"),
)
# fmt: on

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
MENUS: tuple[str, ...] = ("File", "Edit", "View", "Go", "Tools", "Window", "Help")


def tooltip(action: Action, session: Session) -> str:
    """Tip, shortcut, and why it can't run now."""
    keys = f"  ({action.shortcuts[0]})" if action.shortcuts else ""
    why = action.why_not(session)
    return f"{action.tip}{keys}" + (f"\n{action.text.rstrip('…')} {why}." if why else "")
