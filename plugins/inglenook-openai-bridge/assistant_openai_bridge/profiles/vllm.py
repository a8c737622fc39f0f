"""vLLM (docs: serving/openai_compatible_server.md and features/structured_outputs.md of vLLM 0.11)."""

from typing import Any

from assistant import ChatRequest, Provider
from assistant_openai_bridge.listing import entries
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["VLLM"]


async def _recognise(ask: Ask) -> bool:
    """It says whose its models are, LoRA adapters among them."""
    return any(entry.get("owned_by") == "vllm" for entry in entries(await ask("models")))


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it the grammar, which older releases called `guided_grammar`, and to go on with a reply that was begun."""
    if request.grammar is not None:
        body["structured_outputs"] = {"grammar": request.grammar}
        body["guided_grammar"] = request.grammar
    if request.messages[-1].role == "assistant":
        body |= {"continue_final_message": True, "add_generation_prompt": False}


VLLM = Profile(
    type="vllm",
    title="vLLM",
    endpoint="http://127.0.0.1:8000/v1",
    recognise=_recognise,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    extend=_extend,
    grammar=True,
    continues=True,
)
