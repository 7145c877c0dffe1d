"""Whoever keeps replies says so; whoever stops in between does not."""

import time
from threading import Thread

import pytest

from crossover import branches, meter
from crossover.branches import in_threads
from crossover.keeping import keeping, once_kept


def test_what_is_kept_is_told_afterwards():
    told = []
    once_kept(lambda: told.append("nobody keeps"))
    assert told == ["nobody keeps"]
    with keeping():
        once_kept(lambda: told.append("kept"))
        assert len(told) == 1
    assert told[1:] == ["kept"]


def test_a_failure_has_nothing_more_to_keep_and_an_interrupt_has():
    told = []
    with pytest.raises(ValueError, match="x"), keeping():
        once_kept(lambda: told.append("failed"))
        raise ValueError("x")
    with pytest.raises(KeyboardInterrupt), keeping():
        once_kept(lambda: told.append("interrupted"))
        raise KeyboardInterrupt
    assert told == ["failed"]


def test_work_in_threads_learns_that_nobody_waits_for_it():
    ended = []

    def work(at, item):
        if at == 0:
            raise KeyboardInterrupt
        try:
            meter.pause(60)
        except KeyboardInterrupt:
            ended.append(at)
            raise

    with pytest.raises(KeyboardInterrupt):
        in_threads(work, range(3), 3)
    assert ended in ([], [1], [1, 2], [2], [2, 1])
    meter.check_stopped()


def test_a_pause_ends_with_the_run():
    ended = []

    def sleep():
        try:
            meter.pause(60)
        except KeyboardInterrupt:
            ended.append(True)

    meter.pause(0.001)
    with meter.watched(lambda *_: None):
        thread = Thread(target=sleep)
        thread.start()
        time.sleep(0.01)
        meter.stop()
        thread.join()
    assert ended == [True]


def test_pools_inside_of_pools_share_the_threads_there_are(monkeypatch):
    monkeypatch.setattr(branches, "_room", branches._Room(5))
    at_once, most = [], []

    def inner(at, item):
        at_once.append(at)
        most.append(len(at_once))
        time.sleep(0.005)
        at_once.pop()
        return item

    def outer(at, item):
        return in_threads(inner, range(10), 10)

    assert in_threads(outer, range(3), 3) == [list(range(10))] * 3
    # two for one of the pools inside, one (its own thread) for each of the others
    assert max(most) <= 5
    assert branches._room.free == 5
