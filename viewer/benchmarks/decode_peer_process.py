"""Pydicom by itself: decodes the frames it is asked for on standard input, and says how long.

Run by its path, in any interpreter that has pydicom; it imports nothing of the program.
"""

from __future__ import annotations

import json
import sys
import time


def main(path: str) -> None:
    """Answer each line, a JSON list of frames, with a line: plugin, milliseconds of each frame."""
    from pydicom import dcmread
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array

    data = dcmread(path)
    decoder = get_decoder(data.file_meta.TransferSyntaxUID)
    try:
        pixel_array(data, index=0)
    except (RuntimeError, NotImplementedError):
        _say({"plugin": None})
        return
    _say({"plugin": decoder.available_plugins[0] if decoder.is_encapsulated else "numpy"})
    for line in sys.stdin:
        times_ms = []
        for frame in json.loads(line):
            begun = time.perf_counter()
            pixel_array(data, index=frame)
            times_ms.append(1000.0 * (time.perf_counter() - begun))
        _say({"ms": times_ms})


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
