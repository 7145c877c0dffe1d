"""Questions on papers and magazine articles: Qasper and QuALITY."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.datasets._rows import Rows
from crossover.datasets.jsonl import lines_of, parsed

UNANSWERABLE = "Unanswerable"
ASKED = (
    "{}\nAnswer with a phrase of the article or a few words, with yes or no where that is asked, "
    'or with "unanswerable" where the article does not say.'
)
FLOAT = "FLOAT SELECTED"


class Qasper(Benchmark):
    """Qasper (Dasigi et al. 2021): questions on papers, of people who saw only the abstract.

    Each annotator's answer is a gold; a question that all found unanswerable has none. Evidence are
    the paragraphs that the annotators marked; figures and tables among it are left out.
    """

    name = "qasper"
    about = About(
        source="huggingface.co/datasets/allenai/qasper",
        licence="CC BY 4.0 (data), Apache-2.0 (code)",
        size="1,005 questions (dev), 1,451 (test), 2,593 (train), about 5k tokens",
        verified="allenai/qasper-led-baseline@afd0fb96bf78 scripts/evaluator.py, fixtures/data/",
        paper="arXiv 2105.03011",
        hub="allenai/qasper",
    )
    scores = ("qasper_f1", "f1_squad", "abstention")
    files = (
        *("qasper-test-v0.3.json", "qasper-dev-v0.3.json", "*/qasper-test-v0.3.json"),
        *("*/qasper-dev-v0.3.json", "qasper-train-v0.3.json", "qasper/test-*-of-*.parquet"),
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {"qasper": {}}

    def rows(self, part: Part) -> Rows:
        """The papers; in a file one object holds all of them by their ids."""
        unit, rows = super().rows(part)
        if part.path is None or part.path.suffix != ".json":
            return Rows(unit, rows)
        papers = [
            {"id": name, **paper} if isinstance(paper, Mapping) else paper
            for _, load in rows
            for name, paper in Fields(load()).raw.items()
        ]
        return Rows("paper", ((at, lambda paper=paper: paper) for at, paper in enumerate(papers)))  # type: ignore[misc]

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The questions on a paper."""
        name = row.text("id")
        text = _article(row)
        if not text:
            return
        paper = document(text, row.text("title", ""), name)
        for one in _listed(row, "qas"):
            golds, evidence = list[str](), dict[str, None]()
            for given in _listed(one, "answers"):
                answer = given.inside("answer")
                golds.append(_gold(answer))
                evidence |= dict.fromkeys(answer.texts("evidence", []))
            answers = list(dict.fromkeys(golds))
            if not answers:
                raise one.bad("answers", "is empty: the golds are hidden")
            answerable = answers != [UNANSWERABLE]
            yield {
                "id": one.text("question_id"),
                "question": ASKED.format(one.text("question").strip()),
                "answers": answers if answerable else [],
                "documents": [paper],
                "evidence": _marked(paper, evidence) if answerable else [],
                "tags": {"annotators": str(len(golds)), "answer_type": _kind(answers[0])},
            }


