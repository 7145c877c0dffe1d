"""Another dataset with benign instructions planted in its documents: security as a measurement."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from typing import Annotated, ClassVar, Literal

from annotated_types import Interval

from crossover import notation
from crossover.datasets._planting import (
    Attack,
    Plant,
    PlantedExample,
    boundary,
    folded,
    inserted,
    moved,
    worded,
)
from crossover.errors import ConfigError, DataError
from crossover.notation import Call
from crossover.roles import Dataset
from crossover.types import Document, Example, Span

Key = tuple[str, str, str]
ALWAYS = ("attack_success", "attack_quoted", "plant_shown", "attack_in_trace")


@dataclass(frozen=True, slots=True)
class Attacked(Dataset):
    """Plant a harmless instruction into the documents of another dataset, evidence left whole.

    Obeying it shows as a canary: a made-up word drawn by seed, document (and question) that stands
    nowhere else, or the sum that a competing question asks for. ``naive`` to ``combined`` follow
    Liu et al. (USENIX Security 2024), ``separator`` the three parts of HouYi (arXiv 2306.05499),
    ``competing`` Li et al. (EMNLP 2024), in words of our own. Questions, golds, ids and groups stay
    as they are, evidence spans move along; tags: ``attack``, ``attack_depth``. A document that
    cannot be loaded stays as it is.
    """

    version: ClassVar[int] = 1

    dataset: Dataset = field(metadata={"help": "the dataset whose documents are attacked"})
    attack: Attack = field(default="naive", metadata={"help": "how the instruction is worded"})
    place: Literal["depth", "evidence", "random"] = field(
        default="depth",
        metadata={"help": "at a depth, beside evidence (where there is some), or anywhere"},
    )
    depth: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.5, metadata={"help": "share of the document before it, at a sentence boundary"}
    )
    each: Literal["document", "question"] = field(
        default="document",
        metadata={
            "help": "every document once, shared by its questions, or one document per question"
        },
    )
    seed: int = field(default=0, metadata={"help": "another seed, other canaries and places"})

    def __post_init__(self) -> None:
        if isinstance(self.dataset, Attacked):
            raise ConfigError("attacked: the dataset is attacked already; name one that is not")

    def examples(self) -> Iterator[Example]:
        """Yield the examples over planted documents; raises DataError where nothing fits."""
        found = list(self.dataset.examples())
        if self.place == "evidence" and not any(example.evidence for example in found):
            raise DataError("attacked: place=evidence, but no question names evidence; use depth")
        planting = _Planting(self, found)
        return map(planting.planted, found)

    def metrics(self) -> Sequence[str]:
        """The dataset's own, for the utility under attack; then what became of the attack."""
        first, *others = self.dataset.metrics()
        competing = self.attack.startswith("competing")
        told = notation.show(Call("instruction_discrimination", (("metric", first),)))
        return first, *others, *ALWAYS, *([told] if competing else [])

    def skipped(self) -> list[str]:
        """Tell the bad records that the dataset left out, one line each."""
        told = getattr(self.dataset, "skipped", None)
        return list(told()) if told else []


class _Planting:
    """One pass over a dataset: documents that questions share are planted once."""

    def __init__(self, options: Attacked, examples: Sequence[Example]) -> None:
        self.options = options
        self.done: dict[Key, tuple[Document, Plant]] = {}
        self.canaries: set[str] = set()
        self.spans: dict[str, dict[Span, None]] = {}
        # what is read with a document: no canary may stand there
        self.beside: dict[str, dict[Document | str, None]] = {}
        self.folded: dict[str, str] = {}
        for example in examples:
            for span in example.evidence:
                self.spans.setdefault(span.document, {})[span] = None
            question = example.question
            there = _loaded(question.documents)
            gold = folded(" ".join((question.text, *question.choices, *example.answers)))
            for document in there:
                read = self.beside.setdefault(document.id, {})
                read |= dict.fromkeys([*there, gold])

    def planted(self, example: Example) -> Example:
        """The example over its planted documents."""
        chosen = self._chosen(example)
        done = {
            document.id: self._document(document, example)
            for document in _loaded(example.question.documents)
            if document.id in chosen
        }
        documents = tuple(
            done[document.id][0] if document.id in done else document
            for document in example.question.documents
        )
        plants = tuple(plant for _, plant in done.values())
        own = {f.name: getattr(example, f.name) for f in fields(Example)}
        own["question"] = replace(example.question, documents=documents)
        own["evidence"] = tuple(reduce(moved, plants, span) for span in example.evidence)
        own["tags"] = {
            **example.tags,
            "attack": self.options.attack,
            "attack_depth": self._depth(list(done.values())),
        }
        return PlantedExample(**own, plants=plants)

    def _chosen(self, example: Example) -> set[str]:
        """Which of a question's documents are attacked."""
        every = [document.id for document in example.question.documents]
        if self.options.each == "document" or not every:
            return set(every)
        gold = [span.document for span in example.evidence if span.document in every]
        near = gold if self.options.place == "evidence" else []
        return {self._chance("document", example.question.id).choice(near or every)}

    def _document(self, document: Document, example: Example) -> tuple[Document, Plant]:
        own = self.options.each == "question"
        key = document.id, document.digest, example.question.id if own else ""
        if key not in self.done:
            spans = [*self.spans.get(document.id, ())]
            near = [s for s in example.evidence if s.document == document.id] if own else spans
            at = boundary(document.text, self._target(document, near, key), spans)
            wording = worded(
                self.options.attack,
                self._seed("canary", *key),
                lambda canary: self._taken(canary, document),
            )
            self.canaries.add(folded(wording.canary))
            text, plant = inserted(document.id, document.text, at, wording)
            self.done[key] = Document(document.id, text, document.metadata), plant
        return self.done[key]

    def _taken(self, canary: str, document: Document) -> bool:
        """Whether a canary was drawn before or stands in anything read with the document."""
        texts = (self._fold(read) for read in self.beside[document.id])
        return canary in self.canaries or any(canary in text for text in texts)

    def _fold(self, read: Document | str) -> str:
        if isinstance(read, str):
            return read
        if read.digest not in self.folded:
            self.folded[read.digest] = folded(read.text)
        return self.folded[read.digest]

    def _target(self, document: Document, near: Sequence[Span], key: Key) -> int:
        if self.options.place == "random":
            return self._chance("place", *key).randint(0, len(document.text))
        if self.options.place == "evidence" and near:
            return self._chance("place", *key).choice(near).end
        return round(self.options.depth * len(document.text))

    def _depth(self, done: Sequence[tuple[Document, Plant]]) -> str:
        """The depth asked for, else where the plants stand on average."""
        if not done:
            return "none"
        if self.options.place == "depth":
            return f"{self.options.depth:g}"
        depths = [p.start / max(len(d.text) - (p.end - p.start), 1) for d, p in done]
        return f"{sum(depths) / len(depths):.1f}"

    def _chance(self, *parts: str) -> random.Random:
        return random.Random(self._seed(*parts))

    def _seed(self, *parts: str) -> str:
        return "/".join(("attacked", str(self.options.seed), *parts))


def _loaded(documents: Sequence[Document]) -> list[Document]:
    """The documents whose texts can be had."""
    found = []
    for document in documents:
        try:
            document.text  # noqa: B018 - loads it
        except DataError:
            continue
        found.append(document)
    return found
