"""What every strategy does at its end: ask the model and name what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossover.abstention import abstains
from crossover.models._rendering import letters
from crossover.roles import Model
from crossover.types import Answer, Completion, Form, Passage, Question, Request, Wants

FROM_PASSAGES: Mapping[Form, str] = {
    "answer": (
        "Answer the question from the passages above and nothing else. Give the answer itself, as "
        "briefly as is complete. If the passages do not hold the answer, reply: not in the text."
    ),
    "choice": (
        "Choose the right option, judging by the passages above. Reply with its letter alone."
    ),
    "summary": "Do what the task below asks, using the passages above and nothing else.",
    "code": "Continue or write the code that the task below asks for, given the files above. "
    "Reply with code alone.",
}
FROM_MEMORY: Mapping[Form, str] = {
    "answer": (
        "Answer the question from what you know. Give the answer itself, as briefly as is "
        "complete. If you do not know, reply: I do not know."
    ),
    "choice": "Choose the right option. Reply with its letter alone.",
    "summary": "Do what the task below asks, from what you know.",
    "code": "Continue or write the code that the task below asks for. Reply with code alone.",
}
WANTS: Mapping[Form, Wants] = {
    "answer": "answer",
    "choice": "answer",
    "summary": "summary",
    "code": "code",
}


def with_choices(question: Question) -> str:
    """The question as one text, with its choices under it."""
    labels = letters(len(question.choices))
    choices = (f"{a}. {choice}" for a, choice in zip(labels, question.choices, strict=True))
    return "\n".join((question.text.strip(), *choices))


def ask(
    question: Question,
    model: Model,
    passages: Sequence[Passage],
    instructions: Mapping[Form, str],
    max_tokens: int,
    cut: str = "",
) -> Answer:
    """Ask the model once about these passages; ``cut`` says what was left out of them, if any."""
    request = final_request(question, instructions[question.form], max_tokens, passages)
    return named(model.complete(request), tuple(passages), max_tokens, cut)


def final_request(
    question: Question, instruction: str, max_tokens: int, passages: Sequence[Passage] = ()
) -> Request:
    """The request for the answer itself."""
    return Request(
        instruction=instruction,
        question=question.text,
        passages=tuple(passages),
        wants=WANTS[question.form],
        choices=question.choices,
        max_tokens=max_tokens,
    )


def named(
    completion: Completion, passages: tuple[Passage, ...], max_tokens: int, cut: str = ""
) -> Answer:
    """Turn a reply into an answer whose outcome says what became of the question."""
    text = completion.text.strip()
    message = cut
    if completion.declined or abstains(text):
        outcome = "declined"
    elif not text:
        outcome, message = "failed:empty", "the model replied with nothing"
    elif completion.finish == "length":
        outcome = "truncated"
        message = "; ".join(filter(None, (cut, f"the answer was cut at {max_tokens} tokens")))
    else:
        outcome = "truncated" if cut else "answered"
    return Answer(
        text,
        passages,
        outcome=outcome,
        message=message,
        evidence=completion.evidence,
        cut=cut,
        figures=completion.figures,
    )
