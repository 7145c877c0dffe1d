"""LooGLE in both its formats, with its own scores, and Loong."""

import json

import pytest
from benchmark_scoring import score
from published_files import FIXTURES, copied, edited, examples, shown, texts, told

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


def named(example):
    return [document.id.rpartition(" #")[0] for document in example.question.documents]


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


def test_longreason_reads_the_options_out_of_the_question():
    found = examples("longreason")
    eggs, wet, short = found["8k-1"], found["8k-2"], found["original-1"]
    assert eggs.question.text == "How many eggs has Jo?"
    assert eggs.question.choices == ("4", "5", "6")
    assert eggs.answers == ("B",)
    assert eggs.tags == {"length": "8k"}
    assert eggs.group == short.group == "12"
    assert texts(eggs) == ["Rain fell for long. Jo has 3 eggs. Rain fell again. She buys 2."]
    # options that stand on no lines of their own are chosen by their letters
    assert wet.question.text == "Is it wet? A. yes B. no"
    assert wet.question.choices == ("A", "B", "C", "D")
    # the short question has no text beside it
    assert texts(short) == ["Jo has 3 eggs and buys 2. How many?\nA. 4\nB. 5"]
    assert short.question.choices == ("4", "5")
    assert list(examples("longreason", length="original")) == ["original-1"]


@pytest.mark.parametrize(
    ("asked", "gold", "choices"),
    [
        ("Q?\nA. x\nB. y", "C", ("A", "B", "C", "D")),
        ("Q?\nA. x\nC. y", "A", ("A", "B", "C", "D")),
        ("Q?\nA. x\nB. x", "A", ("A", "B", "C", "D")),
        ("A. x\nB. y", "E", ("A", "B", "C", "D", "E")),
        ("Q?\n A) x\n more\n B) y", "A", ("x\n more", "y")),
    ],
)
def test_longreason_keeps_questions_whose_options_are_incomplete(asked, gold, choices, tmp_path):
    path = copied("longreason", tmp_path) / "8k.jsonl"
    changed(path, final_inquiry=asked, answer=gold)
    found = examples("longreason", path)["8k-2"]
    assert found.question.choices == choices
    assert (found.question.text == asked) == (choices[0] == "A")


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("answer", "AB", "answer: expected a letter, got 'AB'"),
        ("prompt", "Read: " + "It rained. " * 99, "background: is not the long text, which the"),
        ("example_idx", None, "example_idx: is null"),
    ],
)
def test_longreason_names_what_is_wrong(field, value, line, tmp_path):
    path = copied("longreason", tmp_path) / "8k.jsonl"
    changed(path, **{field: value})
    assert told("longreason", path).startswith(f"{path} line 2: {line}")


def test_marathon_has_options_and_no_gold():
    mills, order = examples("marathon").values()
    assert mills.question.id == "0"
    assert mills.question.text == "How many mills"
    assert mills.question.choices == ("one", "2", "3", "4")
    assert mills.answers == ()
    assert mills.tags == {
        "task": "computation",
        "length": "200k-300k characters",
        "gold": "hidden",
    }
    # an option that stands there twice is told from the other by its letter
    assert order.question.choices == (
        "built, bought",
        "bought, built",
        "built, bought (C)",
        "never",
    )
    assert order.tags["length"] == "0k-100k characters"
    assert list(examples("marathon", task="timeline_reorder")) == ["1"]


def test_marathon_names_what_is_wrong(tmp_path):
    path = copied("marathon", tmp_path) / "marathon.json"
    rows = json.loads(path.read_text())
    for change, line in (
        ({"options": {"A": "x", "B": None}}, "options: expected at least two options"),
        ({"options": "A"}, "options: expected JSON in a text"),
        ({"options": {"A": "", "B": "y"}}, "options: expected at least two options, none empty"),
        ({"length": "long"}, "length: expected a whole number, got 'long'"),
        ({"id": "0"}, "id: '0' is taken by line 0 already"),
    ):
        path.write_text(json.dumps([rows[0], {**rows[1], **change}]))
        assert told("marathon", path).startswith(f"{path} row 1: {line}")


