"""What somebody orders: from a folder of documents to files of questions."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover import catalog, meter
from crossover.errors import ConfigError, DataError
from crossover.experiments.making.checking import Checker
from crossover.experiments.making.drafts import KINDS, kinds_of
from crossover.experiments.making.questions import Made, Proposer, make, shares
from crossover.experiments.making.review import read_review, write_questions, write_review
from crossover.experiments.making.sources import Sources, read_folder
from crossover.experiments.making.templates import Templates
from crossover.experiments.making.wordings import Wordings, wordings
from crossover.experiments.making.writing import Writer
from crossover.experiments.remembering import Remembering
from crossover.experiments.store import Store
from crossover.roles import Model
from crossover.types import Document, Usage

QUESTIONS, REVIEW, ABOUT = "questions.jsonl", "review.csv", "made.json"
READER = "reader"


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted. No ``model``: questions by rule, which the embedded reader checks."""

    folder: Path
    kinds: tuple[str, ...] = KINDS
    questions: int = 40
    model: str = ""
    checker: str = ""
    by_rule: bool = False
    per_document: int | None = None
    everywhere: bool = False
    texts: Path | None = None
    seed: int = 0

    @property
    def writes(self) -> bool:
        """Whether a model writes the questions."""
        return bool(self.model) and not self.by_rule


@dataclass(frozen=True, slots=True)
class Delivered:
    """The questions, with what could not be read of the folder."""

    made: Made
    sources: Sources


def deliver(order: Order, out: Path) -> Delivered:
    """Make the questions and write questions.jsonl, review.csv and made.json into ``out``.

    Replies are kept there, so that an order made again asks nothing twice. Raises ConfigError,
    UnknownName or DataError before anything is asked.
    """
    wanted = shares(kinds_of(order.kinds), order.questions)
    writing, checking = _models(order)
    words = wordings("prompts" if order.writes else "templates", order.texts)
    sources = read_folder(order.folder)
    with Store(out) as store, meter.metered():
        job = _key(order, words, sources.documents)
        prompts = words if order.writes else wordings("prompts")
        checker = Checker(
            Remembering(checking, store, job, order.seed, "checks"), sources.documents, prompts
        )
        proposer: Proposer = (
            Writer(
                Remembering(writing, store, job, order.seed, "writes"),
                sources.documents,
                words,
                order.seed,
            )
            if order.writes
            else Templates(sources.documents, words, order.seed)
        )
        made = make(proposer, checker, wanted, order.per_document)
    if not made.kept:
        raise DataError(f"{order.folder}: no question stood the checks; {_why_none(made)}")
    write_questions(made.kept, out / QUESTIONS, order.everywhere)
    write_review(made, out / REVIEW)
    about = _about(order, wanted, made, sources)
    (out / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return Delivered(made, sources)


def reviewed(folder: Path, review: Path, out: Path, everywhere: bool = False) -> int:
    """Write the questions that a review keeps; returns their number."""
    kept = read_review(review, read_folder(folder).documents)
    out.mkdir(parents=True, exist_ok=True)
    write_questions(kept, out / QUESTIONS, everywhere)
    return len(kept)


def told(found: Delivered, order: Order) -> Iterator[str]:
    """What came of an order, line by line."""
    made = found.made
    for line in found.sources.unread:
        yield f"not read: {line}"
    kept = Counter(one.draft.kind for one in made.kept)
    lost = Counter((one.kind, one.why) for one in made.lost)
    for kind in kinds_of(order.kinds):
        named = [f"{count} {why}" for (of, why), count in lost.most_common() if of == kind]
        short = f"; stopped short: {made.short[kind]}" if kind in made.short else ""
        yield f"{kind}: {kept[kind]} kept; lost: {', '.join(named) or 'none'}{short}"
    yield f"writing: {_bill(made.writing)}"
    yield f"checking: {_bill(made.checking)}"


def _models(order: Order) -> tuple[Model, Model]:
    if order.by_rule and order.checker:
        raise ConfigError("by rule, the model is the one that checks; leave the checker out")
    writing = catalog.load(Model, order.model or READER)
    checking = catalog.load(Model, order.checker) if order.checker else writing
    if order.writes and not getattr(writing, "writes", True):
        raise ConfigError(f"{order.model} only quotes; by rule needs no model that writes")
    for model in {id(one): one for one in (writing, checking)}.values():
        check = getattr(model, "check", None)
        if check:
            check()
    return writing, checking


def _key(order: Order, words: Wordings, documents: Sequence[Document]) -> str:
    """What replies are kept under: texts asked with, and all documents."""
    content = [words.digest, str(order.seed), *(document.digest for document in documents)]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


def _why_none(made: Made) -> str:
    reasons = Counter(loss.why for loss in made.lost).most_common(3)
    said = [f"{count} {why}" for why, count in reasons] or list(made.short.values())
    return ", ".join(said)


def _about(order: Order, wanted: dict[str, int], made: Made, sources: Sources) -> dict[str, object]:
    lost = Counter(f"{one.kind}: {one.why}" for one in made.lost)
    return {
        "folder": str(order.folder),
        "documents": {one.id: one.digest for one in sources.documents},
        "unread": list(sources.unread),
        "written_by": order.model if order.writes else "rule",
        "checked_by": order.checker or order.model or READER,
        "seed": order.seed,
        "wanted": wanted,
        "kept": dict(Counter(one.draft.kind for one in made.kept)),
        "lost": dict(sorted(lost.items())),
        "stopped_short": made.short,
        "writing": _usage(made.writing),
        "checking": _usage(made.checking),
    }


def _usage(usage: Usage) -> dict[str, object]:
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "dollars": usage.dollars,
    }


def _bill(usage: Usage) -> str:
    dollars = "an unknown price" if usage.dollars is None else f"${usage.dollars:.4f}"
    tokens = [
        f"{'unknown' if count is None else f'{count:,}'} tokens {way}"
        for count, way in ((usage.input_tokens, "in"), (usage.output_tokens, "out"))
    ]
    return f"{usage.calls} calls, {', '.join(tokens)}, {dollars}"
