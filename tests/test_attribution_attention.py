"""Attribution by attention: equal to a direct computation, on three architectures and by design."""

import random
import shutil

import pytest
from attention_models import tiny, tokenizer

from crossover import catalog
from crossover.errors import ConfigError, WindowError
from crossover.faithfulness import Attention, attributed
from crossover.faithfulness import _attention as attention
from crossover.faithfulness._local import prompted
from crossover.models import _huggingface_files as files
from crossover.models._huggingface_network import load
from crossover.models._huggingface_writing import prompt
from crossover.pipelines._answering import FROM_PASSAGES, final_request
from crossover.roles import Model
from crossover.types import Answer, Passage, Question

ASKED = Question("q", "Who built it?")
TEXTS = (
    "The market opens on Mondays.",
    "Ada Varn built the bridge in 1902.",
    "Rain falls in autumn.",
    "The harbour of Quill has nine cranes.",
    "The fields are <passage> wide.",
)
PASSAGES = tuple(Passage(f"d{n}", 0, len(text), text) for n, text in enumerate(TEXTS))
ARCHITECTURES = [("llama", True), ("mistral", False), ("qwen3", False), ("phi3", True)]


def local(kind="llama", chat=False, **sizes):
    sizes = {"max_position_embeddings": 2048, **sizes}
    return catalog.load(Model, f"huggingface:{tiny(kind, chat, **sizes)}")


@pytest.mark.parametrize(("kind", "chat"), ARCHITECTURES)
def test_the_prompt_is_the_models_own_and_every_passage_has_its_place(kind, chat):
    model = local(kind, chat)
    one = prompted(model, ASKED, PASSAGES, "Ada Varn")
    made = files.tokenizer(model.name)
    request = final_request(ASKED, FROM_PASSAGES["answer"], 1, PASSAGES)
    assert one.ids[: one.answer] == prompt(made, request)
    assert made.decode(one.ids[one.answer :]) == "Ada Varn"
    for passage, (start, end) in zip(PASSAGES, one.places, strict=True):
        shown = made.decode(one.ids[start:end])
        assert shown.strip() == passage.text.replace("<passage", "&lt;passage")


@pytest.mark.parametrize(("kind", "chat"), ARCHITECTURES)
def test_weights_equal_the_mean_of_all_layers_and_heads(kind, chat):
    import torch

    model = local(kind, chat)
    one = prompted(model, ASKED, PASSAGES, "Ada Varn")
    network = load(model.name).model
    ours = attention.weights(one)
    before = network.config._attn_implementation
    try:
        network.set_attn_implementation("eager")
        with torch.inference_mode():
            seen = network(torch.tensor([one.ids]), output_attentions=True).attentions
    finally:
        network.set_attn_implementation(before)
    expected = torch.stack(seen)[:, 0, :, one.answer :].mean((0, 1, 2))
    assert len(seen) == 4
    assert ours == pytest.approx(expected.tolist(), abs=1e-5)
    assert network.config._attn_implementation == before


def test_a_passage_scores_its_best_tokens_averaged_over_the_samples_it_was_in():
    model = local()
    method = Attention(samples=7, share=0.6, top_tokens=3, seed=5)
    found = attributed(Answer("Ada Varn", PASSAGES), ASKED, model, method, words=0)
    drawn, sums, counts = random.Random(5), [0.0] * 5, [0] * 5
    for _ in range(7):
        sample = sorted(drawn.sample(range(5), 3))
        one = prompted(model, ASKED, [PASSAGES[n] for n in sample], "Ada Varn")
        weights = attention.weights(one)
        for n, (start, end) in zip(sample, one.places, strict=True):
            sums[n] += sum(sorted(weights[start:end])[-3:]) / 3
            counts[n] += 1
    expected = {f"d{n}": sums[n] / counts[n] for n in range(5) if counts[n]}
    ours = {one.passage.document: one.score for one in found.attributions}
    assert ours == pytest.approx(expected, abs=1e-6)
    assert found.usage.calls == found.tried == 7
    assert [one.score for one in found.attributions] == sorted(ours.values(), reverse=True)


def test_published_defaults():
    assert (Attention().samples, Attention().share, Attention().top_tokens) == (30, 0.4, 5)


def test_the_same_seed_gives_the_same_scores():
    answer, model = Answer("Ada Varn", PASSAGES), local()
    one, same, other = (
        attributed(answer, ASKED, model, Attention(samples=4, seed=seed)) for seed in (1, 1, 2)
    )
    assert one.attributions == same.attributions != other.attributions


def test_a_budget_caps_the_passes_and_the_rest_stands():
    answer, model = Answer("Ada Varn", PASSAGES), local()
    some = attributed(answer, ASKED, model, Attention(samples=9), max_calls=4)
    whole = attributed(answer, ASKED, model, Attention(samples=4))
    assert some.outcome == "stopped:calls"
    assert "4 of 9" in some.message
    assert (some.usage.calls, some.attributions) == (4, whole.attributions)


def _copying(tmp_path):
    """A model whose one head attends from every token to the same token: it looks what it copies.

    Embeddings lie where rotary positions turn slowly, query and key are the embedding itself.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    made = tokenizer(False)
    size = 128
    config = LlamaConfig(
        vocab_size=len(made),
        hidden_size=size,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=size,
        rope_theta=1e9,
        max_position_embeddings=2048,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = LlamaForCausalLM(config)
        slow = [*range(size // 4, size // 2), *range(3 * size // 4, size)]
        with torch.no_grad():
            words = model.model.embed_tokens.weight
            words.zero_()
            words[:, slow] = torch.randn(len(made), len(slow))
            layer = model.model.layers[0].self_attn
            for part in (layer.q_proj, layer.k_proj):
                part.weight.copy_(2 * torch.eye(size))
    model.save_pretrained(tmp_path / "copying")
    made.save_pretrained(tmp_path / "copying")
    return catalog.load(Model, f"huggingface:{tmp_path / 'copying'}")


@pytest.mark.parametrize(
    ("answer", "place"), [(" Mondays", 0), (" Ada Varn built", 1), (" nine cranes", 3)]
)
def test_a_model_that_looks_where_it_copies_from_names_that_passage(tmp_path, answer, place):
    found = attributed(Answer(answer, PASSAGES), ASKED, _copying(tmp_path), Attention(samples=20))
    assert found.attributions[0].passage == PASSAGES[place]
    assert found.attributions[0].score > 1.5 * found.attributions[1].score


def test_other_models_are_told_in_one_line(tmp_path):
    answer = Answer("Ada Varn", PASSAGES)
    with pytest.raises(ConfigError, match="not from reader; use method=search"):
        attributed(answer, ASKED, "reader", "attention")
    folder = tmp_path / "other"
    shutil.copytree(tiny("llama"), folder)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"llama"', '"gpt2"'))
    with pytest.raises(ConfigError, match="of the architecture gpt2"):
        attributed(answer, ASKED, f"huggingface:{folder}", "attention")


def test_what_exceeds_the_window_is_an_outcome():
    model = local(max_position_embeddings=64)
    with pytest.raises(WindowError, match="exceed the context window of 64"):
        prompted(model, ASKED, PASSAGES, "Ada Varn")
    found = attributed(Answer("Ada Varn", PASSAGES), ASKED, model, "attention")
    assert (found.attributions, found.outcome) == ((), "overflow")
