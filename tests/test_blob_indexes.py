"""Indexes in a bucket: built by one machine, opened by others, whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import buckets
import pytest
from kept_indexes import ask, forget

from crossover.blobs import Blob, place
from crossover.errors import ConfigError, DamagedIndex, StoreError
from crossover.retrievers import _shared, _stored
from crossover.retrievers._shelf import rebuilding
from crossover.retrievers.dense import Dense


class Machines:
    """Machines that share a bucket; each has a cache of its own, and builds are counted."""

    def __init__(self, monkeypatch, tmp_path, address):
        self.monkeypatch, self.tmp_path = monkeypatch, tmp_path
        self.built = []
        self.home = place(address)
        monkeypatch.setenv("CROSSOVER_CACHE", address)
        build = Dense.index

        def counted(retriever, *about):
            self.built.append(self.name)
            return build(retriever, *about)

        monkeypatch.setattr(Dense, "index", counted)
        self.on("first")

    def on(self, name):
        """Go on as a machine of that name, in a new process."""
        self.name = name
        for variable in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
            self.monkeypatch.setenv(variable, str(self.tmp_path / name))
        forget(self.monkeypatch)

    def folder(self):
        """The one index on this machine."""
        (found,) = (self.tmp_path / self.name).rglob("manifest.json")
        return found.parent

    def blobs(self):
        """The files of the one index in the bucket, the manifest last."""
        (index,) = (self.home / "indexes").iterdir()
        return sorted(index.iterdir(), key=lambda blob: (blob.name == "manifest.json", blob.name))


@pytest.fixture(params=["memory", "s3"])
def machines(request, monkeypatch, tmp_path):
    return Machines(monkeypatch, tmp_path, request.getfixturevalue(request.param))


@pytest.fixture
def quick(memory, monkeypatch, tmp_path):
    return Machines(monkeypatch, tmp_path, memory)


def test_an_index_is_built_once_for_all_machines(machines):
    found, bill = ask()
    assert [blob.name for blob in machines.blobs()][-1] == "manifest.json"
    machines.on("second")
    again, later = ask()
    assert machines.built == ["first"]
    assert again == found
    # whoever brings it pays what it took to build
    assert later.indexing == bill.indexing
    steps = [step.name for step in later.steps]
    assert steps == ["index downloaded", "index opened", "question embedded"]
    assert later.steps[0].detail.startswith(f"{machines.home}/indexes/")
    machines.on("second")
    assert [step.name for step in ask()[1].steps] == steps[1:]
    assert machines.built == ["first"]


def test_an_index_of_before_the_bucket_is_shared_too(quick, monkeypatch):
    address = str(quick.home)
    monkeypatch.setenv("CROSSOVER_CACHE", str(quick.tmp_path / "first" / "own"))
    ask()
    # the user's own folder is where a bucket's copies are kept
    (quick.tmp_path / "first" / ".cache").mkdir(parents=True, exist_ok=True)
    from platformdirs import user_cache_path

    users = user_cache_path("crossover", appauthor=False)
    users.parent.mkdir(parents=True, exist_ok=True)
    (quick.tmp_path / "first" / "own").rename(users)
    monkeypatch.setenv("CROSSOVER_CACHE", address)
    quick.on("first")
    ask()
    quick.on("second")
    ask()
    assert quick.built == ["first"]


def test_another_process_uses_what_this_one_built(s3, s3_server, monkeypatch, tmp_path):
    machines = Machines(monkeypatch, tmp_path, s3)
    ask()
    code = (
        "from kept_indexes import ask; from crossover.retrievers.dense import Dense; "
        "Dense.index = None; found, bill = ask(); "
        "print(found[0].document, [step.name for step in bill.steps][:2])"
    )
    machines.on("second")
    tests = str(Path(__file__).parent)
    paths = os.pathsep.join([tests, *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.stdout == "harbour ['index downloaded', 'index opened']\n", done.stderr


def test_a_half_uploaded_index_is_never_read(machines, monkeypatch):
    found, _ = ask()
    *files, manifest = machines.blobs()
    manifest.unlink()
    files[0].unlink()
    machines.on("second")
    assert ask()[0] == found
    assert machines.built == ["first", "second"]
    # the second machine has put a whole one there
    machines.on("third")
    ask()
    assert machines.built == ["first", "second"]


def test_an_upload_that_breaks_off_leaves_no_index(quick, monkeypatch):
    put, done = Blob.put, []

    def breaking(blob, file):
        if done:
            raise OSError(5, "its server cannot be reached", str(blob))
        done.append(blob)
        put(blob, file)

    monkeypatch.setattr(Blob, "put", breaking)
    with pytest.raises(StoreError, match="its server cannot be reached") as raised:
        ask()
    assert f"kept at {quick.home}/indexes/" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert [blob.name for blob in quick.blobs()] == [done[0].name]
    # what was built is kept here, and put there the next time
    monkeypatch.setattr(Blob, "put", put)
    quick.on("first")
    ask()
    quick.on("second")
    ask()
    assert quick.built == ["first"]


def truncated(blobs):
    blobs[0].write_bytes(blobs[0].read_bytes()[:-1])


def flipped(blobs):
    content = bytearray(blobs[0].read_bytes())
    content[-5] ^= 1
    blobs[0].write_bytes(bytes(content))


def missing(blobs):
    blobs[0].unlink()


def half_a_manifest(blobs):
    blobs[-1].write_bytes(blobs[-1].read_bytes()[:-40])


def a_list_for_a_manifest(blobs):
    blobs[-1].write_bytes(b'["a", "list"]')


def anothers_manifest(blobs):
    told = json.loads(blobs[-1].read_bytes())
    told["about"]["documents"] = "0" * 64
    blobs[-1].write_bytes(json.dumps(told).encode())


DAMAGES = {
    truncated: "bytes instead of",
    flipped: "checksum of",
    missing: "is missing",
    half_a_manifest: "manifest.json cannot be read",
    a_list_for_a_manifest: "manifest.json cannot be read",
    anothers_manifest: "describes another index",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_index_is_built_anew_and_said(damage, quick, caplog):
    found, bill = ask()
    damage(quick.blobs())
    quick.on("second")
    again, later = ask()
    assert again == found
    assert later.indexing.input_tokens == bill.indexing.input_tokens
    assert quick.built == ["first", "second"]
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"the index {quick.home}/indexes/")
    assert DAMAGES[damage] in said
    assert said.endswith("; it is built anew")
    # and the bucket is mended
    quick.on("third")
    assert ask()[0] == found
    assert quick.built == ["first", "second"]


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", "..", "", "manifest.json", "a\\b"])
def test_a_manifest_writes_nowhere_else(name, quick, caplog):
    ask()
    manifest = quick.blobs()[-1]
    told = json.loads(manifest.read_bytes())
    told["files"][name] = next(iter(told["files"].values()))
    manifest.write_bytes(json.dumps(told).encode())
    quick.on("second")
    ask()
    assert quick.built == ["first", "second"]
    assert "names what is no file of an index" in caplog.text
    assert not list(quick.tmp_path.rglob("evil"))


def test_what_is_whole_but_no_index_is_mended_on_request(quick):
    found, _ = ask()
    manifest = quick.blobs()[-1]
    told = json.loads(manifest.read_bytes())
    file = quick.tmp_path / "foreign"
    file.write_bytes(b"not an index" * 40)
    told["files"]["vectors.faiss"] = _stored._facts(file)
    (manifest.parent / told["files"]["vectors.faiss"]["sha256"]).put(file)
    manifest.write_bytes(json.dumps(told).encode())
    quick.on("second")
    with pytest.raises(DamagedIndex, match="no index of FAISS"):
        ask()
    with rebuilding():
        assert ask()[0] == found
    quick.on("third")
    assert ask()[0] == found
    assert quick.built == ["first", "second"]


def test_of_two_machines_at_once_both_end_with_a_good_index(quick, monkeypatch):
    """Both have built before either has put its index there, and their files differ."""
    about = {"retriever": "r"}
    ready, places = threading.Barrier(2), {}
    write = Blob.write_bytes
    monkeypatch.setattr(Blob, "write_bytes", lambda *told: (ready.wait(), write(*told)))

    def work(number):
        place = quick.tmp_path / f"machine{number}" / "0123"
        place.parent.mkdir()
        from crossover.types import Usage

        _stored.write(
            place, about, Usage(calls=number), lambda f: (f / "part").write_text(f"{number}" * 99)
        )
        _shared.upload(place)
        places[number] = place

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    third = quick.tmp_path / "machine3" / "0123"
    third.parent.mkdir()
    assert _shared.download(third, about)
    for place_ in (*places.values(), third):
        calls = _stored.read(place_, about).calls
        assert (place_ / "part").read_text() == f"{calls}" * 99
    assert len(quick.blobs()) == 3


def test_a_closed_or_missing_bucket_is_one_line(monkeypatch, tmp_path, s3):
    monkeypatch.setenv("CROSSOVER_CACHE", "s3://no-such-bucket/x")
    forget(monkeypatch)
    with pytest.raises(StoreError, match="there is no such bucket") as raised:
        ask()
    assert "s3://no-such-bucket/x/indexes/" in str(raised.value)
    with buckets.answering(403) as endpoint:
        buckets.at(monkeypatch, endpoint)
        forget(monkeypatch)
        with pytest.raises(StoreError, match="no permission") as raised:
            ask()
    assert "\n" not in str(raised.value)
    assert "set CROSSOVER_CACHE to a bucket or folder that can be" in str(raised.value)
    assert buckets.SECRET not in str(raised.value)


def test_keys_in_the_address_of_the_cache_are_refused(monkeypatch):
    monkeypatch.setenv("CROSSOVER_CACHE", "s3://key:hidden@bucket/x")
    forget(monkeypatch)
    with pytest.raises(ConfigError) as raised:
        ask()
    assert "hidden" not in str(raised.value)


def test_a_file_address_is_the_folder_itself(monkeypatch, tmp_path):
    monkeypatch.setenv("CROSSOVER_CACHE", f"file://{tmp_path}/cache")
    forget(monkeypatch)
    ask()
    assert list((tmp_path / "cache" / "indexes").rglob("manifest.json"))
