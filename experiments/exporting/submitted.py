"""A run's answers as the files that a benchmark with hidden golds takes for scoring."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

import yaml

from crossover.blobs import Place, place, written
from crossover.choices import chosen
from crossover.datasets._submitted import Submitted
from crossover.errors import DataError, StoreError
from crossover.experiments.labels import labelled
from crossover.experiments.report import load_frame

if TYPE_CHECKING:
    from pandas import DataFrame

UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Submission:
    """Files with one strategy's and model's answers; ``picked`` of ``asked`` name one option."""

    paths: tuple[Place, ...]
    picked: int
    asked: int


def write_submissions(run: str | Path, folder: str | Place) -> Iterator[Submission]:
    """Write a folder for each benchmark, strategy and model of a finished run.

    Raises DataError where no dataset of the run is such a benchmark or its files are gone, and
    StoreError where nothing can be written.
    """
    frame = load_frame(run)
    named = yaml.safe_load(frame.attrs["config"])["datasets"]
    datasets = labelled(named if isinstance(named, list) else [named])
    hidden = {name: one for name, one in datasets.items() if isinstance(one, Submitted)}
    if not hidden:
        raise DataError(f"{run}: none of its datasets is scored elsewhere: {', '.join(datasets)}")
    for name, dataset in hidden.items():
        choices = {one.question.id: one.question.choices for one in dataset.examples()}
        of_dataset = frame[frame["dataset"] == name]
        groups = of_dataset.groupby(["strategy", "model"], sort=False)
        for number, ((strategy, model), answers) in enumerate(groups, 1):
            title = UNSAFE.sub("-", f"{name}-{number}-{strategy}-{model}").strip("-")
            picked = _picked(answers, choices)
            files = dataset.submission(picked)
            paths = _written(place(folder) / title, files)
            yield Submission(paths, len(picked), len(answers))


def _picked(answers: DataFrame, choices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The letters of the answers that name exactly one option."""
    found = {}
    for name, text in zip(answers["example"], answers["answer"], strict=True):
        letters = chosen(text, choices.get(name, ()))
        if len(letters) == 1 and letters <= set(ascii_uppercase):
            found[name] = next(iter(letters))
    return found


def _written(folder: Place, files: Mapping[str, bytes]) -> tuple[Place, ...]:
    try:
        if isinstance(folder, Path):
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with written(folder / name) as path:
                path.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from None
    return tuple(folder / name for name in files)
