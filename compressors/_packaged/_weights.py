"""The keep/drop classifier: the packaged MiniLM, its last layer trained anew, and a head."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from crossover import precision
from crossover.models.reader._network import HEADS, LAYERS, WIDTH, from_minilm
from crossover.retrievers._minilm import Network

FILE = Path(__file__).with_name("classifier.safetensors")
BODY, LAST = "bert.", f"bert.encoder.layer.{LAYERS - 1}."
THREE = ("query", "key", "value")
PARTS = {
    "mix": "attention.output.dense",
    "attended": "attention.output.LayerNorm",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
    "finished": "output.LayerNorm",
}


class Classifier(Network):
    """Says of every word piece how probable it is that it is worth keeping."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(WIDTH, 2)

    def below(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the states under the last layer; ``mask`` is 1 on word pieces."""
        found = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.kinds.weight[0]
        states: Tensor = self.embedded(found)
        for layer in self.layers[:-1]:
            states = layer(states, _added(mask))
        return states

    def above(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of drop and keep (batch × length × 2) from the states below."""
        logits: Tensor = self.head(self.layers[-1](states, _added(mask)))
        return logits.float()

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the probability of keep (batch × length)."""
        return self.above(self.below(ids, mask), mask).softmax(-1)[:, :, 1]


def _added(mask: Tensor) -> Tensor:
    return ((mask == 0) * -1e4).repeat_interleave(HEADS, 0)[:, None, :]


def minilm() -> dict[str, Tensor]:
    """The packaged MiniLM's weights by BERT's names."""
    found = load_file(precision.minilm_folder() / "model.safetensors")
    return {f"{BODY}{name}": value for name, value in found.items() if "pooler" not in name}


def complete(trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All weights by BERT's names: MiniLM's below, what was trained above, in float32."""
    return minilm() | {name: value.float() for name, value in trained.items()}


def built(trained: Mapping[str, Tensor]) -> Classifier:
    """Make the network of MiniLM's weights and what was trained; nothing: an untrained head."""
    found = Classifier()
    weights = complete(trained)
    ours = from_minilm({name.removeprefix(BODY): value for name, value in weights.items()})
    heads = {f"head.{end}": weights.get(f"classifier.{end}") for end in ("weight", "bias")}
    known = {name: value for name, value in heads.items() if value is not None}
    found.load_state_dict(found.state_dict() | ours | known)
    return found.train(False)


def exported(network: Classifier) -> dict[str, Tensor]:
    """What was trained, by BERT's names, in half precision."""
    layer = network.layers[-1]
    found = {}
    for end in ("weight", "bias"):
        threes = getattr(layer.attend, end).chunk(3)
        for name, value in zip(THREE, threes, strict=True):
            found[f"{LAST}attention.self.{name}.{end}"] = value
        for ours, theirs in PARTS.items():
            found[f"{LAST}{theirs}.{end}"] = getattr(getattr(layer, ours), end)
        found[f"classifier.{end}"] = getattr(network.head, end)
    return {name: value.detach().half().contiguous() for name, value in found.items()}


@cache
def load(path: Path = FILE) -> Classifier:
    """Load the classifier onto the fastest device, in its fastest faithful number format."""
    network = built(load_file(path))
    return network.to(precision.device(), precision.fastest())
