import pytest
from hypothesis import given
from hypothesis import strategies as st
from misbehaving import answer, hang, status
from ostrel_questions import AFTER, ASK, CHOICE, QUESTION, TEXT, TOWN, named
from passages import assert_verbatim
from scripted import ask, by_prompt

from crossover import catalog
from crossover.experiments.plan import Planned
from crossover.limits import Limits
from crossover.measure import measured
from crossover.pipelines._citing import Checked, Statement, numbered, read_statements
from crossover.roles import Model, Strategy
from crossover.types import Document, Passage, Question


@pytest.mark.parametrize(
    ("reply", "text", "stated"),
    [
        ("Ada Varn [2].", "Ada Varn.", [("Ada Varn.", (2,))]),
        ("Ada built it. [2] It is old. [3]", None, [("Ada built it.", (2,)), ("It is old.", (3,))]),
        ("Ada built it [2]. It is old [3][1].", None, [("Ada built it.", (2,)), (None, (3, 1))]),
        ("Ada [1] and Bo [2] built it. It is old.", None, [(None, (1, 2)), ("It is old.", ())]),
        ("It is old [2-4, 9].", "It is old.", [("It is old.", (2, 3, 4, 9))]),
        ("It is old [1-999999].", "It is old.", [("It is old.", (1, 999999))]),
        ("[4] Ada.", "Ada.", [("Ada.", (4,))]),
        ("[4]", "", []),
        ("Ada [sic] built x[i].", "Ada [sic] built x[i].", [("Ada [sic] built x[i].", ())]),
    ],
)
def test_citations_are_read_out_of_a_reply(reply, text, stated):
    bare, found = read_statements(reply)
    assert text is None or bare == text
    assert [one.cited for one in found] == [numbers for _, numbers in stated]
    assert all(words in (None, one.text) for one, (words, _) in zip(found, stated, strict=True))


@given(st.text(st.sampled_from("ab[]1,-–9. \n") | st.characters(codec="utf-8"), max_size=60))
def test_any_reply_can_be_read(reply):
    bare, found = read_statements(reply)
    assert all(one.text in bare for one in found)


def test_sentences_are_numbered_through_all_passages_and_keep_their_places():
    written = Passage("town", 5, 5, "A summary. Of two sentences.")
    shown, every = numbered([Passage("town", 0, 71, TEXT[:71]), written])
    assert shown[0].text.splitlines() == [f"[1] {TEXT[:29]}", f"[2] {TEXT[30:71]}"]
    assert shown[1].text == "[3] A summary.\n[4] Of two sentences."
    assert [sentence.text for sentence in every][1] == TEXT[30:71]
    for passage in (*shown, *every):
        assert_verbatim(passage, {"town": TEXT})
        assert passage.pieces or passage.start == passage.end


SENTENCES = numbered([Passage("town", 0, len(TEXT), TEXT)])[1]


@pytest.mark.parametrize(
    ("statement", "cited", "recall", "precision"),
    [
        ("Ada Varn built the bridge in 1902.", (2,), 1, 1),
        ("Ada Varn built the bridge in 1902.", (2, 3), 1, 0.5),
        ("Ada Varn built the bridge in 1905.", (2,), 0, 0),
        ("Ada Varn built the bridge.", (4,), 0, 0),
        ("Ada Varn built the bridge.", (9, 2), 1, 0.5),
        ("Ada Varn built the bridge.", (9,), 0, 0),
        ("Ada Varn and the mayor, Belo Trask.", (2, 4), 1, 1),
        ("Ada Varn.", (), 0, None),
    ],
)
def test_citations_are_held_against_their_sentences(statement, cited, recall, precision):
    checked = Checked([Statement(statement, cited)], SENTENCES, QUESTION, 0.7)
    assert checked.figures["citation_recall"] == recall
    assert checked.figures.get("citation_precision") == precision
    assert checked.figures["invented_citations"] == cited.count(9)
    assert checked.figures["uncited_statements"] == (not cited)
    assert [p.text for p in checked.cited] == [SENTENCES[n - 1].text for n in cited if n < 9]


