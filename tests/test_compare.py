"""Two runs against each other: what is established, what is noise, and what nobody can say."""

import json
import math
import re
from itertools import count

import numpy as np
import pytest
from frames import frame, row
from typer.testing import CliRunner

import crossover
from crossover.cli import app, main
from crossover.errors import ConfigError, CrossoverError, DataError, UnknownName
from crossover.experiments.comparing import showing
from crossover.experiments.comparing.changes import mean_change, quantile_change
from crossover.experiments.comparing.conditions import condition, mapping
from crossover.experiments.comparing.runs import compare_runs
from crossover.experiments.report import RESULTS

numbers = count()


@pytest.fixture
def saved(tmp_path):
    """Keeps a frame as a run's directory."""

    def keep(table):
        folder = tmp_path / f"run{next(numbers)}"
        folder.mkdir()
        table.to_parquet(folder / RESULTS)
        return folder

    return keep


def results(scores, documents=20, **columns):
    """A run of one strategy; questions go round the documents."""
    rows = [
        row(
            score=float(score),
            group=f"document {at % documents}",
            example=f"q{at}",
            answer=f"answer {at} {score}",
            **{name: values[at] if np.ndim(values) else values for name, values in columns.items()},
        )
        for at, score in enumerate(scores)
    ]
    return frame(rows)


def scores(seed, size=80, mean=0.6):
    return np.random.default_rng(seed).beta(4 * mean, 4 * (1 - mean), size)


def lower(values, by):
    return np.clip(values - by, 0, 1)


def statuses(found):
    return [verdict.status for verdict in found.verdicts]


# what a condition says


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answer_recall < -0.02", ("answer_recall", False, -0.02, False, "")),
        ("cost>+10%", ("cost", True, 0.1, True, "")),
        ("recall@5 < 0", ("recall@5", False, 0.0, False, "")),
        ("rouge(n=2) > .5", ("rouge(n=2)", True, 0.5, False, "")),
        ("seconds_p95 > 20 % for rag(k=5)", ("seconds_p95", True, 0.2, True, "rag(k=5)")),
        ("failures < +0.1", ("failures", False, 0.1, False, "")),
    ],
)
def test_a_condition_is_read(text, said):
    one = condition(text)
    assert (one.measure, one.above, one.limit, one.relative, one.scope) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "score",
        "score <",
        "score = 1",
        "score < -0.1 -0.2",
        "< 3",
        "score < x",
        "score < -1%%",
        "score < -0.1 for",
        "__import__('os') < 1 + 1",
    ],
)
def test_a_wrong_condition_is_one_clear_line(text):
    with pytest.raises(ConfigError, match=r"^cannot read the condition .* at .*; write [^\n]*$"):
        condition(text)


def test_a_level_in_place_of_a_change_is_found():
    with pytest.raises(ConfigError, match=re.escape("a drop is score < -0.8")):
        condition("score < 0.8")


def test_names_are_paired_at_the_equals_sign_outside_brackets():
    assert mapping("rag(k=5) = rag(k=10)") == ("rag(k=5)", "rag(k=10)")
    assert mapping('a(x="b=c")=openai:gpt-4.1') == ('a(x="b=c")', "openai:gpt-4.1")
    for wrong in ("rag", "rag=", "=rag", "a=b=c", "rag(k=5=rag"):
        with pytest.raises(ConfigError, match="write OLD=NEW"):
            mapping(wrong)


# what is established


def test_a_drop_that_was_planted_fails_and_noise_does_not(saved):
    before, noise = scores(1), np.random.default_rng(2).normal(0, 0.1, 80)
    base = saved(results(before))
    worse = saved(results(lower(before, 0.2)))
    alike = saved(results(np.clip(before + noise, 0, 1)))
    assert statuses(compare_runs(base, worse, fail_if=["score < -0.02"])) == ["fails"]
    assert statuses(compare_runs(base, alike, fail_if=["score < -0.02"])) != ["fails"]
    assert statuses(compare_runs(base, worse, fail_if=["answer_recall < -0.5"])) == ["fine"]


