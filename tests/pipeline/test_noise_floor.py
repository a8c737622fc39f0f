"""A voice that has sunk into the noise of the room is over; a soft word, and a voice in a noisy room, are not."""

import numpy as np
import pytest

from assistant import SPEECH, AudioChunk
from assistant.pipeline.endpoint import Ended, Paused
from assistant.pipeline.foreground import Foreground
from assistant.pipeline.loudness import decibels, hiss
from assistant.pipeline.noise_floor import NoiseFloor
from tests.pipeline.test_foreground import heard, sound

STEP = 0.032


def sank(*parts: tuple[float, float, bool]) -> list[float | None]:
    """Return what is said of chunks: each part lasts seconds, is so loud in decibels, and is voiced or not."""
    floor, at, found = NoiseFloor(), 0.0, list[float | None]()
    for seconds, level, voiced in parts:
        for _ in range(round(seconds / STEP)):
            at += STEP
            found.append(floor.sank(at, level, level, voiced=voiced))
    return found


def test_a_voice_is_over_where_it_sinks_into_the_room() -> None:
    found = sank((1, -60, False), (1.5, -25, True), (0.3, -57, True))
    first = next(n for n, at in enumerate(found) if at is not None)
    assert 2.55 < (first + 1) * STEP < 2.65, "it takes a while to be sure"
    assert {round(at, 1) for at in found[first:] if at is not None} == {2.5}


def test_a_soft_end_of_a_word_is_no_end() -> None:
    assert not any(sank((1, -60, False), (1.5, -25, True), (0.3, -50, True)))


@pytest.mark.parametrize("step", [0.01, 0.02, STEP])
@pytest.mark.parametrize("later", range(0, 32, 2))
def test_the_moment_before_a_stop_consonant_is_no_end(step: float, later: int) -> None:
    """It is as quiet for 60 ms, which begin anywhere within a chunk."""
    rates = [(1.0, 0.001), (1.0 + later / 1000, 0.05), (0.06, 0.001), (1.0, 0.05)]
    noise = np.random.default_rng(0).standard_normal(4 * SPEECH.rate)
    loud = np.concatenate([np.full(round(seconds * SPEECH.rate), level) for seconds, level in rates])
    pcm = (noise[: loud.size] * loud * 32767).astype("<i2").tobytes()
    size, floor = SPEECH.size(step), NoiseFloor()
    chunks = [AudioChunk(pcm[at : at + size], SPEECH, SPEECH.seconds(at)) for at in range(0, len(pcm) - size, size)]
    found = [floor.sank(chunk.end, decibels(chunk), hiss(chunk), voiced=chunk.end > 1) for chunk in chunks]
    assert not any(found)


def test_an_s_after_a_moment_of_quiet_is_the_same_word() -> None:
    """The end of "lights", as loud as the room but for its high notes: a recording of a person has it so."""
    drawn = np.random.default_rng(0).standard_normal(4 * SPEECH.rate)
    room, hissing = np.convolve(drawn, np.ones(8) / 8, "same"), np.diff(drawn, prepend=0.0)
    room, hissing = room * 40, hissing * 12
    parts = (room[:16000], drawn[:16000] * 1000, room[16000:17280], hissing[:1600], room[17280:40000])
    pcm = np.concatenate(parts).astype("<i2").tobytes()
    size, floor = SPEECH.size(STEP), NoiseFloor()
    chunks = [AudioChunk(pcm[at : at + size], SPEECH, SPEECH.seconds(at)) for at in range(0, len(pcm) - size, size)]
    assert decibels(chunks[66]) - decibels(chunks[63]) < 6, "it is hardly louder than the moment before it"
    found = [floor.sank(chunk.end, decibels(chunk), hiss(chunk), voiced=chunk.end > 1) for chunk in chunks]
    ends = {round(at, 2) for at in found if at is not None and at > 2.1}
    assert ends == {round(chunks[67].end, 2)}, "the word ends with its last sound"


def test_in_a_noisy_room_loudness_tells_nothing() -> None:
    assert not any(sank((1, -40, False), (1.5, -25, True), (0.5, -40, True)))


def test_a_room_in_which_nobody_spoke_has_no_end() -> None:
    assert not any(sank((3, -60, False)))


def test_who_goes_on_is_heard_on() -> None:
    found = sank((1, -60, False), (1, -25, True), (0.2, -60, True), (1, -45, True))
    assert any(found)
    assert not any(found[round(2.2 / STEP) + 1 :])


async def test_an_utterance_ends_where_the_sound_does_though_the_detector_hears_on() -> None:
    chunks = sound((1, -60), (2, -20), (3, -60))
    *_, paused, ended = await heard(chunks, Foreground())
    assert isinstance(paused, Paused)
    assert isinstance(ended, Ended)
    assert abs(ended.at - 3) < 2 * STEP


async def test_a_pause_ends_where_it_began() -> None:
    """What is drafted in a pause answers just that: an end that lies elsewhere is another utterance's."""
    for parts in (((1, -60), (1, -20), (0.3, -60), (0.3, -32), (2, -60)), ((1, -60), (0.4, -20), (2, -55))):
        *_, paused, ended = await heard(sound(*parts), Foreground())
        assert isinstance(paused, Paused)
        assert isinstance(ended, Ended)
        assert ended.at == paused.at
