"""What is understood, in which words it is answered, and what is left out."""

import json
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import home_assistant_intents
import msgspec
import pytest
from assistant_intents import HassilConfig, assistant_engines, open_hassil
from assistant_intents.engine import Hassil
from assistant_intents.language import load, tag_of
from assistant_intents.recognition import recognised
from assistant_intents.responses import Responses
from jinja2 import TemplateError

import assistant
from assistant import Area, Entity, Floor, Recognition, Vocabulary
from assistant.testing import check_intent, check_spec, check_wire

HOUSE = Vocabulary(
    (
        Entity("light.desk", "Desk lamp", aliases=("my lamp",), area="office"),
        Entity("light.bed", "Desk lamp", area="bedroom"),
        Entity("switch.desk", "Desk lamp", area="kitchen"),
        Entity("light.sofa", "Sofa (left)", area="living"),
        Entity("lock.front", "Front door"),
        Entity("todo.chores", "Chores"),
        Entity("scene.party", "Party"),
        Entity("cover.blind", "Left blind", area="office", attributes={"device_class": "blind"}),
        Entity("light.standing", "Standing lamp"),
        Entity("light.lamp_40", "lamp 40"),
    ),
    (
        Area("office", "Office", aliases=("study",), floor="up"),
        Area("bedroom", "Bedroom", floor="up"),
        Area("kitchen", "Kitchen", floor="down"),
        Area("living", "Living room", floor="down"),
    ),
    (Floor("up", "Upstairs"), Floor("down", "Ground floor")),
)
SKILLS = str(Path(assistant.__file__).with_name("skills") / "sentences")
"""The sentences of the assistant's own skills."""
Ask = Callable[..., Recognition | None]


@pytest.fixture
def engine() -> Hassil:
    """Return an engine that knows a house."""
    engine = Hassil()
    engine.teach(HOUSE)
    return engine


@pytest.fixture
def ask(engine: Hassil) -> Ask:
    """Return a way to ask the engine something, in the office."""

    def asked(text: str, language: str = "en", area: str = "office") -> Recognition | None:
        return engine.recognise(text, language, {"area": area, "device": "room"})

    return asked


def sentences(folder: Path, text: str, language: str = "en", name: str = "mine.yaml") -> str:
    """Write a file of sentences, and return the folder of all languages."""
    (folder / language).mkdir(parents=True, exist_ok=True)
    (folder / language / name).write_text(text)
    return str(folder)


# -- the plugin ----------------------------------------------------------------------------------------------------


def test_the_spec_describes_itself_and_the_readme_has_every_option() -> None:
    [spec] = assistant_engines()
    check_spec(spec)
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for field in msgspec.structs.fields(HassilConfig):
        assert f"| `{field.name}` |" in readme


async def test_the_engine_keeps_the_promises_of_its_kind() -> None:
    known = {
        "turn on my lamp": Recognition("HassTurnOn", True, {"name": "my lamp", "entity_ids": "light.desk"}),
        "what time is it": Recognition("HassGetCurrentTime", True),
        "set a timer for five minutes": Recognition("HassStartTimer", True, {"minutes": "5"}),
    }
    async with open_hassil(HassilConfig()) as engine:
        await check_intent(engine, HOUSE, known, "turn on the")


# -- slots ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("turn on the desk lamp", {"name": "Desk lamp", "entity_ids": "light.desk,light.bed,switch.desk"}),
        ("turn on the desk lamp in the study", {"entity_ids": "light.desk", "area": "Office", "area_ids": "office"}),
        ("turn on the desk lamp in the kitchen", {"entity_ids": "switch.desk"}),
        ("set the desk lamp to 40 %", {"brightness": "40", "entity_ids": "light.desk,light.bed"}),
        ("make the desk lamp red", {"color": "red"}),
        ("turn on the sofa left", {"name": "Sofa (left)", "entity_ids": "light.sofa"}),
        ("turn off the lights upstairs", {"domain": "light", "floor": "Upstairs", "floor_ids": "up"}),
        ("open the blinds in the office", {"device_class": "blind", "domain": "cover", "area_ids": "office"}),
        ("turn on the lights", {"area": "Office", "area_ids": "office", "here": "yes", "domain": "light"}),
        ("set a timer for half an hour", {"minutes": "30"}),
        ("set a timer for 1 hour and 5 minutes", {"hours": "1", "minutes": "5"}),
        ("turn the volume up", {"volume_step": "up", "here": "yes"}),
        ("add oat milk to the chores list", {"item": "oat milk", "name": "Chores", "entity_ids": "todo.chores"}),
        ("party", {"name": "Party", "entity_ids": "scene.party"}),
    ],
)
def test_slots_are_text_by_the_names_of_home_assistant(ask: Ask, text: str, slots: dict[str, str]) -> None:
    found = ask(text)
    assert found is not None
    assert found.complete
    assert found.slots.items() >= slots.items()
    check_wire(found)


