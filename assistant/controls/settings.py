"""What is set at a device, as it is stored."""

from typing import Annotated

import msgspec

__all__ = ["STEP", "DeviceSettings", "Percent", "QuietHours", "TimeOfDay", "gain"]

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]

STEP = 10
"""Percent points by which "louder" and "quieter" change the volume."""
_DAY = 24 * 60
"""Minutes."""


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"begin": "from"}):
    """A part of every day in which the device is quiet."""

    on: bool = False
    """Whether they are kept."""
    begin: TimeOfDay = "22:00"
    """Local time at which they begin, `HH:MM`; JSON says `from`."""
    to: TimeOfDay = "07:00"
    """Local time at which they end; an earlier one than the beginning is on the next day."""
    volume: Percent = 30
    """Volume that is not exceeded meanwhile."""

    def hold(self, minute: int | None) -> bool:
        """Tell whether they hold at *minute* of the day; None where the machine does not know the time.

        Then they hold: better too quiet than that somebody wakes up.
        """
        if not self.on or minute is None:
            return self.on
        begin, end = _minute(self.begin), _minute(self.to)
        return (minute - begin) % _DAY < (end - begin) % _DAY


class DeviceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is set at one device."""

    muted: bool = False
    """Whether the microphone is closed."""
    volume: Percent = 100
    """How loud it speaks."""
    chime: bool = False
    """Whether a short sound tells that the wake word was heard."""
    quiet: QuietHours = QuietHours()
    """When it is quiet by itself."""


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def gain(percent: int) -> float:
    """Return the factor of the samples at a volume: its cube, as in PulseAudio and PipeWire (pulse/volume.c).

    So each step sounds alike, and the number means the same as on a desktop's mixer.
    """
    return float((percent / 100) ** 3)
