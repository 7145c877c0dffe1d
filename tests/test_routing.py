"""Routers learned from outcomes: worth, honesty, objectives, caution, and the file."""

import json

import numpy as np
import pytest
from routing_runs import CHEAP, DEAR, planted

from crossover.decisions import Budget, Profile
from crossover.errors import ConfigError, DataError, UnknownName
from crossover.experiments.routing.choosing import Forecast
from crossover.experiments.routing.evaluating import choices
from crossover.experiments.routing.fitting import fit_outcomes
from crossover.experiments.routing.judging import said, verdict
from crossover.experiments.routing.transfer import introduced, learning_curve, left_out
from crossover.router.artefact import Artefact
from crossover.router.objective import objective
from crossover.router.policies.learned import Learned
from crossover.router.router import Router
from crossover.types import Answer, Question, Usage


@pytest.fixture(scope="module")
def fitted():
    return fit_outcomes(planted(), objective="budget(0.6)")


def test_a_router_beats_every_fixed_strategy_where_something_tells_questions_apart(fitted):
    rows = fitted.table.set_index("policy")
    for name in (CHEAP, DEAR, "chance at its cost"):
        assert rows.loc[name, "low"] > 0
    assert rows.loc["oracle", "difference"] < 0
    assert rows.loc["oracle", "regret"] == 0
    assert rows.loc["router", "closed"] > 0.3
    assert said(fitted.table).startswith("The router answers better than always full_context")


def test_where_nothing_tells_them_apart_it_says_so():
    found = fit_outcomes(planted(signal=0.0), objective="budget(1.0)")
    assert said(found.table).startswith("WARNING")


def test_both_passes_of_an_escalation_are_billed(fitted):
    outcomes = fitted.outcomes
    every = np.ones(len(outcomes), dtype=np.intp)
    rows = verdict(outcomes, every, cascade=True).set_index("policy")
    assert rows.loc["router", "tokens"] == pytest.approx(
        rows.loc[CHEAP, "tokens"] + rows.loc[DEAR, "tokens"]
    )
    rows = verdict(outcomes, every, cascade=False).set_index("policy")
    assert rows.loc["router", "tokens"] == pytest.approx(rows.loc[DEAR, "tokens"])


def test_a_budget_is_kept_and_more_money_buys_no_worse_quality():
    outcomes = planted()
    found = [
        fit_outcomes(outcomes, objective=f"budget({share})").table for share in (0.2, 0.5, 1.1)
    ]
    rows = [table.set_index("policy") for table in found]
    dearest = rows[0].loc[DEAR, "dollars"]
    for share, table in zip((0.2, 0.5, 1.1), rows, strict=True):
        assert table.loc["router", "dollars"] <= 1.1 * share * dearest
    assert rows[0].loc["router", "quality"] < rows[2].loc["router", "quality"] + 0.01


def test_at_least_asks_for_no_more_than_is_needed():
    outcomes = planted()
    found = fit_outcomes(outcomes, objective="at_least(0.95)").table.set_index("policy")
    best = max(found.loc[CHEAP, "quality"], found.loc[DEAR, "quality"])
    assert found.loc["router", "quality"] >= 0.93 * best
    assert found.loc["router", "dollars"] < 0.5 * found.loc[DEAR, "dollars"]


def test_a_dearer_dollar_makes_it_ask_the_cheap_one(fitted):
    free = fitted.artefact.at("tradeoff(dollar=0)")
    dear = fitted.artefact.at("tradeoff(dollar=1000)")
    answer = [Answer("no idea")]
    profile = Profile(tokens=50_000)
    question = Question("q", "How many mills were sold?")
    assert Learned.of(dear).decide(question, profile, Budget(), answer).keep
    expected = Learned.of(free).decide(question, profile, Budget(), answer).expected
    assert expected[DEAR].dollars == pytest.approx(0.05, rel=0.1)


