"""Routing over models: every strategy with every model is a choice of its own."""

import pytest

from crossover import Router, catalog
from crossover.cli import app
from crossover.errors import ConfigError
from crossover.experiments.grid import load_grid
from crossover.experiments.plan import plan
from crossover.experiments.report import load_frame
from crossover.experiments.routing.outcomes import outcomes_of
from crossover.experiments.run import run_grid
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

BIOGRAPHIES = "biographies(tokens=800, documents=6, questions=8)"
WEAK = "fake(reply='The text does not mention it.')"
MILL = Question("q", "Who founded the mill?", (Document("d", "Ada founded the mill in 1902."),))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A run of two strategies on the reader and on a model that declines everything."""
    folder = tmp_path_factory.mktemp("models")
    grid = {"datasets": [BIOGRAPHIES], "models": ["reader", WEAK]}
    run_grid(load_grid(grid | {"strategies": ["rag(k=1)", "full_context"]}), folder / "run")
    return folder


def test_a_strategy_asks_its_own_model():
    own = catalog.load(Strategy, "with_model(strategy=full_context, model=fake(reply=Ada))")
    assert measured(own, MILL, Fake(reply="Belo")).text == "Ada"
    bare = catalog.load(Strategy, "with_model(strategy=full_context)")
    assert measured(bare, MILL, Fake(reply="Belo")).text == "Belo"


def test_a_dry_run_asks_neither_model_and_takes_the_own_ones_price():
    text = "with_model(strategy=full_context, model=openai:gpt-4o)"
    grid = {"datasets": [BIOGRAPHIES], "models": [WEAK], "strategies": [text, "full_context"]}
    found = plan(load_grid(grid)).set_index("strategy")
    assert found.loc["full_context", "dollars"] == 0
    assert found.loc[found.index[0], "dollars"] > 0.01
    assert (found["calls"] == 48).all()


def test_arms_are_strategies_with_models(graded):
    frame = load_frame(graded / "run")
    rows = outcomes_of(frame, over_models=True)
    assert len(rows) == 48 and len(rows.strategies) == 4
    assert set(rows.models) == {"every model"}
    for at, name in enumerate(rows.strategies):
        asked = catalog.load(Strategy, name)
        model, strategy = catalog.spec(asked.model), catalog.spec(asked.strategy)
        own = frame[(frame["model"] == model) & (frame["strategy"] == strategy)]
        assert rows.quality[:, at].mean() == pytest.approx(own["answer_recall"].mean())
    again = outcomes_of(frame, rows.strategies)
    assert again.strategies == rows.strategies


def test_a_router_over_models_is_fitted_judged_and_asked(graded, capsys):
    path = graded / "router.json"
    run = str(graded / "run")
    app(["router", "fit", run, "--over-models", "--out", str(path)], standalone_mode=False)
    app(["router", "eval", str(path), run], standalone_mode=False)
    assert "gap closed" in capsys.readouterr().out
    router = Router.load(path)
    assert all(name.startswith("with_model(") for name in router.strategies)
    found = router.answer("Who founded the mill?", [MILL.documents[0].text])
    assert found.outcome in ("answered", "declined")
    assert found.usage.calls >= 1


def test_other_routers_want_a_model_named():
    from crossover.router.policies.rules import Rules

    with pytest.raises(ConfigError, match="name the model that answers"):
        Router(Rules()).answer("Who?", ["Ada."])


def test_a_model_of_its_own_is_under_limits_too():
    from crossover.limits import Limits

    own = catalog.load(Strategy, "with_model(strategy=map_reduce(notes=plain), model=fake)")
    asked = catalog.load(Model, "fake")
    assert measured(own, MILL, asked, limits=Limits(calls=1)).outcome == "stopped:calls"
