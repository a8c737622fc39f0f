"""Sentences about a house, through the whole ladder: what is meant, what is asked back, what is refused."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from assistant.assembly import Assembly, assemble
from assistant.config.load import load
from assistant.entities import Act, Area, Entity
from assistant.home import Home
from assistant.home.phrases import PHRASES
from assistant.skill import OWNER
from assistant.skills.home import home
from assistant.skills.house import house as questions
from tests.home.house import DIMMED, THINGS, House

pytestmark = pytest.mark.asyncio(loop_scope="module")

Say = Callable[..., Awaitable[str]]

CONFIG = """
models: {chat: {engine: echo, prefix: 'not understood: '}}
devices: {room: {area: office}}
assistants:
  en: {chat: chat, language: en}
  de: {chat: chat, language: de}
  fr: {chat: chat, language: fr}
  es: {chat: chat, language: es}
"""


WINDOWS = tuple(
    Entity(f"binary_sensor.{name}", f"{name} window", state=state, attributes={"device_class": "window"})
    for name, state in (("Left", "on"), ("Right", "off"))
)


@pytest.fixture
def house(request: pytest.FixtureRequest) -> House:
    return getattr(request, "param", None) or House()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def assembly(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Assembly]:
    """One assistant for all of it: reading the sentences of four languages takes a while."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("INGLENOOK_HOME", str(folder))
        patched.setattr("assistant.home.acting._OBEYS", 0.3)
        (folder / "assistant.yaml").write_text(CONFIG)
        async with assemble(load(folder / "assistant.yaml", {})) as assembly:
            yield assembly


@pytest_asyncio.fixture(loop_scope="module")
async def say(house: House, assembly: Assembly) -> AsyncIterator[Say]:
    async def say(text: str, language: str = "en", device: str = "hall", person: str = OWNER) -> str:
        answer = await assembly.run_turn(text, assistant=language, conversation=device, device=device, person=person)
        return answer.text.strip()

    async with assembly.home.attached(house):
        yield say
    await assembly.forget(0)


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "turn off the lights in the office", "Ceiling lamp is off; Desk lamp did not answer."),
        ("de", "Schalte das Licht im office aus", "Ceiling lamp ist aus; Desk lamp hat nicht reagiert."),
        ("fr", "Éteins les lumières dans office", "Ceiling lamp est à l'arrêt; Desk lamp n'a pas répondu."),
        ("es", "Apaga las luces de office", "Ceiling lamp está apagado; Desk lamp no ha respondido."),
    ],
)
async def test_half_a_success_is_told_as_such(house: House, say: Say, language: str, text: str, said: str) -> None:
    house.silent = {"light.desk_lamp"}
    assert await say(text, language) == said


async def test_whole_success_is_said_by_the_language_s_own_response(house: House, say: Say) -> None:
    assert await say("turn off the lights in the office") == "Turned off the lights"
    assert await say("turn off the lights in the office") == "Ceiling lamp and Desk lamp are already off."


async def test_the_lights_are_those_of_the_room_where_it_is_said(house: House, say: Say) -> None:
    assert await say("turn off the lights", device="room") == "Turned off the lights"
    assert house.things["light.kitchen_ceiling"].state == "off"
    assert {house.things[id_].state for id_ in ("light.office_ceiling", "light.desk_lamp")} == {"off"}


async def test_where_it_is_not_known_the_room_is_asked_for_once(house: House, say: Say) -> None:
    assert await say("turn on the lights") == "In which room: office or kitchen?"
    assert house.calls == []
    assert await say("in the kitchen please") == "Turned on the lights"
    assert house.calls[0].entities == ("light.kitchen_ceiling",)


async def test_a_name_that_two_have_is_asked_about_or_that_of_the_room(house: House, say: Say) -> None:
    assert (
        await say("turn on the ceiling lamp") == "There are several called Ceiling lamp. Which one: office or kitchen?"
    )
    assert await say("the kitchen one") == "Turned on the light"
    assert house.things["light.kitchen_ceiling"].state == "on"
    assert await say("turn off the ceiling lamp", device="room") == "Turned off the light"
    assert house.things["light.office_ceiling"].state == "off"


