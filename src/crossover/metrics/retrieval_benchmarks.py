"""The own measures of benchmarks that are for retrieval alone; None where nothing was judged."""

from __future__ import annotations

from collections.abc import Mapping

from crossover.metrics.retrieval import evidence_recall, judged, mrecall, ndcg
from crossover.types import Answer, Example

__all__ = ["loft_retrieval", "longembed"]

# LongEmbed's tasks of which the first document alone counts
FIRST = ("passkey", "needle")
# LOFT's sets of which all relevant documents must be among so many
WHOLE: Mapping[str, int] = {"hotpotqa": 2, "musique": 5, "qampari": 5, "quest": 3}


def longembed(example: Example, answer: Answer) -> float | None:
    """nDCG@10, of passkey and needle nDCG@1, by the tag ``task``."""
    return ndcg(example, answer, 1 if example.tags.get("task") in FIRST else 10)


def loft_retrieval(example: Example, answer: Answer) -> float | None:
    """Recall@1; mRecall@2 to 5 of hotpotqa, musique, qampari and quest, by the tag ``task``."""
    k = WHOLE.get(example.tags.get("task", ""))
    if not judged(example):
        return None
    return evidence_recall(example, answer, 1) if k is None else mrecall(example, answer, k)
