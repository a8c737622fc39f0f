"""What is said to the device itself: understood word for word, done once the answer is committed, and told."""

import time

import pytest

from assistant import EventType
from assistant.config import AssistantConfig, EndpointConfig
from assistant.controls import Controls, DeviceSettings, QuietHours
from assistant.engines import Intent
from assistant.pipeline.commands.acts import ACTS, act
from assistant.pipeline.commands.fixed_phrases import FixedPhrases
from assistant.pipeline.commands.words import WORDS
from assistant.pipeline.language import is_stop
from assistant.speech import Recognition
from assistant.testing import FakeChat, FakeStt, run_in_virtual_time
from tests.pipeline.room import MARKER, Room, quiet, voice

ASKED = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2)]
UP = Recognition("HassSetVolumeRelative", complete=True, slots={"volume_step": "up"})
DOWN = Recognition("HassSetVolumeRelative", complete=True, slots={"volume_step": "down"})


def understood(text: str, language: str = "en") -> Recognition | None:
    intent: Intent = FixedPhrases()
    return intent.recognise(text, language, {})


# -- understanding ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "level"),
    [
        ("Volume 30 percent.", "en", 30),
        ("Volume thirty percent", "en-GB", 30),
        ("Please set the volume to 5%!", "en", 5),
        ("Stelle die Lautstärke auf dreißig Prozent.", "de", 30),
        ("Règle le volume à quatre-vingt-dix pour cent, s’il te plaît.", "fr", 90),
        ("Pon el volumen al 30 %.", "es", 30),
        ("Imposta il volume al cento per cento", "it", 100),
        ("Zet het volume op 40 procent, alsjeblieft.", "nl", 40),
    ],
)
def test_a_volume_in_percent(text: str, language: str, level: int) -> None:
    found = understood(text, language)
    assert found is not None
    assert (found.intent, found.slots) == ("HassSetVolume", {"volume_level": str(level)})


@pytest.mark.parametrize(
    "text",
    [
        "Volume 1000 percent",
        "Volume",
        "What is the volume of a sphere?",
        "Do not mute the microphone",
        "Louder and quieter",
        "Tell me what louder means",
        "unmute",
        "",
    ],
)
def test_what_is_not_said_word_for_word_is_left_to_the_chat_model(text: str) -> None:
    assert understood(text) is None


def test_every_language_has_a_phrase_for_every_act_and_none_that_ends_a_reply() -> None:
    intents = {tuple(intent) for intent in WORDS["en"].phrases}
    for language, words in WORDS.items():
        assert {tuple(intent) for intent in words.phrases} == intents
        for intent, phrases in words.phrases.items():
            for phrase in phrases:
                found = understood(phrase.replace("%", "30"), language)
                assert found is not None, f"{language}: {phrase}"
                assert found.intent == intent[0], f"{language}: {phrase}"
                assert not is_stop(phrase, language), f"{language}: {phrase}"
    assert {intent[0] for intent in intents} == set(ACTS)


# -- acts ------------------------------------------------------------------------------------------------------------


async def test_louder_and_quieter_say_where_they_end() -> None:
    controls = Controls(["room"])
    assert await act(UP, "en", "room", controls) == "It cannot be louder."
    for level in (90, 80, 70, 60, 50, 40, 30, 20, 10):
        assert await act(DOWN, "en", "room", controls) == f"Volume {level} percent."
    assert await act(DOWN, "de", "room", controls) == "Es ist schon so leise, wie es sinnvoll ist."
    assert controls.device("room").settings.volume == 10


@pytest.mark.parametrize(
    ("said", "language", "range_"),
    [
        ("set the volume to 200 percent", "en", "The volume goes from 0 to 100 percent."),
        ("Lautstärke auf 101 Prozent", "de", "Die Lautstärke geht von 0 bis 100 Prozent."),
        ("mets le volume à 200 %", "fr", "Le volume va de 0 à 100 pour cent."),
        ("pon el volumen al 999 por ciento", "es", "El volumen va de 0 a 100 por ciento."),
    ],
)
async def test_a_number_that_is_no_volume_is_answered_with_the_range(said: str, language: str, range_: str) -> None:
    controls, found = Controls(["room"]), understood(said, language)
    assert found is not None and await act(found, language, "room", controls) == range_
    assert controls.device("room").settings.volume == 100


async def test_in_quiet_hours_it_says_how_loud_it_is_then() -> None:
    now = time.mktime((2026, 11, 21, 23, 0, 0, 0, 0, -1))
    controls = Controls(["room"], wall=lambda: now, clock_set=lambda: True)
    quiet_hours = Recognition("InglenookQuietHours", complete=True, slots={"state": "on"})
    assert await act(quiet_hours, "en", "room", controls) == "Quiet hours are from 22:00 to 07:00."
    said = await act(Recognition("HassSetVolume", True, {"volume_level": "80"}), "en", "room", controls)
    assert said == "Volume 80 percent, but only 30 in the quiet hours."


# -- turns -----------------------------------------------------------------------------------------------------------


def test_a_command_is_a_turn_without_the_chat_model() -> None:
    room = Room(ASKED, FakeStt(["Volume 50 percent."]), FakeChat(["I am a chat model."]))
    run_in_virtual_time(room.live())
    assert room.controls.device("room").settings.volume == 50
    assert not room.chat.requests
    assert room.said(EventType.INTENT_END) == [{"reply": "Volume 50 percent."}]
    [receipt] = room.receipts
    assert (receipt.outcome, receipt.models["intent"]) == ("answered", "HassSetVolume")
    [changed] = [event for event in room.events if event.type is EventType.DEVICE_CHANGED]
    assert changed.turn == receipt.turn
    loudest = max(int.from_bytes(chunk.audio[-2:], "little", signed=True) for chunk in room.sink.heard)
    assert loudest == pytest.approx(0x2010 / 8, abs=2)  # the answer itself is at the new volume


def test_nothing_is_done_before_it_is_known_that_nothing_follows() -> None:
    went_on = [*quiet(1), MARKER, *quiet(0.4), *voice(1.2), *quiet(0.4), *voice(1.2)]
    config = AssistantConfig(
        wake=["hey_jarvis"], turn="", intent="", endpoint=EndpointConfig(shortest=0.7, silence=0.7)
    )
    stt = FakeStt(["Mute.", "Mute the film for me and tell me why."])
    room = Room(went_on, stt, FakeChat(["I cannot."]), config=config)
    run_in_virtual_time(room.live())
    assert not room.controls.muted("room")
    assert room.said(EventType.DEVICE_CHANGED) == []
    assert room.said(EventType.INTENT_END) == [{"reply": "I cannot."}]
    assert room.receipts[0].drafting.begun == 2  # the first draft was there, and waited


def test_settings_are_as_the_house_expects_them() -> None:
    assert DeviceSettings() == DeviceSettings(muted=False, volume=100, chime=False, quiet=QuietHours(on=False))
