"""A real Home Assistant with its demo entities, in a folder and a process of its own.

The variable INGLENOOK_HASS says where its program `hass` is: `pip install homeassistant==2025.4.4` on Python 3.13, into
a virtual environment of its own.
"""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CONFIGURATION = """
homeassistant: {{name: Test, time_zone: UTC, unit_system: metric}}
http: {{server_host: 127.0.0.1, server_port: {port}}}
api:
websocket_api:
config:
onboarding:
conversation:
demo:
logger: {{default: error}}
"""
_STARTS = 120.0

ROOMS = {
    "Bedroom": (["Schlafzimmer", "chambre", "dormitorio"], ["light.bed_light", "cover.hall_window"]),
    "Kitchen": (["Küche", "cuisine", "cocina"], ["light.kitchen_lights", "cover.kitchen_window", "switch.ac"]),
    "Living Room": (["Wohnzimmer", "salon", "salón"], ["light.living_room_rgbww_lights", "cover.living_room_window"]),
    "Office": (["Büro", "bureau", "oficina"], ["light.office_rgbw_lights", "fan.living_room_fan"]),
}
ALIASES = {
    "light.bed_light": ["reading lamp", "Nachttischlampe", "lampe de chevet", "lámpara de noche"],
    "light.ceiling_lights": ["Stehlampe", "lampadaire", "lámpara de pie"],
    "fan.ceiling_fan": ["Ventilator", "ventilateur", "ventilador"],
    "cover.kitchen_window": ["Rollo", "volet", "persiana"],
    "climate.hvac": ["Thermostat", "termostato"],
    "switch.ac": ["Klimaanlage", "climatiseur", "aire acondicionado"],
}


class RealHomeAssistant:
    """One that can be stopped and started again."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
        folder.joinpath("configuration.yaml").write_text(CONFIGURATION.format(port=port))
        self.url = f"http://127.0.0.1:{port}"
        self.token = ""
        self._command = [program, "-c", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it takes some seconds until it answers."""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=quiet, stderr=quiet)

    def stop(self) -> None:
        """Have it stop, and keep what it knows."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states, by a connection that the plugin knows nothing of."""
        async with self._session() as session, session.get("/api/states") as response:
            return {state["entity_id"]: state for state in await response.json()}

    async def call(self, service: str, entity: str, **data: Any) -> None:
        """Call a service, as somebody at the wall switch would."""
        address = f"/api/services/{service.replace('.', '/')}"
        async with self._session() as session, session.post(address, json={"entity_id": entity, **data}) as response:
            assert response.status == 200, await response.text()

    @asynccontextmanager
    async def commands(self) -> AsyncGenerator[Callable[..., Awaitable[Any]], None]:
        """Lend what sends commands of the WebSocket API, and returns their results."""
        async with self._session() as session, session.ws_connect("/api/websocket") as ws:
            number = 0

            async def command(kind: str, **arguments: Any) -> Any:
                nonlocal number
                number += 1
                await ws.send_json({"id": number, "type": kind, **arguments})
                reply = await ws.receive_json()
                assert reply["success"], (kind, arguments, reply)
                return reply["result"]

            await ws.receive_json()
            await ws.send_json({"type": "auth", "access_token": self.token})
            await ws.receive_json()
            yield command

    async def furnish(self) -> None:
        """Make the first user and a long-lived token, and put some of the demo's things into rooms."""
        async with asyncio.timeout(_STARTS):
            self.token = await self._first_user()
        async with self.commands() as command:
            rooms = {area["name"]: area["area_id"] for area in await command("config/area_registry/list")}
            floor = await command("config/floor_registry/create", name="Upstairs", aliases=["first floor"])
            for name, (aliases, things) in ROOMS.items():
                if name not in rooms:
                    rooms[name] = (await command("config/area_registry/create", name=name))["area_id"]
                await command("config/area_registry/update", area_id=rooms[name], aliases=aliases)
                for id_ in things:
                    await command("config/entity_registry/update", entity_id=id_, area_id=rooms[name])
            await command("config/area_registry/update", area_id=rooms["Bedroom"], floor_id=floor["floor_id"])
            for id_, aliases in ALIASES.items():
                await command("config/entity_registry/update", entity_id=id_, aliases=aliases)
            await self.expose("lock.front_door", "lock.kitchen_door")
            self.token = str(await command("auth/long_lived_access_token", client_name="test", lifespan=1))

    async def expose(self, *ids: str, to_assist: bool = True) -> None:
        """Show things to voice assistants, or hide them."""
        async with self.commands() as command:
            await command(
                "homeassistant/expose_entity",
                assistants=["conversation"],
                entity_ids=list(ids),
                should_expose=to_assist,
            )

    async def _first_user(self) -> str:
        person = {"client_id": f"{self.url}/", "name": "a", "username": "a", "password": "a", "language": "en"}
        async with self._session() as session:
            while True:
                try:
                    async with session.post("/api/onboarding/users", json=person) as response:
                        if response.status == 200:
                            code = (await response.json())["auth_code"]
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.5)
            form = {"grant_type": "authorization_code", "code": code, "client_id": f"{self.url}/"}
            async with session.post("/auth/token", data=form) as response:
                return str((await response.json())["access_token"])

    def _session(self) -> aiohttp.ClientSession:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return aiohttp.ClientSession(self.url, headers=headers)


def program() -> str | None:
    """Return where the program `hass` is; None where nobody says."""
    return os.environ.get("INGLENOOK_HASS")
