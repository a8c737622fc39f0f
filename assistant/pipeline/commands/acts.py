"""What each intent does at a device, and what is said of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from assistant.controls import STEP, Controls, DeviceStatus
from assistant.pipeline.commands.words import Replies, words_of
from assistant.speech import Recognition

__all__ = ["ACTS", "act"]

_LOUDEST = 100
"""Percent."""
_QUIETEST = STEP
"""Percent at which "quieter" stops: a voice that cannot be heard should be asked for by its number."""


@dataclass(frozen=True, slots=True)
class _At:
    """Where something is to be done."""

    controls: Controls
    device: str
    turn: str
    replies: Replies

    @property
    def volume(self) -> int:
        return self.controls.device(self.device).settings.volume

    def told(self, status: DeviceStatus) -> str:
        """Say how loud it is: what is set, and what the quiet hours make of it."""
        volume, heard = status.settings.volume, status.heard_volume
        return (self.replies.volume if volume == heard else self.replies.limited).format(volume=volume, heard=heard)


async def act(recognition: Recognition, language: str, device: str, controls: Controls, turn: str = "") -> str:
    """Do at *device* what was recognised, and return what is said of it, in *language*; raises AssistantError.

    Where that is none of the assistant's own, that is said.
    """
    if device not in controls:
        return words_of(language).replies.nothing_here
    return await ACTS[recognition.intent](_At(controls, device, turn, words_of(language).replies), recognition)


async def _set_volume(at: _At, asked: Recognition) -> str:
    level = int(asked.slots["volume_level"])
    if level > _LOUDEST:
        return at.replies.range
    return at.told(await at.controls.set_volume(at.device, level, turn=at.turn))


async def _tell_volume(at: _At, asked: Recognition) -> str:
    return at.told(at.controls.device(at.device))


async def _change_volume(at: _At, asked: Recognition) -> str:
    before, step = at.volume, _steps(asked.slots["volume_step"])
    if step > 0:
        if before == _LOUDEST:
            return at.replies.loudest
        return at.told(await at.controls.change_volume(at.device, step, turn=at.turn))
    if before <= _QUIETEST:
        return at.replies.quietest
    return at.told(await at.controls.set_volume(at.device, max(before + step, _QUIETEST), turn=at.turn))


def _steps(asked: str) -> int:
    """Return by how many percent it should be louder: `up`, `down`, or a number."""
    return {"up": STEP, "down": -STEP}.get(asked) or int(asked)


async def _mute(at: _At, asked: Recognition) -> str:
    await at.controls.mute(at.device, turn=at.turn)
    return at.replies.muted


async def _chime(at: _At, asked: Recognition) -> str:
    on = asked.slots["state"] == "on"
    await at.controls.set_chime(at.device, on, turn=at.turn)
    return at.replies.chime_on if on else at.replies.chime_off


async def _quiet(at: _At, asked: Recognition) -> str:
    on = asked.slots["state"] == "on"
    quiet = msgspec.structs.replace(at.controls.device(at.device).settings.quiet, on=on)
    await at.controls.set_quiet(at.device, quiet, turn=at.turn)
    return at.replies.quiet_on.format(begin=quiet.begin, to=quiet.to) if on else at.replies.quiet_off


ACTS: dict[str, Callable[[_At, Recognition], Awaitable[str]]] = {
    "HassSetVolume": _set_volume,
    "HassSetVolumeRelative": _change_volume,
    "InglenookVolume": _tell_volume,
    "InglenookMute": _mute,
    "InglenookChime": _chime,
    "InglenookQuietHours": _quiet,
}
"""By intent. The names are Home Assistant's where it has one (https://developers.home-assistant.io/docs/intent_builtin)."""
