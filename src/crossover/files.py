"""Documents from users' own files: txt, md, html, pdf and docx, read on first use."""

from __future__ import annotations

import logging
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from itertools import chain
from typing import cast

from crossover.blobs import AnyPlace, Place, place
from crossover.errors import DataError, MissingExtra
from crossover.readable import text_of_html, text_of_word
from crossover.types import Document

SIGNATURES: Mapping[bytes, str] = {
    b"PK\x03\x04": "a zip archive",
    b"%PDF-": "a PDF",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
BYTE_ORDER_MARK = "\ufeff"
MEGABYTE = 1_000_000
EXPANDED_LIMIT = 500 * MEGABYTE
BOMB_RATIO = 200
BOMB_SIZE = 50 * MEGABYTE


def read_document(path: str | Place, id: str = "") -> Document:
    """Make a document of a txt, md, html, pdf or docx file; its id is the file's name by default.

    The file may lie in a bucket (``s3://bucket/file.pdf``). The text is read on first use,
    characters as they are in the file. Raises DataError where the file is missing, empty, a folder
    or of another kind, and (on first use) where it is not UTF-8, damaged, encrypted, or has no
    text; MissingExtra where its reader is not installed.
    """
    path = existing_file(place(path))
    _check_suffix(path)
    return Document(id or path.name, partial(_text_of, path), {"title": path.stem})


def read_documents(paths: Iterable[str | Place]) -> tuple[Document, ...]:
    """Make documents of files and of the supported files right inside folders, sorted by name.

    A file given twice is one document; files of the same name get as much of their path into
    their ids as tells them apart. Raises what ``read_document`` raises.
    """
    found = chain.from_iterable(_expanded(place(path)) for path in paths)
    files = list({path.resolve(): path for path in found}.items())
    names = _distinct_names([resolved for resolved, _ in files])
    return tuple(read_document(path, name) for (_, path), name in zip(files, names, strict=True))


def supported_files(folder: AnyPlace) -> list[AnyPlace]:
    """List the files right inside a folder that can be read as documents, sorted by name."""
    with _readable(folder, "listed"):
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in READERS and path.is_file() and path.name[0] not in ".~"
        ]
    return cast(list[AnyPlace], sorted(found, key=lambda path: path.parts))


def existing_file(path: AnyPlace) -> AnyPlace:
    """Return the path of a file that has content; raises DataError for anything else."""
    with _readable(path):
        if path.is_dir():
            raise DataError(f"{path}: is a folder where a file is needed")
        if not path.is_file():
            raise DataError(f"{path}: there is no such file{_nearest(path)}")
        if path.stat().st_size == 0:
            raise DataError(f"{path}: the file is empty")
    return path


def existing_folder(path: AnyPlace) -> AnyPlace:
    """Return the path of a folder; raises DataError for anything else."""
    with _readable(path):
        if not path.is_dir():
            what = "is no folder" if path.exists() else f"there is no such folder{_nearest(path)}"
            raise DataError(f"{path}: {what}")
    return path


def read_text(path: Place) -> str:
    """Read a UTF-8 file, line ends and all; raises DataError where it is something else."""
    data = _content(path)
    for signature, kind in SIGNATURES.items():
        if data.startswith(signature):
            raise DataError(f"{path}: is {kind}, not UTF-8 text; save it as UTF-8 text")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    if "\0" in text:
        raise DataError(f"{path}: is binary (a NUL at byte {data.index(0)}); give a text file")
    return text.removeprefix(BYTE_ORDER_MARK)


@contextmanager
def _readable(path: Place, done: str = "read") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be {done}: {error.strerror}") from None


def _content(path: Place) -> bytes:
    with _readable(path):
        return path.read_bytes()


def _nearest(path: Place) -> str:
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, siblings, n=1, cutoff=0.6)
    return f"; did you mean {path.parent / near[0]}?" if near else ""


def _check_suffix(path: Place) -> None:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        kind = f"{suffix} files" if suffix else "a file without a suffix"
        raise DataError(f"{path}: cannot read {kind}; give one of {', '.join(READERS)}")
    module, package = PACKAGES.get(suffix, ("", ""))
    if module and find_spec(module) is None:
        raise MissingExtra(package, "rag", f"reading {suffix} files")


