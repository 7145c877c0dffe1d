"""Whether a free-form answer says that its sources do not hold the answer.

Judged by the answer alone, from how people and models say so: the source is silent (“the text does
not mention …”, “is not stated in the report”, “there is no information on …”), the question cannot
be answered (“cannot be determined”, “insufficient information”), the speaker does not know, or the
question rests on something that the source does not have. What an answer opens with decides, and
what it closes with if it draws a conclusion there; a missing detail mentioned in passing does not.
"""

from __future__ import annotations

import re
from functools import lru_cache

SOURCE = r"""\b(?: texts? | documents? | passages? | contexts? | excerpts? | chunks? | papers?
    | authors? | articles? | reports? | filings? | statements? | books? | story | stories | novels?
    | chapters? | sections? | segments? | narrators? | sources? | materials? | contents?
    | information | data | snippets? | transcripts? | dialogues? | conversations? | records?
    | tables? | study | studies | files? | question )\b"""
NOT = r"(?: \b(?:not|never|cannot)\b | n['’]t\b )"
ADVERBS = r"(?: \s+ (?: \w+ly | even | also | yet | any | further | in\ detail ) )*"
SPEAK = r"""(?: mention | specify | discuss | state | address | indicate | describe | disclose
    | detail | say | explain | reveal | elaborate | clarify | refer | touch | delve )"""
TELL = rf"""(?: {SPEAK} | provide | contain | include | give | offer | report | note | list
    | present | cover | identify | outline | define | name | tell | answer | propose | explore
    | examine | investigate | quantify | appear\ to | seem\ to
    | have\s+(?:any|enough|sufficient|specific|information|details?)\b )"""
SPOKEN = r"""(?: mentioned | specified | stated | disclosed | discussed | described | detailed
    | addressed | elaborated | referenced | referred\ to | explained | indicated | outlined )\b"""
GIVEN = r"""(?: provided | given | included | available | found | known | clear | present | listed
    | reported | identified | recorded | covered | named | revealed | explored | contained | shown
    | defined | noted )\b"""
WITHIN = rf"\b(?:in|by|within|from|among|throughout|anywhere)\b .{{0,50}}? {SOURCE}"
MENTION = r"""(?: mention | information | details? | reference | discussion | indication
    | description | explanation )\b"""
SOLVED = r"""(?: answered | determined | ascertained | inferred | calculated | deduced | derived
    | established | concluded | computed | verified | confirmed )\b"""
SOLVE = r"""(?: answer | determine | find | provide | identify | say | tell | infer | ascertain
    | calculate | locate | confirm | assess | know | give | specify | establish | conclude | deduce
    | compare | compute | verify | see | extract )\b"""

