import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from doing import CALL, Doing, answered, chain
from misbehaving import Endpoint, answer

from crossover import catalog, meter
from crossover.measure import measured
from crossover.roles import Model
from crossover.types import Question, Step, Usage


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


# the critical path


def test_the_critical_path_of_a_chain_is_all_of_it():
    found = answered(lambda model: chain(model, 3))
    assert found.critical_seconds == found.seconds >= 0.15


def test_calls_that_take_turns_could_have_run_at_once():
    found = answered(lambda model: model.complete_many([CALL] * 6), concurrency=2)
    assert 0.15 <= found.seconds < 0.25
    assert 0.05 <= found.critical_seconds < 0.1


def test_the_critical_path_of_nested_work_is_its_longest_chain():
    def work(model):
        def path(calls):
            with meter.stage("path"):
                chain(model, calls)
                model.complete_many([CALL] * 4)

        # one thread: 1 + 4 and 3 + 4 calls one after the other, of which 3 + 1 wait in a chain
        meter.side_by_side(path, [1, 3], 1)
        chain(model, 1)

    found = answered(work, concurrency=1)
    assert 13 * 0.05 <= found.seconds < 17 * 0.05
    assert 5 * 0.05 <= found.critical_seconds < 7 * 0.05


def test_a_part_keeps_what_could_be_saved():
    def work(model):
        with meter.part() as part:
            model.complete_many([CALL] * 4)
        assert part.usage.calls == 4

    found = answered(work, concurrency=1)
    assert found.seconds >= 0.2
    assert found.critical_seconds < 0.1


def test_the_first_token_in_a_part_counts_from_the_question():
    def work(model):
        chain(model, 2)
        with meter.part():
            chain(model, 1)

    found = answered(work)
    assert 0.15 <= found.first_token_seconds <= found.seconds


def test_the_first_token_in_a_queue_is_no_later_than_the_answer():
    lock = threading.Lock()

    def work(model):
        def queued(_):
            with meter.turn(lock):
                chain(model, 1)

        meter.side_by_side(queued, range(5), 5)

    found = answered(work)
    assert found.first_token_seconds <= found.seconds < 0.15


# failing and stopping


@pytest.mark.parametrize("threads", [1, 3])
def test_what_has_not_begun_when_something_fails_is_not_begun(threads):
    begun = []

    def work(number):
        begun.append(number)
        time.sleep(0.02)
        raise ValueError(str(number))

    with pytest.raises(ValueError, match=r"0|1|2"):
        meter.side_by_side(work, range(50), threads)
    assert len(begun) <= threads


def test_what_failed_first_is_raised():
    def work(number):
        time.sleep(0.1 - number * 0.05)
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="1"):
        meter.side_by_side(work, [0, 1], 2)


def test_what_is_under_way_when_something_fails_is_billed():
    def work(number):
        if number:
            time.sleep(0.01)
            raise ValueError
        time.sleep(0.05)
        meter.current().charge(Usage(calls=1))

    with meter.metered() as bill, pytest.raises(ValueError):
        meter.side_by_side(work, [0, 1], 2)
    assert bill.usage.calls == 1


@pytest.mark.parametrize("threads", [1, 4])
def test_a_stopped_run_begins_nothing_new(threads):
    begun = []

    def work(number):
        begun.append(number)
        if number == 0:
            meter.stop()
        time.sleep(0.02)

    with meter.watched(lambda *said: None), pytest.raises(KeyboardInterrupt):
        meter.side_by_side(work, range(30), threads)
    assert len(begun) <= threads
    assert meter.side_by_side(lambda n: n, [1, 2], 2) == [1, 2]


def test_what_runs_is_known_within_parts_and_branches():
    def work(_):
        with meter.wait():
            time.sleep(0.05)
        with meter.part():
            with meter.wait():
                time.sleep(0.05)
            return bill.running(), bill.pays()

    with meter.metered() as bill:
        ((seconds, pays),) = meter.side_by_side(work, [0], 1)
        with meter.metered():
            assert not bill.pays()
    assert pays
    assert seconds < 0.04


# many questions at once


def test_a_model_takes_so_many_calls_at_once_over_all_questions():
    lock, under_way, most = threading.Lock(), [0], [0]

    def slow(asked, out):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.02)
        with lock:
            under_way[0] -= 1
        answer("done")(asked, out)

    with Endpoint(slow) as endpoint:
        model = catalog.load(Model, f'openai:tiny(base_url="{endpoint.url}", concurrency=4)')

        def ask(number):
            return measured(Doing(lambda m: m.complete_many([CALL] * 6)), Question("q", "?"), model)

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, range(4)))
        assert len(endpoint.requests) == 24
    assert most[0] == 4
    # waiting for another question's calls is no latency of this one
    assert max(found.critical_seconds for found in answers) < 0.4
