"""LongBench, LongBench-E and MiniLongBench in their published formats."""

from __future__ import annotations

import json
from statistics import mean
from zipfile import ZipFile

import pytest
from benchmark_scoring import built
from published_files import (
    FIXTURES,
    as_parquet,
    copied,
    edited,
    every_bad_value_is_named,
    examples,
    shown,
    texts,
    told,
)

from crossover.errors import UnknownName
from crossover.types import Answer

DATA = FIXTURES / "longbench" / "data"
MINI = FIXTURES / "minilongbench" / "pred_data" / "example"


def by_task(name, path=None, **options):
    found = {}
    for example in examples(name, path, **options).values():
        found.setdefault(example.tags["task"], []).append(example)
    return found


def test_longbench_has_a_question_on_one_text():
    found = by_task("longbench")
    mill, fire = found["hotpotqa"]
    assert mill.question.id == "0001c0de"
    assert mill.question.text == "Who built the mill by the Orne?\nGive the answer alone."
    assert mill.answers == ("Ann Lee", "Lee")
    assert texts(mill) == [
        "Passage 1:\nOrne Mill\nAnn Lee built the mill.\nPassage 2:\nOrne\nA river."
    ]
    assert mill.tags == {
        "task": "hotpotqa",
        "category": "multi-document",
        "language": "en",
        "length": "0-4k",
    }
    # a blank gold beside another is none
    assert fire.answers == ("1904",)
    assert fire.question.text.startswith("When did it burn?\n")
    assert fire.tags["length"] == "8k+"
    assert found["qasper"][0].answers == ("no", "unanswerable")
    assert '"unanswerable"' in found["qasper"][0].question.text
    assert found["qasper"][0].tags["length"] == "4-8k"
    assert len(found) == 11


def test_the_even_lengths_are_told_apart_by_their_files(tmp_path):
    folder = copied("longbench", tmp_path) / "data"
    for path in (FIXTURES / "longbench_e" / "data").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    assert examples("longbench", folder.parent).keys() == examples("longbench").keys()
    assert examples("longbench_e", folder).keys() == examples("longbench_e").keys()
    even = examples("longbench_e")
    assert [e.tags["length"] for e in even.values()] == ["0-4k", "4-8k", "8k+", "4-8k"]
    assert {e.tags["task"] for e in even.values()} == {"hotpotqa", "samsum"}
    assert len(examples("longbench_e", length="8k+")) == 1


def test_what_is_asked_where_the_file_asks_nothing():
    found = by_task("longbench")
    report, meeting, count = (found[t][0] for t in ("gov_report", "vcsum", "passage_count"))
    assert report.question.text == "Write a summary of the report, of about a page."
    assert report.question.form == meeting.question.form == "summary"
    assert meeting.question.text == "写一段话，总结会议的内容。"
    assert meeting.tags["language"] == "zh"
    assert "Give the number alone." in count.question.text


def test_classes_are_what_the_metric_reads():
    found = by_task("longbench")
    kind, news = found["trec"][0], found["lsht"][0]
    assert kind.question.text.endswith("\nQuestion: How tall is the mill ?\nType:")
    assert (kind.question.form, kind.question.choices) == ("answer", ())
    assert kind.tags["classes"] == "Individual\nNumber"
    assert news.tags["classes"] == "教育\n经济"
    metric = built("longbench")
    assert metric(kind, Answer("Number\nQuestion: and Individual ?")) == 1
    assert metric(kind, Answer("Number or Individual")) == 0.5
    assert metric(news, Answer("经济")) == 1


def test_the_paragraph_to_be_found_is_the_evidence():
    found = by_task("longbench")
    river, port = found["passage_retrieval_en"]
    assert shown(river) == ["A mill by the river."]
    assert river.question.text.endswith("\n\nIt tells of a mill.")
    # of two paragraphs with one number neither
    assert shown(port) == []
    (chinese,) = found["passage_retrieval_zh"]
    assert shown(chinese) == ["河边的磨坊。"]
    assert chinese.answers == ("段落2",)


def test_code_goes_on_from_what_the_question_shows():
    found = by_task("longbench")
    (line,) = found["lcc"]
    assert line.question.form == "code"
    assert line.tags["language"] == "python"
    last = "".join(f"line{n} = {n}\n" for n in range(11, 30))
    assert line.question.text == (
        f"Write the next line of the code that ends with:\n{last}if mill:\n"
    )
    assert line.answers == ("    grind()",)
    (file,) = found["repobench-p"]
    assert file.question.text.endswith(":\nimport mill\n\nmill.open()\n")
    assert texts(file) == ["mill.py\ndef open():\n    pass\n"]
    assert file.answers == ("mill.close()\r",)


