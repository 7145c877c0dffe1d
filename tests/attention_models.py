"""Tiny language models with random weights: they show how things are computed, never how well."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

TEXT = (
    "Ostrel lies on the river Mir. Its bridge was built by Ada Varn in 1902. The market opens on "
    "Mondays and sells mostly cheese. Rain falls in autumn, and the fields are wide. Who built the "
    "bridge of Ostrel? Question: Answer: The harbour of Quill has nine cranes. "
)
CHAT = (
    "{% for m in messages %}{% if 'forbidden' in m.content %}{{ raise_exception('no such word') }}"
    "{% endif %}<|{{ m.role }}|>{{ m.content | trim }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
CLASSES = {
    "llama": "Llama",
    "mistral": "Mistral",
    "phi3": "Phi3",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
}


@cache
def root() -> Path:
    folder = tempfile.mkdtemp(prefix="crossover-attention-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def tokenizer(chat: bool):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<start>", "<end>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bare.train_from_iterator([TEXT], trainer)
    bare.post_processor = processors.TemplateProcessing(
        single="<start> $A", special_tokens=[("<start>", 0)]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=bare, bos_token="<start>", eos_token="<end>", pad_token="<end>"
    )
    made.chat_template = CHAT if chat else None
    return made


@cache
def tiny(kind: str = "llama", chat: bool = False, **sizes: object) -> str:
    """The folder of a tiny model of that architecture, the same in every run."""
    import torch
    import transformers

    folder = root() / "-".join(map(str, (kind, chat, *sizes.values())))
    made = tokenizer(chat)
    chosen = SIZES | {"vocab_size": len(made)} | sizes
    config = getattr(transformers, f"{CLASSES[kind]}Config")(**chosen)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = getattr(transformers, f"{CLASSES[kind]}ForCausalLM")(config)
    model.save_pretrained(folder)
    made.save_pretrained(folder)
    return str(folder)


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(tiny("llama"), folder)
    return folder
