"""Find, load and isolate plugins; know what they offer.

pluggy's own loading ends at the first exception and loses the other plugins' results, so plugins are loaded and
their hooks are called one by one here. A plugin that fails is set aside whole: nothing it offered is used.
"""

import importlib
import importlib.metadata
import importlib.util
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pluggy

from assistant import hookspecs
from assistant.engines import API, AnySpec, EngineSpec
from assistant.errors import ConfigError, PluginError
from assistant.host import Candidate, Observer, ServiceSpec, Tool

__all__ = ["Plugin", "Plugins"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that was found."""

    name: str
    """Its entry point's name, or the file's stem."""
    origin: str
    """The distribution and version, or the file."""
    failure: PluginError | None = None
    """Why it was set aside; None where it is in use."""
    disabled: bool = False
    """Whether the configuration switched it off."""
    engines: tuple[str, ...] = ()
    """Names of the engines it offers."""


class Plugins:
    """The plugins of this environment and what they offer."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.NAME)
        self._manager.add_hookspecs(hookspecs)
        self._found: dict[str, Plugin] = {}
        self._engines: dict[str, AnySpec] = {}

    @classmethod
    def load(cls, *, disabled: Iterable[str] = (), folder: Path | None = None) -> "Plugins":
        """Load the installed plugins and the single-file plugins of *folder*, and ask them for engines."""
        plugins = cls()
        switched_off = frozenset(disabled)
        for name, origin, load in _discover(folder):
            if name in switched_off:
                plugins._found[name] = Plugin(name, origin, disabled=True)
            else:
                plugins.add(name, load, origin)
        return plugins

    def add(self, name: str, load: Callable[[], object], origin: str = "") -> None:
        """Load one plugin and take its engines; set it aside where anything about it fails."""
        self._found[name] = Plugin(name, origin)
        try:
            module = load()
            self._register(name, module)
            specs = self._engine_specs(name)
        except Exception as error:
            self.set_aside(name, error)
            return
        self._engines.update({spec.name: spec for spec in specs})
        self._found[name] = Plugin(name, origin, engines=tuple(spec.name for spec in specs))

    def set_aside(self, name: str, error: Exception) -> None:
        """Take a plugin out of use because of *error*, by name."""
        plugin = self._found[name]
        failure = error if isinstance(error, PluginError) else PluginError(f"{type(error).__name__}: {error}")
        log.warning("plugin %s is set aside: %s", name, failure)
        log.debug("plugin %s failed", name, exc_info=error)
        for engine in plugin.engines:
            del self._engines[engine]
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)
        self._found[name] = Plugin(name, plugin.origin, failure)

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._found.values())

    @property
    def engines(self) -> Mapping[str, AnySpec]:
        """Return every engine on offer, by name."""
        return self._engines

    def engine(self, name: str, where: str) -> AnySpec:
        """Return the spec of an engine; raises ConfigError that names *where* it was asked for."""
        if name in self._engines:
            return self._engines[name]
        broken = [plugin for plugin in self if plugin.failure]
        if near := get_close_matches(name, self._engines, 1):
            hint = f"did you mean {near[0]!r}?"
        elif broken:
            hint = "; ".join(f"plugin {plugin.name} was set aside: {plugin.failure}" for plugin in broken)
        else:
            hint = f"try: assistant plugins install inglenook-{name}"
        raise ConfigError(f"{where}: no plugin offers the engine {name!r}", hint=hint)

    def services(self) -> dict[str, ServiceSpec[Any]]:
        """Return the services on offer, by name."""
        return {spec.name: spec for _, spec in self._collect("assistant_services", ServiceSpec)}

    def tools(self, host: object) -> list[Tool]:
        """Return the tools on offer."""
        return [tool for _, tool in self._collect("assistant_tools", Tool, host=host)]

    def observers(self) -> list[Observer]:
        """Return the observers on offer."""
        return [observer for _, observer in self._collect("assistant_observers", Observer)]

    def routes(self, host: object) -> list[tuple[str, Any]]:
        """Return the HTTP routes on offer, each with its plugin's name."""
        return list(self._collect("assistant_routes", object, host=host))

    def commands(self) -> list[Any]:
        """Return the commands on offer."""
        return [command for _, command in self._collect("assistant_commands", object)]

    def route_turn(self, request: object, candidates: tuple[Candidate, ...]) -> str | None:
        """Ask plugins which chat model answers; None where no plugin cares."""
        for name, call in self._implementations("assistant_route_turn"):
            try:
                choice = call(request=request, candidates=candidates)
            except Exception as error:
                self.set_aside(name, error)
                continue
            if choice in {candidate.id for candidate in candidates}:
                return str(choice)
            if choice is not None:
                log.warning("plugin %s chose %r, which is no candidate", name, choice)
        return None

    def _register(self, name: str, module: object) -> None:
        for attribute, value in vars(module).items():
            options = getattr(value, f"{hookspecs.NAME}_impl", None)
            if options and (options["wrapper"] or options["hookwrapper"]):
                raise PluginError(f"{attribute} is a hook wrapper, which is refused", hint="return values instead")
        self._manager.register(module, name=name)  # raises for a wrong argument
        unknown = [hook for hook in _marked(module) if not hasattr(hookspecs, hook)]
        if unknown:
            near = get_close_matches(unknown[0], hookspecs.__all__, 1)
            raise PluginError(f"there is no hook named {unknown[0]}", hint=f"did you mean {near[0]}?" if near else "")

    def _engine_specs(self, name: str) -> list[AnySpec]:
        specs: list[AnySpec] = []
        for owner, call in self._implementations("assistant_engines"):
            if owner == name:
                specs.extend(_checked(call(), EngineSpec, "assistant_engines"))
        for spec in specs:
            if spec.api != API:
                raise PluginError(f"it was written for plugin interface {spec.api}; this is {API}")
            if spec.name in self._engines:
                raise PluginError(f"another plugin already offers the engine {spec.name!r}")
        return specs

    def _collect(self, hook: str, wanted: type, **arguments: object) -> Iterator[tuple[str, Any]]:
        for name, call in self._implementations(hook):
            try:
                items = _checked(call(**arguments), wanted, hook)
                if any(getattr(item, "api", API) != API for item in items):
                    raise PluginError(f"it was written for another plugin interface; this is {API}")
            except Exception as error:
                self.set_aside(name, error)
                continue
            yield from ((name, item) for item in items)

    def _implementations(self, hook: str) -> list[tuple[str, Callable[..., Any]]]:
        """Return a hook's implementations in the order in which they were registered."""
        found = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            names = implementation.argnames

            def call(
                _function: Callable[..., Any] = implementation.function,
                _names: tuple[str, ...] = names,
                **arguments: object,
            ) -> Any:
                return _function(*(arguments[name] for name in _names))

            found.append((implementation.plugin_name, call))
        return found


def _checked(items: Iterable[Any] | None, wanted: type, hook: str) -> list[Any]:
    found = list(items or ())
    for item in found:
        if not isinstance(item, wanted):
            raise PluginError(f"{hook} returned {type(item).__name__}, not {wanted.__name__}")
    return found


def _marked(module: object) -> list[str]:
    names = [name for name, value in vars(module).items() if inspect.isroutine(value)]
    return [name for name in names if hasattr(getattr(module, name), f"{hookspecs.NAME}_impl")]


def _discover(folder: Path | None) -> Iterator[tuple[str, str, Callable[[], object]]]:
    yield "wav", "part of the core", lambda: importlib.import_module("assistant.wav")
    for entry in sorted(importlib.metadata.entry_points(group=hookspecs.NAME), key=lambda entry: entry.name):
        distribution = entry.dist
        origin = f"{distribution.name} {distribution.version}" if distribution else entry.value
        yield entry.name, origin, entry.load
    if folder is not None and folder.is_dir():
        for file in sorted(folder.glob("*.py")):
            yield file.stem, str(file), lambda file=file: _load_file(file)  # type: ignore[misc]


def _load_file(file: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"assistant_plugin_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
