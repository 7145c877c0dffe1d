"""Token pruning by the llmlingua library: mechanics on tiny models with random weights."""

import hashlib
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from passages import assert_verbatim
from small_models import WORDS, bert_classifier, causal_lm, roberta_classifier

from crossover import catalog, meter
from crossover.compressors import _lingua_loading as loading
from crossover.compressors._keeping import joined
from crossover.compressors._lingua_budget import Fitting
from crossover.compressors._lingua_places import (
    Forced,
    Part,
    Pruned,
    Text,
    assembled,
    concatenated,
    placed,
)
from crossover.errors import ConfigError, MissingExtra
from crossover.roles import Compressor, Model
from crossover.tokens import count_tokens
from crossover.types import Passage, Piece

pytest.importorskip("llmlingua", reason="the extra compress is not installed")

FAKE = catalog.load(Model, "fake")
GPT = SimpleNamespace(count=count_tokens)
QUESTION = "Who built the bridge of Ostrel?"
COMPRESSORS = {
    "llmlingua": lambda: f"llmlingua(model={causal_lm()})",
    "llmlingua in pieces": lambda: f"llmlingua(model={causal_lm(512, 'pieces')})",
    "longllmlingua": lambda: f"longllmlingua(model={causal_lm()})",
    "longllmlingua in pieces": lambda: f"longllmlingua(model={causal_lm(512, 'pieces')})",
    "llmlingua2 as BERT": lambda: f"llmlingua2(model={bert_classifier()})",
    "llmlingua2 in lower case": lambda: f"llmlingua2(model={bert_classifier(lowercase=True)})",
    "llmlingua2 as RoBERTa": lambda: f"llmlingua2(model={roberta_classifier()})",
}
EACH = pytest.mark.parametrize("name", list(COMPRESSORS))
HARD = "It was not Ada Varn who paid 1,902 marks on 3/4/1899; she never did, and Belo Trask can't. "


def _load(name, options=""):
    spec = COMPRESSORS[name]()
    return catalog.load(Compressor, f"{spec[:-1]}, {options})" if options else spec)


def _prose(sentences, seed=0):
    """Sentences of the small models' words, none like another."""
    chance = random.Random(seed)
    lines = [" ".join(chance.choices(WORDS, k=chance.randint(6, 14))) for _ in range(sentences)]
    return " ".join(line[0].upper() + line[1:] + "." for line in lines)


def _passage(text, name="d"):
    return Passage(name, 0, len(text), text)


def _tokens(passages, model=FAKE):
    return sum(model.count(passage.text) for passage in passages)


def _digest(passages):
    return hashlib.sha256(repr([(p.text, p.pieces) for p in passages]).encode()).hexdigest()[:12]


LONG = _prose(240)
DOCUMENTS = [_passage(_prose(14, seed), f"d{seed}") for seed in range(8)]


@EACH
@pytest.mark.parametrize("rate", [0.125, 0.5])
def test_a_budget_is_met_within_five_per_cent_by_dropping_alone(name, rate):
    passage = _passage(LONG)
    budget = int(rate * GPT.count(LONG))
    kept = _load(name).compress(QUESTION, [passage], budget, GPT)
    assert 0.95 * budget <= _tokens(kept, GPT) <= budget
    for one in kept:
        assert_verbatim(one, {"d": LONG})
        shown = sum(piece.end - piece.start for piece in one.pieces)
        seams = len(one.text) - shown
        assert seams <= len(one.pieces)
        assert re.sub(r"\s", "", one.text) == re.sub(
            r"\s", "", "".join(LONG[p.start : p.end] for p in one.pieces)
        )


GOLDEN = {
    "llmlingua": ("d2", "In The by cranes question opens not We I", "4656842b0ef5"),
    "llmlingua in pieces": ("d0", "i Who market Its nine opens that this iv", "34ef5f783154"),
    "longllmlingua": ("d0", "Wd Who with we river this . Sl this def ", "9db7a3e13dd8"),
    "longllmlingua in pieces": ("d4", "We autumn river of that def to. Msly by ", "b4b3fbc3b7f6"),
    "llmlingua2 as BERT": ("d0", "Who Its opens this market we We question", "865ab498e034"),
    "llmlingua2 in lower case": ("d0", "with nine with given is We the to for ch", "0f2d700919cf"),
    "llmlingua2 as RoBERTa": ("d0", "market that with def are the question to", "fc3d868399dd"),
}


