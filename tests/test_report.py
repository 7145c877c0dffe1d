"""From the result frame to what people read: numbers first, then every way of showing them."""

from __future__ import annotations

import io
import math
import re
import sys
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from crossover.errors import ConfigError, DataError, StoreError
from crossover.experiments import _tables
from crossover.experiments._plot import accuracy_cost
from crossover.experiments.report import (
    cost_axis,
    failures,
    load_frame,
    render_terminal,
    summarise,
    write_report,
)
from crossover.experiments.statistics import clustered_mean

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$\\frac{$",
    "a | b `c` ![x](http://evil.example/x.png)\n# title \x1b[31m",
    "策略 \u202eabc",
    "_private_",
    "{{ 7 * 7 }}",
]


def row(strategy="rag", group="a", score=0.5, **other):
    """One answer as the runner reports it."""
    usual = {
        "dataset": "papers",
        "example": "q",
        "group": group,
        "strategy": strategy,
        "model": "reader",
        "outcome": "answered",
        "answer_recall": score,
        "abstention": math.nan,
        "input_tokens": 1000,
        "output_tokens": 10,
        "cached_tokens": 0,
        "dollars": 0.001,
        "seconds": 1.0,
        "first_token_seconds": 0.5,
        "calls": 1,
        "indexing_seconds": 0.0,
        "indexing_tokens": 0,
        "indexing_dollars": 0.0,
        "answer_words": 5,
        "tag.length": "32k",
    }
    return usual | other


def frame(rows, price_as=""):
    table = pd.DataFrame(rows)
    metrics = {name: ["answer_recall", "abstention"] for name in table["dataset"].unique()}
    config = "strategies: [rag]\nseed: 1\n"
    table.attrs = {"metrics": metrics, "price_as": price_as, "run": "trial", "config": config}
    return table


def typical(strategies=("full_context", "rag", "rag(k=20)"), models=("reader",), **attrs):
    """Twelve documents with four questions each."""
    generator = np.random.default_rng(0)
    return frame(
        [
            row(
                strategy,
                f"document {document}",
                float(generator.uniform()),
                model=model,
                example=f"{document} {question}",
                input_tokens=int(generator.integers(500, 30_000)),
                seconds=float(generator.uniform(0.1, 9)),
                **{"tag.length": "32k" if document % 2 else "128k"},
            )
            for model in models
            for strategy in strategies
            for document in range(12)
            for question in range(4)
        ],
        **attrs,
    )


def only(table):
    assert len(table) == 1
    return table.iloc[0]


# numbers


def test_failed_questions_stay_in_the_denominator():
    rows = [row(group=str(at), score=1.0) for at in range(3)]
    rows.append(row(group="3", score=0.0, outcome="overflow"))
    rows.append(row(group="4", score=0.0, outcome="failed:timeout"))
    rows.append(row(group="5", score=0.0, outcome="failed:timeout"))
    found = only(summarise(frame(rows)))
    assert (found["n"], found["score"], found["failed"]) == (6, 0.5, 3)
    assert found["failures"] == "2 failed:timeout, 1 overflow"


def test_score_and_interval_are_the_clustered_mean():
    table = typical(strategies=("rag",))
    found = only(summarise(table))
    expected = clustered_mean(table["answer_recall"], table["group"])
    assert (found["score"], found["low"], found["high"]) == (
        expected.mean,
        expected.low,
        expected.high,
    )
    assert (found["clusters"], found["rough"], found["metric"]) == (12, False, "answer_recall")


def test_declined_and_truncated_are_shares_and_no_failures():
    outcomes = ["declined", "truncated", "answered", "answered"]
    found = only(summarise(frame([row(outcome=outcome) for outcome in outcomes])))
    assert (found["declined"], found["truncated"], found["failures"]) == (0.25, 0.25, "")


def test_other_metrics_are_means_over_what_they_apply_to():
    rows = [row(abstention=1.0), row(abstention=0.0), row()]
    assert only(summarise(frame(rows)))["mean.abstention"] == 0.5


@pytest.mark.parametrize("column", ["dollars", "input_tokens", "output_tokens"])
def test_one_unknown_cost_makes_the_mean_unknown(column):
    found = only(summarise(frame([row(), row(**{column: math.nan})])))
    shown = {"dollars": "dollars_per_1000"}.get(column, column)
    assert math.isnan(found[shown])


