"""One file, compressed: what is left of it, and what was dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from crossover import catalog, meter
from crossover.errors import MissingExtra, StoreError
from crossover.files import read_document
from crossover.pipelines._compressing import compressed
from crossover.pipelines._fitting import whole
from crossover.pipelines.compressed import Compressed
from crossover.roles import Model, Strategy
from crossover.types import Compression, Document, Passage

if TYPE_CHECKING:
    from jinja2 import Template


@dataclass(frozen=True)
class Compressing:
    """A document, the passages that are left of it and what that cost."""

    document: Document
    passages: tuple[Passage, ...]
    done: Compression

    @property
    def text(self) -> str:
        """What a model would read."""
        return "\n\n".join(passage.text for passage in self.passages)

    @property
    def line(self) -> str:
        """Rates, time and cost in one line."""
        done, usage = self.done, self.done.usage
        parts = [
            f"{done.before:,} tokens, {done.after:,} kept: {done.achieved:.1%} of {done.rate:.1%}"
        ]
        parts.append("time unknown" if done.seconds is None else f"{done.seconds:.2f} s")
        read = "unknown" if usage.input_tokens is None else f"{usage.input_tokens:,}"
        parts.append(f"the compressor read {read} tokens in {usage.calls:,} calls")
        parts.append("dollars unknown" if usage.dollars is None else f"${usage.dollars:.6f}")
        return "; ".join(parts)


def compress_file(path: Path, question: str, method: str, rate: float, model: str) -> Compressing:
    """Compress a file for a question; raises ConfigError, DataError or what the model raises."""
    options = {"name": "compressed", "compressor": method, "rate": rate}
    strategy = cast(Compressed, catalog.load(Strategy, options))
    answering = catalog.load(Model, model)
    document = read_document(path)
    with meter.metered():
        passages, done = compressed(
            strategy.compressor, question, whole([document]), strategy.rate, answering
        )
    return Compressing(document, tuple(passages), done)


def write_page(found: Compressing, question: str, method: str, path: Path) -> None:
    """Write source and result side by side as HTML, what was dropped struck through."""
    html = _template().render(
        name=found.document.id,
        question=question,
        method=method,
        line=found.line,
        parts=list(parts(found.document.text, found.passages)),
        passages=found.passages,
        written=any(not passage.pieces for passage in found.passages),
    )
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def parts(text: str, passages: Sequence[Passage]) -> Iterator[tuple[bool, str]]:
    """Cut a document's text into what was kept word for word and what was not, in order."""
    reached = 0
    for start, end in sorted((p.start, p.end) for passage in passages for p in passage.pieces):
        if start > reached:
            yield False, text[reached:start]
        if end > reached:
            yield True, text[max(start, reached) : end]
        reached = max(reached, end)
    if reached < len(text):
        yield False, text[reached:]


def _template() -> Template:
    from importlib.resources import files

    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise MissingExtra("jinja2", "report", "the page") from None
    source = files("crossover").joinpath("compression.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
