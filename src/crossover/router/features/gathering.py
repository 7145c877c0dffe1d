"""All that is known of a question before and after the first answer, as named numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from crossover.decisions import Profile
from crossover.router.features.documents import document_features
from crossover.router.features.question import question_features
from crossover.router.features.reply import SUPPORT, reply_features
from crossover.router.features.retrieval import Evidence, retrieval_features
from crossover.types import Answer, Document, Question

# raised with every change of a feature: what was learned on others is worth nothing
VERSION = 1
NEED_TEXTS = frozenset(f"reply.{name}" for name in SUPPORT)
NEED_NONE = ("question.", "model.", "meaning.", "reply.")


def asked_features(
    question: Question, profile: Profile, traits: Mapping[str, float], *, search: bool = True
) -> dict[str, float]:
    """Features before anything is asked: question, documents, model and, with ``search``, BM25."""
    documents = _documents(question, profile)
    found = question_features(question) | document_features(documents, profile.tokens)
    if search:
        found |= retrieval_features(question.text, evidence(question, profile))
    return found | dict(traits)


def answered_features(question: Question, profile: Profile, answer: Answer) -> dict[str, float]:
    """What the first answer adds."""
    return reply_features(question.text, answer, evidence(question, profile))


def evidence(question: Question, profile: Profile) -> Evidence | None:
    """What can be searched: the documents, else the passages that an app's store found."""
    documents = _documents(question, profile)
    return Evidence.of(documents) if documents else None


def before_columns(columns: Iterable[str]) -> tuple[str, ...]:
    """What a decision before any answer rests on."""
    return tuple(c for c in columns if not c.startswith("reply."))


def after_columns(columns: Iterable[str]) -> tuple[str, ...]:
    """What a decision by the first answer rests on; what the search looked like adds only noise."""
    return tuple(c for c in columns if not c.startswith(("retrieval.", "meaning.")))


def without_texts(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The features that need neither documents nor passages."""
    kept = [c for c in columns if c.startswith(NEED_NONE) or c == "documents.log_tokens"]
    return tuple(c for c in kept if c not in NEED_TEXTS)


def known(features: Mapping[str, float]) -> bool:
    """Whether the texts were there to be searched."""
    return not math.isnan(features.get("retrieval.windows", math.nan))


def _documents(question: Question, profile: Profile) -> tuple[Document, ...]:
    if question.documents:
        return question.documents
    return tuple(Document(f"passage {n}", p.text) for n, p in enumerate(profile.passages))
