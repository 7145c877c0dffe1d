"""What does a router learned from LaRA's released answers gain on documents it never saw?

``python benchmarks/router_lara.py PATH --cache FOLDER [PART …]`` with parts of ``routers``,
``models`` (leave one model out), ``genres``, ``features`` (ablation) and ``noise``. Five folds by
document; thresholds are chosen within the training folds; intervals are clustered by document.
The share of the oracle's gap is (router - better arm) / (oracle - better arm) for each model.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from _router_rows import ARMS, METRICS, Rows

from crossover.experiments.statistics import clustered_mean
from crossover.router._trees import Growth
from crossover.router.features.meaning import Meaning
from crossover.router.learner import Learner, Options, Table, fit

FOLDS, BUDGET, CALIBRATION = 5, 0.5, 50
# for parts that take many fits
QUICK = Options(growth=Growth(rounds=40, rate=0.12), folds=2, seeds=1)
TWINS = ({"gpt-4o", "gpt-4o-0806"}, {"llama-3.3-70b", "llama-3.3-70b-turbo"})
BEFORE = ("question", "documents", "retrieval", "meaning", "model")
# what the answer tells of retrieval leaves nothing to the question's own retrieval and meaning
CASCADE = ("question", "documents", "model", "reply")
ABLATION = (
    ("question",),
    ("question", "documents"),
    ("question", "documents", "retrieval"),
    ("question", "documents", "retrieval", "model"),
    BEFORE,
    ("reply", "model"),
    ("question", "documents", "reply"),
    CASCADE,
    ("question", "documents", "retrieval", "reply", "model"),
    (*BEFORE, "reply"),
)


@dataclass(frozen=True)
class Study:
    """Rows, how questions are embedded, and the seed of folds and trees."""

    rows: pd.DataFrame
    vectors: dict[str, np.ndarray]
    seed: int = 0

    def folds(self) -> np.ndarray:
        """Each row's fold: whole documents, about as many questions in each."""
        sizes = self.rows.groupby("doc").size()
        names = np.random.default_rng(self.seed).permutation(sorted(sizes.index))
        load, fold = np.zeros(FOLDS), {}
        for name in sorted(names, key=lambda name: -sizes[name]):
            fold[name] = int(load.argmin())
            load[fold[name]] += sizes[name]
        return self.rows["doc"].map(fold).to_numpy()

    def table(self, train: np.ndarray, traits: np.ndarray, families: Sequence[str]) -> Table:
        """Features of all rows; directions and models' traits come from the rows named."""
        wanted = tuple(f"{family}." for family in families)
        found = self.rows[[c for c in self.rows if c.startswith(wanted)]].astype(float)
        if "meaning" in families:
            ids = self.rows["question"].to_numpy()
            meaning = Meaning.of(np.stack([self.vectors[q] for q in np.unique(ids[train])]))
            places = {q: meaning.features(self.vectors[q]) for q in np.unique(ids)}
            found = found.join(pd.DataFrame([places[q] for q in ids]))
        if "model" in families:
            found = found.join(self._traits(traits))
        return Table(tuple(found.columns), found.to_numpy(dtype=float))

    def _traits(self, rows: np.ndarray) -> pd.DataFrame:
        """What ``trait_features`` tells, for all models at once."""
        known = self.rows[rows]
        by = known.assign(gain=known["full"] - known["rag"]).groupby("model")
        traits = pd.DataFrame(
            {
                "model.declines.rag": by["reply.declines"].mean(),
                "model.log_words.rag": by["reply.log_words"].mean(),
                "model.quality.rag": by["rag"].mean(),
                "model.quality.full": by["full"].mean(),
                "model.gain.full": by["gain"].mean(),
            }
        )
        return self.rows[["model"]].join(traits, on="model").drop(columns="model")

    def learned(
        self, train: np.ndarray, table: Table, options: Options
    ) -> tuple[Learner, np.ndarray]:
        """A learner, and the gain of the full document that it expected of held-out rows."""
        known = Table(table.columns, table.values[train])
        grades = self.rows.loc[train, list(ARMS)].to_numpy(dtype=float)
        found = fit(known, grades, ARMS, self.rows["doc"][train].tolist(), options=options)
        return found.learner, found.held_out[:, 1] - found.held_out[:, 0]


