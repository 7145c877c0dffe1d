"""A local Hugging Face model, on tiny models with random weights: mechanics, never quality."""

import json
from dataclasses import replace
from importlib.util import find_spec
from threading import Thread
from types import SimpleNamespace

import pytest
from attention_models import copied, tiny

from crossover import catalog, meter
from crossover.errors import ConfigError, MissingExtra, UnsupportedRequest, WindowError
from crossover.measure import measured
from crossover.models import _huggingface_files as files
from crossover.models import _huggingface_network as networks
from crossover.models._huggingface_prefix import Prefix
from crossover.models.huggingface import HuggingFace
from crossover.roles import Model, Strategy
from crossover.types import Document, Passage, Question, Request

PASSAGES = (Passage("d", 0, 30, "Ada Varn built it."), Passage("e", 0, 9, "Gulls cry."))


REQUEST = Request("Answer.", "Who built the bridge of Ostrel?", PASSAGES, max_tokens=24)


def pressed(test):
    """Run where kvpress is; a package that it imports uses a deprecated module."""
    test = pytest.mark.filterwarnings("ignore:'pipes' is deprecated:DeprecationWarning")(test)
    return pytest.mark.skipif(find_spec("kvpress") is None, reason="kvpress is not installed")(test)


@pytest.fixture(params=[False, True], ids=["plain", "chat"])
def model(request):
    return HuggingFace(tiny("llama", request.param))


def test_a_text_names_the_model_both_ways():
    text = f"huggingface:{tiny('llama')}"
    model = catalog.load(Model, text)
    assert model == HuggingFace(tiny("llama")) == catalog.load(Model, f"huggingface({text[12:]})")
    assert catalog.spec(model) == text
    capped = catalog.load(Model, f"{text}(context_window=64)")
    assert (capped.window, model.window) == (64, 512)
    assert catalog.load(Model, catalog.spec(capped)) == capped
    hub = catalog.load(Model, "huggingface:Qwen/Qwen2.5-0.5B-Instruct")
    assert hub.name == "Qwen/Qwen2.5-0.5B-Instruct"
    odd = HuggingFace("/models/odd (new), 2")
    assert catalog.load(Model, catalog.spec(odd)) == odd


def test_a_reply_is_what_greedy_decoding_gives(model):
    import torch

    network = networks.load(model.name)
    with meter.metered() as bill:
        completion = model.complete(REQUEST)
    ids = _prompt(model, REQUEST)
    expected = []
    with torch.no_grad():
        for _ in range(REQUEST.max_tokens):
            expected.append(int(network.model(torch.tensor([ids])).logits[0, -1].argmax()))
            ids = [*ids, expected[-1]]
            if expected[-1] == network.tokenizer.eos_token_id:
                break
    assert completion.text == network.tokenizer.decode(expected, skip_special_tokens=True)
    usage = completion.usage
    assert (usage.input_tokens, usage.output_tokens) == (len(ids) - len(expected), len(expected))
    assert (usage.calls, usage.dollars) == (1, 0)
    assert bill.usage == usage
    assert 0 < bill.first_token < bill.elapsed()
    assert [step.name for step in bill.steps] == ["model call"]


def _prompt(model, request):
    from crossover.models._huggingface_writing import prompt

    return prompt(networks.load(model.name).tokenizer, request)


def test_a_prompt_follows_the_chat_template():
    plain, chat = HuggingFace(tiny("llama")), HuggingFace(tiny("llama", True))
    shown = {m: networks.load(m.name).tokenizer.decode(_prompt(m, REQUEST)) for m in (plain, chat)}
    assert shown[plain].startswith('<start><passage id="1" document="d">\nAda Varn built it.')
    assert shown[plain].endswith("Question: Who built the bridge of Ostrel?")
    assert shown[chat].startswith('<|user|><passage id="1"')
    assert shown[chat].endswith("Question: Who built the bridge of Ostrel?<end>\n<|assistant|>")
    earlier = replace(REQUEST, history=(("Hello.", "Good day."),))
    decoded = networks.load(chat.name).tokenizer.decode(_prompt(chat, earlier))
    assert "Hello.<end>\n<|assistant|>Good day.<end>\n<|user|>Answer." in decoded
    with pytest.raises(UnsupportedRequest, match="no such word"):
        chat.complete(Request("forbidden"))


def test_streaming_equals_completing_and_costs_the_same(model):
    with meter.metered() as bill:
        streamed = list(model.stream(REQUEST))
    completion = model.complete(REQUEST)
    assert "".join(streamed) == completion.text
    assert len(streamed) > 3
    assert replace(bill.usage, compute_seconds=0) == replace(completion.usage, compute_seconds=0)
    assert bill.first_token is not None


