"""What a causal language model would not have guessed: Selective-Context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from crossover import meter
from crossover.compressors import _causal
from crossover.compressors._keeping import Unit, fill
from crossover.compressors._words import Place, Scored, mean_scores, phrases
from crossover.roles import Compressor, Model
from crossover.sentences import sentences
from crossover.types import Passage, Step, Usage


@dataclass(frozen=True, slots=True)
class SelectiveContext(Compressor):
    """Keep the units of most self-information under a small language model (Li et al. 2023).

    As in the released code, every sentence is read by itself and a unit's self-information is the
    mean of its tokens'. Differently: the percentile is the one that fills the budget; phrases are
    runs of content words with their determiner, and other words by themselves, instead of spaCy's
    noun chunks. The question is not used.
    """

    model: str = field(
        default="gpt2",
        metadata={"help": "causal language model: hub id or local folder; packaged: the small one"},
    )
    unit: Literal["phrase", "sentence", "token"] = field(
        default="phrase", metadata={"help": "what is kept or dropped as a whole"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1
    ignores_question: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Read every sentence, and fill the budget with the units that tell most."""
        with meter.wait():
            _causal.load(self.model)
        places = [(at, *place) for at, p in enumerate(passages) for place in sentences(p.text)]
        texts = [passages[at].text[start:end] for at, start, end in places]
        clock = meter.Meter()
        found = _causal.read(self.model, texts, self.threads)
        usage = Usage(sum(map(len, found)), 0, calls=1, compute_seconds=clock.elapsed())
        meter.current().charge(usage, Step("self-information", usage.compute_seconds))
        units = [
            Unit(at, start + first, start + last, score)
            for (at, start, _), text, tokens in zip(places, texts, found, strict=True)
            for (first, last), score in _units(text, tokens, self.unit)
        ]
        return fill(passages, units, budget, model)


def _units(
    text: str, tokens: Sequence[Scored], kind: Literal["phrase", "sentence", "token"]
) -> list[tuple[Place, float]]:
    """Places of a sentence's units, with the self-information of each."""
    if kind == "sentence":
        places = [(0, len(text))]
    elif kind == "phrase":
        places = phrases(text)
    else:
        stripped = (_stripped(text, token) for token in tokens)
        # a character that several tokens make is one unit
        places = sorted({place for place in stripped if place[0] < place[1]})
    return list(zip(places, mean_scores(places, tokens), strict=True))


def _stripped(text: str, token: Scored) -> Place:
    """A token's place without the white space that it begins or ends with."""
    part = text[token.start : token.end]
    return token.start + len(part) - len(part.lstrip()), token.start + len(part.rstrip())
