"""llama.cpp's own server, `llama-server`, with one model or as a router of many (its source, build b11434)."""

from typing import Any
from urllib.parse import quote

from assistant import ChatRequest, ProvidedModel, Provider
from assistant_openai_bridge.listing import entries, is_name, is_size, knowing, listed
from assistant_openai_bridge.profile import Act, Ask, Profile

__all__ = ["LLAMA_SERVER"]


async def _recognise(ask: Ask) -> bool:
    """It shows how it generates, or says whose its models are. KoboldCpp has a page of that name, too."""
    owners = {entry.get("owned_by") for entry in entries(await ask("models"))}
    if owners & {"llamacpp", "koboldcpp"}:
        return "llamacpp" in owners
    props = await ask("/props")
    return isinstance(props, dict) and "default_generation_settings" in props


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models with what the list tells of them, and of those that are in memory their own `/props`."""
    answer = await ask(path)
    cards = {is_name(entry): entry for entry in entries(answer)}
    props = await _props(ask, "/props")
    routes = props.get("role") == "router"
    found = []
    for model in listed(answer):
        card = cards[model.name]
        if routes and _is_loaded(card):
            own = await _props(ask, f"/props?model={quote(model.name, safe='')}&autoload=false")
        else:
            own = {} if routes or len(cards) > 1 else props
        found.append(_known(model, card, own))
    return found


async def _props(ask: Ask, page: str) -> dict[str, Any]:
    props = await ask(page)
    return props if isinstance(props, dict) else {}


def _known(model: ProvidedModel, card: dict[str, Any], props: dict[str, Any]) -> ProvidedModel:
    """Return what is known of a model: older builds tell what it takes in `/props` alone."""
    can, slots = model.capabilities, props.get("total_slots")
    parameters = _part(card, "meta").get("n_params")
    takes, modalities = _part(card, "architecture").get("input_modalities"), _part(props, "modalities")
    told = frozenset(takes if isinstance(takes, list) else ()) & {"image", "audio"}
    told |= {kind for kind, key in (("image", "vision"), ("audio", "audio")) if modalities.get(key) is True}
    contexts = (_part(card, "meta").get("n_ctx"), _part(props, "default_generation_settings").get("n_ctx"))
    return knowing(
        model,
        rank=parameters // 1_000_000 if isinstance(parameters, int) else can.rank,
        inputs=can.inputs | told,
        parallel=slots if isinstance(slots, int) and 0 < slots <= 256 else can.parallel,
        context=next(filter(is_size, contexts), can.context),
    )


def _part(told: dict[str, Any], key: str) -> dict[str, Any]:
    part = told.get(key)
    return part if isinstance(part, dict) else {}


def _is_loaded(card: dict[str, Any]) -> bool:
    """Tell whether a model is in memory: a server of one model says nothing of that, for it always is."""
    return _state(card) == "loaded"


def _state(card: dict[str, Any]) -> str:
    return str(_part(card, "status").get("value", "loaded"))


async def _loaded(ask: Ask) -> frozenset[str]:
    return frozenset(name for entry in entries(await ask("models")) if _is_loaded(entry) and (name := is_name(entry)))


async def _has_loaded(ask: Ask, model: str) -> bool | None:
    """Tell how far a router is that answers as soon as it has begun to load a model."""
    states = {is_name(entry): _state(entry) for entry in entries(await ask("models"))}
    return {"loaded": True, "loading": False}.get(states.get(model, ""))


async def _has_unloaded(ask: Ask, model: str) -> bool | None:
    return model not in await _loaded(ask)


def _answers(asked: str, answered: str) -> bool:
    """Tell whether the model that answered is the one that was asked for, by whatever part of its file's name: a server
    of one model answers for any."""
    names = [name.rpartition("/")[2].removesuffix(".gguf").casefold() for name in (asked, answered)]
    return names[0] in names[1] or names[1] in names[0]


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it the grammar, and to keep the prefix of the prompt."""
    if request.grammar is not None:
        body["grammar"] = request.grammar
    body["cache_prompt"] = True


LLAMA_SERVER = Profile(
    type="llama-server",
    title="llama.cpp's llama-server",
    endpoint="http://127.0.0.1:8080/v1",
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    extend=_extend,
    grammar=True,
    continues=True,  # `--prefill-assistant`, which is the default
    echoes=True,  # b10434 does, b11434 does not
    loaded=_loaded,
    load=Act("/models/load", finished=_has_loaded),
    unload=Act("/models/unload", finished=_has_unloaded),
    answers=_answers,
)