def test_other_objectives_are_read_off_one_fit(fitted):
    again = fitted.artefact.at("budget(0.2)")
    assert again.prices["dollars"] > fitted.artefact.prices["dollars"]
    # the alarm would take its other choices for drift
    kinds = [
        {n.partition(".")[0] for n in a.reference["features"]} for a in (fitted.artefact, again)
    ]
    assert kinds[0] - kinds[1] == {"choice", "declines"} and "reply" in kinds[1]
    assert fitted.artefact.at(fitted.artefact.objective) is fitted.artefact
    with pytest.raises(ConfigError, match="frontier is in dollars"):
        fitted.artefact.at("budget(0.2, unit=tokens)")


@pytest.mark.parametrize("wrong", ["budget(0)", "at_least(-1)", "cheap", "tradeoff(pound=3)"])
def test_a_wrong_objective_is_one_clear_line(wrong):
    with pytest.raises(ConfigError, match="there are budget"):
        objective(wrong)


def test_an_objective_reads_its_own_text():
    for text in ("budget(share=0.3)", "at_least(share=0.98)", "tradeoff(dollar=10.0)"):
        assert objective(objective(text).text) == objective(text)


def test_a_first_answer_is_asked_for_and_then_judged(fitted):
    policy = Learned.of(fitted.artefact)
    question, profile = Question("q", "Who?"), Profile(tokens=50_000, model="m")
    first = policy.decide(question, profile, Budget())
    assert (first.strategy, first.final, first.keep) == (CHEAP, False, False)
    second = policy.decide(question, profile, Budget(), [Answer("Ada Lovelace")])
    assert second.final
    assert second.keep == (second.strategy == CHEAP)
    assert 0 <= second.confidence <= 1
    assert set(second.expected) == {CHEAP, DEAR}


def test_a_question_budget_leaves_out_what_would_break_it(fitted):
    policy = Learned.of(fitted.artefact)
    question, profile = Question("q", "Who?"), Profile(tokens=50_000, model="m")
    first = policy.decide(question, profile, Budget(tokens=10_000))
    assert first.strategy == CHEAP
    assert first.final
    spent = Answer("no idea", usage=Usage(3000, 0))
    assert policy.decide(question, profile, Budget(tokens=52_000), [spent]).keep


def test_before_any_answer_it_decides_at_once():
    found = fit_outcomes(planted(), policy="before")
    decision = Learned.of(found.artefact).decide(
        Question("q", "Who?"), Profile(tokens=50_000), Budget()
    )
    assert decision.final
    assert not decision.keep
    assert decision.reasons


def test_where_it_is_not_sure_the_safe_strategy_is_asked():
    outcomes = planted(signal=0.5, documents=300)
    plain = fit_outcomes(outcomes, objective="budget(0.6)")
    careful = fit_outcomes(outcomes, objective="budget(0.6)", safe=DEAR, risk=0.02)
    assert careful.artefact.caution.threshold > 0
    at = outcomes.strategies.index(DEAR)
    assert (careful.chosen == at).mean() > (plain.chosen == at).mean()

    def lost(chosen):
        own = np.take_along_axis(outcomes.quality, chosen[:, None], 1)[:, 0]
        return np.maximum(outcomes.quality[:, at] - own, 0).mean()

    assert lost(careful.chosen) <= 0.025 < lost(plain.chosen)


def test_confidence_means_what_it_says(fitted):
    margins, shares = map(np.array, fitted.artefact.certainty)
    assert (np.diff(shares) >= 0).all()
    assert 0 <= shares.min() <= shares.max() <= 1
    assert shares.max() > shares.min()
    assert len(margins) == len(shares)


