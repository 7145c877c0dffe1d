import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from crossover import meter
from crossover.types import Step, Usage


def test_costs_go_to_the_innermost_meter():
    with meter.metered() as outer:
        meter.current().charge(Usage(input_tokens=1), Step("outer"))
        with meter.metered() as inner:
            meter.current().charge(Usage(input_tokens=10), Step("inner"))
    assert (outer.usage.input_tokens, inner.usage.input_tokens) == (1, 10)
    assert [step.name for step in outer.steps] == ["outer"]
    meter.current().charge(Usage(input_tokens=100))
    assert outer.usage.input_tokens == 1


def test_threads_charge_the_meter_they_were_started_under():
    with meter.metered() as bill:
        meter.side_by_side(lambda n: meter.current().charge(Usage(calls=n)), range(50), 8)
    assert bill.usage.calls == sum(range(50))


def test_waiting_is_no_latency():
    with meter.metered() as bill:
        time.sleep(0.02)
        with meter.wait():
            time.sleep(0.1)
        elapsed = bill.elapsed()
    assert 0.02 <= elapsed < 0.09


def test_waits_side_by_side_count_once():
    def work(pause):
        time.sleep(0.05)
        with meter.wait():
            time.sleep(pause)

    with meter.metered() as bill:
        meter.side_by_side(work, [0.2, 0.2, 0.2, 0.0], 4)
        elapsed = bill.elapsed()
    assert 0.05 <= elapsed < 0.15


def test_a_turn_is_waited_for_outside_of_latency():
    lock = threading.Lock()

    def work(_):
        with meter.metered() as bill, meter.turn(lock):
            time.sleep(0.1)
        return bill.elapsed()

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(work, range(4))) < 0.25


def test_results_come_in_order_and_errors_come_through():
    assert meter.side_by_side(lambda n: n * n, range(9), 3) == [n * n for n in range(9)]
    with pytest.raises(ZeroDivisionError):
        meter.side_by_side(lambda n: 1 / n, [1, 0, 2], 3)


def test_usage_adds_and_unknown_stays_unknown():
    total = Usage(input_tokens=1, dollars=0.5) + Usage(input_tokens=2, dollars=None, calls=1)
    assert total == Usage(input_tokens=3, dollars=None, calls=1)
    assert (total + Usage(dollars=1.0)).dollars is None
