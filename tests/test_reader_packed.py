"""Weights laid out for the CPU say what plain layers say."""

import copy

import pytest

torch = pytest.importorskip("torch")

from crossover import precision  # noqa: E402
from crossover.models.reader._packed import Linear, pack  # noqa: E402


@pytest.mark.parametrize("after", ["none", "gelu"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 17), (4, 512)])
def test_packed_layers_compute_the_same(after, shape):
    torch.manual_seed(0)
    plain = Linear(384, 192, after).to(torch.bfloat16)
    packed = copy.deepcopy(plain)
    pack(packed)
    if packed.packed is None:
        pytest.skip("this CPU or this torch packs no weights")
    states = torch.randn(*shape, 384).to(torch.bfloat16)
    exact = torch.nn.functional.linear(states.float(), plain.weight.float(), plain.bias.float())
    exact = torch.nn.functional.gelu(exact) if after == "gelu" else exact
    with torch.inference_mode():
        found = packed(states).float()
    # no farther from the truth than bfloat16 is
    assert (found - exact).abs().max() <= 0.01 * exact.abs().max()
    assert ((found - exact) ** 2).mean() <= 1.1 * ((plain(states).float() - exact) ** 2).mean()


def test_where_gradients_are_wanted_weights_are_used():
    layer = Linear(8, 4, "gelu").to(torch.bfloat16)
    pack(layer)
    found = layer(torch.ones(2, 8, dtype=torch.bfloat16))
    found.sum().backward()
    assert layer.weight.grad is not None


def test_without_the_operations_nothing_changes(monkeypatch):
    monkeypatch.setattr(precision, "fast_bfloat16", lambda: False)
    layer = Linear(8, 4)
    pack(layer)
    assert layer.packed is None
    with torch.inference_mode():
        expected = torch.nn.functional.linear(torch.ones(1, 8), layer.weight, layer.bias)
        assert torch.equal(layer(torch.ones(1, 8)), expected)
