"""What an answer tells: whether it declines, hedges or stays vague, and stands in the text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from crossover.abstention import ABSTAINS, CUE, abstains
from crossover.router.features.retrieval import SHOWN, Evidence, terms
from crossover.types import Answer

NUMBER = re.compile(r"\d[\d,.]*")
NAME = re.compile(r"(?<![.?!:\n]\s)(?<!^)\b[A-Z][\w’'-]*")
CUES = {
    "turns": r"\bhowever\b|\balthough\b|\bbut\b|\bwhile\b|\bnevertheless\b",
    "hedges": r"\bmay\b|\bmight\b|\bcould\b|\blikely\b|\bpossibl|\bperhaps\b|\bseems?\b"
    r"|\bappears?\b|\bsuggest|\bimpl(?:y|ies)\b|\binfer|\bnot clear\b|\bgenerally\b|\btypically\b",
    "cites": r"\bpassages?\b|\bchunks?\b|\bcontexts?\b|\bprovided\b|\bthe (?:text|document)\b",
    "partly": r"\bonly\b|\bpartial|\blimited\b|\bnot (?:explicitly|specifically|directly)\b",
    "concludes": r"\btherefore\b|\bthus\b|\boverall\b|\bin summary\b|\bhence\b",
    "says_yes": r"^\W*yes\b",
    "says_no": r"^\W*no\b",
}
PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in CUES.items()}
SUPPORT = (
    "known", "shown", "beside", "best", "best_of_both", "moved", "best_rank", "pairs",
    "numbers_known", "unknown_weight",
)  # fmt: skip


def reply_features(question: str, answer: Answer, evidence: Evidence | None) -> dict[str, float]:
    """What an answer's wording and its support in the documents tell; NaN without their text.

    What a strategy or its model measures of its own work is a feature too: how far several answers
    agree (``vote``), how sure the reader is that the passages answer.
    """
    figures = {
        f"reply.figure.{name}": math.nan if value is None else float(value)
        for name, value in answer.figures.items()
    }
    return _wording(question, answer) | _support(question, answer.text, evidence) | figures


def _wording(question: str, answer: Answer) -> dict[str, float]:
    text = answer.text
    said, asked = terms(text), set(terms(question))
    declined = answer.outcome == "declined" or abstains(text)
    found = {f"reply.{name}": float(bool(p.search(text))) for name, p in PATTERNS.items()}
    return found | {
        "reply.declines": float(declined),
        "reply.declines_somewhere": float(bool(CUE.search(text) and ABSTAINS.search(text[:2000]))),
        "reply.failed": float(not answer.scorable or not text.strip()),
        "reply.cut": float(answer.outcome == "truncated"),
        "reply.log_words": math.log1p(len(text.split())),
        "reply.sentences": float(len(re.findall(r"[.!?](?:\s|$)", text))),
        "reply.lines": float(text.count("\n")),
        "reply.numbers": float(len(NUMBER.findall(text))),
        "reply.names": float(len(NAME.findall(text))),
        "reply.echo": len(asked & set(said)) / max(1, len(asked)),
        "reply.beyond": math.log1p(len(set(said) - asked)),
        "reply.beyond_share": len(set(said) - asked) / max(1, len(set(said))),
    }


def _support(question: str, text: str, evidence: Evidence | None) -> dict[str, float]:
    """Where the answer's own words stand: in the documents, what was shown, and one window."""
    asked = terms(question)
    said = terms(text[:2000])
    own = set(said) - set(asked)
    if evidence is None or not own:
        return {f"reply.{name}": math.nan for name in SUPPORT}
    known = own & set(evidence.postings)
    before = [window for _, window in evidence.ranked(asked, 4 * SHOWN)]
    after = [window for _, window in evidence.ranked((*asked, *known), SHOWN)]
    shown = evidence.share(evidence.holding(before[:SHOWN], known), own)
    neighbours = set(pairwise(said))
    numbers = {n.strip(".,").replace(",", "") for n in NUMBER.findall(text[:2000])}
    values = (
        evidence.share(known, own),
        shown,
        evidence.share(known, own) - shown,
        evidence.share(evidence.holding(after[:1], own), own),
        evidence.share(evidence.holding(after[:1], (*asked, *own)), (*asked, *own)),
        1 - len(set(before[:SHOWN]) & set(after)) / max(1, len(after)),
        _rank(before, after[:1]),
        len(neighbours & evidence.pairs) / max(1, len(neighbours)),
        _share_known(numbers, evidence),
        sum(evidence.weight(term) for term in own - known),
    )
    return {f"reply.{name}": value for name, value in zip(SUPPORT, values, strict=True)}


def _rank(ranking: Sequence[int], windows: Sequence[int]) -> float:
    """How early the ranking has any of the windows, as 1 / rank; 0 where it has none."""
    return max((1 / (ranking.index(w) + 1) for w in windows if w in ranking), default=0.0)


def _share_known(numbers: Iterable[str], evidence: Evidence) -> float:
    """The share of an answer's numbers whose digits stand in the documents; NaN without numbers."""
    parts = [number.split(".") for number in numbers if number]
    if not parts:
        return math.nan
    return sum(all(p in evidence.postings for p in ps if p) for ps in parts) / len(parts)
