import array
import re

import pytest

from assistant import SPEECH, AudioChunk
from assistant.soundcheck import diagnose
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
