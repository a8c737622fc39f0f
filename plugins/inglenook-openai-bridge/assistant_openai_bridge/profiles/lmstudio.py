"""LM Studio (docs: its REST API v0)."""

from dataclasses import replace
from typing import Any

from assistant import Kind, ProvidedModel
from assistant_openai_bridge.listing import entries, guessed, is_name, is_size, listed
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["LMSTUDIO"]

_LIST = "/api/v0/models"
_KINDS = {"llm": Kind.CHAT, "vlm": Kind.CHAT, "embeddings": Kind.EMBED}


async def _recognise(ask: Ask) -> bool:
    """It lists its models with their state in an interface of its own."""
    return any("state" in entry and "type" in entry for entry in entries(await ask(_LIST)))


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models with what they are for; it loads one when it is asked for."""
    told = [(is_name(entry), entry) for entry in entries(await ask(_LIST))]
    known = [_known(name, entry) for name, entry in told if name and entry.get("type") in _KINDS]
    return known or listed(await ask(path))


def _known(name: str, entry: dict[str, Any]) -> ProvidedModel:
    model = guessed(name)
    kind, can = _KINDS[entry["type"]], model.capabilities
    if entry["type"] == "vlm":
        can = replace(can, inputs=can.inputs | {"image"})
    if isinstance(told := entry.get("capabilities"), list):
        can = replace(can, tools="tool_use" in told)
    if is_size(longest := entry.get("loaded_context_length") or entry.get("max_context_length")):
        can = replace(can, context=longest)
    return replace(model, kind=kind, capabilities=can)


LMSTUDIO = Profile(
    type="lmstudio",
    title="LM Studio",
    endpoint="http://127.0.0.1:1234/v1",
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
)
