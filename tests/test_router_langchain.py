"""The router in LangChain: its chains under us, and we among its Runnables."""

import asyncio

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from plugged_in import held
from pydantic import Field

from crossover import catalog
from crossover.decisions import Budget, Profile
from crossover.errors import ConfigError, ModelError
from crossover.roles import Model
from crossover.router.bound import Chain
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.rules import Rules
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router
from crossover.types import Answer, Request

QUESTION = "Who built the bridge?"
BUILT = "Ada Varn built the bridge of Ostrel in 1902."
SHORT, LONG = Profile(tokens=100), Profile(tokens=1_000_000)


class Scripted(BaseChatModel):
    """Says one thing, with the counts and the name that it is given."""

    says: str = "Ada Varn"
    counts: dict | None = None
    provider: str = ""
    name_of_model: str = ""
    asked: list = Field(default_factory=list)

    def _generate(self, messages, stop=None, run_manager=None, **options):
        self.asked.append(messages[-1].content)
        if self.says == "fails":
            raise ConnectionError("no server")
        message = AIMessage(self.says, usage_metadata=self.counts)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _get_ls_params(self, stop=None, **options):
        return {"ls_provider": self.provider, "ls_model_name": self.name_of_model}

    @property
    def _llm_type(self):
        return "scripted"


def counted(input, output):
    return {"input_tokens": input, "output_tokens": output, "total_tokens": input + output}


def chain_of(model, shown="{question}"):
    return ChatPromptTemplate.from_template(shown) | model | StrOutputParser()


def only(chain, **more):
    return Router(Fixed("rag")).bind(rag=chain, **more)


def test_chains_retrievers_and_models_are_asked_as_they_are():
    model = Scripted()
    retriever = held([BUILT, "It rains."])
    chain = {"context": retriever, "question": RunnablePassthrough()} | chain_of(
        model, "{context}\n{question}"
    )
    answer = only(chain, passages=retriever).answer(QUESTION)
    assert answer.text == "Ada Varn"
    assert BUILT in model.asked[0]
    assert QUESTION in model.asked[0]
    assert only(model).answer(QUESTION).text == "Ada Varn"
    assert model.asked[1] == QUESTION


def test_mappings_in_and_out_are_named():
    seen = []

    def app(given):
        seen.append(given)
        return {"input": given["input"], "context": given["context"], "answer": "Ada Varn"}

    found = [Document(BUILT, metadata={"source": "town.md", "start_index": 30})]
    chain = Chain(RunnableLambda(app), question_field="input", passages_field="context")
    bound = only(chain, passages=RunnableLambda(lambda question: found))
    answer = bound.answer(QUESTION)
    assert seen == [{"input": QUESTION, "context": found}]
    (passage,) = answer.passages
    assert (passage.document, passage.start, passage.text) == ("town.md", 30, BUILT)
    assert asyncio.run(bound.answer_async(QUESTION)).passages == answer.passages


@pytest.mark.parametrize("asynchronous", [False, True])
def test_tokens_come_from_the_models_callbacks(asynchronous):
    first = chain_of(Scripted(counts=counted(10, 2)))
    then = chain_of(Scripted(counts=counted(30, 4)))

    def app(question):
        return first.invoke({"question": question}) + then.invoke({"question": question})

    bound = only(app)
    found = asyncio.run(bound.answer_async(QUESTION)) if asynchronous else bound.answer(QUESTION)
    usage = found.usage
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (2, 40, 6)
    assert usage.dollars is None


def test_one_reply_without_counts_makes_the_sum_unknown():
    chain = chain_of(Scripted(counts=counted(10, 2))) | Scripted()
    usage = only(Chain(chain, question_field="question")).answer(QUESTION).usage
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (2, None, None)


def test_listed_models_have_a_price():
    from crossover import prices
    from crossover.types import Usage

    model = Scripted(counts=counted(1000, 10), provider="openai", name_of_model="gpt-4o")
    usage = only(model).answer(QUESTION).usage
    assert usage.dollars == prices.price("openai:gpt-4o", Usage(1000, 10)) > 0


def test_a_failed_call_is_counted_and_the_other_chain_answers():
    bound = Router(Rules()).bind(
        rag=chain_of(Scripted(says="fails")), full_context=Scripted(counts=counted(5, 1))
    )
    answer = bound.answer(QUESTION, profile=LONG)
    assert answer.text == "Ada Varn"
    assert "failed:rag: ConnectionError: no server" in answer.message
    assert (answer.usage.calls, answer.usage.input_tokens) == (2, None)


