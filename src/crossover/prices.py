"""What tokens cost, by the price list that genai-prices maintains and ships.

Nothing is asked of the network, tiers and cached-input prices are applied, and a model that the
list does not know has no price: None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING

from crossover.errors import ConfigError
from crossover.types import Usage

if TYPE_CHECKING:
    import numpy as np
    from genai_prices.types import PriceCalculation
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

MILLION = 1_000_000
# what a batch costs of the price, by OpenAI's and Anthropic's documentation, unless it is listed
BATCH = 0.5
# up to here whole numbers are exact as floating-point ones
EXACT = 1 << 53
# where LangChain's name for a provider is not one that the price list recognises
LISTED_AS = {"azure_ai": "azure", "azure_openai": "azure", "google_anthropic_vertex": "google"}


@dataclass(frozen=True, slots=True)
class Prices:
    """A user's own prices in dollars per million tokens; cached input costs ``input`` if unsaid."""

    input: float
    output: float
    cached: float | None = None

    def of(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
        """Price one call in dollars."""
        cached = self.input if self.cached is None else self.cached
        fresh = input_tokens - cached_tokens
        total = fresh * self.input + cached_tokens * cached + output_tokens * self.output
        return total / MILLION


def price(
    model: str,
    usage: Usage,
    overrides: Prices | None = None,
    *,
    base_url: str = "",
    written_tokens: int = 0,
    batch: bool = False,
) -> float | None:
    """Price one call in dollars; None where the model or a token count is unknown.

    ``model`` is ``provider:model`` or a bare name. With a ``base_url`` it is that host's list
    which counts, so a server of one's own has no price. Cached tokens that nobody reported are
    billed as fresh ones. ``written_tokens`` are input tokens written to a prompt cache. In a
    ``batch`` it is the list's own price for batches, or half of the price, ``overrides`` included.
    """
    if overrides and not (overrides.input or overrides.output or overrides.cached):
        return 0.0
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.input_tokens)
    if overrides:
        share = BATCH if batch else 1.0
        return share * overrides.of(usage.input_tokens, cached, usage.output_tokens)
    written = min(written_tokens, usage.input_tokens - cached)
    counts = (usage.input_tokens, cached, written, usage.output_tokens)
    found = _calculated(model, base_url, *counts)
    if found is None or not batch:
        return None if found is None else _total(found)
    in_batch = _calculated(model, base_url, *counts, batch=True)
    if in_batch and vars(in_batch.model_price) != vars(found.model_price):
        # the list has prices of its own for batches, which may bill cached tokens otherwise
        return _total(in_batch)
    total = _total(found)
    return None if total is None else BATCH * total


def price_of_input(model: str, tokens: int, base_url: str = "") -> float | None:
    """Price tokens of a model that writes none (an embedder); None where the price is unknown."""
    found = _calculated(model, base_url, tokens, 0, 0, 0)
    unknown = found is None or found.model_price.input_mtok is None
    return None if found is None or unknown else float(found.total_price)


def priced_as(
    model: str, input_tokens: int | None, cached_tokens: int | None, output_tokens: int | None
) -> float | None:
    """Price tokens at another model's price; None where a count is unknown.

    Raises ConfigError where the price list does not know the model.
    """
    _check_listed(model)
    return price(model, Usage(input_tokens, output_tokens, cached_tokens))


def prices_as(
    model: str, input_tokens: Floats, cached_tokens: Floats, output_tokens: Floats
) -> Floats:
    """``priced_as`` of many calls, for which the price list is asked a few times in all.

    Counts that are unknown are NaN, and so is what such calls cost. Raises ConfigError where the
    price list does not know the model.
    """
    import numpy as np

    _check_listed(model)
    found = np.full(len(input_tokens), np.nan)
    known = np.flatnonzero(~(np.isnan(input_tokens) | np.isnan(output_tokens)))
    counts = np.stack([input_tokens, np.nan_to_num(cached_tokens), output_tokens])[:, known]
    whole = counts.astype(np.int64)
    whole[1] = np.minimum(whole[1], whole[0])
    # within a tier a price is a sum of products; a tier's first token is one for itself
    edges = [edge for start in _tiers(model) for edge in (start, start + 1)]
    tiers = np.searchsorted(np.array(edges, dtype=np.int64), whole[0], side="right")
    for tier in np.unique(tiers):
        own = tiers == tier
        found[known[own]] = _in_tier(model, whole[:, own])
    return found


