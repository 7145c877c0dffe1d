"""Every compressor as it can be tried offline: those of hub models on small local ones."""

from attention_models import tiny
from small_models import causal_lm, roberta_classifier

from crossover import catalog
from crossover.roles import Compressor

# compressors that drop words of a model's choosing: they come near a budget, not within it
NEAR = frozenset({"llmlingua", "longllmlingua"})
# options of those that need a hub's model
LOCAL = {
    "gemfilter": lambda: f"model={tiny('llama')}",
    "selective_context": lambda: "model=packaged",
    "infini_retri": lambda: f"model={tiny('qwen2')}, window=128, top=30",
    "llmlingua": lambda: f"model={causal_lm()}",
    # a longer passage is several documents, and each of them a passage in its own place
    "longllmlingua": lambda: f"model={causal_lm(4096)}, document_tokens=2000",
    "llmlingua2": lambda: f"model={roberta_classifier()}",
}


def ready(name: str) -> Compressor:
    """The compressor of that name with what it needs here."""
    options = LOCAL[name]() if name in LOCAL else ""
    return catalog.load(Compressor, f"{name}({options})")
