"""What choosing the model as well as the strategy gains: released answers at list price.

``python benchmarks/router_over_models.py RUN``: a run of released models × replay, replay(arm=rag).
"""

import argparse

import pandas as pd

from crossover.commands._router_texts import rendered
from crossover.experiments.report import load_frame
from crossover.experiments.routing.fitting import fit_outcomes
from crossover.experiments.routing.judging import said
from crossover.experiments.routing.outcomes import outcomes_of
from crossover.prices import priced_as

PRICES = {
    "released:gpt-4o": "openai:gpt-4o",
    "released:gpt-4o-mini": "openai:gpt-4o-mini",
    "released:claude-3-5-haiku-20241022": "anthropic:claude-3-5-haiku-20241022",
}
OBJECTIVES = ("budget(0.3)", "at_least(1.0)", "at_least(0.97)")


def priced(run: str) -> pd.DataFrame:
    """The answers of the models that have a list price, with what they would have cost."""
    frame = load_frame(run)
    found = frame[frame["model"].isin(PRICES)].copy()
    found.attrs = frame.attrs
    tokens = zip(found["model"], found["input_tokens"], found["output_tokens"], strict=True)
    found["dollars"] = [priced_as(PRICES[m], int(i), 0, int(o)) for m, i, o in tokens]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--metric", default="answer_recall")
    given = parser.parse_args()
    rows = outcomes_of(priced(given.run), (), given.metric, over_models=True)
    for objective in OBJECTIVES:
        made = fit_outcomes(rows, objective=objective)
        print(f"\n{objective}\n{rendered(made.table)}\n{said(made.table)}")


if __name__ == "__main__":
    main()