def test_dollars_with_and_without_the_index():
    rows = [row(group=g, dollars=0.002, indexing_dollars=0.03) for g in "aabb"]
    rows[0]["indexing_dollars"] = 0.0  # this question failed before it searched
    found = only(summarise(frame(rows)))
    assert found["dollars_per_1000"] == pytest.approx(2.0)
    assert found["dollars_per_1000_indexed"] == pytest.approx(1000 * (0.002 + 0.06 / 4))
    assert found["indexing_dollars"] == pytest.approx(0.03)


def test_an_unknown_index_price_is_unknown_not_free():
    rows = [row(group="a"), row(group="b", indexing_dollars=math.nan)]
    found = only(summarise(frame(rows)))
    assert found["dollars_per_1000"] == pytest.approx(1.0)
    assert math.isnan(found["dollars_per_1000_indexed"])


def test_times_leave_out_what_was_not_measured():
    rows = [row(seconds=s, first_token_seconds=None) for s in (1.0, 2.0, 3.0, math.nan)]
    found = only(summarise(frame(rows)))
    assert (found["seconds_p50"], found["seconds_timed"]) == (2.0, 3)
    assert math.isnan(found["first_token_p50"])


def test_price_as_prices_the_tokens(monkeypatch):
    prices = pytest.importorskip("crossover.prices")
    asked = []

    def priced_as(model, input_tokens, cached_tokens, output_tokens):
        asked.append((model, input_tokens, cached_tokens, output_tokens))
        return None if input_tokens == 7 else input_tokens / 1e6

    monkeypatch.setattr(prices, "priced_as", priced_as)
    rows = [row(cached_tokens=400), row(input_tokens=3000)]
    found = only(summarise(frame(rows, price_as="openai:some")))
    assert found["dollars_per_1000_priced"] == pytest.approx(2.0)
    assert ("openai:some", 1000, 400, 10) in asked
    rows.append(row(input_tokens=7))
    found = only(summarise(frame(rows, price_as="openai:some")))
    assert math.isnan(found["dollars_per_1000_priced"])


def test_the_real_price_list_prices_a_known_model():
    found = only(summarise(frame([row(input_tokens=1_000_000, output_tokens=0)], "openai:gpt-4o")))
    assert 0 < found["dollars_per_1000_priced"] < 1e5


def test_slices_by_tags_in_natural_order():
    lengths = ["128k", "32k", "128k", "4k"]
    rows = [
        row(strategy, score=at / 10, **{"tag.length": length})
        for strategy in ("rag", "full_context")
        for at, length in enumerate(lengths)
    ]
    table = summarise(frame(rows), by=("length",))
    assert list(table["tag.length"]) == ["4k", "4k", "32k", "32k", "128k", "128k"]
    assert list(table["strategy"]) == ["rag", "full_context"] * 3
    assert list(table["n"]) == [1, 1, 1, 1, 2, 2]
    assert table["n"].sum() == len(rows)


def test_rows_without_the_tag_are_a_slice_of_their_own():
    table = summarise(frame([row(), row(**{"tag.length": None})]), by=("length",))
    assert list(table["n"]) == [1, 1]
    assert "(none)" in shown(render_terminal(table), 160)


def test_an_unknown_tag_names_the_tags_there_are():
    with pytest.raises(ConfigError, match=r"no tag 'task' in these results; .* length$"):
        summarise(frame([row()]), by=("task",))


def test_grid_order_is_kept():
    table = summarise(typical(strategies=("z", "a", "m")))
    assert list(table["strategy"]) == ["z", "a", "m"]


def test_failures_are_counted_by_name():
    rows = [row(), row(outcome="refused", score=0.0), row("other", outcome="declined")]
    table = failures(frame(rows))
    assert table.to_dict("records") == [
        {
            "dataset": "papers",
            "model": "reader",
            "strategy": "rag",
            "outcome": "refused",
            "count": 1,
            "share": 0.5,
        }
    ]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table: table.drop(columns="seconds"), "lack the columns seconds"),
        (lambda table: table.iloc[:0], "hold no answer"),
        (lambda table: table.drop(columns="abstention"), "lack the metric 'abstention'"),
        (lambda table: table.assign(dataset="other"), "by which metrics 'other' is scored"),
    ],
)
def test_what_is_no_result_frame_is_named(spoil, message):
    with pytest.raises(DataError, match=message):
        summarise(spoil(frame([row()])))