def test_words_of_the_question_support_nothing_and_each_of_two_grounds_counts():
    belo = Statement("The bridge of Ostrel was built by Belo.", (2,))
    assert Checked([belo], SENTENCES, QUESTION, 0.5).figures["citation_recall"] == 0
    twice = Statement("Ada Varn built it.", (2, 5))
    figures = Checked([twice], [*SENTENCES, SENTENCES[1]], QUESTION, 0.5).figures
    assert figures["citation_precision"] == 1


def test_a_strategy_that_compresses_is_run_for_what_it_shows(endpoint):
    endpoint.play(by_prompt((ASK, "Ada Varn [1]"), otherwise="Ada"))
    found = ask("cite(strategy=rag(compressor=extractive, rate=0.4))", QUESTION, endpoint)
    assert len(endpoint.requests) == 2
    assert len(found.passages[0].text) < len(TEXT)
    assert found.compression.rate == 0.4


def test_an_answer_that_was_asked_to_cite_is_checked(endpoint):
    endpoint.play(answer("Ada Varn built it in 1902 [2]. She was mayor [4][7]."))
    found = ask("cite", QUESTION, endpoint)
    assert found.text == "Ada Varn built it in 1902. She was mayor."
    assert [p.text for p in found.evidence] == [SENTENCES[1].text, SENTENCES[3].text]
    assert found.stated == (("Ada Varn built it in 1902.", (0,)), ("She was mayor.", (1,)))
    assert "[4] The mayor of Ostrel is Belo Trask." in endpoint.requests[0].prompt
    assert found.passages[0].text.startswith("[1] Ostrel")
    assert (len(endpoint.requests), found.usage.calls) == (1, 1)
    (step,) = named(found, "citations checked")
    assert "invented_citations 1" in step.detail
    assert "citation_precision 0.6667" in step.detail
    for passage in (*found.passages, *found.evidence):
        assert_verbatim(passage, {"town": TEXT})


def test_a_strategy_that_does_not_retrieve_is_run_first_and_billed(endpoint):
    endpoint.play(by_prompt((ASK, "Ada Varn [2]"), otherwise="Ada"))
    found = ask("cite(strategy=full_context)", QUESTION, endpoint)
    assert (found.text, found.usage.calls) == ("Ada Varn", 2)
    assert [p.text for p in found.evidence] == [SENTENCES[1].text]
    endpoint.play(by_prompt((ASK, "never asked"), otherwise="Ada"))
    alone = ask("cite(strategy=closed_book)", QUESTION, endpoint)
    assert (alone.text, alone.evidence, alone.usage.calls) == ("Ada", (), 1)


def test_a_memory_is_cited_with_its_dates(endpoint):
    endpoint.play(answer("A boat [2]"))
    talk = Document("talk", "Session 1, 9 June, 2023\nBo: I sold a boat.")
    found = ask("cite(strategy=memory(retriever=bm25))", Question("q", "What?", (talk,)), endpoint)
    assert "[1] Session 1, 9 June, 2023\n[2] Bo: I sold a boat." in endpoint.requests[0].prompt
    assert [p.text for p in found.evidence] == ["Bo: I sold a boat."]
    assert found.usage.calls == 1


def test_a_choice_cites_too_and_is_checked_by_its_words(endpoint):
    endpoint.play(answer("B [2]"))
    found = ask("cite", CHOICE, endpoint)
    assert (found.text, [p.text for p in found.evidence]) == ("B", [SENTENCES[1].text])
    assert "citation_recall 1" in named(found, "citations checked")[0].detail


def test_code_is_left_as_it_is(endpoint):
    endpoint.play(answer("x = y[2]"))
    found = ask("cite", Question("q", "Write it.", (TOWN,), "code"), endpoint)
    assert (found.text, found.evidence) == ("x = y[2]", ())


