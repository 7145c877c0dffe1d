"""Metrics of RULER, BABILong, LV-Eval, HELMET, NoLiMa and LoCoMo: cases worked by hand."""

import pytest
from benchmark_scoring import score

# NVIDIA/RULER, scripts/eval/synthetic/constants.py and evaluate.py


def test_ruler():
    assert score("ruler_part", "it is PARIS\x07", "Rome", "Paris") == 1
    assert score("ruler_all", "it is PARIS", "Rome", "Paris") == 0.5
    assert score("ruler_part", "Par\tis", "Par\nis") == 1  # control characters become newlines


# booydar/babilong, babilong/metrics.py, compare_answers


@pytest.mark.parametrize(
    ("task", "question", "answer", "gold", "expected"),
    [
        ("qa1", "Where is Mary?", "The bathroom. Or kitchen.", "bathroom", 1),
        ("qa1", "Where is Mary?", "bathroom or kitchen", "bathroom", 0),
        ("qa1_0k", "Was it in the kitchen?", "from the kitchen to the office", "office", 1),
        ("qa1", "Where?", "the office Question the garden", "office", 0),  # the cut that never is
        ("qa1", "Where?", "the office <example> the garden", "office", 1),
        ("qa8", "What does he carry?", "apple, milk", "apple,milk", 1),
        ("qa8", "What does he carry?", "apple", "apple,milk", 0),
        ("qa19", "How do you go?", "s,e", "s,e", 1),
        ("qa5", "Who gave it?", "Fred did", "Fred", 1),
    ],
)
def test_babilong(task, question, answer, gold, expected):
    assert score("babilong_label", answer, gold, question=question, task=task) == expected


def test_babilong_needs_labels():
    assert score("babilong_label", "red", "red") is None
    assert score("babilong_label", "red", "red", choices=("Red", "blue")) == 1


# infinigence/LVEval, metrics.py and evaluation.py


def test_lveval_asks_for_keywords():
    gold = "the small red house"
    said = "a small house and garden"
    f1 = 2 * 2 / (3 + 4)
    assert score("lveval_keyword_f1", said, gold, keywords="red and blue house of") == f1
    # "and" is on the blacklist: none of the keywords is said
    assert score("lveval_keyword_f1", said, gold, keywords="red and blue of my") == 0
    assert score("lveval_keyword_f1", said, gold) == pytest.approx(f1)
    assert score("lveval_f1", said, gold, keywords="red") == pytest.approx(f1)
    assert score("lveval_keyword_f1", "x", "y", "x") == 0  # the first gold alone
    assert score("lveval", said, gold, task="loogle_SD_mixup_16k") == pytest.approx(f1)
    assert score("lveval", said, gold, task="other_16k") is None


def test_lveval_chinese():
    # words 首都 是 北京: 1 of 3 keywords counts without the blacklisted 是, under 40 %
    assert score("lveval_keyword_f1_zh", "北京是", "首都是北京") == 0
    assert score("lveval_f1_zh", "北京是", "首都是北京") == pytest.approx(2 * 2 / (2 + 3))
    assert score("lveval_keyword_f1_zh", "北京", "首都是北京", keywords="北京") == 0.5
    # without 是 and the marks the texts are the same
    assert score("lveval_rouge_zh", "首都，北京。", "首都是北京") == pytest.approx(1, abs=1e-6)


# princeton-nlp/HELMET, utils.py, data.py (default_post_process) and eval_alce.py


def test_helmet():
    assert score("helmet_exact_match", "I think.\nanswer: Paris.", "Paris") == 1
    assert score("helmet_exact_match", "Paris\nas I said", "Paris") == 1  # the first line
    assert score("helmet_exact_match", "label: 3\n4", "3") == 0
    assert score('helmet_exact_match(prefix="label:")', "label: 3\n4", "3") == 1
    assert score("helmet_substring_match", "In Paris.", "Rome", "Paris") == 1
    assert score("helmet_f1", "yes it is", "yes") == 0
    assert score("helmet_f1", "no", "no way") == 0
    assert score("helmet_f1", "red cat", "red dog") == 0.5
    # the whole text would match better than what is parsed
    said = "red cat Answer: dog"
    assert score("helmet_f1", said, "red cat") == pytest.approx(2 * 2 / (4 + 2))
    assert score("helmet_f1(parsed_only=true)", said, "red cat") == 0
    assert score("helmet_rouge", "painted houses", "painting house") == 1  # stemmed
    assert score("helmet_rouge(measure=recall)", "a b c d", "a b") == 1
    assert score("helmet_rouge(kind=rougeLsum)", "b\na", "a\nb") == 1
    assert score("helmet_ruler_recall", "PARIS", "Paris", "Rome") == 0.5
    assert score("helmet_choice", "I take a. walking home", "A", "A. Walking") == 1
    assert score("helmet_choice", "Walking", "B", "B. Walking") == 0
    assert score("helmet_choice", "Walking", "A", "A. Walking") == 1  # A is an article


