"""Times as people say them, in four languages."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from assistant.skills.when import When, length, when

NOW = datetime(2026, 11, 21, 14, 10, tzinfo=ZoneInfo("Europe/Berlin"))
"""A Saturday."""


@pytest.mark.parametrize(
    ("language", "text", "seconds"),
    [
        ("en", "five minutes", 300),
        ("en", "5 minutes", 300),
        ("en", "an hour and a half", 5400),
        ("en", "one and a half hours", 5400),
        ("en", "half an hour", 1800),
        ("en", "a quarter of an hour", 900),
        ("en", "1 hour and 30 minutes", 5400),
        ("en", "two hours, five minutes and 10 seconds", 7510),
        ("en", "minus three years", -3 * 365 * 86_400),
        ("en", "10,000 hours", 36_000_000),
        ("en", "zero seconds", 0),
        ("en", "the pizza", None),
        ("en", "hour", None),
        ("de", "fünf Minuten", 300),
        ("de", "eineinhalb Stunden", 5400),
        ("de", "anderthalb Stunden", 5400),
        ("de", "eine Stunde und zehn Minuten", 4200),
        ("de", "eine Viertelstunde", 900),
        ("de", "eine halbe Stunde", 1800),
        ("de", "minus drei Jahre", -3 * 365 * 86_400),
        ("fr", "cinq minutes", 300),
        ("fr", "une heure et demie", 5400),
        ("fr", "une demi-heure", 1800),
        ("fr", "un quart d'heure", 900),
        ("fr", "une heure trente", 5400),
        ("fr", "moins trois ans", -3 * 365 * 86_400),
        ("es", "cinco minutos", 300),
        ("es", "una hora y media", 5400),
        ("es", "media hora", 1800),
        ("es", "un cuarto de hora", 900),
        ("es", "una hora y veinte minutos", 4800),
        ("es", "menos tres años", -3 * 365 * 86_400),
    ],
)
def test_lengths(language: str, text: str, seconds: float | None) -> None:
    assert length(text, language) == seconds


@pytest.mark.parametrize(
    ("language", "text", "time", "day"),
    [
        ("en", "at seven", "07:00", "2026-11-22"),
        ("en", "at 7:30", "07:30", "2026-11-22"),
        ("en", "at 7.30 p.m.", "19:30", "2026-11-21"),
        ("en", "for 6:15 AM", "06:15", "2026-11-22"),
        ("en", "tomorrow at nine", "09:00", "2026-11-22"),
        ("en", "tomorrow morning at half past six", "06:30", "2026-11-22"),
        ("en", "at quarter to eight in the evening", "19:45", "2026-11-21"),
        ("en", "at twenty past six", "06:20", "2026-11-22"),
        ("en", "at seven thirty", "07:30", "2026-11-22"),
        ("en", "at eighteen hundred hours", "18:00", "2026-11-21"),
        ("en", "on Monday at 8 o'clock", "08:00", "2026-11-23"),
        ("en", "at noon", "12:00", "2026-11-22"),
        ("en", "every weekday at 6:30", "06:30", (0, 1, 2, 3, 4)),
        ("en", "every day at seven", "07:00", (0, 1, 2, 3, 4, 5, 6)),
        ("en", "at eight every Monday and Friday", "08:00", (0, 4)),
        ("en", "every evening at nine", "21:00", (0, 1, 2, 3, 4, 5, 6)),
        ("en", "the pizza", None, None),
        ("de", "um sieben", "07:00", "2026-11-22"),
        ("de", "um sieben Uhr dreißig", "07:30", "2026-11-22"),
        ("de", "um 18 Uhr", "18:00", "2026-11-21"),
        ("de", "um halb sieben", "06:30", "2026-11-22"),
        ("de", "morgen um neun", "09:00", "2026-11-22"),
        ("de", "morgen früh um sechs", "06:00", "2026-11-22"),
        ("de", "um viertel nach acht abends", "20:15", "2026-11-21"),
        ("de", "werktags um 6:30 Uhr", "06:30", (0, 1, 2, 3, 4)),
        ("de", "jeden Montag um acht", "08:00", (0,)),
        ("de", "am Montag um acht", "08:00", "2026-11-23"),
        ("fr", "à sept heures", "07:00", "2026-11-22"),
        ("fr", "à sept heures et demie", "07:30", "2026-11-22"),
        ("fr", "à 18h30", "18:30", "2026-11-21"),
        ("fr", "demain à neuf heures", "09:00", "2026-11-22"),
        ("fr", "à huit heures moins le quart du soir", "19:45", "2026-11-21"),
        ("fr", "tous les jours à 7 heures", "07:00", (0, 1, 2, 3, 4, 5, 6)),
        ("fr", "en semaine à 6h30", "06:30", (0, 1, 2, 3, 4)),
        ("fr", "chaque lundi à huit heures", "08:00", (0,)),
        ("es", "a las siete", "07:00", "2026-11-22"),
        ("es", "a las siete y media", "07:30", "2026-11-22"),
        ("es", "mañana a las nueve", "09:00", "2026-11-22"),
        ("es", "a las ocho menos cuarto de la tarde", "19:45", "2026-11-21"),
        ("es", "a las 18:30", "18:30", "2026-11-21"),
        ("es", "todos los días a las siete", "07:00", (0, 1, 2, 3, 4, 5, 6)),
        ("es", "entre semana a las 6:30", "06:30", (0, 1, 2, 3, 4)),
        ("es", "los lunes a las ocho", "08:00", (0,)),
        ("es", "mañana por la mañana a las seis", "06:00", "2026-11-22"),
    ],
)
def test_times_of_day(language: str, text: str, time: str | None, day: str | tuple[int, ...] | None) -> None:
    found = when(text, language, NOW)
    if time is None:
        assert found is None
        return
    assert found is not None
    assert found.at is not None
    assert (found.at.time, found.at.days or found.at.date) == (time, day)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "at twenty-five"),
        ("en", "half past twenty-seven"),
        ("en", "at 7:75"),
        ("de", "um halb siebenundzwanzig"),
        ("de", "um 25 Uhr"),
        ("fr", "à vingt-sept heures et demie"),
        ("fr", "à 25h"),
        ("es", "a las veintisiete y media"),
        ("es", "a las 25"),
    ],
)
def test_a_time_that_no_clock_shows(language: str, text: str) -> None:
    assert when(text, language, NOW) == When()


@pytest.mark.parametrize(
    ("text", "time", "day"),
    [
        ("at three", "15:00", "2026-11-21"),
        ("at two", "14:00", "2026-11-22"),
        ("tomorrow at three", "15:00", "2026-11-22"),
        ("tomorrow at nine", "09:00", "2026-11-22"),
        ("at 16:00", "16:00", "2026-11-21"),
        ("at eleven in the evening", "23:00", "2026-11-21"),
        ("on the 3rd of December at nine", "09:00", "2026-12-03"),
    ],
)
def test_who_wants_to_be_reminded_does_not_mean_the_night(text: str, time: str, day: str) -> None:
    found = when(text, "en", NOW, by_day=True)
    assert found is not None
    assert found.at is not None
    assert (found.at.time, found.at.date) == (time, day)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "in ten minutes"),
        ("en", "10 minutes from now"),
        ("de", "in zehn Minuten"),
        ("fr", "dans dix minutes"),
        ("es", "dentro de diez minutos"),
        ("es", "en 10 minutos"),
    ],
)
def test_a_while_from_now(language: str, text: str) -> None:
    found = when(text, language, NOW)
    assert found is not None
    assert found.seconds == 600
