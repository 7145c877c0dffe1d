"""The router in LlamaIndex: its engines under us, as an engine, and as a selector."""

import asyncio
import subprocess
import sys

import pytest
from llama_index.core import Document, SummaryIndex
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import CustomQueryEngine, RouterQueryEngine
from llama_index.core.schema import QueryBundle
from llama_index.core.tools import QueryEngineTool
from plugged_in_llama_index import held

from crossover.decisions import Budget, Profile
from crossover.errors import ConfigError, ModelError, UnknownName
from crossover.router.llama_index import RouterSelector
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.rules import Rules
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router

QUESTION = "Who built the bridge?"
BUILT = "Ada Varn built the bridge of Ostrel in 1902."
SHORT, LONG = Profile(tokens=100), Profile(tokens=1_000_000)


class Says(CustomQueryEngine):
    text: str

    def custom_query(self, query_str):
        if self.text == "fails":
            raise ConnectionError("no server")
        return f"{self.text}: {query_str}"


def summary(streaming=False):
    index = SummaryIndex.from_documents([Document(text=BUILT, id_="town")])
    return index.as_query_engine(llm=MockLLM(max_tokens=5), streaming=streaming)


def cascade(rag=None):
    first = rag or Says(text="The text does not mention it")
    return Router(SelfRoute()).bind(rag=first, full_context=Says(text="whole"))


@pytest.mark.parametrize("streaming", [False, True])
def test_engines_are_queried_and_their_nodes_become_passages(streaming):
    bound = Router(Fixed("rag")).bind(rag=summary(streaming))
    answer = bound.answer(QUESTION)
    assert answer.outcome == "answered", answer.message
    assert answer.text
    (passage,) = answer.passages
    assert (passage.document, passage.text) == ("town", BUILT)
    assert (passage.start, passage.end) == (0, len(BUILT))
    assert answer.usage.input_tokens is None
    later = asyncio.run(bound.answer_async(QUESTION))
    assert (later.text, later.passages) == (answer.text, answer.passages)


def test_its_retrievers_give_the_policy_its_passages():
    shown = []

    def answers(question, passages):
        shown.extend(passages)
        return passages[0].node.get_content()

    bound = Router(Fixed("rag")).bind(rag=answers, passages=held([BUILT]))
    assert bound.answer(QUESTION).text == BUILT
    assert asyncio.run(bound.answer_async(QUESTION)).text == BUILT
    assert len(shown) == 2


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_engine_escalates_and_tells_its_way(asynchronous):
    engine = cascade().as_llama_index()
    found = asyncio.run(engine.aquery(QUESTION)) if asynchronous else engine.query(QUESTION)
    assert str(found) == f"whole: {QUESTION}"
    assert found.metadata["strategy"] == "full_context"
    assert found.metadata["reasons"] == [
        "rag: it is asked first",
        "full_context: the first answer declines",
    ]
    assert found.metadata["input_tokens"] is None
    assert found.metadata["fell_back"] == []
    assert engine.query(QueryBundle(QUESTION)).response == f"whole: {QUESTION}"


def test_source_nodes_of_an_engine_come_through_as_they_are():
    rag = summary()
    (node,) = cascade(rag=rag).as_llama_index().query(QUESTION).source_nodes
    assert node.node.node_id == rag.query(QUESTION).source_nodes[0].node.node_id
    assert node.node.ref_doc_id == "town"


def test_passages_of_other_chains_become_nodes():
    found = {"answer": "Ada", "context": [{"text": BUILT, "source": "town.md", "start": 3}]}
    (node,) = cascade(rag=lambda q: found).as_llama_index().query(QUESTION).source_nodes
    assert node.node.get_content() == BUILT
    about = {"document": "town.md", "start": 3, "end": 3 + len(BUILT)}
    assert (node.node.metadata, node.score) == (about, 1.0)


def test_a_failing_engine_is_replaced_and_none_left_is_an_error():
    found = cascade(rag=Says(text="fails")).as_llama_index().query(QUESTION)
    assert found.response == f"whole: {QUESTION}"
    assert found.metadata["fell_back"] == ["full_context"]
    assert "failed:rag: ConnectionError: no server" in found.metadata["message"]
    broken = Router(Fixed("rag")).bind(rag=Says(text="fails"))
    with pytest.raises(ModelError, match=r"failed:rag: .*no server"):
        broken.as_llama_index().query(QUESTION)


def tools(*names):
    return [
        QueryEngineTool.from_defaults(Says(text=name), name=name, description=f"by {name}")
        for name in names
    ]


@pytest.mark.parametrize(
    ("profile", "budget", "chosen"),
    [
        (SHORT, None, "full_context"),
        (LONG, None, "rag"),
        (SHORT, Budget(tokens=5), "rag"),
    ],
)
def test_the_selector_decides_in_a_router_query_engine(profile, budget, chosen):
    selector = RouterSelector(Router(Rules(tokens=8000)), profile, budget)
    engine = RouterQueryEngine(
        selector=selector,
        query_engine_tools=tools("full_context", "rag"),
        llm=MockLLM(),
        summarizer=object(),
    )
    for found in (engine.query(QUESTION), asyncio.run(engine.aquery(QUESTION))):
        assert str(found) == f"{chosen}: {QUESTION}"
        (selection,) = found.metadata["selector_result"].selections
        assert selection.reason.startswith(f"{chosen}: ")
        assert "tokens" in selection.reason


@pytest.mark.parametrize(
    ("router", "names", "error", "said"),
    [
        (Router(Rules()), ("rag", "whole"), UnknownName, "no 'whole' in what this router"),
        (Router(Rules()), ("rag",), ConfigError, "no tool is named full_context"),
        (Router(SelfRoute()), ("rag", "full_context"), ConfigError, "a selector sees no answer"),
    ],
)
def test_what_a_selector_cannot_do_is_said(router, names, error, said):
    choices = [tool.metadata for tool in tools(*names)]
    with pytest.raises(error, match=said):
        RouterSelector(router).select(choices, QUESTION)


def test_a_selector_takes_strategies_by_their_short_names():
    router = Router(Rules(parts="rag(k=5)", whole="full_context"))
    choices = [tool.metadata for tool in tools("full_context", "rag")]
    assert RouterSelector(router).select(choices, QUESTION).ind == 1


def test_without_llama_index_it_says_what_to_install():
    code = (
        "import sys; sys.modules['llama_index.core.base.base_query_engine'] = None\n"
        "from crossover.errors import MissingExtra\n"
        "from crossover.router.policies.fixed import Fixed\n"
        "from crossover.router.router import Router\n"
        "try: Router(Fixed('rag')).bind(rag=str).as_llama_index()\n"
        "except MissingExtra as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'crossover-rag[rag]'" in done.stdout
