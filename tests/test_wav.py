import struct
import tracemalloc
import wave
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assistant import AudioChunk, AudioError, AudioFormat, once
from assistant.testing import check_sink, check_source, check_spec, recordings, run_in_virtual_time, tone
from assistant.wav import (
    WavSink,
    WavSinkConfig,
    WavSource,
    WavSourceConfig,
    assistant_engines,
    open_sink,
    open_source,
    read_speech,
    read_wav,
    write_wav,
)


def wav(sound: bytes, fields: bytes, *, size: int | None = None, before: bytes = b"") -> bytes:
    """Build a file by hand, so that it can lie."""
    fmt = struct.pack("<4sI", b"fmt ", len(fields)) + fields
    data = struct.pack("<4sI", b"data", len(sound) if size is None else size) + sound
    return struct.pack("<4sI4s", b"RIFF", 4 + len(before + fmt + data), b"WAVE") + before + fmt + data


def fields(tag: int = 1, channels: int = 1, rate: int = 16_000, width: int = 2) -> bytes:
    frame = channels * width
    return struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, 8 * width)


def sine(rate: int, seconds: float = 0.5) -> np.ndarray:
    return 0.5 * np.sin(np.arange(round(rate * seconds)) * (2 * np.pi * 440 / rate))


def samples(audio: bytes) -> np.ndarray:
    return np.frombuffer(audio, "<i2").astype(float) / 32768


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sound.wav"


def heard(file: Path, channel: int | None = None) -> np.ndarray:
    return samples(b"".join(chunk.audio for chunk in read_speech(file, channel)))


