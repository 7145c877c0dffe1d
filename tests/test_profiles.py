"""The profile of a question: its signs one by one, gold measures worked by hand, slices."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover import catalog
from crossover.datasets.profiled import ESTIMATED, GOLD, Profiled
from crossover.errors import ConfigError, DataError
from crossover.profiles import GoldProfile, InformationProfile, cues, gold_profile, profile
from crossover.profiles.curve import Curve
from crossover.profiles.searched import indexed
from crossover.roles import Dataset, ReleasedAnswers
from crossover.types import Document, Example, Passage, Question, Span

DATA = Path(__file__).parents[2] / "shared" / "data"
BASE = "biographies(tokens=2000, documents=3, questions=14)"
SIGNS = ("aggregation", "superlative", "comparison", "several", "explanation", "entities")
FILLER = " ".join(["grain"] * 149)


def asked(text, *texts, form="answer"):
    documents = tuple(Document(f"d{at}", each) for at, each in enumerate(texts))
    return Question("q", text, documents, form)


def curve(*scores, lengths=None):
    return Curve(np.array(scores, float), np.array(lengths or [1] * len(scores), float), 0, 0)


@pytest.mark.parametrize(
    ("sign", "there", "not_there"),
    [
        (cues.aggregates, "How many mills are there?", "Which mill burned?"),
        (cues.aggregates, "Summarise the report.", "Where does the report lie?"),
        (cues.aggregates, "Name each of her teachers.", "Who was her teacher?"),
        (cues.superlative, "Who was born first?", "When was she born?"),
        (cues.superlative, "Who came last?", "Who came last week?"),
        (cues.superlative, "Which is the largest town?", "Is the town large?"),
        (cues.compares, "Who is older, Ada or Belo?", "How old is Ada?"),
        (cues.compares, "How do A and B differ?", "How does A run?"),
        (cues.several, "What instruments does she play?", "What instrument does she play?"),
        (cues.several, "Which of the books are green?", "Which is the green book?"),
        (cues.several, "What are her hobbies?", "What is her hobby?"),
        (cues.several, "What LGBTQ+ events has she been to?", "What was her last event?"),
        (cues.explains, "Why did the bridge fall?", "When did the bridge fall?"),
        (cues.explains, "How does it keep its shape?", "How old is it?"),
    ],
)
def test_each_sign_in_the_wording(sign, there, not_there):
    assert sign(asked(there)) == 1.0
    assert sign(asked(not_there)) == 0.0


def test_a_summary_asks_for_everything_whatever_its_words():
    assert cues.aggregates(asked("What is this?", form="summary")) == 1.0


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Where did she live?", 0),
        ("Where did Ada Varn live?", 0),
        ("Did Ada Varn know Belo Trask?", 1 / 3),
        ("Did Ada know Belo, or Ada's friend Cleo?", 1),
        ("How do paper 1 and paper 2 and paper 3 end?", 2 / 3),
        ("Was she born before 1899 or in 1901?", 0),
        ("Of A1, did Bo, Cy, Di, Ed and Flo come?", 1),
    ],
)
def test_names_asked_about(text, share):
    assert cues.entities(asked(text)) == pytest.approx(share)


def test_spread_is_the_entropy_of_the_squared_scores():
    assert curve(2, 2, 2, 2).spread() == pytest.approx(1)
    assert curve(2, 2, 0, 0).spread() == pytest.approx(0.5)
    assert curve(2, 0, 0, 0).spread() == 0
    # squares 4 and 1: shares .8 and .2
    expected = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2)) / np.log(2)
    assert curve(2, 1).spread() == pytest.approx(expected)
    assert curve(3).spread() == 0
    assert curve(0, 0).spread() == curve().spread() == 1


def test_reading_is_the_share_of_text_until_half_of_the_fourth_powers():
    assert curve(2, 1, 1, 1, lengths=[10, 30, 30, 30]).reading() == pytest.approx(0.1)
    # fourth powers 1, 1, 1, 1: the half is reached with the second
    assert curve(1, 1, 1, 1, lengths=[10, 20, 30, 40]).reading() == pytest.approx(0.3)
    assert curve(0, 0).reading() == curve().reading() == 1


def test_gap_is_how_far_the_fifth_lies_below_the_first():
    assert curve(4, 3, 3, 2, 1, 1).gap() == pytest.approx(0.75)
    assert curve(4, 4, 4, 4, 4).gap() == 0
    assert curve(4, 1).gap() == 1
    assert curve(0, 0).gap() == 0


def test_missing_and_absent_words_weigh_by_rarity():
    passages = [
        Passage("d", 0, 9, "a red mill", 2.0),
        Passage("d", 9, 18, "a red harbour", 1.0),
    ]
    found = profile(asked("Red mill harbour quay?"), passages)
    # in 2, 1, 1 and 0 of two passages
    red, one, none = np.log(1.2), np.log(2), np.log(6)
    total = red + 2 * one + none
    assert found.missing == pytest.approx((one + none) / total)
    assert found.absent == pytest.approx(none / total)


def test_passages_of_any_order_are_taken_by_their_scores_and_documents_left_alone():
    def fail():
        raise DataError("was read")

    question = Question("q", "Who built it?", (Document("d", fail),))
    passages = [Passage("d", at, at + 9, f"built {at}", score) for at, score in ((0, 1), (9, 3))]
    assert profile(question, passages) == profile(question, passages[::-1])
    assert profile(question, passages).gap == 1
    with pytest.raises(DataError, match="was read"):
        profile(question)


def test_scope_and_diffusion_are_the_weighted_signs():
    found = profile(asked("Who is older, Ada Varn or Belo Trask?"), [Passage("d", 0, 3, "Ada", 1)])
    assert (found.comparison, found.spread, found.reading) == (1, 0, 1)
    assert found.entities == pytest.approx(1 / 3)
    assert found.scope == pytest.approx(1 - (1 - 0.2) * (1 - 0.2 / 3))
    assert found.diffusion == pytest.approx(0.4 * 1 + 0.2 * found.missing)
    assert 0 < found.missing < 1


def test_a_question_without_a_trace_in_the_text_needs_all_of_it():
    found = profile(asked("Zyx?", "one two three. " * 200))
    assert (found.spread, found.reading, found.missing, found.absent) == (1, 1, 1, 1)
    assert found.diffusion == pytest.approx(1)
    none = profile(asked("Zyx?"))
    assert (none.spread, none.reading, none.missing, none.absent, none.gap) == (1, 1, 1, 1, 0)


def test_what_stands_in_one_place_is_easier_than_what_stands_everywhere():
    parts = [f"{FILLER} passage {number}" for number in range(20)]
    one = [*parts[:7], f"{FILLER} Ostrel harbour", *parts[8:]]
    every = [f"{part} Ostrel harbour" for part in parts]
    narrow = profile(asked("Who runs the Ostrel harbour?", " ".join(one)))
    wide = profile(asked("Who runs the Ostrel harbour?", " ".join(every)))
    assert narrow.diffusion < 0.2 < 0.5 < wide.diffusion
    assert narrow.scope < wide.scope


TEXTS = st.text(st.sampled_from("ab cd ef, How many? First Ada Belo .\n"), max_size=400)


@given(TEXTS, st.lists(TEXTS, max_size=3), st.sampled_from(["answer", "summary"]))
@settings(max_examples=60, deadline=None)
def test_every_number_is_a_share_and_ids_say_nothing(text, texts, form):
    question = asked(text, *texts, form=form)
    found = profile(question)
    assert all(0 <= value <= 1 for value in found.features().values()), found
    renamed = tuple(Document(f"other {d.id}", d.text, {"title": "x"}) for d in question.documents)
    assert profile(Question("another", text, renamed, form)) == found


@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=30), st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_the_scale_of_scores_says_nothing_and_repeating_passages_lowers_no_scope(scores, times):
    def found(numbers):
        passages = [Passage("d", at, at + 5, "ada x", score) for at, score in enumerate(numbers)]
        return profile(asked("Who is Ada?"), passages)

    once = found(scores)
    scaled = found([7 * score for score in scores])
    assert scaled.features() == pytest.approx(once.features(), abs=1e-9)
    assert found(scores * times).scope >= once.scope - 1e-9


@given(st.integers(0, 2**6 - 1))
def test_every_further_sign_raises_scope(bits):
    from crossover.profiles import _scope

    signs = {name: float(bits >> at & 1) for at, name in enumerate(SIGNS)} | {"spread": 0.3}
    for name in SIGNS:
        assert _scope(signs | {name: 1.0}) >= _scope(signs | {name: 0.0}) + 0.01


def test_features_are_the_fields_in_order():
    found = profile(asked("Who?", "Ada."))
    assert list(found.features()) == list(InformationProfile.__dataclass_fields__)
    assert found.features()["scope"] == found.scope


def test_passages_of_the_index_cover_the_text_and_are_built_once():
    text = "  " + " ".join(f"w{number}" for number in range(400)) + "\n"
    document = Document("d", text)
    found = indexed((document,))
    assert [len(p.text.split()) for p in found.passages] == [150, 150, 100]
    assert "".join(passage.text for passage in found.passages) == text
    assert indexed((Document("d", text),)) is found


def gold_example(evidence, question="Where is the Ostrel harbour?", answers=("Mir",), texts=()):
    first = f"{FILLER} one {FILLER} two Ostrel harbour {FILLER} {FILLER} four"
    documents = asked(question, *(texts or (first, "Belo. " * 20))).documents
    spans = tuple(Span(*each) for each in evidence)
    return Example(Question("q", question, documents), answers, spans, "g", {"kind": "x"})


def test_gold_measures_worked_by_hand():
    text = f"{FILLER} one {FILLER} two Ostrel harbour {FILLER} {FILLER} four"
    total = len(text) + 120
    at = text.index("Ostrel")
    found = gold_profile(gold_example([("d0", at, at + 14)]))
    (harbour,) = (p for p in indexed((Document("d0", text),)).passages if "Ostrel" in p.text)
    assert found.scope == 1
    assert found.coverage == pytest.approx(14 / total)
    assert found.stretch == pytest.approx(14 / total)
    assert found.depth == pytest.approx((at + 7) / total)
    # BM25 puts the passage with the words first
    assert found.diffusion == pytest.approx(len(harbour.text) / total)


def test_evidence_that_overlaps_counts_once_and_other_documents_do_not():
    found = gold_profile(
        gold_example([("d0", 0, 10), ("d0", 5, 20), ("d1", 0, 5), ("elsewhere", 0, 9)])
    )
    first = len(gold_example([]).question.documents[0].text)
    total = first + 120
    assert found.coverage == pytest.approx(25 / total)
    assert found.stretch == pytest.approx((first + 5) / total)
    assert found.depth == pytest.approx((10 + first + 2.5) / 2 / total)
    assert found.scope == 2
    # no word of the question stands in the second document, so it is read last
    assert found.diffusion == pytest.approx(1)


def test_without_evidence_only_the_answers_first_place_is_known():
    text = "The Mirror stands. Ada saw the mirror."
    example = gold_example([], answers=("the mirror", "6"), texts=(text,))
    assert gold_profile(example) == GoldProfile(depth=0.0)
    whole_words = gold_example([], answers=("irror",), texts=(text,))
    assert gold_profile(whole_words) == GoldProfile()
    short = gold_example([], answers=("Ada",), texts=(text,))
    assert gold_profile(short) == GoldProfile()


@given(st.lists(st.tuples(st.integers(0, 2500), st.integers(1, 300)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_more_evidence_never_lowers_what_is_needed(spans):
    spans = [("d0", start, start + length) for start, length in spans]
    every, fewer = gold_profile(gold_example(spans)), gold_profile(gold_example(spans[:-1]))
    twice = gold_profile(gold_example(spans + spans))
    assert twice == every
    for name in ("scope", "diffusion", "coverage", "stretch"):
        assert getattr(every, name) >= (getattr(fewer, name) or 0)
    assert 0 < every.coverage <= every.stretch <= 1
    assert 0 < every.depth < 1
    assert every.diffusion <= 1 + 1e-9


@pytest.mark.parametrize(
    ("bins", "value", "word"),
    [
        (ESTIMATED["scope"], 0.499, "little"),
        (ESTIMATED["scope"], 0.5, "some"),
        (ESTIMATED["scope"], 1.0, "much"),
        (ESTIMATED["diffusion"], 0.44, "middling"),
        (GOLD["scope"], 1, "1 passage"),
        (GOLD["scope"], 3, "2-3 passages"),
        (GOLD["coverage"], 0.05, "5% or more"),
        (GOLD["depth"], 0.5, "middle third"),
        (GOLD["depth"], 1.0, "last third"),
    ],
)
def test_words_for_numbers(bins, value, word):
    assert bins.word(value) == word


def test_questions_stay_and_tags_are_added():
    before = list(catalog.load(Dataset, BASE).examples())
    dataset = catalog.load(Dataset, f"profiled({BASE})")
    after = list(dataset.examples())
    assert [each.question for each in after] == [each.question for each in before]
    assert dataset.metrics() == catalog.load(Dataset, BASE).metrics()
    for old, new in zip(before, after, strict=True):
        assert dict(old.tags).items() <= dict(new.tags).items()
        added = set(new.tags) - set(old.tags)
        measured = {"gold_scope", "gold_diffusion", "gold_coverage", "gold_depth"}
        assert added == {"scope", "diffusion"} | (measured if old.evidence else set())
    counts = [each.tags for each in after if each.tags["kind"] == "count"]
    lookups = [each.tags for each in after if each.tags["kind"] == "lookup"]
    # a sentence can lie across the end of a passage, and no further
    assert "1 passage" in {tags["gold_scope"] for tags in lookups} <= {"1 passage", "2-3 passages"}
    assert "4 or more" in {tags["gold_scope"] for tags in counts}
    assert {tags["scope"] for tags in counts} != {"little"}


def test_estimates_alone():
    (first, *_) = catalog.load(Dataset, f"profiled({BASE}, gold=false)").examples()
    assert set(first.tags) - {"kind", "length", "depth"} == {"scope", "diffusion"}


class Given(Dataset):
    def __init__(self, *examples):
        self.given = examples

    def examples(self):
        return iter(self.given)

    def metrics(self):
        return ("f1_squad",)


def test_a_document_that_cannot_be_loaded_leaves_the_tags_out():
    def fail():
        raise DataError("not there")

    question = Question("q", "Who?", (Document("d", fail),))
    (found,) = Profiled(Given(Example(question, ("Ada",)))).examples()
    assert found.tags == {}


def test_wrong_inputs_are_told():
    question = asked("Who?", "Ada.")
    with pytest.raises(ConfigError, match="q has a tag 'scope' already"):
        list(Profiled(Given(Example(question, tags={"scope": "mine"}))).examples())
    with pytest.raises(ConfigError, match="profiled already"):
        catalog.load(Dataset, f"profiled(profiled({BASE}))")
    with pytest.raises(ConfigError, match="holds no released answers"):
        Profiled(Given()).released("gpt")


def test_released_answers_of_the_dataset_are_handed_on():
    class Holding(Given, ReleasedAnswers):
        def released(self, model):
            return {("full", "q"): model}

    assert Profiled(Holding()).released("gpt") == {("full", "q"): "gpt"}


def test_a_grid_is_sliced_by_the_profile(tmp_path):
    from typer.testing import CliRunner

    from crossover.cli import app

    grid = tmp_path / "grid.json"
    grid.write_text(
        json.dumps(
            {
                "datasets": [f"profiled({BASE})"],
                "models": ["fake"],
                "strategies": ["full_context", "rag(k=2)"],
            }
        )
    )
    out = str(tmp_path / "out")
    for arguments in (
        ["run", str(grid), "--out", out],
        ["report", out, "--by", "scope,gold_depth"],
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
    slices = (tmp_path / "out" / "slices.csv").read_text()
    assert "scope" in slices.splitlines()[0]
    assert "some" in slices
    assert "middle third" in slices


def test_a_profile_needs_neither_torch_nor_an_extra():
    code = (
        "import sys; from crossover.profiles import profile; "
        "from crossover.types import Document, Question; "
        "profile(Question('q', 'Who is Ada?', (Document('d', 'Ada built it.'),))); "
        "print(*{'torch', 'transformers', 'llama_index', 'sklearn', 'pandas'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_estimates_go_with_the_evidence_of_real_dialogues():
    if not (DATA / "locomo").is_dir():
        pytest.skip("needs LoCoMo's dialogues in shared/data/locomo")
    from scipy.stats import spearmanr

    examples = list(catalog.load(Dataset, f'locomo("{DATA / "locomo"}")').examples())
    kept = [each for each in examples if each.evidence and each.group.endswith(("47", "48", "50"))]
    found = [profile(each.question) for each in kept]
    gold = [gold_profile(each) for each in kept]
    for name in ("scope", "diffusion"):
        pair = [[getattr(each, name) for each in side] for side in (found, gold)]
        assert spearmanr(*pair).statistic > 0.15, name
