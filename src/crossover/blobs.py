"""Files in buckets, by address: what a path is on a disk, as far as it is needed here.

``s3://bucket/prefix`` and its like are ``Blob``s; all else, ``file://`` too, is a plain ``Path``.
What the packages behind fsspec raise becomes an ``OSError`` in our words, since theirs may quote
requests and keys. Keys and endpoints come from the environment, as those packages read it.
"""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias, TypeVar, cast
from urllib.parse import unquote

from crossover.blob_errors import asking
from crossover.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)
BUCKET = re.compile(r"[\w.@-]+(:[\w.@-]+)*")
# which package of fsspec's reads what
PACKAGES: Mapping[str, str] = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "memory": "fsspec",
}
# whose addresses name an account after an @
AZURE = ("az", "abfs", "abfss")
READ_TOGETHER = 1 << 20


class Facts(NamedTuple):
    """What a bucket says of a name: whether it is a folder, and its bytes."""

    is_folder: bool
    st_size: int


@dataclass(frozen=True, slots=True)
class Blob:
    """A file or folder in a bucket; its methods are a path's and raise OSError as a path's do.

    Made by ``place`` and by joining, which never leads out of the bucket. What it once learnt of
    itself it remembers.
    """

    bucket: str
    key: str = ""
    _known: list[Facts] = field(default_factory=list, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    def __truediv__(self, path: str) -> Blob:
        """Join; ``/x`` starts at the bucket, and so does the bucket's own address."""
        if path.startswith(f"{self.bucket}/"):
            path = path.removeprefix(self.bucket)
        if "\0" in path or ADDRESS.match(path):
            raise ValueError(f"{path!r} cannot be a file's path")
        whole = posixpath.normpath(posixpath.join("/", self.key, path))
        return Blob(self.bucket, whole.strip("/"))

    @property
    def name(self) -> str:
        """The last part; empty for the bucket itself."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The end of the name from its last dot."""
        return PurePosixPath(self.name).suffix

    @property
    def parts(self) -> tuple[str, ...]:
        """The bucket and the parts below it."""
        return (self.bucket, *PurePosixPath(self.key).parts)

    @property
    def parent(self) -> Blob:
        """The folder that holds it."""
        return Blob(self.bucket, self.key.rpartition("/")[0])

    def resolve(self) -> Blob:
        """Return it: there are no links."""
        return self

    def stat(self) -> Facts:
        """Ask what it is; raises FileNotFoundError where there is nothing."""
        if not self._known:
            with asking(str(self), self.key):
                info = self._files().info(self._path)
            self._known.append(_facts(info))
        return self._known[0]

    def exists(self) -> bool:
        """Whether there is a file or folder of that name."""
        try:
            return bool(self.stat())
        except FileNotFoundError:
            return False

    def is_file(self) -> bool:
        """Whether there is a file of that name."""
        return self.exists() and not self.stat().is_folder

    def is_dir(self) -> bool:
        """Whether something lies below that name."""
        return self.exists() and self.stat().is_folder

    def iterdir(self) -> Iterator[Blob]:
        """What lies right in the folder."""
        with asking(str(self), self.key):
            found = self._files().ls(self._path, detail=True)
        for info in found:
            path = info["name"].strip("/")
            # a folder made by hand lists itself
            if path != self._path.strip("/"):
                key = f"{self.key}/{path.rpartition('/')[2]}"
                yield Blob(self.bucket, key.strip("/"), [_facts(info)])

    def read_bytes(self) -> bytes:
        """Read all of it."""
        with asking(str(self), self.key):
            return cast(bytes, self._files().cat_file(self._path))

    def open(self, mode: str = "rb") -> BinaryIO:
        """Open it for reading, piece by piece."""
        with asking(str(self), self.key):
            file = self._files().open(self._path, mode)
        return cast(BinaryIO, io.BufferedReader(_Reading(self, file), READ_TOGETHER))

    def write_bytes(self, content: bytes) -> None:
        """Put this content there, at once."""
        with self._changing():
            self._files().pipe_file(self._path, content)

    def put(self, file: Path) -> None:
        """Put a file's content there: whole, or not at all."""
        with self._changing():
            self._files().put_file(str(file), self._path)

    def get(self, file: Path) -> None:
        """Write the content to a file of this machine."""
        with asking(str(self), self.key):
            self._files().get_file(self._path, str(file))

    def unlink(self) -> None:
        """Take it away, where it is there."""
        if self.exists():
            with self._changing():
                self._files().rm_file(self._path)

    @property
    def _path(self) -> str:
        """How its file system names it."""
        root = cast(str, self._files()._strip_protocol(self.bucket))
        return f"{root}/{self.key}" if self.key else root

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._known.clear()
        with asking(str(self), self.key):
            yield

    def _files(self) -> Any:
        import fsspec

        # only the bucket is parsed as an address: a name may hold what chains addresses
        return fsspec.core.url_to_fs(self.bucket, use_listings_cache=False)[0]


Place: TypeAlias = Path | Blob
AnyPlace = TypeVar("AnyPlace", bound=Place)


def place(given: str | Place) -> Place:
    """The file or folder that a text names: a bucket's by its address, else one of this machine.

    Raises ConfigError for an address of another kind, or with keys in it; MissingExtra or
    ConfigError where its package is not installed.
    """
    if isinstance(given, Path | Blob):
        return given
    address = ADDRESS.fullmatch(given)
    if not address:
        return Path(given).expanduser()
    scheme, rest = address[1].lower(), address[2]
    bucket, _, key = rest.partition("/")
    if scheme == "file":
        return _local(bucket, key)
    if scheme not in PACKAGES:
        known = ", ".join(f"{one}://" for one in (*PACKAGES, "file"))
        raise ConfigError(f"{scheme}://… cannot be read or written; give a path or one of {known}")
    _refuse_keys(scheme, bucket, key)
    if not BUCKET.fullmatch(bucket) or "\0" in key:
        raise ConfigError(f"{scheme}://… names no bucket; write {scheme}://bucket/folder")
    _need(scheme)
    return Blob(f"{scheme}://{bucket}", posixpath.normpath(f"/{key}").strip("/"))


def path_within(root: Place, path: str) -> str | None:
    """How a path from a folder is written without detours; None where it leads out of the folder.

    Raises ValueError, OSError or RuntimeError where it cannot be a file's path.
    """
    if isinstance(root, Path):
        whole, found = root.resolve(), (root / path).resolve()
        return found.relative_to(whole).as_posix() if found.is_relative_to(whole) else None
    parts, above = (root / path).parts, root.parts
    return "/".join(parts[len(above) :]) or "." if parts[: len(above)] == above else None


@contextmanager
def written(target: Place) -> Iterator[Path]:
    """A file to write: the target itself, or one whose content is put there at the end.

    What fails on the way leaves a bucket as it was.
    """
    if isinstance(target, Path):
        yield target
        return
    with TemporaryDirectory(prefix="crossover-") as folder:
        file = Path(folder) / target.name
        yield file
        target.put(file)


class _Reading(io.RawIOBase):
    """A file of fsspec's whose errors are in our words."""

    def __init__(self, blob: Blob, file: Any) -> None:
        super().__init__()
        self._blob, self._file = blob, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        with asking(str(self._blob), self._blob.key):
            content = self._file.read(len(view))
        view[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _facts(info: Mapping[str, Any]) -> Facts:
    return Facts(info["type"] == "directory", info.get("size") or 0)


def _local(host: str, path: str) -> Path:
    if host not in ("", "localhost"):
        raise ConfigError(f"file://{host}/… names another machine; write file:///folder")
    return Path("/" + unquote(path))


def _refuse_keys(scheme: str, bucket: str, key: str) -> None:
    """Raise ConfigError for an address that would carry its keys into logs and reports."""
    who, at, _ = bucket.rpartition("@")
    if (at and (scheme not in AZURE or ":" in who)) or "?" in bucket + key:
        raise ConfigError(
            f"{scheme}://…: the address holds keys or options (before an @, after a ?); leave them "
            "out and set them in the environment"
        )


@cache
def _need(scheme: str) -> None:
    package = PACKAGES[scheme]
    if find_spec("fsspec") and find_spec(package):
        return
    if package == "s3fs":
        raise MissingExtra(package, "s3", f"{scheme}://")
    raise ConfigError(f"{scheme}:// needs the package {package}: pip install {package}")
