"""Options under letters, as multiple-choice benchmarks publish them."""

from __future__ import annotations

from string import ascii_uppercase

from crossover.datasets._fields import Fields


def lettered(row: Fields, name: str) -> list[str]:
    """The options of a field ``{"A": …, "B": …}`` or of a list, in the order of their letters.

    Empty ones at the end are left out; one that says the same as another is told from it by its
    letter.
    """
    given = row.get(name)
    if isinstance(given, list | tuple):
        found = row.texts(name)
    else:
        options = row.inside(name)
        letters = sorted(str(letter) for letter in options.raw)
        if letters != list(ascii_uppercase[: len(letters)]):
            raise row.bad(name, f"expected options A, B …, got {', '.join(letters) or 'none'}")
        found = [options.text(letter, "") for letter in letters]
    while found and not found[-1].strip():
        found.pop()
    if len(found) < 2 or not all(one.strip() for one in found):
        raise row.bad(name, "expected at least two options, none empty but the last")
    return [
        f"{one} ({ascii_uppercase[at]})" if one in found[:at] else one
        for at, one in enumerate(found)
    ]


def letter(row: Fields, name: str, options: list[str]) -> str:
    """The gold letter; raises BadField where it is none of the options'."""
    found = row.text(name).strip().upper()
    if len(found) != 1 or found not in ascii_uppercase[: len(options)]:
        raise row.bad(name, f"expected A to {ascii_uppercase[len(options) - 1]}, got {found!r}")
    return found
