"""How long a frame takes to decode, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from viewer.benchmarks.child import middle
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_case

FRAMES = 30


def measure(scale: Scale, say: Say) -> list[Result]:
    """Decode frames spread over both files beside a peer, in turns."""
    case = sample_case(scale, say)
    return [
        _compare("decode.jpeg_lossless_12_bit", case.run, say),
        _compare("decode.jpeg_baseline_8_bit", case.pullback, say),
    ]


def _compare(name: str, path: Path, say: Say) -> Result:
    from viewer.dicom.frames import open_frames
    from viewer.dicom.index import index

    say(f"{name}: {path.name}")
    image_set = index([path]).image_sets[0]
    source = open_frames(image_set)
    frames = sorted({n * (image_set.frames - 1) // FRAMES for n in range(FRAMES)})
    source.frame(0)
    ours = middle([_ms(source.frame, frame) for frame in frames])
    source.close()
    peer, theirs = _by_pydicom(path, frames) or _by_gdcm(path, image_set.frames)
    note = f"{image_set.rows} x {image_set.columns}, median of {len(frames)} frames, one thread"
    return Result(name, ours, "ms", peer=peer, peer_value=theirs, note=note)


def _by_pydicom(path: Path, frames: list[int]) -> tuple[str, float] | None:
    """Pydicom with the decoder it chooses; None when it has none for these frames."""
    from pydicom import dcmread
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array

    data = dcmread(path)
    decoder = get_decoder(data.file_meta.TransferSyntaxUID)
    try:
        pixel_array(data, index=0)
    except (RuntimeError, NotImplementedError):
        return None
    times_ms = [_ms(partial(pixel_array, data, index=frame)) for frame in frames]
    return f"pydicom pixel_array ({', '.join(decoder.available_plugins)})", middle(times_ms)


def _by_gdcm(path: Path, frames: int) -> tuple[str | None, float | None]:
    """SimpleITK's GDCM on the whole file (asked for one frame, it decodes them all)."""
    try:
        import SimpleITK as sitk  # noqa: N813  its usual name
    except ImportError:
        return None, None
    return "SimpleITK (GDCM), whole file / frames", _ms(sitk.ReadImage, path) / frames


def _ms(work: Callable[..., object], *given: object) -> float:
    begun = time.perf_counter()
    work(*given)
    return 1000.0 * (time.perf_counter() - begun)
