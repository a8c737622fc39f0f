"""The acts: stored before they count, told as events; who may unmute; what other processes store."""

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from assistant import ConfigError, DeviceError, EventType, ServiceError, TurnEvent
from assistant.controls import Controls, DeviceSettings, QuietHours
from assistant.events import EventBus
from assistant.testing import run_in_virtual_time


@dataclass
class Shelf:
    """A store that can be full."""

    kept: dict[str, DeviceSettings] = field(default_factory=dict)
    full: bool = False
    written: int = 0

    async def read(self) -> dict[str, DeviceSettings]:
        return dict(self.kept)

    async def keep(self, device: str, settings: DeviceSettings) -> None:
        await asyncio.sleep(0.01)
        if self.full:
            raise ServiceError("the disk is full")
        self.kept[device] = settings

    async def revision(self) -> int:
        return self.written


@dataclass
class Place:
    """Controls of two devices, and what they told."""

    shelf: Shelf = field(default_factory=Shelf)
    told: list[TurnEvent] = field(default_factory=list)
    now: float = time.mktime((2026, 11, 21, 12, 0, 0, 0, 0, -1))
    clock_set: bool = True

    def __post_init__(self) -> None:
        bus = EventBus()
        bus.publish = self.told.append  # type: ignore[method-assign, assignment]
        self.controls = Controls(
            ["room", "bath"],
            bus,
            self.shelf,
            remote_unmute=["bath"],
            wall=lambda: self.now,
            clock_set=lambda: self.clock_set,
        )


async def test_an_act_is_stored_and_told() -> None:
    place = Place()
    await place.controls.set_volume("room", 30, turn="t1")
    assert place.shelf.kept == {"room": DeviceSettings(volume=30)}
    [event] = place.told
    assert (event.type, event.turn, event.device) == (EventType.DEVICE_CHANGED, "t1", "room")
    assert event.data["volume"] == 30
    assert event.data["quiet"] == {"on": False, "from": "22:00", "to": "07:00", "volume": 30}
    await place.controls.set_volume("room", 30)
    assert len(place.told) == 1  # nothing has changed


async def test_the_volume_stays_between_nothing_and_all() -> None:
    controls = Place().controls
    assert (await controls.change_volume("room", 10)).settings.volume == 100
    assert (await controls.set_volume("room", -5)).settings.volume == 0
    assert controls.gain("room") == 0.0
    assert controls.gain("bath") == 1.0


async def test_acts_at_once_lose_nothing() -> None:
    controls = Place().controls
    await asyncio.gather(*(controls.change_volume("room", -10) for _ in range(4)), controls.set_chime("room", True))
    assert controls.device("room").settings == DeviceSettings(volume=60, chime=True)


async def test_what_cannot_be_stored_does_not_count_as_done_but_a_mute_holds() -> None:
    place = Place(Shelf(full=True))
    with pytest.raises(ServiceError):
        await place.controls.set_volume("room", 30)
    assert place.controls.device("room").settings.volume == 100
    with pytest.raises(ServiceError):
        await place.controls.mute("room")
    assert place.controls.muted("room")
    with pytest.raises(ServiceError):
        await place.controls.unmute("room", here=True)
    assert place.controls.muted("room")


async def test_only_the_machine_itself_unmutes_unless_the_configuration_says_otherwise() -> None:
    controls = Place().controls
    for name in ("room", "bath"):
        await controls.mute(name)
    with pytest.raises(DeviceError, match="only the machine itself") as refused:
        await controls.unmute("room", here=False)
    assert "devices.room.remote_unmute" in refused.value.hint
    assert controls.muted("room")
    await controls.unmute("bath", here=False)
    await controls.unmute("room", here=True)
    assert not controls.muted("room")
    assert not controls.muted("bath")


async def test_an_unknown_device_is_named() -> None:
    with pytest.raises(ConfigError, match="there is no device 'hall'"):
        await Place().controls.mute("hall")


@pytest.mark.parametrize(("hour", "volume"), [(21, 80), (23, 30), (6, 30), (7, 80)])
async def test_quiet_hours_limit_the_volume_and_silence_the_chime(hour: int, volume: int) -> None:
    place = Place()
    await place.controls.set_volume("room", 80)
    await place.controls.set_chime("room", True)
    await place.controls.set_quiet("room", QuietHours(on=True))
    place.now = time.mktime((2026, 11, 21, hour, 0, 0, 0, 0, -1))
    assert place.controls.device("room").heard_volume == volume
    assert place.controls.chimes("room") == (volume == 80)
    place.clock_set = False
    assert place.controls.device("room").heard_volume == 30
    assert not place.controls.chimes("room")


async def test_what_was_stored_is_taken_over() -> None:
    place = Place(Shelf({"room": DeviceSettings(muted=True, volume=20), "gone": DeviceSettings(muted=True)}))
    await place.controls.load()
    assert place.controls.muted("room")
    assert [status.name for status in place.controls.status()] == ["room", "bath"]


def test_what_another_process_stores_is_noticed() -> None:
    async def main() -> None:
        place = Place()
        following = asyncio.create_task(place.controls.follow())
        await asyncio.sleep(1)
        place.shelf.kept["room"] = DeviceSettings(muted=True)
        await asyncio.sleep(5)
        assert not place.controls.muted("room")
        place.shelf.written += 1
        await asyncio.sleep(2)
        assert place.controls.muted("room")
        following.cancel()
        await asyncio.wait({following})

    run_in_virtual_time(main())


async def test_a_change_is_whole_although_whoever_wants_it_leaves() -> None:
    place = Place()
    wanting = asyncio.create_task(place.controls.set_volume("room", 30))
    await asyncio.sleep(0.005)  # it is being stored
    wanting.cancel()
    await asyncio.wait({wanting})
    await asyncio.sleep(0.05)
    assert place.controls.device("room").settings == place.shelf.kept["room"] == DeviceSettings(volume=30)
