"""LooGLE in both its formats, with its own scores, and Loong."""

import json

import pytest
from benchmark_scoring import score
from published_files import FIXTURES, changed, copied, examples, named, shown, texts, told

NAMES = '{"<mask-0>": "Ann O\'Neil", "<mask-1>": "Lee"}'


def test_loogle_reads_the_questions_that_python_printed():
    found = examples("loogle")
    built, order = found["longdep_qa-1-1"], found["longdep_qa-1-2"]
    assert built.question.text == "Who built Orle's mill?"
    assert built.answers == ("Lee.",)
    assert built.tags == {"task": "longdep_qa", "type": "comprehension_and_reasoning"}
    # a line break more than in the quote is the same words
    assert shown(built) == ["The mill of Orle was built in 1803.", "Lee the\nbuilder lived there."]
    # what stands there twice, or reworded, has no place
    assert order.evidence == ()
    assert order.question.text == "In what order?\n1. Ann buys it\n2. it is built"
    assert order.answers == ("2,1",)
    assert order.question.documents == built.question.documents
    assert built.question.documents[0].metadata == {"title": "Orle"}
    assert built.group == order.group


def test_loogle_asks_for_masked_names_as_json():
    found = examples("loogle")["shortdep_cloze-1"]
    assert found.question.text.endswith("\n\n<mask-1> built what <mask-0> bought.")
    assert "JSON object" in found.question.text
    assert found.answers == (NAMES,)
    assert found.tags == {"task": "shortdep_cloze"}
    assert found.evidence == ()


def test_loogle_has_summaries_without_a_question():
    found = examples("loogle")
    for name, gold in (
        ("longdep_summarization-1", "Mills are studied."),
        ("summarization-1", "Rain is studied."),
    ):
        assert found[name].question.form == "summary"
        assert found[name].question.text == "Write a summary of the text."
        assert found[name].answers == (gold,)


def test_loogle_has_a_question_in_each_row_since_2025():
    found = examples("loogle")
    built, bought = found["shortdep_qa-1"], found["shortdep_qa-2"]
    assert (built.question.text, built.answers) == ("When was it built?", ("In 1803.",))
    assert shown(built) == ["The mill of Orle was built in 1803."]
    assert bought.answers == ("1810",)
    assert texts(built) == texts(bought) == texts(found["longdep_qa-1-1"])


def test_loogle_reads_json_lines_called_json(tmp_path):
    source = FIXTURES / "loogle" / "data" / "longdep_qa.jsonl"
    (tmp_path / "longdep_qa.json").write_text(source.read_text())
    assert list(examples("loogle", tmp_path)) == ["longdep_qa-1-1", "longdep_qa-1-2"]


@pytest.mark.parametrize(
    ("task", "field", "value", "line"),
    [
        ("longdep_qa", "qa_pairs", "[{'Q': ", "qa_pairs: expected a list or an object as Python"),
        ("longdep_qa", "qa_pairs", "__import__('os')", "qa_pairs: expected a list or an object as"),
        ("longdep_qa", "qa_pairs", "[]", "qa_pairs: holds no question"),
        ("longdep_qa", "qa_pairs", "['Q']", "qa_pairs[0]: expected an object, got 'Q'"),
        ("longdep_qa", "qa_pairs", [{"Q": "q", "S": "s"}], "qa_pairs[0].A: missing; there is"),
        ("longdep_qa", "qa_pairs", "none", "output: holds no summary"),
        ("shortdep_cloze", "qa_pairs", "[{'Q': 'q', 'A': 'Lee'}]", "qa_pairs[0].A: expected a"),
        ("shortdep_cloze", "qa_pairs", "[{'Q': 'q', 'A': {}}]", "qa_pairs[0].A: names no mask"),
        ("shortdep_cloze", "qa_pairs", "[{'Q': 'q', 'A': {'m': 1}}]", "qa_pairs[0].A: expected an"),
        ("longdep_summarization", "output", "None", "output: holds no summary"),
        ("shortdep_qa", "context", None, "input: missing; "),
    ],
)
def test_loogle_names_what_is_wrong(task, field, value, line, tmp_path):
    folder = copied("loogle", tmp_path)
    path = folder / "data" / f"{task}.jsonl"
    changed(path, **{field: value})
    assert told("loogle", path).startswith(
        f"{path} line {2 if task == 'shortdep_qa' else 1}: {line}"
    )


def test_loogle_reads_pairs_that_are_a_list(tmp_path):
    path = copied("loogle", tmp_path) / "data" / "longdep_qa.jsonl"
    changed(path, qa_pairs=[{"Q": "Who?", "A": "Lee", "S": "Lee"}])
    found = examples("loogle", path)["longdep_qa-1"]
    assert (found.answers, shown(found)) == (("Lee",), ["Lee"])


@pytest.mark.parametrize(
    ("said", "partial", "exact"),
    [
        (NAMES, 1.0, 1.0),
        ("{'<mask-0>': 'Ann', '<mask-1>': 'Lee'}", 1.0, 0.5),
        ("{'<mask-0>': 'Bo', '<mask-1>': 7}", 0.0, 0.0),
        ("{'<mask-1>': 'Lee'}", 0.5, 0.5),
        (f"```json\n{NAMES}\n```", 0.0, 0.0),
        ("Ann and Lee", 0.0, 0.0),
        ("['Lee']", 0.0, 0.0),
        ("{[]: 1}", 0.0, 0.0),
    ],
)
def test_masked_names_are_scored_by_mask(said, partial, exact):
    assert score("loogle", said, NAMES, task="shortdep_cloze") == partial
    assert score("loogle_cloze(exact=true)", said, NAMES) == exact


