"""The house as the design draws it: imports point one way, importing is free."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOMES = {"pipelines", "retrievers", "compressors", "experiments", "app"}
# a module imports only from its own level and those before it
ORDER = [
    {"errors", "readable"},
    {"blob_errors"},
    {"blobs", "documents"},
    {"types", "watching", "branches", "normalise", "keeping"},
    {"decisions"},
    {"roles", "meter", "notation", "options", "tokens", "precision", "sentences", "abstention"}
    | {"choices"},
    {"registry"},
    {"catalog", "prices", "files", "replies", "sqlite", "wrapped"},
    {"models", "retrievers", "compressors"},
    {"outside"},
    {"router"},
    {"pipelines", "limits", "measure", "tracing"},
    {"profiles"},
    {"datasets", "metrics"},
    {"judging", "faithfulness", "scoring"},
    {"experiments", "asking", "compressing", "ecosystem", "faces", "listing"},
    {"app"},
    {"commands"},
    {"cli"},
    {"__main__"},
]


def _files():
    for folder in ("src/crossover", *sorted(HOMES)):
        yield from sorted((ROOT / folder).rglob("*.py"))


def _level(module: str) -> int:
    place = module.split(".")[1] if "." in module else ""
    return next((at for at, names in enumerate(ORDER) if place in names), -1)


def _module(path: Path) -> str:
    relative = path.relative_to(ROOT)
    parts = relative.parts[1:] if relative.parts[0] == "src" else ("crossover", *relative.parts)
    return ".".join(parts).removesuffix(".py").removesuffix(".__init__")


def _imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == "crossover" else [node.module]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", list(_files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    own = _module(path)
    if own == "crossover":
        pytest.skip("the public face names everything, lazily")
    level = _level(own)
    assert level >= 0, f"{own} has no place in the order"
    for imported in _imports(path):
        if imported.startswith("crossover."):
            assert _level(imported) <= level, f"{own} imports {imported}, which comes after it"


@pytest.mark.parametrize("path", list(_files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_read(path):
    assert len(path.read_text().splitlines()) <= 320


def test_every_package_is_shipped():
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {_module(path) for path in _files() if path.name == "__init__.py"}
    # files of prompts, no code
    assert set(listed) == found | {"crossover.pipelines.prompts"}


def _loaded(code: str) -> set[str]:
    probe = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_crossover_loads_the_standard_library_only():
    assert _loaded("import crossover") - set(sys.stdlib_module_names) == {"crossover"}


HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "llama_index",
    "langchain",
    "langchain_core",
    "pandas",
    "numpy",
    "streamlit",
    "datasets",
    "matplotlib",
}


def test_every_component_imports_nothing_heavy():
    code = (
        "from crossover import catalog; "
        "[catalog.options(kind, name) for kind in catalog.KINDS.values()"
        " for name in catalog.names(kind)]"
    )
    assert not _loaded(code) & HEAVY


def test_the_reader_needs_torch_alone():
    code = (
        "from crossover.models.reader import Reader; from crossover.types import Passage; "
        "Reader().read([('Who?', [Passage('d', 0, 9, 'Ada did.')])])"
    )
    loaded = _loaded(code)
    assert "torch" in loaded
    assert not loaded & {"transformers", "sentence_transformers"}


def test_the_command_line_imports_nothing_heavy():
    assert not _loaded("import crossover.cli") & (
        HEAVY | {"pydantic", "sqlalchemy", "lark", "rich"}
    )
