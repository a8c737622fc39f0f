"""Two or three things that are asked for in one sentence, in four languages, by the whole assistant in a house."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from assistant.controls import Controls, DeviceStatus
from assistant.entities import Entity
from assistant.errors import ServiceError
from assistant.pipeline.completeness import completeness
from assistant.skill import OWNER
from tests.home.house import DIMMED, House
from tests.home.test_questions import house
from tests.skills.household import GAVE_UP, Household, household

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = {
    "en": ("kettle", "radio", "Rise and Shine"),
    "de": ("Wasserkocher", "Radio", "Wecken und Kaffee"),
    "fr": ("bouilloire", "radio", "Debout et frais"),
    "es": ("hervidor", "radio", "Sol y luz"),
}
LAMP, KETTLE, RADIO, CEILING = "light.desk", "switch.kettle", "switch.radio", "light.ceiling"


@dataclass
class Home:
    """An assistant in a house in which the desk lamp and the radio are off, and the kettle is on."""

    home: Household
    house: House
    language: str

    async def say(self, text: str, person: str = OWNER) -> str:
        run = self.home.assembly.run_turn
        answer = await run(text, assistant=self.language, conversation="talk", device="room", person=person)
        return answer.text.replace("\u00a0", " ").replace("\u202f", " ")

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(call.service.partition(".")[2], id_) for call in self.house.calls for id_ in call.entities]

    @property
    def timers(self) -> list[float]:
        return [timer.seconds for timer in self.home.assembly.timers.all()]

    def is_on(self, thing: str) -> bool:
        return self.house.things[thing].state == "on"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Household]:
    folder = tmp_path_factory.mktemp("several")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("INGLENOOK_HOME", str(folder))
        async with household(folder) as home:
            yield home


@pytest_asyncio.fixture(loop_scope="module")
async def there(people: Household, language: str) -> AsyncIterator[Home]:
    things = house(language)
    kettle, radio, scene = NAMES[language]
    lamp = things.things[LAMP]
    things.things[LAMP] = Entity(LAMP, lamp.name, area="office", state="off", attributes=DIMMED)
    things.things[KETTLE] = Entity(KETTLE, kettle, area="kitchen", state="on")
    things.things[RADIO] = Entity(RADIO, radio, area="kitchen", state="off")
    things.things["scene.rise"] = Entity("scene.rise", scene, state="unknown")
    assembly = people.assembly
    await assembly.timers.cancel(assembly.timers.all())
    assembly.equipment.conversations.forget()
    assembly.home.undos.forget()
    async with assembly.home.attached(things):
        yield Home(people, things, language)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on the desk lamp and turn off the kettle"),
        ("en", "Turn on the desk lamp. And then turn off the kettle."),
        ("en", "turn the desk lamp on and the kettle off"),
        ("en", "Can you turn on the desk lamp and turn off the kettle?"),
        ("en", "No, turn on the desk lamp and turn off the kettle."),
        ("de", "schalte die Schreibtischlampe an und schalte den Wasserkocher aus"),
        ("de", "Schalte die Schreibtischlampe an und dann den Wasserkocher aus."),
        ("de", "Kannst du die Schreibtischlampe anschalten und den Wasserkocher ausschalten?"),
        ("fr", "allume la lampe du bureau et éteins la bouilloire"),
        ("fr", "Allume la lampe du bureau, puis éteins la bouilloire."),
        ("es", "enciende la lámpara del escritorio y apaga el hervidor"),
        ("es", "Enciende la lámpara del escritorio y luego apaga el hervidor."),
    ],
)
async def test_two_things_are_done_told_in_turn_and_taken_back_at_once(there: Home, language: str, said: str) -> None:
    answer = await there.say(said)
    assert there.calls == [("turn_on", LAMP), ("turn_off", KETTLE)]
    assert there.is_on(LAMP) and not there.is_on(KETTLE) and ". " in answer
    why = {"en": "Why did you do that?", "de": "Warum hast du das gemacht?", "fr": "Pourquoi as-tu fait ça ?"}
    told = await there.say(why.get(language, "¿Por qué has hecho eso?"))
    assert said.rstrip(" .?").removeprefix("No, ") in told and "home" in told
    await there.say(UNDO[language])
    assert not there.is_on(LAMP) and there.is_on(KETTLE)


@pytest.mark.parametrize("language", ["en"])
async def test_the_volume_may_be_one_of_them(there: Home) -> None:
    assert (
        await there.say("turn on the radio and set the volume to 30 percent")
        == "Turned on the switch. Volume 30 percent."
    )
    assert there.calls == [("turn_on", RADIO)]


UNDO = {"en": "undo that", "de": "mach das rückgängig", "fr": "annule ça", "es": "deshaz eso"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on the desk lamp and set a timer for five minutes"),
        ("en", "Set a timer for five minutes and turn on the desk lamp."),
        ("de", "schalte die Schreibtischlampe an und stelle einen Timer auf fünf Minuten"),
        ("de", "Stelle einen Timer auf fünf Minuten und schalte die Schreibtischlampe an."),
        ("fr", "allume la lampe du bureau et mets un minuteur de cinq minutes"),
        ("fr", "Mets un minuteur de cinq minutes et allume la lampe du bureau."),
        ("es", "enciende la lámpara del escritorio y pon un temporizador de cinco minutos"),
        ("es", "Pon un temporizador de cinco minutos y enciende la lámpara del escritorio."),
    ],
)
async def test_two_skills_do_their_part(there: Home, language: str, said: str) -> None:
    assert "5 " in await there.say(said)
    assert there.is_on(LAMP) and there.timers == [300]
    await there.say(UNDO[language])
    assert not there.is_on(LAMP) and there.timers == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on the desk lamp and dim it to 30 percent"),
        ("de", "schalte die Schreibtischlampe an und dimme sie auf 30 Prozent"),
        ("fr", "allume la lampe du bureau et règle-la à 30 pour cent"),
        ("es", "enciende la lámpara del escritorio y ponla al 30 por ciento"),
        ("es", "enciende la lámpara del escritorio y bájala al 30 por ciento"),
    ],
)
async def test_a_pronoun_stands_for_what_was_named(there: Home, language: str, said: str) -> None:
    await there.say(said)
    assert there.is_on(LAMP) and there.house.things[LAMP].attributes["brightness"] in (76, 77)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on the desk lamp and the radio"),
        ("en", "turn the desk lamp and the radio on"),
        ("de", "schalte die Schreibtischlampe und das Radio an"),
        ("fr", "allume la lampe du bureau et la radio"),
        ("es", "enciende la lámpara del escritorio y la radio"),
    ],
)
async def test_one_verb_is_enough_for_two_things(there: Home, language: str, said: str) -> None:
    await there.say(said)
    assert there.is_on(LAMP) and there.is_on(RADIO)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "dim the desk lamp and the ceiling light to 20 percent"),
        ("en", "set the desk lamp to 20 percent and the ceiling light to 20 percent"),
        ("de", "stelle die Schreibtischlampe und die Deckenlampe auf 20 Prozent"),
        ("fr", "règle la lampe du bureau et le plafonnier à 20 pour cent"),
        ("es", "pon la lámpara del escritorio y la lámpara del techo al 20 por ciento"),
    ],
)
async def test_one_verb_is_enough_for_two_values(there: Home, language: str, said: str) -> None:
    await there.say(said)
    assert {there.house.things[thing].attributes["brightness"] for thing in (LAMP, CEILING)} == {51}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on the lights in the kitchen and the office"),
        ("en", "turn on the lights in the kitchen and in the office"),
        ("de", "schalte das Licht in der Küche und im Büro an"),
    ],
)
async def test_one_verb_is_enough_for_two_rooms(there: Home, language: str, said: str) -> None:
    there.house.things[CEILING] = Entity(CEILING, "Lüster", area="kitchen", state="off", attributes=DIMMED)
    await there.say(said)
    assert sorted(there.calls) == [("turn_on", CEILING), ("turn_on", LAMP)]


@pytest.mark.parametrize("language", ["en"])
async def test_three_things_are_the_most(there: Home) -> None:
    await there.say("turn on the desk lamp, turn off the kettle and set a timer for two minutes")
    assert there.is_on(LAMP) and not there.is_on(KETTLE) and there.timers == [120]
    await there.say("turn off the desk lamp, turn on the kettle, turn on the radio and set a timer for two minutes")
    assert there.is_on(LAMP) and not there.is_on(KETTLE) and not there.is_on(RADIO) and there.timers == [120]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on the desk lamp and turn it off"),
        ("en", "turn on the desk lamp and switch off the desk lamp"),
        ("de", "schalte die Schreibtischlampe an und schalte sie aus"),
        ("fr", "allume la lampe du bureau et éteins-la"),
        ("es", "enciende la lámpara del escritorio y apágala"),
    ],
)
async def test_opposites_are_asked_about(there: Home, language: str, said: str) -> None:
    answer = await there.say(said)
    assert answer.endswith("?") and there.calls == []
    last = {"en": "the first one", "de": "das erste", "fr": "la première", "es": "la primera"}
    await there.say(last[language])
    assert there.calls == [("turn_on", LAMP)]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "is the desk lamp on and the kettle off"),
        ("en", "is the radio on and turn off the kettle"),
        ("en", "turn on the desk lamp and turn off the kettle?"),
        ("en", "did you turn on the desk lamp and turn off the kettle"),
        ("en", "I turned on the desk lamp and turn off the kettle"),
        ("en", "don't turn on the desk lamp and turn off the kettle"),
        ("en", "if it rains, turn on the desk lamp and turn off the kettle"),
        ("en", "turn on the desk lamp and turn off the kettle if it rains"),
        ("en", "turn on the desk lamp and turn off the toaster"),
        ("en", "wake me at seven and turn on the desk lamp"),
        ("en", "turn on the desk lamp and"),
        ("en", "turn on the desk lamp and turn"),
        ("en", "turn on the desk lamp, turn off the kettle, never mind"),
        ("en", "turn on the desk lamp and turn off the kettle, stop"),
        ("de", "ist die Schreibtischlampe an und der Wasserkocher aus"),
        ("de", "wenn es regnet, schalte die Schreibtischlampe an und den Wasserkocher aus"),
        ("fr", "est-ce que la lampe du bureau est allumée et la bouilloire éteinte"),
        ("fr", "s'il pleut, allume la lampe du bureau et éteins la bouilloire"),
        ("es", "está encendida la lámpara del escritorio y apagado el hervidor"),
        ("es", "si llueve, enciende la lámpara del escritorio y apaga el hervidor"),
    ],
)
async def test_nothing_is_done_where_a_part_is_asked_told_or_not_understood(
    there: Home, language: str, said: str
) -> None:
    assert await there.say(said)
    assert there.calls == [] and there.timers == []


@pytest.mark.parametrize(
    ("language", "said", "keeps"),
    [
        ("en", "remind me tomorrow at eight to turn on the desk lamp and turn off the kettle", "turn off the kettle"),
        ("de", "erinnere mich morgen um acht daran, das Radio an und den Wasserkocher aus zu schalten", "Wasserkocher"),
        ("en", "add bread and butter to the shopping list", "bread and butter"),
        ("en", "add salt and pepper to the shopping list", "salt and pepper"),
        ("fr", "ajoute du sel et du poivre à la liste de courses", "poivre"),
        ("es", "añade sal y pimienta a la lista de la compra", "pimienta"),
    ],
)
async def test_what_is_for_people_to_read_stays_whole(there: Home, language: str, said: str, keeps: str) -> None:
    assert keeps in await there.say(said)
    assert there.calls == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on Rise and Shine"),
        ("de", "aktiviere Wecken und Kaffee"),
        ("fr", "active Debout et frais"),
        ("es", "activa Sol y luz"),
    ],
)
async def test_a_name_with_and_stays_whole(there: Home, language: str, said: str) -> None:
    await there.say(said)
    assert there.calls == [("turn_on", "scene.rise")]


@pytest.mark.parametrize("language", ["en"])
async def test_a_name_with_and_may_be_one_of_several(there: Home) -> None:
    await there.say("turn on Rise and Shine and turn off the kettle")
    assert there.calls == [("turn_on", "scene.rise"), ("turn_off", KETTLE)]


@pytest.mark.parametrize("language", ["en"])
async def test_a_scene_is_not_started_by_the_other_verb(there: Home) -> None:
    await there.say("turn off the kettle and Rise and Shine")
    assert ("turn_on", "scene.rise") not in there.calls


@pytest.mark.parametrize(
    ("language", "said", "before", "yes", "no"),
    [
        ("en", "unlock the front door and turn on the radio", "Before the rest: Shall", "yes", "no"),
        ("de", "entriegele die Haustür und schalte das Radio an", "Vor dem Rest: Soll", "ja", "nein"),
        ("fr", "déverrouille la porte d'entrée et allume la radio", "Avant le reste : Dois", "oui", "non"),
        ("es", "abre la puerta del garaje y enciende la radio", "Antes de lo demás: ¿De", "sí", "no"),
    ],
)
async def test_what_is_sensitive_is_confirmed_before_the_rest(
    there: Home, language: str, said: str, before: str, yes: str, no: str
) -> None:
    answer = await there.say(said)
    assert answer.startswith(before) and there.calls == []
    await there.say(no)
    assert there.calls == [("turn_on", RADIO)]
    await there.say(said)
    await there.say(yes)
    opened = ("open_cover", "cover.garage") if language == "es" else ("unlock", "lock.front")
    assert there.calls[1:] == [opened]  # the radio is on by now
    there.house.calls.clear()
    await there.say(said, person="")
    assert opened not in there.calls


@pytest.mark.parametrize(
    ("language", "said", "never_mind"),
    [
        ("en", "unlock the front door and turn on the radio", "No, never mind."),
        ("de", "entriegele die Haustür und schalte das Radio an", "Nein, vergiss es."),
        ("fr", "déverrouille la porte d'entrée et allume la radio", "Laisse tomber."),
        ("es", "abre la puerta del garaje y enciende la radio", "No, déjalo."),
    ],
)
async def test_never_mind_drops_the_rest_as_well(there: Home, language: str, said: str, never_mind: str) -> None:
    await there.say(said)
    await there.say(never_mind)
    assert there.calls == []


@pytest.mark.parametrize("language", ["en"])
async def test_each_sensitive_thing_is_confirmed_by_itself(there: Home) -> None:
    await there.say("unlock the front door and open the garage door")
    assert "garage door" in await there.say("yes") and there.calls == [("unlock", "lock.front")]
    await there.say("yes")
    assert there.calls == [("unlock", "lock.front"), ("open_cover", "cover.garage")]


@pytest.mark.parametrize("language", ["en"])
async def test_what_is_sensitive_may_come_last(there: Home) -> None:
    answer = await there.say("turn on the radio and unlock the front door")
    assert answer.endswith("?") and there.calls == [("turn_on", RADIO)]
    await there.say("what time is it")
    await there.say("yes")
    assert there.calls == [("turn_on", RADIO)]


@pytest.mark.parametrize("language", ["en"])
async def test_what_fails_is_told_beside_what_was_done(there: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(self: Controls, device: str, percent: int, *, turn: str = "") -> DeviceStatus:
        raise ServiceError("the disk is full")

    monkeypatch.setattr(Controls, "set_volume", full)
    answer = await there.say("turn on the desk lamp, set the volume to 30 percent and turn off the kettle")
    assert answer == "Turned on the light. I could not do this: “set the volume to 30 percent, turn off the kettle”."
    assert there.calls == [("turn_on", LAMP)]
    await there.say("undo that")
    assert not there.is_on(LAMP)


@pytest.mark.parametrize("language", ["en"])
async def test_which_thing_is_meant_is_asked_before_the_rest(there: Home) -> None:
    for area in ("office", "kitchen"):
        there.house.things[f"light.{area}"] = Entity(f"light.{area}", "spot", area=area, state="off")
    there.home.assembly.home.changed()
    answer = await there.say("turn on the spot and turn off the kettle")
    assert answer.startswith("Before the rest: ") and answer.endswith("?") and there.calls == []
    await there.say("the office")
    assert there.calls == [("turn_on", "light.office"), ("turn_off", KETTLE)]
    await there.say("undo that")
    assert not there.is_on("light.office") and there.is_on(KETTLE)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "turn on the lamp and"),
        ("en", "turn on the lamp and then"),
        ("de", "schalte die Lampe an und"),
        ("fr", "allume la lampe et"),
        ("es", "enciende la lámpara y"),
    ],
)
async def test_a_conjunction_is_not_the_end(language: str, said: str) -> None:
    assert (
        completeness(said, language) < 0.1 < 0.8 < completeness(said.rpartition(" ")[0].removesuffix(" and"), language)
    )


@pytest.mark.parametrize(
    ("language", "said", "correction"),
    [
        ("en", "turn on the radio", "No, the desk lamp."),
        ("de", "schalte das Radio an", "Nein, die Schreibtischlampe!"),
        ("fr", "allume la radio", "Non, la lampe du bureau."),
        ("es", "enciende la radio", "No, la lámpara del escritorio."),
    ],
)
async def test_a_name_after_a_no_corrects_the_act_before(
    there: Home, language: str, said: str, correction: str
) -> None:
    await there.say(said)
    assert there.is_on(RADIO)
    await there.say(correction)
    assert there.is_on(LAMP) and not there.is_on(RADIO)


@pytest.mark.parametrize("language", ["en"])
async def test_a_name_after_a_no_corrects_no_answer(there: Home) -> None:
    await there.say("what time is it")
    assert await there.say("No, the desk lamp.") == GAVE_UP
    assert there.calls == []


@pytest.mark.parametrize(
    ("language", "said", "rest"),
    [
        ("en", "turn on the lamp and turn off", "the kettle"),
        ("en", "turn on the lamp and then turn", "the kettle off"),
        ("de", "schalte die Lampe an und schalte", "den Wasserkocher aus"),
        ("nl", "doe de lamp aan en doe", "de ketel uit"),
    ],
)
async def test_another_verb_wants_what_it_is_about(language: str, said: str, rest: str) -> None:
    assert completeness(said, language) < 0.3 < 0.8 < completeness(f"{said} {rest}", language)


@pytest.mark.parametrize(
    ("language", "said", "answer"),
    [
        ("en", "turn off the kettle in five minutes", "I cannot do that later. I can remind you of it."),
        (
            "fr",
            "éteins la bouilloire dans cinq minutes",
            "Je ne peux pas faire cela plus tard. Je peux te le rappeler.",
        ),
        ("es", "apaga el hervidor en cinco minutos", "No puedo hacer eso más tarde. Puedo recordarlo."),
    ],
)
async def test_what_is_to_be_done_later_is_no_unknown_name(there: Home, language: str, said: str, answer: str) -> None:
    assert await there.say(said) == answer
    assert not there.calls and not there.timers
