"""A question does nothing: those of `questions.yaml`, with and without the sentences of the built-in skills."""

from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from assistant_intents.engine import Hassil

from assistant import Area, Entity, Vocabulary

QUESTIONS = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text("utf-8"))
NAMES = {
    "en": ("desk lamp", "front door", "garage door", "television", "kitchen", "office"),
    "de": ("Schreibtischlampe", "Haustür", "Garagentor", "Fernseher", "Küche", "Büro"),
    "fr": ("lampe du bureau", "porte d'entrée", "porte du garage", "télévision", "cuisine", "salon"),
    "es": ("lámpara del escritorio", "puerta principal", "puerta del garaje", "televisión", "cocina", "oficina"),
}
READS = {
    "HassClimateGetTemperature",
    "HassGetCurrentDate",
    "HassGetCurrentTime",
    "HassGetState",
    "HassGetWeather",
    "HassTimerStatus",
    "InglenookAlarmStatus",
    "InglenookAskUnknown",
    "InglenookCalculate",
    "InglenookConvert",
    "InglenookDaysUntil",
    "InglenookListRead",
    "InglenookReminderStatus",
    "InglenookTimeIn",
    "InglenookWeekdayOf",
}
"""Intents that change nothing."""


def house(language: str) -> Vocabulary:
    """Return the house that the questions are about, with the sentences of the built-in skills."""
    lamp, front, garage, television, kitchen, office = NAMES[language]
    entities = (
        Entity("light.desk", lamp, area="office"),
        Entity("light.ceiling", "ceiling", area="kitchen"),
        Entity("lock.front", front, area="office"),
        Entity("cover.garage", garage, attributes={"device_class": "garage"}),
        Entity("media_player.television", television, area="kitchen"),
        Entity("climate.heating", "heating", area="kitchen"),
        Entity("todo.shopping", "shopping"),
    )
    areas = (Area("kitchen", kitchen), Area("office", office))
    return Vocabulary(entities, areas, sentences=(str(files("assistant") / "skills" / "sentences"),))


@pytest.mark.parametrize("language", QUESTIONS)
@pytest.mark.parametrize("skilled", [False, True])
def test_no_question_is_taken_for_an_act(language: str, skilled: bool) -> None:
    vocabulary = house(language)
    engine = Hassil()
    engine.teach(vocabulary if skilled else Vocabulary(vocabulary.entities, vocabulary.areas))
    assert len(QUESTIONS[language]) >= 40
    acts = {}
    for question in QUESTIONS[language]:
        found = engine.recognise(question, language, {"area": "office", "device": "room"})
        if found is not None and found.complete and found.intent not in READS:
            acts[question] = (found.intent, dict(found.slots))
    assert not acts
