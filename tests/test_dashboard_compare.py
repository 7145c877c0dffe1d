"""Compare: every view shows what the report's own functions computed."""

from __future__ import annotations

import numpy as np
import pytest
from dashboards import HOSTILE, opened, results, texts
from frames import frame, row

from crossover.experiments.comparing.runs import compare_runs
from crossover.experiments.comparing.showing import tables
from crossover.experiments.report import summarise, write_report
from crossover.experiments.reporting import costs, curves, outcomes, pairs, slices
from crossover.experiments.reporting.facts import Facts
from crossover.experiments.reporting.plot import drawn, front

LENGTHS, DEPTHS = ("4k", "32k", "128k"), ("first", "last")


def crossing(better=0.0):
    """Questions of three lengths at two depths: rag overtakes full_context as length grows."""
    generator = np.random.default_rng(3)
    rows = [
        row(
            name,
            group=f"d{document}",
            example=f"{document} {question}",
            score=float(np.clip(score + better + generator.normal(0, 0.05), 0, 1)),
            input_tokens=1000 * (1 + place),
            dollars=0.001 * (1 + place),
            seconds=1.0 + place,
            **{"tag.length": LENGTHS[document % 3], "tag.depth": DEPTHS[question % 2]},
        )
        for document in range(36)
        for question in range(2)
        for place, (name, score) in enumerate(
            {
                "rag": 0.5,
                "full_context": 0.7 - 0.2 * (document % 3),
                "closed_book": 0.1,
            }.items()
        )
    ]
    return frame(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    write_report(crossing(), place / "first")
    write_report(crossing(0.1), place / "second")
    return place


@pytest.fixture(scope="module")
def facts():
    table = crossing()
    return Facts(table, summarise(table))


def viewed(*folders, view):
    shown = opened(*folders, page="compare")
    control = next(one for one in shown.segmented_control if one.key == "compare.view")
    control.set_value(view).run()
    assert not shown.exception
    return shown


def test_the_plots_join_the_report_s_frontier(folder, facts):
    shown = opened(folder / "first", page="compare")
    assert len(shown.get("vega_lite_chart")) == 2
    lines = [list(table["score"]) for table in data(shown, 0) if list(table) == ["score", "cost"]]
    best = front(drawn(facts.summary, "dollars_per_1000"), "dollars_per_1000")
    assert lines == [pytest.approx(list(best["score"]))]
    assert 0 < len(best) < len(facts.summary)


def data(shown, place):
    import io

    import pyarrow as pa

    chart = shown.get("vega_lite_chart")[place].proto
    return [pa.ipc.open_stream(io.BytesIO(one.data.data)).read_pandas() for one in chart.datasets]


def test_pairs_are_the_report_s_with_their_marks(folder, facts):
    shown = viewed(folder / "first", view="Pairs")
    marked = pairs.with_marks(facts.pairs)
    table = shown.dataframe[0].value
    assert list(table["shown"]) == list(marked["mark"])
    assert table["difference [95 %]"].to_numpy() == pytest.approx(marked["difference"].to_numpy())
    assert table["low end"].to_numpy() == pytest.approx(marked["low"].to_numpy())
    for sign, meaning in pairs.legend(marked):
        assert f"{sign}: {meaning}" in texts(shown)


def test_one_strategy_has_no_pairs_and_says_so(tmp_path):
    write_report(results(("rag",)), tmp_path)
    assert "one strategy answered these questions" in texts(viewed(tmp_path, view="Pairs"))
    assert "takes two strategies" in texts(viewed(tmp_path, view="Crossover"))


def test_slices_by_a_tag_are_the_summary_s(folder):
    shown = viewed(folder / "first", view="Slices")
    box = next(one for one in shown.selectbox if one.key == "compare.by")
    box.select("depth").run()
    expected = summarise(crossing(), ("depth",))
    table = shown.dataframe[0].value
    assert list(table["depth"]) == list(expected["tag.depth"])
    assert table["answer_recall [95 %]"].to_numpy() == pytest.approx(expected["score"].to_numpy())
    assert len(shown.get("vega_lite_chart")) == 1


def test_the_heat_map_writes_the_report_s_numbers(folder):
    shown = viewed(folder / "first", view="Length × depth")
    heat = next(slices.heats(crossing()))
    expected = [
        square.text for _, line in heat.maps[0].rows for square in line if square is not None
    ]
    drawn_squares = next(table for table in data(shown, 0) if "text" in table)
    assert list(drawn_squares["text"]) == expected
    assert len(expected) == len(LENGTHS) * len(DEPTHS)


def test_no_tags_no_heat_map_and_it_says_what_it_takes(tmp_path):
    table = results()
    table = table.drop(columns="tag.length")
    write_report(table, tmp_path)
    assert "There is no heat map: it takes two tags" in texts(
        viewed(tmp_path, view="Length × depth")
    )
    assert "nothing to slice by" in texts(viewed(tmp_path, view="Slices"))


def test_curves_come_with_the_report_s_sentence(folder, facts):
    shown = viewed(folder / "first", view="Crossover")
    found = [one for cell in facts.cells for one in curves.crossings(cell)]
    box = next(one for one in shown.selectbox if one.key == "compare.curve")
    assert len(box.options) == len(found)
    assert found[0].sentence in texts(shown)
    assert found[0].found.verdict == "crosses"
    box.select(box.options[1]).run()
    band = next(table for table in data(shown, 0) if "low" in table)
    assert band["low"].to_numpy() == pytest.approx(found[1].found.curve.low)


def test_outcomes_and_costs_are_the_report_s(tmp_path):
    table = results()
    write_report(table, tmp_path)
    shown = viewed(tmp_path, view="Outcomes")
    expected = outcomes.outcome_table(table)
    assert list(shown.dataframe[0].value["failed:timeout"]) == [1, 1]
    assert f"{outcomes.without_score(expected)} of {len(table)} answers" in texts(shown)
    shown = viewed(tmp_path, view="Cost")
    expected = costs.cost_table(table)
    shown_tokens = shown.dataframe[0].value["answering tokens in"]
    assert shown_tokens.to_numpy() == pytest.approx(expected["input_tokens"].to_numpy())
    assert "the model has no price" in texts(shown)


def test_two_runs_show_what_compare_prints(folder):
    shown = viewed(folder / "first", folder / "second", view="Two runs")
    found = compare_runs(folder / "first", folder / "second")
    heads, rows = next(tables(found))
    table = shown.dataframe[0].value
    assert list(table.columns) == heads
    assert table.to_numpy().tolist() == rows
    assert "B: trial, from second" in texts(shown)
    assert str(folder) not in texts(shown)


def test_one_run_has_none_beside_it(folder):
    assert "There is no second run" in texts(viewed(folder / "first", view="Two runs"))


def test_the_filters_cut_every_view(folder):
    shown = opened(folder / "first", page="compare")
    box = next(one for one in shown.multiselect if one.key == "only.length")
    box.select("4k").run()
    table = crossing()
    part = table[table["tag.length"] == "4k"]
    part.attrs = table.attrs
    scores = shown.dataframe[0].value["answer_recall [95 %]"].to_numpy()
    assert scores == pytest.approx(summarise(part)["score"].to_numpy())


def test_the_report_is_made_on_demand(folder):
    shown = opened(folder / "first", page="compare")
    before = len(shown.get("download_button"))
    next(one for one in shown.button if one.key == "compare.report").click().run()
    assert not shown.exception
    assert len(shown.get("download_button")) == before + 1


def test_hostile_names_stay_text_in_every_view(tmp_path):
    table = results((HOSTILE, "rag"), dataset=HOSTILE)
    table["tag.kind"] = [HOSTILE if at % 2 else "plain" for at in range(len(table))]
    write_report(table, tmp_path)
    for view in ("Pairs", "Slices", "Length × depth", "Crossover", "Outcomes", "Cost"):
        shown = viewed(tmp_path, view=view)
        for kind in ("markdown", "title", "header", "subheader", "caption", "error", "info"):
            assert not [e for e in getattr(shown, kind) if "evil" in e.value], view
        assert not [e for e in shown.expander if "evil" in e.label]
