import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres import Server
from sqlalchemy import event

from crossover.errors import ConfigError, StoreError
from crossover.experiments import database
from crossover.experiments import store as store_module
from crossover.experiments.store import CALLS, CLAIMS, FILE, Store
from crossover.types import Answer, Completion, Passage, Step, Usage

KEY = ("job", "example", "rag", "fake")


@pytest.fixture(params=["sqlite", "postgres"])
def where(request, tmp_path):
    """A folder, or the address of an empty database."""
    if request.param == "sqlite":
        return tmp_path
    return request.getfixturevalue("postgres").new()


def test_an_answer_comes_back_as_it_was(where):
    answer = Answer(
        "text ✓",
        (Passage("d", 3, 9, "pieces", 0.5),),
        Usage(10, 2, 1, 0, 3, None, 0.25),
        1.5,
        0.5,
        (Step("model call", 1.2, "detail"),),
        "truncated",
        "cut at the middle",
        Usage(compute_seconds=2.0),
        cut="10 tokens exceed 5",
    )
    with Store(where) as store:
        store.save(KEY, answer)
    with Store(where) as store:
        assert store.answered() == {"job": answer}
        assert store.outcomes() == {"job": "truncated"}


@given(st.text(), st.none() | st.integers(0, 10**9), st.floats(0, 1e9), st.text(max_size=30))
@settings(max_examples=25)
def test_any_text_and_number_survives(tmp_path_factory, text, tokens, seconds, message):
    answer = Answer(text, usage=Usage(input_tokens=tokens), seconds=seconds, message=message)
    with Store(tmp_path_factory.mktemp("run")) as store:
        store.save(KEY, answer)
        assert store.answered(["job"])["job"] == answer


def test_a_long_passage_is_kept_as_its_span(where):
    passage = Passage("d", 0, 10_000, "x" * 10_000)
    with Store(where) as store:
        store.save(KEY, Answer("text", (passage,)))
        (kept,) = store.answered()["job"].passages
    assert (kept.start, kept.end, kept.text) == (0, 10_000, "")


def test_a_job_is_claimed_once_until_it_is_given_back(where):
    with Store(where) as one, Store(where) as two:
        assert one.claim(["a", "b"]) == ["a", "b"]
        assert two.claim(["a", "b", "c"]) == ["c"]
        one.close()
        assert two.claim(["a"]) == ["a"]
        two.save(("a", "e", "s", "m"), Answer("text"))
        assert two.claim(["a"]) == []


def _claim_and_wait(folder, ready):
    store = Store(folder)
    store.claim(["a", "b"])
    for job, call in (("a", "first"), ("a", "second"), ("b", "only")):
        store.begin_call(job, call)
    store.keep_reply("a", "first", Completion("kept", Usage(calls=1)))
    ready.set()
    time.sleep(60)


def test_the_claim_of_a_killed_process_is_free_at_once(where):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_claim_and_wait, args=(where, ready))
    process.start()
    assert ready.wait(30)
    with Store(where) as store:
        assert store.claim(["a"]) == []
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert store.repeated() == {}
        assert store.claim(["a", "b"]) == ["a", "b"]
        assert store.repeated() == {"a": 1, "b": 1}
        assert store.reply("a", "first").text == "kept"
        assert store.reply("a", "second") is store.reply("b", "only") is None
        store.save(("a", "e", "s", "m"), Answer("text"))
        assert store.repeated() == {"a": 1, "b": 1}


def test_the_claim_of_another_machine_expires(where):
    with Store(where) as store:
        store.claim(["a", "b"])
        for job, age in (("a", store_module.EXPIRY + 1), ("b", store_module.EXPIRY - 20)):
            change = CLAIMS.update().where(CLAIMS.c.job == job)
            store._do(change.values(machine="elsewhere", renewed=time.time() - age))
        assert store.claim(["a", "b"]) == ["a"]


def test_a_heartbeat_renews_what_is_claimed(where, monkeypatch):
    monkeypatch.setattr(store_module, "HEARTBEAT", 0.05)
    with Store(where) as store:
        store.claim(["a"])
        store._do(CLAIMS.update().values(renewed=0.0))
        time.sleep(0.3)
        assert store._all(CLAIMS.select())[0].renewed > time.time() - 5


