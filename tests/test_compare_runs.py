"""What stands against what in two runs, what nobody can say, and the command."""

import json
import math
import re

import pytest
from comparable import lower, results, scores, statuses
from frames import frame
from typer.testing import CliRunner

import crossover
from crossover.cli import app, main
from crossover.errors import ConfigError, CrossoverError, DataError, UnknownName
from crossover.experiments.comparing.runs import compare_runs


def test_only_common_questions_count_and_the_rest_is_said(saved):
    first, second = results(scores(14, 60)), results(scores(14, 80))
    found = compare_runs(saved(first), saved(second), fail_if=["score < 0"])
    assert found.verdicts[0].row.change.n == 60
    assert "papers: 20 questions are only in B and left out" in found.notes


def test_what_is_called_otherwise_is_mapped(saved):
    values = scores(15)
    base = saved(results(values, strategy="rag(k=5)", model="openai:old"))
    other = saved(results(lower(values, 0.3), strategy="rag(k=10)", model="openai:new"))
    with pytest.raises(DataError, match=re.escape('--map "openai:old=openai:new"')):
        compare_runs(base, other)
    maps = ["rag(k=5)=rag(k=10)", "openai:old=openai:new"]
    found = compare_runs(base, other, maps=maps, fail_if=["score < -0.1 for rag(k=10)"])
    assert statuses(found) == ["fails"]
    assert found.rows[0].names == ("papers", "openai:old → openai:new", "rag(k=5) → rag(k=10)")
    with pytest.raises(UnknownName, match="did you mean"):
        compare_runs(base, other, maps=["rag(k=6)=rag(k=10)"])
    with pytest.raises(ConfigError, match="mapped to one"):
        compare_runs(base, other, maps=["rag(k=5)=rag(k=10)", "openai:old=rag(k=10)"])


def test_what_only_one_run_has_is_said(saved):
    import pandas as pd

    both = frame(
        pd.concat([results(scores(16)), results(scores(16), strategy="graph")]).to_dict("records")
    )
    notes = compare_runs(saved(both), saved(results(scores(16)))).notes
    assert "only in A: graph with reader on papers" in notes


def test_differences_other_than_answers_are_said(saved):
    values = scores(17, 24)
    base = results(values, 8, dollars=0.001)
    other = results(values, 8, dollars=0.002)
    other["answer"] = base["answer"]
    other["answer_recall"] = values / 2
    other.attrs["config"] = "strategies: [rag]\nseed: 2\n"
    other.attrs["metrics"] = {"papers": ["answer_recall"]}
    other["seconds"] = math.nan
    notes = "\n".join(compare_runs(saved(base), saved(other)).notes)
    assert "seed differs: 1 in A, 2 in B" in notes
    assert "8 documents only; intervals are rough below 10" in notes
    assert "24 equal answers have another answer_recall" in notes
    assert "24 answers of equal tokens cost otherwise: prices differ" in notes
    assert "only A is scored by abstention" in notes
    assert "latency was measured on 0 of 24 questions" in notes


def test_what_was_not_measured_cannot_be_judged(saved):
    base = saved(results(scores(18), seconds=math.nan))
    with pytest.raises(DataError, match="seconds_p95 is known for no question"):
        compare_runs(base, base, fail_if=["seconds_p95 > +20%"])
    partly = scores(18)
    unknown = saved(results(partly, dollars=[math.nan, *[0.001] * 79]))
    with pytest.raises(DataError, match="cost"):
        compare_runs(base, unknown, fail_if=["cost > +10%"])
    with pytest.raises(ConfigError, match="did you mean answer_recall"):
        compare_runs(base, base, fail_if=["answer_recal < 0"])
    with pytest.raises(UnknownName):
        compare_runs(base, base, fail_if=["score < 0 for nobody"])


def test_one_document_settles_nothing(saved):
    base, worse = saved(results([1.0] * 5, 1)), saved(results([0.0] * 5, 1))
    found = compare_runs(base, worse, fail_if=["score < 0"], unless_shown=["score > -0.5"])
    assert statuses(found) == ["not settled", "fails"]


def test_changed_documents_are_noticed(tmp_path):
    def asked(context, out):
        lines = [{"id": "q", "question": "Who?", "answers": ["Ada"], "context": context}]
        path = tmp_path / "questions.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        grid = {"datasets": [f"jsonl({path})"], "models": ["fake"], "strategies": ["rag"]}
        crossover.run(grid, tmp_path / out)
        return tmp_path / out

    first, same = asked("Ada did.", "first"), asked("Ada did.", "same")
    other = asked("Bob did.", "other")
    assert not [note for note in compare_runs(first, same).notes if "not asked the same" in note]
    notes = compare_runs(first, other).notes
    assert any(note.startswith("rag with fake on jsonl: 1 of 1 questions were") for note in notes)


def invoke(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_exit_codes_say_fine_failed_and_wrong(saved, capsys, monkeypatch):
    values = scores(19)
    base, worse = saved(results(values)), saved(results(lower(values, 0.3)))
    assert invoke(base, base, "--fail-if", "score < 0").exit_code == 0
    assert invoke(base, worse, "--fail-if", "score < 0").exit_code == 1
    assert isinstance(invoke(base, worse, "--fail-if", "score").exception, CrossoverError)
    monkeypatch.setattr("sys.argv", ["crossover", "compare", str(base), "nowhere"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("error: no results.parquet in nowhere")


def test_the_comparison_is_printed_as_text_markdown_and_json(saved):
    values = scores(20)
    base, worse = saved(results(values)), saved(results(lower(values, 0.3)))
    asked = (base, worse, "--fail-if", "score < -0.1")
    text = invoke(*asked).stdout
    assert "1 FAILS" in text
    assert "model: reader" in text
    found = json.loads(invoke(*asked, "--json").stdout)
    assert found["failed"] is True
    assert found["conditions"][0]["status"] == "fails"
    assert found["conditions"][0]["clusters"] == 20
    assert {one["measure"] for one in found["changes"]} >= {"answer_recall", "cost", "failures"}
    lines = invoke(*asked, "--markdown").stdout.splitlines()
    assert lines[0].startswith("**A: ")
    assert [line for line in lines if line.startswith("| rag ") and "FAILS" in line]
    assert isinstance(invoke(*asked, "--json", "--markdown").exception, ConfigError)
