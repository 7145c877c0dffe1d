"""The questions that a grid asks of a dataset: few are kept in memory, many are read again."""

from __future__ import annotations

import hashlib
import random
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from crossover.types import Example

# so many questions are kept; of more, a few bytes each
KEPT = 20_000


class Questions(Collection[Example]):
    """A dataset's questions in its order, all or a seeded sample of ``limit`` over its groups.

    Where there are more than KEPT, ``read`` is called again for each way through them. ``tags`` are
    the names of their tags, ``with_evidence`` says whether any names its evidence.
    """

    def __init__(
        self, read: Callable[[], Iterable[Example]], limit: int | None = None, seed: int = 0
    ) -> None:
        self._read = read
        self._kept: list[Example] | None = []
        self._groups = array("Q")
        self._chosen: Sequence[int] | None = None
        self.tags: set[str] = set()
        self.with_evidence = False
        self._look()
        if limit is not None and limit < len(self._groups):
            self._choose(limit, seed)

    def __len__(self) -> int:
        return len(self._groups) if self._chosen is None else len(self._chosen)

    def __iter__(self) -> Iterator[Example]:
        return iter(self._kept) if self._kept is not None else self._again(self._chosen)

    def __contains__(self, example: object) -> bool:
        return any(example == one for one in self)

    def sample(self, limit: int, seed: int) -> list[Example]:
        """A smaller seeded sample of them, spread over groups."""
        if self._kept is not None:
            return sampled(self._kept, limit, seed)
        if self._chosen is None:
            return list(self._again(spread(self._groups, limit, seed)))
        groups = array("Q", (self._groups[place] for place in self._chosen))
        return list(self._again([self._chosen[at] for at in spread(groups, limit, seed)]))

    def _look(self) -> None:
        for example in self._read():
            self._groups.append(_number(example.group))
            self.tags |= example.tags.keys()
            self.with_evidence |= bool(example.evidence)
            if self._kept is not None:
                self._kept.append(example)
                self._kept = self._kept if len(self._kept) <= KEPT else None

    def _choose(self, limit: int, seed: int) -> None:
        if self._kept is not None:
            self._kept = sampled(self._kept, limit, seed)
            self._chosen = range(limit)
        else:
            self._chosen = spread(self._groups, limit, seed)
            self._kept = list(self._again(self._chosen)) if limit <= KEPT else None
        if self._kept is not None:
            self.tags = {tag for example in self._kept for tag in example.tags}
            self.with_evidence = any(example.evidence for example in self._kept)

    def _again(self, places: Sequence[int] | None) -> Iterator[Example]:
        """The questions at some places, in order; all of them without."""
        if places is None:
            yield from self._read()
            return
        wanted = iter(places)
        place = next(wanted, None)
        # to the end, as a dataset counts what it skips
        for at, example in enumerate(self._read()):
            if at == place:
                yield example
                place = next(wanted, None)


def sampled(examples: Sequence[Example], limit: int | None, seed: int) -> list[Example]:
    """A seeded sample spread over groups, in the order of the dataset; never just the first."""
    if limit is None or limit >= len(examples):
        return list(examples)
    chance = random.Random(f"sample {seed}")
    groups: dict[str, list[int]] = defaultdict(list)
    for at, example in enumerate(examples):
        groups[example.group].append(at)
    rows = [chance.sample(places, len(places)) for _, places in sorted(groups.items())]
    chance.shuffle(rows)
    longest = max(map(len, rows))
    spread = [row[turn] for turn in range(longest) for row in rows if turn < len(row)]
    return [examples[at] for at in sorted(spread[:limit])]


def spread(groups: Sequence[int], limit: int, seed: int) -> array[int]:
    """Places of a seeded sample spread over groups, of millions: each group once, then again."""
    import numpy as np

    chance = np.random.default_rng(random.Random(f"spread {seed}").getrandbits(64))
    numbers = np.asarray(groups, dtype=np.uint64)
    order = np.lexsort((chance.random(len(numbers)), numbers))
    starts = np.flatnonzero(np.diff(numbers[order], prepend=~numbers[order[:1]]))
    sizes = np.diff(starts, append=len(order))
    turn = np.arange(len(order)) - np.repeat(starts, sizes)
    place = np.repeat(chance.permutation(len(starts)), sizes)
    first = order[np.lexsort((place, turn))[:limit]]
    return array("Q", np.sort(first).tolist())


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
