import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from statistics import mean, pstdev

import pytest
from biographies_reading import SINGLE, examples_of, facts_of, of_kind, text_of

from crossover import catalog
from crossover.datasets import biographies
from crossover.datasets.biographies import KINDS, Biographies
from crossover.datasets.biographies.candidates import UNSTATED
from crossover.datasets.biographies.document import write
from crossover.datasets.biographies.wordings import LOOKUP
from crossover.errors import ConfigError
from crossover.roles import Dataset
from crossover.tokens import count_tokens

PINNED = "b447d0083c8f568d5ff28fa5c528f631edd49505effc73cc0e088724c528dffb"


@pytest.mark.parametrize("tokens", [2000, 3001, 4096, 8000, 33_333, 128_000])
def test_a_document_has_the_length_asked_for(tokens):
    for number in range(3 if tokens < 10_000 else 1):
        text = facts_of({"tokens": tokens}, number).text
        assert count_tokens(text) == pytest.approx(tokens, rel=0.01)


@pytest.mark.parametrize("tokens", [500, 1000])
def test_a_short_document_is_nearly_as_long_as_asked_for(tokens):
    for number in range(20):
        assert count_tokens(facts_of({"tokens": tokens}, number).text) == pytest.approx(
            tokens, rel=0.03
        )


def test_the_same_seed_gives_the_same_bytes_in_any_process():
    code = (
        "import hashlib; from crossover.datasets.biographies import Biographies as B;"
        "e = list(B(tokens=2000, documents=1).examples());"
        "t = e[0].question.documents[0].text + repr([(x.question.text, x.answers, x.evidence,"
        " sorted(x.tags.items())) for x in e]);"
        "print(hashlib.sha256(t.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "12345")
    }
    assert len(digests) == 1


def test_the_bytes_are_those_of_this_version():
    text = facts_of({"tokens": 2000}, 0).text
    assert Biographies.version == 1
    assert hashlib.sha256(text.encode()).hexdigest() == PINNED


def test_other_seeds_and_numbers_give_other_documents_and_depths_the_same_ones():
    first = {example.question.documents[0].digest for example in examples_of(tokens=1000)}
    other = {example.question.documents[0].digest for example in examples_of(tokens=1000, seed=1)}
    deep = {example.question.documents[0].digest for example in examples_of(tokens=1000, depth=1.0)}
    assert len(first) == 3
    assert not first & other
    assert first == deep


@pytest.mark.parametrize("tokens", [500, 1000, 8000])
def test_every_kind_occurs_in_every_document(tokens):
    for seed in range(12):
        for number, group in enumerate(("bio-0", "bio-1", "bio-2")):
            own = [e for e in examples_of(tokens=tokens, seed=seed) if e.group == group]
            assert len(own) == 14, number
            assert {example.tags["kind"] for example in own} == set(KINDS)


def test_a_remainder_goes_to_other_kinds_from_document_to_document():
    examples = examples_of(questions=1, documents=7)
    assert [example.tags["kind"] for example in examples] == list(KINDS)


def test_what_a_strategy_sees_does_not_tell_the_kind():
    orders = set()
    for seed in range(3):
        examples = examples_of(tokens=2000, seed=seed)
        for number in range(3):
            own = [example for example in examples if example.group == f"bio-{number}"]
            assert [e.question.id for e in own] == [f"bio-{number}-{i}" for i in range(14)]
            orders.add(tuple(example.tags["kind"] for example in own))
        assert all(not e.question.documents[0].metadata for e in examples)
        assert all(e.question.form == "answer" and not e.question.choices for e in examples)
    assert len(orders) == 9


def test_questions_of_one_document_differ_and_share_it():
    examples = examples_of(documents=1, questions=70)
    assert len({example.question.text for example in examples}) == 70
    assert len({id(example.question.documents[0]) for example in examples}) == 1


def test_tags_name_length_and_depth():
    assert {e.tags["length"] for e in examples_of(tokens=8000)} == {"8k"}
    assert {e.tags["length"] for e in examples_of(tokens=500)} == {"500"}
    assert Biographies(tokens=1_000_000)._length() == "1M"
    assert Biographies(tokens=1500)._length() == "1.5k"
    for example in examples_of(tokens=8000):
        assert ("depth" in example.tags) == bool(example.evidence)
        if example.evidence:
            low, high = map(int, re.findall(r"\d+", example.tags["depth"]))
            place = mean(span.start for span in example.evidence) / len(text_of(example))
            assert low <= 100 * place <= high


