"""How well and how fast sentences are understood: the test sentences of home-assistant-intents, and a large house.

    python benchmarks/intents.py                      speed, with 500 entities in 40 areas and the built-in skills
    python benchmarks/intents.py FOLDER [LANGUAGE …]  rightness too: FOLDER is a checkout of home-assistant/intents

The test sentences belong to the templates that lie beside them, which are taken for this; the installed package has
others, of which one sentence each is drawn, and its intent compared. Milliseconds are those of the processor, which is
what a sentence takes on a machine that does nothing else, and of the clock.
"""

import argparse
import asyncio
import logging
import random
import resource
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import home_assistant_intents
import yaml
from assistant_intents import HassilConfig, open_hassil
from assistant_intents.engine import Hassil
from hassil import (
    Intents,
    RangeSlotList,
    Sentence,
    SlotList,
    TextSlotList,
    merge_dict,
    parse_sentence,
    sample_expression,
)
from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, TextChunk

from assistant import Area, Entity, Floor, Vocabulary
from assistant.home.services import DOMAINS

LANGUAGES = ("en", "de", "fr", "es")
OURS = {"entity_ids", "area_ids", "floor_ids", "here"}
"""Slots that Home Assistant finds elsewhere."""
FURTHER = ("binary_sensor", "person", "sensor", "todo", "weather")
"""Sorts of things that are asked about and not switched."""
SPOKEN = {
    "en": ("room", "lamp", "turn on lamp 40", "turn on the lights in room 7", "is lamp 40 on", "set lamp 40 to 30%"),
    "de": ("Raum", "Lampe", "schalte Lampe 40 ein", "Licht in Raum 7 an", "ist Lampe 40 an", "Lampe 40 auf 30%"),
    "fr": ("pièce", "lampe", "allume lampe 40", "allume la lumière pièce 7", "est-ce que lampe 40 est allumée"),
    "es": ("sala", "lámpara", "enciende lámpara 40", "enciende las luces de sala 7", "está encendida lámpara 40"),
}
"""By language: what rooms and things are called, and what is said."""
OTHERS = {
    "en": ("set a timer for five minutes", "turn on the", "who wrote the tragedy of faust and when did he do it"),
    "de": (
        "stell einen Timer auf fünf Minuten",
        "schalte die",
        "wer schrieb eigentlich den Faust und wann war das",
    ),
    "fr": ("mets un minuteur de cinq minutes", "allume la", "qui a écrit la tragédie de faust et en quelle année"),
    "es": ("pon un temporizador de cinco minutos", "enciende la", "quién escribió la tragedia de fausto y en qué año"),
}
"""By language: something else, what breaks off, and what no template has."""


def house(language: str) -> Vocabulary:
    """Return 500 entities in 40 areas on two floors."""
    room, thing, *_ = SPOKEN[language]
    areas = tuple(Area(f"area_{n}", f"{room} {n}", floor=f"floor_{n % 2}") for n in range(40))
    domains = ("light", "switch", "cover", "sensor", "climate")
    entities = tuple(Entity(f"{domains[n % 5]}.thing_{n}", f"{thing} {n}", area=areas[n % 40].id) for n in range(500))
    floors = (Floor("floor_0", "ground floor"), Floor("floor_1", "first floor"))
    return Vocabulary(entities, areas, floors, (str(files("assistant") / "skills" / "sentences"),))


def fast(engine: Hassil, language: str) -> None:
    """Print how long the first and the later sentences of a language take."""
    engine.teach(house(language))
    began = time.perf_counter()
    engine.recognise("", language, {})
    loaded = time.perf_counter() - began
    room, _, *sentences = SPOKEN[language]
    for text in (*sentences, *OTHERS[language]):
        engine.recognise(text, language, {"area": f"{room} 3"})
        taken, waited = [], []
        for _ in range(30):
            began, busy = time.perf_counter(), time.thread_time()
            found = engine.recognise(text, language, {"area": f"{room} 3"})
            taken.append((time.thread_time() - busy) * 1000)
            waited.append((time.perf_counter() - began) * 1000)
        what = found and (found.intent or "incomplete")
        print(
            f"{language}  {statistics.median(taken):5.1f} ms  p95 {sorted(taken)[-2]:5.1f} ms  "
            f"(clock {statistics.median(waited):5.1f} ms)  {text!r}: {what}"
        )
    print(f"{language}  read in {loaded:.2f} s")


def fixtures(folder: Path) -> Vocabulary:
    """Return the house of the test sentences; a name with variants becomes as many things of one id."""
    tree = yaml.safe_load((folder / "_fixtures.yaml").read_text("utf-8"))
    floors = [Floor(floor["id"], name) for floor in tree.get("floors", []) for name in variants(floor["name"])]
    areas = [
        Area(area["id"], name, floor=area.get("floor", "")) for area in tree["areas"] for name in variants(area["name"])
    ]
    entities = [
        Entity(entity["id"], name, area=entity.get("area", ""), attributes=entity.get("attributes", {}))
        for entity in tree["entities"]
        for name in variants(entity["name"])
    ]
    return Vocabulary(tuple(entities), tuple(areas), tuple(floors))


def templates(folder: Path, language: str) -> dict[str, Any]:
    """Return the templates of a checkout as the package has them, in one mapping."""
    merged: dict[str, Any] = {}
    for kind in ("sentences", "responses"):
        for file in sorted((folder / kind / language).glob("*.yaml")):
            merge_dict(merged, yaml.safe_load(file.read_text("utf-8")))
    return merged


