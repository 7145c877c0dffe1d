"""LongBench v2, LongBench Pro, LV-Eval, LIBRA and M4LE in their published formats."""

from __future__ import annotations

import json
from zipfile import ZipFile

import pytest
from benchmark_scoring import built
from published_files import FIXTURES, as_parquet, copied, edited, examples, texts, told

from crossover.errors import UnknownName
from crossover.types import Answer

LV_EVAL = FIXTURES / "lv_eval"
M4LE = FIXTURES / "m4le"


def test_longbench_v2_is_a_choice():
    found = examples("longbench_v2")
    mill = found["66ab01"]
    assert mill.question.text == "Which mill lost money twice?"
    assert mill.question.form == "choice"
    assert mill.question.choices == ("North", "South", "Both", "Neither")
    assert mill.answers == ("A",)
    assert texts(mill) == ["The north mill lost money. It lost it again."]
    assert mill.tags == {
        "domain": "Multi-Document QA",
        "sub_domain": "Financial",
        "difficulty": "hard",
        "length": "medium",
    }
    assert "sub_domain" not in found["66ab03"].tags
    assert list(examples("longbench_v2", length="short")) == ["66ab02"]
    metric = built("choice_accuracy")
    assert [metric(mill, Answer(said)) for said in ("The correct answer is (A)", "B")] == [1, 0]


def test_choices_of_the_same_words_are_told_apart_by_their_letters():
    found = examples("longbench_v2")["66ab02"]
    assert found.question.choices == ("(A) Ten", "(B) Ten", "(C) Two", "(D) One")
    assert built("choice_accuracy")(found, Answer("The correct answer is (D)")) == 1


def test_longbench_v2_as_parquet(tmp_path):
    rows = json.loads((FIXTURES / "longbench_v2" / "data.json").read_text())
    lines = tmp_path / "lines"
    lines.write_text("\n".join(map(json.dumps, rows)))
    as_parquet(lines, tmp_path / "data" / "train-00000-of-00001.parquet")
    assert examples("longbench_v2", tmp_path).keys() == examples("longbench_v2").keys()


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [
        ("longbench_v2", {"answer": "E"}, "answer: expected A, B, C or D, got 'E'"),
        ("longbench_v2", {"answer": "AB"}, "answer: expected A, B, C or D, got 'AB'"),
        ("longbench_v2", {"choice_B": None}, "choice_B: is null"),
        ("longbench_pro", {"answer": None}, "answer: is null"),
        ("longbench_pro", {"secondary_task": []}, "secondary_task: expected a text, got []"),
        ("longbench_pro", {"question_nonthinking": " "}, "question: expected a text that is not"),
    ],
)
def test_what_is_wrong_with_a_row_is_named(name, change, line, tmp_path):
    (path,) = copied(name, tmp_path).iterdir()
    edited(path, lambda rows: rows[0].update(change))
    assert told(name, path).startswith(f"{path} row 0: {line}")


def test_longbench_pro_asks_without_thinking():
    found = examples("longbench_pro")
    letter = found["p1"]
    assert letter.question.text == (
        "Which letter? A. mill B. school\nOutput '[Answer]', then the letter."
    )
    assert (letter.question.form, letter.answers) == ("answer", ("A",))
    assert letter.tags == {
        "task": "T3.2 Single-Hop Fact QA",
        "category": "T3. Evidence-Grounded QA",
        "language": "en",
        "length": "16k",
        "requirement": "Partial",
        "difficulty": "Easy",
    }
    assert found["2"].question.form == "summary"
    assert found["2"].answers == ("The mill stands.", "A mill.")
    assert found["p3"].answers == ("段落2", "段落1")
    assert found["p3"].tags["language"] == "zh"
    metric = built("longbench_pro")
    assert metric(letter, Answer("It is B? No.\n[Answer]\nA")) == 1
    assert metric(found["p3"], Answer("[答案]\n段落2\n段落1")) == 1


def test_lv_eval_tells_task_and_length_by_the_file():
    found = examples("lv_eval")
    short = found["hotpotwikiqa_mixup-16k-1"]
    assert short.question.text == ("Who led it?\nGive the answer alone, without any explanation.")
    assert short.answers == ("Captain Rao led it", "Rao")
    assert texts(short) == ["### Passage 1\nCaptain Rao led it."]
    assert short.tags == {
        "task": "hotpotwikiqa_mixup",
        "length": "16k",
        "language": "en",
        "keywords": "Captain Rao",
    }
    # one question at two lengths is one group, one question on 200 texts is none
    assert found["hotpotwikiqa_mixup-256k-1"].group == short.group
    recalled = [found[f"factrecall_en-16k-{n}"] for n in (1, 2)]
    assert len({one.group for one in recalled}) == 2
    assert all("keywords" not in one.tags for one in recalled)
    assert found["cmrc_mixup-16k-1"].question.text == "磨坊在哪里？"
    assert found["cmrc_mixup-16k-1"].tags["language"] == "zh"
    assert len(examples("lv_eval", length="256k")) == 1
    metric = built("lveval")
    assert metric(short, Answer("Captain Rao")) == pytest.approx(2 * 2 / (2 + 4))
    assert metric(short, Answer("led it")) == 0


