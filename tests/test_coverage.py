"""Coverage and density of a context: what it answers of what is needed, and at how many tokens."""

import json

import pytest

from crossover import catalog
from crossover.errors import ConfigError, DataError
from crossover.metrics import _subquestions
from crossover.metrics._subquestions import needed
from crossover.roles import Compressor, Dataset, Model
from crossover.types import Answer, Document, Example, Passage, Question, Span

BRIDGE = "The bridge of Ostrel was built by Ada Varn in 1902."
CHEESE = "The market of Ostrel opens on Mondays and sells mostly cheese."
CRANES = "The harbour of Quill has nine cranes."
TEXT = f"{BRIDGE} {CHEESE} {CRANES}"
DOCUMENT = Document("d", TEXT)
ASKED = ("Who built the bridge of Ostrel?", "How many cranes has the harbour of Quill?")


def passage(text):
    start = TEXT.index(text)
    return Passage("d", start, start + len(text), text)


def example(**more):
    return Example(Question("q", "What is there?", (DOCUMENT,)), ("much",), **more)


def score(metric, shown, which=None, **more):
    answer = shown if isinstance(shown, Answer) else Answer("much", tuple(shown))
    return catalog.metric(metric)(which or example(**more), answer)


TAGGED = {"tags": {"sub_questions": "\n".join(ASKED)}}


def test_coverage_is_the_share_of_sub_questions_that_one_passage_answers():
    assert score("context_coverage", [passage(BRIDGE), passage(CRANES)], **TAGGED) == 1
    assert score("context_coverage", [passage(BRIDGE), passage(CHEESE)], **TAGGED) == 1 / 2
    assert score("context_coverage", [passage(CHEESE)], **TAGGED) == 0
    assert score("context_coverage", [], **TAGGED) == 0
    # the order and the rest of what is shown change nothing
    assert score("context_coverage", [passage(TEXT)], **TAGGED) == 1


def test_density_is_coverage_per_token_relative_to_the_gold_evidence():
    gold = tuple(Span("d", p.start, p.end) for p in (passage(BRIDGE), passage(CRANES)))
    more = TAGGED | {"evidence": gold}
    exact = [passage(BRIDGE), passage(CRANES)]
    tokens = _subquestions.tokens
    assert score("context_density", exact, **more) == 1
    wide = [*exact, passage(CHEESE)]
    expected = tokens(exact) / tokens(wide)
    assert score("context_density", wide, **more) == pytest.approx(expected)
    half = [passage(BRIDGE), passage(CHEESE)]
    expected = 1 / 2 * tokens(exact) / tokens(half)
    assert score("context_density", half, **more) == pytest.approx(expected)
    assert score("context_density", [passage(CHEESE)], **more) == 0
    # as dense as the evidence at most
    assert score("context_density", [passage(CRANES)], **more) == min(
        1, 1 / 2 * tokens(exact) / tokens([passage(CRANES)])
    )


def test_density_needs_gold_evidence_that_answers_something():
    assert score("context_density", [passage(TEXT)], **TAGGED) is None
    useless = TAGGED | {"evidence": (Span("d", passage(CHEESE).start, passage(CHEESE).end),)}
    assert score("context_density", [passage(TEXT)], **useless) is None


