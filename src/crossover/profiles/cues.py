"""What the wording of a question says about how much of a text its answer needs (English)."""

from __future__ import annotations

import re

from crossover.types import Question

AGGREGATING = re.compile(
    r"\b(all|each|every|everything|entire|overall|throughout|whole|total|in total|altogether"
    r"|how (many|often|frequently)|number of|count|list|name (the|all|some|two|three|several)"
    r"|enumerate|summar\w+|overview|outline|recap|main (points?|ideas?|themes?|topics?)"
    r"|average|percentage)\b",
    re.IGNORECASE,
)
SUPERLATIVE = re.compile(
    r"\b(most|least|first|last(?! (?:week|weekend|month|year|night|summer|winter))|latest|earliest"
    r"|oldest|youngest|largest|smallest|biggest|highest|lowest|longest|shortest|greatest|fewest|best|worst|among)\b",
    re.IGNORECASE,
)
COMPARING = re.compile(
    r"\b(compar\w+|contrast\w*|differ\w*|versus|vs|than|both|between|similar\w*|in common|common"
    r"|respectively|either|or|relationship|relate\w*|same)\b",
    re.IGNORECASE,
)
SEVERAL = re.compile(
    r"\b(what|which|whose)\b(?! (is|was|does|did|has)\b)(?: [\w'’+&-]+){0,2}? (?!(?:is|was|does|has"
    r"|this|its|his|us)\b)\w{2,}(?<!s)s\b"
    r"|\b(what|which|who) (are|were)\b|\b(kinds?|types?|sorts?|ways|some|several|various"
    r"|different|multiple|many)\b",
    re.IGNORECASE,
)
EXPLAINING = re.compile(
    r"\b(why|explain\w*|describe\w*|discuss\w*|analy[sz]\w+|how (do|does|did|has|have|can|could"
    r"|might|is|are|was|were|would|will)|role|impact|influence|contribut\w+|implications?"
    r"|reasons?|factors?)\b",
    re.IGNORECASE,
)
# Ada Varn, Figure 2, paper 1; not the first word of a sentence, not "in 1899"
NAME = re.compile(
    r"(?<!^)(?<![.?!:] )\b[A-Z][\w'’-]*(?: (?:[A-Z][\w'’-]*|\d+))*"
    r"|\b(?!(?:in|by|before|after|since|until|from|to|of|at|than)\b)[a-z]+ \d+\b"
)
# every further entity is another place to look at; after these many it makes no difference
ENTITIES = 4


def aggregates(question: Question) -> float:
    """1 where all of something is asked for: a count, a list, an extreme of a group, a summary."""
    found = AGGREGATING.search(question.text) or question.form == "summary"
    return float(bool(found))


def superlative(question: Question) -> float:
    """1 where the first, the most, the largest of something is asked for."""
    return float(bool(SUPERLATIVE.search(question.text)))


def compares(question: Question) -> float:
    """1 where things are held against each other."""
    return float(bool(COMPARING.search(question.text)))


def several(question: Question) -> float:
    """1 where more than one thing is asked for: a plural, kinds, some."""
    return float(bool(SEVERAL.search(question.text)))


def explains(question: Question) -> float:
    """1 where an explanation is asked for, which is seldom one sentence."""
    return float(bool(EXPLAINING.search(question.text)))


def entities(question: Question) -> float:
    """How many names are asked about: 0 up to one, 1 from ENTITIES on."""
    count = len({match.group() for match in NAME.finditer(question.text)})
    return min(max(count - 1, 0) / (ENTITIES - 1), 1.0)