def stored(kind: str, rate: int) -> tuple[bytes, bytes]:
    wave_ = sine(rate)
    match kind:
        case "8":
            return np.rint(wave_ * 127 + 128).astype(np.uint8).tobytes(), fields(rate=rate, width=1)
        case "16":
            return (wave_ * 32767).astype("<i2").tobytes(), fields(rate=rate)
        case "24":
            wide = (wave_ * (2**31 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)
            return wide[:, 1:].tobytes(), fields(rate=rate, width=3)
        case "32":
            return (wave_ * (2**31 - 1)).astype("<i4").tobytes(), fields(rate=rate, width=4)
        case "float":
            return wave_.astype("<f4").tobytes(), fields(3, rate=rate, width=4)
        case "double":
            return wave_.astype("<f8").tobytes(), fields(3, rate=rate, width=8)
        case "extensible":
            guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
            return (wave_ * 32767).astype("<i2").tobytes(), (
                fields(0xFFFE, rate=rate) + struct.pack("<HHI", 22, 16, 4) + guid
            )
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["8", "16", "24", "32", "float", "double", "extensible"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_every_width_and_rate_becomes_16_khz_mono(file: Path, kind: str, rate: int) -> None:
    file.write_bytes(wav(*stored(kind, rate)))
    got = heard(file)
    assert abs(len(got) - 8_000) <= 1
    inner = slice(400, 7_600)  # the resampler rings at the ends
    assert np.abs(got[:8_000] - sine(16_000)[: len(got)])[inner].max() < 0.02


def test_several_channels_become_their_mean_or_the_one_that_is_picked(file: Path) -> None:
    left, right = sine(16_000), np.zeros(8_000)
    both = (np.stack([left, right], axis=1) * 32767).astype("<i2")
    file.write_bytes(wav(both.tobytes(), fields(channels=2)))
    assert np.abs(heard(file) - left / 2).max() < 1e-3
    assert np.abs(heard(file, 0) - left).max() < 1e-3
    assert not heard(file, 1).any()
    with pytest.raises(AudioError, match=r"sound\.wav: there is no channel 2"):
        heard(file, 2)


def test_chunks_follow_each_other(file: Path) -> None:
    write_wav(file, [tone(0.5)])
    chunks = list(read_speech(file))
    assert all(abs(before.end - after.timestamp) < 1e-9 for before, after in pairwise(chunks))
    assert [chunk.duration for chunk in chunks[:-1]] == [0.08] * 6


def test_other_chunks_of_odd_size_are_skipped(file: Path) -> None:
    note = struct.pack("<4sI", b"LIST", 3) + b"abc\0"
    sound, form = stored("16", 16_000)
    file.write_bytes(wav(sound, form, before=note * 5) + b"trailing")
    assert read_wav(file).audio == sound


@pytest.mark.parametrize("stated", [0xFFFFFFF0, 0x7FFFFFFF, 20_000])
def test_a_file_that_is_cut_off_is_used_as_far_as_it_goes(
    file: Path, stated: int, caplog: pytest.LogCaptureFixture
) -> None:
    sound, form = stored("16", 16_000)
    file.write_bytes(wav(sound[:-1], form, size=stated))
    assert read_wav(file).audio == sound[:-2]
    assert "is cut off" in caplog.text


def test_a_stream_of_unknown_length_is_no_fault(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    sound, form = stored("16", 16_000)
    file.write_bytes(wav(sound, form, size=0xFFFFFFFF))
    assert read_wav(file).audio == sound
    assert not caplog.records


def test_floats_that_are_no_numbers_do_not_spread(file: Path) -> None:
    broken = np.array([np.nan, np.inf, -np.inf, 0.5], "<f4").tobytes()
    file.write_bytes(wav(broken, fields(3, width=4)))
    assert np.allclose(samples(read_wav(file).audio), [0, 1, -1, 0.5], atol=1e-4)


BAD = {
    "is empty": b"",
    "is no WAV file": b"fLaC" + bytes(100),
    "holds no sound": wav(b"", fields()),
    "is compressed": wav(bytes(100), fields(tag=7, width=1)),
    "its format is missing": b"RIFF\0\0\0\0WAVE" + struct.pack("<4sI", b"data", 100) + bytes(100),
    "its format is cut short": wav(bytes(100), b"\1\0"),
    "is damaged: 0 Hz": wav(bytes(100), fields(rate=0)),
    "0 channels": wav(bytes(100), fields(channels=0)),
    "40 bit": wav(bytes(100), fields(width=5)),
    "64 channels": wav(bytes(1280), fields(channels=64)),
}


@pytest.mark.parametrize("problem", BAD)
def test_what_cannot_be_used_is_an_error_with_a_hint(file: Path, problem: str) -> None:
    file.write_bytes(BAD[problem])
    with pytest.raises(AudioError, match=problem) as error:
        list(read_speech(file))
    assert str(file) in str(error.value)
    assert error.value.hint


def test_a_header_without_sound_is_an_error(file: Path) -> None:
    file.write_bytes(wav(b"", fields(), size=0xFFFFFFF0)[:40])
    with pytest.raises(AudioError, match="holds no sound"):
        read_wav(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.wav", tmp_path):
        with pytest.raises(AudioError, match="there is no file"):
            read_wav(path)


def test_a_huge_file_is_not_read_as_a_whole(file: Path) -> None:
    with file.open("wb") as out:  # sparse: 1 GiB of silence that takes no space
        out.write(wav(b"", fields(), size=2**30))
        out.truncate(2**30 + 44)
    chunks = read_speech(file)
    tracemalloc.start()
    for _ in range(100):
        next(chunks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    chunks.close()  # type: ignore[attr-defined]
    assert peak < 2**20


def test_what_is_written_is_read_again(file: Path) -> None:
    form = AudioFormat(22_050, 2, 2)
    sound = [AudioChunk(bytes(range(200)), form), AudioChunk(bytes(100), form)]
    write_wav(file, sound)
    assert read_wav(file) == AudioChunk(bytes(range(200)) + bytes(100), form)


@pytest.mark.skipif(recordings() is None, reason="no recordings on this machine")
def test_recordings_are_read_as_the_standard_library_reads_them() -> None:
    folder = recordings()
    assert folder is not None
    for file in folder.glob("**/*.wav"):
        with wave.open(str(file)) as expected:
            form = AudioFormat(expected.getframerate(), expected.getsampwidth(), expected.getnchannels())
            assert read_wav(file) == AudioChunk(expected.readframes(expected.getnframes()), form)


@pytest.mark.parametrize("spec", assistant_engines(), ids=lambda spec: spec.name)
def test_spec(spec: object) -> None:
    check_spec(spec)  # type: ignore[arg-type]


def test_source_is_a_microphone(file: Path) -> None:
    write_wav(file, [tone(0.5)])

    async def listen() -> None:
        async with open_source(WavSourceConfig(file=str(file))) as source:
            chunks = await check_source(source, 1.5)
        assert any(chunks[0].audio)
        assert not any(chunks[-1].audio)  # silence follows, without end

    run_in_virtual_time(listen())


async def test_source_as_fast_as_possible_ends_after_its_silence(file: Path) -> None:
    write_wav(file, [tone(60)])
    source = WavSource(WavSourceConfig(file=str(file), realtime=False, silence=0.8))
    chunks = [chunk async for chunk in source.capture()]
    assert sum(chunk.duration for chunk in chunks) == pytest.approx(60.8)
    assert chunks[-1].end - chunks[0].timestamp == pytest.approx(60.8)


async def test_source_may_wait_for_its_file_in_silence(file: Path) -> None:
    config = WavSourceConfig(file=str(file), wait=True, realtime=False, silence=0)
    async with open_source(config) as source, aclosing(source.capture()) as capture:
        heard = [await anext(capture) for _ in range(5)]
        assert not any(b"".join(chunk.audio for chunk in heard))
        write_wav(file, [tone(0.4)])
        heard += [chunk async for chunk in capture]
    assert all(any(chunk.audio) for chunk in heard[-5:])
    for before, after in pairwise(heard):
        assert after.timestamp == pytest.approx(before.end)


async def test_source_without_its_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="there is no file"):
        async with open_source(WavSourceConfig(file=str(tmp_path / "no.wav"))):
            pass


def test_sink_is_a_speaker(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_sink(WavSinkConfig(file=str(tmp_path / "new" / "folder"))) as sink:
            played = await check_sink(sink)
        assert played[-1].timestamp - played[0].timestamp == pytest.approx(0.6, abs=1e-3)

    run_in_virtual_time(play())
    answers = sorted((tmp_path / "new" / "folder").iterdir())
    assert [path.name for path in answers] == ["answer-0001.wav", "answer-0002.wav", "answer-0003.wav"]
    assert read_wav(answers[0]).audio == tone(0.2).audio * 3


def test_sink_keeps_only_what_was_heard(file: Path) -> None:
    async def leave() -> None:
        sink = WavSink(WavSinkConfig(file=str(file)))
        playing = sink.play(once(tone(1), tone(1)))
        async for played in playing:
            if played.seconds >= 0.4:
                break
        await playing.aclose()

    run_in_virtual_time(leave())
    assert read_wav(file).duration == pytest.approx(0.4)


async def test_sink_converts_what_does_not_fit_its_beginning(file: Path) -> None:
    sink = WavSink(WavSinkConfig(file=str(file), realtime=False))
    other = AudioChunk(bytes(AudioFormat(48_000, 2, 2).size(1)), AudioFormat(48_000, 2, 2))
    played = [p async for p in sink.play(once(tone(1), other))]
    assert played[-1].seconds == pytest.approx(2, abs=0.01)
    assert read_wav(file).format == tone(1).format


async def test_sink_without_sound_leaves_no_file(file: Path) -> None:
    assert not [p async for p in WavSink(WavSinkConfig(file=str(file))).play(once())]
    assert not list(file.parent.iterdir())


async def test_sink_whose_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AudioError, match="cannot be made"):
        async with open_sink(WavSinkConfig(file=str(tmp_path / "file" / "folder"))):
            pass
