import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.errors import ConfigError
from crossover.notation import Call, call, parse, show

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            lambda name, options: Call(name, tuple(options.items())),
            NAMES,
            st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        )
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_shown_parses_back(value):
    assert parse(show(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "rag",
        "rag(retriever=bm25(k1=1.2), k=5)",
        "rag(retriever=[bm25, dense], k=[5, 10])",
        "openai:gpt-4o-mini(base_url=http://localhost:8000/v1, temperature=0.2)",
        "jsonl(my questions/file one.jsonl)",
        'fake(reply="a, b (c)")',
    ],
)
def test_a_text_comes_back_as_it_was(text):
    assert show(parse(text)) == text


def test_a_mapping_is_the_same_tree():
    mapping = {"name": "rag", "retriever": {"name": "bm25", "k1": 1.2}, "k": [5, 10]}
    assert call(mapping) == call("rag(retriever=bm25(k1=1.2), k=[5, 10])")


@pytest.mark.parametrize(
    "text",
    ["rag(k=5", "rag(k==5)", "rag)", "", "  ", "rag(k=5, 6)", "rag(k=5, k=6)", "[rag]", "5", "()"],
)
def test_a_mistake_is_one_line_that_shows_it(text):
    with pytest.raises(ConfigError) as raised:
        call(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("value", [{"k": 5}, {"name": ""}, {"name": 3}, 5, None, ["rag"]])
def test_what_is_neither_text_nor_named_mapping_is_refused(value):
    with pytest.raises(ConfigError):
        call(value)


def test_a_text_that_yaml_cut_in_two_is_explained():
    with pytest.raises(ConfigError, match="put the text in quotes"):
        parse("rag(reranker=reader")
    with pytest.raises(ConfigError, match="write name"):
        parse("rag(reranker==reader)")
