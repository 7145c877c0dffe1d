"""Texts that nobody vouches for, with places in them marked: nothing in them is read as markup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from crossover.experiments import _tables

if TYPE_CHECKING:
    from jinja2 import Template

EVIDENCE, SHOWN, DROPPED = "evidence", "shown", "dropped"
MEANING: Mapping[str, str] = {
    EVIDENCE: "gold evidence",
    SHOWN: "shown to the model",
    DROPPED: "not shown to the model",
}
# characters drawn at first, at most, and around a mark
LONGEST = 20_000
MOST = 2_000_000
AROUND = 400
MOST_MARKS = 5_000

# both marks can lie on the same words, and both are told without colour
STYLE = """<style>
.text-shown { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 26rem; overflow-y: auto;
 line-height: 1.55; }
.text-shown:focus-visible { outline: 2px solid #0072b2; outline-offset: 2px; }
.text-legend { margin: 0; font-size: .875rem; overflow-wrap: anywhere; }
.text-shown mark, .text-legend mark { background: none; color: inherit; }
.text-shown mark.evidence, .text-legend mark.evidence { background: #f0e442; color: #000;
 font-weight: 600; }
.text-shown mark.shown, .text-legend mark.shown { border-bottom: 2px solid #0072b2; }
.text-shown del, .text-legend del { opacity: .55; }
.text-shown i { opacity: .65; }
.text-name { font-size: 1.05rem; font-weight: 600; overflow-wrap: anywhere; margin: 0; padding: 0; }
</style>"""
SPAN = """{% macro part(kinds, text) -%}
{% if "dropped" in kinds %}<del>{{ text }}</del>\
{% elif kinds %}<mark class="{{ kinds | join(' ') }}">{{ text }}</mark>\
{% else %}{{ text }}{% endif %}
{%- endmacro %}"""
TEXT = (
    SPAN
    + """<div class="text-shown" tabindex="0" role="region" aria-label="{{ label }}">\
{% for gap, kinds, text in parts %}\
{% if gap %}<i>{{ text }}</i>{% else %}{{ part(kinds, text) }}{% endif %}\
{% endfor %}</div>"""
)
LEGEND = (
    SPAN
    + """<p class="text-legend">{% for kind, meaning in known %}\
{{ part([kind], meaning) }}{% if not loop.last %}; {% endif %}{% endfor %}</p>"""
)
NAME = '<h3 class="text-name">{{ name }}</h3>'


class Mark(NamedTuple):
    """Characters ``start`` to ``end`` of a text, and what they are."""

    start: int
    end: int
    kind: str


class Part(NamedTuple):
    """Characters of a text that are marked in one way."""

    start: int
    end: int
    kinds: tuple[str, ...]


def show(
    text: str,
    marks: Sequence[Mark] = (),
    *,
    key: str,
    label: str = "text",
    longest: int = LONGEST,
    around: bool = False,
) -> None:
    """Draw a text; of a long one the beginning, with a button for the rest.

    With ``around`` only what stands near marks is drawn. ``key`` tells texts of a page apart.
    """
    whole = len(text) <= longest or bool(st.session_state.get(f"{key}.whole"))
    end = min(len(text), MOST if whole else longest)
    st.html(STYLE + html(text, marks, end=end, label=label, around=around))
    if end == len(text) or around:
        return
    st.text(f"shown: first {end:,} of {len(text):,} characters")
    if not whole:
        st.button("Show the rest", key=f"{key}.rest", on_click=_wanted, args=(f"{key}.whole",))


def _wanted(key: str) -> None:
    st.session_state[key] = True


def legend(kinds: Sequence[str], meaning: Mapping[str, str] = MEANING) -> None:
    """Say what the marks mean, each in its own style."""
    known = [(kind, meaning[kind]) for kind in kinds]
    st.html(STYLE + _template(LEGEND).render(known=known))


def heading(name: object) -> None:
    """Draw a name from data as a heading."""
    st.html(STYLE + _template(NAME).render(name=_tables.name(name)))


def html(
    text: str,
    marks: Sequence[Mark] = (),
    *,
    end: int | None = None,
    label: str = "text",
    around: bool = False,
) -> str:
    """A text as HTML: its first ``end`` characters, or what stands around its marks."""
    found = parts(len(text) if end is None or around else end, marks)
    drawn = [
        (gap, kinds, part if gap else visible(part))
        for gap, kinds, part in (_excerpts(text, found) if around else _every(text, found))
    ]
    return _template(TEXT).render(parts=drawn, label=_tables.name(label, 80))


def visible(text: str) -> str:
    """The text with each character that would hide or move others made visible, none moved."""
    shown = {ord(one): _tables.passage(one, 1) for one in set(text)}
    return text.translate(shown)


def parts(size: int, marks: Sequence[Mark]) -> list[Part]:
    """Cut ``size`` characters at the ends of the marks, of which the first ones count."""
    kept = [Mark(max(m.start, 0), min(m.end, size), m.kind) for m in marks[:MOST_MARKS]]
    kept = [mark for mark in kept if mark.start < mark.end]
    events = sorted(
        [(m.start, 1, m.kind) for m in kept] + [(m.end, -1, m.kind) for m in kept] + [(size, 0, "")]
    )
    open_: dict[str, int] = {}
    found, at = list[Part](), 0
    for place, step, kind in events:
        if place > at:
            found.append(Part(at, place, tuple(sorted(k for k in open_ if open_[k]))))
            at = place
        if kind:
            open_[kind] = open_.get(kind, 0) + step
    return found


def _every(text: str, found: Sequence[Part]) -> Iterator[tuple[bool, tuple[str, ...], str]]:
    for part in found:
        yield False, part.kinds, text[part.start : part.end]


def _excerpts(text: str, found: Sequence[Part]) -> Iterator[tuple[bool, tuple[str, ...], str]]:
    """The marked parts with what stands around them; what is left out is counted."""
    for at, part in enumerate(found):
        long = part.end - part.start > 2 * AROUND
        # evidence is what a reader came for; of all else the ends will do
        if not long or EVIDENCE in part.kinds:
            yield False, part.kinds, text[part.start : part.end]
            continue
        head = part.start + (AROUND if at else 0)
        tail = part.end - (AROUND if at < len(found) - 1 else 0)
        yield False, part.kinds, text[part.start : head]
        yield True, (), f" [… {tail - head:,} characters …] "
        yield False, part.kinds, text[tail : part.end]


@cache
def _template(source: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