@pytest.mark.parametrize(
    ("language", "text", "said", "yes"),
    [
        ("en", "turn on the kettles", "I know nothing called kettles. Do you mean Kettle?", "yes"),
        ("de", "Schalte den Kettel ein", "Ich kenne nichts namens Kettel. Ist Kettle gemeint?", "ja"),
        ("fr", "Allume le kettel", "Je ne connais rien qui s'appelle kettel. Est-ce Kettle ?", "oui"),
        ("es", "Enciende el kettel", "No conozco nada que se llame kettel. ¿Es Kettle?", "sí"),
    ],
)
async def test_an_unknown_name_is_said_and_the_nearest_offered(
    house: House, say: Say, language: str, text: str, said: str, yes: str
) -> None:
    assert await say(text, language) == said
    assert house.calls == []
    await say(yes, language)
    assert house.things["switch.kettle"].state == "on"


async def test_nothing_is_near_to_nonsense(house: House, say: Say) -> None:
    assert await say("turn on the xylophone quartet") == "I know nothing called xylophone quartet."


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "is the desk lamp on"),
        ("en", "are any lights on in the office"),
        ("en", "is the front door locked?"),
        ("de", "Ist die Desk lamp an?"),
        ("fr", "Est-ce que Desk lamp est allumé ?"),
    ],
)
async def test_a_question_never_acts(house: House, say: Say, language: str, text: str) -> None:
    assert (await say(text, language)).startswith(("Yes", "Ja", "Oui"))
    assert house.calls == []


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "is the spaceship open?", "I know nothing called spaceship."),
        ("de", "Ist das Raumschiff offen?", "Ich kenne nichts namens Raumschiff."),
        ("fr", "Est-ce que le vaisseau est ouvert ?", "Je ne connais rien qui s'appelle vaisseau."),
        ("es", "¿Está abierta la nave?", "No conozco nada que se llame nave."),
        ("en", "is the desk clamp on?", "Desk lamp: on."),
        ("en", "is the light on?", "Ceiling lamp: on; Desk lamp: on."),
    ],
)
async def test_no_model_makes_up_how_a_thing_is(house: House, say: Say, language: str, text: str, said: str) -> None:
    assert await say(text, language, device="room") == said
    assert house.calls == []


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "which windows are open?", "Left window"),
        ("en", "are all windows closed?", "No, Left window is not closed"),
        ("de", "Ist ein Fenster offen?", "Ja, Left window"),
        ("fr", "Quelles fenêtres sont ouvertes ?", "Left window"),
        ("es", "¿Hay alguna ventana abierta?", "Sí, el dispositivo Left window"),
        ("en", "is the Left window open?", "Yes"),
        ("de", "Ist Right window offen?", "Nein, geschlossen"),
        ("en", "is the garage door open?", "No, closed"),
        ("en", "is the light in the office on?", "Yes, Ceiling lamp and Desk lamp"),
        ("de", "Brennt im office Licht?", "Ja, Ceiling lamp und Desk lamp"),
        ("fr", "Est-ce que la lumière de la kitchen est allumée ?", "Non"),
        ("es", "¿Están encendidas las luces de kitchen?", "No"),
    ],
)
@pytest.mark.parametrize("house", [House(*THINGS, *WINDOWS)], indirect=True)
async def test_windows_doors_and_the_light_of_a_room_are_asked_about(
    house: House, say: Say, language: str, text: str, said: str
) -> None:
    assert await say(text, language) == said
    assert house.calls == []


class Limited(House):
    """Its heating goes up to 20 degrees, and its blind no further than half."""

    def _obey(self, id_: str, act: Act) -> None:
        limited = {"temperature": min(act.data.get("temperature", 0), 20)} if "temperature" in act.data else {}
        limited |= {"current_position": 50} if "position" in act.data else {}
        thing = self.things[id_]
        self.things[id_] = replace(thing, attributes={**thing.attributes, **limited})


HEATING = Entity("climate.heating", "Heating", state="heat", attributes={"temperature": 18})


@pytest.mark.parametrize("house", [Limited(*THINGS, HEATING)], indirect=True)
async def test_what_stops_on_the_way_is_told_where_it_is(house: House, say: Say) -> None:
    assert await say("set the heating temperature to 23 degrees") == "Heating is set to 20 degrees."
    assert await say("set the blind to 10 percent") == "Blind is at 50 percent."


