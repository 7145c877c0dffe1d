"""Questions as the network meets them: windows that answer and windows that do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from crossover.experiments.reader.items import Item
from crossover.models.reader import _windows
from crossover.models.reader._windows import Sentence

# how many windows that do not answer go with a question: as often as they are listed
OTHERS = (0, 0, 1, 1, 2)
# how often the answering window is left out, so that nothing answers
UNANSWERED = 0.1
# how often a passage stands among its neighbours or strangers, as windows of long documents do
SURROUNDED = 0.35
NEAREST = 12
SHORT = 140


@dataclass(frozen=True, slots=True)
class Sample:
    """A window with its labels: the word pieces where answers start and end, the sentences."""

    ids: list[int]
    kinds: list[int]
    starts: list[int]
    ends: list[int]
    sentence_of: list[int]
    relevant: list[int]
    known: bool

    @property
    def answers(self) -> bool:
        """Whether the window holds an answer."""
        return bool(self.starts) or any(self.relevant)


Group = list[Sample]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some sentences of a text, packed as a window."""

    text: int
    sentences: Sequence[Sentence]


class Texts:
    """Every text cut once, and for every question the windows of other texts nearest to it."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.texts = list(dict.fromkeys((item.text, item.sentences) for item in items))
        self.number = {text: at for at, text in enumerate(self.texts)}
        self.cut = [list(_windows.cut(text, list(places) or None)) for text, places in self.texts]
        self.pieces = [
            Piece(at, window)
            for at, found in enumerate(self.cut)
            for window in _windows.pack(found, 200)
        ]
        self.of_text = defaultdict(list)
        for place, piece in enumerate(self.pieces):
            self.of_text[piece.text].append(place)

    def near(self) -> list[list[int]]:
        """For every item its NEAREST strange windows by tf–idf that do not hold its answer."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        words = [self._words(piece) for piece in self.pieces]
        vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english")
        table = vectors.fit_transform(words)
        most = min(4 * NEAREST, len(self.pieces))
        found: list[list[int]] = []
        for first in range(0, len(self.items), 512):
            block = self.items[first : first + 512]
            scores = (vectors.transform([item.question for item in block]) @ table.T).toarray()
            order = np.argpartition(-scores, most - 1, axis=1)[:, :most]
            for item, row, best in zip(block, scores, order, strict=True):
                ranked = sorted(best.tolist(), key=lambda at: -row[at])
                found.append(self._strange(item, ranked, words))
        return found

    def _words(self, piece: Piece) -> str:
        text = self.texts[piece.text][0]
        return text[piece.sentences[0].start : piece.sentences[-1].end]

    def _strange(self, item: Item, ranked: Sequence[int], words: Sequence[str]) -> list[int]:
        own = item.text[:80]
        answers = [answer.lower() for answer in item.answers]
        return [
            at
            for at in ranked
            if self.texts[self.pieces[at].text][0][:80] != own
            and not any(answer in words[at].lower() for answer in answers)
        ][:NEAREST]


