"""Runs and labels to judge, by a scripted judge behind an OpenAI-compatible API."""

import re

from crossover.experiments.answering import Silent, execute
from crossover.experiments.frame import frame, record
from crossover.experiments.grid import load_grid
from crossover.experiments.store import Store
from crossover.judging.judge import build_judge


def judge_text(endpoint, **options):
    settings = {"attempts": 1, "timeout": 5, "pause": 0.01, **options}
    given = ", ".join(f"{name}={value}" for name, value in settings.items())
    prices = "input_price=1, output_price=2"
    return f'openai:judge-9(base_url="{endpoint.url}", {prices}, {given})'


def judge_of(endpoint, mode="rubric", points=1, seed=0, **options):
    from crossover import catalog
    from crossover.roles import Model

    return build_judge(
        catalog.load(Model, judge_text(endpoint, **options)), mode, points=points, seed=seed
    )


def part(prompt, tag):
    return re.findall(rf"<{tag}[^>]*>\n(.*?)\n</{tag}>", prompt, re.S)[-1]


def shown(prompt):
    """The answers as shown: label and text, in their order."""
    return re.findall(r'<answer label="(\w)">\n(.*?)\n</answer>', prompt, re.S)


def answered(grid, folder):
    """Run a grid without its report, which takes longer than all that is tested here."""
    plan = load_grid(grid)
    jobs = list(plan.jobs())
    with Store(folder) as store:
        execute(jobs, store, plan.seed, Silent())
        answers = store.answered()
    found = frame(plan, [record(job, answers[job.key], plan.name) for job in jobs])
    found.to_parquet(folder / "results.parquet")
    return found
