from dataclasses import replace

import pytest

from crossover import catalog, meter
from crossover.errors import ConfigError, ProviderError
from crossover.measure import measured
from crossover.models.reader import Reader, _weights
from crossover.pipelines.lara_rag import LaraRag
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.rerankers.cross_encoder import CrossEncoderReranker
from crossover.retrievers.rerankers.langchain import LangChainReranker
from crossover.retrievers.rerankers.reader import ReaderReranker
from crossover.roles import Model, Reranker
from crossover.types import Document, Passage, Question

FAKE = catalog.load(Model, "fake")
BRIDGE = Document(
    "bridge",
    "The bridge of Ostrel was built by Ada Varn in 1902. The bridge is long. "
    "Bridges need paint. The mayor opened the bridge. Cheese is sold near the bridge.",
)


def sentences(document):
    """A passage for every sentence."""
    found, start = [], 0
    for text in document.text.split(". "):
        end = start + len(text)
        found.append(Passage(document.id, start, end, document.text[start:end]))
        start = end + 2
    return found


PASSAGES = sentences(BRIDGE)


@pytest.mark.skipif(not _weights.FILE.exists(), reason="needs the reader's weights")
def test_the_reader_puts_first_what_answers():
    with meter.metered() as bill:
        found = ReaderReranker().rerank("Who built the bridge?", PASSAGES[::-1], FAKE)
    assert found[0].text == PASSAGES[0].text
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert {(p.start, p.end) for p in found} == {(p.start, p.end) for p in PASSAGES}
    assert all(0 <= p.score <= 1 for p in found)
    assert bill.usage.input_tokens > 0 < bill.usage.compute_seconds
    alone = ReaderReranker(weight=1.0).rerank("Who built the bridge?", PASSAGES[::-1], FAKE)
    # nothing was searched, so that the reader's order is the order
    assert [p.start for p in found] == [p.start for p in alone]
    assert alone == sorted(alone, key=lambda passage: -passage.score)


@pytest.mark.skipif(not _weights.FILE.exists(), reason="needs the reader's weights")
def test_the_search_and_the_reader_are_weighed():
    searched = [replace(p, score=float(p is PASSAGES[-1])) for p in PASSAGES]
    by_weight = {
        weight: ReaderReranker(weight=weight).rerank("Who built the bridge?", searched, FAKE)
        for weight in (0.1, 0.9)
    }
    assert by_weight[0.1][0].text == PASSAGES[-1].text
    assert by_weight[0.9][0].text == PASSAGES[0].text
    for found in by_weight.values():
        assert 0 <= found[-1].score <= found[0].score <= 1


