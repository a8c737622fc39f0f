"""Times of day: summer and winter time, clocks that are set, machines that were off."""

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant.events import EventType
from assistant.testing import run_in_virtual_time
from assistant.timers import Appointment, Kind, Outcome, Refused, State, Timer
from assistant.timers.calendar import following
from tests.timers.world import NOON, World

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
HOUR, DAY = 3600.0, 86_400.0


def local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("time", "days", "after", "due"),
    [
        ("07:00", EVERY_DAY, "2026-03-28T08:00", "2026-03-29T07:00"),  # an hour sooner than 24 hours later
        ("07:00", EVERY_DAY, "2026-10-24T08:00", "2026-10-25T07:00"),
        ("02:30", EVERY_DAY, "2026-03-28T08:00", "2026-03-29T03:30"),  # there is no 02:30 on that day
        ("02:30", EVERY_DAY, "2026-10-24T08:00", "2026-10-25T02:30"),  # there are two; the first
        ("06:30", (0, 1, 2, 3, 4), "2026-11-20T08:00", "2026-11-23T06:30"),  # a Friday
        ("06:30", (5,), "2026-11-21T06:30", "2026-11-28T06:30"),
    ],
)
def test_the_next_time(time: str, days: tuple[int, ...], after: str, due: str) -> None:
    assert following(Appointment(time=time, days=days), local(after), BERLIN) == local(due)


def test_of_two_equal_times_only_the_first_counts() -> None:
    at = Appointment(time="02:30", days=EVERY_DAY)
    first = following(at, local("2026-10-24T08:00"), BERLIN)
    assert first is not None
    second = following(at, first, BERLIN, last=first)
    assert second == local("2026-10-26T02:30")


def alarm(world: World, time: str, *, days: tuple[int, ...] = (), date: str = "") -> Timer:
    return Timer(kind=Kind.ALARM, at=Appointment(time=time, days=days, date=date), device="room")


