"""The rail's small pictures, ordered when no pane waits for a frame."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from viewer.errors import UnreadableError
from viewer.qt.main_thread import when_idle
from viewer.session.thumbnails import Picture, order_thumbnail

if TYPE_CHECKING:
    from viewer.app.application import Application

_log = logging.getLogger(__name__)


class PictureOrders:
    """Orders thumbnails of image sets and of key frames."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._thumbnails: set[str] = set()
        self._thumbnails_done: set[str] = set()

    @property
    def all_there(self) -> bool:
        """Whether every thumbnail that was ordered has come, or failed."""
        return not (self._thumbnails - self._thumbnails_done)

    def order_thumbnails(self, *_: object) -> None:
        """Have the thumbnails made that the rail does not have yet."""
        for item in self._app.session.case.image_sets:
            if item.uid not in self._thumbnails and item.frames:
                self._thumbnails.add(item.uid)
                order = partial(order_thumbnail, self._app.loader, item, self._take_thumbnail)
                when_idle(self._app.window, lambda: self._app.loader.is_waited_for, order)

    def order_key_picture(self, uid: str, frame: int) -> None:
        """Have the small picture of a key frame made."""
        item = self._app.session.case.find(uid)

        def take(made_of: str, made: Picture | UnreadableError) -> None:
            if not isinstance(made, UnreadableError):
                self._app.window.rail.set_key_thumbnail(made_of, frame, made)

        if item is not None and frame < item.frames:
            order_thumbnail(self._app.loader, item, take, frame)

    def _take_thumbnail(self, uid: str, made: Picture | UnreadableError) -> None:
        self._thumbnails_done.add(uid)
        if isinstance(made, UnreadableError):
            _log.warning("no thumbnail: %s", made.detail or made.what)
        else:
            self._app.window.rail.set_thumbnail(uid, made)
