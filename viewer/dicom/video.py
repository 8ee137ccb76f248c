"""Video in DICOM: MPEG-2, H.264 and HEVC (PS3.5 8.2.5 to 8.2.11), frame by frame, by PyAV.

All fragments together are one stream: an elementary stream, or one in a container. Packets are
numbered as they are stored; the order in which they are shown comes from their times or, where
these are missing or can't be right, is learned while decoding from the start. A frame is decoded
from the last key frame that is shown no later, so it never depends on where one came from.
"""

from __future__ import annotations

import io
import logging
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.codestream import CodeStream, DamagedFrameError
from viewer.dicom.decoders import Samples, Space
from viewer.dicom.encapsulation import fragment_payloads
from viewer.dicom.joined_fragments import JoinedFragments
from viewer.dicom.pixel_header import PixelHeader
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

log = logging.getLogger(__name__)

KEPT_BYTES = 64 * 2**20
"""Decoded frames kept as the codec made them, so that stepping back within them is quick."""

HD_ROWS = 720
"""From here on video that does not say is ITU-R BT.709, below BT.601."""

_BUFFER = 2**18


class VideoFrames:
    """The frames of one video; a `FrameStore`.

    Parameters
    ----------
    header : PixelHeader
        Of the file.
    expected : int or None
        Frames that should be there, None when nobody says.

    Raises
    ------
    UnreadableError
        It is no video that can be read, or of another size than the header says.
    """

    code: CodeStream | None = None

    def __init__(self, header: PixelHeader, expected: int | None) -> None:
        self._header = header
        self._lock = Lock()
        self._kept: OrderedDict[int, VideoFrame] = OrderedDict()
        with header.source.open() as stream:
            self._payloads = fragment_payloads(stream, header.offset, header.source.size)
        self._times: list[int | None] = []
        self._keys: list[int] = []
        self._survey()
        self._place = _places(self._times, expected)
        """Where the frame of each packet is shown, as far as known."""
        self._all_known = bool(self._place)
        self._there = frozenset(self._place.values())
        self._count = max(self._place.values(), default=(expected or len(self._times)) - 1) + 1
        self._run: Iterator[VideoFrame] | None = None
        self._run_next = 0

    @property
    def count(self) -> int:
        """Frames in the stream."""
        return self._count

    def samples(self, index: int) -> Samples:
        """See `FrameStore.samples`."""
        from av import FFmpegError

        if index >= self._count:
            raise DamagedFrameError(f"only {self._count} frames are in the video")
        if self._all_known and index not in self._there:
            raise DamagedFrameError("it is missing in the video")
        with self._lock:
            try:
                frame = self._frame(index)
                return self._pixels(frame)
            except (FFmpegError, ValueError) as error:
                self._run = None
                raise DamagedFrameError("its video data are damaged") from error

    # Decoding ------------------------------------------------------------------------

    def _frame(self, index: int) -> VideoFrame:
        """The frame shown at `index`."""
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        start = self._start_for(index)
        begins = self._place_of(start) if start else 0
        if self._run is None or not begins <= self._run_next <= index:
            self._run, self._run_next = self._decoded_from(start), begins
        found = self._run_to(index)
        if found is None and start:  # a seek that led astray: from the start there is none
            self._run, self._run_next = self._decoded_from(0), 0
            found = self._run_to(index)
        if found is None:
            raise DamagedFrameError("the video ends before it, or it is damaged")
        return found

    def _run_to(self, index: int) -> VideoFrame | None:
        """Decode on to the frame shown at `index`; None, and no run, when it does not come."""
        for frame in self._run or ():
            place = self._settle(frame)
            if place is None:
                continue
            self._run_next = place + 1
            self._keep(place, frame)
            if place == index:
                return frame
            if place > index:
                break
        self._run = None
        return None

    def _start_for(self, index: int) -> int:
        """Packet of the last key frame known to be shown at `index` or before."""
        known = [(self._place[key], key) for key in self._keys if key in self._place]
        found = bisect_right(known, (index, len(self._times))) if known == sorted(known) else 0
        return known[found - 1][1] if found else 0

    def _place_of(self, packet: int) -> int:
        return self._place.get(packet, 0)

    def _settle(self, frame: VideoFrame) -> int | None:
        """Where a decoded frame is shown; None for one that leads a key frame it is not part of.

        Learns the order when times don't tell: then frames come as they are shown.
        """
        packet = frame.pts
        place = None if packet is None else self._place.get(packet)
        if place is None and not self._all_known:
            place = self._run_next
            self._place[-1 - place if packet is None else packet] = place
        return place if place is not None and place >= self._run_next else None

    def _keep(self, place: int, frame: VideoFrame) -> None:
        self._kept[place] = frame
        self._kept.move_to_end(place)
        each = max(1, sum(plane.buffer_size for plane in frame.planes))
        while len(self._kept) > max(1, KEPT_BYTES // each):
            self._kept.popitem(last=False)

    def _pixels(self, frame: VideoFrame) -> Samples:
        """A decoded frame as RGB, or its luma when the header says grey."""
        from av.video.reformatter import Colorspace, Interpolation

        header = self._header
        if (frame.height, frame.width) != (header.rows, header.columns):
            raise DamagedFrameError(
                f"it is {frame.width} x {frame.height},"
                f" the header says {header.columns} x {header.rows}"
            )
        if frame.is_corrupt:
            raise DamagedFrameError("its video data are damaged")
        if header.samples == 1:
            return _luma(frame, header.bits_stored), Space.STORED
        unknown = frame.colorspace in (Colorspace.DEFAULT, 2)
        guess = Colorspace.ITU709 if header.rows >= HD_ROWS else Colorspace.ITU601
        how = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
        rgb = frame.reformat(
            format="rgb24", src_colorspace=guess if unknown else None, interpolation=how, threads=1
        )
        return np.ascontiguousarray(rgb.to_ndarray()), Space.RGB

    # Packets -------------------------------------------------------------------------

    def _survey(self) -> None:
        """Look at every packet once: when it is shown, and whether it is a key frame."""
        from av import FFmpegError

        name = self._header.source.name
        try:
            with self._container() as container:
                video = container.streams.video[0]
                codec = video.codec_context
                self.decoder = f"PyAV {codec.name}"
                size = (codec.height, codec.width)
                for number, packet in enumerate(_packets(container)):
                    self._times.append(packet.pts)
                    if packet.is_keyframe:
                        self._keys.append(number)
        except (FFmpegError, IndexError, ValueError) as error:
            raise UnreadableError(
                f"{name}: its video can't be read",
                "Export it again as MPEG-4 (H.264).",
                str(error),
            ) from error
        header = self._header
        if size != (header.rows, header.columns) or not self._times:
            raise UnreadableError(
                f"{name}: its video is {size[1]} x {size[0]} with {len(self._times)} frames,"
                f" the header says {header.columns} x {header.rows}",
                "Ask for the file again.",
            )

    def _decoded_from(self, start: int) -> Iterator[VideoFrame]:
        """Frames decoded from packet `start` on, each with its packet's number as its time."""
        with self._container() as container:
            video = container.streams.video[0]
            codec = video.codec_context
            codec.thread_type, codec.thread_count = "AUTO", 2
            if self._all_known and start:
                container.seek(self._times[start] or 0, stream=video)
                packets = self._numbered_by_time(container, start)
            else:
                packets = enumerate(_packets(container))
            for number, packet in packets:
                if number >= start:
                    packet.pts = packet.dts = number
                    yield from codec.decode(packet)
            yield from codec.decode(None)

    def _numbered_by_time(
        self, container: InputContainer, start: int
    ) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """Packets after a seek, from packet `start` on: a seek may end anywhere."""
        packets = _packets(container)
        wanted = self._times[start]
        for packet in packets:
            if packet.pts == wanted:
                yield start, packet
                break
        yield from enumerate(packets, start + 1)

    def _container(self) -> InputContainer:
        import av

        av.logging.set_level(None)
        source = io.BufferedReader(JoinedFragments(self._header.source, self._payloads), _BUFFER)
        return av.open(source, "r", buffer_size=_BUFFER)


def _places(times: list[int | None], expected: int | None) -> dict[int, int]:
    """Where each packet's frame is shown; empty when the times don't tell it.

    Times as many as frames are put in order. Where frames are missing, times at equal steps say
    which. Otherwise packets are no frames (but fields, or parts), and nothing is known.
    """
    known = [time for time in times if time is not None]
    if len(set(known)) != len(times) or len(known) < 2:
        return {}
    order = sorted(range(len(known)), key=known.__getitem__)
    if expected in (None, len(known)):
        return {packet: place for place, packet in enumerate(order)}
    first, last = known[order[0]], known[order[-1]]
    steps = sorted(known[after] - known[before] for before, after in pairwise(order))
    step = steps[len(steps) // 2]
    places = {packet: round((known[packet] - first) / step) for packet in order}
    uneven = any(abs(known[n] - first - step * place) > step / 4 for n, place in places.items())
    distinct = len(set(places.values())) == len(order)
    return places if distinct and not uneven and (last - first) // step <= expected else {}


def _packets(container: InputContainer) -> Iterator[Packet[VideoStream]]:
    """Packets of the first video stream, as stored, without the empty one at the end."""
    for packet in container.demux(container.streams.video[0]):
        if packet.size:
            yield packet


def _luma(frame: VideoFrame, bits: int) -> NDArray[Any]:
    """The Y plane, (rows, columns): uint8, or uint16 of `bits` for deeper video."""
    if bits <= 8:
        return np.ascontiguousarray(frame.reformat(format="gray").to_ndarray())
    deep = np.asarray(frame.reformat(format="gray16le").to_ndarray(), np.uint16)
    return np.asarray(deep >> (16 - bits))
