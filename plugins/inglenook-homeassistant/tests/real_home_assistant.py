"""A real Home Assistant with its demo entities, in a folder and a process of its own.

It is found as the program `hass`, or where the variable INGLENOOK_HASS says: `pip install homeassistant` into a virtual
environment of its own, 2025.4.4 on Python 3.13.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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


@dataclass
class RealHomeAssistant:
    """Where it is, and how to get in."""

    url: str
    token: str
    session: aiohttp.ClientSession

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states, by a connection that the plugin knows nothing of."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.get(f"{self.url}/api/states", headers=headers) as response:
            return {state["entity_id"]: state for state in await response.json()}

    async def call(self, service: str, entity: str, **data: Any) -> None:
        """Call a service, as somebody at the wall switch would."""
        headers = {"Authorization": f"Bearer {self.token}"}
        address = f"{self.url}/api/services/{service.replace('.', '/')}"
        async with self.session.post(address, json={"entity_id": entity, **data}, headers=headers) as response:
            assert response.status == 200, await response.text()


def program() -> str | None:
    """Return the program `hass`; None where there is none."""
    return os.environ.get("INGLENOOK_HASS") or shutil.which("hass")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@asynccontextmanager
async def home_assistant(hass: str, folder: Path) -> AsyncIterator[RealHomeAssistant]:
    """Start it, make its first user and a long-lived token, and put some of its things into rooms."""
    port = free_port()
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(hass, "-c", str(folder), stdout=quiet, stderr=quiet)
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as session:
            async with asyncio.timeout(_STARTS):
                token = await _first_user(session, url)
                async with session.ws_connect(f"{url}/api/websocket") as ws:
                    token = await _furnish(ws, token)
            yield RealHomeAssistant(url, token, session)
    finally:
        process.terminate()
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _first_user(session: aiohttp.ClientSession, url: str) -> str:
    person = {"client_id": f"{url}/", "name": "a", "username": "a", "password": "a", "language": "en"}
    while True:
        try:
            async with session.post(f"{url}/api/onboarding/users", json=person) as response:
                if response.status == 200:
                    code = (await response.json())["auth_code"]
                    break
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.5)
    form = {"grant_type": "authorization_code", "code": code, "client_id": f"{url}/"}
    async with session.post(f"{url}/auth/token", data=form) as response:
        return str((await response.json())["access_token"])


ROOMS = {
    "Bedroom": ("light.bed_light", "cover.hall_window"),
    "Kitchen": ("light.kitchen_lights", "cover.kitchen_window", "switch.ac"),
    "Living Room": ("light.living_room_rgbww_lights", "cover.living_room_window"),
    "Office": ("light.office_rgbw_lights", "fan.living_room_fan"),
}


async def _furnish(ws: aiohttp.ClientWebSocketResponse, token: str) -> str:
    number = 0

    async def command(kind: str, **arguments: Any) -> Any:
        nonlocal number
        number += 1
        await ws.send_json({"id": number, "type": kind, **arguments})
        reply = await ws.receive_json()
        assert reply["success"], (kind, arguments, reply)
        return reply["result"]

    await ws.receive_json()
    await ws.send_json({"type": "auth", "access_token": token})
    await ws.receive_json()
    rooms = {area["name"]: area["area_id"] for area in await command("config/area_registry/list")}
    floor = await command("config/floor_registry/create", name="Upstairs", aliases=["first floor"])
    for name, ids in ROOMS.items():
        if name not in rooms:
            rooms[name] = (await command("config/area_registry/create", name=name))["area_id"]
        for id_ in ids:
            await command("config/entity_registry/update", entity_id=id_, area_id=rooms[name])
    await command("config/area_registry/update", area_id=rooms["Bedroom"], floor_id=floor["floor_id"])
    await command("config/entity_registry/update", entity_id="light.bed_light", aliases=["reading lamp"])
    locks = ["lock.front_door", "lock.kitchen_door"]
    await command("homeassistant/expose_entity", assistants=["conversation"], entity_ids=locks, should_expose=True)
    return str(await command("auth/long_lived_access_token", client_name="test", lifespan=1))
