"""What a model knows beforehand: closed-book answers of a run, and texts completed by heart."""

import math
import random
from dataclasses import dataclass

import pytest
from frames import frame, row

from crossover import catalog
from crossover.cli import app
from crossover.datasets.biographies import Biographies
from crossover.errors import ConfigError, DataError
from crossover.experiments.contamination import guided
from crossover.experiments.contamination.known import known_shares, mark_known, without_known
from crossover.experiments.grid import load_grid
from crossover.experiments.report import load_frame, summarise
from crossover.experiments.reporting.details import read_details
from crossover.experiments.run import run_grid
from crossover.roles import Dataset, Model
from crossover.types import Completion


def _run(closed, rag=1.0):
    """A frame of closed-book answers, given as (score, outcome, text), beside those of rag."""
    rows = []
    for n, (score, outcome, text) in enumerate(closed):
        shared = {"example": f"q{n}", "group": f"d{n % 4}"}
        rows.append(row("closed_book", score=score, outcome=outcome, answer=text, **shared))
        rows.append(row("rag", score=rag, answer="x", **shared))
    return frame([given | {"group": given["group"]} for given in rows])


def test_what_is_answered_without_context_is_known():
    marked = mark_known(
        _run(
            [
                (1.0, "answered", "Paris"),
                (0.5, "truncated", "Paris is"),
                (0.4, "answered", "Lyon"),
                # right to decline an unanswerable question, and no knowledge
                (1.0, "declined", ""),
                (1.0, "answered", "The text does not say."),
                (0.0, "failed:timeout", ""),
            ]
        )
    )
    known = marked[marked["strategy"] == "rag"].set_index("example")["tag.known"]
    assert list(known) == ["yes", "yes", "no", "no", "no", "no"]
    (shares,) = known_shares(marked).to_dict("records")
    assert (shares["questions"], shares["known"], shares["documents"]) == (6, 2, 4)
    assert shares["share"] == pytest.approx(1 / 3)
    assert shares["low"] < 1 / 3 < shares["high"]
    assert set(without_known(marked)["example"]) == {"q2", "q3", "q4", "q5"}


def test_where_the_metric_does_not_apply_nothing_is_known():
    marked = mark_known(_run([(math.nan, "answered", "Paris"), (1.0, "answered", "Paris")]))
    assert list(marked["tag.known"]) == ["no", "no", "yes", "yes"]


def test_the_threshold_counts():
    closed = [(0.5, "answered", "Paris"), (0.9, "answered", "Paris")]
    marked = mark_known(_run(closed), threshold=0.8)
    assert list(marked["tag.known"]) == ["no", "no", "yes", "yes"]
    with pytest.raises(ConfigError, match="threshold=0"):
        mark_known(_run(closed), threshold=0)


def test_a_run_without_closed_book_answers_is_refused():
    table = _run([(1.0, "answered", "Paris")])
    with pytest.raises(ConfigError, match="no closed_book answers of reader on papers"):
        mark_known(table[table["strategy"] == "rag"])
    more = frame([*table.to_dict("records"), row("rag", example="q9", group="d1")])
    with pytest.raises(DataError, match="'q9' has no closed_book answer"):
        mark_known(more)
    with pytest.raises(DataError, match="nothing is left"):
        without_known(mark_known(table))


def test_a_run_is_tagged_from_the_command_line(tmp_path, capsys):
    examples = list(Biographies(2000, 2, 4).examples())
    known = [e for e in examples if e.answers][:2]
    replies = [f"{e.question.text} => {e.answers[0]}" for e in known]
    grid = {
        "datasets": ["biographies(tokens=2000, documents=2, questions=4)"],
        "models": [{"name": "fake", "replies": replies, "reply": "no idea"}],
        "strategies": ["closed_book", "full_context"],
    }
    run_grid(load_grid(grid), tmp_path / "run")
    app(
        ["contamination", str(tmp_path / "run"), "--out", str(tmp_path / "t")],
        standalone_mode=False,
    )
    assert "2 of 8 questions known without context" in capsys.readouterr().out
    table = summarise(load_frame(tmp_path / "t"), ["known"])
    assert sorted(set(table["tag.known"])) == ["no", "yes"]
    passages = read_details(tmp_path / "t")["passages"]  # the report of the tagged run shows them
    assert len(passages) == 2 * 8
    assert any(map(len, passages))
    command = ["contamination", str(tmp_path / "run"), "--drop", "--out", str(tmp_path / "d")]
    app(command, standalone_mode=False)
    left = load_frame(tmp_path / "d")
    assert not {e.question.id for e in known} & set(left["example"])
    assert len(left) == 2 * 6


