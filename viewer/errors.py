"""Errors that speak to a person."""

from __future__ import annotations


class ViewerError(Exception):
    """Something a person has to know about.

    Parameters
    ----------
    what : str
        What happened, naming the thing, in the user's words.
    hint : str
        What to do now.
    detail : str
        Technical detail for the log; never shown first, never with patient data.
    """

    def __init__(self, what: str, hint: str = "", detail: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.what}; {self.hint}" if self.hint else self.what


class UnreadableError(ViewerError):
    """An input that can't be read or used (exit code 3 on the command line)."""


class NewerVersionError(ViewerError):
    """A file written by a newer version of the program; it is left untouched."""
