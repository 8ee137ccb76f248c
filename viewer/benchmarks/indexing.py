"""How many headers of small files are read in a second."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from viewer.benchmarks.child import middle
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_files
from viewer.errors import UnreadableError

TARGETS_PER_S = {1: 1500.0, 2: 2500.0}
NAMES = {1: "index.one_process", 2: "index.two_processes"}


def measure(scale: Scale, say: Say) -> list[Result]:
    """Index a folder and read the same headers with pydicom, in turns."""
    folder = sample_files(scale, say)
    files = sorted(folder.rglob("*.dcm"))
    _index(folder, 1)
    results = []
    for processes, target in TARGETS_PER_S.items():
        say(f"index: {len(files)} files, processes: {processes}")
        ours, theirs = [], []
        for _ in range(min(3, scale.repeats)):
            ours.append(len(files) / _seconds(_index, folder, processes))
            theirs.append(len(files) / _seconds(_pydicom, files, processes))
        results.append(
            Result(
                NAMES[processes],
                middle(ours),
                "files/s",
                peer="pydicom dcmread(stop_before_pixels=True)",
                peer_value=middle(theirs),
                target=target,
                more_is_better=True,
                note=f"{len(files)} files, warm, median of {len(ours)}; ours also sorts",
            )
        )
    return results


def _seconds(work: Callable[..., object], *given: object) -> float:
    begun = time.perf_counter()
    work(*given)
    return time.perf_counter() - begun


def _index(folder: Path, processes: int) -> None:
    from viewer.dicom.index import index

    found = index([folder], processes=processes)
    if found.skipped or not found.image_sets:
        raise UnreadableError(f"{folder}: its images are damaged", "delete the folder")


def _pydicom(files: list[Path], processes: int) -> None:
    if processes == 1:
        _read(files)
        return
    context = multiprocessing.get_context("fork" if _can_fork() else "spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        list(pool.map(_read, [files[n::processes] for n in range(processes)]))


def _can_fork() -> bool:
    return "fork" in multiprocessing.get_all_start_methods()


def _read(files: list[Path]) -> list[tuple[str, int]]:
    import pydicom

    headers = (pydicom.dcmread(path, stop_before_pixels=True) for path in files)
    return [(str(ds.SeriesInstanceUID), int(ds.InstanceNumber)) for ds in headers]
