"""Time and date: "what time is it", "what day is it", "what time is it in Tokyo", "how many days until Christmas"."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal

from assistant.clock import clock_is_set
from assistant.skill import Asked, Reply, Skill
from assistant.skills.calendar_days import day_meant
from assistant.skills.localised import day, measure, o_clock, weekday
from assistant.skills.places import zone_of
from assistant.skills.words import SENTENCES

__all__ = ["clock"]


def clock(now: Callable[[tzinfo | None], datetime] = datetime.now, is_set: Callable[[], bool] = clock_is_set) -> Skill:
    """Return the skill; *now* returns the time in a zone, and *is_set* whether it can be believed."""
    skill = _Clock(now, is_set)
    intents = {
        "HassGetCurrentTime": skill.time,
        "HassGetCurrentDate": skill.date,
        "InglenookTimeIn": skill.time_in,
        "InglenookDaysUntil": skill.days_until,
        "InglenookWeekdayOf": skill.weekday_of,
    }
    return Skill(
        name="clock",
        intents=intents,
        reads=frozenset(intents),
        takes=skill.takes,
        sentences=SENTENCES,
        examples={
            "en": (
                "What time is it?",
                "What day is it today?",
                "What time is it in Tokyo?",
                "How many days until Christmas?",
            ),
            "de": (
                "Wie spät ist es?",
                "Welcher Tag ist heute?",
                "Wie spät ist es in Tokio?",
                "Wie viele Tage bis Weihnachten?",
            ),
            "fr": (
                "Quelle heure est-il ?",
                "Quel jour sommes-nous ?",
                "Quelle heure est-il à Tokyo ?",
                "Combien de jours avant Noël ?",
            ),
            "es": (
                "¿Qué hora es?",
                "¿Qué día es hoy?",
                "¿Qué hora es en Tokio?",
                "¿Cuántos días faltan para Navidad?",
            ),
        },
    )


class _Clock:
    """A box without a set clock says that it does not know."""

    def __init__(self, now: Callable[[tzinfo | None], datetime], is_set: Callable[[], bool]) -> None:
        self._now = now
        self._is_set = is_set

    def takes(self, asked: Asked) -> bool:
        """Leave "what day is the party" to others."""
        if asked.intent != "InglenookWeekdayOf":
            return True
        return day_meant(asked.slots.get("day", ""), self._now(None).date(), asked.language) is not None

    async def time(self, asked: Asked) -> Reply:
        return self._told("now", self._now(None), asked) if self._is_set() else Reply(key="unset")

    async def date(self, asked: Asked) -> Reply:
        if not self._is_set():
            return Reply(key="unset")
        return Reply(key="today", facts={"when": day(self._now(None).date(), asked.language)})

    async def time_in(self, asked: Asked) -> Reply:
        zone = zone_of(asked.slots.get("place", ""), asked.language)
        if zone is None:
            return Reply(key="unknown")
        if not self._is_set():
            return Reply(key="unset")
        there = self._now(zone)
        return self._told("there" if there.date() == self._now(None).date() else "other_day", there, asked)

    async def days_until(self, asked: Asked) -> Reply:
        return self._on("left", asked)

    async def weekday_of(self, asked: Asked) -> Reply:
        return self._on("falls", asked)

    def _told(self, key: str, when: datetime, asked: Asked) -> Reply:
        facts = {
            "clock": o_clock(when.time(), asked.language),
            "hour": when.hour,
            "weekday": weekday(when.date(), asked.language),
        }
        return Reply(key=key, facts=facts)

    def _on(self, key: str, asked: Asked) -> Reply:
        if not self._is_set():
            return Reply(key="unset")
        today: date = self._now(None).date()
        meant = day_meant(asked.slots.get("day", ""), today, asked.language)
        if meant is None:
            return Reply(key="unknown")
        days = (meant - today).days
        facts = {
            "count": days,
            "days": measure(Decimal(days), "duration-day", asked.language),
            "when": day(meant, asked.language),
        }
        return Reply(key=key if days else "today", facts=facts)
