"""The clock: one that is not set, places, and days."""

from datetime import date

import pytest

from assistant.skill import Asked
from assistant.skills.calendar_days import day_meant
from assistant.skills.clock import clock
from assistant.skills.places import zone_of

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    "intent", ["HassGetCurrentTime", "HassGetCurrentDate", "InglenookTimeIn", "InglenookDaysUntil"]
)
async def test_a_box_whose_clock_is_not_set_says_that_it_does_not_know(intent: str) -> None:
    skill = clock(is_set=lambda: False)
    reply = await skill.intents[intent](Asked(intent, {"place": "Tokyo", "day": "Christmas"}))
    assert reply.key == "unset"


@pytest.mark.parametrize(
    ("language", "place", "zone"),
    [
        ("en", "Tokyo", "Asia/Tokyo"),
        ("de", "Tokio", "Asia/Tokyo"),
        ("fr", "Pékin", "Asia/Shanghai"),
        ("es", "Nueva York", "America/New_York"),
        ("en", "new york", "America/New_York"),
        ("de", "München", "Europe/Berlin"),
        ("de", "Japan", "Asia/Tokyo"),
        ("fr", "le Caire", "Africa/Cairo"),
        ("en", "Spain", "Europe/Madrid"),
        ("es", "Ciudad de México", "America/Mexico_City"),
        ("en", "the USA", None),
        ("en", "Narnia", None),
        ("en", "", None),
        ("en", "../etc/passwd", None),
    ],
)
def test_a_place_is_found_by_its_name_in_the_language(language: str, place: str, zone: str | None) -> None:
    found = zone_of(place, language)
    assert (found and found.key) == zone


@pytest.mark.parametrize(
    ("language", "said", "day"),
    [
        ("en", "Christmas", date(2026, 12, 25)),
        ("en", "New Year", date(2027, 1, 1)),
        ("en", "the 3rd of May", date(2027, 5, 3)),
        ("en", "May 3", date(2027, 5, 3)),
        ("en", "May the third", date(2027, 5, 3)),
        ("en", "November 21", TODAY),
        ("en", "the 29th of February", date(2028, 2, 29)),
        ("en", "the 31st of February", None),
        ("en", "July 4 2030", date(2030, 7, 4)),
        ("en", "Saturday", date(2026, 11, 28)),
        ("en", "next Sunday", date(2026, 11, 22)),
        ("de", "Heiligabend", date(2026, 12, 24)),
        ("de", "3. Mai", date(2027, 5, 3)),
        ("de", "ersten März", date(2027, 3, 1)),
        ("de", "dreiundzwanzigster Mai", date(2027, 5, 23)),
        ("fr", "14 juillet", date(2027, 7, 14)),
        ("fr", "1er août", date(2027, 8, 1)),
        ("es", "6 de enero", date(2027, 1, 6)),
        ("es", "miércoles", date(2026, 11, 25)),
        ("en", "my birthday", None),
        ("en", "", None),
    ],
)
def test_the_day_that_is_meant(language: str, said: str, day: date | None) -> None:
    assert day_meant(said, TODAY, language) == day
