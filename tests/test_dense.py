"""Dense retrieval: faithful vectors, late chunking, FAISS, and endpoints good and bad."""

import re
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from misbehaving import Endpoint, hang, raw, reset, status, web_page

from crossover import catalog, meter, precision
from crossover.errors import ConfigError, ModelError
from crossover.retrievers import _embedding, _encoders, _endpoints, _late, _nearest
from crossover.retrievers._shelf import indexed
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.roles import Model, Retriever
from crossover.types import Document

FAKE = catalog.load(Model, "fake")
PROSE = (
    "Ostrel lies on the river Mir. Its bridge was built by Ada Varn in 1902 of grey stone. "
    "The market opens on Mondays and sells mostly cheese, though some come for the apples. "
    "Rain falls in autumn. The mayor, Belo Trask, keeps bees and answers letters by hand. "
) * 4


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    """A cache of its own, and none of the user's keys."""
    monkeypatch.setenv("CROSSOVER_CACHE", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)


def cosines(one, other):
    return np.sum(one * other, axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


@pytest.fixture(scope="module")
def plain():
    """sentence-transformers in float32, as its card says but for the window."""
    from sentence_transformers import SentenceTransformer

    precision.quiet()
    found = SentenceTransformer(str(precision.minilm_folder()), device="cpu", local_files_only=True)
    found.max_seq_length = 512
    return found


@pytest.mark.parametrize("model", ["minilm", "folder"])
def test_fast_vectors_are_those_of_sentence_transformers_in_float32(plain, model):
    name = "minilm" if model == "minilm" else str(precision.minilm_folder())
    texts = [PROSE[at : at + size] for size in (1, 7, 60, 400, 1000) for at in range(0, 300, 41)]
    expected = plain.encode(texts, batch_size=8, show_progress_bar=False)
    vectors, _ = Dense(name).embed([*texts, ""], "test")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert cosines(vectors[:-1], expected).min() >= 0.999


def test_dense_finds_what_shares_no_word():
    texts = ["The physician examined the patient.", "Stock prices fell.", "It rained on the hills."]
    documents = [Document(str(at), text) for at, text in enumerate(texts)]
    index = Dense().index(documents, Tokens(), FAKE)
    found = index.search("doctor in a hospital", 3, FAKE)
    assert found[0].document == "0"
    assert -1.001 <= found[-1].score <= found[0].score <= 1.001


def test_a_passage_longer_than_the_embedder_is_not_cut_off():
    filler = "The weather was mild and nothing happened. " * 80
    hidden = filler + "The treasure lies under the old oak tree."
    vectors, tokens = Dense().embed([filler, hidden], "test")
    assert tokens > 2 * 512
    assert float(np.dot(*vectors)) < 0.99999


def test_an_unknown_embedder_is_one_line():
    with pytest.raises(ConfigError, match="no/such-folder") as raised:
        Dense("no/such-folder").embed(["text"], "test")
    assert "\n" not in str(raised.value)


def test_prefixes_stand_before_queries_and_passages_and_every_window():
    asked = Dense().embed(["where is it?"], "test", "query: ")[0]
    whole = Dense().embed(["query: where is it?"], "test")[0]
    assert cosines(asked, whole)[0] > 0.9999
    assert cosines(asked, Dense().embed(["where is it?"], "test")[0])[0] < 0.999
    documents = [Document("d", "The bridge of Ostrel."), Document("e", "A mill.")]
    for prefixes in (("", ""), ("query: ", "passage: ")):
        retriever = Dense(query_prefix=prefixes[0], passage_prefix=prefixes[1])
        found = retriever.index(documents, Tokens(), FAKE).search("bridge", 1, FAKE)
        query, _ = Dense().embed([f"{prefixes[0]}bridge"], "test")
        passage, _ = Dense().embed([f"{prefixes[1]}The bridge of Ostrel."], "test")
        assert found[0].score == pytest.approx(float(query[0] @ passage[0]), abs=2e-3)


@pytest.mark.parametrize("model", ["minilm", "folder"])
def test_late_chunking_gives_a_passage_its_documents_context(model):
    name = "minilm" if model == "minilm" else str(precision.minilm_folder())
    text = (
        "Berlin is the capital and largest city of Germany. Its more than 3.85 million people "
        + ("make it the most populous city of the union.")
    )
    document, cut = Document("d", text), text.index("Its")
    late = Dense(name, late=True).index([document], Tokens(11), FAKE)
    early = Dense(name).index([document], Tokens(11), FAKE)
    second = next(passage.start for passage in late.passages if passage.start >= cut - 1)

    def score(index):
        found = index.search("Berlin", 9, FAKE)
        return next(passage.score for passage in found if passage.start == second)

    assert score(late) > score(early) + 0.1
    assert len(late.search("Berlin", 9, FAKE)) == len(late.passages)


def test_a_document_that_is_one_passage_is_the_same_late():
    document = Document("d", "The bridge was built of grey stone.")
    late, early = (
        Dense(late=way).index([document], Tokens(), FAKE).search("stone bridge", 1, FAKE)[0].score
        for way in (True, False)
    )
    assert late == pytest.approx(early, abs=0.05)


@given(st.integers(1, 400), st.integers(2, 64), st.lists(st.integers(0, 2000), max_size=12))
@settings(deadline=None)
def test_late_windows_show_every_passage_whole_and_with_context(tokens, room, cuts):
    places = [(5 * at, 5 * at + 4) for at in range(tokens)]
    length = 5 * tokens
    edges = sorted({0, length, *(cut % length for cut in cuts)})
    spans = list(pairwise(edges))
    windows = _late._overlapping(places, length, room)
    parts = _late._parts(places, windows, spans, room // 2)
    assert all(end - start <= 5 * room for start, end in windows)
    read = sorted((part.passage, part.start, part.end) for some in parts for part in some)
    for number, (start, end) in enumerate(spans):
        mine = [part for part in read if part[0] == number]
        assert mine[0][1] == start
        assert mine[-1][2] == end
        assert all(one[2] == other[1] for one, other in pairwise(mine))
    for (start, end), some in zip(windows, parts, strict=True):
        for part in some:
            first = [s for s, _ in places if part.start <= s < part.end]
            assert all(start <= s and s + 4 <= end for s in first)


class Counted(_encoders.Encoder):
    """A stand-in that makes vectors of words' checksums and remembers what it was given."""

    room = 6

    def __init__(self):
        self.given = []

    def offsets(self, texts):
        return [[m.span() for m in re.finditer(r"\S+", text)] for text in texts]

    def encode(self, texts, batch):
        self.given += texts
        found = np.zeros((len(texts), 16), dtype="float32")
        for row, text in enumerate(texts):
            for word in text.split():
                found[row, zlib.crc32(word.encode()) % 16] += 1
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1)

    def states(self, texts, batch):
        return [
            (self.encode(text.split() or [""], batch), self.offsets([text])[0]) for text in texts
        ]

    def finish(self, pooled):
        return pooled


@pytest.fixture
def counted(monkeypatch):
    found = Counted()
    monkeypatch.setattr(_encoders, "load", lambda name: found)
    return found


def test_no_text_is_embedded_twice(counted):
    texts = [f"text number {n}" for n in range(20)]
    first, tokens = Dense().embed([*texts, *texts], "test")
    assert sorted(counted.given) == sorted(texts)
    again, same = Dense(batch=3).embed(texts, "test")
    assert len(counted.given) == 20
    assert np.array_equal(first[:20], again)
    assert np.array_equal(first[20:], again)
    assert tokens == same == 60
    Dense().embed(["another"], "test")
    assert counted.given[20:] == ["another"]


def test_kept_vectors_cost_what_they_took(counted, monkeypatch):
    clock = meter.Meter.elapsed
    texts = [f"text {n}" for n in range(30)]
    with meter.metered() as anew:
        Dense().embed(texts, "test")
    with meter.metered() as kept:
        Dense().embed(texts, "test")
    assert clock(kept) >= kept.usage.compute_seconds
    assert kept.usage.compute_seconds == pytest.approx(anew.usage.compute_seconds)
    assert "0 of them now" in kept.steps[0].detail
    # looking up took longer than computing, and is in neither time
    assert kept.elapsed() < anew.usage.compute_seconds + 0.05


def test_without_a_cache_everything_is_embedded_and_nothing_written(counted, monkeypatch, tmp_path):
    monkeypatch.setenv("CROSSOVER_CACHE", "off")
    for _ in range(2):
        Dense().embed(["one", "two"], "test")
    assert counted.given == ["one", "two", "one", "two"]
    assert list(tmp_path.iterdir()) == []


def test_late_vectors_are_kept_by_document_and_place(counted):
    document = Document("d", " ".join(f"w{n}" for n in range(40)))
    other = Document("e", document.text + " more")
    Dense(late=True).index([document], Tokens(10), FAKE)
    before = len(counted.given)
    assert before >= 40
    Dense(late=True).index([document, Document("copy", document.text)], Tokens(10), FAKE)
    assert len(counted.given) == before
    Dense(late=True).index([other], Tokens(10), FAKE)
    assert len(counted.given) > before


def test_a_large_matrix_is_kept_on_disk(counted, monkeypatch):
    monkeypatch.setattr(_embedding, "IN_MEMORY", 100)
    vectors, _ = Dense().embed([f"text {n}" for n in range(50)], "test")
    assert isinstance(vectors, np.memmap)
    assert np.array_equal(vectors, Dense().embed([f"text {n}" for n in range(50)], "test")[0])


def clustered(count, dimensions, seed=0):
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((max(2, count // 100), dimensions))
    found = centres[draw.integers(len(centres), size=count)]
    found = (found + 0.6 * draw.standard_normal(found.shape)).astype("float32")
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_fast_indexes_recall_what_the_flat_one_finds(kind):
    vectors, queries = clustered(8000, 48), clustered(8000, 48)[::80] + 0.01
    flat, fast = (_nearest.build(vectors, each, 0) for each in ("flat", kind))
    hits = [
        len({at for at, _ in flat.search(q, 10)} & {at for at, _ in fast.search(q, 10)})
        for q in queries
    ]
    assert np.mean(hits) / 10 >= 0.95
    assert fast.size() < flat.size() * (0.35 if kind == "ivf" else 1.7)
    again = _nearest.build(vectors, kind, 0)
    assert [again.search(q, 10) for q in queries[:9]] == [fast.search(q, 10) for q in queries[:9]]


@pytest.mark.parametrize("kind", ["auto", "flat", "ivf", "hnsw"])
@pytest.mark.parametrize("count", [1, 2, 60])
def test_any_index_returns_all_where_more_is_asked_and_ties_in_order(kind, count):
    vectors = clustered(count, 16)
    vectors[count // 2 :] = vectors[0]
    found = _nearest.build(vectors, kind, 10).search(vectors[0], 100)
    assert sorted(at for at, _ in found) == list(range(count))
    tied = [at for at, score in found if score == found[0][1]]
    assert tied == sorted(tied)


def test_auto_is_exact_up_to_a_number_of_vectors():
    vectors = clustered(300, 16)
    kinds = [type(_nearest.build(vectors, "auto", most).index).__name__ for most in (300, 299)]
    assert kinds == ["IndexFlat", "IndexIVFScalarQuantizer"]


def vectors_of(asked, out, *, skip=0, usage=True, value=None):
    """A good reply: a vector of each text's letters."""
    texts = asked.body["input"]
    letters = [[float(text.lower().count(c)) for c in "abcdefghijklmnop"] for text in texts]
    rows = [[value] * 16 if value is not None else [1.0, *row] for row in letters]
    data = [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(rows)]
    reply = {"object": "list", "model": asked.body["model"], "data": data[skip:]}
    count = sum(len(text.split()) for text in texts)
    out.json(
        200, reply | ({"usage": {"prompt_tokens": count, "total_tokens": count}} if usage else {})
    )


def bent(**how):
    return lambda asked, out: vectors_of(asked, out, **how)


@pytest.fixture(scope="module")
def server():
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(_endpoints, "PAUSE", 0.01)


def remote(server, **options):
    fast = {"timeout": 5.0, "attempts": 3, "base_url": server.url, "batch": 4}
    return Dense("openai:any-embedder", **(fast | options))


def test_an_endpoint_embeds_in_batches_and_its_tokens_are_billed(server):
    server.play(vectors_of)
    documents = [Document(str(n), "bee " * n + "cab") for n in range(10)]
    with meter.metered() as bill:
        index = indexed(remote(server), documents, Tokens(), FAKE)
        assert sorted(len(asked.body["input"]) for asked in server.requests) == [2, 4, 4]
        found = index.search("bee bee bee", 3, FAKE)
    assert found[0].document == "9"
    assert bill.indexing.input_tokens == sum(n + 1 for n in range(10))
    assert bill.indexing.calls == 3
    assert bill.usage.input_tokens == 3
    assert bill.usage.calls == 1
    # nobody knows what this host charges
    assert bill.indexing.dollars is None
    assert all(asked.body["model"] == "any-embedder" for asked in server.requests)
    with meter.metered() as again:
        remote(server).index(documents, Tokens(), FAKE)
    assert len(server.requests) == 4
    assert again.usage.input_tokens == bill.indexing.input_tokens


def test_openais_embeddings_have_a_price():
    assert _endpoints.Endpoint("openai:text-embedding-3-small").dollars(1_000_000) == 0.02
    assert _endpoints.Endpoint("openai:no-such-model").dollars(10) is None


def test_tokens_that_nobody_reports_are_unknown(server):
    server.play(bent(usage=False))
    with meter.metered() as bill:
        indexed(remote(server), [Document("d", "a cab")], Tokens(), FAKE)
    assert bill.indexing.input_tokens is None


@pytest.mark.parametrize("bad", [status(429), status(500), reset()], ids=["429", "500", "reset"])
def test_passing_failures_are_tried_again_and_counted(bad, server, quick):
    server.play(bad, vectors_of)
    with meter.metered() as bill:
        vectors, _ = remote(server).embed(["a cab"], "test")
    assert vectors.shape == (1, 17)
    assert bill.usage.calls == len(server.requests) == 2


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        (status(401), "failed:authentication"),
        (status(404), "failed:not_found"),
        (status(429), "failed:rate_limit"),
        (status(400, "maximum context length is 8192 tokens"), "overflow"),
        (web_page(), "failed:bad_reply"),
        (raw(b"{}"), "failed:bad_reply"),
        (bent(skip=1), "failed:bad_reply"),
        (bent(value=float("nan")), "failed:bad_reply"),
        (hang(), "failed:timeout"),
    ],
    ids=["401", "404", "429", "overflow", "page", "empty", "fewer", "nan", "hang"],
)
def test_failures_have_names(bad, outcome, server, quick):
    server.play(bad)
    patience = 0.3 if outcome == "failed:timeout" else 5.0
    with pytest.raises(ModelError) as raised:
        remote(server, attempts=2, timeout=patience).embed(["one", "two"], "test")
    assert raised.value.outcome == outcome
    assert "\n" not in str(raised.value)
    # what failed is not kept
    server.play(vectors_of)
    assert len(remote(server).embed(["one", "two"], "test")[0]) == 2


def test_keys_come_from_the_environment_and_go_to_their_own_host(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-abcdefghijklmnop0123456789")
    monkeypatch.setenv("MINE", "my-own-key-1")
    server.play(vectors_of)
    remote(server).embed(["one"], "test")
    remote(server, key_env="MINE").embed(["two"], "test")
    headers = [{k.lower(): v for k, v in asked.headers.items()} for asked in server.requests]
    assert [each["authorization"] for each in headers] == ["Bearer none", "Bearer my-own-key-1"]
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match="needs OPENAI_API_KEY in the environment"):
        Dense("openai:text-embedding-3-small").embed(["one"], "test")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dense(base_url='http://localhost:1/v1')", "goes with a provider:model"),
        ("dense(model=openai:x, late=true)", "late chunking needs a model that runs here"),
        ("dense(model=openai:x, base_url=nowhere)", "base_url must be like"),
        ("dense(index_type=pq)", "index_type"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(text, said):
    with pytest.raises(ConfigError, match=said):
        catalog.load(Retriever, text)


def test_options_read_from_text():
    made = catalog.load(
        Retriever, 'dense(model=openai:m, base_url="http://localhost:8080/v1", query_prefix="q: ")'
    )
    assert made == Dense("openai:m", "http://localhost:8080/v1", query_prefix="q: ")
