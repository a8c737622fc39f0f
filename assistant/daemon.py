"""The daemon: configuration, plugins, engines, services. One exit stack takes everything down in reverse order."""

import asyncio
import itertools
import logging
import math
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, suppress

from aiohttp import web

from assistant.assembly import Assembly, assemble, check_required, load_plugins
from assistant.config import Loaded
from assistant.config.roles import roles
from assistant.engines import Kind
from assistant.errors import AssistantError, ConfigError
from assistant.host import ModelStatus, Observer
from assistant.http.app import make_app, serve
from assistant.http.guard import check_bind
from assistant.pipeline.listen import Listener
from assistant.plugins import Plugins
from assistant.streams import heed_cancellation

__all__ = ["run"]

log = logging.getLogger(__name__)

_HEAVY = (Kind.TTS, Kind.STT, Kind.CHAT)
"""Engines that are heavy to load, in the order in which they are: a voice first, which can say sorry for the others."""
_HELD_UP = 10.0
"""Seconds after which an engine that is still opening no longer delays the next one."""
_AGAIN = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds to wait before an engine that failed to open is tried again; the last value repeats."""
_DEAF = 5.0
"""Seconds without a chunk after which a microphone that is open has stalled."""
_LOOK = 1.0
"""Seconds between two looks at whether a microphone gives sound."""
_SETTLING = 15.0
"""Seconds after which a device that gives no sound no longer delays the rest."""
_IMPATIENT = 1.0
"""Seconds after which a second signal is a person's wish, and no longer the first one sent to a whole group."""
_DRAIN = 10.0
"""Seconds that everything may take to end once the daemon was asked to stop."""


async def run(loaded: Loaded, ready: Callable[[int], None] = lambda port: None) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    The HTTP door opens first, engines next; each device listens as soon as its own are open, and *ready* is called with
    the port once everything that can be open is.
    Raises ConfigError or ServiceError where the daemon cannot start; an engine or a device that fails is named by
    `/readyz` and in the log, and the rest runs.
    """
    check_bind(loaded.config.http)
    plugins = load_plugins(loaded)
    async with AsyncExitStack() as stack:
        assembly = await stack.enter_async_context(assemble(loaded, plugins))
        devices = [_Device(name, assembly) for name in loaded.config.devices]
        services = _services(loaded, plugins, assembly)
        observers, routes = plugins.observers(), _routes(assembly)
        check_required(loaded, plugins)  # again: a hook may have failed since
        port = 0
        if loaded.config.http.enabled:
            app = make_app(loaded.config.http, assembly.events, lambda: _closed(assembly, devices), routes)
            port = await stack.enter_async_context(serve(app, loaded.config.http))
        stop = asyncio.Event()
        _on_signal(stop.set)
        await _until(stop, _serve(assembly, devices, services, observers, lambda: ready(port)))
        log.info("stopping")


async def _until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Do *work* until it fails or *stop* is set, even if there is nothing left to do: the HTTP door is still open."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            await stopping
    finally:
        for task in (working, stopping):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _serve(
    assembly: Assembly,
    devices: list["_Device"],
    services: dict[str, Callable[[], Awaitable[None]]],
    observers: list[Observer],
    ready: Callable[[], None],
) -> None:
    async with asyncio.TaskGroup() as group:
        for observer in observers:
            group.create_task(_observe(assembly, observer), name=f"observer {observer.name}")
        for name, service in services.items():
            group.create_task(_keep_serving(name, service), name=f"service {name}")
        for device in devices:
            group.create_task(device.run(), name=f"device {device.name}")
        await _open_all(assembly, group)
        for device in devices:
            with suppress(TimeoutError):  # /readyz names it
                async with asyncio.timeout(_SETTLING):
                    await device.listener.settled.wait()
        ready()
        log.info("ready")


async def _open_all(assembly: Assembly, group: asyncio.TaskGroup) -> None:
    """Open every engine, the light ones first; return when each is open or was tried.

    One is opened after the other: loading is heavy, and a small machine has no two hands for it. But one that takes
    very long, or hangs, delays the others only for a while.
    """
    tried = []
    for model in sorted(assembly.models(), key=lambda m: _HEAVY.index(m.kind) if m.kind in _HEAVY else -1):
        tried.append(first := asyncio.Event())
        group.create_task(_keep_open(assembly, model, first), name=f"open {model.id}")
        with suppress(TimeoutError):
            async with asyncio.timeout(_HELD_UP):
                await first.wait()
    for first in tried:
        await first.wait()


async def _keep_open(assembly: Assembly, model: ModelStatus, tried: asyncio.Event) -> None:
    """Open an engine, however often it takes, and set *tried* after the first time; then prepare it."""
    reason = ""
    for wait in itertools.chain(_AGAIN, itertools.repeat(_AGAIN[-1])):
        try:
            await assembly.pool.open(model.id)
        except AssistantError as error:  # also named by /readyz
            if str(error) != reason:
                log.error("%s%s", error, f" ({error.hint})" if error.hint else "")
            reason = str(error)
        else:
            await assembly.prepare(model.id)
            return
        finally:
            tried.set()
        await asyncio.sleep(wait)


class _Device:
    """A device of the configuration, and whether it hears anything."""

    def __init__(self, name: str, assembly: Assembly) -> None:
        self.name = name
        self.listener = Listener(name, assembly.config.devices[name], assembly.equipment)
        self._assembly = assembly
        self._deaf = False

    async def run(self) -> None:
        """Listen as soon as the device's own engines are open; what cannot be opened, the listener names."""
        for role in roles(self._assembly.config):
            if role.path[:2] == ("devices", self.name) and role.kind is not Kind.SINK:
                with suppress(AssistantError):
                    await self._assembly.pool.open(role.model)
        watching = asyncio.create_task(self._watch(), name=f"watch {self.name}")
        try:
            await self.listener.run()
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def _watch(self) -> None:
        """Notice where an open microphone gives no sound: sources wait for a device that is gone, and tell nobody."""
        while True:
            await self.listener.listening.wait()
            async with aclosing(self.listener.microphone.since(math.inf)) as sound:
                try:
                    async with asyncio.timeout(_DEAF):
                        await anext(sound)
                except TimeoutError:
                    if self.listener.listening.is_set() and not self._deaf:
                        log.error("%s hears nothing: no sound has come for %g s", self.name, _DEAF)
                        self._deaf = True
                    continue
            if self._deaf:
                log.warning("%s hears again", self.name)
            self._deaf = False
            await asyncio.sleep(_LOOK)

    @property
    def trouble(self) -> str:
        """Return why it does not listen; empty where it does."""
        if self.listener.listening.is_set():
            return f"no sound has come for {_DEAF:g} s" if self._deaf else ""
        ended = self.listener.settled.is_set()
        return str(self.listener.failure or ("its sound has ended" if ended else "not listening yet"))


