"""ezlocalai (its source, 81668ee of August 2026)."""

from typing import Any

from assistant import ChatRequest, Kind, ProvidedModel, Provider
from assistant_openai_bridge.listing import entries, is_name, is_size, knowing, listed
from assistant_openai_bridge.openapi import title
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["EZLOCALAI"]

_RESOURCES = "/v1/resources"


async def _recognise(ask: Ask) -> bool:
    """It calls its interface by its name, and says so to anybody."""
    return await title(ask) == "ezlocalai Server"


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models that write, and how many replies they write at once; those that draw and sing are others."""
    told = [entry for entry in entries(await ask(path)) if "capability" not in entry]
    slots = await _resources(ask, "parallel")
    many, context = slots.get("n_parallel"), slots.get("per_slot_context")
    known = {
        "parallel": many if isinstance(many, int) and 0 < many <= 256 else 1,
        "context": context if is_size(context) else 0,
    }
    found = listed({"data": told})
    return [knowing(model, **known) if model.kind is Kind.CHAT else model for model in found]


async def _loaded(ask: Ask) -> frozenset[str]:
    held = (await _resources(ask, "loaded_models")).values()
    return frozenset(is_name({"id": model.get("name")}) for model in held if isinstance(model, dict)) - {""}


async def _resources(ask: Ask, part: str) -> dict[str, Any]:
    told = await ask(_RESOURCES)
    found = told.get(part) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Keep it from handing the request on to another machine, unless the owner says that it is a gateway."""
    if not provider.config.gateway:
        body["disable_fallback"] = True


def _answers(asked: str, answered: str) -> bool:
    """Tell whether the model that answered, a file in a folder of its name, is the one that was asked for: for one that
    it lacks its first answers."""
    return asked.rpartition("/")[2].lower().partition("-gguf")[0] in answered.lower()


EZLOCALAI = Profile(
    type="ezlocalai",
    title="ezlocalai",
    endpoint="http://127.0.0.1:8091/v1",
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    extend=_extend,
    tools=False,
    schema=False,
    logprobs=False,
    loaded=_loaded,
    answers=_answers,
)
