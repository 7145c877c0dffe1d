"""What a question alone tells: how it asks, what it names and how much it asks for."""

from __future__ import annotations

import re

from crossover.normalise import STOP_WORDS
from crossover.types import Question

WORD = re.compile(r"\w+(?:['’-]\w+)*")
NAME = re.compile(r"(?<![.?!]\s)(?<!^)\b[A-Z][\w’'-]*")
CUES = {
    "asks_what": r"^\W*(?:in .{0,40}?, |according to .{0,40}?, )?what\b",
    "asks_which": r"\bwhich\b",
    "asks_who": r"\bwho(?:m|se)?\b",
    "asks_when": r"\bwhen\b|\bwhat (?:year|date|day|month|time)\b",
    "asks_where": r"^\W*where\b|, where\b",
    "asks_how": r"\bhow (?!many|much|long|often|far|large|big|old)",
    "asks_why": r"\bwhy\b|\breasons?\b|\bcauses?\b",
    "asks_yes_no": r"^\W*(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would)\b",
    "asks_amount": r"\bhow (?:many|much|long|often|far|large|big|old)\b|\b(?:number|amount) of\b"
    r"|\bpercent|\brates?\b|\btotal\b|\bvalue\b",
    "compares": r"\bcompar|\bdiffer|\bcontrast|\bversus\b|\bvs\b|\bsimilar|\bboth\b|\bbetween\b"
    r"|\bthan\b|\brelative to\b|\brespectively\b|\bunlike\b",
    "changes": r"\bchang|\bincreas|\bdecreas|\btrend|\bgrow|\bover time\b|\bshift|\bevol"
    r"|\bfrom\b.*\bto\b",
    "explains": r"\bexplain|\bdescrib|\bcontribut|\bimpact|\baffect|\binfluenc|\brelat|\bimpl"
    r"|\brole\b|\bsignifican|\bensur|\baddress|\bsuggest|\breflect|\breveal|\bdemonstrat",
    "reckons": r"\bcalculat|\bcomput|\bratio\b|\baverage\b|\bsum\b|\bdifference\b|\bdetermine",
    "supposes": r"\bif\b|\bwould\b|\bcould\b|\bmight\b",
    "superlative": r"\b(?:most|least|best|worst|first|last|main|primary|highest|lowest|largest)\b",
    "specific": r"\bspecific|\bexact|\bprecise|\bparticular|\bdetailed?\b",
    "according_to": r"\baccording to\b|\bbased on\b|\bas (?:stated|noted|described|mentioned)\b",
    "negated": r"\bnot?\b|n['’]t\b|\bwithout\b|\bnever\b",
    "future": r"\bfuture\b|\bplans?\b|\bstrateg|\bexpect|\binitiative|\blong-term\b",
    "collects": r"\ball\b|\beach\b|\blist\b|\boverall\b|\bmain (?:ideas|themes)\b|\bthroughout\b",
}
PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in CUES.items()}
SOURCE = re.compile(
    r"\b(?:papers?|documents?|chapters?|articles?|reports?|sections?|parts?) (?:\d+|[ivx]+\b)", re.I
)
QUOTED = re.compile(r"[\"“”]|(?<!\w)['‘][^'’]{3,}['’]")
YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")


def question_features(question: Question) -> dict[str, float]:
    """Cues of the wording, each 0 or 1, and counts of words, names, numbers and sources."""
    text = question.text
    words = WORD.findall(text)
    content = [word for word in words if word.lower() not in STOP_WORDS]
    found = {f"question.{name}": float(bool(p.search(text))) for name, p in PATTERNS.items()}
    return found | {
        "question.words": float(len(words)),
        "question.content_share": len(content) / max(1, len(words)),
        "question.word_length": sum(map(len, content)) / max(1, len(content)),
        "question.names": float(len(NAME.findall(text))),
        "question.numbers": float(sum(any(c.isdigit() for c in word) for word in words)),
        "question.years": float(len(YEAR.findall(text))),
        "question.quoted": float(bool(QUOTED.search(text))),
        "question.sources": float(len(set(map(str.lower, SOURCE.findall(text))))),
        "question.clauses": float(len(re.findall(r",|;|:|\band\b|\bor\b", text))),
        "question.choices": float(len(question.choices)),
        "question.documents": float(len(question.documents)),
    }