def test_an_answer_of_citations_alone_is_empty_and_one_that_declines_cites_nothing(endpoint):
    endpoint.play(answer("[2][3]"))
    found = ask("cite", QUESTION, endpoint)
    assert (found.text, found.outcome) == ("", "failed:empty")
    endpoint.play(answer("The passages do not mention it [2]."))
    found = ask("cite", QUESTION, endpoint)
    assert (found.outcome, found.evidence) == ("declined", ())


def test_an_answer_is_cited_afterwards_statement_by_statement(endpoint):
    def which(asked):
        return "[2]" if "Answer: Ada Varn built it." in asked.prompt else "none"

    replies = by_prompt((AFTER, answer(which)), otherwise="Ada Varn built it. The moon is near.")
    endpoint.play(replies)
    found = ask("cite(mode=after)", QUESTION, endpoint)
    assert found.text == "Ada Varn built it. The moon is near."
    assert [p.text for p in found.evidence] == [SENTENCES[1].text]
    assert found.stated == (("Ada Varn built it.", (0,)), ("The moon is near.", ()))
    assert found.usage.calls == len(endpoint.requests) == 3
    (step,) = named(found, "citations checked")
    assert "uncited_statements 1" in step.detail
    assert "citation_recall 0.5" in step.detail


def test_what_is_cited_afterwards_is_looked_for_among_the_likeliest(endpoint):
    endpoint.play(by_prompt((AFTER, "[1]"), otherwise="Ada Varn. " * 5))
    found = ask("cite(mode=after, candidates=1, statements=2)", QUESTION, endpoint)
    assert [p.text for p in found.evidence] == [SENTENCES[1].text]
    assert found.usage.calls == 3


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [(status(400, error_code="content_filter"), "refused"), (hang(3), "failed:timeout")],
)
def test_citing_that_fails_names_the_outcome(endpoint, reply, outcome):
    endpoint.play(by_prompt((AFTER, reply), otherwise="Ada Varn"))
    found = ask("cite(mode=after)", QUESTION, endpoint, timeout=1)
    assert (found.outcome, found.usage.calls) == (outcome, 2)
    assert named(found, "citing")
    endpoint.play(by_prompt((ASK, reply)))
    assert ask("cite", QUESTION, endpoint, timeout=1).outcome == outcome


def test_a_limit_leaves_the_answer_uncited(endpoint):
    endpoint.play(by_prompt((AFTER, "[2]"), otherwise="Ada Varn"))
    found = ask("cite(mode=after)", QUESTION, endpoint, limits=Limits(calls=1))
    assert (found.outcome, found.text) == ("stopped:calls", "Ada Varn")


@pytest.mark.parametrize("mode", ["ask", "after"])
def test_the_reader_names_its_grounds_itself(mode):
    strategy = catalog.load(Strategy, f"cite(mode={mode})")
    found = measured(strategy, QUESTION, catalog.load(Model, "reader"))
    assert found.text == "Ada Varn"
    assert SENTENCES[1].text in [p.text for p in found.evidence]
    assert "citation_recall 1" in named(found, "citations checked")[0].detail


@pytest.mark.parametrize(("text", "calls"), [("cite", 1), ("cite(mode=after, statements=5)", 6)])
def test_a_dry_run_of_citing_counts_the_most_calls(text, calls):
    model = Planned(catalog.load(Model, "fake(fails=server)"))
    found = measured(catalog.load(Strategy, text), QUESTION, model, planning=True)
    assert found.usage.calls == calls


def test_a_text_of_citing_comes_back_and_sweeps_inside():
    text = "cite(strategy=vote(strategies=[rag(k=3), closed_book]), mode=after)"
    assert catalog.spec(catalog.load(Strategy, text)) == text
    swept = catalog.expand(Strategy, "cite(strategy=rag(k=[3, 5]), mode=[ask, after])")
    assert len({catalog.identity(one) for one in swept}) == 4
