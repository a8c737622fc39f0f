"""The daemon: configuration, plugins, engines, services. One exit stack takes everything down in reverse order."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial

from assistant.assembly import Assembly, assemble, check_required, load_plugins
from assistant.config import Loaded
from assistant.daemon.announcing import Announcer, announced
from assistant.daemon.device import Device
from assistant.daemon.opening import import_numpy, open_all
from assistant.daemon.scarcity import heed_scarcity
from assistant.daemon.services import Service, keep_serving, observe, plugin_routes, wanted_services
from assistant.daemon.stopping import heed_signals, until
from assistant.daemon.supervision import supervised
from assistant.host import Observer
from assistant.http.app import local_address, make_app, serve
from assistant.http.doors import doors
from assistant.http.guard import check_bind
from assistant.lan.advertise import advertise, is_told
from assistant.paths import state_folder
from assistant.pipeline.house_names import place_names
from assistant.state import state_file
from assistant.state.damage import set_aside_if_damaged
from assistant.state.lock import hold
from assistant.timers.ringing import Ringer

__all__ = ["run"]

log = logging.getLogger(__name__)

_SETTLING = 15.0
"""Seconds after which a device that gives no sound no longer delays the rest."""


async def run(loaded: Loaded, ready: Callable[[int], None] = lambda port: None) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    The HTTP door opens first, engines next; each device listens as soon as its own are open, and *ready* is called with
    the port once everything that can be open is.
    Raises ConfigError or ServiceError where the daemon cannot start; an engine or a device that fails is named by
    `/readyz` and in the log, and the rest runs.
    """
    check_bind(loaded.config.http)
    heed_scarcity(asyncio.get_running_loop())
    plugins = load_plugins(loaded)
    async with AsyncExitStack() as stack:
        lock = stack.enter_context(hold(state_folder()))
        set_aside_if_damaged(state_file())
        assembly = await stack.enter_async_context(assemble(loaded, plugins))
        devices = [Device(name, assembly) for name in loaded.config.devices]
        services = wanted_services(loaded, plugins, assembly)
        observers, routes = plugins.observers(), plugin_routes(plugins, assembly)
        check_required(loaded, plugins)  # again: a hook may have failed since
        trouble = partial(_closed, assembly, devices)
        port = 0
        if loaded.config.http.enabled:
            served = doors(assembly, {device.name: device.listener.microphone for device in devices})
            keys, audit = assembly.keys, assembly.audit
            app = make_app(loaded.config.http, assembly.events, trouble, routes, served, keys, audit)
            port = await stack.enter_async_context(serve(app, loaded.config.http))
            lock.tell(local_address(loaded.config.http, port))
        if is_told(loaded.config):
            kinds = [model.kind for model in assembly.models()]
            services["advert on the local network"] = partial(advertise, loaded.config, kinds, port)
        stop = asyncio.Event()
        heed_signals(stop.set)
        tell = await stack.enter_async_context(supervised(assembly, trouble))

        def opened() -> None:
            tell()
            ready(port)

        await until(stop, _serve(assembly, devices, services, observers, opened))
        log.info("stopping")


async def _serve(
    assembly: Assembly,
    devices: list[Device],
    services: Mapping[str, Service],
    observers: list[Observer],
    ready: Callable[[], None],
) -> None:
    async with asyncio.TaskGroup() as group:
        kept = assembly.config.history.seconds
        group.create_task(assembly.state.history.expire(kept), name="history")
        group.create_task(assembly.state.audit.expire(assembly.config.audit.seconds), name="audit")
        group.create_task(assembly.controls.follow(), name="controls")
        group.create_task(assembly.providers.run(), name="providers")
        group.create_task(keep_serving("timers", assembly.timers.run), name="timers")
        listeners = {device.name: device.listener for device in devices}
        if spoken_of := announced(assembly.config):
            status, events = assembly.providers.status, assembly.events
            announcer = Announcer(spoken_of, status, events, listeners, assembly.equipment)
            group.create_task(keep_serving("announcements of servers", announcer.run), name="announcements of servers")
        await import_numpy()
        ringer = Ringer(assembly.timers, listeners, assembly.equipment)
        group.create_task(keep_serving("ringing", ringer.run), name="ringing")
        group.create_task(keep_serving("names of the house", partial(place_names, assembly.equipment)), name="names")
        for observer in observers:
            group.create_task(observe(assembly.events, observer), name=f"observer {observer.name}")
        for name, service in services.items():
            group.create_task(keep_serving(name, service), name=f"service {name}")
        for device in devices:
            group.create_task(device.run(), name=f"device {device.name}")
        await open_all(assembly, group)
        for device in devices:
            with suppress(TimeoutError):  # /readyz names it
                async with asyncio.timeout(_SETTLING):
                    await device.listener.settled.wait()
        ready()
        log.info("ready")


def _closed(assembly: Assembly, devices: list[Device]) -> dict[str, str]:
    """Name what is not open: models with their state, devices that do not listen or hear nothing.

    Nobody waits for a voice that only stands in for others, nor for another server's model before it is asked.
    """
    needed = [
        model
        for model in assembly.models()
        if not assembly.pool.model(model.id).spec.stands_in and model.id not in assembly.providers
    ]
    models = {f"model {m.id}": m.reason or m.state for m in needed if m.state != "open"}
    return models | {f"device {device.name}": device.trouble for device in devices if device.trouble}
