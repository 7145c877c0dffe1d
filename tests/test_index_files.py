"""Indexes and vectors on disk: found again, shared between processes, never trusted blindly."""

import json
import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from kept_indexes import CHUNKER, DOCUMENTS, FAKE, ask, forget

from crossover.errors import DamagedIndex, StoreError
from crossover.retrievers import _stored
from crossover.retrievers._shelf import indexed, rebuilding
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.types import Usage


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of its own, and a shelf with nothing on it."""
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    forget(monkeypatch)
    return tmp_path / "cache"


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


def test_the_users_own_cache_is_where_the_system_wants_it(monkeypatch, tmp_path):
    from platformdirs import user_cache_dir

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CROSSOVER_CACHE")
    ask()
    assert (Path(user_cache_dir("crossover")) / "indexes").is_dir()
    assert Path(os.fspath(tmp_path)) in Path(user_cache_dir("crossover")).parents
