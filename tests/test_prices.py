from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossover.errors import ConfigError
from crossover.prices import Prices, context_window, price, priced_as, prices_as
from crossover.types import Usage

USAGE = Usage(1_000_000, 100_000, cached_tokens=400_000)


def test_cached_input_has_its_own_price() -> None:
    # gpt-4o-mini: $0.15 input, $0.075 cached input, $0.60 output per million tokens
    assert price("openai:gpt-4o-mini", USAGE) == pytest.approx(0.6 * 0.15 + 0.4 * 0.075 + 0.06)
    assert price("openai:gpt-4o-mini", Usage(1_000_000, 0)) == pytest.approx(0.15)


def test_tiers_apply_to_the_call() -> None:
    short, long = (price("google_genai:gemini-2.5-pro", Usage(n, 0)) for n in (100_000, 400_000))
    assert short is not None
    assert long is not None
    assert long == pytest.approx(8 * short)  # four times the tokens at twice the price


def test_tokens_written_to_a_cache_cost_more_where_the_list_says_so() -> None:
    plain = price("anthropic:claude-sonnet-4-5", Usage(1000, 0))
    written = price("anthropic:claude-sonnet-4-5", Usage(1000, 0), written_tokens=1000)
    assert plain is not None
    assert written == pytest.approx(plain * 1.25)


@pytest.mark.parametrize(
    "model",
    [
        "openai:gpt-4o-mini",
        "anthropic:claude-sonnet-4-5",
        "google_genai:gemini-2.5-pro",
        "azure_openai:gpt-4o",
        "mistralai:mistral-large-latest",
        "gpt-4o",
    ],
)
def test_known_names(model: str) -> None:
    assert (price(model, Usage(1000, 10)) or 0) > 0


@pytest.mark.parametrize("model", ["openai:gpt-none", "ollama:llama3", "nonsense", "a:b", "", ":"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert price(model, USAGE) is None
    assert context_window(model) is None


def test_unknown_tokens_have_no_price() -> None:
    assert price("openai:gpt-4o-mini", Usage(None, 5)) is None
    assert price("openai:gpt-4o-mini", Usage(5, None), Prices(1, 1)) is None
    assert price("openai:gpt-4o-mini", Usage(None, None), Prices(0, 0)) == 0.0


def test_another_host_has_its_own_prices() -> None:
    assert price("openai:gpt-4o", USAGE, base_url="http://localhost:8000/v1") is None
    there = price("openai:deepseek-chat", USAGE, base_url="https://api.deepseek.com/v1")
    assert there == price("deepseek:deepseek-chat", USAGE)
    assert there is not None


def test_own_prices() -> None:
    own = Prices(input=2.0, output=8.0, cached=0.5)
    assert price("ollama:x", USAGE, own) == pytest.approx(1.2 + 0.2 + 0.8)
    assert price("openai:gpt-4o", USAGE, Prices(2.0, 8.0)) == pytest.approx(2.0 + 0.8)


def test_windows() -> None:
    assert context_window("openai:gpt-4o-mini") == 128_000
    assert context_window("anthropic:claude-sonnet-4-5") == 200_000


def test_pricing_as_another_model() -> None:
    own = price("openai:gpt-4o-mini", USAGE)
    assert priced_as("openai:gpt-4o-mini", 1_000_000, 400_000, 100_000) == own
    assert priced_as("gpt-4o-mini", None, 0, 1) is None
    with pytest.raises(ConfigError, match=r"did you mean openai:gpt-4o-mini\?"):
        priced_as("openai:gpt-4o-mni", 1, 0, 1)
    with pytest.raises(ConfigError, match=r"did you mean gpt-4o\?"):
        priced_as("gtp-4o", 1, 0, 1)
    with pytest.raises(ConfigError, match="write provider:model"):
        priced_as("zzzqqq", None, None, None)


COUNTS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 300_000),
        st.none() | st.integers(0, 300_000),
        st.none() | st.integers(0, 10_000),
    ),
    max_size=6,
)
TIERED = "google_genai:gemini-2.5-pro"


@given(COUNTS, st.sampled_from(["openai:gpt-4o-mini", TIERED, "anthropic:claude-3-5-haiku-latest"]))
@example([(200_000, 0, 1), (200_001, 0, 1), (199_999, 5, 1), (1, 1, 0), (0, 0, 0)], TIERED)
def test_many_are_priced_as_each_alone(
    counts: list[tuple[int | None, int | None, int | None]], model: str
) -> None:
    columns = np.array(counts, dtype=float).reshape(-1, 3).T
    alone = [priced_as(model, *row) for row in counts]
    expected = np.array([np.nan if price is None else price for price in alone])
    # to the last bit
    assert np.array_equal(prices_as(model, *columns), expected, equal_nan=True)


def test_many_of_an_unknown_model_are_refused() -> None:
    with pytest.raises(ConfigError, match="write provider:model"):
        prices_as("zzzqqq", *np.zeros((3, 1)))


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**8))
def test_any_counts_have_a_price_that_grows(
    tokens: int, cached: int, output: int, written: int
) -> None:
    paid = price("openai:gpt-4o", Usage(tokens, output, cached), written_tokens=written)
    more = price("openai:gpt-4o", Usage(tokens, output + 1, cached), written_tokens=written)
    assert paid is not None
    assert more is not None
    assert 0 <= paid < more


def test_the_price_list_is_loaded_on_first_use() -> None:
    code = "import sys, crossover.prices; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_batches_cost_what_the_list_says_or_half():
    usage = Usage(1000, 100, 0)
    for model in (
        "openai:gpt-4o-mini",
        "anthropic:claude-sonnet-4-5",
        "mistral:mistral-large-latest",
    ):
        assert price(model, usage, batch=True) == pytest.approx(price(model, usage) / 2)
    # OpenAI takes nothing off cached tokens of this model in batches
    cached = Usage(1000, 100, 1000)
    assert price("openai:gpt-4o-mini", cached, batch=True) == price(
        "openai:gpt-4o-mini", usage, batch=True
    )
    # not on the list of batches
    old = "anthropic:claude-3-5-haiku-latest"
    assert price(old, usage, batch=True) == pytest.approx(price(old, usage) / 2)
    own = Prices(10.0, 20.0, 1.0)
    assert price("any", cached, own, batch=True) == price("any", cached, own) / 2
    assert price("any", usage, Prices(0.0, 0.0), batch=True) == 0.0
    assert price("openai:no-such-model-at-all", usage, batch=True) is None
    assert price("openai:gpt-4o-mini", Usage(None, None), batch=True) is None
