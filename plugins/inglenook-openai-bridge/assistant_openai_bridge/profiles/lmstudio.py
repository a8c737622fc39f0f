"""LM Studio (its documentation at c6854fb, of release 0.4; what that leaves out, from reports of its users)."""

from dataclasses import replace
from typing import Any

from assistant import Kind, ProvidedModel
from assistant_openai_bridge.gallery import download
from assistant_openai_bridge.listing import entries, guessed, is_name, is_size, knowing, listed
from assistant_openai_bridge.profile import Act, Ask, Profile

__all__ = ["LMSTUDIO"]

_LIST = "/api/v1/models"
_OLD_LIST = "/api/v0/models"
"""What releases before 0.4 have. To any page that it has not it answers 200, and an error."""
_KINDS = {"llm": Kind.CHAT, "vlm": Kind.CHAT, "embedding": Kind.EMBED, "embeddings": Kind.EMBED}


async def _recognise(ask: Ask) -> bool:
    """It lists its models with their state in an interface of its own."""
    if any("loaded_instances" in entry for entry in await _listed(ask)):
        return True
    return any("state" in entry and "type" in entry for entry in entries(await ask(_OLD_LIST)))


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models with what they are for; it loads one when it is asked for."""
    told = await _listed(ask) or entries(await ask(_OLD_LIST))
    named = [(is_name(entry), entry) for entry in told]
    known = [_known(name, entry) for name, entry in named if name and entry.get("type") in _KINDS]
    return known or listed(await ask(path))


async def _listed(ask: Ask) -> list[dict[str, Any]]:
    """Return the entries of its list, each with its name as others call it; none before release 0.4."""
    answer = await ask(_LIST)
    told = answer.get("models") if isinstance(answer, dict) else None
    return [entry | {"id": entry.get("key")} for entry in entries({"data": told})]


def _known(name: str, entry: dict[str, Any]) -> ProvidedModel:
    """Return what it tells of a model, and of one in memory how long its conversations may be there."""
    model, told = guessed(name), entry.get("capabilities")
    if _KINDS[entry["type"]] is Kind.EMBED:
        return replace(model, kind=Kind.EMBED)
    can, tools, sees = model.capabilities, model.capabilities.tools, entry["type"] == "vlm"
    if isinstance(told, dict):
        tools, sees = told.get("trained_for_tool_use") is True, told.get("vision") is True
    elif isinstance(told, list):
        tools = "tool_use" in told
    configs = (held.get("config") for held in _instances(entry))
    config: dict[str, Any] = next((config for config in configs if isinstance(config, dict)), {})
    longest, many = config.get("context_length"), config.get("parallel")
    if entry.get("state") == "loaded":
        longest = entry.get("loaded_context_length") or entry.get("max_context_length")
    return knowing(
        replace(model, kind=Kind.CHAT),
        inputs=can.inputs | {"image"} if sees else can.inputs,
        tools=tools,
        context=longest if is_size(longest) else 0,
        parallel=many if isinstance(many, int) and 0 < many <= 256 else can.parallel,
        rank=guessed(str(entry.get("params_string"))).capabilities.rank or can.rank,
    )


def _instances(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each time that a model is in memory: it may be there twice."""
    return entries({"data": entry.get("loaded_instances")})


async def _loaded(ask: Ask) -> frozenset[str]:
    if told := await _listed(ask):
        held = [instance for entry in told for instance in _instances(entry)]
    else:
        held = [entry for entry in entries(await ask(_OLD_LIST)) if entry.get("state") == "loaded"]
    return frozenset(map(is_name, held)) - {""}


def _answers(asked: str, answered: str) -> bool:
    """Tell whether the model that answered is the one that was asked for: where one alone is in memory, it may answer
    for any. Its name may lack the publisher, and have a variant (`@q4_k_m`) and the number of an instance (`:2`)."""
    return _plain(asked) == _plain(answered)


def _plain(name: str) -> str:
    return name.rpartition("/")[2].partition("@")[0].partition(":")[0].casefold()


LMSTUDIO = Profile(
    type="lmstudio",
    title="LM Studio",
    endpoint="http://127.0.0.1:1234/v1",
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "repeat_penalty": "repeat_penalty"},
    logprobs=False,
    answers=_answers,
    loaded=_loaded,
    load=Act("/api/v1/models/load", statuses=frozenset({"loaded"})),
    unload=Act("/api/v1/models/unload", "instance_id"),
    pull=download,
)
