"""Questions that take several paragraphs: HotpotQA, 2WikiMultihopQA and MuSiQue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document

BRIEF = "{}\nAnswer with a few words, or with yes or no."


class Paragraph(NamedTuple):
    """A title with sentences."""

    title: str
    sentences: Sequence[str]

    @property
    def between(self) -> str:
        """What stands between sentences that bring no space of their own."""
        rest = self.sentences[1:]
        return "" if any(one[:1].isspace() for one in rest) else " "

    def document(self) -> dict[str, str]:
        """The paragraph as a document."""
        return document(self.between.join(self.sentences), self.title)

    def place(self, number: int) -> tuple[int, int]:
        """Where a sentence stands."""
        start = sum(len(one) + len(self.between) for one in self.sentences[:number])
        text = self.sentences[number]
        lead = len(text) - len(text.lstrip())
        return start + lead, start + len(text.rstrip())


class Distractor(Benchmark):
    """Ten paragraphs, a few of which hold the facts: what HotpotQA and 2Wiki have in common."""

    scores: ClassVar[tuple[str, ...]] = ("hotpotqa_f1", "exact_match")

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on paragraphs; supporting facts are its evidence."""
        paragraphs = [*_paragraphs(row)]
        documents = [paragraph.document() for paragraph in paragraphs]
        answer = row.text("answer")
        if not answer.strip():
            raise row.bad("answer", "is empty: the golds of this split are hidden")
        yield {
            "id": row.text("_id" if "_id" in row else "id"),
            "question": BRIEF.format(row.text("question").strip()),
            "answers": [answer],
            # a paragraph may stand there twice
            "documents": list({one["id"]: one for one in documents}.values()),
            "evidence": [*_facts(row, paragraphs, documents)],
            "tags": {name: row.text(name, "") or None for name in ("type", "level")},
        }


class HotpotQA(Distractor):
    """HotpotQA (Yang et al. 2018), distractor setting: ten paragraphs, two of which are needed.

    Its scores of supporting facts are left out: the evidence measures retrieval.
    """

    name = "hotpotqa"
    about = About(
        source="hotpotqa.github.io",
        licence="CC BY-SA 4.0 (data), Apache-2.0 (code)",
        size="7,405 questions (dev), 90,447 (train), about 1.3k tokens",
        verified="hotpotqa/hotpot@3635853403a8 README.md, hotpot_evaluate_v1.py",
        paper="arXiv 1809.09600",
        hub="hotpotqa/hotpot_qa",
    )
    files = (
        *("hotpot_dev_distractor_v1.json", "hotpot_train_v1.1.json"),
        *("distractor/validation-*-of-*.parquet", "validation-*-of-*.parquet"),
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {"distractor": {}}
    hub_split = "validation"


class TwoWiki(Distractor):
    """2WikiMultihopQA (Ho et al. 2020): two to four hops over ten paragraphs of Wikipedia.

    Aliases of answers and evidence as triples are left out.
    """

    name = "two_wiki"
    about = About(
        source="github.com/Alab-NII/2wikimultihop",
        licence="Apache-2.0; text CC BY-SA",
        size="12,576 questions (dev), 167,454 (train)",
        verified="Alab-NII/2wikimultihop@13800e5be57d README.md, 2wikimultihop_evaluate.py",
        paper="arXiv 2011.01060",
        hub="xanhho/2WikiMultihopQA",
    )
    files = ("dev.json", "*/dev.json", "dev.parquet", "validation-*-of-*.parquet", "train.json")
    hub_split = "dev"


class MuSiQue(Benchmark):
    """MuSiQue (Trivedi et al. 2022): two to four hops over twenty paragraphs.

    In the full set each question stands twice, once without a paragraph that it needs: then it has
    no answer, and ``-unanswerable`` in its id. The benchmark's joint scores of both are left out.
    """

    name = "musique"
    about = About(
        source="github.com/StonyBrookNLP/musique",
        licence="CC BY 4.0",
        size="2,417 questions (answerable, dev), 4,834 (full, dev), 2k to 3k tokens",
        verified="StonyBrookNLP/musique@922ac98f19a2 README.md, evaluate_v1.0.py, metrics/",
        paper="arXiv 2108.00573",
        hub="dgslibisey/MuSiQue",
    )
    scores = ("f1_squad", "exact_match", "abstention")
    files = (
        *("musique_{set}_v1.0_dev.jsonl", "data/musique_{set}_v1.0_dev.jsonl"),
        "musique_{set}_v1.0_train.jsonl",
    )
    hub_split = "validation"

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on paragraphs; those that support it are its evidence."""
        name, answerable = row.text("id"), row.flag("answerable", True)
        given = [(one, one.flag("is_supporting", False)) for one in row.each("paragraphs")]
        documents = [
            document(one.text("paragraph_text"), one.text("title", "")) for one, _ in given
        ]
        golds = [row.text("answer"), *row.texts("answer_aliases", [])] if answerable else []
        yield {
            "id": name if answerable else f"{name}-unanswerable",
            "question": BRIEF.format(row.text("question").strip()),
            "answers": list(dict.fromkeys(gold for gold in golds if gold.strip())),
            "documents": list({one["id"]: one for one in documents}.values()),
            "evidence": [
                {"document": one["id"], "start": 0, "end": len(one["text"])}
                for one, (_, supports) in zip(documents, given, strict=True)
                if supports and answerable
            ],
            "group": name,
            "tags": {"hops": name.partition("hop")[0], "kind": name.partition("__")[0]},
        }


def _paragraphs(row: Fields) -> Iterator[Paragraph]:
    """Titles with sentences: a list of pairs, an object of two lists, or either as JSON."""
    value = row.read("context")
    if isinstance(value, Mapping):
        inner = Fields(value, "context.")
        text = "sentences" if "sentences" in inner else "content"
        value = list(zip(inner.texts("title"), inner.get(text), strict=False))
    pairs: list[Any] = value if isinstance(value, list) else [None]
    for pair in pairs:
        if not _is_paragraph(pair):
            raise row.bad("context", "expected a list of titles with their sentences")
        yield Paragraph(pair[0], pair[1])


def _is_paragraph(pair: Any) -> bool:
    return (
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and isinstance(pair[1], list)
        and all(isinstance(sentence, str) for sentence in pair[1])
        and any(sentence.strip() for sentence in pair[1])
    )


def _facts(
    row: Fields, paragraphs: Sequence[Paragraph], documents: Sequence[Mapping[str, str]]
) -> Iterator[dict[str, object]]:
    """The sentences that support the answer; some that are named do not exist."""
    value = row.read("supporting_facts")
    if isinstance(value, Mapping):
        inner = Fields(value, "supporting_facts.")
        value = list(zip(inner.texts("title"), inner.get("sent_id"), strict=False))
    by_title = {one.title: at for at, one in reversed(list(enumerate(paragraphs)))}
    facts: list[Any] = value if isinstance(value, list) else [None]
    for fact in facts:
        named = isinstance(fact, list | tuple) and len(fact) == 2
        title, number = fact if named else (None, None)
        if not isinstance(title, str) or not isinstance(number, int):
            raise row.bad("supporting_facts", "expected a list of titles with sentences' numbers")
        at = by_title.get(title)
        if at is None or not 0 <= number < len(paragraphs[at].sentences):
            continue
        start, end = paragraphs[at].place(number)
        if start < end:
            yield {"document": documents[at]["id"], "start": start, "end": end}