async def test_no_is_not_said_of_what_nobody_reaches(house: House, say: Say) -> None:
    house.gone("light.desk_lamp")
    said = await say("are any lights on in the office")
    assert said == "Ceiling lamp: on. I cannot find out about Desk lamp at the moment."
    house.gone("light.office_ceiling")
    said = await say("are any lights on in the office")
    assert said == "I cannot find out about Ceiling lamp and Desk lamp at the moment."


async def test_a_question_about_what_is_away_is_not_answered_from_memory(house: House, say: Say) -> None:
    house.away = True
    assert await say("is the desk lamp on") == "I cannot find out about Desk lamp at the moment."
    assert await say("turn off the desk lamp") == "I cannot reach Desk lamp."


async def test_a_door_is_opened_for_those_who_are_known_and_say_so(house: House, say: Say) -> None:
    await say("unlock the front door", person="")
    await say("yes", person="")
    assert house.calls == []
    assert "unlock Front door" in await say("unlock the front door")
    assert house.calls == []
    assert await say("yes") == "Front door is unlocked."
    assert "open Garage door" in await say("open the garage door")
    assert await say("no") != ""
    assert house.things["cover.garage"].state == "closed"
    assert await say("lock the front door") == "Front door is locked."


async def test_what_was_done_is_taken_back(house: House, say: Say) -> None:
    assert await say("set the desk lamp to 20 percent") == "Brightness set"
    assert await say("undo that") == "Desk lamp is on."
    assert house.things["light.desk_lamp"].attributes["brightness"] == 255
    assert await say("undo that") == "There is nothing to undo."


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("de", "Mach das rückgängig", "Kettle ist aus."),
        ("fr", "annule ça", "Kettle est à l'arrêt."),
        ("es", "deshaz eso", "Kettle está apagado."),
    ],
)
async def test_it_is_taken_back_in_every_language(house: House, say: Say, language: str, text: str, said: str) -> None:
    await say("turn on the kettle")
    assert await say(text, language) == said


async def test_several_names_at_once(house: House, say: Say) -> None:
    assert await say("turn on the kettle and the reading lamp") == "Kettle is on; Desk lamp is already on."


async def test_a_house_that_is_not_there_is_said_to_be(house: House, say: Say) -> None:
    house.things.clear()
    assert await say("turn off all the lights") == "the hub does not answer at the moment."


async def test_a_chat_model_is_told_of_the_few_things_that_a_question_may_be_about(house: House, say: Say) -> None:
    told = await say("I wonder whether somebody is still sitting at the desk")
    assert "light.desk_lamp (Desk lamp, office): on, brightness 255" in told
    assert "lock.front" not in told
    assert told.endswith("I wonder whether somebody is still sitting at the desk")
    assert "The house now" not in await say("I wonder who invented algebra")


HOUSES = {
    "de": ("Büro", "Wohnzimmer", "Stehlampe", "Rollo"),
    "en": ("Office", "Living room", "Desk lamp", "Blind"),
    "es": ("Oficina", "Salón", "Lámpara", "Persiana"),
    "fr": ("Bureau", "Salon", "Lampe", "Volet"),
}

BLINDS = {"de": "blind", "en": "blind", "es": "blind", "fr": "shutter"}
MISUNDERSTOOD = ("not understood", *(f"{phrases.nothing_called.split('{')[0]}" for phrases in PHRASES.values()))


def house_in(language: str) -> House:
    """Return a house whose things are called in a language."""
    office, living_room, lamp, blind = HOUSES[language]
    house = House(
        Entity("light.lamp", lamp, area="office", state="on", attributes=DIMMED),
        Entity("cover.blind", blind, area="living", state="closed", attributes={"device_class": BLINDS[language]}),
        Entity("climate.living", "Thermostat", area="living", state="heat", attributes={"current_temperature": 21}),
        Entity("binary_sensor.window", "W1", state="on", attributes={"device_class": "window"}),
    )
    house.areas = (Area("office", office), Area("living", living_room))
    return house


@pytest.mark.parametrize(("language", "house"), [(each, house_in(each)) for each in HOUSES], indirect=["house"])
async def test_every_sentence_to_try_is_about_the_house(house: House, say: Say, language: str) -> None:
    for skill in (home(Home(), {}), questions(Home(), {})):
        for sentence in skill.examples[language]:
            said = await say(sentence, language)
            assert not any(words in said for words in MISUNDERSTOOD), (sentence, said)
    assert [call.service for call in house.calls] == ["light.turn_off", "light.turn_on", "cover.open_cover"]
