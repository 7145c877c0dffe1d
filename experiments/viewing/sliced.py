"""Heat maps as tables, for what draws them otherwise than a page of text does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossover.experiments.reporting.slices import Heat

if TYPE_CHECKING:
    from pandas import DataFrame


def squares(heat: Heat) -> DataFrame:
    """A row per strategy and square, in the order in which they are shown."""
    import pandas as pd

    rows = [
        {
            "strategy": one.strategy,
            "down": down,
            "along": along,
            "score": square.score,
            "text": square.text,
            "questions": square.questions,
            "rough": square.rough,
            "interval": "rough" if square.rough else "",
        }
        for one in heat.maps
        for down, line in one.rows
        for along, square in zip(one.across, line, strict=True)
        if square is not None
    ]
    return pd.DataFrame(rows)