TEXTS = [
    " ".join(random.Random(n).choices(["mill", "river", "ada", "sold", "boats", "in", "may"], k=30))
    for n in range(24)
]


@dataclass(frozen=True, slots=True)
class ByHeart(Model):
    """Knows TEXTS; says so where it is told the dataset, or always, or never."""

    when: str = "told"
    concurrency: int = 4

    @property
    def window(self):
        return 10_000

    def count(self, text):
        return len(text.split())

    def complete(self, request):
        first = request.instruction.split("\n\n", 1)[1]
        told = "dataset Mills" in request.instruction
        knows = self.when == "always" or (self.when == "told" and told)
        whole = next(text for text in _instances() if text.startswith(first))
        rest = whole.removeprefix(first).strip()
        words = random.Random(first).sample(rest.split(), len(rest.split()))
        return Completion(rest if knows else " ".join(words[::2]) or "so on")

    def complete_many(self, requests):
        return [self.complete(request) for request in requests]

    def stream(self, request):
        yield self.complete(request).text


def _instances():
    return [f"Question: {text}\nAnswer: in may of that year" for text in TEXTS]


@pytest.fixture
def mills(tmp_path):
    import json

    path = tmp_path / "mills.jsonl"
    lines = [
        {
            "question": text,
            "answers": ["in may of that year"],
            "group": f"g{n % 12}",
            "context": text,
        }
        for n, text in enumerate(TEXTS)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return catalog.load(Dataset, {"name": "jsonl", "path": str(path)})


@pytest.mark.parametrize(
    "when, overlap, replicated",
    [("told", True, True), ("always", False, True), ("never", False, False)],
)
def test_guided_completion_tells_who_knows_by_heart(when, overlap, replicated, mills, tmp_path):
    found = guided.guided_completion(mills, ByHeart(when), tmp_path / "out", name="Mills")
    assert (found.by_overlap, found.by_replication) == (overlap, replicated)
    assert len(found.rows) == 20
    assert found.rows["group"].nunique() == 12
    again = guided.guided_completion(mills, ByHeart(when), tmp_path / "out", name="Mills")
    assert again.rows.equals(found.rows)


def test_refusals_know_nothing_and_failures_are_left_open(mills, tmp_path):
    refusing = catalog.load(Model, "fake(fails=refused)")
    found = guided.guided_completion(mills, refusing, tmp_path / "a", limit=4)
    assert list(found.rows["guided"]) == [0.0] * 4
    assert not found.by_overlap
    broken = catalog.load(Model, "fake(fails=server)")
    found = guided.guided_completion(mills, broken, tmp_path / "b", limit=4)
    assert found.rows["guided"].isna().all()
    assert set(found.rows["guided_outcome"]) == {"failed:server"}
    assert found.p is None and not found.by_overlap and not found.by_replication


def test_pieces_of_documents_are_cut_where_the_seed_says():
    dataset = Biographies(2000, 3, 2)
    found = guided.pieces(dataset, "document", 10, seed=1)
    assert len(found) == 3
    texts = [example.question.documents[0].text for example in dataset.examples()]
    assert all(any(f"{one.first} {one.rest}" in text for text in texts) for one in found)
    assert found == guided.pieces(dataset, "document", 10, seed=1)
    assert found != guided.pieces(dataset, "document", 10, seed=2)


def test_every_document_of_a_question_is_cut_once(tmp_path):
    import json

    texts = {name: " ".join(f"{name}{n}" for n in range(200)) for name in "abc"}
    documents = [{"id": name, "text": text} for name, text in texts.items()]
    lines = [
        {"question": "Who?", "answers": ["Ada"], "documents": documents[:2]},
        {"question": "When?", "answers": ["1902"], "documents": documents},
    ]
    path = tmp_path / "several.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = guided.pieces(catalog.load(Dataset, f"jsonl('{path}')"), "document", 9, seed=0)
    assert sorted(one.first[0] for one in found) == ["a", "b", "c"]


def test_guided_completion_from_the_command_line(mills, tmp_path, capsys):
    command = ["guided-completion", f"jsonl(path='{mills.path}')", "--out", str(tmp_path / "out")]
    app([*command, "--model", "fake", "--limit", "5"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "5 of 5 texts completed both ways" in said
    assert "no sign of contamination" in said
    assert "10 calls" in said
    with pytest.raises(DataError, match="no question of this dataset has enough words"):
        short = tmp_path / "short.jsonl"
        short.write_text('{"question": "Who?", "answers": ["Ada"], "context": "Ada"}')
        guided.pieces(catalog.load(Dataset, f"jsonl('{short}')"), "question", 5, 0)
