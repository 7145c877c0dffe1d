"""`crossover score`: its tables, its JSON, and one clear line for what it cannot read."""

import json

import pytest
from command_line import crossover

from crossover.scoring import FORMATS, score_file


def written(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


LONGBENCH = [
    {"pred": "Paris", "answers": ["Paris", "Rome"], "all_classes": None, "length": 10},
    {"pred": "red cat", "answers": ["red dog"], "all_classes": None, "length": 10},
    {"pred": "", "answers": ["x"], "all_classes": None, "length": 10},
    {"pred": None, "answers": ["x"], "all_classes": None, "length": 10},
]


def test_a_table_tells_score_mean_and_what_was_empty(tmp_path, capsys):
    path = written(tmp_path / "hotpotqa.jsonl", LONGBENCH)
    code, out, err = crossover(capsys, "score", path)
    assert (code, err) == (0, "")
    assert "longbench, hotpotqa: 4 predictions, 2 of them empty or failed" in out
    row = next(line for line in out.splitlines() if line.startswith("longbench_qa_f1"))
    assert row.split() == ["longbench_qa_f1", "37.50", "0.3750", "4"]


def test_json_holds_every_sample(tmp_path, capsys):
    first = written(tmp_path / "hotpotqa.jsonl", LONGBENCH)
    second = written(tmp_path / "qasper.jsonl", LONGBENCH[:1])
    code, out, _ = crossover(capsys, "score", first, second, "--json")
    files = json.loads(out)["files"]
    assert code == 0
    assert [each["task"] for each in files] == ["hotpotqa", "qasper"]
    assert (files[0]["n"], files[0]["empty"]) == (4, 2)
    (found,) = files[0]["scores"]
    assert (found["score"], found["mean"], found["n"]) == (37.5, 0.375, 4)
    assert found["per_sample"] == [100.0, 50.0, 0.0, 0.0]
    assert found["values"] == [1.0, 0.5, 0.0, 0.0]
    assert found["interval"] is None


def test_intervals_where_documents_are_known(tmp_path, capsys):
    rows = [
        {"prediction": "yes" if n % 3 else "no", "answer": "yes", "group": f"d{n % 12}"}
        for n in range(36)
    ]
    path = written(tmp_path / "mine.jsonl", rows)
    code, out, _ = crossover(capsys, "score", path, "--metric", "exact_match", "--json")
    (found,) = json.loads(out)["files"][0]["scores"]
    low, high = found["interval"]
    assert code == 0
    assert found["documents"] == 12
    assert low < 2 / 3 < high
    _, out, _ = crossover(capsys, "score", path, "--metric", "exact_match")
    assert "12 documents" in out
    assert f"{low:.3f}-{high:.3f}" in out


def test_ones_own_predictions(tmp_path):
    rows = [
        {"prediction": "In Paris.", "answers": ["Paris"], "question": "Where?"},
        {"prediction": "I do not know.", "answers": []},
    ]
    found = score_file(written(tmp_path / "mine.jsonl", rows))
    means = {one.metric: (one.mean, one.n) for one in found.scores}
    assert found.format == "jsonl"
    assert means["substring_match"] == (1, 1)
    assert means["exact_match"] == (0, 1)
    assert means["abstention"] == (1, 1)
    assert means["answer_recall"] == (1, 2)


def test_choices_and_other_names_of_fields(tmp_path):
    rows = [{"reply": "(B)", "right": "B", "choices": ["Rome", "Paris"], "answer": "not this"}]
    path = written(tmp_path / "mine.jsonl", rows)
    found = score_file(path, fields={"prediction": "reply", "answers": "right"})
    assert [(one.metric, one.mean) for one in found.scores] == [("choice_accuracy", 1)]


def test_a_benchmarks_metric_on_ones_own_file(tmp_path):
    rows = [{"prediction": "Paris\nRome", "answers": ["Paris"], "tags": {"keywords": "Paris"}}]
    path = written(tmp_path / "mine.jsonl", rows)
    found = score_file(path, task="triviaqa", metrics=["longbench", "lveval_keyword_f1"])
    assert [one.mean for one in found.scores] == [1, pytest.approx(2 / 3)]


def test_topics_are_averaged_by_their_position(tmp_path):
    """OpenLMLab/LEval, auto_eval.py: every third question's mean counts alike."""
    said = ["art", "x", "x", "art"]
    rows = [{"gt": "art", "m_pred": text, "evaluation": "exam"} for text in said]
    path = written(tmp_path / "topic_retrieval_longchat.pred.jsonl", rows)
    found = score_file(path)
    assert (found.format, found.scores[0].shown) == ("leval", 33.3333)
    assert found.scores[0].values == (1, 0, 0, 1)


def test_leval_leaves_questions_for_a_judge_out(tmp_path):
    rows = [
        {"gt": "B", "m_pred": "B", "evaluation": "exam"},
        {"gt": "long", "m_pred": "text", "evaluation": "LLM"},
    ]
    path = written(tmp_path / "quality.pred.jsonl", rows)
    assert score_file(path).n == 1


def test_infinitebench_golds_of_every_shape(tmp_path):
    def mean(folder, task, truth, prediction):
        (tmp_path / folder).mkdir(exist_ok=True)
        row = {"id": 0, "pred": prediction, "label": truth}
        path = written(tmp_path / folder / f"preds_{task}.jsonl", [row])
        return score_file(path).scores[0].mean

    assert mean("m", "math_find", 3, "3.0") == 0
    assert mean("m", "math_find", 3.0, "3.0") == 1
    assert mean("m", "math_calc", [[1, 2]], "1 2") == 1
    assert mean("m", "math_calc", [1, 2], "1 2") == 1
    assert mean("gpt4", "math_calc", [1, 2], "0 1 2") == 1
    assert mean("m", "code_run", 5, "It is 5") == 1
    assert mean("m", "passkey", ["71"], "71") == 1
    # one text in place of a list is gone through letter by letter there
    assert mean("m", "longbook_qa_chn", "北京", "北") == 1


def test_minilongbench_tells_classes_from_answers(tmp_path):
    gold = {"answers": ["A B"], "all_classes": ["A", "B", "A B"]}
    path = tmp_path / "MiniLongBench_trec.json"
    path.write_text(json.dumps({"0": {"prediction": "A B\nC", "gold": gold}}))
    found = score_file(path)
    assert (found.format, found.task, found.scores[0].mean) == ("minilongbench", "trec", 0.5)


GOOD = json.dumps(LONGBENCH[0])


@pytest.mark.parametrize(
    ("name", "content", "options", "told"),
    [
        ("hotpotqa.jsonl", None, [], "hotpotqa.jsonl: there is no such file"),
        ("hotpotqa.jsonl", "", [], "hotpotqa.jsonl: the file is empty"),
        ("hotpotqa.jsonl", "{", [], "hotpotqa.jsonl line 1: not valid JSON"),
        ("hotpotqa.jsonl", GOOD + "\n[1]", [], "line 2: expected one JSON object, got [1]"),
        ("hotpotqa.jsonl", GOOD + '\n{"pred": "x"}', [], "line 2: answers: missing; expected a"),
        (
            "hotpotqa.jsonl",
            GOOD + '\n{"pred": ["x"], "answers": ["y"]}',
            [],
            "line 2: pred: got ['x']; expected the model's answer, a text",
        ),
        ("mine.jsonl", GOOD, ["--format", "longbench"], "its name holds no task; give --task"),
        ("hotpotqa.jsonl", GOOD, ["--task", "nope"], "no task 'nope'; there is: narrativeqa"),
        ("hotpotqa.jsonl", GOOD, ["--format", "longbnch"], "did you mean longbench?"),
        ("hotpotqa.jsonl", GOOD, ["--metric", "f1_squat"], "did you mean f1_squad?"),
        ("mine.jsonl", '{"x": 1}', [], "cannot be told from its first record; give --format"),
        ("mine.jsonl", GOOD, ["--fields", "prediction"], "--fields: expected NAME=FIELD"),
        ("mine.jsonl", GOOD, ["--fields", "prediction=reply"], "line 1: reply: missing; there is"),
        ("trec.json", "[]", ["--format", "minilongbench"], "there are no predictions to score"),
        (
            "trec.json",
            '{"0": {"prediction": "x"}}',
            ["--format", "minilongbench"],
            "sample 0: gold",
        ),
        (
            "quality.pred.jsonl",
            '{"gt": "x", "evaluation": "LLM", "m_pred": "y"}',
            [],
            "are for a judge (evaluation: LLM); only exam, f1, rouge",
        ),
        (
            "quality.pred.jsonl",
            '{"gt": "x", "evaluation": "exam"}',
            [],
            "line 1: MODEL_pred: expected the answer, a text",
        ),
    ],
)
def test_what_cannot_be_scored_is_one_clear_line(tmp_path, capsys, name, content, options, told):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    code, out, err = crossover(capsys, "score", path, *options)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_the_command_names_every_format():
    from crossover.commands.score import FORMATS as NAMED

    assert all(name in NAMED for name in FORMATS)
