"""Routers in production: decisions are logged and graded."""

import logging
import math
import multiprocessing
import sqlite3
import threading
import time
from datetime import UTC, datetime

import pytest
from watched_chains import MILL, bound

from crossover.errors import ConfigError, DataError, StoreError, UnknownName
from crossover.models.fake import Fake
from crossover.router.following import Route, only_decided
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router
from crossover.router.watching.feedback import read_grades
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.shadow import Shadowed
from crossover.router.watching.watched import Watched
from crossover.types import Answer, Question

SECRET = "Who founded the windmill of Ostrel in secret?"


def test_a_decision_is_logged_with_numbers_and_names_but_no_text(log):
    watched = Watched(Router(SelfRoute()), log)
    given = watched.ask(SECRET, MILL, model=Fake())
    [row] = log.rows()
    assert row.id == given.id and row.router == "self_route"
    assert row.strategy == "rag" and not row.escalated and row.outcome == "answered"
    assert row.before["question.asks_who"] == 1 and row.before["question.documents"] == 2
    assert row.after["reply.log_words"] == pytest.approx(math.log(3))
    assert row.tokens == row.passes["rag"].tokens > 0 and row.dollars == 0
    assert abs((datetime.now(UTC) - row.time).total_seconds()) < 60
    log.close()
    held = b"".join(path.read_bytes() for path in log.path.parent.iterdir())
    for text in (b"windmill", b"secret", b"fake answer", b"1902", b"river"):
        assert text not in held


def test_texts_are_kept_where_they_are_wanted(tmp_path):
    with DecisionLog(tmp_path / "log.sqlite", texts=True) as log:
        Watched(bound(), log).answer(SECRET)
        [row] = log.rows()
    assert row.texts == {"question": SECRET, "answer": "Ada"}


def test_an_escalation_and_its_failure_are_told_apart(log):
    Watched(bound(), log).answer("Who is mayor?")
    Watched(bound(full_context=lambda question: 1 / 0), log).answer("Who is mayor?")
    good, failed = log.rows()
    assert good.escalated and good.strategy == "full_context" and not good.declined
    assert set(good.passes) == {"rag", "full_context"}
    assert good.after["reply.declines"] == 1
    assert failed.escalated and failed.strategy == "rag" and failed.declined


def test_it_answers_as_the_router_alone_also_asynchronously(log):
    import asyncio

    watched = Watched(bound(), log)
    plain = bound().answer("Who is mayor?")
    for found in (
        watched.answer("Who is mayor?"),
        asyncio.run(watched.answer_async("Who is mayor?", id="mine")),
    ):
        assert (found.text, found.message) == (plain.text, plain.message)
    assert "mine" in [row.id for row in log.rows()]


def test_a_failing_log_takes_no_answer_with_it(tmp_path, caplog):
    log = DecisionLog(tmp_path / "log.sqlite")
    with sqlite3.connect(log.path) as other:
        other.execute("drop table decisions")
    other.close()
    with caplog.at_level(logging.WARNING, "crossover.watching"):
        assert Watched(bound(), log).answer("Who built it?").text == "Ada"
        log.flush()
    assert log.lost == {"decisions": 1}
    assert "1 decisions not logged" in caplog.text
    log.close()


def test_what_the_log_cannot_keep_up_with_is_dropped_at_once_and_counted(tmp_path):
    log, gate = DecisionLog(tmp_path / "log.sqlite", waiting=3), threading.Event()

    def slow():
        gate.wait(20)
        raise ValueError

    log.note("decisions", slow)
    time.sleep(0.05)
    started = time.perf_counter()
    kept = [log.note("decisions", slow) for _ in range(10)]
    assert time.perf_counter() - started < 1
    assert kept == [True] * 3 + [False] * 7
    gate.set()
    log.close()
    with DecisionLog(log.path) as again:
        assert again.lost == {"decisions": 11}


def _writes(path, number):
    with DecisionLog(path) as log:
        watched = Watched(bound(), log)
        for at in range(20):
            watched.answer("Who built it?", id=f"{number}-{at}")


def test_processes_and_threads_write_side_by_side(tmp_path):
    path = tmp_path / "log.sqlite"
    DecisionLog(path).close()
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_writes, args=(path, n)) for n in range(2)]
    workers += [threading.Thread(target=_writes, args=(path, n)) for n in (2, 3)]
    # SQLite forbids forking while another thread writes
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    with DecisionLog(path) as log:
        assert len(log.rows()) == 80 and log.lost == {}


def test_a_forked_process_logs_too(log):
    watched = Watched(bound(), log)
    watched.answer("Who built it?", id="parent")
    log.flush()

    def forked():
        watched.answer("Who built it?", id="child")
        log.flush()

    child = multiprocessing.get_context("fork").Process(target=forked)
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert {row.id for row in log.rows()} == {"parent", "child"}


