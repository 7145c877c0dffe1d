"""Spans of a run to a file of OTLP JSON lines, or to a collector that speaks OTLP over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crossover.blobs import Place, place, written
from crossover.errors import ConfigError, DataError, MissingExtra, StoreError
from crossover.experiments.exporting.spans import Spans, Told
from crossover.experiments.exporting.stored import stored_answers
from crossover.experiments.report import load_frame

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from pandas import DataFrame

TRACES = "/v1/traces"
TOGETHER = 500
IDS = ("traceId", "spanId", "parentSpanId")


def export_spans(run: str | Path, target: str, *, with_content: bool = False) -> tuple[int, int]:
    """Export the stored traces of a run; return how many answers were told and how many lacked.

    ``target`` is a file that ends with ``.jsonl``, a bucket's too, or the address of a collector,
    where the standard ``OTEL_EXPORTER_OTLP_HEADERS`` and its like count too. Answers, queries and
    what else steps quote are left out unless ``with_content``. Raises ConfigError for another
    target, DataError where the run's answers are gone, StoreError where nothing can be written or
    sent.
    """
    over_http = urlsplit(target).scheme in ("http", "https")
    if not over_http and not target.endswith(".jsonl"):
        raise ConfigError(f"--otel {target}: give a file.jsonl or an address as http://host:4318")
    spans = Spans(content=with_content)
    frame = load_frame(run)
    told = list(told_of(frame, run))
    if not told:
        raise DataError(f"{run} holds no stored answers, so there are no traces to export")
    made = chain.from_iterable(map(spans.of, told))
    if over_http:
        _send(made, target)
    else:
        _write(made, place(target))
    return len(told), len(frame) - len(told)


def told_of(frame: DataFrame, run: str | Path) -> Iterator[Told]:
    """The rows of a run's frame whose answer is still stored."""
    for row, stored in zip(frame.to_dict("records"), stored_answers(frame, run), strict=True):
        if stored is None:
            continue
        metrics = frame.attrs["metrics"][row["dataset"]]
        known = {str(m): float(row[m]) for m in metrics if row[m] is not None and row[m] == row[m]}
        names = {name: str(row[name]) for name in ("dataset", "example", "strategy", "model")}
        key = f"{row['dataset']} {stored.key}"
        yield Told(key, stored.answer, **names, finished=stored.finished, scores=known)


def _write(spans: Iterator[ReadableSpan], target: Place) -> None:
    try:
        with written(target) as path, path.open("w", encoding="utf-8") as file:
            for batch in _batches(spans):
                file.write(json.dumps(_otlp(batch), ensure_ascii=False) + "\n")
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error


def _send(spans: Iterator[ReadableSpan], address: str) -> None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        package = "opentelemetry-exporter-otlp-proto-http"
        raise MissingExtra(package, "otel", "sending spans") from None
    from opentelemetry.sdk.trace.export import SpanExportResult

    root = address.rstrip("/")
    exporter = OTLPSpanExporter(endpoint=root if root.endswith(TRACES) else root + TRACES)
    try:
        for batch in _batches(spans):
            if exporter.export(batch) is not SpanExportResult.SUCCESS:
                where = urlsplit(address)
                raise StoreError(f"the collector at {where.hostname}:{where.port} took no spans")
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]


def _batches(spans: Iterator[ReadableSpan]) -> Iterator[Sequence[ReadableSpan]]:
    while batch := list(islice(spans, TOGETHER)):
        yield batch


def _otlp(spans: Sequence[ReadableSpan]) -> Any:
    """OTLP's JSON: as protobuf writes it, but for ids, which are hexadecimal."""
    try:
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    except ImportError:
        package = "opentelemetry-exporter-otlp-proto-http"
        raise MissingExtra(package, "otel", "writing spans") from None
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]

    found = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    for resource in found["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                span |= {k: base64.b64decode(span[k]).hex() for k in IDS if k in span}
    return found
