"""Other servers of models, each as a type of provider: those that speak as OpenAI does, with their habits."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from importlib import import_module
from types import ModuleType

from assistant import (
    Chat,
    Embed,
    EngineError,
    EngineUnavailable,
    Kind,
    ProvidedModel,
    Provider,
    ProviderSpec,
    PullProgress,
    Stt,
    Tts,
    hookimpl,
    in_thread,
    remote_embed,
)
from assistant_openai_bridge.profile import Profile
from assistant_openai_bridge.profiles import PROFILES
from assistant_openai_bridge.voices import voiced

__all__ = ["assistant_providers", "spec_of"]


async def _models(profile: Profile, provider: Provider) -> Sequence[ProvidedModel]:
    await _load()
    from assistant_openai_bridge.client import connected

    path = provider.config.parameters.model_endpoint.lstrip("/") or profile.model_endpoint
    async with connected(provider) as client:
        if await client.get(path) is None:
            raise EngineError(
                f"{provider} does not list its models, as a server of models does at {path}",
                hint=f"providers.{provider.name}.endpoint: for most servers it ends in /v1",
            )
        models = [profile.bounded(model) for model in await profile.models(client.get, path)]
        return await voiced(client.get, profile.voices_endpoint, models)


async def _recognise(profile: Profile, provider: Provider) -> bool:
    await _load()
    from assistant_openai_bridge.client import connected

    async with connected(provider) as client:
        try:
            return await profile.recognise(client.get)
        except EngineError:
            return False


async def _memory() -> ModuleType:
    await _load()
    return import_module("assistant_openai_bridge.memory")


async def _loaded(profile: Profile, provider: Provider) -> frozenset[str]:
    names: frozenset[str] = await (await _memory()).loaded(profile, provider)
    return names


async def _load_model(profile: Profile, provider: Provider, model: str) -> None:
    await (await _memory()).load(profile, provider, model)


async def _unload_model(profile: Profile, provider: Provider, model: str) -> None:
    await (await _memory()).unload(profile, provider, model)


async def _pull(profile: Profile, provider: Provider, model: str) -> AsyncGenerator[PullProgress, None]:
    await _load()
    from assistant_openai_bridge.client import connected

    assert profile.pull is not None
    async with connected(provider) as client, aclosing(profile.pull(client, model)) as progress:
        async for part in progress:
            yield part


@asynccontextmanager
async def _open(
    profile: Profile, provider: Provider, model: ProvidedModel
) -> AsyncGenerator[Chat | Embed | Stt | Tts, None]:
    await _load()
    if model.kind is Kind.EMBED:
        from assistant_openai_bridge.embed import asking

        async with remote_embed(provider, model.name, asking(provider, profile, model.name)) as embed:
            yield embed
        return
    from assistant_openai_bridge.client import connected

    async with connected(provider) as client:
        match model.kind:
            case Kind.STT:
                from assistant_openai_bridge.hear import BridgeStt

                yield BridgeStt(client, profile, model)
            case Kind.TTS:
                from assistant_openai_bridge.speak import BridgeTts

                yield BridgeTts(client, profile, model)
            case _:
                from assistant_openai_bridge.chat import BridgeChat

                yield BridgeChat(client, profile, model.name)


async def _load() -> None:
    """Import openai, which takes a second, beside the loop; raises EngineUnavailable where it cannot be."""
    try:
        await in_thread(lambda: import_module("assistant_openai_bridge.client"))
    except ImportError as error:
        raise EngineUnavailable(
            f"openai cannot be loaded: {error}", hint="install it again: pip install openai"
        ) from error


def spec_of(profile: Profile) -> ProviderSpec:
    """Return a profile as the core takes it."""
    return ProviderSpec(
        type=profile.type,
        title=profile.title,
        endpoint=profile.endpoint,
        describe=lambda provider, name: profile.bounded(profile.describe(name)),
        models=partial(_models, profile),
        recognise=partial(_recognise, profile),
        open=partial(_open, profile),
        options=profile.options,
        loaded=partial(_loaded, profile) if profile.loaded else None,
        load=partial(_load_model, profile) if profile.load else None,
        unload=partial(_unload_model, profile) if profile.unload else None,
        pull=partial(_pull, profile) if profile.pull else None,
    )


@hookimpl
def assistant_providers() -> list[ProviderSpec]:
    """Offer every profile."""
    return [spec_of(profile) for profile in PROFILES]