def test_the_file_comes_back_the_same_and_holds_no_code(fitted, tmp_path):
    path = Router(Learned.of(fitted.artefact)).save(tmp_path / "router.json")
    stored = json.loads(path.read_text())
    assert stored["magic"] == "crossover-router"
    assert stored["documents"] == sorted({f"text {n}" for n in range(30)})
    again = Router.load(path)
    assert again.artefact.digest == fitted.artefact.digest
    question, profile = Question("q", "Who sold it?"), Profile(tokens=50_000, model="m")
    for answers in ([], [Answer("no idea")]):
        old = Learned.of(fitted.artefact).decide(question, profile, Budget(), answers)
        assert again.policy.decide(question, profile, Budget(), answers) == old


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "no JSON"),
        ("[1, 2]", "not a router"),
        ('{"magic": "crossover-router", "format": 99}', "another version"),
        ('{"magic": "crossover-router", "format": 1, "features": 1}', "damaged router"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_another_file_is_one_clear_line(tmp_path, content, message):
    path = tmp_path / "router.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        Router.load(path)
    with pytest.raises(DataError, match="cannot be read"):
        Router.load(tmp_path / "nowhere.json")


def test_the_same_seed_gives_the_same_router():
    outcomes = planted(rows=450)
    first, again = (fit_outcomes(outcomes, seed=3).artefact.digest for _ in range(2))
    assert first == again


def test_too_few_questions_and_unknown_names():
    with pytest.raises(DataError, match="too few"):
        fit_outcomes(planted(rows=20))
    with pytest.raises(UnknownName):
        fit_outcomes(planted(rows=100), safe="full_contxt")
    with pytest.raises(UnknownName, match="labels"):
        left_out(planted(rows=100), "colour")


def test_n_strategies_are_weighed():
    outcomes = planted(strategies=(CHEAP, "rag(k=20)", DEAR))
    outcomes.costs["tokens"][:, 1] = 9000
    outcomes.costs["dollars"][:, 1] = 0.009
    found = fit_outcomes(outcomes, objective="budget(1.0)")
    # the middle one answers as the dear one does, at a fraction of the cost
    assert (found.chosen == 1).mean() > 0.1
    assert (found.chosen == 2).mean() < 0.05


def test_a_router_holds_on_a_model_that_it_was_not_fitted_on():
    found = left_out(planted(models=("a", "b", "c")), "model", twins=[("a", "b")], folds=3)
    assert set(found) == {"a", "b", "c"}
    for table in found.values():
        assert table.set_index("policy").loc["router", "closed"] > 0.2


def test_a_new_model_is_introduced_by_its_answers():
    outcomes = planted(models=("a", "b"))
    models = np.array(outcomes.models)
    artefact = fit_outcomes(outcomes.rows(models == "a")).artefact
    made = introduced(artefact, outcomes.rows(models == "b"), graded=40)
    assert set(made.traits) == {"a", "b"}
    assert made.traits["b"][f"model.quality.{CHEAP}"] == pytest.approx(0.6, abs=0.2)
    assert made.costs.of(CHEAP, "tokens", 50_000, "b") == pytest.approx(3000, rel=0.1)
    assert len(made.offsets["b"]) == 2
    ungraded = introduced(artefact, outcomes.rows(models == "b"))
    assert not ungraded.offsets
    assert f"model.quality.{CHEAP}" not in ungraded.traits["b"]
    assert f"model.declines.{CHEAP}" in ungraded.traits["b"]


def test_a_model_unlike_the_others_is_learned_from_its_grades(tmp_path):
    outcomes = planted(models=("a", "b"))
    models = np.array(outcomes.models)
    artefact = fit_outcomes(outcomes.rows(models == "a"), objective="tradeoff(dollar=0)").artefact
    other = outcomes.rows(models == "b")
    # with this model the dear strategy always fails
    other.quality[:, 1] = 0.0
    made = introduced(artefact, other, graded=60)
    assert made.offsets["b"][1] < -0.2
    assert choices(made, other).mean() < choices(artefact, other).mean()
    again = Artefact.load(made.save(tmp_path / "router.json"))
    question, profile = Question("q", "Who?"), Profile(tokens=50_000, model="b")
    answer = [Answer("no idea")]
    decided = Learned.of(again).decide(question, profile, Budget(), answer)
    plain = Learned.of(artefact).decide(question, profile, Budget(), answer)
    assert decided.expected[DEAR].quality < plain.expected[DEAR].quality


def test_more_graded_questions_teach_more():
    table = learning_curve(planted(rows=900, signal=0.7), [40, 600], folds=3)
    assert list(table["questions"]) == [40, 600]
    assert table["gain"].iloc[1] > table["gain"].iloc[0]


def test_in_a_cascade_the_first_strategy_is_paid_for():
    quality, costs = np.array([[0.5, 0.55]]), {"tokens": np.array([[10.0, 10.0]])}
    assert Forecast(quality, costs, cascade=True).chosen({"tokens": 0.01}) == [0]
    assert Forecast(quality, costs, cascade=False).chosen({"tokens": 0.01}) == [1]
