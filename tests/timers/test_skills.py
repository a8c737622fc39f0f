"""What is said to timers, alarms and reminders, and what they answer, in four languages, by the real intent engine."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant.errors import ServiceError
from assistant.skills.localised import o_clock
from assistant.timers import Kind, State, Timer
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
            "Ich erinnere dich in 10 Minuten: Mutter anrufen.",
        ),
        *("Erinnere mich morgen um neun an den Zahnarzt", "Ich erinnere dich morgen um 09:00 Uhr: Zahnarzt."),
        *("Erinnere mich in einer Stunde daran, dass ich los muss", "Ich erinnere dich in einer Stunde: los muss."),
        *("Weck mich in einer Minute", "Der Wecker klingelt in einer Minute."),
        *("Stell einen Timer auf sieben Minuten für die Eier", "Timer gestellt, Eier: 7 Minuten."),
        *("Lösche die Erinnerung Zahnarzt", "Die Erinnerung ist gelöscht: Zahnarzt."),
    )


async def test_french(house: Household) -> None:
    await talk(
        house,
        "fr",
        *("Mets un minuteur pizza de cinq minutes", "Minuteur lancé : pizza, 5 minutes."),
        *("Mets un minuteur d'une heure et demie", "Minuteur lancé, une heure et 30 minutes."),
        *("Annule le minuteur pizza", "Le minuteur est annulé : pizza."),
        *("Mets un minuteur de 7 minutes pour les œufs", "Minuteur lancé : œufs, 7 minutes."),
        *("Annule le minuteur œufs", "Le minuteur est annulé : œufs."),
        *("Combien de temps reste-t-il ?", "Une heure et 30 minutes : il reste une heure et 30 minutes."),
        *("Réveille-moi à sept heures", "Le réveil est réglé : demain à 07:00."),
        *(
            "Rappelle-moi d'appeler maman dans dix minutes",
            "Je te le rappellerai dans 10 minutes : appeler maman.",
        ),
    )


async def test_spanish(house: Household) -> None:
    await talk(
        house,
        "es",
        *("Pon un temporizador para la pizza de cinco minutos", "Temporizador puesto, pizza: 5 minutos."),
        *("Pon un temporizador de una hora y media", "Temporizador puesto: una hora y 30 minutos."),
        *("Cancela el temporizador de la pizza", "He cancelado el temporizador: pizza."),
        *("Despiértame a las siete", "La alarma está puesta: mañana a las 7:00."),
        *("Recuérdame llamar a mamá en diez minutos", "Te lo recordaré en 10 minutos: llamar a mamá."),
        *("Despiértame a la una", "La alarma está puesta: mañana a la 1:00."),
        *("Pon un temporizador de un minuto", "Temporizador puesto: un minuto."),
        *(
            "¿Cuánto tiempo queda?",
            "2 temporizadores. Un minuto: queda un minuto. Una hora y 30 minutos: queda una hora y 30 minutos.",
        ),
    )


@pytest.mark.parametrize(
    ("language", "wish", "reply"),
    [
        ("en", "Remind me on December 3rd at 9 about the dentist", "on Thursday, December 3 at 9:00 am: the dentist."),
        ("en", "Remind me about the dentist on the third of December at 9", "on Thursday, December 3 at 9:00 am: "),
        (
            "de",
            "Erinnere mich am 3. Dezember um 9 Uhr an den Zahnarzt",
            "am Donnerstag, dem 3. Dezember um 09:00 Uhr: Za",
        ),
        (
            "de",
            "Erinnere mich am dritten Dezember um 9 an den Zahnarzt",
            "am Donnerstag, dem 3. Dezember um 09:00 Uhr: Z",
        ),
        ("fr", "Rappelle-moi le dentiste le 3 décembre à 9 heures", "le jeudi 3 décembre à 09:00 : le dentiste."),
        ("es", "Recuérdame el dentista el 3 de diciembre a las 9", "el jueves 3 de diciembre a las 9:00: el dentista."),
        ("en", "Remind me on February 30th at 9 to jump", "There is no such time."),
        ("es", "Recuérdame el 31 de febrero a las 9 que pague", "Esa fecha u hora no existe."),
    ],
)
async def test_a_day_of_the_year(house: Household, language: str, wish: str, reply: str) -> None:
    assert reply in await house.ask(wish, language)


NONSENSE = {
    "en": {
        "A timer can last from one second to seven days.": (
            "Set a timer for minus five minutes",
            "Set a timer for a thousand years",
            "Set a timer for 10,000 hours",
            "Set a timer for zero seconds",
        ),
        "There is no such time.": (
            "Wake me at half past twenty-seven",
            "Remind me at 25 o'clock to call mother",
        ),
        "There is no such alarm.": ("Cancel the alarm at 25 o'clock",),
    },
    "de": {
        "Ein Timer kann eine Sekunde bis sieben Tage lang sein.": (
            "Stelle einen Timer auf minus fünf Minuten",
            "Stelle einen Timer auf tausend Jahre",
            "Stelle einen Timer auf null Sekunden",
        ),
        "Diese Zeit gibt es nicht.": (
            "Weck mich um halb siebenundzwanzig",
            "Erinnere mich um 25 Uhr an den Müll",
        ),
    },
    "fr": {
        "Un minuteur peut durer d'une seconde à sept jours.": (
            "Mets un minuteur de moins cinq minutes",
            "Mets un minuteur de mille ans",
            "Mets un minuteur de zéro seconde",
        ),
        "Cette date ou cette heure n'existe pas.": (
            "Réveille-moi à vingt-sept heures et demie",
            "Rappelle-moi à 25 heures d'appeler maman",
        ),
    },
    "es": {
        "Un temporizador puede durar de un segundo a siete días.": (
            "Pon un temporizador de menos cinco minutos",
            "Pon un temporizador de mil años",
            "Pon un temporizador de cero segundos",
        ),
        "Esa fecha u hora no existe.": (
            "Despiértame a las veintisiete y media",
            "Recuérdame a las 25 llamar a mamá",
        ),
    },
}


@pytest.mark.parametrize("language", NONSENSE)
async def test_nonsense_is_refused_in_the_language_that_was_asked(house: Household, language: str) -> None:
    for heard, sentences in NONSENSE[language].items():
        for said in sentences:
            assert await house.ask(said, language) == heard, said
    assert not house.assembly.timers.all()


async def test_all_are_those_of_other_rooms_too_and_one_is_that_of_this_room(house: Household) -> None:
    timers = house.assembly.timers
    await timers.add(Timer(seconds=600))  # over HTTP
    await timers.add(Timer(seconds=1200, device="kitchen"))
    await talk(
        house,
        "en",
        *("Pause the timer", "Which timer: 10 minutes or 20 minutes?"),
        *("Pause all timers", "2 timers are paused."),
        *("Set a timer for five minutes", "Timer set for 5 minutes."),
        *("Cancel the timer", "The timer is cancelled: 5 minutes."),
        *("How long is left?", "2 timers. 10 minutes: 10 minutes left, paused. 20 minutes: 20 minutes left, paused."),
        *("Cancel all timers", "Canceled 2 timers."),
    )


async def test_what_only_begins_like_it_is_left_to_the_next_rung(house: Household) -> None:
    for text in ("Remind me who wrote Hamlet", "Set a timer for the love of God", "Wake me gently"):
        assert await house.ask(text) == GAVE_UP, text
    assert await house.ask("How long is the Nile?") == GAVE_UP
    assert not house.assembly.timers.all()


async def test_a_timer_that_cannot_be_kept_is_not_said_to_be_set(house: Household) -> None:
    async def full(*_: object) -> None:
        raise ServiceError("the disk is full")

    house.assembly.timers._store.add = full  # type: ignore[method-assign,assignment]
    for text in ("Set a timer for five minutes", "Wake me at seven", "Remind me in ten minutes to call mother"):
        assert await house.ask(text) == "I could not keep that, so nothing is set. The disk may be full."
    heard = await house.ask("Stelle einen Timer auf fünf Minuten", "de")
    assert heard == "Das konnte ich nicht speichern, es ist nichts gestellt. Vielleicht ist die Festplatte voll."
    assert not house.assembly.timers.all()


async def test_which_of_several_is_asked_once_in_english(house: Household) -> None:
    await talk(
        house,
        "en",
        *("Add five minutes", "There is no such timer."),
        *("Set a timer for five minutes", "Timer set for 5 minutes."),
        *("Add five minutes", "The timer now has 10 minutes left."),
        *("Set a timer for ten minutes", "Timer set for 10 minutes."),
        *("Set a pizza timer for 20 minutes", "Pizza timer set for 20 minutes."),
        *("Cancel the timer", "Which timer: 5 minutes, 10 minutes, or pizza?"),
        *("the ten minute timer", "The timer is cancelled: 10 minutes."),
        *("Set a pizza timer for 30 minutes", "Pizza timer set for 30 minutes."),
        *("Cancel the pizza timer", "Which timer: pizza (20 minutes) or pizza (30 minutes)?"),
        *("The first one", "The timer is cancelled: pizza."),
        *("Make the pizza timer five minutes longer", "The timer now has 35 minutes left: pizza."),
        *("Pause all timers", "2 timers are paused."),
        *("Resume the pizza timer", "The timer is running, with 35 minutes left: pizza."),
        *("Cancel the timer", "Which timer: 5 minutes or pizza?"),
        *("All of them", "2 timers are cancelled."),
        *("The ten minute timer", GAVE_UP),
    )
    assert not house.assembly.timers.all()


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "de",
            (
                *("Stelle einen Timer auf zehn Minuten", "Timer gestellt: 10 Minuten."),
                *("Stelle einen Pizzatimer auf 20 Minuten", "Timer gestellt, Pizza: 20 Minuten."),
                *("Füge fünf Minuten hinzu", "Welcher Timer: 10 Minuten oder Pizza?"),
                *("den Pizza-Timer", "Der Timer läuft jetzt noch 25 Minuten: Pizza."),
                *("Mach den Pizza-Timer fünf Minuten kürzer", "Der Timer läuft jetzt noch 20 Minuten: Pizza."),
                *("Halte alle Timer an", "2 Timer sind angehalten."),
                *("Setze alle Timer fort", "2 Timer laufen weiter."),
                *("Brich den Timer ab", "Welcher Timer: 10 Minuten oder Pizza?"),
                *("beide", "2 Timer gestoppt."),
            ),
        ),
        (
            "fr",
            (
                *("Mets un minuteur de dix minutes", "Minuteur lancé, 10 minutes."),
                *("Mets un minuteur pizza de 20 minutes", "Minuteur lancé : pizza, 20 minutes."),
                *("Ajoute cinq minutes", "Quel minuteur : 10 minutes ou pizza ?"),
                *("le minuteur pizza", "Il reste maintenant 25 minutes : pizza."),
                *("Mets le minuteur pizza en pause", "Le minuteur est en pause, il reste 25 minutes : pizza."),
                *("Reprends tous les minuteurs", "Le minuteur continue, il reste 25 minutes : pizza."),
                *("Annule le minuteur", "Quel minuteur : 10 minutes ou pizza ?"),
                *("les deux", "2 minuteurs sont annulés."),
            ),
        ),
        (
            "es",
            (
                *("Pon un temporizador de diez minutos", "Temporizador puesto: 10 minutos."),
                *("Pon un temporizador de pizza de 20 minutos", "Temporizador puesto, pizza: 20 minutos."),
                *("Añade cinco minutos", "¿Qué temporizador: 10 minutos o pizza?"),
                *("el temporizador de pizza", "Ahora quedan 25 minutos: pizza."),
                *("Pausa todos los temporizadores", "2 temporizadores están en pausa."),
                *("Reanuda todos los temporizadores", "2 temporizadores siguen."),
                *("Cancela el temporizador", "¿Qué temporizador: 10 minutos o pizza?"),
                *("los dos", "2 temporizadores están cancelados."),
            ),
        ),
    ],
)
async def test_which_of_several_is_asked_once(house: Household, language: str, lines: tuple[str, ...]) -> None:
    await talk(house, language, *lines)
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
        assert await house.ask("Five more minutes") == "I will ring again in 5 minutes."
        (again,) = timers.pending()
        assert (again.name, again.state, timers.left(again)) == ("tea", State.RUNNING, 300)
        assert await house.ask("Snooze") == "Nothing has rung."
    finally:
        running.cancel()
        await asyncio.wait({running})
