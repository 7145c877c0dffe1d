"""A bound router asked without waiting, by many at once, and by the grid."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest
from app_chains import BUILT, LONG, QUESTION, SHORT, cascade, declines, full, rag, rules

from crossover import catalog
from crossover.errors import ConfigError
from crossover.measure import measured
from crossover.pipelines.external import wrap
from crossover.roles import Model
from crossover.router.policies.fixed import Fixed
from crossover.router.router import Router
from crossover.types import Answer, Question, Usage


def test_asynchronously_chains_do_not_block_one_another():
    async def later(question):
        await asyncio.sleep(0.05)
        return "later"

    def blocking(question):
        time.sleep(0.05)
        return "blocked"

    bound = rules(rag=later, full_context=blocking)

    async def many():
        profiles = [LONG, SHORT] * 5
        return await asyncio.gather(*(bound.answer_async(QUESTION, profile=p) for p in profiles))

    started = time.perf_counter()
    answers = asyncio.run(many())
    assert [a.text for a in answers] == ["later", "blocked"] * 5
    assert time.perf_counter() - started < 0.4
    assert all(a.usage.calls == 1 and 0.04 < a.seconds < 0.4 for a in answers)


def test_asynchronously_it_escalates_falls_back_and_retrieves():
    async def find(question):
        return [BUILT]

    async def broken(question, passages):
        raise RuntimeError(f"no {passages[0]}")

    bound = cascade(rag=broken, passages=find)
    answer = asyncio.run(bound.answer_async(QUESTION))
    assert answer.text == full(QUESTION)
    assert f"failed:rag: RuntimeError: no {BUILT}" in answer.message
    assert asyncio.run(cascade(rag=declines).ainvoke(QUESTION)).text == full(QUESTION)
    # the synchronous form serves chains that are asynchronous
    assert "no Ada" in bound.answer(QUESTION).message


def test_an_asynchronous_chain_inside_a_loop_wants_to_be_awaited():
    async def later(question):
        return "later"

    async def inside():
        return Router(Fixed("rag")).bind(rag=later).answer(QUESTION)

    with pytest.raises(ConfigError, match="await the asynchronous form"):
        asyncio.run(inside())


def test_cancelling_is_no_failure_of_the_chain():
    async def hangs(question):
        await asyncio.sleep(10)

    async def given_up():
        async with asyncio.timeout(0.05):
            await rules(rag=hangs).answer_async(QUESTION, profile=LONG)

    with pytest.raises(TimeoutError):
        asyncio.run(given_up())


def test_one_bound_router_serves_many_threads():
    bound, answers = cascade(rag=lambda q: declines(q) if q.endswith("0?") else rag(q)), {}

    def ask(number):
        answers[number] = bound.answer(f"{number}?")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, answer in answers.items():
        escalated = number % 10 == 0
        assert answer.text == (full if escalated else rag)(f"{number}?")
        assert answer.usage.calls == 1 + escalated


def test_a_bound_router_is_an_app_for_the_grid():
    bound = cascade(rag=lambda q: Answer("Ada", usage=Usage(10, 2, calls=1)))
    model = catalog.load(Model, "fake(fails=server)")
    answer = measured(wrap(bound, "routed_app"), Question("q", QUESTION), model)
    assert (answer.text, answer.usage.input_tokens) == ("Ada", 10)
    assert bound(QUESTION).text == "Ada"


def test_binding_and_deciding_loads_nothing_heavy():
    code = (
        "import sys; from crossover.router.router import Router; "
        "from crossover.router.policies.self_route import SelfRoute; "
        "bound = Router(SelfRoute()).bind(rag=str, full_context=str); "
        "bound.decide('Who?'); bound.answer('Who?'); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "transformers", "langchain_core", "llama_index", "sklearn", "pandas"}
    assert not set(done.stdout.split()) & heavy
