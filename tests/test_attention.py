"""Attention-guided compression on tiny models with random weights: mechanics, never quality."""

import sys
from itertools import pairwise

import pytest
from attention_models import CLASSES, root, tiny, tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import assert_verbatim

from crossover import catalog, meter
from crossover.compressors._attention import Attention, attention_from, last_query_times_keys
from crossover.compressors._attention_sentences import Sliding, phrase_sums
from crossover.compressors._attention_tokens import Tokens, spread, widened
from crossover.compressors._keeping import Unit
from crossover.compressors.gemfilter import GemFilter
from crossover.compressors.infini_retri import InfiniRetri
from crossover.errors import ConfigError, WindowError
from crossover.models.huggingface import HuggingFace
from crossover.roles import Model
from crossover.types import Passage

FAKE = catalog.load(Model, "fake")
QUESTION = "Who built the bridge of Ostrel?"
NEEDLE = "Ada Varn built the bridge in 1902."
HAY = "The market opens on Mondays and sells cheese. Rain falls in autumn. "
TOWN = HAY * 15 + NEEDLE + " " + HAY * 9
# a window of attention of its own, as some checkpoints of these have
SLIDING = {
    "mistral": {"sliding_window": 16},
    "qwen2": {"use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1},
}


def _passage(text, name="d"):
    return Passage(name, 0, len(text), text)


def _ids(count=60):
    return [4 + (7 * n * n + n) % 300 for n in range(count)]


def _tokens(passages):
    return sum(FAKE.count(passage.text) for passage in passages)


@pytest.fixture(params=list(CLASSES))
def attention(request):
    return Attention(tiny(request.param, **SLIDING.get(request.param, {})))


def _queries_and_keys(model, layer, ids):
    """Computed anew from the whole model's hidden states by the layer's own projections."""
    import torch

    with torch.no_grad():
        given = model.model(torch.tensor([ids]), output_hidden_states=True).hidden_states[layer]
        block = model.model.layers[layer]
        attend, states = block.self_attn, block.input_layernorm(given)
        heads, shared = model.config.num_attention_heads, model.config.num_key_value_heads
        if hasattr(attend, "qkv_proj"):
            sizes = [n * attend.head_dim for n in (heads, shared, shared)]
            query, key, _ = attend.qkv_proj(states).split(sizes, -1)
        else:
            query, key = attend.q_proj(states), attend.k_proj(states)
        query, key = (x.view(1, len(ids), -1, attend.head_dim) for x in (query, key))
        if hasattr(attend, "q_norm"):
            query, key = attend.q_norm(query), attend.k_norm(key)
        turn = model.model.rotary_emb(given, torch.arange(len(ids))[None])
        rotate = sys.modules[type(attend).__module__].apply_rotary_pos_emb
        query, key = rotate(query.transpose(1, 2), key.transpose(1, 2), *turn)
        return query[0], key[0].repeat_interleave(heads // shared, 0)


@pytest.mark.parametrize("layer", [0, 2])
def test_filtering_scores_are_the_layers_own_queries_times_keys(attention, layer):
    query, key = _queries_and_keys(attention.network.model, layer, _ids())
    expected = (key @ query[:, -1, :, None]).sum(0)[:, 0]
    found = attention.look(_ids(), layer, last_query_times_keys)
    assert found.tolist() == pytest.approx(expected.tolist(), abs=1e-3)


def test_attention_is_that_of_the_eager_implementation(attention):
    import torch

    model = attention.network.model
    found = attention.look(_ids(), attention.layers - 1, attention_from(50))
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    with torch.no_grad():
        whole = model(torch.tensor([_ids()]), output_attentions=True).attentions[-1]
    model.set_attn_implementation(before)
    assert torch.allclose(found, whole[0].sum(0)[50:], atol=1e-5)
    assert found.shape == (10, 60)


def test_layers_behind_the_one_looked_at_are_not_computed():
    attention = Attention(tiny("llama"))
    model, ran = attention.network.model, []
    parts = {f"layer {at}": layer for at, layer in enumerate(model.model.layers)}
    parts |= {"mlp 2": model.model.layers[2].mlp, "values 2": model.model.layers[2].self_attn}
    hooks = [
        part.register_forward_hook(lambda *_, name=name: ran.append(name))
        for name, part in {**parts, "norm": model.model.norm, "head": model.lm_head}.items()
    ]
    attention.look(_ids(), 2, last_query_times_keys)
    for hook in hooks:
        hook.remove()
    assert ran == ["layer 0", "layer 1"]
    assert model.config._attn_implementation == "sdpa"
    assert (attention.passes, attention.tokens) == (1, 60)


def test_replies_are_the_same_after_looking():
    from crossover.types import Request

    model, request = HuggingFace(tiny("llama")), Request("Answer.", QUESTION, max_tokens=12)
    before = model.complete(request).text
    GemFilter(model.name).compress(QUESTION, [_passage(TOWN)], 30, FAKE)
    assert model.complete(request).text == before


def test_the_published_depth_is_13_of_32(monkeypatch):
    depths = []

    def look(self, ids, layer, take):
        import torch

        depths.append(layer)
        return torch.zeros(len(ids))

    monkeypatch.setattr(Attention, "look", look)
    for layers, chosen in ((4, None), (32, None), (4, 1)):
        folder = tiny("llama", num_hidden_layers=layers)
        GemFilter(folder, layer=chosen).compress(QUESTION, [_passage(NEEDLE)], 3, FAKE)
    assert depths == [2, 13, 1]


def _peaked(wanted):
    """A stand-in for ``look`` that finds the tokens of ``wanted``, and what it was asked for."""
    import torch

    asked = []
    goal = Attention(tiny("llama")).encode(f" {wanted}")[0]

    def look(self, ids, layer, take):
        asked.append(list(ids))
        found = torch.zeros(len(ids))
        for at in range(len(ids)):
            if ids[at : at + len(goal)] == goal:
                found[at : at + len(goal)] = 1.0
        return found

    return look, asked


def test_filtering_keeps_the_best_tokens_of_all_pieces_in_their_order(monkeypatch):
    look, asked = _peaked(NEEDLE)
    monkeypatch.setattr(Attention, "look", look)
    attention = Attention(tiny("llama"))
    filtering = GemFilter(tiny("llama"), window=100, kernel=1)
    [kept] = filtering.compress(QUESTION, [_passage(TOWN)], FAKE.count(NEEDLE), FAKE)
    assert kept.text == NEEDLE
    assert TOWN[kept.start : kept.end] == NEEDLE
    first, between, question = attention.framed(QUESTION)
    after = [*between, *question]
    assert len(asked) > 3
    assert all(ids[: len(first)] == first and ids[-len(after) :] == after for ids in asked)
    pieces = [ids[len(first) : -len(after)] for ids in asked]
    assert [token for piece in pieces for token in piece] == attention.encode(TOWN)[0]
    assert max(map(len, pieces)) <= 100 < sum(map(len, pieces))
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


def test_pieces_fit_the_window_with_the_question(monkeypatch):
    look, asked = _peaked(NEEDLE)
    monkeypatch.setattr(Attention, "look", look)
    folder = tiny("llama", max_position_embeddings=150)
    GemFilter(folder).compress(QUESTION, [_passage(TOWN)], 20, FAKE)
    assert max(map(len, asked)) <= 150
    with pytest.raises(WindowError, match="the question leaves none of its window of 150 tokens"):
        GemFilter(folder).compress("Who? " * 200, [_passage(TOWN)], 20, FAKE)


def test_neighbours_are_averaged(monkeypatch):
    import torch

    at = 40
    monkeypatch.setattr(Attention, "look", lambda self, ids, *_: torch.eye(len(ids))[at + 1])
    text = " ".join(f"w{n}" for n in range(60))
    attention = Attention(tiny("llama"))
    places = Tokens.of([_passage(text)], attention).places
    filtering = GemFilter(tiny("llama"), kernel=5)
    kept = filtering.compress("", [_passage(text)], 5, HuggingFace(tiny("llama")))
    shown = {(p.start, p.end) for p in kept[0].pieces}
    # the beginning token comes first, so place 41 of the input is token 40 of the text
    expected = {place[1:] for place in places[at - 2 : at + 3] if place}
    assert all(any(a <= s and e <= b for a, b in shown) for s, e in expected)
    assert len(kept[0].text) <= 16


def test_whole_words_can_be_kept(monkeypatch):
    text = "In 1902 Ada Varn spent 14,000 crowns, not 41,000. " + "字" * 60
    words = widened([_passage(text)], [Unit(0, 24, 26, 2.0), Unit(0, 26, 27, 3.0)])
    assert words == [Unit(0, 23, 29, 3.0)]
    assert text[23:29] == "14,000"
    long = text.index("字")
    assert widened([_passage(text)], [Unit(0, long, long + 1, 1.0)])[0].end == long + 1
    kept = GemFilter(tiny("llama"), unit="word").compress(QUESTION, [_passage(TOWN)], 40, FAKE)
    for piece in kept[0].pieces:
        assert TOWN[piece.start - 1].isspace() or piece.start == 0
        assert piece.end == len(TOWN) or TOWN[piece.end].isspace()


@pytest.mark.parametrize("name", ["gemfilter", "infini_retri"])
def test_a_budget_of_many_tokens_is_filled_closely(name):
    model = HuggingFace(tiny("llama", max_position_embeddings=8192))
    options = ", window=2048, top=3000" if name == "infini_retri" else ""
    compressor = catalog.load(catalog.KINDS["compressors"], f"{name}(model={model.name}{options})")
    passages = [_passage(f"{NEEDLE} {HAY * 110}"), _passage(HAY * 110, "e")]
    before = sum(model.count(p.text) for p in passages)
    assert before > 3000
    kept = compressor.compress(QUESTION, passages, 2000, model)
    assert 1900 <= sum(model.count(p.text) for p in kept) <= 2000
    for passage in kept:
        assert_verbatim(passage, {p.document: p.text for p in passages})


def test_every_pass_is_charged():
    with meter.metered() as bill:
        GemFilter(tiny("llama"), window=100).compress(QUESTION, [_passage(TOWN)], 30, FAKE)
    count = len(Attention(tiny("llama")).encode(TOWN)[0])
    assert bill.usage.calls == -(-count // 100)
    assert bill.usage.input_tokens > count
    assert bill.usage.dollars == 0
    assert bill.usage.compute_seconds > 0
    assert [step.name for step in bill.steps] == ["tokens filtered"]
    with meter.metered() as bill:
        InfiniRetri(tiny("llama"), window=100).compress(QUESTION, [_passage(TOWN)], 30, FAKE)
    assert bill.usage.calls >= -(-count // 100)
    assert [step.name for step in bill.steps] == ["sentences attended to"]


@given(values=st.lists(st.floats(0, 9), min_size=1, max_size=40), width=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_phrases_are_summed_as_the_published_code_does(values, width):
    import numpy as np
    from scipy.signal import convolve2d

    expected = convolve2d(np.array([values]), np.ones((1, width)), mode="same")[0]
    # where the window is wider than the text, the library centres on the window
    if width <= len(values):
        assert phrase_sums(np.array(values), width) == pytest.approx(expected, abs=1e-9)


def test_sentence_scores_are_the_papers():
    import numpy as np
    import torch
    from scipy.signal import convolve2d

    attention = Attention(tiny("qwen2"))
    sliding = Sliding(attention, QUESTION, 1024, 300, 8)
    before, between, asked = attention.framed(QUESTION)
    ids, _ = attention.encode(NEEDLE + " " + HAY)
    model = attention.network.model
    model.set_attn_implementation("eager")
    with torch.no_grad():
        every = torch.tensor([[*before, *ids, *between, *asked]])
        whole = model(every, output_attentions=True).attentions[-1][0].sum(0).numpy()
    model.set_attn_implementation("sdpa")
    rows = whole[-len(asked) :]
    context = convolve2d(rows[:, len(before) : len(before) + len(ids)], np.ones((1, 8)), "same")
    weights = rows[:, -len(asked) :].sum(1, keepdims=True)
    expected = (weights * (weights * context)).sum(0)
    assert sliding._scores(before, ids, between, asked) == pytest.approx(expected, rel=1e-3)
    # the weights of the question stay those of the first window
    first = sliding.weights
    sliding._scores(before, ids[:20], between, asked)
    assert sliding.weights is first


def _attending(wanted, others=0.0):
    """A stand-in for ``look``: the question attends to the tokens of ``wanted`` alone."""
    import torch

    asked = []
    goal = Attention(tiny("qwen2")).encode(wanted)[0]

    def look(self, ids, layer, take):
        asked.append(list(ids))
        rows = torch.full((4, len(ids)), others)
        rows[:, -4:] = 1.0
        for at in range(len(ids)):
            if ids[at : at + len(goal)] == goal:
                rows[:, at : at + len(goal)] = 1.0
        return rows

    return look, asked, goal


def test_an_attended_sentence_is_carried_to_the_end(monkeypatch):
    look, asked, goal = _attending(" built the bridge in 1902")
    monkeypatch.setattr(Attention, "look", look)
    passages = [_passage(TOWN), _passage(HAY * 20, "e")]
    searching = InfiniRetri(tiny("qwen2"), window=100, top=len(goal), phrase=1)
    [kept] = searching.compress(QUESTION, passages, FAKE.count(NEEDLE) + 2, FAKE)
    assert kept.text == NEEDLE
    assert (kept.document, kept.start) == ("d", TOWN.index(NEEDLE))
    holding = [any(i[at : at + len(goal)] == goal for at in range(len(i))) for i in asked]
    seen = holding.index(True)
    assert 1 < seen < len(asked) - 3
    assert all(holding[seen:])
    _, between, question = Attention(tiny("qwen2")).framed(QUESTION)
    after = [*between, *question]
    assert all(ids[-len(after) :] == after for ids in asked)
    # what is kept, one window of new text, and the question
    longest = 1 + len(goal) + 10 + 100 + len(after)
    assert max(map(len, asked)) <= longest


def test_what_is_carried_never_exceeds_the_window(monkeypatch):
    look, asked, _ = _attending(" the", others=0.5)
    monkeypatch.setattr(Attention, "look", look)
    folder = tiny("qwen2", max_position_embeddings=200)
    InfiniRetri(folder, window=1024, top=300).compress(QUESTION, [_passage(TOWN)], 50, FAKE)
    assert 120 < max(map(len, asked)) <= 200


def test_room_that_the_attended_sentences_leave_is_filled():
    searching = InfiniRetri(tiny("qwen2"), window=100, top=1)
    budget = FAKE.count(TOWN) // 2
    kept = searching.compress(QUESTION, [_passage(TOWN)], budget, FAKE)
    assert 0.9 * budget <= _tokens(kept) <= budget


@pytest.mark.parametrize("text", ["ostrel" * 900, "日本語の文。" * 80, "🙂" * 300, TOWN])
def test_sentences_cover_the_text_once_each_with_its_own_tokens(text):
    sliding = Sliding(Attention(tiny("qwen2")), QUESTION, 64, 30, 8)
    found = list(sliding._sentences([_passage(text), _passage(text)], 64))
    places = [one.place for one in found if one.place[0] == 1]
    assert all(0 < len(one.ids) <= 64 for one in found)
    assert all(a[2] <= b[1] for a, b in pairwise(places))
    shown = "".join(text[start:end] for _, start, end in places)
    assert "".join(shown.split()) == "".join(text.split())
    decoded = sliding.attention.network.tokenizer.decode(
        [token for one in found if not one.place[0] for token in one.ids]
    )
    assert decoded.strip() == text.strip()


@given(count=st.integers(1, 3000), most=st.integers(1, 500))
@settings(max_examples=50, deadline=None)
def test_parts_are_equal_and_cover_all(count, most):
    parts = list(spread(count, most))
    assert [part[0] for part in parts[1:]] == [part[1] for part in parts[:-1]]
    assert (parts[0][0], parts[-1][1]) == (0, count)
    sizes = [end - start for start, end in parts]
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1


def test_special_tokens_in_a_text_are_text():
    attention = Attention(tiny("llama", True))
    ids, places = attention.encode("a <end> b")
    assert 1 not in ids
    assert places[-1][1] == 9
    first, _, asked = attention.framed("Who <end>?")
    assert first == attention._ids("<|user|>")
    assert asked.count(1) == 1
    decoded = attention.network.tokenizer.decode(asked)
    assert decoded == "Who <end>?\n\nAnswer:<end>\n<|assistant|>"


def test_several_threads_compress_alike():
    from concurrent.futures import ThreadPoolExecutor

    text = TOWN.replace("cheese", "<end>")
    model = HuggingFace(tiny("llama", True))
    work = [GemFilter(model.name), InfiniRetri(model.name, window=100, top=20)] * 6
    alone = [one.compress(QUESTION, [_passage(text)], 30, model) for one in work]
    with ThreadPoolExecutor(6) as pool:
        together = pool.map(lambda one: one.compress(QUESTION, [_passage(text)], 30, model), work)
        assert list(together) == alone


def test_what_cannot_be_looked_at_is_one_clear_line():
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = root() / "gpt2"
    GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=400)).save_pretrained(
        folder
    )
    tokenizer(chat=False).save_pretrained(folder)
    for compressor in (GemFilter(str(folder)), InfiniRetri(str(folder))):
        with pytest.raises(ConfigError, match="architecture gpt2; attention is read from") as told:
            compressor.compress(QUESTION, [_passage(TOWN)], 20, FAKE)
        assert "\n" not in str(told.value)
    with pytest.raises(ConfigError, match="has the layers 0 to 3, not 4"):
        GemFilter(tiny("llama"), layer=4).compress(QUESTION, [_passage(TOWN)], 20, FAKE)
    with pytest.raises(ConfigError, match="/no/model: no such folder"):
        GemFilter("/no/model").compress(QUESTION, [_passage(TOWN)], 20, FAKE)
