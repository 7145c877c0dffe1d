"""LaRA's released answers as rows to learn a router from; everything is kept in a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from crossover.datasets.lara import Lara
from crossover.metrics.answer import answer_recall
from crossover.metrics.correctness import correctness
from crossover.models.released import Released
from crossover.pipelines.replay import Replay
from crossover.roles import Metric, Model
from crossover.router.features.documents import document_features
from crossover.router.features.meaning import embedded
from crossover.router.features.question import question_features
from crossover.router.features.reply import reply_features
from crossover.router.features.retrieval import Evidence, retrieval_features
from crossover.types import Example

METRICS: dict[str, Metric] = {"answer_recall": answer_recall, "correctness": correctness}
ARMS = ("rag", "full")


class Rows:
    """Features and grades of LaRA's questions, computed once and kept in ``folder``."""

    def __init__(self, path: str, folder: Path) -> None:
        self.lara, self.folder = Lara(path, questions="predictions"), folder
        folder.mkdir(parents=True, exist_ok=True)
        self._examples: list[Example] = []

    def frame(self, metric: str) -> pd.DataFrame:
        """One row for each model and question: features, tokens, and each arm's quality."""
        keys = ["question", "model"]
        found = self._kept(metric, lambda: self._grades(METRICS[metric]))
        found = found.merge(self._kept("replies", self._replies), on=keys)
        found = found.merge(self._kept("questions", self._questions), on="question")
        held = np.exp(found["documents.log_tokens"])
        found["tokens_full"] = np.minimum(held, 127_000) + 130
        found["tokens_rag"] = np.minimum(held, 3_000) + 130
        return found.reset_index(drop=True)

    def vectors(self) -> dict[str, np.ndarray]:
        """Each question's embedding."""
        path = self.folder / "vectors.npz"
        if not path.exists():
            texts = {e.question.id: e.question.text for e in self.examples()}
            np.savez(path, ids=list(texts), vectors=embedded(list(texts.values())))
        stored = np.load(path)
        return dict(zip(stored["ids"].tolist(), stored["vectors"], strict=True))

    def examples(self) -> list[Example]:
        """The questions, read once."""
        self._examples = self._examples or list(self.lara.examples())
        return self._examples

    def _kept(self, name: str, make: Callable[[], Iterator[dict[str, object]]]) -> pd.DataFrame:
        path = self.folder / f"{name}.parquet"
        if not path.exists():
            pd.DataFrame(make()).to_parquet(path)
        return pd.read_parquet(path)

    def _models(self) -> list[Model]:
        names = sorted(p.name for p in (Path(self.lara.path) / "prediction").iterdir())
        return [Released(name).bound(self.lara) for name in names]

    def _grades(self, metric: Metric) -> Iterator[dict[str, object]]:
        for model in self._models():
            for example in self.examples():
                grades = {
                    arm: metric(example, Replay(arm).answer(example.question, model))
                    for arm in ARMS
                }
                yield {"question": example.question.id, "model": model.name, **grades}

    def _questions(self) -> Iterator[dict[str, object]]:
        for example in self.examples():
            asked, tags = example.question, example.tags
            yield {
                "question": asked.id,
                "doc": asked.documents[0].id,
                "task": tags["task"],
                "genre": tags["type"],
                "length": tags["length"],
                **question_features(asked),
                **document_features(asked.documents),
                **retrieval_features(asked.text, Evidence.of(asked.documents)),
            }

    def _replies(self) -> Iterator[dict[str, object]]:
        models = self._models()
        for example in self.examples():
            asked, evidence = example.question, Evidence.of(example.question.documents)
            for model in models:
                answer = Replay("rag").answer(asked, model)
                features = reply_features(asked.text, answer, evidence)
                yield {"question": asked.id, "model": model.name, **features}
