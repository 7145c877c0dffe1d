"""Every generator: the same by the same seed, as long as asked, its gold in the text."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import pytest
from command_line import crossover
from deriving import low_overlap, needlebench, ruler, threaded, value_of
from deriving_worlds import aggregated, best_of, queried, small_world, sorted_again

from crossover import catalog
from crossover.datasets._lengths import counter
from crossover.errors import ConfigError, DataError
from crossover.roles import Dataset

CHECKERS = {
    "ruler": ruler,
    "kv_pairs": value_of,
    "needle_threading": threaded,
    "needlebench": needlebench,
    "low_overlap_needles": low_overlap,
    "facts_in_haystack": small_world,
    "labelled_lines": aggregated,
    "verbalised_tables": queried,
    "text_sort": sorted_again,
    "best_answer": best_of,
}
# what stands at a place, or hides in other text
PLACED = ("ruler", "kv_pairs", "needle_threading", "low_overlap_needles", "facts_in_haystack")
HIDING = ("ruler", "needlebench", "low_overlap_needles", "facts_in_haystack", "text_sort")
# long enough for every task of each
SHORT = {"needle_threading": 2500, "needlebench": 1500}
SEEDS = 4
LONG_SEEDS, CHUNK = 1000, 250


def load(name, **options):
    given = {"name": name, "tokens": SHORT.get(name, 1000), "samples": 1, **options}
    return catalog.load(Dataset, given)


def text_of(example):
    (document,) = example.question.documents
    return document.text


def check(name, seed, **options):
    """That all of a generator's samples are as long as asked and their golds follow."""
    dataset = load(name, seed=seed, **options)
    counts = counter(dataset.tokenizer)
    for example in dataset.examples():
        text = text_of(example)
        assert abs(counts.count(text) - dataset.tokens[0]) <= dataset.tokens[0] / 100, example
        derived = CHECKERS[name](text, example.question.text, example.tags["task"])
        assert derived == set(example.answers), (seed, example.question.id, derived)
        for span in example.evidence:
            assert text[span.start : span.end].strip() == text[span.start : span.end] != ""


@pytest.mark.parametrize("name", CHECKERS)
def test_golds_follow_from_the_text_alone(name):
    for seed in range(SEEDS):
        check(name, seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, LONG_SEEDS, CHUNK))
@pytest.mark.parametrize("name", CHECKERS)
def test_golds_follow_from_the_text_alone_by_a_thousand_seeds(name, first):
    for seed in range(first, first + CHUNK):
        check(name, seed)


@pytest.mark.parametrize("name", CHECKERS)
def test_longer_texts_and_another_tokenizer(name):
    check(name, 3, tokens=16_000, tokenizer="cl100k_base")


@pytest.mark.parametrize("name", CHECKERS)
def test_the_same_seed_gives_the_same_and_another_one_others(name):
    def read(seed):
        return [
            (one.question.id, text_of(one), one.question.text, one.answers, one.evidence, one.tags)
            for one in load(name, seed=seed, samples=2).examples()
        ]

    first = read(0)
    assert read(0) == first
    assert len({example[0] for example in first}) == len(first)
    others = read(1)
    assert [one[0] for one in others] == [one[0] for one in first]
    assert all(one[1] != other[1] for one, other in zip(others, first, strict=True))


