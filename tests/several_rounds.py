"""Asking strategies of several rounds: which prompts they send, what their traces say."""

from misbehaving import Endpoint
from scripted import ask, by_prompt

# what only the prompts of that kind hold
KINDS = (
    ("Rate how well", "rate"),
    ("write the next search query", "reflect"),
    ("Do the passages above answer", "check"),
)
RATE, REFLECT, CHECK = (part for part, _ in KINDS)


def on_endpoint(strategy, question, *rules, otherwise="Quill", **options):
    """The answer, and the prompts that it took, each as (its kind, its text)."""
    with Endpoint(by_prompt(*rules, otherwise=otherwise)) as endpoint:
        answer = ask(strategy, question, endpoint, **options)
        prompts = [asked.prompt for asked in endpoint.requests]
    return answer, [(_kind(prompt), prompt) for prompt in prompts]


def _kind(prompt):
    return next((kind for part, kind in KINDS if part in prompt), "answer")


def in_turn(*replies):
    """Another reply each time, the last again and again."""
    left = list(replies)

    def behave(asked, out):
        by_prompt(otherwise=left.pop(0) if len(left) > 1 else left[0])(asked, out)

    return behave


def details(answer, name):
    """What the steps of that name say."""
    return [step.detail for step in answer.trace if step.name == name]


def names(answer, beginning=""):
    """The names of steps that begin so."""
    return [step.name for step in answer.trace if step.name.startswith(beginning)]


def shown(prompt):
    """How many passages a prompt holds."""
    return prompt.count("<passage ")
