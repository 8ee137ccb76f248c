"""The Mask Subtraction Sequence of an X-ray run (PS3.3 C.7.6.10) as plain values."""

from __future__ import annotations

from viewer.dicom.header import Header
from viewer.model.subtraction import HeaderMask, MaskOperation

_OPERATIONS = {operation.value: operation for operation in MaskOperation}

Told = tuple[str, ...]


def header_masks(header: Header, frames: int) -> tuple[tuple[HeaderMask, ...], Told]:
    """Masks the header wants subtracted from a run of `frames` frames, and what to tell of them.

    Operation NONE means no mask. What can't be is left out and told; the rest is used.
    """
    masks: list[HeaderMask] = []
    told: list[str] = []
    for item in header.items("MaskSubtractionSequence"):
        operation = _OPERATIONS.get(item.text("MaskOperation").upper())
        if operation is None:
            word = item.text("MaskOperation")
            if word and word.upper() != "NONE":
                told.append(f"Mask operation {word[:16]} is not known; not used.")
            continue
        mask, words = _mask(item, operation, frames)
        told.extend(words)
        if mask is not None:
            masks.append(mask)
    return tuple(masks), tuple(told)


def _mask(item: Header, operation: MaskOperation, frames: int) -> tuple[HeaderMask | None, Told]:
    told: list[str] = []
    ranges, words = _ranges(item, frames)
    told.extend(words)
    if ranges is None:
        return None, tuple(told)
    inside: tuple[int, ...] = ()
    if operation is MaskOperation.AVERAGE:
        numbers = item.numbers("MaskFrameNumbers")
        inside = tuple(dict.fromkeys(int(n) - 1 for n in numbers if 1 <= n <= frames))
        outside = [n for n in numbers if not 1 <= n <= frames]
        if outside:
            named = ", ".join(f"{n:g}" for n in outside)
            told.append(f"Mask frame {named} is not one of {frames} frames; not used.")
        elif not numbers:
            told.append("The header wants a mask subtracted but names no mask frame.")
        if not inside:
            return None, tuple(told)
    if operation is MaskOperation.REVERSED_INTERVAL and not ranges:
        told.append("The header wants reversed intervals but says not from which frame; not used.")
        return None, tuple(told)
    offset = item.integer("TIDOffset")
    offset = 1 if offset is None else offset
    if operation is not MaskOperation.AVERAGE and abs(offset) >= frames:
        told.append(f"A mask {offset} frames before the current one is not in the run; not used.")
        return None, tuple(told)
    averaged = item.integer("ContrastFrameAveraging") or 1
    shift_px, words = _shift(item)
    told.extend(words)
    count = min(max(averaged, 1), frames)
    return HeaderMask(operation, inside, ranges, shift_px, count, offset), tuple(told)


def _ranges(item: Header, frames: int) -> tuple[tuple[tuple[int, int], ...] | None, Told]:
    """0-based ranges that meet the run, () for all of it; None when none does."""
    numbers = item.numbers("ApplicableFrameRange")
    if not numbers:
        return (), ()
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    kept, told = [], []
    for first, last in pairs:
        low, high = max(int(first), 1), min(int(last), frames)
        if low > high:
            told.append(f"A mask is meant for frames {first:g}-{last:g}, not in the run; not used.")
        else:
            kept.append((low - 1, high - 1))
    if len(numbers) % 2:
        told.append("A mask's frame range has a beginning without an end; it was left out.")
    return (tuple(kept) or None), tuple(told)


def _shift(item: Header) -> tuple[tuple[float, float], Told]:
    """(dx, dy) px of the mask to the right and down.

    Source: PS3.3 C.7.6.10.1.2: the first value moves it by rows, positive towards the bottom, the
    second by columns, positive towards the right.
    """
    values = item.numbers("MaskSubPixelShift")
    if not values:
        return (0.0, 0.0), ()
    if len(values) != 2 or not all(abs(value) < 1024.0 for value in values):
        return (0.0, 0.0), ("The header's shift of the mask makes no sense; not used.",)
    down, right = values
    return (float(right), float(down)), ()