def drawn(engine: Hassil, language: str, verbose: bool) -> tuple[int, int]:
    """Return how many sentences, one drawn from each template of a language, give its intent, and how many it has."""
    room, thing, command, *_ = SPOKEN[language]
    domains = sorted({*(domain for domains in DOMAINS.values() for domain in domains), *FURTHER})
    things = {domain: f"{thing} {n}" for n, domain in enumerate(domains, 40)}
    house = [Entity(f"{domain}.it", name, area="area") for domain, name in things.items()]
    house.append(Entity("light.it", f"{thing} 40"))
    engine.teach(Vocabulary(tuple(house), (Area("area", f"{room} 1", floor="floor"),), (Floor("floor", "Nord"),)))
    intents = Intents.from_dict(home_assistant_intents.get_intents(language) or {})
    lists = {**intents.slot_lists, "area": plain(f"{room} 1"), "timer_command": plain(command)}
    rng, right = random.Random(1), Counter[bool]()
    for intent in intents.intents.values():
        for data in intent.data:
            domain = data.requires_context.get("domain", data.slots.get("domain", "light"))
            name = things.get(domain if isinstance(domain, str) else domain[0], "")
            known = {**lists, "name": plain(name), "floor": plain("Nord"), **data.slot_lists}
            for sentence in data.sentences:
                said = " ".join(draw(sentence.expression, known, intents.expansion_rules, rng).split())
                found = engine.recognise(said, language, {"area": f"{room} 1"})
                fits = found is not None and found.intent == intent.name
                right[fits] += 1
                if verbose and not fits:
                    print(f"  {said!r}: {found and (found.intent or 'incomplete')}, not {intent.name}: {sentence.text}")
    return right[True], right.total()


def plain(text: str) -> TextSlotList:
    """Return a list of one value."""
    return TextSlotList.from_strings([text], allow_template=False)


def draw(
    expression: Expression,
    lists: Mapping[str, SlotList],
    rules: Mapping[str, Sentence],
    rng: random.Random,
) -> str:
    """Return a sentence that *expression* matches."""
    again = partial(draw, lists=lists, rules=rules, rng=rng)
    match expression:
        case TextChunk():
            return str(expression.text)
        case Alternative():
            return again(rng.choice(expression.items))
        case Permutation():
            return " ".join(again(item) for item in rng.sample(expression.items, len(expression.items)))
        case Group():
            return "".join(again(item) for item in expression.items)
        case RuleReference():
            return again(rules[expression.rule_name].expression)
        case ListReference():
            match values := lists[expression.list_name]:
                case TextSlotList():
                    return again(rng.choice(values.values).text_in)
                case RangeSlotList():
                    return str(rng.randrange(values.start, values.stop + 1, values.step))
    return "oat milk"


def variants(template: str) -> Iterator[str]:
    """Yield what a name of the fixtures stands for."""
    for name in sample_expression(parse_sentence(template).expression):
        yield name.strip()


def right(engine: Hassil, folder: Path, verbose: bool) -> tuple[int, int]:
    """Return how many of the test sentences of a language give the intent and all slots, and how many there are."""
    engine.teach(fixtures(folder))
    failing = folder / "_test_failures.yaml"
    left_out = set(yaml.safe_load(failing.read_text("utf-8"))["sentences"]) if failing.exists() else set()
    whole: Counter[bool] = Counter()
    for file in sorted(folder.glob("*_*.yaml")):
        if file.name.startswith("_"):
            continue
        for test in yaml.safe_load(file.read_text("utf-8")).get("tests") or []:
            wanted = test["intent"]
            for sentence in set(test["sentences"]) - left_out:
                area = (wanted.get("context") or {}).get("area", "")
                found = engine.recognise(sentence, folder.name, {"area": area})
                slots = {slot: text for slot, text in found.slots.items() if slot not in OURS} if found else {}
                fits = found is not None and found.intent == wanted["name"] and same(slots, wanted.get("slots") or {})
                whole[fits] += 1
                if verbose and not fits:
                    print(f"  {sentence!r}: {found and found.intent} {slots}, not {wanted}")
    return whole[True], whole.total()


def same(slots: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    """Tell whether slots are those that are wanted; of several values one is enough."""
    return slots.keys() == wanted.keys() and all(
        {text(one) for one in (value if isinstance(value, list) else [value])} & set(slots[slot].split(","))
        or text(value) == slots[slot]
        for slot, value in wanted.items()
    )


def text(value: Any) -> str:
    """Return a value of the tests as the engine writes it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


async def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="checkout of home-assistant/intents")
    parser.add_argument("languages", nargs="*", default=LANGUAGES)
    parser.add_argument("--verbose", action="store_true", help="show what is wrong")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(*(f"{name} {version(name)}" for name in ("hassil", "home-assistant-intents")))
    async with open_hassil(HassilConfig()) as engine:
        for language in options.languages:
            if language in SPOKEN:
                fast(engine, language)
        for language in options.languages:
            if language in SPOKEN:
                good, all_ = drawn(engine, language, options.verbose)
                print(f"{language}  {good} of {all_} sentences drawn from the installed templates give the intent")
        print(f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f} MB")
    if options.folder:
        home_assistant_intents.get_intents = partial(templates, options.folder)
    async with open_hassil(HassilConfig()) as engine:
        for language in options.languages if options.folder else ():
            good, all_ = right(engine, options.folder / "tests" / language, options.verbose)
            print(f"{language}  {good} of {all_} test sentences ({good / all_:.1%}) give the intent and all slots")


if __name__ == "__main__":
    asyncio.run(main())
