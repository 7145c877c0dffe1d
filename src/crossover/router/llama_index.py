"""The router as a LlamaIndex query engine and selector. Imported only where used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from crossover.errors import ConfigError, MissingExtra, UnknownName

try:
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
    from llama_index.core.base.response.schema import Response
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.prompts.mixin import PromptMixinType
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
    from llama_index.core.tools.types import ToolMetadata
except ImportError:
    raise MissingExtra("llama-index-core", "rag", "the router in LlamaIndex") from None

from crossover.decisions import Budget, Decision, Profile
from crossover.router.bound import Bound, Followed, usable
from crossover.router.router import Router, by_name
from crossover.types import Passage


class RoutedQueryEngine(BaseQueryEngine):
    """Answers by the chain that a router names.

    The response carries the source nodes of the chain that answered, as they came where it is a
    LlamaIndex query engine, and in its metadata who answered, why and at what cost. Where no chain
    has a usable answer, a ModelError is raised.
    """

    def __init__(
        self,
        bound: Bound,
        budget: Budget | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        self.bound, self.budget = bound, budget

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _response(self.bound.route(query_bundle.query_str, budget=self.budget))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        found = await self.bound.route_async(query_bundle.query_str, budget=self.budget)
        return _response(found)


class RouterSelector(BaseSelector):
    """Chooses among tools that are named as a router's strategies, for a RouterQueryEngine.

    It sees no answer: a router that decides by the first answer needs ``RoutedQueryEngine``, and
    is refused here. ``profile`` is what is known of every question.
    """

    def __init__(
        self, router: Router | Bound, profile: Profile | None = None, budget: Budget | None = None
    ) -> None:
        self.router, self.profile, self.budget = router, profile, budget

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: dict[str, Any]) -> None:
        """There are none."""

    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        places = self._places(choices)
        decision = self.router.decide(query.query_str, self.profile, self.budget)
        if not decision.final:
            raise ConfigError(
                f"this router decides by what {decision.strategy} answers, and a selector sees no "
                "answer: use router.bind(…).as_llama_index()"
            )
        chosen = SingleSelection(index=places[decision.strategy], reason=_reason(decision))
        return SelectorResult(selections=[chosen])

    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        return await asyncio.to_thread(self._select, choices, query)

    def _places(self, choices: Sequence[ToolMetadata]) -> dict[str, int]:
        """Where each strategy stands among the choices; raises ConfigError where one does not."""
        strategies = self.router.strategies
        names = by_name(strategies)
        for choice in choices:
            if choice.name not in names:
                raise UnknownName(str(choice.name), "what this router chooses between", names)
        places = {names[str(choice.name)]: at for at, choice in enumerate(choices)}
        missing = [name for name in strategies if name not in places]
        if missing:
            raise ConfigError(f"no tool is named {', '.join(missing)}, which the router may choose")
        return places


def _response(routed: Followed) -> Response:
    answer, route = usable(routed.answer), routed.route
    found = routed.replies.get(route.strategy)
    nodes = getattr(found, "source_nodes", None)
    about = {
        **(getattr(found, "metadata", None) or {}),
        "strategy": route.strategy,
        "reasons": [_reason(decision) for decision in route.decisions],
        "fell_back": list(route.fell_back),
        "outcome": answer.outcome,
        "message": answer.message,
        "input_tokens": answer.usage.input_tokens,
        "output_tokens": answer.usage.output_tokens,
        "dollars": answer.usage.dollars,
        "seconds": answer.seconds,
    }
    kept = [_node(passage) for passage in answer.passages] if nodes is None else list(nodes)
    return Response(response=answer.text, source_nodes=kept, metadata=about)


def _node(passage: Passage) -> NodeWithScore:
    place = {"document": passage.document, "start": passage.start, "end": passage.end}
    return NodeWithScore(node=TextNode(text=passage.text, metadata=place), score=passage.score)


def _reason(decision: Decision) -> str:
    kept = "kept: " if decision.keep else ""
    return f"{kept}{decision.strategy}: {'; '.join(decision.reasons)}"
