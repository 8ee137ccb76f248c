"""Colours, spaces and sizes of the window: one name each, so no other file spells a hex value.

Source: the window's specification. Text on panel reaches 15.0, 9.5 and 5.9 : 1 contrast, the
edges of controls 3.2 : 1.
"""

from __future__ import annotations

from viewer.model.annotation import SegmentKind

CANVAS = "#000000"
APP = "#0D1015"
PANEL = "#151A21"
RAISED = "#1E252F"
HOVER = "#28313D"
SELECTED = "#232A45"
LINE = "#252D38"
LINE2 = "#3D4858"
INPUT = "#66738A"
TEXT_HI = "#EAEEF4"
TEXT_MID = "#B6C0CE"
TEXT_LOW = "#8B97A9"
ACCENT = "#98A0FF"
FILL = "#4F57D2"
FILL_HOVER = "#5B63DE"
ON_FILL = "#FFFFFF"
OK = "#5FD38D"
WARN = "#FFC247"
ERROR = "#FF7A85"

STENOSIS = "#FF7A45"
CLOT = "#F7B3E3"
STENT = "#3D97EE"
LANDMARK = "#FFE95C"
LUMEN = "#35D6A8"
POSITION = "#FFFFFF"

CURVES = ("#6EC6FF", "#FFB14A", "#57D9A3", "#F78FC8", "#E6E36A", "#B49CFF")
"""Contrast points 1 to 6 and their curves: even in lightness, apart from one another."""

LOST_COLORS = ((0.0, "#5FD3C8"), (20.0, "#FFC247"), (40.0, "#FF5A4F"))
"""Share of length a view loses, percent: amber from where it is warned of."""

OK_BACK = "#14301F"
WARN_BACK = "#3A2A0C"
ERROR_BACK = "#3D1B21"
ACCENT_BACK = "#262C55"
XA_BACK = "#2B3442"
XA_TEXT = "#B9C7DB"
IVUS_BACK = "#143A2E"
IVUS_TEXT = "#5FE0BA"
LANDMARK_BACK = "#2A2713"
WARN_CARD = "#2B220E"
SCRIM = (8, 10, 14, 189)
"""Behind text on images: rgba(8, 10, 14, .74)."""

SPACE = (4, 8, 12, 16, 24, 32)
RADIUS_TAG, RADIUS_FIELD, RADIUS_BUTTON, RADIUS_CARD = 3, 5, 6, 8

TOP_BAR_HEIGHT, TOP_BAR_HEIGHT_COMPACT = 48, 40
RAIL_WIDTH, RAIL_WIDTH_COMPACT = 236, 52
TOOLS_WIDTH, TOOLS_WIDTH_COMPACT = 60, 44
INSPECTOR_WIDTH, INSPECTOR_WIDTH_COMPACT = 352, 320
STATUS_HEIGHT, STATUS_HEIGHT_COMPACT = 28, 24
HEADER_HEIGHT = 32
TASK_STRIP_HEIGHT = 52
RAIL_ROW_HEIGHT = 64
LIST_ROW_HEIGHT = 42
CONTROL_HEIGHT, SMALL_CONTROL_HEIGHT = 32, 28

SEGMENT_COLORS: dict[SegmentKind, str] = {
    SegmentKind.STENOSIS: STENOSIS,
    SegmentKind.CLOT: CLOT,
    SegmentKind.STENT: STENT,
}
