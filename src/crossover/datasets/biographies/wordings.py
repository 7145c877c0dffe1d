"""How questions are worded, by relation and kind.

``{name}`` is an entity's name or, in two-hop questions, a description of it; no wording puts a
possessive on it. ``OBLIQUE`` shares no content word with the oblique sentences of its relation.
"""

from __future__ import annotations

LOOKUP = {
    "born_on": ("When was {name} born?", "On which date was {name} born?"),
    "born_in": ("Where was {name} born?", "In which town was {name} born?"),
    "father": (
        "What was the trade of the father of {name}?",
        "What did the father of {name} work as?",
    ),
    "occupation": ("What was {name} by profession?", "What was the profession of {name}?"),
    "school": (
        "At which school did {name} study?",
        "What is the school called where {name} studied?",
    ),
    "teacher": ("Who was the teacher of {name}?", "By whom was {name} taught?"),
    "employer": ("For which firm did {name} work?", "Which firm employed {name}?"),
    "service": ("For how many years did {name} work for the same firm?",),
    "journey": ("To which country did {name} travel?", "Which country did {name} travel to?"),
    "journey_year": ("In which year did {name} travel abroad?",),
    "work": ("Which book did {name} publish?", "What is the title of the book by {name}?"),
    "work_year": ("In which year was the book by {name} published?",),
    "prize": ("Which award did {name} receive?", "What award was {name} given?"),
    "prize_year": ("In which year did {name} receive an award?",),
    "moved_to": ("To which town did {name} move?", "Where did {name} move to?"),
    "moved_year": ("In which year did {name} move to another town?",),
    "spouse": ("Whom did {name} marry?", "To whom was {name} married?"),
    "wedding": ("In which year did {name} marry?", "When did {name} marry?"),
    "children": ("How many children did {name} have?", "What number of children did {name} have?"),
    "instrument": ("Which instrument did {name} play?", "What instrument did {name} play?"),
    "languages": ("How many languages did {name} speak?",),
    "street": ("At which address did {name} live?", "What was the address at which {name} lived?"),
    "died_on": ("When did {name} die?", "On which date did {name} die?"),
    "died_in": ("Where did {name} die?", "In which town did {name} die?"),
    "bequest": ("To whom did the estate of {name} go?", "Who received the estate of {name}?"),
    "founded": ("In which year was {name} founded?", "When was {name} founded?"),
    "founder": ("Who founded {name}?", "By whom was {name} founded?"),
    "seat": ("In which town did {name} have its seat?", "Where was the seat of {name}?"),
    "product": ("What did {name} make?", "Which goods did {name} make?"),
    "premises": ("Where were the first premises of {name}?",),
    "workforce": ("How many people did {name} employ?", "How many workers did {name} have?"),
    "director": ("Who became the manager of {name}?",),
    "director_year": ("In which year did a new manager take over at {name}?",),
    "fire": ("In which year was there a fire at {name}?",),
    "emblem": ("What was the trademark of {name}?",),
    "export": ("To which country did most of the exports of {name} go?",),
    "patents": ("How many patents did {name} hold?",),
    "strike": ("In which year was there a strike at {name}?",),
    "strike_weeks": ("How many weeks did the strike at {name} last?",),
    "closed": ("In which year did {name} close?", "When did {name} close?"),
    "river": ("On which river does {name} lie?", "What is the river called on which {name} lies?"),
    "charter": ("In which year was {name} granted its charter?",),
    "population": ("What was the population of {name} when it was counted?",),
    "market": ("On which day is the market held in {name}?",),
    "landmark": ("What is the main sight of {name}?",),
    "dish": ("What is the local speciality of {name}?",),
    "mayor": ("Who became mayor of {name}?",),
    "flood": ("In which year was {name} flooded?",),
    "elevation": ("At what altitude in metres does {name} lie?",),
    "bridge": ("In which year was the bridge of {name} built?",),
    "festival": ("In which month does the festival of {name} take place?",),
    "mills": ("How many mills were there at one time in {name}?",),
}

