import pytest

from crossover import catalog
from crossover.errors import UnsupportedRequest
from crossover.roles import Model
from crossover.types import Passage, Request

TEXT = (
    "Ostrel lies on the river Mir. The bridge of Ostrel was built by Ada Varn in 1902. "
    "Cheese is sold on Mondays. The mayor likes long walks."
)
ASKED = "Who built the bridge of Ostrel?"


@pytest.fixture(scope="module")
def reader():
    return catalog.load(Model, "reader(sentences=1)")


def _request(*texts, question=ASKED, **options):
    passages = tuple(Passage(f"d{n}", 100, 100 + len(t), t) for n, t in enumerate(texts))
    return Request("Answer.", question, passages, **options)


def test_it_quotes_the_sentence_that_answers_and_says_where_it_stands(reader):
    reply = reader.complete(_request(TEXT))
    assert reply.text == "The bridge of Ostrel was built by Ada Varn in 1902."
    (evidence,) = reply.evidence
    assert TEXT[evidence.start - 100 : evidence.end - 100] == evidence.text == reply.text
    assert reply.usage.dollars == 0
    assert reply.usage.input_tokens >= reader.count(TEXT)


def test_it_declines_what_the_passages_do_not_hold(reader):
    for request in (_request(), _request("Photosynthesis needs light. Gulls cry at sea.")):
        reply = reader.complete(request)
        assert (reply.text, reply.declined, reply.evidence) == ("", True, ())


def test_it_reads_every_passage_however_many(reader):
    filler = [f"Nothing of note happened in week {n}. The weather was mild." for n in range(600)]
    reply = reader.complete(_request(*filler[:599], TEXT, filler[599]))
    assert "Ada Varn" in reply.text
    assert reply.evidence[0].document == "d599"


def test_several_sentences_come_in_document_order_and_within_the_limit():
    three = catalog.load(Model, "reader(sentences=3, decline_below=0)")
    reply = three.complete(_request(TEXT))
    assert len(reply.evidence) == 3
    in_order = sorted(reply.evidence, key=lambda sentence: sentence.start)
    assert reply.text == " ".join(sentence.text for sentence in in_order)
    assert in_order != list(reply.evidence), "evidence comes best first"
    short = three.complete(_request(TEXT, max_tokens=14))
    assert short.text == "The bridge of Ostrel was built by Ada Varn in 1902."


def test_it_chooses_the_choice_nearest_to_what_it_found(reader):
    choices = ("Belo Trask in 1850", "Ada Varn in 1902", "nobody")
    assert reader.complete(_request(TEXT, choices=choices)).text == "B"


@pytest.mark.parametrize("wants", ["summary", "verdict", "json", "code"])
def test_it_refuses_what_it_cannot_do(reader, wants):
    with pytest.raises(UnsupportedRequest, match=wants):
        reader.complete(_request(TEXT, wants=wants))


def test_long_texts_without_a_sentence_end_are_read_whole(reader):
    rows = "\n".join(f"| item {n} | {n * 7} |" for n in range(300))
    reply = reader.complete(_request(f"{rows}\n| bridge built by Ada Varn in Ostrel | 1902 |"))
    assert "Ada Varn" in reply.text
    assert reader.count("x" * 300_000) > 0
