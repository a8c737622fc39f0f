"""mistral.rs (its source, 9e92262 after release 0.9.2)."""

from assistant import ProvidedModel
from assistant_openai_bridge.listing import entries, is_name, listed
from assistant_openai_bridge.openapi import title
from assistant_openai_bridge.profile import Act, Ask, Profile

__all__ = ["MISTRALRS"]

_ANY = "default"
"""What it calls whichever model is the first."""


async def _recognise(ask: Ask) -> bool:
    """It lists a model that stands for whichever is the first, and calls its interface by its name."""
    if any(_stands_for_any(entry) for entry in entries(await ask("models"))):
        return True
    return await title(ask, "/api-doc/openapi.json") == "Mistral.rs"


def _stands_for_any(entry: dict[str, object]) -> bool:
    return entry.get("id") == _ANY and entry.get("owned_by") == "local"


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models by their own names, and adapters; one that is not in memory is loaded when it is asked for."""
    return [model for model in listed(await ask(path)) if model.name != _ANY]


async def _loaded(ask: Ask) -> frozenset[str]:
    models = entries(await ask("models"))
    return frozenset(name for entry in models if entry.get("status") == "loaded" and (name := is_name(entry)))


MISTRALRS = Profile(
    type="mistralrs",
    title="mistral.rs",
    endpoint="http://127.0.0.1:1234/v1",
    tells_calls=False,
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    loaded=_loaded,
    load=Act("models/reload", "model_id", frozenset({"loaded"})),
    unload=Act("models/unload", "model_id", frozenset({"unloaded"})),
)
