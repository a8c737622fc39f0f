"""llama.cpp's own server, `llama-server` (docs: tools/server/README.md of llama.cpp, build b7100)."""

from typing import Any

from assistant import ChatRequest, ProvidedModel, Provider
from assistant_openai_bridge.listing import entries, is_size, knowing, listed
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["LLAMA_SERVER"]


async def _recognise(ask: Ask) -> bool:
    """It shows how it generates, or says whose its models are. KoboldCpp has a page of that name, too."""
    owners = {entry.get("owned_by") for entry in entries(await ask("models"))}
    if owners & {"llamacpp", "koboldcpp"}:
        return "llamacpp" in owners
    props = await ask("/props")
    return isinstance(props, dict) and "default_generation_settings" in props


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models with what `meta` tells of them, and, of the one that is loaded, `/props`."""
    answer = await ask(path)
    meta = {entry.get("id"): entry.get("meta") for entry in entries(answer)}
    props = await ask("/props")
    told = props if isinstance(props, dict) and len(meta) == 1 else {}
    return [_known(model, meta[model.name], told) for model in listed(answer)]


def _known(model: ProvidedModel, meta: Any, props: dict[str, Any]) -> ProvidedModel:
    can, slots, modalities = model.capabilities, props.get("total_slots"), props.get("modalities")
    settings = props.get("default_generation_settings")
    context = settings.get("n_ctx") if isinstance(settings, dict) else None
    sees = isinstance(modalities, dict) and modalities.get("vision") is True
    parameters = meta.get("n_params") if isinstance(meta, dict) else None
    rank = parameters // 1_000_000 if isinstance(parameters, int) else can.rank
    inputs = can.inputs | {"image"} if sees else can.inputs
    parallel = slots if isinstance(slots, int) and 0 < slots <= 256 else can.parallel
    return knowing(
        model, rank=rank, inputs=inputs, parallel=parallel, context=context if is_size(context) else can.context
    )


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
)
