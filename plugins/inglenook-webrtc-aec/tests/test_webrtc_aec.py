import itertools
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from assistant_webrtc_aec import WebrtcAecConfig, assistant_engines, open_webrtc_aec
from assistant_webrtc_aec.canceller import WebrtcAec
from assistant_webrtc_aec.room import Room

from assistant import SPEECH, AudioChunk, EngineError
from assistant.testing import check_echo, check_spec, recordings, speech

README = Path(__file__).parents[1] / "README.md"
RECORDINGS = recordings()
RATE = SPEECH.rate

Sound = npt.NDArray[np.float64]


def test_spec() -> None:
    check_spec(assistant_engines()[0])


def test_readme_has_every_option() -> None:
    rows = set(re.findall(r"^\| `(\w+)`", README.read_text(), re.MULTILINE))
    assert rows == set(WebrtcAecConfig.__struct_fields__)


def voice(seconds: float, seed: int = 1) -> Sound:
    """Make a voice: a buzz whose pitch glides, through formants that change with each syllable, with pauses."""
    chance = np.random.default_rng(seed)
    syllables: list[Sound] = []
    while sum(map(len, syllables)) < seconds * RATE:
        count = int(chance.uniform(0.1, 0.25) * RATE)
        time = np.arange(count) / RATE
        pitch = np.cumsum(chance.uniform(90, 140) * (1 + chance.uniform(-0.3, 0.3) * time)) / RATE
        formants = chance.uniform((300, 900, 2200), (800, 2000, 3200))
        harmonics = range(1, 40)
        loud = [sum(np.exp(-(((n * 115 - f) / 150) ** 2)) for f in formants) + 0.03 for n in harmonics]
        buzz = sum(level * np.sin(2 * np.pi * n * pitch) for n, level in zip(harmonics, loud, strict=True))
        breath = 0.1 * chance.standard_normal(count)
        syllables += [(buzz + breath) * np.hanning(count), np.zeros(int(chance.choice([0, 0, 0.05, 0.3]) * RATE))]
    made = np.concatenate(syllables)[: round(seconds * RATE)]
    return np.asarray(made / np.abs(made).max() * 0.5)


def person(seconds: float, at: float) -> Sound:
    """Return a person who speaks at *at* seconds: a recording, or a made voice where there is none."""
    if RECORDINGS:
        file = RECORDINGS / "speech" / "turn_off_all_of_the_lights_in_the_Office.wav"
        said = np.frombuffer(b"".join(chunk.audio for chunk in speech(file)), "<i2") / 32768
    else:
        said = voice(2.5, seed=7)
    sound = np.zeros(round(seconds * RATE))
    start = round(at * RATE)
    sound[start : start + len(said)] = said * 0.25 / np.abs(said).max()
    return sound


def echo(sound: Sound, delay: float, reverberation: float, gain: float) -> Sound:
    """Return what a microphone hears of *sound*: later, with a decaying tail, and a tail's noise."""
    chance = np.random.default_rng(3)
    tail = chance.standard_normal(round(reverberation * RATE))
    tail *= np.exp(-6.9 * np.arange(len(tail)) / len(tail))
    way = np.concatenate((np.zeros(round(delay * RATE)), [1.0], 0.7 * tail / np.sqrt((tail**2).sum())))
    size = len(sound) + len(way)
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(way, size), size)[: len(sound)]
    return np.asarray(gain * heard + 3e-4 * chance.standard_normal(len(sound)))


def chunks(sound: Sound, seconds: float = 0.04, start: float = 0.0) -> list[AudioChunk]:
    audio = np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2").tobytes()
    size = SPEECH.size(seconds)
    return [AudioChunk(audio[at : at + size], SPEECH, start + SPEECH.seconds(at)) for at in range(0, len(audio), size)]


def joined(sound: list[AudioChunk]) -> Sound:
    return np.frombuffer(b"".join(chunk.audio for chunk in sound), "<i2") / 32768


def cleaned(mic: Sound, played: Sound, engine: WebrtcAec | None = None) -> Sound:
    """Return what the canceller leaves, without its own delay."""
    engine = engine or WebrtcAec(0.5)
    clean = [engine.process(*both) for both in zip(chunks(mic), chunks(played), strict=True)]
    late = round((0.0 - clean[0].timestamp) * RATE)
    return joined(clean)[late:]


def loudness(sound: Sound, first: float, last: float) -> float:
    """Return the power of a part, in decibels."""
    return float(10 * np.log10((sound[round(first * RATE) : round(last * RATE)] ** 2).mean() + 1e-12))


async def test_keeps_the_contract() -> None:
    played = voice(6)
    async with open_webrtc_aec(WebrtcAecConfig()) as engine:
        await check_echo(engine, chunks(played, start=50.0), chunks(echo(played, 0.1, 0.2, 0.5), start=50.0))


