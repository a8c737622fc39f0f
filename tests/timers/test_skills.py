"""What is said to timers, alarms and reminders, and what they answer, in four languages, by the real intent engine."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant.skills.localised import o_clock
from assistant.timers import Kind, State
from assistant.timers.timeline import Clocks, Timeline
from tests.skills.household import GAVE_UP, Household, household

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 14, 10, tzinfo=BERLIN).timestamp()
"""A Saturday."""
AT_SEVEN, AT_EIGHT, AT_NINE = (o_clock(time(hour), "en") for hour in (7, 8, 9))
AT_HALF_PAST_SIX = o_clock(time(6, 30), "en")


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Household, None]:
    """A household whose clocks stand still, so that what is left is what was set."""
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    async with household(tmp_path) as house:
        timers = house.assembly.timers
        timers._clocks = Clocks(lambda: 100.0, lambda: "boot", lambda: NOW, lambda: True)
        timers._timeline = Timeline(timers._clocks, None)
        timers._zone = lambda: BERLIN
        yield house


async def talk(house: Household, language: str, *lines: str) -> None:
    """Say every other line, and hear the line after it."""
    for said, heard in zip(lines[::2], lines[1::2], strict=True):
        assert await house.ask(said, language) == heard, said


async def test_english(house: Household) -> None:
    await talk(
        house,
        "en",
        *("Set a pizza timer for five minutes", "Pizza timer set for 5 minutes."),
        *("Set a timer for an hour and five minutes", "Timer set for 1 hour and 5 minutes."),
        *("How long is left on the pizza timer?", "Pizza: 5 minutes left."),
        *(
            "How long is left?",
            "2 timers. Pizza: 5 minutes left. 1 hour and 5 minutes: 1 hour and 5 minutes left.",
        ),
        *("Add two minutes to the pizza timer", "The timer now has 7 minutes left: pizza."),
        *("Take three minutes off the pizza timer", "The timer now has 4 minutes left: pizza."),
        *("Pause the pizza timer", "The timer is paused with 4 minutes left: pizza."),
        *("Resume the timer", "The timer is running, with 4 minutes left: pizza."),
        *("Cancel the timer", "Which timer: pizza or 1 hour and 5 minutes?"),
        *("The pizza one", "The timer is cancelled: pizza."),
        *("Cancel the tea timer", "There is no such timer."),
        *("Cancel all timers", "Canceled 1 timer."),
        *("How long is left?", "There is no such timer."),
        *("Wake me at seven", f"The alarm is set: tomorrow at {AT_SEVEN}."),
        *("Set an alarm for every weekday at 6:30", f"The alarm is set: every weekday at {AT_HALF_PAST_SIX}."),
        *("What alarms do I have?", f"2 alarms: tomorrow at {AT_SEVEN}; every weekday at {AT_HALF_PAST_SIX}."),
        *("Cancel the alarm at seven", f"The alarm is off: tomorrow at {AT_SEVEN}."),
        *("Remind me to call mother in ten minutes", "I will remind you in 10 minutes: call mother."),
        *("Remind me tomorrow at nine to buy milk", f"I will remind you tomorrow at {AT_NINE}: buy milk."),
        *("What are my reminders?", f"In 10 minutes: call mother. Tomorrow at {AT_NINE}: buy milk."),
        *("Delete the reminder to buy milk", "The reminder is deleted: buy milk."),
        *("Snooze", "Nothing has rung."),
    )
    await talk(house, "en", *("Wake me at eight", f"The alarm is set: tomorrow at {AT_EIGHT}."))
    await talk(house, "en", *("Undo that", "The alarm is off again."))
    kinds = [timer.kind for timer in house.assembly.timers.pending()]
    assert kinds == [Kind.ALARM, Kind.REMINDER]


async def test_german(house: Household) -> None:
    await talk(
        house,
        "de",
        *("Stelle einen Pizza-Timer auf fünf Minuten", "Timer gestellt, Pizza: 5 Minuten."),
        *("Stell einen Timer auf anderthalb Stunden", "Timer gestellt: eine Stunde und 30 Minuten."),
        *("Wie lange läuft der Pizza-Timer noch?", "Pizza: noch 5 Minuten."),
        *("Brich den Pizza-Timer ab", "Der Timer ist gestoppt: Pizza."),
        *("Weck mich um halb sieben", "Der Wecker ist gestellt: morgen um 06:30 Uhr."),
        *("Stell den Wecker werktags auf 6:30", "Der Wecker ist gestellt: werktags um 06:30 Uhr."),
        *(
            "Erinnere mich in zehn Minuten daran, Mutter anzurufen",
            "Ich erinnere dich in 10 Minuten: Mutter anzurufen.",
        ),
        *("Erinnere mich morgen um neun an den Zahnarzt", "Ich erinnere dich morgen um 09:00 Uhr: Zahnarzt."),
    )


async def test_french(house: Household) -> None:
    await talk(
        house,
        "fr",
        *("Mets un minuteur pizza de cinq minutes", "Minuteur lancé : pizza, 5 minutes."),
        *("Mets un minuteur d'une heure et demie", "Minuteur lancé, une heure et 30 minutes."),
        *("Annule le minuteur pizza", "Le minuteur est annulé : pizza."),
        *("Combien de temps reste-t-il ?", "Une heure et 30 minutes : il reste une heure et 30 minutes."),
        *("Réveille-moi à sept heures", "Le réveil est réglé : demain à 07:00."),
        *(
            "Rappelle-moi d'appeler maman dans dix minutes",
            "Je vous le rappellerai dans 10 minutes : appeler maman.",
        ),
    )


async def test_spanish(house: Household) -> None:
    await talk(
        house,
        "es",
        *("Pon un temporizador para la pizza de cinco minutos", "Temporizador puesto, pizza: 5 minutos."),
        *("Pon un temporizador de una hora y media", "Temporizador puesto: una hora y 30 minutos."),
        *("Cancela el temporizador de la pizza", "El temporizador está cancelado: pizza."),
        *("Despiértame a las siete", "La alarma está puesta: mañana a las 7:00."),
        *("Recuérdame llamar a mamá en diez minutos", "Te lo recordaré en 10 minutos: llamar a mamá."),
    )


@pytest.mark.parametrize(
    ("language", "said", "heard"),
    [
        ("en", "Set a timer for minus three years", "A timer can last from one second to seven days."),
        ("en", "Set a timer for 10,000 hours", "A timer can last from one second to seven days."),
        ("en", "Set a timer for zero seconds", "A timer can last from one second to seven days."),
        ("de", "Stelle einen Timer auf minus drei Jahre", "Ein Timer kann eine Sekunde bis sieben Tage lang sein."),
        ("fr", "Mets un minuteur de moins trois ans", "Un minuteur peut durer d'une seconde à sept jours."),
        ("es", "Pon un temporizador de menos tres años", "Un temporizador puede durar de un segundo a siete días."),
    ],
)
async def test_nonsense_is_refused_in_the_language_that_was_asked(
    house: Household, language: str, said: str, heard: str
) -> None:
    assert await house.ask(said, language) == heard
    assert not house.assembly.timers.all()


@pytest.mark.parametrize(
    "text", ["Remind me who wrote Hamlet", "Set a timer for the love of God", "Wake me gently", "How long is the Nile?"]
)
async def test_what_only_begins_like_it_is_left_to_the_next_rung(house: Household, text: str) -> None:
    assert await house.ask(text) == GAVE_UP
    assert not house.assembly.timers.all()


async def test_there_is_an_end_to_timers(house: Household) -> None:
    for _ in range(100):
        await house.ask("set a timer for one minute")
    assert await house.ask("set a timer for one minute") == ("There are 100 timers already, and I cannot keep more.")
    assert len(house.assembly.timers.all()) == 100


async def test_what_rings_is_snoozed_after_the_call_that_stopped_it(house: Household) -> None:
    timers = house.assembly.timers
    await house.ask("set a tea timer for one second")
    timers._clocks = Clocks(lambda: 102.0, lambda: "boot", lambda: NOW, lambda: True)
    timers._timeline._clocks = timers._clocks
    running = asyncio.create_task(timers.run())
    try:
        async with asyncio.timeout(10):
            while not timers.ringing():
                await asyncio.sleep(0.01)
        await timers.stop(timers.ringing())
        assert await house.ask("Five more minutes") == "In 5 minutes again."
        (again,) = timers.pending()
        assert (again.name, again.state, timers.left(again)) == ("tea", State.RUNNING, 300)
        assert await house.ask("Snooze") == "Nothing has rung."
    finally:
        running.cancel()
        await asyncio.wait({running})