def test_the_spoken_words_are_kept_beside_the_slots(ask: Ask) -> None:
    found = ask("open the blinds in the study")
    assert found is not None
    assert (found.slots["device_class"], found.spoken["device_class"]) == ("blind", "blinds")
    assert found.key == "cover_device_class"


def test_where_no_room_is_known_here_is_meant_all_the_same(ask: Ask) -> None:
    unknown, nowhere = ask("turn on the lights", area="attic"), ask("turn on the lights", area="")
    assert unknown is not None and nowhere is not None
    assert (unknown.slots["area"], unknown.slots["here"]) == ("attic", "yes")
    assert nowhere.slots == {"domain": "light", "here": "yes"}


@pytest.mark.parametrize(
    ("language", "text", "intent"),
    [
        ("de", "Wie spät ist es?", "HassGetCurrentTime"),
        ("de-AT", "Stelle einen Timer auf fünf Minuten.", "HassStartTimer"),
        ("de-CH", "Schalte das Licht im Office ein.", "HassTurnOn"),
        ("fr", "Allume la lumière dans Kitchen.", "HassTurnOn"),
        ("fr-CA", "Quelle heure est-il ?", "HassGetCurrentTime"),
        ("es", "¿Qué hora es?", "HassGetCurrentTime"),
        ("es-MX", "Enciende las luces de Kitchen.", "HassTurnOn"),
        ("it", "Che ore sono?", "HassGetCurrentTime"),
    ],
)
def test_other_languages(ask: Ask, language: str, text: str, intent: str) -> None:
    found = ask(text, language)
    assert found is not None
    assert found.intent == intent


def test_tags_of_languages() -> None:
    assert [tag_of(tag) for tag in ("de-AT", "de_CH", "pt-BR", "zh", "no", "EN-us")] == [
        "de",
        "de",
        "pt-BR",
        "zh-CN",
        "nb",
        "en",
    ]
    assert tag_of("tlh") == tag_of("") == ""
    assert load("tlh", (), ()).intents.intents == {}


# -- whole or not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["turn on the", "turn on", "set a timer for", "add milk to the", "open the left", "is the"]
)
def test_what_breaks_off_is_incomplete(ask: Ask, text: str) -> None:
    found = ask(text)
    assert found is not None
    assert not found.complete


@pytest.mark.parametrize(
    "text", ["who wrote faust", "tell me a joke about cats", "why is the sky blue?", "the", "thank you very much"]
)
def test_what_no_template_has_is_not_taken_for_a_sentence(ask: Ask, text: str) -> None:
    found = ask(text)
    assert found is None or not found.complete


@pytest.mark.parametrize(("language", "text"), [("de", "schalte die"), ("fr", "allume la"), ("es", "enciende la")])
def test_beginnings_in_other_languages(ask: Ask, language: str, text: str) -> None:
    found = ask(text, language)
    assert found is not None
    assert not found.complete


# -- no act by mistake ---------------------------------------------------------------------------------------------


def test_a_name_alone_turns_nothing_on_but_a_scene(ask: Ask) -> None:
    lamp = ask("desk lamp")
    assert lamp is not None and not lamp.complete
    assert ask("party") is not None


@pytest.mark.parametrize("text", ["the desk lamp", "the kitchen one", "kitchen two", "desk lamp 40"])
def test_a_name_and_a_number_set_nothing(ask: Ask, text: str) -> None:
    found = ask(text)
    assert found is None or not found.complete


@pytest.mark.parametrize("text", ["kitchen to 40", "desk lamp 40 %", "desk lamp red", "kitchen 40 percent"])
def test_a_name_with_what_is_to_be_so_is_enough(ask: Ask, text: str) -> None:
    found = ask(text)
    assert found is not None and found.intent == "HassLightSet"


def test_a_question_mark_is_heeded_unless_it_is_polite(ask: Ask) -> None:
    assert ask("Desk lamp on?") is None
    polite = ask("Could you turn on the desk lamp?")
    assert polite is not None
    assert polite.intent == "HassTurnOn"