def test_characters_of_several_tokens_arrive_whole():
    from crossover.models._huggingface_writing import Job, Reply

    network = networks.load(tiny("llama"))
    import torch

    reply = Reply(Job(network, [0], REQUEST))
    text = "日本 🙂 é Ostrel lies"
    reply.put(torch.tensor([[0]]))
    pieces = []
    for token in network.tokenizer(text, add_special_tokens=False)["input_ids"]:
        reply.put(torch.tensor([token]))
        while not reply._pieces.empty():
            pieces.append(reply._pieces.get())
    reply.end()
    assert reply.text == "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_stream_that_is_given_up_stops_and_is_charged():
    model = HuggingFace(tiny("llama"))
    with meter.metered() as bill:
        stream = model.stream(replace(REQUEST, max_tokens=400))
        next(stream)
        stream.close()
    assert 0 < bill.usage.output_tokens < 400
    assert bill.usage.calls == 1
    assert model.complete(REQUEST).text


def test_two_streams_of_one_reader_do_not_wait_for_each_other():
    model = HuggingFace(tiny("llama"))
    first, second = model.stream(REQUEST), model.stream(REQUEST)
    assert next(first) == next(second)
    assert model.complete(REQUEST).text
    assert list(first) == list(second)


def test_sampling_follows_the_seed_and_leaves_the_process_as_it_was():
    import torch

    model = HuggingFace(tiny("llama"))
    sampled = replace(REQUEST, temperature=1.5)
    state = torch.random.get_rng_state()
    texts = [model.complete(replace(sampled, seed=seed)).text for seed in (1, 1, 2, None, None)]
    assert texts[0] == texts[1] != texts[2]
    assert texts[3] == texts[4]
    assert torch.equal(torch.random.get_rng_state(), state)


def test_logprobs_are_those_of_the_model():
    import torch

    model = HuggingFace(tiny("llama"))
    completion = model.complete(replace(REQUEST, logprobs=True))
    ids = torch.tensor([_prompt(model, REQUEST)])
    with torch.no_grad():
        logits = networks.load(model.name).model(ids).logits[0, -1]
    assert completion.logprobs[0][1] == pytest.approx(logits.log_softmax(-1).max().item(), abs=1e-4)
    assert "".join(text for text, _ in completion.logprobs).startswith(completion.text[:3])
    assert model.complete(REQUEST).logprobs == ()


def test_a_reply_ends_at_its_limit_or_at_the_models_end(tmp_path):
    model = HuggingFace(tiny("llama"))
    cut = model.complete(replace(REQUEST, max_tokens=3))
    assert (cut.finish, cut.usage.output_tokens) == ("length", 3)
    # the same weights with another end: the token that is written second
    folder = copied(tmp_path)
    second = networks.load(model.name).tokenizer(cut.text, add_special_tokens=False)["input_ids"]
    config = json.loads((folder / "generation_config.json").read_text())
    config["eos_token_id"] = [1, second[1]]
    # what a checkpoint prefers must not shape the reply
    config |= {"do_sample": True, "temperature": 5.0, "repetition_penalty": 9.0}
    (folder / "generation_config.json").write_text(json.dumps(config))
    stopped = HuggingFace(str(folder)).complete(replace(REQUEST, max_tokens=3, logprobs=True))
    assert (stopped.finish, stopped.usage.output_tokens) == ("stop", 2)
    assert len(stopped.logprobs) == 1


def test_what_does_not_fit_or_is_not_served_is_an_outcome():
    model = HuggingFace(tiny("llama"), context_window=80)
    with pytest.raises(WindowError, match=r"tokens with the reply's 24 exceed .* window of 80"):
        model.complete(REQUEST)
    with pytest.raises(WindowError):
        list(model.stream(REQUEST))
    with pytest.raises(UnsupportedRequest, match="no tools"):
        model.complete(Request("", tools=({"name": "search"},)))


def test_many_replies_come_in_order_and_evidence_is_what_is_cited(model):
    requests = [Request("Answer.", f"question {n}", max_tokens=8) for n in range(3)]
    assert [r.text for r in model.complete_many(requests)] == [
        model.complete(request).text for request in requests
    ]
    assert model.count("") == 0
    assert 0 < model.count("one two") <= model.count("one two three")
    assert model.complete(replace(REQUEST, wants="evidence")).evidence == ()


@pytest.mark.parametrize("name", ["full_context(max_tokens=16)", "rag(k=2, max_tokens=16)"])
def test_a_strategy_runs_on_it(name):
    text = "Ostrel lies on the river Mir. Its bridge was built by Ada Varn in 1902. " * 3
    question = Question("q", "Who built the bridge?", (Document("town", text),))
    answer = measured(catalog.load(Strategy, name), question, HuggingFace(tiny("qwen2")))
    assert answer.outcome in ("answered", "truncated"), answer.message
    assert answer.usage.dollars == 0
    assert answer.usage.input_tokens > 30
    assert 0 < answer.first_token_seconds <= answer.seconds


