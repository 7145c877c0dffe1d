"""The benchmarks' metrics: golden cases worked by hand from each scorer's public code."""

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import catalog
from crossover.metrics import _rouge
from crossover.types import Answer, Example, Question

built = functools.cache(catalog.metric)


def score(metric, answer, *golds, question="", choices=(), **tags):
    example = Example(Question("q", question, choices=tuple(choices)), golds, tags=tags)
    answer = answer if isinstance(answer, Answer) else Answer(answer)
    return built(metric)(example, answer)


# THUDM/LongBench, LongBench/metrics.py and eval.py


@pytest.mark.parametrize(
    ("metric", "answer", "gold", "expected"),
    [
        ("longbench_qa_f1", "The Eiffel, Tower!", "a tower in Paris", 2 * 1 / (2 + 3)),
        ("longbench_qa_f1", "“Paris”", "Paris", 0),  # only ASCII punctuation is dropped
        ("longbench_qa_f1_zh", "首都是北京。", "北京", 2 * 1 / (3 + 1)),
        ("longbench_count", "5 or 6, no: 5", "5", 2 / 3),
        ("longbench_count", "05", "5", 0),
        ("longbench_retrieval", "Paragraph 12, not 3", "Paragraph 12", 1 / 2),
        ("longbench_retrieval", "12", "the 12th", 0),
        ("longbench_retrieval_zh", "段落7", "段落7", 1),
        ("longbench_code_sim", "\n# x\n```python\nreturn 1\nx", "return 1", 1),
        ("longbench_code_sim", "abcd\nabcx", "abcx", 0.75),
        ("longbench_code_sim", "// only a comment", "x = 1", 0),
    ],
)
def test_longbench(metric, answer, gold, expected):
    assert score(metric, answer, gold) == pytest.approx(expected)


def test_longbench_code_is_compared_by_edits_not_by_blocks():
    # indel similarity 2·4/(5+6) = 72.7 %; difflib's longest blocks would find another alignment
    assert score("longbench_code_sim", "xabyc", "abxxyc") == 0.73


def test_longbench_rouge_counts_each_word_once():
    # distinct words 2 of 3 and 2 of 2: recall 1, precision 2/3
    assert score("longbench_rouge", "a b b c", "a b") == pytest.approx(0.8, abs=1e-6)
    # sentences end at full stops, and the space after the last one is an empty word of its own
    assert score("longbench_rouge", "a b. ", "a b") == pytest.approx(0.8, abs=1e-6)
    assert score("longbench_rouge", "...", "a b") == 0
    assert score("longbench_rouge_zh", "首都是北京", "北京") == pytest.approx(0.5, abs=1e-6)


def test_longbench_rouge_of_sentences_beyond_its_recursion_is_zero():
    words = [f"w{n}" for n in range(_rouge.STEPS + 1)]
    assert score("longbench_rouge", " ".join(words[:-1]), " ".join(words[:-1])) > 0.999
    assert score("longbench_rouge", " ".join(words), " ".join(words)) == 0


def test_longbench_classification_removes_classes_while_it_goes_through_them():
    classes = ("Food", "Food for dogs", "Cat")
    # named: Food, Food for dogs; Food is part of the gold and goes
    assert score("longbench_classification", "Food for dogs", "Food for dogs", choices=classes) == 1
    assert score("longbench_classification", "Food for dogs", "Food", choices=classes) == 0.5
    # A and B are parts of "A B": removing A skips B, which stays beside the gold
    assert score("longbench_classification", "A B", "A B", choices=("A", "B", "A B")) == 0.5
    assert score("longbench_classification", "A B", "A B", classes="A\nB\nA B") == 0.5
    assert score("longbench_classification", "Cat", "Food", choices=classes) == 0
    assert score("longbench_classification", "Cat", "Cat") is None


