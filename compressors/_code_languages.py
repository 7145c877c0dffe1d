"""Which programming language a text is in, and its syntax tree."""

from __future__ import annotations

import importlib
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, NamedTuple

from crossover.errors import MissingExtra

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

Language = Literal[
    "auto", "prose", "python", "javascript", "typescript", "tsx", "java", "go", "rust", "c", "cpp"
]
# what is read to find out the language, in characters
SAMPLE = 20_000
# share of a sample that may be no code of its language
STRAY = 0.2


class Grammar(NamedTuple):
    """The package of a grammar and its function, how files of the language end, its comments."""

    package: str
    function: str
    endings: tuple[str, ...]
    comment: str


GRAMMARS = {
    "python": Grammar("tree_sitter_python", "language", (".py", ".pyi"), "#"),
    "javascript": Grammar("tree_sitter_javascript", "language", (".js", ".mjs", ".jsx"), "//"),
    "typescript": Grammar("tree_sitter_typescript", "language_typescript", (".ts",), "//"),
    "tsx": Grammar("tree_sitter_typescript", "language_tsx", (".tsx",), "//"),
    "java": Grammar("tree_sitter_java", "language", (".java",), "//"),
    "go": Grammar("tree_sitter_go", "language", (".go",), "//"),
    "rust": Grammar("tree_sitter_rust", "language", (".rs",), "//"),
    "c": Grammar("tree_sitter_c", "language", (".c", ".h"), "//"),
    "cpp": Grammar("tree_sitter_cpp", "language", (".cpp", ".cc", ".hpp", ".cxx"), "//"),
}


def parsed(text: str, language: str) -> Tree:
    """The syntax tree of a text."""
    return _parser(language).parse(text.encode("utf-8", "replace"))


def language_of(name: str, text: str) -> str:
    """The language by the file's ending, else that in which the text reads best; else prose."""
    ending = PurePosixPath(name).suffix.lower()
    for language, grammar in GRAMMARS.items():
        if ending in grammar.endings:
            return language
    sample = text[:SAMPLE]
    size = len(sample.encode("utf-8", "replace"))
    strays = {one: _stray(parsed(sample, one).root_node) / max(1, size) for one in GRAMMARS}
    best = min(strays, key=lambda one: strays[one])
    return best if strays[best] <= STRAY else "prose"


def _stray(node: Node) -> int:
    """Bytes that are no code of the language."""
    open_nodes, found = [node], 0
    while open_nodes:
        one = open_nodes.pop()
        if one.is_error:
            found += one.end_byte - one.start_byte
        elif one.has_error:
            open_nodes += one.children
    return found


@lru_cache(maxsize=len(GRAMMARS))
def _parser(language: str) -> Parser:
    grammar = GRAMMARS[language]
    try:
        from tree_sitter import Language, Parser

        module = importlib.import_module(grammar.package)
    except ImportError as error:
        package = str(error.name).replace("_", "-")
        raise MissingExtra(package, "compress", f"code in {language}") from None
    return Parser(Language(getattr(module, grammar.function)()))
