"""Addresses of buckets: what they mean, what they may hold, and what goes wrong with them."""

from __future__ import annotations

from pathlib import Path

import buckets
import pytest

from crossover import blobs
from crossover.blobs import Blob, path_within, place, written
from crossover.errors import ConfigError, MissingExtra


def test_what_is_no_bucket_is_a_path_as_before(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place("some/folder") == Path("some/folder")
    assert place("~/x") == tmp_path / "x"
    assert place("file:///some/a%20b") == Path("/some/a b")
    assert place("file://localhost/some") == Path("/some")
    assert place("simplecache::s3://bucket/x") == Path("simplecache::s3://bucket/x")


def test_an_address_is_told_apart_into_bucket_and_parts(memory):
    blob = place("MEMORY://bucket/a//b/../c.tar.GZ/")
    assert str(blob) == "memory://bucket/a/c.tar.GZ"
    assert (blob.name, blob.stem, blob.suffix) == ("c.tar.GZ", "c.tar", ".GZ")
    assert blob.parts == ("memory://bucket", "a", "c.tar.GZ")
    assert str(blob.parent) == "memory://bucket/a"
    assert blob.parent.parent.parent == place("memory://bucket")
    assert place(blob) is blob


@pytest.mark.parametrize(
    "address",
    [
        "s3://AKIAKEY:hidden@bucket/folder",
        "s3://AKIAKEY@bucket/folder",
        "az://name:hidden@account/folder",
        "s3://bucket/file.txt?X-Amz-Signature=hidden",
        "memory://bucket?key=hidden",
    ],
)
def test_an_address_with_keys_in_it_is_refused_without_saying_them(address):
    with pytest.raises(ConfigError, match="set them in the environment") as raised:
        place(address)
    assert "\n" not in str(raised.value)
    assert "hidden" not in str(raised.value)
    assert "AKIAKEY" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://host/file.txt", "http://… cannot be read or written; give a path or one of s3://"),
        ("s3:///file.txt", "names no bucket; write s3://bucket/folder"),
        ("s3://bucket::file:///etc", "names no bucket"),
        ("file://elsewhere/x", "names another machine"),
    ],
)
def test_an_address_that_means_nothing_is_one_line(address, said):
    with pytest.raises(ConfigError, match=said):
        place(address)


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(blobs, "find_spec", lambda name: name == "fsspec")
    blobs._need.cache_clear()
    with pytest.raises(MissingExtra, match=r"s3:// needs the package s3fs: .*crossover-rag\[s3\]"):
        place("s3://bucket/x")
    with pytest.raises(ConfigError, match="gs:// needs the package gcsfs: pip install gcsfs"):
        place("gs://bucket/x")


@pytest.mark.parametrize("bucket", ["memory", "s3"])
def test_what_is_put_is_found_listed_read_and_taken_away(bucket, request, tmp_path):
    folder = place(request.getfixturevalue(bucket))
    names = ["a.txt", "sub/b.txt", "odd name?#[*]+%20::x.txt"]
    (tmp_path / "file").write_bytes(b"content of a file")
    for name in names:
        assert not (folder / name).exists()
        (folder / name).put(tmp_path / "file")
    listed = {blob.name: blob for blob in folder.iterdir()}
    assert sorted(listed) == sorted(["a.txt", "sub", names[2]])
    assert listed["sub"].is_dir()
    assert folder.is_dir()
    assert not folder.is_file()
    for name in names:
        blob = folder / name
        assert blob.is_file()
        assert blob.stat().st_size == 17
        assert blob.read_bytes() == b"content of a file"
        with blob.open() as file:
            assert [file.read(3), file.read()] == [b"con", b"tent of a file"]
    (folder / names[2]).get(tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"content of a file"
    blob = folder / "a.txt"
    assert blob.exists()
    blob.write_bytes(b"")
    assert blob.stat().st_size == 0
    blob.unlink()
    blob.unlink()
    assert not blob.exists()
    with pytest.raises(FileNotFoundError) as raised:
        blob.read_bytes()
    assert raised.value.strerror == "there is no such file"


PATHS = {
    "a.txt": "a.txt",
    "sub/../a.txt": "a.txt",
    "./sub//b.txt": "sub/b.txt",
    ".": ".",
    "memory://bucket/folder/a.txt": "a.txt",
    "/folder/a.txt": "a.txt",
    "..": None,
    "../folder2/a.txt": None,
    "sub/../../other.txt": None,
    "../../../../etc/hostname": None,
    "/etc/hostname": None,
    "memory://bucket/other.txt": None,
}


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_the_folder(path, memory):
    assert path_within(place(memory), path) == PATHS[path]


@pytest.mark.parametrize("path", ["memory://other/folder/a.txt", "file:///etc/hostname", "a\0b"])
def test_what_is_no_path_in_a_bucket_is_no_path(path, memory):
    with pytest.raises(ValueError, match="cannot be a file's path"):
        path_within(place(memory), path)


def test_what_fails_while_it_is_written_leaves_the_bucket_as_it_was(memory):
    target = place(memory) / "table.csv"
    with written(target) as path:
        path.write_text("whole")
    with pytest.raises(RuntimeError), written(target) as path:
        path.write_text("ha")
        raise RuntimeError("disk on fire")
    assert target.read_bytes() == b"whole"
    assert path.name == "table.csv"
    assert not path.exists()


def refused(blob: Blob) -> str:
    """What is said of a bucket that cannot be used, whatever is asked of it."""
    said = set()
    for ask in (blob.exists, blob.read_bytes, lambda: list(blob.iterdir())):
        with pytest.raises(OSError) as raised:
            ask()
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__
        said.add((raised.value.strerror, raised.value.filename))
    (one,) = said
    assert one[1] == str(blob)
    assert buckets.SECRET not in one[0]
    return one[0]


def test_a_bucket_that_is_closed_says_so(monkeypatch):
    with buckets.answering(403) as endpoint:
        buckets.at(monkeypatch, endpoint)
        assert refused(place("s3://closed/x")) == "no permission, or keys that are not accepted"


def test_a_server_that_is_not_there_says_so(monkeypatch):
    buckets.at(monkeypatch, "http://127.0.0.1:9")
    blob = place("s3://bucket/x")
    with pytest.raises(OSError, match="cannot be reached"):
        blob.read_bytes()


def test_keys_that_are_missing_are_asked_for(monkeypatch):
    buckets.at(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert refused(place("s3://bucket/x")) == "no keys for it were found in the environment"


def test_a_bucket_that_is_not_there_is_told_from_a_file(s3):
    missing = place("s3://no-such-bucket/x.txt")
    for ask in (missing.read_bytes, lambda: missing.write_bytes(b"x")):
        with pytest.raises(FileNotFoundError) as raised:
            ask()
        assert raised.value.strerror == "there is no such bucket"
