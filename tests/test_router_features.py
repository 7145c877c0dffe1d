"""What the router's features tell of questions, documents, retrieval, answers and models."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.errors import DataError
from crossover.router.features.documents import document_features
from crossover.router.features.meaning import Meaning
from crossover.router.features.question import question_features
from crossover.router.features.reply import reply_features
from crossover.router.features.retrieval import Evidence, retrieval_features, terms
from crossover.router.features.traits import trait_features
from crossover.types import Answer, Document, Question

FILLER = "The weather stayed mild and people went about their usual business in town. " * 60
TEXT = (
    FILLER
    + "The Harbour Lantern was painted by Ada Quill in 1874 for 320 guineas. "
    + FILLER
    + "Its frame was carved by Tobias Renn from walnut. "
    + FILLER
)
LANTERN = Document("lantern", TEXT)
ASKED = "Who painted the Harbour Lantern?"


def absent() -> str:
    raise DataError("left out")


def features(question: str) -> dict[str, float]:
    return question_features(Question("q", question))


@pytest.mark.parametrize(
    ("question", "cue"),
    [
        ("How many ships sailed?", "asks_amount"),
        ("Why did she leave?", "asks_why"),
        ("How do revenue and cost differ between 2022 and 2023?", "compares"),
        ("According to the report, what is the main risk?", "according_to"),
        ("Was the bridge ever finished?", "asks_yes_no"),
    ],
)
def test_a_question_shows_its_cue(question: str, cue: str) -> None:
    assert features(question)[f"question.{cue}"] == 1
    assert features("Name the captain.")[f"question.{cue}"] == 0


def test_a_question_counts_what_it_names() -> None:
    found = features("In paper 0 and paper 2, what did Ada Quill report for 2021 and 2022?")
    assert found["question.sources"] == 2
    assert found["question.years"] == 2
    assert found["question.names"] == 2


@given(st.text(max_size=300))
def test_any_text_gives_the_same_names_and_numbers(text: str) -> None:
    found = features(text)
    assert found.keys() == features("What is it?").keys()
    assert all(math.isfinite(value) for value in found.values())


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_answer_gives_the_same_names(question: str, text: str) -> None:
    evidence = Evidence.of([LANTERN])
    expected = reply_features(ASKED, Answer("Ada Quill."), evidence).keys()
    assert reply_features(question, Answer(text), evidence).keys() == expected
    assert retrieval_features(question, evidence).keys() == retrieval_features("", None).keys()


def test_documents_tell_length_and_style() -> None:
    short, long = document_features([Document("a", TEXT)]), document_features([LANTERN] * 8)
    assert long["documents.log_tokens"] == pytest.approx(
        short["documents.log_tokens"] + math.log(8)
    )
    numbers = document_features([Document("n", "1,204 3,301 9,920. " * 300)])
    assert numbers["documents.digits"] > 10 * short["documents.digits"]


def test_an_absent_document_gives_its_nominal_length_and_the_same_names() -> None:
    found = document_features([Document("gone", absent, {"tokens": "32000"})])
    assert found["documents.log_tokens"] == pytest.approx(math.log(32000))
    assert math.isnan(found["documents.digits"])
    assert found.keys() == document_features([LANTERN]).keys()
    assert Evidence.of([Document("gone", absent)]) is None


def test_what_the_document_holds_is_known_and_what_it_lacks_is_not() -> None:
    evidence = Evidence.of([LANTERN])
    held = retrieval_features(ASKED, evidence)
    lacking = retrieval_features("Who insured the Harbour Zeppelin?", evidence)
    assert held["retrieval.known"] == held["retrieval.best"] == 1
    assert lacking["retrieval.known"] < 0.6
    assert lacking["retrieval.unknown_weight"] > held["retrieval.unknown_weight"] == 0
    assert lacking["retrieval.names_known"] < held["retrieval.names_known"] == 1


def test_the_best_window_is_where_the_words_stand() -> None:
    evidence = Evidence.of([Document("other", FILLER), LANTERN])
    assert evidence is not None
    [(_, window)] = evidence.ranked(terms(ASKED), 1)
    assert evidence.holding([window], terms("Ada Quill")) == set(terms("Ada Quill"))


def test_an_answer_from_the_document_is_supported_and_an_invented_one_is_not() -> None:
    evidence = Evidence.of([LANTERN])
    true = reply_features(ASKED, Answer("Ada Quill, in 1874, for 320 guineas."), evidence)
    false = reply_features(ASKED, Answer("Bartholomew Zinck, in 1912, for 45 ducats."), evidence)
    assert true["reply.known"] == true["reply.numbers_known"] == 1
    assert false["reply.known"] == false["reply.numbers_known"] == 0
    assert true["reply.unknown_weight"] == 0 < false["reply.unknown_weight"]


def test_declines_failures_and_hedges_are_told_apart() -> None:
    declined = reply_features(ASKED, Answer("The passages do not mention the painter."), None)
    failed = reply_features(ASKED, Answer("", outcome="failed:empty"), None)
    hedged = reply_features(ASKED, Answer("It may have been Ada Quill."), None)
    assert [f["reply.declines"] for f in (declined, failed, hedged)] == [1, 0, 0]
    assert [f["reply.failed"] for f in (declined, failed, hedged)] == [0, 1, 0]
    assert [f["reply.hedges"] for f in (declined, failed, hedged)] == [0, 0, 1]
    assert math.isnan(declined["reply.known"])


def test_traits_tell_models_apart_with_and_without_grades() -> None:
    answers = {"rag": [Answer("It does not say."), Answer("Ada.")], "full": [Answer("Ada.")] * 2}
    bare = trait_features(answers)
    graded = trait_features(answers, {"rag": [0.0, 1.0], "full": [1.0, None]}, window=1000)
    assert (bare["model.declines.rag"], bare["model.declines.full"]) == (0.5, 0)
    assert math.isnan(bare["model.quality.full"])
    assert graded["model.gain.full"] == 1
    assert graded.keys() == bare.keys()


def test_meaning_keeps_the_directions_in_which_questions_vary() -> None:
    np = pytest.importorskip("numpy")
    vectors = np.random.default_rng(0).normal(size=(60, 8)) * np.array([5, 3, 1, 0, 0, 0, 0, 0]) + 2
    meaning = Meaning.of(vectors.astype("float32"), 3)
    places = np.array([list(meaning.features(v).values()) for v in vectors])
    assert places.std(0)[0] > places.std(0)[1] > places.std(0)[2] > 0.5
    assert places.mean(0) == pytest.approx(0, abs=1e-4)
    again = Meaning.from_json(meaning.to_json()).features(vectors[0])
    assert list(again.values()) == pytest.approx(places[0], abs=1e-3)


def test_what_a_strategy_measures_of_its_work_is_a_feature():
    answer = Answer("Ada Quill", figures={"agreement": 0.5, "citation_recall": None})
    found = reply_features(ASKED, answer, None)
    assert found["reply.figure.agreement"] == 0.5
    assert math.isnan(found["reply.figure.citation_recall"])
    assert not any("figure" in name for name in reply_features(ASKED, Answer("Ada"), None))
