"""A model that keeps its replies, so that an unfinished answer continues where it stopped."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from functools import cache
from threading import Lock

from pydantic import TypeAdapter

from crossover import meter
from crossover.experiments.store import Store
from crossover.keeping import keeping
from crossover.roles import Model
from crossover.types import Completion, Request, Step
from crossover.wrapped import Wrapped


class Remembering(Wrapped):
    """Answers for one job: from the store what it holds, else from the model behind it.

    The same request made twice within an answer (several samples) is two calls. A request without
    a seed gets the grid's. ``scope`` tells a strategy's models apart.
    """

    def __init__(self, model: Model, store: Store, job: str, seed: int, scope: str = "") -> None:
        super().__init__(model)
        self.scope = scope.encode()
        self.store, self.job, self.seed = store, job, seed
        self._asked: Counter[str] = Counter()
        self._lock = Lock()

    def complete(self, request: Request) -> Completion:
        """Reply from the store where this call was already made, else ask and keep the reply."""
        if request.seed is None:
            request = replace(request, seed=self.seed)
        call = self._call(request)
        stored = self.store.reply(self.job, call)
        if stored is not None:
            meter.current().charge(stored.usage, Step("stored reply"))
            meter.current().mark_stored_reply()
            return stored
        # an interrupt lets calls under way finish; nothing new is asked
        meter.check_stopped()
        self.store.begin_call(self.job, call)
        with keeping():
            completion = self.model.complete(request)
            self.store.keep_reply(self.job, call, completion)
        return completion

    def _call(self, request: Request) -> str:
        asked = _requests().dump_json(request) + self.scope
        content = hashlib.sha256(asked).hexdigest()
        with self._lock:
            self._asked[content] += 1
            return f"{content}-{self._asked[content]}"


@cache
def _requests() -> TypeAdapter[Request]:
    return TypeAdapter(Request)
