"""Questions that a model writes, and what becomes of those that cannot stand."""

import pytest
from making import DOCUMENTS, TEXTS, Answering, written

from crossover import meter
from crossover.errors import ConfigError, ProviderError, UnknownName
from crossover.experiments.making.drafts import Draft, Loss
from crossover.experiments.making.wordings import wordings
from crossover.experiments.making.writing import Writer
from crossover.types import Document

WORDS = wordings("prompts")
# enough words for a passage that is shown
LONG = [
    Document(d.id, f"{d.text} {'The people of the town go about it. ' * 12}") for d in DOCUMENTS
]
BUILT = "The bridge of Ostrel was built by Ada Varn in 1902."
BORN = "Ada Varn was born in Quill."
NINE = "The harbour of Quill has nine cranes."


def proposed(kind, *replies, number=1, documents=LONG):
    """What a model's replies to the first passages become."""
    given = iter(replies)
    model = Answering(lambda request: next(given))
    with meter.metered():
        found = Writer(model, documents, WORDS, 0).propose(kind, number, frozenset())
    return found, model


def one_of(question, answer, *quotes):
    model = Answering(
        lambda r: (
            written({"question": question, "answer": answer, "quotes": list(quotes)})
            if r.passages[0].document == "ostrel.txt"
            else written()
        )
    )
    with meter.metered():
        found = Writer(model, LONG, WORDS, 0).propose("single_hop", 4, frozenset())
    return next(one for one in found if getattr(one, "why", "") != "nothing to ask")


def test_a_question_has_the_place_of_its_quote():
    draft = one_of("When was the bridge of Ostrel built?", "1902", BUILT)
    assert isinstance(draft, Draft)
    assert draft.answers == ("1902",)
    (place,) = draft.evidence
    assert TEXTS[place.document][place.start : place.end] == BUILT == place.text
    assert draft.how == "exact"
    assert draft.documents == ("ostrel.txt",)


def test_a_quote_in_other_type_is_found_and_told():
    draft = one_of("When was the bridge built in Ostrel?", ["1902"], BUILT.upper())
    assert draft.evidence[0].text == BUILT
    assert draft.how == "normalised"


@pytest.mark.parametrize(
    ("question", "answer", "quotes", "why"),
    [
        (
            "When was the bridge built?",
            "1902",
            ["The bridge was made of gold."],
            "quote not in the document",
        ),
        ("When was the bridge built?", "1902", [], "quote not in the document"),
        ("When, according to the passage, was it built?", "1902", [BUILT], "speaks of the text"),
        ("What do the authors of this text say?", "1902", [BUILT], "speaks of the text"),
        ("", "1902", [BUILT], "unreadable reply"),
        ("When was the bridge built?", "", [BUILT], "unreadable reply"),
    ],
)
def test_what_cannot_stand_is_a_named_loss(question, answer, quotes, why):
    found = one_of(question, answer, *quotes)
    assert isinstance(found, Loss)
    assert found.why == why


def test_replies_are_read_leniently_and_losses_named():
    bare = (
        f'```json\n[{{"question": "Who lives in Ostrel?", "answer": "x", "quotes": "{NINE}"}}]\n```'
    )
    by_town = {"ostrel.txt": "I would rather not.", "quill.txt": bare}
    model = Answering(lambda request: by_town[request.passages[0].document])
    with meter.metered():
        found = Writer(model, LONG, WORDS, 0).propose("single_hop", 4, frozenset())
    (draft,) = [one for one in found if isinstance(one, Draft)]
    assert draft.evidence[0].text == NINE
    assert [one.why for one in found if isinstance(one, Loss)] == ["unreadable reply"]


def test_a_call_that_fails_is_named_by_its_outcome():
    found, _ = proposed("single_hop", ProviderError("rate_limit", "busy"), written(), number=4)
    assert [one.why for one in found] == ["failed:rate_limit", "nothing to ask"]


def test_a_question_over_two_passages_needs_a_quote_of_each():
    both = {"question": "Where was the builder of the bridge born?", "answer": "Quill"}
    found, model = proposed("multi_hop", written(both | {"quotes": [BUILT, NINE]}))
    (draft,) = found
    assert len(model.asked[0].passages) == 2
    assert draft.documents == ("ostrel.txt", "quill.txt")
    lost, _ = proposed("multi_hop", written(both | {"quotes": [BUILT, BORN]}))
    assert [one.why for one in lost] == ["quotes from one passage only"]


def test_unanswerable_questions_have_no_answer():
    found, _ = proposed("unanswerable", written({"question": "Who painted the bridge of Ostrel?"}))
    (draft,) = found
    assert draft.answers == ()
    assert draft.evidence == ()


def test_what_documents_have_is_used_up():
    found, model = proposed("multi_hop", written(), number=5)
    assert [one.why for one in found] == ["nothing to ask"]
    assert len(model.asked) == 1


def test_the_order_of_passages_is_the_seeds():
    def order(seed):
        model = Answering(lambda request: written())
        with meter.metered():
            Writer(model, LONG, WORDS, seed).propose("single_hop", 4, frozenset())
        return [request.passages for request in model.asked]

    assert order(1) == order(1)


def test_prompts_can_be_replaced_by_name(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("single_hop: Ask $number things.\n")
    assert wordings("prompts", own).say("single_hop", number=2) == "Ask 2 things."
    assert wordings("prompts", own).digest != WORDS.digest
    own.write_text("singel: x\n")
    with pytest.raises(UnknownName, match="single_hop"):
        wordings("prompts", own)
    own.write_text("single_hop: ' '\n")
    with pytest.raises(ConfigError, match="is empty"):
        wordings("prompts", own)
    own.write_text("- a\n")
    with pytest.raises(ConfigError, match="maps names"):
        wordings("prompts", own)
