"""Where the tokens of a text start."""

from __future__ import annotations

from crossover.tokens import DEFAULT, encoding, pieces


def token_starts(text: str, name: str = DEFAULT) -> list[int]:
    """At which character each token starts, in a bundled encoding."""
    codec = encoding(name)
    starts: list[int] = []
    offset = 0
    for piece in pieces(text):
        starts += [offset + at for at in codec.decode_with_offsets(codec.encode_ordinary(piece))[1]]
        offset += len(piece)
    return starts
