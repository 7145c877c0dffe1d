"""Questions of one's own in JSONL, as the tests write and read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossover.datasets.jsonl import Jsonl
from crossover.errors import DataError
from crossover.roles import Dataset
from crossover.types import Example

TEXT = "Brest is a port. The tide there is six metres. Brest is old."
GOOD = {"question": "How high is the tide?", "answers": ["six metres"], "context": TEXT}


def write(path: Path, *records: object) -> Path:
    lines = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")
    return path


def read(path: Path, **options: Any) -> list[Example]:
    return list(Jsonl(str(path), **options).examples())


def one_line(dataset: Dataset) -> str:
    with pytest.raises(DataError) as caught:
        list(dataset.examples())
    line = str(caught.value)
    assert "\n" not in line
    return line