@pytest.mark.parametrize("tokens", [4000, 16_000])
@pytest.mark.parametrize("depth", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_the_evidence_lies_at_the_depth_asked_for(tokens, depth):
    singles = of_kind(examples_of(tokens=tokens, depth=depth), *SINGLE)
    assert len(singles) == 12
    places = [span.start / len(text_of(e)) for e in singles for span in e.evidence]
    assert mean(places) == pytest.approx(depth, abs=0.05)
    for group in ("bio-0", "bio-1", "bio-2"):
        own = [s.start / len(text_of(e)) for e in singles if e.group == group for s in e.evidence]
        assert mean(own) == pytest.approx(depth, abs=0.05)


def test_without_a_depth_the_evidence_is_spread():
    singles = examples_of(tokens=16_000, documents=2, questions=40, kinds=SINGLE)
    places = [span.start / len(text_of(e)) for e in singles for span in e.evidence]
    assert mean(places) == pytest.approx(0.5, abs=0.06)
    assert pstdev(places) > 0.25
    assert {e.tags["depth"] for e in singles} == {
        "0-20%", "20-40%", "40-60%", "60-80%", "80-100%",
    }  # fmt: skip


def test_names_are_unique_and_some_nearly_alike():
    written = facts_of({"tokens": 60_000}, 0)
    names = [entity.name for entity in written.entities]
    assert len(set(names)) == len(names)
    people = [e.name.split() for e in written.entities if e.kind == "person"]
    same_head = Counter((first, last[:4]) for first, last in people)
    same_surname = Counter((first[:2], last) for first, last in people)
    assert sum(n - 1 for n in (*same_head.values(), *same_surname.values())) > 3
    assert not any(a != b and a in b for a in names for b in names)


def test_no_article_clashes_and_no_slot_stays_open():
    text = facts_of({"tokens": 60_000}, 0).text
    assert not re.search(r"\ba [aeiou]\w+|\ban [^aeiou\W]\w+", text)
    assert "{" not in text
    assert "  " not in text
    assert not re.search(r"\b(\w+) \1\b", text)


def test_every_relation_that_can_be_missing_has_a_wording():
    for relation in (relation for relations in UNSTATED.values() for relation in relations):
        assert LOOKUP[relation]


def test_a_document_is_written_when_it_is_needed(monkeypatch):
    calls = []
    monkeypatch.setattr(biographies, "write", lambda *a: calls.append(a) or write(*a))
    examples = Biographies(tokens=1000, documents=1000).examples()
    assert not calls
    first = next(examples)
    assert first.question.documents[0].id == "bio-0"
    assert len(calls) == 1
    assert len(first.question.documents[0].text) > 2000
    assert first.question.documents[0].text
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("biographies(tokens=499)", "tokens=499"),
        ("biographies(tokens=many)", "tokens='many'"),
        ("biographies(documents=0)", "documents=0"),
        ("biographies(questions=0)", "questions=0"),
        ("biographies(kinds=[lookup, riddle])", "riddle"),
        ("biographies(depth=1.5)", "depth=1.5"),
        ("biographies(depth=-0.1)", "depth=-0.1"),
        ("biographies(token=800)", "did you mean tokens?"),
    ],
)
def test_bad_options_are_named_in_one_line(source, says):
    with pytest.raises(ConfigError) as error:
        catalog.load(Dataset, source)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_more_questions_than_a_document_holds_are_refused_in_one_line():
    with pytest.raises(
        ConfigError, match=r"^biographies: a document of 500 tokens holds \d+ count"
    ):
        examples_of(tokens=500, questions=200, kinds=("count",))
    with pytest.raises(ConfigError, match="kinds is empty"):
        examples_of(kinds=())


def test_the_catalog_builds_and_prints_it():
    source = "biographies(tokens=2000, kinds=[lookup, count], depth=0.5)"
    built = catalog.load(Dataset, source)
    assert built == Biographies(tokens=2000, kinds=("lookup", "count"), depth=0.5)
    assert catalog.spec(built) == source
    assert built.metrics() == ("answer_recall", "substring_match", "f1_squad")
    swept = catalog.expand(Dataset, "biographies(tokens=[1000, 2000], kinds=[lookup])")
    assert [one.tokens for one in swept] == [1000, 2000]


@pytest.mark.long
def test_a_million_tokens_are_written():
    examples = examples_of(tokens=1_000_000, documents=1, questions=70)
    text = text_of(examples[0])
    assert count_tokens(text) == pytest.approx(1_000_000, rel=0.01)
