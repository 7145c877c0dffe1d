"""Seconds that each generator takes for one text of a million tokens, task by task."""

from __future__ import annotations

import time

import typer
from rich.console import Console
from rich.table import Table

from crossover import catalog
from crossover.datasets._lengths import counter
from crossover.roles import Dataset

GENERATORS = (
    *("ruler", "kv_pairs", "needle_threading", "needlebench", "low_overlap_needles"),
    *("facts_in_haystack", "labelled_lines", "verbalised_tables", "text_sort", "best_answer"),
)


def main(tokens: int = 1_000_000, tokenizer: str = "o200k_base") -> None:
    """Write a text of each task and print how long it took and how long it is."""
    counts = counter(tokenizer)
    counts.count("warm up")
    table = Table("generator", "task", "seconds", "tokens off by")
    for name in GENERATORS:
        given = {"name": name, "tokens": tokens, "samples": 1, "tokenizer": tokenizer}
        examples = iter(catalog.load(Dataset, given).examples())
        while True:
            started = time.perf_counter()
            example = next(examples, None)
            if example is None:
                break
            seconds = time.perf_counter() - started
            off = counts.count(example.question.documents[0].text) / tokens - 1
            table.add_row(name, example.tags["task"], f"{seconds:.1f}", f"{100 * off:+.2f} %")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
