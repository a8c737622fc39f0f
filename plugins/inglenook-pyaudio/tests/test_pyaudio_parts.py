import asyncio
import itertools
import logging
import threading

import pytest
from assistant_pyaudio.clock import SampleClock
from assistant_pyaudio.devices import NamedDevice, find
from assistant_pyaudio.inbox import Inbox

from assistant import Device, DeviceError


def device(index: int, name: str, inputs: int = 1, outputs: int = 0, *default: str) -> NamedDevice:
    return NamedDevice(index, Device(name, bool(default), inputs, outputs, 48_000), frozenset(default))


DEVICES = [
    device(0, "HDA Intel: ALC255 (hw:0,0)", 2, 2, "output"),
    device(1, "USB PnP Sound Device: Audio (hw:1,0)", 1),
    device(2, "USB Array: Audio (hw:2,0)", 6, 0, "input"),
    device(3, "usb", 1),
]


@pytest.mark.parametrize(
    ("name", "direction", "index"),
    [
        ("default", "input", 2),
        ("default", "output", 0),
        ("pnp", "input", 1),
        ("USB Array: Audio (hw:2,0)", "input", 2),
        ("USB", "input", 3),  # the whole name of one, though a part of others
        ("hda", "output", 0),
    ],
)
def test_a_device_is_found_by_its_name_or_a_part_of_it(name: str, direction: str, index: int) -> None:
    assert find(DEVICES, name, direction).index == index  # type: ignore[arg-type]


def test_a_part_of_several_names_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"microphone 'Audio' could be any of 'USB PnP.*', 'USB Array.*'") as error:
        find(DEVICES, "Audio", "input")
    assert "more of the name" in error.value.hint


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(DeviceError, match="there is no speaker 'USB'") as error:
        find(DEVICES, "USB", "output")
    assert "'HDA Intel: ALC255 (hw:0,0)'" in error.value.hint
    assert "Array" not in error.value.hint  # it is no speaker
    with pytest.raises(DeviceError, match="there is no microphone 'default'") as error:
        find([], "default", "input")
    assert "this machine has no microphone" in error.value.hint


def test_the_clock_is_smooth_though_blocks_arrive_late() -> None:
    clock = SampleClock()
    late = itertools.cycle([0.0, 0.03, 0.001, 0.09, 0.05, 0.01])
    stamps = [clock.stamp(n * 0.04 + 0.04 + next(late), 0.04) for n in range(500)]
    for n, stamp in enumerate(stamps):
        assert abs(stamp - n * 0.04) < 0.002
    assert all(abs(b - a - 0.04) < 0.002 for a, b in itertools.pairwise(stamps))


@pytest.mark.parametrize("rate", [0.9998, 1.0002])  # a crystal that is off by 200 ppm
def test_the_clock_follows_drift(rate: float) -> None:
    clock = SampleClock()
    stamps = [clock.stamp((n + 1) * 0.04 * rate, 0.04) for n in range(25 * 600)]
    assert abs(stamps[-1] - (25 * 600 - 1) * 0.04 * rate) < 0.002
    assert all(a < b for a, b in itertools.pairwise(stamps))


@pytest.mark.parametrize(("gap", "lost"), [(0.2, True), (3.0, False)])
def test_the_clock_jumps_where_sound_was_lost(gap: float, lost: bool) -> None:
    clock = SampleClock()
    for n in range(10):
        clock.stamp(n * 0.04 + 0.04, 0.04)
    assert clock.stamp(0.44 + gap, 0.04, lost=lost) == pytest.approx(0.4 + gap)


def test_the_clock_never_goes_backwards() -> None:
    clock = SampleClock()
    stamps = [clock.stamp(arrived, 0.04) for arrived in (5.0, 1.0, 1.04, 1.08)]
    assert all(a < b for a, b in itertools.pairwise(stamps))


async def test_a_slow_reader_loses_the_oldest_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    inbox: Inbox[int] = Inbox(10, "microphone 'usb'")
    thread = threading.Thread(target=lambda: list(map(inbox.put, range(15))))
    thread.start()
    thread.join()
    with caplog.at_level(logging.WARNING):
        assert [await inbox.get(1) for _ in range(10)] == list(range(5, 15))
        assert await inbox.get(0.01) is None
        inbox.put(15)
        assert await inbox.get(1) == 15
    assert [record.getMessage() for record in caplog.records] == [
        "microphone 'usb': sound was taken too slowly, and 5 blocks were lost"
    ]


def test_filling_it_after_the_loop_has_ended_is_harmless() -> None:
    async def make() -> Inbox[int]:
        return Inbox(10, "microphone")

    asyncio.run(make()).put(1)