def zipped(folder, target):
    with ZipFile(target, "w") as packed:
        for path in sorted(folder.glob("*.jsonl")):
            packed.write(path, f"data/{path.name}")
            packed.writestr(f"__MACOSX/data/._{path.name}", b"\0")
    return target


def test_data_zip_is_read_as_it_is(tmp_path):
    path = zipped(DATA, tmp_path / "data.zip")
    whole = {name: (e.question, e.answers, e.tags) for name, e in examples("longbench").items()}
    for place in (path, tmp_path):
        packed = examples("longbench", place)
        assert {n: (e.question, e.answers, e.tags) for n, e in packed.items()} == whole
    assert "no file of longbench_e in the zip" in told("longbench_e", path)
    assert list(by_task("longbench", path, task="lcc")) == ["lcc"]
    with pytest.raises(UnknownName, match="did you mean lcc"):
        examples("longbench", path, task="lc")


def test_a_bad_zip_or_line_in_it_is_named(tmp_path):
    path = tmp_path / "data.zip"
    with ZipFile(path, "w") as packed:
        packed.writestr(
            "data/lcc.jsonl", '{"context": "x", "input": "", "answers": "y"}\n\n{"context"\n'
        )
    assert told("longbench", path).startswith(f"{path}/data/lcc.jsonl line 3: not valid JSON")
    with ZipFile(path, "w") as packed:
        packed.writestr("readme.jsonl", "{}")
    assert f"{path}: no file of longbench in the zip" in told("longbench", path)
    path.write_bytes(b"PK\3\4 no more")
    assert told("longbench", path) == f"{path}: cannot be read: File is not a zip file"
    assert told("longbench", tmp_path) == f"{path}: cannot be read: File is not a zip file"


def test_parquet_of_each_task_is_read(tmp_path):
    as_parquet(DATA / "trec.jsonl", tmp_path / "trec" / "test-00000-of-00001.parquet")
    (found,) = examples("longbench", tmp_path).values()
    assert found.tags["classes"] == "Individual\nNumber"


