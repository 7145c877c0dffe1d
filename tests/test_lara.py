"""LaRA as published: every question, no label where a strategy looks, bad files told in a line."""

import json
import statistics

import pytest

from crossover import catalog
from crossover.datasets.lara import Lara
from crossover.errors import ConfigError, CrossoverError, DataError
from crossover.roles import Dataset, ReleasedAnswers

LABELS = ("32k", "128k", "book", "financial", "paper", "novel", "fake", "location", "reasoning")
LABELS += ("comp", "hallu")


def record(**fields):
    known = {"file": "a.txt", "level": "location", "question": "Who?", "type": "novel_fake"}
    return {**known, "answer": "Ada.", "ground_truth": "Ada.", "prediction": "Ada", **fields}


def published(folder, rows, predictions=None, task="location"):
    """Write a tiny LaRA: one document, one cell of questions, one model's predictions."""
    for place in ("datasets/query", "datasets/32k/book", "prediction/gpt-x"):
        (folder / place).mkdir(parents=True)
    (folder / "datasets/32k/book/a.txt").write_text("\ufeffAda — naïve.", encoding="utf-8")
    _write(folder / f"datasets/query/32k_book_{task}.jsonl", rows)
    for arm in ("full", "rag"):
        answers = rows if predictions is None else predictions
        _write(folder / f"prediction/gpt-x/{arm}_32k_book_{task}.jsonl", answers)
    return str(folder)


def _write(path, rows):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def test_a_small_one_is_read_whole(tmp_path):
    [example] = Lara(published(tmp_path, [record()])).examples()
    assert example.question.text == "Who?"
    assert example.question.documents[0].text == "Ada — naïve."
    assert example.answers == ("Ada.",)
    assert example.group == "a.txt"
    assert example.tags == {"length": "32k", "type": "book", "task": "location"}


def test_hallu_means_unanswerable(tmp_path):
    path = published(tmp_path, [record(level="hallu")], task="hallu")
    for questions in ("documents", "predictions"):
        [example] = Lara(path, questions=questions).examples()
        assert example.answers == ()


def test_documents_are_shared_and_loaded_on_first_use(tmp_path):
    path = published(tmp_path, [record(), record(question="When?")])
    one, other = Lara(path).examples()
    assert one.question.documents[0] is other.question.documents[0]
    (tmp_path / "datasets/32k/book/a.txt").write_text("changed before the first use")
    assert one.question.documents[0].text == "changed before the first use"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{not json", "line 2: not valid JSON"),
        ("[1]", "line 2: got [1]; expected one JSON object"),
        (record(question=" "), "line 2: question: got ' '; expected a text that is not empty"),
        (record(answer=None), "line 2: answer: got None; expected a text that is not empty"),
        (record(file="../a.txt"), "line 2: file: got '../a.txt'; expected a file's name"),
        (record(file="b.txt"), "line 2: file: there is no 'b.txt' in datasets/32k/book"),
        (record(level="comp"), "line 2: level: got 'comp'; expected 'location'"),
        (
            record(),
            "line 2: question: asked of this file already in 32k_book_location.jsonl line 1",
        ),
        ({"file": "a.txt", "level": "location", "question": "x"}, "line 2: answer: missing"),
    ],
)
def test_a_bad_record_names_file_line_and_field(tmp_path, line, told):
    path = published(tmp_path, [record(), line])
    with pytest.raises(DataError) as raised:
        list(Lara(path).examples())
    assert f"32k_book_location.jsonl {told}" in str(raised.value)
    assert "\n" not in str(raised.value)
    patient = Lara(path, skip_bad=True)
    assert len(list(patient.examples())) == 1
    assert len(patient.skipped()) == 1


def test_a_bad_prediction_is_told_too(tmp_path):
    path = published(tmp_path, [record()], [record(prediction=7)])
    with pytest.raises(DataError, match=r"full_32k_book_location\.jsonl line 1: prediction: got 7"):
        Lara(path).released("gpt-x")


def test_another_layout_is_one_clear_line(tmp_path):
    with pytest.raises(DataError, match="there is no such folder"):
        Lara(str(tmp_path / "nowhere")).examples()
    with pytest.raises(DataError, match="not in LaRA's layout"):
        Lara(str(tmp_path)).examples()
    with pytest.raises(DataError, match="not in LaRA's layout"):
        Lara(str(tmp_path), questions="predictions").examples()
    path = published(tmp_path / "x", [record()])
    (tmp_path / "x/datasets/query/notes.jsonl").write_text("{}")
    with pytest.raises(DataError, match=r"notes\.jsonl there; expected LENGTH_TYPE_TASK\.jsonl"):
        Lara(path).examples()


def test_a_document_that_is_not_utf8_says_so(tmp_path):
    path = published(tmp_path, [record()])
    (tmp_path / "datasets/32k/book/a.txt").write_bytes(b"\xff\xfe\x00A")
    [example] = Lara(path).examples()
    with pytest.raises(DataError, match="not UTF-8"):
        _ = example.question.documents[0].text


