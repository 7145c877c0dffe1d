import threading
import time

import pytest

from crossover import catalog, meter
from crossover.errors import UnsupportedRequest
from crossover.models.reader import Reader, _weights
from crossover.roles import Model
from crossover.types import DO_THEY_ANSWER, Passage, Request

TEXT = (
    "Ostrel lies on the river Mir. The bridge of Ostrel was built by Ada Varn in 1902. "
    "Cheese is sold on Mondays. The mayor likes long walks."
)
ASKED = "Who built the bridge of Ostrel?"
BUILT = "The bridge of Ostrel was built by Ada Varn in 1902."
ELSEWHERE = "Photosynthesis needs light. Gulls cry at sea."


@pytest.fixture(scope="module")
def reader():
    return catalog.load(Model, "reader")


def _passages(*texts):
    return tuple(Passage(f"d{n}", 100, 100 + len(t), t) for n, t in enumerate(texts))


def _request(*texts, question=ASKED, instruction="Answer.", **options):
    return Request(instruction, question, _passages(*texts), **options)


def test_it_replies_with_the_span_and_says_where_it_stands(reader):
    reply = reader.complete(_request(TEXT))
    assert reply.text == "Ada Varn"
    (evidence,) = reply.evidence
    assert TEXT[evidence.start - 100 : evidence.end - 100] == evidence.text == BUILT
    assert reply.usage.dollars == 0
    assert reply.usage.input_tokens == reader.count(TEXT) + reader.count(ASKED)
    assert reply.usage.output_tokens == reader.count("Ada Varn")


def test_it_declines_what_the_passages_do_not_hold(reader):
    for request in (_request(), _request(ELSEWHERE), _request("")):
        reply = reader.complete(request)
        assert (reply.text, reply.declined, reply.evidence) == ("", True, ())


def test_it_finds_one_passage_among_many(reader):
    filler = [f"Nothing of note happened in week {n}. The weather was mild." for n in range(300)]
    reply = reader.complete(_request(*filler[:299], TEXT, filler[299]))
    assert reply.text == "Ada Varn"
    assert reply.evidence[0].document == "d299"


def test_many_windows_without_an_answer_stay_without_one(reader):
    filler = [
        f"The council of week {n} spoke of taxes, hay and the price of {n} eggs." * 6
        for n in range(300)
    ]
    assert reader.complete(_request(*filler)).declined


def test_it_replies_with_whole_sentences_where_told():
    two = catalog.load(Model, "reader(reply=sentences, sentences=2)")
    reply = two.complete(_request(TEXT))
    assert len(reply.evidence) == 2
    assert BUILT in reply.text
    in_order = sorted(reply.evidence, key=lambda sentence: sentence.start)
    assert reply.text == " ".join(sentence.text for sentence in in_order)


@pytest.mark.parametrize("wants", ["evidence", "summary"])
def test_evidence_is_the_most_relevant_sentences_within_the_limit(reader, wants):
    reply = reader.complete(_request(ELSEWHERE, TEXT, wants=wants, max_tokens=16))
    assert reply.text == BUILT
    assert not reply.declined
    longer = reader.complete(_request(ELSEWHERE, TEXT, wants=wants, max_tokens=200))
    assert longer.text == f"{ELSEWHERE} {TEXT}", "all of it fits, in the order of the passages"


def test_a_summary_needs_no_question(reader):
    reply = reader.complete(
        _request(TEXT, question="", instruction="Summarise.", wants="summary", max_tokens=30)
    )
    assert reply.text
    assert reader.count(reply.text) <= 30


def test_it_says_whether_passages_answer(reader):
    asked = {"instruction": DO_THEY_ANSWER, "wants": "verdict"}
    assert reader.complete(_request(ELSEWHERE, TEXT, **asked)).text == "yes"
    assert reader.complete(_request(ELSEWHERE, **asked)).text == "no"
    assert reader.complete(_request(**asked)).text == "no"


@pytest.mark.parametrize("wants", ["verdict", "json", "code"])
def test_it_refuses_what_it_cannot_do(reader, wants):
    with pytest.raises(UnsupportedRequest, match=wants):
        reader.complete(_request(TEXT, instruction="Is this answer right?", wants=wants))


