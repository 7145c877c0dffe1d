"""LongBench Pro, LIBRA and M4LE: cases worked by hand from each scorer's public code."""

from math import exp, log2

import pytest
from benchmark_scoring import score

from crossover.metrics._bleu import bleu, chinese_words, words

# caskcsg/longcontext, LongBench-Pro/modules/utils.py


def pro(task, said, *golds, **tags):
    return score("longbench_pro", said, *golds, task=f"{task} Name of it", **tags)


@pytest.mark.parametrize(
    ("task", "said", "golds", "wanted"),
    [
        ("T3.2", "[Answer] B\n[Answer]\n a ", ("A",), 1.0),
        ("T3.2", "[答案]\nB", ("B",), 1.0),
        # an English mark goes before a Chinese one that comes later
        ("T3.1", "[Answer]B\n[答案]A", ("A",), 0.0),
        ("T11.1", "A\nB", ("B", "A"), 0.0),
        ("T5.1", "one\ntwo  three\n\nfour", ("One", "two three"), 2 * 2 / (4 + 2)),
        ("T7.3", "one\none", ("one", "two"), 2 * 1 / (1 + 2)),
        ("T6.1", "one: a\nthree: c", ("one: a", "two: b"), 0.5),
        ("T10.2", "x is one: a", ("one: a",), 0.0),
        # of three lines' pairs two are in order
        ("T2.1", "c\na\nb", ("a", "b", "c"), 1 / 3),
        ("T2.2", "a\nb\nc\nd", ("a", "b"), 1 / 6),
        ("T6.3", "a", ("a", "b"), 0.0),
        ("T6.3", "a\nb", ("a", "a", "b"), 0.0),
    ],
)
def test_longbench_pro(task, said, golds, wanted):
    assert pro(task, said, *golds) == pytest.approx(wanted)


def test_longbench_pro_ndcg():
    best = 3 + 2 / log2(3) + 1 / 2
    assert pro("T1.1", "a\nb\nc", "a", "b", "c") == pytest.approx(1.0)
    assert pro("T1.2", "x\na\nc\nb", "a", "b", "c") == pytest.approx((3 / log2(3) + 1 / 2) / best)
    # a line said twice stands where it is last
    assert pro("T1.1", "a\nb\na\nc", "a", "b", "c") == pytest.approx(
        (2 + 3 / log2(3) + 1 / 2) / best
    )


def test_longbench_pro_summaries_are_rouge_l_of_all_that_is_said():
    assert pro("T4.1", "[Answer] the mill", "x", "The   mill") == pytest.approx(0.8, abs=1e-6)
    assert pro("T4.2", "首都是北京", "北京", language="zh") == pytest.approx(0.5, abs=1e-6)
    assert score("longbench_pro", "A", "A", task="qa1") is None


# ai-forever/LIBRA, eval.py and evaluation/metrics.py


@pytest.mark.parametrize(
    ("task", "said", "golds", "wrong", "wanted"),
    [
        ("passkey", "Ключ 4711.", ("12", "4711"), "", 1.0),
        ("passkey", "ключ", ("Ключ",), "", 0.0),
        ("ru_sci_passage_count", "5 или 6", ("5",), "", 0.5),
        ("ru_sci_passage_count", "пять", ("5",), "", 0.0),
        # no articles are taken out
        ("ru_qasper", "The Мельница!", ("мельница",), "", 2 / 3),
        ("matreshka_names", "Анна или Иван", ("Анна",), "Иван\nПётр", 0.5),
        ("matreshka_names", "Анна, Иван, Пётр", ("Анна",), "Иван\nПётр", 0.0),
        ("matreshka_names", "Иван", ("Анна",), "Иван\nПётр", 0.0),
    ],
)
def test_libra(task, said, golds, wrong, wanted):
    assert score("libra", said, *golds, task=task, negatives=wrong) == pytest.approx(wanted)


# KwanWaiChung/M4LE, evaluation.py and utils/bleu.py


@pytest.mark.parametrize(
    ("task", "said", "golds", "wanted"),
    [
        ("newsqa", "It is ANN LEE. Bo", ("Bo", "Ann Lee"), 1.0),
        ("newsqa", "The U.S. senate", ("senate",), 0.0),
        ("dureader", "在河边。磨坊", ("磨坊",), 0.0),
        ("wow", "Mill, of course", ("Mill",), 1.0),
        ("bigpatent_global_cls", "3: Chemistry 5", ("5",), 0.0),
        ("wikitext-103", "0f0f0f. More", ("0F0F0F",), 1.0),
        ("mnds-news_explicit-single", "Politics.", ("politics",), 0.0),
        ("mnds-news_semantic-multiple", "3. Of them", ("3.",), 1.0),
        ("thucnews_semantic-multiple", "3 篇", ("3。",), 0.0),
        ("marc", "A1, B2, B2. C3", ("A1, C3.",), 0.5),
        # the gold's own full stop stays
        ("mnds-news_explicit-multiple", "A1, C3.", ("A1, C3",), 1.0),
        ("mnds-news_explicit-multiple", "A1, C3.", ("A1, C3.",), 0.5),
        ("online-shopping", "A1，B2。", ("A1，B2",), 1.0),
        # recall, of distinct words in English and of all in Chinese
        ("arxiv", "a b c d e\nf", ("a b b f",), 2 / 3),
        ("cnewsum", "磨坊新闻在河边", ("磨坊 磨坊",), 0.5),
        # parted sentences leave an empty word of the blank between 。 and the line's end
        ("lcsts", "磨坊", ("磨坊。\n河",), 1 / 4),
        ("news2016", '最相关的新闻是3。"磨坊"', ("磨坊",), 1.0),
    ],
)
def test_m4le(task, said, golds, wanted):
    assert score("m4le", said, *golds, task=task) == pytest.approx(wanted)


def test_m4le_leaves_other_tasks_alone_and_cuts_to_nothing():
    assert score("m4le", "x", "x", task="squad") is None
    assert score("m4le", "\nmill", "mill", task="arxiv") == 0
    assert score("m4le", "\n磨坊", "磨坊", task="lcsts") == 0


def test_words_of_bleu():
    assert words("It's 3.5% (of U.S.), &quot;all&quot; 7-8.") == [
        *("It's", "3.5", "%", "(", "of", "U", ".", "S", ".", ")", ","),
        *('"', "all", '"', "7", "-", "8", "."),
    ]
    assert chinese_words("磨坊BBC，2.5“x”") == ["磨", "坊", "BBC", "，", "2.5", "“", "x", "”"]


def test_bleu_of_one_answer():
    said = "the mill by the river burned"
    assert bleu(said, (said,), False) == pytest.approx(1.0)
    # 5 of 5, 4 of 4, 3 of 3, 2 of 2 grams, one word too short
    assert score("m4le", "the mill by the river", said, task="tedtalks-zh2en") == pytest.approx(
        exp(1 - 6 / 5)
    )
    # 5/6, 3/5, 2/4 and 1/3
    wanted = (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert bleu("the mill by x river burned", (said,), False) == 0
    assert bleu("a b c d x f", ("a b c d e f",), False) == pytest.approx(wanted)
    assert score("m4le", "磨坊在河", "磨坊在河", task="open-subtitles-en2zh") == pytest.approx(1.0)
    assert score("m4le", "the mill", "the mill", task="open-subtitles-zh2en") == 0
