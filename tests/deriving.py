"""Answers derived from generated texts alone, by other means than those that wrote them.

Each function takes the text and the question, and returns the golds that follow.
"""

import json
import re
from collections import Counter, defaultdict


def hunted(text, question):
    """RULER's needles: what the text calls the secret so-and-so of a key."""
    kind, names = re.search(r"secret (\w+?)s? of (.+) that the text gives", question).groups()
    wanted = re.split(r", | and ", names)
    found = defaultdict(list)
    for what, key, value in re.findall(r"The secret (\w+) of (\S+) is (\S+)\.", text):
        if what == kind:
            found[key].append(value)
    return {value for name in wanted for value in found[name]}


def variables(text, question):
    """RULER's variable tracking: assignments followed until nothing changes."""
    value = re.search(r"have the value (\d+)", question)[1]
    sets = re.findall(r"SET (\w+) = (\w+)\.", text)
    known = {}
    for name, of in sets:
        known[name] = known.get(of, of)
    return {name for name, held in known.items() if held == value}


def common(text, question):
    """RULER's common words: the ten most frequent of a numbered list."""
    words = Counter(re.findall(r"\d+\. (\S+)", text))
    return {word for word, _ in words.most_common(10)}


def coded(text, question):
    """RULER's coded words: the three most frequent but for the dots."""
    words = Counter(word for word in text.split() if word != "...")
    return {word for word, _ in words.most_common(3)}


PERSON = {
    r"Where was (.+) born\?": r"{} was born in (\S+) in \d+\.",
    r"In which year was (.+) born\?": r"{} was born in \S+ in (\d+)\.",
    r"What did (.+) work as\?": r"{}, who came from a family of musicians, worked as (.+?)\.",
    r"In which year did (.+) take a post\?": r"In (\d+) {} took a post",
    r"Which instrument did (.+) play\?": r"{} played the (.+?) in the evenings\.",
    r"How many stamps did (.+) have\?": r"At home {} had (\d+) stamps",
}
FIRM = {
    r"In which year was (.+) founded\?": r"{} was founded in (\d+) ",
    r"In which town was the first workshop of (.+)\?": (
        r"{} was founded in \d+ and had its first workshop in (\S+)\."
    ),
    r"What was (.+) known for\?": r"The firm {} was known for its (.+?)\.",
    r"In the best years of (.+), who ran it\?": r"{} was run by (.+?) in its best years\.",
    r"In which year did (.+) close\?": r"The doors of {} closed in (\d+)\.",
}


def asked(text, question):
    """RULER's questions on passages: sentences that match the question, through the employer."""
    employer = re.search(r"the firm at which (.+?) took a post", question)
    if employer:
        firms = re.findall(rf"{re.escape(employer[1])} took a post at (.+?) and stayed", text)
        assert len(set(firms)) == 1
        question = question.replace(employer[0], firms[0])
    for form, said in (PERSON | FIRM).items():
        match = re.fullmatch(form, question)
        if match and (found := re.findall(said.format(re.escape(match[1])), text)):
            return set(found)
    raise AssertionError(question)


def ruler(text, question, task):
    checkers = {"vt": variables, "cwe": common, "fwe": coded, "qa_1": asked, "qa_2": asked}
    return checkers.get(task, hunted)(text, question)


def value_of(text, question, task):
    """Key-value retrieval: the object, read as JSON."""
    (key,) = re.findall(r'"([^"]+)"', question)
    return {json.loads(text)[key]}


def threaded(text, question, task):
    """Needle threading: keys looked up, marked ones collected, threads followed."""
    pairs = json.loads(text)
    keys = re.findall(r'"([^"]+)"', question)
    if task == "conditional_needles":
        return {value for key, value in pairs.items() if keys[0] in key}
    if "needle" in task:
        return {pairs[key] for key in keys}
    ends = set()
    for key in keys:
        while key in pairs:
            key = pairs[key]
        ends.add(key)
    return ends


BACK = {"father": 1, "mother": 1, "parent": 1, "grandfather": 2, "grandmother": 2}
NAME = r"([A-Z][a-z]+ [A-Z][a-z]+)"
KIN = (
    (rf"{NAME} is the (\w+) of {NAME}\.", "elder term younger"),
    (rf"{NAME} calls {NAME} (\w+), and rightly so\.", "younger elder term"),
    (rf"{NAME} is proud of {NAME}, who is the (\w+)\.", "younger elder term"),
    (rf"The (\w+) of {NAME} is {NAME}\.", "term younger elder"),
)


def family(text):
    """Who is whose elder, and how many generations back."""
    found = {}
    for pattern, order in KIN:
        for groups in re.findall(pattern, text):
            said = dict(zip(order.split(), groups, strict=True))
            if said["term"] in BACK:
                found[said["younger"]] = said["elder"], BACK[said["term"]]
    return found


def needlebench(text, question, task):
    """NeedleBench: things that people hid, and ancestors one after another."""
    if task.endswith("retrieval"):
        hid = dict(re.findall(rf"What {NAME} hid behind the old wall is a ([a-z -]+)\.", text))
        return {hid[name] for name in re.findall(NAME, question.partition("?")[0]) if name in hid}
    elders, names = family(text), re.findall(NAME, question)
    number = re.search(r"\d+", question)
    if task == "generations_apart":
        (one, other), steps = names, 0
        while other != one:
            other, back = elders[other]
            steps += back
        return {str(steps)}
    (name,) = names
    if task == "nth_descendant":
        youngers = {elder: (younger, back) for younger, (elder, back) in elders.items()}
        elders = youngers
    left = int(number[0]) if number else None
    while name in elders and left != 0:
        name, back = elders[name]
        left = None if left is None else left - back
    assert not left
    return {name}


# what everybody knows
HINTS = {
    "Venice Italy": "Rialto",
    "Barcelona Spain": "Sagrada",
    "Prague Czechia": "Charles Bridge",
    "Athens Greece": "Acropolis",
    "Saint Petersburg Russia": "Hermitage",
    "Berlin Germany": "Brandenburg",
    "Vienna Austria": "Schönbrunn",
    "Copenhagen Denmark": "Mermaid",
    "Stockholm Sweden": "Vasa",
    "Amsterdam the Netherlands": "Anne Frank",
    "San Francisco California": "Golden Gate",
    "Toronto Canada": "CN Tower",
    "Rio de Janeiro Brazil": "Sugarloaf",
    "Beijing China": "Forbidden",
    "Tokyo Japan": "Meiji",
    "Cape Town South Africa": "Table Mountain",
    "Moby-Dick Herman Melville": "white whale",
    "Don Quixote Miguel de Cervantes": "windmills",
    "Hamlet William Shakespeare": "Prince of Denmark",
    "The Metamorphosis Franz Kafka": "insect",
}
NO_NAME = {
    "From",
    "Right",
    "What",
    "The",
    "Prince",
    "Denmark",
    "Is",
    "Bridge",
    "House",
    "Museum",
    "Palace",
    "Little",
    "Shrine",
}


def low_overlap(text, question, task):
    """NoLiMa: the sentence that hints at what is asked for, and the name in it."""
    about = re.search(r"(?:been to|knows|has read) (.+)\?", question)[1]
    hint = next(hint for known, hint in HINTS.items() if about in known)
    (sentence,) = (one for one in re.split(r"(?<=[.!?])\s+", text) if hint in one)
    cut = sentence.replace(hint, "")
    names = [word for word in re.findall(r"\b[A-Z][a-z]{5,}\b", cut) if word not in NO_NAME]
    return {name for name in names if name not in about and name not in " ".join(HINTS.values())}
