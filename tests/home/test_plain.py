"""Which names, states and units are told to a model unasked: those that are no more than that."""

import pytest

from assistant.entities import Entity
from assistant.home import Home
from assistant.home.plain import is_plain, is_plainly_told
from assistant.pipeline.house_facts import line
from tests.pipeline.injections import TEXTS


@pytest.mark.parametrize("text", [pytest.param(text, id=str(n)) for n, text in enumerate(TEXTS)])
def test_an_order_is_no_name(text: str) -> None:
    """T19: a single word passes for a name."""
    assert not is_plain(text) or len(text.split()) == 1
    attributes = {"unit_of_measurement": text, "temperature": text, "brightness": text}
    told = line(Entity("sensor.mail", "Mail", state="21", attributes=attributes), Home())
    assert told == "sensor.mail (Mail): 21" or is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Desk lamp", "Stehlampe (Flur)", "Lampe d'ambiance", "3.OG Küche", "Apple TV: Remote Battery", "Tür 1 & 2"),
        *("°C", "%", "kWh", "µg/m³", "€/kWh", "W/m²", "°"),
        *("on", "heat_cool", "21.5", "-3", "not_home", "2026-11-21T16:30:00+00:00", "Programm läuft", "partlycloudy"),
        *("リビングのライト", "Свет на кухне", "مصباح المكتب", "बत्ती", ""),
    ],
)
def test_names_states_and_units_are_plain(text: str) -> None:
    assert is_plain(text)
    assert is_plainly_told(Entity("light.x", text or "x", state="on", attributes={"unit_of_measurement": text}))