def test_loogle_scores_the_recall_of_distinct_words():
    gold = "Lee built the mill. Ann bought it."
    # sentence by sentence: built the mill of the first, bought it of the second; 5 of 7
    assert score("loogle", "He built the mill. She bought it", gold) == pytest.approx(5 / 7)
    # whatever the order: built the mill bought it
    said = "mill the built. it bought"
    assert score("loogle_rouge(kind=rouge1)", said, gold) == pytest.approx(5 / 7)
    # runs of two words, over full stops too: built the, the mill, bought it of six
    said = "He built the mill. She bought it"
    assert score("loogle_rouge(kind=rouge2)", said, gold) == pytest.approx(3 / 6)
    assert score("loogle_rouge(kind=rouge2)", said, "Lee") == 0


def test_loong_finds_reports_by_their_names():
    found = examples("loong")
    profit, groups, trend = found["u1"], found["u2"], found["u3"]
    assert profit.question.text == "Use the reports alone.\n\nWhat is the profit of C?"
    assert profit.answers == ("$0.1",)
    assert profit.tags == {
        "task": "financial",
        "level": "spotlight locating",
        "length": "10-50k",
        "language": "en",
    }
    # not every file with a C in its name
    assert sorted(texts(profit), key=len) == [
        "《C》\nC earned $0.1.\n",
        "《CABLE [UK] INC.》\nCable earned nothing.\n",
    ]
    # not shuffled where the file says so
    assert named(groups) == ["CABLE [UK] INC.", "C"]
    assert groups.answers == ('{"high": ["C"], "low": []}',)
    assert sorted(named(trend)) == ["米厂-2023年报", "米厂-2024年报"]
    assert (trend.tags["level"], trend.tags["language"]) == ("chain of reasoning", "zh")


def test_loong_numbers_judgments_and_hides_outcomes_that_are_asked_for():
    found = examples("loong")
    assert texts(found["u4"]) == ["《判决文书1》\n甲诉乙。驳回。", "《判决文书2》\n乙诉甲。支持。"]
    assert named(found["u4"]) == ["《判决文书1》", "《判决文书2》"]
    assert found["u4"].answers == ("《判决文书2》",)
    assert texts(found["u5"]) == ["《判决文书1》\n乙诉甲。", "《判决文书2》\n甲诉乙。"]
    assert found["u5"].answers == ('{"《判决文书1》": "判决结果1"}',)
    assert found["u5"].tags["length"] == "200k+"


def test_loong_asks_for_citations_of_papers_by_title():
    found = examples("loong")
    one, chain = found["u6"], found["u7"]
    assert one.question.text == "Tell references and citations.\n\nThe paper to analyse: Mills"
    assert one.answers == ('{"Reference": ["Rain"], "Citation": []}',)
    assert sorted(named(one)) == ["Mills", "Rain"]
    assert chain.question.text == "List the longest chain."
    assert chain.answers == ('["Rain", "Mills"]',)
    # a paper that is named twice is shown once
    assert sorted(texts(chain)) == ["# Mills \nMills turn, see Rain.\n", "# Rain\nRain falls.\n"]


def test_loong_shuffles_by_the_id(tmp_path):
    path = copied("loong", tmp_path) / "data" / "loong.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    many = [{**rows[0], "id": f"v{number}"} for number in range(20)]
    path.write_text("\n".join(map(json.dumps, many)))
    assert {named(one)[0] for one in examples("loong", path).values()} == {"C", "CABLE [UK] INC."}


@pytest.mark.parametrize(
    ("row", "change", "line"),
    [
        (0, {"doc": ["Z"]}, "doc: '2024-Z' is no file's name in "),
        (2, {"doc": ["年报"]}, "doc: '年报' may be any of 米厂-2023年报, 米厂-2024年报 in "),
        (0, {"doc": []}, "doc: names no document"),
        (0, {"type": "novel"}, "type: 'novel' is none of financial, legal, paper"),
        (0, {"level": 5}, "level: expected 1 to 4, got 5"),
        (0, {"set": 0}, "set: expected 1 to 4, got 0"),
        (0, {"answer": []}, "answer: expected a text, a list of texts or an object of them"),
        (1, {"answer": {"high": [1]}}, "answer: expected a text, a list of texts or an object"),
        (3, {"doc": ["丙案"]}, "doc: '丙案' is none of "),
        (5, {"doc": ["3.md"]}, "doc: there is no file "),
        (5, {"doc": ["../paper/1.md"]}, "doc: there is no file "),
    ],
)
def test_loong_names_what_is_wrong(row, change, line, tmp_path):
    path = copied("loong", tmp_path) / "data" / "loong.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(json.dumps({**rows[row], **change}))
    assert told("loong", path).startswith(f"{path} line 1: {line}")


def test_loong_needs_its_documents(tmp_path):
    path = tmp_path / "loong.jsonl"
    path.write_text((FIXTURES / "loong" / "data" / "loong.jsonl").read_text())
    assert told("loong", path) == (
        f"{path} line 1: doc: expected the unpacked doc.zip, with doc/financial, beside the file"
    )
