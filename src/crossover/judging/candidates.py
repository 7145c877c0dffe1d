"""Judge ≠ candidate: a model that grades its own answers favours them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crossover import catalog
from crossover.errors import ConfigError
from crossover.roles import Model

# what a provider's models are called beside their family's name
FAMILIES = {"o": "gpt", "chatgpt": "gpt", "davinci": "gpt", "codestral": "mistral"} | {
    "ministral": "mistral", "mixtral": "mistral", "pixtral": "mistral", "qwq": "qwen"
}  # fmt: skip


def check_independent(
    judge: Model, candidates: Iterable[str], allow_self: bool = False
) -> list[str]:
    """Warnings where a candidate (a model's text) is of the judge's family, one line each.

    Raises ConfigError where the judge is a candidate, unless that is allowed; then it is a warning.
    """
    own, warned = name_of(catalog.spec(judge)), list[str]()
    for text in dict.fromkeys(candidates):
        other = name_of(text)
        if other == own:
            said = f"the judge {own} would grade its own answers"
            if not allow_self:
                raise ConfigError(f"{said}: take another judge, or --allow-self")
            warned.append(f"warning: {said}")
        elif family(other) == family(own):
            warned.append(f"warning: the judge {own} is of one family with {other} ({family(own)})")
    return warned


def name_of(text: str) -> str:
    """The model's own name in its text: without provider, address, options and date."""
    name = text.partition("(")[0].strip()
    if option := re.match(r"[\w:]*\((?:.*[(, ])?(?:name|path)=[\"']?([^\"',)]+)", text):
        name = option[1] if ":" not in name else name
    name = re.split(r"[:/\\]", name.strip().rstrip("/"))[-1].lower()
    return re.sub(r"-(\d{4}-\d\d-\d\d|\d{8}|latest)$", "", name)


def family(name: str) -> str:
    """The leading word of a model's name: gpt of gpt-4o, llama of llama-3.1."""
    word = re.match(r"[a-z]*", name)
    leading = word[0] if word else ""
    return FAMILIES.get(leading, leading) or name
