"""Facts that sentences state in so many words, found by rule: the ground of template questions."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field

from crossover.experiments.making.values import DATE, NAME, NUMBER, is_name
from crossover.sentences import sentences
from crossover.types import Document, Passage

SHORTEST, LONGEST = 6, 45
# words of a definition
FEWEST_SAID = 3
# markup, formulas, links and tables are no prose
MARKUP = re.compile(r"[$\\|<>{}\[\]^#*_=~•]|https?:|www\.|\.\.\.|…|\n\n")
SENTENCE = re.compile(r"[A-Z\d\"“].*[\w%\"”)’'][.!?][\"”)]*", re.DOTALL)
# what ends with a stop and ends no sentence
CUT = re.compile(r"\b(?:al|vs|cf|eq|etc|Fig|Figs|Eq|Tab|Sec|No|Dr|Mr|Mrs|Ms|St|Inc|[A-Z])\.$")
REFERENCES = re.compile(
    r"^\W*(?:\d+\.?\s*)?(?:references|bibliography|works cited)\W*$.*?(?=^#+\s|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)

X = rf"(?P<x>(?:[Tt]he )?{NAME})"
MID = r"(?P<mid>(?: [^\s.,;:()]+){0,8}?)"
DONE = (
    r"(?P<verb>(?!used\b|based\b|compared\b|shown\b|supposed\b)\w+ed|born|built|written|held|made"
    r"|begun|sold|bought|set up|taken over|won|led|founded)"
)
PLACED = "born|buried|based|located|headquartered|held|built|raised|situated|educated|fought"
AROUND = r"(?:a total of |about |around |approximately |nearly |almost |roughly |some |only )?"
DID = (
    "released release|published publish|launched launch|founded found|introduced introduce"
    "|proposed propose|opened open|acquired acquire|won win|died die|married marry|signed sign"
    "|joined join|moved move|began begin|left leave|bought buy|sold sell|became become|built build"
    "|established establish|retired retire|received receive|had have|has have|have have"
    "|contained contain|contains contain|contain contain|employed employ|employs employ"
    "|covered cover|covers cover|included include|includes include|comprised comprise"
    "|comprises comprise|spanned span|spans span|required require|requires require"
    "|provided provide|provides provide|spoke speak|speaks speak|produced produce"
    "|produces produce|served serve|serves serve|operated operate|operates operate|owned own"
    "|owns own|ran run|runs run|held hold|holds hold|consists_of consist_of"
    "|consisted_of consist_of|uses use|offers offer|offered offer"
)
# what somebody did or does, and the form of it that questions need
BASE: Mapping[str, str] = {
    did.replace("_", " "): base.replace("_", " ")
    for did, base in (pair.split() for pair in DID.split("|"))
}
ACTED = "|".join(map(re.escape, BASE))
# what a sentence may open with before its subject, when that is left out
LEAD = r"(?:(?:In|On|By|Since|Until) (?P<when>{DATE}),? )?".replace("{DATE}", DATE)

PATTERNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "when_done": rf"{X} (?P<was>was|were) {DONE}{MID},? (?:in|on) (?P<value>{DATE})(?![\w-])",
        "when_done_lead": (
            rf"(?:In|On) (?P<value>{DATE}),? {X} (?P<was>was|were) {DONE}{MID}(?=[.,;:])"
        ),
        "when_did": rf"{X} (?P<did>{ACTED})\b{MID},? (?:in|on) (?P<value>{DATE})(?![\w-])",
        "when_did_lead": rf"(?:In|On) (?P<value>{DATE}),? {X} (?P<did>{ACTED})\b{MID}(?=[.,;:])",
        "by_whom": (
            rf"{X} (?P<was>was|were) {DONE}(?P<mid>(?: [^\s.,;:()]+){{0,4}}?) by "
            rf"(?P<value>(?:the )?{NAME}(?: et al\b)?)"
        ),
        "where_done": (
            rf"{X} (?P<was>was|were|is|are) (?P<verb>{PLACED})\b(?P<mid>(?: [^\s.,;:()]+){{0,4}}?)"
            rf" (?:in|at|near) (?P<value>(?:the )?{NAME})"
        ),
        "what_is": (
            rf"{X} (?P<was>is|was|are|were) "
            r"(?P<value>(?:an?|the|one of the|another) [^.;:()]{8,110}?)"
            r"(?=[.;:](?:\s|$)| \(|, (?:which|who|where|and|but|with)\b"
            r"| (?:that|which|who|where|when|and knew|and was|and is) )"
        ),
        "attribute": (
            rf"{LEAD}[Tt]he (?P<what>[a-z][a-z-]+(?: [a-z][a-z-]+){{0,3}}) (?P<link>of|in|for) {X} "
            rf"(?P<was>is|was|are|were|stood at|stands at|reached|amounted to|totalled|totaled) "
            rf"{AROUND}(?P<value>{DATE}|{NUMBER}(?: [a-z]+)?|(?:the )?{NAME})"
            r"(?=[.,;:](?!\d)| \(| and | in )"
        ),
        "how_many": (
            rf"{LEAD}{X} (?P<did>{ACTED}) {AROUND}(?P<value>{NUMBER})"
            r"(?P<unit>(?: [a-z][a-z-]+){0,2} (?!times\b|as\b)[a-z-]{2,}s)\b"
        ),
    }.items()
}
# stated in passing, wherever the sentence has it
WITHIN: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "what_is": (
            r"\b(?:[Ii]ntroduces?|[Pp]roposes?|[Pp]resents?|[Cc]alled|[Dd]evelops?|named|by|uses?) "
            rf"(?P<x>{NAME}), (?P<value>an? [^,.;:()]{{12,90}})(?=[,.;:](?:\s|$))"
        ),
        "amount": (
            r"(?:^|, )(?:[Tt]he |[Oo]ur |(?=[Tt]otal ))(?P<what>[a-zT][a-z-]*"
            r"(?: (?!(?:was|were|is|are|that|which|of which)\b)[\w’'-]+){1,13}(?:, [12]\d{3},?)?) "
            rf"(?P<was>was|were|totaled|totalled|amounted to) {AROUND}"
            rf"(?P<value>{NUMBER}(?: (?!and\b|for\b|in\b|compared\b|as\b|at\b|or\b|to\b)[a-z]+)?)"
            r"(?=[.,;](?!\d)| \(| and | for | in | compared | as )"
        ),
    }.items()
}
SHORT_FORM = re.compile(r" \([\"“']?(?P<x>[A-Z][A-Za-z]{0,6}[A-Z]s?)[\"”']?\)")
SMALL = frozenset("of and for the in to on by with a an".split())


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a sentence states: a question about ``x`` and its answer.

    ``words`` fill the question's template; facts of the same ``measure`` can be compared.
    """

    relation: str
    sentence: Passage
    x: str
    value: str
    words: Mapping[str, str] = field(default_factory=dict)
    measure: str = ""