SOURCE_IS_SILENT = rf"""
    {SOURCE} .{{0,60}}? {NOT} {ADVERBS} \s+ {TELL}
  | \b(?:it|they|company)\b .{{0,60}}? {NOT} {ADVERBS} \s+ {SPEAK}
  | {NOT} {ADVERBS} \s+ (?:explicitly|specifically)\b
  | {SOURCE} .{{0,60}}? \b(?: lacks | omits | fails?\s+to\s+{TELL} | makes?\s+no
        | (?:contain|provide|give|offer|include|have|has)s?\s+no )\b
  | {NOT} (?:\s+been|\s+be)? {ADVERBS} \s+ {SPOKEN}
  | {NOT} (?:\s+been|\s+be)? {ADVERBS} \s+ {GIVEN} (?= \s*(?:[.!?;,]|$) | .{{0,30}}? \s {WITHIN} )
  | \bno \s+ (?:\w+\s+)? (?:answer|evidence|(?:passage|document|result)s?) \s+
        (?:(?:is|are|was|were|could\s+be)\s+)? (?:found|available|provided|given|retrieved)\b
  | (?: \bno(?!\s+one\b) | {NOT}\s+(?:any|a) ) \s+ (?:[\w-]+\s+){{0,3}}? {MENTION}
  | \b(?:no|nothing)\b .{{0,60}}? (?: \b{SPOKEN} | \b(?:{GIVEN} .{{0,30}}? \s)? {WITHIN} )
  | \bthere (?:\s+(?:is|are|was|were)|['’]s) \s+ (?:no|nothing|not\s+any)\b
        (?: \s+(?:specific|explicit|direct|clear)\b
          | .{{0,120}}? (?: {SPOKEN} | \b(?:provided|given|found|available)\b | {WITHIN} ) )
  | \b(?:answer|information|this|that|it|details?)\b
        \s* (?:\b(?:is|was)\s*{NOT}|['’]s\s+not) \s+ {WITHIN}
  | ^\W* not \s+ {WITHIN}
  | {NOT} \s+ appear \s+ {WITHIN} | {SOURCE} \s+ (?:is|are) \s+ silent\b
  | \b(?:none\s+of\s+the|neither)\b .{{0,30}}? {SOURCE} .{{0,30}}? \b{TELL}
  | \b(?:nothing|nowhere|absent\s+from)\b .{{0,30}}? {SOURCE}
"""
NO_WAY_TO_ANSWER = rf"""
    {NOT} (?:\s+be)? {ADVERBS} \s+ {SOLVED}
  | \b(?:I|we|one|you) \s* (?:(?:ca|can|could|do|did|am|are|was|were)\s*{NOT}|cannot) {ADVERBS}
        (?:\s+able\s+to)? \s+ {SOLVE}
  | (?: ^ | [.,;:]\s* | (?:\b(?:I|we)\s+(?:am|are|was|were) | ['’]m | \bbe)\s+ )
        unable \s+ to \s+ {SOLVE}
  | (?: {NOT}\s+possible | \bimpossible | \bno\s+way ) \s+ to \s+ (?:\w+ly\s+)? {SOLVE}
  | \bunanswerable\b
  | \b(?: insufficient | not\s+enough | no\s+relevant ) \s+ (?:\w+\s+)?
        (?:information|context|details?|data|evidence)\b
"""
DOES_NOT_KNOW = rf"""
    \bI \s* (?: (?:do|am)\s*{NOT} | ['’]m\s+not ) \s+ (?:know|sure|certain|aware)\b
  | \bI\s+have\s+no\s+(?:idea|information)\b
  | \b(?:is|are|was|were|remains?) \s+ (?:unclear|unknown|unspecified|undisclosed)\b
  | ^\W* (?:unknown|unclear|unspecified|undisclosed|not\s+applicable|n/a|no\s+answer) \W*$
"""
WRONG_PREMISE = r"""
    \b(?:question|premise|assumption|query)\b .{0,60}?
        \b(?:incorrect|false|mistaken|wrong|flawed|inaccurate)\b
  | \b(?:incorrect|false|mistaken|wrong|flawed)\s+(?:premise|assumption)\b
  | \bthere (?:\s+(?:is|seems?\s+to\s+be|appears?\s+to\s+be)|['’]s) \s+ (?:\w+\s+){0,3}
        (?:confusion|misunderstanding|mix-up)\b
"""
CHINESE = r"""
    (?:没有|并未|未|沒有|並未) \w{0,4}
        (?:提及|提到|说明|說明|给出|給出|提供|描述|涉及|记载|記載|讨论|討論|披露|明确)
  | (?:无法|無法|不能) \w{0,6} (?:回答|确定|確定|得知|判断|判斷|得出|找到|推断)
  | (?:信息|資訊|资料)不足 | 不知道 | 不清楚 | 不得而知
  | (?:没有|沒有|无|無) (?:相关|相關|足够|足夠) \w{0,2} (?:信息|資訊|内容|资料)
"""
ABSTAINS = re.compile(
    "|".join((SOURCE_IS_SILENT, NO_WAY_TO_ANSWER, DOES_NOT_KNOW, WRONG_PREMISE, CHINESE)),
    re.VERBOSE | re.IGNORECASE,
)
CONCLUDES = re.compile(
    rf"""
    (?: ^ | [.!?]\s+ | \n\W* ) (?: therefore | thus | hence | consequently | overall
        | as\ a\ result | in\ conclusion | in\ summary )\b
    [^.!?\n]{{0,80}}? (?: {NO_WAY_TO_ANSWER} )""",
    re.VERBOSE | re.IGNORECASE,
)
# without one of these no pattern above can match; most answers are through after this
CUE = re.compile(
    r"\bno[tr]?\b|n['’]t\b|\bn(?:ever|one|othing|either|owhere)\b|\bcannot|\bla?cks|\bomits|\bfail|"
    r"\babsent|silent|unable|impossible|\bun(?:answ|cl|kn|sp|disc)|insuffic|incorrect|false|mistak|wrong|"
    r"flaw|inaccur|confus|misund|mix-up|n/a|[没沒未无無不]",
    re.IGNORECASE,
)
PREAMBLE = re.compile(
    r"""
    ^ (?: [\W_]+
    | (?:I(?:\ am|['’]m)?\s+)? (?:very\s+)? (?:sorry|apologi[sz]e|apologies)\b [^,.]{0,40}
    | unfortunately\b | but\b | (?:none|nothing|no|n/a)\s*[.!\n] )+""",
    re.VERBOSE | re.IGNORECASE,
)
SENTENCE_END = re.compile(
    r"""(?<=[.!?]) (?<!\b\w\.) (?<!\b(?:Mr|Dr|St|Co|vs|No)\.) (?<!\b(?:Mrs|Inc|Ltd|Fig)\.)
    (?<!\bCorp\.) ["”')\]*]* (?:\s+(?=[^\sa-z])|$) | \n+ | (?<=[。！？])""",
    re.VERBOSE,
)
TURN = re.compile(r";|,?\s+(?:but|although|though|while|whereas|however|yet)\b", re.IGNORECASE)
CONCESSION = re.compile(
    r"\W*(?:while|although|though|even\s+though|despite)\b[^.!?\n]*?,\s", re.IGNORECASE
)
# how much of an answer's opening and close is read, in characters
OPENING, CLOSE = 600, 300


def abstains(text: str) -> bool:
    """Whether the answer says that the sources do not hold the answer.

    English, and the most frequent Chinese forms. Empty text is no abstention.
    """
    return _abstains(text[:OPENING], text[-CLOSE:])


@lru_cache(maxsize=4096)
def _abstains(opening: str, close: str) -> bool:
    claim = _first_claim(opening)
    opens_with_it = CUE.search(claim) and ABSTAINS.search(claim)
    return bool(opens_with_it or (CUE.search(close) and CONCLUDES.search(close)))


def _first_claim(opening: str) -> str:
    """Cut the first sentence down to its main clause: no apology, concession or afterthought."""
    start = opening[preamble.end() :] if (preamble := PREAMBLE.match(opening)) else opening
    sentence = SENTENCE_END.split(start, maxsplit=1)[0]
    main = sentence[concession.end() :] if (concession := CONCESSION.match(sentence)) else sentence
    return TURN.split(main, maxsplit=1)[0]
