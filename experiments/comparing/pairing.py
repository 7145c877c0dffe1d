"""Which results of one run stand against which of the other, on which questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover import catalog
from crossover.errors import ConfigError, CrossoverError, DataError, UnknownName
from crossover.roles import Dataset, Model, Strategy

if TYPE_CHECKING:
    from pandas import DataFrame

KEYS = ("dataset", "model", "strategy")
ROLES: tuple[Any, ...] = (Dataset, Model, Strategy)
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """One strategy with one model on one dataset, in both runs, on the questions both asked."""

    key: Key
    other: Key
    before: DataFrame
    after: DataFrame

    @property
    def shown(self) -> Key:
        """Dataset, model and strategy as people read them; what has changed its name shows both."""
        dataset, model, strategy = (
            old if old == new else f"{old} → {new}"
            for old, new in zip(self.key, self.other, strict=True)
        )
        return dataset, model, strategy

    def concerns(self, name: str) -> bool:
        """Whether a name is that of its dataset, model or strategy, in either run."""
        return name in (*self.key, *self.other)


@dataclass(frozen=True, slots=True)
class Paired:
    """The pairs, and what only one of the runs has, in words."""

    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]


def paired(before: DataFrame, after: DataFrame, mappings: Sequence[tuple[str, str]] = ()) -> Paired:
    """Pair the runs' results by their texts, renamed by ``mappings`` of old to new names.

    Raises UnknownName for a name that its run does not have, and DataError where the runs share
    nothing.
    """
    renamed = _renamed(before, after, mappings)
    first, second = _cells(before), _cells(after)
    partners = {key: tuple(renamed.get(part, part) for part in key) for key in first}
    pairs, notes = [], []
    for key, partner in partners.items():
        if partner in second:
            pair, told = _on_common(key, partner, first[key], second[partner])
            pairs += [pair] if pair else []
            notes += told
    if not pairs:
        raise DataError(_nothing(list(partners.values()), list(second)))
    notes += _alone("A", [key for key, partner in partners.items() if partner not in second])
    notes += _alone("B", [key for key in second if key not in set(partners.values())])
    return Paired(tuple(pairs), tuple(dict.fromkeys(notes)))


def resolved(name: str, known: Sequence[str], where: str) -> str:
    """A name as the results write it: as it stands, or as the catalog prints what it says."""
    if name in known:
        return name
    for role in ROLES:
        try:
            text = catalog.spec(catalog.load(role, name))
        except CrossoverError:
            continue
        if text in known:
            return text
    raise UnknownName(name, where, known)


def names_of(frame: DataFrame) -> list[str]:
    """Every name of a dataset, model or strategy in a run."""
    return [str(name) for key in KEYS for name in frame[key].unique()]


def _renamed(
    before: DataFrame, after: DataFrame, mappings: Sequence[tuple[str, str]]
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for old, new in mappings:
        name = resolved(old, names_of(before), "the first run")
        if name in found:
            raise ConfigError(f"{name} is mapped twice; map each name once")
        found[name] = resolved(new, names_of(after), "the second run")
    if len(set(found.values())) < len(found):
        raise ConfigError("two names of the first run are mapped to one of the second")
    return found


def _cells(frame: DataFrame) -> dict[Key, DataFrame]:
    return {
        (str(key[0]), str(key[1]), str(key[2])): cell
        for key, cell in frame.groupby([*KEYS], sort=False)
    }


def _on_common(
    key: Key, partner: Any, before: DataFrame, after: DataFrame
) -> tuple[Pair | None, list[str]]:
    mine, theirs = set(before["example"]), set(after["example"])
    common = mine & theirs
    notes = list(_only(key[0], len(mine - common), len(theirs - common)))
    if not common:
        return None, notes
    kept = [frame[frame["example"].isin(common)] for frame in (before, after)]
    return Pair(key, partner, kept[0], kept[1]), notes


def _only(dataset: str, first: int, second: int) -> Iterator[str]:
    for count, run in ((first, "A"), (second, "B")):
        if count:
            noun = "question is" if count == 1 else "questions are"
            yield f"{dataset}: {count:,} {noun} only in {run} and left out"


def _alone(run: str, keys: Sequence[Key]) -> Iterator[str]:
    for dataset, model, strategy in keys:
        yield f"only in {run}: {strategy} with {model} on {dataset}"


def _nothing(first: Sequence[tuple[str, ...]], second: Sequence[Key]) -> str:
    for place, kind in enumerate(KEYS):
        mine, theirs = ({key[place] for key in run} for run in (first, second))
        if not mine & theirs:
            one, other = min(mine), min(theirs)
            return (
                f"the runs share no {kind}: A has {one}, B has {other}; where they are to be"
                f' compared: --map "{one}={other}"'
            )
    return "the runs share no question on the same dataset, model and strategy"
