"""Compressors for which a model writes: summaries, and outlines over the text's own sentences."""

import json
from dataclasses import dataclass, field

import pytest
from passages import assert_verbatim

from crossover import catalog, meter
from crossover.compressors import _outlines, _writing
from crossover.errors import ProviderError, RefusedError, UnsupportedRequest, WindowError
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.models.reader import Reader
from crossover.roles import Compressor, Strategy
from crossover.types import Completion, Document, Passage, Question

QUESTION = "Who built the bridge of Ostrel?"
TOWN = (
    "Ostrel lies on the river Mir. "
    + "The market opens on Mondays and sells mostly cheese. " * 20
    + "Its bridge was not built by the town but by Ada Varn in 1902. "
    + "Rain falls in autumn, and the fields are wide. " * 20
)
WORDS = "One two three four. Five six seven eight. Nine ten eleven twelve."


@dataclass(frozen=True, slots=True)
class Recording(Fake):
    """A fake that keeps what it was asked, and replies from a list in turn where it has one."""

    asked: list = field(default_factory=list, compare=False)
    turns: tuple = ()

    def complete(self, request):
        self.asked.append(request)
        if not self.turns:
            return Fake.complete(self, request)
        reply = self.turns[(len(self.asked) - 1) % len(self.turns)]
        return Fake.complete(Fake(reply=reply), request)

    def complete_many(self, requests):
        return [self.complete(request) for request in requests]


def passage(text, name="d"):
    return Passage(name, 0, len(text), text)


def compress(spec, passages, budget, model, query=QUESTION):
    return catalog.load(Compressor, spec).compress(query, passages, budget, model)


def test_a_summary_stands_where_its_text_begins_and_keeps_to_its_budget():
    model = Recording(reply=WORDS)
    with meter.metered() as bill:
        (kept,) = compress("summary", [Passage("d", 40, 40 + len(TOWN), TOWN)], 9, model)
    assert kept.text == "One two three four. Five six seven eight."
    assert (kept.document, kept.start, kept.end, kept.pieces) == ("d", 40, 40, ())
    (asked,) = model.asked
    assert "at most 9 words" in asked.instruction
    assert (asked.question, asked.wants, asked.max_tokens) == (QUESTION, "summary", 9)
    assert [step.detail for step in bill.steps if step.name == "summary cut"]
    assert bill.usage.calls == 1


def test_a_summary_of_everything_names_no_question():
    model = Recording(reply="All.")
    compress("summary(focus=everything)", [passage(TOWN)], 9, model)
    assert model.asked[0].question == ""
    assert "question" not in model.asked[0].instruction


def test_several_passages_that_fit_are_one_request():
    model = Recording(reply="Both.")
    kept = compress("summary", [passage("One. Two.", "a"), passage("Three. Four.", "b")], 2, model)
    assert [(p.document, p.text) for p in kept] == [("a", "Both.")]
    assert [p.document for p in model.asked[0].passages] == ["a", "b"]


def test_long_input_is_summarised_piece_by_piece_and_billed():
    model = Recording(reply="Ada Varn built it.", input_price=1e6)
    with meter.metered() as bill:
        kept = compress("summary(piece=120, least=5)", [passage(TOWN)], 60, model)
    assert len(model.asked) == len(kept) == bill.usage.calls > 2
    assert bill.usage.dollars == bill.usage.input_tokens > Fake().count(TOWN)
    read = " ".join(p.text for request in model.asked for p in request.passages)
    assert read.split() == TOWN.split()
    starts = [p.start for p in kept]
    assert starts == sorted(set(starts))
    assert all(model.count(r.passages[0].text) <= 120 for r in model.asked)


def test_summaries_that_do_not_fit_together_are_condensed_again():
    many = [passage(TOWN, name) for name in "abc"]
    reply = Recording(reply="word " * 19 + "end.")
    kept = compress("summary(piece=120, least=20)", many, 30, reply)
    assert sum(map(reply.count, (p.text for p in kept))) <= 30
    first = [r for r in reply.asked if r.passages[0].start < r.passages[0].end]
    again = [r for r in reply.asked if r.passages[0].start == r.passages[0].end]
    assert len(first) > 3
    assert again


def test_no_window_is_exceeded():
    model = Recording(reply="Ada Varn built it.", context_window=300)
    kept = compress("summary(least=5)", [passage(TOWN)], 60, model)
    assert kept
    assert len(model.asked) > 1
    with pytest.raises(WindowError, match="no room"):
        compress("summary", [passage(TOWN)], 60, Fake(context_window=80))


def test_a_budget_beyond_one_summary_is_written_in_pieces():
    model = Recording(reply="word " * 39 + "end.")
    kept = compress("summary(longest=40)", [passage(TOWN)], 120, model)
    assert 80 <= sum(model.count(p.text) for p in kept) <= 120
    assert len(model.asked) >= 3


