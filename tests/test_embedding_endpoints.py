"""Embedding endpoints, good and bad."""

import pytest
from misbehaving import Endpoint, hang, raw, reset, status, web_page

from crossover import catalog, meter
from crossover.errors import ConfigError, ModelError
from crossover.retrievers import _endpoints
from crossover.retrievers._shelf import indexed
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.retrievers.dense import Dense
from crossover.roles import Model
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
