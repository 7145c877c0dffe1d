"""Questions by rule: what sentences state, gaps, chains, comparisons and strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import DOCUMENTS, TEXTS

from crossover.errors import ConfigError, UnknownName
from crossover.experiments.making.drafts import KINDS, Draft, Loss, kinds_of
from crossover.experiments.making.facts import facts, prose
from crossover.experiments.making.sources import pairs, passages, spread
from crossover.experiments.making.templates import Templates
from crossover.experiments.making.values import amount, earlier, moment
from crossover.experiments.making.wordings import wordings
from crossover.types import Document, Passage

WORDS = wordings("templates")


def asked(sentence, ordinary=frozenset()):
    """Question and answer of each fact that a sentence states."""
    templates = Templates((), WORDS, 0)
    passage = Passage("d", 0, len(sentence), sentence)
    return [(templates.question(fact), fact.value) for fact in facts(passage, ordinary)]


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        (
            "The Mir Bridge was built by Ada Varn in 1902.",
            "By whom was the Mir Bridge built?",
            "Ada Varn",
        ),
        ("Varn Works was founded in March 1911.", "When was Varn Works founded?", "March 1911"),
        (
            "In 1911, Varn Works was founded in haste.",
            "When was Varn Works founded in haste?",
            "1911",
        ),
        ("Varn Works opened a mill in 1920.", "When did Varn Works open a mill?", "1920"),
        ("Ada Varn was born in Quill.", "Where was Ada Varn born?", "Quill"),
        (
            "The height of the Ostrel Tower is 61 metres.",
            "What is the height of the Ostrel Tower?",
            "61 metres",
        ),
        ("Varn Works employs 340 workers.", "How many workers does Varn Works employ?", "340"),
        (
            "The harbour master (HM) keeps the boats.",
            "What does the short form HM stand for?",
            "harbour master",
        ),
        (
            "Ostrel is a small town on the river Mir.",
            "What is Ostrel?",
            "a small town on the river Mir",
        ),
    ],
)
def test_a_sentence_that_states_a_fact_is_asked_for_it(sentence, question, answer):
    assert (question, answer) in asked(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It was founded in 1911.",
        "Table 3 was compiled in 1911.",
        "Results were obtained in 2019.",
        "In March we went home.",
    ],
)
def test_what_names_nothing_is_not_asked(sentence):
    assert asked(sentence, ordinary=frozenset({"it", "results"})) == []


def test_prose_leaves_tables_links_and_references_out():
    text = (
        "# A paper\n\nOstrel was founded in 1204 by people of Quill. See https://ostrel.example "
        "for all the details of it. | a | b | c | d | e | f |\n\n## References\n\nVarn, A. Bridges "
        "of the north were built long ago by hand.\n"
    )
    found = [passage.text for passage in prose(Document("d", text))]
    assert found == ["Ostrel was founded in 1204 by people of Quill."]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("1902", "1911", True),
        ("March 1911", "May 1911", True),
        ("March 3, 1911", "March 2, 1911", False),
        ("1911", "May 1911", None),
        ("May", "1911", None),
        ("1911", "1911", None),
    ],
)
def test_the_earlier_of_two_dates_is_told_only_where_they_tell(one, other, said):
    assert earlier(one, other) is said


def test_dates_and_amounts_are_read():
    assert moment("the 4th of July 1776") == (1776, 7, 4)
    assert moment("July") is None
    assert amount("$2.5 million") == 2_500_000
    assert amount("three") == 3
    assert amount("3 of 4") is None


def drafts(kind, number=50, documents=DOCUMENTS, seed=0):
    return Templates(documents, WORDS, seed).propose(kind, number, frozenset())


def test_evidence_is_the_documents_own_text():
    for kind in KINDS:
        for draft in drafts(kind):
            if isinstance(draft, Draft):
                for one in draft.evidence:
                    assert TEXTS[one.document][one.start : one.end] == one.text
                assert bool(draft.answers) == (kind != "unanswerable")


def test_a_chain_asks_about_what_another_sentence_names():
    chains = {d.question: d for d in drafts("multi_hop") if d.how == "chain"}
    asked = "Where was the one by whom the bridge of Ostrel was built born?"
    hidden = [d for d in drafts("multi_hop") if d.how == "hidden_name"]
    found = [*chains.values(), *hidden]
    assert found
    for draft in found:
        assert len(draft.steps) == len(draft.evidence) == 2
        # what links the two is not told
        assert draft.steps[0].answer not in draft.question
    assert asked in chains or hidden


def test_a_comparison_names_the_one_that_the_numbers_say():
    found = {draft.question: draft.answers for draft in drafts("comparison")}
    heights = {q: a for q, a in found.items() if q.startswith("Which has")}
    assert len(heights) == 1
    question, answers = heights.popitem()
    assert answers == (("the Ostrel Tower",) if "larger" in question else ("the Quill Lighthouse",))


def test_a_stranger_stands_in_no_document():
    together = " ".join(TEXTS.values()).casefold()
    found = drafts("unanswerable")
    assert found
    for draft in found:
        answerable = {d.question for d in drafts("single_hop")}
        assert draft.question not in answerable
        assert draft.question.casefold() not in together


def test_a_question_with_several_answers_is_a_named_loss():
    two = (*DOCUMENTS, Document("other.txt", "Varn Works was founded in 1799. It is quite old."))
    found = drafts("single_hop", documents=two)
    assert [(loss.why, loss.message) for loss in found if isinstance(loss, Loss)] == [
        ("several answers", "March 1911; 1799")
    ]
    assert not any(
        isinstance(one, Draft) and one.question == "When was Varn Works founded?" for one in found
    )


@given(st.integers(0, 10_000))
def test_the_same_seed_proposes_the_same(seed):
    for kind in KINDS:
        assert drafts(kind, 5, seed=seed) == drafts(kind, 5, seed=seed)


def test_full_documents_are_passed_over():
    templates = Templates(DOCUMENTS, WORDS, 0)
    found = templates.propose("single_hop", 50, frozenset({"ostrel.txt"}))
    assert found
    assert all(draft.documents == ("quill.txt",) for draft in found)


def test_pairs_of_passages_have_a_rare_name_in_common():
    long = [
        Document(d.id, f"{d.text} {'The people of the town go about it. ' * 12}") for d in DOCUMENTS
    ]
    found = passages(long)
    assert {passage.document for passage in found} == {"ostrel.txt", "quill.txt"}
    (pair,) = pairs(found, "seed")
    assert {passage.document for passage in pair} == {"ostrel.txt", "quill.txt"}
    assert sorted(spread(found, "s"), key=lambda p: (p.document, p.start)) == found


def test_kinds_are_named_in_any_way_and_unknown_ones_refused():
    assert kinds_of(["comparison", "Single-hop "]) == ("single_hop", "comparison")
    with pytest.raises(UnknownName, match="single_hop"):
        kinds_of(["singel_hop"])
    with pytest.raises(ConfigError, match="no kind"):
        kinds_of([""])
