"""From files to things to scroll through: multi-frame instances, and stacks of single frames."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from viewer.dicom import ivus
from viewer.dicom.instance import Instance
from viewer.dicom.sources import Source, natural_key, same_content
from viewer.dicom.timing import stack_timing
from viewer.dicom.xa import at_rest
from viewer.model.study import FrameSpan, FrameTiming, ImageSet, Pullback, Role, Run, Skipped

StackKey = tuple[str, tuple[object, ...]]
"""Series UID and what its single frames have in common."""

_PLAYED = (Role.VENOGRAM, Role.PULLBACK, Role.ULTRASOUND)


def assemble(
    instances: Iterable[Instance],
    alone: Mapping[int, ImageSet],
    stacked: Mapping[StackKey, ImageSet],
) -> tuple[tuple[ImageSet, ...], tuple[Skipped, ...]]:
    """Put files together.

    Parameters
    ----------
    instances : iterable of Instance
        Files in the order they were found.
    alone : mapping
        Image sets of those that stand alone, by their place in `instances`.
    stacked : mapping
        One described file for every stack.

    Returns
    -------
    tuple
        Image sets in acquisition order, and copies of files that were left out.
    """
    kept, copies = _without_copies(instances)
    stacks: dict[StackKey, list[Instance]] = defaultdict(list)
    sets: list[ImageSet] = []
    for place, instance in kept:
        if instance.stands_alone:
            sets.append(alone[place])
        else:
            stacks[instance.series_uid, instance.alike].append(instance)
    per_series = Counter(series for series, _ in stacks)
    for key, frames in stacks.items():
        sets.append(_stack(stacked[key], frames, per_series[key[0]] > 1))
    sets.sort(key=_acquisition_order)
    return _with_own_uids(sets), copies


def _without_copies(
    instances: Iterable[Instance],
) -> tuple[list[tuple[int, Instance]], tuple[Skipped, ...]]:
    """Instances with their places; a further file of the same UID and content is a copy."""
    known: dict[tuple[str, object, int], list[Source]] = defaultdict(list)
    kept: list[tuple[int, Instance]] = []
    copies: list[Skipped] = []
    for place, instance in enumerate(instances):
        alike = known[instance.instance_uid, instance.alike, instance.size]
        first = next((source for source in alike if same_content(source, instance.source)), None)
        if first is not None:
            reason = f"a copy of {first.shown.name}; shown once"
            copies.append(Skipped(instance.source.shown, reason))
        else:
            alike.append(instance.source)
            kept.append((place, instance))
    return kept, tuple(copies)


def _stack(described: ImageSet, instances: list[Instance], several: bool) -> ImageSet:
    """The single frames of a series that are alike, in order."""
    ordered, told = _in_order(instances)
    count = len(ordered)
    warnings = list(dict.fromkeys((*described.warnings, *told)))
    for text, times in Counter(w for i in ordered for w in i.warnings).items():
        if text in warnings and 0 < times < count:
            warnings[warnings.index(text)] = f"{text} ({times} of {count} files)"
        elif text not in warnings:
            warnings.append(f"{text} ({times} of {count} files)")
    timing = FrameTiming()
    if described.role in _PLAYED:
        timing, told = stack_timing([i.moment for i in ordered], described.timing)
        warnings.extend(told)
    changed = replace(
        described,
        uid=ordered[0].instance_uid if several else described.series_uid,
        acquired_at=ordered[0].moment or described.acquired_at,
        spans=tuple(
            FrameSpan(i.source.path, 0, 1, i.instance_uid, i.source.member) for i in ordered
        ),
        frames=count,
        frames_declared=count,
        timing=timing,
    )
    if isinstance(changed, Pullback):
        changed = _checked_pull(changed, warnings)
    if isinstance(changed, Run):
        changed, told = at_rest(changed, [i.position for i in ordered], "series")
        warnings.extend(told)
    return replace(changed, warnings=tuple(warnings))


def _in_order(instances: list[Instance]) -> tuple[list[Instance], tuple[str, ...]]:
    """By instance number, else by acquisition time, else by file name."""
    if len(instances) == 1:
        return instances, ()
    numbers = {i.number for i in instances}
    if None not in numbers and len(numbers) == len(instances):
        return sorted(instances, key=lambda i: i.number or 0), ()
    moments = {i.moment for i in instances}
    if None not in moments and len(moments) == len(instances):
        return sorted(instances, key=lambda i: i.moment or datetime.min), ()
    ordered = sorted(
        instances,
        key=lambda i: (
            i.number if i.number is not None else 2**31,
            i.moment or datetime.max,
            natural_key(str(i.source.shown)),
        ),
    )
    return ordered, (
        "Neither instance numbers nor times tell all its frames apart; "
        "their order partly follows the file names.",
    )


def _checked_pull(pullback: Pullback, warnings: list[str]) -> Pullback:
    """Start and stop within the stack."""
    pull = ivus.Pull(pullback.mode, pullback.rate_mm_s, pullback.start_frame, pullback.stop_frame)
    pull, told = ivus.within(pull, pullback.frames)
    warnings.extend(told)
    return replace(pullback, start_frame=pull.start_frame, stop_frame=pull.stop_frame)


def _acquisition_order(image_set: ImageSet) -> tuple[object, ...]:
    moment = image_set.acquired_at
    return (
        moment is None,
        moment or datetime.min,
        image_set.series_number if image_set.series_number is not None else 2**31,
        natural_key(str(image_set.spans[0].path)),
        image_set.spans[0].member,
    )


def _with_own_uids(sets: list[ImageSet]) -> tuple[ImageSet, ...]:
    """Sets with different content under one UID are told apart and said to be."""
    seen: Counter[str] = Counter()
    answer = []
    for image_set in sets:
        seen[image_set.uid] += 1
        number = seen[image_set.uid]
        answer.append(image_set if number == 1 else _renamed(image_set, number))
    return tuple(answer)


def _renamed(image_set: ImageSet, number: int) -> ImageSet:
    note = "Another file with different content has the same UID."
    uid = f"{image_set.uid}#{number}"
    return replace(image_set, uid=uid, warnings=(*image_set.warnings, note))
