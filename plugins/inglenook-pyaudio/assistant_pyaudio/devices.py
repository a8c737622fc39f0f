"""Find the device that a name in the configuration means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant import Device, DeviceError

__all__ = ["Direction", "NamedDevice", "find"]

Direction = Literal["input", "output"]
"""To record or to play."""

_CALLED = {"input": "microphone", "output": "speaker"}


@dataclass(frozen=True, slots=True)
class NamedDevice:
    """A device and PortAudio's number for it, which changes whenever PortAudio starts."""

    index: int
    """PortAudio's number."""
    public: Device
    """What the person sees of it."""
    default: frozenset[str] = frozenset()
    """The directions for which it is the system's choice."""

    def channels(self, direction: Direction) -> int:
        """Return how many channels it has at most."""
        return self.public.inputs if direction == "input" else self.public.outputs


def find(devices: Sequence[NamedDevice], name: str, direction: Direction) -> NamedDevice:
    """Return the device that *name* means: the system's choice for `default`, a whole name, or a part of only one.

    Raises DeviceError that lists what there is.
    """
    fitting = [device for device in devices if device.channels(direction)]
    called = _CALLED[direction]
    listed = ", ".join(repr(device.public.name) for device in fitting)
    hint = f"`device` can be a part of: {listed}" if listed else f"plug one in; this machine has no {called}"
    if name == "default":
        found = [device for device in fitting if direction in device.default]
    else:
        wanted = name.casefold()
        found = [device for device in fitting if device.public.name.casefold() == wanted] or [
            device for device in fitting if wanted in device.public.name.casefold()
        ]
    if not found:
        raise DeviceError(f"there is no {called} {name!r}", hint=hint)
    if len(found) > 1:
        several = ", ".join(repr(device.public.name) for device in found)
        raise DeviceError(f"{called} {name!r} could be any of {several}", hint="write more of the name in `device`")
    return found[0]
