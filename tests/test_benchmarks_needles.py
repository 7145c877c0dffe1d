"""NoLiMa's needles in its books, and HoloBench's rows with what a query on them gives."""

import json
import re

import pytest
from published_files import FIXTURES, copied, edited, examples, shown, told

from crossover.datasets._lengths import counter, token_starts
from crossover.errors import UnknownName

O200K = counter("o200k_base")


def nolima(**options):
    return examples("nolima", **{"depths": 3, "tokens": 500, **options})


def text_of(example):
    (document,) = example.question.documents
    return document.text


def test_every_needle_stands_in_every_book_at_every_depth():
    found = nolima()
    # (2 questions x 2 tests + 1) x 2 books x 3 depths
    assert len(found) == 5 * 2 * 3
    for example in found.values():
        (needle,) = shown(example)
        text = text_of(example)
        assert text.count(needle) == 1
        (span,) = example.evidence
        assert f" {needle}\n" in text
        share = (span.start - 1) / (len(text) - len(needle))
        assert abs(share - float(example.tags["depth"].rstrip("%")) / 100) < 0.06
        assert abs(O200K.count(text.replace(f" {needle}\n", "")) - 500) <= 25
    groups = {example.group for example in found.values()}
    assert groups == {f"{n}-rand_book_{b}" for n in ("0101", "0205") for b in (1, 2)}


def test_names_are_drawn_for_each_depth_as_published():
    import numpy as np

    found = nolima(depths=5)
    chance = np.random.RandomState(42 + 101 + 1)
    drawn = [str(chance.choice(["Orla", "Piet", "Quin"])) for _ in range(5)]
    given = [f"0101_T02_C01_twohop-rand_book_2-500-{p}%" for p in (0, 25, 50, 75, 100)]
    assert [found[one].answers[0] for one in given] == drawn
    assert shown(found[given[0]]) == [f"Every morning {drawn[0]} rows past the canal of sighs."]
    assert found[given[0]].question.text.startswith("Who has seen Veneto?\n")
    assert found[given[0]].tags == {"task": "twohop", "length": "500", "depth": "0%"}


def test_needles_without_a_name_have_golds():
    example = nolima()["0205Inv_T05_direct-rand_book_1-500-50%"]
    assert example.answers == ("kettle", "the kettle")
    assert shown(example) == ["The kettle was left on the stove."]


def test_a_task_can_be_chosen_and_so_can_lengths():
    found = nolima(task="onehop", tokens=[250, 1000])
    assert {example.tags["task"] for example in found.values()} == {"onehop"}
    assert {example.tags["length"] for example in found.values()} == {"250", "1k"}


def another_set(folder, name, rows):
    path = copied("nolima", folder)
    first, second = json.loads((path / "needlesets/needle_set.json").read_text())
    (path / f"needlesets/{name}.json").write_text(json.dumps(rows(first, second)))
    return examples("nolima", path, depths=3, tokens=500, needles=name)


def test_a_set_can_mislead(tmp_path):
    hints = {"onehop": "A book on {2} lay on the table.", "twohop": "A map of {3} hung there."}
    misled = another_set(tmp_path, "misleading", lambda one, _: [{**one, "distractors": hints}])
    assert len(misled) == 4 * 2 * 3
    for example in misled.values():
        about = example.question.text.partition("seen ")[2].partition("?")[0]
        said = f"A book on {about} lay" if example.tags["task"] == "onehop" else f"map of {about}"
        text = text_of(example)
        assert text.count(said) == 1
        (span,) = example.evidence
        assert abs(text.index(said) - span.start) / len(text) > 0.1


def test_a_set_can_let_models_think_aloud(tmp_path):
    template = "Read this:\n{haystack}\nThink aloud, then answer on the last line: {question}"
    aloud = another_set(tmp_path, "cot", lambda _, two: [{**two, "task_template": template}])
    assert next(iter(aloud.values())).question.text == (
        "Think aloud, then answer on the last line: What was left on the stove?"
    )


def test_the_text_is_the_books_but_for_the_needle():
    book = (FIXTURES / "nolima/haystack/rand_shuffle/rand_book_1.txt").read_text()
    for example in nolima().values():
        if "rand_book_1" in example.question.id:
            (needle,) = shown(example)
            before, _, after = text_of(example).partition(f" {needle}\n")
            assert before in book
            assert after in book


