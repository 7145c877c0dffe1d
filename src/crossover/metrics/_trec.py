"""Ranking measures by trec_eval itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from crossover.errors import MissingExtra


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """NDCG at k of documents best first, each counted where it first stands. Raises MissingExtra.

    A document's rank is its place in the list as given; trec_eval breaks no ties here.
    """
    if find_spec("pytrec_eval") is None:
        raise MissingExtra("pytrec-eval-terrier", "report", "NDCG")
    import pytrec_eval

    measure = pytrec_eval.RelevanceEvaluator({"q": dict(grades)}, {f"ndcg_cut.{k}"})
    scores: dict[str, float] = {}
    for place, name in enumerate(ranked):
        scores.setdefault(name, float(len(ranked) - place))
    return float(measure.evaluate({"q": scores})["q"][f"ndcg_cut_{k}"])
