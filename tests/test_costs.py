"""What a run cost in all: the share of prompts that a provider had cached among it."""

import pytest
from frames import frame, row

from crossover.experiments._tables import texts
from crossover.experiments.reporting.costs import cost_columns, cost_table


def shown(rows):
    table = cost_table(frame(rows))
    columns = cost_columns(table)
    return dict(zip([c.label for c in columns], texts(table, columns)[0], strict=True))


@pytest.mark.parametrize(("cached", "share"), [((250, 250), "25 %"), ((0, 2), "0.1 %")])
def test_the_share_of_cached_tokens_is_shown(cached, share):
    rows = [
        row("rag", f"d{at}", 1.0, example=f"q{at}", input_tokens=1000, cached_tokens=tokens)
        for at, tokens in enumerate(cached)
    ]
    assert shown(rows)["of that cached"] == share


@pytest.mark.parametrize("cached", [0, None])
def test_where_nothing_is_known_to_be_cached_nothing_is_said(cached):
    rows = [row("rag", "d", 1.0, input_tokens=1000, cached_tokens=cached)]
    assert "of that cached" not in shown(rows)