def test_only_a_command_is_obeyed_later(ask: Ask) -> None:
    later = ask("turn off the desk lamp in five minutes")
    assert later is not None
    assert later.slots == {"conversation_command": "turn off the desk lamp", "minutes": "5"}
    for text in ("will it rain in five minutes", "is the desk lamp on in five minutes", "it ends in five minutes"):
        found = ask(text)
        assert found is None or "conversation_command" not in found.slots


@pytest.mark.parametrize(
    ("heard", "slots"),
    [
        ("Cancel all tires.", {}),
        ("Turn on the standing lamps.", {"name": "Standing lamp", "entity_ids": "light.standing"}),
        ("Lock the frond door.", {"name": "Front door", "entity_ids": "lock.front"}),
    ],
)
def test_one_slip_of_a_recogniser_is_put_right(ask: Ask, heard: str, slots: dict[str, str]) -> None:
    found = ask(heard)
    assert found is not None
    assert found.complete
    assert found.slots == slots


@pytest.mark.parametrize(
    "heard", ["Turn on lamp 41.", "Turn on the light of my life.", "Consul old fires.", "Play all tires"]
)
def test_no_more_than_a_slip_is_put_right(ask: Ask, heard: str) -> None:
    found = ask(heard)
    assert found is None or not found.complete or found.intent == "HassMediaSearchAndPlay"


@pytest.mark.parametrize(
    ("language", "said", "plain"),
    [
        ("en", "We'll set a timer for five minutes.", "set a timer for five minutes"),
        ("en", "We\u2019ll turn on the desk lamp", "turn on the desk lamp"),
        ("en", "Okay, so, well, turn on the desk lamp", "turn on the desk lamp"),
        ("en-GB", "Um, what time is it?", "what time is it"),
        ("de", "Also, stelle einen Timer auf fünf Minuten", "stelle einen Timer auf fünf Minuten"),
        ("fr", "Alors, quelle heure est-il ?", "quelle heure est-il"),
        ("es", "Bueno, ¿qué hora es?", "qué hora es"),
    ],
)
def test_what_opens_a_command_is_nothing_of_it(ask: Ask, language: str, said: str, plain: str) -> None:
    wanted = ask(plain, language)
    assert wanted is not None and wanted.complete
    assert ask(said, language) == wanted


def test_a_name_that_begins_like_an_opening_is_kept() -> None:
    engine = Hassil()
    engine.teach(Vocabulary((Entity("switch.now", "Now TV"), Entity("switch.tv", "TV")), (), ()))
    found = engine.recognise("Now TV on", "en", {})
    assert found is not None
    assert found.slots["entity_ids"] == "switch.now"


@pytest.mark.parametrize(
    "said",
    ["Don't turn on the desk lamp", "No, turn on the desk", "So what", "Okay so, well, and, turn on the desk lamp"],
)
def test_an_opening_that_says_more_is_left(ask: Ask, said: str) -> None:
    assert (found := ask(said)) is None or not found.complete


def test_after_an_opening_a_question_asks_and_what_breaks_off_is_incomplete(ask: Ask) -> None:
    assert ask("So the desk lamp on?") is None
    assert (found := ask("We'll set a timer for")) is not None and not found.complete


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["turn on the lamp " * 125, "turn " * 500, "a" * 5000, "{name}", "[" * 300, "\ufffd\x00", "?", "(a|b"]
)
def test_no_input_is_too_bad(ask: Ask, text: str, caplog: pytest.LogCaptureFixture) -> None:
    found = ask(text)
    assert found is None or not found.complete
    assert not caplog.records


def test_names_that_are_no_words_do_no_harm() -> None:
    engine = Hassil()
    names = ("", " ", "()", "[a|b]", "{name}", "<rule>", "a" * 3000, "turn on", "Ünïcödé ☃", "??")
    engine.teach(Vocabulary(tuple(Entity(f"light.{n}", name) for n, name in enumerate(names))))
    found = engine.recognise("turn on ünïcödé", "en", {})
    assert found is not None
    assert found.slots["entity_ids"] == "light.8"
    assert engine.recognise("turn on", "en", {}) is not None


# -- sentences of one's own ----------------------------------------------------------------------------------------

