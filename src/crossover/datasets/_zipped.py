"""Benchmarks whose files of JSON lines are published packed in zips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from crossover.datasets._published import Benchmark, Part
from crossover.datasets._rows import Rows
from crossover.datasets.jsonl import parsed
from crossover.errors import DataError


class Zipped(Benchmark):
    """A benchmark whose zips are read too, themselves or in a folder without unpacked files."""

    def rows(self, part: Part) -> Rows:
        """The rows of a part; one in a zip is named after the zip's own path."""
        if part.path is None or part.path.suffix != ".zip":
            return super().rows(part)
        return Rows("line", _lines(part.path, _member(part)))

    def _parts(self) -> list[Part]:
        path = Path(self.path).expanduser()
        if path.is_file() and path.suffix == ".zip":
            return self._packed([path])
        try:
            return super()._parts()
        except DataError:
            zips = sorted(path.rglob("*.zip")) if path.is_dir() else []
            if not zips:
                raise
            return self._packed(zips)

    def _packed(self, zips: Iterable[Path]) -> list[Part]:
        found = [
            Part(f"{path}/{name}", tags, path)
            for path in zips
            for name in _names(path)
            if name.endswith(".jsonl") and (tags := self._told_by(Path(name).name))
        ]
        if not found:
            raise DataError(f"{self.path}: no file of {self.name} in the zip; {self._expected()}")
        return sorted(found, key=lambda part: self._order(part.tags))


def _member(part: Part) -> str:
    return part.source.removeprefix(f"{part.path}/")


def _names(path: Path) -> list[str]:
    try:
        with ZipFile(path) as packed:
            return packed.namelist()
    except (BadZipFile, OSError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None


def _lines(path: Path, name: str) -> Iterator[tuple[int, Callable[[], object]]]:
    try:
        with ZipFile(path) as packed, packed.open(name) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, lambda line=line: parsed(line)  # type: ignore[misc]
    except (BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
