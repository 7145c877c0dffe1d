"""What a visitor's grid may name: components of the catalog, files of chosen folders, no code."""

from __future__ import annotations

from pathlib import Path

import pytest
from started_runs import BOMB

from crossover.app.showing.setup import Setup, arguments, read
from crossover.errors import ConfigError
from crossover.experiments.viewing import composing, files
from crossover.experiments.viewing.allowed import Allowed


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A chosen folder with a file, and with links that lead out of it."""
    root = tmp_path_factory.mktemp("data")
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.jsonl"
    secret.write_text("{}")
    (root / "good.jsonl").write_text("{}")
    (root / "with_link").mkdir()
    (root / "with_link" / "q.jsonl").symlink_to(secret)
    (root / "out").symlink_to(secret.parent)
    return root, secret


def check(allowed, key, entry):
    allowed.check({key: [entry]})


@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("datasets", "jsonl(ROOT/good.jsonl)"),
        ("datasets", "huggingface(path=owner/name)"),
        ("models", "openai:gpt-4.1-mini(temperature=0.5)"),
        ("models", "openai:x(base_url='http://127.0.0.1:8000/v1')"),
        ("models", "openai:x(base_url='http://models.example/v1')"),
        ("strategies", {"name": "rag", "retriever": {"name": "bm25", "k1": 1.2}, "k": [5, 10]}),
        ("strategies", "compressed(compressor=code)"),
        ("strategies", "map_reduce(prompts=dict(merge='and/or (see: x) $words'))"),
        ("metrics", "citation_recall(judge=reader)"),
        ("strategies", "rag(retriever=langchain)"),
    ],
)
def test_what_the_catalog_lists_may_be_named(folders, key, entry):
    if isinstance(entry, str):
        entry = entry.replace("ROOT", str(folders[0]))
    check(Allowed((folders[0],), ("http://models.example/v1/",)), key, entry)


@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("datasets", "os.path.join"),
        ("strategies", "my_module.MyRag(k=3)"),
        ("strategies", "rag(retriever=my_module.Mine)"),
        ("strategies", {"name": "rag", "retriever": {"name": "my_module.Mine"}}),
        ("strategies", "external(url='http://127.0.0.1/ask')"),
        ("strategies", "external(target=os.system)"),
        ("strategies", "external(os.system)"),
        ("strategies", {"name": "external", "url": "https://evil.example"}),
        ("strategies", "self_route(first=external(url='http://evil.example'))"),
        ("strategies", "routed(policy=rules(whole=\"external(url='http://127.0.0.1')\"))"),
        ("strategies", "rag(retriever=langchain(path=os.system))"),
        ("strategies", "rag(retriever=langchain(os.system))"),
        ("strategies", "rag(retriever=langchain(options='dict(persist=1)'))"),
        ("metrics", "citation_recall(judge=os.path)"),
    ],
)
def test_code_and_apps_are_refused_in_one_line(folders, key, entry):
    with pytest.raises(ConfigError) as refused:
        check(Allowed((folders[0],)), key, entry)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("datasets", "jsonl(SECRET)"),
        ("datasets", "jsonl(ROOT/../elsewhere0/secret.jsonl)"),
        ("datasets", "jsonl(../secret.jsonl)"),
        ("datasets", "jsonl(~/secret.jsonl)"),
        ("datasets", "folder(ROOT/out)"),
        ("datasets", "folder(ROOT/with_link)"),
        ("datasets", "folder(ROOT, questions=../secret.jsonl)"),
        ("datasets", "attacked(jsonl(SECRET))"),
        ("models", "huggingface:/etc"),
        ("strategies", "compressed(llmlingua(/etc))"),
        ("strategies", "rag(retriever=dense(model=/etc))"),
        ("strategies", "routed(policy=rules(parts='routed(router=SECRET)'))"),
        ("metrics", "context_coverage(file=SECRET)"),
        ("only", "SECRET"),
        ("datasets", "huggingface(path='https://evil.example/x.jsonl')"),
    ],
)
def test_files_outside_the_folders_are_refused(folders, key, entry):
    root, secret = folders
    entry = entry.replace("ROOT", str(root)).replace("SECRET", str(secret))
    with pytest.raises(ConfigError, match=r"lies outside|neither on this machine"):
        check(Allowed((root,)), key, entry)


def test_a_name_in_the_working_folder_is_a_file_too(folders, monkeypatch):
    monkeypatch.chdir(folders[1].parent)
    with pytest.raises(ConfigError, match="lies outside"):
        check(Allowed((folders[0],)), "datasets", "jsonl(secret.jsonl)")
    Path("rag").mkdir(exist_ok=True)
    check(Allowed((folders[0],)), "strategies", "rag")


@pytest.mark.parametrize(
    "options",
    [
        "key_env=AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_ACCESS_KEY, base_url='http://127.0.0.1'",
        'parameters=\'{"openai_proxy": "http://evil.example"}\'',
        "base_url='http://evil.example/v1'",
        "base_url='http://127.0.0.1@evil.example/v1'",
        "base_url='http://localhost.evil.example/v1'",
    ],
)
def test_keys_go_nowhere_else(options):
    with pytest.raises(ConfigError, match=r"cannot be given here|neither on this machine"):
        check(Allowed(), "models", f"openai:gpt({options})")
    with pytest.raises(ConfigError):
        check(Allowed(), "strategies", f"rag(retriever=dense(model='openai:e', {options}))")


def test_an_unnamed_option_is_the_first_that_is_left():
    with pytest.raises(ConfigError, match="key_env cannot be given"):
        text = "rag(retriever=dense(AWS_KEY, model=m, base_url='http://127.0.0.1'))"
        check(Allowed(), "strategies", text)


@pytest.mark.parametrize(
    "entry",
    [
        "rag(" * 3000,
        f"rag(k={list(range(1, 200))}, candidates={list(range(1, 200))})",
        f"rag(k={'9' * 5000})",
        ["rag"],
        5,
        {"name": "../x"},
    ],
)
def test_what_would_exhaust_a_machine_is_refused(entry):
    with pytest.raises(ConfigError) as refused:
        check(Allowed(), "strategies", entry)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "alias"),
        ("datasets: [!!python/object/apply:os.system [id]]", "tag"),
        ("x" * 5_000_000, "5,000,000 characters"),
        ("[" * 2000, "too large or too deep"),
        ("- x\n" * 9000, "too large or too deep"),
        (f"seed: {'9' * 5000}", "cannot be read"),
        ("a: b: c", "line 1: not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("- rag", "expected the keys"),
        ("", "expected the keys"),
    ],
)
def test_hostile_yaml_is_one_line(text, said):
    with pytest.raises(ConfigError, match=said) as refused:
        composing.read(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_files_are_listed_without_links_and_runs(folders, tmp_path):
    (tmp_path / "a_run").mkdir()
    (tmp_path / "a_run" / "answers.sqlite").touch()
    (tmp_path / ".hidden").mkdir()
    found = files.choices((folders[0], tmp_path), "any")
    name = folders[0].name
    assert set(found) == {name, f"{name}/good.jsonl", f"{name}/with_link", tmp_path.name}
    assert set(files.choices((folders[0],), "file")) == {f"{name}/good.jsonl"}


def test_the_setup_survives_its_own_words(tmp_path):
    setup = Setup((), tmp_path, data=(tmp_path / "a", tmp_path), servers=("http://x/v1",))
    assert read(arguments(setup)) == setup
