"""English."""

import re

from assistant.pipeline.spoken.language import Language

__all__ = ["ENGLISH"]

_DECADES = "hundreds tens twenties thirties forties fifties sixties seventies eighties nineties"


def _time(hour: int, minute: int) -> str:
    if minute:
        return f"{hour} oh {minute}" if minute < 10 else f"{hour} {minute}"
    return f"{hour} o'clock" if 1 <= hour <= 12 else f"{hour} hundred"


def _year(match: re.Match[str]) -> str:
    """Read 1905 as a year, which suits most other numbers of that size as well."""
    century, rest = match.groups()
    return f"{century} " + ("hundred" if rest == "00" else f"oh {rest[1]}" if rest[0] == "0" else rest)


def _decade(match: re.Match[str]) -> str:
    century, decade = match.groups()
    return "2 thousands" if match[0] == "2000s" else f"{century or ''} {_DECADES.split()[int(decade)]}".strip()


ENGLISH = Language(
    abbreviations={
        "Mr.": "Mister",
        "Mrs.": "Missus",
        "Ms.": "Miz",
        "Dr.": "Doctor",
        "Prof.": "Professor",
        "St.": "Saint",
        "Mt.": "Mount",
        "Jr.": "Junior",
        "Sr.": "Senior",
        "e.g.": "for example",
        "i.e.": "that is",
        "etc.": "et cetera",
        "vs.": "versus",
        "approx.": "approximately",
        "ca.": "about",
        "Inc.": "Incorporated",
        "Ltd.": "Limited",
        "Corp.": "Corporation",
        "Ave.": "Avenue",
        "Blvd.": "Boulevard",
        "Ph.D.": "P H D",
        "Jan.": "January",
        "Feb.": "February",
        "Aug.": "August",
        "Sept.": "September",
        "Sep.": "September",
        "Oct.": "October",
        "Nov.": "November",
        "Dec.": "December",
    },
    before_numbers={
        "No.": "number",
        "Nr.": "number",
        "p.": "page",
        "pp.": "pages",
        "Mar.": "March",
        "Apr.": "April",
        "Jun.": "June",
        "Jul.": "July",
        "min.": "minimum",
        "max.": "maximum",
    },
    dotted_ordinals=False,
    months="January February March April May June July August September October November December",
    date="{month} {day}, {year}",
    month_first=True,
    time=_time,
    currencies={
        "$": ("one dollar", "dollars", "cents"),
        "USD": ("one dollar", "dollars", "cents"),
        "€": ("one euro", "euros", "cents"),
        "EUR": ("one euro", "euros", "cents"),
        "£": ("one pound", "pounds", "pence"),
        "GBP": ("one pound", "pounds", "pence"),
        "¥": ("one yen", "yen", "sen"),
        "CHF": ("one Swiss franc", "Swiss francs", "centimes"),
    },
    large={
        "thousand": "thousand",
        "million": "million",
        "billion": "billion",
        "trillion": "trillion",
        "k": "thousand",
        "K": "thousand",
        "m": "million",
        "M": "million",
        "bn": "billion",
        "B": "billion",
    },
    units={
        "°C": ("one degree Celsius", "degrees Celsius"),
        "°F": ("one degree Fahrenheit", "degrees Fahrenheit"),
        "km/h": ("one kilometer per hour", "kilometers per hour"),
        "kph": ("one kilometer per hour", "kilometers per hour"),
        "mph": ("one mile per hour", "miles per hour"),
        "m/s": ("one meter per second", "meters per second"),
        "km²": ("one square kilometer", "square kilometers"),
        "m²": ("one square meter", "square meters"),
        "m³": ("one cubic meter", "cubic meters"),
        "km": ("one kilometer", "kilometers"),
        "m": ("one meter", "meters"),
        "cm": ("one centimeter", "centimeters"),
        "mm": ("one millimeter", "millimeters"),
        "mi": ("one mile", "miles"),
        "ft": ("one foot", "feet"),
        "yd": ("one yard", "yards"),
        "kg": ("one kilogram", "kilograms"),
        "g": ("one gram", "grams"),
        "mg": ("one milligram", "milligrams"),
        "lb": ("one pound", "pounds"),
        "lbs": ("one pound", "pounds"),
        "oz": ("one ounce", "ounces"),
        "l": ("one liter", "liters"),
        "L": ("one liter", "liters"),
        "ml": ("one milliliter", "milliliters"),
        "mL": ("one milliliter", "milliliters"),
        "tsp": ("one teaspoon", "teaspoons"),
        "tbsp": ("one tablespoon", "tablespoons"),
        "h": ("one hour", "hours"),
        "hr": ("one hour", "hours"),
        "hrs": ("one hour", "hours"),
        "min": ("one minute", "minutes"),
        "mins": ("one minute", "minutes"),
        "s": ("one second", "seconds"),
        "sec": ("one second", "seconds"),
        "ms": ("one millisecond", "milliseconds"),
        "kB": ("one kilobyte", "kilobytes"),
        "KB": ("one kilobyte", "kilobytes"),
        "MB": ("one megabyte", "megabytes"),
        "GB": ("one gigabyte", "gigabytes"),
        "TB": ("one terabyte", "terabytes"),
        "Mbps": ("one megabit per second", "megabits per second"),
        "W": ("one watt", "watts"),
        "kW": ("one kilowatt", "kilowatts"),
        "kWh": ("one kilowatt hour", "kilowatt hours"),
        "V": ("one volt", "volts"),
        "Hz": ("one hertz", "hertz"),
        "kHz": ("one kilohertz", "kilohertz"),
        "MHz": ("one megahertz", "megahertz"),
        "GHz": ("one gigahertz", "gigahertz"),
        "hPa": ("one hectopascal", "hectopascals"),
        "dB": ("one decibel", "decibels"),
    },
    signs={
        "-": "minus",
        "to": "to",
        "+": "plus",
        "=": "equals",
        "×": "times",
        "÷": "divided by",
        "<": "is less than",
        ">": "is greater than",
        "≈": "about",
        "~": "about",
        "±": "plus or minus",
        "²": "squared",
        "³": "cubed",
        "#": "number",
    },
    fractions={
        "1/2": "one half",
        "1/3": "one third",
        "2/3": "two thirds",
        "1/4": "one quarter",
        "3/4": "three quarters",
    },
    rules=(
        (r"(?<![\w.,:$€£-])'?(1[1-9]|20)?(\d)0s\b", _decade),
        (r"(?<![\w.,:-])(1[1-9])(\d\d)(?![\w:]|[.,-]\d)", _year),
        (r"\b(\d{1,2})\s?([ap])m\b\.?", r"\1 \2.m."),
    ),
)
