import os
import signal
from pathlib import Path

import pytest

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
