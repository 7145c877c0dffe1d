"""The page Run: grids built from forms, what they may name, and runs that are started from it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import yaml
from dashboards import HOSTILE, opened, texts
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crossover import catalog
from crossover.app.showing.setup import Setup, arguments, read
from crossover.catalog import KINDS, METRICS
from crossover.errors import ConfigError
from crossover.experiments.grid import load_grid
from crossover.experiments.plan import plan
from crossover.experiments.store import machine
from crossover.experiments.viewing import composing, files, planning, started
from crossover.experiments.viewing.allowed import Allowed
from crossover.experiments.viewing.composing import Chosen
from crossover.experiments.viewing.fields import fields_of, offered
from crossover.roles import Dataset, Model, Strategy

pytest.importorskip("streamlit", reason="the extra [dashboard] is not installed")

SMALL = "biographies(tokens=500, documents=2, questions=7)"
GRID = composing.written(
    {
        "datasets": [SMALL],
        "models": ["fake(latency=0.3, concurrency=2)"],
        "strategies": ["full_context", "closed_book"],
    }
)
FORMS = [
    pytest.param(kind, name, id=f"{word}-{name}")
    for word, kind in KINDS.items()
    if kind != METRICS
    for name in offered(kind)
]


# grids from forms


def untouched(kind, name):
    """A form as it begins, what must be chosen filled in."""
    filled = {"component": Chosen("biographies"), "path": "x", "text": "openai:x"}
    options = {
        field.name: (Chosen("reader") if field.role is Model else filled[field.kind])
        for field in fields_of(kind, name)
        if field.required
    }
    return Chosen(name, options)


@pytest.mark.parametrize(("kind", "name"), FORMS)
def test_every_option_of_every_component_is_a_field_with_its_default(kind, name):
    known = fields_of(kind, name)
    assert {field.kind for field in known} <= {
        *("flag", "whole", "number", "choice", "text", "path", "component")
    }
    told = {f.name: f.default for f in known if not f.required and f.kind != "component"}
    bare = untouched(kind, name)
    filled = Chosen(name, {**told, **bare.options})
    assert composing.text_of(kind, filled) == composing.text_of(kind, bare)


def test_bounds_choices_and_roles_come_from_the_types():
    rag = {field.name: field for field in fields_of(Strategy, "rag")}
    assert (rag["k"].kind, rag["k"].low, rag["k"].high) == ("whole", 1, None)
    assert rag["order"].choices == ("document", "score", "reverse", "ends_first")
    assert rag["reranker"].optional
    assert rag["retriever"].role is KINDS["retrievers"]
    dataset = {field.name: field for field in fields_of(Dataset, "biographies")}
    assert (dataset["tokens"].low, dataset["tokens"].high) == (500, 2_000_000)
    assert dataset["depth"].optional
    assert dataset["depth"].high == 1
    assert dataset["kinds"].many


def test_every_dataset_option_named_path_offers_files():
    for name in offered(Dataset):
        for field in fields_of(Dataset, name):
            assert field.kind == "path" or field.name != "path"


def values(field):
    """Values that a widget of the field can hold."""
    low = -5 if field.low is None else field.low
    high = low + 40 if field.high is None else field.high
    kinds = {
        "flag": st.booleans(),
        "whole": st.integers(int(low), int(min(high, low + 40))),
        "number": st.floats(low, high, allow_nan=False).map(lambda x: round(x, 3)),
        "choice": st.sampled_from(field.choices or ("",)),
        "text": st.just(field.default),
        "path": st.just(field.default),
    }
    found = kinds[field.kind]
    if field.many and field.kind != "text":
        found = st.lists(found, min_size=1, max_size=4, unique=True)
    return st.none() | found if field.optional else found


@st.composite
def chosen(draw, kind, names, depth=2):
    """A form filled at random, components within components."""
    name = draw(st.sampled_from(names))
    options = {}
    for field in fields_of(kind, name):
        if field.kind == "component":
            if depth and not field.many:
                inner = [one for one in offered(field.role) if one != name]
                options[field.name] = draw(chosen(field.role, inner, depth - 1))
        elif not field.required and draw(st.booleans()):
            options[field.name] = draw(values(field))
    return Chosen(name, options)


FAKES = chosen(Model, ["fake"])
WAYS = chosen(Strategy, [name for name in offered(Strategy) if name != "replay"])


@pytest.fixture(scope="module")
def one_question(tmp_path_factory):
    path = tmp_path_factory.mktemp("one") / "q.jsonl"
    path.write_text('{"question": "Who?", "answers": ["Ada"], "context": "Ada built it."}\n')
    return path


@settings(max_examples=40, deadline=None)
@given(way=WAYS, model=FAKES, limit=st.none() | st.integers(1, 3), seed=st.integers(0, 9))
def test_the_yaml_of_a_form_loads_as_the_same_components(one_question, way, model, limit, seed):
    try:
        ways, models = composing.text_of(Strategy, way), composing.text_of(Model, model)
    except ConfigError:
        # a choice that contradicts another: the form says so, and there is no YAML
        assume(False)
    text = composing.written(
        {"datasets": [f"jsonl({one_question})"], "models": [models], "strategies": [ways]}
        | {"limit": limit, "seed": seed, "limits": {"calls": 3}, "metrics": []}
    )
    Allowed((one_question.parent,)).check(composing.read(text))
    grid = load_grid(composing.read(text))
    assert grid.strategies == (catalog.load(Strategy, ways),)
    assert catalog.spec(grid.strategies[0]) == ways
    assert grid.models == (catalog.load(Model, models),)
    assert (grid.seed, grid.limit, grid.limits.calls) == (seed, limit, 3)


def test_texts_stay_what_they_are():
    reply = '5, (a) "x"\n# b: {c}'
    text = composing.text_of(Model, Chosen("fake", {"reply": reply, "replies": ["a, b => [c]"]}))
    loaded = composing.read(composing.written({"models": [text]}))["models"][0]
    assert catalog.load(Model, loaded).reply == reply
    assert catalog.load(Model, loaded).replies == ("a, b => [c]",)


# what may be named


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


BOMB = "a: &a [x, x]\n" + "\n".join(
    f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcd", "bcde", strict=True)
)


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


# what it costs


def test_the_cost_is_that_of_a_dry_run():
    grid = {"datasets": [SMALL], "strategies": ["full_context", "rag(k=2)"]}
    grid |= {"models": ["fake(input_price=2)", "fake(reply=x)"], "price_as": "openai:gpt-4o"}
    found = planning.cost(composing.written(grid))
    expected = plan(load_grid(grid))
    assert [row["input_tokens"] for row in found.rows] == list(expected["input_tokens"])
    assert found.totals["dollars"] == pytest.approx(expected["dollars"].sum())
    assert found.jobs == expected["questions"].sum() == 56
    assert not found.local
    said = "\n".join(found.sentences())
    assert f"{expected['input_tokens'].sum():,} tokens to read" in said
    assert f"${expected['dollars'].sum():,.4f} at most" in said
    assert "with openai:gpt-4o" in said


def test_an_unknown_price_is_said_in_words():
    row = {"model": "openai:nobody-knows", "dollars": None}
    totals = {"calls": 3, "input_tokens": 9, "output_tokens_at_most": None}
    totals |= {"dollars": None, "would_fail": 2}
    said = planning.Cost([row], totals, 3, False).sentences()
    assert "an unknown number of tokens" in said[0]
    assert said[1] == "What providers would bill for all of it is unknown."
    assert "openai:nobody-knows" in said[2]
    assert said[3].startswith("2 answers would fail")


def test_a_model_in_the_process_works_on_this_machine():
    assert planning._works_here(catalog.load(Model, "reader"))
    assert not planning._works_here(catalog.load(Model, "openai:x(concurrency=1)"))
    assert not planning._works_here(catalog.load(Model, "released:x"))


def test_a_plan_says_what_is_wrong_and_ends_in_time():
    with pytest.raises(ConfigError, match="no 'nope' in the keys"):
        planning.cost("nope: 1")
    with pytest.raises(ConfigError, match="took longer than"):
        planning.cost(GRID, seconds=0.01)


# runs


def wait_for(run, until, seconds=60):
    for _ in range(int(seconds / 0.1)):
        if until(started.of(run.folder)):
            return started.of(run.folder)
        time.sleep(0.1)
    raise AssertionError(started.log(run))


def rows(run):
    with closing(sqlite3.connect(run.folder / "answers.sqlite")) as store:
        return dict(store.execute("SELECT job, finished FROM answers"))


def test_a_run_is_stopped_half_way_and_goes_on_where_it_was(tmp_path, monkeypatch):
    run = started.start(tmp_path / "runs", "a.slow-one", GRID, 28, local=False)
    assert run.state == "working"
    with pytest.raises(ConfigError, match="works already"):
        started.resume(run)
    wait_for(run, lambda one: started.progress(one).done >= 3)
    started.stop(run)
    stopped = wait_for(run, lambda one: one.state != "working")
    assert stopped.state == "stopped"
    assert "what is answered is kept" in stopped.why
    first = rows(run)
    assert 3 <= len(first) < 28

    again = started.resume(stopped)
    # a dashboard that was started anew knows nothing but the folder
    monkeypatch.setattr(started, "_children", {})
    assert [one.name for one in started.all_of(tmp_path / "runs")] == ["a.slow-one"]
    done = wait_for(again, lambda one: one.state != "working")
    assert done.state == "finished", started.log(done)
    assert f"{len(first)} of 28 answers are stored already" in started.log(done)
    assert "what is answered is kept" not in started.log(done)
    found = rows(run)
    assert len(found) == 28
    assert first.items() <= found.items()
    seen = started.progress(done)
    assert (seen.done, seen.share, seen.failed) == (28, 1.0, 0)
    assert {sum(counts.values()) for counts in seen.counts.values()} == {14}
    assert done.grid == GRID


def test_a_run_that_cannot_begin_says_why(tmp_path):
    run = started.start(tmp_path, "wrong", GRID.replace("closed_book", "nope"), 28, local=False)
    ended = wait_for(run, lambda one: one.state != "working")
    assert ended.state == "ended"
    assert "no 'nope' in crossover.pipelines" in ended.why
    assert started.progress(ended).done == 0


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "-flag", "", "a b", "x" * 65, "a\nb"])
def test_a_name_stays_in_the_workspace(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot name a run"):
        started.start(tmp_path / "runs", name, GRID, 1, local=False)
    assert not (tmp_path / "runs").exists()


def test_a_taken_name_is_refused(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "link").symlink_to("/tmp")
    for name in ("taken", "link"):
        with pytest.raises(ConfigError, match="already"):
            started.start(tmp_path, name, GRID, 1, local=False)
    assert not list((tmp_path / "taken").iterdir())


def recorded(folder, **told):
    """A run as its file tells of it: that of this very process, unless told otherwise."""
    folder.mkdir(parents=True)
    me = psutil.Process()
    who = {"process": me.pid, "created": me.create_time(), "machine": machine(), "jobs": 9}
    who |= {"began": time.time(), "local": True, "place": str(Path.cwd())} | told
    (folder / "started.json").write_text(json.dumps(who))
    started.grid_of(folder).write_text(GRID)
    return started.of(folder)


def test_one_run_at_a_time_takes_this_machine(tmp_path, monkeypatch):
    recorded(tmp_path / "busy")
    with pytest.raises(ConfigError, match="busy works on this machine already"):
        started.start(tmp_path, "second", GRID, 28, local=True)
    assert not (tmp_path / "second").exists()
    begun = []
    monkeypatch.setattr(started, "_launched", lambda *told: begun.append(told))
    started.start(tmp_path, "second", GRID, 28, local=True, beside=True)
    started.start(tmp_path, "third", GRID, 28, local=False)
    assert [folder.name for folder, *_ in begun] == ["second", "third"]


def test_a_process_of_the_same_number_is_another(tmp_path):
    run = recorded(tmp_path / "stale", created=1.0)
    assert run.state == "ended"
    started.stop(run)
    assert psutil.pid_exists(os.getpid())
    assert started.of(run.folder).stopping is None


def test_a_run_of_another_machine_works_as_long_as_it_tells_of_itself(tmp_path):
    run = recorded(tmp_path / "far", machine="elsewhere")
    assert run.state == "ended"
    with closing(sqlite3.connect(run.folder / "answers.sqlite")) as store:
        store.execute("CREATE TABLE claims (job, renewed)")
        store.execute("INSERT INTO claims VALUES ('x', ?)", (time.time(),))
        store.commit()
    assert run.state == "elsewhere"
    with pytest.raises(ConfigError, match="works already"):
        started.resume(run)


def test_a_log_is_shown_by_its_end_without_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-value-123")
    run = recorded(tmp_path / "talks", created=1.0)
    (run.folder / "run.log").write_text("x\n" * 30_000 + "it said sk-very-secret-value-123\n")
    said = started.log(run)
    assert len(said.splitlines()) == started.SHOWN_LINES
    assert "very-secret" not in said
    assert run.why.startswith("it said")


# the page


def page(tmp_path, *words):
    return opened("--workspace", tmp_path, *words, page="run")


def button(shown, key):
    return next(one for one in shown.button if one.key == key)


def test_forms_make_the_yaml_that_is_shown(tmp_path):
    shown = page(tmp_path)
    assert not shown.exception
    assert yaml.safe_load(shown.code[0].value)["strategies"] == ["full_context", "rag"]
    shown.selectbox(key="run.add.strategies").select("self_route").run()
    button(shown, "run.added.strategies").click().run()
    shown.number_input(key="run.strategies.1.rag.k").set_value(3).run()
    shown.selectbox(key="run.strategies.1.rag.retriever").select("dense").run()
    shown.number_input(key="run.limit").set_value(2).run()
    button(shown, "run.strategies.0.full_context.remove").click().run()
    grid = yaml.safe_load(shown.code[0].value)
    assert grid["strategies"] == ["rag(retriever=dense, k=3)", "self_route"]
    assert grid["limit"] == 2


def test_a_missing_option_is_a_sentence_and_no_yaml(tmp_path):
    shown = page(tmp_path)
    shown.selectbox(key="run.add.datasets").select("jsonl").run()
    button(shown, "run.added.datasets").click().run()
    assert not shown.exception
    assert "jsonl needs the option path" in texts(shown)
    assert "There is no grid yet" in texts(shown)
    assert button(shown, "run.price").disabled


def test_files_are_chosen_from_the_folders(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "q.jsonl").write_text("{}")
    shown = page(tmp_path / "runs", "--data", tmp_path / "data")
    shown.selectbox(key="run.add.datasets").select("jsonl").run()
    button(shown, "run.added.datasets").click().run()
    box = shown.selectbox(key="run.datasets.1.jsonl.path")
    assert box.options == ["data/q.jsonl"]
    box.select("data/q.jsonl").run()
    expected = f"jsonl({tmp_path}/data/q.jsonl)".replace("jsonl(", "jsonl(path=", 1)
    assert yaml.safe_load(shown.code[0].value)["datasets"][1] == expected


def test_code_is_no_choice():
    assert "external" not in offered(Strategy)
    assert not {field.name for field in fields_of(Model, "langchain")} & {"key_env", "parameters"}
    assert not {field.name for field in fields_of(KINDS["retrievers"], "langchain")} & {
        *("path", "options", "embeddings")
    }


@pytest.mark.parametrize(
    "text",
    [
        GRID.replace("full_context", "external(url='http://127.0.0.1')"),
        GRID.replace("full_context", "os.path.Mine"),
        GRID.replace(SMALL, "jsonl(/etc/hostname)"),
        GRID + f"only: {HOSTILE}\n",
        BOMB,
    ],
)
def test_an_edited_grid_is_checked_and_nothing_is_started(tmp_path, text):
    shown = page(tmp_path)
    shown.toggle(key="run.edit").set_value(True).run()
    shown.text_area(key="run.text").set_value(text).run()
    button(shown, "run.price").click().run(timeout=60)
    assert not shown.exception
    assert shown.error[0].value == "This cannot be run."
    assert not [one for one in shown.button if one.key == "run.start"]
    for kind in ("markdown", "caption", "error", "warning"):
        assert not [one for one in getattr(shown, kind) if "evil" in one.value]
    assert not list(tmp_path.iterdir())


def test_the_cost_comes_before_the_start(tmp_path):
    shown = page(tmp_path)
    shown.toggle(key="run.edit").set_value(True).run()
    shown.text_area(key="run.text").set_value(GRID).run()
    assert not [one for one in shown.button if one.key == "run.start"]
    button(shown, "run.price").click().run(timeout=60)
    assert "28 answers take 28 calls" in texts(shown)
    assert "Nobody bills for it." in texts(shown)
    assert list(shown.dataframe[0].value["strategy"]) == ["full_context", "closed_book"]
    shown.text_input(key="run.name").set_value("../x").run()
    button(shown, "run.start").click().run()
    assert "cannot name a run" in texts(shown)
    assert not list(tmp_path.iterdir())
    shown.text_area(key="run.text").set_value(GRID + "seed: 1\n").run()
    assert not [one for one in shown.button if one.key == "run.start"]


def test_watching_says_what_became_of_a_run(tmp_path):
    assert "No run was started here yet" in texts(watch(tmp_path))
    run = recorded(tmp_path / "one", created=1.0)
    (run.folder / "run.log").write_text(f"error: {HOSTILE}\n")
    shown = watch(tmp_path)
    assert not shown.exception
    assert "It ended before it was finished" in texts(shown)
    assert HOSTILE in shown.code[0].value
    assert [one.key for one in shown.button] == ["run.resume"]


def test_a_grid_that_was_changed_behind_the_page_is_not_resumed(tmp_path):
    run = recorded(tmp_path / "one", created=1.0)
    started.grid_of(run.folder).write_text(GRID.replace("full_context", "os.path.Mine"))
    shown = watch(tmp_path)
    button(shown, "run.resume").click().run()
    assert "os.path.Mine is code to import" in texts(shown)
    assert started.of(run.folder) == run


def watch(tmp_path):
    shown = page(tmp_path)
    shown.session_state["run.part"] = "Watch"
    return shown.run()


def test_read_only_starts_nothing(tmp_path):
    shown = page(tmp_path, "--read-only")
    assert "read-only starts no run" in texts(shown)
    assert not shown.button