class Grouping:
    """Draws the windows that go with a question."""

    def __init__(self, texts: Texts, near: Sequence[Sequence[int]]) -> None:
        self.texts = texts
        self.near = near

    def group(self, at: int, random: Random) -> Group:
        """One window that answers, unless left out, and a few that do not."""
        item = self.texts.items[at]
        question = _windows.question_ids(item.question)
        own = self.texts.number[item.text, item.sentences]
        windows = list(_windows.pack(self._cut(own, random), _windows.room(question)))
        samples = [_sample(item, question, window) for window in windows]
        holding = [sample for sample in samples if sample.answers]
        empty = [sample for sample in samples if not sample.answers]
        chosen = [random.choice(holding)] if holding and random.random() >= UNANSWERED else []
        if chosen and len(windows) == 1 and random.random() < SURROUNDED:
            chosen = [self._surrounded(item, question, windows[0], random)]
        wanted = max(random.choice(OTHERS), 0 if chosen else 1)
        others = random.sample(empty, min(len(empty), (wanted + 1) // 2))
        # where nothing answers, one stranger more
        left = wanted - len(others) + (not chosen)
        strange = random.sample(self.near[at], min(len(self.near[at]), wanted))[:left]
        return [*chosen, *others, *(self._stranger(item, question, place) for place in strange)]

    def _stranger(self, item: Item, question: Sequence[int], place: int) -> Sample:
        sentences = self.texts.pieces[place].sentences
        window = next(iter(_windows.pack(sentences, _windows.room(question))))
        return _sample(item, question, window, own=False)

    def _cut(self, own: int, random: Random) -> Sequence[Sentence]:
        """Begin a long text anywhere near its head, so that windows fall differently."""
        cut = self.texts.cut[own]
        return cut if len(cut) < 12 else cut[random.randrange(4) :]

    def _surrounded(
        self, item: Item, question: Sequence[int], window: Sequence[Sentence], random: Random
    ) -> Sample:
        """Put strange sentences before and after the window's own, as far as there is room."""
        space = _windows.room(question) - sum(len(sentence.ids) for sentence in window)
        before, after = list[Sentence](), list[Sentence]()
        for target in (before, after):
            strange = self.texts.pieces[random.randrange(len(self.texts.pieces))].sentences
            first = random.randrange(len(strange))
            limit = random.randint(0, space)
            for sentence in strange[first:]:
                if len(sentence.ids) > limit or self._answers(item, sentence):
                    break
                target.append(sentence)
                limit -= len(sentence.ids)
                space -= len(sentence.ids)
        return _sample(item, question, window, before=before, after=after)

    def _answers(self, item: Item, sentence: Sentence) -> bool:
        """Whether a strange sentence might hold the answer: compared by word pieces."""
        answers = [
            _windows.tokenizer().encode(a, add_special_tokens=False).ids for a in item.answers
        ]
        ids = list(sentence.ids)
        return any(
            ids[at : at + len(sought)] == sought for sought in answers for at in range(len(ids))
        )


def _sample(
    item: Item,
    question: Sequence[int],
    window: Sequence[Sentence],
    own: bool = True,
    before: Sequence[Sentence] = (),
    after: Sequence[Sentence] = (),
) -> Sample:
    ids = [_windows.CLS, *question, _windows.SEP]
    kinds, sentence_of = [0] * len(ids), [-1] * len(ids)
    starts, ends, relevant = list[int](), list[int](), list[int]()
    strangers = {id(sentence) for sentence in (*before, *after)}
    for number, sentence in enumerate((*before, *window, *after)):
        mine = own and id(sentence) not in strangers
        relevant.append(int(mine and _relevant(item, sentence)))
        for start, end in item.spans if mine else ():
            # a span counts where its first piece lies here; its end may lie in the next sentence
            if sentence.start <= start < sentence.end:
                last = min(end, window[-1].end)
                starts.append(_piece(window, start, len(ids), sentence, first=True))
                ends.append(_piece(window, last, len(ids), sentence, first=False))
        ids += sentence.ids
        sentence_of += [number] * len(sentence.ids)
    kinds += [1] * (len(ids) - len(kinds))
    pairs = [(s, e) for s, e in zip(starts, ends, strict=True) if s >= 0 and e >= s]
    return Sample(
        [*ids, _windows.SEP],
        [*kinds, 1],
        [s for s, _ in pairs],
        [e for _, e in pairs],
        [*sentence_of, -1],
        relevant,
        item.source != "selqa",
    )


def _relevant(item: Item, sentence: Sentence) -> bool:
    places = [item.sentences[at] for at in item.relevant] if item.sentences else item.spans
    return any(start < sentence.end and sentence.start < end for start, end in places)


def _piece(
    window: Sequence[Sentence], place: int, base: int, sentence: Sentence, first: bool
) -> int:
    """Find the word piece that a character belongs to, counting on from ``sentence``."""
    at = next(n for n, other in enumerate(window) if other is sentence)
    for following in window[at:]:
        for number, (start, end) in enumerate(following.offsets):
            if (start <= place < end) if first else (start < place <= end):
                return base + number
        base += len(following.ids)
    return -1


def steps(
    grouping: Grouping, items: Sequence[int], size: int, random: Random
) -> Iterator[list[Group]]:
    """Yield one epoch's batches of ``size`` questions in random order."""
    order = list(items)
    random.shuffle(order)
    for first in range(0, len(order) - size + 1, size):
        yield [grouping.group(at, random) for at in order[first : first + size]]
