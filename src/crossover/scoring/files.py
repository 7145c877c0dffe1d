"""Which format a prediction file is in, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from crossover.datasets.jsonl import lines_of, parsed
from crossover.errors import ConfigError, DataError, UnknownName
from crossover.files import existing_file
from crossover.metrics.infinitebench import TASKS as INFINITEBENCH_TASKS
from crossover.metrics.longbench import TASKS as LONGBENCH_TASKS
from crossover.scoring import infinitebench, jsonl, lara, leval, longbench, minilongbench
from crossover.scoring._sheet import Sheet, task_of

FORMATS: Mapping[str, Callable[[Path, str], Sheet]] = {
    "longbench": longbench.read,
    "minilongbench": minilongbench.read,
    "leval": leval.read,
    "infinitebench": infinitebench.read,
    "lara": lara.read,
    "jsonl": jsonl.read,
}
# LV-Eval's predictions look like LongBench's but for their keywords
LVEVAL = "gold_ans"
LARA = {"file", "level", "question", "prediction", "ground_truth"}


def read_predictions(
    path: Path, format: str = "", task: str = "", fields: Mapping[str, str] | None = None
) -> tuple[str, Sheet]:
    """Read a file of predictions in a format, else in the one that it is plainly in.

    ``fields`` names fields of the format jsonl that are called something else. Raises DataError
    that names file and line, UnknownName for a format that there is not, ConfigError.
    """
    path = existing_file(path)
    if format and format not in FORMATS:
        raise UnknownName(format, "the formats of predictions", FORMATS)
    found = format or ("jsonl" if fields else detected(path))
    if fields and found != "jsonl":
        raise ConfigError(f"fields can be renamed in the format jsonl only, not in {found}")
    if found == "jsonl":
        return found, jsonl.read(path, task, fields)
    return found, FORMATS[found](path, task)


def detected(path: Path) -> str:
    """The format that a file's name and first record show; raises DataError where they do not."""
    record = _first(path)
    known = record.keys() if isinstance(record, dict) else set()
    for name, shown in _signs(path, set(known)).items():
        if shown:
            return name
    raise DataError(
        f"{path}: its format cannot be told from its first record; "
        f"give --format: {', '.join(FORMATS)}"
    )


def _signs(path: Path, fields: set[str]) -> dict[str, bool]:
    predicted = bool(fields & {"prediction", "pred"})
    truth = bool(fields & {"ground_truth", "label"})
    return {
        "minilongbench": path.suffix == ".json" and {"prediction", "gold"} <= fields,
        "leval": {"gt", "evaluation"} <= fields,
        "longbench": {"pred", "answers"} <= fields
        and ("all_classes" in fields or bool(task_of(path, "", list(LONGBENCH_TASKS))))
        and LVEVAL not in fields,
        "lara": fields >= LARA,
        "infinitebench": predicted and truth and bool(task_of(path, "", list(INFINITEBENCH_TASKS))),
        "jsonl": bool(fields & {*jsonl.PREDICTION}) and bool(fields & {*jsonl.ANSWERS}),
    }


def _first(path: Path) -> object:
    if path.suffix == ".json":
        content = minilongbench.content(path)
        entries = list(content.values()) if isinstance(content, dict) else content
        return entries[0] if isinstance(entries, list) and entries else None
    for number, line in lines_of(path):
        try:
            return parsed(line)
        except DataError as error:
            raise DataError(f"{path} line {number}: {error}") from None
    return None
