"""CURIE, CaseSumm, CNNSum and what nobody could verify, with CURIE's own scores."""

import pytest
from benchmark_scoring import score
from published_files import FIXTURES, copied, every_bad_value_is_named, examples, texts, told


def test_curie_asks_of_a_paper_what_its_domain_is_asked():
    found = examples("curie")
    assert list(found) == ["hfe-x1-0", "qecc_65-q-0", "pdb-1abc-0", "mpve-m-0"]
    energy, code, protein, values = found.values()
    assert energy.question.text.endswith("The general Hartree-Fock Hamiltonian is")
    assert energy.answers == ('{"hamiltonian": "H = T + V", "where": ["T", "V"]}',)
    assert energy.question.form == "summary"
    assert texts(energy) == ["We derive H. H = T + V."]
    assert energy.tags == {"task": "hfe", "record": "x1", "difficulty": "easy"}
    assert code.answers == ('{"name": "code"}',)
    assert code.tags["difficulty"] == "hard"
    assert protein.answers == ("MKV",)
    assert values.answers == ('{"0": {"property_name": "gap"}}',)
    assert "difficulty" not in values.tags


@pytest.mark.parametrize("gold", ['[{"property_name": "gap"}]', '[{"property_name": "gap",},]'])
def test_curie_reads_golds_that_are_lists_or_no_strict_json(gold, tmp_path):
    folder = copied("curie", tmp_path)
    (folder / "data" / "mpve" / "ground_truth" / "m.json").write_text(gold)
    assert examples("curie", folder)["mpve-m-0"].answers == (gold,)


def test_curie_names_what_is_wrong(tmp_path):
    folder = copied("curie", tmp_path) / "data"
    path, gold = folder / "pdb" / "inputs" / "1abc.json", folder / "pdb" / "ground_truth"
    every_bad_value_is_named("curie", path, lambda read: read, "row 0")
    (gold / "1abc.json").write_text('{"seq": "MKV"}')
    assert told("curie", path) == (
        f"{path} row 0: {gold / '1abc.json'}: sequence: missing; there is: seq"
    )
    (gold / "1abc.json").write_text("MKV")
    assert told("curie", path).endswith("1abc.json: not valid JSON")
    (gold / "1abc.json").unlink()
    assert "there is no such file" in told("curie", path)
    image = folder / "biogr" / "inputs" / "b.json"
    assert "row 0: the folder biogr is none of hfe, " in told("curie", image)
    (folder / "difficulty_levels.json").write_text('{"hfe": 3}')
    assert "difficulty_levels.json: hfe: expected an object" in told("curie", folder.parent)


@pytest.mark.parametrize(
    ("said", "task", "wanted"),
    [
        # 3 of 4 words in order, of 3
        ("H is T V", "hfe", 2 * 3 / (4 + 3)),
        (">x\nMKAV", "pdb", 3 / 4),
        ("Here:\n> x\nMV\n>y\nMKV", "pdb", 2 / 3),
        ("MKV", "pdb", 0.0),
        (">MKV", "pdb", 0.0),
    ],
)
def test_curie_scores_texts_and_sequences(said, task, wanted):
    gold = "MKV" if task == "pdb" else '{"H": "T + V"}'
    assert score("curie", said, gold, task=task) == pytest.approx(wanted)


def test_casesumm_reads_arrow_with_its_splits(tmp_path):
    first, second = examples("casesumm").values()
    assert first.answers == ("Held: the mill stays.",)
    assert texts(first) == ["Justice X: the mill stays."]
    assert first.question.form == "summary"
    assert first.tags == {"citation": "1.US.1", "split": "train"}
    # by the citation as the data has it, which is corrected in the list
    assert second.tags == {"citation": "2.US.2", "split": "test"}
    (only,) = examples("casesumm", split="test").values()
    assert only.tags["citation"] == "2.US.2"
    folder = copied("casesumm", tmp_path)
    (folder / "saved_splits.jsonl").write_text('{"row_index": 1}')
    assert "saved_splits.jsonl line 1: split: missing" in told("casesumm", folder)
    (folder / "saved_splits.jsonl").unlink()
    assert "split" not in next(iter(examples("casesumm", folder).values())).tags
    path = folder / "data-00000-of-00001.arrow"
    path.write_bytes(b"no stream")
    assert f"{path}: cannot be read" in told("casesumm", folder)


def test_cnnsum_has_a_file_of_each_length():
    found = examples("cnnsum")
    rain = found["L-16k-1"]
    assert texts(rain) == ["第一章 下雨了。"]
    assert rain.answers == ("下雨。",)
    assert rain.tags == {"subset": "L", "length": "16k"}
    assert list(examples("cnnsum", length="64k")) == ["XXL-64k-1"]


def test_columns_that_nobody_could_verify_must_be_named():
    assert told("lcfo", FIXTURES / "lcfo").endswith(
        "line 1: which column holds the summary could not be verified: name it by summary=COLUMN"
    )
    assert told("docpuzzle", FIXTURES / "docpuzzle", question="asked").endswith(
        "line 1: no published file's columns could be verified: name them by document=COLUMN,"
        " question=COLUMN and answer=COLUMN"
    )
    (text,) = examples("lcfo", summary="short", percent=5).values()
    assert text.question.text == "Summarise the text in about 5 % of its length."
    assert text.answers == ("On mills.",)
    named = {"document": "text", "question": "asked", "answer": "gold"}
    (asked,) = examples("docpuzzle", **named).values()
    assert (asked.question.text, asked.answers) == ("写了什么？", ("文章",))
    assert texts(asked) == ["一篇文章。"]