OWN = """
language: en
intents:
  HassTurnOff:
    data:
      - sentences: ["<lights> away"]
        slots: {domain: light}
        requires_context: {area: {slot: true}}
        response: lights_area
  WhereIsTheKey:
    data:
      - sentences: ["where is the {owner} key [please]"]
  HassGetCurrentTime:
    data:
      - sentences: ["turn on the desk lamp"]
expansion_rules: {lights: "(lights|lamps)", the: "(ye|thy)"}
lists:
  owner: {values: [spare, {in: "(neighbour|neighbor)['s]", out: neighbour}]}
responses:
  intents:
    WhereIsTheKey: {default: "The {{ slots.owner }} key is under the pot."}
"""


def test_sentences_of_the_owner_go_before_all_others(tmp_path: Path) -> None:
    engine = Hassil()
    engine.teach(Vocabulary(HOUSE.entities, HOUSE.areas, own=(sentences(tmp_path, OWN),)))
    said = {text: engine.recognise(text, "en", {"area": "office"}) for text in ("lamps away", "turn on the desk lamp")}
    assert [found and found.intent for found in said.values()] == ["HassTurnOff", "HassGetCurrentTime"]
    key = engine.recognise("Where is the neighbor's key, please?", "en", {})
    assert key is not None
    assert (key.intent, key.slots, key.response) == (
        "WhereIsTheKey",
        {"owner": "neighbour"},
        "The neighbor's key is under the pot.",
    )
    elsewhere = engine.recognise("turn off the lights in the kitchen", "en", {})
    assert elsewhere is not None and elsewhere.intent == "HassTurnOff", "a rule of one's own is nobody else's"


def test_what_is_told_of_them_is_plain_and_can_be_sent_on(tmp_path: Path) -> None:
    engine = Hassil()
    engine.teach(Vocabulary(HOUSE.entities, HOUSE.areas, own=(sentences(tmp_path, OWN),)))
    for text in ("lamps away", "where is the neighbour's key", "turn on the desk lamp"):
        found = engine.recognise(text, "en", {"area": "office"})
        assert found is not None and found.complete
        msgspec.json.encode(found)  # which takes no text that is more than text


def test_sentences_of_skills_go_beside_those_of_home_assistant(tmp_path: Path) -> None:
    engine = Hassil()
    skill = "intents: {InglenookSay: {data: [{sentences: ['say {words}', 'what {words}']}]}}"
    skill += "\nlists: {words: {wildcard: true}}"
    engine.teach(Vocabulary(sentences=(sentences(tmp_path, skill),)))
    said, time = (engine.recognise(text, "en", {}) for text in ("say please and thank you", "what time is it"))
    assert said is not None and time is not None
    assert said.slots == {"words": "please and thank you"}
    assert time.intent == "HassGetCurrentTime", "what is free of words yields to what is not"


def test_free_words_at_the_end_are_told_and_take_no_beginning_for_a_sentence(tmp_path: Path) -> None:
    engine = Hassil()
    skill = "intents: {InglenookUnknown: {data: [{sentences: ['turn on {thing}', '{thing} is {there}']}]}}"
    skill += "\nlists: {thing: {wildcard: true}, there: {values: [here, gone]}}"
    engine.teach(Vocabulary(HOUSE.entities, sentences=(sentences(tmp_path, skill),)))
    told = {}
    for text in ("turn on the", "Turn on the toaster.", "the toaster is gone", "turn on the desk lamp"):
        found = engine.recognise(text, "en", {})
        assert found is not None
        told[text] = (found.intent, found.complete, found.free)
    assert told == {
        "turn on the": ("", False, False),
        "Turn on the toaster.": ("InglenookUnknown", True, True),
        "the toaster is gone": ("InglenookUnknown", True, False),
        "turn on the desk lamp": ("HassTurnOn", True, False),
    }


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "mets un compte à rebours de 1 seconde appelé pizza"),
        ("es", "añada 1 segundos a mi temporizador para pizza"),
    ],
)
def test_a_letter_of_a_free_word_is_no_word_of_a_template(ask: Ask, language: str, text: str) -> None:
    found = ask(text, language)
    assert found is not None
    assert (found.complete, found.slots["name"]) == (True, "pizza")


def test_a_folder_of_the_configuration_is_the_owners_too(tmp_path: Path) -> None:
    engine = Hassil([sentences(tmp_path, OWN)])
    assert engine.recognise("lamps away", "en", {}) is not None


def test_files_are_read_again_where_the_folders_are_others(tmp_path: Path) -> None:
    engine = Hassil()
    engine.teach(HOUSE)
    assert engine.recognise("lamps away", "en", {}) is None
    engine.teach(Vocabulary(own=(sentences(tmp_path, OWN),)))
    assert engine.recognise("lamps away", "en", {}) is not None


