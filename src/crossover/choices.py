"""Which options of a choice question an answer names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from crossover.normalise import gold_plain, plain

Letters = frozenset[str]

MARKUP = re.compile(r"\\boxed|\\text|[*_`$#{}]")
# one letter, or several as in "A, C and D" or "ACD"; what follows shows that it is no word
LETTERS = (
    r"(?:[A-Z](?![\w'’])(?:(?:\s*[,/&]\s*|\s+)(?:and\s+|&\s*)?[A-Z](?![\w'’]))*|(?-i:[A-Z]{2,}))"
)
ENDS = r"(?=\s*(?:[)\].,:;!?\"'”’]|$|[-–—]\s|(?:because|since|as|which|is|are)\b))"
LEADING = re.compile(
    rf"[\"'“(\[\s]*(?:(?:option|choice)s?\s+)?[(\[]?(?P<letters>{LETTERS})"
    rf"(?P<end>{ENDS}[)\].:,;!?\"'”’\s–—-]*)?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
STATED = re.compile(
    r"\b(?:answer|option|choice)s?\b[^.\n]{0,30}?(?:\b(?:is|are|be)\b|[:=])\s*(?=(?P<rest>[^\n]+))",
    re.IGNORECASE,
)
LINE = re.compile(r"^\W{0,3}([A-Z])[).:]\s", re.MULTILINE)
BRACKETED = re.compile(r"\(([A-Z])\)")


def chosen(text: str, choices: Sequence[str]) -> Letters:
    """Return the letters of the options that a text names; none where that is ambiguous.

    An explicit statement (“the answer is B”) and what the text begins with must agree.
    """
    bare = MARKUP.sub("", text).strip()
    whole = _by_text(bare, choices)
    if whole:
        return whole
    listed = "".join(sorted({*LINE.findall(bare)}))
    readings = {_valid(listed, choices)} if len(listed) > 1 else {*_leading(bare, choices)}
    stated = {r for match in STATED.finditer(bare) for r in _leading(match["rest"], choices)}
    readings |= stated or {_valid(letter, choices) for letter in BRACKETED.findall(bare)}
    readings.discard(frozenset())
    return readings.pop() if len(readings) == 1 else frozenset()


def _leading(text: str, choices: Sequence[str]) -> Iterator[Letters]:
    """Yield what a text begins with: letters, an option's text, or both, which may contradict."""
    line = text.partition("\n")[0]
    yield _by_text(line, choices)
    match = LEADING.match(text)
    if match is None:
        return
    letters, text_of = _valid(match["letters"], choices), _by_text(match["rest"], choices)
    if match["end"] is not None:
        yield letters
        yield text_of
    elif letters == text_of:
        yield letters


def _by_text(text: str, choices: Sequence[str]) -> Letters:
    given = plain(text)
    return frozenset(
        letter
        for letter, choice in zip(ascii_uppercase, choices, strict=False)
        if given == gold_plain(choice)
    )


def _valid(letters: str, choices: Sequence[str]) -> Letters:
    """Read letters; none where one of them is no option or stands there twice."""
    found = re.findall(r"[A-Z]", re.sub(r"\band\b", "", letters, flags=re.IGNORECASE).upper())
    options = ascii_uppercase[: len(choices)] if choices else ascii_uppercase
    fits = len(set(found)) == len(found) and set(found) <= set(options)
    return frozenset(found) if fits else frozenset()
