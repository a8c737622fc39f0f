"""`/api/devices`: what is set at the devices, and the acts that set it."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from assistant.access import Scope
from assistant.controls import Controls, DeviceStatus, QuietHours
from assistant.controls.settings import Percent, TimeOfDay
from assistant.errors import DeviceError
from assistant.http.peer import from_here
from assistant.http.problem import Problem
from assistant.http.route import JsonObject, Route

__all__ = ["Change", "change", "routes", "shown"]


class QuietChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"begin": "from"}):
    """What is to be another in the quiet hours; what is left out stays."""

    on: bool | UnsetType = UNSET
    begin: TimeOfDay | UnsetType = UNSET
    to: TimeOfDay | UnsetType = UNSET
    volume: Percent | UnsetType = UNSET


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be another at a device; what is left out stays."""

    muted: bool | UnsetType = UNSET
    volume: Percent | UnsetType = UNSET
    volume_by: Annotated[int, Meta(ge=-100, le=100)] | UnsetType = UNSET
    chime: bool | UnsetType = UNSET
    quiet: QuietChange | UnsetType = UNSET


def routes(controls: Controls) -> list[Route]:
    """Return the routes."""

    async def every(request: web.Request) -> web.Response:
        """Show every device."""
        return web.json_response({"devices": [shown(status) for status in controls.status()]})

    async def one(request: web.Request) -> web.Response:
        """Show a device."""
        return web.json_response(shown(controls.device(_name(request, controls))))

    async def set_(request: web.Request, wanted: Change) -> web.Response:
        """Set what the body names, and show the device."""
        name = _name(request, controls)
        try:
            await change(controls, name, wanted, here=from_here(request))
        except DeviceError as error:
            raise Problem(403, "muted", str(error), error.hint) from None
        return web.json_response(shown(controls.device(name)))

    return [
        Route("GET", "/api/devices", every, Scope.HOME, gives=JsonObject),
        Route("GET", "/api/devices/{name}", one, Scope.HOME, gives=JsonObject),
        Route("PATCH", "/api/devices/{name}", set_, Scope.HOME, Change, JsonObject),
    ]


def shown(status: DeviceStatus) -> dict[str, Any]:
    """Return a device as JSON."""
    settings: dict[str, Any] = msgspec.to_builtins(status.settings)
    now = {"microphone": "open" if status.captured else "closed", "volume": status.heard_volume}
    return {"name": status.name, **settings, "now": now | {"quiet": status.quiet_now}}


def _name(request: web.Request, controls: Controls) -> str:
    name = request.match_info["name"]
    if name not in controls:
        raise Problem(404, "not_found", "there is no such device")
    return name


async def change(controls: Controls, name: str, wanted: Change, *, here: bool) -> None:
    """Do all that is wanted; *here* says that a program of this machine asks.

    Raises DeviceError for a microphone that may not be opened from afar, and then does nothing.
    """
    if wanted.muted is not UNSET:
        await (controls.mute(name) if wanted.muted else controls.unmute(name, here=here))
    if wanted.volume is not UNSET:
        await controls.set_volume(name, wanted.volume)
    if wanted.volume_by is not UNSET:
        await controls.change_volume(name, wanted.volume_by)
    if wanted.chime is not UNSET:
        await controls.set_chime(name, wanted.chime)
    if wanted.quiet is not UNSET:
        quiet: QuietHours = controls.device(name).settings.quiet
        given = {field: value for field in quiet.__struct_fields__ if (value := getattr(wanted.quiet, field)) != UNSET}
        await controls.set_quiet(name, msgspec.structs.replace(quiet, **given))
