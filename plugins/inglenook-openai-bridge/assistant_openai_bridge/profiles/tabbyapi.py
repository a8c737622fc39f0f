"""TabbyAPI (its source, e632af4 of August 2026)."""

from dataclasses import replace
from typing import Any

from assistant import ChatRequest, EngineBusy, Kind, ProvidedModel, Provider
from assistant_openai_bridge.listing import guessed, is_name, is_size, knowing
from assistant_openai_bridge.profile import Act, Ask, Profile

__all__ = ["TABBYAPI"]


async def _recognise(ask: Ask) -> bool:
    """It says what software it is, to anybody."""
    info = await ask("/.well-known/serviceinfo")
    software = info.get("software") if isinstance(info, dict) else None
    return isinstance(software, dict) and software.get("name") == "TabbyAPI"


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models that are loaded: others are folders, and whichever is loaded answers for them."""
    chat, embed = await _card(ask, "model"), await _card(ask, "model/embedding")
    found = [_known(is_name(chat), chat.get("parameters"))] if is_name(chat) else []
    return [*found, *([replace(guessed(is_name(embed)), kind=Kind.EMBED)] if is_name(embed) else [])]


async def _card(ask: Ask, path: str) -> dict[str, Any]:
    """Return what it says of the model that is loaded; nothing where none is."""
    try:
        card = await ask(path)
    except EngineBusy:  # its way to say so: 503
        return {}
    return card if isinstance(card, dict) else {}


def _known(name: str, parameters: Any) -> ProvidedModel:
    model = replace(guessed(name), kind=Kind.CHAT)
    told = parameters if isinstance(parameters, dict) else {}
    inputs = frozenset({"text", "image"} if told.get("use_vision") is True else {"text"})
    batch, context = told.get("max_batch_size"), told.get("max_seq_len")
    return knowing(
        model,
        inputs=inputs,
        parallel=batch if isinstance(batch, int) and 0 < batch <= 256 else 1,
        context=context if is_size(context) else 0,
        tools=True,
        schema=True,
        logprobs=True,
    )


async def _loaded(ask: Ask) -> frozenset[str]:
    return frozenset(model.name for model in await _models(ask, ""))


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it schema and grammar in its own way, and to go on with a reply that was begun.

    Older releases take what OpenAI wraps around a schema for the schema.
    """
    if body.pop("response_format", None) is not None:
        body["json_schema"] = request.schema
    if request.grammar is not None:
        body["grammar_string"] = request.grammar
    if request.messages[-1].role == "assistant":
        body |= {"continue_final_message": True, "add_generation_prompt": False}


TABBYAPI = Profile(
    type="tabbyapi",
    title="TabbyAPI",
    endpoint="http://127.0.0.1:5000/v1",
    tells_calls=False,
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    extend=_extend,
    grammar=True,
    continues=True,
    loaded=_loaded,
    load=Act("model/load", "model_name"),
    unload=Act("model/unload", "model_name"),
    answers=lambda asked, answered: answered == asked.rstrip("/").rpartition("/")[2],
)
