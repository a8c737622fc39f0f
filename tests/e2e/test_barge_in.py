"""People who talk into a reply that the microphone hears too: with real engines in a computed room, and on devices."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from assistant import AudioChunk, EventType, TurnEvent
from assistant.pipeline.wake_phrase import plain
from assistant.soundcard import Room, SoundCard, sound_card
from assistant.testing import FakeChat, run_in_virtual_time, silence
from tests.e2e.house import DEVICES, house, listening
from tests.e2e.test_recordings import data, needs_recordings, recording, spoken, until

pytestmark = pytest.mark.once

STORY = (
    "Once upon a time there was a small harbour by the sea, where an old fisherman lived with his dog and seven cats. "
    "Every morning he went out in his boat, and every evening he came back with a story that nobody believed. One day "
    "he saw a light under the water. It was as green as an emerald, and it moved as if it was alive. He threw his net, "
    "but the net came back empty, and the light went down into the deep. When he told his wife, she laughed and said "
    "that he had slept in the sun."
)
CALL = "Hey Jarvis! Tell me a story about the sea."
SPEECHES = {
    "Wait a moment. Tell me a story about the mountains.": "story about the mountains",
    "I would rather have a story about a cat and a dog.": "story about a cat",
    "What time is it?": "what time is it",
    "Thank you, but what is the capital of Italy?": "capital of italy",
    "Can you tell me about the weather instead?": "about the weather",
}
"""What is said into the replies, and what must be understood of it."""
STOP = "Stop!"

Sounds = dict[str, list[AudioChunk]]


@pytest.fixture(autouse=True)
def everything_is_a_story(tmp_path: Path) -> None:
    """Leave every question to the chat model, whose replies are long: the time is told too soon to be interrupted."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "stories.yaml").write_text("assistants: {jarvis: {intent: ''}}\n")


@pytest.fixture
def sounds(real_home: Path) -> Sounds:
    """What a person says, in the assistant's own voice, so that nothing can tell them apart by it."""

    async def main() -> Sounds:
        return {text: await spoken(text) for text in (CALL, *SPEECHES, STOP)}

    return asyncio.run(main())


def check(texts: list[str], outcomes: list[str]) -> None:
    """Check that every speech was understood, and ended the reply before it."""
    assert outcomes == ["interrupted"] * len(SPEECHES) + ["stopped"], texts
    for text, wanted in zip(texts[1:], SPEECHES.values(), strict=True):
        assert wanted in plain(text)


@pytest.mark.parametrize(
    "room",
    [Room(gain=0.3, delay=0.02, reverberation=0.2), Room(gain=1.0, delay=0.15, reverberation=0.5)],
    ids=["a small room", "a hall, as loud as the person"],
)
def test_five_replies_are_talked_into(room: Room, sounds: Sounds, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, room, [STORY] * 30) as home:
            for sound in sounds.values():
                await asyncio.sleep(home.say(sound))
                await asyncio.sleep(6)
            check(home.texts, home.outcomes)

    run_in_virtual_time(main())


@needs_recordings
def test_a_person_is_understood_through_the_reply(sounds: Sounds, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, Room(gain=0.5, delay=0.1, reverberation=0.3), [STORY] * 30) as home:
            await asyncio.sleep(home.say(sounds[CALL]))
            await asyncio.sleep(6)
            home.say(recording("speech/set_a_timer_for_5_minutes.wav"))
            await asyncio.sleep(9)
            home.say(recording("speech/turn_off_all_of_the_lights_in_the_Office.wav"))
            await asyncio.sleep(9)
            assert home.outcomes == ["interrupted", "interrupted"]
            assert "five minutes" in plain(home.texts[1]).replace("5", "five")
            assert "lights in the office" in plain(home.texts[2])

    run_in_virtual_time(main())


@pytest.mark.parametrize("gain", [0.2, 1.0])
def test_nobody_interrupts_a_reply_but_people(gain: float, sounds: Sounds, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, Room(gain, delay=0.1, reverberation=0.4), [STORY] * 30) as home:
            for count in range(3):
                await asyncio.sleep(1)
                home.say(sounds[CALL])
                await home.until(turns=count + 1)
            assert home.outcomes == ["answered"] * 3
            assert home.chat.requests[2].messages[-2].text == " ".join(STORY.split())  # heard to its end

    run_in_virtual_time(main())


@dataclass
class Devices:
    """A sound card in a room, and an assistant that listens there."""

    card: SoundCard
    """What the person speaks into."""
    recording: Path
    """What the speaker plays, as WAV."""
    events: list[TurnEvent] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return data(self.events, EventType.STT_END, "text")

    @property
    def outcomes(self) -> list[str]:
        return data(self.events, EventType.RUN_END, "outcome")

    @property
    def played(self) -> float:
        """Return how many seconds of sound the speaker has played so far, silence left out."""
        samples = np.frombuffer(self.recording.read_bytes()[44:], "<i2")
        steps = samples[: len(samples) // 9600 * 9600].reshape(-1, 9600)  # 100 ms of 48 kHz, two channels
        return float((np.abs(steps).max(axis=1) > 100).sum()) / 10


@asynccontextmanager
async def devices(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Devices, None]:
    """Listen on a sound card, with real engines but for the chat model, which tells long stories."""
    async with sound_card() as card, card.echo(Room(gain=0.3)), card.record(folder / "played.wav"):
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        made = Devices(card, folder / "played.wav")
        async with listening(folder, DEVICES, FakeChat([STORY] * 30), made.events):
            yield made


async def test_five_replies_are_talked_into_on_devices(
    sounds: Sounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with devices(tmp_path, monkeypatch) as place:
        for count, text in enumerate([CALL, *SPEECHES]):
            await place.card.speak(sounds[text])
            await until(lambda count=count: len(place.texts) > count)  # type: ignore[misc]
            before = place.played
            await until(lambda before=before: place.played > before + 2.5)  # type: ignore[misc]
        asked = 0
        while "stopped" not in place.outcomes and asked < 3:
            asked += 1
            await place.card.speak([*sounds[STOP], silence(2.0)])
    # One turn for each thing said, and no more: the assistant never interrupts itself. "Stop" may be misunderstood.
    told = len(place.outcomes)
    assert place.outcomes == ["interrupted"] * (told - 1) + ["stopped"], place.texts
    assert len(SPEECHES) < told <= len(SPEECHES) + asked, place.texts
    # A busy machine tears sound apart, words too; what is said in a computed room must be understood without fail.
    understood = [any(wanted in plain(text) for text in place.texts) for wanted in SPEECHES.values()]
    assert sum(understood) >= 3, place.texts
