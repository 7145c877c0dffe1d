"""LongBench, L-Eval and InfiniteBench: cases worked by hand from each scorer's public code."""

import pytest
from benchmark_scoring import score

from crossover.metrics import _rouge

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
