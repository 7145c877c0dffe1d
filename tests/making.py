"""Documents to make questions from, and models that answer by a function."""

import json
from threading import Lock

from crossover import meter
from crossover.roles import Model
from crossover.types import Completion, Document, Passage, Step, Usage

OSTREL = (
    "Ostrel lies on the river Mir. The bridge of Ostrel was built by Ada Varn in 1902. "
    "Ada Varn was born in Quill. The height of the Ostrel Tower is 61 metres. "
    "The town has 340 houses on both banks of the river and a market that opens on Mondays. "
    "Varn Works was founded in March 1911."
)
QUILL = (
    "Quill lies by the sea. Quill was founded in 1204. The harbour of Quill has nine cranes. "
    "The height of the Quill Lighthouse is 48 metres. Quill Trading was founded in May 1893. "
    "The harbour master (HM) of the town keeps 120 boats on both banks of the estuary."
)
DOCUMENTS = (Document("ostrel.txt", OSTREL), Document("quill.txt", QUILL))
TEXTS = {document.id: document.text for document in DOCUMENTS}


def folder_of(path, documents=DOCUMENTS):
    path.mkdir(parents=True, exist_ok=True)
    for document in documents:
        (path / document.id).write_text(document.text)
    return path


def whole(name):
    return Passage(name, 0, len(TEXTS[name]), TEXTS[name])


def piece(text):
    """Where a text stands in the documents."""
    name = next(name for name, whole in TEXTS.items() if text in whole)
    at = TEXTS[name].index(text)
    return Passage(name, at, at + len(text), text)


def written(*questions):
    return json.dumps({"questions": list(questions)})


class Answering(Model):
    """Replies with what a function of the request returns: a text or an error to raise."""

    window = 100_000

    def __init__(self, reply, writes=True):
        self.reply, self.writes = reply, writes
        self.asked = []
        self._lock = Lock()

    def __repr__(self):
        return "answering"

    def count(self, text):
        return len(text.split())

    def complete(self, request):
        with self._lock:
            self.asked.append(request)
        said = self.reply(request)
        usage = Usage(10, 2, 0, 0, 1, 0.001)
        meter.current().charge(usage, Step("call"))
        if isinstance(said, Exception):
            raise said
        return Completion(said, usage=usage)


def prompt(request):
    return f"{request.instruction} {request.question}"
