"""What is kept is what the llmlingua library keeps with no cache at all."""

import re
from types import SimpleNamespace

import pytest
from lingua_texts import DOCUMENTS, LONG, QUESTION, whole
from small_models import bert_classifier, causal_lm, roberta_classifier

from crossover.compressors import _lingua_loading as loading
from crossover.compressors._keeping import joined
from crossover.compressors._lingua_places import (
    Text,
    assembled,
    concatenated,
)

pytest.importorskip("llmlingua", reason="the extra compress is not installed")


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
    (ours,) = assembled([whole(LONG)], chunks, found, joined)
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
