"""Asking indexes that are kept, and forgetting what is in memory."""

from crossover import catalog, meter
from crossover.retrievers import _shelf
from crossover.retrievers._shelf import indexed
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.roles import Model
from crossover.types import Document

FAKE = catalog.load(Model, "fake")
DOCUMENTS = (
    Document("town", "Ostrel lies on the river Mir. Its bridge is old. " * 20),
    Document("harbour", "The harbour of Quill has nine cranes. " * 20),
)
CHUNKER = Tokens(20)


def forget(monkeypatch):
    """Forget what is in memory, as another process would."""
    monkeypatch.setattr(_shelf, "_shelf", type(_shelf._shelf)())


def ask(retriever=None):
    """Search, and return what was found with the bill."""
    with meter.metered() as bill:
        index = indexed(retriever or Dense(), DOCUMENTS, CHUNKER, FAKE)
        return index.search("Where are the cranes?", 5, FAKE), bill
