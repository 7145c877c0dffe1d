"""Check the statistics on simulated result sets; print the tables of docs/statistics.md.

Usage: python benchmarks/statistics_validation.py [intervals|crossings|effort] [DATA_SETS]
"""

import sys
import time
from dataclasses import replace

from crossover.experiments.inference.simulation import HARD
from crossover.experiments.inference.validation import Lead, coverage, found_crossings, size

CLUSTERS = (12, 20, 40, 100)
LEADS = (
    Lead("line", "graded", within=True),
    Lead("line", "binary", within=False),
    Lead("bend", "graded", within=False, levels=True),
    Lead("cliff", "graded", within=True),
    Lead("above", "graded", within=False),
    Lead("nearly", "binary", within=True),
    Lead("nothing", "graded", within=True, levels=True),
)


def intervals(data_sets):
    print(
        "| scenario | scores | documents | mean | difference | standardised | odds ratio | size |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for scenario in HARD:
        for kind in ("graded", "binary"):
            for clusters in CLUSTERS:
                asked = replace(scenario, kind=kind)
                held = coverage(asked, clusters, data_sets)
                shown = ["–" if share != share else f"{100 * share:.1f}" for share in held.values()]
                rejected = f"{100 * size(asked, clusters, data_sets):.1f}"
                cells = [scenario.name, kind, str(clusters), *shown, rejected]
                print(f"| {' | '.join(cells)} |", flush=True)


def crossings(data_sets):
    print("| lead | scores | lengths | documents | right | settled |")
    print("|---|---|---|---|---|---|")
    for lead in LEADS:
        for clusters in CLUSTERS:
            found = found_crossings(lead, clusters, data_sets)
            lengths = "five" if lead.levels else "any"
            lengths += " within documents" if lead.within else " between documents"
            shown = [f"{100 * found[name]:.1f}" for name in ("right", "settled")]
            cells = [lead.shape, lead.kind, lengths, str(clusters), *shown]
            print(f"| {' | '.join(cells)} |", flush=True)


def effort(_):
    import numpy as np
    import pandas as pd

    from crossover.experiments.inference.flipping import flipped_p
    from crossover.experiments.inference.paired import compare

    generator = np.random.default_rng(0)
    for documents in (100, 2000):
        groups = (np.arange(2000) % documents).astype(str)
        scores = (generator.random((20, 2000)) < 0.6).astype(float)
        start = time.process_time()
        pairs = [(a, b) for a in range(20) for b in range(a)]
        for a, b in pairs:
            compare(scores[a], scores[b], groups)
        codes = pd.factorize(groups)[0]
        apart = np.stack([scores[a] - scores[b] for a, b in pairs], axis=1)
        sums, sizes = np.zeros((2, documents, len(pairs)))
        np.add.at(sums, codes, apart)
        np.add.at(sizes, codes, 1.0)
        flipped_p(sums, sizes)
        taken = time.process_time() - start
        print(f"{len(pairs)} pairs of 20 strategies, {documents} documents: {taken:.1f} s")


if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) > 1 else "intervals"
    {"intervals": intervals, "crossings": crossings, "effort": effort}[part](
        int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    )