def test_longbench_reads_the_first_line_for_four_tasks_alone():
    said = "\n\nParis\nQuestion: and Rome?"
    assert score("longbench", said, "Paris", task="triviaqa") == 1
    assert score("longbench", said, "Paris", task="hotpotqa") == pytest.approx(2 / 5)
    assert score("longbench_qa_f1(first_line=true)", said, "Paris") == 1
    assert score("longbench_qa_f1(first_line=false)", said, "Paris", task="triviaqa") < 1
    assert score("longbench", said, "Paris") is None
    assert score("longbench", "Rome\nParis", "Paris", task="samsum") == 0
    assert score("longbench", "B\nA", "A", task="lsht", classes="A\nB") == 0


# OpenLMLab/LEval, Evaluation/auto_eval.py and em.py


@pytest.mark.parametrize(
    ("task", "answer", "gold", "expected"),
    [
        ("coursera", "AC", "AC", 1),
        ("coursera", "A", "AC", 0.25),  # a strict subset
        ("coursera", "AB", "AC", 0),
        ("coursera", "CA, that is", "AC", 1),
        ("coursera", "It is A. and C) here", "AC", 1),
        ("coursera", "I cannot tell", "A", 1),  # nothing readable counts as A
        ("coursera", "B. x Question 2: A. y", "B", 1),
        ("quality", "(B) because", "(B) the text", 1),
        ("quality", "Could be B", "C) x", 1),  # the C of Could
        ("tpo", "The answer is D", "D", 1),
        ("tpo", "none of them", "A", 1),
        ("gsm100", "So 3 + 4.\nThe answer is $1,234.50.", "1234", 1),
        ("gsm100", "It makes 7 and then 18 dollars\n\nOr 5", "18", 1),
        ("gsm100", "no idea", "18", 0),
        ("codeU", "The final output of the code will be [6, 15].", "[6 15]", 1),
        ("codeU", "So the final output is: '7', I think, which is odd", "7", 1),
        ("codeU", "7 is what I get, or maybe it is rather 9", "7", 0),
        ("sci_fi", "True [fact: False]", "True [fact: False]", 1),
        ("sci_fi", "True. [fact: True]", "True [fact: False]", 0.5),
        ("sci_fi", "True", "True [fact: False]", 0.5),
        ("topic_retrieval_longchat", "It was TheFuture of Art.", "The future of art", 1),
        ("topic_retrieval_longchat", "art", "The future of art", 0),
        ("", "3.0", "3", 1),
    ],
)
def test_leval_exam(task, answer, gold, expected):
    assert score("leval_exam", answer, gold, task=task) == expected


def test_leval_f1_and_rouge():
    assert score("leval_f1", "the cat sat", "a cat") == pytest.approx(2 * 1 / (2 + 1))
    assert score("leval_rouge(kind=rouge1)", "cats sat", "cat sat") == 0.5  # no stemming
    assert score("leval_rouge(kind=rouge2)", "a b c", "a b d") == 0.5
    # by sentence the two orders are the same, in one sequence they are not
    one, other = "One is red. Two is blue.", "Two is blue. One is red."
    assert score("leval_rouge(kind=rougeLsum)", one, other) == 1
    assert score("leval_rouge", one, other) == 0.5


# OpenBMB/InfiniteBench, src/compute_scores.py