def finished(world: World) -> list[tuple[float, str]]:
    """Return when each rang in true time, and how that ended where it did not ring."""
    told = zip(world.events, world.stamps, strict=True)
    return [(at, event.data["outcome"]) for event, at in told if event.type == EventType.TIMER_FINISHED]


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the clocks so seldom that days pass quickly."""
    for name in ("_LOOK", "_OTHERS"):
        monkeypatch.setattr(f"assistant.timers.timers.{name}", 20.0)


def test_a_daily_alarm_rings_once_a_day_whatever_is_done_to_the_clock(tmp_path: Path, seldom: None) -> None:
    world = World(tmp_path / "a.db")  # at noon

    async def main() -> None:
        async with world.daemon() as timers:
            await timers.add(alarm(world, "13:00", days=EVERY_DAY))
            await asyncio.sleep(HOUR + 60)
            await timers.stop(timers.ringing())
            world.wall_off -= 30 * 60  # it is 12:31 again: not once more today
            await asyncio.sleep(2 * HOUR)
            assert len(finished(world)) == 1
            world.wall_off -= DAY  # and not yesterday either
            await asyncio.sleep(30)
            world.wall_off += DAY
            await asyncio.sleep(30)
            assert len(finished(world)) == 1
            await asyncio.sleep(DAY - HOUR)
            await timers.stop(timers.ringing())
            assert len(finished(world)) == 2
            world.wall_off += 400 * DAY  # somebody errs by a year: what was due meanwhile was missed
            await asyncio.sleep(30)
            assert [outcome for _, outcome in finished(world)] == ["", "", "missed"]
            world.wall_off -= 400 * DAY
            await asyncio.sleep(DAY)
            assert [outcome for _, outcome in finished(world)] == ["", "", "missed", ""]

    run_in_virtual_time(main())
    assert finished(world)[0][0] == pytest.approx(HOUR, abs=0.5)


@pytest.mark.parametrize(
    ("begin", "rung"),
    [
        ("2026-10-24T12:00", ["25T02:30:00+02:00", "25T07:00:00+01:00", "26T02:30:00+01:00", "26T07:00:00+01:00"]),
        ("2027-03-27T12:00", ["28T03:30:00+02:00", "28T07:00:00+02:00", "29T02:30:00+02:00", "29T07:00:00+02:00"]),
    ],
)
def test_daily_alarms_ring_once_in_the_nights_in_which_the_clocks_change(
    tmp_path: Path, seldom: None, begin: str, rung: list[str]
) -> None:
    world = World(tmp_path / "a.db", zone=BERLIN, wall_off=local(begin))

    async def main() -> None:
        async with world.daemon() as timers:
            for time in ("02:30", "07:00"):
                await timers.add(alarm(world, time, days=EVERY_DAY))
            for _ in range(46):
                await asyncio.sleep(HOUR)
                await timers.stop(timers.ringing())

    run_in_virtual_time(main())
    walls = [datetime.fromtimestamp(round(at + world.wall_off), BERLIN).isoformat() for at, _ in finished(world)]
    assert [wall[8:] for wall in walls] == rung


def test_a_clock_that_is_set_over_the_time_lets_it_ring_at_once(tmp_path: Path) -> None:
    world = World(tmp_path / "a.db")

    async def main() -> None:
        async with world.daemon() as timers:
            await timers.add(alarm(world, "13:00", date="2026-11-23"))
            await asyncio.sleep(100)
            world.wall_off += HOUR
            await asyncio.sleep(0.5)
            assert [timer.state for timer in timers.all()] == [State.RINGING]
            assert timers.all()[0].late == pytest.approx(100, abs=1)

    run_in_virtual_time(main())


def test_an_alarm_waits_until_the_machine_knows_the_time(tmp_path: Path) -> None:
    world = World(tmp_path / "a.db")

    async def main() -> None:
        async with world.daemon() as timers:
            await timers.add(alarm(world, "13:00", date="2026-11-23"))
        await world.off(2 * HOUR)
        world.set, right = False, world.wall_off
        world.wall_off += 9 * HOUR
        async with world.daemon() as timers:
            with pytest.raises(Refused) as refused:
                await timers.add(alarm(world, "14:00", days=EVERY_DAY))
            assert refused.value.why == "clock"
            await asyncio.sleep(60)
            assert not finished(world)
            world.set, world.wall_off = True, right
            await asyncio.sleep(0.5)
            assert [timer.state for timer in timers.all()] == [State.RINGING]
            assert timers.all()[0].late == pytest.approx(HOUR + 60, abs=1)

    run_in_virtual_time(main())


@pytest.mark.parametrize(("off", "outcome"), [(20 * 60.0, ""), (2 * HOUR, ""), (4 * HOUR, "missed")])
def test_what_ran_out_while_the_power_was_off(tmp_path: Path, seldom: None, off: float, outcome: str) -> None:
    world = World(tmp_path / "a.db")

    async def main() -> None:
        async with world.daemon() as timers:
            await timers.add(Timer(seconds=60, name="pizza", device="room"))
        await world.off(off)
        async with world.daemon() as timers:
            await asyncio.sleep(1)
            (timer,) = timers.all()
            assert timer.late == pytest.approx(off - 60, abs=1)
            assert timer.state is (State.DONE if outcome else State.RINGING)
        async with world.daemon() as timers:
            await asyncio.sleep(25 * HOUR)
            if outcome:
                assert timers.all() == (), "what was missed is told for a day"

    run_in_virtual_time(main())
    assert [how for _, how in finished(world)] == [outcome]


def test_without_a_clock_the_time_off_is_made_up_for_when_it_is_set(tmp_path: Path) -> None:
    world = World(tmp_path / "a.db")

    async def main() -> None:
        async with world.daemon() as timers:
            await timers.add(Timer(seconds=600, name="old"))
        await world.off(300)
        world.set, world.wall_off = False, world.wall_off - 300
        async with world.daemon() as timers:
            (old,) = timers.all()
            assert timers.left(old) == pytest.approx(600, abs=1)
            new = await timers.add(Timer(seconds=600, name="new"))
            world.set, world.wall_off = True, NOON
            await asyncio.sleep(1)
            left = {timer.name: timers.left(timer) for timer in timers.all()}
            assert left == {"old": pytest.approx(299, abs=1), "new": pytest.approx(599, abs=1)}
            assert new.owing
            assert not timers.all()[1].owing

    run_in_virtual_time(main())


def test_limits(tmp_path: Path) -> None:
    world = World(tmp_path / "a.db", most=3)

    async def main() -> None:
        async with world.daemon() as timers:
            for seconds in (0.0, -3 * 365 * DAY, 36_000_000.0, float("nan")):
                with pytest.raises(Refused) as refused:
                    await timers.add(Timer(seconds=seconds))
                assert refused.value.why == "length"
            with pytest.raises(Refused) as refused:
                await timers.add(alarm(world, "11:00", date="2026-11-23"))
            assert (refused.value.why, str(refused.value)) == ("past", "2026-11-23 11:00 is past")
            for _ in range(3):
                await timers.add(Timer(seconds=60))
            with pytest.raises(Refused) as refused:
                await timers.add(Timer(seconds=60))
            assert refused.value.why == "many"

    run_in_virtual_time(main())


def test_pause_resume_and_change(tmp_path: Path) -> None:
    world = World(tmp_path / "a.db")

    async def main() -> None:
        async with world.daemon() as timers:
            timer = await timers.add(Timer(seconds=60))
            await asyncio.sleep(20)
            paused = await timers.pause(timer)
            assert paused is not None
            assert await timers.pause(timer) is None, "it has changed since"
        await world.off(1000)
        async with world.daemon() as timers:
            await asyncio.sleep(100)
            longer = await timers.adjust(timers.all()[0], 30)
            assert longer is not None
            assert timers.left(longer) == pytest.approx(70, abs=1)
            resumed = await timers.resume(longer)
            assert resumed is not None
            with pytest.raises(Refused):
                await timers.adjust(resumed, -80)
            await asyncio.sleep(69)
            assert not finished(world)
            await asyncio.sleep(2)
            assert len(finished(world)) == 1
            await timers.stop(timers.ringing(), Outcome.STOPPED)
            assert timers.all() == ()

    run_in_virtual_time(main())
