"""Rates of endpoints, shared by workers, and how many calls are under way at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from misbehaving import Endpoint, answer, status

from crossover import catalog
from crossover.experiments.pacing import SharedDiary
from crossover.experiments.store import Store
from crossover.models import _pace
from crossover.models._pace import OwnDiary, Pace, moved
from crossover.models._slots import LOOKED_AT, Slots
from crossover.roles import Model
from crossover.types import Request


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_requests_are_spread_over_the_minute_after_a_burst():
    diary = OwnDiary(Clock())
    # 120 a minute: two at once, then one each half second
    waits = [diary.due("a", 0.5, 1.0) for _ in range(6)]
    assert waits == pytest.approx([0, 0, 0.5, 1.0, 1.5, 2.0])
    assert diary.due("b", 0.5, 1.0) == 0


def test_what_was_reserved_too_much_comes_back():
    diary = OwnDiary(Clock())
    diary.due("a", 30.0, 1.0)
    diary.due("a", -20.0, 1.0)
    assert diary.due("a", 1.0, 1.0) == pytest.approx(10.0)


def test_nobody_asks_while_the_endpoint_is_held():
    clock = Clock()
    diary = OwnDiary(clock)
    diary.hold("a", 5.0)
    assert diary.due("a", 0.0, 1.0) == pytest.approx(4.0)
    clock.now = 6.0
    assert diary.due("a", 0.0, 1.0) == 0


def test_a_clock_that_jumped_stops_nobody_for_long():
    due, wait = moved(1e9, 1000.0, 0.5, 1.0)
    assert (due, wait) == (1000.5, 0.0)


@pytest.fixture(params=["sqlite", "postgres"])
def where(request, tmp_path):
    return tmp_path if request.param == "sqlite" else request.getfixturevalue("postgres").new()


def test_workers_that_share_a_store_share_a_rate(where):
    with Store(where) as one, Store(where) as two:
        diaries = [SharedDiary(one.database), SharedDiary(two.database)]
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda n: diaries[n % 2].due("a", 10.0, 1.0), range(8)))
        assert sorted(waits) == pytest.approx([10.0 * n for n in range(8)], abs=5)
        diaries[0].hold("b", 30.0)
        assert diaries[1].due("b", 0.0, 1.0) == pytest.approx(29.0, abs=2)


def test_a_pace_counts_requests_and_tokens():
    diary = OwnDiary(Clock())
    with _pace.shared(diary):
        pace = Pace("here", requests=60, tokens=6000)
        pace.start(100)
        pace.correct(100, 400)
    # one request is a second of its rate, 400 tokens are four of theirs
    assert diary._due == {"here tokens": 4.0, "here requests": 1.0}


def test_a_model_keeps_to_its_rate():
    with Endpoint(answer("Ada")) as endpoint:
        text = f"openai:paced(base_url={endpoint.url}, requests_per_minute=600, concurrency=8)"
        model = catalog.load(Model, text)
        started = time.monotonic()
        model.complete_many([Request("Answer.", f"Who? {n}") for n in range(15)])
        # ten at once, then ten a second
        assert time.monotonic() - started >= 0.4
        assert len(endpoint.requests) == 15


def test_one_retry_after_holds_every_worker():
    with Endpoint(status(429, retry_after=1.5), answer("Ada")) as endpoint:
        text = f"openai:held(base_url={endpoint.url}, concurrency=4)"
        model = catalog.load(Model, text)
        diary = OwnDiary()
        with _pace.shared(diary):
            model.complete(Request("Answer.", "Who?"))
        assert any("held" in name for name in _pace._own._due)


def test_slots_are_fewer_after_trouble_and_come_back():
    slots = Slots(16)
    slots.overloaded(0.01)
    assert slots.limit == pytest.approx(9.6)
    # the others of the same round tell of the same trouble
    slots.overloaded(60)
    assert slots.limit == pytest.approx(9.6)
    for _ in range(400):
        slots.went_well(1000, 1.0)
    assert slots.limit == 16


def test_slots_are_fewer_where_most_calls_have_become_slow():
    slots = Slots(16)
    for _ in range(LOOKED_AT):
        slots.went_well(1000, 0.001)
    # longer texts take longer: that says nothing
    slots.went_well(100_000, 1.0)
    assert slots.limit == 16
    for _ in range(LOOKED_AT):
        slots.went_well(1000, 0.01)
    assert slots.limit < 16


def test_no_more_than_the_limit_are_inside():
    slots, inside, most = Slots(4), [], []
    slots.limit = 2.9

    def work():
        slots.acquire()
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        slots.release()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 2


def test_an_overloaded_endpoint_is_asked_less_at_once():
    busy = [0]
    lock = threading.Lock()

    def guarded(asked, out):
        with lock:
            busy[0] += 1
            over = busy[0] > 3
        try:
            if over:
                status(429)(asked, out)
            else:
                answer("Ada", pause=0.02)(asked, out)
        finally:
            with lock:
                busy[0] -= 1

    with Endpoint(guarded) as endpoint:
        text = f"openai:busy(base_url={endpoint.url}, concurrency=12, pause=0.01, attempts=12)"
        model = catalog.load(Model, text)
        replies = model.complete_many([Request("Answer.", f"Who? {n}") for n in range(60)])
        assert [reply.text for reply in replies] == ["Ada"] * 60
        first, last = endpoint.requests[:60], endpoint.requests[60:]
        assert len(last) < len(first)
