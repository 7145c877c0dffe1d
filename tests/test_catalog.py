import re
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from crossover import catalog, registry
from crossover.catalog import KINDS, METRICS, PACKAGES
from crossover.errors import ConfigError, UnknownName
from crossover.roles import Chunker, Dataset, Model, Retriever, Selector, Strategy

VERSION = re.compile(r"""\(version=("[^"]*"|[\d.]+)\)|, version=("[^"]*"|[\d.]+)""")
# an app is named by its path or by its address: neither can be the default
NEEDS_ONE_OF_TWO = ("external",)
COMPONENTS = [(role, name) for role in PACKAGES for name in catalog.names(role)]


def _class(role, name):
    return registry.find(role, name, dotted=False)


@pytest.mark.parametrize(("role", "name"), COMPONENTS)
def test_every_component_is_a_frozen_documented_dataclass(role, name):
    found = _class(role, name)
    assert is_dataclass(found)
    assert role in found.__mro__
    assert found.__dataclass_params__.frozen
    assert catalog.describe(role, name).splitlines()[0].endswith((".", "?"))


@pytest.mark.parametrize(("role", "name"), COMPONENTS)
def test_every_option_says_what_it_is(role, name):
    silent = [option.name for option in catalog.options(role, name) if not option.help]
    assert not silent


@pytest.mark.parametrize("role", [Strategy, Retriever, Chunker, Selector])
def test_every_option_has_a_default_and_the_name_alone_builds(role):
    for name in catalog.names(role):
        if name in NEEDS_ONE_OF_TWO:
            continue
        built = catalog.load(role, name)
        assert built == catalog.load(role, name)
        assert hash(built) == hash(catalog.load(role, name))
        assert catalog.spec(built) == name
        assert catalog.load(role, VERSION.sub("", catalog.identity(built))) == built
        if fields(built):
            with pytest.raises(FrozenInstanceError):
                setattr(built, fields(built)[0].name, None)


@pytest.mark.parametrize("name", catalog.names(METRICS))
def test_every_metric_is_documented(name):
    assert catalog.describe(METRICS, name)
    assert catalog.metric(name).text == name


@pytest.mark.parametrize(
    "text",
    [
        "rag(retriever=bm25(k1=1.2), k=5)",
        "rag(retriever=dense, chunker=tokens(size=600, overlap=100))",
        "full_context(overflow=tail, window=4000)",
        "closed_book",
    ],
)
def test_one_text_names_one_configuration_both_ways(text):
    strategy = catalog.load(Strategy, text)
    assert catalog.spec(strategy) == text
    assert catalog.load(Strategy, catalog.spec(strategy)) == strategy


@pytest.mark.parametrize("text", ["openai:gpt-4o-mini", "openai:gpt-4o-mini(temperature=0.5)"])
def test_a_chat_model_is_written_provider_colon_model(text):
    assert catalog.spec(catalog.load(Model, text)) == text


def test_a_list_is_a_sweep():
    swept = catalog.expand(Strategy, "rag(retriever=[bm25(k1=[1, 2]), dense], k=[5, 20])")
    assert [catalog.spec(strategy) for strategy in swept] == [
        "rag(retriever=bm25(k1=1.0), k=5)",
        "rag(retriever=bm25(k1=1.0), k=20)",
        "rag(retriever=bm25(k1=2.0), k=5)",
        "rag(retriever=bm25(k1=2.0), k=20)",
        "rag(retriever=dense, k=5)",
        "rag(retriever=dense, k=20)",
    ]