def test_the_cost_axis_is_dollars_where_they_are_known():
    assert cost_axis(summarise(frame([row()]))) == "dollars_per_1000"
    assert cost_axis(summarise(frame([row(dollars=0.0)]))) == "input_tokens"
    assert cost_axis(summarise(frame([row(dollars=math.nan)]))) == "input_tokens"
    mixed = frame([row("free", dollars=0.0), row("paid")])
    assert cost_axis(summarise(mixed)) == "input_tokens"


# numbers as text


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


def shown(renderable, width):
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(renderable)
    return file.getvalue()


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


def test_the_report_files(tmp_path):
    table = typical()
    paths = write_report(table, tmp_path / "new", by=("length",))
    assert sorted(path.name for path in paths) == [
        "report.csv",
        "report.html",
        "report.md",
        "report.parquet",
        "results.parquet",
        "slices.csv",
        "slices.parquet",
    ]
    expected = summarise(table)
    for read, name in ((pd.read_csv, "report.csv"), (pd.read_parquet, "report.parquet")):
        found = read(tmp_path / "new" / name)
        assert list(found.columns) == list(expected.columns)
        assert found["score"].to_numpy() == pytest.approx(expected["score"].to_numpy())
    slices = pd.read_csv(tmp_path / "new" / "slices.csv")
    assert set(slices["tag.length"]) == {"32k", "128k"}
    markdown = (tmp_path / "new" / "report.md").read_text()
    first = expected.iloc[0]
    assert f"{first['score']:.3f} [{first['low']:.3f}, {first['high']:.3f}]" in markdown
    assert "seed: 1" in markdown


def test_the_frame_comes_back_with_its_attributes(tmp_path):
    table = typical(price_as="openai:gpt-4o-mini")
    write_report(table, tmp_path)
    found = load_frame(tmp_path)
    pd.testing.assert_frame_equal(found, table)
    assert found.attrs == table.attrs


def test_the_same_frame_gives_the_same_files(tmp_path):
    first, second = (write_report(typical(), tmp_path / name) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_what_holds_no_results_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no results.parquet in .*; name the directory"):
        load_frame(tmp_path)
    (tmp_path / "results.parquet").write_text("not parquet")
    with pytest.raises(DataError, match="cannot be read as results") as caught:
        load_frame(tmp_path)
    assert "\n" not in str(caught.value)
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "results.parquet")
    with pytest.raises(DataError, match="lack the columns dataset"):
        load_frame(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_report(typical(), tmp_path / "file")


def test_an_unknown_tag_writes_nothing(tmp_path):
    with pytest.raises(ConfigError):
        write_report(typical(), tmp_path / "new", by=("task",))
    assert not (tmp_path / "new").exists()


def test_without_pyarrow_the_rest_is_written_and_says_so(tmp_path, monkeypatch):
    from importlib import util

    there = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "pyarrow" else there(name))
    names = [path.name for path in write_report(typical(), tmp_path)]
    assert names == ["report.csv", "report.md", "report.html"]
    for name in ("report.md", "report.html"):
        assert "No Parquet files were written" in (tmp_path / name).read_text()


# the page