def test_another_process_writes_the_same():
    specs = [catalog.spec(load(name)) for name in CHECKERS]
    code = (
        "import json, sys\nfrom crossover import catalog\nfrom crossover.roles import Dataset\n"
        "for spec in sys.argv[1:]:\n"
        "    found = catalog.load(Dataset, spec).examples()\n"
        "    print(*(next(iter(e.question.documents)).digest for e in found))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, *specs],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [[e.question.documents[0].digest for e in load(name).examples()] for name in CHECKERS]
    assert [line.split() for line in other.stdout.splitlines()] == here


@pytest.mark.parametrize("name", PLACED)
def test_what_is_asked_for_stands_where_it_is_wanted(name):
    wanted = [0, 0.5, 1]
    found = list(load(name, tokens=8000, depth=wanted).examples())
    for example in found:
        if example.tags.get("depth"):
            middle = [(s.start + s.end) / 2 for s in example.evidence]
            share = sum(middle) / len(middle) / len(text_of(example))
            assert abs(share - float(example.tags["depth"].rstrip("%")) / 100) < 0.15, example
    placed = [example for example in found if example.tags.get("depth")]
    assert {example.tags["depth"] for example in placed} == {"0%", "50%", "100%"}
    groups = {example.group for example in placed}
    assert len(groups) == len(placed) / 3


def test_the_best_answer_stands_where_it_is_wanted():
    for example in load("best_answer", tokens=8000, depth=[0, 1]).examples():
        labels = [line.partition(":")[0] for line in text_of(example).splitlines() if line]
        assert example.answers[0] == labels[0 if example.tags["depth"] == "0%" else -1]


@pytest.mark.parametrize("name", HIDING)
def test_a_folder_of_ones_own_can_be_the_haystack(name, tmp_path):
    own = "".join(f"The {n}th gull of the old harbour said nothing at all. " for n in range(3000))
    (tmp_path / "gulls.txt").write_text(own)
    options = {"tasks": "niah_single_2"} if name == "ruler" else {}
    options |= {"tasks": "single_retrieval"} if name == "needlebench" else {}
    dataset = load(name, haystack=str(tmp_path), samples=2, **options)
    counts = counter(dataset.tokenizer)
    for example in dataset.examples():
        text = text_of(example)
        assert "gull of the old harbour" in text
        assert abs(counts.count(text) - dataset.tokens[0]) <= dataset.tokens[0] / 100
    (tmp_path / "gulls.txt").write_text(" ")
    with pytest.raises(DataError):
        list(load(name, haystack=str(tmp_path / "none"), **options).examples())


def test_pieces_of_a_folder_are_in_the_order_of_its_text(tmp_path):
    own = "".join(f"Gull number {n} said nothing at all. " for n in range(3000))
    (tmp_path / "gulls.txt").write_text(own)
    for example in load("text_sort", haystack=str(tmp_path), samples=5).examples():
        text = text_of(example)
        starts = {}
        for number, piece in enumerate(text.split("Segment ")[1:], 1):
            starts[number] = int(piece.partition("Gull number ")[2].split()[0])
        order = [int(number) for number in example.answers[0].split(", ")]
        # a folder's text may begin anywhere and go round once
        places = [starts[number] for number in order]
        turns = sum(a > b for a, b in pairwise(places))
        assert turns <= 1


def test_needles_share_no_word_with_their_questions():
    from crossover.datasets.low_overlap_needles import NEEDLES

    small = {"who", "has", "been", "to", "the", "read", "knows", "of", "de", "is", "in", "a"}
    for needle in NEEDLES:
        for hint in needle.hints:
            for ask, about in ((needle.ask_near, needle.near), (needle.ask_far, needle.far)):
                asked = {word.strip("?").lower() for word in ask.format(about).split()} - small
                said = {word.strip(".,").lower() for word in hint.split()}
                assert not asked & said - {"read"}, (asked, said)


def test_a_misleading_sentence_has_the_questions_word_and_no_answer():
    for example in load("low_overlap_needles", samples=20, misleading=True).examples():
        about = example.question.text.rstrip("?").split(" to ")[-1].split("knows ")[-1]
        about = about.split("read ")[-1]
        text = text_of(example)
        assert text.count(f"lecture on {about}") == 1
        (span,) = example.evidence
        assert about not in text[span.start : span.end]


@pytest.mark.parametrize("position", ["begin", "end", "middle", "bimodal", "uniform"])
def test_rows_of_a_table_stand_where_they_are_wanted(position):
    for example in load("verbalised_tables", tokens=6000, position=position).examples():
        lines = text_of(example).splitlines()
        own = [at for at, line in enumerate(lines) if " makes the " in line or "workshop" in line]
        other = sorted(set(range(len(lines))) - set(own))
        share = len(own) / len(lines)
        assert 0.2 < share < 0.7
        begins, ends = own[0] == 0, own[-1] == len(lines) - 1
        whole = own == list(range(own[0], own[-1] + 1))
        assert {
            "begin": begins and whole,
            "end": ends and whole,
            "middle": whole and not begins and not ends,
            "bimodal": begins and ends and other == list(range(other[0], other[-1] + 1)),
            "uniform": not whole,
        }[position]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_threads_go_one_way_through_the_text(direction):
    for example in load(
        "needle_threading", tasks="single_thread", direction=direction, samples=5
    ).examples():
        pairs = json.loads(text_of(example))
        key = example.question.text.split('"')[1]
        places = []
        while key in pairs:
            places.append(list(pairs).index(key))
            key = pairs[key]
        assert len(places) == 5
        assert places == sorted(places, reverse=direction == "backward")


def test_questions_of_another_dataset_can_be_rulers(tmp_path):
    records = [
        {
            "question": f"Who keeps gate {n}?",
            "answers": [f"Keeper {n}"],
            "documents": [
                {"id": f"d{n}", "text": f"Gate {n} is kept by Keeper {n}, who sleeps all day long."}
            ],
            "evidence": [{"document": f"d{n}", "start": 0, "end": 6}],
        }
        for n in range(60)
    ]
    path = tmp_path / "gates.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    dataset = load("ruler", tasks="qa_1", qa_1={"name": "jsonl", "path": str(path)}, samples=3)
    found = list(dataset.examples())
    assert [one.question.text for one in found] == [f"Who keeps gate {n}?" for n in range(3)]
    assert dataset.metrics()[0] == "ruler_part"
    for one in found:
        (span,) = one.evidence
        assert text_of(one)[span.start : span.end].startswith("Gate ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "ruler", "tasks": "niah"}, "niah_single_1"),
        ({"name": "ruler", "tasks": []}, "tasks"),
        ({"name": "kv_pairs", "tokens": 10}, "tokens"),
        ({"name": "kv_pairs", "depth": 2}, "depth"),
        ({"name": "kv_pairs", "tokenizer": "nowhere.json"}, "no such tokenizer"),
        ({"name": "needle_threading", "tokens": 500}, "raise tokens"),
        ({"name": "text_sort", "tokens": 500, "segments": 20}, "too few for 20 segments"),
        ({"name": "verbalised_tables", "density": 0}, "density"),
    ],
)
def test_wrong_options_are_one_line(options, said):
    with pytest.raises(ConfigError) as raised:
        list(catalog.load(Dataset, options).examples())
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_they_are_listed_with_their_options(capsys):
    code, out, _ = crossover(capsys, "list", "datasets")
    assert code == 0
    assert all(name in out for name in CHECKERS)
    code, out, _ = crossover(capsys, "list", "datasets", "needle_threading")
    assert "direction" in out