def test_token_starts_are_where_tokens_begin():
    text = "Brück & Söhne – 東京 🙂 end\n" * 40
    starts = token_starts(text, "o200k_base")
    assert starts[-1] == len(text)
    assert len(starts) - 1 == O200K.count(text)
    assert starts == sorted(starts)


def test_what_is_wrong_with_needles_or_books_is_told(tmp_path):
    path = copied("nolima", tmp_path)
    where = path / "needlesets/needle_set.json"
    edited(where, lambda rows: rows[0].pop("character_set"))
    assert re.search(r"needle_set.json row 0: character_set: missing", told("nolima", path))
    edited(where, lambda rows: rows[0].update(id="ab", character_set=["Ada"]))
    assert "row 0: id: expected four digits first" in told("nolima", path)
    edited(where, lambda rows: rows[0].update(id="0101"))
    assert "too few" in told("nolima", path, tokens=100_000)
    for book in (path / "haystack/rand_shuffle").iterdir():
        book.unlink()
    assert "holds no book" in told("nolima", path)
    with pytest.raises(UnknownName, match="did you mean needle_set"):
        examples("nolima", path, needles="needle_sets")
    with pytest.raises(UnknownName, match="onehop"):
        nolima(task="one_hop")


def holobench(**options):
    return [*examples("holobench", **{"tokens": 300, "amount": 150, **options}).values()]


def test_golds_are_what_the_query_gives_on_the_rows_that_are_there():
    easy, join, none = holobench()
    assert easy.answers == ("Gull", "Heron", "Loon")
    assert join.answers == ("Gull, 120", "Tern, 90")
    assert none.answers == ()
    assert none.evidence == ()
    assert easy.question.text.startswith("Which ships have more than 100 tons? Answer from these")
    assert easy.tags == {"database": "ships_1", "difficulty": "Easy", "length": "300",
                         "position": "uniform"}  # fmt: skip
    assert shown(easy)[0] == "The ship Gull of Brest has 120 tons."
    assert len(shown(easy)) == 4
    assert len(shown(join)) == 7
    text = text_of(easy)
    assert "is a port of" in text
    assert "nothing happened" in text
    assert len(text) / 3.66 < 300


def test_fewer_rows_give_fewer_golds():
    easy, *_ = holobench(amount=50)
    # a row of 37 characters counts as 11 tokens, and the fifth would be too many
    assert len(shown(easy)) == 4
    easy, *_ = holobench(amount=50, tokens=100, position="begin")
    lines = text_of(easy).splitlines()
    assert [line.startswith("The ship") for line in lines[:4]] == [True] * 4
    assert not any(line.startswith("The ship") for line in lines[4:])


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("begin", "mmmmrrrrrr"),
        ("end", "rrrrrrmmmm"),
        ("middle", "rrmmmmrrrr"),
        ("bimodal", "mmmrrrrrrm"),
        ("uniform", "rrmrmrrmrm"),
    ],
)
def test_rows_stand_as_published(position, expected):
    from crossover.datasets.benchmarks.holobench import _merged

    assert "".join(_merged(list("mmmm"), list("rrrrrr"), position)) == expected


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT Name FROM boats", "query: names none of the tables"),
        ("SELECT Nme FROM ship", "query: cannot be run: no such column"),
        ("ATTACH DATABASE 'x.db' AS ship", "query: names none of the tables"),
        ("INSERT INTO ship SELECT * FROM ship", "query: cannot be run: not authorized"),
        ("DROP TABLE ship -- FROM ship", "query: cannot be run: not authorized"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT count(*) FROM n, ship",
            "query: cannot be run",
        ),
    ],
)
def test_queries_read_and_do_nothing_else(query, said, tmp_path):
    path = copied("holobench", tmp_path)
    where = path / "query/ships_1.csv"
    where.write_text(f'question,query,difficulty\nWhich?,"{query}",Easy\n')
    assert re.search(rf"ships_1.csv line 2: {said}", told("holobench", path))


def test_tables_that_are_missing_or_damaged_are_told(tmp_path):
    path = copied("holobench", tmp_path)
    (path / "ships_1/ship.csv").write_text("verbalized_text,table_row\nA ship.,{no\n")
    assert "ship.csv line 2: table_row: expected JSON in a text" in told("holobench", path)
    (path / "ships_1").rename(path / "ships_2")
    assert "no folder of tables" in told("holobench", path)
