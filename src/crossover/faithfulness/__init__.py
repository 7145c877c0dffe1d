"""What an answer rests on: attribution to passages, citations checked, evidence looked up."""

from crossover.faithfulness.attribution import (
    Attributed,
    Attribution,
    Method,
    Named,
    attribute,
    attributed,
    ready,
    segments,
)
from crossover.faithfulness.method import Attention, ByReader, Search
from crossover.metrics._citations import CitationScores, Cited, check, cited
from crossover.metrics._details import Detail, Invented, invented

__all__ = [
    "Attention",
    "Attributed",
    "Attribution",
    "ByReader",
    "CitationScores",
    "Cited",
    "Detail",
    "Invented",
    "Method",
    "Named",
    "Search",
    "attribute",
    "attributed",
    "check",
    "cited",
    "invented",
    "ready",
    "segments",
]
