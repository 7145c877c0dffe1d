"""Reading the published files that the tests hold, and damaging them."""

import json
import shutil
from pathlib import Path

import pytest

from crossover import catalog
from crossover.errors import DataError
from crossover.roles import Dataset

FIXTURES = Path(__file__).parent / "benchmarks"


def examples(name, path=None, **options):
    """The examples of a benchmark by their ids; of the tests' own files unless a path is given."""
    given = {"name": name, "path": str(path or FIXTURES / name), **options}
    return {example.question.id: example for example in catalog.load(Dataset, given).examples()}


def shown(example):
    """The text of each piece of evidence."""
    texts = {document.id: document.text for document in example.question.documents}
    return [texts[span.document][span.start : span.end] for span in example.evidence]


def texts(example):
    return [document.text for document in example.question.documents]


def told(name, path, **options):
    """The line that a reading ends with."""
    with pytest.raises(DataError) as caught:
        examples(name, path, **options)
    return str(caught.value)


def copied(name, folder):
    shutil.copytree(FIXTURES / name, folder / name)
    return folder / name


def edited(path, change):
    """Change what a JSON file holds."""
    read = json.loads(path.read_text())
    change(read)
    path.write_text(json.dumps(read))


def changed(path, **fields):
    """Change fields of the last line of a file of JSON lines."""
    *lines, last = path.read_text().splitlines()
    path.write_text("\n".join([*lines, json.dumps({**json.loads(last), **fields})]) + "\n")


def named(example):
    """The names of the documents, without what tells them from others of that name."""
    return [document.id.rpartition(" #")[0] for document in example.question.documents]


def as_parquet(source, target):
    """Write a file of JSON lines as Parquet."""
    import pyarrow
    import pyarrow.parquet

    rows = [json.loads(line) for line in source.read_text().splitlines()]
    target.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), target)


WRONG = (None, 17.5, {"other": 1}, [[1]], True)


def every_bad_value_is_named(name, path, at, row):
    """Read a JSON file again and again whose row ``at(read)`` lacks a field or has another there.

    ``row`` is what the error must call it, after the path.
    """
    kept = json.loads(path.read_text())
    refused = 0
    for field in list(at(kept)):
        for wrong in (..., *WRONG):
            read = json.loads(json.dumps(kept))
            if wrong is ...:
                del at(read)[field]
            else:
                at(read)[field] = wrong
            path.write_text(json.dumps(read))
            try:
                examples(name, path)
            except DataError as error:
                said = str(error)
                assert f"{path} {row}" in said, (field, wrong, said)
                assert "not a record of" not in said, (field, wrong, said)
                assert "\n" not in said
                refused += 1
    path.write_text(json.dumps(kept))
    assert refused >= 3
