"""More images to measure on: HTJ2K, and uncompressed files that may have holes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viewer.benchmarks.result import Say, Scale
from viewer.benchmarks.samples import header, kept, run_frames

HTJ2K_FRAMES = 24
NATIVE_FRAMES = 40


def sample_htj2k(scale: Scale, say: Say) -> Path:
    """The first frames of the run as HTJ2K, lossless."""
    frames = min(HTJ2K_FRAMES, scale.run_frames)
    name = f"htj2k-{frames}x{scale.run_px}"
    return kept(scale.folder, name, lambda at: _write_htj2k(at, scale, frames), say) / "run.dcm"


def sample_native(scale: Scale, say: Say) -> Path:
    """The first frames of the run, uncompressed."""
    frames = min(NATIVE_FRAMES, scale.run_frames)
    name = f"native-{frames}x{scale.run_px}"

    def write(folder: Path) -> None:
        pieces = (f.astype("<u2").tobytes() for f in run_frames(frames, scale.run_px))
        _write_native(folder / "run.dcm", "XA", scale.run_px, frames, b"".join(pieces))

    return kept(scale.folder, name, write, say) / "run.dcm"


def sample_native_pullback(scale: Scale, say: Say) -> Path:
    """As many uncompressed frames as the pullback has, really written: a hole reads otherwise."""
    name = f"uncompressed-{scale.pullback_frames}x{scale.pullback_px}"

    def write(folder: Path) -> None:
        path, px, frames = folder / "pullback.dcm", scale.pullback_px, scale.pullback_frames
        _write_native(path, "IVUS", px, frames, None)
        frame = (np.arange(px * px, dtype=np.uint32) * 2654435761 >> 24).astype(np.uint8)
        with path.open("r+b") as file:
            file.seek(-px * px * frames, 2)
            for _ in range(frames):
                file.write(frame.data)

    return kept(scale.folder, name, write, say) / "pullback.dcm"


def sample_large(scale: Scale, say: Say) -> list[Path]:
    """Two runs of `scale.large_bytes` in all, with holes: they take no room on most disks."""
    px = scale.run_px
    frames = max(2, scale.large_bytes // 2 // (2 * px * px))
    name = f"large-{frames}x{px}"

    def write(folder: Path) -> None:
        for number in (1, 2):
            _write_native(folder / f"run{number}.dcm", "XA", px, frames, None, number)

    folder = kept(scale.folder, name, write, say)
    return [folder / "run1.dcm", folder / "run2.dcm"]


def _write_htj2k(folder: Path, scale: Scale, frames: int) -> None:
    from imagecodecs import htj2k_encode
    from pydicom.dataset import FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import HTJ2KLossless

    data = header("XA", scale.run_px, frames, number=3)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = HTJ2KLossless
    streams = [
        bytes(htj2k_encode(frame, reversible=True)) for frame in run_frames(frames, scale.run_px)
    ]
    data.PixelData = encapsulate(streams, has_bot=True)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    data.save_as(folder / "run.dcm", enforce_file_format=True)


def _write_native(
    path: Path, modality: str, px: int, frames: int, pixels: bytes | None, number: int = 4
) -> None:
    """Write a file; without `pixels` its frames are a hole."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    data = header(modality, px, frames, number=number)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    size = px * px * frames * (2 if modality == "XA" else 1)
    data.PixelData = pixels or b"\0\0"
    data["PixelData"].VR = "OW"
    data.save_as(path, enforce_file_format=True)
    if pixels is None:
        with path.open("r+b") as file:
            file.seek(-6, 2)  # length and two bytes of Pixel Data, the last element
            file.write(size.to_bytes(4, "little"))
            file.truncate(file.tell() + size)
