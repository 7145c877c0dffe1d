"""Every compressor as it can be tried offline: those of hub models on small local ones."""

from crossover import catalog
from crossover.roles import Compressor

# compressors that drop words of a model's choosing: they come near a budget, not within it
NEAR = frozenset[str]()


def ready(name: str) -> Compressor:
    """The compressor of that name with what it needs here."""
    return catalog.load(Compressor, name)
