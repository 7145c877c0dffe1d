"""More questions, answers and texts than are kept in memory: the same results from fewer bytes."""

import gc
import json
import tracemalloc
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crossover
from crossover import documents
from crossover.documents import Document
from crossover.errors import DataError
from crossover.experiments import answering, frame, grid, questions, run
from crossover.experiments.grid import load_grid
from crossover.experiments.plan import plan
from crossover.experiments.questions import Questions, sampled, spread
from crossover.types import Example, Question


def written(folder, many, documents=40):
    lines = [
        {
            "question": f"Who built bridge {n}?",
            "answers": ["Ada"],
            "documents": [
                {"id": f"d{n // 5 % documents}", "text": f"Ada built {n // 5 % documents}. " * 30}
            ],
            "tags": {"kind": str(n % 3)},
        }
        for n in range(many)
    ]
    path = folder / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return {
        "datasets": [f"jsonl({path})"],
        "models": ["fake(reply=Ada)"],
        "strategies": ["closed_book", "rag(k=2)"],
    }


def of_groups(groups):
    return [Example(Question(f"q{at}", "?"), group=name) for at, name in enumerate(groups)]


@pytest.fixture
def few(monkeypatch):
    """As if little could be kept."""
    for module, name, value in (
        (questions, "KEPT", 7),
        (answering, "KEPT", 7),
        (grid, "KEPT", 7),
        (run, "KEPT", 7),
        (run, "READ_TOGETHER", 5),
        (frame, "ROWS_TOGETHER", 6),
    ):
        monkeypatch.setattr(module, name, value)


def steady(table):
    return table.drop(columns=[name for name in table if "seconds" in name])


def test_a_run_in_pieces_gives_the_same_results(tmp_path, few, monkeypatch):
    asked = written(tmp_path, 40) | {"budget": {"run": {"calls": 1000}}}
    pieces = crossover.run(asked, tmp_path / "pieces")
    monkeypatch.undo()
    whole = crossover.run(asked, tmp_path / "whole")
    keys = ["example", "strategy"]
    one, two = (steady(t).sort_values(keys, ignore_index=True) for t in (pieces, whole))
    pd.testing.assert_frame_equal(one, two)
    assert json.loads(pieces.attrs["steps"]) == json.loads(whole.attrs["steps"])
    details = [
        pd.read_parquet(tmp_path / name / "details.parquet").sort_values(keys, ignore_index=True)
        for name in ("pieces", "whole")
    ]
    pd.testing.assert_frame_equal(*(t.drop(columns=["total", "trace"]) for t in details))


def test_a_budget_in_pieces_leaves_out_what_it_left_unasked(tmp_path, few, monkeypatch):
    asked = written(tmp_path, 40) | {"budget": {"run": {"calls": 31}}}
    pieces = crossover.run(asked, tmp_path / "run")
    monkeypatch.undo()
    again = crossover.run(asked | {"budget": {}}, tmp_path / "run")
    assert 0 < pieces["example"].nunique() < 40 and again["example"].nunique() == 40
    [_, line] = pieces.attrs["unasked"]
    assert line.startswith(f"{40 - pieces['example'].nunique()} of 40 questions are left out")


def test_failed_answers_are_asked_again_in_pieces(tmp_path, few):
    asked = written(tmp_path, 20)
    crossover.run(asked | {"models": ["fake(fails=timeout)"]}, tmp_path / "run")
    again = crossover.run(
        asked | {"models": ["fake(fails=timeout)"]}, tmp_path / "run", retry_failed=True
    )
    assert len(again) == 40


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=80), st.data())
def test_a_spread_sample_takes_every_group_before_any_twice(groups, data):
    limit = data.draw(st.integers(1, len(groups)))
    numbers = [ord(name) for name in groups]
    places = list(spread(numbers, limit, 3))
    assert places == sorted(set(places)) and len(places) == limit
    assert places == list(spread(numbers, limit, 3))
    taken, there = Counter(groups[at] for at in places), Counter(groups)
    # whoever has one left has been taken as often as anybody, or once less
    open_ = [taken[name] for name in there if taken[name] < there[name]]
    assert all(many >= max(taken.values()) - 1 for many in open_)


def test_many_questions_are_read_again_and_sampled_alike(few):
    examples = of_groups("abcab" * 4)
    read = []

    def again():
        read.append(1)
        return iter(examples)

    found = Questions(again, None, 0)
    assert [*found] == [*found] == examples and len(found) == 20 and len(read) == 3
    some = Questions(again, 5, 1)
    assert len(some) == 5 and [*some] == [*Questions(again, 5, 1)]
    assert {one.group for one in some} == {"a", "b", "c"}
    larger = Questions(again, 12, 1)
    assert len(larger) == len([*larger]) == 12
    assert {one.question.id for one in larger.sample(4, 0)} <= {one.question.id for one in larger}
    assert found.sample(4, 0) == found.sample(4, 0) != found.sample(4, 1)


def test_few_questions_are_sampled_as_ever():
    examples = of_groups("aaabbc")
    assert [*Questions(lambda: examples, 3, 5)] == sampled(examples, 3, 5)


def test_planning_keeps_no_question(tmp_path, monkeypatch):
    monkeypatch.setattr(questions, "KEPT", 500)

    def peak(many):
        folder = tmp_path / str(many)
        folder.mkdir()
        asked = written(folder, many, documents=many)
        gc.collect()
        tracemalloc.start()
        planned = plan(load_grid(asked))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert set(planned["questions"]) == {many}
        return found

    peak(1_000)
    # a document and a question take some 4,000 bytes each when they are kept
    assert (peak(6_000) - peak(2_000)) / 4_000 < 1_000


def test_texts_of_files_are_let_go_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "LOADED", 2_500)
    monkeypatch.setattr(documents, "_loaded", documents._Loaded())
    loads = Counter()

    def loading(name):
        def load():
            loads[name] += 1
            return name * 1_000

        return load

    three = [Document(name, loading(name)) for name in "abc"]
    assert [one.text[0] for one in three] == ["a", "b", "c"]
    assert [one.text[:2] for one in three[1:]] == ["bb", "cc"]
    assert loads == {"a": 1, "b": 1, "c": 1}
    assert three[0].text == "a" * 1_000 and loads["a"] == 2
    long = Document("long", loading("x" * 5))
    assert long.text == long.text and loads["x" * 5] == 1


def test_a_file_that_changes_between_two_readings_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "LOADED", 10)
    monkeypatch.setattr(documents, "_loaded", documents._Loaded())
    texts = iter(["as it was", "as it is now"])
    one = Document("page.txt", lambda: next(texts))
    assert one.digest
    Document("other", lambda: "another text").text  # noqa: B018
    with pytest.raises(DataError, match=r"page.txt: its text has changed"):
        one.text  # noqa: B018