def test_the_row_tells_the_task_of_a_file_of_another_name(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text((DATA / "trec.jsonl").read_text())
    assert list(by_task("longbench", path)) == ["trec"]
    path.write_text((FIXTURES / "longbench_e" / "data" / "samsum_e.jsonl").read_text())
    assert list(by_task("longbench_e", path)) == ["samsum"]
    path.write_text((DATA / "trec.jsonl").read_text().replace('"trec"', '"nq"'))
    assert f"{path} line 1: dataset: 'nq' is none of narrativeqa, qasper" in told("longbench", path)


@pytest.mark.parametrize(
    ("task", "change", "line"),
    [
        ("trec", {"input": " "}, "input: is empty; trec asks it"),
        ("trec", {"input": None}, "input: is null"),
        ("trec", {"length": "long"}, "length: expected a whole number, got 'long'"),
        ("trec", {"all_classes": [{}]}, "all_classes: expected a list of texts"),
        ("gov_report", {"answers": {"a": 1}}, "answers: expected a list of texts"),
        ("gov_report", {"answers": [""]}, "answers[0]: expected a text that is not empty"),
    ],
)
def test_what_is_wrong_is_named(task, change, line, tmp_path):
    path = copied("longbench", tmp_path) / "data" / f"{task}.jsonl"
    edited(path, lambda row: row.update(change))
    assert told("longbench", path).startswith(f"{path} line 1: {line}")


def test_minilongbench_takes_text_and_question_out_of_the_prompt():
    found = by_task("minilongbench")
    built_it, ran_it = found["hotpotqa"]
    assert built_it.question.id == "hotpotqa-0"
    assert built_it.question.text == "Who built it?\nGive the answer alone."
    assert texts(built_it) == [
        "Passage 1:\nMill\nAnn Lee built it.\n\nQuestion: who?\nAnswer: none"
    ]
    assert built_it.tags == {"task": "hotpotqa", "category": "multi-document", "language": "en"}
    # what a chat's template puts around the prompt is no part of it
    assert (ran_it.question.text, ran_it.answers) == (
        "Who ran it?\nGive the answer alone.",
        ("Bo", "Bob"),
    )
    assert texts(found["qasper"][0]) == ["Introduction\nWe use letters."]
    kind = found["trec"][0]
    assert kind.question.text.endswith("\nQuestion: How tall is it ?\nType:")
    assert texts(kind) == ["Question: Who runs it ?\nType: Individual"]
    assert (kind.answers, kind.tags["classes"]) == (("Number",), "Individual\nNumber")
    assert texts(found["multi_news"][0]) == [
        "Passage 1:\nThe mill burned. NEWLINE_CHAR It rained.\n"
    ]
    paragraph = found["passage_retrieval_zh"][0]
    assert paragraph.question.text.endswith("回答。\n\n说的是磨坊。")
    assert shown(paragraph) == ["磨坊。"]
    # several models' predictions hold one and the same question
    assert [texts(one) for one in found["lcc"]] == [["if mill:\n"]]


def test_minilongbench_is_read_from_its_data_set_too(tmp_path):
    path = zipped(DATA, tmp_path / "data.zip")
    packed = examples("minilongbench", path)
    assert packed.keys() == examples("longbench").keys()
    assert examples("minilongbench", DATA).keys() == packed.keys()


def test_minilongbench_reads_a_list_of_samples_and_one_file(tmp_path):
    path = tmp_path / "hotpotqa.json"
    samples = json.loads((MINI / "MiniLongBench_hotpotqa.json").read_text())
    path.write_text(json.dumps(list(samples.values())))
    assert list(examples("minilongbench", tmp_path)) == ["hotpotqa-0", "hotpotqa-1"]
    path.write_text(json.dumps({"0": samples["0"]}))
    assert list(examples("minilongbench", path)) == ["hotpotqa-0"]
    path.rename(tmp_path / "mine.json")
    assert "MiniLongBench_TASK.json" in told("minilongbench", tmp_path / "mine.json")


def test_what_is_wrong_with_a_sample_is_named(tmp_path):
    folder = copied("minilongbench", tmp_path) / "pred_data" / "example"
    path = folder / "MiniLongBench_hotpotqa.json"
    every_bad_value_is_named("minilongbench", path, lambda read: read["1"], "sample 1")
    path = folder / "MiniLongBench_trec.json"
    every_bad_value_is_named("minilongbench", path, lambda read: read["0"], "sample 0")
    edited(path, lambda read: read["0"]["gold"].pop("answers"))
    assert told("minilongbench", path) == (
        f"{path} sample 0: gold.answers: missing; there is: all_classes"
    )
    edited(path, lambda read: read["0"].update(origin_prompt="Hello?"))
    assert told("minilongbench", path) == (
        f"{path} sample 0: origin_prompt: is no prompt of LongBench's trec"
    )


def test_every_sample_of_minilongbench_is_a_question(benchmark_data):
    folder = benchmark_data / "minilongbench"
    found = by_task("minilongbench", folder)
    files = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    del files["expected_scores"]
    assert {task: len(held) for task, held in found.items()} == {
        task: len(samples) for task, samples in files.items()
    }
    for task, held in found.items():
        for one, sample in zip(held, files[task].values(), strict=True):
            prompt, gold = sample["origin_prompt"], sample["gold"]
            (document,) = one.question.documents
            asked = one.question.text.splitlines()
            assert document.text in prompt
            # but for the instructions nothing of the prompt is lost
            assert len(prompt) - len(document.text) - len(one.question.text) < 700
            assert any(line in prompt for line in asked) or one.tags["task"] in ASKS_NOTHING
            assert list(one.answers) == (gold["answers"] if isinstance(gold, dict) else gold)
            assert len(one.evidence) == ("retrieval" in task)


ASKS_NOTHING = ("multi_news", "gov_report", "vcsum", "passage_count")


def test_released_answers_score_as_longbench_scores_them(benchmark_data):
    folder = benchmark_data / "minilongbench"
    expected = json.loads((folder / "expected_scores.json").read_text())
    found = by_task("minilongbench", folder)
    assert found.keys() == expected.keys()
    for task, theirs in expected.items():
        released = json.loads((folder / f"{task}.json").read_text()).values()
        scores = [
            built("longbench")(one, Answer(sample["prediction"]))
            for one, sample in zip(found[task], released, strict=True)
        ]
        assert [round(100 * score, 2) for score in scores] == theirs["per_sample"], task
        assert round(100 * mean(scores), 2) == theirs["score"], task
