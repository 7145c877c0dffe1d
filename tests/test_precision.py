"""Batches of small networks are read side by side."""

import threading

import pytest

from crossover import precision

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_batches_come_in_their_order_from_threads_of_their_own(monkeypatch):
    monkeypatch.setattr(precision, "device", lambda: "cpu")
    met = threading.Barrier(2, timeout=10)

    def work(item):
        met.wait()
        return item, torch.get_num_threads(), threading.get_ident()

    found = list(precision.spread(work, range(2)))
    assert [(item, threads) for item, threads, _ in found] == [(0, 2), (1, 2)]
    assert len({ident for *_, ident in found}) == 2
    assert torch.get_num_threads() == 4


@pytest.mark.parametrize(("device", "items"), [("cuda", 3), ("cpu", 1)])
def test_a_single_batch_and_a_gpu_have_all_threads(monkeypatch, device, items):
    monkeypatch.setattr(precision, "device", lambda: device)
    found = list(precision.spread(lambda _: threading.get_ident(), range(items)))
    assert found == [threading.get_ident()] * items


def test_a_failing_batch_ends_the_others_and_gives_the_threads_back(monkeypatch):
    monkeypatch.setattr(precision, "device", lambda: "cpu")
    begun = []

    def work(item):
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        list(precision.spread(work, range(1000)))
    assert len(begun) < 1000
    assert torch.get_num_threads() == 4