def test_helmet_ndcg_is_trec_evals():
    import math

    said = "Ranking: [ID: 3] > ID1 > ID2\nThe 7 are others"
    assert score("helmet_ndcg", said, "3") == 1
    assert score("helmet_ndcg", said, "1") == pytest.approx(1 / math.log2(3), abs=1e-5)
    graded = (1 / math.log2(3) + 2 / 2) / (2 + 1 / math.log2(3))
    assert score("helmet_ndcg", said, "1:1", "2:2") == pytest.approx(graded, abs=1e-5)
    assert score("helmet_ndcg(k=1)", said, "1") == 0
    assert score("helmet_ndcg", "none of them", "1") == 0


def test_helmet_alce():
    golds = ("Paris\nCity of Light", "1889", "iron")
    said = "The City of\nLight [1][2], built in 1889 [3]."
    assert score("helmet_str_em", said, *golds) == pytest.approx(2 / 3)
    assert score("helmet_str_hit", said, *golds) == 0
    assert score("helmet_str_hit", said + " Iron.", *golds) == 1
    listed = "City of Light [1], iron [2][3], brass."
    assert score("helmet_qampari(measure=precision)", listed, *golds) == pytest.approx(2 / 3)
    assert score("helmet_qampari(measure=recall)", listed, *golds) == pytest.approx(2 / 3)
    many = tuple(f"w{n}" for n in range(10))
    assert score("helmet_qampari", "w1, w2, w3, w4, w5, w6", *many) == 1
    assert score("helmet_qampari(reasoned=true)", "so: w1, w2", "w1", "w2") == 1
    assert score("helmet_alce_rouge", "Two is blue. One is red.", "One is red. Two is blue.") == 1


# adobe-research/NoLiMa, evaluation/async_evaluate.py, _evaluate_response


@pytest.mark.parametrize(
    ("answer", "whole", "within", "last", "last_within"),
    [
        (" Yuki\n", 1, 1, 1, 1),
        ("It is Yuki.", 0, 1, 0, 1),
        ("Yuki\nor Mary", 0, 1, 0, 0),
        ("I think:\nYuki", 0, 1, 1, 1),
        ("yuki", 0, 0, 0, 0),
    ],
)
def test_nolima(answer, whole, within, last, last_within):
    assert score("nolima_exact_match", answer, "Yuki") == whole
    assert score("nolima_contains", answer, "Yuki") == within
    assert score("nolima_last_line_exact_match", answer, "Yuki") == last
    assert score("nolima_last_line_contains", answer, "Yuki") == last_within


# snap-research/locomo, task_eval/evaluation.py, eval_question_answering


def test_locomo():
    # Porter stems, and "and" is an article here
    assert score("locomo_f1", "painted and houses", "painting house", category="single-hop") == 1
    assert score("locomo_f1", "7 May", "7 May 2023", category="temporal") == pytest.approx(0.8)
    open_domain = score("locomo_f1", "yes", "Yes; because she said so", category="open-domain")
    assert open_domain == 1
    # parts: pottery is found, camping is not, and swimming is half of an answer's part
    several = score(
        "locomo_f1", "pottery, swimming pool", "pottery, camping, swimming", category="multi-hop"
    )
    assert several == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert score("locomo_f1", "a, b", "b", category="1") == 1
    assert score("locomo_f1", "It is Not Mentioned here", category="adversarial") == 1
    assert score("locomo_f1", "unknown", category="5") == 0
    assert score("locomo_f1", "unknown", category="temporal") is None


# HoloBench has no scorer without a judge: its recall, word for word


def test_holobench_recall():
    assert score("holobench_recall", "The calm-owl, and a Big Ash.", "calm-owl", "big ash") == 1
    assert score("holobench_recall", "117 of them", "17") == 0
    assert score("holobench_recall", "17 of them", "17", "owl") == 0.5
    assert score("holobench_recall", "", "17") == 0
