"""Tiny local models with random weights, the same ones every time: for mechanics, not quality.

Vocabularies are written down instead of trained: trainers number their tokens differently each
time, and what a model of random weights makes of a text would change with them.
"""

import os
import string
from functools import cache
from pathlib import Path

WORDS = (
    "the of and to in is it was not by but for on with are that we can who The It Its Who We "
    "town river bridge market mostly cheese built opens Mondays sells lies rain Rain falls autumn "
    "fields wide harbour nine cranes has answer question documents given this get Ada Ostrel def"
).split()
PUNCTUATION = ".,?!:;'\"()[]=-_\n"
CHARACTERS = string.ascii_letters + string.digits + PUNCTUATION
PAD, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<s>", "</s>"
SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "initializer_range": 0.4,
}


def _save(name: str, tokenizer, config, kind: str, **special: str) -> Path:
    import torch
    import transformers

    folder = Path(os.environ["CROSSOVER_CACHE"]) / "small-models" / name
    transformers.utils.logging.disable_progress_bar()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    fast.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        getattr(transformers, kind)(config).save_pretrained(folder)
    return folder


def _byte_level():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary = {END: 0}
    for byte in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[byte] = len(vocabulary)
    merges = []
    for word in WORDS:
        spelled = "Ġ" + word
        for at in range(1, len(spelled)):
            if spelled[: at + 1] not in vocabulary:
                merges.append((spelled[:at], spelled[at]))
                vocabulary[spelled[: at + 1]] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, {"eos_token": END}


def _sentence_pieces(byte_fallback: bool):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    pieces = [(one, 0.0) for one in (BEGIN, PAD, END, UNKNOWN)]
    pieces += [(f"▁{word}", -4.0) for word in WORDS]
    pieces += [(one, -9.0) for one in ("▁", *CHARACTERS)]
    if byte_fallback:
        pieces += [(f"<0x{byte:02X}>", -20.0) for byte in range(256)]
    tokenizer = Tokenizer(models.Unigram(pieces, 3, byte_fallback))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    if byte_fallback:
        tokenizer.decoder = decoders.Sequence(
            [
                decoders.Replace("▁", " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                decoders.Strip(" ", 1, 0),
            ]
        )
    else:
        tokenizer.normalizer = normalizers.NFKC()
    names = ("bos_token", "pad_token", "eos_token", "unk_token")
    return tokenizer, dict(zip(names, (BEGIN, PAD, END, UNKNOWN), strict=True))


def _word_pieces(lowercase: bool):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*special, *CHARACTERS.strip(), *(f"##{one}" for one in string.ascii_letters)]
    tokens += [*(f"##{one}" for one in string.digits), *(word for word in WORDS if len(word) > 1)]
    if lowercase:
        tokens = list(dict.fromkeys([*special, *(one.lower() for one in tokens[len(special) :])]))
    vocabulary = {token: at for at, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return tokenizer, dict(zip(names, special, strict=True))


@cache
def causal_lm(window: int = 2048, kind: str = "bytes") -> Path:
    """A Llama: ``bytes`` are GPT's tokens, ``pieces`` Llama 2's, ``unknown`` those of few words."""
    from transformers import LlamaConfig

    tokenizer, special = (
        _byte_level() if kind == "bytes" else _sentence_pieces(byte_fallback=kind == "pieces")
    )
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        num_key_value_heads=2,
        max_position_embeddings=window,
        bos_token_id=None,
        eos_token_id=tokenizer.token_to_id(END),
        **SHAPE,
    )
    return _save(f"causal-{kind}-{window}", tokenizer, config, "LlamaForCausalLM", **special)


@cache
def bert_classifier(lowercase: bool = False, labels: int = 2) -> Path:
    """A keep/drop classifier in the manner of multilingual BERT, with word pieces."""
    from transformers import BertConfig

    tokenizer, special = _word_pieces(lowercase)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=512,
        num_labels=labels,
        **SHAPE,
    )
    name = f"bert-{lowercase}-{labels}"
    return _save(name, tokenizer, config, "BertForTokenClassification", **special)


@cache
def roberta_classifier() -> Path:
    """A keep/drop classifier in the manner of XLM-RoBERTa, with sentence pieces."""
    from transformers import XLMRobertaConfig

    tokenizer, special = _sentence_pieces(byte_fallback=False)
    special |= {"cls_token": BEGIN, "sep_token": END}
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=514,
        pad_token_id=1,
        num_labels=2,
        **SHAPE,
    )
    return _save("roberta", tokenizer, config, "XLMRobertaForTokenClassification", **special)
