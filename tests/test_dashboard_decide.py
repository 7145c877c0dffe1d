"""Decide: the best of what meets the constraints, and no more said than is shown."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from dashboards import HOSTILE, opened, results, texts
from frames import frame, row
from hypothesis import given
from hypothesis import strategies as st

from crossover.experiments.report import summarise, write_report
from crossover.experiments.reporting.facts import Facts, settled
from crossover.experiments.viewing.deciding import (
    MEASURES,
    Candidate,
    Wish,
    candidates,
    decided,
    month,
)
from crossover.experiments.viewing.policies import policy_of
from crossover.experiments.viewing.recommending import (
    across_models,
    left_out,
    nearest,
    rivals,
    sentence,
)

NUMBERS = st.none() | st.floats(0, 1)
CANDIDATES = st.builds(
    Candidate,
    strategy=st.text("ab", min_size=1, max_size=2),
    model=st.just("m"),
    score=NUMBERS,
    dollars=NUMBERS,
    seconds=st.fixed_dictionaries({"p50": NUMBERS, "p95": NUMBERS}),
)
WISHES = st.builds(
    Wish,
    objective=st.sampled_from(MEASURES),
    score=NUMBERS,
    dollars=NUMBERS,
    seconds=NUMBERS,
    quantile=st.sampled_from(["p50", "p95"]),
)


def meets(one, wish):
    """Told apart from the code under test: every constraint by hand."""
    time = one.seconds[wish.quantile]
    return (
        (wish.score is None or (one.score is not None and one.score >= wish.score))
        and (wish.dollars is None or (one.dollars is not None and one.dollars <= wish.dollars))
        and (wish.seconds is None or (time is not None and time <= wish.seconds))
    )


def gain(one, wish):
    value = one.of(wish.objective, wish.quantile)
    return -math.inf if value is None else value if wish.objective == "score" else -value


@given(st.lists(CANDIDATES, max_size=8), WISHES)
def test_what_is_recommended_meets_the_constraints_and_nothing_is_better(among, wish):
    found = decided(among, wish)
    fit = [one for one in among if meets(one, wish) and gain(one, wish) > -math.inf]
    if not fit:
        assert found.chosen is None
        return
    assert found.chosen in fit
    assert gain(found.chosen, wish) == max(gain(one, wish) for one in fit)
    assert len(found.allowed) == len(fit)


@given(st.lists(CANDIDATES, max_size=8), WISHES)
def test_an_obstacle_given_up_lets_its_nearest_in(among, wish):
    for one in decided(among, wish).obstacles:
        assert not meets(one.nearest, wish)
        assert meets(one.nearest, wish.without(one.measure))


def planted(dollars=(0.001, 0.01, 0.1), better=0.3, documents=30, models=("reader",)):
    """Three strategies: b is better than a by more than chance, c is much as b."""
    generator = np.random.default_rng(0)
    rows = [
        row(
            name,
            group=f"d{document}",
            score=float(np.clip(generator.normal(0.3 + lift + 0.1 * at, 0.05), 0, 1)),
            example=f"{document} {question}",
            dollars=price,
            seconds=second,
            model=model,
        )
        for at, model in enumerate(models)
        for name, lift, price, second in zip(
            "abc", (0, better, better), dollars, (1.0, 2.0, 9.0), strict=True
        )
        for document in range(documents)
        for question in range(2)
    ]
    return frame(rows)


def said(table, wish, among=None):
    summary = summarise(table)
    facts = Facts(table, summary)
    decision = decided(candidates(summary) if among is None else among, wish)
    level = rivals(facts, "papers", decision, lambda one: across_models(facts, "papers", one))
    return decision, sentence(decision, "answer_recall", level), level


def test_the_sentence_says_shown_only_where_the_paired_test_does():
    table = planted()
    decision, text, level = said(table, Wish(dollars=15.0))
    facts = Facts(table, summarise(table))
    assert decision.chosen.strategy == "b"
    assert settled(facts.cells[0].between("b", "a"))
    assert "is shown to be more accurate than every other, the next being a" in text
    assert f"{facts.summary['score'][1]:.3f} [{facts.summary['low'][1]:.3f}" in text
    _, text, level = said(table, Wish())
    best = Facts(table, summarise(table)).cells[0].between(*sorted("bc", key=text.find))
    assert settled(best) == ("not shown" not in text)
    assert len(level.level) == 1


def test_strategies_of_other_models_are_compared_on_the_same_questions():
    table = planted(models=("small", "large"))
    decision, text, level = said(table, Wish(dollars=5.0))
    assert (decision.chosen.strategy, decision.chosen.model) == ("a", "large")
    assert "shown to be more accurate than every other, the next being a with small" in text
    own = table[table["strategy"] == "a"].pivot_table("answer_recall", "example", "model")
    assert level.pair["difference"] == pytest.approx((own["large"] - own["small"]).mean())
    assert level.pair["low"] < level.pair["difference"] < level.pair["high"]


def test_a_score_that_only_the_mean_reaches_is_called_so():
    among = [Candidate("a", "m", 0.7, 0.65, 0.75, 1.0), Candidate("b", "m", 0.9, 0.85, 0.95, 2.0)]
    table = planted()
    _, text, _ = said(table, Wish("dollars", score=0.68), among)
    assert "Take a with m" in text
    assert "only its mean reaches 0.680: the interval goes down to 0.650" in text
    _, text, _ = said(table, Wish("dollars", score=0.6), among)
    assert "its whole interval lies at or above 0.600" in text


def test_nothing_meets_the_constraints_and_it_is_said_which_is_in_the_way():
    among = [Candidate("a", "m", 0.5, None, None, 1.0), Candidate("b", "m", 0.9, None, None, 5.0)]
    decision, text, _ = said(planted(), Wish(score=0.8, dollars=2.0), among)
    assert decision.chosen is None
    assert text == "Nothing meets these constraints."
    lines = nearest(decision, among)
    assert lines[0].endswith("of what meets the rest, a with m comes nearest with 0.500.")
    assert lines[1].endswith("of what meets the rest, b with m comes nearest with $5.00.")
    both = Wish(score=0.95, dollars=0.5)
    assert nearest(decided(among, both), among)[0].startswith("No single constraint is in the way")


def test_what_is_unknown_is_named_and_not_considered():
    among = [Candidate("a", "m", 0.9), Candidate("b", "m", 0.5, dollars=3.0)]
    found = decided(among, Wish(dollars=4.0))
    assert found.chosen.strategy == "b"
    assert left_out(found) == [
        "Not considered, since a cost per 1,000 questions is unknown: a with m."
    ]


def test_a_month_is_answers_and_indexes_unknown_where_a_part_is():
    one = Candidate("a", "m", dollars=2.5, indexing=0.01)
    assert month(one, 40_000, 100).total == pytest.approx(100 + 1)
    assert month(Candidate("a", "m", dollars=2.5), 40_000, 0).total == pytest.approx(100)
    assert month(Candidate("a", "m", dollars=2.5), 40_000, 1).total is None
    assert month(Candidate("a", "m"), 40_000, 0).total is None


@pytest.fixture
def run(tmp_path):
    write_report(planted(), tmp_path)
    return tmp_path


def control(shown, kind, key):
    return next(one for one in getattr(shown, kind) if one.key == key)


def test_the_page_follows_its_controls(run):
    shown = opened(run, page="decide")
    assert not shown.exception
    best = max(candidates(summarise(planted())), key=lambda one: one.score)
    assert f"Take {best.strategy} with reader: answer_recall {best.score:.3f}" in texts(shown)
    control(shown, "select_slider", "decide.dollars").set_value("5").run()
    assert "Take a with reader" in texts(shown)
    assert shown.metric[0].value == "$100"
    control(shown, "number_input", "decide.questions").set_value(1000).run()
    assert shown.metric[0].value == "$1.00"
    control(shown, "slider", "decide.score").set_value(0.99).run()
    assert "Nothing meets these constraints." in texts(shown)
    assert "In the way is a score of at least 0.990" in texts(shown)
    assert not shown.dataframe


def test_the_cheapest_that_is_good_enough(run):
    shown = opened(run, page="decide")
    control(shown, "segmented_control", "decide.objective").set_value("seconds").run()
    assert "Take a with reader" in texts(shown)
    control(shown, "slider", "decide.score").set_value(0.5).run()
    assert "Take b with reader" in texts(shown)
    assert "of the 2 that meet the constraints it has the lowest time" in texts(shown)


def test_the_plot_tells_what_is_recommended_and_what_is_outside(run):
    shown = opened(run, page="decide")
    control(shown, "select_slider", "decide.dollars").set_value("20").run()
    points = plotted(shown)
    assert dict(zip(points["strategy"], points["state"], strict=True)) == {
        "a": "meets the constraints",
        "b": "recommended",
        "c": "outside",
    }


def plotted(shown):
    """The table behind the marks of the first plot."""
    import io

    import pyarrow as pa

    chart = shown.get("vega_lite_chart")[0].proto
    tables = [pa.ipc.open_stream(io.BytesIO(one.data.data)).read_pandas() for one in chart.datasets]
    return next(one for one in tables if "state" in one)


def test_without_prices_it_is_said_that_they_are_unknown(tmp_path):
    write_report(results(), tmp_path)
    shown = opened(tmp_path, page="decide")
    assert shown.metric[0].value == "unknown"
    assert "No price is known: run with price_as to name one." in texts(shown)
    control(shown, "segmented_control", "decide.objective").set_value("$ per 1,000 questions").run()
    assert "Nothing can be recommended: a cost per 1,000 questions is not known." in texts(shown)
    assert not shown.exception


def test_hostile_names_stay_text(tmp_path):
    table = results((HOSTILE, "rag"), dataset=HOSTILE)
    write_report(table, tmp_path)
    shown = opened(tmp_path, page="decide")
    assert not shown.exception
    for kind in ("markdown", "title", "header", "subheader", "caption", "error", "info", "metric"):
        assert not [e for e in getattr(shown, kind) if "evil" in str(e.value)]
    assert "![x](http" in texts(shown)


def router_file(folder, quality, strategies):
    """A file that says of itself what a fitted router does, the rest of it borrowed."""
    rows = [
        {"policy": "router", "quality": quality, "tokens": 10.0, "dollars": 0.002},
        *(
            {"policy": n, "quality": q, "tokens": 9.0, "difference": 0.1, "low": 0.05, "high": 0.2}
            for n, q in strategies.items()
        ),
    ]
    content = {"questions": 60, "documents": 30, "best": max(strategies, key=strategies.get)}
    return content | {"rows": rows}


def test_a_router_is_a_candidate_where_it_was_measured_on_these_questions(tmp_path, monkeypatch):
    table = summarise(planted())
    scores = dict(zip(table["strategy"], table["score"], strict=True))

    class Loaded:
        evaluation = router_file(tmp_path, 0.95, scores)

    monkeypatch.setattr("crossover.experiments.viewing.policies.Artefact.load", lambda path: Loaded)
    found = policy_of(tmp_path / "router.json", "router.json", table)
    assert found.comparable
    decision = decided([*candidates(table), found.candidate], Wish())
    assert decision.chosen.policy
    assert found.candidate.dollars == pytest.approx(2.0)
    assert "+0.100 [+0.050, +0.200], shown to differ" in found.said[0]
    Loaded.evaluation = router_file(tmp_path, 0.95, dict.fromkeys(scores, 0.4))
    other = policy_of(tmp_path / "router.json", "router.json", table)
    assert not other.comparable
    assert "is not ranked" in other.said[1]
    Loaded.evaluation = {}
    assert policy_of(tmp_path / "router.json", "router.json", table) is None


def test_a_damaged_router_is_a_sentence(run):
    (run / "router.json").write_text(json.dumps({"magic": "crossover-router", "format": 99}))
    shown = opened(run, page="decide")
    control(shown, "selectbox", "decide.router").select("router.json").run()
    assert not shown.exception
    assert shown.error[0].value == "This cannot be shown."
