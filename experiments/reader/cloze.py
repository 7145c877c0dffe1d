"""Questions that need no annotator: a sentence whose name, date or number is asked for.

After span-selection pretraining (Glass et al. 2020) and cloze translation (Lewis et al. 2019):
the reader finds the missing words in another passage that holds them or, where there is none, in
the sentence's own passage. The questions are rough; what they teach is to look.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from crossover.experiments.reader.items import Item, Place, occurrences
from crossover.sentences import sentences

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
NAME = r"(?:[A-Z][\w'’.-]*[\w])(?: (?:of |de |van |von |the )?[A-Z][\w'’-]*\w)*"
SOUGHT = re.compile(
    rf"(?P<date>(?:\d{{1,2}} )?(?:{MONTHS})(?: \d{{1,2}},?)?(?: \d{{4}})?|\b[12]\d{{3}}\b)"
    r"|(?P<number>\b\d[\d,.]*\d\b(?: (?:percent|million|billion|%))?|\b\d\b)"
    rf"|(?P<name>{NAME})"
)
WORDS = re.compile(r"\w+")
SHORTEST, LONGEST, PER_TEXT = 8, 45, 3
# words at the head of a name that only look like one because they open a sentence
OPENERS = frozenset(
    "the a an in on at by for from with when while after before during as it he she they this "
    "that these those his her its their there here if although however since under some many "
    "most both each all one two three i we you and but or also".split()
)
NOISE = 0.15
# how often the question word stays where the words were
IN_PLACE = 0.3
# words of four letters or more that another passage shares with the question
ALIKE = 4


@dataclass(frozen=True, slots=True)
class Gap:
    """A sentence of a text and the words in it that are asked for."""

    text: int
    sentence: Place
    span: Place
    kind: str


def questions(texts: Sequence[str], random: Random) -> list[Item]:
    """Ask up to PER_TEXT questions on every text; passages are the texts themselves."""
    gaps = [gap for at, text in enumerate(texts) for gap in _gaps(at, text, random)]
    holders = _holders(texts, gaps)
    words = [_content(text) for text in texts]
    return [item for gap in gaps if (item := _item(texts, gap, holders, words, random))]


def _content(text: str) -> frozenset[str]:
    return frozenset(word for word in WORDS.findall(text.lower()) if len(word) > 3)


def _gaps(at: int, text: str, random: Random) -> list[Gap]:
    found = []
    for start, end in sentences(text):
        if not SHORTEST <= len(text[start:end].split()) <= LONGEST:
            continue
        for match in SOUGHT.finditer(text, start, end):
            first, last = match.span()
            word = text[first:last].split()[0].lower()
            if match.lastgroup == "name" and (first == start or word in OPENERS):
                continue
            found.append(Gap(at, (start, end), (first, last), str(match.lastgroup)))
    return random.sample(found, min(PER_TEXT, len(found)))


def _holders(texts: Sequence[str], gaps: Sequence[Gap]) -> dict[str, list[int]]:
    """Which texts hold the words of a gap."""
    sought = {texts[gap.text][slice(*gap.span)] for gap in gaps}
    heads = defaultdict(set)
    for words in sought:
        heads[words.split()[0]].add(words)
    holders = defaultdict(list)
    for at, text in enumerate(texts):
        for head in set(re.findall(r"\S+", text)):
            for words in heads.get(head.strip(".,;:()\"'"), ()):
                if words in text:
                    holders[words].append(at)
    return {words: sorted(set(found)) for words, found in holders.items()}


def _item(
    texts: Sequence[str],
    gap: Gap,
    holders: dict[str, list[int]],
    words: Sequence[frozenset[str]],
    random: Random,
) -> Item | None:
    text = texts[gap.text]
    answer = text[slice(*gap.span)]
    asked = _asked(text, gap, random)
    if len(WORDS.findall(asked)) < 4 or answer.lower() in asked.lower():
        return None
    named = gap.kind == "name"
    other = _other(texts, gap, asked, holders.get(answer, ()), words) if named else None
    held = texts[other] if other is not None else text
    spans = tuple(occurrences(answer, held)) if other is not None else (gap.span,)
    if not spans:
        return None
    return Item("cloze", asked, held, f"cloze:{gap.text}", (answer,), spans)


def _other(
    texts: Sequence[str],
    gap: Gap,
    asked: str,
    holders: Sequence[int],
    words: Sequence[frozenset[str]],
) -> int | None:
    """Find the other text that holds the answer and shares most rare words with the question."""
    sought, own = _content(asked), texts[gap.text]
    best, found = ALIKE - 1, None
    for at in holders:
        if at == gap.text or texts[at][:80] == own[:80] or own[slice(*gap.sentence)] in texts[at]:
            continue
        shared = len(sought & words[at])
        if shared > best:
            best, found = shared, at
    return found


def _asked(text: str, gap: Gap, random: Random) -> str:
    """Turn the sentence into a rough question about the gap."""
    (start, end), (first, last) = gap.sentence, gap.span
    before, after = text[start:first].split(), text[last:end].rstrip(" .!?").split()
    before, after = _near(before, -1), _near(after, 1)
    word = _question_word(gap.kind, text[first:last], before, random)
    if before and before[-1].lower() in ("in", "on", "at", "by", "from") and word in TIMES:
        before = before[:-1]
    kept = [w for w in (*before, *after) if random.random() > NOISE]
    kept = [*before, word, *after] if random.random() < IN_PLACE else [word, *kept]
    asked = " ".join(kept)
    return asked.lower() if random.random() < 0.6 else asked + "?"


TIMES = ("when", "where")


def _near(words: list[str], side: int, most: int = 12) -> list[str]:
    """Keep the words of the gap's own clause."""
    ordered = words if side > 0 else words[::-1]
    kept = list[str]()
    for word in ordered[:most]:
        ends = word[-1] in ",;:" and len(kept) > 2
        if ends and side < 0:
            break
        kept.append(word.strip('"“”()'))
        if ends:
            break
    return kept if side > 0 else kept[::-1]


def _question_word(kind: str, answer: str, before: Sequence[str], random: Random) -> str:
    last = before[-1].lower() if before else ""
    if kind == "date":
        year = answer.isdigit()
        return random.choice(("when", "what year" if year else "on what date", "when"))
    if kind == "number":
        return random.choice(("how many", "how many", "what number of", "how much"))
    if last in ("in", "at", "from", "near", "to"):
        return random.choice(("where", "which place", "what"))
    if last in ("by", "with", "and") or len(answer.split()) == 2:
        return random.choice(("who", "who", "which", "what"))
    return random.choice(("what", "which", "who", "what is"))
