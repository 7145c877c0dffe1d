"""Published protocols as grids: what they name exists, and only their data is missing."""

import re
from pathlib import Path

import pytest
import yaml

from crossover import catalog
from crossover.errors import DataError
from crossover.experiments.grid import load_grid
from crossover.experiments.plan import plan
from crossover.roles import Dataset, Model, Strategy

ROOT = Path(__file__).parents[1]
PROTOCOLS = sorted((ROOT / "experiments" / "protocols").glob("*.yaml"))
NAMES = [path.stem for path in PROTOCOLS]
DOCS = (ROOT / "docs" / "protocols.md").read_text()


def read(name):
    path = next(path for path in PROTOCOLS if path.stem == name)
    return path.read_text(), yaml.safe_load(path.read_text())


def test_they_are_there():
    assert set(NAMES) == {
        *(
            "lara",
            "lc_vs_rag",
            "self_route",
            "longllmlingua",
            "chain_of_agents",
            "lost_in_the_middle",
        ),
        "haystackcraft",
    }
    targets = re.search(r"^PROTOCOLS := (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert set(targets[1].split()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_names_components_that_exist(name):
    _, grid = read(name)
    strategies = [one for text in grid["strategies"] for one in catalog.expand(Strategy, text)]
    assert len({catalog.spec(one) for one in strategies}) == len(strategies) > 1
    for text in grid["models"]:
        assert catalog.expand(Model, text)


@pytest.mark.parametrize("name", NAMES)
def test_its_data_alone_is_missing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, grid = read(name)
    for text in grid["datasets"]:
        dataset = catalog.load(Dataset, text)
        assert dataset.path.startswith("data/")
        with pytest.raises(DataError, match=rf"^{re.escape(dataset.path)}: there is no such"):
            list(dataset.examples())
    with pytest.raises(DataError, match=r"^data/"):
        load_grid(next(path for path in PROTOCOLS if path.stem == name))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_and_the_page_tells_it(name):
    text, grid = read(name)
    head = text[: text.index("datasets:")]
    assert all(line.startswith("#") for line in head.splitlines())
    for part in ("arXiv|ICML", "# Reproduces:", "# Differs:", "# Data:", "# To compare with"):
        assert re.search(part, head), part
    for dataset in grid["datasets"]:
        path = catalog.load(Dataset, dataset).path
        assert "/".join(path.split("/")[:2]) in head
    assert f"make protocol NAME={name}" in DOCS


@pytest.mark.parametrize(
    ("name", "at", "there", "dataset"),
    [
        ("lara", "data/LaRA", "lara", 0),
        (
            "lost_in_the_middle",
            "data/lost-in-the-middle/qa_data/nq-open-oracle.jsonl.gz",
            "nq/nq-open-oracle.train.jsonl",
            0,
        ),
        ("lost_in_the_middle", "data/lost-in-the-middle/kv_retrieval_data", "nq", 4),
    ],
)
def test_it_plans_on_real_data(name, at, there, dataset, benchmark_data):
    _, grid = read(name)
    text = grid["datasets"][dataset].replace(at, str(benchmark_data / there))
    assert str(benchmark_data) in text
    planned = plan(load_grid({**grid, "datasets": [text]}, limit=2))
    strategies = [one for given in grid["strategies"] for one in catalog.expand(Strategy, given)]
    assert len(planned) == len(strategies)
    assert (planned["questions"] == 2).all()
    assert (planned["would_fail"] == 0).all()
    assert (planned["calls"] > 0).all()
