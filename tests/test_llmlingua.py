"""Token pruning by the llmlingua library: mechanics on tiny models with random weights."""

import hashlib
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from lingua_texts import DOCUMENTS, FAKE, LONG, QUESTION, counted, prose, whole
from passages import assert_verbatim
from small_models import bert_classifier, causal_lm, roberta_classifier

from crossover import catalog, meter
from crossover.compressors import _lingua_loading as loading
from crossover.compressors._lingua_places import (
    Forced,
)
from crossover.errors import ConfigError, MissingExtra
from crossover.roles import Compressor
from crossover.tokens import count_tokens
from crossover.types import Passage

pytest.importorskip("llmlingua", reason="the extra compress is not installed")


GPT = SimpleNamespace(count=count_tokens)


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


def _digest(passages):
    return hashlib.sha256(repr([(p.text, p.pieces) for p in passages]).encode()).hexdigest()[:12]


@EACH
@pytest.mark.parametrize("rate", [0.125, 0.5])
def test_a_budget_is_met_within_five_per_cent_by_dropping_alone(name, rate):
    passage = whole(LONG)
    budget = int(rate * GPT.count(LONG))
    kept = _load(name).compress(QUESTION, [passage], budget, GPT)
    assert 0.95 * budget <= counted(kept, GPT) <= budget
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
    text = prose(40) + " " + HARD + prose(40, 1)
    budget = int(0.3 * FAKE.count(text))
    options = "force_reserve_digit=true, force_negations=true, force_names=true"
    loose = _load(name).compress(QUESTION, [whole(text)], budget, FAKE)
    kept = _load(name, f'{options}, force_tokens=["marks", ";"]').compress(
        QUESTION, [whole(text)], budget, FAKE
    )
    words = ["not", "Varn", "1,902", "marks", "3/4/1899", ";", "never", "Trask", "can't"]
    places = [text.index(word, text.index(HARD)) for word in words]
    spans = [(at, at + len(word)) for word, at in zip(words, places, strict=True)]
    assert all(_shows(kept, *span) for span in spans)
    assert loose != kept
    assert counted(kept) <= budget


def _shows(passages, start, end):
    pieces = (piece for one in passages for piece in one.pieces)
    return any(piece.start <= start and end <= piece.end for piece in pieces)


def test_forced_text_is_found_as_words():
    forced = Forced(("not", "?"), digits=True, negations=True, names=True)
    text = 'Nothing is cannot-do? He met Ada on 1.5.2020. Belo Trask left. "Then she did."'
    found = {text[start:end] for start, end in forced.spans(text)}
    assert found == {"Nothing", "cannot", "?", "Ada", "1.5.2020", "Belo", "Trask"}
    assert [*Forced(("\n", " ")).spans("a\nb")] == []


def test_texts_longer_than_the_models_window_are_pruned_throughout():
    folder = causal_lm(512)
    assert len(loading.causal(str(folder)).tokenizer(LONG).input_ids) > 4 * 512
    compressor = catalog.load(Compressor, f"llmlingua(model={folder})")
    budget = FAKE.count(LONG) // 4
    (kept,) = compressor.compress(QUESTION, [whole(LONG)], budget, FAKE)
    assert 0.95 * budget <= FAKE.count(kept.text) <= budget
    quarters = [0] * 4
    for piece in kept.pieces:
        quarters[4 * piece.start // len(LONG)] += piece.end - piece.start
    assert min(quarters) > 0.05 * len(LONG) / 4


@pytest.mark.parametrize("name", ["llmlingua", "longllmlingua", "llmlingua2 as BERT"])
def test_short_texts_are_pruned_too(name):
    text = prose(6)
    budget = FAKE.count(text) // 2
    kept = _load(name).compress(QUESTION, [whole(text)], budget, FAKE)
    assert 0 < counted(kept) <= budget


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
        kept = _load(name).compress(QUESTION, [whole(text)], len(text) // 3, characters)
        for one in kept:
            assert_verbatim(one, {"d": text})
    assert _load(name).compress("", [whole(LONG[:400])], 20, FAKE)
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
    source = [whole("The bridge was built by the town of Ostrel in autumn.")]
    kept = [whole("bridge built by the Ostrel")]
    recovering = _load("longllmlingua in pieces")
    assert recovering.recover("the  Ostrel", source, kept) == "the town of Ostrel"
    assert recovering.recover("nine harbour", source, kept) == "nine harbour"
    assert recovering.recover(" ", source, kept) == " "


def test_whole_passages_may_go_first():
    filtering = _load("llmlingua2 as BERT", "context_filter=true, context_rate=0.5")
    kept = filtering.compress(QUESTION, DOCUMENTS, 150, FAKE)
    assert len(kept) <= len(DOCUMENTS) // 2 + 1
    assert counted(kept) <= 150
    assert len(_load("llmlingua2 as BERT").compress(QUESTION, DOCUMENTS, 150, FAKE)) == 8
    once = _load("llmlingua2 as BERT", "drop_consecutive=true, token_to_word=first")
    assert 140 <= counted(once.compress(QUESTION, DOCUMENTS, 150, FAKE)) <= 150


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
