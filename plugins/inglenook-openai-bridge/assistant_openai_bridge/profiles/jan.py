"""Jan's local server (its source: proxy.rs at 0035982, static/openapi.json at 2a0abe7)."""

from assistant import ProvidedModel
from assistant_openai_bridge.listing import entries, guessed, is_name, knowing, listed
from assistant_openai_bridge.openapi import title
from assistant_openai_bridge.profile import Act, Ask, Profile

__all__ = ["JAN"]

_OWN = {"user": True, "llama.cpp": True, "llamacpp": True, "mlx": False}
"""Whose a model is that runs on Jan's machine, and whether its engine keeps to a schema."""


async def _recognise(ask: Ask) -> bool:
    """It calls its interface by its name, and says so to anybody."""
    return (await title(ask)).startswith("Jan ")


def _describe(name: str) -> ProvidedModel:
    """Say what a model is of which only the name is known: it may be one that Jan has somebody else write for."""
    return knowing(guessed(name), local=False)


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models that run: Jan starts none because it is asked for a reply."""
    answer = await ask(path)
    owners = {is_name(entry): entry.get("owned_by") for entry in entries(answer)}
    return [_known(model, owners[model.name]) for model in listed(answer)]


def _known(model: ProvidedModel, owner: object) -> ProvidedModel:
    if not isinstance(owner, str) or owner not in _OWN:
        return knowing(model, local=False)
    return knowing(model, local=True, schema=_OWN[owner])


async def _loaded(ask: Ask) -> frozenset[str]:
    return frozenset(model.name for model in await _models(ask, "models") if model.capabilities.local)


JAN = Profile(
    type="jan",
    title="Jan",
    endpoint="http://127.0.0.1:1337/v1",
    tells_calls=False,
    recognise=_recognise,
    describe=_describe,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    loaded=_loaded,
    load=Act("models/load"),
    unload=Act("models/unload"),
)