@EACH
def test_the_same_is_kept_on_every_machine(name):
    kept = _load(name).compress(QUESTION, DOCUMENTS, 250, FAKE)
    assert (kept[0].document, kept[0].text[:40], _digest(kept)) == GOLDEN[name]
    assert _load(name).compress(QUESTION, DOCUMENTS, 250, FAKE) == kept


@EACH
def test_what_is_forced_stays(name):
    text = _prose(40) + " " + HARD + _prose(40, 1)
    budget = int(0.3 * FAKE.count(text))
    options = "force_reserve_digit=true, force_negations=true, force_names=true"
    loose = _load(name).compress(QUESTION, [_passage(text)], budget, FAKE)
    kept = _load(name, f'{options}, force_tokens=["marks", ";"]').compress(
        QUESTION, [_passage(text)], budget, FAKE
    )
    words = ["not", "Varn", "1,902", "marks", "3/4/1899", ";", "never", "Trask", "can't"]
    places = [text.index(word, text.index(HARD)) for word in words]
    spans = [(at, at + len(word)) for word, at in zip(words, places, strict=True)]
    assert all(_shows(kept, *span) for span in spans)
    assert loose != kept
    assert _tokens(kept) <= budget


def _shows(passages, start, end):
    pieces = (piece for one in passages for piece in one.pieces)
    return any(piece.start <= start and end <= piece.end for piece in pieces)


def test_forced_text_is_found_as_words():
    forced = Forced(("not", "?"), digits=True, negations=True, names=True)
    text = 'Nothing is cannot-do? He met Ada on 1.5.2020. Belo Trask left. "Then she did."'
    found = {text[start:end] for start, end in forced.spans(text)}
    assert found == {"Nothing", "cannot", "?", "Ada", "1.5.2020", "Belo", "Trask"}
    assert [*Forced(("\n", " ")).spans("a\nb")] == []


class Uncached:
    """A model that reads everything anew; what it gives for a cache are the ids read so far."""

    def __init__(self, model):
        self.model, self.read = model, 0

    def __call__(self, input_ids, attention_mask, past_key_values=None, use_cache=True):
        import torch

        new = input_ids.shape[1]
        if past_key_values:
            input_ids = torch.cat([past_key_values[0][0][0, 0, :, 0].long(), input_ids[0]])[None]
        logits = self.model(input_ids, use_cache=False).logits[:, -new:]
        ids = input_ids[:, None, :, None].double()
        return SimpleNamespace(logits=logits, past_key_values=[(ids, ids)])


def _library(folder, **how):
    """The library as it is around a local model, but for how the model is loaded."""
    from llmlingua import PromptCompressor

    class Library(PromptCompressor):
        def load_model(self, model_name, device_map="cpu", model_config=None):
            two = how.get("use_llmlingua2")
            kind = "AutoModelForTokenClassification" if two else "AutoModelForCausalLM"
            model, self.tokenizer, config = loading.pretrained(str(folder), kind)
            self.model = model if two else Uncached(model)
            self.device, self.context_idxs = "cpu", []
            self.max_position_embeddings = config.max_position_embeddings

    loading.tokens.encoding(loading.ENCODING)
    return Library(how.pop("named", str(folder)), "cpu", **how)


def _bare(texts):
    return re.sub(r"\s", "", "".join(texts))


