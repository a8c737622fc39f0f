"""Volume and players: those of the house, those that it does not have, and a device that has no speaker."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from assistant.entities import Entity
from tests.home.house import House
from tests.skills.household import GAVE_UP, Household, household

RADIO = Entity("media_player.radio", "Radio", area="kitchen", state="playing", attributes={"volume_level": 0.4})
TELLY = Entity("media_player.telly", "Telly", area="office", state="playing")
PHONE = "phone"
"""A device that is none of the assistant's own."""


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Household, None]:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    monkeypatch.setattr("assistant.home.acting._OBEYS", 0.3)
    async with household(tmp_path) as opened:
        yield opened


NO_SPEAKER = {
    "en": "I have no speaker or microphone of my own here.",
    "de": "Ich habe hier keinen eigenen Lautsprecher und kein Mikrofon.",
    "fr": "Je n'ai ni haut-parleur ni micro à moi ici.",
    "es": "Aquí no tengo altavoz ni micrófono propios.",
}
NO_HOUSE = {
    "en": "I am not connected to anything that I could control.",
    "de": "Ich bin mit nichts verbunden, das ich steuern könnte.",
    "fr": "Je ne suis connecté à rien que je puisse commander.",
    "es": "No estoy conectado a nada que pueda controlar.",
}
LOUDNESS = {
    "en": ("Volume 30 percent", "louder", "turn the volume up", "how loud are you", "stop beeping"),
    "de": ("Lautstärke 30 Prozent", "lauter", "Mach leiser", "Wie laut bist du?"),
    "fr": ("Volume à 30 pour cent", "plus fort", "À quel volume es-tu ?"),
    "es": ("Volumen al 30 por ciento", "más alto", "¿A qué volumen estás?"),
}
PLAYING = {
    "en": ("skip on TV", "next track", "pause the TV", "pause the music", "mute my TV", "set the TV volume to 30"),
    "de": ("nächster Titel auf dem Fernseher", "pausiere den Fernseher", "pausiere die Musik", "nächster Titel"),
    "fr": ("chanson suivante sur la télé", "mets la télé en pause", "coupe le son de la télé", "chanson suivante"),
    "es": ("siguiente canción en la tele", "pausa la tele", "silencia la tele", "siguiente canción"),
}
UNKNOWN = {
    "en": ("skip on TV", "I know nothing called TV."),
    "de": ("pausiere den Fernseher", "Ich kenne nichts namens Fernseher."),
    "fr": ("mets la télé en pause", "Je ne connais rien qui s'appelle télé."),
    "es": ("pausa la tele", "No conozco nada que se llame tele."),
}


@pytest.mark.parametrize("language", LOUDNESS)
async def test_where_nothing_can_be_louder_that_is_said_without_a_chat_model(home: Household, language: str) -> None:
    before = home.assembly.controls.device("room").settings
    said = {text: await home.ask(text, language, device=PHONE) for text in LOUDNESS[language]}
    assert set(said.values()) == {NO_SPEAKER[language]}, said
    assert home.assembly.controls.device("room").settings == before


@pytest.mark.parametrize("language", PLAYING)
async def test_where_nothing_plays_that_is_said_without_a_chat_model(home: Household, language: str) -> None:
    said = {text: await home.ask(text, language, device=PHONE) for text in PLAYING[language]}
    assert set(said.values()) == {NO_HOUSE[language]}, said


@pytest.mark.parametrize("language", UNKNOWN)
async def test_a_player_that_there_is_not_is_said_to_be_unknown(home: Household, language: str) -> None:
    text, answer = UNKNOWN[language]
    house = House(RADIO)
    async with home.assembly.home.attached(house):
        assert await home.ask(text, language) == answer
    assert not house.calls


async def test_the_nearest_player_is_offered(home: Household) -> None:
    house = House(RADIO)
    async with home.assembly.home.attached(house):
        said = await home.ask("set the radios volume to 30 percent")
        assert said == "I know nothing called radios. Do you mean Radio?"
        assert not house.calls
        assert await home.ask("yes") == "Radio is at 30 percent."


@pytest.mark.parametrize(
    ("language", "text", "level"),
    [
        ("en", "set the radio volume to 30", 0.3),
        ("en", "set the volume in the kitchen to 70%", 0.7),
        ("de", "Stell die Lautstärke von Radio auf 30 Prozent", 0.3),
        ("fr", "Mets le volume de radio à 30 %", 0.3),
        ("es", "Pon el volumen de radio al 30 %", 0.3),
        ("en", "turn the volume up", 0.5),
        ("de", "lauter", 0.5),
    ],
)
async def test_a_player_is_as_loud_as_it_was_asked_to_be(
    home: Household, language: str, text: str, level: float
) -> None:
    house = House(RADIO)
    async with home.assembly.home.attached(house):
        assert await home.ask(text, language, device=PHONE) != GAVE_UP
        assert house.things["media_player.radio"].attributes["volume_level"] == level
        await home.ask("undo that", device=PHONE)
        assert house.things["media_player.radio"].attributes["volume_level"] == 0.4


async def test_a_player_that_does_not_tell_how_loud_it_is_is_told_to_be_louder(home: Household) -> None:
    house = House(TELLY)
    async with home.assembly.home.attached(house):
        await home.ask("turn the volume up", device=PHONE)
    assert [(act.service, act.data) for act in house.calls] == [("media_player.volume_up", {})]


async def test_a_device_of_its_own_goes_before_the_players(home: Household) -> None:
    house = House(RADIO)
    async with home.assembly.home.attached(house):
        assert await home.ask("Volume 30 percent", device="room") == "Volume 30 percent."
        assert await home.ask("turn it up", device="room") == "Volume 40 percent."
    assert not house.calls
