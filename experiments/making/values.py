"""Names, dates and numbers as texts write them, and which of two is the earlier or larger."""

from __future__ import annotations

import re
from collections.abc import Container
from decimal import Decimal

MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
).split("|")
MONTH = "|".join(MONTHS)
DATE = (
    rf"(?:(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{MONTH})(?:,? [12]\d{{3}})?"
    rf"|(?:{MONTH})(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? [12]\d{{3}})?|[12]\d{{3}}(?!\d|[,.]\d))"
)
COUNTED = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    "|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
NUMBER = (
    r"(?:(?:[$€£] ?)?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
    r"(?:[kKMB]\b| (?:thousand|million|billion|trillion)\b)?"
    rf"(?: ?%| percent\b| per cent\b)?|\b(?:{COUNTED})\b)"
)
WORD = r"[A-Z][\w'’&./-]*[\w&]"
NAME = rf"{WORD}(?: (?:(?:of|of the|de|del|von|van|der|&) )?(?:{WORD}|[A-Z0-9]\b|\d+\b))*"
# what documents call their own parts names nothing in the world
PARTS = re.compile(
    r"(?:The )?(?:Table|Figure|Section|Appendix|Equation|Algorithm|Chapter|Page|Part|Step|Line|Note"
    r"|Theorem|Lemma|Example|Abstract|Introduction|Conclusion|Item|Exhibit|Annex|Schedule|Column"
    r"|Row|Volume|Article|Clause|Paragraph|Level|Phase|Stage|Case|Task|Question|Answer)s?\b",
)
CALENDAR = frozenset(
    f"{MONTH}|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|I".split("|")
)
POSSESSIVE = re.compile(r"['’]s?$")


def is_name(text: str, ordinary: Container[str]) -> bool:
    """Whether capitalised words are a name: every one, or one of several, is no ordinary word.

    The first may be capital for opening a sentence alone, so it must not be ordinary.
    """
    words = re.sub(r"^[Tt]he ", "", text).split()
    bare = [POSSESSIVE.sub("", word).lower() for word in words]
    if not words or PARTS.match(text) or words[0] in CALENDAR or len(words) > MOST_WORDS:
        return False
    if text[:4] in ("The ", "the "):
        return len(words) > 1 or bare[0] not in ordinary
    return bare[0] not in ordinary and len(text) > 1


MOST_WORDS = 6


def moment(text: str) -> tuple[int, int, int] | None:
    """The (year, month, day) that a date names, 0 where it does not; None without a year."""
    year = re.search(r"\b[12]\d{3}\b", text)
    if not year:
        return None
    month = re.search(MONTH, text)
    day = re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", text)
    return (
        int(year.group()),
        MONTHS.index(month.group()) + 1 if month else 0,
        int(day.group(1)) if month and day else 0,
    )


def earlier(one: str, other: str) -> bool | None:
    """Whether one date comes before the other; None where they do not tell."""
    first, second = moment(one), moment(other)
    if first is None or second is None:
        return None
    for a, b in zip(first, second, strict=True):
        if a == 0 or b == 0:
            return None
        if a != b:
            return a < b
    return None


def amount(text: str) -> Decimal | None:
    """The one number that a text names, scaled and spelt-out ones too."""
    from crossover.normalise import read

    said = read(text)
    numbers = set(said.numbers) or {Decimal(word) for word in said.words if word.isdigit()}
    return numbers.pop() if len(numbers) == 1 else None