def test_what_has_to_be_shown_fails_where_it_is_not(saved):
    before = scores(3)
    noise = np.random.default_rng(4).normal(0, 0.02, 80)
    base = saved(results(before))
    alike = saved(results(np.clip(before + noise, 0, 1)))
    few = saved(results(np.clip(before + 10 * noise, 0, 1)))
    assert statuses(compare_runs(base, alike, unless_shown=["score > -0.05"])) == ["fine"]
    found = compare_runs(base, few, unless_shown=["score > -0.05"], fail_if=["score < -0.05"])
    assert statuses(found) == ["not settled", "fails"]
    assert found.failed
    assert "finds changes from" in showing.as_markdown(found)


def test_all_documents_changing_alike_is_established(saved):
    base, worse = saved(results([1.0] * 40)), saved(results([0.0] * 40))
    found = compare_runs(base, worse, fail_if=["score < -0.5"])
    change = found.verdicts[0].row.change
    assert statuses(found) == ["fails"]
    assert change.change == change.low == -1
    # 20 documents without an exception leave room for one in six
    assert change.high == pytest.approx(-1 + 2 * (1 - 0.025 ** (1 / 20)))


def test_the_bound_of_a_constant_change_fits_its_test():
    same = np.full(30, 0.5)
    found = mean_change(same, same, [f"d{n}" for n in range(30)], share=True)
    assert (found.change, found.low) == (0, -found.high)
    assert found.beyond(found.low, above=True) == pytest.approx(0.025)
    assert found.beyond(found.high, above=False) == pytest.approx(0.025)
    assert found.beyond(0, above=True) == found.beyond(0, above=False) == 1


def test_the_interval_and_the_test_of_a_limit_agree():
    before, after = scores(5), scores(6)
    groups = [f"d{n % 20}" for n in range(80)]
    for relative in (False, True):
        found = mean_change(before, after, groups, share=not relative, relative=relative)
        assert found.beyond(found.low, above=True) == pytest.approx(0.025)
        assert found.beyond(found.high, above=False) == pytest.approx(0.025)


def test_a_relative_change_is_one_of_means_not_a_mean_of_ratios():
    before, after = np.array([1.0, 99.0, 1.0, 99.0]), np.array([2.0, 98.0, 2.0, 99.0])
    found = mean_change(before, after, list("abcd"), share=False, relative=True)
    assert found.change == pytest.approx(1 / 200)
    assert found.low < found.change < found.high


def test_costs_that_rise_alike_are_taken_at_their_word(saved):
    base = saved(results(scores(7), dollars=0.001))
    dearer = saved(results(scores(7), dollars=0.0012))
    found = compare_runs(base, dearer, fail_if=["cost > +10%", "cost > +25%"])
    assert statuses(found) == ["fails", "fine"]
    free = saved(results(scores(7), dollars=0.0))
    assert statuses(compare_runs(free, base, fail_if=["cost > +10%"])) == ["fails"]
    assert statuses(compare_runs(free, free, fail_if=["cost > +10%"])) == ["fine"]


def test_a_slower_run_fails_by_its_quantile(saved):
    seconds = np.random.default_rng(8).lognormal(0, 0.3, 200)
    base = saved(results(scores(9, 200), 40, seconds=seconds))
    slower = saved(results(scores(9, 200), 40, seconds=2 * seconds))
    found = compare_runs(base, slower, fail_if=["seconds_p95 > +20%", "seconds > +50%"])
    assert statuses(found) == ["fails", "fails"]
    assert found.verdicts[0].row.change.change == pytest.approx(1)
    assert statuses(compare_runs(base, base, fail_if=["seconds_p95 > +20%"])) == ["fine"]


def test_failures_count(saved):
    broken = ["failed:timeout" if n % 2 else "answered" for n in range(80)]
    base = saved(results(scores(10)))
    found = compare_runs(base, saved(results(scores(10), outcome=broken)), fail_if=["failures > 0"])
    assert statuses(found) == ["fails"]
    assert found.verdicts[0].row.change.change == 0.5


def test_the_same_answers_show_that_nothing_changed(saved):
    base = saved(results([1.0, 0.0] * 10))
    again = saved(results([1.0, 0.0] * 10))
    found = compare_runs(base, again, unless_shown=["score > -0.001"])
    assert statuses(found) == ["fine"]
    assert found.verdicts[0].why == "the same answers in both"
    strict = compare_runs(base, again, unless_shown=["score > +0.1"])
    assert statuses(strict) == ["fails"]


