"""Where on earth it is what time: cities and countries, as they are called in a language."""

import re
import unicodedata
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from assistant.skills.localised import locale_of

__all__ = ["zone_of"]

_FURTHER = {
    "Africa/Lagos": "Abuja",
    "America/Argentina/Buenos_Aires": "Buenos Aires",
    "America/Chicago": "Dallas, Houston, Austin, New Orleans, Texas",
    "America/Los_Angeles": "San Francisco, Seattle, San Diego, Las Vegas, California, Kalifornien, Californie",
    "America/New_York": "Washington, Boston, Miami, Philadelphia, Atlanta, Florida, Floride",
    "America/Toronto": "Ottawa, Montreal",
    "Asia/Kolkata": "Delhi, New Delhi, Neu-Delhi, Nueva Delhi, Mumbai, Bombay, Bangalore",
    "Asia/Shanghai": "Beijing, Peking, Pékin, Pekín",
    "Asia/Tokyo": "Osaka, Kyoto, Kioto",
    "Australia/Sydney": "Canberra",
    "Europe/Berlin": "Munich, München, Múnich, Hamburg, Hambourg, Hamburgo, Cologne, Köln, Colonia, Frankfurt",
    "Europe/Istanbul": "Ankara",
    "Europe/London": "Edinburgh, Manchester, England, Scotland, Schottland, Écosse, Escocia, Angleterre, Inglaterra",
    "Europe/Madrid": "Barcelona, Barcelone, Seville, Sevilla",
    "Europe/Paris": "Lyon, Marseille, Nice",
    "Europe/Rome": "Milan, Mailand, Milán, Naples, Neapel, Nápoles, Venice, Venedig, Venise, Venecia",
    "Europe/Zurich": "Geneva, Genf, Genève, Ginebra, Bern, Berne",
    "Pacific/Honolulu": "Hawaii, Hawái",
}
"""Cities and regions that have no zone of their own."""
_COUNTRIES = {
    "CN": "Asia/Shanghai",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon",
}
"""Countries with a second zone that hardly anybody means."""
_ARTICLE = re.compile("^(?:the |der |die |das |den |dem |le |la |les |l'|el |los |las )")
"""What may stand before a country: `in der Schweiz`. A city goes by all of its name: `La Paz`."""


def zone_of(place: str, language: str) -> ZoneInfo | None:
    """Return the time zone of a city, or of a country that has only one; None where nothing tells."""
    zones, name = _zones(language), _plain(place)
    found = zones.get(name) or zones.get(_ARTICLE.sub("", name))
    return ZoneInfo(found) if found else None


@cache
def _zones(language: str) -> dict[str, str]:
    """Return the zones by the places in them; a city goes before a country of its name."""
    known, found = available_timezones(), dict[str, str]()
    locales = (locale_of("en"), locale_of(language))
    for zone in known & {zone for zones in get_global("territory_zones").values() for zone in zones}:
        found.setdefault(_plain(zone.rpartition("/")[2].replace("_", " ")), zone)
        for locale in locales:
            if city := locale.time_zones.get(zone, {}).get("city"):
                found[_plain(city)] = zone
    for zone, places in _FURTHER.items():
        found.update((_plain(place), zone) for place in places.split(", ") if zone in known)
    for country, within in get_global("territory_zones").items():
        there = [_COUNTRIES[country]] if country in _COUNTRIES else [zone for zone in within if zone in known]
        for locale in locales if len(there) == 1 else ():
            if name := locale.territories.get(country):
                found.setdefault(_plain(name), there[0])
    return found


def _plain(name: str) -> str:
    """Return a name without case and accents."""
    folded = unicodedata.normalize("NFKD", name.casefold().replace("-", " ").replace("’", "'"))
    return " ".join("".join(sign for sign in folded if not unicodedata.combining(sign)).split())
