"""The words of times in four languages, as regular expressions over plain lower-case text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["WORDS", "Words"]

_WEEK = (0, 1, 2, 3, 4, 5, 6)
_WORKING, _WEEKEND = _WEEK[:5], _WEEK[5:]


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    units: Mapping[str, float]
    """Seconds of each unit, by its names."""
    alone: frozenset[str]
    """Units that need no number."""
    also: str
    """What joins two parts."""
    half: str
    """What adds a half of the unit before it."""
    after: str
    """A length of time from now, which is a group."""
    weekdays: Sequence[str]
    """The days from Monday on, each with its forms."""
    every: str
    """On every one of some `days`, which are named."""
    on_day: str
    """On one `day`, which is named."""
    repeating: Sequence[tuple[str, tuple[int, ...], str]]
    """Days on which something repeats, and what tells the half of the day with them."""
    days: Sequence[tuple[str, int]]
    """Days from today on."""
    am: str
    """The first half of the day."""
    pm: str
    """The second."""
    filler: str
    """What may stand anywhere and means nothing."""
    named: Sequence[tuple[str, int]]
    """Times with a name, in minutes of the day."""
    clock: Sequence[tuple[str, int | None]]
    """Ways to say a time, by its hour `h` and minutes `m`, with the minutes that are added; None takes them away."""

    @property
    def units_pattern(self) -> str:
        """Return what finds the next number with its unit."""
        names = "|".join(sorted(map(re.escape, self.units), key=len, reverse=True))
        return rf"(?P<count>.*?)\s*(?<![^\W\d_])(?P<unit>{names})(?![^\W\d_])"

    def weekday(self, name: str) -> int:
        """Return the number of a named day, from Monday, 0, on."""
        return next(day for day, forms in enumerate(self.weekdays) if re.fullmatch(forms, name))


def _units(**names: str) -> dict[str, float]:
    seconds = {"s": 1.0, "m": 60.0, "q": 900.0, "half": 1800.0, "q3": 2700.0, "h": 3600.0, "d": 86_400.0}
    seconds |= {"w": 604_800.0, "mo": 30 * 86_400.0, "y": 365 * 86_400.0}
    return {name.strip(): seconds[unit] for unit, listed in names.items() for name in listed.split(",")}


def _named(*days: str) -> tuple[str, str]:
    """Return what one day is, and several."""
    one = "|".join(days)
    return one, rf"(?:{one})(?:(?: (?:and|und|et|y))? (?:{one}))*"


_EN = ("mondays?", "tuesdays?", "wednesdays?", "thursdays?", "fridays?", "saturdays?", "sundays?")
_DE = ("montags?", "dienstags?", "mittwochs?", "donnerstags?", "freitags?", "samstags?|sonnabends?", "sonntags?")
_FR = ("lundis?", "mardis?", "mercredis?", "jeudis?", "vendredis?", "samedis?", "dimanches?")
_ES = ("lunes", "martes", "miércoles|miercoles", "jueves", "viernes", "sábados?|sabados?", "domingos?")
(_ONE_EN, _MANY_EN), (_ONE_DE, _MANY_DE) = _named(*_EN), _named(*_DE)
(_ONE_FR, _MANY_FR), (_ONE_ES, _MANY_ES) = _named(*_FR), _named(*_ES)
_DIGITS: tuple[tuple[str, int | None], ...] = ((r"(?P<h>\d{1,2})[:.](?P<m>\d\d)", 0),)

WORDS = {
    "en": Words(
        units=_units(
            s="second, seconds, sec, secs, s",
            m="minute, minutes, min, mins, m",
            h="hour, hours, hr, hrs, h",
            d="day, days",
            w="week, weeks",
            mo="month, months",
            y="year, years",
            q="quarter of an hour, quarter hour",
            half="half hour",
            q3="three quarters of an hour",
        ),
        alone=frozenset({"three quarters of an hour"}),
        also="and",
        half="a half|half",
        after=r"(?:in|after) (.+?)(?: time)?|(.+) from now",
        weekdays=_EN,
        every=rf"(?:(?:every|each) (?P<days>{_MANY_EN}))",
        on_day=rf"(?:(?:on|next|this) )?(?P<day>{_ONE_EN})",
        repeating=(
            (r"(?:every|each) week ?day morning", _WORKING, "am"),
            (r"(?:every|each) week ?day|(?:on )?weekdays|(?:on )?work(?:ing)? ?days", _WORKING, ""),
            (r"every weekend|(?:on )?weekends", _WEEKEND, ""),
            (r"(?:every|each) day|daily", _WEEK, ""),
            (r"(?:every|each) morning", _WEEK, "am"),
            (r"(?:every|each) (?:evening|night)", _WEEK, "pm"),
        ),
        days=((r"the day after tomorrow", 2), (r"tomorrow", 1), (r"today|later today", 0)),
        am=r"am|in the morning|morning",
        pm=r"pm|in the afternoon|in the evening|at night|tonight|this evening|this afternoon|evening|afternoon|night",
        filler=r"at|for|on|by|o'clock|oclock|around|about|hours",
        named=((r"noon|midday", 720), (r"midnight", 0)),
        clock=(
            *_DIGITS,
            (r"half past (?P<h>.+)", 30),
            (r"(?:a )?quarter (?:past|after) (?P<h>.+)", 15),
            (r"(?:a )?quarter (?:to|before) (?P<h>.+)", -15),
            (r"(?P<m>.+?)(?: minutes)? (?:past|after) (?P<h>.+)", 0),
            (r"(?P<m>.+?)(?: minutes)? (?:to|before) (?P<h>.+)", None),
            (r"(?P<h>\S+)(?: hundred)?", 0),
            (r"(?P<h>\S+) (?:oh )?(?P<m>.+)", 0),
        ),
    ),
    "de": Words(
        units=_units(
            s="sekunde, sekunden, sek, s",
            m="minute, minuten, min",
            q="viertelstunde, viertel stunde",
            half="halbstunde, halbe stunde, halben stunde",
            q3="dreiviertelstunde, dreiviertel stunde",
            h="stunde, stunden, std, h",
            d="tag, tage, tagen",
            w="woche, wochen",
            mo="monat, monate, monaten",
            y="jahr, jahre, jahren",
        ),
        alone=frozenset(),
        also="und",
        half="eine halbe|ein halb",
        after=r"(?:in|nach) (.+)|(.+) ab jetzt",
        weekdays=_DE,
        every=rf"(?:(?:jeden|immer) (?P<days>{_MANY_DE}))",
        on_day=rf"(?:(?:am|nächsten|diesen|kommenden) )?(?P<day>{_ONE_DE})",
        repeating=(
            (
                r"(?:an )?jede[mn] (?:werk|wochen)tag|(?:werk|wochen)tags|an (?:werk|wochen)tagen",
                _WORKING,
                "",
            ),
            (r"jedes wochenende|am wochenende|an wochenenden", _WEEKEND, ""),
            (r"jeden tag|täglich", _WEEK, ""),
            (r"jeden morgen", _WEEK, "morgens"),
            (r"jeden abend", _WEEK, "abends"),
        ),
        days=((r"übermorgen", 2), (r"morgen", 1), (r"heute", 0)),
        am=r"früh|morgens|vormittags|vormittag|am morgen|am vormittag|in der früh",
        pm=r"nachmittags|nachmittag|abends|abend|nachts|am nachmittag|am abend|heute abend",
        filler=r"um|auf|für|gegen|uhr|pünktlich",
        named=((r"mittags?|am mittag", 720), (r"mitternacht", 0)),
        clock=(
            *_DIGITS,
            (r"halb (?P<h>.+)", -30),
            (r"viertel nach (?P<h>.+)", 15),
            (r"viertel vor (?P<h>.+)", -15),
            (r"drei ?viertel (?P<h>.+)", -15),
            (r"(?P<m>.+?)(?: minuten)? nach (?P<h>.+)", 0),
            (r"(?P<m>.+?)(?: minuten)? vor (?P<h>.+)", None),
            (r"(?P<h>\S+)", 0),
            (r"(?P<h>\S+) (?P<m>\S+)", 0),
        ),
    ),
    "fr": Words(
        units=_units(
            s="seconde, secondes, sec, s",
            m="minute, minutes, min, mn",
            q="quart d'heure",
            half="demi-heure, demi heure, demie heure, demie-heure",
            q3="trois quarts d'heure",
            h="heure, heures, h",
            d="jour, jours",
            w="semaine, semaines",
            mo="mois",
            y="an, ans, année, années",
        ),
        alone=frozenset({"trois quarts d'heure"}),
        also="et",
        half="demie?|et demie?",
        after=r"(?:dans|d'ici|après) (.+)",
        weekdays=_FR,
        every=rf"(?:(?:chaque|tous les) (?P<days>{_MANY_FR}))",
        on_day=rf"(?:(?:le|ce) )?(?P<day>{_ONE_FR})(?: prochain)?",
        repeating=(
            (r"(?:tous les|chaque) jours? (?:de (?:la )?semaine|ouvrés|ouvrables?)|en semaine", _WORKING, ""),
            (r"(?:tous les|chaque|le) (?:week[- ]ends?|fins? de semaine)", _WEEKEND, ""),
            (r"tous les jours|chaque jour|quotidiennement", _WEEK, ""),
            (r"tous les matins|chaque matin", _WEEK, "du matin"),
            (r"tous les soirs|chaque soir", _WEEK, "du soir"),
        ),
        days=((r"après[- ]demain", 2), (r"demain", 1), (r"aujourd'hui", 0)),
        am=r"du matin|le matin|matin|matins",
        pm=r"de l'après[- ]midi|cet après[- ]midi|du soir|ce soir|le soir|soir|soirs",
        filler=r"à|a|pour|vers|de|pile|les",
        named=((r"midi", 720), (r"minuit", 0), (r"midi et demie?", 750), (r"minuit et demie?", 30)),
        clock=(
            *_DIGITS,
            (r"(?P<h>.+?) ?h(?:eures?)? et demie?", 30),
            (r"(?P<h>.+?) ?h(?:eures?)? et quart", 15),
            (r"(?P<h>.+?) ?h(?:eures?)? moins (?:le )?quart", -15),
            (r"(?P<h>.+?) ?h(?:eures?)? moins (?P<m>.+)", None),
            (r"(?P<h>.+?) ?h(?:eures?)?", 0),
            (r"(?P<h>.+?) ?h(?:eures?)? ?(?P<m>.+)", 0),
        ),
    ),
    "es": Words(
        units=_units(
            s="segundo, segundos, seg, s",
            m="minuto, minutos, min",
            q="cuarto de hora",
            q3="tres cuartos de hora",
            h="hora, horas, h",
            d="día, días, dia, dias",
            w="semana, semanas",
            mo="mes, meses",
            y="año, años",
        ),
        alone=frozenset({"tres cuartos de hora"}),
        also="y",
        half="media|medio",
        after=r"(?:en|dentro de|de aquí a) (.+)",
        weekdays=_ES,
        every=rf"(?:(?:cada|todos los|los) (?P<days>{_MANY_ES}))",
        on_day=rf"(?:(?:el|este|el próximo) )?(?P<day>{_ONE_ES})",
        repeating=(
            (r"(?:todos )?los días (?:laborables|de la semana)|entre semana|cada día laborable", _WORKING, ""),
            (r"(?:cada|todos los|los) fin(?:es)? de semana", _WEEKEND, ""),
            (r"todos los d[íi]as|cada d[íi]a|diariamente", _WEEK, ""),
            (r"cada mañana|todas las mañanas", _WEEK, "de la mañana"),
            (r"cada noche|todas las noches", _WEEK, "de la noche"),
        ),
        days=((r"pasado mañana", 2), (r"(?<!la )(?<!cada )mañana", 1), (r"hoy", 0)),
        am=r"(?:de|por|en) la mañana|de la madrugada",
        pm=r"(?:de|por|en) la (?:tarde|noche)|esta (?:tarde|noche)",
        filler=r"a|las|la|para|sobre|en punto|horas|hora",
        named=((r"(?:el |al )?mediod[íi]a", 720), (r"medianoche", 0)),
        clock=(
            *_DIGITS,
            (r"(?P<h>\S+) y media", 30),
            (r"(?P<h>\S+) y cuarto", 15),
            (r"(?P<h>\S+) menos cuarto", -15),
            (r"(?P<h>\S+) menos (?P<m>.+)", None),
            (r"(?P<h>\S+)", 0),
            (r"(?P<h>\S+)(?: y)? (?P<m>.+)", 0),
        ),
    ),
}
"""By language."""
