"""Routers in production: decisions are logged and graded, and a shadow changes no answer."""

import logging
import math
import multiprocessing
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crossover.decisions import Decision
from crossover.errors import ConfigError, DataError, StoreError, UnknownName
from crossover.models.fake import Fake
from crossover.roles import Policy
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.rules import Rules
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router
from crossover.router.watching.feedback import read_grades
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.shadow import Shadowed, agreement
from crossover.router.watching.watched import Watched

MILL = ["Ada founded the mill in 1902.", "It stands in Ostrel, by the river."]
SECRET = "Who founded the windmill of Ostrel in secret?"


@pytest.fixture
def log(tmp_path):
    with DecisionLog(tmp_path / "decisions.sqlite") as opened:
        yield opened


def chains():
    return {
        "rag": lambda question: "The text does not mention it." if "mayor" in question else "Ada",
        "full_context": lambda question: "Belo Trask",
    }


def bound(**other):
    return Router(SelfRoute()).bind(**{**chains(), **other})


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


class _Breaking(Policy):
    """A shadow that fails, or sleeps."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    @property
    def strategies(self):
        return ("rag", "full_context")

    def decide(self, question, profile, budget, answers_so_far=()):
        time.sleep(self.seconds)
        if not self.seconds:
            raise RuntimeError("broken")
        return Decision("full_context")


def _same(answer):
    """All of an answer but its clock times."""
    trace = tuple(replace(step, seconds=None) for step in answer.trace)
    return replace(
        answer, seconds=None, critical_seconds=None, first_token_seconds=None, trace=trace
    )


@pytest.mark.parametrize("other", [Rules(tokens=5), _Breaking(), _Breaking(0.3)])
def test_a_shadow_changes_no_answer(log, other, monkeypatch):
    import crossover.router.watching.shadow as shadow

    monkeypatch.setattr(shadow, "router_name", lambda router: "other")
    asked = ["Who is mayor?", "Who built the mill?", "Where is Ostrel?"] * 5
    shadowed = Shadowed(bound(), Router(other), log)
    started = time.perf_counter()
    found = [shadowed.answer(question) for question in asked]
    assert time.perf_counter() - started < 1
    alone = [bound().answer(question) for question in asked]
    assert [_same(one) for one in found] == [_same(one) for one in alone]
    assert shadowed.settle(20)
    assert [row.strategy for row in log.rows()] == ["full_context", "rag", "rag"] * 5
    assert len(log.shadows()) == len(asked)


def test_a_shadow_is_held_against_the_router(log):
    shadowed = Shadowed(bound(), Router(Fixed("rag")), log)
    for question in ("Who is mayor?", "Who built the mill?"):
        name = shadowed.ask(question).id
        log.feedback(name, 1)
        log.feedback(name, 0.5, "rag")
    assert shadowed.settle()
    found = agreement(log, "fixed")
    assert (found.questions, found.same) == (2, 1)
    assert found.switches == {("full_context", "rag"): 1}
    assert found.quality == (0.75, 0.5)
    looking = Shadowed(Router(Fixed("full_context")), Router(SelfRoute()), log)
    looking.answer("Who?", MILL, model="fake")
    assert looking.settle()
    # it would look at an answer that nobody asked for
    assert agreement(log, "self_route").unsettled == 1


def test_a_hanging_shadow_fills_no_memory(log, monkeypatch):
    import crossover.router.watching.shadow as shadow

    monkeypatch.setattr(shadow, "WAITING", 2)
    monkeypatch.setattr(shadow, "router_name", lambda router: "hanging")
    shadowed = Shadowed(bound(), Router(_Breaking(0.5)), log)
    for _ in range(10):
        assert shadowed.answer("Who built it?").text == "Ada"
    assert log.lost["shadows"] >= 7
