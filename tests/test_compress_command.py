"""`crossover compress`: what is printed, what the page shows, what goes wrong in one line."""

import re

import pytest
from typer.testing import CliRunner

from crossover.cli import app
from crossover.compressing import parts
from crossover.errors import CrossoverError
from crossover.types import Passage, Piece

TEXT = (
    "Ostrel lies on the river Mir. The market <b>opens</b> on Mondays. "
    "Its bridge was built by Ada Varn in 1902. Rain falls in autumn, and the fields are wide."
)


@pytest.fixture
def town(tmp_path):
    path = tmp_path / "town.txt"
    path.write_text(TEXT)
    return path


def _compress(*arguments):
    return CliRunner().invoke(app, ["compress", *map(str, arguments)], catch_exceptions=False)


def test_the_text_is_printed_and_the_rest_said_apart(town):
    done = _compress(town, "--question", "Who built the bridge?", "--rate", "0.35")
    assert done.exit_code == 0
    assert done.stdout == "Its bridge was built by Ada Varn in 1902.\n"
    assert re.search(r"\d+ tokens, \d+ kept: \d\d\.\d% of 35\.0%; \d", done.stderr)
    assert "$0.000000" in done.stderr


def test_the_page_strikes_through_what_was_dropped(town, tmp_path):
    page = tmp_path / "page.html"
    _compress(town, "--question", "Who built <it>?", "--rate", "0.35", "--html", page)
    html = page.read_text()
    struck = "".join(re.findall(r"<del>(.*?)</del>", html, re.S))
    assert "The market &lt;b&gt;opens&lt;/b&gt; on Mondays." in struck
    assert "Ada Varn" not in struck
    assert html.count("Ada Varn in 1902.") == 2
    assert "Who built &lt;it&gt;?" in html
    assert "http" not in html.replace("http-equiv", "")


def test_parts_are_the_whole_text_in_order():
    text = "one two three four five"
    kept = Passage("d", 4, 18, "two four", kept=(Piece(0, 4, 7), Piece(4, 14, 18)))
    again = Passage("d", 4, 13, "two three")
    found = list(parts(text, [kept, again]))
    assert "".join(piece for _, piece in found) == text
    assert [piece for shown, piece in found if not shown] == ["one ", " ", " five"]
    assert list(parts("", [])) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rate", "1.5"), "rate"),
        (("--rate", "0"), "rate"),
        (("--method", "zip"), "no 'zip'"),
        (("--method", "extractive(threshold=2)"), "threshold"),
    ],
)
def test_wrong_options_are_one_line(town, arguments, said):
    with pytest.raises(CrossoverError, match=said) as raised:
        _compress(town, *arguments)
    assert "\n" not in str(raised.value)


def test_files_that_cannot_be_read_or_written_are_one_line(town, tmp_path):
    with pytest.raises(CrossoverError, match=r"missing\.txt"):
        _compress(tmp_path / "missing.txt")
    with pytest.raises(CrossoverError, match="cannot be written"):
        _compress(town, "--html", tmp_path / "no" / "page.html")