def test_the_reader_is_asked_once_and_its_ranking_taken(monkeypatch):
    asked = []

    class Ranked:
        ranked = tuple(replace(p, score=p.start) for p in PASSAGES[::-1])

    def read(self, pairs):
        asked.append((self.threads, pairs))
        return [Ranked]

    monkeypatch.setattr(Reader, "read", read)
    found = ReaderReranker(weight=1.0, threads=2).rerank("Who?", PASSAGES, FAKE)
    assert found == list(Ranked.ranked)
    assert asked == [(2, [("Who?", PASSAGES)])]
    assert ReaderReranker().rerank("Who?", [], FAKE) == []
    assert len(asked) == 1


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A folder with a tiny cross-encoder of random weights that reads 32 tokens."""
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, set_seed

    folder = tmp_path_factory.mktemp("encoder")
    words = sorted(set(BRIDGE.text.lower().replace(".", " . ").split()) | {"who", "built", "?"})
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    tokenizer = BertTokenizerFast(vocab=str(vocabulary), model_max_length=32)
    set_seed(7)
    config = BertConfig(
        vocab_size=len(words) + 5,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        num_labels=1,
        initializer_range=0.4,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder, CrossEncoder(str(folder), device="cpu")


def test_a_cross_encoder_scores_every_pair_whatever_the_batches(encoder):
    folder, plain = encoder
    query = "Who built the bridge?"
    expected = {
        p.start: float(plain.predict([(query, p.text)], show_progress_bar=False)[0])
        for p in PASSAGES
    }
    assert len({round(score, 1) for score in expected.values()}) > 1
    for tokens in (1, 40, 16_384):
        reranker = CrossEncoderReranker(str(folder), batch_tokens=tokens)
        found = reranker.rerank(query, PASSAGES, FAKE)
        assert {p.start: p.score for p in found} == pytest.approx(expected, abs=0.03)
        assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


def test_a_long_passage_has_the_score_of_its_best_part(encoder):
    folder, _ = encoder
    reranker, query = CrossEncoderReranker(str(folder)), "Who built it?"
    room = 32 - 3 - 4
    best, worst = "cheese " * room, "paint " * room
    scores = {
        text[:5]: reranker.rerank(query, [Passage("d", 0, len(text), text)], FAKE)[0].score
        for text in (best, worst)
    }
    assert abs(scores["chees"] - scores["paint"]) > 0.1
    for text in (best + worst, worst + best, worst * 5 + best + worst):
        (found,) = reranker.rerank(query, [Passage("d", 0, len(text), text)], FAKE)
        assert found.score == pytest.approx(max(scores.values()), abs=0.02)


def test_a_cross_encoder_is_charged_and_copes_with_little(encoder):
    reranker = CrossEncoderReranker(str(encoder[0]))
    assert reranker.rerank("Who?", [], FAKE) == []
    with meter.metered() as bill:
        found = reranker.rerank("Who built the bridge?", PASSAGES, FAKE)
    words = sum(len(p.text.rstrip(".").split()) for p in PASSAGES)
    asked = len("who built the bridge ?".split())
    final_full_stop = 1
    assert bill.usage.input_tokens == words + final_full_stop + len(PASSAGES) * (asked + 3)
    assert bill.usage.compute_seconds > 0
    assert [step.name for step in bill.steps] == ["passages reranked"]
    assert len(found) == len(PASSAGES)
    endless = "Who built the bridge? " * 30
    for query, text in (("", "Cheese."), ("Who?", ""), (endless, "Cheese. " * 40)):
        (passage,) = reranker.rerank(query, [Passage("d", 0, len(text), text)], FAKE)
        assert 0 <= passage.score <= 1


def test_a_model_that_does_not_score_is_one_line(encoder, tmp_path):
    with pytest.raises(ConfigError, match="no/such-encoder") as raised:
        CrossEncoderReranker("no/such-encoder").rerank("q", PASSAGES, FAKE)
    assert "\n" not in str(raised.value)
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    AutoTokenizer.from_pretrained(encoder[0]).save_pretrained(tmp_path)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = BertConfig(vocab_size=60, intermediate_size=8, num_labels=3, **shape)
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="3 labels"):
        CrossEncoderReranker(str(tmp_path)).rerank("q", PASSAGES, FAKE)


COMPRESSORS = '''
from langchain_core.documents import BaseDocumentCompressor, Document


class Longest(BaseDocumentCompressor):
    """Keeps the longest, with their length as score if it says so."""

    top_n: int = 3
    score: str = "relevance_score"

    def compress_documents(self, documents, query, callbacks=None):
        kept = sorted(documents, key=lambda one: -len(one.page_content))[: self.top_n]
        return [
            Document(
                one.page_content,
                metadata={self.score: len(one.page_content)} if self.score else {},
            )
            for one in kept
        ]


class Rewriting(BaseDocumentCompressor):
    def compress_documents(self, documents, query, callbacks=None):
        return [Document("something else")]


class Failing(BaseDocumentCompressor):
    def compress_documents(self, documents, query, callbacks=None):
        raise RuntimeError("no\\nconnection")


class Nothing:
    pass


ready = Longest(top_n=1)
'''


@pytest.fixture
def compressors(tmp_path, monkeypatch):
    """A module of the user's own with LangChain compressors."""
    (tmp_path / "own_compressors.py").write_text(COMPRESSORS)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("compressors")