def threshold(rows: pd.DataFrame, gains: np.ndarray, paid: bool) -> float:
    """The least price of tokens at which these rows stay within the budget."""
    for price in np.linspace(0, 0.3, 61):
        full = chosen(rows, gains, price)
        if tokens(rows, full, paid).sum() <= BUDGET * rows["tokens_full"].sum():
            return float(price)
    return 0.3


def chosen(rows: pd.DataFrame, gains: np.ndarray, price: float) -> np.ndarray:
    return gains > price * (rows["tokens_full"] / rows["tokens_full"].mean()).to_numpy()


def tokens(rows: pd.DataFrame, full: np.ndarray, paid: bool) -> np.ndarray:
    """Tokens read; with ``paid`` the first pass is billed to those that escalate as well."""
    more = rows["tokens_full"] + (rows["tokens_rag"] if paid else 0)
    return np.where(full, more, rows["tokens_rag"])


def judged(rows: pd.DataFrame, full: np.ndarray, paid: bool) -> pd.DataFrame:
    """For each model and pooled: quality, share of the oracle's gap, gain with interval, tokens."""
    got = np.where(full, rows["full"], rows["rag"])
    spent, best = tokens(rows, full, paid), np.zeros(len(rows))
    found = []
    for model, mine in rows.groupby("model").groups.items():
        means = rows.loc[mine, list(ARMS)].mean()
        best[mine] = rows.loc[mine, means.idxmax()]
        oracle = rows.loc[mine, list(ARMS)].max(axis=1).mean()
        gap = (got[mine].mean() - means.max()) / (oracle - means.max())
        line = {"model": model, **means, "oracle": oracle, "router": got[mine].mean()}
        found.append(line | {"gap": gap} | _gain(rows, got - best, spent, mine))
    table = pd.DataFrame(found)
    whole = table.mean(numeric_only=True).to_dict() | _gain(rows, got - best, spent, rows.index)
    return pd.concat([table, pd.DataFrame([{"model": "all", **whole}])], ignore_index=True)


def _gain(
    rows: pd.DataFrame, gained: np.ndarray, spent: np.ndarray, mine: pd.Index
) -> dict[str, float]:
    mean = clustered_mean(gained[mine].tolist(), rows["doc"][mine].tolist(), share=False)
    share = spent[mine].sum() / rows["tokens_full"][mine].sum()
    return {"gain": mean.mean, "low": mean.low, "high": mean.high, "tokens": share}


def routed(
    study: Study, families: Sequence[str], free: bool = False, options: Options | None = None
) -> pd.DataFrame:
    """Five folds by document; ``free`` leaves the budget aside."""
    folds, full = study.folds(), np.zeros(len(study.rows), dtype=bool)
    paid = "reply" in families
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        table = study.table(train, train, families)
        learner, held = study.learned(train, table, options or Options(seed=study.seed))
        price = 0.0 if free else threshold(study.rows[train], held, paid)
        full[test] = chosen(study.rows[test], _gains(learner, table, test), price)
    return judged(study.rows, full, paid)


def _gains(learner: Learner, table: Table, rows: np.ndarray) -> np.ndarray:
    expected = learner.predict(Table(table.columns, table.values[rows]))
    return expected[:, 1] - expected[:, 0]


def left_out(study: Study, families: Sequence[str], graded: int) -> pd.DataFrame:
    """Each model by what was learned from others; ``graded`` questions of its own adapt it."""
    rows, folds = study.rows, study.folds()
    full, paid = np.zeros(len(rows), dtype=bool), "reply" in families
    rng, quick = np.random.default_rng(study.seed), replace(QUICK, seed=study.seed)
    for fold in range(FOLDS):
        some = rng.permutation(rows["question"][folds != fold].unique())[: max(graded, CALIBRATION)]
        calibration = rows["question"].isin(some).to_numpy()
        for model in rows["model"].unique():
            kin = next((twins for twins in TWINS if model in twins), {model})
            train = (folds != fold) & ~rows["model"].isin(kin).to_numpy()
            own = (rows["model"] == model).to_numpy()
            table = study.table(train, np.where(own, calibration, folds != fold), families)
            table = table if graded else _ungraded(table)
            learner, held = study.learned(train, table, quick)
            if graded:
                few = calibration & own
                learner = learner.adapted(
                    Table(table.columns, table.values[few]), rows.loc[few, list(ARMS)].to_numpy()
                )
            test = (folds == fold) & own
            price = threshold(rows[train], held, paid)
            full[test] = chosen(rows[test], _gains(learner, table, test), price)
    return judged(rows, full, paid)


