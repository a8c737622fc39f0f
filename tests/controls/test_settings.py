"""Quiet hours around the clock, and what a volume in percent does to samples."""

import msgspec
import pytest

from assistant.controls import DeviceSettings, QuietHours
from assistant.controls.settings import gain

NIGHT = QuietHours(on=True)
"""From 22:00 to 07:00."""


@pytest.mark.parametrize(
    ("time", "quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_a_night_wraps_midnight(time: str, quiet: bool) -> None:
    assert NIGHT.hold(minute(time)) == quiet
    assert not msgspec.structs.replace(NIGHT, on=False).hold(minute(time))


@pytest.mark.parametrize(("time", "quiet"), [("12:59", False), ("13:00", True), ("14:59", True), ("15:00", False)])
def test_a_nap_does_not(time: str, quiet: bool) -> None:
    assert QuietHours(on=True, begin="13:00", to="15:00").hold(minute(time)) == quiet


def test_without_the_time_of_day_they_hold() -> None:
    assert NIGHT.hold(None)
    assert not QuietHours().hold(None)


def test_hours_of_no_length_are_never() -> None:
    assert not any(QuietHours(on=True, begin="08:00", to="08:00").hold(at) for at in range(24 * 60))


@pytest.mark.parametrize("wrong", ['{"from": "24:00"}', '{"to": "7:00"}', '{"volume": 101}', '{"begin": "07:00"}'])
def test_no_other_hours_are_taken(wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(wrong, type=QuietHours)


def test_settings_come_back_from_json() -> None:
    settings = DeviceSettings(muted=True, volume=30, chime=True, quiet=NIGHT)
    text = msgspec.json.encode(settings)
    assert b'"from":"22:00"' in text
    assert msgspec.json.decode(text, type=DeviceSettings) == settings


def test_the_gain_is_the_cube_of_the_volume() -> None:
    assert [gain(percent) for percent in (0, 50, 100)] == [0.0, 0.125, 1.0]


def minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])
