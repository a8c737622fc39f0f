import itertools

import numpy as np
import pytest

from assistant import SPEECH, AudioChunk, AudioError, AudioFormat, Converter, once
from assistant.convert import converted, from_first_sound

STEREO = AudioFormat(48_000, channels=2)


def pcm(samples: np.ndarray, width: int = 2) -> bytes:
    """Encode -1..1 as WAV does."""
    if width == 1:
        return np.rint(samples * 127 + 128).astype(np.uint8).tobytes()
    wide = np.rint(samples * (2**31 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)
    return wide[:, 4 - width :].tobytes()


def floats(audio: bytes) -> np.ndarray:
    return np.frombuffer(audio, "<i2") / 32768


def sine(rate: int, seconds: float = 1.0, hertz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(np.arange(round(rate * seconds)) * (2 * np.pi * hertz / rate))


@pytest.mark.parametrize("source", [1, 2, 3, 4])
@pytest.mark.parametrize("target", [1, 2, 3, 4])
def test_widths(source: int, target: int) -> None:
    form = AudioFormat(16_000, source)
    there = Converter(form, AudioFormat(16_000, target)).push(pcm(sine(16_000), source))
    back = Converter(AudioFormat(16_000, target), SPEECH).push(there)
    assert np.abs(floats(back) - sine(16_000)).max() < (0.02 if 1 in (source, target) else 1e-4)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000])
def test_rates_keep_length_pitch_and_level(rate: int) -> None:
    converter = Converter(AudioFormat(rate), SPEECH)
    got = floats(converter.push(pcm(sine(rate))) + converter.flush())
    assert abs(len(got) - 16_000) <= 1
    assert np.abs(got[1000:15_000] - sine(16_000)[1000:15_000]).max() < 5e-3


def test_what_the_new_rate_cannot_hold_is_filtered_out() -> None:
    converter = Converter(AudioFormat(48_000), SPEECH)
    got = floats(converter.push(pcm(sine(48_000, hertz=12_000))) + converter.flush())
    assert np.abs(got[1000:15_000]).max() < 0.005  # it would be heard at 4 kHz


@pytest.mark.parametrize("step", [1, 7, 1000, 100_000])
def test_pieces_of_any_size_give_the_same_sound(step: int) -> None:
    audio = pcm(np.repeat(sine(48_000, 0.05), 2))
    whole, pieces = Converter(STEREO, SPEECH), Converter(STEREO, SPEECH)
    expected = whole.push(audio) + whole.flush()
    got = b"".join(pieces.push(audio[at : at + step]) for at in range(0, len(audio), step)) + pieces.flush()
    assert len(got) == len(expected)
    assert np.abs(floats(got) - floats(expected)).max() < 1e-3


def test_channels() -> None:
    both = np.stack([sine(16_000), np.zeros(16_000)], axis=1).reshape(-1)
    form = AudioFormat(16_000, channels=2)
    mean, left, right = (Converter(form, SPEECH, channel) for channel in (None, 0, 1))
    assert np.abs(floats(mean.push(pcm(both))) - sine(16_000) / 2).max() < 1e-4
    assert np.abs(floats(left.push(pcm(both))) - sine(16_000)).max() < 1e-4
    assert not floats(right.push(pcm(both))).any()
    wider = Converter(SPEECH, form).push(pcm(sine(16_000)))
    assert np.abs(floats(wider).reshape(-1, 2) - sine(16_000)[:, None]).max() < 1e-4


def test_the_loudest_samples_do_not_wrap() -> None:
    square = np.repeat(np.array([32767, -32768] * 50, "<i2"), 160)  # its edges overshoot when resampled
    converter = Converter(SPEECH, AudioFormat(48_000))
    got = np.frombuffer(converter.push(square.tobytes()) + converter.flush(), "<i2").reshape(100, 480)[:, 30:-30]
    assert (got[::2] > 30_000).all() and (got[1::2] < -30_000).all()


def test_the_same_format_is_left_alone_but_for_half_frames() -> None:
    converter = Converter(SPEECH, SPEECH)
    assert converter.push(b"abc") + converter.push(b"d") == b"abcd"
    assert converter.push(b"e") + converter.flush() == b""


@pytest.mark.parametrize(
    "form",
    [AudioFormat(0), AudioFormat(10**6), AudioFormat(16_000, 5), AudioFormat(16_000, 2, 0), AudioFormat(16_000, 2, 99)],
)
def test_formats_that_nothing_has_are_refused(form: AudioFormat) -> None:
    for source, target in itertools.permutations([form, SPEECH]):
        with pytest.raises(AudioError, match="cannot be used"):
            Converter(source, target)


def test_a_channel_that_is_not_there_is_refused() -> None:
    with pytest.raises(AudioError, match="no channel 2: the sound has 2"):
        Converter(STEREO, SPEECH, 2)


async def test_a_stream_may_change_its_format() -> None:
    chunks = [AudioChunk(pcm(sine(rate)), AudioFormat(rate), 1.0) for rate in (16_000, 22_050, 48_000)]
    got = [chunk async for chunk in converted(once(*chunks), SPEECH)]
    assert {chunk.format for chunk in got} == {SPEECH}
    assert sum(chunk.duration for chunk in got) == pytest.approx(3.0, abs=1e-3)


@pytest.mark.parametrize(("silence", "kept"), [(0.0, 0.0), (0.005, 0.005), (0.3, 0.01)])
@pytest.mark.parametrize("form", [AudioFormat(22_050), STEREO])
def test_the_silence_before_the_first_sound_is_cut(form: AudioFormat, silence: float, kept: float) -> None:
    murmur = np.full(round(silence * form.rate), 0.002)
    loud = np.full(form.rate, 0.5)
    chunk = AudioChunk(pcm(np.repeat(np.concatenate([murmur, loud]), form.channels)), form, 3.0)
    begun = from_first_sound(chunk)
    assert begun.duration == pytest.approx(1.0 + kept, abs=1e-4)
    assert chunk.audio.endswith(begun.audio)
    assert (begun.format, begun.timestamp) == (form, 3.0)


def test_silence_alone_is_kept() -> None:
    chunk = AudioChunk(bytes(3200), SPEECH)
    assert from_first_sound(chunk) == chunk
    assert from_first_sound(AudioChunk(b"", SPEECH)).audio == b""