def prose(document: Document) -> list[Passage]:
    """The sentences of a document that are prose, its list of references left out."""
    text = document.text
    listed = [match.span() for match in REFERENCES.finditer(text)]
    return [
        Passage(document.id, start, end, text[start:end])
        for start, end in sentences(text)
        if _is_prose(text[start:end]) and not any(first <= start < last for first, last in listed)
    ]


def facts(sentence: Passage, ordinary: Container[str]) -> Iterator[Fact]:
    """What a sentence states; ``ordinary`` are words that are no names wherever they stand."""
    text = " ".join(sentence.text.split())
    for relation, found in _matches(text):
        named = "x" not in found.groupdict() or is_name(found["x"], ordinary)
        if named and (fact := _fact(relation, sentence, found, ordinary)):
            yield fact
    for found in SHORT_FORM.finditer(text):
        value = _long_form(text[: found.start()], found["x"])
        if value:
            yield Fact("stands_for", sentence, found["x"], value, {"x": found["x"]})


def _matches(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for relation, pattern in PATTERNS.items():
        if found := pattern.match(text):
            yield relation.removesuffix("_lead"), found
    for relation, pattern in WITHIN.items():
        for found in pattern.finditer(text):
            yield relation, found


def _long_form(before: str, short: str) -> str:
    """The words right before a short form in brackets whose initials it is, if they are there."""
    letters = short.removesuffix("s").upper() if short[-1] == "s" else short.upper()
    words = list(re.finditer(r"[A-Za-z]\w*", before))[-2 * len(letters) :]
    wanted = len(letters) - 1
    for word in reversed(words):
        if word.group()[0].upper() == letters[wanted]:
            wanted -= 1
        elif word.group().lower() not in SMALL:
            return ""
        if wanted < 0:
            value = before[word.start() :]
            return value if re.fullmatch(r"[\w’'&/ -]+", value) else ""
    return ""


def _is_prose(text: str) -> bool:
    return (
        SHORTEST <= len(text.split()) <= LONGEST
        and SENTENCE.fullmatch(text) is not None
        and MARKUP.search(text) is None
        and CUT.search(text) is None
        and _in_brackets(text)
        and text.count('"') % 2 == 0
    )


def _in_brackets(text: str) -> bool:
    """Whether every bracket that is opened is closed, and none else."""
    depth = 0
    for mark in re.findall(r"[()]", text):
        depth += 1 if mark == "(" else -1
        if depth < 0:
            return False
    return depth == 0


def _fact(
    relation: str, sentence: Passage, found: re.Match[str], ordinary: Container[str]
) -> Fact | None:
    words = {name: (text or "").strip() for name, text in found.groupdict().items()}
    value = words.pop("value").strip(" ,")
    words["x"] = re.sub(r"^The ", "the ", words.get("x", ""))
    if not _is_answer(relation, value, ordinary):
        return None
    words["do"] = BASE.get(words.get("did", ""), "")
    words["does"] = _auxiliary(words.get("did", ""))
    said = words.get("was", "is")
    words["was"] = said if said in ("is", "are", "was", "were") else "was"
    return Fact(relation, sentence, words["x"], value, words, _measure(relation, words))


def _is_answer(relation: str, value: str, ordinary: Container[str]) -> bool:
    """Whether a value says who or where by a name, and what in more than two words."""
    if relation in ("by_whom", "where_done") and value[:1].isupper():
        return is_name(value, ordinary) or "et al" in value
    return relation != "what_is" or len(value.split()) >= FEWEST_SAID


def _auxiliary(did: str) -> str:
    if did in ("have", "contain"):
        return "do"
    head = did.split(" ")[0]
    return "does" if head.endswith("s") else "did"


def _measure(relation: str, words: Mapping[str, str]) -> str:
    """What makes two facts comparable: the same thing counted or dated, of different names."""
    if relation == "when_done":
        return f"when {words['verb']}"
    if relation == "attribute":
        return f"{words['what']} {words['link']}"
    if relation == "how_many":
        return f"{words['do']} {words['unit']}"
    return ""
