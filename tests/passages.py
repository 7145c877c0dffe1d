"""What a passage says of its places, checked against the documents."""

from collections.abc import Mapping

from crossover.types import Passage


def assert_verbatim(passage: Passage, texts: Mapping[str, str]) -> None:
    """The text shows what its pieces say it shows, in the document's order."""
    source, last = texts[passage.document], passage.start
    for piece in passage.pieces:
        length = piece.end - piece.start
        assert passage.text[piece.at : piece.at + length] == source[piece.start : piece.end] != ""
        assert last <= piece.start <= piece.end <= passage.end
        last = piece.end
