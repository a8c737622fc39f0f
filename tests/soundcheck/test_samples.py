import array
import re

import pytest

from assistant import SPEECH, AudioChunk
from assistant.soundcheck import diagnose, level
from assistant.soundcheck.examine import channel_complaints
from assistant.soundcheck.server import Routed, complaints
from assistant.soundcheck.tone import hears_notes, notes
from assistant.testing import silence, tone


def shifted(chunk: AudioChunk, by: int, louder: float = 1.0) -> AudioChunk:
    samples = array.array("h", chunk.audio)
    moved = (max(-32768, min(32767, round(sample * louder) + by)) for sample in samples)
    return AudioChunk(array.array("h", moved).tobytes(), SPEECH)


def test_good_sound_needs_no_word() -> None:
    assert diagnose([silence(1), tone(1), silence(1)]) == []


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        ([], "No sound arrives"),
        ([silence(1)], "digital silence"),
        ([shifted(tone(1), 0, louder=10)], "The sound clips"),
        ([shifted(tone(1), 2000)], r"off centre by \+6.1%"),
        ([tone(1, level=0.0005)], "Almost nothing is heard"),
        ([shifted(silence(1), -3000)], "off centre by -9.2%"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(sound: list[AudioChunk], said: str) -> None:
    found = diagnose(sound)
    assert re.search(said, found[0])
    assert ":" in found[0] and found[0].endswith(".")


def test_level_is_between_silence_and_full_scale() -> None:
    assert level(silence(0.1)) == 0.0
    assert level(tone(0.1, level=1.0)) == pytest.approx(1.0, abs=0.06)
    assert level(tone(0.1, level=0.01)) == pytest.approx(0.28, abs=0.02)


@pytest.mark.parametrize(
    ("sound", "heard"),
    [
        ([silence(0.5), notes(16_000), silence(0.2)], True),
        ([], False),
        ([silence(2)], False),
        ([tone(1, hertz=1000)], False),
        ([tone(0.3, hertz=1500), tone(0.3, hertz=1000)], False),
        ([tone(1, hertz=440)], False),
    ],
    ids=["the notes", "nothing", "silence", "only the first", "the other way round", "another"],
)
def test_the_notes_are_known_again(sound: list[AudioChunk], heard: bool) -> None:
    assert hears_notes(sound) is heard


LOUD, SOFT, DEAD = [tone(0.1)], [tone(0.1, level=0.1)], [silence(0.1)]


@pytest.mark.parametrize(
    ("heard", "chosen", "said"),
    [
        ([LOUD, SOFT, LOUD, SOFT], None, ""),
        ([DEAD, DEAD, DEAD, DEAD], None, ""),
        ([DEAD, SOFT, LOUD, []], None, "nothing is on 0, 3: set `channel: 2` and `channels: 4`"),
        ([DEAD, SOFT, LOUD, DEAD], 1, ""),
        ([DEAD, SOFT, LOUD, DEAD], 3, "Nothing is on channel 3 of 4: set `channel: 2`"),
    ],
)
def test_channels_that_spoil_an_array_are_named(heard: list[list[AudioChunk]], chosen: int | None, said: str) -> None:
    found = channel_complaints(heard, chosen)
    assert said in found[0] if said else not found


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (Routed("source", "usb", "USB mic", 1, 48_000), ""),
        (Routed("sink", "auto_null", "Dummy Output", 2, 48_000), "has no speaker, only a stand-in"),
        (Routed("source", "auto_null.monitor", "Dummy", 2, 48_000), "has no microphone, only a stand-in"),
        (Routed("source", "hdmi.monitor", "Monitor", 2, 48_000, monitor=True), "is no microphone"),
        (Routed("source", "pci", "Built-in", 2, 48_000, unplugged="Microphone"), "nothing is plugged in there"),
        (Routed("sink", "pci", "Built-in", 2, 48_000, suspended=True), "pactl suspend-sink pci 0"),
        (Routed("sink", "pci", "Built-in", 2, 48_000, stream_muted=True), "muted for this program"),
        (Routed("sink", "pci", "Built-in", 2, 48_000, muted=True, volume=0), "set-sink-mute pci 0"),
    ],
)
def test_what_the_server_says_is_put_in_words(device: Routed, said: str) -> None:
    found = complaints(device)
    assert len(found) == bool(said)
    assert all(said in sentence and ":" in sentence for sentence in found)
