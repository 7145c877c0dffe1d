"""How fast compressors read: ``python benchmarks/compression_speed.py [--tokens 30000]``.

Every compressor that needs no hub shortens the same generated document to the same rate, one after
the other in one process, ROUNDS times in turn; the median counts. LLMLingua-2 runs its own code
with the packaged classifier, whose encoder has the size of the reader's.
"""

import argparse
import os
import statistics
import time

from tabulate import tabulate

from crossover import catalog
from crossover.datasets.biographies import Biographies
from crossover.roles import Compressor, Model
from crossover.types import Passage

ROUNDS = 3
QUESTION = "Who founded the firm with its seat in the town by the river?"
NAMES = (
    "truncation(keep=ends)",
    "extractive",
    "similarity",
    "recomp",
    "keep_words",
    "selective_context(model=packaged)",
    "llmlingua2(model=packaged, passes=1)",
    "llmlingua2(model=packaged)",
    "llmlingua(model=packaged)",
)


def main(tokens: int, rate: float, names: list[str]) -> dict[str, float]:
    # vectors that are kept would be no work at all
    os.environ["CROSSOVER_CACHE"] = "off"
    text = next(iter(Biographies(tokens, 1, 1).examples())).question.documents[0].text
    model = catalog.load(Model, "reader")
    passages, before = [Passage("d", 0, len(text), text)], model.count(text)
    compressors = {name: catalog.load(Compressor, name) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    kept = dict[str, int]()
    for compressor in compressors.values():
        compressor.compress(QUESTION, [passages[0].cut(0, 5000)], 200, model)
    for _ in range(ROUNDS):
        for name, compressor in compressors.items():
            started = time.perf_counter()
            found = compressor.compress(QUESTION, passages, int(rate * before), model)
            seconds[name].append(time.perf_counter() - started)
            kept[name] = sum(model.count(passage.text) for passage in found)
    taken = {name: statistics.median(times) for name, times in seconds.items()}
    slow = taken.get("llmlingua2(model=packaged)")
    rows = [
        (name, time_, before / time_, kept[name] / before, slow and slow / time_)
        for name, time_ in taken.items()
    ]
    heads = (f"{before:,} tokens to {rate:.0%}", "s", "tokens/s", "kept", "times as fast")
    print(tabulate(rows, heads, floatfmt=("", ".2f", ",.0f", ".3f", ".2f")))
    return {name: before / time_ for name, time_ in taken.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=0.25)
    parser.add_argument("--only", nargs="*", default=list(NAMES))
    options = parser.parse_args()
    main(options.tokens, options.rate, options.only)
