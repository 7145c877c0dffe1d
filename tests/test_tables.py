"""Numbers and names as tables show them."""

from __future__ import annotations

import math
import re

import pytest
from frames import frame, row, shown, typical
from hypothesis import given
from hypothesis import strategies as st

from crossover.experiments import _tables
from crossover.experiments.report import (
    render_terminal,
    summarise,
)


@given(st.floats(1e-9, 1e9))
def test_significant_digits_lose_little_and_need_no_exponent(value):
    text = _tables.significant(value)
    assert re.fullmatch(r"[\d,]*\.?\d+", text)
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.005)


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (_tables.significant, 1234.5, "1,234"),
        (_tables.significant, 9.999, "10.0"),
        (_tables.significant, 0.00123456, "0.00123"),
        (_tables.significant, 0.0, "0"),
        (_tables.seconds, 0.0000004, "<0.001"),
        (_tables.seconds, 0.0123, "0.012"),
        (_tables.seconds, 0.0996, "0.100"),
        (_tables.seconds, 0.9999, "1.00"),
        (_tables.seconds, 61.26, "61.3"),
        (_tables.percent, 0.0, "0 %"),
        (_tables.percent, 0.004, "0.4 %"),
        (_tables.percent, 0.615, "62 %"),
        (_tables.count, 99.96, "100"),
        (_tables.count, 31402.4, "31,402"),
        (_tables.score, -0.001, "0.000"),
    ],
)
def test_numbers_read_well(show, value, text):
    assert show(value) == text


SHOWS = [_tables.significant, _tables.seconds, _tables.percent, _tables.count, _tables.score]


@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize("value", [None, math.nan])
def test_unknown_is_neither_zero_nor_nan(show, value):
    assert show(value) == "unknown"


@given(st.text(max_size=300))
def test_names_are_one_harmless_line(text):
    shown = _tables.name(text)
    assert len(shown) <= _tables.LONGEST_NAME
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


# the terminal


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_terminal_table_fits_its_width(width):
    table = summarise(typical(strategies=("full_context", "rag(retriever=dense)")))
    text = shown(render_terminal(table), width)
    assert max(map(len, text.splitlines())) <= width
    first = table.iloc[0]
    ends = f"{first['score']:.3f} [{first['low']:.3f}, {first['high']:.3f}]"
    assert ends in text
    assert "rag(retriever=dense)" in text
    assert "p95" in text


def test_the_terminal_says_what_is_unknown_rough_and_failed():
    rows = [row(group=g, score=s) for g, s in zip("abc", (0.1, 0.2, 0.6), strict=True)]
    rows += [row("other", "a", 0.0, outcome="overflow", seconds=None, dollars=math.nan)]
    text = shown(render_terminal(summarise(frame(rows))), 200)
    assert re.search(r"0\.300 \[0\.\d{3}, 0\.\d{3}\] rough", text)
    assert "0.000 [unknown]" in text
    assert "other: 1 overflow" in text
    assert "nan" not in text.lower()


def test_markup_and_control_characters_stay_text_in_the_terminal():
    rows = [row("[bold red]x[/] \x1b[31m"), row("[/]")]
    text = shown(render_terminal(summarise(frame(rows))), 200)
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text


# the files
