"""Speed, faithfulness and memory of the embedded reader: ``python benchmarks/reader_speed.py``.

Word pieces per second of the whole reader (sentences, windows, network, spans) against the same
windows through transformers' BertModel in float32, one after the other in one process, and the
memory that one document of a million tokens takes. With DATA also what bfloat16 costs in F1.
"""

import argparse
import statistics
import threading
import time
from pathlib import Path

import psutil
import torch
from safetensors.torch import load_file
from tabulate import tabulate
from transformers import BertModel

from crossover import precision
from crossover.datasets.biographies import Biographies
from crossover.experiments.reader import items, scores
from crossover.models.reader import _reading, _weights, _windows
from crossover.models.reader._network import Network
from crossover.types import Passage

QUESTION = "Who founded the firm with its seat in the town by the river?"
ROUNDS, BATCH = 3, 16
MEGABYTE = 1 << 20


def text(tokens: int) -> str:
    return next(iter(Biographies(tokens, 1, 1).examples())).question.documents[0].text


def plain(bert: BertModel, document: str) -> int:
    """Read the same windows in float32, in their order, padded to the longest of each batch."""
    question = _windows.question_ids(QUESTION)
    windows = list(_windows.pack(_windows.cut(document), _windows.room(question)))
    rows = [
        [_windows.CLS, *question, _windows.SEP, *[i for s in w for i in s.ids], _windows.SEP]
        for w in windows
    ]
    with torch.inference_mode():
        for first in range(0, len(rows), BATCH):
            batch = rows[first : first + BATCH]
            longest = max(map(len, batch))
            ids = torch.tensor([row + [0] * (longest - len(row)) for row in batch])
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
            bert(input_ids=ids, attention_mask=mask)
    return sum(map(len, rows))


def ours(network: Network, document: str) -> None:
    with torch.inference_mode():
        _reading.read(network, [_reading.Asked(QUESTION, [document])])


def speed(network: Network, tokens: int = 30_000) -> dict[str, float]:
    document = text(tokens)
    bert = BertModel.from_pretrained(str(precision.minilm_folder()), local_files_only=True)
    bert.train(False)
    seconds: dict[str, list[float]] = {"transformers, float32": [], "reader": []}
    plain(bert, document[:20_000])
    ours(network, document[:20_000])
    for _ in range(ROUNDS):
        started = time.perf_counter()
        pieces = plain(bert, document)
        seconds["transformers, float32"].append(time.perf_counter() - started)
        started = time.perf_counter()
        ours(network, document)
        seconds["reader"].append(time.perf_counter() - started)
    best = {name: statistics.median(found) for name, found in seconds.items()}
    rows = [(name, pieces / taken) for name, taken in best.items()]
    print(tabulate(rows, ("", "word pieces/s"), floatfmt=",.0f"))
    print(f"times as fast: {best['transformers, float32'] / best['reader']:.2f}")
    return dict(rows)


def faithful(network: Network, data: Path) -> None:
    held = [i for i in items.load(data) if i.held_out and i.source in ("nq", "xquad", "qed")]
    exact = Network().train(False)
    exact.load_state_dict(load_file(_weights.FILE))
    found = [f1(one, held) for one in (exact, network)]
    print(
        f"F1 on {len(held)} held-out questions: float32 {found[0]:.4f}, as shipped {found[1]:.4f}"
    )


def f1(network: Network, held: list[items.Item]) -> float:
    asked = [_reading.Asked(item.question, [item.text]) for item in held]
    with torch.inference_mode():
        found = _reading.read(network, asked)
    return statistics.mean(
        scores.f1(scores.best(one, [item.text]), item.answers)
        for one, item in zip(found, held, strict=True)
    )


def memory(tokens: int) -> None:
    from crossover.models.reader import Reader

    document, reader, process = text(tokens), Reader(), psutil.Process()
    reader.check()
    baseline = process.memory_info().rss
    peak, done = [baseline], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak.append(process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    (found,) = reader.read([(QUESTION, [Passage("d", 0, len(document), document)])])
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    print(
        f"{found.tokens:,} word pieces in {seconds:.0f} s ({found.tokens / seconds:,.0f}/s), "
        f"{(max(peak) - baseline) / MEGABYTE:,.0f} MB above {baseline / MEGABYTE:,.0f} MB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, help="folder that holds reader/ and nq/")
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    # first, so that its baseline holds nothing of the other measurements
    memory(options.tokens)
    network, _ = _weights.load()
    speed(network)
    if options.data:
        faithful(network, options.data)
