"""Questions by rule, without any model: facts, gaps, comparisons and strangers' names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import TypeVar

from crossover.experiments.making.drafts import Draft, Loss, Step
from crossover.experiments.making.facts import Fact, facts, prose
from crossover.experiments.making.sources import in_turn
from crossover.experiments.making.swapping import Strangers
from crossover.experiments.making.values import NAME, NUMBER, amount, earlier, is_name
from crossover.experiments.making.wordings import Wordings
from crossover.normalise import plain
from crossover.types import Document, Passage

Item = TypeVar("Item")
BLANK = "____"
LOWER_WORD = re.compile(r"\b[a-z][a-z'’-]+\b")
# a name, or a number of something, in the middle of a sentence
SOUGHT = re.compile(
    rf"(?<=[a-z,;] )(?:(?P<name>{NAME})|(?P<number>{NUMBER})(?= [a-z]))(?![\w%’'-]| et al| [A-Z\d])"
)
# what is counted: a plural; no year counts anything
QUANTITY = re.compile(
    rf"(?![12]\d{{3}} ){NUMBER} "
    r"(?P<unit>(?!times\b|as\b|was\b|has\b|this\b)[a-z]{3,}(?<!s|u|i)s)\b"
)
# an earlier word of the same name, or of what is numbered: Ada ____, Table ____, March 31, ____
NAMED_BEFORE = re.compile(r"(?:\b[A-Z][\w’'.-]*|\d),? $|\d[\w%]* (?:and|or|to|out of) $")
# shorter sentences with a gap could be about anything
FEWEST_WORDS = 8
# sentences that name something are many; so many for each name and no more
LINKS = 3
# pairs tried for each thing that facts have in common
PAIRS = 200


@dataclass(frozen=True, slots=True)
class Gap:
    """A sentence in which words are left out."""

    sentence: Passage
    words: str
    kind: str
    text: str
    unit: str = ""


class Templates:
    """Proposes questions made by rule, in an order drawn by the seed, kinds of facts in turn."""

    writes = False

    def __init__(self, documents: Sequence[Document], words: Wordings, seed: int) -> None:
        self.words, self.seed = words, seed
        lower = (LOWER_WORD.findall(document.text) for document in documents)
        self.ordinary = frozenset(word for found in lower for word in found)
        self.sentences = [one for document in documents for one in prose(document)]
        self.facts, self.unclear = self._told()
        self.gaps = self._clear_gaps()
        names = sorted({fact.x for fact in self.facts if fact.x})
        self.strangers = Strangers(documents, names, self.ordinary, Random(f"{seed}/strangers"))
        kinds: Mapping[str, Callable[[], Iterable[Draft | Loss]]] = {
            "single_hop": self._single_hop,
            "multi_hop": self._multi_hop,
            "comparison": self._comparison,
            "unanswerable": self._unanswerable,
        }
        self._streams = {kind: iter(make()) for kind, make in kinds.items()}

    def propose(self, kind: str, number: int, full: Collection[str]) -> list[Draft | Loss]:
        """The next questions of a kind, so many at most; none where there are no more.

        Those on documents that are ``full`` are passed over.
        """
        open_ones = (
            one
            for one in self._streams[kind]
            if not (draft := one.draft if isinstance(one, Loss) else one)
            or not any(document in full for document in draft.documents)
        )
        return list(islice(open_ones, number))

    def question(self, fact: Fact, x: str = "") -> str:
        """Ask for the fact's value, of its ``x`` or of something else in its place."""
        return self._say(fact.relation, fact, x)

    def _say(self, name: str, fact: Fact, x: str = "") -> str:
        words = dict(fact.words) | {"x": x or fact.x}
        words["mid"] = f" {words['mid']}" if words.get("mid") else ""
        words["asof"] = f"as of {words['when']}, " if words.get("when") else ""
        said = self.words.say(name, **words)
        return said if name.startswith("the_") else said[:1].upper() + said[1:]

    def _told(self) -> tuple[list[Fact], list[Loss]]:
        """Facts, one for each question; those whose questions have several answers apart."""
        asked = defaultdict[str, list[Fact]](list)
        for sentence in self.sentences:
            for fact in facts(sentence, self.ordinary):
                asked[plain(self.question(fact))].append(fact)
        clear, unclear = [], []
        for found in asked.values():
            values = dict.fromkeys(plain(fact.value) for fact in found)
            if len(values) == 1:
                clear.append(found[0])
                continue
            said = "; ".join(fact.value for fact in found[:3])
            unclear.append(Loss("single_hop", "several answers", said, self._draft(found[0])))
        return clear, unclear

    def _draft(self, fact: Fact) -> Draft:
        here = fact.sentence
        question = self.question(fact)
        return Draft(
            "single_hop", question, (fact.value,), (here,), (here.document,), fact.relation
        )

    def _single_hop(self) -> Iterator[Draft | Loss]:
        groups = defaultdict[str, list[Draft | Loss]](list)
        for fact in self.facts:
            groups[fact.relation].append(self._draft(fact))
        for loss in self.unclear:
            groups[loss.draft.how if loss.draft else ""].append(loss)
        random = Random(f"{self.seed}/gaps")
        one_each = {gap.sentence: gap for gap in random.sample(self.gaps, len(self.gaps))}
        groups["gap"] += [self._gap(gap) for gap in one_each.values()]
        return self._in_turn("single_hop", groups)

    def _clear_gaps(self) -> list[Gap]:
        """Sentences with gaps that no other sentence is, but for what fills the gap."""
        every = [gap for one in self.sentences for gap in self._gaps(one)]
        often = Counter(plain(gap.text) for gap in every)
        return [gap for gap in every if often[plain(gap.text)] == 1]

    def _gaps(self, sentence: Passage) -> Iterator[Gap]:
        text = " ".join(sentence.text.split())
        if len(text.split()) < FEWEST_WORDS:
            return
        for found in SOUGHT.finditer(text):
            words, kind = found.group().rstrip(".,"), str(found.lastgroup)
            start = found.start()
            known = kind == "number" or ("." not in words and is_name(words, self.ordinary))
            inside = text.count("(", 0, start) > text.count(")", 0, start)
            if not known or inside or text.count(words) > 1 or NAMED_BEFORE.search(text, 0, start):
                continue
            shown = f"{text[:start]}{BLANK}{text[start + len(words) :]}"
            unit = QUANTITY.match(text, start)
            yield Gap(sentence, words, kind, shown, unit["unit"] if unit else "")

    def _gap(self, gap: Gap) -> Draft:
        here = gap.sentence
        return Draft(
            "single_hop",
            self.words.say("gap", sentence=gap.text),
            (gap.words,),
            (here,),
            (here.document,),
            "gap",
        )

    def _multi_hop(self) -> Iterator[Draft | Loss]:
        groups = defaultdict[str, list[Draft | Loss]](list)
        about = _grouped((fact.x, fact) for fact in self.facts if fact.x)
        for first in self.facts:
            for second in about.get(first.value, ()):
                if f"the_{first.relation}" in self.words.texts and second.x != first.x:
                    groups[f"{first.relation}+{second.relation}"].append(self._chain(first, second))
        names = [gap for gap in self.gaps if gap.kind == "name"]
        for gap, fact in ((g, fact) for g in names for fact in about.get(g.words, [])[:LINKS]):
            if fact.sentence != gap.sentence and fact.value not in gap.text:
                groups[f"gap+{fact.relation}"].append(self._hidden(gap, fact))
        return self._in_turn("multi_hop", groups)

    def _chain(self, first: Fact, second: Fact) -> Draft:
        question = self.question(second, self._say(f"the_{first.relation}", first))
        steps = tuple(Step(self.question(one), one.value, one.sentence) for one in (first, second))
        return _over_two("multi_hop", question, second.value, steps, "chain")

    def _hidden(self, gap: Gap, fact: Fact) -> Draft:
        question = self.words.say(
            "hidden_name", sentence=gap.text, question=self.question(fact, "X")
        )
        steps = (
            Step(self._gap(gap).question, gap.words, gap.sentence),
            Step(self.question(fact), fact.value, fact.sentence),
        )
        return _over_two("multi_hop", question, fact.value, steps, "hidden_name")

    def _comparison(self) -> Iterator[Draft | Loss]:
        groups = defaultdict[str, list[Draft | Loss]](list)
        measured = (fact for fact in self.facts if fact.measure and fact.x)
        alike = _grouped((fact.measure, fact) for fact in measured)
        for measure, found in sorted(alike.items()):
            for one, other in self._pairs(measure, found):
                groups[one.relation] += self._compared(one, other)
        counted = _grouped((gap.unit, gap) for gap in self.gaps if gap.unit)
        for unit, gaps in sorted(counted.items()):
            for first, second in self._pairs(unit, gaps):
                groups["gap"] += self._counted(first, second)
        return self._in_turn("comparison", groups)

    def _pairs(self, name: str, items: Sequence[Item]) -> Iterator[tuple[Item, Item]]:
        """Pairs in an order drawn by the seed, those of two documents first, each item once."""
        random = Random(f"{self.seed}/{name}")
        shuffled = random.sample(list(items), len(items))
        tried = islice(((a, b) for at, a in enumerate(shuffled) for b in shuffled[at + 1 :]), PAIRS)
        used = set[int]()
        for one, other in sorted(tried, key=lambda pair: _place(pair[0]) == _place(pair[1])):
            if id(one) not in used and id(other) not in used:
                used |= {id(one), id(other)}
                yield one, other

    def _compared(self, one: Fact, other: Fact) -> list[Draft]:
        ahead = _ahead(one, other)
        if ahead is None or one.x == other.x or one.x in other.x or other.x in one.x:
            return []
        low, high = (one, other) if ahead else (other, one)
        random = Random(f"{self.seed}/{one.x}/{other.x}")
        names = {"when_done": ("earlier", "later"), "attribute": ("smaller", "larger")}
        less, more = names.get(one.relation, ("fewer", "more"))
        name, answer = random.choice(((less, low), (more, high)))
        question = self._say(name, replace(one, words={**one.words, "y": other.x}))
        steps = tuple(Step(self.question(fact), fact.value, fact.sentence) for fact in (one, other))
        return [_over_two("comparison", question, answer.x, steps, name)]

    def _counted(self, one: Gap, other: Gap) -> list[Draft]:
        first, second = amount(one.words), amount(other.words)
        if first is None or second is None or first == second or one.sentence == other.sentence:
            return []
        answer = one.words if first > second else other.words
        question = self.words.say("larger_gap", unit=one.unit, x=one.text, y=other.text)
        steps = tuple(
            Step(self._gap(gap).question, gap.words, gap.sentence) for gap in (one, other)
        )
        return [_over_two("comparison", question, answer, steps, "larger_gap")]

    def _unanswerable(self) -> Iterator[Draft | Loss]:
        groups = defaultdict[str, list[Draft | Loss]](list)
        for fact in self.facts:
            stranger = self.strangers.like(fact.x) if fact.x else None
            if stranger:
                documents = (fact.sentence.document,)
                question = self.question(fact, stranger)
                draft = Draft("unanswerable", question, (), (), documents, fact.relation)
                groups[fact.relation].append(draft)
        return self._in_turn("unanswerable", groups)

    def _in_turn(
        self, name: str, groups: Mapping[str, Sequence[Draft | Loss]]
    ) -> Iterator[Draft | Loss]:
        """Everything, groups in turn and within each group documents in turn."""
        random = Random(f"{self.seed}/{name}")
        queues = []
        for key in sorted(groups):
            items = random.sample(list(groups[key]), len(groups[key]))
            by_document = defaultdict[tuple[str, ...], list[Draft | Loss]](list)
            for item in items:
                draft = item.draft if isinstance(item, Loss) else item
                by_document[draft.documents if draft else ()].append(item)
            queues.append(list(in_turn(list(by_document.values()))))
        return in_turn(queues)


def _grouped(pairs: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return found


def _place(item: object) -> str:
    return str(getattr(item, "sentence").document)  # noqa: B009


def _over_two(kind: str, question: str, answer: str, steps: Sequence[Step], how: str) -> Draft:
    evidence = tuple(dict.fromkeys(step.evidence for step in steps))
    documents = tuple(dict.fromkeys(step.evidence.document for step in steps))
    return Draft(kind, question, (answer,), evidence, documents, how, tuple(steps))


def _ahead(one: Fact, other: Fact) -> bool | None:
    """Whether the first fact's value is the earlier or smaller one; None where that is not told."""
    if one.relation == "when_done":
        return earlier(one.value, other.value)
    first, second = amount(one.value), amount(other.value)
    units = [re.sub(NUMBER, "", fact.value).strip() for fact in (one, other)]
    if first is None or second is None or first == second or units[0] != units[1]:
        return None
    return first < second