def test_weights_are_loaded_once_per_process(monkeypatch):
    networks._load.cache_clear()
    loads = []
    monkeypatch.setattr(
        files, "loaded", lambda *a, _old=files.loaded, **k: loads.append(a[1]) or _old(*a, **k)
    )
    model = HuggingFace(tiny("llama"))
    threads = [Thread(target=model.check) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([load for load in loads if "CausalLM" in str(load)]) == 1


def test_a_dtype_is_as_asked():
    import torch

    assert networks.load(tiny("llama"), "bfloat16").model.dtype == torch.bfloat16
    assert networks.load(tiny("llama")).model.dtype == torch.float32
    half = HuggingFace(tiny("llama"), dtype="bfloat16")
    assert half.complete(REQUEST).text == half.complete(REQUEST).text


@pytest.mark.parametrize(
    ("family", "sizes"), [("llama", {}), ("qwen2", {}), ("mistral", {"sliding_window": 16})]
)
def test_a_prompt_that_begins_alike_is_not_read_again(family, sizes):
    plain = HuggingFace(tiny(family, **sizes))
    reusing = replace(plain, reuse_prefix=True)
    network = networks.load(plain.name)
    read = []
    hook = network.model.get_input_embeddings().register_forward_hook(
        lambda module, given, found: read.append(given[0].shape[1])
    )
    cached = []
    try:
        for text in ("Who built it?", "Who built it?", "Where do gulls cry?"):
            request = replace(REQUEST, question=text)
            expected, _ = plain.complete(request), read.clear()
            reply = reusing.complete(request)
            assert reply.text == expected.text
            usage = reply.usage
            cached.append(usage.cached_tokens)
            assert usage.input_tokens == expected.usage.input_tokens
            assert read[0] == usage.input_tokens - usage.cached_tokens
    finally:
        hook.remove()
    tokens = len(_prompt(plain, REQUEST))
    # nothing, all but the last token, the passages and the instruction
    assert cached[0] == 0
    assert cached[1] > cached[2] > tokens / 2


def test_what_cannot_be_cut_back_is_read_anew():
    states = SimpleNamespace(layer_types=["full_attention", "linear_attention"])
    model = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: states))
    prefix = Prefix()
    assert prefix.take(model, [1, 2, 3], "") == (None, 0)
    prefix.keep([1, 2, 3, 4], None)
    assert prefix.take(model, [1, 2, 3], "") == (None, 0)


def test_a_press_and_a_prefix_exclude_each_other():
    with pytest.raises(ConfigError, match="a press leaves no prefix to reuse"):
        HuggingFace(tiny("llama"), press="knorm", reuse_prefix=True)


@pytest.mark.skipif(find_spec("kvpress") is not None, reason="kvpress is installed")
def test_a_press_without_kvpress_says_how_to_get_it():
    model = catalog.load(Model, f"huggingface:{tiny('llama')}(press=snapkv)")
    with pytest.raises(MissingExtra, match=r"an environment of its own: pip install .*kvpress"):
        model.check()


@pressed
@pytest.mark.parametrize("press", ["expected_attention", "snapkv", "chunkkv", "knorm", "tova"])
def test_a_press_shortens_what_the_reply_rests_on(press):
    from crossover.models._huggingface_press import prompted

    model = HuggingFace(tiny("llama"), press=press, compression_ratio=0.5)
    network, tokens = networks.load(model.name), list(range(4, 304))
    given = prompted(network.model, tokens, press, 0.5)
    assert given["past_key_values"].get_seq_length() == pytest.approx(150, abs=20)
    assert given["position_ids"].tolist() == [[299]]
    assert given["input_ids"][0, -1] == tokens[-1]
    long = replace(REQUEST, passages=(Passage("d", 0, 700, "Ada Varn built it. " * 20),))
    reply = model.complete(long)
    assert reply.text == model.complete(long).text == "".join(model.stream(long))
    assert reply.usage.input_tokens == len(_prompt(model, long))
    assert reply.text != HuggingFace(model.name).complete(long).text


@pressed
def test_a_press_that_drops_nothing_changes_nothing():
    plain = HuggingFace(tiny("llama"))
    assert replace(plain, press="knorm", compression_ratio=0).complete(REQUEST).text == (
        plain.complete(REQUEST).text
    )
    # a share that drops no pair still goes through the press: places and positions are right
    for press in ("streaming_llm", "knorm", "snapkv"):
        kept = replace(plain, press=press, compression_ratio=1e-17)
        assert kept.complete(REQUEST).text == plain.complete(REQUEST).text