def test_a_list_option_takes_a_list_as_its_value():
    (one,) = catalog.expand(Dataset, "lara(here, task=[comp, hallu])")
    assert one.task == ("comp", "hallu")
    assert len(catalog.expand(Dataset, "lara(here, task=[[comp], [hallu]])")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rga", "did you mean rag?"),
        ("rag(kk=5)", "did you mean k?"),
        ("rag(retriever=bm52)", "did you mean bm25?"),
        ("rag(k=five)", "k='five' does not fit"),
        ("rag(k=0)", "greater than or equal to 1"),
        ("rag(order=up)", "'document', 'score', 'reverse' or 'ends_first'"),
        ("rag(chunker=tokens(size=10, overlap=10))", "must be smaller than size"),
        ("rag(retriever=tokens)", "no 'tokens' in crossover.retrievers"),
        ("os.system", "is not a dataclass that inherits"),
        ("no_such.Thing", "no 'no_such.Thing'"),
        ("json.JSONDecoder", "is not a dataclass that inherits"),
    ],
)
def test_a_mistake_names_value_limit_and_next_step(text, said):
    with pytest.raises(ConfigError) as raised:
        catalog.load(Strategy, text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


OWN = '''
"""A strategy of the user's own."""
from dataclasses import dataclass

from crossover.roles import Model, Strategy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class Shouting(Strategy):
    """Answer with the question in capitals."""

    times: int = 1

    def answer(self, question: Question, model: Model) -> Answer:
        """Shout."""
        return Answer(question.text.upper() * self.times)
'''


def test_a_dotted_path_is_code_and_only_loads_where_allowed(tmp_path, monkeypatch):
    (tmp_path / "own_strategies.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    text = "own_strategies.Shouting(times=2)"
    strategy = catalog.load(Strategy, text)
    assert catalog.spec(strategy) == text
    del sys.modules["own_strategies"]
    with pytest.raises(UnknownName):
        catalog.load(Strategy, text, dotted=False)
    assert "own_strategies" not in sys.modules


def test_a_third_party_registers_under_an_entry_point(tmp_path, monkeypatch):
    (tmp_path / "own_strategies.py").write_text(OWN)
    info = tmp_path / "own-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: own\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[crossover.strategies]\nshouting = own_strategies:Shouting\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "shouting" in catalog.names(Strategy)
    assert catalog.spec(catalog.load(Strategy, "shouting(times=3)")) == "shouting(times=3)"
    sys.modules.pop("own_strategies", None)


def test_metrics_are_found_by_name_and_mistakes_suggest_one():
    with pytest.raises(UnknownName, match="did you mean exact_match"):
        catalog.metric("exact_mtch")
    with pytest.raises(ConfigError):
        catalog.metric("f1_squad(nonsense=1)")


def test_every_kind_is_listed():
    assert set(KINDS) >= {
        "datasets",
        "strategies",
        "retrievers",
        "compressors",
        "models",
        "metrics",
    }


@pytest.mark.parametrize("option", ["path=os.path.join", "embeddings=os.path.join(a=1)"])
@pytest.mark.parametrize("name", ["langchain", "llama_index"])
def test_an_import_path_in_an_option_only_loads_where_allowed(name, option):
    text = f"rag(retriever={name}({option}))"
    assert catalog.load(Strategy, text)
    with pytest.raises(ConfigError, match="is code to import"):
        catalog.load(Strategy, text, dotted=False)
    for harmless in (name, f"{name}(batch=3, embeddings=dense(batch=8))"):
        assert catalog.load(Retriever, harmless, dotted=False)


def test_a_mapping_without_a_name_is_an_options_value():
    source = {"name": "langchain", "path": "a.B", "options": {"k": 3, "of": {"uri": "http://x"}}}
    loaded = catalog.load(Retriever, source)
    assert loaded.options == "dict(k=3, of=dict(uri=http://x))"
    assert catalog.load(Retriever, catalog.spec(loaded)) == loaded


def test_an_option_takes_a_list_of_components():
    text = "hybrid(retrievers=[dense, bm25(k1=1.2)])"
    built = catalog.load(Retriever, text)
    assert catalog.spec(built) == text
    assert len(catalog.expand(Retriever, "hybrid(retrievers=[[dense, bm25], [bm25, dense]])")) == 2
