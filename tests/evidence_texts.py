"""A text of several parts with the fact in one, for strategies that look for evidence first."""

from crossover.types import Document, Question

FACT = "The bridge of Ostrel was built by Ada Varn in 1902."
MARKET = "The market of stall {} opens on Mondays and sells mostly cheese and bread."
FIELDS = "Rain falls in autumn on field {}, and the farmers stay at home."
TOWN = Document(
    "town",
    " ".join(
        [MARKET.format(n) for n in range(30)] + [FACT] + [FIELDS.format(n) for n in range(30)]
    ),
)
HARBOUR = Document("harbour", "The harbour of Quill has nine cranes. " + "Gulls cry at noon. " * 20)
TEXTS = {document.id: document.text for document in (TOWN, HARBOUR)}
QUESTION = Question("q", "Who built the bridge of Ostrel?", (TOWN, HARBOUR))


def names(answer):
    """The names of an answer's steps, in order."""
    return [step.name for step in answer.trace]


def details(answer, name):
    """What the steps of that name say."""
    return [step.detail for step in answer.trace if step.name == name]