FAULTS = [
    ("intents: [", r"mine.yaml:1: .*"),
    ("- a list", r"mine.yaml: it is no mapping"),
    (
        "intents:\n  A:\n    data:\n      - sentences:\n          - 'fine'\n          - 'not (fine'",
        r"mine.yaml:6: A: no template",
    ),
    ("intents:\n  A: {data: [{sentences: ['go to {nowhere}']}]}", r"mine.yaml:2: A: there is no list \{nowhere\}"),
    ("intents:\n  A: {data: [{sentences: ['go <nowhere>']}]}", r"mine.yaml:2: A: there is no rule <nowhere>"),
    (
        "intents: {A: {data: [{sentences: ['<a>']}]}}\nexpansion_rules: {a: 'x <b>', b: 'y <a>'}",
        r":1: A: the rule <a> contains itself",
    ),
    ("intents: {A: {data: [{sentences: ['(a;b;c;d;e;f;g)']}]}}", r":1: A: more than 5 parts in any order"),
    ("intents: {A: {data: [{sentences: [1]}]}}", r"A: a sentence is no text"),
    ("intents: {A: {data: [{sentences: 'x'}]}}", r":1: A has no list of sentences"),
    ("intents: {A: {sentences: ['x']}}", r":1: A has no list of data"),
    ("intents: {A: 1}", r":1: A has no list of data"),
    ("intents: 1", r"mine.yaml: intents is no mapping"),
    ("lists: {a: {range: {from: 0, to: 10000000}}}", r":1: the list \{a\}: more than 10000 numbers"),
    ("lists: {a: {what: 1}}", r":1: the list \{a\} is neither"),
    ("expansion_rules: {a: '(x'}", r":1: the rule <a> is no template"),
    ("responses: {intents: {A: 'x'}}", r":1: responses.A is no mapping"),
]


@pytest.mark.parametrize(("text", "says"), FAULTS, ids=[str(n) for n in range(len(FAULTS))])
def test_what_is_wrong_in_a_file_is_named_with_its_line_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, says: str
) -> None:
    folder = sentences(tmp_path, text)
    sentences(tmp_path, OWN, name="right.yaml")
    engine = Hassil([folder])
    assert engine.recognise("lamps away", "en", {}) is not None
    assert engine.recognise("what time is it", "en", {}) is not None
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert re.search(says, record.getMessage())
    if "fine" in text:
        fine = engine.recognise("fine", "en", {})
        assert fine is not None and fine.intent == "A"


def test_templates_that_grow_without_end_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rules = {f"r{n}": f"<r{n + 1}> <r{n + 1}>" for n in range(20)} | {"r20": "[a]"}
    bomb = {"intents": {"A": {"data": [{"sentences": ["<r0>"]}]}}, "expansion_rules": rules}
    engine = Hassil([sentences(tmp_path, json.dumps(bomb))])
    assert engine.recognise("a a a a", "en", {}) is None
    assert "A: a template has more than 2000 parts" in caplog.text