def test_lv_eval_is_read_in_its_zips(tmp_path):
    for path in LV_EVAL.glob("*_16k.jsonl"):
        task = path.stem.removesuffix("_16k")
        with ZipFile(tmp_path / f"{task}.zip", "w") as packed:
            for one in sorted(LV_EVAL.glob(f"{task}_*.jsonl")):
                packed.write(one, f"{task}/{one.name}")
    packed = {name: one.question for name, one in examples("lv_eval", tmp_path).items()}
    assert packed == {name: one.question for name, one in examples("lv_eval").items()}
    assert len(examples("lv_eval", tmp_path / "factrecall_en.zip")) == 2


def test_lv_eval_reads_a_file_of_another_name(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text((LV_EVAL / "cmrc_mixup_16k.jsonl").read_text())
    (found,) = examples("lv_eval", path).values()
    assert found.tags["task"] == "cmrc_mixup"
    path.write_text(path.read_text().replace("cmrc_mixup", "squad"))
    assert f"{path} line 1: dataset: 'squad' is none of cmrc_mixup" in told("lv_eval", path)


def test_libra_takes_its_tasks_from_the_files(tmp_path):
    found = examples("libra")
    said = found["matreshka_yes_no-1"]
    assert said.question.text == "Говорили о мельнице?\nОтветь только «Да» или «Нет»."
    assert said.answers == ("Да",)
    assert said.tags == {"task": "matreshka_yes_no", "length": "4k", "negatives": "Нет"}
    assert "negatives" not in found["matreshka_yes_no-2"].tags
    assert found["passkey-1"].answers == ("4711",)
    assert found["passkey-1"].tags["length"] == "8p"
    new = found["ru_new_task-1"]
    assert (new.question.text, new.answers) == ("Кто построил мельницу?", ("Иван", "Ваня"))
    metric = built("libra")
    assert [metric(said, Answer(text)) for text in ("Да.", "да", "Да, а не Нет")] == [1, 0, 0]
    path = tmp_path / "passkey" / "test-00000-of-00001.parquet"
    as_parquet(FIXTURES / "libra" / "passkey.jsonl", path)
    assert list(examples("libra", tmp_path)) == ["passkey-0"]


def test_m4le_parts_what_is_asked_from_the_text():
    found = {one.tags["task"]: one for one in examples("m4le").values()}
    news = found["newsqa"]
    assert news.question.text == (
        "Answer the question by the article.\nQuestion: Based on article 2,\nwho ran it?\nAnswer:"
    )
    assert texts(news)[0].endswith("Article 1: The mill burned.\nArticle 2: Ann ran it.")
    assert texts(news)[0].startswith("Article 1: It rained.\nQuestion: Based on article 1")
    assert news.answers == ("Ann", "Ann Lee")
    assert news.tags == {
        "task": "newsqa",
        "ability": "explicit single",
        "language": "en",
        "length": "1k",
    }
    paper = found["arxiv"]
    assert paper.question.text == "Write an abstract for the paper.\nAbstract:"
    assert (paper.question.form, paper.answers) == ("summary", ("Mills, measured.",))
    assert (paper.tags["ability"], paper.tags["length"]) == ("global", "8k")
    assert texts(paper)[0].endswith("We measure mills. ")
    query = found["wikitext-103"].question.text.splitlines()
    assert query[1:] == ["Query Paragraph: The mill burned .", "Answer:"]
    count = found["thucnews_semantic-multiple"]
    assert count.question.text.endswith("\n问题：以上有多少篇新闻是关于天气的？\n回答：")
    assert texts(count) == ["新闻：下雨。\n新闻：磨坊。"]
    topic = found["wow"]
    assert topic.question.text.endswith(
        "\nAmong the two phrases mentioned previously, phrase B2 is Rain, phrase A1 is"
    )
    assert texts(topic)[0].endswith("follow:\nRain.")


def test_m4le_of_one_task_or_length_or_in_its_zip(tmp_path):
    assert [one.tags["task"] for one in examples("m4le", length="8k").values()] == ["arxiv"]
    assert list(examples("m4le", task="wow")) == ["wow-1"]
    with pytest.raises(UnknownName, match="did you mean wow"):
        examples("m4le", task="wov")
    with ZipFile(tmp_path / "data.zip", "w") as packed:
        for path in sorted(M4LE.rglob("*.jsonl")):
            packed.write(path, f"data/{path.name}")
    assert examples("m4le", tmp_path).keys() == examples("m4le").keys()
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"instruction": "Count.", "input": "one line", "answers": [1], "length_bucket": 2000}'
    )
    (found,) = examples("m4le", path).values()
    assert (found.question.text, texts(found), found.answers) == ("Count.", ["one line"], ("1",))
    assert found.tags == {"length": "2k"}