def test_ada_leval_shows_answers_under_their_designations():
    found = examples("ada_leval")
    why, how = found["stackselect-1k-0"], found["stackselect-1k-1"]
    assert why.question.text.startswith("A question and 3 answers to it, A1 to A3,")
    assert why.question.text.endswith("The question:\nWhy is it NaN?")
    assert named(why) == ["A1", "A2", "A3"]
    assert texts(why) == ["Use x.", "Use y.", "Use x."]
    assert why.answers == ("A2",)
    assert why.group == "9"
    assert why.tags == {"task": "stackselect", "length": "1k", "answers": "3"}
    assert named(how) == ["A1", "A3"]
    assert how.answers == ("A3",)


def test_ada_leval_asks_for_the_order_of_segments():
    found = examples("ada_leval")
    first, second = found["textsort-2k-0"], found["textsort-2k-1"]
    assert first.question.text.endswith("like: Answer: [2, 1, 4, 3]")
    assert first.answers == ("[2, 4, 1, 3]",)
    assert texts(first) == ["Sort these.\n[1] c [2] a [3] d [4] b"]
    assert second.answers == ("[1, 2, 3, 4]",)
    assert second.group == "b8"
    assert set(examples("ada_leval", task="textsort", length="2k")) == set(found) - {
        "stackselect-1k-0",
        "stackselect-1k-1",
    }


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("stackselect_1k", {"answer": "A4"}, "answer: 'A4' is none of A1 to A3, or a blank one"),
        ("stackselect_1k", {"answer": "A2"}, "answer: 'A2' is none of A1 to A3, or a blank one"),
        ("stackselect_1k", {"all_answers": None}, "all_answers: is null"),
        ("textsort_2k", {"answer": "[1, 2"}, "answer: expected a list of the numbers 1 to 4"),
        ("textsort_2k", {"answer": [1, 2, 3]}, "answer: expected a list of the numbers 1 to 4"),
        ("textsort_2k", {"answer": [True, 2, 3, 4]}, "answer: expected a list of the numbers"),
    ],
)
def test_ada_leval_names_what_is_wrong(file, change, line, tmp_path):
    path = copied("ada_leval", tmp_path) / "data" / f"{file}.json"
    edited(path, lambda rows: rows[1].update(change))
    assert told("ada_leval", path).startswith(f"{path} row 1: {line}")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Answer: A7", 1.0),
        ("A1 is not as good as A7", 1.0),
        ("A7, not A9", 0.0),
        # more than there are is read as far as it is one of them
        ("A71", 1.0),
        ("A13", 0.0),
        ("the 7th", 1.0),
        ("37", 1.0),
        ("the last", 0.0),
        ("A0", 0.0),
    ],
)
def test_the_highest_designation_counts(said, wanted):
    assert score("ada_leval", said, "A7", answers="12") == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Answer: [2, 4, 1, 3]", 1.0),
        ("[2, 4, 1, 3]", 1.0),
        ("2 > 4 > 1 > 3", 1.0),
        ("Answer: 2, 4, 1, 3. Answer: none", 1.0),
        ("Answer: [2, 4]", 0.0),
        ("Answer: []", 0.0),
        ("2413 or 1234", 0.0),
        ("no idea", 0.0),
    ],
)
def test_an_order_must_be_whole(said, wanted):
    assert score("ada_leval", said, "[2, 4, 1, 3]") == wanted


def test_ethic_parts_the_text_from_what_is_asked_of_it():
    found = examples("ethic")
    people = found["recalling-1"]
    assert people.question.text == (
        "You read closely.\n\nName all people.\n\n"
        "Now, respond to the instruction: people, between semicolons."
    )
    assert named(people) == ["text", "Section 1", "Section 2", "Section 3"]
    assert texts(people)[1:] == [
        "<Section 1> Ann enters.\n",
        "<Section 2>\nBo waits.\n\n",
        "<Section 3> Ann leaves.",
    ]
    assert people.answers == ("Ann", "Bo")
    assert people.tags == {"task": "recalling", "domain": "Books", "source": "b1"}
    assert found["organizing-1"].answers == ("2, 1, 3",)