def test_a_langchain_compressor_reorders_and_scores():
    text = "langchain(path=own_compressors.Longest, options=dict(top_n=4), price=0.002)"
    reranker = catalog.load(Reranker, text)
    assert catalog.load(Reranker, catalog.spec(reranker)) == reranker
    with meter.metered() as bill:
        found = reranker.rerank("q", PASSAGES, FAKE)
    assert [p.score for p in found] == sorted((len(p.text) for p in PASSAGES), reverse=True)[:4]
    assert all(BRIDGE.text[p.start : p.end] == p.text for p in found)
    assert (bill.usage.calls, bill.usage.dollars) == (1, 0.002)
    assert "4 of 5" in bill.steps[0].detail
    assert reranker.rerank("q", [], FAKE) == []


@pytest.mark.usefixtures("compressors")
def test_a_langchain_compressor_without_scores_is_scored_by_rank_and_priced_unknown():
    reranker = LangChainReranker("own_compressors.Longest", 'dict(score="")')
    with meter.metered() as bill:
        found = reranker.rerank("q", PASSAGES, FAKE)
    assert [p.score for p in found] == [1, 1 / 2, 1 / 3]
    assert bill.usage.dollars is None
    (one,) = LangChainReranker("own_compressors.ready").rerank("q", PASSAGES, FAKE)
    assert one.text == max((p.text for p in PASSAGES), key=len)


@pytest.mark.usefixtures("compressors")
@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("Rewriting", "", ConfigError, "rewrites passages"),
        ("Failing", "", ProviderError, "no connection"),
        ("Nothing", "", ConfigError, "compress_documents"),
        ("Longset", "", ConfigError, "Longest"),
        ("Longest", "dict(top_n=many)", ConfigError, "top_n"),
    ],
)
def test_what_a_langchain_compressor_cannot_do_is_one_line(name, options, error, message):
    with pytest.raises(error, match=message) as raised:
        LangChainReranker(f"own_compressors.{name}", options).rerank("q", PASSAGES, FAKE)
    assert "\n" not in str(raised.value)


class ByLength(Reranker):
    """Puts the shortest passage first."""

    def __init__(self):
        self.seen = []

    def rerank(self, query, passages, model):
        self.seen.append(list(passages))
        scored = [replace(p, score=1 / len(p.text)) for p in passages]
        return sorted(scored, key=lambda p: -p.score)


TOWNS = tuple(
    Document(f"town {n}", f"Town {n} has a market. " + f"Its fields grow crop {n}. " * (30 + n))
    for n in range(9)
)


def lara(**options):
    """Build LaRA's arm without encoders: two word searches that differ."""
    options = {"dense": Bm25(k1=0.1, b=1), "chunker": Tokens(40)} | options
    return LaraRag(reranker=options.pop("reranker", ByLength()), **options)


def test_lara_shows_two_and_three_passages_in_the_order_of_the_reranker():
    question = Question("q", "Which crop grows in town 7?", TOWNS)
    strategy = lara()
    answer = measured(strategy, question, FAKE)
    (seen,) = strategy.reranker.seen
    assert answer.outcome == "answered"
    assert 3 <= len(answer.passages) <= 5
    assert len({(p.document, p.start) for p in seen}) == len(seen) == len(answer.passages)
    lengths = [len(p.text) for p in answer.passages]
    assert lengths == sorted(lengths)
    assert list(answer.passages) == strategy.retrieve(question, FAKE)
    found = Bm25().index(TOWNS, Tokens(40), FAKE).search(question.text, 3, FAKE)
    places = {(p.document, p.start) for p in answer.passages}
    assert {(p.document, p.start) for p in found} <= places


def test_lara_shows_a_passage_that_both_find_once():
    strategy = lara(dense=Bm25())
    answer = measured(strategy, Question("q", "Which crop grows in town 7?", TOWNS), FAKE)
    assert len(answer.passages) == 3


def test_lara_plans_five_passages_and_computes_nothing():
    strategy = lara()
    answer = measured(strategy, Question("q", "Which crop?", TOWNS), FAKE, planning=True)
    assert len(answer.passages) == 5
    assert strategy.reranker.seen == []
    assert answer.indexing.compute_seconds == 0


def test_lara_is_configured_as_published():
    published = LaraRag()
    assert (published.chunker.size, published.chunker.overlap) == (600, 100)
    assert (published.dense_passages, published.sparse_passages) == (2, 3)
    assert catalog.spec(published) == "lara_rag"
