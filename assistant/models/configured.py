"""The models of a configuration, as their engines see them: what cannot be is told before anything is opened."""

import logging
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

from assistant.config import Loaded
from assistant.config.roles import roles
from assistant.engines import AnySpec, Capabilities, EngineConfig, EngineSpec, Kind
from assistant.errors import AssistantError, ConfigError, ModelError, PluginError
from assistant.models.fitting import suited
from assistant.models.pool import Model
from assistant.models.references import resolve
from assistant.models.store import Store
from assistant.plugins import Plugins
from assistant.providers.models import declared, sources

__all__ = ["read_models"]

log = logging.getLogger(__name__)


def read_models(loaded: Loaded, plugins: Plugins) -> dict[str, Model]:
    """Validate every model of the configuration by its engine; raises ConfigError that points at the key.

    Those of other servers are among them as far as the configuration names them.

    A model whose plugin was set aside fails when it is opened. Where nobody uses it, nothing tells what it is for, and
    it is left out.
    """
    kinds = {role.model: role.kind for role in roles(loaded.config)}
    models, store = {}, Store.default()
    for id_ in loaded.config.models:
        try:
            models[id_] = _model(id_, loaded, plugins, store)
        except PluginError as failure:
            log.warning("models.%s: %s", id_, failure)
            if id_ in kinds:
                models[id_] = _missing(id_, loaded.config.models[id_].engine, kinds[id_], failure)
    models |= {model.id: model for model in declared(loaded.config, sources(loaded, plugins))}
    for role in roles(loaded.config):
        kind = models[role.model].spec.kind
        if kind is not role.kind:
            raise ConfigError(
                f"{loaded.layer.place(role.path)}: {'.'.join(role.path)}: "
                f"the model {role.model!r} is of kind {kind}, and {role.kind} is needed",
                hint=f"of that kind: {', '.join(i for i, m in models.items() if m.spec.kind is role.kind) or 'none'}",
            )
    return models


def _model(id_: str, loaded: Loaded, plugins: Plugins, store: Store) -> Model:
    where = f"{loaded.layer.place(('models', id_, 'engine'))}: models.{id_}.engine"
    spec: AnySpec = plugins.engine(loaded.config.models[id_].engine, where)
    config: EngineConfig = suited(spec, loaded.options(id_, spec.config), id_, loaded)

    def opened(config: EngineConfig) -> AbstractAsyncContextManager[Any]:
        return plugins.engine(spec.name, where).open(config)  # asked again: a hook that failed since sets it aside

    try:
        capabilities = spec.describe(_with_files(config, store))
        if not isinstance(capabilities, Capabilities):
            raise TypeError(f"{type(capabilities).__name__} is not Capabilities")
    except ConfigError:
        raise
    except AssistantError as error:
        failure = error
    except Exception as error:
        failure = PluginError(
            f"the engine {spec.name} cannot describe itself: {type(error).__name__}: {error}",
            hint="report it to the plugin's author, or choose another engine",
        )
    else:
        return Model(id_, replace(spec, open=opened), config, capabilities)
    log.warning("models.%s: %s", id_, failure)
    return Model(id_, replace(spec, open=partial(_refuse, failure)), config, Capabilities())


def _with_files(config: EngineConfig, store: Store) -> EngineConfig:
    """Return *config* with the paths of its models, which tell how large they are; as it is where one is not there."""
    try:
        return resolve(config, store)
    except ModelError:
        return config


def _missing(id_: str, engine: str, kind: Kind, failure: PluginError) -> Model:
    """Return a model whose plugin was set aside, to be named and used in vain."""
    spec: AnySpec = EngineSpec(
        name=engine,
        kind=kind,
        config=EngineConfig,
        describe=lambda config: Capabilities(),
        open=partial(_refuse, failure),
    )
    return Model(id_, spec, EngineConfig(), Capabilities())


def _refuse(failure: AssistantError, config: EngineConfig) -> NoReturn:
    """Open no engine: the one model fails by its name, and the rest runs."""
    raise failure
