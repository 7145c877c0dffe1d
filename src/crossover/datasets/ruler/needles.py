"""Values of keys hidden in a text (the eight ``niah`` tasks) and chains of variables (``vt``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase
from typing import Literal

from crossover.datasets._haystack import Haystack, Written, as_many, hidden, joined, spread
from crossover.datasets._lengths import Counter
from crossover.datasets._pairs import identifiers
from crossover.datasets._words import keys

Kind = Literal["number", "identifier", "name"]

NOISE = "The meadow is quiet. The river is cold. The lamp is lit. We walk on. Out and home again.\n"
# fewer tokens than that no tokenizer makes of a line of noise
LINE_TOKENS = 10
NEEDLE = "The secret {kind} of {key} is {value}."
ONE = "What is the secret {kind} of {keys} that the text gives?"
ALL = "What are all the secret {kind}s of {keys} that the text gives?"
HOPS = 4
LETTERS = 5


@dataclass(frozen=True, slots=True)
class Hunt:
    """The published parameters of a ``niah`` task; no ``straw`` means that needles hide needles."""

    straw: Literal["noise", "text", "needles"] = "text"
    key: Kind = "name"
    value: Kind = "number"
    keys: int = 1
    values: int = 1
    asked: int = 1


HUNTS: Mapping[str, Hunt] = {
    "niah_single_1": Hunt(straw="noise"),
    "niah_single_2": Hunt(),
    "niah_single_3": Hunt(value="identifier"),
    "niah_multikey_1": Hunt(keys=4),
    "niah_multikey_2": Hunt(straw="needles"),
    "niah_multikey_3": Hunt(straw="needles", key="identifier", value="identifier"),
    "niah_multivalue": Hunt(values=4),
    "niah_multiquery": Hunt(keys=4, asked=4),
}


def hunted(
    hunt: Hunt, tokens: int, depth: float | None, seed: str, haystack: Haystack, counter: Counter
) -> Written:
    """Write the text of a ``niah`` task; with a depth, all that is asked for stands there."""
    random = Random(seed)
    straw = _straw(hunt.straw, haystack, tokens, seed)
    names, values = _fresh(hunt.key, random, straw), _fresh(hunt.value, random, straw)
    own = [next(names) for _ in range(hunt.keys)]
    found = {key: [next(values) for _ in range(hunt.values)] for key in own}
    asked = random.sample(own, hunt.asked)
    needles = [_needle(hunt, key, value) for key in own for value in found[key]]
    golds = [at for at in range(len(needles)) if own[at // hunt.values] in asked]
    if hunt.straw == "needles":
        text, spans = _among_needles(
            needles[0], lambda: _needle(hunt, next(names), next(values)), tokens, depth, random,
            counter,
        )  # fmt: skip
    else:
        depths = spread(random, len(needles))
        if depth is not None:
            depths = [depth if at in golds else place for at, place in enumerate(depths)]
        text, spans = hidden(straw, needles, depths, tokens, counter)
    wording = ALL if hunt.asked * hunt.values > 1 else ONE
    return Written(
        text,
        wording.format(kind=hunt.value, keys=_listed(asked)),
        tuple(value for key in asked for value in found[key]),
        tuple(spans[at] for at in golds),
    )


def tracked(
    tokens: int, depth: float | None, seed: str, haystack: Haystack, counter: Counter
) -> Written:
    """Write assignments of variables in their order, hidden in noise; asked: who holds a value."""
    random = Random(seed)
    names = _distinct(lambda: "".join(random.choices(ascii_uppercase, k=LETTERS)))
    value = str(random.randint(10_000, 99_999))
    chain = [next(names) for _ in range(HOPS + 1)]
    lines = [f"SET {name} = {of}." for name, of in zip(chain, [value, *chain], strict=False)]
    depths = sorted(spread(random, len(lines))) if depth is None else [depth] * len(lines)
    text, spans = hidden(_straw("noise", haystack, tokens, seed), lines, depths, tokens, counter)
    question = (
        f"Which variables have the value {value} once everything that the text sets is set, "
        "those included that get it from one another? Name them all."
    )
    return Written(text, question, tuple(chain), spans)


def _straw(kind: str, haystack: Haystack, tokens: int, seed: str) -> str:
    if kind == "text":
        return haystack(tokens + tokens // 10, f"{seed}/straw")
    return NOISE * (tokens // LINE_TOKENS + 1) if kind == "noise" else ""


def _among_needles(
    needle: str,
    draw: Callable[[], str],
    tokens: int,
    depth: float | None,
    random: Random,
    counter: Counter,
) -> tuple[str, tuple[tuple[int, int], ...]]:
    room = tokens - counter.each([f"{needle}\n"])[0]
    units = as_many(lambda: f"{draw()}\n", room, counter)
    at = random.randint(0, len(units)) if depth is None else round(depth * len(units))
    units.insert(at, f"{needle}\n")
    start, end = list(joined(units))[at]
    return "".join(units).rstrip("\n"), ((start, end - 1),)


def _needle(hunt: Hunt, key: str, value: str) -> str:
    return NEEDLE.format(kind=hunt.value, key=key, value=value)


def _fresh(kind: Kind, random: Random, straw: str) -> Iterator[str]:
    """Yield keys or values, none twice and none that stands in the straw."""
    drawn: Mapping[Kind, Callable[[], Iterator[str]]] = {
        "number": lambda: _distinct(lambda: str(random.randint(1_000_000, 9_999_999))),
        "identifier": lambda: identifiers(random),
        "name": lambda: keys(random),
    }
    return (one for one in drawn[kind]() if one not in straw)


def _distinct(draw: Callable[[], str]) -> Iterator[str]:
    taken: set[str] = set()
    while True:
        if (one := draw()) not in taken:
            taken.add(one)
            yield one


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
