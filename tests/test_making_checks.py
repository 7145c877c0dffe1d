"""Whether questions are sound, which of them repeat others, and how many are made."""

import pytest
from making import DOCUMENTS, Answering, piece, prompt

from crossover import catalog, meter
from crossover.errors import ProviderError
from crossover.experiments.making.checking import Checker
from crossover.experiments.making.drafts import Draft, Kept, Loss, Step
from crossover.experiments.making.duplicates import Seen
from crossover.experiments.making.questions import make, shares
from crossover.experiments.making.wordings import wordings
from crossover.roles import Model

WORDS = wordings("prompts")
BUILT, BORN = (
    piece("The bridge of Ostrel was built by Ada Varn in 1902."),
    piece("Ada Varn was born in Quill."),
)
NINE = piece("The harbour of Quill has nine cranes.")
SINGLE = Draft(
    "single_hop", "Who built the bridge of Ostrel?", ("Ada Varn",), (BUILT,), ("ostrel.txt",)
)
CHAIN = Draft(
    "multi_hop",
    "Where was the builder of the bridge of Ostrel born?",
    ("Quill",),
    (BUILT, BORN),
    ("ostrel.txt",),
)
MISSING = Draft("unanswerable", "Who painted the bridge of Ostrel?", (), (), ("ostrel.txt",))


def checked(draft, reply, writes=True):
    model = Answering(reply, writes)
    with meter.metered():
        return Checker(model, DOCUMENTS, WORDS).check(draft), model


def reading(passages, memory="I do not know."):
    """A model that replies by how many passages it is shown."""
    return lambda request: passages[len(request.passages)] if request.passages else memory


def test_a_sound_question_is_kept_with_what_was_checked():
    found, model = checked(SINGLE, reading({1: "Ada Varn"}))
    assert isinstance(found, Kept)
    assert found.checks == (
        "quote exact",
        "answered by its evidence",
        "not known without documents",
    )
    shown = [[passage.text for passage in request.passages] for request in model.asked]
    assert shown == [[BUILT.text], []]


@pytest.mark.parametrize(
    ("draft", "reply", "why"),
    [
        (SINGLE, reading({1: "not in the text"}), "not answered by its evidence"),
        (SINGLE, reading({1: "Ada Varn"}, memory="Ada Varn"), "known without documents"),
        (CHAIN, reading({1: "Quill", 2: "Quill"}), "one passage is enough"),
        (MISSING, reading(dict.fromkeys(range(1, 7), "Belo Trask")), "answered all the same"),
        (SINGLE, lambda request: ProviderError("timeout", "late"), "check failed:timeout"),
        (SINGLE, lambda request: "", "check failed:empty"),
    ],
)
def test_what_fails_a_check_is_a_named_loss(draft, reply, why):
    found, _ = checked(draft, reply)
    assert isinstance(found, Loss)
    assert found.why == why
    assert found.draft == draft


def test_a_question_that_tells_its_answer_is_lost_unasked():
    told = Draft("single_hop", "Did Ada Varn build it?", ("Ada Varn",), (BUILT,), ("ostrel.txt",))
    found, model = checked(told, reading({}))
    assert found.why == "answer in the question"
    assert model.asked == []


def test_a_question_over_two_passages_needs_both():
    found, _ = checked(CHAIN, reading({1: "not in the text", 2: "Quill"}))
    assert isinstance(found, Kept)
    assert "needs both passages" in found.checks


def test_an_unanswerable_question_is_tried_on_all_documents():
    found, model = checked(MISSING, reading(dict.fromkeys(range(1, 7), "not in the text")))
    assert isinstance(found, Kept)
    assert {passage.document for passage in model.asked[0].passages} == {"ostrel.txt", "quill.txt"}


def test_other_words_for_the_gold_are_judged():
    def reply(request):
        if '"same"' in request.instruction:
            assert "&lt;/gold>" not in prompt(request)
            return '{"same": true}'
        return "Mrs A. V." if request.passages else "I do not know."

    found, _ = checked(SINGLE, reply)
    assert isinstance(found, Kept)


