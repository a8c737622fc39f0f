"""German."""

import re

from assistant.pipeline.spoken.language import Language

__all__ = ["GERMAN"]

_ORDINALS = (
    "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft dreizehnt vierzehnt fünfzehnt sechzehnt "
    "siebzehnt achtzehnt neunzehnt zwanzigst einundzwanzigst zweiundzwanzigst dreiundzwanzigst vierundzwanzigst "
    "fünfundzwanzigst sechsundzwanzigst siebenundzwanzigst achtundzwanzigst neunundzwanzigst dreißigst "
    "einunddreißigst"
)
_MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
_DAY = r"(0?[1-9]|[12]\d|3[01])\."
_ARTICLE = r"(\b(?:am|im|zum|zur|vom|beim|bis|ab|seit|dem|den|des|der|die|das|jeder|jedes|jede)\s)"


def _time(hour: int, minute: int) -> str:
    return f"{'ein' if hour == 1 else hour} Uhr{f' {minute}' if minute else ''}"


def _ordinal(match: re.Match[str]) -> str:
    """Read `am 3. Mai` and `der 3. Mann`: the ending follows the word before it."""
    before, number = match.groups()
    ending = "er" if not before else "e" if before.strip().lower() in ("der", "die", "das") else "en"
    return f"{before or ''}{_ORDINALS.split()[int(number) - 1]}{ending}"


def _year(match: re.Match[str]) -> str:
    century, rest = match.groups()
    return f"{century} hundert {rest.lstrip('0')}".strip()


