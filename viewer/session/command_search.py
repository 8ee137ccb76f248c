"""Finding a command by a few of its letters."""

from __future__ import annotations

from collections.abc import Iterable

from viewer.session.actions import Action


def score(query: str, text: str) -> float | None:
    """How well `text` answers `query`; None when its letters are not all there, in order.

    Letters that begin a word or follow each other count more; short texts win among equals.
    """
    wanted, found = query.lower().replace(" ", ""), text.lower()
    if not wanted:
        return 0.0
    total, at, previous = 0.0, 0, -2
    for number, letter in enumerate(wanted):
        begins = next(
            (n for n in range(at, len(found))
             if found[n] == letter and (n == 0 or not found[n - 1].isalnum())), -1
        )  # fmt: skip
        next_one = found.find(letter, at)
        if next_one < 0:
            return None
        if begins >= 0 and not _in_order(wanted[number + 1 :], found[begins + 1 :]):
            begins = -1  # the letters after it would not be found any more
        place = next_one if next_one == previous + 1 or begins < 0 else begins
        total += 3.0 if place == previous + 1 else 2.0 if place == begins else 0.5
        previous, at = place, place + 1
    return total - 0.01 * len(found)


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def search(query: str, actions: Iterable[Action]) -> list[Action]:
    """The commands that answer `query`, best first; all of them for an empty one.

    Letters may be left out of a command's own words; in its tip the query must stand as it is.
    """
    words = query.strip().lower()
    enough = 2.0 * len(words.replace(" ", ""))
    found = []
    for order, action in enumerate(actions):
        value = score(words, action.text)
        if value is not None and value + 0.01 * len(action.text) >= enough:
            found.append((-value, order, action))
        elif words and words in f"{action.menu} {action.tip}".lower():
            found.append((0.0, order, action))
    return [action for _, _, action in sorted(found, key=lambda item: item[:2])]