def test_what_contributes_nothing_is_said():
    model = Recording(turns=("Nothing relevant.", "Ada Varn built it.", " "))
    with meter.metered() as bill:
        kept = compress("summary(piece=120, least=5)", [passage(TOWN)], 60, model)
    said = [step.detail for step in bill.steps if step.name == "no summary"]
    assert {p.text for p in kept} == {"Ada Varn built it."}
    assert len(said) == len(model.asked) - len(kept) >= 2
    assert any("found nothing" in one for one in said)
    assert any("empty reply" in one for one in said)
    with meter.metered() as bill:
        assert compress("summary", [passage(TOWN)], 60, Fake(reply="Nothing relevant")) == []
    assert [step.name for step in bill.steps] == ["model call", "no summary"]


def test_empty_and_refused_summaries_are_outcomes():
    with pytest.raises(ProviderError, match="no summary") as raised:
        compress("summary(piece=120)", [passage(TOWN)], 60, Fake(reply=""))
    assert raised.value.outcome == "failed:empty"
    with pytest.raises(RefusedError):
        compress("summary(piece=120)", [passage(TOWN)], 60, Fake(fails="refused"))
    question = Question("q", QUESTION, (Document("d", TOWN),))
    strategy = catalog.load(Strategy, "compressed(compressor=summary)")
    assert measured(strategy, question, Fake(reply="")).outcome == "failed:empty"
    assert measured(strategy, question, Fake(fails="refused")).outcome == "refused"


def test_nobody_is_asked_about_blank_text():
    assert compress("summary", [passage(" \n ")], 9, Fake(fails="server")) == []
    assert compress("outline", [passage(" \n ")], 9, Fake(fails="server")) == []


def test_another_model_writes_in_its_own_tokens():
    loaded = catalog.load(Compressor, "summary(writer=fake(reply=Ada Varn built it.))")
    assert catalog.load(Compressor, catalog.spec(loaded)) == loaded
    with meter.metered() as bill:
        (kept,) = loaded.compress(QUESTION, [passage(TOWN)], 60, Reader())
    assert kept.text == "Ada Varn built it."
    assert bill.usage.calls == 1
    with meter.metered(planning=True) as planned:
        expensive = "summary(writer=fake(fails=server, input_price=1000000))"
        compress(expensive, [passage(TOWN)], 60, Reader())
    assert planned.usage.calls == 1
    assert planned.usage.dollars == planned.usage.input_tokens > 400


def test_a_model_that_quotes_keeps_the_places():
    start = 70
    source = {"d": "x" * start + TOWN}
    given = [Passage("d", start, start + len(TOWN), TOWN)]
    (kept,) = compress("summary", given, 25, Reader(threads=1))
    assert "Ada Varn" in kept.text
    assert kept.pieces
    assert Reader().count(kept.text) <= 25
    assert_verbatim(kept, source)
    assert len(kept.text) - 3 <= sum(p.end - p.start for p in kept.pieces) <= len(kept.text)


def test_a_reply_that_adds_to_its_evidence_is_no_quotation():
    given = [passage("One is here. Two is here.")]
    evidence = (given[0].cut(13, 25),)
    reply = Completion("Two is here.", evidence=evidence)
    assert [(u.start, u.end) for u in _writing.quoted(reply, given)] == [(13, 25)]
    assert _writing.quoted(Completion("Two is not here.", evidence=evidence), given) == []
    assert _writing.quoted(Completion("Two is here."), given) == []


def test_an_unfinished_sentence_goes():
    assert _writing.shortened("One two. Three fo", 9, Fake(), unfinished=True) == "One two."
    assert _writing.shortened("One two thr", 2, Fake(), unfinished=True) == "One two"
    assert _writing.shortened(" One two. Three four. ", 9, Fake()) == "One two. Three four."


LINES = (
    "Ostrel lies on the Mir. It rains there. Ada Varn built the bridge. It has nine arches. "
    "The market sells cheese."
)
DRAWN = {
    "scope": "A town on a river",
    "aspects": [
        {"name": "Place", "sentences": "1-2"},
        {"name": "The bridge", "sentences": [3, 4]},
    ],
}


def test_an_outline_shows_the_texts_own_sentences_under_its_headings():
    model = Recording(reply=json.dumps(DRAWN))
    kept = compress("outline", [passage(LINES)], 100, model)
    assert [p.text for p in kept] == [
        "Scope: A town on a river\n1. Place\nOstrel lies on the Mir. It rains there.\n"
        "2. The bridge\nAda Varn built the bridge. It has nine arches.",
        "Other\nThe market sells cheese.",
    ]
    for one in kept:
        assert_verbatim(one, {"d": LINES})
    shown = " ".join(LINES[p.start : p.end] for one in kept for p in one.pieces)
    assert shown == LINES
    (asked,) = model.asked
    assert asked.wants == "json"
    assert asked.passages[0].text.splitlines()[2] == "[3] Ada Varn built the bridge."