GERMAN = Language(
    abbreviations={
        "z.B.": "zum Beispiel",
        "d.h.": "das heißt",
        "u.a.": "unter anderem",
        "u.U.": "unter Umständen",
        "z.T.": "zum Teil",
        "i.d.R.": "in der Regel",
        "o.ä.": "oder ähnliches",
        "v.a.": "vor allem",
        "usw.": "und so weiter",
        "etc.": "et cetera",
        "bzw.": "beziehungsweise",
        "ca.": "circa",
        "evtl.": "eventuell",
        "ggf.": "gegebenenfalls",
        "inkl.": "inklusive",
        "exkl.": "exklusive",
        "vgl.": "vergleiche",
        "bspw.": "beispielsweise",
        "sog.": "sogenannte",
        "Dr.": "Doktor",
        "Prof.": "Professor",
        "Hr.": "Herr",
        "Fr.": "Frau",
        "St.": "Sankt",
        "Nr.": "Nummer",
        "Tel.": "Telefon",
        "Mio.": "Millionen",
        "Mrd.": "Milliarden",
        "Std.": "Stunden",
        "Jh.": "Jahrhundert",
        "Jan.": "Januar",
        "Feb.": "Februar",
        "Aug.": "August",
        "Sept.": "September",
        "Okt.": "Oktober",
        "Nov.": "November",
        "Dez.": "Dezember",
    },
    before_numbers={
        "S.": "Seite",
        "Str.": "Straße",
        "Art.": "Artikel",
        "min.": "mindestens",
        "max.": "höchstens",
    },
    months=_MONTHS,
    date="{day}. {month} {year}",
    time=_time,
    times=(r"(\d{1,2})(?:[:.]([0-5]\d))?\s?Uhr\b",),
    currencies={
        "€": ("ein Euro", "Euro", "Cent"),
        "EUR": ("ein Euro", "Euro", "Cent"),
        "$": ("ein Dollar", "Dollar", "Cent"),
        "USD": ("ein Dollar", "Dollar", "Cent"),
        "£": ("ein Pfund", "Pfund", "Pence"),
        "CHF": ("ein Schweizer Franken", "Schweizer Franken", "Rappen"),
    },
    large={"Tausend": "Tausend", "Million": "Million", "Millionen": "Millionen", "Milliarden": "Milliarden"},
    units={
        "°C": ("ein Grad Celsius", "Grad Celsius"),
        "°F": ("ein Grad Fahrenheit", "Grad Fahrenheit"),
        "km/h": ("ein Kilometer pro Stunde", "Kilometer pro Stunde"),
        "m/s": ("ein Meter pro Sekunde", "Meter pro Sekunde"),
        "km²": ("ein Quadratkilometer", "Quadratkilometer"),
        "m²": ("ein Quadratmeter", "Quadratmeter"),
        "m³": ("ein Kubikmeter", "Kubikmeter"),
        "km": ("ein Kilometer", "Kilometer"),
        "m": ("ein Meter", "Meter"),
        "cm": ("ein Zentimeter", "Zentimeter"),
        "mm": ("ein Millimeter", "Millimeter"),
        "ha": ("ein Hektar", "Hektar"),
        "mi": ("eine Meile", "Meilen"),
        "ft": ("ein Fuß", "Fuß"),
        "mph": ("eine Meile pro Stunde", "Meilen pro Stunde"),
        "kg": ("ein Kilogramm", "Kilogramm"),
        "lb": ("ein Pfund", "Pfund"),
        "oz": ("eine Unze", "Unzen"),
        "g": ("ein Gramm", "Gramm"),
        "mg": ("ein Milligramm", "Milligramm"),
        "l": ("ein Liter", "Liter"),
        "ml": ("ein Milliliter", "Milliliter"),
        "EL": ("ein Esslöffel", "Esslöffel"),
        "TL": ("ein Teelöffel", "Teelöffel"),
        "h": ("eine Stunde", "Stunden"),
        "Std": ("eine Stunde", "Stunden"),
        "min": ("eine Minute", "Minuten"),
        "Min": ("eine Minute", "Minuten"),
        "s": ("eine Sekunde", "Sekunden"),
        "ms": ("eine Millisekunde", "Millisekunden"),
        "kB": ("ein Kilobyte", "Kilobyte"),
        "KB": ("ein Kilobyte", "Kilobyte"),
        "MB": ("ein Megabyte", "Megabyte"),
        "GB": ("ein Gigabyte", "Gigabyte"),
        "TB": ("ein Terabyte", "Terabyte"),
        "Mbit/s": ("ein Megabit pro Sekunde", "Megabit pro Sekunde"),
        "W": ("ein Watt", "Watt"),
        "kW": ("ein Kilowatt", "Kilowatt"),
        "kWh": ("eine Kilowattstunde", "Kilowattstunden"),
        "PS": ("eine Pferdestärke", "Pferdestärken"),
        "kJ": ("ein Kilojoule", "Kilojoule"),
        "kcal": ("eine Kilokalorie", "Kilokalorien"),
        "V": ("ein Volt", "Volt"),
        "Hz": ("ein Hertz", "Hertz"),
        "kHz": ("ein Kilohertz", "Kilohertz"),
        "MHz": ("ein Megahertz", "Megahertz"),
        "GHz": ("ein Gigahertz", "Gigahertz"),
        "hPa": ("ein Hektopascal", "Hektopascal"),
        "dB": ("ein Dezibel", "Dezibel"),
    },
    signs={
        "-": "minus",
        "to": "bis",
        "+": "plus",
        "=": "gleich",
        "×": "mal",
        "÷": "durch",
        "<": "kleiner als",
        ">": "größer als",
        "≈": "ungefähr",
        "~": "ungefähr",
        "±": "plus minus",
        "²": "hoch zwei",
        "³": "hoch drei",
        "#": "Nummer",
    },
    fractions={
        "1/2": "ein halb",
        "1/3": "ein Drittel",
        "2/3": "zwei Drittel",
        "1/4": "ein Viertel",
        "3/4": "drei Viertel",
    },
    dot="Punkt",
    rules=(
        (rf"{_ARTICLE}?\b{_DAY}(?=\s?(?:{_MONTHS.replace(' ', '|')})\b)", _ordinal),
        (rf"{_ARTICLE}{_DAY}(?=\s(?:[A-ZÄÖÜ]|bis\s))", _ordinal),
        (r"(?<![\w.,:-])(1[1-9])(\d\d)(?![\w:]|[.,-]\d)", _year),
    ),
)
