"""A voice that has sunk into the noise of the room is over; a soft word, and a voice in a noisy room, are not."""

from collections.abc import Sequence

from assistant.pipeline.endpoint import Ended, Paused
from assistant.pipeline.foreground import Foreground
from assistant.pipeline.noise_floor import NoiseFloor
from tests.pipeline.test_foreground import heard, sound

STEP = 0.032


def sunk(*parts: tuple[float, float, bool]) -> list[bool]:
    """Return what is said of chunks: each part lasts seconds, is so loud in decibels, and is voiced or not."""
    floor, at, found = NoiseFloor(), 0.0, list[bool]()
    for seconds, level, voiced in parts:
        for _ in range(round(seconds / STEP)):
            at += STEP
            found.append(floor.sunk(at, level, voiced=voiced))
    return found


def ends(found: Sequence[bool], after: float) -> bool:
    return found[round(after / STEP) + 1]


def test_a_voice_is_over_where_it_sinks_into_the_room() -> None:
    found = sunk((1, -60, False), (1.5, -25, True), (0.3, -57, True))
    assert not any(found[: round(2.5 / STEP)])
    assert all(found[round(2.5 / STEP) + 1 :])


def test_a_soft_end_of_a_word_is_no_end() -> None:
    assert not any(sunk((1, -60, False), (1.5, -25, True), (0.3, -50, True)))


def test_in_a_noisy_room_loudness_tells_nothing() -> None:
    assert not any(sunk((1, -40, False), (1.5, -25, True), (0.5, -40, True)))


def test_a_room_in_which_nobody_spoke_has_no_end() -> None:
    assert not any(sunk((3, -60, False)))


def test_noise_that_begins_is_a_voice_again_only_where_it_is_louder_than_the_room() -> None:
    found = sunk((1, -60, False), (1, -25, True), (0.2, -60, True), (1, -45, True))
    assert ends(found, 2.0)
    assert not any(found[round(2.2 / STEP) + 1 :])


async def test_an_utterance_ends_where_the_sound_does_though_the_detector_hears_on() -> None:
    chunks = sound((1, -60), (2, -20), (3, -60))
    *_, paused, ended = await heard(chunks, Foreground())
    assert isinstance(paused, Paused)
    assert isinstance(ended, Ended)
    assert abs(ended.at - 3) < 2 * STEP