def test_it_chooses_the_choice_that_the_passages_support(reader):
    choices = ("Belo Trask in 1850", "Ada Varn in 1902", "nobody")
    assert reader.complete(_request(TEXT, choices=choices)).text == "B"


def test_it_ranks_passages_and_gives_probabilities(reader):
    (found,) = reader.read([(ASKED, _passages(ELSEWHERE, "Bridges are built of stone.", TEXT))])
    assert found.ranked[0].document == "d2"
    assert found.answerable > 0.5
    every = [*found.spans, *found.sentences, *found.passages]
    assert all(0 <= one.score <= 1 for one in every)
    assert max(found.sentences, key=lambda one: one.score).text == BUILT


def test_without_spans_every_sentence_is_read_once(reader):
    text = " ".join(
        f"In week {n} Ada Varn sold {n} eggs to the mayor of Ostrel." for n in range(99)
    )
    passages = _passages(TEXT, text)
    (found,) = reader.read([(ASKED, passages)], spans=False)
    (whole,) = reader.read([(ASKED, passages)])
    assert found.spans == () and whole.spans
    places = [(one.document, one.start) for one in found.sentences]
    assert len(places) == len(set(places)) == 4 + 99
    assert len(whole.sentences) > len(places)
    assert max(found.sentences, key=lambda one: one.score).text == BUILT
    assert found.passages[0].score == pytest.approx(whole.passages[0].score, abs=0.02)
    assert found.answerable == max(one.score for one in found.passages)


def test_questions_read_together_find_what_each_finds_alone(reader):
    asked = [(ASKED, _passages(TEXT)), ("When are gulls heard?", _passages(ELSEWHERE, TEXT))]
    together = reader.read(asked)
    for pair, found in zip(asked, together, strict=True):
        (alone,) = reader.read([pair])
        assert [s.text for s in alone.spans[:1]] == [s.text for s in found.spans[:1]]
        assert found.answerable == pytest.approx(alone.answerable, abs=0.02)
        assert found.tokens == alone.tokens


def test_what_is_read_is_charged_once(reader):
    requests = [_request(TEXT), _request(ELSEWHERE, TEXT)]
    with meter.metered() as bill:
        replies = reader.complete_many(requests)
    assert bill.usage.input_tokens == sum(reply.usage.input_tokens for reply in replies)
    assert bill.usage.output_tokens == sum(reply.usage.output_tokens for reply in replies)
    assert bill.usage.calls == 2
    assert bill.usage.compute_seconds > 0


def test_long_texts_without_a_sentence_end_are_read_whole(reader):
    rows = "\n".join(f"| item {n} | {n * 7} |" for n in range(300))
    reply = reader.complete(_request(f"{rows}\n| bridge built by Ada Varn in Ostrel | 1902 |"))
    assert "Ada Varn" in reply.evidence[0].text
    assert reader.count("x" * 300_000) > 0


def test_long_reading_says_how_far_it_is_and_ends_when_told(reader):
    heard = []
    text = " ".join(f"The council of week {n} spoke of taxes." for n in range(2000))
    with meter.watched(lambda *progress: heard.append(progress)):
        reader.complete(_request(text))
        assert heard[-1] == ("reading", len(text), len(text)) or heard[-1][1] > 0.95 * len(text)
        assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
        assert len(heard) > 3
        threading.Timer(0.2, meter.stop).start()
        started = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            for _ in range(1000):
                reader.complete(_request(text))
        assert time.perf_counter() - started < 60
    assert reader.complete(_request(TEXT)).text == "Ada Varn"


def test_the_weights_are_small_half_precision_and_have_a_card():
    import torch
    from safetensors.torch import load_file

    assert _weights.FILE.stat().st_size <= 46_000_000
    assert {weights.dtype for weights in load_file(_weights.FILE).values()} == {torch.float16}
    card = _weights.FILE.with_name("MODEL_CARD.md").read_text()
    for part in ("Training", "licence", "Scores", "Limits"):
        assert part in card


def test_reader_is_configuration():
    assert Reader() == Reader()
    assert catalog.spec(catalog.load(Model, "reader(reply=sentences)")) == "reader(reply=sentences)"
