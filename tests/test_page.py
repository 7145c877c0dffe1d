"""The HTML page and its plot."""

from __future__ import annotations

import math
import re
import sys
from html.parser import HTMLParser
from itertools import combinations

from frames import HOSTILE, frame, row, typical

from crossover.experiments.report import (
    summarise,
    write_report,
)
from crossover.experiments.reporting.plot import accuracy_cost


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
    assert len(text.encode()) < 600_000
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
    assert "The questions carry no tags with a few values each" in text
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
