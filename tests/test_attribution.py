"""Attribution by search: which passage an answer rests on, at how many calls, within a budget."""

from collections import Counter

import pytest
from attributed_answers import ASKED, BRIDGE, GROUNDED, among, passage

from crossover import catalog, meter
from crossover.errors import ConfigError, LimitReached, UnknownName
from crossover.faithfulness import Search, attribute, attributed, segments
from crossover.faithfulness._search import Scores, ensemble, search
from crossover.faithfulness._values import Values, similarity
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.roles import Model
from crossover.types import Answer, Passage, Question


class Sum:
    """A worth that adds up: every way of scoring must find each passage's own part."""

    def __init__(self, parts):
        self.parts, self.asked = parts, []

    def of(self, subsets):
        self.asked += subsets
        return [float(sum(self.parts[n] for n in subset)) for subset in subsets]


def last(rounds):
    return list(rounds)[-1]


@pytest.mark.parametrize("way", ["stc", "loo", "shapley"])
def test_every_score_finds_the_parts_of_a_sum(way):
    parts = [0.0] * 40
    parts[7], parts[31] = 3.0, 2.0
    scores = Scores(Values(Sum(parts)), 5, 0.2, 0)
    found = last(search(40, 5, getattr(scores, way)))
    assert {n: value for n, value in found.items() if value} == pytest.approx({7: 3.0, 31: 2.0})


def test_two_passages_that_say_the_same_need_more_than_leaving_one_out():
    class Either:
        def of(self, subsets):
            return [float(bool({3, 9} & {*subset})) for subset in subsets]

    scores = Scores(Values(Either()), 20, 0.2, 0)
    loo = last(search(12, 6, scores.loo))
    shapley = last(search(12, 6, scores.shapley))
    assert loo[3] == loo[9] == 0
    assert shapley[3] == shapley[9] == 1
    assert last(search(12, 6, scores.stc))[3] == 1


def test_two_passages_that_are_needed_together_need_more_than_each_alone():
    class Both:
        def of(self, subsets):
            return [float({3, 9} <= {*subset}) for subset in subsets]

    scores = Scores(Values(Both()), 20, 0.2, 0)
    assert last(search(12, 6, scores.stc))[3] == 0
    assert last(search(12, 6, scores.loo))[3] == 1
    assert last(search(12, 6, scores.shapley))[9] == 1


def test_denoised_shapley_is_the_mean_of_the_largest_gains():
    class Noisy:
        """Passage 0 gains 1 where it comes first, else nothing."""

        def of(self, subsets):
            return [float(subset == (0,)) for subset in subsets]

    groups = [(0,), (1,), (2,)]
    few = Scores(Values(Noisy()), 60, 0.2, 0).shapley(groups)
    all_of_them = Scores(Values(Noisy()), 60, 1.0, 0).shapley(groups)
    assert few[0] == 1
    assert 0.15 < all_of_them[0] < 0.55


def test_searching_takes_fewer_values_than_trying_every_passage_from_many_passages_on():
    parts = [0.0] * 400
    parts[123] = 1.0
    worth = Sum(parts)
    found = last(search(400, 5, Scores(Values(worth), 5, 0.2, 0).loo))
    assert max(found, key=found.get) == 123
    # 2k groups in each of about log2(n / 2k) rounds, against n
    assert len(worth.asked) < 100


def test_a_set_of_passages_is_asked_for_once_and_order_does_not_matter():
    worth = Sum([1.0, 2.0])
    values = Values(worth)
    assert values.of([(1, 0), (0, 1), (1,)]) == [3.0, 3.0, 2.0]
    assert worth.asked == [(0, 1), (1,)]
    with pytest.raises(LimitReached):
        Values(worth, 1).of([(0,), (1,)])


def test_the_ensemble_takes_the_best_scaled_score():
    found = ensemble([(1.0, {0: 0.5, 1: 0.9, 3: 0.8}), (2.0, {0: 0.3, 2: 0.1, 3: 0.1})])
    assert found == pytest.approx({0: 0.6, 1: 0.9, 2: 0.2, 3: 0.8})


def test_a_model_that_is_asked_anew_shows_which_passage_it_answers_from():
    passages = among(30, BRIDGE, 17)
    answer = ask(Question("q", ASKED), GROUNDED, passages, FROM_PASSAGES, 50)
    found = attributed(answer, ASKED, GROUNDED, Search(permutations=3))
    assert found.attributions[0].passage.document == "gold"
    assert found.outcome == "attributed"
    assert found.attributions[0].score == pytest.approx(2.0)
    assert {one.score for one in found.attributions[1:]} == {0.0}
    # on such a model every value is a call, and all of them are billed
    assert found.usage.calls == found.tried > 30
    assert found.considered == 31
    assert found.usage.input_tokens > 0


