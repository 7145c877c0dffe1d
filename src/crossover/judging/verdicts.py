"""Reading verdicts: what is certain, or None; never a guess.

A verdict is asked for as the last line, ``Verdict: TOKEN``. Such lines count wherever they stand,
and must agree. A reply without one is read where its first or last line is nothing but a verdict
("INCORRECT.", "Not true", "The answer is correct."), or where all of it is JSON with the key
``verdict``. Anything else around a token (a condition, a second token, a hedge) leaves it open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeVar

Value = TypeVar("Value")
Winner = Literal["first", "second", "tie"]

THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
OPEN_THOUGHT = re.compile(r"</?think(?:ing)?>", re.IGNORECASE)
DECLARED = re.compile(r"^(?:[^\w{\"]|_)*(?:final\s+)?verdict[\W_]*[:=](.*)$", re.IGNORECASE)
EDGES = " \t*_`\"'“”‘’#>()[]{}<>.!,;:"
SENTENCE = re.compile(
    r"(?:it is|it's|that is|that's|(?:so |thus |therefore )?,? ?"
    r"(?:the|this|my|your) (?:candidate |model's |given |final |better )?"
    r"(?:answer|candidate|response|statement|verdict|judgement|judgment|decision) is) (.+)"
)
ITEM = re.compile(r"^[\W_]*(?:item\s+)?(\d{1,3})[\s*_]*[.):=-][\s*_]*(.+)$", re.IGNORECASE)
POINTS = re.compile(r"(\d{1,4})(?:\.0+)?(?: ?(?:/|out of|of) ?(\d{1,4}))?(?: points?)?")
NUMBERED = re.compile(r"^\s*(\d{1,3})[.):]\s+(\S.*)$")

RIGHT_OR_WRONG: Mapping[str, bool] = {
    **dict.fromkeys(("correct", "true", "right", "yes"), True),
    **dict.fromkeys(("incorrect", "false", "wrong", "no", "untrue"), False),
    **dict.fromkeys(("not correct", "not true", "not right"), False),
}
YES_OR_NO: Mapping[str, bool] = {"yes": True, "no": False}


def right_or_wrong(reply: str) -> bool | None:
    """Whether the candidate was found correct."""
    return _read(reply, RIGHT_OR_WRONG.get)


def points(reply: str, most: int) -> int | None:
    """How many points from 0 to ``most`` were given; ``3``, ``3.0`` and ``3/4`` (of 4) are 3."""

    def number(word: str) -> int | None:
        found = re.fullmatch(
            r"(\d{1,4})(?:\.0+)?(?: ?(?:/|out of|of) ?(\d{1,4}))?(?: points?)?", word
        )
        if not found or int(found[1]) > most or found[2] not in (None, str(most)):
            return None
        return int(found[1])

    return _read(reply, number)


def better(reply: str, first: str, second: str) -> Winner | None:
    """Which of two answers won, shown under these labels: the first, the second, or neither."""
    names: dict[str, Winner] = {first.lower(): "first", second.lower(): "second"}

    def winner(word: str) -> Winner | None:
        if word in ("tie", "a tie"):
            return "tie"
        found = re.fullmatch(r"(?:answer )?(\w)(?: is (?:the )?better(?: answer| one)?)?", word)
        return names.get(found[1]) if found else None

    return _read(reply, winner)


def checks(reply: str, count: int) -> tuple[bool, ...] | None:
    """What was said of each of so many items; None unless each has exactly one YES or NO."""
    said: dict[int, set[bool]] = {}
    for line in _lines(reply):
        found = ITEM.match(line)
        value = YES_OR_NO.get(_plain(found[2])) if found else None
        if found and value is not None:
            said.setdefault(int(found[1]), set()).add(value)
    if set(said) != set(range(1, count + 1)) or any(len(each) > 1 for each in said.values()):
        return None
    return tuple(next(iter(said[number])) for number in range(1, count + 1))


def items(reply: str, most: int) -> tuple[str, ...] | None:
    """The items of a list numbered from 1; None where it is no such list."""
    found = [match for line in _lines(reply) if (match := NUMBERED.match(line))]
    if not 1 <= len(found) <= most or [int(m[1]) for m in found] != [*range(1, len(found) + 1)]:
        return None
    return tuple(match[2].strip() for match in found)


def _read(reply: str, meaning: Callable[[str], Value | None]) -> Value | None:
    """The one value that everything which claims to be a verdict agrees on."""
    said = list(_claims(reply, meaning))
    values = {_worded(text, meaning) for text in said}
    return values.pop() if len(values) == 1 else None


def _claims(reply: str, meaning: Callable[[str], Value | None]) -> Iterator[str]:
    """The texts that claim to be the verdict."""
    lines = _lines(reply)
    declared = [found[1] for line in lines if (found := DECLARED.match(line))]
    if declared:
        yield from declared
    elif (in_json := _json(lines)) is not None:
        yield in_json
    elif lines:
        bare = [line for line in lines if _worded(line, meaning) is not None]
        # in the middle of a reply a lone word may be about anything
        yield from bare if {lines[0], lines[-1]} & {*bare} else ()


def _worded(text: str, meaning: Callable[[str], Value | None]) -> Value | None:
    word = _plain(text)
    found = meaning(word)
    if found is None and (sentence := SENTENCE.fullmatch(word)):
        found = meaning(_plain(sentence[1]))
    return found


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_`]+", "", text).split()).strip(EDGES).lower()


def _lines(reply: str) -> list[str]:
    """The lines that say something; none where thinking aloud was not brought to its end."""
    said = THOUGHTS.sub("", reply)
    return [] if OPEN_THOUGHT.search(said) else [line for line in said.splitlines() if line.strip()]


def _json(lines: list[str]) -> str | None:
    """The verdict of a reply that is one JSON object, fenced or not."""
    text = "\n".join(line for line in lines if not line.strip().startswith("```"))
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    verdict = found.get("verdict") if isinstance(found, dict) else None
    whole = isinstance(verdict, int) and not isinstance(verdict, bool)
    return str(verdict) if whole or isinstance(verdict, str | bool) else None
