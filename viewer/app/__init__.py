"""The window put together: the only layer that knows everybody."""

from viewer.app.application import Application
from viewer.app.process import qt_application, run

__all__ = ["Application", "qt_application", "run"]
