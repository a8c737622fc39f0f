"""What nobody can simply obey: opposites, names of several things, far too many words. In four languages."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.home.house import House
from tests.skills.household import GAVE_UP, Household, household


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Household, None]:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    async with household(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("language", "said", "asked", "choice"),
    [
        ("en", "Turn the desk lamp on and off.", "I cannot do both at once. Which one: on, or off?", "off"),
        ("en", "turn off and on the desk lamp", "I cannot do both at once. Which one: on, or off?", "the second one"),
        (
            "en",
            "turn on the desk lamp and turn off the desk lamp",
            "I cannot do both at once. Which one: on, or off?",
            "off, please",
        ),
        (
            "de",
            "Schalte die desk lamp ein und aus",
            "Beides zugleich geht nicht. Was soll ich tun: ein, oder aus?",
            "aus",
        ),
        (
            "de",
            "schalte die desk lamp an und schalte die desk lamp aus",
            "Beides zugleich geht nicht. Was soll ich tun: an, oder aus?",
            "das zweite",
        ),
        (
            "fr",
            "Allume et éteins la desk lamp",
            "Je ne peux pas faire les deux à la fois. Que dois-je faire : allume, ou éteins ?",
            "éteins",
        ),
        (
            "es",
            "Enciende y apaga la desk lamp",
            "No puedo hacer las dos cosas a la vez. ¿Qué hago: enciende, o apaga?",
            "apaga",
        ),
    ],
)
async def test_opposites_are_asked_about_and_the_one_that_is_chosen_is_done(
    home: Household, language: str, said: str, asked: str, choice: str
) -> None:
    house = House()
    async with home.assembly.home.attached(house):
        assert await home.ask(said, language) == asked
        assert not house.calls
        await home.ask(choice, language)
    assert [(act.service, act.entities) for act in house.calls] == [("light.turn_off", ("light.desk_lamp",))]


@pytest.mark.parametrize(
    ("language", "said", "answer"),
    [
        ("en", "Is the desk lamp on or off?", "Desk lamp is on"),
        ("en", "Is the front door locked or unlocked?", "Front door is locked"),
        ("de", "Ist die desk lamp an oder aus?", "Desk lamp ist an"),
        ("fr", "Est-ce que la desk lamp est allumée ou éteinte ?", "Desk lamp est en marche"),
        ("es", "¿La desk lamp está encendida o apagada?", "El dispositivo Desk lamp está encendido"),
        ("es", "¿Está encendida o apagada la desk lamp?", "El dispositivo Desk lamp está encendido"),
    ],
)
async def test_who_asks_which_of_two_it_is_contradicts_nothing(
    home: Household, language: str, said: str, answer: str
) -> None:
    house = House()
    async with home.assembly.home.attached(house):
        assert await home.ask(said, language) == answer
    assert not house.calls


@pytest.mark.parametrize(
    ("language", "said", "asked", "choice"),
    [
        (
            "en",
            "turn on the ceiling lamp",
            "There are several called Ceiling lamp. Which one: office or kitchen?",
            "the kitchen one",
        ),
        (
            "de",
            "Schalte ceiling lamp ein",
            "Es gibt mehrere namens Ceiling lamp. Welches: office oder kitchen?",
            "die in der kitchen",
        ),
        (
            "fr",
            "Allume ceiling lamp",
            "Il y en a plusieurs qui s'appellent Ceiling lamp. Lequel : office ou kitchen ?",
            "celle de kitchen",
        ),
        (
            "es",
            "Enciende ceiling lamp",
            "Hay varios que se llaman Ceiling lamp. ¿Cuál: office o kitchen?",
            "la segunda",
        ),
    ],
)
async def test_a_name_that_two_have_is_asked_about_once(
    home: Household, language: str, said: str, asked: str, choice: str
) -> None:
    house = House()
    async with home.assembly.home.attached(house):
        assert await home.ask(said, language) == asked
        assert await home.ask(GAVE_UP, language) == GAVE_UP
        assert await home.ask(choice, language) == GAVE_UP, "asked once: what is said later is no answer"
        assert not house.calls
        await home.ask(said, language)
        await home.ask(choice, language)
    assert [act.entities for act in house.calls] == [("light.kitchen_ceiling",)]


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("en", "turn off the desk lamp and"),
        ("de", "schalte die desk lamp aus und"),
        ("fr", "éteins la desk lamp et"),
        ("es", "apaga la desk lamp y"),
    ],
)
async def test_five_hundred_words_are_no_command(home: Household, language: str, command: str) -> None:
    story = " ".join((f"{command} " * 500).split()[:500])
    house = House()
    async with home.assembly.home.attached(house):
        assert await home.ask(story, language) == GAVE_UP
        assert await home.ask(" ".join(story.split()[:60]), language)
    assert not house.calls
