import json
from pathlib import Path

import pytest

from crossover import catalog
from crossover.datasets.locomo import Locomo
from crossover.errors import DataError, UnknownName

DATA = Path(__file__).parents[2] / "shared" / "data" / "locomo"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared benchmark data")

SAMPLE = {
    "session_1_date_time": "noon",
    "session_1": [
        {"speaker": "Ada", "dia_id": "D1:1", "text": "I bought a\nmill."},
        {"speaker": "Bo", "dia_id": "D1:2", "text": "Look!", "blip_caption": "a photo of a cat"},
    ],
    "session_2_date_time": "one",
    "session_2": [],
    "qa": [
        {"question": "What did Ada buy?", "answer": "a mill", "evidence": ["D1:01"], "category": 4},
        {"question": "How many?", "answer": 1, "evidence": ["D1:1; D:1:2", "D"], "category": 1},
        {"question": "Whose dog?", "evidence": ["D1:2"], "category": 5, "adversarial_answer": "x"},
    ],
}


def _file(folder, content, name="7.json"):
    (folder / name).write_text(json.dumps(content))
    return str(folder / name)


def _evidence(example):
    (document,) = example.question.documents
    return [document.text[span.start : span.end] for span in example.evidence]


def test_turns_are_lines_and_evidence_stands_on_them(tmp_path):
    dataset = Locomo(_file(tmp_path, SAMPLE))
    one, two, three = dataset.examples()
    assert one.question.documents[0].text.splitlines() == [
        "Session 1, noon",
        "Ada: I bought a mill.",
        "Bo: Look! [sends a photo of a cat]",
        "",
        "Session 2, one",
    ]
    assert _evidence(one) == ["Ada: I bought a mill."]
    assert _evidence(two) == ["Ada: I bought a mill.", "Bo: Look! [sends a photo of a cat]"]
    assert (one.answers, two.answers, three.answers) == (("a mill",), ("1",), ())
    assert [e.tags["category"] for e in (one, two, three)] == [
        "single-hop",
        "multi-hop",
        "adversarial",
    ]
    assert one.group == "7"
    assert dataset.skipped() == ["7-1: the evidence 'D' is no turn of its dialogue"]
    assert list(dataset.turns()["7"]) == ["D1:1", "D1:2"]
    plain = next(Locomo(_file(tmp_path, SAMPLE), images=False).examples())
    assert "cat" not in plain.question.documents[0].text


def test_the_file_of_all_samples_is_read_too(tmp_path):
    whole = [{"sample_id": "conv-1", "qa": SAMPLE["qa"], "conversation": SAMPLE}]
    found = list(Locomo(_file(tmp_path, whole)).examples())
    assert {example.group for example in found} == {"conv-1"}
    chosen = catalog.load(
        catalog.KINDS["datasets"],
        f"locomo('{tmp_path}', dialogue=conv-1, category=[temporal, single-hop])",
    )
    assert [e.question.id for e in chosen.examples()] == ["conv-1-0"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1], "expected a dialogue"),
        ({**SAMPLE, "qa": None}, "qa: input should be a valid list"),
        ({**SAMPLE, "session_1": [{"speaker": "Ada"}]}, "session"),
        ({"conversation": [1], "qa": []}, "expected sessions of turns"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, content, said):
    with pytest.raises(DataError, match=said) as raised:
        list(Locomo(_file(tmp_path, content)).examples())
    assert "7.json" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_not_there_is_named(tmp_path):
    path = _file(tmp_path, SAMPLE)
    with pytest.raises(UnknownName, match="conv-9"):
        list(Locomo(path, dialogue=("conv-9",)).examples())
    with pytest.raises(UnknownName, match="single-hop"):
        list(Locomo(path, category=("single",)).examples())
    with pytest.raises(DataError, match="no such"):
        list(Locomo(str(tmp_path / "absent")).examples())
    with pytest.raises(DataError, match=r"no \*\.json"):
        list(Locomo(str(_empty(tmp_path))).examples())


def _empty(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


@needs_data
def test_published_dialogues_are_read_whole():
    dataset = Locomo(str(DATA))
    found = list(dataset.examples())
    assert len({example.group for example in found}) == 7
    raw = {path.stem: json.loads(path.read_text()) for path in DATA.glob("*.json")}
    assert len(found) == sum(len(one["qa"]) for one in raw.values())
    for example in found:
        asked = raw[example.group]["qa"][int(example.question.id.rpartition("-")[2])]
        said = _evidence(example)
        turns = {
            turn["dia_id"]: turn
            for name, session in raw[example.group].items()
            if name.startswith("session_") and isinstance(session, list)
            for turn in session
        }
        for name in asked["evidence"]:
            if name in turns:
                own = " ".join(turns[name]["text"].split())
                assert any(f"{turns[name]['speaker']}: {own}" in text for text in said)
        assert bool(example.answers) == (asked["category"] != 5)
    assert len(dataset.skipped()) <= 4