def false_alarms(draw, documents=20, rounds=200):
    """How often a change is called established where there is none, of either sign."""
    generator = np.random.default_rng(11)
    sizes = generator.integers(1, 8, documents)
    groups = np.repeat(np.arange(documents), sizes).astype(str).tolist()
    found = 0
    for _ in range(rounds):
        found += draw(generator, sizes, groups)
    return found / rounds


def test_false_alarms_of_a_mean_are_rare():
    def draw(generator, sizes, groups):
        level = np.repeat(generator.normal(0, 0.7, len(sizes)), sizes)
        runs = [level + np.repeat(generator.normal(0, 2, len(sizes)), sizes) for _ in "ab"]
        right = [(generator.logistic(size=len(run)) < run).astype(float) for run in runs]
        change = mean_change(*right, groups, share=True)
        return change.beyond(0, above=False) <= 0.025 or change.beyond(0, above=True) <= 0.025

    assert false_alarms(draw) <= 0.06


def test_false_alarms_of_a_quantile_are_rare(monkeypatch):
    monkeypatch.setattr("crossover.experiments.comparing.changes.DRAWS", 120)

    def draw(generator, sizes, groups):
        level = np.repeat(generator.normal(0, 0.4, len(sizes)), sizes)
        runs = [np.exp(level + generator.normal(0, 0.3, len(level))) for _ in "ab"]
        change = quantile_change(*runs, groups, 0.95, relative=True)
        return change.beyond(0, above=True) <= 0.025

    assert false_alarms(draw) <= 0.06


def test_several_conditions_share_one_rate_of_false_alarms(saved):
    noise = np.random.default_rng(13).normal(0, 0.1, 80)
    before, drop = np.full(80, 0.5), noise - noise.mean() + 1.8 * 0.1 / math.sqrt(80)
    base, after = saved(results(before)), saved(results(before - drop))
    alone = compare_runs(base, after, fail_if=["score < 0"])
    assert statuses(alone) == ["fails"]
    p = alone.verdicts[0].p
    assert 0.0125 < p <= 0.025, "the data are to lie between one and two conditions"
    two = compare_runs(base, after, fail_if=["score < 0", "score < -0.03"])
    assert two.verdicts[0].p_holm == pytest.approx(2 * p)
    assert statuses(two) == ["not settled", "not settled"]


# what stands against what


def test_only_common_questions_count_and_the_rest_is_said(saved):
    first, second = results(scores(14, 60)), results(scores(14, 80))
    found = compare_runs(saved(first), saved(second), fail_if=["score < 0"])
    assert found.verdicts[0].row.change.n == 60
    assert "papers: 20 questions are only in B and left out" in found.notes


def test_what_is_called_otherwise_is_mapped(saved):
    values = scores(15)
    base = saved(results(values, strategy="rag(k=5)", model="openai:old"))
    other = saved(results(lower(values, 0.3), strategy="rag(k=10)", model="openai:new"))
    with pytest.raises(DataError, match=re.escape('--map "openai:old=openai:new"')):
        compare_runs(base, other)
    maps = ["rag(k=5)=rag(k=10)", "openai:old=openai:new"]
    found = compare_runs(base, other, maps=maps, fail_if=["score < -0.1 for rag(k=10)"])
    assert statuses(found) == ["fails"]
    assert found.rows[0].names == ("papers", "openai:old → openai:new", "rag(k=5) → rag(k=10)")
    with pytest.raises(UnknownName, match="did you mean"):
        compare_runs(base, other, maps=["rag(k=6)=rag(k=10)"])
    with pytest.raises(ConfigError, match="mapped to one"):
        compare_runs(base, other, maps=["rag(k=5)=rag(k=10)", "openai:old=rag(k=10)"])


def test_what_only_one_run_has_is_said(saved):
    import pandas as pd

    both = frame(
        pd.concat([results(scores(16)), results(scores(16), strategy="graph")]).to_dict("records")
    )
    notes = compare_runs(saved(both), saved(results(scores(16)))).notes
    assert "only in A: graph with reader on papers" in notes