def test_old_rows_are_deleted_with_all_that_hangs_on_them(log):
    watched = Shadowed(bound(), Router(Fixed("rag")), log)
    for name in ("old", "new"):
        watched.answer("Who built it?", id=name)
        log.feedback(name, 1)
    assert watched.settle()
    log.flush()
    with sqlite3.connect(log.path) as other:
        other.execute("update decisions set time = time - 10 * 86400 where id = 'old'")
    other.close()
    assert log.prune(5) == 1
    assert [row.id for row in log.rows()] == ["new"]
    assert [row["decision"] for row in log.shadows()] == ["new"]
    with DecisionLog(log.path, keep_days=0.0001) as short:
        with sqlite3.connect(log.path) as other:
            other.execute("update decisions set time = time - 3600")
        other.close()
        Watched(bound(), short).answer("Who built it?", id="last")
        assert [row.id for row in short.rows()] == ["last"]


def test_grades_are_kept_for_what_was_answered_and_what_was_not(log):
    watched = Watched(bound(), log)
    name = watched.ask("Who is mayor?").id
    log.feedback(name, 0.2)
    log.feedback(name, 1)
    log.feedback(name, 0.0, "rag")
    [row] = log.rows(graded=True)
    assert row.grades == {"full_context": 1.0, "rag": 0.0}
    for quality in (1.2, -0.1, math.nan, True):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            log.feedback(name, quality)
    with pytest.raises(DataError, match="no decision 'unheard'"):
        log.feedback("unheard", 1)
    with pytest.raises(UnknownName, match="closed_book"):
        log.feedback(name, 1, "closed_book")
    with pytest.raises(DataError):
        log.feedback_all([(name, 0.5, None), ("unheard", 1, None)])
    assert log.rows()[0].grades["full_context"] == 1.0


def test_what_is_no_log_is_told(tmp_path):
    with pytest.raises(StoreError, match="there is no decision log"):
        DecisionLog(tmp_path / "none.sqlite", create=False)
    wrong = tmp_path / "text.sqlite"
    wrong.write_text("not a database, but long enough to be looked at" * 20)
    with pytest.raises(StoreError, match=r"text\.sqlite cannot be used"):
        DecisionLog(wrong)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("create table answers (id)")
    connection.close()
    with pytest.raises(StoreError, match="is not a decision log"):
        DecisionLog(other)


def test_grades_are_read_from_files(tmp_path):
    table, lines = tmp_path / "a.csv", tmp_path / "a.jsonl"
    table.write_text("id,quality,strategy\nx,1,\ny,0.5,rag\n")
    lines.write_text(
        '{"id": "x", "quality": 1}\n\n{"id": "y", "quality": 0.5, "strategy": "rag"}\n'
    )
    assert read_grades(table) == read_grades(lines) == [("x", 1.0, None), ("y", 0.5, "rag")]
    for name, text, said in (
        ("b.csv", "name,quality\nx,1\n", "no column id"),
        ("b.csv", "id,quality\nx,good\n", r"b.csv:2: the quality 'good'"),
        ("b.jsonl", "[1]\n", "b.jsonl:1 is no object"),
        ("b.jsonl", '{"quality": 1}', "b.jsonl:1 has no id"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match=said):
            read_grades(tmp_path / name)


def test_flushing_waits_for_what_was_noted_and_not_for_what_comes_after(log):
    watched, going = Watched(bound(), log), threading.Event()

    def asks():
        while not going.is_set():
            watched.answer("Who built it?")

    busy = threading.Thread(target=asks)
    busy.start()
    try:
        name = watched.ask("Who is mayor?").id
        grading = threading.Thread(target=log.feedback, args=(name, 1), daemon=True)
        grading.start()
        # it ends while questions go on coming
        grading.join(60)
        assert not grading.is_alive()
    finally:
        going.set()
        busy.join()
    assert [row.id for row in log.rows(graded=True)] == [name]


def test_decisions_of_an_app_that_asks_for_itself_are_logged_too(log):
    router, question = Router(SelfRoute()), Question("", "Who is mayor?")
    watched, route = Watched(router, log), Route(question)
    route.decisions.append(router.decide(question))
    watched.note(only_decided(route), "first")
    route = Route(question, asked=[("rag", Answer("The text does not mention it."))])
    route.decisions.append(router.decide(question, answers_so_far=[route.asked[0][1]]))
    watched.note(only_decided(route), "then")
    first, then = log.rows()
    assert (first.strategy, first.outcome, first.declined) == ("rag", "decided", None)
    assert (then.strategy, then.outcome, then.escalated) == ("full_context", "decided", True)
    assert not first.escalated and then.after["reply.declines"] == 1
    log.feedback("then", 1)
    assert log.rows()[1].grades == {"full_context": 1}
