"""Devices that take some rates and numbers of channels only: PortAudio is told to be one, for no such card is here."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from assistant_pyaudio import SourceConfig
from assistant_pyaudio.devices import NamedDevice
from assistant_pyaudio.microphone import _wish
from assistant_pyaudio.portaudio import Stream

from assistant import AudioFormat, Device, DeviceError

USB = NamedDevice(0, Device("USB PnP: Audio (hw:1,0)", True, 2, 0, 48_000), frozenset({"input"}))


@dataclass
class PortAudio:
    """A device of one rate and one number of channels, as PortAudio refuses the others."""

    rate: int
    channels: int
    tried: list[tuple[int, int]] = field(default_factory=list)

    def open(self, *, rate: int, channels: int, **options: Any) -> object:
        self.tried.append((rate, channels))
        if rate != self.rate:
            raise OSError(-9997, "Invalid sample rate")
        if channels != self.channels:
            raise OSError(-9998, "Invalid number of channels")
        return object()


def opened(config: SourceConfig, system: PortAudio) -> AudioFormat:
    """Return how a microphone is opened."""
    formats: list[AudioFormat] = []

    def handler(form: AudioFormat) -> Any:
        formats.append(form)

    Stream(_wish(config), handler).open(system, [USB])
    return formats[-1]


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 1), (48_000, 2), (44_100, 2)])
def test_what_a_device_takes_is_found_out(rate: int, channels: int) -> None:
    assert opened(SourceConfig(), PortAudio(rate, channels)) == AudioFormat(rate, channels=channels)


@pytest.mark.parametrize("config", [SourceConfig(rate=16_000), SourceConfig(channels=6)])
def test_what_it_refuses_is_said(config: SourceConfig) -> None:
    with pytest.raises(
        DeviceError, match=r"'default' cannot be opened: Invalid (sample rate|number of channels)"
    ) as error:
        opened(config, PortAudio(48_000, 1))
    assert "leave out `rate` and `channels`" in error.value.hint