def _ungraded(table: Table) -> Table:
    """Leave out what only grades tell of a model."""
    kept = [not c.startswith(("model.quality", "model.gain")) for c in table.columns]
    return Table(tuple(np.array(table.columns)[kept].tolist()), table.values[:, kept])


def genres(study: Study, families: Sequence[str]) -> pd.DataFrame:
    """Each genre by what was learned from the others."""
    rows, full = study.rows, np.zeros(len(study.rows), dtype=bool)
    paid = "reply" in families
    for genre in rows["genre"].unique():
        test = (rows["genre"] == genre).to_numpy()
        table = study.table(~test, ~test, families)
        learner, held = study.learned(~test, table, Options(seed=study.seed))
        price = threshold(rows[~test], held, paid)
        full[test] = chosen(rows[test], _gains(learner, table, test), price)
    return judged(rows, full, paid)


def noise(frames: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame]]:
    """What choosing by another metric, or by a twin's outcomes, closes of the oracle's gap."""
    for measured, rows in frames.items():
        for by, other in frames.items():
            if by != measured:
                better = (other["full"] > other["rag"]).to_numpy()
                yield f"{measured}, chosen by {by}", judged(rows, better, paid=False)
        twin = {a: b for pair in map(sorted, TWINS) for a, b in (pair, pair[::-1])}
        asked = rows.set_index(["model", "question"])
        mine = rows[rows["model"].isin(twin)].reset_index(drop=True)
        keys = list(zip(mine["model"].map(twin), mine["question"], strict=True))
        its = asked.loc[keys]
        yield (
            f"{measured}, chosen by the twin",
            judged(mine, (its["full"] > its["rag"]).to_numpy(), paid=False),
        )


def references(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Rules that need no learning."""
    declined = (rows["reply.declines"] == 1).to_numpy()
    yield "self-route: a decline escalates", judged(rows, declined, paid=True)
    yield "a decline is kept, all else escalates", judged(rows, ~declined, paid=True)
    yield "task known", judged(rows, (rows["task"] != "hallu").to_numpy(), paid=False)


def _routers(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    yield from references(study.rows)
    yield "before answering", routed(study, BEFORE)
    yield "cascade", routed(study, CASCADE)
    yield "cascade, no budget", routed(study, CASCADE, free=True)


def _models(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for graded in (CALIBRATION, 0):
        yield f"model left out, {graded} questions graded", left_out(study, CASCADE, graded)


def _genres(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "genre left out, before answering", genres(study, BEFORE)
    yield "genre left out, cascade", genres(study, CASCADE)


def _features(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for families in ABLATION:
        yield " + ".join(families), routed(study, families, options=QUICK)


PARTS = {"routers": _routers, "models": _models, "genres": _genres, "features": _features}


def _show(name: str, table: pd.DataFrame) -> None:
    worst = table["gap"][:-1].min()
    print(f"\n{name} (worst model {worst:+.3f})")
    print(table.round(3).to_string(index=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="LaRA's folder")
    parser.add_argument("parts", nargs="*", default=["routers"], help=", ".join((*PARTS, "noise")))
    parser.add_argument("--cache", type=Path, required=True, help="where features are kept")
    parser.add_argument("--metric", choices=list(METRICS), default="answer_recall")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows = Rows(given.path, given.cache)

    study = Study(rows.frame(given.metric), rows.vectors(), given.seed)
    for part in given.parts:
        print(f"\n## {part}, {given.metric}")
        every = part == "noise"
        found = noise({m: rows.frame(m) for m in METRICS}) if every else PARTS[part](study)
        for name, table in found:
            _show(name, table)


if __name__ == "__main__":
    main()
