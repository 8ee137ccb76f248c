"""The window's one style sheet, made of the tokens; fonts are set by `theme`, never here."""

from __future__ import annotations

from viewer import paths
from viewer.qt import tokens as t

_BASE = f"""
QMainWindow, QDialog {{ background: {t.PANEL}; }}
QMainWindow#main {{ background: {t.APP}; }}
QMainWindow::separator, QSplitter::handle {{ background: {t.APP}; }}
QSplitter::handle:hover {{ background: {t.LINE2}; }}
QToolTip {{ background: {t.RAISED}; color: {t.TEXT_HI}; border: 1px solid {t.LINE2};
            padding: 6px 8px; }}
"""

_BUTTONS = f"""
QPushButton {{ background: {t.RAISED}; border: 1px solid {t.LINE2};
  border-radius: {t.RADIUS_BUTTON}px; padding: 0 12px; min-height: 30px; color: {t.TEXT_HI}; }}
QPushButton:hover {{ background: {t.HOVER}; border-color: {t.INPUT}; }}
QPushButton:pressed {{ background: {t.PANEL}; }}
QPushButton:disabled {{ color: #5D6979; background: {t.PANEL}; border-color: {t.LINE}; }}
QPushButton[small="true"] {{ min-height: 26px; padding: 0 10px; }}
QPushButton[primary="true"] {{ background: {t.FILL}; border-color: #6C74E8; color: {t.ON_FILL}; }}
QPushButton[primary="true"]:hover {{ background: {t.FILL_HOVER}; border-color: {t.ACCENT}; }}
QPushButton[primary="true"]:pressed {{ background: #444BBB; }}
QPushButton[primary="true"]:disabled {{ background: #2A2F5C; border-color: #2A2F5C;
  color: #8A90C2; }}
QPushButton[flat="true"], QToolButton {{ background: transparent; border: 1px solid transparent;
  border-radius: {t.RADIUS_BUTTON}px; color: {t.TEXT_MID}; }}
QPushButton[flat="true"]:hover, QToolButton:hover {{ background: {t.HOVER}; color: {t.TEXT_HI}; }}
QPushButton[link="true"] {{ background: transparent; border: none; color: {t.ACCENT};
  padding: 0; min-height: 20px; text-align: left; }}
QPushButton[link="true"]:hover {{ text-decoration: underline; }}
QPushButton[flat="true"]:disabled {{ color: #5D6979; background: transparent; }}
QPushButton[danger="true"] {{ color: {t.ERROR}; }}
QPushButton[danger="true"]:hover {{ background: {t.ERROR_BACK}; color: {t.ERROR}; }}
QPushButton[warn="true"] {{ background: #4A3A14; border-color: #8A6D1F; color: {t.TEXT_HI}; }}
QPushButton[warn="true"]:hover {{ background: #5C4817; }}
QToolButton {{ padding: 5px; }}
QToolButton[raised="true"] {{ background: {t.RAISED}; border: 1px solid {t.LINE2};
  color: {t.TEXT_HI}; padding: 0 14px 0 10px; }}
QToolButton[raised="true"]:hover {{ background: {t.HOVER}; border-color: {t.INPUT}; }}
QToolButton[raised="true"]:disabled {{ background: {t.PANEL}; border-color: {t.LINE};
  color: #5D6979; }}
QToolButton:pressed {{ background: {t.RAISED}; }}
QToolButton:checked, QPushButton:checked {{ background: {t.ACCENT_BACK}; border-color: #565FC0;
    color: {t.TEXT_HI}; }}
QToolButton:disabled {{ background: transparent; color: #5D6979; }}
QToolButton::menu-indicator {{ image: none; }}
QPushButton::menu-indicator {{ image: none; }}
QToolButton[pill="true"] {{ background: {t.RAISED}; border: 1px solid {t.LINE2};
  border-radius: 13px; padding: 0 10px; min-height: 24px; color: {t.TEXT_MID}; }}
QToolButton[pill="true"]:hover {{ border-color: {t.INPUT}; color: {t.TEXT_HI}; }}
QToolButton[pill="true"]:checked {{ background: {t.ACCENT_BACK}; border-color: #6A72D8;
  color: {t.TEXT_HI}; }}
QToolButton[pill="true"]:disabled {{ color: #5D6979; border-color: {t.LINE}; }}
"""

