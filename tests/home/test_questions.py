"""A question never does anything: each of a table, in four languages, to the whole assistant in a house of fakes."""

from pathlib import Path

import pytest
import yaml

from assistant.entities import Area, Entity
from tests.home.house import DIMMED, House
from tests.skills.household import household

_TABLE = Path(__file__).parents[2] / "plugins" / "inglenook-intents" / "tests" / "questions.yaml"
QUESTIONS: dict[str, list[str]] = yaml.safe_load(_TABLE.read_text("utf-8"))
NAMES = {
    "en": ("desk lamp", "ceiling light", "front door", "garage door", "television", "heating", "kitchen", "office"),
    "de": (
        *("Schreibtischlampe", "Deckenlampe", "Haustür", "Garagentor", "Fernseher", "Heizung"),
        *("Küche", "Büro"),
    ),
    "fr": (
        *("lampe du bureau", "plafonnier", "porte d'entrée", "porte du garage", "télévision", "chauffage"),
        *("cuisine", "salon"),
    ),
    "es": (
        *("lámpara del escritorio", "lámpara del techo", "puerta principal", "puerta del garaje", "televisión"),
        *("calefacción", "cocina", "oficina"),
    ),
}


def house(language: str) -> House:
    """Return a house in which everything that the questions name obeys at once."""
    lamp, ceiling, front, garage, television, heating, kitchen, office = NAMES[language]
    made = House(
        Entity("light.desk", lamp, area="office", state="on", attributes=DIMMED),
        Entity("light.ceiling", ceiling, area="kitchen", state="off", attributes=DIMMED),
        Entity("lock.front", front, area="office", state="locked"),
        Entity("cover.garage", garage, state="closed", attributes={"device_class": "garage"}),
        Entity("media_player.television", television, area="kitchen", state="playing"),
        Entity("climate.heating", heating, area="kitchen", state="heat", attributes={"current_temperature": 21.0}),
    )
    made.areas = (Area("kitchen", kitchen), Area("office", office))
    return made


COMMANDS = {
    "en": ("turn off the desk lamp", "set a timer for five minutes", "add milk to my shopping list"),
    "de": (
        "schalte die Schreibtischlampe aus",
        "stelle einen Timer auf fünf Minuten",
        "setze Milch auf die Einkaufsliste",
    ),
    "fr": ("éteins la lampe du bureau", "mets un minuteur de cinq minutes", "ajoute du lait à la liste de courses"),
    "es": (
        "apaga la lámpara del escritorio",
        "pon un temporizador de cinco minutos",
        "añade leche a la lista de la compra",
    ),
}
"""What is written where nobody asks but orders: each once."""


@pytest.mark.parametrize("language", QUESTIONS)
async def test_no_question_does_anything(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(QUESTIONS[language]) >= 50
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    things, did = house(language), {}
    async with household(tmp_path) as home, home.assembly.home.attached(things):

        async def writes() -> list[object]:
            assembly = home.assembly
            settings = assembly.controls.device("room").settings
            return [*things.calls, *assembly.timers.all(), *await assembly.state.lists.items("shopping"), settings]

        for question in QUESTIONS[language]:
            before = await writes()
            answer = await home.ask(question, language)
            assert answer
            if (after := await writes()) != before:
                did[question] = (answer, after)
        assert not did
        for command in COMMANDS[language]:
            before = await writes()
            await home.ask(command, language)
            assert len(await writes()) == len(before) + 1


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "Did you turn off the desk lamp?", "Desk lamp is on"),
        ("en", "Could you tell me whether the front door is locked?", "Front door is locked"),
        ("en", "Did you turn off the toaster?", "I know nothing called toaster."),
        ("de", "Hast du die Schreibtischlampe ausgeschaltet?", "Schreibtischlampe ist an"),
        ("de", "Kannst du mir sagen, ob die Haustür abgeschlossen ist?", "Haustür ist abgeschlossen"),
        ("de", "Hast du den Toaster ausgeschaltet?", "Ich kenne nichts namens Toaster."),
        ("fr", "As-tu éteint la lampe du bureau ?", "Lampe du bureau est en marche"),
        ("fr", "Peux-tu me dire si la porte d'entrée est verrouillée ?", "Porte d'entrée est verrouillé"),
        ("es", "¿Has apagado la lámpara del escritorio?", "El dispositivo Lámpara del escritorio está encendido"),
        ("es", "¿Has apagado la tostadora?", "No conozco nada que se llame tostadora."),
    ],
)
async def test_who_asks_what_was_done_is_told_how_it_is(
    language: str, question: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    things = house(language)
    async with household(tmp_path) as home, home.assembly.home.attached(things):
        assert await home.ask(question, language) == answer
    assert not things.calls