MODES = {
    "llmlingua": {"rank_method": "llmlingua"},
    "ranked": {"rank_method": "longllmlingua"},
    "sorted": {"rank_method": "longllmlingua", "reorder_context": "sort"},
    "before": {"rank_method": "longllmlingua", "condition_in_question": "before"},
    "dynamic": {
        "rank_method": "longllmlingua",
        "dynamic_context_compression_ratio": 0.4,
        "reorder_context": "two_stage",
    },
    "contrastive": {
        "rank_method": "longllmlingua",
        "condition_in_question": "after_condition",
        "condition_compare": True,
        "dynamic_context_compression_ratio": 0.3,
        "reorder_context": "sort",
    },
}


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("kind", ["bytes", "pieces"])
def test_the_librarys_output_is_that_of_a_model_without_a_cache(mode, kind, monkeypatch):
    monkeypatch.setattr("crossover.compressors._lingua_causal.evenly", lambda _, size: size)
    how = {"iterative_size": 100, **MODES[mode]}
    texts = [one.text for one in DOCUMENTS]
    folder = causal_lm(kind=kind)
    pruner, library = loading.causal(str(folder)), _library(folder)
    pruner.begin()
    for share in (0.2, 0.5):
        found = pruner.prune(texts, [()] * len(texts), QUESTION, share, **how)
        target = share * sum(map(library.get_token_length, texts))
        expected = library.compress_prompt(
            texts, question=QUESTION, target_token=target, concate_question=False, **how
        )
        whole = [Text(at, 0, text) for at, text in enumerate(texts)]
        ours = assembled(DOCUMENTS, whole, found, concatenated)
        assert _bare(one.text for one in ours) == _bare([expected["compressed_prompt"]])
        assert len(found.parts) > 2 * how["iterative_size"] * share


@pytest.mark.parametrize("make", [bert_classifier, roberta_classifier])
@pytest.mark.parametrize("share", [0.25, 0.7])
def test_llmlingua2_keeps_what_the_library_keeps(make, share):
    from crossover.compressors._lingua_classifier import KINDS

    kind = "WordPiece" if make is bert_classifier else "Unigram"
    library = _library(make(), use_llmlingua2=True, named=KINDS[kind])
    pruner = loading.classifier(str(make()))
    pruner.begin()
    chunks = pruner.chunks(LONG, [])
    assert len(chunks) > 3
    assert _bare(LONG[start:end] for start, end in chunks) == _bare([LONG])
    texts = [LONG[start:end] for start, end in chunks]
    found = pruner.prune(texts, share, use_context_level_filter=False)
    expected = library.compress_prompt([LONG], rate=share)["compressed_prompt"]
    chunks = [Text(0, *chunk[:1], LONG[slice(*chunk)]) for chunk in chunks]
    (ours,) = assembled([_passage(LONG)], chunks, found, joined)
    assert _bare([ours.text]) == _bare([expected])