def test_replies_live_until_their_answer_is_saved(where):
    reply = Completion("text", Usage(3, 1, calls=1), "length")
    with Store(where) as store:
        assert store.reply("job", "call-1") is None
        store.keep_reply("job", "call-1", reply)
        assert store.reply("job", "call-1") == reply
        assert store.reply("other", "call-1") is None
        store.save(KEY, Answer("text"))
        assert store.reply("job", "call-1") is None


def test_what_failed_can_be_forgotten(where):
    with Store(where) as store:
        store.save(KEY, Answer("", outcome="failed:timeout"))
        store.forget(["job"])
        assert store.outcomes() == {}
        assert store.claim(["job"]) == ["job"]


def test_a_file_that_is_no_store_is_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path)


def test_a_store_of_a_newer_version_is_not_touched(tmp_path):
    Store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer Crossover"):
        Store(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


def test_a_path_that_is_a_file_is_named(tmp_path):
    (tmp_path / "run").write_text("here first")
    with pytest.raises(StoreError, match="run"):
        Store(tmp_path / "run")


def test_threads_that_write_at_once_share_commits(where):
    with Store(where) as store:
        commits = Commits(store)
        keys = [(f"job{n}", "e", "s", "m") for n in range(64)]
        gate = threading.Barrier(64)

        def work(key):
            gate.wait()
            store.keep_reply(key[0], "call", Completion(key[0], Usage(calls=1)))
            return store.reply(key[0], "call").text

        with ThreadPoolExecutor(64) as pool:
            assert list(pool.map(work, keys)) == [key[0] for key in keys]
        assert commits.count < 64
        assert len(store._all(CALLS.select())) == 64


class Commits:
    def __init__(self, store):
        self.count = 0
        event.listen(store.database._engine, "commit", self._add)

    def _add(self, connection):
        self.count += 1


def test_an_interrupt_of_one_thread_is_not_the_others(where):
    with Store(where) as store:
        slow = threading.Event()

        def long(connection):
            slow.set()
            time.sleep(0.3)
            connection.execute(CLAIMS.delete())

        def other():
            slow.wait()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            store.save(KEY, Answer("kept"))

        store.claim(["other"])
        thread = threading.Thread(target=other)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            store.database.write(long)
        thread.join(30)
        assert store.answered()["job"].text == "kept"
        assert store._all(CLAIMS.select()) == []


def test_a_store_that_is_closed_says_so(where):
    store = Store(where)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.save(KEY, Answer("late"))


def test_many_jobs_are_looked_up_in_parts(where):
    with Store(where) as store:
        keys = [(f"job{n}", "e", "s", "m") for n in range(1200)]
        store.save_all([(key, Answer(key[0])) for key in keys])
        asked = [key[0] for key in keys[100:1150]] + ["nobody"]
        assert store.answered(asked).keys() == set(asked[:-1])
        assert len(store.outcomes(asked)) == 1050
        store.forget(asked)
        assert len(store.outcomes()) == 150


def test_a_database_that_is_started_anew_is_waited_for(postgres):
    server = Server().start()
    try:
        with Store(server.new()) as store:
            store.save(KEY, Answer("before"))
            server.stop()
            starting = threading.Timer(1.0, server.start)
            starting.start()
            store.save(("later", "e", "s", "m"), Answer("after"))
            starting.join()
            assert {a.text for a in store.answered().values()} == {"before", "after"}
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://somebody@host/db", "expected a store like postgresql://user@host/name"),
        ("nonsense", "expected a store like"),
    ],
)
def test_an_address_of_another_kind_is_told(address, said):
    with pytest.raises(ConfigError, match=said):
        Store(address)


def test_a_database_that_is_not_there_is_named_without_its_password(monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1") as caught:
        Store("postgresql://me:hushhush@127.0.0.1:9/db")
    assert "hushhush" not in str(caught.value)
    assert "\n" not in str(caught.value)
