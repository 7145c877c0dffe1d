"""Training of the small causal language model and of its tokenizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover import meter, precision
from crossover.compressors._packaged import END
from crossover.errors import MissingExtra

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor
    from transformers import LlamaForCausalLM


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train: texts one after another, in windows as long as the model's."""

    seed: int = 0
    vocabulary: int = 8000
    width: int = 192
    inner: int = 512
    layers: int = 4
    heads: int = 6
    window: int = 512
    batch: int = 4
    steps: int = 840
    matrix_rate: float = 0.02
    rate: float = 3e-3
    warm_up: int = 40


def tokenizer(texts: Sequence[str], recipe: Recipe) -> Tokenizer:
    """Train a byte-level BPE, which decodes to exactly what it was given."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    found = Tokenizer(models.BPE())
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.decoder = decoders.ByteLevel()
    found.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    found.train_from_iterator(texts, trainer)
    return found


def encoded(texts: Sequence[str], cut: Tokenizer) -> list[list[int]]:
    """Token ids of every text, the end-of-text token before each."""
    end: Any = cut.token_to_id(END)
    return [[end, *found.ids] for found in cut.encode_batch(list(texts))]


def windows(ids: Sequence[Sequence[int]], recipe: Recipe) -> Tensor:
    """Whole batches of windows for all steps: as many passes as they take, each newly shuffled."""
    import torch

    random = torch.Generator().manual_seed(recipe.seed)
    wanted = recipe.steps * recipe.batch * recipe.window
    stream: list[int] = []
    while len(stream) < wanted:
        for at in torch.randperm(len(ids), generator=random).tolist():
            stream += ids[at]
    return torch.tensor(stream[:wanted]).view(recipe.steps, recipe.batch, recipe.window)


def fresh(recipe: Recipe, size: int) -> LlamaForCausalLM:
    """Make an untrained model for ``size`` tokens; the end-of-text token is number 0."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=recipe.width,
        intermediate_size=recipe.inner,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=recipe.window,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
    )
    return LlamaForCausalLM(config)


def train(
    texts: Sequence[str], cut: Tokenizer, recipe: Recipe
) -> tuple[LlamaForCausalLM, list[float]]:
    """Train on the texts; returns the model and the loss of every step, in nats a token.

    Muon (Jordan et al. 2024) for the layers' matrices, AdamW for the rest: on this little text it
    learns in half the steps that AdamW needs. Raises MissingExtra where torch has no Muon.
    """
    import torch

    model = fresh(recipe, cut.get_vocab_size())
    optimizers = _optimizers(model, recipe)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe))
        for optimizer in optimizers
    ]
    losses = []
    model.train()
    for step, ids in enumerate(windows(encoded(texts, cut), recipe)):
        with precision.fast():
            loss: Any = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
        losses.append(loss.item())
        meter.working(f"language model, loss {losses[-1]:.2f}", step + 1, recipe.steps)
    return model.train(False), losses


def _optimizers(model: LlamaForCausalLM, recipe: Recipe) -> list[Any]:
    import torch

    if not hasattr(torch.optim, "Muon"):
        raise MissingExtra("torch>=2.9", "rag", "training the language model")
    embedded: Any = model.get_input_embeddings().weight
    matrices = [p for p in model.parameters() if p.ndim > 1 and p is not embedded]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    muon = torch.optim.Muon(matrices, lr=recipe.matrix_rate, weight_decay=0.0)
    rest = [embedded, *vectors]
    adam = torch.optim.AdamW(rest, recipe.rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    return [muon, adam]


def _rate(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then down to a twentieth along a cosine."""
    if step < recipe.warm_up:
        return (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(recipe.steps - recipe.warm_up, 1)
    return 0.05 + 0.95 * (1 + math.cos(math.pi * min(done, 1.0))) / 2