def test_the_wrapped_model_continues_a_cache_as_if_there_were_none():
    import torch

    model = loading.causal(str(causal_lm())).model
    ids = torch.randint(5, 200, (1, 90), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    whole = model(ids, mask).logits
    start = model(ids[:, :40], mask[:, :40])
    cut = [[keys[:, :, :30], values[:, :, :30]] for keys, values in start.past_key_values]
    rest = model(ids[:, 30:], mask, past_key_values=cut)
    assert torch.allclose(rest.logits, whole[:, 30:], atol=1e-4)
    assert rest.past_key_values[0][0].shape[2] == 90


def test_texts_longer_than_the_models_window_are_pruned_throughout():
    folder = causal_lm(512)
    assert len(loading.causal(str(folder)).tokenizer(LONG).input_ids) > 4 * 512
    compressor = catalog.load(Compressor, f"llmlingua(model={folder})")
    budget = FAKE.count(LONG) // 4
    (kept,) = compressor.compress(QUESTION, [_passage(LONG)], budget, FAKE)
    assert 0.95 * budget <= FAKE.count(kept.text) <= budget
    quarters = [0] * 4
    for piece in kept.pieces:
        quarters[4 * piece.start // len(LONG)] += piece.end - piece.start
    assert min(quarters) > 0.05 * len(LONG) / 4


@pytest.mark.parametrize("name", ["llmlingua", "longllmlingua", "llmlingua2 as BERT"])
def test_short_texts_are_pruned_too(name):
    text = _prose(6)
    budget = FAKE.count(text) // 2
    kept = _load(name).compress(QUESTION, [_passage(text)], budget, FAKE)
    assert 0 < _tokens(kept) <= budget


@pytest.mark.parametrize("name", list(COMPRESSORS))
def test_any_text_is_handled(name):
    texts = [
        "ostrel" * 300,
        "橋はアダが建てた。🙂" * 60,
        "\n\n \t",
        "<|endoftext|> [NEW1] <s>" * 30,
    ]
    characters = SimpleNamespace(count=len)
    for text in texts:
        kept = _load(name).compress(QUESTION, [_passage(text)], len(text) // 3, characters)
        for one in kept:
            assert_verbatim(one, {"d": text})
    assert _load(name).compress("", [_passage(LONG[:400])], 20, FAKE)
    assert _load(name).compress("who " * 3000, DOCUMENTS[:2], 60, FAKE)


def test_documents_are_ranked_and_reordered_by_the_question():
    documents = DOCUMENTS[::-1]
    kept = _load("longllmlingua").compress(QUESTION, documents, 500, FAKE)
    assert 3 < len({p.document for p in kept}) < len(documents)
    stood = _load("longllmlingua", "reorder=original").compress(QUESTION, documents, 500, FAKE)
    assert [p.document for p in stood] == sorted((p.document for p in stood), reverse=True)
    assert [p.document for p in kept] != [p.document for p in stood]
    other = _load("longllmlingua").compress("It rains in autumn", documents, 500, FAKE)
    assert [p.document for p in other] != [p.document for p in kept]
    ranked = _load("longllmlingua", "dynamic_ratio=1").compress(QUESTION, documents, 500, FAKE)
    shares = [len(p.text) / len(DOCUMENTS[int(p.document[1])].text) for p in ranked]
    assert shares[0] > shares[len(shares) // 2]


def test_a_long_passage_is_cut_into_documents():
    passage = Passage("d", 50, 50 + len(LONG), LONG)
    whole = _load("longllmlingua", "reorder=original, document_tokens=100")
    (one,) = whole.compress(QUESTION, [passage], 300, FAKE)
    assert_verbatim(one, {"d": " " * 50 + LONG})
    found = _load("longllmlingua", "document_tokens=100").compress(QUESTION, [passage], 300, FAKE)
    assert len(found) > 2
    assert [p.start for p in found] != sorted(p.start for p in found)
    for part in found:
        assert_verbatim(part, {"d": " " * 50 + LONG})


def test_answers_are_recovered_from_the_source():
    source = [_passage("The bridge was built by the town of Ostrel in autumn.")]
    kept = [_passage("bridge built by the Ostrel")]
    recovering = _load("longllmlingua in pieces")
    assert recovering.recover("the  Ostrel", source, kept) == "the town of Ostrel"
    assert recovering.recover("nine harbour", source, kept) == "nine harbour"
    assert recovering.recover(" ", source, kept) == " "


def test_whole_passages_may_go_first():
    filtering = _load("llmlingua2 as BERT", "context_filter=true, context_rate=0.5")
    kept = filtering.compress(QUESTION, DOCUMENTS, 150, FAKE)
    assert len(kept) <= len(DOCUMENTS) // 2 + 1
    assert _tokens(kept) <= 150
    assert len(_load("llmlingua2 as BERT").compress(QUESTION, DOCUMENTS, 150, FAKE)) == 8
    once = _load("llmlingua2 as BERT", "drop_consecutive=true, token_to_word=first")
    assert 140 <= _tokens(once.compress(QUESTION, DOCUMENTS, 150, FAKE)) <= 150


@EACH
def test_work_is_charged_and_threads_do_not_meet(name):
    compressor = _load(name)

    def work(seed):
        with meter.metered() as used:
            kept = compressor.compress(QUESTION, DOCUMENTS[seed : seed + 2], 60, FAKE)
        return kept, used

    alone = [work(seed)[0] for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert [kept for kept, _ in found] == alone
    for _, used in found:
        assert used.usage.input_tokens > 100
        assert used.usage.compute_seconds > 0
        assert (used.usage.calls, used.usage.dollars) == (1, 0)
        assert [step.name for step in used.steps] == ["tokens pruned"]
    with meter.metered() as used:
        assert compressor.compress(QUESTION, DOCUMENTS[:1], 9999, FAKE) == DOCUMENTS[:1]
    assert used.usage.calls == 0


def test_loading_leaves_the_random_generators_as_they_were():
    import numpy as np
    import torch

    loading._classifier.cache_clear()
    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    loading.classifier(str(bert_classifier()))
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert before == after


@pytest.mark.parametrize("name", ["llmlingua", "longllmlingua", "llmlingua2"])
def test_a_model_that_is_not_there_is_one_clear_line(name, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    wrong = bert_classifier() if name != "llmlingua2" else causal_lm()
    labels = bert_classifier(labels=3) if name == "llmlingua2" else tmp_path
    for model in (tmp_path / "none", tmp_path, "ostrel/none", wrong, labels):
        compressor = catalog.load(Compressor, f"{name}(model={model})")
        with pytest.raises(ConfigError, match=re.escape(str(model))) as raised:
            compressor.compress(QUESTION, DOCUMENTS, 50, FAKE)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["llmlingua", "longllmlingua", "llmlingua2"])
def test_a_missing_package_names_its_extra(name, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "llmlingua", None)
    compressor = catalog.load(Compressor, f"{name}(model={tmp_path})")
    with pytest.raises(MissingExtra, match=r"llmlingua.*crossover-rag\[compress\]"):
        compressor.compress(QUESTION, DOCUMENTS, 50, FAKE)


def test_words_are_placed_whatever_a_tokenizer_made_of_them():
    texts = ["🙂 Ａda's  Café, ŒUVRE\n", "no 橋 (x)"]
    words = ["ada", "'", "s", "▁", "cafe", ",", "œuvre", "\n", "no", "(", "x", ")"]
    found = placed(words, texts)
    shown = [texts[p.text][p.start : p.end] if p else None for p in found]
    assert shown[:5] == ["🙂 Ａda", "'", "s", None, "Café"]
    assert shown[5:] == [",", "ŒUVRE", None, "no 橋", "(", "x", ")"]


def test_tokens_are_joined_as_they_stood():
    passage = Passage("d", 100, 120, "Ada built\nit in 1902")
    kept = concatenated(passage, [(0, 3), (3, 6), (9, 10), (13, 15), (15, 17), (18, 20)])
    assert kept.text == "Ada bu\n n 1902"[:0] + kept.text
    assert (kept.start, kept.end) == (100, 120)
    apart = concatenated(Passage("d", 0, 9, "12 to 345"), [(0, 2), (6, 7), (8, 9)])
    assert apart.text == "12 35"
    assert apart.kept == (Piece(0, 0, 2), Piece(3, 6, 7), Piece(4, 8, 9))
    assert concatenated(Passage("d", 0, 3, "abc"), [(0, 2), (1, 3)]).text == "abc"
    assert concatenated(Passage("d", 0, 3, " b "), [(0, 3)]).text.strip() == "b"


def test_texts_of_one_passage_are_one_again():
    passages = [_passage("One two three four"), _passage("Five", "e")]
    texts = [Text(0, 0, "One two "), Text(0, 8, "three four"), Text(1, 0, "Five")]
    parts = (Part(0, 0, 3), Part(1, 0, 5), Part(2, 0, 4))
    found = assembled(passages, texts, Pruned((0, 1, 2), parts), concatenated)
    assert [one.text for one in found] == ["One three", "Five"]
    found = assembled(passages, texts, Pruned((1, 2, 0), parts), concatenated)
    assert [one.text for one in found] == ["three", "Five", "One"]


@pytest.mark.parametrize("steps", [5, 40])
def test_what_coarse_runs_leave_is_filled_from_the_longer_one(steps):
    """A pruner that knows but a few rates, like one that counts in percentiles."""
    passage = _passage(" ".join(f"w{number}" for number in range(400)))
    places = [match.span() for match in re.finditer(r"\S+", passage.text)]
    ranks = random.Random(0).sample(range(400), 400)

    def prune(share):
        limit = int(share * steps) / steps * 400
        kept = (place for place, rank in zip(places, ranks, strict=True) if rank < limit)
        return Pruned((0,), tuple(Part(0, *place) for place in kept))

    fitting = Fitting(prune, [passage], [Text(0, 0, passage.text)], concatenated, FAKE)
    for budget in (90, 210, 333):
        assert 0.95 * budget <= _tokens(fitting.fit(budget, 6)) <= budget


def test_a_budget_out_of_reach_is_missed_and_not_hidden():
    passage = _passage(LONG)

    def prune(share):
        return Pruned((0,), (Part(0, 0, len(LONG) // 2),))

    fitting = Fitting(prune, [passage], [Text(0, 0, LONG)], concatenated, FAKE)
    assert _tokens(fitting.fit(10, 3)) > 10
