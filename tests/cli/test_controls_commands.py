"""`mute`, `unmute`, `volume`, `chime` and `quiet`, with a daemon and without."""

import pytest

from tests.running import Home, settled

SILENT = """
from assistant import Kind, hookimpl
from assistant.testing import FakeSink, FakeSource, FakeVad, FakeWake, fake_spec

@hookimpl
def assistant_engines():
    return [
        fake_spec("fake-source", Kind.SOURCE, FakeSource([])),
        fake_spec("fake-sink", Kind.SINK, FakeSink()),
        fake_spec("fake-wake", Kind.WAKE, FakeWake()),
        fake_spec("fake-vad", Kind.VAD, FakeVad()),
    ]
"""
TWO = """
models:
  stt: {engine: fake-stt}
  tts: {engine: fake-tts}
  chat: {engine: fake-chat}
  turn: {engine: fake-turn}
  intent: {engine: fake-intent}
  wake: {engine: fake-wake}
  vad: {engine: fake-vad}
  microphone: {engine: fake-source}
  other: {engine: fake-source}
  speaker: {engine: fake-sink}
devices: {room: {}, bath: {source: other}}
http: {port: 0}
log: {level: info}
"""


@pytest.fixture
def two(house: Home) -> Home:
    """A home with two devices."""
    house.write(TWO, silent=SILENT)
    return house


def walk(home: Home) -> None:
    """Set everything there is, and see it set."""
    assert [device["volume"] for device in home.json("volume")] == [100, 100]
    assert [device["volume"] for device in home.json("volume", "30%")] == [30, 30]
    [room] = home.json("volume", "up", "--device", "room")
    assert room["volume"] == 40
    assert [device["volume"] for device in home.json("volume", "down")] == [30, 20]
    assert home.json("chime", "on", "--device", "bath")[0]["chime"]
    [room] = home.json("quiet", "9:30-17", "--volume", "5", "--device", "room")
    assert room["quiet"] == {"on": True, "from": "09:30", "to": "17:00", "volume": 5}
    assert not home.json("quiet", "off", "--device", "room")[0]["quiet"]["on"]
    assert [device["muted"] for device in home.json("mute")] == [True, True]
    assert [device["muted"] for device in home.json("unmute", "--device", "bath")] == [False]
    shown = home.run("volume").stdout
    assert "muted, closed" in shown
    assert "30 %" in shown


def test_without_a_daemon(two: Home) -> None:
    walk(two)


def test_with_a_daemon_which_keeps_it(two: Home) -> None:
    with two.daemon() as daemon:
        daemon.ready()
        walk(two)
        assert [d["now"]["microphone"] for d in daemon.ask("/api/devices")[1]["devices"]] == ["closed", "open"]
        assert daemon.stop() == 0
    assert [(device["muted"], device["volume"]) for device in two.json("volume")] == [(True, 30), (False, 20)]


def test_a_mute_is_stored_where_the_daemon_does_not_answer(two: Home) -> None:
    with two.daemon() as daemon:
        daemon.ready()
        key = two.folder / "state" / "api-key"
        key.write_text("another key\n")
        assert two.run("volume", "30").returncode == 71
        done = two.run("mute", "--device", "room")
        assert done.returncode == 0
        assert "it is stored, and holds as soon as the daemon sees it" in done.stderr
        settled(lambda: True if "room is muted: its microphone is closed" in daemon.log else None)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["mute", "--device", "hall"], 78, "there is no device 'hall'"),
        (["volume", "101"], 2, "give a number from 0 to 100, up, or down"),
        (["volume", "loud"], 2, "give a number"),
        (["quiet", "25-7"], 2, "give on, off, or hours"),
        (["quiet", "22:00-7:60"], 2, "give on, off, or hours"),
        (["chime", "perhaps"], 2, "perhaps"),
    ],
)
def test_what_makes_no_sense_is_refused(two: Home, arguments: list[str], code: int, says: str) -> None:
    done = two.run(*arguments)
    assert done.returncode == code
    assert says in done.stderr
