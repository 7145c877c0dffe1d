"""Released predictions score what the benchmarks' own scorers gave them."""

import json

import pytest

from crossover.scoring import score_file

LEVAL = {
    "exact_match": "leval_exam",
    "f1": "leval_f1",
    "rouge/rouge1": "leval_rouge(kind=rouge1)",
    "rouge/rouge2": "leval_rouge(kind=rouge2)",
    "rouge/rougeL": "leval_rouge",
    "rouge/rougeLsum": "leval_rouge(kind=rougeLsum)",
    "rouge/geometric_mean": "geometric mean",
}


def published(folder):
    return json.loads((folder / "expected_scores.json").read_text())


def test_minilongbench_by_longbench_rules_sample_by_sample(benchmark_data):
    folder = benchmark_data / "minilongbench"
    expected = published(folder)
    assert len(expected) >= 13
    for task, theirs in expected.items():
        found = score_file(folder / f"{task}.json")
        assert (found.format, found.task, found.n) == ("minilongbench", task, theirs["n"])
        (ours,) = found.scores
        assert ours.metric == "longbench_" + _our_name(theirs["metric"])
        assert ours.shown_values == theirs["per_sample"], task
        assert ours.shown == theirs["score"], task


def _our_name(theirs):
    name = theirs.removesuffix("_score")
    return {"rouge_zh": "rouge_zh", "qa_f1_zh": "qa_f1_zh"}.get(name, name)


def test_minilongbench_as_longbench_writes_its_predictions(benchmark_data, tmp_path):
    folder = benchmark_data / "minilongbench"
    for task in ("trec", "triviaqa", "multifieldqa_zh", "lcc"):
        rows = json.loads((folder / f"{task}.json").read_text()).values()
        path = tmp_path / f"{task}.jsonl"
        path.write_text("\n".join(json.dumps(_as_longbench(row)) for row in rows))
        found = score_file(path)
        assert (found.format, found.task) == ("longbench", task)
        assert found.scores[0].shown == published(folder)[task]["score"]


def _as_longbench(row):
    gold = row["gold"]
    classified = isinstance(gold, dict)
    return {
        "pred": row["prediction"],
        "answers": gold["answers"] if classified else gold,
        "all_classes": gold["all_classes"] if classified else None,
        "length": 4000,
    }


def test_leval(benchmark_data):
    folder = benchmark_data / "leval"
    for run, tasks in published(folder).items():
        for task, theirs in tasks.items():
            found = score_file(folder / "Predictions" / run / f"{task}.pred.jsonl")
            assert (found.format, found.task) == ("leval", task)
            assert found.n == theirs.get("num_predicted", found.n)
            ours = {one.metric: one.shown for one in found.scores}
            expected = {LEVAL[key]: value for key, value in theirs.items() if key in LEVAL}
            assert ours == pytest.approx(expected, abs=0.0001), (run, task)


def test_infinitebench(benchmark_data):
    folder = benchmark_data / "infinitebench"
    for model, tasks in published(folder).items():
        for task, theirs in tasks.items():
            found = score_file(folder / model / f"preds_{task}.jsonl")
            assert (found.format, found.task, found.n) == ("infinitebench", task, theirs["n"])
            assert found.scores[0].shown == theirs["score"], task


def test_lara_is_scored_with_intervals_over_its_documents(benchmark_data):
    path = benchmark_data / "lara" / "prediction" / "gpt-4o" / "rag_32k_paper_comp.jsonl"
    found = score_file(path)
    assert (found.format, found.task) == ("lara", "comp")
    assert found.scores[0].metric == "answer_recall"
    assert len(set(found.groups)) > 1
    hallu = score_file(path.with_name("full_128k_book_hallu.jsonl"), metrics=["abstention"])
    assert hallu.scores[0].n == hallu.n
