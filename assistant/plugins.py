"""Find, load and isolate plugins; know what they offer.

pluggy's own loading ends at the first exception and loses the other plugins' results, so plugins are loaded and
their hooks are called one by one here. A plugin that fails is set aside whole: nothing it offered is used.
"""

import importlib
import importlib.metadata
import importlib.util
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pluggy

from assistant import hookspecs
from assistant.engines import API, AnySpec, EngineSpec, Kind
from assistant.errors import ConfigError, PluginError
from assistant.host import Candidate, Observer, ServiceSpec, Tool
from assistant.providers import ProviderSpec
from assistant.skill import Skill

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
    """Names of the engines it offers, or offered when it was set aside; none where it failed before it could say."""


class Plugins:
    """The plugins of this environment and what they offer."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.NAME)
        self._manager.add_hookspecs(hookspecs)
        self._found: dict[str, Plugin] = {}
        self._engines: dict[str, AnySpec] = {}
        self._providers: dict[str, ProviderSpec] | None = None

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
        if (first := self._found.get(name)) is not None:
            failure = PluginError(f"another plugin already has this name: {first.origin}", hint="keep one of them")
            log.warning("plugin %s of %s is set aside: %s", name, origin, failure)
            self._found[f"{name} of {origin}"] = Plugin(name, origin, failure)
            return
        self._found[name] = Plugin(name, origin)
        with self._isolated(name):
            self._register(name, load())
            specs = self._engine_specs(name)
            self._engines.update(specs)
            self._found[name] = Plugin(name, origin, engines=tuple(specs))

    @contextmanager
    def _isolated(self, name: str) -> Iterator[None]:
        """Set a plugin aside by whatever it raises, `sys.exit()` included; only Ctrl-C is a person's.

        What it prints goes to standard error: a program may read the output of the command that runs.
        """
        try:
            with redirect_stdout(sys.stderr):
                yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.set_aside(name, error)

    def set_aside(self, name: str, error: BaseException) -> None:
        """Take a plugin out of use because of *error*, by name."""
        plugin = self._found[name]
        failure = error if isinstance(error, PluginError) else PluginError(f"{type(error).__name__}: {error}")
        log.warning("plugin %s is set aside: %s", name, failure)
        log.debug("plugin %s failed", name, exc_info=error)
        for engine in plugin.engines:
            self._engines.pop(engine, None)
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)
        self._found[name] = replace(plugin, failure=failure)

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._found.values())

    @property
    def engines(self) -> Mapping[str, AnySpec]:
        """Return every engine on offer, by name."""
        return self._engines

    def engine(self, name: str, where: str) -> AnySpec:
        """Return the spec of an engine.

        Raises PluginError where its plugin was set aside, or may be one of those that failed before they could say what
        they offer; otherwise ConfigError that names *where* it was asked for.
        """
        if name in self._engines:
            return self._engines[name]
        broken = [plugin for plugin in self if plugin.failure]
        near = get_close_matches(name, self._engines, 1)
        suspects = [plugin for plugin in broken if name in plugin.engines or name.startswith(plugin.name)]
        if not near:
            suspects = suspects or [plugin for plugin in broken if not plugin.engines]
        if suspects:
            reasons = "; ".join(f"plugin {plugin.name} was set aside: {plugin.failure}" for plugin in suspects)
            raise PluginError(f"there is no engine {name!r}: {reasons}", hint="see `assistant plugins list`")
        hint = (
            f"did you mean {near[0]!r}?" if near else f"in a clone: assistant plugins install plugins/inglenook-{name}"
        )
        raise ConfigError(f"{where}: no plugin offers the engine {name!r}", hint=hint)

    def providers(self) -> dict[str, ProviderSpec]:
        """Return the types of servers on offer, by name; of two of one name, the first."""
        if self._providers is None:
            self._providers = {}
            for name, spec in self._collect("assistant_providers", ProviderSpec):
                if spec.type in self._providers:
                    log.warning("plugin %s offers the provider type %s, which another already offers", name, spec.type)
                self._providers.setdefault(spec.type, spec)
        return self._providers

    def provider(self, type_: str, where: str) -> ProviderSpec:
        """Return what is known of a type of server.

        Raises PluginError where a plugin was set aside that may have offered it; otherwise ConfigError that names
        *where* it was asked for.
        """
        known = self.providers()
        if type_ in known:
            return known[type_]
        if (near := get_close_matches(type_, known, 1)) or not (broken := [each for each in self if each.failure]):
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
            raise ConfigError(f"{where}: no plugin offers the provider type {type_!r}", hint=hint)
        reasons = "; ".join(f"plugin {plugin.name} was set aside: {plugin.failure}" for plugin in broken)
        raise PluginError(f"there is no provider type {type_!r}: {reasons}", hint="see `assistant plugins list`")

    def services(self) -> dict[str, ServiceSpec[Any]]:
        """Return the services on offer, by name."""
        found: dict[str, ServiceSpec[Any]] = {}
        for name, spec in self._collect("assistant_services", ServiceSpec):
            if spec.name in found:
                log.warning("plugin %s offers the service %s, which another already offers", name, spec.name)
            found.setdefault(spec.name, spec)
        return found

    def tools(self, host: object) -> list[Tool]:
        """Return the tools on offer."""
        from assistant.pipeline.tools.arguments import check

        def check_schemas(tools: list[Tool]) -> None:
            for tool in tools:
                check(tool.spec)

        return [tool for _, tool in self._collect("assistant_tools", Tool, check_schemas, host=host)]

    def skills(self, host: object) -> list[Skill]:
        """Return the skills on offer."""
        from assistant.pipeline.tools.arguments import check_slots

        def check_schemas(skills: list[Skill]) -> None:
            for skill in skills:
                for spec in skill.tools.values():
                    check_slots(spec)

        return [skill for _, skill in self._collect("assistant_skills", Skill, check_schemas, host=host)]

    def observers(self) -> list[Observer]:
        """Return the observers on offer."""
        return [observer for _, observer in self._collect("assistant_observers", Observer)]

    def routes(self, host: object) -> list[tuple[str, Any]]:
        """Return the HTTP routes on offer, each with its plugin's name."""
        from aiohttp.web import Application, RouteDef

        def add_to_an_application(routes: list[Any]) -> None:
            Application().add_routes(routes)

        return list(self._collect("assistant_routes", RouteDef, add_to_an_application, host=host))

    def commands(self) -> list[Any]:
        """Return the commands on offer."""
        from click import Command

        def check_names(commands: list[Any]) -> None:
            if not all(command.name for command in commands):
                raise PluginError("assistant_commands returned a command without a name")

        return [command for _, command in self._collect("assistant_commands", Command, check_names)]

    def route_turn(self, request: object, candidates: tuple[Candidate, ...]) -> str | None:
        """Ask plugins which chat model answers; None where no plugin cares."""
        for name, call in self._implementations("assistant_route_turn"):
            choice = None
            with self._isolated(name):
                choice = call(request=request, candidates=candidates)
            if isinstance(choice, str) and choice in [candidate.id for candidate in candidates]:
                return choice
            if choice is not None:
                log.warning("plugin %s chose %.100r, which is no candidate", name, choice)
        return None

    def _register(self, name: str, module: object) -> None:
        for attribute, value in vars(module).items():
            options = getattr(value, f"{hookspecs.NAME}_impl", None)
            if isinstance(options, dict) and (options["wrapper"] or options["hookwrapper"]):
                raise PluginError(f"{attribute} is a hook wrapper, which is refused", hint="return values instead")
        self._manager.register(module, name=name)  # raises for a wrong argument
        unknown = [hook for hook in _marked(module) if not hasattr(hookspecs, hook)]
        if unknown:
            near = get_close_matches(unknown[0], hookspecs.__all__, 1)
            raise PluginError(f"there is no hook named {unknown[0]}", hint=f"did you mean {near[0]}?" if near else "")

    def _engine_specs(self, name: str) -> dict[str, AnySpec]:
        specs: dict[str, AnySpec] = {}
        for owner, call in self._implementations("assistant_engines"):
            if owner != name:
                continue
            for spec in _checked(call(), EngineSpec, "assistant_engines"):
                _check_engine(spec)
                if spec.name in self._engines or spec.name in specs:
                    raise PluginError(f"the engine {spec.name!r} is already on offer", hint="two must not share a name")
                specs[spec.name] = spec
        return specs

    def _collect(
        self, hook: str, wanted: type, check: Callable[[list[Any]], None] = lambda items: None, **arguments: object
    ) -> Iterator[tuple[str, Any]]:
        for name, call in self._implementations(hook):
            items: list[Any] = []
            with self._isolated(name):
                offered = _checked(call(**arguments), wanted, hook)
                check(offered)
                items = offered
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
        if (api := getattr(item, "api", API)) != API:
            raise PluginError(
                f"it was written for plugin interface {api}; this is {API}", hint="get a version for this"
            )
    return found


