"""Apple's MLX: mlx_lm.server (its source, release 0.32.2) and mlx-omni-server (its source, release 0.5.3)."""

from typing import Any

import msgspec

from assistant import ChatRequest, EngineConfig, Kind, ProvidedModel, Provider
from assistant_openai_bridge.listing import entries, knowing, listed
from assistant_openai_bridge.openapi import title
from assistant_openai_bridge.profile import Ask, Profile

__all__ = ["MLX", "MlxOptions"]

_FIELDS = {"id", "object", "created"}


class MlxOptions(EngineConfig, frozen=True, kw_only=True):
    """Options of a provider of the type `mlx`."""

    adapters: dict[str, str] = msgspec.field(default_factory=dict)
    """LoRA adapters, by the names of the models that they are for: the folder of each on the server's machine,
    `{mlx-community/Qwen3-8B-4bit: /Users/ana/house-style}`."""


async def _recognise(ask: Ask) -> bool:
    """The one calls itself by its name; the other says less of a model than anybody, not even whose it is."""
    if await _is_omni(ask):
        return True
    models = entries(await ask("models"))
    return bool(models) and all(entry.keys() == _FIELDS for entry in models)


async def _is_omni(ask: Ask) -> bool:
    return await title(ask) == "MLX Omni Server"


async def _models(ask: Ask, path: str) -> list[ProvidedModel]:
    """List the models of its cache; it loads one when it is asked for.

    Only mlx-omni-server embeds; it writes one reply at a time, to the end, and answers nobody meanwhile.
    """
    found = listed(await ask(path))
    if await _is_omni(ask):
        return [knowing(model, parallel=1) for model in found]
    return [model for model in found if model.kind is not Kind.EMBED]


def _extend(body: dict[str, Any], request: ChatRequest, provider: Provider) -> None:
    """Tell it the adapter: mlx_lm.server calls it `adapters`, the other `adapter_path`."""
    adapters = provider.options.adapters if isinstance(provider.options, MlxOptions) else {}
    if folder := adapters.get(body["model"]):
        body |= {"adapters": folder, "adapter_path": folder}


MLX = Profile(
    type="mlx",
    title="MLX (mlx_lm.server, mlx-omni-server)",
    endpoint="http://127.0.0.1:8080/v1",
    tells_calls=False,
    recognise=_recognise,
    models=_models,
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    extend=_extend,
    options=MlxOptions,
    schema=False,
    logprobs=False,
)
