"""What every published benchmark keeps to, on a small copy of its format that the tests hold.

``tests/benchmarks/NAME`` holds files as published, a few invented records in each.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from crossover import catalog, registry
from crossover.errors import DataError
from crossover.roles import Dataset

FIXTURES = Path(__file__).parent / "benchmarks"
NAMES = sorted(registry._family(Dataset))
# what a field may hold that no benchmark publishes there
WRONG = (None, 17.5, {"other": 1}, [[1]])
MOST = 400


# columns that must be named, as no published file could be read
COLUMNS = {
    "lcfo": {"summary": "short"},
    "docpuzzle": {"document": "text", "question": "asked", "answer": "gold"},
}


def loaded(name, path, **options):
    found = registry.find(Dataset, name, dotted=False)
    return found(str(path), **COLUMNS.get(name, {}), **options)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name):
    found = registry.find(Dataset, name, dotted=False)
    assert found.about.source
    assert found.about.licence
    assert found.about.size
    assert found.__doc__.splitlines()[0].endswith(".")
    for metric in found.scores:
        catalog.metric(metric)


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_its_format(name):
    dataset = loaded(name, FIXTURES / name)
    examples = list(dataset.examples())
    assert examples
    assert dataset.skipped() == []
    assert len({one.question.id for one in examples}) == len(examples)
    for one in examples:
        texts = {document.id: document.text for document in one.question.documents}
        assert texts
        assert one.group
        assert all(0 <= s.start < s.end <= len(texts[s.document]) for s in one.evidence)
    again = loaded(name, FIXTURES / name)
    assert [(e.question.id, e.answers, e.tags) for e in again.examples()] == [
        (e.question.id, e.answers, e.tags) for e in examples
    ]
    assert catalog.load(Dataset, catalog.spec(dataset)) == dataset


def written(path, text):
    packed = path.suffix == ".gz"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())


def read(path):
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()


def damaged(line):
    """A record with each field taken away, and with something else in it."""
    record = json.loads(line)
    yield "", line[: len(line) // 2]
    yield "", "[1, 2]"
    for name in record:
        yield name, json.dumps({key: value for key, value in record.items() if key != name})
        for wrong in WRONG:
            yield name, json.dumps({**record, name: wrong})


LINES = [
    (name, path.relative_to(FIXTURES / name))
    for name in NAMES
    for path in sorted((FIXTURES / name).rglob("*.jsonl*"))
]


@pytest.mark.parametrize(("name", "place"), LINES, ids=lambda value: str(value))
def test_a_bad_line_is_named_with_its_field(name, place, tmp_path):
    shutil.copytree(FIXTURES / name, tmp_path / name)
    path = tmp_path / name / place
    parts = {part.path for part in loaded(name, tmp_path / name)._parts()}
    lines = read(path).splitlines()
    refused = 0
    for field, bad in list(damaged(lines[-1]))[:MOST]:
        written(path, "\n".join([*lines[:-1], bad]) + "\n")
        dataset = loaded(name, tmp_path / name)
        try:
            list(dataset.examples())
        except DataError as error:
            told = str(error)
            # what is wrong with a corpus may show in the questions on it
            where = f"{path} line {len(lines)}" if path in parts else r".jsonl"
            assert where in told, (field, bad[:80], told)
            assert "\n" not in told
            assert "not a record of" not in told, (field, bad[:80], told)
            refused += 1
            lenient = loaded(name, tmp_path / name, skip_bad=True)
            try:
                assert list(lenient.examples())
            except DataError as still:
                # without any record, or without a corpus, there is nothing to ask
                assert str(still) == told or "no usable record" in str(still)
                continue
            assert lenient.skipped() == [told]
    assert refused >= (3 if path in parts else 1)


LISTS = [
    (name, path.relative_to(FIXTURES / name))
    for name in NAMES
    for path in sorted((FIXTURES / name).rglob("*.json"))
    if isinstance(json.loads(path.read_text(encoding="utf-8")), list)
]


@pytest.mark.parametrize(("name", "place"), LISTS, ids=lambda value: str(value))
def test_a_bad_row_of_a_list_is_named_with_its_field(name, place, tmp_path):
    shutil.copytree(FIXTURES / name, tmp_path / name)
    path = tmp_path / name / place
    rows = json.loads(path.read_text(encoding="utf-8"))
    refused = 0
    for field in rows[-1]:
        for bad in ({k: v for k, v in rows[-1].items() if k != field}, {**rows[-1], field: [[1]]}):
            path.write_text(json.dumps([*rows[:-1], bad]), encoding="utf-8")
            try:
                list(loaded(name, tmp_path / name).examples())
            except DataError as error:
                assert f"{path} row {len(rows) - 1}" in str(error)
                assert "not a record of" not in str(error), (field, str(error))
                refused += 1
    assert refused >= 2
    path.write_text("[{", encoding="utf-8")
    with pytest.raises(DataError, match="not valid JSON"):
        list(loaded(name, tmp_path / name).examples())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_one_line(name, tmp_path):
    with pytest.raises(DataError, match=r"expected .* publishes") as raised:
        list(loaded(name, tmp_path).examples())
    assert "\n" not in str(raised.value)
    with pytest.raises(DataError, match="no such file or folder"):
        list(loaded(name, tmp_path / "nowhere").examples())