def _check_engine(spec: AnySpec) -> None:
    if not isinstance(spec.kind, Kind):
        raise PluginError(f"the engine {spec.name!r} is of the kind {spec.kind!r}, which there is not")
    if not (isinstance(spec.config, type) and issubclass(spec.config, msgspec.Struct)):
        raise PluginError(f"the engine {spec.name!r} has no struct as its config", hint="derive it from EngineConfig")


def _marked(module: object) -> list[str]:
    """Return the hooks that *module* means to implement."""
    marks = {name: getattr(value, f"{hookspecs.NAME}_impl", None) for name, value in vars(module).items()}
    return [mark["specname"] or name for name, mark in marks.items() if isinstance(mark, dict)]


def _discover(folder: Path | None) -> Iterator[tuple[str, str, Callable[[], object]]]:
    yield "wav", "part of the core", lambda: importlib.import_module("assistant.wav")
    yield from sorted(_installed(), key=lambda found: found[:2])
    if folder is not None and folder.is_dir():
        for file in sorted(folder.glob("[!._]*.py")):
            yield file.stem, str(file), partial(_load_file, file)


def _installed() -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Yield the plugins of installed distributions; a distribution that is damaged is a plugin that fails to load."""
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        try:
            entries = distribution.entry_points.select(group=hookspecs.NAME)
            name = str(distribution.metadata["Name"]) if entries else ""
            found = [(entry.name, f"{name} {distribution.version}", entry.load) for entry in entries]
        except Exception as error:
            folder = Path(getattr(distribution, "_path", "unknown"))  # its name is in what cannot be read
            found = [(name := folder.stem, f"{folder}, which is damaged", partial(_fail, error))]
        if name not in seen:  # what stands further ahead on the path is what is imported
            yield from found
        seen.add(name)


def _fail(error: Exception) -> object:
    raise error


def _load_file(file: Path) -> object:
    name = f"assistant_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look for their module there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
