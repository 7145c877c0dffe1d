"""The training loop: seeded, resumable, with the mean of the weights as the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from crossover import precision
from crossover.errors import ConfigError
from crossover.experiments.reader import groups, learning
from crossover.experiments.reader.groups import Group, Grouping
from crossover.experiments.reader.items import Item
from crossover.models.reader._network import Network, from_minilm


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. ``epochs`` go over the real questions after one pass over the made ones."""

    seed: int = 0
    epochs: int = 4
    made_passes: int = 1
    questions_per_step: int = 16
    rate: float = 1e-4
    head_rate: float = 5e-4
    warm_up: int = 150
    dropout: float = 0.1
    weight_decay: float = 0.01
    averaging: float = 0.995
    every: int = 200


# long texts cost most and help least: an epoch draws this share of their questions
SHARES = {"friendsqa": 0.34, "covid-qa": 0.34}
MADE = ("cloze", "biographies")


def fresh(recipe: Recipe) -> Network:
    """MiniLM's weights under new heads."""
    torch.manual_seed(recipe.seed)
    network = Network(recipe.dropout)
    missing, unexpected = network.load_state_dict(
        from_minilm(load_file(precision.minilm_folder() / "model.safetensors")), strict=False
    )
    if unexpected or not all("head" in name for name in missing):
        raise ValueError(f"not MiniLM's weights: {missing} {unexpected}")
    # most words are too rare here to learn from, and their table is half of all weights
    network.words.weight.requires_grad_(False)
    for head in (network.token_head, network.match_head, network.window_head):
        torch.nn.init.normal_(head.weight, std=0.02)
        torch.nn.init.zeros_(head.bias)
    return network


def plan(items: Sequence[Item], recipe: Recipe) -> list[list[int]]:
    """Which questions each pass goes over."""
    made = [at for at, item in enumerate(items) if item.source in MADE]
    real = [at for at, item in enumerate(items) if item.source not in MADE]
    passes = [made] * recipe.made_passes
    for epoch in range(recipe.epochs):
        random = Random(f"{recipe.seed}/share/{epoch}")
        passes.append([at for at in real if random.random() < SHARES.get(items[at].source, 1)])
    return passes


def batches(
    grouping: Grouping, passes: Sequence[Sequence[int]], recipe: Recipe
) -> Iterator[list[Group]]:
    """Every step of the training."""
    for number, chosen in enumerate(passes):
        random = Random(f"{recipe.seed}/pass/{number}")
        yield from groups.steps(grouping, chosen, recipe.questions_per_step, random)


class Trainer:
    """Network, mean of its weights and optimizer, at some step."""

    def __init__(self, recipe: Recipe, steps: int) -> None:
        self.recipe, self.steps, self.step = recipe, steps, 0
        self.network = fresh(recipe).to(precision.device())
        self.mean = Network().to(precision.device())
        self.mean.load_state_dict(self.network.state_dict())
        heads = [p for name, p in self.network.named_parameters() if "head" in name]
        body = [
            p for n, p in self.network.named_parameters() if "head" not in n and p.requires_grad
        ]
        self.optimizer = torch.optim.AdamW(
            [{"params": body, "rate": recipe.rate}, {"params": heads, "rate": recipe.head_rate}],
            weight_decay=recipe.weight_decay,
            fused=True,
        )

    def learn(self, questions: Sequence[Group]) -> dict[str, float]:
        """Take one step."""
        self.network.train()
        for part in self.optimizer.param_groups:
            part["lr"] = part["rate"] * self._schedule()
        losses = learning.loss(self.network, questions)
        whole: Any = sum(losses.values())
        whole.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self._average()
        return {name: loss.item() for name, loss in losses.items()}

    def _schedule(self) -> float:
        """Linear warm-up, then linearly down to nothing."""
        warm = self.step / self.recipe.warm_up
        left = (self.steps - self.step) / max(self.steps - self.recipe.warm_up, 1)
        return max(min(warm, left, 1.0), 0.0)

    def _average(self) -> None:
        keep = min(self.recipe.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                if now.requires_grad:
                    mean.lerp_(now, 1 - keep)

    def save(self, path: Path) -> None:
        """Write everything that resuming needs, whole or not at all."""
        tensors = {f"now.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.state_dict().items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
        tensors["random"] = torch.get_rng_state()
        part = path.with_suffix(".part")
        kept = {"step": str(self.step), "recipe": str(self._recipe())}
        save_file({k: v.contiguous() for k, v in tensors.items()}, part, kept)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint; raises ConfigError where it is another training's."""
        with safe_open(path, "pt") as file:
            kept = file.metadata()
        if kept["recipe"] != str(self._recipe()):
            raise ConfigError(f"{path} is another training's; delete it or choose another --out")
        self.step = int(kept["step"])
        tensors = load_file(path)
        for name, network in (("now.", self.network), ("mean.", self.mean)):
            network.load_state_dict(
                {k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)}
            )
        state: dict[int, dict[str, Any]] = {}
        for key, value in tensors.items():
            if key.startswith("adam."):
                _, number, name = key.split(".")
                state.setdefault(int(number), {})[name] = value
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": state})
        torch.set_rng_state(tensors["random"])

    def _recipe(self) -> tuple[Recipe, int]:
        return self.recipe, self.steps


AfterStep = Callable[[Trainer, dict[str, float]], None]


def train(
    items: Sequence[Item], recipe: Recipe, out: Path, after_step: AfterStep | None = None
) -> Network:
    """Train on the items and return the averaged network; goes on where it was interrupted.

    Raises ConfigError where ``out`` cannot be made or holds another training's checkpoint.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: no folder can be made there: {error.strerror}") from None
    checkpoint = out / "checkpoint.safetensors"
    passes = plan(items, recipe)
    trainer = Trainer(recipe, sum(len(one) // recipe.questions_per_step for one in passes))
    if checkpoint.exists():
        trainer.resume(checkpoint)
    if trainer.step == trainer.steps:
        return trainer.mean
    texts = groups.Texts(items)
    grouping = Grouping(texts, texts.near())
    for questions in islice(batches(grouping, passes, recipe), trainer.step, None):
        losses = trainer.learn(questions)
        if trainer.step % recipe.every == 0 or trainer.step == trainer.steps:
            trainer.save(checkpoint)
        if after_step:
            after_step(trainer, losses)
    return trainer.mean
