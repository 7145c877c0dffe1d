from __future__ import annotations

import json
import logging
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import buckets
import pytest
from hypothesis import HealthCheck, settings
from misbehaving import Endpoint
from postgres import postgres as postgres

if TYPE_CHECKING:
    from crossover.router.watching.log import DecisionLog

# workers share the cores: pools of threads in each of them would only wait for one another
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(pool, "1")

# no test is one of time: on a busy machine an example may take as long as it needs
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep vectors and indexes out of the user's cache, those of subprocesses too."""
    os.environ["CROSSOVER_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def hears_interrupts() -> None:
    """Undo what a shell does to background jobs: it starts them deaf to interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def benchmark_data() -> Path:
    """The folder of real benchmark files, which users do not have."""
    if not DATA.is_dir():
        pytest.skip(f"no benchmark data at {DATA}")
    return DATA


@pytest.fixture
def lara(benchmark_data: Path) -> Path:
    return benchmark_data / "lara"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """An OpenAI-compatible API on the loopback; each test says how it behaves."""
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def memory() -> Iterator[str]:
    """The address of an empty folder in a bucket that only this process has."""
    fsspec = pytest.importorskip("fsspec", reason="the extra [s3] is not installed")
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield "memory://bucket/folder"
    files.store.clear()


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """The address of a server of S3's kind on the loopback."""
    pytest.importorskip("s3fs", reason="the extra [s3] is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    # a line per request would hide what failed
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty folder in a bucket of that server's."""
    import boto3

    buckets.at(monkeypatch, s3_server)
    name = f"bucket-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}/folder"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DecisionLog]:
    """A decision log of a router in production."""
    from crossover.router.watching.log import DecisionLog

    with DecisionLog(tmp_path / "decisions.sqlite") as opened:
        yield opened


@pytest.fixture
def invoke() -> Callable[..., str]:
    """Run a command in this process; what is the user's mistake is raised."""
    from typer.testing import CliRunner

    from crossover.cli import app

    def call(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    return call


@pytest.fixture
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Keeps a frame as a run's directory."""
    from crossover.experiments.report import RESULTS

    def keep(table):  # type: ignore[no-untyped-def]
        folder = tmp_path_factory.mktemp("run")
        table.to_parquet(folder / RESULTS)
        return folder

    return keep


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with calls side by side, passages, prices and a strategy that fails."""
    import crossover

    folder = tmp_path_factory.mktemp("run")
    lines = [
        {
            "id": f"q{n}",
            "group": f"d{n % 2}",
            "question": f"Who built bridge {n}?",
            "answers": ["Ada"],
            "context": f"Ada built bridge {n}. Bob did not.\n\n" * 40,
            "tags": {"kind": "short"},
        }
        for n in range(4)
    ]
    path = folder / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    grid = {
        "datasets": [f"jsonl({path})"],
        "models": ["fake(reply='Ada, the engineer', input_price=1, output_price=2)"],
        "strategies": ["closed_book", "rag(k=2)", "map_reduce(chunk=200)"],
        "seed": 3,
    }
    crossover.run(grid, folder / "trial")
    return folder / "trial"