def test_ethic_shows_a_message_whole_that_tells_no_text():
    found = examples("ethic")["attributing-1"]
    assert texts(found) == ["Which hold? <Segment 1> x"]
    assert found.question.text == "s\n\nDo what the text asks for."
    assert found.answers == ("Segment 2: x", "None")


def test_ethic_has_no_golds_of_summaries():
    found = examples("ethic")["summarizing-1"]
    assert found.answers == ()
    assert found.question.form == "summary"
    assert found.tags["gold"] == "none"


def test_ethic_names_what_is_wrong(tmp_path):
    path = copied("ethic", tmp_path) / "organizing.jsonl"
    changed(path, Answer="none")
    assert told("ethic", path) == f"{path} line 1: Answer: expected numbers in their order"
    changed(path, Answer=[])
    assert told("ethic", path) == f"{path} line 1: Answer: holds no gold"
    other = path.rename(tmp_path / "questions.jsonl")
    assert "line 1: call the file recalling, summarizing" in told("ethic", other)


@pytest.mark.parametrize(
    ("task", "said", "golds", "wanted"),
    [
        # two of three distinct entries, of two golds
        ("recalling", "ann; Bo., Cy, Ann", ("Ann", "Bo"), 2 * 2 / 5),
        # a gold that stands there twice is missed once
        ("recalling", "Ann", ("Ann", "ann"), 2 * 1 / 3),
        ("recalling", "nobody", ("Ann",), 0.0),
        # 2 and 3 are in the gold's order, and so is 1 before 3
        ("organizing", "[2] [3] [1] [9]", ("2, 1, 3",), 2 / 3),
        ("organizing", "9 2 9 1 9 3", ("2, 1, 3",), 1.0),
        ("organizing", "first", ("2, 1, 3",), 0.0),
        ("attributing", "See 7.\nRelated Segments: 2, 4\n8", ("Segment 2: x9", "5"), 2 * 1 / 4),
        ("attributing", "2 and 5", ("2", "5"), 1.0),
        ("attributing", "None", ("None",), 0.0),
    ],
)
def test_ethic_scores_by_task(task, said, golds, wanted):
    assert score("ethic", said, *golds, task=task) == pytest.approx(wanted)
    assert score("ethic", said, *golds, task="summarizing") is None


def test_helmet_asks_questions_on_passages_at_each_depth():
    found = examples("helmet", task="nq")
    assert list(found) == ["nq-105-1", "nq-105-2"]
    first, last = found.values()
    assert first.question.text == "who built it\nGive a concise and short answer."
    assert first.answers == ("Lee", "Mr Lee")
    assert named(first) == ["Mill", "Mill"]
    assert texts(first) == ["Lee built it.", "Rain fell."]
    assert first.tags == {
        "task": "nq",
        "size": "105",
        "category": "rag",
        "length": "16k",
        "depth": "0.0",
    }
    assert (last.tags["depth"], texts(last)[0]) == ("1.0", "Rain fell.")
    assert first.group == last.group == "who built it"


def test_helmet_leaves_out_popular_entities():
    (found,) = examples("helmet", task="popqa").values()
    assert found.question.text.startswith("Who wrote Y?")
    assert (found.group, found.tags["length"]) == ("6", "8k")


