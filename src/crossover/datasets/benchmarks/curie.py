"""CURIE: science out of whole papers, as long structured answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part
from crossover.errors import DataError
from crossover.files import existing_file, read_text

JSON_LIST = "Reply with a JSON list alone, an object for each"
ASKED: Mapping[str, str] = {
    "hfe": (
        "Give the most general Hartree-Fock or mean-field Hamiltonian of the paper, each equation"
        " and term written out, integrals included, and say what each term is; explain nothing"
        " else. Begin with: The general Hartree-Fock Hamiltonian is"
    ),
    "hfd": (
        "Derive the Hartree-Fock Hamiltonian of the paper's system step by step, in the version"
        " that the paper studies: continuum single-particle, continuum second-quantized or"
        " lattice; from the kinetic and the interacting part to the mean-field form. Reply with a"
        ' JSON list alone, an object with "Step", "task" and what it yields for each step.'
    ),
    "qecc_65": (
        "Describe the error-correcting code that the paper introduces as an entry of the error"
        " correction zoo: YAML with code_id, physical, logical, name, introduced, description,"
        " protection, features, realizations, relations, as far as the paper tells them, with all"
        " thresholds and rates. Be concise."
    ),
    "pdb": (
        "Reconstruct the protein's amino acid sequence from its structure, all of it, X for an"
        " unknown one. Reply in FASTA alone: a line that begins with >, then the sequence in one"
        " line."
    ),
    "geo": (
        "List all datasets that the paper uses. Reply with JSON alone: an object with paper_title,"
        " paper_link, datasets (each with dataset_name, dataset_website_or_source, variables with"
        " variable_name, description, time_range of start_date and end_date, spatial_range) and"
        " notes."
    ),
    "dft": (
        "Write Python code with ase, a function for each step, that reproduces all DFT"
        " calculations of the paper: every structure, every calculation with its parameters, and"
        " every result."
    ),
    "mpve": (
        "Find every number or range of numbers that the paper gives for a property of a material."
        f" {JSON_LIST}: material, material_descriptor, property_name, property_descriptor,"
        " low_value, high_value, value_units, and the passage or table that each of them is from"
        " (material_source_passage, property_source_passage, value_source_passage …)."
    ),
}
# what says which paper it is, no part of the gold
NAMES = ("record_id", "arxiv_id", "paper_id")
# under another name among the difficulties
CALLED = {"qecc_65": ("qecc_65", "qecc_85")}


class Curie(Benchmark):
    """CURIE (Cui et al. 2025): Hamiltonians, codes, structures and values out of papers.

    Of several prompts to one paper (dft, mpve) one is asked, and the maps of biogr, which are
    images, are left out. It also takes BERTScore and has Gemini match the entries of dft and mpve.
    """

    name = "curie"
    about = About(
        source="github.com/google/curie",
        licence="Apache-2.0 (code; none stated for the data)",
        size="292 papers in 7 domains, 15k words on average",
        verified="google/curie@f3afe026fd7b data/README.md, colabs/, prompts/; no data file seen",
        tasks=tuple(ASKED),
        paper="arXiv 2503.13517",
    )
    scores = ("curie",)
    aggregates = ("task",)
    files = (
        "data/{task}/inputs/{record}.json",
        "data/data/{task}/inputs/{record}.json",
        "{task}/inputs/{record}.json",
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """What is asked of a paper; the gold stands in the folder ``ground_truth`` beside it."""
        if part.path is None:
            raise DataError(f"{part.source}: is not on the hub; see {self.about.source}")
        task = part.path.parents[1].name
        if task not in ASKED:
            raise DataError(f"the folder {task} is none of {', '.join(ASKED)}")
        name = row.text("record_id")
        yield {
            "question": ASKED[task],
            "answers": [_gold(part.path, task)],
            "context": row.text("text"),
            "form": "summary",
            "group": f"{task}-{name}",
            "tags": {"task": task, "difficulty": _difficulty(part.path, task, name)},
        }


def _gold(path: Path, task: str) -> str:
    """The gold as JSON without the paper's names; as it stands where it is no strict JSON."""
    place = path.parents[1] / "ground_truth" / path.name
    text = read_text(existing_file(place))
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        if task == "pdb":
            raise DataError(f"{place}: not valid JSON") from None
        return text
    if task == "pdb":
        try:
            return Fields(read).text("sequence")
        except DataError as error:
            raise DataError(f"{place}: {error}") from None
    if isinstance(read, dict):
        read = {name: value for name, value in read.items() if name not in NAMES}
    return json.dumps(read, ensure_ascii=False)


def _difficulty(path: Path, task: str, name: str) -> str | None:
    place = path.parents[2] / "difficulty_levels.json"
    if not place.is_file():
        return None
    try:
        known = Fields(json.loads(read_text(place)))
        for called in CALLED.get(task, (task,)):
            levels = known.inside(called) if called in known else Fields({})
            if name in levels:
                return levels.text(name).lower()
    except (ValueError, RecursionError, DataError) as error:
        raise DataError(f"{place}: {error}") from None
    return None
