"""LocalAI (its source, 82c191a after release 4.9.0)."""

from dataclasses import replace
from typing import Any

from assistant import Capabilities, ChatRequest, Kind, ProvidedModel, Provider
from assistant_openai_bridge.gallery import install
from assistant_openai_bridge.listing import entries, guessed, is_name, knowing, listed
from assistant_openai_bridge.profile import Act, Ask, Profile

__all__ = ["LOCALAI"]


async def _recognise(ask: Ask) -> bool:
    """It has a page of its own for whoever looks for it, and releases before 2026 one on its backends."""
    page = await ask("/.well-known/localai.json")
    if isinstance(page, dict) and "endpoints" in page:
        return True
    system = await ask("/system")
    return isinstance(system, dict) and "backends" in system and "loaded_models" in system


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models with what they can do, once it is ready: until then it answers 503, which says so."""
    await ask("/readyz")
    known = [(is_name(entry), entry) for entry in entries(await ask(f"{path}/capabilities"))]
    told = [_known(name, entry) for name, entry in known if name]
    return [model for model in told if model] or listed(await ask(path))


def _known(name: str, entry: dict[str, Any]) -> ProvidedModel | None:
    """Return what it tells of a model; None for one that neither chats, embeds, hears nor speaks."""
    can, inputs = entry.get("capabilities"), entry.get("input_modalities")
    if not isinstance(can, list):  # a file that no configuration names: nothing is known
        return next(iter(listed({"data": [entry]})), None)
    if "embeddings" in can and "chat" not in can:
        return replace(guessed(name), kind=Kind.EMBED)
    if "chat" not in can:
        kind = Kind.STT if "transcript" in can else Kind.TTS if "tts" in can else None
        return ProvidedModel(name, kind, Capabilities(times=kind is Kind.STT, parallel=8)) if kind else None
    sees = isinstance(inputs, list) and "image" in inputs
    kinds = frozenset({"text", "image"} if sees else {"text"})
    return knowing(replace(guessed(name), kind=Kind.CHAT), inputs=kinds, tools="tools" in can, schema=True)


async def _loaded(ask: Ask) -> frozenset[str]:
    system = await ask("/system")
    models = system.get("loaded_models") if isinstance(system, dict) else None
    return frozenset(map(is_name, entries({"data": models}))) - {""}


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it the grammar."""
    if request.grammar is not None:
        body["grammar"] = request.grammar


LOCALAI = Profile(
    type="localai",
    title="LocalAI",
    endpoint="http://127.0.0.1:8080/v1",
    tells_calls=False,
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    extend=_extend,
    grammar=True,
    anybody="",
    loaded=_loaded,
    load=Act("/backend/load"),
    unload=Act("/backend/shutdown"),
    pull=install,
)
