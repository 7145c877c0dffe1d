"""RAG that grades what it retrieved, searches again and falls back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from crossover import catalog, meter
from crossover.pipelines import _prompts
from crossover.pipelines._answering import with_choices
from crossover.pipelines._calling import many, one
from crossover.pipelines._grading import do_they_answer, must_write, says_yes
from crossover.pipelines._rounds import (
    Collected,
    answered,
    known,
    listed,
    retrieved,
    retrieving,
    saying,
)
from crossover.pipelines.full_context import FullContext
from crossover.pipelines.rag import Rag
from crossover.retrievers._rewriting import usable
from crossover.roles import Model, Strategy
from crossover.types import Answer, Passage, Question, Request, Step


@dataclass(frozen=True, slots=True)
class CorrectiveRag(Strategy):
    """Keep the passages that answer; where none does, rewrite the query, search again, fall back.

    After CRAG (Yan et al. 2024, arXiv 2401.15884). Different here: the answering model grades,
    with yes or no, instead of a trained T5 with three grades, so that "ambiguous" counts as no;
    passages stay whole; and since there is no web here, what is left at the end is ``fallback``.
    A failure on the way is the outcome. A dry run counts every rewrite and the fallback.
    """

    rag: Strategy = field(default=Rag(), metadata={"help": "what retrieves, and how it answers"})
    grade: Literal["each", "together"] = field(
        default="each", metadata={"help": "a verdict on every passage, or one on all"}
    )
    rewrites: Annotated[int, Ge(0)] = field(
        default=1, metadata={"help": "other queries to search for at most"}
    )
    fallback: Strategy = field(
        default=FullContext(), metadata={"help": "what answers where no passages do"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=64, metadata={"help": "longest rewritten query, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )
    needs: ClassVar[str] = "a model that writes queries, unless rewrites=0"

    def __post_init__(self) -> None:
        retrieving("corrective_rag", self.rag)
        _prompts.check("corrective_rag", self.prompts)

    @property
    def version(self) -> str:
        """The version of the strategy and of its prompts."""
        return f"1.{_prompts.version('corrective_rag')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from passages that were graded as answering, or by the fallback."""
        if self.rewrites:
            must_write(model, "corrective_rag", self.needs)
        rag, seen = retrieving("corrective_rag", self.rag), Collected()
        query = question.text
        for search in range(self.rewrites + 1):
            with meter.stage(f"search {search + 1}"):
                found = retrieved(rag, query, question, model)
                new = seen.add(query, found)
                good = self._good(question, new if self.grade == "each" else found, model)
            if good:
                said = f"{len(good)} of {len(found)} passages of search {search + 1} answer"
                return saying(answered(rag, good, question, model), said)
            query = self._other(question, seen, model) if search < self.rewrites else ""
            if not query:
                break
        with meter.stage("fallback", catalog.spec(self.fallback)):
            answer = self.fallback.answer(question, model)
        searches = len(seen.queries)
        return saying(answer, f"no passage found answers (searches: {searches}): fell back")

    def _good(self, question: Question, found: list[Passage], model: Model) -> list[Passage]:
        """The passages that answer; none in a dry run, which is the longest way."""
        groups = [[passage] for passage in found] if self.grade == "each" else [found]
        requests = [do_they_answer(question, group) for group in groups if group]
        replies = many(model, requests, "grades") if requests else []
        if meter.current().planning:
            return []
        pairs = zip(groups, map(says_yes, replies), strict=False)
        good = [passage for group, answers in pairs if answers for passage in group]
        meter.current().note(Step("graded", None, f"{len(good)} of {len(found)} answer"))
        return good

    def _other(self, question: Question, seen: Collected, model: Model) -> str:
        """Another query; none where the model writes none, or where nothing can be found."""
        if not seen.passages:
            return ""
        words = _prompts.prompt(
            "corrective_rag", "rewrite", self.prompts, tried=listed(seen.queries)
        )
        request = Request(words, with_choices(question), wants="text", max_tokens=self.max_tokens)
        reply = one(model, request, "rewrite")
        if meter.current().planning:
            return question.text
        written = usable(reply, question.text, 1)
        fresh = [query for query in written if not known(query, seen.queries)]
        if not fresh:
            meter.current().note(Step("no other query", None, " ".join(reply.text.split())[:100]))
        return fresh[0] if fresh else ""
