"""Dutch."""

import re

from assistant.pipeline.spoken.language import Language

__all__ = ["DUTCH"]

_ORDINALS = (
    "eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde dertiende veertiende "
    "vijftiende zestiende zeventiende achttiende negentiende twintigste eenentwintigste tweeëntwintigste "
    "drieëntwintigste vierentwintigste vijfentwintigste zesentwintigste zevenentwintigste achtentwintigste "
    "negenentwintigste dertigste eenendertigste"
)


def _time(hour: int, minute: int) -> str:
    return f"{hour} uur{f' {minute}' if minute else ''}"


def _ordinal(match: re.Match[str]) -> str:
    return _ORDINALS.split()[int(match[1]) - 1]


DUTCH = Language(
    abbreviations={
        "dhr.": "de heer",
        "mevr.": "mevrouw",
        "mw.": "mevrouw",
        "Dr.": "dokter",
        "dr.": "dokter",
        "prof.": "professor",
        "St.": "Sint",
        "bijv.": "bijvoorbeeld",
        "bv.": "bijvoorbeeld",
        "d.w.z.": "dat wil zeggen",
        "o.a.": "onder andere",
        "m.a.w.": "met andere woorden",
        "i.p.v.": "in plaats van",
        "t.o.v.": "ten opzichte van",
        "a.u.b.": "alstublieft",
        "enz.": "enzovoort",
        "etc.": "et cetera",
        "ca.": "circa",
        "incl.": "inclusief",
        "excl.": "exclusief",
        "tel.": "telefoon",
        "jan.": "januari",
        "febr.": "februari",
        "aug.": "augustus",
        "sept.": "september",
        "okt.": "oktober",
        "nov.": "november",
        "dec.": "december",
    },
    before_numbers={"nr.": "nummer", "blz.": "bladzijde", "p.": "pagina", "min.": "minimaal", "max.": "maximaal"},
    dotted_ordinals=False,
    months="januari februari maart april mei juni juli augustus september oktober november december",
    time=_time,
    times=(r"(\d{1,2})(?:[:.]([0-5]\d))?\s?uur\b",),
    currencies={
        "€": ("één euro", "euro", "cent"),
        "EUR": ("één euro", "euro", "cent"),
        "$": ("één dollar", "dollar", "cent"),
        "USD": ("één dollar", "dollar", "cent"),
        "£": ("één pond", "pond", "pence"),
    },
    large={"duizend": "duizend", "miljoen": "miljoen", "miljard": "miljard"},
    units={
        "°C": ("één graad", "graden"),
        "°F": ("één graad Fahrenheit", "graden Fahrenheit"),
        "km/u": ("één kilometer per uur", "kilometer per uur"),
        "km/h": ("één kilometer per uur", "kilometer per uur"),
        "m/s": ("één meter per seconde", "meter per seconde"),
        "km²": ("één vierkante kilometer", "vierkante kilometer"),
        "m²": ("één vierkante meter", "vierkante meter"),
        "m³": ("één kubieke meter", "kubieke meter"),
        "km": ("één kilometer", "kilometer"),
        "m": ("één meter", "meter"),
        "cm": ("één centimeter", "centimeter"),
        "mm": ("één millimeter", "millimeter"),
        "kg": ("één kilo", "kilo"),
        "g": ("één gram", "gram"),
        "mg": ("één milligram", "milligram"),
        "l": ("één liter", "liter"),
        "L": ("één liter", "liter"),
        "ml": ("één milliliter", "milliliter"),
        "u": ("één uur", "uur"),
        "h": ("één uur", "uur"),
        "min": ("één minuut", "minuten"),
        "s": ("één seconde", "seconden"),
        "ms": ("één milliseconde", "milliseconden"),
        "kB": ("één kilobyte", "kilobyte"),
        "KB": ("één kilobyte", "kilobyte"),
        "MB": ("één megabyte", "megabyte"),
        "GB": ("één gigabyte", "gigabyte"),
        "TB": ("één terabyte", "terabyte"),
        "W": ("één watt", "watt"),
        "kW": ("één kilowatt", "kilowatt"),
        "kWh": ("één kilowattuur", "kilowattuur"),
        "V": ("één volt", "volt"),
        "Hz": ("één hertz", "hertz"),
        "kHz": ("één kilohertz", "kilohertz"),
        "MHz": ("één megahertz", "megahertz"),
        "GHz": ("één gigahertz", "gigahertz"),
        "hPa": ("één hectopascal", "hectopascal"),
        "dB": ("één decibel", "decibel"),
    },
    signs={
        "-": "min",
        "to": "tot",
        "+": "plus",
        "=": "is",
        "×": "keer",
        "÷": "gedeeld door",
        "<": "is kleiner dan",
        ">": "is groter dan",
        "≈": "ongeveer",
        "~": "ongeveer",
        "±": "ongeveer",
        "²": "kwadraat",
        "³": "tot de derde",
        "#": "nummer",
    },
    fractions={
        "1/2": "een half",
        "1/3": "een derde",
        "2/3": "twee derde",
        "1/4": "een kwart",
        "3/4": "drie kwart",
    },
    rules=(
        (r"\b([1-9]|[12]\d|3[01])(?:e|de|ste)\b", _ordinal),
        (r"\bt/m\b", "tot en met"),
        (r"(?<![\w.,])(\d+)\.(\d{1,2})(?![\w.,]*\d)", r"\1,\2"),
    ),
)