@pytest.mark.parametrize(("gain", "less"), [(0.1, 15), (0.6, 25)])
@pytest.mark.parametrize("reverberation", [0.1, 0.4])
@pytest.mark.parametrize("delay", [0.02, 0.1, 0.25])
def test_the_echo_is_gone(delay: float, reverberation: float, gain: float, less: float) -> None:
    played = voice(8)
    heard = echo(played, delay, reverberation, gain)
    clean = cleaned(heard, played)
    assert loudness(heard, 1, 3) - loudness(clean, 1, 3) > 6
    assert loudness(heard, 5, 7.5) - loudness(clean, 5, 7.5) > less


@pytest.mark.parametrize("delay", [0.03, 0.2])
def test_a_person_who_talks_into_it_is_heard(delay: float) -> None:
    played, said = voice(10), person(10, at=6)
    heard = echo(played, delay, 0.3, 0.4)
    assert loudness(heard, 6, 8.5) > loudness(said, 6, 8.5) - 3  # they are about equally loud
    clean = cleaned(heard + said, played)
    alike = np.corrcoef(_envelope(clean, 6, 9), _envelope(said, 6, 9))[0, 1]
    assert alike > 0.85
    assert abs(loudness(clean, 6, 9) - loudness(said, 6, 9)) < 4
    assert loudness(clean, 4, 5.9) < loudness(heard, 4, 5.9) - 20  # nobody, before


def _envelope(sound: Sound, first: float, last: float) -> Sound:
    part = sound[round(first * RATE) : round(last * RATE)]
    return np.asarray(np.sqrt((part[: len(part) // 320 * 320].reshape(-1, 320) ** 2).mean(axis=1)))


def test_a_person_does_not_lead_it_astray() -> None:
    played, said = voice(12), person(12, at=5)
    heard = echo(played, 0.1, 0.2, 0.4)
    clean = cleaned(heard + said, played)
    assert loudness(heard, 9.5, 11.5) - loudness(clean, 9.5, 11.5) > 20


def test_a_change_in_the_room_is_followed() -> None:
    played = voice(12)
    one, other = echo(played, 0.1, 0.2, 0.4), echo(played, 0.13, 0.3, 0.3)
    heard = np.concatenate((one[: 5 * RATE], other[5 * RATE :]))
    clean = cleaned(heard, played)
    assert loudness(heard, 9.5, 11.5) - loudness(clean, 9.5, 11.5) > 18


@pytest.mark.parametrize("late", [-0.02, 0.0071])
def test_a_speaker_that_was_opened_anew_is_noticed(late: float) -> None:
    played = voice(10)
    one, other = echo(played, 0.1, 0.2, 0.4), echo(played, 0.1 + late, 0.2, 0.4)
    heard = np.concatenate((one[: 8 * RATE], other[8 * RATE :]))
    room = Room(160, 8000)
    both = np.stack((heard, played)).astype(np.float32)
    rest = np.concatenate([room.push(*both[:, at : at + 160]) for at in range(0, len(heard), 160)])
    assert loudness(heard, 8.5, 9.5) - loudness(rest, 8.5, 9.5) > 12  # it took seconds to learn


def test_silence_from_the_speaker_leaves_the_sound_as_it_is() -> None:
    said = person(5, at=0.5)
    clean = cleaned(said, np.zeros_like(said))
    assert np.abs(clean - said[: len(clean)]).max() < 1e-4


def test_the_second_reply_is_known_from_its_beginning() -> None:
    played = np.concatenate((voice(6), np.zeros(5 * RATE), voice(3, seed=2)))
    heard = echo(played, 0.1, 0.2, 0.4)
    clean = cleaned(heard, played)
    assert loudness(heard, 11.2, 13) - loudness(clean, 11.2, 13) > 18


@pytest.mark.parametrize("seconds", [0.004, 0.0333125, 0.1])
def test_the_length_of_chunks_does_not_matter(seconds: float) -> None:
    played = voice(3)
    heard = echo(played, 0.1, 0.2, 0.4)
    engine, other = WebrtcAec(0.5), WebrtcAec(0.5)
    wanted = joined([engine.process(*both) for both in zip(chunks(heard), chunks(played), strict=True)])
    cut = zip(chunks(heard, seconds, 9.0), chunks(played, seconds), strict=True)
    found = [other.process(*both) for both in cut]
    length = len(joined(found))
    assert (joined(found) == wanted[:length]).all()
    assert len(wanted) - length < 160
    for before, after in itertools.pairwise(found):
        assert after.timestamp == pytest.approx(before.end, abs=1e-4)


def test_sounds_of_different_length_are_refused() -> None:
    with pytest.raises(EngineError, match="320 bytes were heard while 640"):
        WebrtcAec(0.5).process(*chunks(np.zeros(160)), *chunks(np.zeros(320)))
