"""The roles that components play: protocols with methods only, inherited explicitly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from crossover.decisions import Budget, Decision, Profile
from crossover.types import Answer, Completion, Document, Example, Passage, Question, Request


@runtime_checkable
class Model(Protocol):
    """Answers requests. Configuration is the object; the runner passes it as an argument.

    A class attribute ``writes = False`` says that it only quotes, so that strategies which need
    more can say so before a call is paid for; ``concurrency`` how many calls at once it takes.
    """

    @property
    def window(self) -> int:
        """The context window in tokens."""

    def count(self, text: str) -> int:
        """How many of this model's tokens the text has."""

    def count_many(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has: for many short ones, where a model can do it at once."""
        return [self.count(text) for text in texts]

    def complete(self, request: Request) -> Completion:
        """Answer one request; raises a ModelError where there is no usable reply."""

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer independent requests side by side, replies in the order of the requests."""

    def stream(self, request: Request) -> Iterator[str]:
        """Answer one request piece by piece."""


@runtime_checkable
class Chunker(Protocol):
    """Cuts documents into passages."""

    def chunk(self, document: Document) -> list[Passage]:
        """Passages that together cover every character, in document order."""

    def widen(self, found: Sequence[Passage], documents: Sequence[Document]) -> list[Passage]:
        """Return what is shown where these passages were found: themselves, unless overridden.

        Best first, no text twice; scores are those of the passages that were found.
        """
        return list(found)


@runtime_checkable
class Index(Protocol):
    """What a retriever built from documents."""

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return at most k passages, best first, each with its score."""

    def size(self) -> int:
        """How many bytes the index takes, its passages' texts not counted."""


@runtime_checkable
class Retriever(Protocol):
    """Builds an index over documents; searching it is the index's."""

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Build the index once per document set."""


@runtime_checkable
class Reranker(Protocol):
    """Orders passages by relevance."""

    def rerank(self, query: str, passages: Sequence[Passage], model: Model) -> list[Passage]:
        """Return the passages best first, rescored."""


@runtime_checkable
class Selector(Protocol):
    """Chooses which of the passages that were found are shown."""

    def select(self, query: str, found: Sequence[Passage], k: int, model: Model) -> list[Passage]:
        """Return some of the passages, which come best first; ``k`` is how many at most."""


@runtime_checkable
class Compressor(Protocol):
    """Shortens passages for a question.

    A class attribute ``asks_model = True`` says that the answering model is asked for it, so that
    a plan counts these calls; ``ignores_question = True`` that the question changes nothing, so
    that one compression serves all questions on a text (and is billed to each).
    """

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Passages of at most ``budget`` of the model's tokens together, in their order.

        What is kept word for word keeps its places in the documents (``Passage.kept``).
        """


@runtime_checkable
class Strategy(Protocol):
    """A way from a question over documents to an answer."""

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer; a ModelError raised here becomes the answer's outcome."""


@runtime_checkable
class Retrieving(Strategy, Protocol):
    """A strategy whose retrieval can be measured alone."""

    def retrieve(self, question: Question, model: Model) -> list[Passage]:
        """Return the passages that the answer would rest on, best first."""


@runtime_checkable
class Policy(Protocol):
    """Decides which strategy answers a question: what a Router is made of."""

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies it chooses from, as texts, the cheapest first."""

    def decide(
        self,
        question: Question,
        profile: Profile,
        budget: Budget,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Choose the next strategy, or keep the last answer; see ``Decision``."""


@runtime_checkable
class Dataset(Protocol):
    """Questions over documents, with their gold side."""

    def examples(self) -> Iterator[Example]:
        """Yield the examples, documents shared between them and loaded lazily."""

    def metrics(self) -> Sequence[str]:
        """Name the metrics that fit, the headline one first."""


@runtime_checkable
class ReleasedAnswers(Protocol):
    """A dataset that holds predictions which somebody published for its questions."""

    def released(self, model: str) -> Mapping[tuple[str, str], str]:
        """Published answer by (arm, question id); empty text is a call that failed there."""


Metric = Callable[[Example, Answer], float | None]
"""Scores an answer in 0–1; None: does not apply to this example; a failed answer is 0."""


class Working(Protocol):
    """Workers that an engine has begun."""

    def wait(self, seconds: float) -> bool:
        """Wait a while; return whether any still works."""

    def stop(self) -> None:
        """Let calls under way finish, then end all."""

    def told(self) -> list[str]:
        """What those that have ended said last."""


@runtime_checkable
class Engine(Protocol):
    """Where the questions of a run are answered; ``here`` says whether this process takes part."""

    @property
    def here(self) -> bool:
        """Whether this process is one of the workers."""

    def parts(self, jobs: int, at_once: int) -> int:
        """How many workers so many jobs get, of which so many may be asked at once."""

    def start(self, tasks: Sequence[str]) -> Working:
        """Begin with the tasks, as ``crossover.experiments.worker`` reads them."""
