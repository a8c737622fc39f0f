"""llama-cpp-python's server, `python -m llama_cpp.server` (its source, release 0.3.36)."""

from typing import Any

from assistant import ChatRequest, Provider
from assistant_openai_bridge.listing import entries
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["LLAMA_CPP_PYTHON"]


async def _recognise(ask: Ask) -> bool:
    """It says of its models that they are its own."""
    return any(entry.get("owned_by") == "me" for entry in entries(await ask("models")))


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it the schema as it knows one, and the grammar."""
    if request.schema is not None:
        body["response_format"] = {"type": "json_object", "schema": request.schema}
    if request.grammar is not None:
        body["grammar"] = request.grammar


LLAMA_CPP_PYTHON = Profile(
    type="llama-cpp-python",
    title="llama-cpp-python's server",
    endpoint="http://127.0.0.1:8000/v1",
    tells_calls=False,
    recognise=_recognise,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    extend=_extend,
    grammar=True,
)
