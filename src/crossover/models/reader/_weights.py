"""The trained network, loaded once, in this machine's fastest faithful number format."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from crossover import precision
from crossover.errors import MissingExtra
from crossover.models.reader._calibration import Calibration

FILE = Path(__file__).with_name("reader.safetensors")


@cache
def load(path: Path = FILE) -> tuple[Any, Calibration]:
    """Load network and calibration onto the fastest device; needs torch and safetensors.

    The whole network is held in the machine's fastest format, layer norms too: a fifth faster than
    autocast, which goes to float32 and back at each of them, at the same F1.
    """
    for package in ("torch", "safetensors"):
        try:
            import_module(package)
        except ImportError:
            raise MissingExtra(package, "rag", "the embedded reader") from None
    from safetensors import safe_open
    from safetensors.torch import load_file

    from crossover.models.reader._network import Network
    from crossover.models.reader._packed import pack

    network = Network()
    network.load_state_dict(load_file(path))
    with safe_open(path, "pt") as file:
        kept = json.loads(file.metadata()["calibration"])
    calibration = Calibration(**{name: tuple(value) for name, value in kept.items()})
    network.train(False).to(precision.device(), precision.fastest())
    pack(network)
    return network, calibration