class Page(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def html(table, folder, by=()):
    write_report(table, folder, by)
    return (folder / "report.html").read_text()


def test_the_page_is_small_and_asks_nothing_of_anybody(tmp_path):
    models = tuple(f"released:model-{at}" for at in range(9))
    text = html(typical(models=models), tmp_path, ("length",))
    assert len(text.encode()) < 300_000
    page = Page(text)
    loading = {"script", "link", "img", "iframe", "object", "embed", "image"}
    assert not loading & set(page.tags)
    addresses = [value for name, value in page.attributes if name in ("src", "href", "xlink:href")]
    assert all(address.startswith("#") for address in addresses)
    assert not re.search(r"url\((?!#)|@import", text)
    assert "default-src 'none'" in text


def test_hundreds_of_rows_stay_under_the_limit_and_say_what_is_left_out(tmp_path):
    strategies = tuple(f"rag(k={k}, order=ends_first)" for k in range(170))
    table = frame([row(s, g, 0.1 * k) for s in strategies for k, g in enumerate("abc")])
    text = html(table, tmp_path, ("length",))
    assert len(text.encode()) < 300_000
    assert "20 more rows" in text


def test_hostile_names_stay_text(tmp_path):
    table = typical(strategies=tuple(HOSTILE), models=(HOSTILE[0], "reader"))
    table["tag.<b>length"] = HOSTILE[1]
    table.attrs["config"] = "</pre><script>alert(1)</script>\n```\n# not a title"
    page = Page(html(table, tmp_path, ("<b>length",)))
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert HOSTILE[0] in page.texts
    assert HOSTILE[-1] in page.texts
    markdown = (tmp_path / "report.md").read_text()
    prose = markdown.split("## The grid of this run")[0]
    assert "<script>" not in prose.replace("\\<", "")
    assert "](http" not in prose
    assert "````yaml" in markdown


def test_the_page_names_unknown_costs_failures_and_slices(tmp_path):
    rows = [row(group=str(at), score=at / 12, dollars=math.nan) for at in range(12)]
    rows += [row("slow", str(at), 0.0, outcome="failed:timeout", seconds=None) for at in range(12)]
    text = html(frame(rows), tmp_path)
    assert '<td class="number unknown">unknown</td>' in text
    assert ">failed:timeout<" in text
    assert "tags to slice by: length" in text
    assert ">nan<" not in text.lower()


def test_a_missing_matplotlib_is_a_sentence(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = html(typical(), tmp_path)
    assert "<svg" not in text
    assert "There is no plot: the accuracy-cost plot needs the package matplotlib" in text


# the plot


TEXT = r'<text style="[^"]*text-anchor: (\w+)[^"]*" x="([\d.]+)" y="([\d.]+)">([^<]*)</text>'
SHARE_LEFT = {"start": 0.0, "middle": 0.5, "end": 1.0}


def labels(svg):
    """Every text in the plot with the box that it takes at least."""
    found = []
    for anchor, x, y, text in re.findall(TEXT, svg):
        width = 5.5 * len(text)
        left = float(x) - SHARE_LEFT[anchor] * width
        found.append((text, (left, left + width), (float(y) - 9, float(y))))
    return found


def overlap(one, other):
    return all(a[0] < b[1] and b[0] < a[1] for a, b in zip(one[1:], other[1:], strict=True))


def test_every_strategy_is_named_in_the_plot():
    strategies = ("closed_book", "full_context", "rag", "rag(k=20)", "rag(retriever=dense)")
    plot = accuracy_cost(summarise(typical(strategies=strategies)))
    assert plot.unnamed == ()
    assert {text for text, *_ in labels(plot.svg)} >= set(strategies)


def test_labels_do_not_overlap_even_where_points_do():
    strategies = tuple(f"rag(k={k})" for k in range(12))
    table = summarise(frame([row(s, g, 0.5) for s in strategies for g in "abc"]))
    plot = accuracy_cost(table)
    written = [label for label in labels(plot.svg) if label[0] in strategies]
    assert len(written) + len(plot.unnamed) == len(strategies)
    assert len(written) >= 10
    assert not [pair for pair in combinations(written, 2) if overlap(*pair)]


def test_several_models_are_told_apart_by_a_legend():
    plot = accuracy_cost(summarise(typical(models=("one", "two"))))
    texts = [text for text, *_ in labels(plot.svg)]
    assert {"one", "two", "full_context"} <= set(texts)
    assert texts.count("rag") == 1  # in the legend, not beside every point


def test_the_plot_takes_the_colours_of_the_page():
    svg = accuracy_cost(summarise(typical())).svg
    assert "var(--series-0)" in svg
    assert "var(--ink)" in svg
    assert not re.search(r"#0000[0-9a-f]{2}\b", svg)


def test_what_cannot_be_drawn_is_said(tmp_path):
    rows = [row("known", g, 0.4) for g in "ab"]
    rows += [row("unknown one", g, 0.5, input_tokens=None, dollars=None) for g in "ab"]
    text = html(frame(rows), tmp_path)
    assert "Not drawn, since" in text
    assert ": unknown one." in text
