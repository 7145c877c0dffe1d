"""Result frames for the tests of what people read."""

from __future__ import annotations

import io
import math

import numpy as np
import pandas as pd
from rich.console import Console

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$\\frac{$",
    "a | b `c` ![x](http://evil.example/x.png)\n# title \x1b[31m",
    "策略 \u202eabc",
    "_private_",
    "{{ 7 * 7 }}",
]


def row(strategy="rag", group="a", score=0.5, **other):
    """One answer as the runner reports it."""
    usual = {
        "dataset": "papers",
        "example": "q",
        "group": group,
        "strategy": strategy,
        "model": "reader",
        "outcome": "answered",
        "answer_recall": score,
        "abstention": math.nan,
        "input_tokens": 1000,
        "output_tokens": 10,
        "cached_tokens": 0,
        "dollars": 0.001,
        "seconds": 1.0,
        "first_token_seconds": 0.5,
        "calls": 1,
        "indexing_seconds": 0.0,
        "indexing_tokens": 0,
        "indexing_dollars": 0.0,
        "answer_words": 5,
        "tag.length": "32k",
    }
    return usual | other


def frame(rows, price_as=""):
    table = pd.DataFrame(rows)
    metrics = {name: ["answer_recall", "abstention"] for name in table["dataset"].unique()}
    config = "strategies: [rag]\nseed: 1\n"
    table.attrs = {"metrics": metrics, "price_as": price_as, "run": "trial", "config": config}
    return table


def typical(strategies=("full_context", "rag", "rag(k=20)"), models=("reader",), **attrs):
    """Twelve documents with four questions each."""
    generator = np.random.default_rng(0)
    return frame(
        [
            row(
                strategy,
                f"document {document}",
                float(generator.uniform()),
                model=model,
                example=f"{document} {question}",
                input_tokens=int(generator.integers(500, 30_000)),
                seconds=float(generator.uniform(0.1, 9)),
                **{"tag.length": "32k" if document % 2 else "128k"},
            )
            for model in models
            for strategy in strategies
            for document in range(12)
            for question in range(4)
        ],
        **attrs,
    )


def only(table):
    assert len(table) == 1
    return table.iloc[0]


# numbers


def shown(renderable, width):
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(renderable)
    return file.getvalue()


def planted(scores, documents=30, questions=4, noise=0.1, **costs):
    """Strategies with these mean scores, on the same questions: each adds its noise to theirs."""
    generator = np.random.default_rng(3)
    hard = generator.normal(0, 0.05, (documents, questions))
    return frame(
        [
            row(
                strategy,
                f"document {at}",
                float(np.clip(mean + hard[at, n] + generator.normal(0, noise), 0, 1)),
                example=f"{at}-{n}",
                dollars=costs.get(strategy, 0.001),
                answer=f"{strategy} says {at}",
                **{"tag.kind": "comparison" if n % 2 else "fact"},
            )
            for strategy, mean in scores.items()
            for at in range(documents)
            for n in range(questions)
        ]
    )