def test_a_call_that_failed_is_counted_beside_the_one_that_took_its_place():
    chain = Scripted(says="fails").with_fallbacks([Scripted(counts=counted(5, 1))])
    usage = only(chain).answer(QUESTION).usage
    assert (usage.calls, usage.input_tokens) == (2, None)


def test_a_reply_that_tells_its_counts_is_believed():
    message = RunnableLambda(lambda _: AIMessage("Ada", usage_metadata=counted(20, 4)))
    usage = only(message).answer(QUESTION).usage
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (1, 20, 4)


def test_our_models_are_not_counted_twice():
    def ours(question):
        model = catalog.load(Model, "fake(reply=Ada Varn)")
        return model.complete(Request("Answer.", question)).text

    assert only(RunnableLambda(ours)).answer(QUESTION).usage.calls == 1


def cascade():
    def rag(question):
        return "The text does not mention it." if "mayor" in question else f"parts: {question}"

    return Router(SelfRoute()).bind(
        rag=RunnableLambda(rag), full_context=RunnableLambda(lambda q: f"whole: {q}")
    )


def test_it_is_a_runnable_like_any_other():
    runnable = cascade().as_langchain()
    shout = RunnableLambda(str.strip) | runnable | RunnableLambda(str.upper)
    assert shout.invoke(" who? ") == "PARTS: WHO?"
    assert runnable.invoke({"input": "the mayor?"}) == "whole: the mayor?"
    assert runnable.batch(["a", "the mayor?"]) == ["parts: a", "whole: the mayor?"]
    assert "".join(runnable.stream("the mayor?")) == "whole: the mayor?"

    async def all_ways():
        pieces = [piece async for piece in runnable.astream("the mayor?")]
        return await runnable.ainvoke("a"), await runnable.abatch(["a"]), "".join(pieces)

    assert asyncio.run(all_ways()) == ("parts: a", ["parts: a"], "whole: the mayor?")


def test_profile_and_budget_may_stand_beside_the_question():
    runnable = (
        Router(Rules(tokens=8000))
        .bind(rag=lambda q: "parts", full_context=lambda q: "whole")
        .as_langchain()
    )
    assert runnable.invoke({"question": "a", "profile": SHORT}) == "whole"
    short = {"question": "a", "profile": SHORT, "budget": Budget(tokens=5)}
    assert runnable.invoke(short) == "parts"
    assert runnable.invoke("a") == "parts"


def test_the_whole_answer_is_there_for_those_who_want_it():
    answer = cascade().as_langchain(output="answer").invoke("the mayor?")
    assert isinstance(answer, Answer)
    assert answer.message == "full_context answered (full_context after rag)"


def test_callbacks_reach_the_chains_of_both_passes():
    class Names(BaseCallbackHandler):
        def __init__(self):
            self.said = []

        def on_chat_model_start(self, serialized, messages, **more):
            self.said.append(messages[0][-1].content)

    bound = Router(SelfRoute()).bind(
        rag=Scripted(says="I do not know."), full_context=Scripted(says="Ada")
    )
    for ask in (
        lambda r, c: r.invoke("Who?", config=c),
        lambda r, c: asyncio.run(r.ainvoke("Who?", config=c)),
    ):
        names = Names()
        assert ask(bound.as_langchain(), {"callbacks": [names]}) == "Ada"
        assert names.said == ["Who?", "Who?"]


def test_no_text_is_an_error_that_fallbacks_catch():
    bound = only(Scripted(says="fails"))
    with pytest.raises(ModelError, match=r"failed:rag: .*no server"):
        bound.as_langchain().invoke(QUESTION)
    assert bound.as_langchain(output="answer").invoke(QUESTION).outcome == "failed:rag"
    safe = bound.as_langchain().with_fallbacks([RunnableLambda(lambda q: "later")])
    assert safe.invoke(QUESTION) == "later"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "a int is no question"),
        ({"ask": "Who?"}, "no text under question, input, query; there is: ask"),
        ({"question": 5}, "no text under"),
        ({"question": "Who?", "profile": {"tokens": 5}}, "profile is a dict; give a Profile"),
    ],
)
def test_what_is_no_question_is_said(given, said):
    with pytest.raises(ConfigError, match=said):
        cascade().as_langchain().invoke(given)
    with pytest.raises(ConfigError, match="there is text and answer"):
        cascade().as_langchain(output="json")
