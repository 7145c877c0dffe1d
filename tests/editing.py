"""What a model that edits its context says, and a text for it to edit."""

import json

from misbehaving import answer

from crossover.types import Document, Question

RIVER = "Ostrel lies on the river Mir, and boats go by. " * 12
BRIDGE = "The old bridge of Ostrel was built by Ada Varn. " * 4
RAIN = "Rain falls in autumn over the wide fields. " * 12
TOWN = Document("town", RIVER + BRIDGE + RAIN)
HARBOUR = Document("harbour", "The harbour of Quill has nine cranes.")
ASKED = Question("q", "Who built the bridge?", (TOWN, HARBOUR))
WHOLE = "active_context(size=null)"


def calls(*actions, text=""):
    """A reply that calls tools, as OpenAI's protocol has it."""
    made = [
        {
            "index": at,
            "id": f"call_{at}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": given if isinstance(given, str) else json.dumps(given),
            },
        }
        for at, (name, given) in enumerate(actions)
    ]
    return answer(text, extra={"tool_calls": made}, finish="tool_calls")


def call(name, **arguments):
    return calls((name, arguments))


def acts(*actions):
    """The same as JSON."""
    return answer(json.dumps([{"action": name, **given} for name, given in actions]))


def context(asked):
    """What the model was shown of the texts: the passages, not the talk after them."""
    return asked.prompt.rpartition("</passage>")[0]


DONE = call("answer", text="Ada Varn")