@pytest.mark.parametrize(
    ("task", "answer", "golds", "expected"),
    [
        ("passkey", "The key is 71432, not 5.", ("71432",), 1),
        ("number_string", "1: 3000", ("3000",), 0),
        ("kv_retrieval", 'It is "ab-12".', ("ab-12",), 1),
        ("kv_retrieval", "It is ab-123", ("ab-12",), 0),
        ("code_run", "The result is `-5`.", ("-5",), 1),
        ("code_run", "5 it is", ("5",), 0),
        ("code_debug", "B. run", ("run", "B"), 1),
        ("code_debug", "The correct option is: B. run", ("run", "B"), 1),
        ("code_debug", "The answer is: run()", ("run", "B"), 1),
        ("code_debug", "Option B", ("run", "B"), 0),
        ("code_debug", "The bug is:", ("run", "B"), 0),
        ("math_find", "The number is 88.", ("88",), 1),
        ("math_find", "88.5", ("88",), 0),
        ("math_find", "3", ("3.0",), 1),
        ("math_calc", "[1, 3, -1, 4]", ("[1, 3, 1, 5]",), 3 / 4),
        ("math_calc", "[1, 3]", ("[1, -3]",), 1 / 2),
        ("longdialogue_qa_eng", "It's Ace, I think", ("ACE", "ACE ROTHSTEIN"), 1),
        ("longdialogue_qa_eng", "Ace Rothstein", ("ACE ROTHSTEIN",), 0),
        ("longbook_choice_eng", "A. Walking", ("Walking", "A"), 1),
        ("longbook_choice_eng", "Beware: the answer is A", ("Walking", "A"), 0),
        ("longbook_choice_eng", "Walking", ("Walking", "A"), 1),
        ("longbook_choice_eng", "I say the answer is Walking", ("Walking", "A"), 1),
        ("longbook_choice_eng", "It must be (A, C", ("Walking", "C"), 1),
        ("longbook_choice_eng", "I say C or A", ("Walking", "C"), 1),
        ("longbook_qa_eng", "the dog", ("a cat", "dog"), 1),
        ("longbook_qa_chn", "北京，上海", ("北京",), 2 * 2 / (4 + 2)),
        ("longbook_sum_eng", "b c\na", ("a\nb c",), 1),
    ],
)
def test_infinitebench(task, answer, golds, expected):
    assert score("infinitebench", answer, *golds, task=task) == pytest.approx(expected)


def test_infinitebench_passes_over_gpt4s_first_number():
    assert score("infinitebench_math_calc(skip_first=true)", "[9, 1, 2]", "[1, 2]") == 1
    assert score("infinitebench_math_calc", "9" * 5000, "[1]") == 0


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


# what holds for all of them

FAMILIES = ("longbench", "leval", "infinitebench", "ruler", "babilong", "lveval")
FAMILIES += ("helmet", "nolima", "locomo")
ALL = [n for n in catalog.names(catalog.METRICS) if n.partition("_")[0] in FAMILIES]
# those that read the golds as a list, in their order
ORDERED = {"infinitebench", "lveval", "helmet_choice"}
TAGS = {"task": "qa1", "classes": "office\ngarden"}


def test_all_of_the_nine_benchmarks_are_there():
    assert {name.partition("_")[0] for name in ALL} == set(FAMILIES)


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("answer", ["", " \n", "failed:timeout", "refused", "overflow"])
def test_what_is_empty_or_failed_scores_zero(metric, answer):
    text, outcome = (answer, "answered") if not answer.strip() else ("office", answer)
    scored = score(metric, Answer(text, outcome=outcome), "office", **_tags(metric))
    assert scored == 0


@pytest.mark.parametrize("metric", ALL)
def test_without_a_gold_there_is_nothing_to_score(metric):
    assert score(metric, "office", **_tags(metric)) is None


def _tags(metric):
    tasks = {"longbench": "hotpotqa", "infinitebench": "passkey", "lveval": "factrecall_en"}
    return {**TAGS, "task": tasks.get(metric, "qa1")}


words = st.lists(
    st.sampled_from(["office", "garden", "7", "A", "B.", "yes", "the", "北京", "answer is:"]),
    min_size=1,
    max_size=8,
).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(st.one_of(words, st.text(max_size=40)), words, words)
def test_scores_lie_between_0_and_1_and_golds_have_no_order(answer, one, other):
    for metric in ALL:
        first = score(metric, answer, one, other, **_tags(metric))
        assert 0 <= first <= 1, metric
        if metric.partition("_")[0] not in ORDERED and metric not in ORDERED:
            assert score(metric, answer, other, one, **_tags(metric)) == pytest.approx(first)