def test_helmet_has_keys_needles_and_rankings():
    found = examples("helmet")
    key, needle = found["json_kv-1800-1"], found["niah_multivalue-8192-1"]
    assert key.question.text.endswith("\n\nKey: a2")
    assert key.answers == ("b2",)
    assert shown(key) == ['"a2": "b2"']
    assert (key.tags["length"], key.tags["category"]) == ("128k", "recall")
    assert needle.question.text == (
        "What are all the special magic numbers for tea that the text mentions?"
    )
    assert needle.answers == ("12", "34")
    ranked = found["msmarco-50-1"]
    assert ranked.question.text.endswith("Ranking: ID3 > ID1 > ID2\n\nQuery: mills")
    assert ranked.answers == ("7:3", "9:1")
    assert named(ranked) == ["ID7", "ID8", "ID9"]
    assert ranked.tags["category"] == "re-rank"


def test_helmet_leaves_out_examples_and_sets_that_are_none_of_its_own(tmp_path):
    folder = copied("helmet", tmp_path)
    known = list(examples("helmet", folder))
    for name in ("kilt/nq-train-multikilt_1000_k3_dep6.jsonl", "ruler/vt/validation_8192.jsonl"):
        path = folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    assert list(examples("helmet", folder)) == known
    (one,) = examples("helmet", folder / "data" / "json_kv" / "test_k1800_dep6.jsonl").values()
    assert one.tags["task"] == "json_kv"


def test_helmet_shows_more_passages_at_greater_lengths():
    found = examples("helmet", task="asqa")
    assert {one.tags["length"]: len(texts(one)) for one in found.values()} == {
        "8k": 30,
        "16k": 40,
        "32k": 40,
        "64k": 40,
        "128k": 40,
    }
    first = found["asqa-0-1"]
    assert first.answers == ("Ann\nA.", "Bo")
    assert first.question.text.startswith("Who won?\n")
    (listed,) = examples("helmet", task="qampari", length="8k").values()
    assert listed.answers == ("Orle\nO.", "Brest")


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("kilt/nq-dev-multikilt_1000_k105_dep6", {"ctxs": []}, "ctxs: holds no passage"),
        ("kilt/popqa_test_1000_k50_dep6", {"s_pop": "x"}, "s_pop: expected a number"),
        ("msmarco/test_reranking_data_k50_dep3", {"ctxs": []}, "ctxs: holds no relevant passage"),
        ("ruler/niah_multivalue/validation_8192", {"answer": []}, "answer: holds no gold"),
        ("ruler/niah_multivalue/validation_8192", {"query": None}, "question: missing"),
    ],
)
def test_helmet_names_what_is_wrong(file, change, line, tmp_path):
    folder = copied("helmet", tmp_path)
    path = folder / "data" / f"{file}.jsonl"
    changed(path, **change)
    assert f": {line}" in told("helmet", folder)


def test_helmet_names_what_is_wrong_with_its_lists(tmp_path):
    folder = copied("helmet", tmp_path)
    path = folder / "data" / "alce" / "asqa_eval_gtr_top2000.json"
    edited(path, lambda rows: rows[0].update(qa_pairs=[{"short_answers": []}]))
    assert told("helmet", path) == (
        f"{path} row 0: qa_pairs: expected short answers to every reading"
    )
    path = folder / "data" / "alce" / "qampari_eval_gtr_top2000.json"
    edited(path, lambda rows: rows[0].update(answers=[]))
    assert told("helmet", path) == f"{path} row 0: answers: expected a list of lists of names"


@pytest.mark.parametrize(
    ("task", "said", "golds", "wanted"),
    [
        ("hotpotqa", "It was the Lee family", ("lee",), 1.0),
        ("json_kv", "Corresponding value: b2", ("b2",), 1.0),
        ("niah_multivalue", "12 and 35", ("12", "34"), 0.5),
        ("asqa", "Ann won [1].", ("Ann\nA.", "Bo"), 0.5),
        ("qampari", "Brest, Rome", ("Orle\nO.", "Brest"), 0.5),
        ("msmarco", "Ranking: ID7 > ID9 > ID8", ("7:3", "9:1"), 1.0),
        ("narrativeqa", "x", ("x",), None),
    ],
)
def test_helmet_scores_by_task(task, said, golds, wanted):
    assert score("helmet", said, *golds, task=task) == wanted
