"""LangChain's client for a provider: where it goes, with which key and which settings.

Providers' classes name the same setting differently, so a client is built twice: bare, to see
which settings its class has, then with those.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crossover.errors import ConfigError, UnknownName
from crossover.models._failures import shortened
from crossover.models._lanes import client_of
from crossover.tokens import DEFAULT

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# sent where a server of one's own is named without a key: clients insist on some text
NO_KEY = "none"
# what OpenAI's client would otherwise read from the environment and send along
NO_ACCOUNT = {"OpenAI-Organization": "", "OpenAI-Project": ""}
_building = Lock()
KEY_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure_openai": ("AZURE_OPENAI_API_KEY",),
    "cohere": ("COHERE_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks": ("FIREWORKS_API_KEY",),
    "google_genai": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistralai": ("MISTRAL_API_KEY",),
    "nvidia": ("NVIDIA_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
    "together": ("TOGETHER_API_KEY",),
    "upstage": ("UPSTAGE_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
# these read their own credentials (a cloud's, or none), which only their packages can check
KEYLESS = ("bedrock", "bedrock_converse", "google_vertexai", "huggingface", "ollama")
SECRET = re.compile(
    r"^key$|(api|access)[-_]?key|token$|secret|password|authorization", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a client is built from; equal settings share one client."""

    provider: str
    model: str
    base_url: str
    key: str | None = field(repr=False)
    timeout: float
    temperature: float
    max_tokens: int
    seed: int | None
    logprobs: bool
    parameters: str
    batch: bool = False


def key_for(name: str, base_url: str, key_env: str) -> str | None:
    """Read the key from the environment; None where the provider's package looks for its own.

    Another host than the provider's never gets the provider's key: a ``base_url`` takes its key
    from ``key_env`` or goes without. Raises ConfigError where a key is missing.
    """
    provider = name.partition(":")[0]
    variables = (key_env,) if key_env else () if base_url else KEY_VARIABLES.get(provider, ())
    for variable in variables:
        if key := os.environ.get(variable, "").strip():
            return key
    if variables:
        raise ConfigError(f"{name} needs {' or '.join(variables)} in the environment")
    return NO_KEY if base_url and provider != "ollama" else None


def extra_parameters(text: str) -> dict[str, Any]:
    """Read the option ``parameters``; raises ConfigError unless it is a JSON object, keyless."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigError(f"parameters must be a JSON object, not {shortened(text)!r}")
    if secret := _secret_in(found):
        raise ConfigError(
            f"parameters holds {secret}: options are stored and printed, so give the key in an "
            "environment variable and its name as key_env"
        )
    return found


def checked_url(url: str) -> str:
    """Return the address; raises ConfigError unless it is one, without a password inside."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ConfigError(f"base_url must be like http://localhost:8000/v1, not {shortened(url)!r}")
    if parts.username or parts.password:
        raise ConfigError("base_url holds a password; put it in a variable and name it as key_env")
    return url


def encoding_of(name: str) -> str:
    """The encoding of an OpenAI model's tokens, or the nearest that is bundled."""
    older = re.match(r"gpt-(4$|4-|3\.?5)", name.partition(":")[2])
    return "cl100k_base" if older else DEFAULT


def client(settings: Settings) -> BaseChatModel:
    """LangChain's client; raises ConfigError: provider, package or parameter unknown."""
    # many threads begin together: one of them imports the package and builds
    with _building:
        return _built(settings)


@lru_cache(maxsize=64)
def _built(settings: Settings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    from crossover.models._batch_calls import gathering

    def build(**options: Any) -> BaseChatModel:
        built: BaseChatModel = init_chat_model(
            settings.model, model_provider=settings.provider, **options
        )
        return built

    where: dict[str, Any] = {}
    if settings.base_url:
        where["base_url"] = settings.base_url
    if settings.key is not None:
        where["api_key"] = settings.key
    try:
        bare = build(**where)
        shape = type(bare).model_fields
        known = {*shape, *(field.alias for field in shape.values() if field.alias)}
        options = _options(settings, known)
        if is_openai_like(bare) and (shared := client_of(settings.base_url)):
            options.setdefault("http_client", shared)
        built = build(**where, **options)
        return gathering(built) if settings.batch else built
    except ImportError as error:
        raise ConfigError(_missing_package(settings.provider, error)) from None
    except Exception as error:
        name = f"{settings.provider}:{settings.model}"
        if "Unsupported provider" in str(error):
            known_providers = (*KEY_VARIABLES, *KEYLESS)
            where_from = "LangChain's providers"
            raise UnknownName(settings.provider, where_from, known_providers) from None
        raise ConfigError(f"{name} cannot be set up: {_plainly(error)}") from None


def has_setting(client: BaseChatModel, name: str) -> bool:
    """Whether this provider's class knows the setting."""
    return name in type(client).model_fields


def is_openai_like(client: BaseChatModel) -> bool:
    """Whether this client speaks OpenAI's protocol, where every stream ends with a reason."""
    return any(kind.__name__ == "BaseChatOpenAI" for kind in type(client).__mro__)


def _options(settings: Settings, known: set[str]) -> dict[str, Any]:
    """Name every setting as the client's class does, leaving out what it does not have."""
    google = settings.provider.startswith("google")
    wanted: list[tuple[tuple[str, ...], object]] = [
        (("temperature",), _temperature(settings)),
        (("max_tokens", "max_output_tokens", "num_predict"), settings.max_tokens),
        (("seed", "random_seed"), settings.seed),
        (("timeout", "request_timeout"), settings.timeout),
        # retries are ours; Google's client reads 0 as its default and 1 as a single attempt
        (("max_retries",), 1 if google else 0),
        (("stream_usage",), True),
        (("logprobs",), settings.logprobs or None),
    ]
    options: dict[str, Any] = {}
    for names, value in wanted:
        name = next((name for name in names if name in known), None)
        if name and value is not None:
            options[name] = value
    return _dialect(settings, options | extra_parameters(settings.parameters))


def _dialect(settings: Settings, options: dict[str, Any]) -> dict[str, Any]:
    """Speak to servers that imitate OpenAI: they read ``max_tokens``, its older name for the limit.

    They also learn nothing of the user's account there.
    """
    host = urlsplit(settings.base_url).hostname or ""
    if settings.provider != "openai" or not host or host.endswith((".openai.com", ".azure.com")):
        return options
    others = {name: value for name, value in options.items() if name != "max_tokens"}
    body = {"max_tokens": options["max_tokens"]} | options.get("extra_body", {})
    headers = NO_ACCOUNT | options.get("default_headers", {})
    return others | {"extra_body": body, "default_headers": headers}


def _temperature(settings: Settings) -> float | None:
    """OpenAI's reasoning models reject every temperature (LangChain knows it of gpt-5 alone)."""
    reasoning = settings.provider == "openai" and re.match(r"o\d", settings.model)
    return 1.0 if reasoning else settings.temperature


def _plainly(error: Exception) -> str:
    return shortened(str(error).partition(" [type=")[0])


def _missing_package(provider: str, error: ImportError) -> str:
    found = re.search(r"pip install ([\w-]+)", str(error))
    package = found[1] if found else f"langchain-{provider.replace('_', '-')}"
    return f"models of {provider} need the package {package}: pip install {package}"


def _secret_in(found: object) -> str:
    """Name the first entry, at any depth, that looks like it holds a key."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            if SECRET.search(str(name)) and isinstance(value, str):
                return str(name)
            if secret := _secret_in(value):
                return secret
    return ""
