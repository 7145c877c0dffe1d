"""Indexes and vectors on disk: found again, shared between processes, never trusted blindly."""

import json
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import catalog, meter
from crossover.errors import CrossoverError, DamagedIndex, StoreError
from crossover.retrievers import _shelf, _stored
from crossover.retrievers._passages import Passages
from crossover.retrievers._shelf import indexed, rebuilding
from crossover.retrievers._vectors import Kept, Vectors
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.roles import Model, Retriever
from crossover.types import Document, Passage, Request, Usage

FAKE = catalog.load(Model, "fake")
DOCUMENTS = (
    Document("town", "Ostrel lies on the river Mir. Its bridge is old. " * 20),
    Document("harbour", "The harbour of Quill has nine cranes. " * 20),
)
CHUNKER = Tokens(20)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of its own, and a shelf with nothing on it."""
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    forget(monkeypatch)
    return tmp_path / "cache"


def forget(monkeypatch):
    """Forget what is in memory, as another process would."""
    monkeypatch.setattr(_shelf, "_shelf", type(_shelf._shelf)())


def ask(retriever=None):
    """Search, and return what was found with the bill."""
    with meter.metered() as bill:
        index = indexed(retriever or Dense(), DOCUMENTS, CHUNKER, FAKE)
        return index.search("Where are the cranes?", 5, FAKE), bill


def folder_of(cache):
    (found,) = (cache / "indexes").iterdir()
    return found


def test_an_index_is_built_once_for_all_processes(cache, monkeypatch):
    first, bill = ask()
    assert {path.name for path in folder_of(cache).iterdir()} == {
        "manifest.json",
        "passages.npy",
        "vectors.faiss",
        "written.json",
    }
    forget(monkeypatch)
    monkeypatch.setattr(Dense, "index", None)
    again, later = ask()
    assert again == first
    assert again[0].document == "harbour"
    assert later.indexing == bill.indexing
    assert later.indexing.input_tokens > 0
    assert later.indexing.compute_seconds > 0
    assert any(step.name == "index opened" for step in later.steps)


def test_vectors_are_mapped_and_not_read(cache, monkeypatch):
    ask()
    forget(monkeypatch)
    ask()
    if not Path("/proc/self/maps").exists():
        pytest.skip("no /proc/self/maps here")
    assert str(folder_of(cache) / "vectors.faiss") in Path("/proc/self/maps").read_text()


def test_another_document_chunker_or_option_is_another_index(cache):
    ask()
    ask(Dense(passage_prefix="passage: "))
    indexed(Dense(), DOCUMENTS[:1], CHUNKER, FAKE)
    indexed(Dense(), DOCUMENTS, Tokens(21), FAKE)
    # how fast it is computed makes no difference
    ask(Dense(batch=7, threads=1))
    assert len(list((cache / "indexes").iterdir())) == 4


def test_no_documents_can_be_kept_too(cache, monkeypatch):
    for _ in range(2):
        assert indexed(Dense(), (), CHUNKER, FAKE).search("anything", 3, FAKE) == []
        forget(monkeypatch)


def test_without_a_cache_nothing_is_written(cache, monkeypatch):
    monkeypatch.setenv("CROSSOVER_CACHE", "off")
    found, _ = ask()
    assert found
    assert not cache.exists()


def truncated(folder):
    path = folder / "vectors.faiss"
    path.write_bytes(path.read_bytes()[:-100])


def flipped(folder):
    path = folder / "vectors.faiss"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def other_passages(folder):
    path = folder / "passages.npy"
    np.save(path, np.load(path) + 1)


def pickled_passages(folder):
    path = folder / "passages.npy"
    path.write_bytes(pickle.dumps(print))


def no_manifest(folder):
    (folder / "manifest.json").unlink()


def broken_manifest(folder):
    (folder / "manifest.json").write_text('{"format": 1, "about"')


def strange_manifest(folder):
    (folder / "manifest.json").write_text('["a", "list"]')


def other_manifest(folder):
    path = folder / "manifest.json"
    found = json.loads(path.read_text())
    found["about"]["documents"] = "0" * 64
    path.write_text(json.dumps(found))


def added_file(folder):
    (folder / "index.pkl").write_bytes(pickle.dumps(print))


def missing_file(folder):
    (folder / "written.json").unlink()


def consistent_but_foreign(folder):
    """Every checksum fits, and yet it is no index of FAISS."""
    path = folder / "vectors.faiss"
    path.write_bytes(b"not an index" * 40)
    manifest = folder / "manifest.json"
    found = json.loads(manifest.read_text())
    found["files"][path.name] = _stored._facts(path)
    manifest.write_text(json.dumps(found))


DAMAGES = {
    truncated: "bytes instead of",
    flipped: "checksum of vectors.faiss differs",
    other_passages: "checksum of passages.npy differs",
    pickled_passages: "passages.npy has",
    no_manifest: "has no manifest.json",
    broken_manifest: "manifest.json cannot be read",
    strange_manifest: "manifest.json cannot be read",
    other_manifest: "describes another index",
    added_file: "index.pkl is not one of its files",
    missing_file: "written.json is missing",
    consistent_but_foreign: "no index of FAISS",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_named_and_repaired_on_request(damage, cache, monkeypatch):
    first, bill = ask()
    folder = folder_of(cache)
    damage(folder)
    forget(monkeypatch)
    with pytest.raises(DamagedIndex, match=DAMAGES[damage]) as raised:
        ask()
    assert "\n" not in str(raised.value)
    assert "delete this folder" in str(raised.value)
    assert str(folder) in str(raised.value)
    with rebuilding():
        again, later = ask()
    assert again == first
    assert later.indexing.input_tokens == bill.indexing.input_tokens
    forget(monkeypatch)
    assert ask()[0] == first


def test_a_kept_index_is_never_unpickled(cache, monkeypatch):
    ask()
    forget(monkeypatch)
    monkeypatch.setattr(pickle, "load", None)
    monkeypatch.setattr(pickle, "loads", None)
    assert ask()[0]


def test_whoever_comes_second_leaves_the_first_index_alone(cache):
    about = {"retriever": "r", "model": ""}
    place = _stored.place_of(about)
    ready, contents = threading.Barrier(8), []

    def build(number):
        def fill(folder):
            (folder / "part").write_text(str(number) * 1000)
            ready.wait()

        _stored.write(place, about, Usage(calls=number), fill)
        contents.append(((place / "part").read_text(), _stored.read(place, about).calls))

    threads = [threading.Thread(target=build, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(contents) == 8
    assert len(set(contents)) == 1
    assert contents[0][0] == str(contents[0][1]) * 1000
    assert [path.name for path in (cache / "indexes").iterdir()] == [place.name]


def test_what_fails_while_it_is_written_leaves_nothing(cache):
    place = _stored.place_of({"retriever": "r"})

    def fill(folder):
        (folder / "part").write_text("x")
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError):
        _stored.write(place, {"retriever": "r"}, Usage(), fill)
    assert list((cache / "indexes").iterdir()) == []


def test_a_cache_that_cannot_be_used_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="set CROSSOVER_CACHE to a folder") as raised:
        ask()
    assert "\n" not in str(raised.value)


DOUBLE = """
import sys, zlib, time
from pathlib import Path
import numpy as np
from crossover.retrievers import _encoders
from crossover.retrievers.dense import Dense