OBLIQUE = {
    "father": "How did {name}'s dad make a living?",
    "occupation": "What was the profession of {name}?",
    "school": "Where did {name} go to study?",
    "teacher": "Who taught {name}?",
    "employer": "Who employed {name}?",
    "service": "How long did {name}'s employment last?",
    "journey": "Which foreign country did {name} visit?",
    "journey_year": "When did {name} go abroad?",
    "work": "What is the title of the book that {name} wrote?",
    "work_year": "When did {name}'s book come out?",
    "prize": "Which honour was bestowed on {name}?",
    "prize_year": "When was {name} honoured?",
    "moved_to": "Where did {name} relocate?",
    "moved_year": "When did {name} relocate?",
    "spouse": "Whom did {name} marry?",
    "wedding": "When did {name} get married?",
    "children": "How many children did {name} have?",
    "instrument": "On what did {name} make music?",
    "languages": "How many tongues did {name} speak?",
    "street": "What was {name}'s address?",
    "died_on": "When did {name} die?",
    "died_in": "Where did {name}'s life end?",
    "bequest": "Who inherited {name}'s estate?",
    "product": "What did {name} manufacture?",
    "premises": "Where did {name} start out?",
    "workforce": "How many people worked for {name}?",
    "director": "Who was appointed to manage {name}?",
    "fire": "When did {name} burn?",
    "emblem": "What was the trademark of {name}?",
    "export": "Which country bought most from {name}?",
    "closed": "When did {name} go out of business?",
    "market": "On which day is the market held in {name}?",
    "landmark": "What is the main sight of {name}?",
    "dish": "What is the local speciality of {name}?",
    "mayor": "Who became mayor of {name}?",
    "mills": "How many mills did {name} have?",
    "flood": "When was {name} flooded?",
    "elevation": "What is the altitude of {name}?",
    "bridge": "When did {name} get a permanent crossing over its river?",
    "festival": "At what time of year does {name} celebrate its annual festival?",
}

# a fact that leads to another entity: how a two-hop question describes that entity
BRIDGES = {
    "founder": "the founder of {name}",
    "born_in": "the town where {name} was born",
    "employer": "the firm that employed {name}",
    "teacher": "the person who taught {name}",
}

# relation: wordings that ask for the smaller value, then for the larger one
COMPARISON = {
    "born_on": (
        ("Who was born earlier, {first} or {second}?", "Who was older, {first} or {second}?"),
        ("Who was born later, {first} or {second}?", "Who was younger, {first} or {second}?"),
    ),
    "founded": (
        ("Which firm was founded earlier, {first} or {second}?",),
        ("Which firm was founded later, {first} or {second}?",),
    ),
    "charter": (
        ("Which town was granted its charter earlier, {first} or {second}?",),
        ("Which town was granted its charter later, {first} or {second}?",),
    ),
    "population": (
        ("Which town had the smaller population, {first} or {second}?",),
        ("Which town had the larger population, {first} or {second}?",),
    ),
}

COUNT = {
    "born_in": ("How many of the people portrayed in the text were born in {value}?",),
    "seat": ("How many of the firms described in the text had their seat in {value}?",),
    "employer": ("How many of the people portrayed in the text were employed by {value}?",),
    "school": ("How many of the people portrayed in the text studied at the {value}?",),
    "prize": ("How many of the people portrayed in the text received the {value}?",),
    "instrument": ("How many of the people portrayed in the text played the {value}?",),
    "died_in": ("How many of the people portrayed in the text died in {value}?",),
    "journey": ("How many of the people portrayed in the text travelled to {value}?",),
    "market": ("How many of the towns described in the text hold their market on {value}?",),
}
COUNT_BEFORE = {
    "born_on": "How many of the people portrayed in the text were born before {year}?",
    "founded": "How many of the firms described in the text were founded before {year}?",
}

# relation: group relation, wordings for the earliest and the latest within the group, then overall
EXTREMES = {
    "born_on": (
        "born_in",
        (
            "Of the people portrayed in the text who were born in {value}, who was born first?",
            "Of the people portrayed in the text who were born in {value}, who was born last?",
        ),
        (
            "Who was born first of all the people portrayed in the text?",
            "Who was born last of all the people portrayed in the text?",
        ),
    ),
    "founded": (
        "seat",
        (
            "Of the firms with their seat in {value}, which was founded first?",
            "Of the firms with their seat in {value}, which was founded last?",
        ),
        (
            "Which firm described in the text was founded first?",
            "Which firm described in the text was founded last?",
        ),
    ),
}
