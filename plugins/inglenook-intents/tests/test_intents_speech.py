"""Real commands, said by people and heard by Whisper base."""

import pytest
from assistant_intents.engine import Hassil

from assistant import Area, Entity, SttOptions, Vocabulary
from assistant.streams import once
from assistant.testing import model_path, recordings, speech

HOUSE = Vocabulary(
    (
        Entity("light.standing", "Standing Light", area="living"),
        Entity("cover.garage", "Garage Door", attributes={"device_class": "garage"}),
        Entity("media_player.tv", "TV", area="living"),
    ),
    (Area("office", "Office"), Area("living", "Living Room")),
)
COMMANDS = {
    "cancel_all_timers": ("HassCancelAllTimers", {}),
    "is_the_Garage_Door_open": ("HassGetState", {"entity_ids": "cover.garage", "state": "open"}),
    "nevermind": ("HassNevermind", {}),
    "next": ("HassMediaNext", {"here": "yes"}),
    "pause": ("HassMediaPause", {"here": "yes"}),
    "pause_timer": ("HassPauseTimer", {}),
    "resume": ("HassMediaUnpause", {"here": "yes"}),
    "set_a_timer_for_5_minutes": ("HassStartTimer", {"minutes": "5"}),
    "skip_on_TV": ("HassMediaNext", {"entity_ids": "media_player.tv"}),
    "turn_off_all_of_the_lights_in_the_Office": ("HassTurnOff", {"domain": "light", "area_ids": "office"}),
    "turn_on_Standing_Light": ("HassTurnOn", {"entity_ids": "light.standing"}),
    "what_time_is_it": ("HassGetCurrentTime", {}),
    "whats_the_date": ("HassGetCurrentDate", {}),
    "whats_the_weather": ("HassGetWeather", {}),
}
"""By the name of the recording, which is what is said: the intent, and slots that it must have."""
NO_COMMANDS = ("oov_1", "oov_2")
RECORDINGS = recordings()


def understood(engine: Hassil, name: str, text: str) -> bool:
    """Tell whether *text* gives what the command *name* asks for; fails where it gives anything else."""
    intent, slots = COMMANDS[name]
    found = engine.recognise(text, "en", {"area": "living"})
    if found is not None and found.intent == intent and found.slots.items() >= slots.items():
        return True
    assert found is None or not found.complete, f"{text!r} is taken for {found}"
    return False


@pytest.fixture
def engine() -> Hassil:
    """Return an engine that knows the house of the commands."""
    engine = Hassil()
    engine.teach(HOUSE)
    return engine


@pytest.mark.parametrize("name", COMMANDS)
def test_what_people_say_is_understood_as_it_is_written(engine: Hassil, name: str) -> None:
    assert understood(engine, name, name.replace("whats", "what's").replace("_", " "))


@pytest.mark.once
@pytest.mark.skipif(RECORDINGS is None, reason="there are no recordings")
async def test_what_people_say_is_understood_from_its_sound(engine: Hassil) -> None:
    assert RECORDINGS is not None
    whisper = pytest.importorskip("assistant_faster_whisper")
    [spec] = whisper.assistant_engines()
    async with spec.open(spec.config(model=model_path("whisper-base"))) as stt:

        async def heard(name: str) -> str:
            sound = speech(RECORDINGS / "speech" / f"{name}.wav")
            [*_, last] = [said async for said in stt.transcribe(once(*sound), SttOptions("en"))]
            return str(last.text)

        texts = {name: await heard(name) for name in COMMANDS}
        missed = {name: text for name, text in texts.items() if not understood(engine, name, text)}
        assert len(missed) <= 0.15 * len(COMMANDS), missed
        for name in NO_COMMANDS:
            found = engine.recognise(await heard(name), "en", {"area": "living"})
            assert found is None or found.intent == "HassMediaSearchAndPlay", found
