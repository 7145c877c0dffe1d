"""Questions: the table, where one strategy won, one question in full, and texts as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from answered import real, written
from dashboards import opened, results, texts
from frames import HOSTILE

from crossover.app.showing.texts import AROUND, DROPPED, EVIDENCE, SHOWN, Mark, html, parts, visible
from crossover.errors import DataError
from crossover.experiments.inference.compared import compared
from crossover.experiments.report import load_frame, write_report
from crossover.experiments.reporting.details import DETAILS, read_details, rows_of
from crossover.experiments.viewing import questions
from crossover.experiments.viewing.opened import Filter, Opened
from crossover.experiments.viewing.questions import SIZE, Wanted
from crossover.experiments.viewing.standing import standing

pytest.importorskip("streamlit", reason="the extra [dashboard] is not installed")
pytest.importorskip("duckdb", reason="the extra [dashboard] is not installed")

BAD = [
    *HOSTILE,
    ":red[x] [a](http://evil.example) <img src=x onerror=alert(1)> $$x^2$$ \u202e\u2066 \x1b[31m",
]
MARKUP = ("markdown", "title", "header", "subheader", "caption", "error", "info", "warning")


def htmls(shown):
    return "\n".join(element.proto.body for element in shown.get("html"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """240 answers in a folder whose name DuckDB would read as a pattern."""
    folder = tmp_path_factory.mktemp("runs") / "a*[b]"
    return Opened.of(written(folder, [f"the text {at} of 100%" for at in range(120)]))


def test_a_page_is_what_the_frame_holds(run):
    frame = load_frame(run.folder)
    first, last = (questions.page(run, Wanted(), number) for number in (1, 3))
    assert (first.total, first.pages, len(first.table), len(last.table)) == (240, 3, SIZE, 40)
    assert list(first.table["example"]) == list(frame["example"][:SIZE])
    assert list(first.table["score"]) == list(frame["answer_recall"][:SIZE])
    assert first.table["question"].iloc[0] == "Who? 0"


def test_filters_sorting_and_search_take_texts_literally(run):
    one = questions.page(run, Wanted(Filter({"strategy": ("rag",)})))
    assert one.total == 120
    assert set(one.table["strategy"]) == {"rag"}
    right = questions.page(run, Wanted(Filter({"strategy": ("rag",)}), low=0.5))
    assert right.total == 60
    assert questions.page(run, Wanted(text="TEXT 7 of")).total == 2
    assert questions.page(run, Wanted(text="who? 11")).total == 2 * 11
    for literal in ("%", "100%"):
        assert questions.page(run, Wanted(text=literal)).total == 240
    for nothing in ("text _ of", "' OR 1=1 --", "$only0", "text.*of"):
        assert questions.page(run, Wanted(text=nothing)).total == 0
    for name in questions.columns(run):
        up, down = (questions.page(run, Wanted(order=name, descending=d)) for d in (False, True))
        known = up.table[name].dropna()
        assert list(known) == sorted(known), name
        assert list(down.table[name].dropna()) == sorted(down.table[name].dropna(), reverse=True)
    with pytest.raises(DataError, match="no such column"):
        questions.page(run, Wanted(order="score; DROP TABLE r"))


def test_wins_are_those_of_the_frame_and_the_difference_is_the_reports(run):
    frame = load_frame(run.folder)
    wide = frame.pivot(index="example", columns="strategy", values="answer_recall")
    apart = wide["rag"] - wide["full_context"]
    found = questions.wins(run, Filter(), "rag", "full_context", 0.5)
    assert found.total == (apart >= 0.5).sum() == 60
    assert set(found.table["example"]) == set(apart[apart >= 0.5].index)
    assert questions.wins(run, Filter(), "rag", "rag", 0.5).total == 0
    row = questions.between(run, Filter(), "rag", "full_context").iloc[0]
    cells = (frame[frame["strategy"] == name] for name in ("rag", "full_context"))
    expected = compared(*cells, "answer_recall")
    assert {name: row[name] for name in expected} == pytest.approx(expected, nan_ok=True)


def test_wins_come_widest_first_and_only_of_the_same_model(tmp_path):
    frame = results()
    other = frame.assign(model="other", answer_recall=1 - frame["answer_recall"])
    attrs = frame.attrs
    frame = pd.concat([frame, other], ignore_index=True)
    frame.attrs = attrs
    write_report(frame.assign(answer="", message=""), tmp_path)
    found = questions.wins(Opened.of(tmp_path), Filter(), "rag", "full_context", 0.1)
    assert found.table["difference"].is_monotonic_decreasing
    wide = frame.pivot(index=["model", "example"], columns="strategy", values="answer_recall").eval(
        "rag - full_context"
    )
    expected = np.sort(wide[wide >= 0.1])[::-1]
    assert found.table["difference"].to_numpy() == pytest.approx(expected)


def test_details_keep_the_pieces_that_a_compressor_left():
    found = Opened.of(real())
    frame = load_frame(found.folder)
    example = str(frame["example"].iloc[0])
    one = standing(found, str(frame["dataset"].iloc[0]), example)
    details = dict(zip([row["strategy"] for row in one.answers], one.details, strict=True))
    compressed = next(d for name, d in details.items() if name.startswith("compressed"))
    assert compressed.exact == (True,) * len(compressed.passages)
    assert any(len(passage.kept) > 5 for passage in compressed.passages)
    for passage in compressed.passages:
        for at, start, end in passage.kept if passage.text else ():
            assert passage.text[at : at + end - start].strip()


def test_details_of_an_earlier_version_still_open(tmp_path):
    written(tmp_path, ["a text of gold"])
    table = pd.read_parquet(tmp_path / DETAILS)
    table["passages"] = [
        [{k: v for k, v in p.items() if k != "kept"} for p in passages]
        for passages in table["passages"]
    ]
    table.to_parquet(tmp_path / DETAILS)
    assert next(rows_of(read_details(tmp_path)))["passages"][0]["kept"] is None
    one = standing(Opened.of(tmp_path), "papers", "q0")
    assert one.details[0].passages[0].text == "a text of gold"
    assert one.details[0].exact == (True,)
    assert one.gold(one.details[0].passages[0]) == [(2, 6)]


def test_the_page_shows_table_and_answers(run):
    shown = opened(run.folder, page="questions")
    assert not shown.exception
    assert "240 of 240 answers; shown: 1 to 100" in texts(shown)
    assert len(shown.dataframe[0].value) == SIZE
    assert "Pick a row" in texts(shown)
    shown.text_input(key="questions.text").input("text 7 of").run()
    assert "2 of 240 answers" in texts(shown)
    shown.text_input(key="questions.text").input("no such words").run()
    assert "No question fits" in texts(shown)


def test_where_one_won_is_the_report_in_a_sentence(run):
    shown = opened(run.folder, page="questions")
    shown.segmented_control(key="questions.view").select("Where one won").run()
    assert not shown.exception
    assert "rag scored at least 0.50 more than full_context on 60 questions" in texts(shown)
    assert "mean difference on all 120 questions +0.000" in texts(shown)
    shown.selectbox(key="questions.lost").select("rag").run()
    assert "Choose two different strategies." in texts(shown)


def test_a_link_shows_its_question(run):
    shown = opened(run.folder, page="questions")
    shown.query_params["questions.dataset"] = "papers"
    shown.query_params["questions.example"] = "q3"
    shown.run()
    assert not shown.exception
    said = texts(shown)
    assert "score 1.000; answered; 1,000 tokens in; 10 out; $ 0.00100; 1.00 s" in said
    assert "Gold references" in said
    assert "In all: 1 call; 10 tokens in, 2 out" in said
    assert '<mark class="evidence">e te</mark>xt 3 of' in htmls(shown)
    assert "read; 1.00 s" in shown.code[0].value
    shown.query_params["questions.example"] = "no such"
    shown.run()
    assert "is not in this run" in texts(shown)


def test_documents_are_read_again_where_they_can_be(run):
    shown = opened(run.folder, page="questions")
    shown.query_params["questions.dataset"] = "papers"
    shown.query_params["questions.example"] = "q3"
    shown.run()
    shown.toggle(key="questions.documents").set_value(True).run()
    assert "The documents cannot be read here" in texts(shown)
    frame = load_frame(real())
    shown = opened(real(), page="questions")
    shown.query_params["questions.dataset"] = str(frame["dataset"].iloc[0])
    shown.query_params["questions.example"] = str(frame["example"].iloc[0])
    shown.run()
    shown.toggle(key="questions.documents").set_value(True).run()
    assert not shown.exception
    assert 'class="evidence shown"' in htmls(shown) or 'class="shown evidence"' in htmls(shown)


def test_a_run_without_details_and_with_one_strategy_says_so(tmp_path):
    frame = results(("rag",)).assign(answer="said", message="")
    frame.attrs = results().attrs
    write_report(frame, tmp_path)
    shown = opened(tmp_path, page="questions")
    shown.query_params["questions.dataset"] = "papers"
    shown.query_params["questions.example"] = "0 0"
    shown.run()
    assert not shown.exception
    assert "details.parquet" in texts(shown)
    shown.segmented_control(key="questions.view").select("Where one won").run()
    assert "This run has one strategy" in texts(shown)


@pytest.mark.parametrize("bad", BAD)
def test_hostile_texts_stay_text(tmp_path, bad):
    written(tmp_path, [bad], question=bad, strategies=(bad, "rag"))
    shown = opened(tmp_path, page="questions")
    shown.query_params["questions.dataset"] = "papers"
    shown.query_params["questions.example"] = "q0"
    shown.run()
    assert not shown.exception
    for kind in MARKUP:
        assert not [e for e in getattr(shown, kind) if bad[:12] in e.value], kind
    for label in [e.label for e in shown.expander]:
        assert bad[:12] not in label
    drawn = htmls(shown)
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert "\u202e" not in drawn
    assert "\x1b" not in drawn


def test_a_long_answer_is_cut_and_comes_whole_when_asked(tmp_path):
    long = "x" * 1_000_000
    written(tmp_path, ["short"], answer=long)
    shown = opened(tmp_path, page="questions")
    shown.query_params["questions.dataset"] = "papers"
    shown.query_params["questions.example"] = "q0"
    shown.run()
    assert "shown: first 4,000 of 1,000,000 characters" in texts(shown)
    assert long not in htmls(shown)
    next(b for b in shown.button if b.label == "Show the rest").click().run()
    assert long in htmls(shown)


def test_marks_cut_a_text_into_parts():
    found = parts(10, [Mark(2, 6, EVIDENCE), Mark(4, 12, SHOWN), Mark(-3, 1, SHOWN)])
    assert found == [
        (0, 1, (SHOWN,)),
        (1, 2, ()),
        (2, 4, (EVIDENCE,)),
        (4, 6, (EVIDENCE, SHOWN)),
        (6, 10, (SHOWN,)),
    ]
    drawn = html("0123456789", [Mark(2, 4, DROPPED)])
    assert "01<del>23</del>456789</div>" in drawn


def test_only_what_is_around_the_evidence_is_drawn():
    text = "a" * 5000 + "gold" + "b" * 5000
    drawn = html(text, [Mark(0, 5000, SHOWN), Mark(5000, 5004, EVIDENCE)], around=True)
    assert f"[… {5000 - AROUND:,} characters …]" in drawn
    assert "gold</mark>" in drawn
    assert len(drawn) < 4 * AROUND


def test_nothing_hides_and_nothing_moves():
    text = "a\u202eb\x1bc\r\nd\te"
    assert visible(text) == "a\ufffdb\ufffdc \nd e"
    assert len(visible(text)) == len(text)