def test_a_file_that_is_too_large_or_cannot_be_read_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = sentences(tmp_path, "# " + "x" * 1_000_001)
    (tmp_path / "en" / "other.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "en" / "bomb.yaml").write_text("a: &a [x]\nb: &b [*a, *a]\nintents: {A: *b}")
    engine = Hassil([folder])
    assert engine.recognise("what time is it", "en", {}) is not None
    assert "mine.yaml: it has more than 1000000 bytes" in caplog.text
    assert "other.yaml: " in caplog.text


# -- responses -----------------------------------------------------------------------------------------------------

LAMP: dict[str, Any] = {"id": "light.desk", "name": "Desk lamp", "state": "on", "attributes": {}}
WARM: dict[str, Any] = {"id": "sensor.t", "name": "Meter", "state": "21.5", "attributes": {"unit_of_measurement": "°C"}}


@pytest.mark.parametrize(
    ("intent", "key", "language", "facts", "words"),
    [
        ("HassGetCurrentTime", "default", "en", {"time": "14:05:00"}, "2:05 PM"),
        ("HassGetCurrentTime", "default", "de", {"time": "14:05:00"}, "Es ist 14:05"),
        ("HassGetCurrentDate", "default", "de", {"date": "2026-11-21"}, "Es ist Samstag der 21. November 2026"),
        ("HassGetCurrentDate", "default", "es", {"date": "2026-11-21"}, "Es sábado, 21 de noviembre de 2026"),
        ("HassStartTimer", "default", "en", {"minutes": "1", "seconds": "30"}, "Timer set for 1 minute and 30 seconds"),
        ("HassShoppingListAddItem", "item_added", "fr", {"item": "lait"}, "lait ajouté"),
        ("HassGetState", "one", "en", {"name": "Meter", "entity": WARM}, "Meter is 21.5 °C"),
        ("HassGetState", "one_yesno", "en", {"matched": [LAMP]}, "Yes"),
        ("HassGetState", "one_yesno", "en", {"unmatched": [LAMP | {"state": "off"}]}, "No, off"),
        ("HassGetState", "which", "en", {"matched": [LAMP, WARM]}, "Desk lamp and Meter"),
        ("HassGetState", "how_many", "en", {"matched": [LAMP, WARM]}, "2"),
        ("HassShoppingListAddItem", "item_added", "en", {"item": "oat milk"}, "Added oat milk"),
        ("errors", "no_entity", "en", {"entity": "Lamp"}, "Sorry, I am not aware of any device called Lamp"),
        ("HassTurnOn", "no such key", "en", {}, ""),
        ("NoSuchIntent", "default", "en", {}, ""),
    ],
)
def test_responses_are_those_of_the_language(
    engine: Hassil, intent: str, key: str, language: str, facts: dict[str, Any], words: str
) -> None:
    assert engine.phrase(intent, key, language, facts) == words


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ slots.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ state_attr.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{% for a in range(100000) %}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ 1 / 0 }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:{}}'.format(1, 1000000000) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{% set ns = namespace(a='a') %}{% for n in range(99) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
        "{% set a = 'abcdefgh' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = 'abcdefgh' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
        "{{ lipsum(9999999) }}",
        "{{ unclosed",
    ],
)
def test_a_template_reaches_nothing_but_its_facts_and_stays_small(
    template: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert Responses({"A": {"default": template}}).phrase("A", "default", {}) == ""
    assert "the response A.default" in caplog.text or "__" in template


def test_a_response_ends_after_some_minutes_of_speech() -> None:
    endless = "{% for a in range(1000) %}{% for b in range(1000) %}on and {% endfor %}{% endfor %}"
    assert len(Responses({"A": {"default": endless}}).phrase("A", "default", {})) == 2000


def test_every_response_of_the_package_compiles() -> None:
    broken = []
    for language in home_assistant_intents.get_languages():
        packaged = home_assistant_intents.get_intents(language) or {}
        sandbox = Responses({})._sandbox
        for intent, templates in packaged.get("responses", {}).get("intents", {}).items():
            for key, template in templates.items():
                try:
                    sandbox.from_string(template)
                except TemplateError as error:
                    broken.append(f"{language} {intent}.{key}: {error}")
    assert not broken


def test_a_sentence_is_looked_up_once_until_the_house_is_another(
    engine: Hassil, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def looking(text: str, *rest: Any) -> Recognition | None:
        looked.append(text)
        return recognised(text, *rest)

    monkeypatch.setattr("assistant_intents.engine.recognised", looking)
    asked = ("turn on the standing lamp", "en", {"area": "office"})
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: engine.recognise(*asked), range(8)))
    assert len(looked) == 1
    assert all(one == found[0] is not None for one in found)
    engine.recognise(asked[0], "en", {"area": "bedroom"})
    assert len(looked) == 2
    engine.teach(Vocabulary())
    engine.recognise(*asked)
    assert len(looked) == 3
    for number in range(100):
        engine.recognise(f"what is {number}", "en", {})
    engine.recognise(*asked)
    assert looked.count(asked[0]) == 4


def test_free_words_end_with_the_question_that_they_are_part_of() -> None:
    engine = Hassil()
    engine.teach(Vocabulary(sentences=(SKILLS,)))
    assert engine.recognise("What time is it in the kitchen? Please turn on the light.", "en", {}) is None
    found = engine.recognise("What time is it in St. Gallen?", "en", {})
    assert found is not None
    assert found.slots["place"] == "St Gallen"


def test_the_same_sentences_twice_are_understood_as_once() -> None:
    once, twice = Hassil(), Hassil([SKILLS])
    for engine in (once, twice):
        engine.teach(Vocabulary(sentences=(SKILLS,)))
    for said in ("Add milk to the shopping list. Thank you.", "set a timer for", "what time is it"):
        assert twice.recognise(said, "en", {}) == once.recognise(said, "en", {})