def test_who_only_reads_checks_each_part():
    steps = (
        Step("By whom was the bridge of Ostrel built?", "Ada Varn", BUILT),
        Step("Where was Ada Varn born?", "Quill", BORN),
    )
    chain = Draft(
        CHAIN.kind, CHAIN.question, CHAIN.answers, CHAIN.evidence, CHAIN.documents, "", steps
    )
    found, model = checked(
        chain, lambda r: "Ada Varn" if "built" in r.question else "Quill", writes=False
    )
    assert isinstance(found, Kept)
    assert found.checks == ("quote exact", "answered by its evidence")
    assert [request.question for request in model.asked] == [step.question for step in steps]


def test_the_embedded_reader_can_check():
    with meter.metered():
        checker = Checker(catalog.load(Model, "reader"), DOCUMENTS, WORDS)
        assert isinstance(checker.check(SINGLE), Kept)
        wrong = Draft(
            "single_hop", "How many cranes has Quill?", ("Ada Varn",), (NINE,), ("quill.txt",)
        )
        assert checker.check(wrong).why == "not answered by its evidence"


@pytest.mark.parametrize(
    ("question", "answers", "evidence", "same"),
    [
        ("Who was it that built the bridge of Ostrel?", ("Ada Varn",), (BUILT,), True),
        ("By whom was the only bridge made?", ("Ada Varn",), (BUILT,), True),
        ("Who built the bridge of Quill?", ("Ada Varn",), (NINE,), False),
        ("How many cranes are there in Quill?", ("nine",), (NINE,), False),
    ],
)
def test_questions_that_repeat_one_are_seen(question, answers, evidence, same):
    seen = Seen()
    seen.add(SINGLE)
    new = Draft("single_hop", question, answers, evidence, (evidence[0].document,))
    assert (seen.like(new) is SINGLE) == same


class Listed:
    """Proposes what it is given."""

    def __init__(self, *drafts):
        self.drafts = list(drafts)

    def propose(self, kind, number, full):
        found = [d for d in self.drafts if d.kind == kind and not set(d.documents) & set(full)]
        chosen = found[:number]
        self.drafts = [d for d in self.drafts if d not in chosen]
        return chosen


class Agreeing(Checker):
    """Keeps everything but what it is told to lose."""

    def __init__(self, lose=()):
        self.model, self.lose = Answering(lambda request: "x"), lose

    def check(self, draft):
        if draft.question in self.lose:
            return Loss(draft.kind, "check failed:server", "down", draft)
        return Kept(draft)


def numbered(n, kind="single_hop", document="d"):
    return [
        Draft(
            kind,
            f"What is the number of house {at}{at} on street {at}?",
            (f"{at}",),
            (),
            (document,),
        )
        for at in range(n)
    ]


def made(drafts, wanted, per_document=None, lose=()):
    with meter.metered():
        return make(Listed(*drafts), Agreeing(lose), wanted, per_document)


def test_as_many_are_made_as_wanted():
    found = made(numbered(30), {"single_hop": 20})
    assert len(found.kept) == 20
    assert found.lost == []
    assert found.short == {}


def test_too_few_is_told():
    found = made(numbered(3), {"single_hop": 20, "comparison": 2})
    assert len(found.kept) == 3
    assert found.short == {
        "single_hop": "the documents give no more",
        "comparison": "the documents give no more",
    }


def test_documents_have_so_many_questions_at_most():
    drafts = numbered(5, document="a") + numbered(9, document="b")[5:]
    found = made(drafts, {"single_hop": 9}, per_document=2)
    on = [kept.draft.documents[0] for kept in found.kept]
    assert (on.count("a"), on.count("b")) == (2, 2)
    assert {loss.why for loss in found.lost} == {"document has enough"}


def test_repetitions_in_one_batch_are_lost():
    twice = [*numbered(1), Draft("single_hop", *_same_as(numbered(1)[0]))]
    found = made(twice, {"single_hop": 2})
    assert len(found.kept) == 1
    assert [loss.why for loss in found.lost] == ["repeats a question"]


def _same_as(draft):
    return f"{draft.question} ", draft.answers, (), draft.documents


def test_a_model_that_keeps_failing_is_asked_no_more():
    drafts = numbered(40)
    found = made(drafts, {"single_hop": 40}, lose={draft.question for draft in drafts[8:]})
    assert len(found.kept) == 8
    assert found.short == {"single_hop": "down"}
    assert len(found.lost) < 20


def test_shares_are_even():
    assert shares(("a", "b", "c"), 8) == {"a": 3, "b": 3, "c": 2}
