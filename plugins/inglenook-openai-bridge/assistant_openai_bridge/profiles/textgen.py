"""text-generation-webui (its source, release 4.7.3)."""

from typing import Any

from assistant import ChatRequest, Provider
from assistant_openai_bridge.openapi import paths
from assistant_openai_bridge.profile import Act, Ask, Profile

__all__ = ["TEXTGEN"]

_INFO = "/v1/internal/model/info"


async def _recognise(ask: Ask) -> bool:
    """It has pages of its own for the model that is loaded."""
    return _INFO in await paths(ask)


async def _loaded(ask: Ask) -> frozenset[str]:
    info = await ask(_INFO)
    name = info.get("model_name") if isinstance(info, dict) else None
    return frozenset({name}) if isinstance(name, str) and name != "None" else frozenset()


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it the grammar."""
    if request.grammar is not None:
        body["grammar_string"] = request.grammar


TEXTGEN = Profile(
    type="textgen",
    title="text-generation-webui",
    endpoint="http://127.0.0.1:5000/v1",
    tells_calls=False,
    recognise=_recognise,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    extend=_extend,
    grammar=True,
    schema=False,
    parallel=1,
    loaded=_loaded,
    load=Act("/v1/internal/model/load", "model_name"),
    unload=Act("/v1/internal/model/unload", "model_name"),
    answers=lambda asked, answered: answered == asked,
)