async def _observe(assembly: Assembly, observer: Observer) -> None:
    async with aclosing(assembly.events.subscribe()) as events:
        async for event in events:
            try:
                await observer.see(event)
            except (Exception, SystemExit) as error:
                heed_cancellation(error)
                log.warning("observer %s failed: %s: %s", observer.name, type(error).__name__, error)


async def _keep_serving(name: str, service: Callable[[], Awaitable[None]]) -> None:
    """Run a service; one that fails is named and started again after a while, and the rest goes on."""
    wait = 1.0
    while True:
        try:
            await service()
            log.info("service %s has ended", name)
            return
        except (Exception, SystemExit) as error:
            heed_cancellation(error)
            log.error("service %s failed: %s: %s; again in %g s", name, type(error).__name__, error, wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, 60.0)


def _services(loaded: Loaded, plugins: Plugins, assembly: Assembly) -> dict[str, Callable[[], Awaitable[None]]]:
    offered = plugins.services()
    found: dict[str, Callable[[], Awaitable[None]]] = {}
    for name in loaded.config.services:
        if name not in offered:
            raise ConfigError(
                f"{loaded.layer.place(('services', name))}: services.{name}: no plugin offers this service",
                hint=f"offered: {', '.join(offered) or 'none'}; see `assistant plugins list`",
            )
        spec, section = offered[name], loaded.service(name, offered[name].config)
        found[name] = lambda spec=spec, section=section: spec.run(section, assembly)  # type: ignore[misc]
    return found


def _routes(assembly: Assembly) -> dict[str, list[web.RouteDef]]:
    routes: dict[str, list[web.RouteDef]] = {}
    for name, route in assembly.plugins.routes(assembly):
        routes.setdefault(name, []).append(route)
    return routes


def _closed(assembly: Assembly, devices: list[_Device]) -> dict[str, str]:
    """Name what is not open: models with their state, devices that do not listen or hear nothing."""
    models = {f"model {m.id}": m.reason or m.state for m in assembly.models() if m.state != "open"}
    return models | {f"device {device.name}": device.trouble for device in devices if device.trouble}


def _on_signal(stop: Callable[[], None]) -> None:
    """Stop at the first signal; end the process where an engine's native call holds it up, or at the second."""

    def first() -> None:
        stop()
        timer = threading.Timer(_DRAIN, _abandon)
        timer.daemon = True
        timer.start()
        loop.call_later(_IMPATIENT, hurry)

    def hurry() -> None:
        for name in names:
            loop.add_signal_handler(name, _abandon)

    names = (signal.SIGTERM, signal.SIGINT)
    loop = asyncio.get_running_loop()
    for name in names:
        loop.add_signal_handler(name, first)


def _abandon() -> None:
    """End the process at once: a thread in a native call cannot be stopped, and Python would wait for it for ever."""
    log.error("something does not end, and is left; everything that is kept is on disk")
    os._exit(0)
