"""Scripts for strategies that make several calls: what a model replies to each kind of prompt."""

from misbehaving import Asked, Behaviour, Endpoint, Out, answer

from crossover import catalog
from crossover.limits import Limits
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question

# strategies that ask no live model, or can't without an option: tested by themselves
ASKS_NOBODY = ("external", "replay")
# the model text that lets a strategy with default options answer, where plain text does not
SCRIPTS: dict[str, str] = {
    "active_context": 'fake(reply="{action: answer, text: Ada Varn}")',
    "corrective_rag": 'fake(replies=["Do the passages above answer => yes"], reply=Ada Varn)',
    "iterative_rag": 'fake(replies=["next search query => {enough: true}"], reply=Ada Varn)',
    "map_reduce": 'fake(replies=["this JSON => {notes: A, confidence: 9}"], reply=Ada Varn)',
    "recycled_demos": (
        'fake(replies=["one short factual question => {question: Who did it, answer: Ada}"])'
    ),
    "sage_feedback": 'fake(replies=["Rate how => {score: 9, context: right}"], reply=Ada Varn)',
}

Reply = str | Behaviour


def by_prompt(*rules: tuple[str, Reply], otherwise: Reply = "an answer") -> Behaviour:
    """Reply by the first rule whose text occurs in the whole prompt: a text or a behaviour."""

    def behave(asked: Asked, out: Out) -> None:
        reply = next((reply for part, reply in rules if part in asked.prompt), otherwise)
        behaviour = answer(reply) if isinstance(reply, str) else reply
        behaviour(asked, out)

    return behave


def ask(
    strategy: str,
    question: Question,
    endpoint: Endpoint,
    *,
    options: str = "",
    limits: Limits | None = None,
    timeout: float = 20,
) -> Answer:
    """Answer a question by a strategy on a model behind the endpoint; ``options`` are the model's.

    The model tries once; give it a short ``timeout`` where the endpoint hangs.
    """
    model = f'openai:gpt-4o-mini(base_url="{endpoint.url}", attempts=1, timeout={timeout}{options})'
    chosen, answering = catalog.load(Strategy, strategy), catalog.load(Model, model)
    return measured(chosen, question, answering, limits=limits)