def _tiers(model: str) -> list[int]:
    """Numbers of input tokens from which other prices apply."""
    listed = _calculated(model, "", 0, 0, 0, 0)
    values = vars(listed.model_price).values() if listed else ()
    return sorted({tier.start for value in values for tier in getattr(value, "tiers", ())})


def _in_tier(model: str, counts: Counts) -> Floats:
    """Price calls of one tier in exact fractions, rounded once as the price list's own are."""
    import numpy as np

    least, most = int(counts[0].min()), int(counts[0].max())
    first = _exact(model, most, 0, 0)
    fresh = (first - _exact(model, least, 0, 0)) / (most - least or 1)
    cached = _exact(model, most, min(most, 1), 0) - first
    written = _exact(model, most, 0, 1) - first
    parts = [first - fresh * most, fresh, cached, written]
    scale = lcm(*(part.denominator for part in parts))
    base, *weights = (int(part * scale) for part in parts)
    if scale > EXACT or float(abs(np.array(weights, float)) @ counts.max(axis=1)) > EXACT:
        return _one_by_one(model, counts)
    return np.asarray((np.array(weights, dtype=np.int64) @ counts + base) / scale)


def _exact(model: str, input: int, cached: int, output: int) -> Fraction:
    found = _calculated(model, "", input, cached, 0, output)
    return Fraction(0 if found is None else found.total_price)


def _one_by_one(model: str, counts: Counts) -> Floats:
    import numpy as np

    rows = (Usage(one[0], one[2], one[1]) for one in counts.T.tolist())
    return np.array([price(model, usage) for usage in rows], dtype=float)


@lru_cache(maxsize=256)
def _check_listed(model: str) -> None:
    found = _calculated(model, "", 0, 0, 0, 0)
    if found is None or _total(found) is None:
        raise ConfigError(f"no price is known for {model!r}; {_nearest(model)}")


@lru_cache(maxsize=256)
def context_window(model: str, base_url: str = "") -> int | None:
    """Look up the model's context window in tokens; None where the price list has none."""
    found = _calculated(model, base_url, 0, 0, 0, 0)
    return found.model.context_window if found else None


def _calculated(
    model: str,
    base_url: str,
    input: int,
    cached: int,
    written: int,
    output: int,
    *,
    batch: bool = False,
) -> PriceCalculation | None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    context = {"processing": "batch"} if batch else None
    provider, colon, reference = model.partition(":")
    tokens = Tokens(
        input_tokens=input,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output,
    )
    try:
        if base_url:
            reference = reference if colon else model
            return calc_price(tokens, reference, provider_api_url=base_url, price_context=context)
        if colon:
            listed = LISTED_AS.get(provider, provider)
            return calc_price(tokens, reference, provider_id=listed, price_context=context)
        return calc_price(tokens, model, price_context=context)
    except LookupError:
        return None


def _total(found: PriceCalculation) -> float | None:
    """Return the dollars, or None where the list knows the model but not what its tokens cost."""
    listed = found.model_price
    if listed.input_mtok is None or listed.output_mtok is None:
        return None
    return float(found.total_price)


def _nearest(model: str) -> str:
    from genai_prices.data_snapshot import get_snapshot

    providers = get_snapshot().providers
    if ":" in model:
        known = {f"{provider.id}:{m.id}" for provider in providers for m in provider.models}
    else:
        known = {m.id for provider in providers if provider.model_match for m in provider.models}
    near = get_close_matches(model, sorted(known), n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return "write provider:model, for instance openai:gpt-4o-mini"
