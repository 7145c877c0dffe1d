"""Apps that users put into a grid by import path: functions, chains, engines, and bad ones."""

from time import sleep

from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

BUILT = "Its bridge was built by Ada Varn in 1902."
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"


def text(question):
    return f"Ada Varn, for: {question}"


def pair(question):
    return "Ada Varn", [BUILT, "This stands nowhere."]


def mapping(question):
    return {
        "answer": "Ada Varn",
        "passages": [{"text": BUILT, "document": "town", "score": 0.5}],
        "used": {"in": 12, "out": 3},
    }


def nothing(question):
    return None


def number(question):
    return 1902


def thing(question):
    return object()


def with_documents(question, documents=()):
    return documents[0]["text"].split(". ")[1]


def fails(question):
    raise RuntimeError(f"no connection\nwith {KEY}")


def slow(question):
    sleep(1.0)


async def later(question):
    return "Ada Varn, later"


def declines(question):
    return "The text does not mention it."


class Reply(BaseModel):
    answer: str
    context: list[str]


def typed(question):
    return Reply(answer="Ada Varn", context=[BUILT])


chain = RunnableLambda(
    lambda given: {
        "input": given,
        "context": [Document(BUILT, metadata={"source": "town"})],
        "answer": "Ada Varn",
    }
)
message = RunnableLambda(
    lambda given: AIMessage(
        f"Ada Varn, for: {given['input'] if isinstance(given, dict) else given}",
        usage_metadata={"input_tokens": 20, "output_tokens": 4, "total_tokens": 24},
    )
)
graph = RunnableLambda(lambda given: {"messages": [AIMessage("no"), AIMessage("Ada Varn")]})


class App:
    """Built once, with options."""

    made = 0

    def __init__(self, greeting="Hello"):
        type(self).made += 1
        self.greeting = greeting

    def __call__(self, question):
        return f"{self.greeting}, Ada Varn"


def build():
    return App("Built")


def engine():
    from llama_index.core import Document, SummaryIndex
    from llama_index.core.llms import MockLLM

    index = SummaryIndex.from_documents([Document(text=BUILT, id_="town")])
    return index.as_query_engine(llm=MockLLM(max_tokens=5))


def metered(question):
    """An app that asks one of our models, which bills the meter by itself."""
    from crossover import catalog
    from crossover.roles import Model
    from crossover.types import Request

    return catalog.load(Model, "fake(reply=Ada Varn)").complete(Request("Answer.", question)).text


def ours(question):
    from crossover.types import Answer, Passage, Usage

    passage = Passage("town", 30, 71, BUILT)
    return Answer("Ada Varn", (passage,), Usage(7, 2, calls=2, dollars=0.5), cut="the middle")