_FIELDS = f"""
QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit {{
  background: {t.APP}; border: 1px solid {t.INPUT}; border-radius: {t.RADIUS_FIELD}px;
  padding: 0 7px; min-height: 24px; color: {t.TEXT_HI};
  selection-background-color: {t.FILL}; selection-color: {t.ON_FILL}; }}
QPlainTextEdit, QTextEdit {{ padding: 4px 4px; }}
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover, QPlainTextEdit:hover {{
  border-color: {t.TEXT_LOW}; }}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {{
  border: 2px solid {t.ACCENT}; padding: 0 6px; min-height: 22px; }}
QPlainTextEdit:focus {{ padding: 3px 3px; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{
  border-color: {t.LINE2}; color: {t.TEXT_LOW}; background: {t.PANEL}; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
QLineEdit[bare="true"], QLineEdit[bare="true"]:focus {{ background: transparent; border: none;
  padding: 0; }}
QLineEdit[quiet="true"] {{ background: transparent; border-color: transparent; padding: 0 3px; }}
QLineEdit[quiet="true"]:hover {{ border-color: {t.LINE2}; }}
QLineEdit[quiet="true"]:focus {{ background: {t.APP}; border: 2px solid {t.ACCENT};
  padding: 0 2px; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit, QAbstractSpinBox QLineEdit:focus,
QComboBox QLineEdit:focus {{ border: none; background: transparent; padding: 0; min-height: 0; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url("%(caret)s"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {t.RAISED}; border: 1px solid {t.LINE2};
  selection-background-color: {t.SELECTED}; selection-color: {t.TEXT_HI}; outline: 0;
  padding: 4px; }}
QComboBox QAbstractItemView::item {{ min-height: 28px; padding: 0 6px; border-radius: 4px; }}
QComboBox QAbstractItemView::item:hover {{ background: {t.HOVER}; }}
QCheckBox, QRadioButton {{ spacing: 8px; min-height: 28px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {t.INPUT};
  border-radius: 3px; background: {t.APP}; }}
QCheckBox::indicator:checked {{ background: {t.FILL}; border-color: {t.ACCENT};
  image: url("%(check)s"); }}
QRadioButton::indicator {{ width: 12px; height: 12px; border: 1px solid {t.INPUT};
  border-radius: 7px; background: {t.APP}; }}
QRadioButton::indicator:checked {{ background: {t.ACCENT}; border: 3px solid {t.FILL};
  width: 8px; height: 8px; }}
QRadioButton::indicator:disabled {{ border-color: {t.LINE}; background: {t.PANEL}; }}
"""

_LISTS = f"""
QAbstractItemView {{ background: {t.PANEL}; border: none; outline: 0;
  selection-background-color: {t.SELECTED}; selection-color: {t.TEXT_HI};
  alternate-background-color: {t.PANEL}; }}
QTreeView::branch {{ background: transparent; border: none; image: none; }}
QHeaderView::section {{ background: {t.PANEL}; color: {t.TEXT_LOW}; border: none;
  border-bottom: 1px solid {t.LINE}; padding: 4px 8px; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t.LINE2}; border-radius: 3px; }}
QScrollBar::handle:vertical {{ min-height: 32px; margin: 2px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; margin: 2px; }}
QScrollBar::handle:hover {{ background: {t.INPUT}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QMenu {{ background: {t.RAISED}; border: 1px solid {t.LINE2}; padding: 4px;
  border-radius: {t.RADIUS_BUTTON}px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; color: {t.TEXT_HI};
  min-height: 18px; }}
QMenu::item:selected {{ background: {t.SELECTED}; }}
QMenu::item:disabled {{ color: {t.INPUT}; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::separator {{ height: 1px; background: {t.LINE}; margin: 4px 8px; }}
QMenuBar {{ background: {t.PANEL}; border-bottom: 1px solid {t.APP}; }}
QMenuBar::item {{ padding: 4px 10px; background: transparent; color: {t.TEXT_MID}; }}
QMenuBar::item:selected {{ background: {t.HOVER}; color: {t.TEXT_HI}; }}
QSlider::groove:horizontal {{ height: 4px; background: {t.LINE2}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.TEXT_LOW}; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {t.POSITION}; width: 12px; height: 12px;
  margin: -4px 0; border-radius: 6px; }}
QProgressBar {{ background: {t.LINE}; border: none; border-radius: 2px; max-height: 4px; }}
QProgressBar::chunk {{ background: {t.ACCENT}; border-radius: 2px; }}
"""


def style_sheet() -> str:
    """The style sheet; two pictures are the arrow of a combo box and the tick of a box."""
    icons = paths.RESOURCES / "icons"
    fields = _FIELDS % {
        "caret": (icons / "caret-down.svg").as_posix(),
        "check": (icons / "check.svg").as_posix(),
    }
    return _BASE + _BUTTONS + fields + _LISTS
