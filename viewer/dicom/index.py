"""What there is to review in files, folders, DICOMDIRs and zips: headers only, nothing written."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viewer.dicom.description import describe
from viewer.dicom.dicom_file import HeaderError, NotDicomError
from viewer.dicom.image_sets import StackKey, assemble
from viewer.dicom.instance import Instance, read, summary
from viewer.dicom.sources import Found, Source, find, looks_like_dicom, why_unreadable
from viewer.dicom.streams import DAMAGED_MEMBER, FileStream, MemberStream, Stream
from viewer.model.study import ImageSet, Skipped

CHUNK = 128
WORTH_FORKING = 2000
WORTH_SPAWNING = 10_000
"""Fewer files than this are read sooner by one process than others take to start."""

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class IndexResult:
    """What was found.

    Attributes
    ----------
    image_sets : tuple of ImageSet
        In acquisition order.
    skipped : tuple of Skipped
        What should have been read and could not.
    ignored : tuple of Skipped
        What merely lies beside the images: other files, copies.
    files : int
        Files looked at.
    seconds : float
        Wall time.
    """

    image_sets: tuple[ImageSet, ...]
    skipped: tuple[Skipped, ...]
    files: int
    seconds: float
    ignored: tuple[Skipped, ...] = ()

    @property
    def patients(self) -> int:
        """Number of different persons the images say they are of."""
        return len({image_set.patient.key for image_set in self.image_sets})


@dataclass(slots=True)
class Chunk:
    """What one process makes of some files."""

    instances: list[Instance] = field(default_factory=list)
    alone: dict[int, ImageSet] = field(default_factory=dict)
    stacked: dict[StackKey, ImageSet] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    ignored: list[Skipped] = field(default_factory=list)

    def append(self, other: Chunk) -> None:
        """Take in the next files."""
        start = len(self.instances)
        self.alone.update({start + place: found for place, found in other.alone.items()})
        self.instances.extend(other.instances)
        self.stacked = other.stacked | self.stacked
        self.skipped.extend(other.skipped)
        self.ignored.extend(other.ignored)


def index(
    paths: Iterable[Path],
    *,
    processes: int = 1,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> IndexResult:
    """Read the headers behind `paths`.

    Parameters
    ----------
    paths : iterable of Path
        Files, folders (any depth), DICOMDIRs, zips, several at once.
    processes : int
        Processes to share the work; others are only started for many files.
    progress : callable, optional
        Called with (files done, files in all).
    cancelled : callable, optional
        Asked between groups of files; when it says so, what was read so far is returned.

    Notes
    -----
    Bad input never raises: each such file has one entry in `skipped`.
    """
    begun = time.perf_counter()
    given = tuple(paths)
    found = find(given)
    total = len(found.sources)
    every = Chunk(skipped=found.skipped, ignored=found.ignored)
    done = 0
    for count, chunk in _chunks(found.sources, processes):
        every.append(chunk)
        done += count
        if progress is not None:
            progress(done, total)
        if cancelled is not None and cancelled():
            break
    image_sets, copies = assemble(every.instances, every.alone, every.stacked)
    skipped = every.skipped
    if not image_sets and not skipped and done == total:
        skipped = [_nothing_in(path, found) for path in given]
    seconds = time.perf_counter() - begun
    log.info("indexed %d files in %.3f s: %d image sets", done, seconds, len(image_sets))
    return IndexResult(image_sets, tuple(skipped), done, seconds, (*every.ignored, *copies))


def _nothing_in(path: Path, found: Found) -> Skipped:
    there = len(found.sources) + len(found.ignored)
    return Skipped(path, f"no DICOM files among the {there} in it; choose the folder of the images")


def _chunks(sources: list[Source], processes: int) -> Iterator[tuple[int, Chunk]]:
    """Chunks read in order, with the number of files of each."""
    parts = [sources[start : start + CHUNK] for start in range(0, len(sources), CHUNK)]
    context = _context()
    worth = WORTH_FORKING if context.get_start_method() == "fork" else WORTH_SPAWNING
    if processes < 2 or len(sources) < worth:
        for part in parts:
            yield len(part), read_chunk(part)
        return
    done = 0
    try:
        for part, chunk in _shared_out(parts, min(processes, len(parts)), context):
            done += 1
            yield len(part), chunk
    except BrokenProcessPool:
        log.warning("a process that read headers ended early; the rest is read by this one")
    for part in parts[done:]:
        yield len(part), read_chunk(part)


def _shared_out(
    parts: list[list[Source]], processes: int, context: multiprocessing.context.BaseContext
) -> Iterator[tuple[list[Source], Chunk]]:
    """Parts read by other processes, in order."""
    pool = ProcessPoolExecutor(processes, mp_context=context)
    try:
        with warnings.catch_warnings():
            # Python 3.12 warns of fork beside threads it can't know; see _context.
            warnings.simplefilter("ignore", DeprecationWarning)
            answers = pool.map(_read_elsewhere, [_plain(part) for part in parts])
        for part, (chunk, rows) in zip(parts, answers, strict=True):
            chunk.instances = [Instance(part[place], *row) for place, *row in rows]
            yield part, chunk
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _context() -> multiprocessing.context.BaseContext:
    """Fork where it is safe (Linux, no other threads: the command line), else spawn."""
    methods = multiprocessing.get_all_start_methods()
    alone = threading.active_count() == 1
    method = "fork" if alone and methods[0] in ("fork", "forkserver") else "spawn"
    return multiprocessing.get_context(method)


def _plain(sources: list[Source]) -> list[tuple[str, str, bool]]:
    """Sources as plain values: paths cost more to send to a process than to make again."""
    return [(str(source.path), source.member, source.named) for source in sources]


def _read_elsewhere(
    plain: list[tuple[str, str, bool]],
) -> tuple[Chunk, list[tuple[Any, ...]]]:
    """Read some files in another process; instances come back as rows without their source."""
    sources = [Source(Path(path), member, named) for path, member, named in plain]
    chunk = read_chunk(sources)
    places = {id(source): place for place, source in enumerate(sources)}
    rows = [(places[id(instance.source)], *instance[1:]) for instance in chunk.instances]
    chunk.instances = []
    return chunk, rows


def read_chunk(sources: list[Source]) -> Chunk:
    """Read some files, one after the other."""
    chunk = Chunk()
    archive: zipfile.ZipFile | None = None
    try:
        for source in sources:
            try:
                if not source.member:
                    with FileStream(source.path) as stream:
                        _take(stream, source, chunk)
                    continue
                if archive is None or archive.filename != str(source.path):
                    if archive is not None:
                        archive.close()
                    archive = zipfile.ZipFile(source.path)
                _take(MemberStream(archive, archive.getinfo(source.member)), source, chunk)
            except OSError as error:
                chunk.skipped.append(Skipped(source.shown, why_unreadable(error)))
            except DAMAGED_MEMBER:
                reason = "it is damaged inside the zip; fetch the zip again"
                chunk.skipped.append(Skipped(source.shown, reason))
    finally:
        if archive is not None:
            archive.close()
    return chunk


def _take(stream: Stream, source: Source, chunk: Chunk) -> None:
    """Read one file into `chunk`."""
    if stream.size == 0:
        _not_dicom(source, "it is empty (0 bytes); copy it again", chunk)
        return
    try:
        reading = read(stream, source)
    except NotDicomError as error:
        _not_dicom(source, f"{error}; open the images themselves", chunk)
        return
    except HeaderError as error:
        chunk.skipped.append(Skipped(source.shown, str(error)))
        return
    if reading is None:
        chunk.ignored.append(Skipped(source.shown, "a DICOMDIR; the files themselves are read"))
        return
    instance = summary(reading)
    if instance.stands_alone:
        chunk.alone[len(chunk.instances)] = describe(reading)
    else:
        key = (instance.series_uid, instance.alike)
        if key not in chunk.stacked:
            chunk.stacked[key] = describe(reading)
    chunk.instances.append(instance)


def _not_dicom(source: Source, reason: str, chunk: Chunk) -> None:
    """A file that is no DICOM: news only when somebody, or its name, said it was."""
    wanted = source.named or looks_like_dicom(source.shown.name)
    (chunk.skipped if wanted else chunk.ignored).append(Skipped(source.shown, reason))
