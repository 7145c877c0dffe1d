"""Conditions on the change from one run to another: ``answer_recall < -0.02``, ``cost > +10%``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from crossover.errors import ConfigError

if TYPE_CHECKING:
    from lark import Lark

FORM = "write MEASURE < -LIMIT or MEASURE > +LIMIT, with % for a relative change"
GRAMMAR = r"""
start: MEASURE SIGN LIMIT [PERCENT] ["for" SCOPE]
MEASURE: /[A-Za-z_][\w.@]*(\((?:[^()]|\([^()]*\))*\))?/
SIGN: "<" | ">"
LIMIT: /[+-]?(\d+(\.\d*)?|\.\d+)/
PERCENT: "%"
SCOPE: /\S.*/
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """A change that lies beyond ``limit``: above it, or below it.

    ``relative`` limits are shares of what the first run has. ``must_be_shown`` turns it round: the
    condition is what has to be shown. ``scope`` is the one strategy, model or dataset it is about.
    """

    text: str
    measure: str
    above: bool
    limit: float
    relative: bool = False
    scope: str = ""
    must_be_shown: bool = False


def condition(text: str, *, must_be_shown: bool = False) -> Condition:
    """Read a condition; raises ConfigError that says where it stops making sense."""
    from lark.exceptions import UnexpectedEOF, UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        place = "its end" if isinstance(error, UnexpectedEOF) else _place(error, text)
        raise ConfigError(f"cannot read the condition {text!r} at {place}; {FORM}") from None
    measure, sign, written, percent, scope = (str(part or "") for part in tree.children)
    above, limit = sign == ">", float(written) / (100 if percent else 1)
    if limit > 0 and not above and written[0] != "+":
        raise ConfigError(
            f"the condition {text!r} is about a change from the first run to the second, not about"
            f" a level: a drop is {measure} < -{written}{percent}, less of a rise than that"
            f" {measure} < +{written}{percent}"
        )
    return Condition(
        text.strip(), measure, above, limit, bool(percent), scope.strip(), must_be_shown
    )


def mapping(text: str) -> tuple[str, str]:
    """Read ``OLD=NEW``, both texts of components; raises ConfigError."""
    from lark.exceptions import UnexpectedInput

    try:
        sides: list[Any] = _pair_parser().parse(text).children
    except UnexpectedInput as error:
        raise ConfigError(
            f"cannot read the pair {text!r} at {_place(error, text)}; write OLD=NEW, for instance"
            " rag(k=5)=rag(k=10)"
        ) from None
    old, new = (text[side.meta.start_pos : side.meta.end_pos].strip() for side in sides)
    return old, new


def _place(error: Exception, text: str) -> str:
    column = getattr(error, "column", None)
    ended = not isinstance(column, int) or column < 1 or not text[column - 1 :].strip()
    return "its end" if ended else f"character {column}"


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="contextual")


@cache
def _pair_parser() -> Lark:
    from lark import Lark

    from crossover import notation

    grammar = notation.GRAMMAR + '\npair: side "=" side\nside: value\n'
    return Lark(grammar, parser="lalr", lexer="contextual", start="pair", propagate_positions=True)
