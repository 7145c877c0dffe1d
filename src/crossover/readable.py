"""Readable text of HTML and Word trees: a block on its own lines, a table row by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

Kind = Literal["text", "verbatim", "break", "inline", "block", "preformatted", "cell", "skip"]
CONTAINERS: Final = ("inline", "block", "preformatted", "cell")
HTML_BLOCKS = frozenset(
    "address article aside blockquote body button caption center dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li "
    "main menu nav ol optgroup option p section select summary table tbody tfoot thead title "
    "tr ul".split()
)
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
# text that was moved away or is a fallback for what stands beside it would be read twice
WORD_KINDS: Mapping[str, Kind] = {
    f"{WORD}t": "verbatim",
    f"{MATH}t": "verbatim",
    f"{WORD}br": "break",
    f"{WORD}cr": "break",
    f"{WORD}p": "block",
    f"{WORD}tr": "block",
    f"{WORD}tc": "cell",
    f"{WORD}pPr": "skip",
    f"{WORD}moveFrom": "skip",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback": "skip",
}
WORD_CHARACTERS: Mapping[str, str] = {f"{WORD}tab": "\t", f"{WORD}noBreakHyphen": "\u2011"}


def text_of_html(soup: Any) -> str:
    """Read a BeautifulSoup tree as a browser shows it, without scripts and styles."""
    return _readable(soup, _look_at_html)


def text_of_word(body: Any) -> str:
    """Read the body of a docx file: paragraphs, tables and text boxes in order."""
    return _readable(body, _look_at_word)


def _readable(root: Any, look: Callable[[Any], tuple[Kind, str]]) -> str:
    """Walk a tree of any depth in order; ``look`` says what a node is."""
    page = _Page()
    stack: list[tuple[Any, _Place]] = [(root, _Place())]
    while stack:
        node, place = stack.pop()
        if node is None:
            page.separate(place.row)
            continue
        kind, text = look(node)
        page.put(kind, text, place)
        if kind in CONTAINERS:
            stack.extend(_inside(node, kind, place))
    return page.text()


def _inside(node: Any, kind: Kind, place: _Place) -> Iterator[tuple[Any, _Place]]:
    """What is left to visit, last first; None stands for the end of a block."""
    inner = _Place(place.row or kind == "cell", place.preformatted or kind == "preformatted")
    if kind != "inline":
        yield None, inner
    yield from ((child, inner) for child in reversed(list(node)))


def _look_at_html(node: Any) -> tuple[Kind, str]:
    from bs4 import element

    if isinstance(node, element.NavigableString):
        hidden = (element.PreformattedString, element.Script, element.Stylesheet)
        return ("skip", "") if isinstance(node, hidden) else ("text", str(node))
    if node.name in ("script", "style", "template"):
        return "skip", ""
    if node.name in ("td", "th"):
        return _cell_of_html(node)
    if node.name == "br":
        return "break", ""
    if node.name in ("pre", "textarea"):
        return "preformatted", ""
    return ("block" if node.name in HTML_BLOCKS else "inline"), ""


def _cell_of_html(node: Any) -> tuple[Kind, str]:
    """A cell alone in its row, or one that holds a table, is layout rather than data."""
    before = node.find_previous_sibling(("td", "th"))
    alone = before is None and node.find_next_sibling(("td", "th")) is None
    if alone or node.find("table"):
        return "block", ""
    return "cell", "" if before is None else "| "


def _look_at_word(node: Any) -> tuple[Kind, str]:
    if node.tag in WORD_CHARACTERS:
        return "verbatim", WORD_CHARACTERS[node.tag]
    kind = WORD_KINDS.get(node.tag, "inline")
    if kind == "cell":
        before = node.getprevious()
        return kind, "| " if before is not None and before.tag == node.tag else ""
    return kind, (node.text or "") if kind == "verbatim" else ""


class _Place(NamedTuple):
    """Where in a page a node stands: in a table's row, in preformatted text."""

    row: bool = False
    preformatted: bool = False


class _Page:
    """Readable text as it is put together: a block on its own lines, a row of cells on one."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._last = "\n"

    def write(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._last = text[-1]

    def flow(self, text: str) -> None:
        """Write text in which white space of any length is one space."""
        text = re.sub(r"[ \t\n\r\f]+", " ", text)
        self.write(text.lstrip(" ") if self._last in " \n" else text)

    def separate(self, in_row: bool) -> None:
        """Start a line, or keep a distance inside a row."""
        if in_row:
            self.flow(" ")
        elif self._last != "\n":
            self.write("\n")

    def put(self, kind: Kind, text: str, place: _Place) -> None:
        if kind in ("block", "preformatted", "cell"):
            self.separate(place.row or kind == "cell")
            self.write(text)
        elif kind == "break":
            self.flow(" ") if place.row else self.write("\n")
        elif kind == "text" and not place.preformatted:
            self.flow(text)
        elif kind in ("text", "verbatim"):
            self.write(text)

    def text(self) -> str:
        lines = re.sub(r"[ \t]+$", "", "".join(self._parts), flags=re.MULTILINE)
        return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
