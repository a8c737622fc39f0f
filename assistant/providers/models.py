"""Models of other servers as models of the pool, under the name `PROVIDER/MODEL`."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from assistant.config import Config, Loaded
from assistant.config.faults import validate
from assistant.config.roles import of_provider, roles
from assistant.engines import AnySpec, Capabilities, EngineConfig, EngineSpec, Kind
from assistant.errors import AssistantError, ConfigError, EngineUnavailable, PluginError
from assistant.models.pool import Model
from assistant.plugins import Plugins
from assistant.providers.config import ModelTraits
from assistant.providers.spec import ProvidedModel, Provider, ProviderSpec
from assistant.speech import Voice

__all__ = ["Source", "declared", "model_of", "sources"]


@dataclass(frozen=True, slots=True)
class Source:
    """A provider, and the spec of its type."""

    provider: Provider
    """The server."""
    spec: ProviderSpec | None
    """What is known of its type; None where it is not to be used."""
    failure: AssistantError | None = None
    """Why it is not used."""


def sources(loaded: Loaded, plugins: Plugins) -> dict[str, Source]:
    """Return every provider of the configuration by name; raises ConfigError for a type that no plugin offers."""
    found = {}
    for name, section in loaded.config.providers.items():
        where = f"{loaded.layer.place(('providers', name, 'type'))}: providers.{name}.type"
        provider = Provider(name, section.endpoint.rstrip("/"), section)
        if not section.enabled:
            failure = EngineUnavailable(f"provider {name} is switched off", hint=f"providers.{name}.enabled: true")
            found[name] = Source(provider, None, failure)
            continue
        try:
            spec = plugins.provider(section.type, where)
        except PluginError as error:
            provider.log.warning("providers.%s: %s", name, error)
            found[name] = Source(provider, None, error)
            continue
        if not provider.endpoint and not spec.endpoint:
            raise ConfigError(
                f"{loaded.layer.place(('providers', name))}: providers.{name}: it needs an endpoint",
                hint="endpoint: https://HOST/v1",
            )
        options = validate(section.options, spec.options, ("providers", name, "options"), loaded.layer)
        found[name] = Source(replace(provider, endpoint=provider.endpoint or spec.endpoint, options=options), spec)
        if section.log_level:
            provider.log.setLevel(section.log_level.upper())
    return found


def declared(config: Config, found: Mapping[str, Source]) -> Iterator[Model]:
    """Yield the models of providers that the configuration names: in their sections, in roles, in aliases."""
    kinds: dict[str, Kind | None] = {}
    for name, provider in config.providers.items():
        if provider.enabled:
            kinds |= dict.fromkeys(f"{name}/{model}" for model in provider.models)
    aliased = [model for alias in config.aliases.values() for model in alias.models]
    kinds |= {model: None for model in aliased if of_provider(model, config)}
    kinds |= {role.model: role.kind for role in roles(config) if of_provider(role.model, config)}
    for id_, kind in kinds.items():
        name, _, remote = id_.partition("/")
        yield _declared(found[name], remote, kind)


def _declared(source: Source, name: str, kind: Kind | None) -> Model:
    """Return a model of which only the name is known, and for what it is used; of a provider that cannot be used, one
    that is asked in vain."""
    if source.spec is None:
        return _refused(source, name, kind)
    try:
        model = source.spec.describe(source.provider, name)
    except Exception as error:
        failure = PluginError(f"{source.provider}: it cannot describe {name}: {type(error).__name__}: {error}")
        return _refused(replace(source, failure=failure), name, kind)
    traits = source.provider.config.capabilities.get(name)
    wanted = traits.kind if traits else None
    return model_of(source.provider, source.spec, replace(model, kind=Kind(wanted or kind or model.kind)))


def model_of(provider: Provider, spec: ProviderSpec, model: ProvidedModel) -> Model:
    """Return a server's model as one of the pool. What the owner knows of it counts more than what the server tells."""
    model = _with_traits(model, provider.config.capabilities.get(model.name, ModelTraits()))
    capabilities = replace(model.capabilities, local=provider.local and model.capabilities.local)

    def opened(config: EngineConfig) -> AbstractAsyncContextManager[Any]:
        return spec.open(provider, model)

    engine: AnySpec = EngineSpec(
        name=spec.type, kind=model.kind, config=EngineConfig, describe=lambda config: capabilities, open=opened
    )
    return Model(
        f"{provider.name}/{model.name}",
        engine,
        EngineConfig(),
        capabilities,
        load=partial(spec.load, provider, model.name) if spec.load else None,
        unload=partial(spec.unload, provider, model.name) if spec.unload else None,
    )


def _with_traits(model: ProvidedModel, traits: ModelTraits) -> ProvidedModel:
    can = model.capabilities
    inputs = (
        can.inputs if traits.images is None else (can.inputs | {"image"} if traits.images else can.inputs - {"image"})
    )
    known = replace(
        can,
        inputs=inputs,
        tools=can.tools if traits.tools is None else traits.tools,
        schema=can.schema if traits.schema is None else traits.schema,
        rank=can.rank if traits.rank is None else traits.rank,
        context=can.context if traits.context is None else traits.context,
        parallel=can.parallel if traits.parallel is None else traits.parallel,
        continues=can.continues if traits.continues is None else traits.continues,
        tells_calls=can.tells_calls if traits.tells_calls is None else traits.tells_calls,
        good_at=can.good_at if traits.good_at is None else tuple(traits.good_at),
        price=can.price if traits.price is None else traits.price,
        languages=can.languages if traits.languages is None else tuple(traits.languages),
        times=can.times if traits.times is None else traits.times,
        voices=can.voices if traits.voices is None else tuple(map(Voice, traits.voices)),
    )
    return replace(model, kind=Kind(traits.kind or model.kind), capabilities=known)


def _refused(source: Source, name: str, kind: Kind | None) -> Model:
    def refuse(config: EngineConfig) -> AbstractAsyncContextManager[Any]:
        raise source.failure or EngineUnavailable(f"{source.provider} is not used")

    capabilities = Capabilities(local=source.provider.local)
    engine: AnySpec = EngineSpec(
        name=source.provider.config.type,
        kind=kind or Kind.CHAT,
        config=EngineConfig,
        describe=lambda config: capabilities,
        open=refuse,
    )
    return Model(f"{source.provider.name}/{name}", engine, EngineConfig(), capabilities)
