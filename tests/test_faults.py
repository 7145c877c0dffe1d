"""A whole run against an endpoint that fails in every way: each failure has its name."""

import json
import time
from email.utils import formatdate

import pytest
from misbehaving import (
    Endpoint,
    answer,
    broken_off,
    drip,
    error_in_stream,
    hang,
    no_choices,
    raw,
    reset,
    slow_bytes,
    status,
    truncated_json,
    web_page,
)

import crossover
from crossover.experiments.report import load_frame

SKEWED = formatdate(time.time() + 3 * 86_400, usegmt=True)
HUGE = "word " * 2_000_000
# what an endpoint does, and the outcome that every question of its kind has
FAULTS = {
    "429": (status(429), "failed:rate_limit"),
    "429 with a pause": (status(429, retry_after=0.01), "failed:rate_limit"),
    "429 until a day of another clock": (status(429, retry_after=SKEWED), "failed:rate_limit"),
    "429 with nonsense": (status(429, retry_after="soon"), "failed:rate_limit"),
    "quota": (status(429, error_code="insufficient_quota"), "failed:quota"),
    "500": (status(500), "failed:server"),
    "502": (status(502), "failed:server"),
    "503": (status(503), "failed:server"),
    "hang": (hang(), "failed:timeout"),
    "reset": (reset(), "failed:connection"),
    "broken off": (broken_off(), "failed:connection"),
    "half of the JSON": (truncated_json(), "failed:bad_reply"),
    "a page": (web_page(), "failed:bad_reply"),
    "no choices": (no_choices(), "failed:bad_reply"),
    "nothing": (raw(b""), "failed:bad_reply"),
    "filtered": (answer("x", finish="content_filter"), "refused"),
    "filtered prompt": (status(400, "filtered", error_code="content_filter"), "refused"),
    "no usage": (answer("Ada", usage=False), "answered"),
    "too long": (status(400, "too long", error_code="context_length_exceeded"), "overflow"),
    "expired key": (status(401, "Your key has expired"), "failed:authentication"),
    "no such model": (status(404, "no such model"), "failed:not_found"),
    "an empty reply": (answer(""), "failed:empty"),
    "cut": (answer("Ada", finish="length"), "truncated"),
    "10 MB": (answer(HUGE, chunk=100_000), "answered"),
}
IN_STREAMS = {
    "error in the stream": (error_in_stream(), "failed:server"),
    "drip": (drip(), "failed:timeout"),
}
WHOLE = {"byte by byte": (slow_bytes(), "failed:timeout")}


@pytest.mark.parametrize("streams", [True, False])
def test_every_fault_has_its_outcome_and_none_is_lost(streams, tmp_path):
    faults = FAULTS | (IN_STREAMS if streams else WHOLE)
    lines = [
        {"id": name, "question": f"Fault: {name}!", "answers": ["Ada"], "context": "Ada built it."}
        for name in [*faults, "none"]
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))

    def behave(asked, out):
        name = asked.prompt.partition("Fault: ")[2].partition("!")[0]
        behaviour, _ = faults.get(name, (answer("Ada"), ""))
        return behaviour(asked, out)

    with Endpoint(behave) as endpoint:
        options = f"base_url={endpoint.url}, timeout=1.5, attempts=2, pause=0.01, "
        options += "longest_pause=0.02, concurrency=8"
        grid = {
            "datasets": [f"jsonl({tmp_path / 'questions.jsonl'})"],
            "models": [f"openai:any({options}, streams={str(streams).lower()})"],
            "strategies": ["closed_book", "full_context"],
        }
        frame = crossover.run(grid, tmp_path / "run")
    assert len(frame) == 2 * (len(faults) + 1)
    found = frame.groupby("example")["outcome"].agg(set).to_dict()
    expected = {name: {outcome} for name, (_, outcome) in faults.items()} | {"none": {"answered"}}
    assert found == expected
    # a failure is no answer, and stays in the denominator
    failed = frame[~frame["outcome"].isin(["answered", "truncated"])]
    assert (failed["answer_recall"] == 0).all()
    assert failed["message"].str.len().between(1, 1000).all()
    assert not failed["message"].str.contains("\n").any()
    assert frame.set_index("example").loc["no usage", "input_tokens"].isna().all()
    report = (tmp_path / "run" / "report.md").read_text()
    for outcome in set(frame["outcome"]) - {"answered"}:
        assert outcome.removeprefix("failed:").replace("_", " ").split(" ")[0] in report
    again = load_frame(tmp_path / "run")
    assert again["outcome"].tolist() == frame["outcome"].tolist()