def test_failed_calls_become_empty_texts(tmp_path):
    answers = [record(prediction=False), record(question="When?", prediction="1815")]
    released = Lara(published(tmp_path, [record()], answers)).released("gpt-x")
    assert sorted(released.values()) == ["", "", "1815", "1815"]
    assert {arm for arm, _ in released} == {"full", "rag"}


def test_an_unknown_released_model_names_those_there_are(tmp_path):
    with pytest.raises(ConfigError, match="no predictions of 'gpt-y'; there is: gpt-x"):
        Lara(published(tmp_path, [record()])).released("gpt-y")


def test_it_plays_its_roles_and_prints_as_it_was_written():
    built = catalog.load(Dataset, "lara(somewhere, length=32k, type=paper)")
    assert isinstance(built, Lara)
    assert (built.length, built.type) == (("32k",), ("paper",))
    assert catalog.load(Dataset, catalog.spec(built)) == built
    assert catalog.plays(built, ReleasedAnswers)
    assert list(built.metrics()) == ["answer_recall", "rouge_l", "abstention"]
    with pytest.raises(CrossoverError, match="questions"):
        catalog.load(Dataset, "lara(somewhere, questions=all)")


def test_everything_published_is_there(lara):
    examples = list(Lara(str(lara)).examples())
    assert len(examples) == 1266
    assert len({tuple(example.tags.values()) for example in examples}) == 23
    documents = {e.question.documents[0].id: e.question.documents[0] for e in examples}
    assert len(documents) == 80
    assert len({id(e.question.documents[0]) for e in examples}) == 80
    assert all(document.text.strip() for document in documents.values())


def test_filters_take_one_name_or_several(lara):
    papers = list(catalog.load(Dataset, f'lara("{lara}", length=32k, type=paper)').examples())
    assert {(e.tags["length"], e.tags["type"]) for e in papers} == {("32k", "paper")}
    assert {e.tags["task"] for e in papers} == {"location", "reasoning", "comp", "hallu"}
    two = list(Lara(str(lara), task=("comp", "hallu")).examples())
    assert {e.tags["task"] for e in two} == {"comp", "hallu"}
    with pytest.raises(ConfigError, match="did you mean paper"):
        list(Lara(str(lara), type=("papers",)).examples())


@pytest.fixture(scope="module")
def asked():
    from conftest import DATA

    if not (DATA / "lara").is_dir():
        pytest.skip(f"no benchmark data at {DATA}")
    return list(Lara(str(DATA / "lara"), questions="predictions").examples())


def test_the_questions_of_the_predictions(asked, lara):
    assert len(asked) == len({example.question.id for example in asked}) == 1601
    absent = [e for e in asked if "tokens" in e.question.documents[0].metadata]
    there = {path.name for path in lara.glob("datasets/*k/*/*")}
    assert {e.group for e in absent} == {e.group for e in asked} - there
    for example in absent:
        [document] = example.question.documents
        assert document.metadata["tokens"] == example.tags["length"].replace("k", "000")
        with pytest.raises(DataError, match="not in the published data"):
            _ = document.text


def test_both_ways_of_asking_agree(asked, lara):
    published = {e.question.id: e for e in Lara(str(lara)).examples()}
    predicted = {e.question.id: e for e in asked}
    for name, example in published.items():
        assert predicted[name].answers == example.answers
        assert predicted[name].tags == example.tags


def test_nothing_that_a_strategy_sees_carries_a_label(asked):
    for example in asked:
        [document] = example.question.documents
        shown = " ".join((example.question.id, document.id)).lower()
        assert not any(label in shown for label in LABELS)
        assert set(document.metadata) <= {"tokens"}
        assert document.metadata.get("tokens", "32000") in ("32000", "128000")
        assert (example.question.form, example.question.choices) == ("answer", ())


def test_ids_and_order_do_not_tell_unanswerable_questions(asked):
    hallu = [at for at, example in enumerate(asked) if not example.answers]
    others = [at for at, example in enumerate(asked) if example.answers]
    assert len(hallu) > 400
    assert {len(example.question.id) for example in asked} == {16}
    for group in (hallu, others):
        first = [int(asked[at].question.id, 16) / 16**16 for at in group]
        last = [int(asked[at].question.id[-4:], 16) / 16**4 for at in group]
        # uniform on 0–1: the mean's standard error is 0.29 / √n, at most 0.014
        assert statistics.fmean(first) == pytest.approx(0.5, abs=0.05)
        assert statistics.fmean(last) == pytest.approx(0.5, abs=0.05)
        assert len({asked[at].question.id[0] for at in group}) == 16
        assert statistics.fmean(group) / len(asked) == pytest.approx(0.5, abs=0.05)
