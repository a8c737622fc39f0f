"""vLLM (its source, release 0.32.0)."""

from dataclasses import replace
from typing import Any

from assistant import ChatRequest, EngineError, Kind, ProvidedModel, Provider
from assistant_openai_bridge.listing import entries, guessed, is_name, is_size, knowing, listed
from assistant_openai_bridge.openapi import paths
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["VLLM"]

_OWN_PAGES = {"/version", "/load", "/detokenize"}
"""Pages that it describes to anybody, though it wants a key for its models."""


async def _recognise(ask: Ask) -> bool:
    """It says whose its models are, LoRA adapters among them; to whom it says nothing of them, which pages it has."""
    try:
        return any(entry.get("owned_by") == "vllm" for entry in entries(await ask("models")))
    except EngineError:
        return await paths(ask) >= _OWN_PAGES


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the model and its LoRA adapters, while the engine behind them lives: without, `/health` answers 503."""
    await ask("/health")
    answer = await ask(path)
    cards = {is_name(entry): entry for entry in entries(answer)}
    pages = await paths(ask)
    places = "/v1/embeddings" in pages and "/v1/chat/completions" not in pages
    return [_known(model, cards[model.name], cards, places) for model in listed(answer)]


def _known(model: ProvidedModel, card: dict[str, Any], cards: dict[str, dict[str, Any]], places: bool) -> ProvidedModel:
    """Return what is known of a model: `root` is its real name, and an adapter can what its `parent` can."""
    base = cards.get(str(card.get("parent")), card)
    root = base.get("root")
    really = guessed(root) if isinstance(root, str) else model
    if places or really.kind is not Kind.CHAT:
        return replace(really, name=model.name, kind=Kind.EMBED if places else really.kind)
    can, longest = model.capabilities, base.get("max_model_len")
    return knowing(
        model,
        rank=really.capabilities.rank or can.rank,
        inputs=can.inputs | really.capabilities.inputs,
        context=longest if is_size(longest) else can.context,
    )


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it the grammar, which older releases called `guided_grammar`, and to go on with a reply begun."""
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
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    extend=_extend,
    grammar=True,
    continues=True,
)
