"""A text whose answers stand in the best passage, elsewhere or nowhere, and asking about it."""

from crossover import catalog
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Document, Question

CHEESE = "The market opens on Mondays and sells mostly cheese. " * 12
TARN = Document(
    "tarn",
    "Ostrel lies on the river Mir. Its stone bridge was built by Ada Varn in 1902. "
    + CHEESE
    + "The old mill of Tarn and the old mill road are well known in Tarn. "
    + CHEESE
    + "Fire broke out in 1887 and the mill burned to the ground. "
    + CHEESE,
)
IN_TOP = "Who built the bridge of Ostrel?"
ELSEWHERE = "In which year did the old mill of Tarn burn?"
NOWHERE = "What is the favourite colour of the mayor's horse?"
ONE = "rag(k=1, chunker=tokens(size=60))"
THREE = "rag(k=3, chunker=tokens(size=60))"
GRADE, REWRITE = "Do the passages above answer", "Write one other search query"
EXCERPTS, WHOLE = "They are\nexcerpts of a longer text", "Ada Varn in 1902"


def on_reader(strategy, text, **question):
    asked = Question("q", text, (TARN,), **question)
    return measured(catalog.load(Strategy, strategy), asked, catalog.load(Model, "reader"))


def on_fake(strategy, model, text=IN_TOP, **question):
    asked = Question("q", text, (TARN,), **question)
    return measured(catalog.load(Strategy, strategy), asked, catalog.load(Model, model))


def steps(answer):
    return [step.name for step in answer.trace]


def detail(answer, name):
    return next(step.detail for step in answer.trace if step.name == name)