def test_an_outline_over_budget_keeps_the_aspects_that_bear_on_the_question():
    model = Fake(reply=json.dumps(DRAWN))
    (kept,) = compress("outline", [passage(LINES)], 18, model)
    assert kept.text == (
        "Scope: A town on a river\n2. The bridge\nAda Varn built the bridge. It has nine arches."
    )
    (kept,) = compress("outline", [passage(LINES)], 6, model)
    assert kept.text == "Ada Varn built the bridge."
    (kept,) = compress("outline(ranker=reader)", [passage(LINES)], 14, model)
    assert "Ada Varn built the bridge." in kept.text


@pytest.mark.parametrize("budget", range(1, 40))
def test_an_outline_never_exceeds_its_budget(budget):
    kept = compress("outline", [passage(LINES), passage(LINES, "e")], budget,
                    Fake(reply=json.dumps(DRAWN)))  # fmt: skip
    assert 0 < sum(Fake().count(p.text) for p in kept) <= budget
    for one in kept:
        assert_verbatim(one, {"d": LINES, "e": LINES})


def test_an_outline_spans_passages():
    parts = [passage("One is low. Two is fast.", "x"), passage("Three is odd. Four is even.", "y")]
    drawn = {"scope": "Letters", "aspects": [{"name": "Middle", "sentences": "2-3"}]}
    kept = compress("outline", parts, 99, Fake(reply=json.dumps(drawn)))
    assert [(p.document, p.text) for p in kept] == [
        ("x", "Scope: Letters\n1. Middle\nTwo is fast."),
        ("x", "Other\nOne is low."),
        ("y", "1. Middle\nThree is odd."),
        ("y", "Other\nFour is even."),
    ]


@pytest.mark.parametrize(
    "reply",
    [
        "I cannot do that.", "", "{", "[1, 2]", '{"scope": "x"}', '{"aspects": "none"}',
        '{"aspects": [{"name": "x", "sentences": "90-99"}]}', "null", "a: &a [*a]",
    ],
)  # fmt: skip
def test_a_reply_without_an_outline_is_said_and_the_best_sentences_stay(reply):
    with meter.metered() as bill:
        kept = compress("outline", [passage(LINES)], 6, Fake(reply=reply))
    assert [p.text for p in kept] == ["Ada Varn built the bridge."]
    assert [step.name for step in bill.steps] == ["model call", "no outline"]


@pytest.mark.parametrize(
    "reply",
    [
        'Here you are:\n```json\n{"aspects": [{"name": "A", "sentences": "1-2"}]}\n```\nDone.',
        "```yaml\nScope: s\nAspects:\n- AspectName: A\n  SentenceRange: [1, 2]\n```",
        'Sure: {"aspects": [{"name": "A", "sentences": [[1, 2]]}]}',
        '[{"name": "A", "sentences": "1, 2"}]',
        '{"aspects": [{"title": "A", "sentences": ["1", "2"], "aspects": null}]}',
        '{"aspects": [{"name": "A", "sentences": "1 to 2"}]}',
        "{aspects: [{name: A, sentences: 1-2,},],}",
    ],
)
def test_outlines_are_read_as_models_write_them(reply):
    found = _outlines.read(reply, 3)
    assert found.of == {1: "1", 2: "1"}
    assert found.aspects["1"].name == "A"


def test_the_deepest_aspect_has_a_sentence_and_numbers_are_checked():
    inner = [{"name": "in", "sentences": "2-99"}, {"name": "late", "sentences": "2"}]
    outline = {"aspects": [{"name": "out", "sentences": "0-3", "aspects": inner}]}
    found = _outlines.read(json.dumps(outline), 4)
    assert found.of == {1: "1", 2: "1.1", 3: "1.1", 4: "1.1"}
    kept = compress(
        "outline", [passage("A b. C d. E f. G h.")], 99, Fake(reply=json.dumps(outline))
    )
    assert kept[0].text == "1. out\nA b.\n1.1. in\nC d. E f. G h."


def test_long_text_is_outlined_in_pieces():
    model = Recording(reply=json.dumps(DRAWN))
    with meter.metered() as bill:
        kept = compress("outline(piece=150)", [passage(TOWN)], 100, model)
    assert len(model.asked) == bill.usage.calls > 2
    assert all(model.count(r.passages[0].text) <= 150 for r in model.asked)
    assert all(r.passages[0].text.startswith("[1] ") for r in model.asked)
    assert "Ada Varn" in " ".join(p.text for p in kept)


def test_the_reader_draws_no_outline():
    with pytest.raises(UnsupportedRequest):
        compress("outline", [passage(LINES)], 6, Reader(threads=1))
    question = Question("q", QUESTION, (Document("d", TOWN),))
    strategy = catalog.load(Strategy, "compressed(compressor=outline)")
    assert measured(strategy, question, Reader(threads=1)).outcome == "unsupported"
