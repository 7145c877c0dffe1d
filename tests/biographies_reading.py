"""Reads questions and documents of `biographies` apart from the code that wrote them."""

import re
from datetime import datetime
from functools import cache

import snowballstemmer

from crossover.datasets.biographies import Biographies
from crossover.datasets.biographies.document import write

SINGLE = ("lookup", "paraphrase")
FUNCTION_WORDS = set(
    "a an the of in on at to from for by with as and or but if was were is are be been had has "
    "have did do does what which who whom whose when where how that this it its he she him her his "
    "they out up into after so not".split()
)
EMPLOYMENT = r"worked (for|at|there)|employed|payroll|desk at|ledgers"
JOURNEY = r"travelled to|sailed for|crossed the ocean"
DEATH = r"\bdied|last breath|passed away|closed (his|her) eyes"
# how a question asks for something and how the text tells it, written apart from the generator
TOLD = {
    r"father of|'s dad": r"\bfather\b|child of",
    r"school|go to study": r"stud(ied|y) at|studied|educated|admitted",
    r"taught|teacher": r"teacher|taught by|learned the essentials|finer points",
    r"which firm (did|employed)|who employed": EMPLOYMENT,
    r"to which country did (?!most)|country did .* travel": JOURNEY,
    r"which book|title of the book": r"published|printed in|wrote",
    r"award|honour was": r"received|award|was handed",
    r"whom .*marr|to whom was": r"married|marriage|was wed|became (her|his) (husband|wife)",
    r"children": r"children|sons and daughters",
    r"instrument|make music": r"\bplayed the\b|practised on|hung above|taken up",
    r"languages|tongues": r"languages",
    r"address": r"lived at|lodged at|windows at|house at",
    r"when did .* die|which date did .* die": DEATH,
    r"where did .* die|town did .* die|life end": DEATH,
    r"estate": r"estate|was left to|savings passed|[Ii]n (his|her) will",
    r"what did .* make\?|goods|manufacture": r"made|turned out|to be found in every household",
    r"premises|start out": r"premises|started out|beginnings lay",
    r"how many people (did .* employ|worked)|workers did": r"employed|workers|drew wages",
    r"manage": r"manager|took the helm|gave the orders",
    r"fire at|burn": r"\bfire\b|Flames",
    r"trademark": r"trademark|crate|stamped",
    r"exports|bought most": r"exports|sold more|customers",
    r"patents": r"patents",
    r"was there a strike": r"strike",
    r"did .* close\?|out of business": r"closed|shut its gates",
    r"which day is the market": r"\bmarket\b|into the square|fill the square",
    r"main sight": r"\bsight\b|shown|easels",
    r"speciality": r"speciality|inn serves|wedding feast",
    r"mayor": r"mayor|chain of office",
    r"flooded": r"flooded|water rose",
    r"altitude": r"altitude|above the sea",
    r"bridge|crossing": r"bridge|span of stone",
    r"festival": r"festival|Lanterns",
    r"mills": r"mills|wheels ground",
}
written_once = cache(write)
stem = snowballstemmer.stemmer("english").stemWord


def examples_of(**options):
    return list(Biographies(**options).examples())


def of_kind(examples, *kinds):
    return [example for example in examples if example.tags["kind"] in kinds]


def text_of(example):
    return example.question.documents[0].text


def sentences_of(example):
    return [text_of(example)[span.start : span.end] for span in example.evidence]


def content_stems(text):
    words = re.findall(r"\w+", text.lower().replace("'s ", " "))
    return {stem(word) for word in words} - {stem(word) for word in FUNCTION_WORDS}


def facts_of(options, number):
    return written_once(options["tokens"], Biographies(**options)._seed(number))


def births(text, names):
    """Read who was born where and when off the text alone."""
    found = {}
    for paragraph in text.split("\n\n"):
        opening = paragraph.split(". ")[0]
        stated = re.search(r"(\d+)(?:st|nd|rd|th of| of)? ?(?:of )?([A-Z][a-z]+) (\d{4})", opening)
        who = [name for name in names if name in opening]
        if "born" in opening and stated and who:
            assert len(who) == 1, opening
            found[who[0]] = (datetime.strptime(" ".join(stated.groups()), "%d %B %Y"), opening)
    return found
