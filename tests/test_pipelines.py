import pytest

from crossover import catalog
from crossover.measure import measured
from crossover.pipelines._fitting import fit
from crossover.pipelines.rag import ordered
from crossover.roles import Model, Strategy
from crossover.types import Document, Passage, Question

LINES = Document("d", "\n".join(f"Line {n:04} says nothing much at all." for n in range(1000)))


def ask(strategy, model="fake", **question):
    asked = Question("q", question.pop("text", "What is in line 7?"), (LINES,), **question)
    return measured(catalog.load(Strategy, strategy), asked, catalog.load(Model, model))


def test_closed_book_shows_nothing():
    answer = ask("closed_book")
    assert answer.passages == ()
    assert answer.usage.input_tokens < 100


def test_full_context_shows_everything_where_it_fits():
    (passage,) = ask("full_context").passages
    assert passage.text == LINES.text


@pytest.mark.parametrize(
    ("overflow", "first", "last", "pieces"),
    [("middle", True, True, 2), ("tail", True, False, 1), ("head", False, True, 1)],
)
def test_full_context_cuts_where_told_and_says_so(overflow, first, last, pieces):
    answer = ask(f"full_context(overflow={overflow}, window=3000)")
    shown = " ".join(passage.text for passage in answer.passages)
    assert answer.outcome == "truncated"
    assert "tokens exceed" in answer.cut
    assert ("Line 0000" in shown, "Line 0999" in shown) == (first, last)
    assert len(answer.passages) == pieces
    assert 2000 < answer.usage.input_tokens <= 3000


def test_full_context_overflows_where_it_may_not_cut():
    for strategy in ("full_context(overflow=fail, window=3000)", "full_context(window=300)"):
        answer = ask(strategy)
        assert (answer.outcome, answer.text) == ("overflow", "")
        assert "tokens exceed" in answer.message


def test_the_window_of_the_model_is_the_limit():
    answer = ask("full_context", "fake(context_window=2000)")
    assert answer.outcome == "truncated"
    assert answer.usage.input_tokens + 256 <= 2000


def test_what_is_kept_of_several_documents_stays_in_order_and_in_place():
    documents = [
        Document(str(n), f"Document {n}. " + "Filler words here. " * 100) for n in range(4)
    ]
    model = catalog.load(Model, "fake")
    passages, cut = fit(documents, 400, "middle", model)
    assert cut
    assert [p.document for p in passages] == sorted(p.document for p in passages)
    assert {p.document for p in passages} >= {"0", "3"}
    assert sum(model.count(p.text) for p in passages) <= 400
    texts = {document.id: document.text for document in documents}
    assert all(texts[p.document][p.start : p.end] == p.text for p in passages)


def test_orders():
    documents = (Document("a", "x" * 100), Document("b", "x" * 100))
    found = [Passage("b", 0, 1, "1"), Passage("a", 50, 51, "2"), Passage("a", 0, 1, "3")]
    found += [Passage("b", 9, 10, "4"), Passage("b", 5, 6, "5")]
    orders = {
        "score": "12345",
        "reverse": "54321",
        "document": "32154",
        "ends_first": "13542",
    }
    for order, expected in orders.items():
        assert "".join(p.text for p in ordered(found, order, documents)) == expected


def test_the_same_passages_whatever_the_order():
    shown = {
        order: {p.start for p in ask(f"rag(order={order}, k=5)").passages}
        for order in ("score", "reverse", "document", "ends_first")
    }
    assert len(set(map(frozenset, shown.values()))) == 1


def test_rag_shows_k_passages_of_the_size_asked():
    answer = ask("rag(k=3, chunker=tokens(size=50))")
    assert len(answer.passages) == 3
    assert answer.indexing.compute_seconds > 0


@pytest.mark.parametrize(
    ("model", "outcome"),
    [
        ("fake(reply=1902)", "answered"),
        ("fake(declines=true)", "declined"),
        ("fake(reply=The text does not mention it.)", "declined"),
        ('fake(reply="")', "failed:empty"),
        ("fake(reply=one two three four five six)", "truncated"),
    ],
)
def test_what_became_of_a_question_has_a_name(model, outcome):
    answer = ask("rag(max_tokens=5)", model)
    assert answer.outcome == outcome


def test_a_declined_answer_from_a_cut_context_says_both():
    answer = ask("full_context(window=3000)", "fake(declines=true)")
    assert answer.outcome == "declined"
    assert answer.cut


def test_a_choice_question_brings_its_choices():
    answer = ask("closed_book", form="choice", choices=("a red one", "a blue one"))
    assert answer.usage.input_tokens > ask("closed_book").usage.input_tokens
