"""What requests may hold: the forms behind the OpenAPI description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crossover.app.serving.problems import Problem, Refused
from crossover.decisions import Budget, Profile
from crossover.router.router import by_name, profile_of
from crossover.types import Answer, Document, Form, Passage, Question, Usage

UNKNOWN_STRATEGY = Problem(
    422, "unknown_strategy", "the router chooses between no such strategy", param="strategy"
)
LONGEST_QUESTION = 50_000
MOST_DOCUMENTS = 10_000
MOST_CHOICES = 100
Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Known = Annotated[float, Field(ge=0, allow_inf_nan=False)]
DOCUMENTS = ["Ada Varn built the bridge of Ostrel in 1902.", "Belo Trask is the mayor of Ostrel."]
ASKED: dict[str, Any] = {"question": "Who built the bridge?", "documents": DOCUMENTS}


class Body(BaseModel):
    """A part of a request: unknown fields are refused, a path or an address has no place."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DocumentBody(Body):
    """A document: its text itself."""

    text: str
    id: Name | None = None


class PassageBody(Body):
    """What retrieval found."""

    text: Text
    document: str = Field(default="", max_length=200)
    score: Annotated[float, Field(allow_inf_nan=False)] = 0.0


class ProfileBody(Body):
    """What is known beside the question, where the documents themselves are not sent."""

    tokens: Count | None = Field(None, description="of all documents")
    documents: Count | None = Field(None, description="how many there are")
    window: Count | None = Field(None, description="the answering model's, in tokens")
    passages: list[PassageBody] = Field(default=[], max_length=1000, description="best first")


class BudgetBody(Body):
    """The most that this question may cost, by what is expected."""

    tokens: Amount | None = None
    dollars: Amount | None = None
    seconds: Amount | None = None


class AnswerBody(Body):
    """An answer that a client's own chain gave, for a router that decides by it."""

    text: str
    strategy: str = Field("", max_length=400, description="who gave it; the cheapest is default")
    outcome: str = Field(default="answered", max_length=60)
    passages: list[PassageBody] = Field(default=[], max_length=1000)
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    dollars: Known | None = None
    seconds: Known | None = None

    def built(self) -> Answer:
        """The answer as a policy sees it."""
        usage = Usage(self.input_tokens, self.output_tokens, calls=1, dollars=self.dollars)
        passages = built_passages(self.passages)
        return Answer(self.text, passages, usage, seconds=self.seconds, outcome=self.outcome)


class Asked(Body):
    """What every request of ours has."""

    question: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION)]
    documents: list[Text | DocumentBody] = Field(
        default=[],
        max_length=MOST_DOCUMENTS,
        description="texts; an address or a path is a text like any other, nothing is opened",
    )
    choices: list[Text] = Field(default=[], max_length=MOST_CHOICES)
    form: Form | None = Field(None, description="answer; with choices: choice")
    model: Name | None = Field(None, description="one of the served models; the first is default")
    budget: BudgetBody | None = None

    def built(self) -> Question:
        """The question with its documents."""
        form = self.form or ("choice" if self.choices else "answer")
        documents = built_documents(self.documents)
        return Question("", self.question, documents, form, tuple(self.choices))

    def limits(self) -> Budget:
        """The budget, empty where none is given."""
        return Budget(**(self.budget.model_dump() if self.budget else {}))


class DecideBody(Asked):
    """What a decision is wanted on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Who built the bridge?", "profile": {"tokens": 90000}},
                {**ASKED, "answers_so_far": [{"text": "The text does not mention it."}]},
            ]
        }
    )
    profile: ProfileBody | None = None
    answers_so_far: list[AnswerBody] = Field(default=[], max_length=8)

    def known(self, question: Question, model: Any) -> Profile:
        """What is known of the documents, what the client says before what they tell."""
        found = profile_of(question, model)
        if self.profile is None:
            return found
        said = self.profile
        return Profile(
            found.tokens if said.tokens is None else said.tokens,
            found.documents if said.documents is None else said.documents,
            found.window if said.window is None else said.window,
            found.model,
            built_passages(said.passages),
        )

    def asked(self, strategies: Sequence[str]) -> list[tuple[str, Answer]]:
        """The answers so far with who gave them; raises Refused for a strategy that is none."""
        names = by_name(strategies)
        unknown = [one.strategy for one in self.answers_so_far if one.strategy not in (*names, "")]
        if unknown:
            raise Refused(UNKNOWN_STRATEGY)
        given = self.answers_so_far
        return [(names.get(one.strategy, strategies[0]), one.built()) for one in given]


class FeedbackBody(Body):
    """How good an answer was, by the id of the request that it answered."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "the X-Request-ID of a reply", "quality": 1.0}]}
    )
    id: Name
    quality: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    strategy: Name | None = Field(None, description="another than the one whose answer stood")


class AnswerRequest(Asked):
    """Answer a question over the documents that come with it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ASKED, {**ASKED, "stream": True}]})
    stream: bool = Field(default=False, description="server-sent events: progress, then the answer")


def built_documents(given: list[str | DocumentBody]) -> tuple[Document, ...]:
    """Documents, those without an id named by their place."""
    bodies = [DocumentBody(text=one) if isinstance(one, str) else one for one in given]
    return tuple(Document(one.id or f"document {at}", one.text) for at, one in enumerate(bodies, 1))


def built_passages(given: list[PassageBody]) -> tuple[Passage, ...]:
    """Passages that only the client can place."""
    return tuple(
        Passage(one.document or f"passage {at}", 0, 0, one.text, one.score)
        for at, one in enumerate(given, 1)
    )
