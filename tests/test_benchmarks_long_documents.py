"""LooGLE in both its formats, with its own scores."""

import json

import pytest
from benchmark_scoring import score
from published_files import FIXTURES, copied, examples, shown, texts, told

NAMES = '{"<mask-0>": "Ann O\'Neil", "<mask-1>": "Lee"}'


def changed(path, **fields):
    """Change fields of a file's last line."""
    *lines, last = path.read_text().splitlines()
    path.write_text("\n".join([*lines, json.dumps({**json.loads(last), **fields})]) + "\n")


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