def test_differences_other_than_answers_are_said(saved):
    values = scores(17, 24)
    base = results(values, 8, dollars=0.001)
    other = results(values, 8, dollars=0.002)
    other["answer"] = base["answer"]
    other["answer_recall"] = values / 2
    other.attrs["config"] = "strategies: [rag]\nseed: 2\n"
    other.attrs["metrics"] = {"papers": ["answer_recall"]}
    other["seconds"] = math.nan
    notes = "\n".join(compare_runs(saved(base), saved(other)).notes)
    assert "seed differs: 1 in A, 2 in B" in notes
    assert "8 documents only; intervals are rough below 10" in notes
    assert "24 equal answers have another answer_recall" in notes
    assert "24 answers of equal tokens cost otherwise: prices differ" in notes
    assert "only A is scored by abstention" in notes
    assert "latency was measured on 0 of 24 questions" in notes


def test_what_was_not_measured_cannot_be_judged(saved):
    base = saved(results(scores(18), seconds=math.nan))
    with pytest.raises(DataError, match="seconds_p95 is known for no question"):
        compare_runs(base, base, fail_if=["seconds_p95 > +20%"])
    partly = scores(18)
    unknown = saved(results(partly, dollars=[math.nan, *[0.001] * 79]))
    with pytest.raises(DataError, match="cost"):
        compare_runs(base, unknown, fail_if=["cost > +10%"])
    with pytest.raises(ConfigError, match="did you mean answer_recall"):
        compare_runs(base, base, fail_if=["answer_recal < 0"])
    with pytest.raises(UnknownName):
        compare_runs(base, base, fail_if=["score < 0 for nobody"])


def test_one_document_settles_nothing(saved):
    base, worse = saved(results([1.0] * 5, 1)), saved(results([0.0] * 5, 1))
    found = compare_runs(base, worse, fail_if=["score < 0"], unless_shown=["score > -0.5"])
    assert statuses(found) == ["not settled", "fails"]


def test_changed_documents_are_noticed(tmp_path):
    def asked(context):
        lines = [{"id": "q", "question": "Who?", "answers": ["Ada"], "context": context}]
        path = tmp_path / "questions.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        out = tmp_path / f"run{next(numbers)}"
        grid = {"datasets": [f"jsonl({path})"], "models": ["fake"], "strategies": ["rag"]}
        crossover.run(grid, out)
        return out

    first, same, other = asked("Ada did."), asked("Ada did."), asked("Bob did.")
    assert not [note for note in compare_runs(first, same).notes if "not asked the same" in note]
    notes = compare_runs(first, other).notes
    assert any(note.startswith("rag with fake on jsonl: 1 of 1 questions were") for note in notes)


# the command


def invoke(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_exit_codes_say_fine_failed_and_wrong(saved, capsys, monkeypatch):
    values = scores(19)
    base, worse = saved(results(values)), saved(results(lower(values, 0.3)))
    assert invoke(base, base, "--fail-if", "score < 0").exit_code == 0
    assert invoke(base, worse, "--fail-if", "score < 0").exit_code == 1
    assert isinstance(invoke(base, worse, "--fail-if", "score").exception, CrossoverError)
    monkeypatch.setattr("sys.argv", ["crossover", "compare", str(base), "nowhere"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("error: no results.parquet in nowhere")


def test_the_comparison_is_printed_as_text_markdown_and_json(saved):
    values = scores(20)
    base, worse = saved(results(values)), saved(results(lower(values, 0.3)))
    asked = (base, worse, "--fail-if", "score < -0.1")
    text = invoke(*asked).stdout
    assert "1 FAILS" in text
    assert "model: reader" in text
    found = json.loads(invoke(*asked, "--json").stdout)
    assert found["failed"] is True
    assert found["conditions"][0]["status"] == "fails"
    assert found["conditions"][0]["clusters"] == 20
    assert {one["measure"] for one in found["changes"]} >= {"answer_recall", "cost", "failures"}
    lines = invoke(*asked, "--markdown").stdout.splitlines()
    assert lines[0].startswith("**A: ")
    assert [line for line in lines if line.startswith("| rag ") and "FAILS" in line]
    assert isinstance(invoke(*asked, "--json", "--markdown").exception, ConfigError)