def test_sub_questions_come_from_the_file_the_tag_the_evidence_or_the_question(tmp_path):
    file = tmp_path / "sub.jsonl"
    file.write_text(json.dumps({"id": "q", "sub_questions": ["From the file?"]}) + "\n\n")
    span = Span("d", 0, len(BRIDGE))
    full = example(evidence=(span, span), **TAGGED)
    assert needed(full, str(file)).texts == ("From the file?",)
    assert needed(full).texts == ASKED
    by_evidence = needed(example(evidence=(span, span)))
    assert (by_evidence.texts, by_evidence.statements) == ((BRIDGE,), True)
    assert needed(example()).texts == ("What is there?",)
    assert needed(Example(Question("q", "Unanswerable?"))).texts == ()
    other = Example(Question("elsewhere", "Other?"), ("yes",))
    assert needed(other, str(file)).texts == ("Other?",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "q"}', "line 1: expected"),
        ('{"id": 3, "sub_questions": ["a"]}', "line 1: expected"),
        ('{"id": "q", "sub_questions": "a"}', "line 1: expected"),
        ('{"id": "q", "sub_questions": [" "]}', "line 1: expected"),
        ("nonsense", "line 1: no JSON"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path, line, said):
    file = tmp_path / "sub.jsonl"
    file.write_text(line)
    with pytest.raises(DataError, match=said):
        score(f"context_coverage(file='{file}')", [passage(BRIDGE)])
    with pytest.raises(DataError, match="cannot be read"):
        score("context_coverage(file=nowhere.jsonl)", [passage(BRIDGE)])


def test_where_nothing_is_asked_or_known_coverage_does_not_apply():
    unanswerable = Example(Question("q", "Unanswerable?", (DOCUMENT,)))
    unknown = Answer("much", passages_known=False)
    for metric in ("context_coverage", "context_density"):
        assert score(metric, [passage(BRIDGE)], unanswerable) is None
        assert score(metric, unknown, evidence=(Span("d", 0, len(BRIDGE)),), **TAGGED) is None
    assert score("context_coverage", Answer("", outcome="failed:timeout"), **TAGGED) == 0


def test_any_model_can_judge_passage_by_passage():
    judged = "context_coverage(judge=\"fake(replies=['cranes => yes'], reply=no)\")"
    assert score(judged, [passage(BRIDGE)], **TAGGED) == 1 / 2
    with pytest.raises(ConfigError, match="judges statements, not questions"):
        score("context_coverage(judge='nli:/models/nli')", [passage(BRIDGE)], **TAGGED)


def test_a_higher_threshold_covers_no_more():
    shown = [passage(BRIDGE), passage(CHEESE), passage(CRANES)]
    by_threshold = [
        score(f"context_coverage(threshold={t})", shown, **TAGGED) for t in (0.05, 0.5, 1.0)
    ]
    assert by_threshold == sorted(by_threshold, reverse=True)
    assert by_threshold[0] > by_threshold[-1]


def _two_hops():
    text = "biographies(documents=4, tokens=1500, questions=2, kinds=[two_hop])"
    for one in catalog.load(Dataset, text).examples():
        assert len(one.evidence) == 2
        whole = one.question.documents[0].text
        hops = [Passage(s.document, s.start, s.end, whole[s.start : s.end]) for s in one.evidence]
        free = (
            at
            for at in range(0, len(whole) - 200, 50)
            if all(at + 200 <= hop.start or hop.end <= at for hop in hops)
        )
        at = next(free)
        yield one, hops, Passage(one.question.documents[0].id, at, at + 200, whole[at : at + 200])


def test_coverage_falls_when_one_hop_is_taken_away():
    for one, (first, second), beside in _two_hops():
        assert score("context_coverage", [first, beside, second], one) == 1
        assert score("context_coverage", [first, second], one) == 1
        assert score("context_density", [first, second], one) == 1
        for left in (first, second):
            assert score("context_coverage", [left, beside], one) == 1 / 2
            assert score("context_density", [left, beside], one) < 1 / 2


def test_what_a_compressor_leaves_can_be_measured():
    reader = catalog.load(Model, "reader")
    shorten = catalog.load(Compressor, "truncation")
    for one, hops, _ in list(_two_hops())[:2]:
        document = one.question.documents[0]
        whole = [Passage(document.id, 0, len(document.text), document.text)]
        kept = shorten.compress(one.question.text, whole, 60, reader)
        assert score("context_coverage", whole, one) == 1
        shown = sum(hop.end <= max(p.end for p in kept) for hop in hops)
        assert score("context_coverage", kept, one) == shown / 2
