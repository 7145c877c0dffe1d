"""A local model's files: what is loaded, and what is refused in one line."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from attention_models import copied, tiny

from crossover.errors import ConfigError
from crossover.models import _huggingface_files as files
from crossover.models.huggingface import HuggingFace


def test_other_weights_are_another_model(tmp_path):
    folder = copied(tmp_path)
    assert files.fingerprint(str(folder)) == HuggingFace(tiny("llama")).fingerprint
    other = tmp_path / "other"
    shutil.copytree(tiny("qwen2"), other)
    assert files.fingerprint(str(other)) != files.fingerprint(str(folder))


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])


def _lacking(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.2.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def _own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('own code has run')")


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _no_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


FAULTS = {
    _pickled: "its weights are pickled, which could run code",
    _no_weights: "it has no weights",
    _cut: "cannot load this model",
    _lacking: r"1 of a language model's weights are missing, such as model\.layers\.2",
    _own_code: "cannot load this model",
    _no_config: "no config.json there",
    _no_tokenizer: "tokenizer|cannot load this model",
}


@pytest.mark.parametrize(("spoil", "told"), FAULTS.items(), ids=lambda x: getattr(x, "__name__", 0))
def test_a_folder_that_cannot_be_used_is_one_clear_line(tmp_path, spoil, told):
    folder = copied(tmp_path)
    spoil(folder)
    with pytest.raises(ConfigError, match=told) as raised:
        HuggingFace(str(folder)).check()
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)


@pytest.mark.parametrize("name", ["/no/such/folder", "./missing", "a/b/c"])
def test_a_missing_folder_is_one_clear_line(name):
    with pytest.raises(ConfigError, match=f"^{name}: no such folder"):
        HuggingFace(name).check()


def test_a_hub_that_is_out_of_reach_is_one_clear_line(monkeypatch):
    from huggingface_hub import HfApi

    def unreachable(*_, **__):
        raise OSError("no route to the hub\nand more")

    monkeypatch.setattr(HfApi, "model_info", unreachable)
    with pytest.raises(ConfigError, match="here or on the Hugging Face hub: no route") as raised:
        HuggingFace("nobody/nothing-of-this-name").check()
    assert "\n" not in str(raised.value)


def test_a_model_without_a_window_asks_for_one(monkeypatch):
    model = HuggingFace(tiny("llama"))
    config = files.config(model.name)
    monkeypatch.setattr(files, "config", lambda name: _without(config))
    with pytest.raises(ConfigError, match="give context_window=TOKENS"):
        _ = model.window
    assert replace(model, context_window=90).window == 90


def _without(config):
    class Bare:
        @staticmethod
        def get_text_config():
            return object()

    return Bare