class Slow(_encoders.Encoder):
    room = 100
    def offsets(self, texts):
        return [[(0, len(text))] if text else [] for text in texts]
    def encode(self, texts, batch):
        with open(sys.argv[1], "a") as log:
            log.writelines(text + "\\n" for text in texts)
        time.sleep(0.3)
        return np.array([[1.0, zlib.crc32(text.encode()) % 97] for text in texts], dtype="float32")

_encoders.load = lambda name: Slow()
texts = [f"text {n}" for n in range(700)]
first, _ = Dense().embed(texts, "test")
again, _ = Dense().embed(texts, "test")
assert (first == again).all()
print(round(float(first.sum()), 3))
"""


def test_processes_that_embed_the_same_at_once_embed_each_text_once(tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "-c", DOUBLE, str(log)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(set(said)) == 1
    assert sorted(log.read_text().split("\n")[:-1]) == sorted(f"text {n}" for n in range(700))


def database(cache):
    (found,) = (cache / "vectors").glob("*.sqlite")
    return found


def garbage(path):
    path.write_bytes(b"This is no database. " * 500)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:5000])


def altered(path):
    with sqlite3.connect(path) as found:
        row, vector = found.execute("SELECT rowid, vector FROM vectors").fetchone()
        wrong = bytes([vector[0] ^ 255]) + vector[1:]
        found.execute("UPDATE vectors SET vector = ? WHERE rowid = ?", (wrong, row))
    found.close()


def foreign(path):
    path.unlink()
    with sqlite3.connect(path) as found:
        found.execute("CREATE TABLE recipes (name TEXT)")
    found.close()


@pytest.mark.parametrize("damage", [garbage, cut_short, altered, foreign], ids=lambda d: d.__name__)
def test_damaged_vectors_are_named_and_computed_anew_on_request(damage, cache):
    texts = [f"Bridge number {n} of Ostrel." for n in range(12)]
    first, _ = Dense().embed(texts, "test")
    for end in ("-wal", "-shm"):
        database(cache).with_name(database(cache).name + end).unlink(missing_ok=True)
    damage(database(cache))
    with pytest.raises(CrossoverError) as raised:
        Dense().embed(texts, "test")
    assert isinstance(raised.value, DamagedIndex)
    assert "\n" not in str(raised.value)
    assert "delete this file" in str(raised.value)
    with rebuilding():
        again, _ = Dense().embed(texts, "test")
    assert np.allclose(first, again, atol=1e-2)
    assert np.array_equal(again, Dense().embed(texts, "test")[0])


def test_what_is_kept_first_stands(tmp_path):
    store = Vectors(tmp_path / "v.sqlite")
    store.write([(b"k", Kept(b"1234", 3, 0.5))])
    store.write([(b"k", Kept(b"5678", 4, 0.7)), (b"l", Kept(b"abcd", None, 0.1))])
    assert store.read([b"k", b"l", b"m"]) == {
        b"k": Kept(b"1234", 3, 0.5),
        b"l": Kept(b"abcd", None, 0.1),
    }


TEXT = st.text(max_size=30)


@given(st.lists(TEXT, min_size=1, max_size=4), st.data())
@settings(max_examples=50, deadline=None)
def test_passages_are_read_back_as_they_were(tmp_path_factory, texts, data):
    documents = [Document(f"d{at}", text) for at, text in enumerate(texts)]
    given_passages = []
    for document in documents:
        size = len(document.text)
        spans = data.draw(
            st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), max_size=4)
        )
        mine = []
        for one, other in spans:
            start, end = min(one, other), max(one, other)
            text = document.text[start:end] if end > start else data.draw(TEXT)
            mine.append(Passage(document.id, start, end, text))
        given_passages.append(mine)
    folder = tmp_path_factory.mktemp("passages")
    passages = Passages.of(documents, given_passages)
    passages.save(folder)
    flat = [passage for mine in given_passages for passage in mine]
    assert list(passages) == list(Passages.load(folder, documents)) == flat
    assert len(passages) == len(flat)
    assert passages[1:3] == flat[1:3]


@dataclass(frozen=True, slots=True)
class Told(Retriever):
    """Asks the model what to index."""

    kept: bool = True

    def index(self, documents, chunker, model):
        said = model.complete(Request("Summarise.")).text
        return Bm25().index([Document("d", said)], chunker, model)


def test_an_index_that_a_model_had_a_hand_in_is_that_models(monkeypatch):
    for reply in ("bridge", "harbour", "bridge"):
        model = catalog.load(Model, f"fake(reply={reply})")
        with meter.metered() as bill:
            found = indexed(Told(), DOCUMENTS, CHUNKER, model).search("x", 1, model)
        assert found[0].text == reply
        assert bill.indexing.calls == 1
        assert bill.usage.calls == 0


@dataclass(frozen=True, slots=True)
class Outer(Retriever):
    """Searches an index of another retriever."""

    inner: Retriever = Dense()

    def index(self, documents, chunker, model):
        return indexed(self.inner, documents, chunker, model)


def test_an_index_within_an_index_is_part_of_its_cost():
    _, alone = ask()
    _, around = ask(Outer())
    assert around.indexing.input_tokens == alone.indexing.input_tokens
    assert around.indexing.compute_seconds >= alone.indexing.compute_seconds


class Counting(Bm25):
    built = 0

    def index(self, documents, chunker, model):
        type(self).built += 1
        meter.current().charge(Usage(input_tokens=7, dollars=0.25))
        return super().index(documents, chunker, model)


def test_an_index_is_built_once_and_billed_to_everybody_who_searches_it():
    document = Document("d", "The bridge. " * 50)
    bills = []
    for _ in range(3):
        with meter.metered() as bill:
            indexed(Counting(), (document,), Tokens(), FAKE)
        bills.append(bill)
    assert Counting.built == 1
    assert {bill.indexing.dollars for bill in bills} == {0.25}
    assert {bill.indexing.input_tokens for bill in bills} == {7}
    assert all(bill.usage.dollars == 0 for bill in bills)
    with meter.metered(planning=True) as bill:
        first = indexed(Counting(), (document,), Tokens(10), FAKE).search("bridge", 3, FAKE)
    assert len(first) == 3
    assert Counting.built == 1


def test_the_users_own_cache_is_where_the_system_wants_it(monkeypatch, tmp_path):
    from platformdirs import user_cache_dir

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CROSSOVER_CACHE")
    ask()
    assert (Path(user_cache_dir("crossover")) / "indexes").is_dir()
    assert Path(os.fspath(tmp_path)) in Path(user_cache_dir("crossover")).parents