def test_the_bill_goes_to_the_open_meter_too():
    answer = Answer("Ada Varn", among(3, BRIDGE, 1))
    with meter.metered() as bill:
        found = attributed(answer, ASKED, GROUNDED, Search(scores=("loo",)))
    assert bill.usage == found.usage
    assert found.seconds > 0


def test_a_budget_stops_with_what_was_found_by_then():
    answer = Answer("Ada Varn", among(40, BRIDGE, 17))
    whole = attributed(answer, ASKED, GROUNDED, Search(permutations=2))
    some = attributed(answer, ASKED, GROUNDED, Search(permutations=2), max_calls=whole.tried - 1)
    assert some.outcome == "stopped:calls"
    assert some.usage.calls < whole.tried
    assert some.attributions[0].passage.document == "gold"
    # not even one search: the groups of the first round stand for their passages
    few = attributed(answer, ASKED, GROUNDED, max_calls=11)
    assert few.outcome == "stopped:calls"
    assert "gold" in [one.passage.document for one in few.attributions]
    none = attributed(answer, ASKED, GROUNDED, max_calls=2)
    assert (none.attributions, none.outcome, none.usage.calls) == ((), "stopped:calls", 0)


def test_a_failing_model_is_an_outcome_with_its_bill():
    failing = catalog.load(Model, "fake(fails=refused)")
    found = attributed(Answer("Ada Varn", among(3, BRIDGE, 1)), ASKED, failing)
    assert (found.attributions, found.outcome) == ((), "refused")
    assert found.usage.calls > 0


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer("", outcome="declined"), "declined"),
        (Answer("I do not know.", (passage(BRIDGE),)), "declined"),
        (Answer("", outcome="failed:timeout"), "failed:timeout"),
        (Answer("Ada Varn", passages_known=False), "unknown"),
        (Answer("Ada Varn"), "attributed"),
    ],
)
def test_where_nothing_can_be_attributed_nothing_is_asked(answer, outcome):
    found = attributed(answer, ASKED, "fake(fails=server)")
    assert (found.attributions, found.outcome, found.usage.calls) == ((), outcome, 0)


def test_passages_can_be_given_where_nobody_says_what_was_shown():
    answer = Answer("Ada Varn", passages_known=False)
    (top, *_) = attribute(answer, ASKED, GROUNDED, passages=among(3, BRIDGE, 2))
    assert top.passage.document == "gold"


def test_a_dry_run_costs_nothing():
    with meter.metered(planning=True) as bill:
        found = attributed(Answer("Ada Varn", among(3, BRIDGE, 1)), ASKED, GROUNDED)
    assert (found.outcome, bill.usage.calls) == ("planned", 0)


def test_wrong_inputs_are_told_in_one_line():
    answer = Answer("Ada Varn", among(3, BRIDGE, 1))
    with pytest.raises(UnknownName, match="did you mean search"):
        attribute(answer, ASKED, GROUNDED, "serch")
    with pytest.raises(ConfigError, match="k must be a whole number from 1"):
        attribute(answer, ASKED, GROUNDED, k=0)
    for wrong in (Search(permutations=0), Search(scores=()), Search(scores=("best",))):
        with pytest.raises(ConfigError, match=r"search: (permutations|scores)=.* does not fit"):
            attribute(answer, ASKED, GROUNDED, wrong)
    with pytest.raises(ConfigError, match="max_calls must be"):
        attribute(answer, ASKED, GROUNDED, max_calls=0)
    with pytest.raises(ConfigError, match="huggingface:NAME models alone, not from fake"):
        attribute(answer, ASKED, GROUNDED, "attention")


def test_long_passages_are_cut_between_sentences_with_their_places():
    text = " ".join(f"Sentence number {n} says little." for n in range(60))
    whole = Passage("d", 100, 100 + len(text), text, 0.5)
    cut = segments([whole], 50)
    assert [len(one.text.split()) for one in cut] == [50] * 6
    assert all(text[one.start - 100 : one.end - 100] == one.text for one in cut)
    assert segments([whole], 300) == (whole,)
    assert Counter(word for one in cut for word in one.text.split()) == Counter(text.split())


def test_similarity_of_answers():
    assert similarity("Ada Varn", "ada varn.") == 1
    assert similarity("Ada Varn", "It was Ada") == pytest.approx(2 / 5)
    assert similarity("", "Ada") == 0


# --- the packaged reader


# --- a local model


# --- the command