class Quality(Benchmark):
    """QuALITY (Pang et al. 2022): four options on stories and articles of about 5k tokens.

    The official files count golds from 1, copies on the hub from 0. The test set's golds are
    hidden. Its score is accuracy, of all and of the questions with the tag ``difficult``.
    """

    name = "quality"
    about = About(
        source="github.com/nyu-mll/quality",
        licence="by article (field license); questions CC BY 4.0",
        size="2,086 questions on 115 articles (dev), 2,523 (train)",
        verified="nyu-mll/quality@f84977c40dbf README.md, leaderboard/submission.md",
        paper="arXiv 2112.08608",
        hub="emozilla/quality",
    )
    scores = ("choice_accuracy",)
    files = (
        *("QuALITY.v1.0.1.htmlstripped.dev", "data/*/QuALITY.v1.0.1.htmlstripped.dev"),
        *("*/QuALITY.v1.0.1.htmlstripped.dev", "QuALITY.v1.0.1.htmlstripped.train", "*.jsonl"),
    )
    hub_split = "validation"

    def rows(self, part: Part) -> Rows:
        """The rows; the official files end in .dev and .train and hold JSON lines."""
        if part.path is None or part.path.suffix not in (".dev", ".train", ".test"):
            return super().rows(part)
        lines = lines_of(part.path)
        return Rows("line", ((number, lambda line=line: parsed(line)) for number, line in lines))  # type: ignore[misc]

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The questions on an article, or the one of the hub's copy."""
        if "questions" not in row:
            yield self._copied(row)
            return
        article, name = row.text("article"), row.text("article_id")
        for one in row.each("questions"):
            options = _options(one)
            if "gold_label" not in one:
                raise one.bad("gold_label", "missing: the golds of the test set are hidden")
            yield {
                "id": one.text("question_unique_id"),
                "question": one.text("question").strip(),
                "choices": options,
                "answers": [_option(one, "gold_label", options, first=1)],
                "documents": [document(article, row.text("title", ""), name)],
                "group": name,
                "tags": {
                    "difficult": "yes" if one.flag("difficult", False) else "no",
                    "needed": _needed(one),
                    "source": row.text("source", "") or None,
                },
            }

    def _copied(self, row: Fields) -> Mapping[str, object]:
        options = _options(row)
        return {
            "question": row.text("question").strip(),
            "choices": options,
            "answers": [_option(row, "answer", options, first=0)],
            "context": row.text("article"),
            "tags": {"difficult": "yes" if row.flag("hard", False) else "no"},
        }


def _listed(row: Fields, name: str) -> Iterator[Fields]:
    """Objects of a list; the hub turns such a list into an object of lists."""
    value = row.get(name)
    if not isinstance(value, Mapping):
        yield from row.each(name)
        return
    length = max((len(column) for column in value.values() if isinstance(column, list)), default=0)
    for at in range(length):
        one = {key: column[at] for key, column in value.items() if at < len(column)}
        yield Fields(one, f"{row.place}{name}[{at}].")


def _article(row: Fields) -> str:
    """Sections' names and paragraphs, one below the other."""
    found: list[str] = []
    for section in _listed(row, "full_text"):
        found += [section.text("section_name", "")]
        found += section.texts("paragraphs")
    return "\n\n".join(" ".join(text.split("\n")).strip() for text in found if text.strip())


def _gold(answer: Fields) -> str:
    if answer.flag("unanswerable"):
        return UNANSWERABLE
    if spans := answer.texts("extractive_spans", []):
        return ", ".join(spans)
    if text := answer.text("free_form_answer", "").strip():
        return text
    return "Yes" if answer.flag("yes_no") else "No"


def _kind(gold: str) -> str:
    return {"Yes": "boolean", "No": "boolean", UNANSWERABLE: "none"}.get(gold, "text")


def _marked(paper: Mapping[str, str], evidence: Mapping[str, None]) -> list[dict[str, Any]]:
    """Where marked paragraphs stand; what stands there more than once, where it is first."""
    found = []
    for text in evidence:
        wanted = " ".join(text.split("\n")).strip()
        at = paper["text"].find(wanted)
        if wanted and not text.startswith(FLOAT) and at >= 0:
            found.append({"document": paper["id"], "start": at, "end": at + len(wanted)})
    return found


def _options(row: Fields) -> list[str]:
    options = [one.strip() for one in row.texts("options")]
    if len(set(options)) < len(options):
        # an option may stand there twice
        options = [f"({number}) {one}" for number, one in enumerate(options, 1)]
    return options


def _option(row: Fields, name: str, options: Sequence[str], first: int) -> str:
    number = row.whole(name) - first
    if not 0 <= number < len(options):
        raise row.bad(name, f"is none of {len(options)} options, counted from {first}")
    return options[number]


def _needed(question: Fields) -> str | None:
    """How much of the article the annotators needed (1: a sentence, 4: all of it)."""
    said = [one.whole("untimed_eval2_context", 0) for one in question.each("validation", [])]
    known = [number for number in said if number]
    return f"{median(known):g}" if known else None
