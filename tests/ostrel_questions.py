"""Questions on a town, and what tells the prompts of its strategies apart."""

from crossover.types import Document, Question

TEXT = (
    "Ostrel lies on the river Mir. Its bridge was built by Ada Varn in 1902. "
    "The market opens on Mondays. The mayor of Ostrel is Belo Trask."
)
TOWN = Document("town", TEXT)
QUESTION = Question("q", "Who built the bridge of Ostrel?", (TOWN,))
CHOICE = Question("c", "Who built it?", (TOWN,), "choice", ("Belo Trask", "Ada Varn"))
TWO = "strategies=[rag, full_context]"
ALONE, JUDGE, ASK, AFTER = (
    "from what you know",
    "several readers",
    "begins with its",
    "one statement",
)


def named(answer, name):
    return [step for step in answer.trace if step.name == name]