def _expanded(path: Place) -> list[Place]:
    with _readable(path):
        if not path.is_dir():
            return [path]
    files = supported_files(path)
    if not files:
        raise DataError(f"{path}: the folder holds no document; expected {', '.join(READERS)}")
    return files


def _distinct_names(paths: list[Place]) -> list[str]:
    depths = [1] * len(paths)
    while True:
        names = ["/".join(path.parts[-d:]) for path, d in zip(paths, depths, strict=True)]
        counts = Counter(names)
        if len(counts) == len(names):
            return names
        depths = [d + (counts[name] > 1) for d, name in zip(depths, names, strict=True)]


def _text_of(path: Place) -> str:
    text = READERS[path.suffix.lower()](path)
    if not text.strip():
        hint = " (scanned pages?): run text recognition on it" if path.suffix == ".pdf" else ""
        raise DataError(f"{path}: holds no text{hint}")
    return text


def _html(path: Place) -> str:
    from bs4 import BeautifulSoup, ParserRejectedMarkup

    # bs4 warns of XML declarations, and of markup that could be a file's name: a newline settles it
    markup = "\n" + re.sub(r"\A\s*<\?xml[^>]*>", "", read_text(path))
    try:
        return text_of_html(BeautifulSoup(markup, "html.parser"))
    except ParserRejectedMarkup as error:
        raise DataError(f"{path}: not readable as HTML: {_reason(error)}") from None


def _docx(path: Place) -> str:
    import docx

    content = BytesIO(_content(path))
    _refuse_bomb(path, content)
    try:
        body = docx.Document(content).element.body
    except Exception as error:
        raise DataError(
            f"{path}: not a readable Word document: {_reason(error)}; save it again as docx"
        ) from error
    return text_of_word(body)


def _refuse_bomb(path: Place, content: BytesIO) -> None:
    try:
        with zipfile.ZipFile(content) as archive:
            expanded = sum(entry.file_size for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        raise DataError(
            f"{path}: not a docx file, or damaged (an older .doc or a password-protected file "
            "is none); save it from Word as docx without a password"
        ) from None
    absurd = expanded > BOMB_SIZE and expanded > BOMB_RATIO * len(content.getbuffer())
    if absurd or expanded > EXPANDED_LIMIT:
        size = f"{expanded / MEGABYTE:,.0f} MB"
        raise DataError(f"{path}: would expand to {size}; refused as a possible zip bomb")


def _pdf(path: Place) -> str:
    from pypdf import PdfReader

    # pypdf reports what it repairs to its logger; without a handler Python prints that
    logging.getLogger("pypdf").addHandler(NO_LOG)
    content = BytesIO(_content(path))
    try:
        reader = PdfReader(content)
        locked = reader.is_encrypted and not reader.decrypt("")
        pages = [] if locked else [page.extract_text() for page in reader.pages]
    except Exception as error:
        raise DataError(f"{path}: not a readable PDF: {_reason(error)}; export it again") from error
    if locked:
        raise DataError(f"{path}: the PDF is encrypted; save a copy without a password")
    _tell_of_silent_pages(path, pages)
    # a PDF's fonts can map to halves of surrogate pairs, which are no characters
    text = "\n".join(pages).encode("utf-16", "surrogatepass")
    return text.decode("utf-16", "replace")


def _tell_of_silent_pages(path: Place, pages: list[str]) -> None:
    silent = [number for number, text in enumerate(pages, 1) if not text.strip()]
    if silent and len(silent) < len(pages):
        listed = ", ".join(map(str, silent[:10])) + (", …" if len(silent) > 10 else "")
        logging.getLogger(__name__).warning("%s: no text on page %s", path, listed)


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


NO_LOG = logging.NullHandler()
READERS: Mapping[str, Callable[[Place], str]] = {
    ".txt": read_text,
    ".md": read_text,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
}
PACKAGES: Mapping[str, tuple[str, str]] = {
    ".html": ("bs4", "beautifulsoup4"),
    ".htm": ("bs4", "beautifulsoup4"),
    ".pdf": ("pypdf", "pypdf"),
    ".docx": ("docx", "python-docx"),
}
