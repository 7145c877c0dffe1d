"""Which of the outlined sentences fit a budget, and the passages that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from crossover.compressors._composed import Item, composed
from crossover.compressors._keeping import Unit, fill
from crossover.compressors._outlines import Structure
from crossover.roles import Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Drawn:
    """Numbered sentences of one request with the outline that came back, if one did."""

    sentences: Sequence[Unit]
    structure: Structure


def by_relevance(
    drawn: Sequence[Drawn],
    passages: Sequence[Passage],
    score: Callable[[Sequence[str]], Sequence[float]],
) -> list[tuple[int, int]]:
    """All sentences as (request, number): those of the best aspect first, the best of it first.

    A sentence that stands under no aspect is one by itself.
    """
    places = [(at, n) for at, one in enumerate(drawn) for n in range(1, len(one.sentences) + 1)]
    texts = {place: said(drawn[place[0]].sentences[place[1] - 1], passages) for place in places}
    aspects = dict[tuple[int, str | int], list[str]]()
    for place, text in texts.items():
        key, name = _aspect(drawn, place)
        aspects.setdefault(key, [name]).append(text)
    whole = dict(zip(aspects, score([" ".join(each) for each in aspects.values()]), strict=True))
    own = dict(zip(places, score(list(texts.values())), strict=True))
    order = {key: rank for rank, key in enumerate(sorted(whole, key=lambda key: -whole[key]))}
    return sorted(places, key=lambda at: (order[_aspect(drawn, at)[0]], -own[at], at))


def _aspect(drawn: Sequence[Drawn], place: tuple[int, int]) -> tuple[tuple[int, str | int], str]:
    """What a sentence stands under, with its name."""
    at, number = place
    structure = drawn[at].structure
    under = structure.of.get(number)
    return ((at, under), structure.aspects[under].name) if under else ((at, number), "")


def said(unit: Unit, passages: Sequence[Passage]) -> str:
    """The text of a sentence."""
    return passages[unit.passage].text[unit.start : unit.end]


def fitted(
    ranked: Sequence[tuple[int, int]],
    drawn: Sequence[Drawn],
    passages: Sequence[Passage],
    budget: int,
    model: Model,
) -> list[Passage]:
    """As many of the best sentences, given as (request, number), as fit with their headings.

    Where not even one does, the best fill the budget without any heading.
    """
    low, high = 0, len(ranked)
    shown, middle = list[Passage](), high
    # first all of them, which is all there is to it where the budget is large
    while low < high:
        tried = [*rendered(set(ranked[:middle]), drawn, passages)]
        if sum(model.count(passage.text) for passage in tried) <= budget:
            low, shown = middle, tried
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    if shown:
        return shown
    units = [
        Unit(unit.passage, unit.start, unit.end, -rank)
        for rank, (at, number) in enumerate(ranked)
        for unit in [drawn[at].sentences[number - 1]]
    ]
    return fill(passages, units, budget, model)


def rendered(
    chosen: set[tuple[int, int]], drawn: Sequence[Drawn], passages: Sequence[Passage]
) -> Iterator[Passage]:
    """For each passage its outline with the chosen sentences, then what stands under none."""
    for at, one in enumerate(drawn):
        by_passage = dict[int, list[tuple[str, Unit]]]()
        for number, unit in enumerate(one.sentences, 1):
            if (at, number) in chosen:
                under = one.structure.of.get(number, "")
                by_passage.setdefault(unit.passage, []).append((under, unit))
        scope = one.structure.scope
        for passage, placed in by_passage.items():
            inside = [(under, unit) for under, unit in placed if under]
            if inside:
                heading = f"Scope: {scope}\n" if scope else ""
                scope = ""
                yield composed(passages[passage], [heading, *_outlined(inside, one.structure)])
            others = [unit for under, unit in placed if not under]
            if others:
                heading = "Other\n" if one.structure.of else ""
                yield composed(passages[passage], [heading, *_spaced(others)])


def _outlined(placed: Sequence[tuple[str, Unit]], structure: Structure) -> Iterator[Item]:
    """Headings as they begin, those above them where they were not shown, and the sentences."""
    shown, last = set[str](), ""
    run = list[Unit]()
    for under, unit in placed:
        if under != last:
            yield from _spaced(run)
            yield "\n" * bool(run)
            yield from _headings(under, structure, shown)
            run, last = [], under
        run.append(unit)
    yield from _spaced(run)


def _headings(number: str, structure: Structure, shown: set[str]) -> Iterator[str]:
    aspect = structure.aspects[number]
    if aspect.above and aspect.above not in shown:
        yield from _headings(aspect.above, structure, shown)
    shown.add(number)
    yield f"{aspect.number}. {aspect.name}\n"


def _spaced(units: Sequence[Unit]) -> Iterator[Item]:
    for at, unit in enumerate(units):
        yield " " * bool(at)
        yield unit.start, unit.end
