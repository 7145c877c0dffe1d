"""Retrievers of ours as LangChain's and LlamaIndex's."""

import asyncio

import pytest
from plugged_in import Held
from towns import CHUNKS, FAKE, LANGCHAIN, TOWN, TOWNS, searched

from crossover import catalog, meter
from crossover.ecosystem import as_langchain, as_llama_index
from crossover.errors import ConfigError
from crossover.roles import Retriever


def _everywhere():
    from langchain_core.documents import Document as LangChainDocument
    from llama_index.core.schema import Document as LlamaDocument

    about = {"source": "towns.md", "page": 3}
    return {
        "crossover": [TOWN],
        "langchain": [LangChainDocument(TOWN.text, id="town", metadata=about)],
        "llama_index": [LlamaDocument(text=TOWN.text, id_="town", metadata=about)],
    }


@pytest.mark.parametrize("of", ["crossover", "langchain", "llama_index"])
def test_a_retriever_of_ours_searches_documents_of_any_library(of):
    options = {"chunker": CHUNKS, "model": FAKE, "k": 2}
    question = "Who is the mayor of Ostrel?"
    index = catalog.load(Retriever, "bm25").index((TOWN,), CHUNKS, FAKE)
    expected = index.search(question, 2, FAKE)
    documents = as_langchain("bm25", _everywhere()[of], **options).invoke(question)
    nodes = as_llama_index("bm25", _everywhere()[of], **options).retrieve(question)
    assert [d.page_content for d in documents] == [p.text for p in expected]
    assert [n.node.get_content() for n in nodes] == [p.text for p in expected]
    assert [n.score for n in nodes] == [p.score for p in expected]
    for metadata, passage in zip([d.metadata for d in documents], expected, strict=True):
        assert (metadata["document"], metadata["score"]) == ("town", passage.score)
        assert TOWN.text[metadata["start"] : metadata["end"]] == passage.text
        assert metadata.get("page") == (None if of == "crossover" else 3)
    assert [n.node.metadata for n in nodes] == [d.metadata for d in documents]
    assert nodes[0].node.ref_doc_id == "town"


def test_asynchronous_searches_find_the_same_and_charge_the_open_meter():
    ours = as_langchain(f"langchain({LANGCHAIN})", TOWNS, chunker=CHUNKS, model=FAKE, k=3)
    theirs = as_llama_index(f"langchain({LANGCHAIN})", TOWNS, chunker=CHUNKS, model=FAKE, k=3)
    query = "Who built the bridge?"

    async def both():
        return await asyncio.gather(ours.ainvoke(query), theirs.aretrieve(query))

    with meter.metered() as bill:
        documents, nodes = asyncio.run(both())
    assert documents == ours.invoke(query)
    assert [n.node.text for n in nodes] == [d.page_content for d in documents]
    assert bill.usage.input_tokens > 0
    assert bill.indexing.input_tokens > 300


def test_a_retriever_of_ours_works_in_a_chain():
    from langchain_core.language_models import FakeListChatModel
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnableLambda, RunnablePassthrough

    shown = []

    def join(documents):
        shown.append("\n".join(d.page_content for d in documents))
        return shown[-1]

    retriever = as_langchain("bm25", TOWNS, chunker=CHUNKS, model=FAKE, k=2)
    prompt = ChatPromptTemplate.from_template("{context}\n{question}")
    asked = {"context": retriever | RunnableLambda(join), "question": RunnablePassthrough()}
    chain = asked | prompt | FakeListChatModel(responses=["Ada Varn"]) | StrOutputParser()
    assert chain.invoke("Who built the bridge?") == "Ada Varn"
    assert asyncio.run(chain.ainvoke("Who built the bridge?")) == "Ada Varn"
    assert "Ada Varn in 1902" in shown[0] == shown[1]


def test_a_retriever_of_ours_works_in_a_query_engine():
    from llama_index.core.llms import MockLLM
    from llama_index.core.query_engine import RetrieverQueryEngine

    retriever = as_llama_index("bm25", TOWNS, chunker=CHUNKS, model=FAKE, k=2)
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM())
    response = engine.query("Who built the bridge?")
    assert "Ada Varn in 1902" in str(response)  # the mock repeats what it was shown
    assert "score" not in str(response)
    assert response.source_nodes[0].metadata["document"] == "town"


def test_a_retriever_of_ours_may_be_plugged_into_ours(monkeypatch):
    import plugged_in

    ours = as_langchain("bm25", TOWNS, chunker=CHUNKS, model=FAKE, k=3)
    monkeypatch.setattr(plugged_in, "ours", ours, raising=False)
    direct = catalog.load(Retriever, "bm25").index(TOWNS, CHUNKS, FAKE)
    assert searched("langchain(plugged_in.ours)", k=3) == direct.search(
        "Who is the mayor of Ostrel?", 3, FAKE
    )


def test_documents_are_told_apart_or_refused():
    from langchain_core.documents import Document as LangChainDocument

    pages = [LangChainDocument(f"Page {n}.", metadata={"source": "a.pdf"}) for n in range(3)]
    found = as_langchain("bm25", pages, model=FAKE).invoke("page")
    assert [d.metadata["document"] for d in found] == ["a.pdf", "a.pdf (2)", "a.pdf (3)"]
    assert {d.metadata["source"] for d in found} == {"a.pdf"}
    with pytest.raises(ConfigError, match="two documents have the id 'town'"):
        as_langchain("bm25", [TOWN, TOWN], model=FAKE)
    with pytest.raises(ConfigError, match="a str is no document"):
        as_langchain("bm25", ["text"], model=FAKE)
    with pytest.raises(ConfigError, match="k=0"):
        as_llama_index("bm25", [TOWN], model=FAKE, k=0)
    with pytest.raises(ConfigError, match="did you mean bm25"):
        as_langchain("bm52", [TOWN], model=FAKE)


def test_a_retriever_that_cannot_be_told_how_many_is_cut_to_k():
    assert isinstance(catalog.load(Retriever, "langchain(plugged_in.instance)"), Retriever)
    texts = "[Gulls cry., Ostrel lies, Ada Varn]"
    assert len(searched(f"langchain(plugged_in.held, options=dict(texts={texts}))", k=2)) == 2
    assert Held(texts=["a"]).invoke("q")[0].page_content == "a"
