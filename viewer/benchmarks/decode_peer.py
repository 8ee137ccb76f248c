"""Pydicom beside us: a process that decodes the same frames when it is asked to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

PEER = Path(__file__).with_name("decode_peer_process.py")
NONE = "no peer: pydicom has no decoder for this here (see --peer-python)"


class PydicomPeer:
    """Pydicom on one file, with the decoder it chooses by default.

    Parameters
    ----------
    path : Path
        The file.
    python : str
        Interpreter to run it in; empty for this one.

    Attributes
    ----------
    name : str or None
        What it is, for people; None when it can't decode these frames.
    """

    def __init__(self, path: Path, python: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603  the command is ours or the caller's own
            [python or sys.executable, "-I", str(PEER), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        plugin = self._hear().get("plugin")
        self.name = f"pydicom pixel_array ({plugin})" if plugin else None

    def __enter__(self) -> PydicomPeer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()

    def times_ms(self, frames: Sequence[int]) -> list[float]:
        """Milliseconds each of these frames took; empty when it can't decode them."""
        stdin = self._process.stdin
        if self.name is None or stdin is None:
            return []
        stdin.write(json.dumps(list(frames)) + "\n")
        stdin.flush()
        return [float(ms) for ms in self._hear().get("ms", [])]

    def _hear(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        answer: dict[str, Any] = json.loads(line) if line else {}
        return answer
